//! Block elements of Unicode (U+2580–U+259F), for terminals with colours but no pictures.
//!
//! A cell has two colours and so shows two half blocks, or four quadrants of which two may differ.
//! See `protocols/symbols.md`.

use super::cells::{Cell, Grid, Ink, positions};
use super::{EncodeError, Encoder, Feed, Placement, check_size};
use crate::frame::Frame;
use crate::frame::quantize::{OPAQUE_FROM, distance};

/// Which glyphs to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SymbolMode {
    /// `▀` and `▄`: one colour for each half of a cell; in every font.
    #[default]
    HalfBlock,
    /// `▘▝▀▖▌▞▛▗▚▐▜▄▙▟`: twice as fine across, two colours for four quarters.
    Quadrant,
}

/// How many colours the terminal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColorDepth {
    /// 24 bits.
    #[default]
    TrueColor,
    /// xterm's 256.
    Indexed256,
    /// The 16 of aixterm, in the shades of xterm.
    Ansi16,
}

/// How a [`Symbols`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SymbolsConfig {
    /// The glyphs.
    pub mode: SymbolMode,
    /// The colours.
    pub depth: ColorDepth,
}

/// The encoder for block elements.
#[derive(Debug)]
pub struct Symbols {
    config: SymbolsConfig,
    grid: Grid,
}

/// The glyph for a set of quadrants: bit 0 top left, 1 top right, 2 bottom left, 3 bottom right.
const QUADRANTS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

impl Symbols {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: SymbolsConfig) -> Self {
        let grid = Grid::new(true);
        Self { config, grid }
    }

    fn cell(&self, frame: &Frame, at: &Placement, col: u32, row: u32) -> Cell {
        let across = match self.config.mode {
            SymbolMode::HalfBlock => 1,
            SymbolMode::Quadrant => 2,
        };
        let part = |n: u32| sample(frame, at, (col, row), (n % across, n / across), across).rgb();
        let (set, fg, bg) = match self.config.mode {
            SymbolMode::HalfBlock => halves(part(0), part(1)),
            SymbolMode::Quadrant => quarters([part(0), part(1), part(2), part(3)]),
        };
        let (fg, bg) = (self.ink(fg), self.ink(bg));
        match set {
            _ if fg == Ink::Default => Cell::BLANK,
            _ if fg == bg => solid(fg),
            15 => solid(fg),
            set => Cell { glyph: QUADRANTS[set], fg, bg },
        }
    }

    fn ink(&self, color: Option<[u8; 3]>) -> Ink {
        match (color, self.config.depth) {
            (None, _) => Ink::Default,
            (Some(rgb), ColorDepth::TrueColor) => Ink::Rgb(rgb),
            (Some(rgb), ColorDepth::Indexed256) => Ink::Indexed(nearest_256(rgb)),
            (Some(rgb), ColorDepth::Ansi16) => Ink::Ansi(nearest_16(rgb)),
        }
    }
}

/// A cell of one colour: a space, as no font leaves gaps in a background.
fn solid(color: Ink) -> Cell {
    Cell { glyph: ' ', fg: Ink::Default, bg: color }
}

impl Encoder for Symbols {
    fn feed(&self) -> Feed {
        Feed::Stream
    }

    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        check_size(frame, at)?;
        let cells = positions(at).map(|(col, row)| self.cell(frame, at, col, row)).collect();
        self.grid.draw(cells, at, out);
        Ok(())
    }

    fn erase(&mut self, out: &mut Vec<u8>) {
        self.grid.erase(out);
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.grid.erase(out);
    }

    fn farewell(&self, out: &mut Vec<u8>) {
        self.grid.farewell(out);
    }

    fn invalidate(&mut self) {
        self.grid.forget();
    }
}

/// A set of quadrants in the first colour, the others in the second; none is transparent.
type TwoTone = (usize, Option<[u8; 3]>, Option<[u8; 3]>);

fn halves(top: Option<[u8; 3]>, bottom: Option<[u8; 3]>) -> TwoTone {
    if top.is_some() { (0b0011, top, bottom) } else { (0b1100, bottom, None) }
}

/// Where a quarter is transparent, the others share one colour; else the best of the seven ways to
/// share two.
fn quarters(parts: [Option<[u8; 3]>; 4]) -> TwoTone {
    let opaque = (0..4).filter(|n| parts[*n].is_some());
    let set = opaque.fold(0, |set, n| set | 1 << n);
    if set != 15 {
        return (set, mean(&parts, set), None);
    }
    let error = |set: usize| spread(&parts, set) + spread(&parts, !set & 15);
    // Bit 3 stays out: a set and its complement are the same division.
    let best = (1..8).min_by_key(|set| error(*set)).unwrap_or(15);
    if spread(&parts, 15) == 0 {
        return (15, mean(&parts, 15), None);
    }
    (best, mean(&parts, best), mean(&parts, !best & 15))
}

fn members(parts: &[Option<[u8; 3]>; 4], set: usize) -> impl Iterator<Item = [u8; 3]> + Clone + '_ {
    let chosen = move |n: &usize| set >> n & 1 == 1;
    (0..4).filter(chosen).filter_map(|n| parts[n])
}

fn mean(parts: &[Option<[u8; 3]>; 4], set: usize) -> Option<[u8; 3]> {
    let members = members(parts, set);
    let count = u32::try_from(members.clone().count()).unwrap_or(0);
    let axis = |axis: usize| {
        let sum: u32 = members.clone().map(|rgb| u32::from(rgb[axis])).sum();
        u8::try_from((sum + count / 2) / count).unwrap_or(255)
    };
    (count > 0).then(|| std::array::from_fn(axis))
}

/// The sum of squared distances to the mean.
fn spread(parts: &[Option<[u8; 3]>; 4], set: usize) -> u32 {
    let Some(mean) = mean(parts, set) else {
        return 0;
    };
    members(parts, set).map(|rgb| distance(rgb, mean)).sum()
}

/// The average of some area, premultiplied; each channel is a sum of `weight` samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Average {
    sum: [u64; 4],
    weight: u64,
}

impl Average {
    /// How much of the area is covered, 0 to 255.
    pub(super) fn alpha(&self) -> u8 {
        let weight = self.weight.max(1);
        u8::try_from((self.sum[3] + weight / 2) / weight).unwrap_or(255)
    }

    /// The straight colour, or none where less than half is covered.
    pub(super) fn rgb(&self) -> Option<[u8; 3]> {
        (self.alpha() >= OPAQUE_FROM).then(|| self.color())
    }

    /// The straight colour of what is covered.
    pub(super) fn color(&self) -> [u8; 3] {
        let alpha = self.sum[3].max(1);
        std::array::from_fn(|n| {
            u8::try_from((self.sum[n] * 255 + alpha / 2) / alpha).unwrap_or(255)
        })
    }
}

/// The average of one part of a cell, where a cell has `across` × 2 parts. A pixel on the border of
/// two parts counts half for each.
pub(super) fn sample(
    frame: &Frame,
    at: &Placement,
    (col, row): (u32, u32),
    (part_x, part_y): (u32, u32),
    across: u32,
) -> Average {
    let (width, height) = (u32::from(at.cell.width), u32::from(at.cell.height));
    // In units of half a pixel, so that the middle of an odd cell is a whole number.
    let half = 2 / across;
    let left = 2 * col * width + part_x * width;
    let top = 2 * row * height + part_y * height;
    let (right, bottom) = (left + half * width, top + height);
    let mut average = Average::default();
    for y in top / 2..bottom.div_ceil(2) {
        let wy = u64::from(bottom.min(2 * y + 2) - top.max(2 * y));
        for x in left / 2..right.div_ceil(2) {
            let weight = wy * u64::from(right.min(2 * x + 2) - left.max(2 * x));
            if let Some(p) = frame.pixmap().pixel(x, y) {
                let channels = [p.red(), p.green(), p.blue(), p.alpha()];
                for (sum, v) in average.sum.iter_mut().zip(channels) {
                    *sum += weight * u64::from(v);
                }
            }
            average.weight += weight;
        }
    }
    average
}

/// The levels of xterm's 6×6×6 cube (its `256colres.pl`).
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of xterm's colours 16 to 255; 0 to 15 are the user's own.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    let level = |v: u8| (0..6_u8).min_by_key(|n| CUBE[usize::from(*n)].abs_diff(v));
    let [r, g, b] = rgb.map(|v| level(v).unwrap_or(0));
    let cube = [r, g, b].map(|n| CUBE[usize::from(n)]);
    let total: u32 = rgb.iter().map(|v| u32::from(*v)).sum();
    // Greys 8, 18, … 238.
    let step = (total / 3).saturating_sub(3) / 10;
    let step = u8::try_from(step.min(23)).unwrap_or(23);
    let grey = [8 + 10 * step; 3];
    if distance(rgb, grey) < distance(rgb, cube) { 232 + step } else { 16 + 36 * r + 6 * g + b }
}

/// xterm's sixteen colours (XTerm-col.ad).
const ANSI: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

fn nearest_16(rgb: [u8; 3]) -> u8 {
    (0..16_u8).min_by_key(|n| distance(ANSI[usize::from(*n)], rgb)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_256_colours_map_to_themselves() {
        for n in 16..=231_u8 {
            let c = usize::from(n - 16);
            let rgb = [CUBE[c / 36], CUBE[c / 6 % 6], CUBE[c % 6]];
            assert_eq!(nearest_256(rgb), n);
        }
        for n in 232..=255_u8 {
            assert_eq!(nearest_256([8 + 10 * (n - 232); 3]), n);
        }
        for n in 0..16_u8 {
            assert_eq!(nearest_16(ANSI[usize::from(n)]), n);
        }
    }

    #[test]
    fn quarters_choose_the_best_division() {
        let (red, blue) = (Some([255, 0, 0]), Some([0, 0, 255]));
        assert_eq!(quarters([red, blue, blue, red]), (0b0110, blue, red));
        assert_eq!(quarters([red; 4]), (15, red, None));
        assert_eq!(quarters([None, red, None, None]), (2, red, None));
        assert_eq!(quarters([None; 4]), (0, None, None));
    }
}
