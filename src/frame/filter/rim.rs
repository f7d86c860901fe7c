//! Rims: bands of colour around what is drawn, as around a sticker.
//!
//! A band is where the distance to the drawing's edge lies in its range. That distance is exact but for
//! the edge of a pixel covered in part, which is taken for a straight line across its gradient (after
//! S. Gustavson and R. Strand, "Anti-aliased Euclidean distance transform", 2011). It is found first
//! along columns and then along rows (A. Meijster and others, "A general algorithm for computing
//! distance transforms in linear time", 2000), by trying every column in reach: bands are thin, and
//! such loops run on many pixels at once.

use super::part::Part;
use super::{Stage, byte, length, pixels};
use std::ops::Range;
use tiny_skia::Pixmap;

/// Bands around what is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Rim {
    /// From the inside out.
    pub bands: Vec<Band>,
    /// What lies below the drawing where one can see through it; without, the ground.
    pub paper: Option<[u8; 3]>,
}

/// A band of a rim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its width, a share of the picture's shorter side.
    pub width: f32,
    /// Its colour and opacity.
    pub color: [u8; 4],
}

/// The most bands of a rim.
pub const MAX_BANDS: usize = 4;
/// What is covered less is a shade or a haze, and has no rim.
const SOLID_FROM: u8 = 128;
/// What is covered less is no edge.
const EDGE_FROM: u8 = 16;
/// So many opaque pixels between others cost less than to begin anew after them.
const ALONG: usize = 12;
/// Farther away than anything.
const FAR: f32 = 1e6;

/// A rim being drawn.
pub(super) struct Hem {
    rim: Rim,
    /// For the rows of a part, each column's nearest edge: how far away it is up or down, squared,
    /// and how far beside its pixel's middle.
    columns: Vec<[f32; 2]>,
    squares: Vec<f32>,
    beside: Vec<f32>,
    nearest: Vec<f32>,
}

impl Hem {
    pub(super) fn new(rim: &Rim) -> Self {
        let mut rim = rim.clone();
        rim.bands.truncate(MAX_BANDS);
        let (columns, squares, beside, nearest) = Default::default();
        Self { rim, columns, squares, beside, nearest }
    }

    /// The bands' outer edges in pixels, and their colours.
    fn bands(&self, side: u32) -> Vec<(f32, [f32; 4])> {
        let mut outer = 0.0;
        let band = |band: &Band| {
            // Thinner than most of a pixel is seen as dirt.
            outer += length(band.width, side).max(0.75);
            (outer, band.color.map(f32::from))
        };
        self.rim.bands.iter().map(band).collect()
    }

    fn reach(&self, side: u32) -> usize {
        self.bands(side).last().map_or(0, |(outer, _)| pixels(*outer) + 1)
    }

    /// Fills `columns` for the rows of `part`, over the columns of `wide`.
    fn fall(&mut self, from: &Pixmap, part: Part, wide: Part) -> bool {
        let columns = wide.width();
        self.columns.clear();
        self.columns.resize(columns * part.height(), [FAR * FAR, 0.0]);
        let mut any = false;
        // The edge above, by its place; then the one below.
        let mut above = vec![[-FAR, 0.0]; columns];
        for y in wide.top..part.bottom {
            any |= edges(from, wide, y, &mut above);
            if y >= part.top {
                let row = &mut self.columns[(y - part.top) * columns..][..columns];
                nearer(row, &above, y);
            }
        }
        let mut below = vec![[FAR, 0.0]; columns];
        for y in (part.top..wide.bottom).rev() {
            any |= edges(from, wide, y, &mut below);
            if y < part.bottom {
                let row = &mut self.columns[(y - part.top) * columns..][..columns];
                nearer(row, &below, y);
            }
        }
        any
    }

    /// The distances of a row's pixels from `span` to the nearest edge, squared, in `nearest`; whether
    /// there is an edge in reach.
    fn sweep(&mut self, row: usize, span: Range<usize>, wide: Part, reach: usize) -> bool {
        let columns = wide.width();
        let from = span.start.saturating_sub(reach).max(wide.left);
        let to = (span.end + reach).min(wide.right);
        let found = &self.columns[row * columns..][from - wide.left..to - wide.left];
        let count = span.len();
        self.squares.clear();
        self.squares.resize(count + 2 * reach, FAR * FAR);
        self.beside.clear();
        self.beside.resize(count + 2 * reach, 0.0);
        // The span's first pixel less the reach is the first of the padded row.
        let first = from + reach - span.start;
        let farthest = (reach * reach) as f32;
        let mut any = false;
        for (n, [square, beside]) in found.iter().enumerate() {
            (self.squares[first + n], self.beside[first + n]) = (*square, *beside);
            any |= *square < farthest;
        }
        if !any {
            return false;
        }
        self.nearest.clear();
        self.nearest.resize(count, FAR * FAR);
        for shift in 0..=2 * reach {
            let off = shift as f32 - reach as f32;
            let squares = &self.squares[shift..shift + count];
            let beside = &self.beside[shift..shift + count];
            for ((nearest, square), beside) in self.nearest.iter_mut().zip(squares).zip(beside) {
                let across = off + beside;
                *nearest = nearest.min(across * across + square);
            }
        }
        true
    }
}

/// The next pixels of a row, from `from` on, that something below would be seen through; short
/// stretches of opaque ones between them are taken along.
fn clear(row: &[u8], from: usize) -> Option<Range<usize>> {
    let opaque = |n: usize| row[n * 4 + 3] == 255;
    let count = row.len() / 4;
    let start = (from..count).find(|n| !opaque(*n))?;
    let mut end = start + 1;
    while let Some(next) = (end..count.min(end + ALONG)).rev().find(|n| !opaque(*n)) {
        end = next + 1;
    }
    Some(start..end)
}

/// Takes up the edges of a row.
fn edges(from: &Pixmap, wide: Part, y: usize, last: &mut [[f32; 2]]) -> bool {
    let width = from.width() as usize;
    let height = from.height() as usize;
    let data = from.data();
    let alpha = |x: usize, y: usize| data[(y * width + x) * 4 + 3];
    let mut any = false;
    for (x, last) in (wide.left..wide.right).zip(last) {
        let own = alpha(x, y);
        if own < EDGE_FROM {
            continue;
        }
        if own == 255 {
            (*last, any) = ([y as f32, 0.0], true);
            continue;
        }
        let left = alpha(x.saturating_sub(1), y);
        let right = alpha((x + 1).min(width - 1), y);
        let up = alpha(x, y.saturating_sub(1));
        let down = alpha(x, (y + 1).min(height - 1));
        let solid = [left, right, up, down].into_iter().any(|alpha| alpha >= SOLID_FROM);
        if own < SOLID_FROM && !solid {
            continue;
        }
        any = true;
        // Where the gradient points the drawing is; its edge lies that much farther there.
        let toward = [f32::from(right) - f32::from(left), f32::from(down) - f32::from(up)];
        let steep = (toward[0] * toward[0] + toward[1] * toward[1]).sqrt();
        let missing = 1.0 - f32::from(own) / 255.0;
        let by = if steep > 64.0 { missing / steep } else { 0.0 };
        *last = [y as f32 + toward[1] * by, toward[0] * by];
    }
    any
}

fn nearer(row: &mut [[f32; 2]], edges: &[[f32; 2]], y: usize) {
    for (best, [at, beside]) in row.iter_mut().zip(edges) {
        let down = at - y as f32;
        if down * down < best[0] {
            *best = [down * down, *beside];
        }
    }
}

impl Stage for Hem {
    fn touched(&self, part: Part, side: u32) -> Part {
        part.grown(self.reach(side))
    }

    fn draw(&mut self, from: &Pixmap, into: &mut Pixmap, part: Part) {
        let side = from.width().min(from.height());
        let (bands, reach) = (self.bands(side), self.reach(side));
        let (width, height) = (from.width() as usize, from.height() as usize);
        let whole = Part { left: 0, top: 0, right: width, bottom: height };
        let wide = part.grown(reach).within(whole);
        let any = self.fall(from, part, wide);
        let paper = self.rim.paper.map(|rgb| rgb.map(f32::from));
        for y in part.top..part.bottom {
            let row = (y * width + part.left) * 4..(y * width + part.right) * 4;
            into.data_mut()[row.clone()].copy_from_slice(&from.data()[row.clone()]);
            if !any {
                continue;
            }
            let farthest = (reach * reach) as f32;
            let line = &mut into.data_mut()[row];
            let mut next = 0;
            while let Some(span) = clear(line, next) {
                next = span.end;
                let at = part.left + span.start..part.left + span.end;
                if !self.sweep(y - part.top, at, wide, reach) {
                    continue;
                }
                let pixels = line[span.start * 4..span.end * 4].chunks_exact_mut(4);
                for (pixel, square) in pixels.zip(&self.nearest) {
                    if *square < farthest && pixel[3] < 255 {
                        below(pixel, square.sqrt(), &bands, paper);
                    }
                }
            }
        }
    }
}

/// Paints what lies below a pixel that is so far from the edge; a pixel that the drawing covers is 0
/// away, one beside it 1.
fn below(pixel: &mut [u8], distance: f32, bands: &[(f32, [f32; 4])], paper: Option<[f32; 3]>) {
    let mut under = [0.0; 4];
    let mut lay = |color: [f32; 4], share: f32| {
        let alpha = color[3] / 255.0 * share;
        for n in 0..3 {
            under[n] += (color[n] * color[3] / 255.0 * share) - under[n] * alpha;
        }
        under[3] += 255.0 * alpha - under[3] * alpha;
    };
    for (outer, color) in bands.iter().rev() {
        lay(*color, (outer + 1.0 - distance).clamp(0.0, 1.0));
    }
    if let Some([r, g, b]) = paper {
        lay([r, g, b, 255.0], (1.0 - 2.0 * distance).clamp(0.0, 1.0));
    } else if distance < 1.0 / 64.0 {
        return;
    }
    let clear = 1.0 - f32::from(pixel[3]) / 255.0;
    for (pixel, under) in pixel.iter_mut().zip(under) {
        *pixel = byte(f32::from(*pixel) + under * clear);
    }
}
