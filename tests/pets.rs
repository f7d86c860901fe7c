//! The five pets: complete, compiled from their sources, whole in every pose.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::frame::Frame;
use buddy_render::pet::{Clip, Pet, build, catalog};
use buddy_render::scene::Scene;
use buddy_render::scene::dotlottie::DotLottie;
use buddy_render::units::PixelSize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What every pet can do.
const CLIPS: &[&str] =
    &["idle", "happy", "alert", "sad", "sleep", "wake", "work", "tap-glass", "celebrate"];

/// What one pet alone can do.
const SIGNATURES: &[(&str, &[&str])] = &[
    ("antigravity", &["hoot", "side-eye", "tilt"]),
    ("null", &["purr", "hiss", "knead", "stretch"]),
    ("haiku", &["fold", "bow", "one-leg"]),
    ("bit", &["fetch", "wag", "zoom"]),
    ("spectre", &["appear", "vanish", "whisper"]),
];

/// What a mind may ask for, beside what the pets have.
const ASKED: &[&str] =
    &["hiss", "purr", "hoot", "fetch", "fold", "side-eye", "whisper", "glow", "wake"];

const REACTIONS: &[&str] = &[
    "tests-passed",
    "tests-failed",
    "tests-green-again",
    "build-passed",
    "build-failed",
    "lint-error",
    "large-delete",
    "conflict",
    "conflict-resolved",
    "agent-blocked",
    "agent-done",
    "agent-error",
    "legacy",
    "docs",
    "condense",
    "sleep",
    "wake",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pets").join(name)
}

fn pets() -> Vec<Pet> {
    catalog::names().into_iter().map(|name| catalog::load(name).unwrap()).collect()
}

fn drawn(scene: &mut dyn Scene, at: Duration, side: u32) -> Frame {
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    scene.draw(at, &mut frame);
    frame
}

/// The share of pixels that differ visibly, 0 to 1.
fn difference(a: &Frame, b: &Frame) -> f64 {
    let pixels = a.pixmap().data().chunks_exact(4).zip(b.pixmap().data().chunks_exact(4));
    let (count, all) = pixels.fold((0_u32, 0_u32), |(count, all), (a, b)| {
        let far = a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 24);
        (count + u32::from(far), all + 1)
    });
    f64::from(count) / f64::from(all)
}

#[test]
fn every_pet_has_its_clips_and_something_to_say() {
    for (pet, (name, signatures)) in pets().iter().zip(SIGNATURES) {
        assert_eq!(pet.name(), *name);
        for clip in CLIPS.iter().chain(*signatures) {
            assert!(pet.clip(clip).is_some(), "{name} has no {clip}");
        }
        for clip in ASKED {
            assert!(pet.resolve_clip(clip) != "idle", "{name} does nothing for {clip}");
        }
        let personality = pet.personality();
        for reaction in REACTIONS {
            assert!(
                personality.lines.contains_key(*reaction),
                "{name} has no lines for {reaction}"
            );
        }
        assert!(pet.clip("idle").unwrap().looping && pet.clip("sleep").unwrap().looping);
        assert!(!pet.clip("happy").unwrap().looping);
    }
}

#[test]
fn the_committed_files_are_what_the_sources_compile_to() {
    for name in catalog::names() {
        let read = |file: &str| std::fs::read_to_string(folder(name).join(file)).unwrap();
        let compiled = build::compile(&read("rig.svg"), &read("clips.toml")).unwrap();
        let stale = format!("run: cargo run -- pack build pets/{name}");
        assert!(compiled.still == read(&format!("{name}.svg")), "{stale}");
        // Compared inflated: another zip library may pack the same thing tighter.
        let committed =
            DotLottie::open(&std::fs::read(folder(name).join(format!("{name}.lottie"))).unwrap())
                .unwrap();
        assert!(
            compiled.animation.as_bytes() == committed.file(&format!("a/{name}.json")).unwrap(),
            "{stale}"
        );
        assert!(compiled.extra.as_bytes() == committed.file("x-buddy.json").unwrap(), "{stale}");
        let again = compiled.to_dotlottie(name).unwrap();
        assert!(again == compiled.to_dotlottie(name).unwrap(), "the same pet, the same bytes");
    }
}

#[test]
fn the_engine_draws_all_that_the_pets_use() {
    for pet in pets() {
        assert!(pet.scene().unwrap().unsupported().is_empty(), "{}", pet.name());
    }
}

#[test]
fn loops_have_no_seam() {
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        let step = Duration::from_secs_f32(1.0 / scene.frame_rate());
        for clip in pet.clips().iter().filter(|clip| clip.looping) {
            let first = drawn(&mut *scene, clip.start, 128);
            let end = drawn(&mut *scene, clip.start + clip.duration, 128);
            let late = drawn(&mut *scene, clip.start + clip.duration - step, 128);
            let (seam, last) = (difference(&first, &end), difference(&first, &late));
            assert!(
                seam < 0.001,
                "{} {}: first and last pose differ by {seam}",
                pet.name(),
                clip.name
            );
            assert!(last < 0.12, "{} {}: jumps by {last} at its end", pet.name(), clip.name);
        }
    }
}

fn moments(clip: &Clip) -> impl Iterator<Item = Duration> + '_ {
    (0..=24).map(|i| clip.start + clip.duration * i / 24)
}

#[test]
fn nothing_is_cut_off_by_the_edge() {
    const SIDE: usize = 128;
    let mut cut = Vec::new();
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        for clip in pet.clips() {
            for at in moments(clip) {
                let frame = drawn(&mut *scene, at, 128);
                let pixels = frame.pixmap().pixels();
                let edge = |i: usize| [i, (SIDE - 1) * SIDE + i, i * SIDE, i * SIDE + SIDE - 1];
                let count = (0..SIDE).flat_map(edge).filter(|i| pixels[*i].alpha() > 128).count();
                if count > 0 {
                    let at = at.saturating_sub(clip.start);
                    cut.push(format!("{} {} at {at:?}: {count} pixels", pet.name(), clip.name));
                }
            }
        }
    }
    assert!(cut.is_empty(), "{}", cut.join("\n"));
}

#[test]
fn every_clip_moves_and_every_key_pose_shows_something() {
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        for clip in pet.clips() {
            let key = drawn(&mut *scene, clip.start + clip.key, 128);
            let seen = key.pixmap().pixels().iter().filter(|p| p.alpha() > 128).count();
            assert!(seen > 800, "{} {}: the key pose has {seen} pixels", pet.name(), clip.name);
            let most = moments(clip)
                .map(|at| difference(&drawn(&mut *scene, at, 128), &key))
                .fold(0.0, f64::max);
            assert!(most > 0.002, "{} {} stands still", pet.name(), clip.name);
        }
    }
}

#[test]
fn every_clip_has_a_pose_in_letters_that_fits() {
    for pet in pets() {
        for clip in pet.clips() {
            let art = pet.ascii(&clip.name).unwrap();
            let fits = (1..=6).contains(&art.lines().len()) && (3..=12).contains(&art.cols());
            assert!(fits, "{} {}: {:?}", pet.name(), clip.name, art.lines());
        }
    }
}

#[test]
fn the_pets_can_be_told_apart_by_their_outlines() {
    let outline = |pet: &Pet| {
        let idle = pet.clip("idle").unwrap().clone();
        let frame = drawn(&mut *pet.scene().unwrap(), idle.start + idle.key, 64);
        frame.pixmap().pixels().iter().map(|p| p.alpha() > 128).collect::<Vec<_>>()
    };
    let outlines: Vec<_> = pets().iter().map(outline).collect();
    for (i, a) in outlines.iter().enumerate() {
        for b in &outlines[..i] {
            let differing = a.iter().zip(b).filter(|(a, b)| a != b).count();
            assert!(differing > 64 * 64 / 12, "{differing}");
        }
    }
}
