//! The window's size as the system knows it, and one cell's size from whatever was told.

use super::database::Capabilities;
use super::probe::Answers;
use crate::units::{CellPixels, CellSize, Geometry, PixelSize};

/// What `TIOCGWINSZ` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtySize {
    /// The window in cells.
    pub cells: CellSize,
    /// The window in pixels; many terminals, and most lines to other hosts, leave it 0.
    pub pixels: Option<PixelSize>,
}

impl TtySize {
    /// The same with one cell's pixels: the system's where it tells them, else `otherwise`.
    #[must_use]
    pub fn geometry(self, otherwise: CellPixels) -> Geometry {
        let told = self.pixels.and_then(|pixels| divide(pixels, self.cells));
        Geometry { window: self.cells, cell: told.unwrap_or(otherwise) }
    }
}

/// Cells wider or higher than this are a mistake, not a font.
const LARGEST_CELL: u32 = 512;

fn cell(width: u32, height: u32) -> Option<CellPixels> {
    let sane = |n: u32| (1..=LARGEST_CELL).contains(&n);
    if !(sane(width) && sane(height)) {
        return None;
    }
    Some(CellPixels::new(u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}

fn divide(window: PixelSize, cells: CellSize) -> Option<CellPixels> {
    let width = window.width.checked_div(u32::from(cells.cols))?;
    cell(width, window.height.checked_div(u32::from(cells.rows))?)
}

fn window_cells(answers: &Answers) -> (CellSize, &'static str) {
    let usable = |c: &CellSize| c.cols > 0 && c.rows > 0;
    // The system's word first: tmux 3.3a answers CSI 18 t with columns and rows swapped.
    if let Some(cells) = answers.tty.map(|t| t.cells).filter(usable) {
        return (cells, "the system's window size");
    }
    if let Some(cells) = answers.text_cells.filter(usable) {
        return (cells, "CSI 18 t");
    }
    (CellSize::new(80, 24), "nothing told it: 80x24 is assumed")
}

fn from_points(answers: &Answers) -> Option<CellPixels> {
    let size = answers.iterm_cell?;
    let pixels = |points: f64| {
        let n = (points * size.scale).round();
        // Bounded above and below before the conversion, so that it cannot wrap.
        (1.0..=f64::from(LARGEST_CELL)).contains(&n).then_some(n)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded to 1..=512 just above"
    )]
    let whole = |n: f64| n as u32;
    cell(whole(pixels(size.width)?), whole(pixels(size.height)?))
}

/// The geometry, and how each part of it was learnt.
///
/// In order: `CSI 16 t`, `CSI 14 t` by the cells, `TIOCGWINSZ` pixels, iTerm2's points times its
/// scale, the row's virtual cell, 10×20. A row's virtual cell beats all of them, since such a
/// terminal scales pictures to it whatever its font is.
pub(super) fn geometry(answers: &Answers, row: &Capabilities) -> (Geometry, Vec<String>) {
    let (window, window_from) = window_cells(answers);
    let (cell, cell_from) = cell_pixels(answers, row, window);
    let reasons = vec![
        format!("window {window}: {window_from}"),
        format!("cell {}x{} pixels: {cell_from}", cell.width, cell.height),
    ];
    (Geometry { window, cell }, reasons)
}

fn cell_pixels(
    answers: &Answers,
    row: &Capabilities,
    window: CellSize,
) -> (CellPixels, &'static str) {
    if let Some(found) = row.virtual_cell {
        return (found, "this terminal scales sixel to a virtual cell of this size");
    }
    let asked = answers.cell_pixels.and_then(|c| cell(c.width, c.height));
    let told = answers.window_pixels.and_then(|w| divide(w, window));
    let tty = answers.tty.and_then(|t| t.pixels.and_then(|p| divide(p, t.cells)));
    asked
        .map(|c| (c, "CSI 16 t"))
        .or_else(|| told.map(|c| (c, "CSI 14 t, divided by the cells")))
        .or_else(|| tty.map(|c| (c, "the system's window size in pixels")))
        .or_else(|| from_points(answers).map(|c| (c, "OSC 1337 ReportCellSize, points by scale")))
        .unwrap_or((CellPixels::default(), "nothing told it: the VT340's 10x20 is assumed"))
}

impl std::fmt::Display for TtySize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pixels {
            Some(pixels) => write!(f, "{} cells, {pixels} pixels", self.cells),
            None => write!(f, "{} cells, no pixels", self.cells),
        }
    }
}
