//! How far to the right each row has ink: the little that must be known of what a screen shows, so
//! that the pet stands where nothing is.

use std::collections::VecDeque;

/// Rows remembered beyond the screen's top: a window that grows shows them again.
const MOST_HISTORY: usize = 1000;

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The first column from which on nothing is.
    end: u16,
    /// Whether that is surely so: it was blank when we began to look, or blank since.
    known: bool,
}

impl Line {
    const BLANK: Self = Self { end: 0, known: true };
    const UNKNOWN: Self = Self { end: 0, known: false };
}

/// The rows of a screen, and of what has scrolled off it.
#[derive(Clone, Debug)]
pub(super) struct Ink {
    rows: Vec<Line>,
    /// The oldest first.
    history: VecDeque<Line>,
}

impl Ink {
    /// A screen that is `blank`, or of which nothing is known.
    pub(super) fn new(rows: u16, blank: bool) -> Self {
        let line = if blank { Line::BLANK } else { Line::UNKNOWN };
        Self { rows: vec![line; usize::from(rows)], history: VecDeque::new() }
    }

    fn row(&mut self, row: u16) -> Option<&mut Line> {
        self.rows.get_mut(usize::from(row))
    }

    /// Something is written up to column `end`, exclusive.
    pub(super) fn write(&mut self, row: u16, end: u16) {
        if let Some(line) = self.row(row) {
            line.end = line.end.max(end);
        }
    }

    /// Everything from column `from` on is blank.
    pub(super) fn clip(&mut self, row: u16, from: u16) {
        if let Some(line) = self.row(row) {
            line.end = line.end.min(from);
            line.known |= from == 0;
        }
    }

    /// What is there moves right by `by` columns, up to `cols`.
    pub(super) fn push_right(&mut self, row: u16, by: u16, cols: u16) {
        if let Some(line) = self.row(row) {
            line.end = line.end.saturating_add(by).min(cols);
        }
    }

    /// The rows `top..=bottom` move up by `by`; blank ones, or such with ink up to `end`, come in.
    pub(super) fn scroll_up(&mut self, top: u16, bottom: u16, by: u16, end: u16) {
        let (top, bottom) = (usize::from(top), usize::from(bottom));
        let Some(region) = self.rows.get_mut(top..=bottom) else { return };
        let by = usize::from(by).min(region.len());
        if top == 0 {
            self.history.extend(region.iter().take(by));
            let over = self.history.len().saturating_sub(MOST_HISTORY);
            self.history.drain(..over);
        }
        region.rotate_left(by);
        fill(region.iter_mut().rev().take(by), end);
    }

    /// The rows `top..=bottom` move down by `by`.
    pub(super) fn scroll_down(&mut self, top: u16, bottom: u16, by: u16, end: u16) {
        let Some(region) = self.rows.get_mut(usize::from(top)..=usize::from(bottom)) else {
            return;
        };
        let by = usize::from(by).min(region.len());
        region.rotate_right(by);
        fill(region.iter_mut().take(by), end);
    }

    /// The rows `from..to` are erased: blank, or with ink up to `end` where the background has a
    /// colour.
    pub(super) fn erase_rows(&mut self, from: u16, to: u16, end: u16) {
        let to = usize::from(to).min(self.rows.len());
        if let Some(rows) = self.rows.get_mut(usize::from(from)..to) {
            fill(rows.iter_mut(), end);
        }
    }

    /// What has scrolled off is gone.
    pub(super) fn forget_history(&mut self) {
        self.history.clear();
    }

    /// What is supposed of a row is not sure any more; of all rows without one.
    pub(super) fn doubt(&mut self, row: Option<u16>) {
        match row {
            Some(row) => self.row(row).into_iter().for_each(|line| line.known = false),
            None => self.rows.iter_mut().for_each(|line| line.known = false),
        }
    }

    /// Nothing is known of any row any more.
    pub(super) fn forget(&mut self) {
        self.rows.fill(Line::UNKNOWN);
        self.history.clear();
    }

    /// Whether the rows `from..to` have nothing from column `col` on. Unless it must be `sure`, a
    /// row of which nothing is known counts as blank.
    pub(super) fn is_blank(&self, from: u16, to: u16, col: u16, sure: bool) -> bool {
        let rows = self.rows.get(usize::from(from)..usize::from(to));
        rows.is_some_and(|rows| rows.iter().all(|line| line.end <= col && (line.known || !sure)))
    }

    /// From which column on a row has nothing, if that is sure.
    pub(super) fn end(&self, row: u16) -> Option<u16> {
        self.rows.get(usize::from(row)).filter(|line| line.known).map(|line| line.end)
    }

    /// The window has `rows` rows and `cols` columns now; what was in row `old` is in row `new`, as
    /// far as the cursor tells. Lines may have been wrapped anew, or taken out of the history, so
    /// that nothing is sure any more, unless all lines are shorter than `col` columns.
    pub(super) fn resize(&mut self, rows: u16, cols: u16, [old, new]: [u16; 2], col: u16) {
        let above = self.history.len();
        let mut all = std::mem::take(&mut self.history);
        all.extend(self.rows.drain(..));
        let sure = all.iter().all(|line| line.known && line.end <= col.min(cols));
        if !sure {
            all.iter_mut().for_each(|line| line.known = false);
        }
        let beyond = if sure { Line::BLANK } else { Line::UNKNOWN };
        let cursor = above + usize::from(old);
        let first = cursor.saturating_sub(usize::from(new));
        // Rows above all that is remembered.
        let missing = usize::from(new).saturating_sub(cursor);
        self.rows.extend(std::iter::repeat_n(beyond, missing));
        self.rows.extend(all.iter().skip(first));
        self.rows.resize(usize::from(rows), beyond);
        all.truncate(first);
        self.history = all;
    }
}

fn fill<'a>(rows: impl Iterator<Item = &'a mut Line>, end: u16) {
    rows.for_each(|line| *line = Line { end, known: true });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(ink: &Ink) -> Vec<u16> {
        ink.rows.iter().map(|line| line.end).collect()
    }

    /// Rows with ink up to columns 1, 2, 3 …
    fn stairs(rows: u16) -> Ink {
        let mut ink = Ink::new(rows, true);
        (0..rows).for_each(|row| ink.write(row, row + 1));
        ink
    }

    #[test]
    fn rows_move_and_are_cut() {
        let mut ink = stairs(5);
        ink.scroll_up(0, 4, 1, 0);
        assert_eq!(ends(&ink), [2, 3, 4, 5, 0]);
        ink.scroll_down(1, 3, 2, 0);
        assert_eq!(ends(&ink), [2, 0, 0, 3, 0]);
        ink.clip(3, 1);
        ink.write(4, 70);
        ink.push_right(0, 9, 8);
        assert_eq!(ends(&ink), [8, 0, 0, 1, 70]);
        ink.erase_rows(3, 9, 0);
        assert_eq!(ends(&ink), [8, 0, 0, 0, 0]);
        ink.scroll_up(0, 4, 99, 80);
        assert_eq!(ends(&ink), [80; 5]);
        ink.scroll_up(3, 99, 1, 0);
        ink.write(99, 1);
    }

    #[test]
    fn blank_is_what_was_blank_or_became_so() {
        let mut ink = Ink::new(4, false);
        assert!(ink.is_blank(0, 3, 60, false) && !ink.is_blank(0, 3, 60, true));
        ink.clip(0, 10);
        assert!(!ink.is_blank(0, 1, 60, true), "what stands before is not known");
        ink.erase_rows(0, 4, 0);
        assert!(ink.is_blank(0, 4, 0, true));
        ink.write(2, 61);
        assert!(!ink.is_blank(0, 3, 60, false) && ink.is_blank(0, 2, 60, true));
        assert!(!ink.is_blank(0, 5, 0, false), "there are no five rows");
    }

    #[test]
    fn history_is_bounded_and_comes_back() {
        let mut ink = stairs(3);
        for _ in 0..5000 {
            ink.scroll_up(0, 2, 1, 0);
        }
        assert_eq!(ink.history.len(), MOST_HISTORY);
        let mut ink = stairs(3);
        ink.scroll_up(0, 2, 2, 0);
        assert_eq!(ends(&ink), [3, 0, 0]);
        ink.resize(5, 80, [0, 2], 60);
        assert_eq!(ends(&ink), [1, 2, 3, 0, 0]);
        assert!(ink.is_blank(0, 5, 60, true));
        ink.resize(2, 80, [4, 1], 60);
        assert_eq!(ends(&ink), [0, 0]);
        ink.resize(9, 80, [1, 8], 60);
        assert_eq!(ends(&ink), [0, 0, 0, 0, 1, 2, 3, 0, 0]);
        ink.write(5, 70);
        ink.resize(9, 50, [8, 8], 34);
        assert!(!ink.is_blank(0, 1, 34, true), "the long line may be anywhere now");
    }
}
