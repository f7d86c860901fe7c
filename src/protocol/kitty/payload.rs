//! Pixels as they travel: deflated RGBA, or a PNG file with a palette.
//!
//! What is sent once and shown for minutes is worth some thought. A palette that hardly differs
//! halves a clip: of a PNG's colours, four bytes become one before they are compressed.

use crate::frame::Frame;
use crate::frame::quantize::{Palette, distance};
use crate::protocol::{EncodeError, Pose};
use crate::units::PixelSize;
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write as _;

/// The most colours beside that of nothing at all.
const MOST: usize = 255;
/// The most opaque colours where there are others, too.
const MOST_OPAQUE: usize = 191;
/// Fully transparent, which no other colour may stand for.
const NOTHING: [u8; 4] = [0; 4];

/// Pixels, and the keys that tell what they are.
pub(super) struct Payload {
    pub(super) keys: String,
    pub(super) data: Vec<u8>,
}

/// The poses of a clip, each as few bytes as `tolerance` allows (see
/// [`KittyConfig::tolerance`](super::KittyConfig::tolerance)).
pub(super) fn of_clip(poses: &[Pose], tolerance: u32) -> Result<Vec<Payload>, EncodeError> {
    // What a few colours were reckoned to do may turn out a little worse; at last as many are taken
    // as there are.
    let mut tries = vec![tolerance, tolerance / 4 * 3, 0];
    tries.dedup();
    let mut tries = tries.into_iter().map(|error| Indexed::new(poses, error));
    let Some(clip) = tries.find(|clip| clip.error(poses) <= tolerance) else {
        return poses.iter().map(|pose| deflated(&pose.frame)).collect();
    };
    let pictures = poses.iter().zip(&clip.pictures);
    pictures.map(|(pose, picture)| clip.png(pose.frame.size(), picture)).collect()
}

/// A clip in the colours of one palette.
struct Indexed {
    /// Premultiplied; opaque ones first, then translucent ones, then the one of nothing at all.
    colors: Vec<[u8; 4]>,
    /// The pixels of each pose as indices into the colours.
    pictures: Vec<Vec<u8>>,
}

impl Indexed {
    /// Takes no more colours than a mean squared distance of `error` needs. Opaque pixels have
    /// colours of their own, lest a mean with softer ones let the text below shine through.
    fn new(poses: &[Pose], error: u32) -> Self {
        let all = || poses.iter().flat_map(|pose| pixels(&pose.frame));
        let soft = || all().filter(|[.., alpha]| (1..255).contains(alpha));
        let room = if soft().next().is_some() { MOST_OPAQUE } else { MOST };
        let mut opaque = Palette::near_enough(all().filter(|c| c[3] == 255), room, error);
        let room = MOST - opaque.colors().len();
        let mut soft = Palette::near_enough(soft(), room, error);
        let first_soft = opaque.colors().len();
        let colors = [opaque.colors(), soft.colors(), &[NOTHING]].concat();
        let mut index = |color: [u8; 4]| match color {
            NOTHING => colors.len() - 1,
            [.., 255] => usize::from(opaque.index(color)),
            _ => first_soft + usize::from(soft.index(color)),
        };
        // Never more than 256 colours, so that an index is a byte.
        let mut index = |color| u8::try_from(index(color)).unwrap_or(u8::MAX);
        let mut picture = |pose: &Pose| pixels(&pose.frame).map(&mut index).collect();
        let pictures = poses.iter().map(&mut picture).collect();
        Self { colors, pictures }
    }

    /// The mean squared distance of what is seen, rounded up.
    fn error(&self, poses: &[Pose]) -> u32 {
        let (mut error, mut count) = (0_u64, 0_u64);
        for (pose, picture) in poses.iter().zip(&self.pictures) {
            for (color, index) in pixels(&pose.frame).zip(picture).filter(|(c, _)| *c != NOTHING) {
                error += u64::from(distance(color, self.colors[usize::from(*index)]));
                count += 1;
            }
        }
        u32::try_from(error.div_ceil(count.max(1))).unwrap_or(u32::MAX)
    }

    /// `f=100`: a PNG file (PNG, third edition, §11.2.2 and §11.3.1) whose pixels are indices.
    fn png(&self, size: PixelSize, picture: &[u8]) -> Result<Payload, EncodeError> {
        let mut data = Vec::new();
        let mut encoder = png::Encoder::new(&mut data, size.width, size.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        let colors = self.colors.iter().map(|color| straight(*color));
        let (palette, alphas): (Vec<_>, Vec<u8>) =
            colors.map(|[r, g, b, alpha]| ([r, g, b], alpha)).unzip();
        encoder.set_palette(palette.concat());
        encoder.set_trns(alphas);
        encoder.set_compression(png::Compression::High);
        // Neighbouring indices are not neighbouring colours: differences would tell nothing.
        encoder.set_filter(png::Filter::NoFilter);
        let written = encoder.write_header().and_then(|mut file| {
            file.write_image_data(picture)?;
            file.finish()
        });
        written.map_err(|_| EncodeError::Compression)?;
        Ok(Payload { keys: "f=100".to_owned(), data })
    }
}

/// The premultiplied pixels.
fn pixels(frame: &Frame) -> impl Iterator<Item = [u8; 4]> {
    frame.pixmap().data().as_chunks().0.iter().copied()
}

/// A premultiplied colour as PNG wants it.
fn straight([r, g, b, alpha]: [u8; 4]) -> [u8; 4] {
    let part = |value: u8| {
        let whole = (u16::from(value) * 255 + u16::from(alpha) / 2) / u16::from(alpha.max(1));
        u8::try_from(whole).unwrap_or(255)
    };
    [part(r), part(g), part(b), alpha]
}

/// `f=32,o=z`: straight-alpha RGBA, deflated (RFC 1950).
pub(super) fn deflated(frame: &Frame) -> Result<Payload, EncodeError> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = zlib.write_all(&frame.to_straight_rgba());
    let data = written.and_then(|()| zlib.finish()).map_err(|_| EncodeError::Compression)?;
    let size = frame.size();
    let keys = format!("f=32,s={},v={},o=z", size.width, size.height);
    Ok(Payload { keys, data })
}
