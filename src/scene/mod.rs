//! A [`Scene`] answers one question: what does it look like at time t?
//!
//! [`load`] takes the bytes of an `.svg`, a Lottie `.json`, a dotLottie `.lottie` or either of the
//! first two gzipped (`.svgz`, Telegram's `.tgs`), decides by content which it is, and gives back a scene. Scenes know no terminal and no pet.

pub mod dotlottie;
pub mod filtered;
mod fit;
pub mod lottie;
#[cfg(all(unix, feature = "rlottie"))]
pub mod rlottie;
pub mod sprites;
pub mod svg;

use crate::frame::Frame;
use std::io::Read as _;
use std::time::Duration;

/// A named stretch of a scene's time, from a Lottie marker.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The marker's name.
    pub name: String,
    /// Where it starts, from the scene's in-point.
    pub start: Duration,
    /// How long it is.
    pub duration: Duration,
}

/// Something that can be drawn at any time, at any size.
pub trait Scene: Send {
    /// Width ÷ height of the picture, finite and above 0.
    fn aspect(&self) -> f32;
    /// How long it is; zero for a still.
    fn duration(&self) -> Duration;
    /// Frames a second of the source; zero for a still.
    fn frame_rate(&self) -> f32;
    /// The named stretches, in the order of the file.
    fn segments(&self) -> &[Segment];
    /// Clears `frame` to transparent and draws the scene as it is `at` that time after its
    /// in-point (later than the end: the last frame), as large as fits with the aspect kept,
    /// centred, at the bottom.
    fn draw(&mut self, at: Duration, frame: &mut Frame);
    /// What the file asked for and this engine does not do, a line each, for the reader.
    fn unsupported(&self) -> &[String] {
        &[]
    }
}

/// Why an asset could not become a scene.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// Not one of the formats.
    #[error("not an SVG, a Lottie JSON or a dotLottie file")]
    UnknownFormat,
    /// A named limit was passed.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// What was too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The SVG could not be read.
    #[error("the SVG cannot be read: {0}")]
    Svg(String),
    /// The Lottie JSON could not be read.
    #[error("the Lottie JSON cannot be read: {0}")]
    Lottie(String),
    /// The dotLottie container could not be read.
    #[error("the dotLottie container cannot be read: {0}")]
    Container(String),
    /// The sprite sheet cannot be used.
    #[error("the sprite sheet: {0}")]
    Sprites(String),
    /// The library rlottie would not take it.
    #[cfg(all(unix, feature = "rlottie"))]
    #[error("rlottie: {0}")]
    Rlottie(#[from] rlottie::RlottieError),
}

/// The largest asset that is read, in bytes.
pub const MAX_ASSET_BYTES: u64 = 32 << 20;

/// What a gzip file begins with (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is in a gzip file: a Telegram sticker's Lottie or an `.svgz`.
fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, SceneError> {
    let mut out = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes).take(MAX_ASSET_BYTES + 1).read_to_end(&mut out);
    match read {
        Ok(_) if out.starts_with(&GZIP) => Err(SceneError::UnknownFormat),
        Ok(_) => Ok(out),
        Err(error) => Err(SceneError::Container(error.to_string())),
    }
}

/// Makes a scene of an asset's bytes; the format is told by content.
///
/// # Errors
/// When the format is unknown, the asset is malformed or a limit is passed.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Scene>, SceneError> {
    if bytes.len() as u64 > MAX_ASSET_BYTES {
        return Err(SceneError::Limit {
            what: "the asset's size in bytes",
            limit: MAX_ASSET_BYTES,
        });
    }
    if bytes.starts_with(&GZIP) {
        return load(&unzipped(bytes)?);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        _ if bytes.starts_with(b"PK\x03\x04") => dotlottie::load(bytes),
        Some(b'{') => Ok(Box::new(lottie::LottieScene::parse(text)?)),
        Some(b'<') => Ok(Box::new(svg::SvgScene::parse(text)?)),
        _ => Err(SceneError::UnknownFormat),
    }
}
