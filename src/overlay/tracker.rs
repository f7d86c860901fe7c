//! Follows the child's output, and says when ours may come between.

use super::machine::{Advance, Machine};
use super::screen::{Screen, Skimmed};
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

    /// Takes the next bytes of the child's as quickly as can be: of modes it knows as much as after
    /// [`Tracker::follow`], of the cursor, the rows and the colours nothing. No box may be watched.
    pub fn skim(&mut self, bytes: &[u8]) {
        let (mut skimmed, mut styled) = (Skimmed(&mut self.screen), false);
        self.machine.skim(bytes, &mut skimmed, &mut styled);
        skimmed.end(styled);
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

    /// Somebody else has had the terminal, as while we were stopped.
    pub fn forget(&mut self) {
        self.screen.forget();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::CellPixels;
    use std::num::NonZero;

    const COLS: u16 = 40;
    const ROWS: u16 = 12;

    fn placement() -> Placement {
        let at = CellPosition { col: 28, row: 0 };
        Placement { at, size: CellSize::new(12, 6), cell: CellPixels::new(10, 20) }
    }

    /// What programs write, in pieces, without that in which vt100 differs from most terminals: where
    /// the cursor is after DECSTBM, whether it still waits to wrap after a motion, VPA in origin mode.
    fn piece(random: &mut fastrand::Rng) -> Vec<u8> {
        let n = random.u16(0..45);
        let m = random.u16(0..15);
        let text: Vec<u8> = (0..n).map(|_| random.u8(b' '..=b'~')).collect();
        match random.u8(0..31) {
            0..=7 => text,
            8 | 9 => b"\r\n".to_vec(),
            10 => b"\n".to_vec(),
            11 => b"\r".to_vec(),
            12 => b"\t".to_vec(),
            13 => b"\x08".to_vec(),
            14 | 15 => format!("\x1b[{m};{n}H").into_bytes(),
            16 => {
                format!("\r\x1b[{n}{}", ['A', 'B', 'C', 'D', 'G'][random.usize(..5)]).into_bytes()
            }
            17 => format!("\x1b[{}{}", random.u8(0..3), ['J', 'K'][random.usize(..2)]).into_bytes(),
            18 => format!("\x1b[{m}{}", ['L', 'M', 'S', 'T', '@', 'P', 'X'][random.usize(..7)])
                .into_bytes(),
            19 => format!("\x1b[{};{}r\x1b[{m};{n}H", m.min(6), m + 3).into_bytes(),
            20 => b"\x1b[r\x1b[3;1H".to_vec(),
            21 => b"\x1b7".to_vec(),
            22 => b"\x1b8".to_vec(),
            23 => b"\x1bM".to_vec(),
            24 => format!("\x1b[{}m", random.u8(0..110)).into_bytes(),
            25 => "\u{e4}\u{2500}\u{6f22}".as_bytes().to_vec(),
            26 => b"\x1b[?6h".to_vec(),
            27 => b"\x1b[?6l".to_vec(),
            30 => b"a line\r\n".repeat(usize::from(n)),
            28 => b"\x1b]0;title\x07\x1b(B".to_vec(),
            _ => b"\x1b[H\x1b[2J".to_vec(),
        }
    }

    fn stream(random: &mut fastrand::Rng) -> Vec<Vec<u8>> {
        (0..random.usize(1..60)).map(|_| piece(random)).collect()
    }

    /// Where it says that it knows the cursor, an independent terminal has it there; and whatever it
    /// calls blank is.
    #[test]
    fn what_it_knows_is_so() {
        let mut random = fastrand::Rng::with_seed(1);
        let (mut known, mut all) = (0, 0);
        for _ in 0..3000 {
            let size = [ROWS, COLS].map(|n| NonZero::new(n).unwrap());
            let mut model = vt100::Parser::new(size[0], size[1], 0);
            let mut tracker = Tracker::new(CellSize::new(COLS, ROWS), true);
            tracker.tell_cursor(CellPosition { col: 0, row: 0 });
            let mut written = Vec::new();
            for piece in stream(&mut random) {
                if random.u8(0..20) == 0 {
                    tracker.skim(&piece);
                } else {
                    tracker.follow(&piece);
                }
                model.process(&piece);
                written.extend_from_slice(&piece);
                all += 1;
                if tracker.may_write(Needs::Cursor) {
                    known += 1;
                    let (row, col) = model.screen().cursor_position();
                    let at = tracker.cursor();
                    assert_eq!(
                        (at.row, at.col),
                        (row, col.min(COLS - 1)),
                        "{}",
                        written.escape_ascii()
                    );
                }
                let Placement { at, size, .. } = placement();
                if tracker.is_blank(&placement(), true) {
                    for (row, col) in (at.row..at.row + size.rows)
                        .flat_map(|row| (at.col..COLS).map(move |col| (row, col)))
                    {
                        let cell = model.screen().cell(row, col).unwrap();
                        assert!(
                            cell.contents().trim().is_empty(),
                            "{row},{col} {}",
                            written.escape_ascii()
                        );
                    }
                }
            }
        }
        assert!(known * 4 > all, "it hardly knows anything: {known} of {all}");
    }

    /// After a flood all is known again as soon as enough lines have come.
    #[test]
    fn what_a_flood_left_is_known_after_its_last_lines() {
        let mut tracker = Tracker::new(CellSize::new(COLS, ROWS), true);
        tracker.skim(b"\x1b[31mred\r\n\x1b[?25l\x1b]0;ti");
        tracker.skim(b"tle\x07\xc3");
        assert!(tracker.may_write(Needs::Ground) && !tracker.may_write(Needs::Cursor));
        assert!(!tracker.shows_cursor());
        tracker.follow(&b"short\r\n".repeat(2 * usize::from(ROWS)));
        assert_eq!(tracker.cursor(), CellPosition { row: ROWS - 1, col: 0 });
        assert!(tracker.may_write(Needs::Cursor) && !tracker.may_write(Needs::Text));
        assert!(tracker.is_blank(&placement(), true));
        tracker.follow(b"\x1b[m");
        assert!(tracker.may_write(Needs::Sixel));
    }

    fn told_at_home() -> Tracker {
        let mut tracker = Tracker::new(CellSize::new(COLS, ROWS), true);
        tracker.tell_cursor(CellPosition { col: 0, row: 0 });
        tracker
    }

    #[test]
    fn a_picture_of_the_programs_leaves_the_cursor_in_doubt_however_long_it_is() {
        for length in [10, 100_000] {
            let mut tracker = told_at_home();
            tracker.follow(b"\x1b]1337;File=inline=1:");
            tracker.follow(&vec![b'A'; length]);
            tracker.follow(b"\x07");
            assert!(tracker.lacks_cursor(), "{length} bytes");
        }
        let mut tracker = told_at_home();
        tracker.follow(&[b"\x1b]8;;http://".as_slice(), &[b'a'; 5000], b"\x07"].concat());
        assert!(!tracker.may_write(Needs::Text), "a link with a long address is open");
    }

    #[test]
    fn a_window_that_changes_under_an_editor_leaves_the_screen_below_in_doubt() {
        let mut tracker = told_at_home();
        tracker.follow(b"\x1b[5;3Hx\x1b[?1049h\x1b[Heditor");
        tracker.resize(CellSize::new(COLS, ROWS - 4));
        tracker.tell_cursor(CellPosition { col: 6, row: 0 });
        tracker.refit(0, 28);
        tracker.follow(b"\x1b[?1049l");
        assert!(tracker.lacks_cursor(), "the saved cursor has moved with its rows");
        assert_eq!(tracker.blank_from(0), None);
        // And where it changed before the editor came.
        let mut tracker = told_at_home();
        tracker.resize(CellSize::new(COLS, ROWS - 4));
        tracker.follow(b"\x1b[?1049h");
        tracker.tell_cursor(CellPosition { col: 0, row: 0 });
        tracker.refit(0, 28);
        tracker.follow(b"\x1b[?1049l");
        assert_eq!(tracker.blank_from(0), None);
    }

    #[test]
    fn what_others_did_meanwhile_is_in_doubt() {
        let mut tracker = told_at_home();
        assert!(tracker.may_write(Needs::Cursor));
        tracker.forget();
        assert!(tracker.lacks_cursor() && !tracker.may_write(Needs::Cursor));
        assert_eq!(tracker.blank_from(0), None);
        // Left once more, xterm restores a cursor, and kitty does not.
        let mut tracker = told_at_home();
        tracker.follow(b"\x1b[?1049l");
        assert!(tracker.lacks_cursor());
    }

    #[test]
    fn it_matters_neither_where_output_is_split_nor_whether_it_was_halted() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut halts = 0;
        for _ in 0..1500 {
            let bytes = stream(&mut random).concat();
            let new = || {
                let mut tracker = Tracker::new(CellSize::new(COLS, ROWS), true);
                tracker.tell_cursor(CellPosition { col: 0, row: 0 });
                tracker
            };
            let seen = |tracker: &Tracker| {
                let may = [Needs::Ground, Needs::Cursor, Needs::Sixel]
                    .map(|needs| tracker.may_write(needs));
                let rows: Vec<_> = (0..ROWS).map(|row| tracker.blank_from(row)).collect();
                (tracker.cursor(), may, rows)
            };
            let (mut whole, mut split, mut halted) = (new(), new(), new());
            whole.follow(&bytes);
            bytes.chunks(random.usize(1..9)).for_each(|part| {
                split.follow(part);
            });
            assert_eq!(seen(&whole), seen(&split), "{}", bytes.escape_ascii());
            let mut rest = &bytes[..];
            halted.watch(Some(placement()), Some(Needs::Sixel));
            while let Followed::Halted(at) = halted.follow(rest) {
                assert!(halted.may_write(Needs::Sixel), "{}", bytes.escape_ascii());
                // The picture is still whole.
                assert_eq!(halted.take_changes(), Changes::default());
                halts += 1;
                rest = &rest[at..];
                halted.watch(None, None);
            }
            assert_eq!(seen(&whole), seen(&halted), "{}", bytes.escape_ascii());
        }
        assert!(halts > 300, "{halts}");
    }
}
