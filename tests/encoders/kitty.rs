//! The kitty graphics protocol.

use crate::graphics::{Graphics, check_shot};
use crate::support::{Picture, Rio, at, ball, boxes, clip, encoded, paint, strings, written};
use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::{ClipId, EncodeError, Encoder, Feed, Placement, Pose};
use buddy_render::units::{CellPosition, CellSize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const CLIP: ClipId = ClipId(7);

fn encoder(tier: KittyTier) -> Kitty {
    Kitty::new(KittyConfig { tolerance: 0, ..KittyConfig::new(tier, ids()) })
}

fn ids() -> IdRange {
    IdRange::from_seed(4)
}

/// One sequence: its keys and its payload's length.
struct Sequence {
    keys: BTreeMap<String, String>,
    chars: usize,
}

impl Sequence {
    fn key(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }
}

fn sequences(bytes: &[u8]) -> Vec<Sequence> {
    let read = |string: &&[u8]| {
        let text = std::str::from_utf8(string).unwrap();
        let (keys, payload) = text.split_once(';').unwrap_or((text, ""));
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap();
            (key.to_owned(), value.to_owned())
        };
        Sequence { keys: keys.split(',').map(pair).collect(), chars: payload.len() }
    };
    strings(bytes, "\x1b_G").iter().map(read).collect()
}

/// What holds for whatever we send.
fn check_manners(bytes: &[u8]) {
    for (n, s) in sequences(bytes).iter().enumerate() {
        assert_eq!(s.key("q"), Some("2"), "sequence {n} would be answered");
        assert!(s.chars <= 4096, "sequence {n} has {} characters", s.chars);
        if matches!(s.key("a"), Some("T" | "p")) {
            assert_eq!((s.key("C"), s.key("p")), (Some("1"), Some("1")));
        }
        if let Some(id) = s.key("i") {
            assert!(ids().contains(id.parse().unwrap()), "not our id: {id}");
        }
        if s.key("a") == Some("d") {
            assert!(matches!(s.key("d"), Some("i" | "I")), "deletes too much");
            assert!(s.key("i").is_some());
        }
    }
}

#[test]
fn a_still_arrives_pixel_for_pixel() {
    for at in boxes() {
        let frame = ball(at.pixels(), 0);
        let mut kitty = encoder(KittyTier::Static);
        let bytes = encoded(&mut kitty, &frame, &at);
        check_manners(&bytes);
        let mut rio = Rio::with_cell(at.cell);
        rio.feed(&bytes);
        let shown = rio.shown();
        let [(id, 1, col, row, cols, rows)] = shown[..] else { panic!("shown: {shown:?}") };
        assert_eq!((col, row), (usize::from(at.at.col), i64::from(at.at.row)));
        assert_eq!((cols, rows), (at.size.cols.into(), at.size.rows.into()));
        let Picture { size, rgba } = rio.kitty(id).unwrap();
        assert_eq!(size.0 * size.1 * 4, rgba.len());
        assert!(rgba == frame.to_straight_rgba(), "pixels of {size:?}");
        assert!(rio.answers().is_empty());
    }
}

#[test]
fn the_next_frame_takes_the_place_of_the_last() {
    let at = at(20, 10);
    let mut kitty = encoder(KittyTier::Static);
    let mut rio = Rio::new();
    for step in 0..4 {
        let frame = ball(at.pixels(), step);
        let bytes = encoded(&mut kitty, &frame, &at);
        check_manners(&bytes);
        rio.feed(&bytes);
        assert_eq!(rio.shown().len(), 1);
        assert_eq!(rio.term.graphics.kitty_images.len(), 1);
        let id = rio.shown()[0].0;
        assert!(rio.kitty(id).unwrap().rgba == frame.to_straight_rgba());
        assert!(encoded(&mut kitty, &frame, &at).is_empty(), "same frame");
    }
    let elsewhere = Placement { at: CellPosition { col: 2, row: 9 }, ..at };
    let bytes = encoded(&mut kitty, &ball(at.pixels(), 3), &elsewhere);
    assert!(bytes.len() < 64, "a move sends no pixels");
    rio.feed(&bytes);
    assert_eq!((rio.shown().len(), rio.shown()[0].2), (1, 2));
}

#[test]
fn a_simpler_frame_is_fewer_bytes() {
    // There is no partial update in what all terminals share: only compression helps.
    let at = at(20, 10);
    let full = encoded(&mut encoder(KittyTier::Static), &ball(at.pixels(), 0), &at);
    let mut little = buddy_render::frame::Frame::new(at.pixels()).unwrap();
    paint(&mut little, [10, 10, 6, 6], [255, 0, 0, 255]);
    let small = encoded(&mut encoder(KittyTier::Static), &little, &at);
    assert!(small.len() * 20 < full.len());
}

#[test]
fn preloaded_poses_flip_in_a_few_bytes() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 6);
    let mut kitty = encoder(KittyTier::Static);
    assert_eq!(kitty.feed(), Feed::Flip);
    let mut rio = Rio::new();
    let loaded = written(|out| kitty.load(CLIP, &poses, out).unwrap());
    check_manners(&loaded);
    rio.feed(&loaded);
    assert!(rio.shown().is_empty() && kitty.is_loaded(CLIP));
    assert_eq!(rio.term.graphics.kitty_images.len(), poses.len());
    for n in [0, 1, 5, 2] {
        let bytes = written(|out| kitty.show(CLIP, n, &at, out).unwrap());
        check_manners(&bytes);
        assert!(bytes.len() <= 96, "{} bytes for a flip", bytes.len());
        rio.feed(&bytes);
        let shown = rio.shown();
        assert_eq!(shown.len(), 1, "the pose before is taken away");
        let picture = rio.kitty(shown[0].0).unwrap();
        assert!(picture.rgba == poses[n].frame.to_straight_rgba());
        assert!(written(|out| kitty.show(CLIP, n, &at, out).unwrap()).is_empty());
    }
    rio.feed(&written(|out| kitty.reset(out)));
    assert!(rio.shown().is_empty() && rio.term.graphics.kitty_images.is_empty());
    assert!(rio.answers().is_empty());
}

#[test]
fn an_animation_is_loaded_whole_and_plays_by_itself() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 5);
    let mut kitty = encoder(KittyTier::Animated);
    assert_eq!(kitty.feed(), Feed::Loop);
    let loaded = written(|out| kitty.load(CLIP, &poses, out).unwrap());
    check_manners(&loaded);
    // Rio has no animations.
    let mut read = Graphics::default();
    read.feed(&loaded);
    assert_eq!(read.images.len(), 1, "one image");
    let (_, image) = read.images.iter().next().unwrap();
    assert_eq!(image.frames.len(), poses.len());
    for (got, pose) in image.frames.iter().zip(&poses) {
        check_shot(got, &pose.frame);
        assert_eq!(got.gap, Some(40));
    }

    let start = written(|out| kitty.play(CLIP, true, &at, out).unwrap());
    check_manners(&start);
    assert!(start.len() <= 160, "{} bytes to start", start.len());
    let last = sequences(&start).pop().unwrap();
    assert_eq!((last.key("s"), last.key("v")), (Some("3"), Some("1")));
    // From here the terminal keeps time: nobody calls the encoder, nothing is sent.
    let once = written(|out| kitty.play(CLIP, false, &at, out).unwrap());
    let last = sequences(&once).pop().unwrap();
    assert_eq!((last.key("s"), last.key("v")), (Some("3"), Some("2")));
}

fn faithful(tier: KittyTier) -> Kitty {
    let ids = ids();
    let passthrough = Passthrough::None;
    Kitty::new(KittyConfig { passthrough, ..KittyConfig::new(tier, ids) })
}

/// Each pet's first clip in the colours of a palette, as the terminal has it.
#[test]
fn a_pets_clip_arrives_in_near_colours_and_fewer_bytes() {
    let size = at(12, 6).pixels();
    for pet in catalog::names() {
        let pet = catalog::load(pet).unwrap();
        let idle = pet.clip("idle").unwrap();
        let mut scene = pet.scene().unwrap();
        let moments = poses::choose(&mut *scene, idle.start, idle.duration).unwrap();
        let clip = poses::draw(&mut *scene, idle.start, &moments[..6], size).unwrap();
        let exact = written(|out| encoder(KittyTier::Animated).load(CLIP, &clip, out).unwrap());
        let near = written(|out| faithful(KittyTier::Animated).load(CLIP, &clip, out).unwrap());
        check_manners(&near);
        assert!(near.len() * 4 < exact.len() * 3, "{} of {}", near.len(), exact.len());
        let mut terminal = Graphics::default();
        terminal.feed(&near);
        let frames = &terminal.images.values().next().unwrap().frames;
        assert_eq!(frames.len(), clip.len());
        for (shot, pose) in frames.iter().zip(&clip) {
            assert!(shot.indexed);
            check_shot(shot, &pose.frame);
        }
    }
}

#[test]
fn more_colours_than_a_palette_renders_are_sent_as_they_are() {
    let at = at(12, 6);
    let mut noise = Frame::new(at.pixels()).unwrap();
    let mut x = 1_u32;
    for byte in noise.pixmap_mut().data_mut().as_chunks_mut::<4>().0 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, r, g, b] = x.to_be_bytes();
        *byte = [r, g, b, 255];
    }
    let poses = [Pose { frame: noise.clone(), gap: Duration::from_millis(40) }];
    let bytes = written(|out| faithful(KittyTier::Animated).load(CLIP, &poses, out).unwrap());
    let mut terminal = Graphics::default();
    terminal.feed(&bytes);
    let shot = &terminal.images.values().next().unwrap().frames[0];
    assert!(!shot.indexed);
    check_shot(shot, &noise);
}

#[test]
fn a_flip_of_an_animation_in_place_is_one_short_sequence() {
    let at = at(20, 10);
    let mut kitty = encoder(KittyTier::Animated);
    written(|out| kitty.load(CLIP, &clip(at.pixels(), 5), out).unwrap());
    written(|out| kitty.show(CLIP, 0, &at, out).unwrap());
    for n in [1, 2, 4] {
        let bytes = written(|out| kitty.show(CLIP, n, &at, out).unwrap());
        check_manners(&bytes);
        assert!(bytes.len() <= 32, "{} bytes", bytes.len());
        let [s] = &sequences(&bytes)[..] else { panic!("one sequence") };
        assert_eq!(s.key("c"), Some((n + 1).to_string().as_str()));
        assert!(!kitty.moves_cursor());
    }
}

#[test]
fn only_our_pictures_are_deleted() {
    let theirs = b"\x1b_Ga=T,q=2,f=32,s=1,v=1,i=3,p=9,c=1,r=1;/wAA/w==\x1b\\";
    let at = at(20, 10);
    let mut rio = Rio::new();
    rio.feed(theirs);
    let mut kitty = encoder(KittyTier::Static);
    rio.feed(&encoded(&mut kitty, &ball(at.pixels(), 0), &at));
    rio.feed(&written(|out| {
        kitty.load(CLIP, &clip(at.pixels(), 3), out).unwrap();
        kitty.show(CLIP, 1, &at, out).unwrap();
    }));
    assert_eq!(rio.shown().len(), 2);
    rio.feed(&written(|out| kitty.erase(out)));
    assert_eq!(rio.shown().len(), 1);
    rio.feed(&written(|out| kitty.reset(out)));
    let left: Vec<u32> = rio.term.graphics.kitty_images.keys().copied().collect();
    assert_eq!(left, [3]);
    assert_eq!(rio.shown()[0].0, 3);
}

/// kitty 0.26 frees every picture without a placement along with the one that is named.
#[test]
fn nothing_is_freed_while_a_clip_waits() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 3);
    for tier in [KittyTier::Animated, KittyTier::Static] {
        let mut kitty = encoder(tier);
        let bytes = written(|out| {
            for pose in 0..2 {
                kitty.load(CLIP, &poses, out).unwrap();
                kitty.show(CLIP, pose, &at, out).unwrap();
            }
        });
        assert!(freed(&bytes).is_empty());
        assert!(!freed(&written(|out| kitty.reset(out))).is_empty());
    }
}

/// The ids an encoder would free.
fn freed(bytes: &[u8]) -> BTreeSet<String> {
    let sequences = sequences(bytes);
    let freed = sequences.iter().filter(|s| s.key("d") == Some("I"));
    freed.map(|s| s.keys["i"].clone()).collect()
}

#[test]
fn farewell_leaves_nothing_in_the_terminal_and_the_encoder_as_it_was() {
    let at = at(20, 10);
    for tier in [KittyTier::Static, KittyTier::Animated] {
        let mut kitty = encoder(tier);
        assert!(written(|out| kitty.farewell(out)).is_empty());
        let mut rio = Rio::new();
        rio.feed(&encoded(&mut kitty, &ball(at.pixels(), 0), &at));
        rio.feed(&written(|out| {
            kitty.load(CLIP, &clip(at.pixels(), 3), out).unwrap();
            kitty.show(CLIP, 1, &at, out).unwrap();
        }));
        let farewell = written(|out| kitty.farewell(out));
        check_manners(&farewell);
        assert_eq!(farewell, written(|out| kitty.farewell(out)));
        assert!(written(|out| kitty.show(CLIP, 1, &at, out).unwrap()).is_empty());
        rio.feed(&farewell);
        assert!(rio.term.graphics.kitty_images.is_empty() && rio.shown().is_empty());
        // Told of a wiped screen it still frees all, as the terminal may hold the pictures.
        kitty.invalidate();
        assert_eq!(freed(&written(|out| kitty.farewell(out))), freed(&farewell));
        assert_eq!(freed(&written(|out| kitty.reset(out))), freed(&farewell));
        assert!(written(|out| kitty.farewell(out)).is_empty());
    }
}

#[test]
fn after_an_invalidate_it_is_put_anew() {
    let at = at(20, 10);
    let mut kitty = encoder(KittyTier::Static);
    let frame = ball(at.pixels(), 0);
    encoded(&mut kitty, &frame, &at);
    kitty.invalidate();
    let mut rio = Rio::new();
    rio.feed(&encoded(&mut kitty, &frame, &at));
    assert_eq!(rio.shown().len(), 1);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut kitty = encoder(KittyTier::Static);
    let frame = ball(at(2, 2).pixels(), 0);
    let mut out = Vec::new();
    let wrong = kitty.encode(&frame, &at(2, 1), &mut out);
    assert!(matches!(wrong, Err(EncodeError::WrongSize { .. })));
    let missing = kitty.show(CLIP, 0, &at(2, 2), &mut out);
    assert_eq!(missing, Err(EncodeError::NotLoaded(7)));
    let mut poses = clip(at(2, 2).pixels(), 2);
    poses[1].frame = ball(CellSize::new(1, 1).pixels(at(1, 1).cell), 0);
    assert!(kitty.load(CLIP, &poses, &mut out).is_err() && out.is_empty());
    kitty.load(CLIP, &clip(at(2, 2).pixels(), 2), &mut out).unwrap();
    let far = kitty.show(CLIP, 2, &at(2, 2), &mut out);
    assert_eq!(far, Err(EncodeError::NotLoaded(7)));
    assert!(kitty.play(CLIP, true, &at(2, 2), &mut out).is_err());
}

/// What the terminal holds of clips of three poses that are loaded one after another, each shown
/// when it is.
fn loaded_in_turn(config: KittyConfig, clips: u16) -> (Kitty, Rio, Placement) {
    let at = at(4, 2);
    let poses = clip(at.pixels(), 3);
    let (mut kitty, mut rio) = (Kitty::new(config), Rio::new());
    for n in 0..clips {
        rio.feed(&written(|out| kitty.load(ClipId(n), &poses, out).unwrap()));
        rio.feed(&written(|out| kitty.show(ClipId(n), 1, &at, out).unwrap()));
        assert_eq!(rio.shown().len(), 1);
    }
    (kitty, rio, at)
}

/// Three clips of three poses of 32 × 32 pixels fit, a fourth does not.
const QUOTA: usize = 3 * 3 * 32 * 32 * 4;

#[test]
fn clips_past_the_quota_are_given_up_oldest_first() {
    let config = KittyConfig::new(KittyTier::Static, ids());
    let config = KittyConfig { quota: QUOTA, frees_one_by_one: true, ..config };
    let (mut kitty, mut rio, at) = loaded_in_turn(config, 3);
    assert_eq!(rio.term.graphics.kitty_images.len(), 9);
    // The oldest is on the screen: the one after it goes.
    rio.feed(&written(|out| kitty.show(ClipId(0), 2, &at, out).unwrap()));
    let poses = clip(at.pixels(), 3);
    rio.feed(&written(|out| kitty.load(ClipId(7), &poses, out).unwrap()));
    let loaded = [0, 1, 2, 7].map(|n| kitty.is_loaded(ClipId(n)));
    assert_eq!(loaded, [true, false, true, true]);
    assert_eq!(rio.term.graphics.kitty_images.len(), 9);
    assert_eq!(rio.shown().len(), 1);
    rio.feed(&written(|out| kitty.farewell(out)));
    assert!(rio.term.graphics.kitty_images.is_empty() && rio.shown().is_empty());
}

#[test]
fn where_one_cannot_be_freed_alone_all_go_but_what_is_shown() {
    let config = KittyConfig::new(KittyTier::Static, ids());
    let (mut kitty, mut rio, at) = loaded_in_turn(KittyConfig { quota: QUOTA, ..config }, 3);
    let poses = clip(at.pixels(), 3);
    for n in 3..9 {
        let bytes = written(|out| kitty.load(ClipId(n), &poses, out).unwrap());
        let frees = sequences(&bytes).iter().any(|s| s.key("d") == Some("I"));
        rio.feed(&bytes);
        // The pose on the screen stays till the next is there.
        assert_eq!(rio.shown().len(), 1);
        if frees {
            assert_eq!(rio.term.graphics.kitty_images.len(), 4, "clip {n}");
            assert!((0..n).all(|n| !kitty.is_loaded(ClipId(n))) && kitty.is_loaded(ClipId(n)));
        }
        rio.feed(&written(|out| kitty.show(ClipId(n), 0, &at, out).unwrap()));
        assert_eq!(rio.shown().len(), 1);
        assert!(rio.term.graphics.kitty_images.len() <= 10);
    }
    rio.feed(&written(|out| kitty.farewell(out)));
    assert!(rio.term.graphics.kitty_images.is_empty());
}

#[test]
fn few_ids_suffice_for_many_clips() {
    let config = KittyConfig::new(KittyTier::Static, IdRange::of_8_bits(1));
    let (kitty, rio, _) = loaded_in_turn(KittyConfig { frees_one_by_one: true, ..config }, 160);
    assert!(rio.term.graphics.kitty_images.len() <= 239);
    assert!(kitty.is_loaded(ClipId(159)) && !kitty.is_loaded(ClipId(0)));
    let at = at(4, 2);
    // Even of those that its budget leaves.
    let too_many = clip(at.pixels(), 480);
    let mut kitty = Kitty::new(config);
    let refused = kitty.load(CLIP, &too_many, &mut Vec::new());
    assert!(matches!(refused, Err(EncodeError::Unsupported(_))), "{refused:?}");
}
