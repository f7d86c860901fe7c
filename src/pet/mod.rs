//! A pet: its manifest, its drawing, its poses in letters. [`catalog`] has those that are built
//! in, [`build`] compiles new ones, [`sheet`] shows all of one.

pub mod build;
pub mod catalog;
mod color;
pub mod lines;
pub mod manifest;
mod poses;
pub mod sheet;
pub mod skin;

use crate::frame::{Letters, TextArt, TextPose};
use crate::mood::{Personality, Species};
use crate::scene::dotlottie::DotLottie;
use crate::scene::filtered::Filtered;
use crate::scene::lottie::LottieScene;
use crate::scene::sprites::{Sheet, SpriteScene};
use crate::scene::svg::SvgScene;
use crate::scene::{MAX_ASSET_BYTES, Scene, SceneError, Segment};
use crate::text::SafeText;
use lines::Speech;
use manifest::Manifest;
use poses::Poses;
use serde_json::Value;
use skin::{CLASSIC, Look, MAX_SKINS, Outfit, Skin};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use lines::Language;

/// The largest manifest or file of letters, in bytes.
pub const MAX_TEXT_BYTES: u64 = 256 << 10;

/// The latest that a clip may end.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The file of poses in letters.
const ASCII: &str = "ascii.txt";
/// The file of poses in symbols.
const SYMBOLS: &str = "symbols.txt";

/// The clip that every pet has, and to which all fallbacks lead.
pub const IDLE: &str = "idle";

/// A stretch of a pet's time with a meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Its name.
    pub name: String,
    /// Where it starts in the scene's time.
    pub start: Duration,
    /// How long it is.
    pub duration: Duration,
    /// Whether its last pose is its first.
    pub looping: bool,
    /// The pose that stands for it, from its start.
    pub key: Duration,
}

/// A companion, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Pet {
    manifest: Manifest,
    drawing: Drawing,
    clips: Vec<Clip>,
    skins: Vec<Skin>,
    speech: Speech,
    ascii: Poses,
    symbols: Poses,
}

/// What a pet is drawn from.
#[derive(Clone, Debug)]
pub enum Drawing {
    /// A dotLottie file's bytes; its clips are what its `x-buddy.json` lists, else its markers.
    Lottie(Cow<'static, [u8]>),
    /// A sprite sheet; its clips are looked at over and over.
    Sprites(Sheet),
    /// An SVG's text: one still clip, `idle`.
    Svg(Cow<'static, [u8]>),
}

/// Why a pet could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PetError {
    /// There is none of that name.
    #[error("there is no such pet")]
    Unknown,
    /// A file could not be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The manifest is not what it must be.
    #[error("pet.toml: {0}")]
    Manifest(String),
    /// A table of lines is not what it must be.
    #[error("{file}: {problem}")]
    Lines {
        /// Which.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The drawing cannot be used.
    #[error("the drawing: {0}")]
    Scene(#[from] SceneError),
    /// The drawing has no clip "idle".
    #[error("the drawing has no marker \"idle\"")]
    NoIdle,
}

impl Pet {
    /// Opens the pet in `folder`: `pet.toml`, `NAME.lottie`, and its other texts where there are
    /// some (see [`Pet::from_parts`]).
    ///
    /// # Errors
    /// When a file cannot be read, is too large or malformed.
    pub fn from_dir(folder: &Path) -> Result<Self, PetError> {
        let manifest = Manifest::parse(&read_text(&folder.join("pet.toml"))?)?;
        let lottie = read(&folder.join(format!("{}.lottie", manifest.name)), MAX_ASSET_BYTES)?;
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(at(folder))? {
            let entry = entry.map_err(at(folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_text(&name) {
                texts.push((name, read_text(&entry.path())?));
            }
        }
        texts.sort();
        let texts: Vec<_> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self::new(manifest, Drawing::Lottie(lottie.into()), &texts)
    }

    /// A pet of the text of its `pet.toml`, its drawing, and its other texts by their files'
    /// names: `ascii.txt`, `symbols.txt`, `lines.toml` and `lines.LANGUAGE.toml`.
    ///
    /// # Errors
    /// When one of them is malformed, or the drawing has no clip `idle`.
    pub fn from_parts(
        manifest: &str,
        drawing: Drawing,
        texts: &[(&str, &str)],
    ) -> Result<Self, PetError> {
        Self::new(Manifest::parse(manifest)?, drawing, texts)
    }

    fn new(
        mut manifest: Manifest,
        drawing: Drawing,
        texts: &[(&str, &str)],
    ) -> Result<Self, PetError> {
        let (clips, skins) = match &drawing {
            Drawing::Lottie(lottie) => contents(&DotLottie::open(lottie)?)?,
            Drawing::Sprites(sheet) => {
                let clips = marked(&SpriteScene::new(sheet.clone()));
                (clips.into_iter().map(halfway).collect(), Vec::new())
            }
            Drawing::Svg(_) => (vec![still()], Vec::new()),
        };
        if !clips.iter().any(|clip| clip.name == IDLE) {
            return Err(PetError::NoIdle);
        }
        let text = |file| texts.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| text);
        let ascii = Poses::parse(text(ASCII), Letters::Ascii);
        let symbols = Poses::parse(text(SYMBOLS), Letters::Symbols);
        let speech = Speech::new(std::mem::take(&mut manifest.lines), texts.iter().copied())?;
        Ok(Self { manifest, drawing, clips, skins, speech, ascii, symbols })
    }

    /// Its name in commands.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> &SafeText {
        &self.manifest.title
    }

    /// One line about it.
    #[must_use]
    pub fn summary(&self) -> &SafeText {
        &self.manifest.summary
    }

    /// Whose temper it has.
    #[must_use]
    pub fn species(&self) -> Species {
        self.manifest.species
    }

    /// What it can do and say, for a mind; in its first language where it does not speak the
    /// one that is wanted.
    #[must_use]
    pub fn personality(&self, language: Option<&Language>) -> Personality {
        let own = self.clips.iter().map(|clip| clip.name.as_str());
        let names = own.chain(self.manifest.fallbacks.keys().map(String::as_str));
        let length = |name: &str| {
            let clip = self.clip(self.resolve_clip(name))?;
            Some((name.to_owned(), clip.duration))
        };
        let table = self.speech.table(language);
        let worded = |name: &str| {
            let words = self.chain(name).find_map(|name| table.words.get(name))?;
            Some((name.to_owned(), words.clone()))
        };
        let told = table.words.keys().map(String::as_str).chain(names.clone());
        Personality {
            species: self.species(),
            title: self.title().clone(),
            clips: names.filter_map(length).collect(),
            words: told.filter_map(worded).collect(),
            lines: table.lines,
        }
    }

    /// What it says, in all its languages.
    #[must_use]
    pub const fn speech(&self) -> &Speech {
        &self.speech
    }

    /// Puts these words, by clip, in place of its own: what is told to who cannot see it.
    pub(crate) fn add_words(&mut self, words: &BTreeMap<String, SafeText>) {
        self.speech.add_words(words);
    }

    /// A clip's name, and what the manifest says instead, and so on, but for `idle`.
    fn chain<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let next = |name: &&'a str| {
            self.manifest.fallbacks.get(*name).map(String::as_str).filter(|next| *next != IDLE)
        };
        // A chain that goes in a circle ends with the count.
        std::iter::successors(Some(name), next).take(self.manifest.fallbacks.len() + 1)
    }

    /// Its clips, in the order of the drawing.
    #[must_use]
    pub fn clips(&self) -> &[Clip] {
        &self.clips
    }

    /// The clip of that very name.
    #[must_use]
    pub fn clip(&self, name: &str) -> Option<&Clip> {
        self.clips.iter().find(|clip| clip.name == name)
    }

    /// The name of the clip that plays when `name` is asked for: itself, or what the manifest
    /// says instead, at last `idle`.
    #[must_use]
    pub fn resolve_clip<'a>(&'a self, name: &'a str) -> &'a str {
        let mut name = name;
        // A chain that goes in a circle ends with the count.
        for _ in 0..=self.manifest.fallbacks.len() {
            if self.clip(name).is_some() {
                return name;
            }
            match self.manifest.fallbacks.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        IDLE
    }

    /// What the manifest says plays in place of a clip.
    #[must_use]
    pub fn fallback(&self, name: &str) -> Option<&str> {
        self.manifest.fallbacks.get(name).map(String::as_str)
    }

    /// Whether there is a pose drawn by hand for that very clip.
    #[must_use]
    pub fn has_pose(&self, clip: &str, letters: Letters) -> bool {
        match letters {
            Letters::Ascii => self.ascii.get(clip).is_some(),
            Letters::Symbols => self.symbols.get(clip).is_some(),
        }
    }

    /// The pose in letters that stands for a clip, or for the one that stands in for it.
    #[must_use]
    pub fn ascii(&self, clip: &str) -> Option<&TextArt> {
        self.poses(clip, Letters::Ascii).first().map(|pose| &pose.art)
    }

    /// The poses drawn by hand for a clip, or for the one that stands in for it; those in ASCII
    /// where there are none in symbols. Empty where there are none at all.
    #[must_use]
    pub fn poses(&self, clip: &str, letters: Letters) -> &[TextPose] {
        let all = match letters {
            Letters::Symbols if self.symbols.get(IDLE).is_some() => &self.symbols,
            _ => &self.ascii,
        };
        let resolved = self.resolve_clip(clip);
        let names = self.chain(clip).chain([resolved, IDLE]);
        names.filter_map(|name| all.get(name)).next().unwrap_or_default()
    }

    /// The names of its skins, [`CLASSIC`] first.
    #[must_use]
    pub fn skins(&self) -> Vec<&str> {
        let own = self.skins.iter().map(Skin::name).filter(|name| *name != CLASSIC);
        [CLASSIC].into_iter().chain(own).collect()
    }

    /// The skin of that name, where it is more than the drawing as it is.
    #[must_use]
    pub fn skin(&self, name: &str) -> Option<&Skin> {
        self.skins.iter().find(|skin| skin.name() == name)
    }

    /// Opens its drawing as it was drawn.
    ///
    /// # Errors
    /// When the drawing cannot be read; it could be when the pet was opened.
    pub fn scene(&self) -> Result<Box<dyn Scene>, SceneError> {
        self.scene_in(&Outfit::default())
    }

    /// Opens its drawing in an outfit, or as it was drawn where it does not have that skin.
    ///
    /// # Errors
    /// When the drawing cannot be read; it could be when the pet was opened.
    pub fn scene_in(&self, outfit: &Outfit) -> Result<Box<dyn Scene>, SceneError> {
        let plain = Look::default();
        let look = self.skin(outfit.name()).map_or(&plain, |skin| skin.on(outfit.ground));
        let scene: Box<dyn Scene> = match &self.drawing {
            Drawing::Lottie(lottie) => {
                Box::new(dressed(&DotLottie::open(lottie)?, look.theme.as_deref())?)
            }
            Drawing::Sprites(sheet) => Box::new(SpriteScene::new(sheet.clone())),
            Drawing::Svg(text) => Box::new(SvgScene::parse(text)?),
        };
        Ok(if look.filters.is_empty() {
            scene
        } else {
            Box::new(Filtered::new(scene, &look.filters))
        })
    }
}

fn active(container: &DotLottie) -> Result<&str, SceneError> {
    let none = || SceneError::Container("the manifest names no animation".into());
    container.active().ok_or_else(none)
}

/// The drawing in a theme, or in what it starts with.
fn dressed(container: &DotLottie, theme: Option<&str>) -> Result<LottieScene, SceneError> {
    let active = active(container)?;
    let mut scene = container.animation(active)?;
    if let Some(theme) = theme {
        scene.set_theme(Some(&container.theme(theme)?), active);
    }
    Ok(scene)
}

/// The clips and skins of a container.
fn contents(container: &DotLottie) -> Result<(Vec<Clip>, Vec<Skin>), SceneError> {
    let table = container.file(build::EXTRA).ok();
    let table: Option<Value> = table.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut skins = table.as_ref().map(skin::listed).unwrap_or_default();
    let there = |theme: &str| container.themes().iter().any(|known| known == theme);
    skins.retain(|skin| skin.themes().all(there));
    // A theme that the table does not know is a skin of its own.
    let known = |theme: &&String| {
        skins.iter().any(|skin| skin.themes().any(|known| known == theme.as_str()))
    };
    let themes = container.themes_of(active(container)?).iter().filter(|theme| !known(theme));
    let others: Vec<Skin> = themes.map(|theme| Skin::of_theme(theme)).collect();
    skins.extend(others.into_iter().filter(|skin| manifest::is_name(skin.name())));
    skins.truncate(MAX_SKINS);
    match table.and_then(|table| listed(&table)) {
        Some(clips) => Ok((clips, skins)),
        None => Ok((marked(&dressed(container, None)?), skins)),
    }
}

/// A clip that its middle stands for: sheets begin their clips from rest.
fn halfway(clip: Clip) -> Clip {
    let key = if clip.name == IDLE { Duration::ZERO } else { clip.duration / 2 };
    Clip { key, ..clip }
}

/// The one clip of a drawing that does not move.
fn still() -> Clip {
    let (start, duration) = (Duration::ZERO, Duration::from_secs(1));
    Clip { name: IDLE.to_owned(), start, duration, looping: true, key: Duration::ZERO }
}

/// The clips that a compiled pet lists, so that its drawing need not be read to open it.
fn listed(table: &Value) -> Option<Vec<Clip>> {
    let fps = table.get("fps")?.as_f64().filter(|fps| *fps >= 1.0)?;
    let clip = |entry: &Value| {
        let time = |name| Duration::try_from_secs_f64(entry.get(name)?.as_f64()? / fps).ok();
        let duration = time("frames")?;
        Some(Clip {
            name: entry.get("name")?.as_str()?.to_owned(),
            start: time("start")?,
            duration,
            looping: entry.get("loop")?.as_bool()?,
            key: time("key")?.min(duration),
        })
    };
    let entries = table.get("clips")?.as_array()?;
    let fits = |clip: &Clip| clip.start.saturating_add(clip.duration) <= LONGEST;
    let clips: Option<Vec<Clip>> = entries.iter().take(build::MAX_CLIPS).map(clip).collect();
    clips.filter(|clips| clips.iter().all(fits))
}

/// The clips of any other drawing: its segments. They loop, and their first pose stands for them.
fn marked(scene: &dyn Scene) -> Vec<Clip> {
    let clip = |segment: &Segment| Clip {
        name: segment.name.clone(),
        start: segment.start,
        duration: segment.duration,
        looping: true,
        key: Duration::ZERO,
    };
    scene.segments().iter().take(build::MAX_CLIPS).map(clip).collect()
}

/// A text of a pet beside its manifest.
pub(crate) fn is_text(file: &str) -> bool {
    file == ASCII || file == SYMBOLS || lines::language_of(file).is_some()
}

fn read_text(path: &Path) -> Result<String, PetError> {
    let bytes = read(path, MAX_TEXT_BYTES)?;
    String::from_utf8(bytes).map_err(|_| at(path)(io::Error::other("is not UTF-8")))
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, PetError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(at(path))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(at(path))?;
    if bytes.len() as u64 > most {
        return Err(at(path)(io::Error::other(format!("is larger than {} KiB", most >> 10))));
    }
    Ok(bytes)
}

fn at(path: &Path) -> impl Fn(io::Error) -> PetError {
    move |error| PetError::File { path: path.to_owned(), error }
}
