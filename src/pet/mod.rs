//! A pet: its manifest, its drawing, its poses in letters. [`catalog`] has those that are built
//! in, [`build`] compiles new ones, [`sheet`] shows all of one.

pub mod build;
pub mod catalog;
mod color;
pub mod manifest;
pub mod sheet;
pub mod skin;

use crate::frame::TextArt;
use crate::mood::{Personality, Species};
use crate::scene::dotlottie::DotLottie;
use crate::scene::filtered::Filtered;
use crate::scene::lottie::LottieScene;
use crate::scene::sprites::{Sheet, SpriteScene};
use crate::scene::svg::SvgScene;
use crate::scene::{MAX_ASSET_BYTES, Scene, SceneError, Segment};
use crate::text::SafeText;
use manifest::Manifest;
use serde_json::Value;
use skin::{CLASSIC, Look, MAX_SKINS, Outfit, Skin};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest manifest or file of letters, in bytes.
pub const MAX_TEXT_BYTES: u64 = 256 << 10;

/// The latest that a clip may end.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

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
    ascii: BTreeMap<String, TextArt>,
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
    /// The drawing cannot be used.
    #[error("the drawing: {0}")]
    Scene(#[from] SceneError),
    /// The drawing has no clip "idle".
    #[error("the drawing has no marker \"idle\"")]
    NoIdle,
}

impl Pet {
    /// Opens the pet in `folder`: `pet.toml`, `NAME.lottie`, and `ascii.txt` where there is one.
    ///
    /// # Errors
    /// When a file cannot be read, is too large or malformed.
    pub fn from_dir(folder: &Path) -> Result<Self, PetError> {
        let manifest = Manifest::parse(&read_text(&folder.join("pet.toml"))?)?;
        let lottie = read(&folder.join(format!("{}.lottie", manifest.name)), MAX_ASSET_BYTES)?;
        let ascii = match read_text(&folder.join("ascii.txt")) {
            Err(PetError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                String::new()
            }
            text => text?,
        };
        Self::new(manifest, Drawing::Lottie(lottie.into()), &ascii)
    }

    /// A pet of the text of its `pet.toml`, its drawing, and the text of its `ascii.txt`.
    ///
    /// # Errors
    /// When one of them is malformed, or the drawing has no clip `idle`.
    pub fn from_parts(manifest: &str, drawing: Drawing, ascii: &str) -> Result<Self, PetError> {
        Self::new(Manifest::parse(manifest)?, drawing, ascii)
    }

    fn new(manifest: Manifest, drawing: Drawing, ascii: &str) -> Result<Self, PetError> {
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
        let art = |(name, rows): (String, String)| (name, TextArt::new(&rows));
        let ascii = manifest::poses(ascii).into_iter().map(art).collect();
        Ok(Self { manifest, drawing, clips, skins, ascii })
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

    /// What it can do and say, for a mind.
    #[must_use]
    pub fn personality(&self) -> Personality {
        let own = self.clips.iter().map(|clip| clip.name.as_str());
        let names = own.chain(self.manifest.fallbacks.keys().map(String::as_str));
        let length = |name: &str| {
            let clip = self.clip(self.resolve_clip(name))?;
            Some((name.to_owned(), clip.duration))
        };
        Personality {
            species: self.species(),
            title: self.title().clone(),
            clips: names.filter_map(length).collect(),
            lines: self.manifest.lines.clone(),
        }
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

    /// Whether there is a pose in letters of that very name.
    #[must_use]
    pub fn has_ascii(&self, name: &str) -> bool {
        self.ascii.contains_key(name)
    }

    /// The pose in letters for a clip, or for the one that stands in for it.
    #[must_use]
    pub fn ascii(&self, clip: &str) -> Option<&TextArt> {
        let pose = |name| self.ascii.get(name);
        pose(clip).or_else(|| pose(self.resolve_clip(clip))).or_else(|| pose(IDLE))
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
