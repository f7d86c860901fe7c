//! Sixel.

use crate::support::{Rio, at, ball, boxes, encoded, find, one_cell, paint, strings, written};
use buddy_render::frame::Frame;
use buddy_render::protocol::sixel::{Sixel, SixelConfig};
use buddy_render::protocol::{Encoder, Feed, Placement};
use buddy_render::units::CellPosition;

fn encoder(registers: u16, dither: bool) -> Sixel {
    Sixel::new(SixelConfig { registers, dither, ..SixelConfig::default() })
}

/// The picture in `bytes` as Rio decodes it.
fn seen_by_rio(bytes: &[u8], at: &Placement) -> Vec<u8> {
    let mut rio = Rio::with_cell(at.cell);
    rio.feed(bytes);
    let pictures = rio.pictures();
    assert_eq!(pictures.len(), 1);
    let size = at.pixels();
    let (width, height) = pictures[0].size;
    assert_eq!((width as u32, height as u32), (size.width, size.height));
    pictures[0].rgba.clone()
}

/// The largest and the mean difference of a channel where both are opaque; asserts that what is
/// transparent was not drawn.
fn difference(got: &[u8], frame: &Frame) -> (u8, f64) {
    let (mut most, mut sum, mut count) = (0, 0_u32, 0_u32);
    let want = frame.to_straight_rgba();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.chunks_exact(4).zip(want.chunks_exact(4)) {
        assert_eq!(got[3], if want[3] >= 128 { 255 } else { 0 });
        if got[3] == 255 {
            for n in 0..3 {
                let off = got[n].abs_diff(want[n]);
                most = most.max(off);
                sum += u32::from(off);
                count += 1;
            }
        }
    }
    (most, f64::from(sum) / f64::from(count.max(1)))
}

#[test]
fn a_gradient_arrives_within_the_palettes_tolerance() {
    for at in boxes() {
        let frame = ball(at.pixels(), 0);
        let bytes = encoded(&mut encoder(256, false), &frame, &at);
        if strings(&bytes, "\x1bP").is_empty() {
            continue;
        }
        let (most, mean) = difference(&seen_by_rio(&bytes, &at), &frame);
        assert!(most <= 12 && mean <= 2.0, "{most} {mean} at {at:?}");
    }
}

#[test]
fn few_colours_arrive_as_near_as_percents_allow() {
    for at in [one_cell(1, 1), one_cell(300, 5), one_cell(31, 19), at(20, 10)] {
        let mut frame = Frame::new(at.pixels()).unwrap();
        let (width, height) = (at.pixels().width as u16, at.pixels().height as u16);
        paint(&mut frame, [0, 0, width, height], [1, 128, 254, 255]);
        paint(&mut frame, [width / 2, 0, width / 2 + 1, 3], [77, 77, 200, 255]);
        paint(&mut frame, [width / 3, height / 3, 4, 9], [0, 0, 0, 0]);
        if frame.pixmap().pixels().iter().all(|p| p.alpha() == 0) {
            continue;
        }
        let bytes = encoded(&mut encoder(256, false), &frame, &at);
        let (most, _) = difference(&seen_by_rio(&bytes, &at), &frame);
        assert!(most <= 2, "{most} off at {at:?}");
    }
}

#[test]
fn few_registers_suffice_and_are_kept_to() {
    let at = at(20, 10);
    let frame = ball(at.pixels(), 0);
    let mut off = Vec::new();
    for (registers, dither) in [(2, false), (16, false), (16, true), (64, false), (256, false)] {
        let bytes = encoded(&mut encoder(registers, dither), &frame, &at);
        for (n, _, _) in colours(&bytes) {
            assert!(n < registers, "register {n} of {registers}");
        }
        let (_, mean) = difference(&seen_by_rio(&bytes, &at), &frame);
        off.push(mean);
    }
    assert!(off[0] > off[1] && off[1] > off[3] && off[3] > off[4], "{off:?}");
}

/// The colour definitions: the register, the colour space, the channels.
fn colours(bytes: &[u8]) -> Vec<(u16, u16, Vec<u16>)> {
    let body = strings(bytes, "\x1bP")[0];
    let text = std::str::from_utf8(body).unwrap();
    let of = |item: &str| {
        let end = item.find(|c: char| !c.is_ascii_digit() && c != ';');
        let numbers = item[..end.unwrap_or(item.len())].split(';');
        let numbers: Vec<u16> = numbers.map(|n| n.parse().unwrap()).collect();
        (numbers.len() == 5).then(|| (numbers[0], numbers[1], numbers[2..].to_vec()))
    };
    text.split('#').skip(1).filter_map(of).collect()
}

#[test]
fn the_header_and_the_colours_are_as_terminals_want_them() {
    let at = one_cell(301, 5);
    let mut frame = Frame::new(at.pixels()).unwrap();
    paint(&mut frame, [0, 0, 301, 5], [1, 128, 254, 255]);
    let bytes = encoded(&mut encoder(256, false), &frame, &at);
    let body = strings(&bytes, "\x1bP")[0];
    assert!(body.starts_with(b"7;1;0q\"1;1;301;5#"), "P2=1 and raster");
    let percent = |v: u16| (v * 100 + 127) / 255;
    let want = vec![percent(1), percent(128), percent(254)];
    assert_eq!(colours(&bytes), [(0, 2, want)]);
    let text = std::str::from_utf8(body).unwrap();
    let runs: Vec<u32> = text.split('!').skip(1).map(leading_number).collect();
    assert_eq!(runs, [255, 46], "no run longer than 255");
}

fn leading_number(text: &str) -> u32 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap();
    text[..end].parse().unwrap()
}

#[test]
fn what_is_transparent_is_left_as_it_was() {
    // A red picture of somebody's lies below; ours has a hole.
    let at = at(4, 2);
    let mut rio = Rio::new();
    let mut frame = Frame::new(at.pixels()).unwrap();
    paint(&mut frame, [0, 0, 8, 16], [0, 0, 255, 255]);
    rio.feed(b"\x1b[4;52Htext");
    rio.feed(&encoded(&mut encoder(256, false), &frame, &at));
    assert_eq!(cell_text(&rio, 3, 51..55), "text");
    let picture = rio.pictures().pop().unwrap();
    let clear = picture.rgba.chunks_exact(4).filter(|p| p[3] == 0).count();
    assert_eq!(clear, 32 * 32 - 8 * 16);
}

fn cell_text(rio: &Rio, row: i32, cols: std::ops::Range<usize>) -> String {
    use rio_vt::crosswords::pos::{Column, Line};
    let cell = |col| rio.term.grid[Line(row)][Column(col)].c();
    cols.map(cell).collect()
}

#[test]
fn pixels_set_free_are_wiped_before_the_next_frame() {
    let at = at(20, 10);
    let mut sixel = encoder(256, false);
    let mut frame = Frame::new(at.pixels()).unwrap();
    paint(&mut frame, [0, 0, 40, 40], [0, 0, 255, 255]);
    let first = encoded(&mut sixel, &frame, &at);
    assert!(find(&first, b"X").is_none(), "nothing to wipe");
    let mut moved = Frame::new(at.pixels()).unwrap();
    paint(&mut moved, [16, 0, 40, 40], [0, 0, 255, 255]);
    let second = encoded(&mut sixel, &moved, &at);
    // Columns 50 and 51, rows 4 to 6 counted from one.
    let wipes = "\x1b[0m\x1b[4;51H\x1b[2X\x1b[5;51H\x1b[2X\x1b[6;51H\x1b[2X";
    assert!(second.starts_with(wipes.as_bytes()));
    assert!(encoded(&mut sixel, &moved, &at).is_empty(), "same frame");
}

#[test]
fn colours_stay_the_same_from_frame_to_frame() {
    assert_eq!(encoder(256, false).feed(), Feed::Stream);
    let at = at(20, 10);
    let mut sixel = encoder(256, false);
    let first = colours(&encoded(&mut sixel, &ball(at.pixels(), 0), &at));
    let second = colours(&encoded(&mut sixel, &ball(at.pixels(), 3), &at));
    for colour in &second {
        let before = first.iter().find(|old| old.0 == colour.0);
        assert!(before.is_none_or(|old| old == colour), "{colour:?}");
    }
}

#[test]
fn farewell_and_a_move_leave_no_picture() {
    let at = at(20, 10);
    let mut sixel = encoder(256, false);
    let mut rio = Rio::new();
    assert!(written(|out| sixel.farewell(out)).is_empty());
    rio.feed(&encoded(&mut sixel, &ball(at.pixels(), 0), &at));
    let elsewhere = Placement { at: CellPosition { col: 2, row: 8 }, ..at };
    rio.feed(&encoded(&mut sixel, &ball(at.pixels(), 0), &elsewhere));
    let opaque_left_behind = rio.term.graphics.atlas_placements.iter();
    let behind: Vec<_> = opaque_left_behind.filter(|p| p.col >= 50).collect();
    // Cells with no pixel of ours were never wiped: only the corners of the box remain.
    for p in &behind {
        assert!(p.columns * p.rows <= 40, "{p:?}");
    }
    let farewell = written(|out| sixel.farewell(out));
    assert_eq!(farewell, written(|out| sixel.farewell(out)));
    assert_eq!(farewell, written(|out| sixel.erase(out)));
    assert!(written(|out| sixel.erase(out)).is_empty());
}

#[test]
fn a_small_change_sends_its_cells_only() {
    let at = at(20, 10);
    let mut sixel = encoder(256, false);
    let mut rio = Rio::new();
    let mut frame = ball(at.pixels(), 0);
    let first = encoded(&mut sixel, &frame, &at);
    rio.feed(&first);
    paint(&mut frame, [70, 60, 6, 6], [255, 255, 255, 255]);
    let second = encoded(&mut sixel, &frame, &at);
    assert!(second.len() * 10 < first.len(), "{} bytes", second.len());
    rio.feed(&second);
    // Columns 8 and 9 of the box, rows 3 and 4.
    assert!(second.starts_with(b"\x1b[7;59H"));
    let changed = rio.pictures().pop().unwrap();
    assert_eq!(changed.size, (16, 32));
    let rgba = frame.to_straight_rgba();
    let row = |y: usize| &rgba[((48 + y) * 160 + 64) * 4..][..64];
    let want: Vec<u8> = (0..32).flat_map(row).copied().collect();
    let off = changed.rgba.iter().zip(&want).map(|(a, b)| a.abs_diff(*b));
    assert!(off.max().unwrap() <= 12);
}

#[test]
fn other_colours_in_the_same_shape_are_drawn() {
    // With two registers both palettes have two colours, and the indices are alike.
    let at = at(4, 2);
    let mut sixel = encoder(2, false);
    let mut frame = Frame::new(at.pixels()).unwrap();
    for (left, right) in
        [([0, 0, 90, 255], [0, 90, 0, 255]), ([200, 0, 250, 255], [200, 250, 0, 255])]
    {
        paint(&mut frame, [0, 0, 16, 32], left);
        paint(&mut frame, [16, 0, 16, 32], right);
        let bytes = encoded(&mut sixel, &frame, &at);
        let (most, _) = difference(&seen_by_rio(&bytes, &at), &frame);
        assert!(most <= 2);
    }
}
