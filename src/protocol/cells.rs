//! A box of text cells, drawn as the difference to what it held before. Used by the text
//! protocols; also how every protocol that lives in cells wipes them.

use super::{Placement, cursor_to};
use std::io::Write as _;

/// A colour of a cell, as SGR (ECMA-48 §8.3.117; xterm's 38 and 48 extensions) says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ink {
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
    /// The glyph that looks the same with the two colours swapped.
    pub(super) inverse: Option<char>,
}

impl Cell {
    pub(super) const BLANK: Self =
        Self { glyph: ' ', fg: Ink::Default, bg: Ink::Default, inverse: None };

    pub(super) fn plain(glyph: char) -> Self {
        Self { glyph, ..Self::BLANK }
    }
}

/// What the terminal shows of ours.
#[derive(Debug)]
pub(super) struct Grid {
    colored: bool,
    drawn: Option<(Placement, Vec<Cell>)>,
    /// The cells of the next frame, then those of the last: kept for its memory.
    spare: Vec<Cell>,
}

impl Grid {
    /// An empty one. Not `colored`, it writes no SGR at all.
    pub(super) fn new(colored: bool) -> Self {
        Self { colored, drawn: None, spare: Vec::new() }
    }

    /// Draws `cells` (row by row, as many as the box has) where they differ from what is there.
    pub(super) fn draw(
        &mut self,
        cells: impl IntoIterator<Item = Cell>,
        at: &Placement,
        out: &mut Vec<u8>,
    ) {
        let mut pen = Pen::new(self.colored, out);
        if let Some((old, before)) = self.drawn.take_if(|(old, _)| old != at) {
            pen.draw(&old, Some(&before), &vec![Cell::BLANK; before.len()]);
        }
        let mut next = std::mem::take(&mut self.spare);
        next.clear();
        next.extend(cells);
        let before = self.drawn.take().map(|(_, cells)| cells);
        pen.draw(at, before.as_deref(), &next);
        pen.finish();
        self.spare = before.unwrap_or_default();
        self.drawn = Some((*at, next));
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
            pen.draw(at, Some(before), &vec![Cell::BLANK; before.len()]);
            pen.finish();
        }
    }

    /// Forgets what it drew.
    pub(super) fn forget(&mut self) {
        self.drawn = None;
    }
}

/// So many changed cells are put in the order that is cheapest to write; more are written row by
/// row, as the time for ordering grows with the square.
const MOST_ORDERED: usize = 256;

/// No more cells that stay as they are get written again to get past them: moving is shorter then.
const MOST_REWRITTEN: u16 = 4;

/// Writes cells; moves and changes colour only where it must.
struct Pen<'a> {
    colored: bool,
    out: &'a mut Vec<u8>,
    at: Cursor,
    /// The colours set, if we set any; unknown before the first.
    inks: Option<(Ink, Ink)>,
}

/// What is known of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Unknown,
    /// After the right column of the box, which may be the terminal's: it may have stayed in that
    /// column until the next character (DEC's autowrap).
    Row(u16),
    At(u16, u16),
}

/// How the cursor gets to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// CUP (ECMA-48 §8.3.21).
    To,
    /// CHA (§8.3.9): the column, in this row.
    Column,
    /// Up or down (CUU, CUD; §8.3.22, §8.3.19), then along the row.
    Along(i32, Step),
}

/// How the cursor gets along its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    None,
    /// CUF (§8.3.20).
    Right(u16),
    /// CUB (§8.3.18), or backspaces.
    Left(u16),
    /// Cells of one colour that are there already: so many spaces.
    Over(u16),
}

/// The box that a pen draws in.
#[derive(Clone, Copy)]
struct Canvas<'a> {
    at: &'a Placement,
    /// What it shows when all is drawn.
    cells: &'a [Cell],
}

impl Canvas<'_> {
    fn cell(&self, col: u16, row: u16) -> Option<&Cell> {
        let (x, y) = (col.checked_sub(self.at.at.col)?, row.checked_sub(self.at.at.row)?);
        self.cells.get(usize::from(y) * usize::from(self.at.size.cols) + usize::from(x))
    }

    /// Whether the cells from one column up to another are spaces on `bg`, and ours.
    fn plain(&self, row: u16, from: u16, to: u16, bg: Ink) -> bool {
        let solid = |col| self.cell(col, row).is_some_and(|c| c.glyph == ' ' && c.bg == bg);
        bg != Ink::Default && (from..to).all(solid)
    }
}

impl<'a> Pen<'a> {
    fn new(colored: bool, out: &'a mut Vec<u8>) -> Self {
        Self { colored, out, at: Cursor::Unknown, inks: None }
    }

    /// Writes the cells that differ from those before, in whatever order is short.
    fn draw(&mut self, at: &Placement, before: Option<&[Cell]>, cells: &[Cell]) {
        let cols = usize::from(at.size.cols).max(1);
        let before = |n: usize| before.and_then(|cells| cells.get(n)).unwrap_or(&Cell::BLANK);
        let changed = (0..cells.len()).filter(|n| before(*n) != &cells[*n]);
        let place = |n: usize| {
            let (col, row) = (u16::try_from(n % cols).ok()?, u16::try_from(n / cols).ok()?);
            Some((at.at.col.checked_add(col)?, at.at.row.checked_add(row)?))
        };
        let mut left: Vec<_> = changed.filter_map(place).collect();
        let canvas = Canvas { at, cells };
        if left.len() > MOST_ORDERED {
            left.iter().for_each(|place| self.put(&canvas, *place));
            return;
        }
        while !left.is_empty() {
            let place = left.remove(self.cheapest(&canvas, &left));
            self.put(&canvas, place);
        }
    }

    /// Which of the places left takes the fewest bytes to write; the first of those.
    fn cheapest(&self, canvas: &Canvas<'_>, left: &[(u16, u16)]) -> usize {
        let (mut best, mut least) = (0, usize::MAX);
        for (n, place) in left.iter().enumerate() {
            let cost = self.travel(canvas, *place).1;
            if cost >= least {
                continue;
            }
            let cell = canvas.cell(place.0, place.1).unwrap_or(&Cell::BLANK);
            let cost = cost + self.stroke(cell).bytes;
            if cost < least {
                (best, least) = (n, cost);
            }
            if least == 0 {
                break;
            }
        }
        best
    }

    fn put(&mut self, canvas: &Canvas<'_>, (col, row): (u16, u16)) {
        let (way, _) = self.travel(canvas, (col, row));
        self.go(way, (col, row));
        let stroke = self.stroke(canvas.cell(col, row).unwrap_or(&Cell::BLANK));
        self.ink(stroke.inks);
        let mut utf8 = [0; 4];
        self.out.extend_from_slice(stroke.glyph.encode_utf8(&mut utf8).as_bytes());
        let right = canvas.at.at.col.saturating_add(canvas.at.size.cols - 1);
        self.at = if col < right { Cursor::At(col + 1, row) } else { Cursor::Row(row) };
    }

    /// The shortest way to a cell, and its bytes.
    fn travel(&self, canvas: &Canvas<'_>, (col, row): (u16, u16)) -> (Move, usize) {
        let to = (Move::To, 4 + ordinal(row) + ordinal(col));
        let shorter = |a: (Move, usize), b: (Move, usize)| if b.1 < a.1 { b } else { a };
        let column = |at: u16| {
            let bytes = 3 + ordinal(col);
            if at == row { shorter(to, (Move::Column, bytes)) } else { to }
        };
        match self.at {
            Cursor::Unknown => to,
            Cursor::Row(at) => column(at),
            Cursor::At(x, y) => {
                let down = i32::from(row) - i32::from(y);
                let step = match (col.checked_sub(x), x.checked_sub(col)) {
                    (Some(0), _) => Step::None,
                    (Some(n @ 1..=MOST_REWRITTEN), _)
                        if self.can_write_over(canvas, x, (col, row)) && down == 0 =>
                    {
                        Step::Over(n)
                    }
                    (Some(n), _) => Step::Right(n),
                    (_, n) => Step::Left(n.unwrap_or(0)),
                };
                let bytes = sequence(down.unsigned_abs()) + step.bytes();
                shorter(column(y), (Move::Along(down, step), bytes))
            }
        }
    }

    fn can_write_over(&self, canvas: &Canvas<'_>, from: u16, (col, row): (u16, u16)) -> bool {
        self.inks.is_some_and(|(_, bg)| canvas.plain(row, from, col, bg))
    }

    fn go(&mut self, way: Move, (col, row): (u16, u16)) {
        let out = &mut *self.out;
        match way {
            Move::To => cursor_to(super::CellPosition { col, row }, out),
            Move::Column => {
                let _ = write!(out, "\x1b[{}G", u32::from(col) + 1);
            }
            Move::Along(down, step) => {
                push_sequence(down.unsigned_abs(), if down < 0 { 'A' } else { 'B' }, out);
                match step {
                    Step::None => {}
                    Step::Right(n) => push_sequence(n.into(), 'C', out),
                    Step::Left(n) if step.bytes() == usize::from(n) => {
                        out.extend(std::iter::repeat_n(b'\x08', n.into()));
                    }
                    Step::Left(n) => push_sequence(n.into(), 'D', out),
                    Step::Over(n) => out.extend(std::iter::repeat_n(b' ', n.into())),
                }
            }
        }
    }

    /// The glyph as it is or with its colours swapped, whichever is shorter to write.
    fn stroke(&self, cell: &Cell) -> Stroke {
        let stroke = |glyph: char, fg, bg| {
            let inks = self.wanted(glyph, fg, bg);
            Stroke { glyph, inks, bytes: self.change(inks) + glyph.len_utf8() - 1 }
        };
        let straight = stroke(cell.glyph, cell.fg, cell.bg);
        let turned = cell.inverse.map(|glyph| stroke(glyph, cell.bg, cell.fg));
        turned.filter(|turned| turned.bytes < straight.bytes).unwrap_or(straight)
    }

    /// A space has no foreground, so its is never changed.
    fn wanted(&self, glyph: char, fg: Ink, bg: Ink) -> (Ink, Ink) {
        match self.inks {
            Some((now, _)) if glyph == ' ' => (now, bg),
            _ => (fg, bg),
        }
    }

    /// The bytes of [`Self::ink`].
    fn change(&self, (fg, bg): (Ink, Ink)) -> usize {
        let (was, codes) = match self.inks {
            _ if !self.colored => return 0,
            Some(inks) => (inks, 0),
            None => ((Ink::Default, Ink::Default), 2),
        };
        if (fg, bg) == was {
            return if codes > 0 { 4 } else { 0 };
        }
        let front = if fg == was.0 { 0 } else { fg.bytes(Side::Front) + 1 };
        let back = if bg == was.1 { 0 } else { bg.bytes(Side::Back) + 1 };
        // CSI, the codes with one semicolon too many, m.
        codes + front + back + 2
    }

    /// One SGR with what must change.
    fn ink(&mut self, (fg, bg): (Ink, Ink)) {
        if !self.colored {
            return;
        }
        let was = self.inks.replace((fg, bg));
        let known = was.unwrap_or_default();
        if was == Some((fg, bg)) {
            return;
        }
        self.out.extend_from_slice(if was.is_none() { b"\x1b[0;" } else { b"\x1b[" });
        if fg != known.0 {
            fg.push(Side::Front, self.out);
        }
        if bg != known.1 {
            bg.push(Side::Back, self.out);
        }
        self.out.pop();
        self.out.push(b'm');
    }

    /// Leaves the default colours, where it changed any.
    fn finish(self) {
        if self.inks.is_some() {
            self.out.extend_from_slice(b"\x1b[m");
        }
    }
}

/// How a cell is written.
struct Stroke {
    glyph: char,
    inks: (Ink, Ink),
    /// Of the colours and of the glyph, but for one that any has.
    bytes: usize,
}

impl Step {
    fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Right(n) => sequence(n.into()),
            Self::Left(n) => sequence(n.into()).min(n.into()),
            Self::Over(n) => n.into(),
        }
    }
}

/// The digits of a number.
fn digits(n: u8) -> usize {
    1 + usize::from(n >= 10) + usize::from(n >= 100)
}

/// The digits of a column or row, which terminals count from 1.
fn ordinal(n: u16) -> usize {
    (u32::from(n) + 1).ilog10() as usize + 1
}

/// The bytes of a control sequence with a count; one is left out, and nothing is sent for none.
fn sequence(n: u32) -> usize {
    match n {
        0 => 0,
        1 => 3,
        n => 3 + n.ilog10() as usize + 1,
    }
}

fn push_sequence(n: u32, last: char, out: &mut Vec<u8>) {
    let _ = match n {
        0 => Ok(()),
        1 => write!(out, "\x1b[{last}"),
        n => write!(out, "\x1b[{n}{last}"),
    };
}

/// Which of a cell's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Front = 30,
    Back = 40,
}

impl Ink {
    /// The bytes of its codes, without the semicolon after.
    fn bytes(self, side: Side) -> usize {
        match self {
            Self::Default => 2,
            Self::Rgb([r, g, b]) => 7 + digits(r) + digits(g) + digits(b),
            Self::Indexed(n) => 5 + digits(n),
            Self::Ansi(n) if n >= 8 && side == Side::Back => 3,
            Self::Ansi(_) => 2,
        }
    }

    /// Appends its codes, and a semicolon.
    fn push(self, side: Side, out: &mut Vec<u8>) {
        let base = side as u8;
        let _ = match self {
            Self::Default => write!(out, "{};", base + 9),
            Self::Rgb([r, g, b]) => write!(out, "{};2;{r};{g};{b};", base + 8),
            Self::Indexed(n) => write!(out, "{};5;{n};", base + 8),
            Self::Ansi(n) if n < 8 => write!(out, "{};", base + n),
            Self::Ansi(n) => write!(out, "{};", base + 52 + (n & 15)),
        };
    }
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
