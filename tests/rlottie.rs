//! The scene that rlottie draws, beside our own.
#![cfg(all(unix, feature = "rlottie"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use buddy_render::frame::Frame;
use buddy_render::scene::rlottie::{self, RlottieError};
use buddy_render::scene::{self, Scene, SceneError};
use buddy_render::units::PixelSize;
use std::time::Duration;

fn fixture(path: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/");
    std::fs::read(format!("{root}{path}")).unwrap()
}

fn drawn(scene: &mut dyn Scene, at: Duration) -> Frame {
    let mut frame = Frame::new(PixelSize::new(120, 96)).unwrap();
    scene.draw(at, &mut frame);
    frame
}

/// The mean difference of a premultiplied channel, of 255 levels.
fn difference(a: &Frame, b: &Frame) -> f64 {
    let (a, b) = (a.pixmap().data(), b.pixmap().data());
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

/// Of two renderers that agree; a shape that is missing, misplaced or of swapped colours is above.
const ROUGHLY: f64 = 1.0;

#[test]
fn it_draws_about_what_we_draw() {
    for name in
        ["lottie/own/precomp.json", "lottie/own/trim_wrap.json", "dotlottie/star_rating.lottie"]
    {
        let bytes = fixture(name);
        let (mut ours, mut theirs) = (scene::load(&bytes).unwrap(), rlottie::load(&bytes).unwrap());
        assert_eq!(ours.duration(), theirs.duration());
        for part in 0..4 {
            let at = ours.duration() * part / 3;
            // Whole frames only: ours at the same one.
            let rate = f64::from(ours.frame_rate());
            let at = Duration::from_secs_f64((at.as_secs_f64() * rate).floor() / rate);
            let (ours, theirs) = (drawn(ours.as_mut(), at), drawn(&mut theirs, at));
            let off = difference(&ours, &theirs);
            assert!(off < ROUGHLY, "{name} at {at:?}: {off}");
            assert!(theirs.pixmap().pixels().iter().any(|p| p.alpha() > 0), "{name} at {at:?}");
        }
    }
}

#[test]
fn it_goes_to_another_thread_and_to_another_size() {
    let mut scene = rlottie::load(&fixture("lottie/own/precomp.json")).unwrap();
    let before = drawn(&mut scene, Duration::ZERO);
    scene.draw(Duration::ZERO, &mut Frame::new(PixelSize::new(7, 300)).unwrap());
    let after = std::thread::spawn(move || drawn(&mut scene, Duration::ZERO)).join().unwrap();
    assert!(before == after);
}

/// Upstream's library answers a known key with the animation it had then.
#[test]
fn two_animations_stay_two() {
    let mut one = rlottie::load(&fixture("lottie/own/precomp.json")).unwrap();
    let mut other = rlottie::load(&fixture("lottie/own/trim_wrap.json")).unwrap();
    let at = one.duration() / 2;
    assert!(drawn(&mut one, at) != drawn(&mut other, at));
}

#[test]
fn what_it_cannot_take_is_an_error() {
    let nul = rlottie::load(b"{\"w\":1,\0}");
    assert!(matches!(nul, Err(SceneError::Rlottie(RlottieError::Nul(7)))));
    assert!(matches!(rlottie::load(b"<svg/>"), Err(SceneError::Lottie(_))));
}
