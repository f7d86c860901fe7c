//! Follows the child's output, and says when ours may come between.

use super::machine::{Advance, Machine};
use super::screen::Screen;
use super::{Changes, Mark};
use crate::protocol::Placement;
use crate::units::{CellPosition, CellSize};
use std::io::Write as _;

/// What bytes of ours need of the terminal, so that they look as meant and the child's go on as if
/// nothing had been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Only that no sequence is open: they neither move the cursor nor write.
    Ground,
    /// A cursor that can be put back.
    Cursor,
    /// That, and that letters are letters and colours can be set again.
    Text,
    /// That, and that sixel pictures are drawn at the cursor.
    Sixel,
}

/// How far output was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// To its end.
    All,
    /// So many bytes. What comes then changes the box that is [watched](Tracker::watch); take the
    /// picture away first.
    Halted(usize),
}

/// What the terminal is in, after all that the child has written.
#[derive(Clone, Debug)]
pub struct Tracker {
    machine: Machine,
    screen: Screen,
    needs: Option<Needs>,
}

impl Tracker {
    /// A terminal of that size with nothing on it that is known of. It is `blank` where the cursor
    /// was found in its first cell, as in a window that was just opened.
    #[must_use]
    pub fn new(size: CellSize, blank: bool) -> Self {
        Self { machine: Machine::default(), screen: Screen::new(size, blank), needs: None }
    }

    /// Takes the next bytes of the child's. It halts before something happens to the watched box if
    /// the picture there must be taken away before, and only where that is possible.
    pub fn follow(&mut self, bytes: &[u8]) -> Followed {
        let Some(needs) = self.needs else {
            self.machine.advance(bytes, &mut self.screen);
            return Followed::All;
        };
        let before = self.may_write(needs).then(|| self.clone());
        let Advance::Halted(at) = self.machine.advance(bytes, &mut self.screen) else {
            return Followed::All;
        };
        if self.may_write(needs) {
            return Followed::Halted(at);
        }
        if let Some(before) = before {
            *self = before;
            return Followed::Halted(0);
        }
        // It happens to the picture, then; what became of it is told by the changes.
        self.needs = None;
        self.screen.halt(false);
        self.machine.advance(bytes.get(at..).unwrap_or_default(), &mut self.screen);
        Followed::All
    }

    /// Watches what happens to a box. With `taken_away`, what a picture there needs to be taken away,
    /// [`Tracker::follow`] halts before that.
    pub fn watch(&mut self, at: Option<Placement>, taken_away: Option<Needs>) {
        self.needs = taken_away.filter(|_| at.is_some());
        self.screen.watch(at, self.needs.is_some());
    }

    /// What has become of the watched box since this was last asked.
    pub fn take_changes(&mut self) -> Changes {
        self.screen.take_changes()
    }

    /// What was said in passing since this was last asked.
    pub fn take_marks(&mut self) -> Vec<Mark> {
        self.screen.take_marks()
    }

    /// Whether such bytes may be written now.
    #[must_use]
    pub fn may_write(&self, needs: Needs) -> bool {
        let screen = &self.screen;
        if !self.machine.is_ground() || screen.synchronized || screen.is_uploading() {
            return false;
        }
        match needs {
            Needs::Ground => true,
            Needs::Cursor => screen.firm_cursor().is_some(),
            Needs::Text => screen.firm_cursor().is_some() && screen.takes_text(),
            Needs::Sixel => screen.firm_cursor().is_some() && screen.takes_sixel(),
        }
    }

    /// Whether it would help to know where the cursor is.
    #[must_use]
    pub fn lacks_cursor(&self) -> bool {
        self.screen.lacks_cursor()
    }

    /// The terminal's word on where the cursor is, after exactly what was followed up to now.
    pub fn tell_cursor(&mut self, told: CellPosition) {
        self.screen.tell_cursor(told);
    }

    /// Where the cursor is, as far as is known.
    #[must_use]
    pub fn cursor(&self) -> CellPosition {
        self.screen.likely_cursor()
    }

    /// Whether the program shows the cursor.
    #[must_use]
    pub fn shows_cursor(&self) -> bool {
        self.screen.cursor_shown
    }

    /// Whether the alternate screen is shown, as by an editor.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.screen.alternate
    }

    /// The window.
    #[must_use]
    pub fn size(&self) -> CellSize {
        self.screen.size()
    }

    /// Whether nothing of the child's is in that box: for `sure`, or as far as is known.
    #[must_use]
    pub fn is_blank(&self, at: &Placement, sure: bool) -> bool {
        self.screen.is_blank(at, sure)
    }

    /// From which column on a row has nothing of the child's, if that is sure.
    #[must_use]
    pub fn blank_from(&self, row: u16) -> Option<u16> {
        self.screen.blank_from(row)
    }

    /// The window has another size. The terminal may have moved and wrapped everything.
    pub fn resize(&mut self, size: CellSize) {
        self.screen.resize(size);
    }

    /// After a [resize](Tracker::resize) and the terminal's word on the cursor, which was in row `old`
    /// before: what is known of the rows goes with it. `col` is the first column of the pet's.
    pub fn refit(&mut self, old: u16, col: u16) {
        self.screen.refit_ink(old, col);
    }

    /// Appends what puts back the cursor, and the colours where `pen`, after bytes of ours. Only
    /// where they [may be written](Tracker::may_write).
    pub fn restore(&self, pen: bool, out: &mut Vec<u8>) {
        if pen {
            self.screen.pen().restore(out);
        }
        let CellPosition { row, col } = self.screen.likely_cursor();
        // CUP (ECMA-48 §8.3.21). Writing into a vector cannot fail.
        let _ = write!(out, "\x1b[{};{}H", u32::from(row) + 1, u32::from(col) + 1);
    }
}
