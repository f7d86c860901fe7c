//! What is allowed in a pack and yet not good: seen in the dark only, blinking, torn where it loops.
//!
//! Clips are looked at as a small terminal would show them, [`SIDE`] pixels wide, [`RATE`] times a
//! second, for [`LONGEST`] at most.

use super::{MAX_ZIP_BYTES, Pack, PackError, seal};
use crate::frame::{Frame, Letters};
use crate::pet::{Clip, Pet};
use crate::scene::Scene;
use crate::units::PixelSize;
use std::fmt;
use std::time::Duration;

/// The side of a frame that is looked at, in pixels.
const SIDE: u32 = 64;
/// Frames a second that are looked at.
const RATE: u32 = 30;
/// How much of a clip is looked at.
const LONGEST: Duration = Duration::from_secs(10);
/// What every pet should have: a clip or a chosen fallback, and a pose in letters.
const STATES: [&str; 7] = ["idle", "happy", "sad", "alert", "sleep", "work", "glow"];
/// The grounds that a pet stands on, as relative luminance: a dark terminal and a light one.
const GROUNDS: [(&str, f64); 2] = [("dark", 0.012), ("light", 0.88)];
/// The least contrast (WCAG 2.2, "contrast ratio") that an outline's pixel is seen by, and the share
/// of the outline that must be.
const CONTRAST: f64 = 1.6;
const SEEN: f64 = 0.4;
/// A change of relative luminance that is a flash's half, and the share of the picture that it
/// must take (WCAG 2.2, success criterion 2.3.1).
const FLASH: f64 = 0.1;
const FLASH_AREA: f64 = 0.25;
/// The most flashes a second.
const MAX_FLASHES: usize = 3;
/// Alpha that is hardly seen and still makes a box of the picture, and the share that is too much.
const HAZE: std::ops::Range<u8> = 1..12;
const MAX_HAZE: f64 = 0.05;
/// How much larger the step from a loop's last frame to its first may be than its largest other.
const MAX_SEAM: f64 = 1.5;
/// Steps below this mean difference of bytes are no tear.
const SMALL_STEP: f64 = 1.5;
/// A pack over this share of the limit says so.
const LARGE: u64 = MAX_ZIP_BYTES / 2;

/// Something that is not good, with its place and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// Where: a pet, a clip, a file.
    pub place: String,
    /// What is seen there.
    pub problem: String,
    /// What to do.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.place, self.rule, self.problem, self.advice)
    }
}

/// Looks at every clip of every pet.
///
/// # Errors
/// When a pet cannot be drawn.
pub fn lint(pack: &Pack) -> Result<Vec<Finding>, PackError> {
    let mut found = Vec::new();
    let size = seal(pack.files().clone())?.len() as u64;
    if size > LARGE {
        let problem = format!("{size} bytes, and the most is {MAX_ZIP_BYTES}");
        found.push(finding("size", "the pack", problem, "make sheets smaller, or fewer"));
    }
    for name in &pack.manifest().pets {
        let pet = pack.pet(name)?;
        words(pack, &pet, &mut found);
        let failed = |error: crate::scene::SceneError| PackError::Pet {
            pet: name.clone(),
            error: error.into(),
        };
        let mut scene = pet.scene().map_err(failed)?;
        for clip in pet.clips() {
            let place = format!("{name}: clip {}", clip.name);
            look(&place, scene.as_mut(), clip, &mut found);
        }
    }
    Ok(found)
}

fn finding(rule: &'static str, place: &str, problem: String, advice: &'static str) -> Finding {
    Finding { rule, place: place.to_owned(), problem, advice }
}

/// The forms for who sees no picture, and what stands in for clips that are not there.
fn words(pack: &Pack, pet: &Pet, found: &mut Vec<Finding>) {
    let told = pack.words(pet.name());
    for state in STATES {
        let place = format!("{}: state {state}", pet.name());
        let mut say = |rule, problem: &str, advice| {
            found.push(finding(rule, &place, problem.to_owned(), advice));
        };
        if !told.is_some_and(|words| words.contains_key(state)) {
            say("text", "a screen reader is told nothing", "write a sentence for it in [a11y.PET]");
        }
        if pet.clip(state).is_some() && !pet.has_pose(state, Letters::Ascii) {
            say("letters", "there is no pose of its own in letters", "draw [STATE] in ascii.txt");
        }
        if pet.clip(state).is_none() && pet.fallback(state).is_none() {
            say(
                "fallback",
                "there is no clip and no fallback",
                "name one in pet.toml's [fallbacks]",
            );
        }
    }
}

fn look(place: &str, scene: &mut dyn Scene, clip: &Clip, found: &mut Vec<Finding>) {
    let frames = frames(scene, clip);
    let (Some(first), Some(key)) = (frames.first(), frame(scene, clip.start + clip.key)) else {
        return;
    };
    let mut say = |rule, problem: String, advice| found.push(finding(rule, place, problem, advice));
    for (ground, light) in GROUNDS {
        let share = outline_seen(&key, light);
        if share.is_some_and(|share| share < SEEN) {
            let problem = format!("hardly stands out on a {ground} terminal");
            say("contrast", problem, "give it a rim of the other lightness");
        }
    }
    if key.pixmap().pixels().iter().all(|pixel| pixel.alpha() == 0) {
        say(
            "empty",
            "its key pose shows nothing".to_owned(),
            "check that the drawing is in its box",
        );
    }
    let haze = key.pixmap().pixels().iter().filter(|pixel| HAZE.contains(&pixel.alpha())).count();
    if share(haze, &key) > MAX_HAZE {
        say(
            "alpha",
            "much of it is nearly transparent, a grey box".to_owned(),
            "clear what should not be seen",
        );
    }
    let flashes = flashes(&frames);
    if flashes > MAX_FLASHES {
        say("flash", format!("{flashes} flashes within a second"), "keep to three: more can harm");
    }
    let steps: Vec<f64> = frames.windows(2).map(|pair| step(&pair[0], &pair[1])).collect();
    let most = steps.iter().copied().fold(0.0, f64::max);
    let seam = frames.last().map_or(0.0, |last| step(last, first));
    if clip.looping && clip.duration <= LONGEST && seam > SMALL_STEP.max(most * MAX_SEAM) {
        say(
            "seam",
            "it jumps from its last frame to its first".to_owned(),
            "let the last pose lead to the first",
        );
    }
    if frames.len() > 1 && most == 0.0 && clip.duration > Duration::from_secs(2) {
        say("duplicate", "all its frames are the same".to_owned(), "let it move, or make it short");
    }
}

fn frames(scene: &mut dyn Scene, clip: &Clip) -> Vec<Frame> {
    let count = (clip.duration.min(LONGEST).as_millis() * u128::from(RATE) / 1000).max(1);
    let mut draw = |index: u32| frame(scene, clip.start + Duration::from_secs(1) * index / RATE);
    (0..u32::try_from(count).unwrap_or(1)).filter_map(&mut draw).collect()
}

fn frame(scene: &mut dyn Scene, at: Duration) -> Option<Frame> {
    let mut frame = Frame::new(PixelSize::new(SIDE, SIDE)).ok()?;
    scene.draw(at, &mut frame);
    Some(frame)
}

fn share(count: usize, frame: &Frame) -> f64 {
    let all = frame.pixmap().pixels().len().max(1);
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(u32::try_from(all).unwrap_or(1))
}

/// The relative luminance of a pixel over a ground (WCAG 2.2).
fn luminance(pixel: tiny_skia::PremultipliedColorU8, ground: f64) -> f64 {
    let c = pixel.demultiply();
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let own = 0.2126 * linear(c.red()) + 0.7152 * linear(c.green()) + 0.0722 * linear(c.blue());
    let alpha = f64::from(c.alpha()) / 255.0;
    own * alpha + ground * (1.0 - alpha)
}

/// The share of the outline that stands out from a ground; none where nothing is drawn.
fn outline_seen(frame: &Frame, ground: f64) -> Option<f64> {
    let (pixels, side) = (frame.pixmap().pixels(), SIDE as usize);
    let solid = |at: usize| pixels[at].alpha() > 128;
    let edge = |at: &usize| {
        let (x, y) = (at % side, at / side);
        let inner = x > 0 && y > 0 && x + 1 < side && y + 1 < side;
        solid(*at)
            && (!inner || [at - 1, at + 1, at - side, at + side].into_iter().any(|n| !solid(n)))
    };
    let outline: Vec<usize> = (0..pixels.len()).filter(edge).collect();
    let stands_out = |at: &&usize| {
        // A rim may be drawn within the outline: what lies two pixels in counts as well.
        let near =
            [0, 1, 2, side, 2 * side].into_iter().flat_map(|d| [**at + d, at.saturating_sub(d)]);
        near.filter(|n| *n < pixels.len() && solid(*n)).any(|n| {
            let own = luminance(pixels[n], ground);
            (own.max(ground) + 0.05) / (own.min(ground) + 0.05) >= CONTRAST
        })
    };
    let seen = outline.iter().filter(stands_out).count();
    (!outline.is_empty()).then(|| {
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        count(seen) / count(outline.len())
    })
}

/// The most flashes in any second: pairs of opposite changes of a large part of the picture.
fn flashes(frames: &[Frame]) -> usize {
    let mut turns: Vec<(usize, bool)> = Vec::new();
    for (at, pair) in frames.windows(2).enumerate() {
        let (mut up, mut down) = (0, 0);
        for (a, b) in pair[0].pixmap().pixels().iter().zip(pair[1].pixmap().pixels()) {
            let change = luminance(*b, GROUNDS[0].1) - luminance(*a, GROUNDS[0].1);
            up += usize::from(change > FLASH);
            down += usize::from(change < -FLASH);
        }
        let brighter = up > down;
        let large = share(up.max(down), &pair[0]) > FLASH_AREA;
        if large && turns.last().is_none_or(|(_, last)| *last != brighter) {
            turns.push((at, brighter));
        }
    }
    let within = |from: usize| {
        turns.iter().filter(|(at, _)| (from..from + RATE as usize).contains(at)).count()
    };
    turns.iter().map(|(from, _)| within(*from) / 2).max().unwrap_or(0)
}

/// The mean difference of two frames' bytes, 0 to 255.
fn step(a: &Frame, b: &Frame) -> f64 {
    let bytes = a.pixmap().data().iter().zip(b.pixmap().data());
    let sum: u32 = bytes.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / f64::from(SIDE * SIDE * 4)
}
