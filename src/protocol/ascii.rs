//! Letters: for the plainest terminals, in ASCII and without colours; or in symbols of Unicode, in
//! the terminal's own sixteen colours if it has some. Poses drawn by hand where there are some; else
//! the frame is read as light and shape. See `protocols/ascii.md`.

use super::cells::{Cell, Grid, Ink};
use super::symbols::Samples;
use super::{EncodeError, Encoder, Feed, Placement, check_size};
use crate::frame::{Frame, Letters, TextArt};
use crate::units::luma;

/// How an [`Ascii`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AsciiConfig {
    /// Whether the terminal's background is light: then dark is drawn dense, not light.
    pub light_background: bool,
    /// What poses drawn by hand are to be in.
    pub letters: Letters,
    /// How many of the terminal's first colours these may have: none, 8 or 16.
    pub colors: u8,
}

/// The encoder for plain letters.
#[derive(Debug)]
pub struct Ascii {
    config: AsciiConfig,
    grid: Grid,
    samples: Samples,
}

/// From sparse to dense. Nothing inside a pet is blank: a hole would look like the background.
const RAMP: &[u8; 9] = b".:-=+*#%@";
/// Covered less than this (of 255), a quarter of a cell is outside.
const COVERED_FROM: u8 = 96;
/// Quarters of one cell that differ by this much light (of 255) show an edge.
const EDGE_FROM: u8 = 96;
/// The letter for the shape of a set of quarters: bit 0 top left, 1 top right, 2 bottom left,
/// 3 bottom right.
const SHAPES: &[u8; 16] = b" `'\",(/7.\\)Y_LJ#";

impl AsciiConfig {
    /// For a terminal whose background has this colour.
    #[must_use]
    pub fn over(background: [u8; 3]) -> Self {
        Self { light_background: luma(background) > 127_000, ..Self::default() }
    }
}

impl Ascii {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: AsciiConfig) -> Self {
        Self { config, grid: Grid::new(config.colors > 0), samples: Samples::default() }
    }

    fn letter(&self, cell: usize) -> Cell {
        let (mut alpha, mut light) = ([0; 4], [0; 4]);
        for (n, part) in self.samples.cell(cell).take(4).enumerate() {
            (alpha[n], light[n]) = (part.alpha(), self.light(part.color()));
        }
        let covered = set_of(|n| alpha[n] >= COVERED_FROM);
        let letter = match (covered, edge(light)) {
            (15, Some(bright)) => SHAPES[bright],
            (15, None) => {
                let sum: usize = light.iter().map(|l| usize::from(*l)).sum();
                RAMP[(sum * RAMP.len() / (4 * 256)).min(RAMP.len() - 1)]
            }
            (outline, _) => SHAPES[outline],
        };
        Cell::plain(char::from(letter))
    }

    /// A colour that there is: where there are eight, bright ones are their plain ones, and grey is
    /// no colour.
    fn ink(&self, wanted: Option<u8>) -> Ink {
        match (self.config.colors, wanted) {
            (0, _) | (_, None) => Ink::Default,
            (colors, Some(ink)) if ink < colors => Ink::Ansi(ink),
            (_, Some(ink)) if ink & 7 == 0 => Ink::Default,
            (_, Some(ink)) => Ink::Ansi(ink & 7),
        }
    }

    /// How dense a colour is drawn, 0 to 255: its luma on dark.
    fn light(&self, color: [u8; 3]) -> u8 {
        let luma = u8::try_from(luma(color) / 1000).unwrap_or(255);
        if self.config.light_background { 255 - luma } else { luma }
    }
}

/// The bright quarters of a cell with an edge in it.
fn edge(light: [u8; 4]) -> Option<usize> {
    let low = light.into_iter().min()?;
    let high = light.into_iter().max()?;
    let middle = low.midpoint(high);
    (high - low >= EDGE_FROM).then(|| set_of(|n| light[n] > middle))
}

fn set_of(holds: impl Fn(usize) -> bool) -> usize {
    (0..4).filter(|n| holds(*n)).fold(0, |set, n| set | 1 << n)
}

impl Encoder for Ascii {
    fn feed(&self) -> Feed {
        Feed::Text
    }

    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        check_size(frame, at)?;
        self.samples.take(frame, at, (2, 2))?;
        let count = usize::from(at.size.cols) * usize::from(at.size.rows);
        let cells: Vec<_> = (0..count).map(|cell| self.letter(cell)).collect();
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

    fn letters(&self) -> Letters {
        self.config.letters
    }

    /// Art larger than its box loses its top rows and its right columns.
    fn draw_text(
        &mut self,
        art: &TextArt,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let (cols, rows) = (usize::from(at.size.cols), usize::from(at.size.rows));
        let lines = art.lines();
        let lines = &lines[lines.len().saturating_sub(rows)..];
        let (top, left) = (rows - lines.len(), cols.saturating_sub(art.cols()) / 2);
        let mut cells = vec![Cell::BLANK; cols * rows];
        for (y, line) in (top..).zip(lines) {
            for (x, glyph) in (left..cols).zip(line.chars()) {
                let fg = self.ink(art.ink(glyph));
                cells[y * cols + x] = Cell { fg, ..Cell::plain(glyph) };
            }
        }
        self.grid.draw(cells, at, out);
        Ok(())
    }
}
