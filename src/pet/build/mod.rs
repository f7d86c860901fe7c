//! The pet compiler: `rig.svg`, `clips.toml` and `skins.toml` (pets/README.md) become a dotLottie file
//! of one animation with a marker a clip and a theme a skin, and a still SVG.
//!
//! The same sources always give the same files.

mod animate;
mod clips;
pub(crate) mod container;
mod machine;
mod rig;
mod skins;
mod slots;
mod still;
mod trail;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clips::Clips;
pub use clips::{MAX_CLIPS, MAX_FRAMES};
use container::Contents;
pub(super) use container::EXTRA;
pub use rig::MAX_DEPTH;
use skins::Skins;

/// The largest source file that is read, in bytes.
pub const MAX_SOURCE_BYTES: u64 = 4 << 20;

/// The slots of the whole drawing: its size, in percent of the rig's, about its feet, and where those
/// are.
pub const STAGE: [&str; 2] = ["stage", "stage-at"];

/// What the skins of all pets have in common, where a folder of pets does not say it.
const LOOKS: &str = include_str!("../../../pets/skins.toml");

/// What a pet is compiled from, each a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources<'a> {
    /// `rig.svg`.
    pub rig: &'a str,
    /// `clips.toml`.
    pub clips: &'a str,
    /// The pet's `skins.toml`, where it has one.
    pub skins: Option<&'a str>,
    /// The `skins.toml` that it shares with other pets; without, this program's own.
    pub looks: Option<&'a str>,
}

/// Why a pet could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The drawing breaks a rule.
    #[error("rig.svg {0}")]
    Rig(String),
    /// The timelines break a rule.
    #[error("clips.toml {0}")]
    Clips(String),
    /// The skins break a rule.
    #[error("skins.toml {0}")]
    Skins(String),
    /// The container could not be written.
    #[error("the .lottie container cannot be written: {0}")]
    Container(String),
}

/// A compiled pet.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The Lottie animation, JSON.
    pub animation: String,
    /// What Lottie has no word for: which clips loop, their key poses, the skins' filters. JSON.
    pub extra: String,
    /// The drawing at rest, SVG.
    pub still: String,
    clips: Clips,
    skins: Skins,
}

impl Compiled {
    /// The themes by id, each JSON.
    #[must_use]
    pub fn themes(&self) -> &[(String, String)] {
        &self.skins.themes
    }

    /// The state machine that plays its clips, for the animation of this id; JSON.
    #[must_use]
    pub fn machine(&self, animation: &str) -> String {
        machine::definition(&self.clips, animation).to_string()
    }

    /// The dotLottie container (version 2) that holds the animation, its themes and state machine.
    ///
    /// # Errors
    /// When the zip cannot be written, which memory alone would prevent.
    pub fn to_dotlottie(&self, name: &str) -> Result<Vec<u8>, BuildError> {
        container::write(&Contents {
            name,
            animation: &self.animation,
            extra: &self.extra,
            machine: Some(&self.machine(name)),
            themes: self.themes(),
        })
    }
}

/// Compiles a drawing, its timelines and its skins.
///
/// # Errors
/// When one of them breaks a rule of pets/README.md; the message says which and where.
pub fn compile(sources: Sources<'_>) -> Result<Compiled, BuildError> {
    let rig = rig::parse(sources.rig)?;
    let clips = clips::parse(sources.clips)?;
    let looks = sources.looks.unwrap_or(LOOKS);
    let skins = skins::compile(sources.skins.unwrap_or_default(), looks, &rig, &clips)?;
    Ok(Compiled {
        animation: animate::animation(&rig, &clips)?.to_string(),
        extra: animate::extra(&clips, &skins.table).to_string(),
        still: still::svg(&rig),
        clips,
        skins,
    })
}

/// Compiles the sources in `folder` and writes `NAME.lottie` and `NAME.svg` beside them, where
/// NAME is the folder's own name. What skins have in common is read from the `skins.toml` beside the
/// folder. Gives back the paths that were written.
///
/// # Errors
/// When a file cannot be read or written, or a source breaks a rule.
pub fn build_folder(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let folder = fs::canonicalize(folder).map_err(at(folder))?;
    let (rig, clips) = (read(&folder.join("rig.svg"))?, read(&folder.join("clips.toml"))?);
    let skins = read_if_any(&folder.join("skins.toml"))?;
    let looks = read_if_any(&folder.with_file_name("skins.toml"))?;
    let (skins, looks) = (skins.as_deref(), looks.as_deref());
    let compiled = compile(Sources { rig: &rig, clips: &clips, skins, looks })?;
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let files = [("lottie", compiled.to_dotlottie(&name)?), ("svg", compiled.still.into_bytes())];
    let mut written = Vec::new();
    for (extension, bytes) in files {
        let path = folder.join(format!("{name}.{extension}"));
        fs::write(&path, bytes).map_err(at(&path))?;
        written.push(path);
    }
    Ok(written)
}

fn read(path: &Path) -> Result<String, BuildError> {
    let size = fs::metadata(path).map_err(at(path))?.len();
    if size > MAX_SOURCE_BYTES {
        let error = io::Error::other(format!("is larger than {} MiB", MAX_SOURCE_BYTES >> 20));
        return Err(at(path)(error));
    }
    fs::read_to_string(path).map_err(at(path))
}

fn read_if_any(path: &Path) -> Result<Option<String>, BuildError> {
    if path.is_file() { read(path).map(Some) } else { Ok(None) }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BuildError {
    move |error| BuildError::File { path: path.to_owned(), error }
}
