//! How long a pet takes to open and to draw. `cargo bench --bench scenes`

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::units::PixelSize;
use divan::Bencher;
use std::time::Duration;

fn main() {
    divan::main();
}

const PETS: [&str; 5] = ["antigravity", "null", "haiku", "bit", "spectre"];

#[divan::bench(args = PETS)]
fn open(bencher: Bencher<'_, '_>, pet: &str) {
    bencher.bench(|| catalog::load(pet).unwrap().scene().unwrap());
}

fn draw(bencher: Bencher<'_, '_>, pet: &str, side: u32) {
    let mut scene = catalog::load(pet).unwrap().scene().unwrap();
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    let duration = scene.duration();
    let mut at = Duration::ZERO;
    bencher.bench_local(|| {
        scene.draw(at, &mut frame);
        // A step that visits all of the timeline, and not only its beginning.
        at += Duration::from_millis(137);
        if at >= duration {
            at -= duration;
        }
    });
}

/// In order, thirty frames a second, as an encoder that streams asks for them.
#[divan::bench(args = PETS, sample_count = 600, sample_size = 1)]
fn play_160(bencher: Bencher<'_, '_>, pet: &str) {
    let mut scene = catalog::load(pet).unwrap().scene().unwrap();
    let mut frame = Frame::new(PixelSize::new(160, 160)).unwrap();
    let duration = scene.duration();
    let mut at = Duration::ZERO;
    bencher.bench_local(|| {
        scene.draw(at, &mut frame);
        at += Duration::from_secs(1) / 30;
        if at >= duration {
            at -= duration;
        }
    });
}

#[divan::bench(args = PETS)]
fn draw_160(bencher: Bencher<'_, '_>, pet: &str) {
    draw(bencher, pet, 160);
}

#[divan::bench(args = PETS)]
fn draw_256(bencher: Bencher<'_, '_>, pet: &str) {
    draw(bencher, pet, 256);
}

/// A whole clip drawn ahead: its moments chosen, its poses drawn.
#[divan::bench(args = PETS, sample_count = 20)]
fn clip_160(bencher: Bencher<'_, '_>, pet: &str) {
    let pet = catalog::load(pet).unwrap();
    let mut scene = pet.scene().unwrap();
    let clip = pet.clip("idle").unwrap().clone();
    bencher.bench_local(|| {
        let moments = poses::choose(scene.as_mut(), clip.start, clip.duration).unwrap();
        poses::draw(scene.as_mut(), clip.start, &moments, PixelSize::new(160, 160)).unwrap()
    });
}
