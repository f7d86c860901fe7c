//! Unicode placeholders: cells of text that the terminal shows a picture in, so that a multiplexer
//! which knows nothing of pictures moves and clips them with its panes.
//!
//! Source: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>, "Unicode placeholders".

use super::super::{Placement, cursor_to};
use crate::units::CellPosition;
use std::io::Write as _;

/// The character that stands for a cell of a picture.
const CELL: char = '\u{10eeee}';

/// The combining characters that say which row and column of the picture it is, and the highest
/// byte of its id, as first code points and how many follow on: Unicode 6.0's of class 230 that nothing composes with (kitty's
/// `rowcolumn-diacritics.txt`).
#[rustfmt::skip]
const NUMBERS: [(u32, u32); 86] = [
    (0x0305, 1), (0x030d, 2), (0x0310, 1), (0x0312, 1), (0x033d, 3), (0x0346, 1), (0x034a, 3),
    (0x0350, 3), (0x0357, 1), (0x035b, 1), (0x0363, 13), (0x0483, 5), (0x0592, 4), (0x0597, 3),
    (0x059c, 6), (0x05a8, 2), (0x05ab, 2), (0x05af, 1), (0x05c4, 1), (0x0610, 8), (0x0657, 5),
    (0x065d, 2), (0x06d6, 7), (0x06df, 4), (0x06e4, 1), (0x06e7, 2), (0x06eb, 2), (0x0730, 1),
    (0x0732, 2), (0x0735, 2), (0x073a, 1), (0x073d, 1), (0x073f, 3), (0x0743, 1), (0x0745, 1),
    (0x0747, 1), (0x0749, 2), (0x07eb, 7), (0x07f3, 1), (0x0816, 4), (0x081b, 9), (0x0825, 3),
    (0x0829, 5), (0x0951, 1), (0x0953, 2), (0x0f82, 2), (0x0f86, 2), (0x135d, 3), (0x17dd, 1),
    (0x193a, 1), (0x1a17, 1), (0x1a75, 8), (0x1b6b, 1), (0x1b6d, 7), (0x1cd0, 3), (0x1cda, 2),
    (0x1ce0, 1), (0x1dc0, 2), (0x1dc3, 7), (0x1dcb, 2), (0x1dd1, 22), (0x1dfe, 1), (0x20d0, 2),
    (0x20d4, 4), (0x20db, 2), (0x20e1, 1), (0x20e7, 1), (0x20e9, 1), (0x20f0, 1), (0x2cef, 3),
    (0x2de0, 32), (0xa66f, 1), (0xa67c, 2), (0xa6f0, 2), (0xa8e0, 18), (0xaab0, 1), (0xaab2, 2),
    (0xaab7, 2), (0xaabe, 2), (0xaac1, 1), (0xfe20, 7), (0x10a0f, 1), (0x10a38, 1), (0x1d185, 5),
    (0x1d1aa, 4), (0x1d242, 3),
];

/// The most rows or columns that can be told.
pub(super) const MOST: u16 = 297;

/// The combining character for a number.
fn number(n: u32) -> Option<char> {
    let mut rest = n;
    for (first, count) in NUMBERS {
        if rest < count {
            return char::from_u32(first + rest);
        }
        rest -= count;
    }
    None
}

/// Whether a box has no more rows and columns than can be told.
pub(super) fn fits(at: &Placement) -> bool {
    at.size.cols <= MOST && at.size.rows <= MOST
}

/// Appends the cells that show picture `id` in its box. Each tells its row and column, so that it
/// is right beside whatever a multiplexer draws anew.
pub(super) fn draw(id: u32, at: &Placement, out: &mut Vec<u8>) {
    let highest = (id >> 24 > 0).then(|| number(id >> 24)).flatten();
    let mut text = String::new();
    for row in 0..u32::from(at.size.rows.min(MOST)) {
        text.clear();
        for col in 0..u32::from(at.size.cols) {
            text.push(CELL);
            text.extend([number(row), number(col), highest].into_iter().flatten());
        }
        let row = at.at.row.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        cursor_to(CellPosition { row, ..at.at }, out);
        ink(id, out);
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(b"\x1b[m");
}

/// The colour that names a picture, but for its id's highest byte: one of a palette's where the two
/// bytes between are 0, which multiplexers keep as it is.
fn ink(id: u32, out: &mut Vec<u8>) {
    let _ = match id.to_be_bytes() {
        [_, 0, 0, color] => write!(out, "\x1b[0;38;5;{color}m"),
        [_, r, g, b] => write!(out, "\x1b[0;38;2;{r};{g};{b}m"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_a_character_of_its_own() {
        let most = u32::from(MOST);
        let all: std::collections::BTreeSet<_> = (0..most).map(|n| number(n).unwrap()).collect();
        assert_eq!(all.len(), usize::from(MOST));
        assert_eq!(number(most), None);
        assert_eq!(number(0), Some('\u{305}'));
        assert_eq!(number(most - 1), Some('\u{1d244}'));
    }
}
