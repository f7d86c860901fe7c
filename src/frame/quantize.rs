//! Palettes for the protocols that have one: sixel and GIF.
//!
//! A frame of few colours keeps them exactly. Otherwise colours are cut into boxes, the box with
//! the largest squared error first, at the place that leaves the least error (greedy variance
//! minimization after X. Wu, "Efficient Statistical Computations for Optimal Color Quantization",
//! 1991). Nothing is random: the same frame gives the same palette.

use crate::frame::Frame;
use std::ops::Range;
use tiny_skia::PremultipliedColorU8;

/// A pixel is opaque from this alpha on where a protocol knows no translucency.
pub const OPAQUE_FROM: u8 = 128;
/// Above this many distinct colours, neighbours (5 bits a channel) are counted together first.
const EXACT_COLORS: usize = 4096;
const CACHE_BITS: u32 = 13;
const EMPTY: u64 = u64::MAX;

/// The straight-alpha colour of a pixel, or none where it counts as transparent.
#[must_use]
pub fn opaque_rgb(pixel: PremultipliedColorU8) -> Option<[u8; 3]> {
    match pixel.alpha() {
        255 => Some([pixel.red(), pixel.green(), pixel.blue()]),
        alpha if alpha >= OPAQUE_FROM => {
            let c = pixel.demultiply();
            Some([c.red(), c.green(), c.blue()])
        }
        _ => None,
    }
}

/// At most 256 colours, and a fast way from any colour to the nearest of them.
#[derive(Clone, Debug)]
pub struct Palette {
    colors: Vec<[u8; 3]>,
    /// Direct-mapped: the colour above, its index in the low byte.
    cache: Vec<u64>,
}

/// A frame as indices into a [`Palette`]; none is transparent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Row by row from the top left.
    pub pixels: Vec<Option<u8>>,
    /// The mean squared distance between an opaque pixel's colour and the palette's.
    pub error: u64,
}

impl Palette {
    /// At most `most` colours (1 to 256) for all of `colors`.
    #[must_use]
    pub fn build(colors: impl Iterator<Item = [u8; 3]>, most: usize) -> Self {
        let most = most.clamp(1, 256);
        let mut counted = count(colors);
        let colors = if counted.len() <= most {
            counted.iter().map(|c| c.rgb).collect()
        } else {
            if counted.len() > EXACT_COLORS {
                counted = merge_neighbours(&counted);
            }
            cut(&mut counted, most)
        };
        let cache = vec![EMPTY; 1 << CACHE_BITS];
        Self { colors, cache }
    }

    /// At most `most` colours for a frame's opaque pixels.
    #[must_use]
    pub fn of_frame(frame: &Frame, most: usize) -> Self {
        let pixels = frame.pixmap().pixels().iter();
        Self::build(pixels.filter_map(|p| opaque_rgb(*p)), most)
    }

    /// The colours.
    #[must_use]
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// Adds `more` colours behind the others, whose indices stay, as far as 256 allow.
    pub fn extend(&mut self, more: &[[u8; 3]]) {
        let room = 256 - self.colors.len();
        self.colors.extend(more.iter().take(room));
        self.cache.fill(EMPTY);
    }

    /// The index of the nearest colour, by squared distance; 0 where there are no colours.
    pub fn index(&mut self, rgb: [u8; 3]) -> u8 {
        let packed = u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]]);
        let slot = (packed.wrapping_mul(0x9e37_79b1) >> (32 - CACHE_BITS)) as usize;
        let entry = self.cache[slot];
        if entry >> 8 == u64::from(packed) {
            return entry.to_le_bytes()[0];
        }
        let index = nearest(&self.colors, rgb);
        self.cache[slot] = u64::from(packed) << 8 | u64::from(index);
        index
    }

    /// The frame in indices, each pixel's colour passed through `nudge` first (dithering).
    pub fn map(&mut self, frame: &Frame, nudge: Option<Nudge>) -> Indexed {
        let width = frame.size().width as usize;
        let mut pixels = Vec::with_capacity(frame.pixmap().pixels().len());
        let (mut error, mut opaque) = (0_u64, 0_u64);
        for (n, pixel) in frame.pixmap().pixels().iter().enumerate() {
            let Some(rgb) = opaque_rgb(*pixel) else {
                pixels.push(None);
                continue;
            };
            let wanted = nudge.map_or(rgb, |nudge| nudge(rgb, n % width, n / width));
            let index = self.index(wanted);
            let got = self.colors.get(usize::from(index)).copied();
            error += u64::from(distance(rgb, got.unwrap_or_default()));
            opaque += 1;
            pixels.push(Some(index));
        }
        let error = error / opaque.max(1);
        Indexed { pixels, error }
    }
}

/// Moves a colour by its place in the frame.
pub type Nudge = fn([u8; 3], usize, usize) -> [u8; 3];

/// The squared distance of two colours.
#[must_use]
pub fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let square = |n: usize| u32::from(a[n].abs_diff(b[n])).pow(2);
    square(0) + square(1) + square(2)
}

fn nearest(colors: &[[u8; 3]], rgb: [u8; 3]) -> u8 {
    let best = colors.iter().enumerate().min_by_key(|(_, c)| distance(**c, rgb));
    best.map_or(0, |(n, _)| u8::try_from(n).unwrap_or(0))
}

#[derive(Clone, Copy)]
struct Counted {
    rgb: [u8; 3],
    count: u64,
}

/// Each distinct colour with how often it occurs, in the order of the colours.
fn count(colors: impl Iterator<Item = [u8; 3]>) -> Vec<Counted> {
    let mut all: Vec<[u8; 3]> = colors.collect();
    all.sort_unstable();
    let run = |run: &[[u8; 3]]| Counted { rgb: run[0], count: run.len() as u64 };
    all.chunk_by(|a, b| a == b).map(run).collect()
}

/// One mean colour for each box of 8×8×8.
fn merge_neighbours(counted: &[Counted]) -> Vec<Counted> {
    let key = |c: &Counted| c.rgb.map(|v| v >> 3);
    let mut sorted = counted.to_vec();
    sorted.sort_unstable_by_key(|c| (key(c), c.rgb));
    let merge = |group: &[Counted]| Counted {
        rgb: mean(group),
        count: group.iter().map(|c| c.count).sum(),
    };
    sorted.chunk_by(|a, b| key(a) == key(b)).map(merge).collect()
}

fn mean(group: &[Counted]) -> [u8; 3] {
    let total: u64 = group.iter().map(|c| c.count).sum::<u64>().max(1);
    std::array::from_fn(|axis| {
        let sum: u64 = group.iter().map(|c| c.count * u64::from(c.rgb[axis])).sum();
        u8::try_from((sum + total / 2) / total).unwrap_or(255)
    })
}

struct ColorBox {
    range: Range<usize>,
    axis: usize,
    error: f64,
}

/// Cuts into at most `most` boxes and gives each one's mean colour.
fn cut(counted: &mut [Counted], most: usize) -> Vec<[u8; 3]> {
    let mut boxes = vec![measure(counted, 0..counted.len())];
    while boxes.len() < most {
        let worst = (0..boxes.len()).max_by(|a, b| boxes[*a].error.total_cmp(&boxes[*b].error));
        let Some(worst) = worst.filter(|n| boxes[*n].error > 0.0) else {
            break;
        };
        let ColorBox { range, axis, .. } = boxes.swap_remove(worst);
        let inside = &mut counted[range.clone()];
        inside.sort_unstable_by_key(|c| (c.rgb[axis], c.rgb));
        let middle = range.start + best_cut(inside, axis);
        boxes.push(measure(counted, range.start..middle));
        boxes.push(measure(counted, middle..range.end));
    }
    boxes.sort_unstable_by_key(|b| b.range.start);
    boxes.into_iter().map(|b| mean(&counted[b.range])).collect()
}

/// The axis with the largest squared error in `range`, and that error.
fn measure(counted: &[Counted], range: Range<usize>) -> ColorBox {
    let inside = &counted[range.clone()];
    let error = |axis: usize| {
        let s = inside.iter().fold(Sums::default(), |s, c| s.add(c, axis));
        s.error()
    };
    let axis = (0..3).max_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(0);
    ColorBox { error: error(axis), range, axis }
}

/// Where to cut a sorted box in two (at least one colour on each side) for the least error.
fn best_cut(sorted: &[Counted], axis: usize) -> usize {
    let all = sorted.iter().fold(Sums::default(), |s, c| s.add(c, axis));
    let mut left = Sums::default();
    let mut best = (f64::INFINITY, 1);
    for (n, c) in sorted.iter().enumerate().take(sorted.len() - 1) {
        left = left.add(c, axis);
        let error = left.error() + all.without(&left).error();
        if error < best.0 {
            best = (error, n + 1);
        }
    }
    best.1
}

#[derive(Clone, Copy, Default)]
struct Sums {
    weight: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a frame has at most 2^24 pixels, which f64 holds exactly"
    )]
    fn add(self, c: &Counted, axis: usize) -> Self {
        let (weight, value) = (c.count as f64, f64::from(c.rgb[axis]));
        Self {
            weight: self.weight + weight,
            sum: self.sum + weight * value,
            squares: self.squares + weight * value * value,
        }
    }

    fn without(self, part: &Self) -> Self {
        Self {
            weight: self.weight - part.weight,
            sum: self.sum - part.sum,
            squares: self.squares - part.squares,
        }
    }

    fn error(self) -> f64 {
        if self.weight > 0.0 { self.squares - self.sum * self.sum / self.weight } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_exact() {
        let colors = [[1, 2, 3], [200, 100, 50], [1, 2, 3], [0, 0, 0]];
        let mut p = Palette::build(colors.into_iter(), 256);
        assert_eq!(p.colors().len(), 3);
        for c in colors {
            let index = usize::from(p.index(c));
            assert_eq!(p.colors()[index], c);
        }
    }

    #[test]
    fn many_colours_become_the_asked_number_and_lie_near() {
        let colors = || (0..=255_u8).flat_map(|r| (0..=255_u8).map(move |g| [r, g, r ^ g]));
        let mut p = Palette::build(colors(), 64);
        assert_eq!(p.colors().len(), 64);
        let error: u64 = colors()
            .map(|c| {
                let index = usize::from(p.index(c));
                u64::from(distance(c, p.colors()[index]))
            })
            .sum();
        assert!(error / 65536 < 1400, "{}", error / 65536);
    }

    #[test]
    fn extending_keeps_the_old_indices() {
        let mut p = Palette::build([[0, 0, 0], [9, 9, 9]].into_iter(), 256);
        let before = p.colors().to_vec();
        assert_eq!(p.index([255, 0, 0]), p.index([9, 9, 9]));
        p.extend(&[[255, 0, 0]]);
        assert_eq!(&p.colors()[..2], before);
        assert_eq!(p.index([255, 0, 0]), 2);
    }

    #[test]
    fn no_colours_are_no_trouble() {
        let mut p = Palette::build(std::iter::empty(), 0);
        assert_eq!(p.index([1, 2, 3]), 0);
    }
}
