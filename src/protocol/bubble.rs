//! A speech bubble of plain cells beside the pet: no colours, no pictures, so that it works in
//! every protocol and can be read aloud and copied. The colours of whoever else writes just then
//! are left out of it (SGR 0, ECMA-48 §8.3.117); whoever saves the cursor around it brings them
//! back, as DECSC keeps them, too.

use super::cursor_to;
use crate::text::SafeText;
use crate::units::{CellPosition, CellSize};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What the bubble's frame is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Borders {
    /// `╭─╮│╰╯` (U+2500 block).
    #[default]
    Unicode,
    /// `.-.|'`.
    Ascii,
}

/// How a [`Bubble`] is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BubbleConfig {
    /// The largest bubble, its border included.
    pub most: CellSize,
    /// Its frame.
    pub borders: Borders,
}

impl Default for BubbleConfig {
    /// 34×6 cells: four lines of 30 letters.
    fn default() -> Self {
        Self { most: CellSize::new(34, 6), borders: Borders::Unicode }
    }
}

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRect {
    /// The top left cell.
    pub at: CellPosition,
    /// The size.
    pub size: CellSize,
}

/// A speech bubble, and what of it is on the screen.
#[derive(Debug, Default)]
pub struct Bubble {
    config: BubbleConfig,
    shown: Option<CellRect>,
}

struct Border {
    top: [char; 3],
    side: char,
    tail: char,
    bottom: [char; 3],
    more: char,
}

const UNICODE: Border =
    Border {
        top: ['╭', '─', '╮'], side: '│', tail: '▸', bottom: ['╰', '─', '╯'], more: '…'
    };
const ASCII: Border =
    Border { top: ['.', '-', '.'], side: '|', tail: '>', bottom: ['\'', '-', '\''], more: '~' };
const DEFAULT_COLORS: &[u8] = b"\x1b[0m";
/// Two borders and two spaces.
const FRAME_COLS: u16 = 4;
const FRAME_ROWS: u16 = 2;
/// Fewer columns than this for the words, and there is no bubble.
const LEAST_TEXT: u16 = 6;

impl Bubble {
    /// A bubble that is not on the screen yet.
    #[must_use]
    pub fn new(config: BubbleConfig) -> Self {
        let shown = None;
        Self { config, shown }
    }

    /// Draws `text` in place of what it said before. `pet` is the pet's top left cell: the bubble
    /// ends in the column before it and starts in its row. `rows` are the rows free from there on.
    ///
    /// Returns where it is; none, and nothing on the screen, where there is no room or no text.
    pub fn draw(
        &mut self,
        text: &SafeText,
        pet: CellPosition,
        rows: u16,
        out: &mut Vec<u8>,
    ) -> Option<CellRect> {
        self.draw_str(text.as_str(), pet, rows, out)
    }

    fn draw_str(
        &mut self,
        text: &str,
        pet: CellPosition,
        rows: u16,
        out: &mut Vec<u8>,
    ) -> Option<CellRect> {
        let border = match self.config.borders {
            Borders::Unicode => UNICODE,
            Borders::Ascii => ASCII,
        };
        let most = self.config.most;
        let cols = most.cols.min(pet.col).saturating_sub(FRAME_COLS);
        let rows = most.rows.min(rows).saturating_sub(FRAME_ROWS);
        let lines = if cols < LEAST_TEXT || rows == 0 {
            Vec::new()
        } else {
            fit(wrap(text, usize::from(cols)), rows, cols, border.more)
        };
        let widest = lines.iter().map(|line| line.width()).max().unwrap_or(0);
        if widest == 0 {
            self.erase(out);
            return None;
        }
        let rect = rect_for(pet, widest, lines.len());
        if self.shown.is_some_and(|old| old != rect) {
            self.erase(out);
        }
        write_box(&border, &lines, widest, rect.at, out);
        self.shown = Some(rect);
        self.shown
    }

    /// Blanks what it drew.
    pub fn erase(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        self.shown = None;
    }

    /// Appends what would blank it, for an end that nobody can foresee.
    pub fn farewell(&self, out: &mut Vec<u8>) {
        let Some(CellRect { at, size }) = self.shown else {
            return;
        };
        out.extend_from_slice(DEFAULT_COLORS);
        for row in (at.row..).take(usize::from(size.rows)) {
            cursor_to(CellPosition { row, ..at }, out);
            out.extend(std::iter::repeat_n(b' ', usize::from(size.cols)));
        }
    }

    /// Told when somebody else may have wiped the screen: nothing of it is there any more.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// Where it is.
    #[must_use]
    pub fn shown(&self) -> Option<CellRect> {
        self.shown
    }
}

fn rect_for(pet: CellPosition, widest: usize, lines: usize) -> CellRect {
    let cell = |v: usize| u16::try_from(v).unwrap_or(u16::MAX);
    let size = CellSize::new(
        cell(widest).saturating_add(FRAME_COLS),
        cell(lines).saturating_add(FRAME_ROWS),
    );
    let col = pet.col.saturating_sub(size.cols);
    CellRect { at: CellPosition { col, ..pet }, size }
}

/// Writes the box. The tail points from the first line to the pet.
fn write_box(b: &Border, lines: &[String], widest: usize, at: CellPosition, out: &mut Vec<u8>) {
    let edge = |[left, line, right]: [char; 3]| {
        let line: String = std::iter::repeat_n(line, widest + 2).collect();
        format!("{left}{line}{right}")
    };
    let mut rows = vec![edge(b.top)];
    for (n, line) in lines.iter().enumerate() {
        let pad = " ".repeat(widest - line.width());
        let right = if n == 0 { b.tail } else { b.side };
        rows.push(format!("{} {line}{pad} {right}", b.side));
    }
    rows.push(edge(b.bottom));
    out.extend_from_slice(DEFAULT_COLORS);
    for (row, text) in (at.row..).zip(rows) {
        cursor_to(CellPosition { row, ..at }, out);
        out.extend_from_slice(text.as_bytes());
    }
}

/// Between the lines of a verse, as they are written in one line.
const VERSE: &str = " / ";

/// Breaks `text` into lines of at most `cols` cells: where a line of a verse ends, at spaces, or
/// inside a word that is longer.
fn wrap(text: &str, cols: usize) -> Vec<String> {
    text.split(VERSE).flat_map(|line| wrap_line(line, cols)).collect()
}

fn wrap_line(text: &str, cols: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let used = lines.last().map_or(0, |line| line.width());
        let gap = usize::from(used > 0);
        if used > 0 && used + gap + word.width() > cols {
            lines.push(String::new());
        } else if let Some(line) = lines.last_mut().filter(|_| gap == 1) {
            line.push(' ');
        }
        for c in word.chars() {
            let width = c.width().unwrap_or(0);
            if lines.last().map_or(0, |line| line.width()) + width > cols {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

/// Keeps as many lines as there are rows; the last says with `more` that there was more.
fn fit(mut lines: Vec<String>, rows: u16, cols: u16, more: char) -> Vec<String> {
    if lines.len() <= usize::from(rows) {
        return lines;
    }
    lines.truncate(usize::from(rows));
    if let Some(last) = lines.last_mut() {
        while last.width() >= usize::from(cols) {
            last.pop();
        }
        last.push(more);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PET: CellPosition = CellPosition { col: 40, row: 2 };

    fn screen(bytes: &[u8]) -> vt100::Parser {
        let (rows, cols) = (24.try_into().unwrap(), 80.try_into().unwrap());
        let mut parser = vt100::Parser::new(rows, cols, 0);
        parser.process(bytes);
        parser
    }

    fn say(config: BubbleConfig, text: &str) -> (Option<CellRect>, Vec<String>) {
        let mut out = Vec::new();
        let rect = Bubble::new(config).draw_str(text, PET, 20, &mut out);
        let rows = screen(&out).screen().rows(0, 80).collect();
        (rect, rows)
    }

    #[test]
    fn it_stands_left_of_the_pet() {
        let (rect, rows) = say(BubbleConfig::default(), "Tests pass.");
        let rect = rect.unwrap();
        assert_eq!((rect.at.col, rect.size.cols, rect.size.rows), (25, 15, 3));
        assert_eq!(rows[2].trim(), "╭─────────────╮");
        assert_eq!(rows[3].trim(), "│ Tests pass. ▸");
        assert_eq!(rows[4].trim(), "╰─────────────╯");
    }

    #[test]
    fn long_text_is_wrapped_and_cut() {
        let config = BubbleConfig { most: CellSize::new(14, 4), borders: Borders::Ascii };
        let (rect, rows) = say(config, "one two three extraordinarily long");
        assert_eq!(rect.unwrap().size, CellSize::new(11, 4));
        assert_eq!(rows[3].trim(), "| one two >");
        assert_eq!(rows[4].trim(), "| three~  |");
    }

    #[test]
    fn wide_letters_count_twice_and_long_words_break() {
        assert_eq!(wrap("猫猫猫猫", 6), ["猫猫猫", "猫"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("  ", 3), [""]);
        assert_eq!(wrap("ab cdefgh", 4), ["ab", "cdef", "gh"]);
        assert_eq!(wrap("one leg / two wings", 30), ["one leg", "two wings"]);
        assert_eq!(wrap("and/or a/b", 30), ["and/or a/b"]);
    }

    #[test]
    fn no_room_or_no_text_is_no_bubble() {
        let mut out = Vec::new();
        let mut bubble = Bubble::default();
        let corner = CellPosition { col: 8, row: 0 };
        assert_eq!(bubble.draw_str("hello", corner, 20, &mut out), None);
        assert_eq!(bubble.draw_str("hello", PET, 2, &mut out), None);
        assert_eq!(bubble.draw(&SafeText::default(), PET, 9, &mut out), None);
        assert!(out.is_empty());
    }

    /// A program may be in the middle of a coloured line when the pet speaks.
    #[test]
    fn it_takes_on_nobody_elses_colours() {
        let colored = |out: &[u8]| {
            let parser = screen(&[b"\x1b[7;33;41m", out].concat());
            let screen = parser.screen();
            let is_plain = |row, col| {
                let cell = screen.cell(row, col).unwrap();
                let plain = vt100::Color::Default;
                (cell.fgcolor(), cell.bgcolor(), cell.inverse()) == (plain, plain, false)
            };
            let mut cells = (0..24).flat_map(|row| (0..80).map(move |col| (row, col)));
            !cells.all(|(row, col)| is_plain(row, col))
        };
        let mut bubble = Bubble::default();
        let mut out = Vec::new();
        bubble.draw_str("hello", PET, 20, &mut out);
        assert!(!colored(&out));
        out.clear();
        bubble.erase(&mut out);
        assert!(!out.is_empty() && !colored(&out));
    }

    #[test]
    fn erasing_and_saying_less_leave_nothing_behind() {
        let mut out = Vec::new();
        let mut bubble = Bubble::default();
        bubble.draw_str("a long line of twenty", PET, 20, &mut out);
        bubble.draw_str("short", PET, 20, &mut out);
        let text = screen(&out).screen().contents();
        assert!(text.contains("short") && !text.contains("long"));
        assert_eq!(text.matches('╭').count(), 1);
        bubble.erase(&mut out);
        assert_eq!(screen(&out).screen().contents().trim(), "");
        assert_eq!(bubble.shown(), None);
    }
}
