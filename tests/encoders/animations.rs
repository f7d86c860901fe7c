//! Whole performances as kitty's terminals see them: never a moment with nothing, one picture at
//! the end of each frame, and each pose the one that was drawn.

use crate::graphics::{Graphics, Run, Spot, check_shot, check_shot_within};
use crate::support::{Drawn, PETS, SMALL_CELL, ball, paint, written};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::protocol::kitty::{COARSEST, IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::{ClipId, Encoder, Placement, Pose};
use buddy_render::units::{CellPosition, PixelSize};

fn encoder(tier: KittyTier) -> Kitty {
    within(usize::MAX, tier)
}

fn within(budget: usize, tier: KittyTier) -> Kitty {
    let config = KittyConfig::new(tier, IdRange::from_seed(9));
    Kitty::new(KittyConfig { z: 10, budget, ..config })
}

/// An encoder and its terminal.
struct Show {
    kitty: Kitty,
    terminal: Graphics,
    /// Whether something is to be seen from the first sequence on.
    on: bool,
    told: String,
}

impl Show {
    fn new(tier: KittyTier) -> Self {
        Self { kitty: encoder(tier), terminal: Graphics::default(), on: false, told: String::new() }
    }

    /// Reads one frame that shows something, which must stand at `at` then.
    fn frame(&mut self, at: &Placement, write: impl FnOnce(&mut Kitty, &mut Vec<u8>)) {
        let seen = self.read(write);
        let told = &self.told;
        if self.on {
            assert!(!seen.contains(&0), "{told}: nothing is seen in between: {seen:?}");
        }
        assert!(seen.iter().all(|n| *n <= 2), "{told}: too many: {seen:?}");
        let (_, spot) = self.terminal.only();
        let (col, row) = (at.at.col.into(), at.at.row.into());
        let (cols, rows) = (at.size.cols.into(), at.size.rows.into());
        assert_eq!(spot, Spot { col, row, cols, rows, z: 10 }, "{told}");
        self.on = true;
    }

    /// Reads one frame; how many placements are seen after each sequence.
    fn read(&mut self, write: impl FnOnce(&mut Kitty, &mut Vec<u8>)) -> Vec<usize> {
        let bytes = written(|out| write(&mut self.kitty, out));
        self.terminal.feed(&bytes)
    }

    /// Reads one frame that changes nothing on the screen.
    fn quietly(&mut self, write: impl FnOnce(&mut Kitty, &mut Vec<u8>)) {
        let before = self.terminal.placements.clone();
        let seen = self.read(write);
        assert!(seen.iter().all(|n| *n == before.len()), "{}: {seen:?}", self.told);
        assert_eq!(self.terminal.placements, before, "{}", self.told);
    }

    /// Reads one frame that takes the picture away.
    fn erase(&mut self) {
        self.read(|kitty, out| kitty.erase(out));
        assert!(self.terminal.placements.is_empty(), "{}", self.told);
        self.on = false;
    }

    /// That the pose is seen, and stands.
    fn check_pose(&self, clip: &Drawn, pose: usize) {
        let (image, _) = self.terminal.only();
        assert_eq!(image.run, Run::Stopped, "{}", self.told);
        check_shot(&image.frames[image.current], &clip.poses[pose].frame);
    }

    /// That the terminal plays all of the clip by itself, from its first pose.
    fn check_plays(&self, clip: &Drawn, loops: Option<u32>) {
        let (image, _) = self.terminal.only();
        assert_eq!((image.run, image.current), (Run::Loops(loops), 0), "{}", self.told);
        assert_eq!(image.frames.len(), clip.poses.len());
        for (shot, pose) in image.frames.iter().zip(&clip.poses) {
            check_shot(shot, &pose.frame);
            let gap = u32::try_from(pose.gap.as_millis()).unwrap().max(1);
            assert_eq!(shot.gap, Some(gap), "{}", self.told);
        }
    }

    fn play(&mut self, n: usize, clip: &Drawn, at: &Placement) {
        let id = ClipId(n as u16);
        self.frame(at, |kitty, out| kitty.play(id, clip.looping, at, out).unwrap());
        self.check_plays(clip, (!clip.looping).then_some(1));
    }

    fn pose(&mut self, n: usize, pose: usize, clip: &Drawn, at: &Placement) {
        let id = ClipId(n as u16);
        self.frame(at, |kitty, out| kitty.show(id, pose, at, out).unwrap());
        self.check_pose(clip, pose);
    }
}

fn place(n: usize, clip: &Drawn) -> Placement {
    let at = CellPosition { col: 3 * (n as u16 % 4), row: n as u16 % 3 };
    Placement { at, size: clip.size, cell: SMALL_CELL }
}

/// All clips of all pets, as the player goes through them, and back to the first.
fn perform(tier: KittyTier) {
    for (pet, clips) in PETS.iter() {
        let mut show = Show::new(tier);
        // The first frame is sent while the clip is still being drawn.
        let at = place(0, &clips[0]);
        show.frame(&at, |kitty, out| kitty.encode(&clips[0].poses[0].frame, &at, out).unwrap());
        show.check_pose(&clips[0], 0);
        for (n, clip) in clips.iter().enumerate() {
            show.told = format!("{tier:?}, {pet}, {}", clip.clip);
            let at = place(n, clip);
            show.quietly(|kitty, out| kitty.load(ClipId(n as u16), &clip.poses, out).unwrap());
            match tier {
                KittyTier::Animated => show.play(n, clip, &at),
                KittyTier::Static => {
                    for pose in 0..clip.poses.len() {
                        show.pose(n, pose, clip, &at);
                    }
                }
            }
            if n % 4 == 1 {
                show.erase();
            }
            if n % 4 == 3 {
                show.kitty.invalidate();
            }
            // Back to the first clip, elsewhere, and to a pose of it.
            let at = place(n + 1, &clips[0]);
            show.pose(0, n % clips[0].poses.len(), &clips[0], &at);
        }
        show.quietly(|kitty, out| {
            kitty
                .show(ClipId(0), (clips.len() - 1) % 6, &place(clips.len(), &clips[0]), out)
                .unwrap();
        });
        show.read(|kitty, out| kitty.farewell(out));
        assert!(show.terminal.images.is_empty() && show.terminal.placements.is_empty());
    }
}

#[test]
fn a_terminal_that_animates_shows_every_clip_without_a_gap() {
    perform(KittyTier::Animated);
}

#[test]
fn a_terminal_that_holds_pictures_shows_every_pose_without_a_gap() {
    perform(KittyTier::Static);
}

/// A glow has more colours than a palette: they are rendered by one all the same.
#[test]
fn a_clip_with_a_glow_is_within_its_budget() {
    let size = PixelSize::new(160, 160);
    let pet = catalog::load("antigravity").unwrap();
    let outfit = Outfit { skin: Some("cyberpunk".into()), ..Outfit::default() };
    let mut scene = pet.scene_in(&outfit).unwrap();
    let clip = pet.clip("idle").unwrap();
    let pose = |n| {
        let mut frame = Frame::new(size).unwrap();
        scene.draw(clip.start + clip.duration * n / 12, &mut frame);
        Pose { frame, gap: clip.duration / 12 }
    };
    let poses: Vec<_> = (0..12).map(pose).collect();
    let config = KittyConfig::new(KittyTier::Animated, IdRange::from_seed(9));
    let mut kitty = Kitty::new(config);
    let bytes = written(|out| kitty.load(ClipId(0), &poses, out).unwrap());
    assert!(bytes.len() <= config.budget + config.budget / 10, "{} bytes", bytes.len());
    let mut terminal = Graphics::default();
    terminal.feed(&bytes);
    let image = terminal.images.values().next().unwrap();
    check_shot_within(&image.frames[0], &poses[0].frame, COARSEST + COARSEST / 4);
}

/// What does not fit its budget has coarser colours, and then fewer poses: each is shown by the
/// picture of itself or of one before it, and all together take as long as they did.
#[test]
fn a_budget_is_kept_by_colours_and_then_by_poses() {
    const TIGHT: usize = 1000;
    for (pet, clips) in PETS.iter() {
        let clip = &clips[0];
        let at = place(0, clip);
        let sent = |budget, tier| {
            let mut kitty = within(budget, tier);
            let bytes = written(|out| kitty.load(ClipId(0), &clip.poses, out).unwrap());
            let mut terminal = Graphics::default();
            terminal.feed(&bytes);
            (kitty, terminal, bytes.len())
        };
        let whole = sent(usize::MAX, KittyTier::Animated).2;
        let sides = (at.pixels().width + at.pixels().height) as usize;
        // What three quarters of the bytes are, for a picture of the size that budgets are for.
        let budget = whole * 3 / 4 * 320 / sides;
        let (_, terminal, bytes) = sent(budget, KittyTier::Animated);
        assert!(bytes <= whole * 4 / 5, "{pet}: {bytes} of {whole}");
        let image = terminal.images.values().next().unwrap();
        let gap: u32 = image.frames.iter().filter_map(|shot| shot.gap).sum();
        let gaps = clip.poses.iter().map(|pose| pose.gap.as_millis() as u32).sum::<u32>();
        assert!(gaps.abs_diff(gap) <= clip.poses.len() as u32, "{pet}: {gap} ms of {gaps}");

        let least = (clip.poses.len() * 2).div_ceil(3);
        let (mut kitty, terminal, _) = sent(TIGHT, KittyTier::Animated);
        let frames = &terminal.images.values().next().unwrap().frames;
        assert_eq!(frames.len(), least.max(2), "{pet}");
        check_shot_within(&frames[0], &clip.poses[0].frame, COARSEST);
        kitty.play(ClipId(0), true, &at, &mut Vec::new()).unwrap();

        let (mut kitty, mut terminal, _) = sent(TIGHT, KittyTier::Static);
        assert_eq!(terminal.images.len(), least.max(2), "{pet}");
        let mut shown: Vec<u32> = Vec::new();
        for pose in 0..clip.poses.len() {
            let bytes = written(|out| kitty.show(ClipId(0), pose, &at, out).unwrap());
            terminal.feed(&bytes);
            let (id, _) = *terminal.placements.keys().next().unwrap();
            assert_eq!(bytes.is_empty(), shown.last() == Some(&id));
            let new = shown.last() != Some(&id);
            if new {
                let (image, _) = terminal.only();
                check_shot_within(&image.frames[0], &clip.poses[pose].frame, COARSEST);
                shown.push(id);
            }
        }
        assert_eq!(shown.len(), least.max(2));
    }
}

#[test]
fn a_streamed_still_takes_the_place_of_any_other_picture() {
    let (_, clips) = &PETS[0];
    let clip = &clips[0];
    let at = place(0, clip);
    for tier in [KittyTier::Animated, KittyTier::Static] {
        let mut show = Show::new(tier);
        show.told = format!("{tier:?}");
        show.quietly(|kitty, out| kitty.load(ClipId(0), &clip.poses, out).unwrap());
        for n in 0..3 {
            show.pose(0, n, clip, &at);
            show.frame(&at, |kitty, out| {
                kitty.encode(&ball(at.pixels(), n as u16), &at, out).unwrap();
            });
            let (image, _) = show.terminal.only();
            check_shot(&image.frames[0], &ball(at.pixels(), n as u16));
        }
        show.erase();
        show.pose(0, 1, clip, &at);
    }
}

/// A PNG with a palette may be off a little, and no more.
#[test]
fn a_palette_is_read_and_its_tolerance_kept() {
    let mut frame = Frame::new(PixelSize::new(4, 2)).unwrap();
    paint(&mut frame, [0, 0, 2, 2], [200, 100, 50, 255]);
    for (off, fits) in [(0, true), (4, true), (40, false)] {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 4, 2);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(vec![0, 0, 0, 200 + off, 100, 50]);
        encoder.set_trns(vec![0, 255]);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[1, 1, 0, 0, 1, 1, 0, 0]).unwrap();
        writer.finish().unwrap();
        let payload = STANDARD.encode(&file);
        let mut terminal = Graphics::default();
        terminal.feed(format!("\x1b_Ga=t,i=7,f=100,q=2;{payload}\x1b\\").as_bytes());
        let shot = &terminal.images[&7].frames[0];
        assert!(shot.indexed);
        let checked = std::panic::catch_unwind(|| check_shot(shot, &frame));
        assert_eq!(checked.is_ok(), fits, "off by {off}");
    }
}

/// The model is no yes-man: it tells a gap, a doubled picture and a wrong pose.
#[test]
fn the_model_sees_what_is_wrong() {
    let (_, clips) = &PETS[0];
    let clip = &clips[0];
    let at = place(0, clip);
    let mut kitty = encoder(KittyTier::Static);
    let mut terminal = Graphics::default();
    terminal.feed(&written(|out| kitty.load(ClipId(0), &clip.poses, out).unwrap()));
    terminal.feed(&written(|out| kitty.show(ClipId(0), 0, &at, out).unwrap()));
    let flip = written(|out| kitty.show(ClipId(0), 1, &at, out).unwrap());
    let delete = crate::support::find(&flip, b"\x1b_Ga=d").unwrap();
    let wrong_way = [&flip[delete..], &flip[..delete]].concat();
    let mut late = Graphics::default();
    late.feed(&written(|out| {
        let mut kitty = encoder(KittyTier::Static);
        kitty.load(ClipId(0), &clip.poses, out).unwrap();
    }));
    late.feed(&written(|out| {
        let mut kitty = encoder(KittyTier::Static);
        kitty.load(ClipId(0), &clip.poses, &mut Vec::new()).unwrap();
        kitty.show(ClipId(0), 0, &at, out).unwrap();
    }));
    assert!(late.feed(&wrong_way).contains(&0), "deleted before the next was there");
    assert_eq!(terminal.feed(&flip[..delete]).last(), Some(&2), "the old one stays");
    let other = std::panic::catch_unwind(|| {
        let (image, _) = late.only();
        check_shot(&image.frames[0], &clip.poses[0].frame);
    });
    assert!(other.is_err(), "another pose is another picture");
}
