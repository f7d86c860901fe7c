//! What changed between two frames, in cells, and the rectangles of cells that are sent for it.

use super::super::Placement;
use super::super::cells::wipe;
use crate::units::{CellPosition, PixelSize};

/// What became of a cell since the frame before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    #[default]
    None,
    /// Some of its pixels have another register.
    Redrawn,
    /// An opaque pixel became transparent, so it must be wiped: what a picture leaves out stays.
    Freed,
}

/// The change of every cell of a box, row by row.
#[derive(Debug, Default)]
pub(super) struct Changes {
    cells: Vec<Change>,
    cols: usize,
    rows: usize,
    cell_w: usize,
    cell_h: usize,
}

impl Changes {
    /// Looks at all pixels of two frames in one box.
    pub(super) fn find(&mut self, at: &Placement, old: &[Option<u8>], new: &[Option<u8>]) {
        self.clear(at);
        let width = self.cols * self.cell_w;
        let bands = old.chunks(width * self.cell_h).zip(new.chunks(width * self.cell_h));
        for (cells, (old, new)) in self.cells.chunks_mut(self.cols).zip(bands) {
            for (old, new) in old.chunks(width).zip(new.chunks(width)) {
                if old == new {
                    continue;
                }
                let pixels = old.chunks(self.cell_w).zip(new.chunks(self.cell_w));
                for (cell, (old, new)) in cells.iter_mut().zip(pixels) {
                    if old != new {
                        note(cell, old, new);
                    }
                }
            }
        }
    }

    /// No change in any cell of the box.
    pub(super) fn clear(&mut self, at: &Placement) {
        (self.cols, self.rows) = (usize::from(at.size.cols), usize::from(at.size.rows));
        self.cell_w = usize::from(at.cell.width);
        self.cell_h = usize::from(at.cell.height);
        self.cells.clear();
        self.cells.resize(self.cols * self.rows, Change::None);
    }

    /// The change of the cell with the pixel (`x`, `y`).
    pub(super) fn at_pixel(&self, x: usize, y: usize) -> Change {
        self.cells[y / self.cell_h * self.cols + x / self.cell_w]
    }

    /// Wipes the cells that were freed, row by row.
    pub(super) fn wipe_freed(&self, at: &Placement, out: &mut Vec<u8>) {
        let mut first = true;
        for (row, cells) in (at.at.row..).zip(self.cells.chunks(self.cols.max(1))) {
            let mut col = at.at.col;
            for run in cells.chunk_by(|a, b| (*a == Change::Freed) == (*b == Change::Freed)) {
                let cols = u16::try_from(run.len()).unwrap_or(u16::MAX);
                if run[0] == Change::Freed {
                    if std::mem::take(&mut first) {
                        out.extend_from_slice(b"\x1b[0m");
                    }
                    wipe(col, row, cols, out);
                }
                col = col.saturating_add(cols);
            }
        }
    }

    /// The smallest part with all cells that changed.
    pub(super) fn bounds(&self) -> Option<Part> {
        let changed = self.changed();
        changed.map(|(col, row)| Part::cell(col, row)).reduce(Part::with)
    }

    /// Parts that cover the changed cells and few others: `price` says about what one costs in
    /// bytes, and two parts become one where that is not dearer.
    pub(super) fn parts(&self, price: impl Fn(Part) -> usize) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (col, row) in self.changed() {
            match parts.last_mut() {
                Some(last) if last.rows.0 == row && last.cols.1 == col => last.cols.1 = col + 1,
                _ => parts.push(Part::cell(col, row)),
            }
        }
        merge(parts, price)
    }

    fn changed(&self) -> impl Iterator<Item = (usize, usize)> {
        let cells = self.cells.iter().enumerate().filter(|(_, cell)| **cell != Change::None);
        cells.map(|(n, _)| (n % self.cols, n / self.cols))
    }
}

fn note(cell: &mut Change, old: &[Option<u8>], new: &[Option<u8>]) {
    let freed = old.iter().zip(new).any(|(old, new)| old.is_some() && new.is_none());
    if freed {
        *cell = Change::Freed;
    } else if *cell == Change::None {
        *cell = Change::Redrawn;
    }
}

/// Above this many parts it is not asked which to merge: they become one.
const MOST_PARTS: usize = 24;

/// Merges the two parts that save the most, until none save anything.
fn merge(parts: Vec<Part>, price: impl Fn(Part) -> usize) -> Vec<Part> {
    if parts.len() > MOST_PARTS {
        return parts.into_iter().reduce(Part::with).into_iter().collect();
    }
    let mut parts: Vec<(Part, usize)> = parts.into_iter().map(|p| (p, price(p))).collect();
    loop {
        let mut best: Option<(usize, usize, usize, (Part, usize))> = None;
        for (n, a) in parts.iter().enumerate() {
            for (m, b) in parts.iter().enumerate().skip(n + 1) {
                let whole = a.0.with(b.0);
                let cost = price(whole);
                let Some(saved) = (a.1 + b.1).checked_sub(cost) else { continue };
                if best.is_none_or(|best| saved > best.0) {
                    best = Some((saved, n, m, (whole, cost)));
                }
            }
        }
        let Some((_, n, m, whole)) = best else {
            return parts.into_iter().map(|(part, _)| part).collect();
        };
        parts.swap_remove(m);
        parts[n] = whole;
    }
}

/// Some of a box's cells: columns and rows from the first to before the last. Pictures begin at
/// cells, and some terminals keep one a cell, so parts are whole cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    cols: (usize, usize),
    rows: (usize, usize),
}

impl Part {
    /// The whole box.
    pub(super) fn all(at: &Placement) -> Self {
        Self { cols: (0, usize::from(at.size.cols)), rows: (0, usize::from(at.size.rows)) }
    }

    fn cell(col: usize, row: usize) -> Self {
        Self { cols: (col, col + 1), rows: (row, row + 1) }
    }

    /// The smallest part with both.
    fn with(self, other: Self) -> Self {
        let both = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
        Self { cols: both(self.cols, other.cols), rows: both(self.rows, other.rows) }
    }

    /// How many cells.
    pub(super) fn count(self) -> usize {
        (self.cols.1 - self.cols.0) * (self.rows.1 - self.rows.0)
    }

    /// Its pixels, from the first column and row to before the last.
    pub(super) fn pixels(self, at: &Placement) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let (width, height) = (usize::from(at.cell.width), usize::from(at.cell.height));
        (self.cols.0 * width..self.cols.1 * width, self.rows.0 * height..self.rows.1 * height)
    }

    /// As parts that are no larger than `largest`, but at least a cell.
    pub(super) fn split(self, at: &Placement, largest: PixelSize) -> impl Iterator<Item = Self> {
        let most = |pixels: u32, cell: u16| {
            usize::try_from(pixels / u32::from(cell.max(1))).unwrap_or(1).max(1)
        };
        let (wide, high) =
            (most(largest.width, at.cell.width), most(largest.height, at.cell.height));
        let (cols, rows) = (self.cols, self.rows);
        (rows.0..rows.1).step_by(high).flat_map(move |row| {
            (cols.0..cols.1).step_by(wide).map(move |col| Self {
                cols: (col, cols.1.min(col + wide)),
                rows: (row, rows.1.min(row + high)),
            })
        })
    }

    /// The cell at its top left, in the window.
    pub(super) fn position(self, at: &Placement) -> CellPosition {
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        CellPosition {
            col: at.at.col.saturating_add(cells(self.cols.0)),
            row: at.at.row.saturating_add(cells(self.rows.0)),
        }
    }
}
