//! A box of text cells, drawn as the difference to what it held before. Used by the text
//! protocols; also how every protocol that lives in cells wipes them.

use super::{Placement, cursor_to};
use std::io::Write as _;

/// A colour of a cell, as SGR (ECMA-48 §8.3.117; xterm's 38 and 48 extensions) says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Ink {
    /// The terminal's own (39, 49).
    #[default]
    Default,
    /// 24 bits (38;2;r;g;b).
    Rgb([u8; 3]),
    /// One of 256 (38;5;n).
    Indexed(u8),
    /// One of 16 (30–37, 90–97).
    Ansi(u8),
}

/// One cell. A space on the default background is transparent: what is below it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) glyph: char,
    pub(super) fg: Ink,
    pub(super) bg: Ink,
}

impl Cell {
    pub(super) const BLANK: Self = Self { glyph: ' ', fg: Ink::Default, bg: Ink::Default };

    pub(super) fn plain(glyph: char) -> Self {
        Self { glyph, ..Self::BLANK }
    }
}

/// What the terminal shows of ours.
#[derive(Debug)]
pub(super) struct Grid {
    colored: bool,
    drawn: Option<(Placement, Vec<Cell>)>,
}

/// Column and row of every cell of a box, row by row, counted from its top left.
pub(super) fn positions(at: &Placement) -> impl Iterator<Item = (u32, u32)> + use<> {
    let (cols, rows) = (u32::from(at.size.cols), u32::from(at.size.rows));
    (0..rows).flat_map(move |row| (0..cols).map(move |col| (col, row)))
}

impl Grid {
    /// An empty one. Not `colored`, it writes no SGR at all.
    pub(super) fn new(colored: bool) -> Self {
        let drawn = None;
        Self { colored, drawn }
    }

    /// Draws `cells` (row by row, as many as the box has) where they differ from what is there.
    pub(super) fn draw(&mut self, cells: Vec<Cell>, at: &Placement, out: &mut Vec<u8>) {
        let mut pen = Pen::new(self.colored, out);
        if let Some((old, before)) = self.drawn.take_if(|(old, _)| old != at) {
            let blank = vec![Cell::BLANK; before.len()];
            write_changes(&mut pen, &old, Some(&before), &blank);
        }
        let before = self.drawn.as_ref().map(|(_, cells)| cells.as_slice());
        write_changes(&mut pen, at, before, &cells);
        pen.finish();
        self.drawn = Some((*at, cells));
    }

    /// Blanks what it drew, and nothing else.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        self.forget();
    }

    /// Appends what blanks it, and still knows it as drawn.
    pub(super) fn farewell(&self, out: &mut Vec<u8>) {
        if let Some((at, before)) = &self.drawn {
            let mut pen = Pen::new(self.colored, out);
            let blank = vec![Cell::BLANK; before.len()];
            write_changes(&mut pen, at, Some(before), &blank);
            pen.finish();
        }
    }

    /// Forgets what it drew.
    pub(super) fn forget(&mut self) {
        self.drawn = None;
    }
}

fn write_changes(pen: &mut Pen<'_>, at: &Placement, before: Option<&[Cell]>, cells: &[Cell]) {
    let cols = usize::from(at.size.cols);
    if cols == 0 {
        return;
    }
    for (row, line) in (at.at.row..).zip(cells.chunks(cols).enumerate()) {
        let (y, line) = line;
        for (col, (x, cell)) in (at.at.col..).zip(line.iter().enumerate()) {
            let old = before.and_then(|cells| cells.get(y * cols + x));
            if old.unwrap_or(&Cell::BLANK) != cell {
                pen.put(col, row, *cell);
            }
        }
    }
}

/// Writes cells; moves and changes colour only where it must.
struct Pen<'a> {
    colored: bool,
    out: &'a mut Vec<u8>,
    /// Where the cursor is, if we know.
    at: Option<(u16, u16)>,
    /// The colours set, if we set any; unknown before the first.
    inks: Option<(Ink, Ink)>,
}

impl<'a> Pen<'a> {
    fn new(colored: bool, out: &'a mut Vec<u8>) -> Self {
        Self { colored, out, at: None, inks: None }
    }

    fn put(&mut self, col: u16, row: u16, cell: Cell) {
        if self.at != Some((col, row)) {
            cursor_to(super::CellPosition { col, row }, self.out);
        }
        self.ink(cell);
        let mut utf8 = [0; 4];
        let glyph = cell.glyph.encode_utf8(&mut utf8);
        self.out.extend_from_slice(glyph.as_bytes());
        self.at = col.checked_add(1).map(|col| (col, row));
    }

    /// One SGR with what must change. A space has no foreground, so its is never changed.
    fn ink(&mut self, cell: Cell) {
        let mut codes = String::new();
        let (fg, bg) = match self.inks {
            Some(inks) => inks,
            None if !self.colored => return,
            None => {
                codes.push_str("0;");
                (Ink::Default, Ink::Default)
            }
        };
        let wanted = if cell.glyph == ' ' { fg } else { cell.fg };
        if wanted != fg {
            push_ink(&mut codes, wanted, 30);
        }
        if cell.bg != bg {
            push_ink(&mut codes, cell.bg, 40);
        }
        if let Some(codes) = codes.strip_suffix(';') {
            let _ = write!(self.out, "\x1b[{codes}m");
        }
        self.inks = Some((wanted, cell.bg));
    }

    /// Leaves the default colours, where it changed any.
    fn finish(self) {
        if self.inks.is_some() {
            self.out.extend_from_slice(b"\x1b[0m");
        }
    }
}

/// Appends the codes for one ink; `base` is 30 for the foreground, 40 for the background.
fn push_ink(codes: &mut String, ink: Ink, base: u8) {
    use std::fmt::Write as _;
    let _ = match ink {
        Ink::Default => write!(codes, "{};", base + 9),
        Ink::Rgb([r, g, b]) => write!(codes, "{};2;{r};{g};{b};", base + 8),
        Ink::Indexed(n) => write!(codes, "{};5;{n};", base + 8),
        Ink::Ansi(n) if n < 8 => write!(codes, "{};", base + n),
        Ink::Ansi(n) => write!(codes, "{};", base + 52 + (n & 15)),
    };
}

/// Wipes `cols` cells from (`col`, `row`) on, by ECH (ECMA-48 §8.3.38), which leaves them empty
/// rather than full of spaces. It fills with the current background, so that must be the default.
pub(super) fn wipe(col: u16, row: u16, cols: u16, out: &mut Vec<u8>) {
    cursor_to(super::CellPosition { col, row }, out);
    let _ = write!(out, "\x1b[{cols}X");
}

/// Wipes the whole box; sets the default colours first.
pub(super) fn wipe_box(at: &Placement, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[0m");
    for row in (at.at.row..).take(usize::from(at.size.rows)) {
        wipe(at.at.col, row, at.size.cols, out);
    }
}
