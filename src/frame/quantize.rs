//! Palettes for the protocols that have one: sixel, GIF, and kitty's by way of PNG.
//!
//! A frame of few colours keeps them exactly. Otherwise colours are cut into boxes, the box with
//! the largest squared error first, at the place that leaves the least error (greedy variance
//! minimization after X. Wu, "Efficient Statistical Computations for Optimal Color Quantization",
//! 1991); then each colour moves into the middle of those nearest to it (S. Lloyd, "Least Squares
//! Quantization in PCM", 1982). Nothing is random: the same frame gives the same palette.

use std::ops::Range;
use tiny_skia::PremultipliedColorU8;

/// A pixel is opaque from this alpha on where a protocol knows no translucency.
pub const OPAQUE_FROM: u8 = 128;
/// Above this many distinct colours, neighbours (5 bits a channel) are counted together first.
const EXACT_COLORS: usize = 4096;
/// How often the palette is refined: more gain less than 0.1 dB on the pets' clips.
const REFINEMENTS: usize = 3;
const UNKNOWN: u32 = u32::MAX;

/// The straight-alpha colour of a pixel, or none where it counts as transparent.
#[must_use]
pub fn opaque_rgb(pixel: PremultipliedColorU8) -> Option<[u8; 3]> {
    (pixel.alpha() >= OPAQUE_FROM).then(|| straight_rgb(pixel))
}

/// The straight-alpha colour of a pixel, whatever its alpha is.
#[must_use]
pub fn straight_rgb(pixel: PremultipliedColorU8) -> [u8; 3] {
    if pixel.alpha() == 255 {
        return [pixel.red(), pixel.green(), pixel.blue()];
    }
    let straight = pixel.demultiply();
    [straight.red(), straight.green(), straight.blue()]
}

/// The colour of a pixel on an opaque ground.
#[must_use]
pub fn over(pixel: PremultipliedColorU8, ground: [u8; 3]) -> [u8; 3] {
    let rgb = [pixel.red(), pixel.green(), pixel.blue()];
    let under = |v: u8| (u32::from(v) * u32::from(255 - pixel.alpha()) + 127) / 255;
    std::array::from_fn(|n| u8::try_from(u32::from(rgb[n]) + under(ground[n])).unwrap_or(255))
}

/// At most 256 colours of `N` channels, and a fast way from any colour to the nearest of them.
///
/// Channels are compared as they are: three of straight colour, or four of premultiplied RGBA, so
/// that what is hardly seen counts for little.
#[derive(Clone, Debug)]
pub struct Palette<const N: usize = 3> {
    colors: Vec<[u8; N]>,
    grid: Grid<N>,
    /// What was last asked for, and its index: neighbours are often alike.
    last: Option<([u8; N], u8)>,
}

impl<const N: usize> Palette<N> {
    /// At most `most` colours (1 to 256) for all of `colors`.
    #[must_use]
    pub fn build(colors: impl Iterator<Item = [u8; N]>, most: usize) -> Self {
        Self::near_enough(colors, most, 0)
    }

    /// The same, with no more colours than it takes for a mean squared distance of `error`.
    #[must_use]
    pub fn near_enough(colors: impl Iterator<Item = [u8; N]>, most: usize, error: u32) -> Self {
        let most = most.clamp(1, 256);
        let mut counted = count(colors);
        if counted.is_empty() || error == 0 && counted.len() <= most {
            return Self::of_colors(counted.iter().map(|c| c.channels).collect());
        }
        if counted.len() > EXACT_COLORS {
            counted = merge_neighbours(&counted);
        }
        let mut palette = Self::of_colors(cut(&mut counted, most, error));
        for _ in 0..REFINEMENTS {
            palette = palette.refined(&counted);
        }
        palette.sorted(&counted)
    }

    fn of_colors(colors: Vec<[u8; N]>) -> Self {
        Self { colors, grid: Grid::default(), last: None }
    }

    /// Each colour in the middle of those that are nearest to it.
    fn refined(mut self, counted: &[Counted<N>]) -> Self {
        let mut sums = vec![([0_u64; N], 0_u64); self.colors.len()];
        for c in counted {
            let (sum, count) = &mut sums[usize::from(self.index(c.channels))];
            *count += c.count;
            for (sum, value) in sum.iter_mut().zip(c.channels) {
                *sum += c.count * u64::from(value);
            }
        }
        for (color, (sum, count)) in self.colors.iter_mut().zip(sums) {
            if count > 0 {
                *color = sum.map(|s| u8::try_from((s + count / 2) / count).unwrap_or(255));
            }
        }
        Self::of_colors(self.colors)
    }

    /// The commonest colours first: in sixel their numbers are shorter.
    fn sorted(mut self, counted: &[Counted<N>]) -> Self {
        let mut uses = vec![0_u64; self.colors.len()];
        for c in counted {
            uses[usize::from(self.index(c.channels))] += c.count;
        }
        let mut colors: Vec<_> = uses.into_iter().zip(self.colors).collect();
        colors.sort_unstable_by_key(|(uses, color)| (std::cmp::Reverse(*uses), *color));
        Self::of_colors(colors.into_iter().map(|(_, color)| color).collect())
    }

    /// The colours.
    #[must_use]
    pub fn colors(&self) -> &[[u8; N]] {
        &self.colors
    }

    /// Adds `more` colours behind the others, whose indices stay, as far as 256 allow.
    pub fn extend(&mut self, more: &[[u8; N]]) {
        let room = 256 - self.colors.len();
        self.colors.extend(more.iter().take(room));
        self.grid = Grid::default();
        self.last = None;
    }

    /// The index of the nearest colour, by squared distance; 0 where there are no colours.
    #[must_use]
    pub fn index(&mut self, color: [u8; N]) -> u8 {
        if let Some((last, index)) = self.last
            && last == color
        {
            return index;
        }
        let candidates = self.grid.candidates(&self.colors, color);
        let far = |n: u8| self.colors.get(usize::from(n)).map_or(0, |c| distance(*c, color));
        let index = candidates.iter().copied().min_by_key(|n| far(*n)).unwrap_or(0);
        self.last = Some((color, index));
        index
    }
}

/// The squared distance of two colours.
#[must_use]
pub fn distance<const N: usize>(a: [u8; N], b: [u8; N]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// For each box of colours, the palette's colours that may be nearest to one in it: found when
/// first asked for, so that a search looks at a few of 256.
#[derive(Clone, Debug, Default)]
struct Grid<const N: usize> {
    /// Where in `candidates` each box's begin, the first byte being their number less one.
    starts: Vec<u32>,
    candidates: Vec<u8>,
}

impl<const N: usize> Grid<N> {
    /// The bits of a channel that choose a cell: 32×32×32 of them, or 16×16×16×16.
    const BITS: u32 = if N == 3 { 5 } else { 4 };

    fn candidates(&mut self, colors: &[[u8; N]], color: [u8; N]) -> &[u8] {
        if self.starts.is_empty() {
            self.starts = vec![UNKNOWN; 1 << (Self::BITS as usize * N)];
        }
        let low = color.map(|v| v >> (8 - Self::BITS) << (8 - Self::BITS));
        let cell =
            low.iter().fold(0, |at, v| at << Self::BITS | usize::from(v >> (8 - Self::BITS)));
        if self.starts[cell] == UNKNOWN {
            self.starts[cell] = self.search(colors, low);
        }
        let start = self.starts[cell] as usize;
        match self.candidates.get(start..) {
            Some([count, all @ ..]) => &all[..all.len().min(usize::from(*count) + 1)],
            _ => &[],
        }
    }

    /// Keeps the colours that are nearer to some corner of the box than another is to all of it.
    fn search(&mut self, colors: &[[u8; N]], low: [u8; N]) -> u32 {
        let high = low.map(|v| v | (0xff >> Self::BITS));
        let least = |c: &[u8; N]| {
            let inside: [u8; N] = std::array::from_fn(|n| c[n].clamp(low[n], high[n]));
            distance(*c, inside)
        };
        let most = |c: &[u8; N]| {
            let far =
                |n: usize| if c[n].abs_diff(low[n]) > c[n].abs_diff(high[n]) { low } else { high };
            distance(*c, std::array::from_fn(|n| far(n)[n]))
        };
        let bound = colors.iter().map(most).min().unwrap_or(0);
        let start = self.candidates.len();
        self.candidates.push(0);
        let near = (0..=255_u8).zip(colors).filter(|(_, c)| least(c) <= bound);
        self.candidates.extend(near.map(|(n, _)| n));
        let count = self.candidates.len() - start - 1;
        self.candidates[start] = u8::try_from(count.saturating_sub(1)).unwrap_or(255);
        u32::try_from(start).unwrap_or(UNKNOWN)
    }
}

#[derive(Clone, Copy)]
struct Counted<const N: usize> {
    channels: [u8; N],
    count: u64,
}

/// Each distinct colour with how often it occurs, in the order of the colours.
fn count<const N: usize>(colors: impl Iterator<Item = [u8; N]>) -> Vec<Counted<N>> {
    let mut all: Vec<[u8; N]> = colors.collect();
    all.sort_unstable();
    let run = |run: &[[u8; N]]| Counted { channels: run[0], count: run.len() as u64 };
    all.chunk_by(|a, b| a == b).map(run).collect()
}

/// One mean colour for each box that is 8 wide.
fn merge_neighbours<const N: usize>(counted: &[Counted<N>]) -> Vec<Counted<N>> {
    let key = |c: &Counted<N>| c.channels.map(|v| v >> 3);
    let mut sorted = counted.to_vec();
    sorted.sort_unstable_by_key(|c| (key(c), c.channels));
    let merge = |group: &[Counted<N>]| Counted {
        channels: mean(group),
        count: group.iter().map(|c| c.count).sum(),
    };
    sorted.chunk_by(|a, b| key(a) == key(b)).map(merge).collect()
}

fn mean<const N: usize>(group: &[Counted<N>]) -> [u8; N] {
    let total: u64 = group.iter().map(|c| c.count).sum::<u64>().max(1);
    std::array::from_fn(|axis| {
        let sum: u64 = group.iter().map(|c| c.count * u64::from(c.channels[axis])).sum();
        u8::try_from((sum + total / 2) / total).unwrap_or(255)
    })
}

struct ColorBox {
    range: Range<usize>,
    axis: usize,
    /// The squared error along the axis.
    error: f64,
    /// The same along all axes.
    total: f64,
}

/// Cuts into at most `most` boxes, until the mean squared error is at most `enough`, and gives each
/// one's mean colour.
#[expect(clippy::cast_precision_loss, reason = "a count of pixels, far below 2^52")]
fn cut<const N: usize>(counted: &mut [Counted<N>], most: usize, enough: u32) -> Vec<[u8; N]> {
    let pixels: u64 = counted.iter().map(|c| c.count).sum();
    let enough = f64::from(enough) * pixels as f64;
    let mut boxes = vec![measure(counted, 0..counted.len())];
    while boxes.len() < most && boxes.iter().map(|b| b.total).sum::<f64>() > enough {
        let worst = (0..boxes.len()).max_by(|a, b| boxes[*a].error.total_cmp(&boxes[*b].error));
        let Some(worst) = worst.filter(|n| boxes[*n].error > 0.0) else {
            break;
        };
        let ColorBox { range, axis, .. } = boxes.swap_remove(worst);
        let inside = &mut counted[range.clone()];
        inside.sort_unstable_by_key(|c| (c.channels[axis], c.channels));
        let middle = range.start + best_cut(inside, axis);
        boxes.push(measure(counted, range.start..middle));
        boxes.push(measure(counted, middle..range.end));
    }
    boxes.sort_unstable_by_key(|b| b.range.start);
    boxes.into_iter().map(|b| mean(&counted[b.range])).collect()
}

/// The axis with the largest squared error in `range`, and that error.
fn measure<const N: usize>(counted: &[Counted<N>], range: Range<usize>) -> ColorBox {
    let inside = &counted[range.clone()];
    let error = |axis: usize| {
        let s = inside.iter().fold(Sums::default(), |s, c| s.add(c, axis));
        s.error()
    };
    let errors: [f64; N] = std::array::from_fn(error);
    let axis = (0..N).max_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
    ColorBox { error: errors[axis], total: errors.iter().sum(), range, axis }
}

/// Where to cut a sorted box in two (at least one colour on each side) for the least error.
fn best_cut<const N: usize>(sorted: &[Counted<N>], axis: usize) -> usize {
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
    fn add<const N: usize>(self, c: &Counted<N>, axis: usize) -> Self {
        let (weight, value) = (c.count as f64, f64::from(c.channels[axis]));
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
