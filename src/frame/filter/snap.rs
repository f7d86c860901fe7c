//! Few colours in chunky pixels, with ordered dither: Yliluoma's first algorithm (J. Yliluoma,
//! "Arbitrary-palette positional dithering algorithm", 2011) in a small form. For each colour it
//! looks for the two of the palette whose mixture is nearest, and a threshold matrix that lies on
//! the grid says which of them a place shows.

use super::part::Part;
use super::{Stage, length};
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// The sixteen colours of the Enhanced Graphics Adapter at start, which are CGA's: IBM, "Enhanced
/// Graphics Adapter", 1984; colour 6 is brown, as on the 5153 display.
pub const EGA: [[u8; 3]; 16] = [
    [0x00, 0x00, 0x00],
    [0x00, 0x00, 0xaa],
    [0x00, 0xaa, 0x00],
    [0x00, 0xaa, 0xaa],
    [0xaa, 0x00, 0x00],
    [0xaa, 0x00, 0xaa],
    [0xaa, 0x55, 0x00],
    [0xaa, 0xaa, 0xaa],
    [0x55, 0x55, 0x55],
    [0x55, 0x55, 0xff],
    [0x55, 0xff, 0x55],
    [0x55, 0xff, 0xff],
    [0xff, 0x55, 0x55],
    [0xff, 0x55, 0xff],
    [0xff, 0xff, 0x55],
    [0xff, 0xff, 0xff],
];

/// A palette in chunky pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Snap {
    /// The colours, 16 at most.
    pub palette: Vec<[u8; 3]>,
    /// The side of a chunky pixel, a share of the picture's shorter side; a pixel at least.
    pub cell: f32,
    /// How far apart two colours may be that are mixed, 0 (nothing is) to 1 (all may be).
    pub dither: f32,
    /// The colour of the chunky pixels right beside what is drawn.
    pub outline: Option<[u8; 3]>,
}

/// The most colours of a palette.
const MAX_COLORS: usize = 16;
/// Bayer's 2×2 threshold matrix: of four places, so many show the second colour.
const BAYER: [[u8; 2]; 2] = [[0, 2], [3, 1]];
/// Covered less than this, a chunky pixel is transparent.
const OPAQUE_FROM: u32 = 128;
/// Colours are looked up by the upper five bits of each channel.
const BITS: u32 = 5;

/// Two colours of the palette, and of four places how many show the second.
#[derive(Clone, Copy)]
struct Mix {
    first: u8,
    second: u8,
    quarters: u8,
}

pub(super) struct Snapper {
    snap: Snap,
    /// What was found for a colour so far. A pet has some hundred, a table of all would take longer
    /// than the first frame may.
    known: Vec<Option<Mix>>,
    cells: Vec<PremultipliedColorU8>,
}

impl Snapper {
    pub(super) fn new(snap: &Snap) -> Self {
        let mut snap = snap.clone();
        snap.palette.truncate(MAX_COLORS);
        if snap.palette.is_empty() {
            snap.palette = EGA.to_vec();
        }
        Self { snap, known: vec![None; 1 << (3 * BITS)], cells: Vec::new() }
    }

    fn cell(&self, side: u32) -> usize {
        usize::from(crate::units::round_u16(length(self.snap.cell, side))).max(1)
    }

    /// What stands for a colour at a place of the grid.
    fn shown(&mut self, rgb: [u8; 3], x: usize, y: usize) -> PremultipliedColorU8 {
        let mix = self.mix(rgb);
        let shown = if mix.quarters > BAYER[y % 2][x % 2] { mix.second } else { mix.first };
        opaque(self.snap.palette[usize::from(shown)])
    }

    fn mix(&mut self, rgb: [u8; 3]) -> Mix {
        let index = rgb.iter().fold(0, |sum, c| sum << BITS | usize::from(c >> (8 - BITS)));
        if let Some(known) = self.known[index] {
            return known;
        }
        // The middle of what is looked up together, ends kept.
        let rgb = rgb.map(|c| (c >> (8 - BITS)) << (8 - BITS) | c >> BITS);
        let found = best(&self.snap.palette, self.snap.dither, rgb);
        self.known[index] = Some(found);
        found
    }
}

/// How much two colours differ. Luma counts once more, but not more than hue, or violet were red.
fn difference(a: [f32; 3], b: [f32; 3]) -> f32 {
    let [r, g, b] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    (r * r + g * g + b * b + luma * luma) / 4.0
}

/// How far apart two colours are that are seen side by side: hues count as much as light, or violet were
/// red beside blue.
fn apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    0.25 * (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f32>()
}

fn best(palette: &[[u8; 3]], dither: f32, rgb: [u8; 3]) -> Mix {
    let wanted = rgb.map(f32::from);
    let colors: Vec<[f32; 3]> = palette.iter().map(|rgb| rgb.map(f32::from)).collect();
    // Half of how far a mixture may lie apart is what it is charged for.
    let charge = (1.0 - dither.clamp(0.0, 1.0)) * 0.5 + 0.02;
    let mut best = (f32::INFINITY, Mix { first: 0, second: 0, quarters: 0 });
    for (first, a) in (0_u8..).zip(&colors) {
        for (second, b) in (0_u8..).zip(&colors).skip(usize::from(first)) {
            let apart = apart(*a, *b);
            let shares = if first == second || dither <= 0.0 { 0..1 } else { 1..4 };
            for quarters in shares {
                let share = f32::from(quarters) / 4.0;
                let mixed = [0, 1, 2].map(|n| a[n] + (b[n] - a[n]) * share);
                let even = 1.0 - (share - 0.5).abs();
                let off = difference(wanted, mixed) + apart * charge * even;
                if off < best.0 {
                    best = (off, Mix { first, second, quarters });
                }
            }
        }
    }
    best.1
}

impl Stage for Snapper {
    fn touched(&self, part: Part, side: u32) -> Part {
        let cell = self.cell(side);
        part.grown(if self.snap.outline.is_some() { cell } else { 0 }).aligned(cell)
    }

    fn draw(&mut self, from: &Pixmap, into: &mut Pixmap, part: Part) {
        let (width, height) = (from.width() as usize, from.height() as usize);
        let cell = self.cell(from.width().min(from.height()));
        let part = part.aligned(cell);
        // With a ring of their neighbours, of which some lie outside.
        let (across, down) = (part.width() / cell + 2, part.height() / cell + 2);
        self.cells.clear();
        self.cells.resize(across * down, PremultipliedColorU8::TRANSPARENT);
        let left = |n: usize| (part.left + n * cell).checked_sub(cell).filter(|left| *left < width);
        let top = |n: usize| (part.top + n * cell).checked_sub(cell).filter(|top| *top < height);
        for y in 0..down {
            for x in 0..across {
                if let (Some(left), Some(top)) = (left(x), top(y)) {
                    let columns = left..(left + cell).min(width);
                    let rows = top..(top + cell).min(height);
                    if let Some(rgb) = mean(from.pixels(), width, rows, columns) {
                        self.cells[y * across + x] = self.shown(rgb, left / cell, top / cell);
                    }
                }
            }
        }
        let outline = self.snap.outline.map(opaque);
        for y in 1..down - 1 {
            for x in 1..across - 1 {
                let (Some(left), Some(top)) = (left(x), top(y)) else { continue };
                let at = y * across + x;
                let covered = |at: usize| self.cells[at].alpha() > 0;
                let beside = [at - 1, at + 1, at - across, at + across].into_iter().any(covered);
                let pixel = match outline {
                    Some(outline) if beside && !covered(at) => outline,
                    _ => self.cells[at],
                };
                let right = (left + cell).min(width);
                for y in top..(top + cell).min(height) {
                    into.pixels_mut()[y * width + left..y * width + right].fill(pixel);
                }
            }
        }
    }
}

fn opaque([r, g, b]: [u8; 3]) -> PremultipliedColorU8 {
    tiny_skia::ColorU8::from_rgba(r, g, b, 255).premultiply()
}

/// The straight colour of a chunky pixel, if it is covered.
fn mean(
    pixels: &[PremultipliedColorU8],
    width: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Option<[u8; 3]> {
    let (mut sum, mut count) = ([0_u32; 4], 0);
    for y in rows {
        for pixel in &pixels[y * width + columns.start..y * width + columns.end] {
            let parts = [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()];
            (0..4).for_each(|n| sum[n] += u32::from(parts[n]));
            count += 1;
        }
    }
    let [r, g, b, alpha] = sum;
    (alpha >= OPAQUE_FROM * count.max(1))
        .then(|| [r, g, b].map(|c| u8::try_from((c * 255 + alpha / 2) / alpha).unwrap_or(255)))
}
