//! The best glyph for a cell: which sub-cells share which of two colours.

use super::color::{Lab, difference};
use super::glyphs::MAX_PARTS;

/// How far off, squared, a sub-cell counts that is drawn over though nothing of it is covered: the
/// text below is somebody else's.
const DRAWN_OVER: f32 = 0.05;

/// How much better it must be, squared, to leave out a covered sub-cell: the background may not be
/// what we take it for.
const LEFT_OUT: f32 = 0.003;

/// One sub-cell of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// Its colour over the background.
    pub(super) lab: Lab,
    /// How much is covered, 0 to 1.
    pub(super) alpha: f32,
}

/// From this coverage on a sub-cell is drawn.
pub(super) const COVERED_FROM: f32 = 0.5;

impl Part {
    pub(super) fn covered(&self) -> bool {
        self.alpha >= COVERED_FROM
    }

    /// How far off it is in a colour, or left out, so that the background is seen; squared.
    fn error(&self, drawn: Option<Lab>, background: Lab) -> f32 {
        let over = (COVERED_FROM - self.alpha).max(0.0) / COVERED_FROM;
        match drawn {
            Some(lab) => difference(self.lab, lab) + over * DRAWN_OVER,
            None if self.covered() => difference(self.lab, background) + LEFT_OUT,
            None => difference(self.lab, background),
        }
    }
}

/// Dots of one colour on another, all over a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shade {
    /// How many of four dots: 1 to 3.
    pub(super) quarters: u8,
    /// What is seen of both from afar.
    pub(super) lab: Lab,
}

/// A cell as it is drawn: the sub-cells in `mask` in one colour, the others in another; none is
/// transparent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tones {
    pub(super) mask: u8,
    /// Of four dots of the cell so many have the first colour, if it is a shade; then there is no set.
    pub(super) shade: Option<Shade>,
    pub(super) fg: Option<Lab>,
    pub(super) bg: Option<Lab>,
}

impl Tones {
    /// How far off all parts are together, squared.
    pub(super) fn error(&self, parts: &[Part], background: Lab) -> f32 {
        let drawn = |n: usize| match self.shade {
            Some(shade) => Some(shade.lab),
            None if self.mask >> n & 1 == 1 => self.fg,
            None => self.bg,
        };
        parts.iter().enumerate().map(|(n, part)| part.error(drawn(n), background)).sum()
    }
}

/// The mask of the parts that are covered.
pub(super) fn coverage(parts: &[Part]) -> u8 {
    let covered = |(n, part): (usize, &Part)| u8::from(part.covered()) << n;
    parts.iter().enumerate().map(covered).sum()
}

/// The mean colour of the parts in `mask`; none where it is empty.
pub(super) fn mean(parts: &[Part], mask: u8) -> Option<Lab> {
    let (mut sum, mut weight) = ([0.0; 3], 0.0);
    for (_, part) in parts.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1) {
        (0..3).for_each(|n| sum[n] += part.lab[n]);
        weight += 1.0;
    }
    (weight > 0.0).then(|| sum.map(|v| v / weight))
}

/// The division of covered parts into two sets, each in its mean colour, of least squared error,
/// and by how much the error is less than with one colour for all. The last part is never in the
/// set: it and its complement are the same division.
///
/// All divisions are tried, of which eight parts have 127. With colours taken from their mean, the
/// sum of a set is that of its complement, negated; so the error saved by dividing is |sum|² times
/// a number that depends only on how many are in each.
pub(super) fn divide(parts: &[Part]) -> (u8, f32) {
    let parts = &parts[..parts.len().min(MAX_PARTS)];
    let Some((_, rest)) = parts.split_last() else {
        return (0, 0.0);
    };
    let sums = sums(rest, mean(parts, u8::MAX).unwrap_or_default());
    let gains = GAINS[parts.len()].iter().enumerate();
    let mut best = (0, 0.0);
    for (mask, weight) in gains.take(1 << rest.len()) {
        let gain = square(&sums, mask) * weight;
        if gain > best.1 {
            best = (mask, gain);
        }
    }
    (u8::try_from(best.0).unwrap_or(0), best.1)
}

/// Those of the covered parts that share one colour while the others are left out, where the
/// background may be seen: the set of least squared error. All sets are tried. Never none.
///
/// With colours taken from the background, what a set saves is |sum|² divided by how many it has.
pub(super) fn keep(parts: &[Part], covered: u8, background: Lab) -> u8 {
    let mut places = [0; MAX_PARTS];
    let mut kept = [Part::default(); MAX_PARTS];
    let mut count = 0;
    for (n, part) in parts.iter().enumerate().filter(|(n, _)| covered >> n & 1 == 1) {
        (places[count], kept[count]) = (n, *part);
        count += 1;
    }
    // A cell whose parts are all covered does not come here.
    let sums = sums(&kept[..count.min(MAX_PARTS - 1)], background);
    let mut best = (0, f32::NEG_INFINITY);
    for mask in 1..1_usize << count.min(MAX_PARTS - 1) {
        let inside = mask.count_ones() as f32;
        let gain = square(&sums, mask) / inside + inside * LEFT_OUT;
        if gain > best.1 {
            best = (mask, gain);
        }
    }
    (0..count).filter(|n| best.0 >> n & 1 == 1).fold(0, |mask, n| mask | 1 << places[n])
}

/// For each set of parts the sum of their colours, taken from some colour: by axis and mask.
type Sums = [[f32; 1 << (MAX_PARTS - 1)]; 3];

fn sums(parts: &[Part], from: Lab) -> Sums {
    let mut sums = [[0.0; 1 << (MAX_PARTS - 1)]; 3];
    for (n, part) in parts.iter().enumerate() {
        for (axis, sums) in sums.iter_mut().enumerate() {
            let off = part.lab[axis] - from[axis];
            let (known, new) = sums.split_at_mut(1 << n);
            new.iter_mut().zip(known).for_each(|(new, known)| *new = *known + off);
        }
    }
    sums
}

fn square(sums: &Sums, mask: usize) -> f32 {
    let [x, y, z] = [sums[0][mask], sums[1][mask], sums[2][mask]];
    x * x + y * y + z * z
}

/// 1/k + 1/(n - k) for k parts in a mask of n, by n and mask.
static GAINS: [[f32; 1 << (MAX_PARTS - 1)]; MAX_PARTS + 1] = gains();

const fn gains() -> [[f32; 1 << (MAX_PARTS - 1)]; MAX_PARTS + 1] {
    let mut table = [[0.0; 1 << (MAX_PARTS - 1)]; MAX_PARTS + 1];
    let mut parts = 1;
    while parts <= MAX_PARTS {
        let mut mask = 1_usize;
        while mask < 1 << (parts - 1) {
            let (inside, all) = (mask.count_ones() as f32, parts as f32);
            table[parts][mask] = 1.0 / inside + 1.0 / (all - inside);
            mask += 1;
        }
        parts += 1;
    }
    table
}

/// The best two of a few colours for covered parts: their places, the mask of those in the first
/// (never the last part), and the error. All pairs are tried.
pub(super) fn best_pair(parts: &[Part], colors: &[Lab]) -> (u8, usize, usize) {
    let off: [[f32; MAX_PARTS]; MAX_PAIRED] = std::array::from_fn(|color| {
        std::array::from_fn(|n| match (colors.get(color), parts.get(n)) {
            (Some(color), Some(part)) => difference(*color, part.lab),
            _ => 0.0,
        })
    });
    let count = colors.len().min(MAX_PAIRED);
    let mut best = (f32::INFINITY, 0, 0);
    for first in 0..count {
        for second in first..count {
            let pairs = off[first].iter().zip(&off[second]);
            let error = pairs.map(|(a, b)| a.min(*b)).sum();
            if error < best.0 {
                best = (error, first, second);
            }
        }
    }
    let (_, first, second) = best;
    assign(parts, colors, first, second)
}

/// As many colours as [`best_pair`] looks at.
const MAX_PAIRED: usize = 16;

/// Each part in the nearer of two colours; the last part's is the second.
pub(super) fn assign(
    parts: &[Part],
    colors: &[Lab],
    first: usize,
    second: usize,
) -> (u8, usize, usize) {
    let nearer =
        |part: &Part| difference(part.lab, colors[first]) < difference(part.lab, colors[second]);
    let set = parts.iter().enumerate();
    let mask = set.fold(0_u8, |mask, (n, part)| mask | u8::from(nearer(part)) << n);
    let full = u8::MAX >> (MAX_PARTS - parts.len().min(MAX_PARTS));
    if parts.last().is_some_and(nearer) {
        (!mask & full, second, first)
    } else {
        (mask, first, second)
    }
}
