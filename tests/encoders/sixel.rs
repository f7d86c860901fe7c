//! Sixel.

use crate::screen::{Off, Over, Screen};
use crate::support::{
    CELL, Rio, at, ball, boxes, encoded, find, one_cell, paint, strings, written,
};
use buddy_render::frame::Frame;
use buddy_render::frame::quantize::{distance, over as over_ground, straight_rgb};
use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::protocol::sixel::{Sixel, SixelConfig, SixelTraits};
use buddy_render::protocol::{ClipId, Encoder, Feed, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use std::time::Duration;

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

/// What terminals do with pictures over pictures, and how many registers they have.
fn terminals() -> [(Over, SixelConfig); 4] {
    let config = |registers, overlays, shared_registers, pictures| SixelConfig {
        registers,
        dither: true,
        traits: SixelTraits { overlays, shared_registers, pictures },
        ..SixelConfig::default()
    };
    [
        (Over::Replaces, config(256, false, false, None)),
        (Over::Replaces, config(16, false, false, Some(20))),
        (Over::Lies, config(256, true, false, None)),
        (Over::Lies, config(1024, true, true, Some(16))),
    ]
}

/// The frames of a clip, so many a second, and the samples that a player shows first.
fn pet_clip(pet: &str, clip: &str, rate: u32, size: PixelSize) -> (Vec<Frame>, Vec<Frame>) {
    let pet = catalog::load(pet).unwrap();
    let clip = pet.clip(clip).unwrap();
    let mut scene = pet.scene().unwrap();
    let samples = poses::sample(&mut *scene, clip.start, clip.duration, size).unwrap();
    let count = (clip.duration.as_secs_f64() * f64::from(rate)) as u32;
    let draw = |n| {
        let mut frame = Frame::new(size).unwrap();
        scene.draw(clip.start + Duration::from_secs(1) * n / rate, &mut frame);
        frame
    };
    ((0..count).map(draw).collect(), samples)
}

#[test]
fn every_clip_of_every_pet_arrives_on_every_terminal() {
    let at = at(8, 4);
    for pet in catalog::names() {
        for (n, clip) in (0_u16..).zip(catalog::load(pet).unwrap().clips()) {
            let (frames, samples) = pet_clip(pet, &clip.name, 3, at.pixels());
            for (over, config) in terminals() {
                let few = config.registers < 256;
                let mut sixel = Sixel::new(config);
                let most = usize::from(config.registers).min(256);
                let mut screen = Screen::new(CellSize::new(80, 24), CELL, over, most);
                assert!(sixel.wants_colors(ClipId(n)));
                sixel.learn_colors(ClipId(n), &samples);
                assert!(!sixel.wants_colors(ClipId(n)));
                let mut off = Off::default();
                for frame in &frames {
                    screen.feed(&encoded(&mut sixel, frame, &at));
                    off.add(&screen.rgba(at.at.col, at.at.row, at.pixels()), frame);
                }
                let (clip, psnr) = (&clip.name, off.psnr());
                assert_eq!(off.holes, 0, "{pet} {clip} {config:?}");
                assert!(psnr > if few { 23.0 } else { 29.0 }, "{pet} {clip}: {psnr} dB");
                assert!(off.mean_delta() < 0.04, "{pet} {clip}: {}", off.mean_delta());
                screen.feed(&written(|out| sixel.farewell(out)));
                assert_eq!(screen.opaque(), 0, "{pet} {clip} left something");
            }
        }
    }
}

/// It keeps its colour, or gets a nearer one: it never goes back and forth.
#[test]
fn a_still_pixel_does_not_flicker_through_a_clip() {
    let at = at(20, 10);
    let (frames, samples) = pet_clip("null", "idle", 12, at.pixels());
    for (over, config) in terminals() {
        let mut sixel = Sixel::new(config);
        sixel.learn_colors(ClipId(0), &samples);
        let mut screen = Screen::new(CellSize::new(80, 24), CELL, over, 256);
        let mut before: Option<(&Frame, Vec<[u8; 4]>)> = None;
        let (mut bettered, mut worse) = (0, 0);
        for frame in &frames {
            screen.feed(&encoded(&mut sixel, frame, &at));
            let seen = screen.rgba(at.at.col, at.at.row, at.pixels());
            if let Some((old, shown)) = &before {
                let pixels = old.pixmap().pixels().iter().zip(frame.pixmap().pixels());
                let shown = shown.iter().zip(&seen);
                let still = pixels.zip(shown).filter(|((a, b), (c, d))| a == b && c != d);
                for ((pixel, _), (old, new)) in still {
                    let want = match config.background {
                        Some(ground) => over_ground(*pixel, ground),
                        None => straight_rgb(*pixel),
                    };
                    let off = |seen: &[u8; 4]| {
                        f64::from(distance([seen[0], seen[1], seen[2]], want)).sqrt()
                    };
                    // Registers are in percent: each of two may be off by two steps a channel.
                    let is_better = old[3] == 255 && new[3] == 255 && off(new) <= off(old) + 7.0;
                    bettered += usize::from(is_better);
                    worse += usize::from(!is_better);
                }
            }
            before = Some((frame, seen));
        }
        assert_eq!(worse, 0, "{config:?}");
        // Where cells are sent whole there is no such choice.
        assert!(config.traits.overlays || bettered == 0, "{config:?}");
    }
}

#[test]
fn a_picture_is_no_larger_than_the_terminal_takes() {
    let at = at(20, 10);
    for (over, config) in terminals() {
        let config = SixelConfig { largest: Some(PixelSize::new(50, 33)), ..config };
        let mut sixel = Sixel::new(config);
        let mut screen = Screen::new(CellSize::new(80, 24), CELL, over, 256);
        for step in 0..3 {
            let frame = ball(at.pixels(), step);
            screen.feed(&encoded(&mut sixel, &frame, &at));
            let mut off = Off::default();
            off.add(&screen.rgba(at.at.col, at.at.row, at.pixels()), &frame);
            assert_eq!(off.holes, 0);
        }
        let largest = screen.pictures.iter().map(|(cols, rows)| (cols.len(), rows.len()));
        assert!(largest.into_iter().all(|(cols, rows)| cols <= 6 && rows <= 2));
    }
}

#[test]
fn all_is_sent_anew_before_the_terminal_forgets_it() {
    let at = at(20, 10);
    let (over, config) = terminals()[3];
    let mut sixel = Sixel::new(config);
    let mut screen = Screen::new(CellSize::new(80, 24), CELL, over, 256);
    for step in 0..80 {
        let mut frame = ball(at.pixels(), 0);
        paint(&mut frame, [70 + step % 5, 60, 6, 6], [255, 255, 255, 255]);
        screen.feed(&encoded(&mut sixel, &frame, &at));
    }
    let whole = |n: &usize| screen.pictures[*n].0.len() == 20;
    let whole: Vec<usize> = (0..screen.pictures.len()).filter(whole).collect();
    assert!(whole.len() >= 4 && whole.windows(2).all(|w| w[1] - w[0] <= 16), "{whole:?}");
}

#[test]
fn over_a_known_background_edges_are_soft() {
    let at = at(4, 2);
    let background = Some([16, 32, 48]);
    let mut sixel = Sixel::new(SixelConfig { background, ..SixelConfig::default() });
    let mut frame = Frame::new(at.pixels()).unwrap();
    for (x, alpha) in [(0, 255), (8, 127), (16, 51), (24, 20)] {
        paint(&mut frame, [x, 0, 8, 32], [255, 255, 255, alpha]);
    }
    let mut screen = Screen::new(CellSize::new(80, 24), CELL, Over::Lies, 256);
    screen.feed(&encoded(&mut sixel, &frame, &at));
    let seen = screen.rgba(at.at.col, at.at.row, at.pixels());
    let want = [[255, 255, 255, 255], [135, 143, 151, 255], [64, 77, 89, 255], [0; 4]];
    for (x, want) in want.into_iter().enumerate() {
        let off = seen[8 * x].iter().zip(want).map(|(a, b)| a.abs_diff(b));
        assert!(off.max().unwrap() <= 2, "{:?} is not {want:?}", seen[8 * x]);
    }
}

#[test]
fn hostile_sizes_are_drawn_or_refused() {
    for (over, config) in terminals() {
        for (cols, rows, width, height) in
            [(1, 1, 1, 1), (79, 22, 1, 1), (3, 2, 7, 13), (1, 1, 512, 512), (2, 3, 1, 97)]
        {
            let cell = CellPixels::new(width, height);
            let size = CellSize::new(cols, rows);
            let at = Placement { at: CellPosition { col: 1, row: 1 }, size, cell };
            let mut sixel = Sixel::new(config);
            let mut screen = Screen::new(CellSize::new(80, 24), cell, over, 256);
            for step in [0, 1, 0] {
                let frame = ball(at.pixels(), step);
                screen.feed(&encoded(&mut sixel, &frame, &at));
                let mut off = Off::default();
                off.add(&screen.rgba(1, 1, at.pixels()), &frame);
                assert_eq!(off.holes, 0, "{at:?}");
            }
            let wrong = Frame::new(PixelSize::new(at.pixels().width + 1, 1)).unwrap();
            assert!(sixel.encode(&wrong, &at, &mut Vec::new()).is_err());
        }
    }
}
