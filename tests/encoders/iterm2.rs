//! iTerm2's inline images.

use crate::support::{Rio, at, ball, boxes, clip, encoded, strings, written};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buddy_render::frame::Frame;
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::{ClipId, Encoder, Feed, Placement};
use buddy_render::units::CellPosition;
use image::AnimationDecoder as _;
use std::collections::BTreeMap;
use std::io::Cursor;

const CLIP: ClipId = ClipId(1);

fn encoder(multipart: bool) -> Iterm2 {
    Iterm2::new(Iterm2Config { multipart, ..Iterm2Config::default() })
}

/// A file as it arrives, in one sequence or in parts: its arguments and its bytes.
fn file(bytes: &[u8]) -> (BTreeMap<String, String>, Vec<u8>) {
    let mut args = String::new();
    let mut data = String::new();
    let mut ended = false;
    for string in strings(bytes, "\x1b]1337;") {
        let text = std::str::from_utf8(string).unwrap();
        assert!(text.len() + 8 <= 1_048_576, "one sequence is too long");
        assert!(!ended, "nothing after the end");
        if let Some(whole) = text.strip_prefix("File=") {
            let (before, after) = whole.split_once(':').unwrap();
            (args, data, ended) = (before.to_owned(), after.to_owned(), true);
        } else if let Some(start) = text.strip_prefix("MultipartFile=") {
            assert!(args.is_empty());
            args = start.to_owned();
        } else if let Some(part) = text.strip_prefix("FilePart=") {
            data.push_str(part);
        } else {
            assert_eq!(text, "FileEnd");
            ended = true;
        }
    }
    assert!(ended);
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    };
    let args = args.split(';').map(pair).collect();
    (args, STANDARD.decode(data).unwrap())
}

fn check_args(args: &BTreeMap<String, String>, file: &[u8], at: &Placement) {
    assert_eq!(args["size"], file.len().to_string());
    assert_eq!(args["inline"], "1");
    assert_eq!(args["width"], at.size.cols.to_string());
    assert_eq!(args["height"], at.size.rows.to_string());
}

/// The same frame, as Rio reads it from a single `File=`.
fn seen_by_rio(bytes: &[u8], at: &Placement) -> Vec<u8> {
    let mut rio = Rio::with_cell(at.cell);
    rio.feed(bytes);
    let [placed] = &rio.term.graphics.atlas_placements[..] else { panic!("one picture") };
    let place = (placed.abs_row, placed.col);
    assert_eq!(place, (i64::from(at.at.row), usize::from(at.at.col)));
    let cells = (placed.columns, placed.rows);
    assert_eq!(cells, (at.size.cols.into(), at.size.rows.into()));
    let pictures = rio.pictures();
    assert_eq!(pictures.len(), 1);
    assert_eq!(pictures[0].size.0 as u32, at.pixels().width);
    pictures[0].rgba.clone()
}

#[test]
fn a_still_arrives_pixel_for_pixel() {
    for at in boxes() {
        let frame = ball(at.pixels(), 0);
        if frame.pixmap().pixels().iter().all(|p| p.alpha() == 0) {
            continue;
        }
        let single = encoded(&mut encoder(false), &frame, &at);
        let (args, png) = file(&single);
        check_args(&args, &png, &at);
        assert!(seen_by_rio(&single, &at) == frame.to_straight_rgba());
        let parts = encoded(&mut encoder(true), &frame, &at);
        let (args, same) = file(&parts);
        check_args(&args, &same, &at);
        assert!(same == png);
    }
}

#[test]
fn a_large_file_is_sent_in_parts_that_a_terminal_reads_whole() {
    // Noise does not compress: 1 MiB and more of PNG.
    let at = at(75, 50);
    let size = at.pixels();
    let mut state = 9_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8, 255]
    };
    let rgba: Vec<u8> = (0..size.width * size.height).flat_map(|_| noise()).collect();
    let frame = Frame::from_straight_rgba(size, &rgba).unwrap();
    let bytes = encoded(&mut encoder(true), &frame, &at);
    let parts = strings(&bytes, "\x1b]1337;FilePart=");
    assert!(parts.len() >= 2);
    for part in parts {
        assert!(STANDARD.decode(part).is_ok(), "a part ends in a quantum");
    }
    let (args, png) = file(&bytes);
    check_args(&args, &png, &at);
    let picture = image::load_from_memory(&png).unwrap().to_rgba8();
    assert!(picture.into_raw() == rgba);
}

#[test]
fn a_loop_is_one_gif_and_then_silence() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 5);
    let mut iterm2 = encoder(false);
    assert_eq!(iterm2.feed(), Feed::Loop);
    assert!(written(|out| iterm2.load(CLIP, &poses, out).unwrap()).is_empty());
    for looping in [true, false] {
        let bytes = written(|out| iterm2.play(CLIP, looping, &at, out).unwrap());
        let (args, gif) = file(&bytes);
        check_args(&args, &gif, &at);
        let for_ever = crate::support::find(&gif, b"NETSCAPE2.0").is_some();
        assert_eq!(for_ever, looping);
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(gif)).unwrap();
        let frames = decoder.into_frames().collect_frames().unwrap();
        assert_eq!(frames.len(), poses.len());
        for (got, pose) in frames.iter().zip(&poses) {
            assert_eq!(got.delay().numer_denom_ms(), (40, 1));
            check_gif_frame(got.buffer(), &pose.frame);
        }
    }
}

/// 255 colours for all poses: near where opaque, nothing where not.
fn check_gif_frame(got: &image::RgbaImage, frame: &Frame) {
    for (got, want) in got.pixels().zip(frame.to_straight_rgba().chunks_exact(4)) {
        assert_eq!(got[3], if want[3] >= 128 { 255 } else { 0 });
        if got[3] == 255 {
            let off = (0..3).map(|n| got[n].abs_diff(want[n])).max().unwrap();
            assert!(off <= 16, "{got:?} for {want:?}");
        }
    }
}

#[test]
fn one_picture_at_a_time_and_none_after_an_erase() {
    let at = at(20, 10);
    let mut iterm2 = encoder(false);
    let mut rio = Rio::new();
    for step in 0..3 {
        let frame = ball(at.pixels(), step);
        rio.feed(&encoded(&mut iterm2, &frame, &at));
        assert_eq!(rio.term.graphics.atlas_placements.len(), 1);
        assert!(encoded(&mut iterm2, &frame, &at).is_empty(), "same frame");
    }
    let elsewhere = Placement { at: CellPosition { col: 1, row: 1 }, ..at };
    rio.feed(&encoded(&mut iterm2, &ball(at.pixels(), 2), &elsewhere));
    let placed = &rio.term.graphics.atlas_placements;
    assert_eq!((placed.len(), placed[0].col), (1, 1));
    let farewell = written(|out| iterm2.farewell(out));
    assert_eq!(farewell, written(|out| iterm2.farewell(out)));
    assert_eq!(farewell, written(|out| iterm2.erase(out)));
    rio.feed(&farewell);
    assert!(rio.term.graphics.atlas_placements.is_empty());
    assert!(rio.answers().is_empty());
}

#[test]
fn poses_are_shown_one_by_one_too() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 3);
    let mut iterm2 = encoder(false);
    assert!(iterm2.show(CLIP, 0, &at, &mut Vec::new()).is_err());
    iterm2.load(CLIP, &poses, &mut Vec::new()).unwrap();
    let bytes = written(|out| iterm2.show(CLIP, 2, &at, out).unwrap());
    assert!(seen_by_rio(&bytes, &at) == poses[2].frame.to_straight_rgba());
    assert!(iterm2.show(CLIP, 3, &at, &mut Vec::new()).is_err());
    iterm2.reset(&mut Vec::new());
    assert!(!iterm2.is_loaded(CLIP));
}
