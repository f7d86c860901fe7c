//! Sixel (DEC STD 070 §8 and the VT330/VT340 programmer's reference, chapter 14): opaque pixels in
//! up to 256 colours. What we send and why is told in `protocols/sixel.md`.
//!
//! The palette stays the same from frame to frame as long as it fits, since a pixel whose colour
//! does not change must not flicker. The picture must not reach the screen's last row: the caller
//! sees to that.

use super::cells::wipe;
use super::passthrough::Passthrough;
use super::{EncodeError, Encoder, Feed, Placement, check_size, cursor_to};
use crate::frame::Frame;
use crate::frame::dither;
use crate::frame::quantize::{Indexed, Nudge, Palette, distance, opaque_rgb};
use crate::units::CellPosition;
use std::io::Write as _;

/// How a [`Sixel`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SixelConfig {
    /// How many colour registers the terminal has (XTSMGRAPHICS item 1); 2 to 256 are used.
    pub registers: u16,
    /// Whether to dither where the colours do not suffice.
    pub dither: bool,
    /// The multiplexer between.
    pub passthrough: Passthrough,
}

impl Default for SixelConfig {
    /// 256 registers, no dithering.
    fn default() -> Self {
        Self { registers: 256, dither: false, passthrough: Passthrough::None }
    }
}

/// The encoder for sixel.
#[derive(Debug)]
pub struct Sixel {
    config: SixelConfig,
    palette: Option<Colors>,
    /// Counts the palettes made anew, after which an index means another colour.
    generation: u64,
    drawn: Option<Drawn>,
    band: Band,
}

/// The palette and how well it fitted the frame it was made for.
#[derive(Debug)]
struct Colors {
    palette: Palette,
    error: u64,
}

#[derive(Debug)]
struct Drawn {
    at: Placement,
    indexed: Indexed,
    generation: u64,
}

/// Registers kept free for colours that only later frames have: one of eight.
const RESERVE: usize = 8;
/// A mean squared error up to this is never worth another palette: 2 steps a channel.
const GOOD: u64 = 12;
/// A colour farther than this from the palette's nearest is a new one: 12 steps a channel.
const FAR: u32 = 432;

impl Sixel {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: SixelConfig) -> Self {
        Self { config, palette: None, generation: 0, drawn: None, band: Band::default() }
    }

    fn registers(&self) -> usize {
        usize::from(self.config.registers).clamp(2, 256)
    }

    fn nudge(&self) -> Option<Nudge> {
        self.config.dither.then_some(dither::ordered as Nudge)
    }

    /// The frame in the palette's colours. A palette that fits badly gets more colours while there
    /// are free registers, and is made anew else.
    fn index(&mut self, frame: &Frame) -> Indexed {
        let (registers, nudge) = (self.registers(), self.nudge());
        if let Some(held) = &mut self.palette {
            let indexed = held.palette.map(frame, nudge);
            let fits = |error: u64| error <= (2 * held.error).max(GOOD);
            if fits(indexed.error) {
                return indexed;
            }
            let free = registers.saturating_sub(held.palette.colors().len());
            if free > 0 {
                let more = missing(frame, &mut held.palette, free);
                held.palette.extend(&more);
                let indexed = held.palette.map(frame, nudge);
                if fits(indexed.error) {
                    return indexed;
                }
            }
        }
        let most = registers - registers / RESERVE;
        let mut palette = Palette::of_frame(frame, most);
        let indexed = palette.map(frame, nudge);
        let error = indexed.error;
        self.generation += 1;
        if palette.colors().is_empty() {
            self.palette = None;
        } else {
            self.palette = Some(Colors { palette, error });
        }
        indexed
    }

    /// One picture: `DCS 7;1;0 q`, raster attributes, colours, bands. P2=1 leaves what is not
    /// drawn as it was; without `"1;1;w;h` foot 1.28 draws twice as high.
    fn picture(&mut self, pixels: &[Option<u8>], width: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(8192);
        let height = pixels.len() / width.max(1);
        let _ = write!(out, "\x1bP7;1;0q\"1;1;{width};{height}");
        let colors = self.palette.as_ref().map(|c| c.palette.colors());
        define_colors(colors.unwrap_or_default(), pixels, &mut out);
        let bands = pixels.chunks(6 * width.max(1));
        let last = bands.len().saturating_sub(1);
        for (n, rows) in bands.enumerate() {
            if n > 0 {
                out.push(b'-');
            }
            self.band.fill(rows, width);
            // mlterm takes the picture's width from its first and last bands.
            self.band.write(n == 0 || n == last, &mut out);
        }
        out.extend_from_slice(b"\x1b\\");
        out
    }

    /// Draws the cells `part` of the box, unless there is nothing in them.
    fn draw(&mut self, indexed: &Indexed, at: &Placement, part: Part, out: &mut Vec<u8>) {
        let (pixels, width) = part.crop(indexed, at);
        if pixels.iter().any(Option::is_some) {
            let picture = self.picture(&pixels, width);
            cursor_to(part.position(at), out);
            self.config.passthrough.wrap(&picture, out);
        }
    }
}

/// Some of a box's cells: columns and rows from the first to before the last. Pictures begin at
/// cells, and some terminals keep one a cell, so parts are whole cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    cols: (usize, usize),
    rows: (usize, usize),
}

impl Part {
    fn all(at: &Placement) -> Self {
        Self { cols: (0, usize::from(at.size.cols)), rows: (0, usize::from(at.size.rows)) }
    }

    /// The smallest part with all cells that changed.
    fn changed(at: &Placement, before: &Indexed, now: &Indexed) -> Option<Self> {
        let width = at.pixels().width as usize;
        let (cell_w, cell_h) = (usize::from(at.cell.width), usize::from(at.cell.height));
        let mut part: Option<Self> = None;
        let rows = before.pixels.chunks(width).zip(now.pixels.chunks(width));
        for (y, (old, new)) in rows.enumerate() {
            let differs = |x: &usize| old[*x] != new[*x];
            let Some(left) = (0..width).find(differs) else {
                continue;
            };
            let right = (left..width).rfind(differs).unwrap_or(left);
            let (first, end, row) = (left / cell_w, right / cell_w + 1, y / cell_h);
            let so_far = part.get_or_insert(Self { cols: (first, end), rows: (row, row + 1) });
            so_far.cols = (so_far.cols.0.min(first), so_far.cols.1.max(end));
            so_far.rows.1 = row + 1;
        }
        part
    }

    /// Its pixels, and how many are in a row.
    fn crop(self, indexed: &Indexed, at: &Placement) -> (Vec<Option<u8>>, usize) {
        let width = at.pixels().width as usize;
        let (cell_w, cell_h) = (usize::from(at.cell.width), usize::from(at.cell.height));
        let columns = self.cols.0 * cell_w..self.cols.1 * cell_w;
        let rows = indexed.pixels.chunks(width).skip(self.rows.0 * cell_h);
        let rows = rows.take((self.rows.1 - self.rows.0) * cell_h);
        let pixels = rows.flat_map(|row| row[columns.clone()].iter().copied());
        (pixels.collect(), columns.len())
    }

    fn position(self, at: &Placement) -> CellPosition {
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        CellPosition {
            col: at.at.col.saturating_add(cells(self.cols.0)),
            row: at.at.row.saturating_add(cells(self.rows.0)),
        }
    }
}

impl Encoder for Sixel {
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
        if self.drawn.as_ref().is_some_and(|old| old.at != *at) {
            self.erase(out);
        }
        let indexed = self.index(frame);
        let generation = self.generation;
        let mut part = Some(Part::all(at));
        if let Some(old) = &self.drawn {
            if old.generation == generation {
                part = Part::changed(at, &old.indexed, &indexed);
            }
            wipe_freed(at, &old.indexed, &indexed, out);
        }
        if let Some(part) = part {
            self.draw(&indexed, at, part, out);
        }
        self.drawn = Some(Drawn { at: *at, indexed, generation });
        Ok(())
    }

    /// Wipes the cells that hold pixels of ours, and no others.
    fn erase(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        self.drawn = None;
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.erase(out);
        *self = Self::new(self.config);
    }

    fn farewell(&self, out: &mut Vec<u8>) {
        if let Some(old) = &self.drawn {
            let none = vec![None; old.indexed.pixels.len()];
            let none = Indexed { pixels: none, error: 0 };
            wipe_freed(&old.at, &old.indexed, &none, out);
        }
    }

    fn invalidate(&mut self) {
        self.drawn = None;
    }
}

/// The colours of `frame` that `palette` has nothing near for, in at most `most`.
fn missing(frame: &Frame, palette: &mut Palette, most: usize) -> Vec<[u8; 3]> {
    let far = |rgb: &[u8; 3]| {
        let index = usize::from(palette.index(*rgb));
        let nearest = palette.colors().get(index);
        nearest.is_none_or(|nearest| distance(*nearest, *rgb) > FAR)
    };
    let pixels = frame.pixmap().pixels().iter();
    let far = pixels.filter_map(|p| opaque_rgb(*p)).filter(far);
    Palette::build(far.collect::<Vec<_>>().into_iter(), most).colors().to_vec()
}

/// Defines the registers that are used: `#n;2;r;g;b`, each channel 0 to 100, rounded as libsixel
/// does, which is the nearest.
fn define_colors(colors: &[[u8; 3]], pixels: &[Option<u8>], out: &mut Vec<u8>) {
    let mut used = [false; 256];
    for index in pixels.iter().flatten() {
        used[usize::from(*index)] = true;
    }
    for (n, rgb) in colors.iter().enumerate().filter(|(n, _)| used[*n]) {
        let [r, g, b] = rgb.map(|v| (u32::from(v) * 100 + 127) / 255);
        let _ = write!(out, "#{n};2;{r};{g};{b}");
    }
}

/// Wipes each cell that has a pixel which was opaque and is not any more. What is not drawn stays
/// as it was (P2=1), so the picture drawn over would show the old pixel.
fn wipe_freed(at: &Placement, before: &Indexed, now: &Indexed, out: &mut Vec<u8>) {
    let width = at.pixels().width as usize;
    let (cell_w, cell_h) = (usize::from(at.cell.width), usize::from(at.cell.height));
    let rows = before.pixels.chunks(width * cell_h).zip(now.pixels.chunks(width * cell_h));
    let mut freed = vec![false; usize::from(at.size.cols)];
    let mut first = true;
    for (row, (before, now)) in (at.at.row..).zip(rows) {
        freed.fill(false);
        for (n, (old, new)) in before.iter().zip(now).enumerate() {
            if old.is_some() && new.is_none() {
                freed[n % width / cell_w] = true;
            }
        }
        let mut col = at.at.col;
        for run in freed.chunk_by(|a, b| a == b) {
            let cols = u16::try_from(run.len()).unwrap_or(u16::MAX);
            if run[0] {
                if std::mem::take(&mut first) {
                    out.extend_from_slice(b"\x1b[0m");
                }
                wipe(col, row, cols, out);
            }
            col = col.saturating_add(cols);
        }
    }
}

/// Six rows of pixels, as one line of sixels for each colour in them.
#[derive(Debug, Default)]
struct Band {
    width: usize,
    lines: Vec<Line>,
    /// `width` sixels for each line.
    sixels: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    register: u8,
    /// The first and last columns with a pixel.
    first: usize,
    last: usize,
    written: bool,
}

const NO_LINE: u16 = u16::MAX;

impl Band {
    fn fill(&mut self, rows: &[Option<u8>], width: usize) {
        self.width = width;
        self.lines.clear();
        self.sixels.clear();
        let mut line_of = [NO_LINE; 256];
        for (y, row) in rows.chunks(width).enumerate() {
            for (x, index) in row.iter().enumerate() {
                let Some(register) = *index else { continue };
                let line = &mut line_of[usize::from(register)];
                if *line == NO_LINE {
                    *line = self.add_line(register, x);
                }
                let line = usize::from(*line);
                self.sixels[line * width + x] |= 1 << y;
                let line = &mut self.lines[line];
                line.first = line.first.min(x);
                line.last = line.last.max(x);
            }
        }
    }

    fn add_line(&mut self, register: u8, x: usize) -> u16 {
        self.sixels.resize(self.sixels.len() + self.width, 0);
        self.lines.push(Line { register, first: x, last: x, written: false });
        u16::try_from(self.lines.len() - 1).unwrap_or(0)
    }

    /// Writes the lines, several in one pass (from one `$` to the next) where they do not overlap.
    /// `full`: up to the last column.
    fn write(&mut self, full: bool, out: &mut Vec<u8>) {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_unstable_by_key(|n| (self.lines[*n].first, self.lines[*n].register));
        let mut left = order.len();
        let mut column = 0;
        while left > 0 {
            if left < order.len() {
                out.push(b'$');
            }
            column = 0;
            for &n in &order {
                let line = self.lines[n];
                if line.written || line.first < column {
                    continue;
                }
                let _ = write!(out, "#{}", line.register);
                push_run(0, line.first - column, out);
                let start = n * self.width;
                push_sixels(&self.sixels[start + line.first..=start + line.last], out);
                column = line.last + 1;
                self.lines[n].written = true;
                left -= 1;
            }
        }
        if full {
            push_run(0, self.width - column, out);
        }
    }
}

fn push_sixels(sixels: &[u8], out: &mut Vec<u8>) {
    for run in sixels.chunk_by(|a, b| a == b) {
        push_run(run[0], run.len(), out);
    }
}

/// `count` sixels alike, as `!count` where that is shorter; real terminals count to 255.
fn push_run(sixel: u8, mut count: usize, out: &mut Vec<u8>) {
    let letter = b'?' + sixel;
    while count > 3 {
        let run = count.min(255);
        let _ = write!(out, "!{run}");
        out.push(letter);
        count -= run;
    }
    out.extend(std::iter::repeat_n(letter, count));
}
