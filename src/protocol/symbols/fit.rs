//! The best glyph for a cell: which sub-cells share which of two colours.

use super::color::{Lab, difference};
use super::glyphs::MAX_PARTS;

/// What stands between two colours and the terminal's own: so far off, squared, is a sub-cell drawn
/// that ought to be transparent, and the other way round. It weighs coverage against colour where a
/// cell is kept; measured with `benches/symbols.rs`: larger costs bytes at every moving edge,
/// smaller frays them.
const UNCOVERED: f32 = 0.03;

/// One sub-cell of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// The colour of what is covered.
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

    /// How far off it is drawn in a colour, or transparent; squared.
    fn error(&self, drawn: Option<Lab>) -> f32 {
        match drawn {
            Some(lab) => {
                let bare = 1.0 - self.alpha;
                self.alpha * difference(self.lab, lab) + bare * bare * UNCOVERED
            }
            None => self.alpha * self.alpha * UNCOVERED,
        }
    }
}

/// A cell as it is drawn: the sub-cells in `mask` in one colour, the others in another; none is
/// transparent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tones {
    pub(super) mask: u8,
    pub(super) fg: Option<Lab>,
    pub(super) bg: Option<Lab>,
}

impl Tones {
    /// How far off all parts are together, squared.
    pub(super) fn error(&self, parts: &[Part]) -> f32 {
        let drawn = |n: usize| if self.mask >> n & 1 == 1 { self.fg } else { self.bg };
        parts.iter().enumerate().map(|(n, part)| part.error(drawn(n))).sum()
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
    const HALF: usize = 1 << (MAX_PARTS - 1);
    let parts = &parts[..parts.len().min(MAX_PARTS)];
    let Some((_, rest)) = parts.split_last() else {
        return (0, 0.0);
    };
    let center = mean(parts, u8::MAX).unwrap_or_default();
    let mut sums = [[0.0_f32; HALF]; 3];
    for (n, part) in rest.iter().enumerate() {
        for (axis, sums) in sums.iter_mut().enumerate() {
            let off = part.lab[axis] - center[axis];
            let (known, new) = sums.split_at_mut(1 << n);
            new.iter_mut().zip(known).for_each(|(new, known)| *new = *known + off);
        }
    }
    let gains = &GAINS[parts.len()];
    let mut best = (0, 0.0);
    for mask in 0..1 << rest.len() {
        let [x, y, z] = [sums[0][mask], sums[1][mask], sums[2][mask]];
        let gain = (x * x + y * y + z * z) * gains[mask];
        if gain > best.1 {
            best = (mask, gain);
        }
    }
    (u8::try_from(best.0).unwrap_or(0), best.1)
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
