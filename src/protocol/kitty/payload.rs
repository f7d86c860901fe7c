//! Pixels as they travel: deflated RGBA, or a PNG file with a palette.
//!
//! What is sent once and shown for minutes is worth some thought. A palette that hardly differs
//! halves a clip: of a PNG's colours, four bytes become one before they are compressed.

use super::{CHUNK, COARSEST};
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
/// Fully transparent, which no other colour may stand for. It is the first of the palette.
const NOTHING: [u8; 4] = [0; 4];
/// By which power of the tolerance an upload shrinks: measured on the pets' idle clips, where four
/// times as much leaves 78 % of the bytes.
const SHRINKS_BY: f64 = 0.18;
/// Of three poses two are always left.
const LEAST_POSES: (usize, usize) = (2, 3);
/// What a sequence costs beside its payload.
const KEYS: usize = 60;

/// Pixels, and the keys that tell what they are.
pub(super) struct Payload {
    pub(super) keys: String,
    pub(super) data: Vec<u8>,
}

impl Payload {
    /// About how many bytes it is when it is sent.
    fn wire(&self) -> usize {
        self.data.len().div_ceil(3) * 4 + self.data.len().div_ceil(CHUNK) * KEYS
    }
}

/// What is sent of a clip.
pub(super) struct Pictures {
    pub(super) payloads: Vec<Payload>,
    /// For each pose the payload that shows it: some poses may be left out, and the one before stays.
    pub(super) of_poses: Vec<usize>,
}

impl Pictures {
    fn all(payloads: Vec<Payload>) -> Self {
        let of_poses = (0..payloads.len()).collect();
        Self { payloads, of_poses }
    }

    fn wire(&self) -> usize {
        self.payloads.iter().map(Payload::wire).sum()
    }

    /// Leaves out poses that are least missed, until about `budget` bytes are left, or two of three.
    fn thinned(self, poses: &[Pose], budget: usize) -> Self {
        let mut kept: Vec<usize> = (0..poses.len()).collect();
        let mut bytes = self.wire();
        let least = (poses.len() * LEAST_POSES.0).div_ceil(LEAST_POSES.1).max(2);
        while bytes > budget && kept.len() > least {
            let Some(n) = (1..kept.len()).min_by_key(|n| missed(poses, kept[n - 1], kept[*n]))
            else {
                break;
            };
            bytes -= self.payloads[kept.remove(n)].wire();
        }
        let of_poses = (0..poses.len()).map(|pose| kept.partition_point(|k| *k <= pose) - 1);
        let of_poses = of_poses.collect();
        let mut all: Vec<Option<Payload>> = self.payloads.into_iter().map(Some).collect();
        let payloads = kept.into_iter().filter_map(|pose| all[pose].take()).collect();
        Self { payloads, of_poses }
    }
}

/// How much is missed of a pose where the one before stays: what they differ by, and how long.
fn missed(poses: &[Pose], before: usize, pose: usize) -> u128 {
    let data = |n: usize| poses[n].frame.pixmap().data();
    let pairs = data(before).iter().zip(data(pose));
    let differ: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    u128::from(differ) * poses[pose].gap.as_millis()
}

/// The poses of a clip, each as few bytes as `tolerance` allows (see
/// [`KittyConfig::tolerance`](super::KittyConfig::tolerance)); where all together are more than
/// `budget`, with colours up to [`COARSEST`], and at last with fewer poses.
pub(super) fn of_clip(
    poses: &[Pose],
    tolerance: u32,
    budget: usize,
) -> Result<Pictures, EncodeError> {
    let (clip, mut error) = match Indexed::within(poses, tolerance) {
        Some(clip) => (clip, tolerance),
        // More colours than a palette has, such as a glow's.
        None => {
            let exact: Result<_, _> = poses.iter().map(|pose| deflated(&pose.frame)).collect();
            let exact = Pictures::all(exact?);
            let fits = tolerance == 0 || exact.wire() <= budget;
            let coarse = if fits { None } else { Indexed::within(poses, COARSEST) };
            let Some(coarse) = coarse else { return Ok(exact) };
            (coarse, COARSEST)
        }
    };
    let mut pictures = Pictures::all(clip.pngs(poses)?);
    while tolerance > 0 && pictures.wire() > budget && error < COARSEST {
        error = coarser(error, pictures.wire(), budget);
        let Some(clip) = Indexed::within(poses, error) else { break };
        pictures = Pictures::all(clip.pngs(poses)?);
    }
    let thinned = tolerance > 0 && pictures.wire() > budget;
    Ok(if thinned { pictures.thinned(poses, budget) } else { pictures })
}

/// The error with which so many `bytes` should become `budget`.
fn coarser(error: u32, bytes: usize, budget: usize) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "bytes of an upload")]
    let times = (bytes as f64 / budget.max(1) as f64).powf(1.0 / SHRINKS_BY);
    let wanted = (f64::from(error) * times).min(f64::from(COARSEST));
    crate::units::round_u32(wanted).clamp(error + 1, COARSEST)
}

/// A clip in the colours of one palette.
struct Indexed {
    /// Premultiplied: that of nothing at all, then translucent ones, then opaque ones.
    colors: Vec<[u8; 4]>,
    /// How many are not opaque.
    soft: usize,
    /// The pixels of each pose as indices into the colours.
    pictures: Vec<Vec<u8>>,
}

impl Indexed {
    /// In colours that are off by `tolerance` in the mean, or a little more; none if there are no
    /// such 256. 0 is exact.
    fn within(poses: &[Pose], tolerance: u32) -> Option<Self> {
        // What a few colours were reckoned to do may turn out worse; at last as many are taken as
        // there are.
        let mut tries = vec![tolerance, 0];
        tries.dedup();
        let mut tries = tries.into_iter().map(|error| Self::new(poses, error));
        tries.find(|clip| clip.error(poses) <= tolerance + tolerance / 4)
    }

    /// Takes no more colours than a mean squared distance of `error` needs. Opaque pixels have
    /// colours of their own, lest a mean with softer ones let the text below shine through.
    fn new(poses: &[Pose], error: u32) -> Self {
        let all = || poses.iter().flat_map(|pose| pixels(&pose.frame));
        let translucent = || all().filter(|[.., alpha]| (1..255).contains(alpha));
        let room = if translucent().next().is_some() { MOST_OPAQUE } else { MOST };
        let mut opaque = Palette::near_enough(all().filter(|c| c[3] == 255), room, error);
        let room = MOST - opaque.colors().len();
        let mut translucent = Palette::near_enough(translucent(), room, error);
        let colors = [&[NOTHING], translucent.colors(), opaque.colors()].concat();
        let soft = 1 + translucent.colors().len();
        let mut index = |color: [u8; 4]| match color {
            NOTHING => 0,
            [.., 255] => soft + usize::from(opaque.index(color)),
            _ => 1 + usize::from(translucent.index(color)),
        };
        // Never more than 256 colours, so that an index is a byte.
        let mut index = |color| u8::try_from(index(color)).unwrap_or(u8::MAX);
        let mut picture = |pose: &Pose| pixels(&pose.frame).map(&mut index).collect();
        let pictures = poses.iter().map(&mut picture).collect();
        Self { colors, soft, pictures }
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

    fn pngs(&self, poses: &[Pose]) -> Result<Vec<Payload>, EncodeError> {
        let pictures = poses.iter().zip(&self.pictures);
        pictures.map(|(pose, picture)| self.png(pose.frame.size(), picture)).collect()
    }

    /// `f=100`: a PNG file (PNG, third edition, §11.2.2 and §11.3.1) whose pixels are indices. Its
    /// palette has only the colours of this pose, and alphas only for those that are not opaque,
    /// which therefore come first.
    fn png(&self, size: PixelSize, picture: &[u8]) -> Result<Payload, EncodeError> {
        let mut used = [false; 256];
        picture.iter().for_each(|index| used[usize::from(*index)] = true);
        let mut renamed = [0; 256];
        let (mut palette, mut alphas) = (Vec::new(), Vec::new());
        for (n, color) in self.colors.iter().enumerate().filter(|(n, _)| used[*n]) {
            renamed[n] = u8::try_from(palette.len() / 3).unwrap_or(u8::MAX);
            let [r, g, b, alpha] = straight(*color);
            palette.extend([r, g, b]);
            alphas.extend((n < self.soft).then_some(alpha));
        }
        let picture: Vec<u8> = picture.iter().map(|index| renamed[usize::from(*index)]).collect();
        let mut data = Vec::new();
        let mut encoder = png::Encoder::new(&mut data, size.width, size.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette);
        if !alphas.is_empty() {
            encoder.set_trns(alphas);
        }
        encoder.set_compression(png::Compression::High);
        // Neighbouring indices are not neighbouring colours: differences would tell nothing.
        encoder.set_filter(png::Filter::NoFilter);
        let written = encoder.write_header().and_then(|mut file| {
            file.write_image_data(&picture)?;
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
