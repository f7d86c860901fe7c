//! What a shell writes. Where it is split must make no difference to what is known of the terminal,
//! and a halt before the pet's box must lose nothing.

#![no_main]

use buddy_render::overlay::{Followed, Mark, Needs, Senses, Tracker};
use buddy_render::protocol::Placement;
use buddy_render::units::{CellPixels, CellPosition, CellSize};
use libfuzzer_sys::fuzz_target;

const WINDOW: CellSize = CellSize::new(40, 12);

fn placement() -> Placement {
    let at = CellPosition { col: 28, row: 0 };
    Placement { at, size: CellSize::new(12, 6), cell: CellPixels::new(10, 20) }
}

/// What is known after all of it, and what was said in passing.
fn follow<'a>(parts: impl Iterator<Item = &'a [u8]>) -> (CellPosition, [bool; 6], Vec<Mark>) {
    let mut tracker = Tracker::new(WINDOW, true);
    let mut marks = Vec::new();
    for part in parts {
        assert_eq!(tracker.follow(part), Followed::All);
        marks.extend(tracker.take_marks());
    }
    let all = [Needs::Ground, Needs::Cursor, Needs::Text, Needs::Sixel].map(|needs| tracker.may_write(needs));
    let known = [all[0], all[1], all[2], all[3], tracker.is_alternate(), tracker.is_blank(&placement(), true)];
    let cursor = tracker.cursor();
    assert!(cursor.col < WINDOW.cols && cursor.row < WINDOW.rows);
    (cursor, known, marks)
}

fuzz_target!(|data: &[u8]| {
    let whole = follow(std::iter::once(data));
    let (cursor, known, marks) = follow(data.chunks(1));
    assert_eq!((whole.0, whole.1), (cursor, known));
    // No more are kept of one piece.
    if whole.2.len() < 64 {
        assert_eq!(whole.2, marks);
    }
    let (mut senses, mut sensed) = (Senses::default(), Vec::new());
    marks.iter().for_each(|mark| senses.hear(mark, &mut sensed));

    let mut tracker = Tracker::new(WINDOW, true);
    tracker.watch(Some(placement()), Some(Needs::Sixel));
    let mut rest = data;
    while let Followed::Halted(at) = tracker.follow(rest) {
        assert!(tracker.may_write(Needs::Sixel));
        rest = &rest[at..];
        tracker.watch(None, None);
    }
    assert_eq!(tracker.cursor(), cursor);
});
