//! The dotLottie container, versions 1 and 2: a zip with a manifest, animations, pictures and
//! themes.

use super::lottie::{LottieScene, Pictures};
use super::{Scene, SceneError};
use serde_json::Value;
use std::io::{Cursor, Read};
use std::sync::Arc;
use zip::ZipArchive;

/// The most entries of a container.
pub const MAX_ENTRIES: u64 = 4096;
/// The largest entry, inflated, in bytes.
pub const MAX_ENTRY_BYTES: u64 = 64 << 20;
/// The most animations or themes that a manifest may name.
pub const MAX_NAMES: usize = 1000;

/// An open container. Nothing of it is ever written to disk, so its names need no cleaning.
pub struct DotLottie {
    archive: ZipArchive<Cursor<Arc<[u8]>>>,
    animations: Vec<String>,
    initial: Option<String>,
    themes: Vec<String>,
}

impl DotLottie {
    /// Opens a container.
    ///
    /// # Errors
    /// When it is not a readable zip with a manifest, or passes a limit.
    pub fn open(bytes: &[u8]) -> Result<Self, SceneError> {
        let archive = ZipArchive::new(Cursor::new(Arc::from(bytes))).map_err(broken)?;
        if archive.len() as u64 > MAX_ENTRIES {
            return Err(SceneError::Limit {
                what: "the number of entries in the container",
                limit: MAX_ENTRIES,
            });
        }
        let mut container =
            Self { archive, animations: Vec::new(), initial: None, themes: Vec::new() };
        let manifest = container.entry("manifest.json")?;
        let manifest: Value = serde_json::from_slice(&manifest)
            .map_err(|error| SceneError::Container(format!("manifest.json: {error}")))?;
        container.animations = ids(&manifest, "animations");
        container.themes = ids(&manifest, "themes");
        // Version 1 says it in one word, version 2 in an object.
        let initial = manifest.pointer("/initial/animation");
        let initial = initial.or_else(|| manifest.get("activeAnimationId"));
        container.initial = initial.and_then(Value::as_str).map(str::to_owned);
        Ok(container)
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

    /// The animation of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn animation(&self, id: &str) -> Result<LottieScene, SceneError> {
        LottieScene::parse_with(&self.animation_text(id)?, self)
    }

    /// The JSON text of the animation of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn animation_text(&self, id: &str) -> Result<Vec<u8>, SceneError> {
        let places = ["a/*.json", "a/*.lot", "animations/*.json"];
        let mut text = self.first_of(&places, id)?.ok_or_else(|| {
            SceneError::Container(format!("there is no animation {:?}", shown(id)))
        })?;
        if text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        Ok(text)
    }

    /// The JSON text of the theme of this id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn theme(&self, id: &str) -> Result<Vec<u8>, SceneError> {
        let found = self.first_of(&["t/*.json", "themes/*.json"], id)?;
        found.ok_or_else(|| SceneError::Container(format!("there is no theme {:?}", shown(id))))
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
        let mut bytes = Vec::new();
        // What the directory says of the size may be a lie.
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

impl Pictures for DotLottie {
    fn picture(&self, name: &str) -> Option<Vec<u8>> {
        let file = name.rsplit('/').next().unwrap_or(name);
        self.first_of(&["i/*", "images/*"], file).ok().flatten()
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

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(error: zip::result::ZipError) -> SceneError {
    SceneError::Container(error.to_string())
}

/// As much of a name as an error message should hold.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

fn ids(manifest: &Value, list: &str) -> Vec<String> {
    let list = manifest.get(list).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| entry.get("id")?.as_str().map(str::to_owned))
        .take(MAX_NAMES)
        .collect()
}
