//! The dotLottie container, versions 1 and 2: a zip with a manifest, animations, pictures,
//! themes and state machines.

pub mod machine;
pub mod theme;

use super::lottie::{Files, LottieScene};
use super::{Scene, SceneError};
use machine::StateMachine;
use serde_json::Value;
use std::io::{Cursor, Read};
use std::sync::Arc;
use theme::Theme;
use zip::ZipArchive;

/// The most entries of a container.
pub const MAX_ENTRIES: u64 = 4096;
/// The largest entry, inflated, in bytes.
pub const MAX_ENTRY_BYTES: u64 = 64 << 20;
/// The most that an entry may grow by inflating. Deflate ends at about 1032; the flattest real
/// animations come to some 20.
pub const MAX_RATIO: u64 = 200;
/// Entries of this size, inflated, are small enough for any ratio.
const ANY_RATIO_BYTES: u64 = 1 << 20;
/// The most animations, themes or state machines that a manifest may name.
pub const MAX_NAMES: usize = 1000;

/// An open container. Nothing of it is ever written to disk.
pub struct DotLottie {
    archive: ZipArchive<Cursor<Arc<[u8]>>>,
    animations: Vec<String>,
    initial: Option<String>,
    themes: Vec<String>,
    state_machines: Vec<String>,
    initial_state_machine: Option<String>,
    themes_of: Vec<ThemesOf>,
}

/// What the manifest says of an animation's themes.
struct ThemesOf {
    animation: String,
    initial: Option<String>,
    themes: Vec<String>,
}

impl DotLottie {
    /// Opens a container.
    ///
    /// # Errors
    /// When it is not a readable zip with a manifest, or passes a limit.
    pub fn open(bytes: &[u8]) -> Result<Self, SceneError> {
        let mut archive = ZipArchive::new(Cursor::new(Arc::from(bytes))).map_err(broken)?;
        if archive.len() as u64 > MAX_ENTRIES {
            return Err(SceneError::Limit {
                what: "the number of entries in the container",
                limit: MAX_ENTRIES,
            });
        }
        check_entries(&mut archive)?;
        let mut container = Self {
            archive,
            animations: Vec::new(),
            initial: None,
            themes: Vec::new(),
            state_machines: Vec::new(),
            initial_state_machine: None,
            themes_of: Vec::new(),
        };
        let manifest = container.entry("manifest.json")?;
        let manifest: Value = serde_json::from_slice(&manifest)
            .map_err(|error| SceneError::Container(format!("manifest.json: {error}")))?;
        container.read_manifest(&manifest);
        Ok(container)
    }

    fn read_manifest(&mut self, manifest: &Value) {
        self.animations = ids(manifest, "animations");
        self.themes = ids(manifest, "themes");
        self.state_machines = ids(manifest, "stateMachines");
        self.themes_of = themes_of(manifest);
        // Version 1 says it in one word, version 2 in an object.
        let initial = manifest.pointer("/initial/animation");
        let initial = initial.or_else(|| manifest.get("activeAnimationId"));
        self.initial = initial.and_then(Value::as_str).map(str::to_owned);
        let machine = manifest.pointer("/initial/stateMachine").and_then(Value::as_str);
        self.initial_state_machine = machine.map(str::to_owned);
    }

    /// The ids of the animations, in the order of the manifest.
    #[must_use]
    pub fn animations(&self) -> &[String] {
        &self.animations
    }

    /// The ids of the themes, in the order of the manifest.
    #[must_use]
    pub fn themes(&self) -> &[String] {
        &self.themes
    }

    /// The animation that is shown first: the one the manifest says, else its first.
    #[must_use]
    pub fn active(&self) -> Option<&str> {
        let known = |id: &&String| self.animations.contains(id);
        let initial = self.initial.as_ref().filter(known);
        initial.or(self.animations.first()).map(String::as_str)
    }

    /// The animation of this id, in the theme that it starts with.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn animation(&self, id: &str) -> Result<LottieScene, SceneError> {
        let mut scene = LottieScene::parse_with(&self.animation_text(id)?, self)?;
        if let Some(theme) = self.initial_theme(id) {
            scene.set_theme(Some(&self.theme(theme)?), id);
        }
        Ok(scene)
    }

    /// The JSON text of the animation of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn animation_text(&self, id: &str) -> Result<Vec<u8>, SceneError> {
        let places = ["a/*.json", "a/*.lot", "animations/*.json"];
        let mut text = self.first_of(&places, id)?.ok_or_else(|| absent("animation", id))?;
        if text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        Ok(text)
    }

    /// The theme that an animation starts with.
    #[must_use]
    pub fn initial_theme(&self, animation: &str) -> Option<&str> {
        self.themes_of.iter().find(|of| of.animation == animation)?.initial.as_deref()
    }

    /// The themes that are meant for an animation: those the manifest lists for it, else all.
    #[must_use]
    pub fn themes_of(&self, animation: &str) -> &[String] {
        let of = self.themes_of.iter().find(|of| of.animation == animation);
        of.filter(|of| !of.themes.is_empty()).map_or(&self.themes, |of| &of.themes)
    }

    /// The theme of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn theme(&self, id: &str) -> Result<Theme, SceneError> {
        let found = self.first_of(&["t/*.json", "themes/*.json"], id)?;
        Theme::parse(&found.ok_or_else(|| absent("theme", id))?)
    }

    /// The ids of the state machines, in the order of the manifest.
    #[must_use]
    pub fn state_machines(&self) -> &[String] {
        &self.state_machines
    }

    /// The state machine that the manifest says runs from the start.
    #[must_use]
    pub fn initial_state_machine(&self) -> Option<&str> {
        let known = |id: &&String| self.state_machines.contains(id);
        self.initial_state_machine.as_ref().filter(known).map(String::as_str)
    }

    /// The state machine of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn state_machine(&self, id: &str) -> Result<StateMachine, SceneError> {
        let found = self.first_of(&["s/*.json", "states/*.json"], id)?;
        let found = found.ok_or_else(|| absent("state machine", id))?;
        StateMachine::parse(found.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&found))
    }

    /// The file of this name, inflated.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, SceneError> {
        self.entry(name)
    }

    fn first_of(&self, places: &[&str], id: &str) -> Result<Option<Vec<u8>>, SceneError> {
        let names = places.iter().map(|place| place.replace('*', id));
        let found = names.into_iter().find(|n| self.archive.index_for_name(n).is_some());
        found.map(|name| self.entry(&name)).transpose()
    }

    /// An entry, inflated. The zip's own checksum is checked at its end.
    fn entry(&self, name: &str) -> Result<Vec<u8>, SceneError> {
        let too_large = SceneError::Limit {
            what: "the size of an entry in the container",
            limit: MAX_ENTRY_BYTES,
        };
        // A clone shares the directory and the bytes; only the reading position is its own.
        let mut archive = self.archive.clone();
        let entry = archive.by_name(name).map_err(broken)?;
        if entry.size() > MAX_ENTRY_BYTES {
            return Err(too_large);
        }
        // What the directory says of the size may be a lie, so it is reserved within the limit and
        // not trusted.
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or_default());
        let mut capped = entry.take(MAX_ENTRY_BYTES + 1);
        capped
            .read_to_end(&mut bytes)
            .map_err(|error| SceneError::Container(format!("{}: {error}", shown(name))))?;
        if bytes.len() as u64 > MAX_ENTRY_BYTES {
            return Err(too_large);
        }
        Ok(bytes)
    }
}

impl Files for DotLottie {
    fn picture(&self, name: &str) -> Option<Vec<u8>> {
        let file = name.rsplit('/').next().unwrap_or(name);
        self.first_of(&["i/*", "images/*"], file).ok().flatten()
    }

    fn font(&self, path: &str) -> Option<Vec<u8>> {
        let file = path.rsplit('/').next().unwrap_or(path);
        self.first_of(&["f/*", "fonts/*"], file).ok().flatten()
    }
}

/// Reads a container's active animation.
///
/// # Errors
/// When the container or the animation in it is malformed or passes a limit.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Scene>, SceneError> {
    let container = DotLottie::open(bytes)?;
    let Some(active) = container.active() else {
        return Err(SceneError::Container("the manifest names no animation".into()));
    };
    Ok(Box::new(container.animation(active)?))
}

/// Refuses what no honest writer makes, before anything is inflated.
fn check_entries(archive: &mut ZipArchive<Cursor<Arc<[u8]>>>) -> Result<(), SceneError> {
    let refuse = |what: &str| Err(SceneError::Container(what.to_owned()));
    if archive.has_duplicate_names() {
        return refuse("two entries have the same name");
    }
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let said = |what: &str| refuse(&format!("the entry {}: {what}", quoted(&name)));
        if leaves_the_container(&name) {
            return said("its name leads out of the container");
        }
        if entry.is_symlink() {
            return said("it is a symbolic link");
        }
        if entry.encrypted() {
            return said("it is encrypted");
        }
        let most = entry.compressed_size().saturating_mul(MAX_RATIO).max(ANY_RATIO_BYTES);
        // What is over the limit of size is told as that, where it is read.
        if entry.size() > most && entry.size() <= MAX_ENTRY_BYTES {
            return said(&format!("it grows over {MAX_RATIO} times by inflating"));
        }
    }
    if archive.has_overlapping_entries().map_err(broken)? {
        return refuse("entries overlap");
    }
    Ok(())
}

fn leaves_the_container(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    name.starts_with('/') || drive || name.contains('\\') || name.split('/').any(|p| p == "..")
}

fn absent(kind: &str, id: &str) -> SceneError {
    SceneError::Container(format!("there is no {kind} {}", quoted(id)))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(error: zip::result::ZipError) -> SceneError {
    SceneError::Container(error.to_string())
}

/// As much of a name as an error message should hold.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

/// A name as an error message shows it: in quotes, escaped, and not all of a long one.
fn quoted(name: &str) -> String {
    format!("{:?}", shown(name))
}

/// Another library's message, of which parts may be the file's: escaped and not endless.
fn tidy(message: &str) -> String {
    message.chars().take(200).flat_map(char::escape_debug).collect()
}

fn themes_of(manifest: &Value) -> Vec<ThemesOf> {
    let list = manifest.get("animations").and_then(Value::as_array);
    let entry = |entry: &Value| {
        let themes = entry.get("themes").and_then(Value::as_array).into_iter().flatten();
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(ThemesOf {
            animation: text("id")?,
            initial: text("initialTheme"),
            themes: themes.filter_map(|t| t.as_str().map(str::to_owned)).take(MAX_NAMES).collect(),
        })
    };
    list.into_iter().flatten().filter_map(entry).take(MAX_NAMES).collect()
}

fn ids(manifest: &Value, list: &str) -> Vec<String> {
    let list = manifest.get(list).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| entry.get("id")?.as_str().map(str::to_owned))
        .take(MAX_NAMES)
        .collect()
}
