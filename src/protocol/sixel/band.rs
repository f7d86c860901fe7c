//! One band: six rows of pixels, as one line of sixels for each colour in them.
//!
//! Lines are written in passes, from one `$` to the next, several in one where they do not overlap.
//! A later pass writes over an earlier one (DEC STD 070 §8: each sixel sets its pixels to the colour
//! selected), so an earlier line may run on through pixels that a later one will set: one long run
//! instead of several short ones.

use std::io::Write as _;

/// The buffers for a band, kept from band to band.
#[derive(Debug, Default)]
pub(super) struct Band {
    width: usize,
    lines: Vec<Line>,
    /// For each line `width` sixels: the pixels that must be set.
    must: Vec<u8>,
    /// The pixels that already have the line's colour, and may be set again.
    may: Vec<u8>,
    /// For each column the pixels that a pass still to come will set.
    to_come: Vec<u8>,
    pieces: Vec<Piece>,
    pass: Vec<Piece>,
    /// The register that is selected.
    selected: Option<u8>,
}

/// All of a colour's pixels.
#[derive(Clone, Copy, Debug)]
struct Line {
    register: u8,
    /// The first and last columns with a pixel that must be set.
    first: usize,
    last: usize,
}

/// A stretch of a line from one pixel that must be set to another.
#[derive(Clone, Copy, Debug)]
struct Piece {
    line: usize,
    first: usize,
    last: usize,
}

/// So many columns without a pixel part a line into pieces: what lies between can hold another
/// colour's, and to select a register again costs about as much as to skip.
const PART: usize = 4;

/// What a pixel asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// To be left as it is.
    Nothing,
    /// To be set to that register.
    Set(u8),
    /// It has that register's colour: setting it again does no harm.
    Has(u8),
}

const NO_LINE: u16 = u16::MAX;

impl Band {
    /// Takes up to six rows of pixels.
    pub(super) fn fill<R: Iterator<Item = Want>>(
        &mut self,
        rows: impl Iterator<Item = R> + Clone,
        width: usize,
    ) {
        self.width = width;
        self.lines.clear();
        self.must.clear();
        self.to_come.clear();
        self.to_come.resize(width, 0);
        let mut line_of = [NO_LINE; 256];
        let mut has = false;
        for (y, row) in rows.clone().enumerate() {
            for (x, want) in row.enumerate() {
                has |= matches!(want, Want::Has(_));
                if let Want::Set(register) = want {
                    let line = &mut line_of[usize::from(register)];
                    if *line == NO_LINE {
                        *line = self.add_line(register, x);
                    }
                    self.must[usize::from(*line) * width + x] |= 1 << y;
                    self.to_come[x] |= 1 << y;
                    let line = &mut self.lines[usize::from(*line)];
                    line.first = line.first.min(x);
                    line.last = line.last.max(x);
                }
            }
        }
        self.may.clear();
        self.may.resize(self.must.len(), 0);
        if !has || self.lines.is_empty() {
            return;
        }
        for (y, row) in rows.enumerate() {
            for (x, want) in row.enumerate() {
                if let Want::Has(register) = want
                    && let line = line_of[usize::from(register)]
                    && line != NO_LINE
                {
                    self.may[usize::from(line) * width + x] |= 1 << y;
                }
            }
        }
    }

    fn add_line(&mut self, register: u8, x: usize) -> u16 {
        self.must.resize(self.must.len() + self.width, 0);
        self.lines.push(Line { register, first: x, last: x });
        u16::try_from(self.lines.len() - 1).unwrap_or(0)
    }

    /// Begins a picture, in which no register is selected yet.
    pub(super) fn begin(&mut self) {
        self.selected = None;
    }

    /// Writes the lines. `full`: up to the last column.
    pub(super) fn write(&mut self, full: bool, out: &mut Vec<u8>) {
        self.find_pieces();
        let mut column = 0;
        let mut begun = false;
        while !self.pieces.is_empty() {
            if std::mem::replace(&mut begun, true) {
                out.push(b'$');
            }
            self.choose_pass();
            column = 0;
            for n in 0..self.pass.len() {
                let piece = self.pass[n];
                self.write_piece(piece, column, out);
                column = piece.last + 1;
            }
        }
        if full {
            push_run(0, self.width - column, out);
        }
    }

    fn find_pieces(&mut self) {
        self.pieces.clear();
        for (line, Line { first, last, .. }) in self.lines.iter().enumerate() {
            let mut open: Option<Piece> = None;
            let sixels = &self.must[line * self.width + first..=line * self.width + last];
            for (x, _) in (*first..).zip(sixels).filter(|(_, sixel)| **sixel != 0) {
                match &mut open {
                    Some(piece) if x - piece.last <= PART => piece.last = x,
                    _ => self.pieces.extend(open.replace(Piece { line, first: x, last: x })),
                }
            }
            self.pieces.extend(open);
        }
        self.pieces.sort_unstable_by_key(|piece| (piece.first, self.lines[piece.line].register));
    }

    /// Moves pieces that do not overlap from `pieces` to `pass`.
    fn choose_pass(&mut self) {
        self.pass.clear();
        let mut column = 0;
        self.pieces.retain(|piece| {
            let fits = piece.first >= column;
            if fits {
                self.pass.push(*piece);
                column = piece.last + 1;
            }
            !fits
        });
    }

    /// Writes a piece, `column` being where the pass has come to: the fewest runs, each a sixel that
    /// has all the pixels its columns must have and none they may not.
    fn write_piece(&mut self, piece: Piece, column: usize, out: &mut Vec<u8>) {
        let register = self.lines[piece.line].register;
        if self.selected.replace(register) != Some(register) {
            let _ = write!(out, "#{register}");
        }
        push_run(0, piece.first - column, out);
        let (mut must, mut may, mut count) = (0, 0x3f, 0);
        for x in piece.first..=piece.last {
            let wanted = self.must[piece.line * self.width + x];
            self.to_come[x] &= !wanted;
            let allowed = wanted | self.may[piece.line * self.width + x] | self.to_come[x];
            if (must | wanted) & !(may & allowed) != 0 {
                push_run(must, count, out);
                (must, may, count) = (0, 0x3f, 0);
            }
            must |= wanted;
            may &= allowed;
            count += 1;
        }
        push_run(must, count, out);
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
