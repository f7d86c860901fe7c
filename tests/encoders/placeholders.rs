//! kitty's pictures in Unicode placeholders, as a terminal around tmux gets them: the cells are read
//! with Rio's decoder, and what they show put together again.

use crate::support::{Rio, at, ball, clip, encoded, written};
use crate::wire;
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::{ClipId, Encoder, Placement};
use buddy_render::units::CellPosition;
use rio_vt::ansi::kitty_virtual::{IncompletePlacement, PLACEHOLDER};
use rio_vt::crosswords::pos::{Column, Line};
use std::collections::BTreeSet;

const CLIP: ClipId = ClipId(3);

fn encoder(tier: KittyTier, ids: IdRange) -> Kitty {
    Kitty::new(KittyConfig {
        passthrough: Passthrough::Tmux,
        placeholders: true,
        tolerance: 0,
        ..KittyConfig::new(tier, ids)
    })
}

/// Feeds what tmux would: text as it is, what is wrapped without its wrapping.
fn feed(rio: &mut Rio, bytes: &[u8]) {
    rio.feed(&wire::unwrap(bytes, Passthrough::Tmux).unwrap());
}

/// The placeholders on the screen: column, row, and what they say.
fn cells(rio: &Rio) -> Vec<(usize, usize, IncompletePlacement)> {
    let places = (0..24).flat_map(|row| (0..80).map(move |col| (col, row)));
    let read = |(col, row): (usize, usize)| {
        let grid = &rio.term.grid;
        let cell = grid[Line(i32::try_from(row).unwrap())][Column(col)];
        let marks = cell.extras_id().and_then(|id| grid.extras_table.get(id));
        let marks = marks.map(|extras| extras.zerowidth.clone()).unwrap_or_default();
        let style = grid.style_of(&cell);
        let said = IncompletePlacement::from_cell(style.fg, style.underline_color, &marks);
        (cell.c() == PLACEHOLDER).then_some((col, row, said))
    };
    places.filter_map(read).collect()
}

/// What the placeholders show at `at`: straight RGBA, and which pictures it is made of.
fn composed(rio: &Rio, at: &Placement) -> (Vec<u8>, BTreeSet<u32>) {
    let size = at.pixels();
    let (wide, high) = (usize::from(at.cell.width), usize::from(at.cell.height));
    let stride = size.width as usize * 4;
    let (mut shown, mut ids) = (vec![0; stride * size.height as usize], BTreeSet::new());
    for (col, row, said) in cells(rio) {
        let id = said.image_id_low | u32::from(said.image_id_high.unwrap_or(0)) << 24;
        let placed = &rio.term.graphics.kitty_virtual_placements[&(id, 1)];
        let box_size = (u32::from(at.size.cols), u32::from(at.size.rows));
        assert_eq!((placed.columns, placed.rows), box_size);
        let picture = rio.kitty(id).unwrap();
        assert_eq!(picture.size, (size.width as usize, size.height as usize));
        let (x, y) = (said.col.unwrap() as usize * wide, said.row.unwrap() as usize * high);
        let to = ((col - usize::from(at.at.col)) * wide, (row - usize::from(at.at.row)) * high);
        for line in 0..high {
            let from = (y + line) * stride + x * 4;
            let to = (to.1 + line) * stride + to.0 * 4;
            shown[to..to + wide * 4].copy_from_slice(&picture.rgba[from..from + wide * 4]);
        }
        ids.insert(id);
    }
    (shown, ids)
}

#[test]
fn poses_are_put_together_from_their_cells() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 4);
    for ids in [IdRange::of_8_bits(1), IdRange::from_seed(1)] {
        let (mut kitty, mut rio) = (encoder(KittyTier::Static, ids), Rio::new());
        let loaded = written(|out| kitty.load(CLIP, &poses, out).unwrap());
        assert!(!kitty.moves_cursor());
        feed(&mut rio, &loaded);
        assert!(cells(&rio).is_empty());
        for (n, pose) in poses.iter().enumerate() {
            feed(&mut rio, &written(|out| kitty.show(CLIP, n, &at, out).unwrap()));
            let (shown, named) = composed(&rio, &at);
            assert!(shown == pose.frame.to_straight_rgba(), "pose {n}");
            assert!(named.len() == 1 && named.iter().all(|id| ids.contains(*id)));
            assert_eq!(rio.term.graphics.kitty_virtual_placements.len(), 1);
        }
        let again = written(|out| kitty.show(CLIP, 3, &at, out).unwrap());
        assert!(again.is_empty() && !kitty.moves_cursor());
        assert_eq!(rio.answers(), [] as [String; 0]);
    }
}

#[test]
fn an_animation_is_put_up_once_and_then_only_told_what_to_show() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 4);
    let mut kitty = encoder(KittyTier::Animated, IdRange::of_8_bits(2));
    written(|out| kitty.load(CLIP, &poses, out).unwrap());
    let first = written(|out| kitty.play(CLIP, true, &at, out).unwrap());
    assert!(kitty.moves_cursor() && first.len() > 1000);
    let next = written(|out| kitty.show(CLIP, 2, &at, out).unwrap());
    assert!(!kitty.moves_cursor() && next.len() <= 50, "{}", next.escape_ascii());
}

#[test]
fn a_move_and_an_end_leave_no_cell() {
    let here = at(12, 6);
    let there = Placement { at: CellPosition { col: 3, row: 9 }, ..here };
    let frame = ball(here.pixels(), 2);
    let (mut kitty, mut rio) = (encoder(KittyTier::Static, IdRange::of_8_bits(3)), Rio::new());
    feed(&mut rio, &encoded(&mut kitty, &frame, &here));
    assert!(composed(&rio, &here).0 == frame.to_straight_rgba());
    feed(&mut rio, &encoded(&mut kitty, &frame, &there));
    assert_eq!(cells(&rio).len(), 12 * 6);
    assert!(composed(&rio, &there).0 == frame.to_straight_rgba());
    // A picture sent anew under its id stands in the cells that are there.
    let next = ball(here.pixels(), 5);
    let bytes = encoded(&mut kitty, &next, &there);
    assert!(!kitty.moves_cursor(), "{}", bytes.escape_ascii());
    feed(&mut rio, &bytes);
    assert!(composed(&rio, &there).0 == next.to_straight_rgba());
    // Somebody else's text stands there now.
    kitty.invalidate();
    let farewell = written(|out| kitty.farewell(out));
    assert!(!farewell.windows(2).any(|w| w == b"\x1b["));
    feed(&mut rio, &encoded(&mut kitty, &next, &there));
    feed(&mut rio, &written(|out| kitty.farewell(out)));
    assert!(cells(&rio).is_empty());
    assert!(rio.term.graphics.kitty_images.is_empty());
}
