//! What each clip of each pet costs at 160×160: the time of a frame, played in order at thirty a
//! second, and the bytes of its upload to kitty; then what its skins cost, drawing and filters
//! together. The worst are named at the end.
//! `cargo bench --bench clips`
//!
//! Times are processor time of one thread, the best of three rounds; each round plays the clip so
//! often that the clock's steps, of milliseconds on some systems, do not matter.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

#[path = "support/poses.rs"]
mod poses;
#[path = "support/processor.rs"]
mod processor;

use buddy_render::frame::Frame;
use buddy_render::pet::skin::{Ground, Outfit};
use buddy_render::pet::{Clip, Pet, catalog};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::{ClipId, Encoder, Pose};
use buddy_render::units::PixelSize;
use processor::processor_time;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 3;
/// What a round draws, in frames.
const FRAMES: u32 = 400;
const SIZE: PixelSize = PixelSize::new(160, 160);
const FRAMES_A_SECOND: u32 = 30;

/// What a clip costs.
struct Cost {
    name: String,
    milliseconds: f64,
    poses: usize,
    bytes: usize,
}

fn main() {
    println!("{:<24} {:>9} {:>6} {:>9}", "clip", "ms/frame", "poses", "kitty, B");
    let mut costs = Vec::new();
    for name in catalog::names() {
        let pet = catalog::load(name).unwrap();
        for clip in pet.clips() {
            let cost = cost(&pet, clip);
            let Cost { name, milliseconds, poses, bytes } = &cost;
            println!("{name:<24} {milliseconds:>9.3} {poses:>6} {bytes:>9}");
            costs.push(cost);
        }
    }
    let slowest = costs.iter().max_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds)).unwrap();
    println!("the slowest: {}, {:.3} ms a frame", slowest.name, slowest.milliseconds);
    let idles = costs.iter().filter(|cost| cost.name.contains(" idle"));
    let largest = idles.max_by_key(|cost| cost.bytes).unwrap();
    println!("the largest idle: {}, {} B for kitty", largest.name, largest.bytes);
    skins();
}

/// What the clips of each pet cost in each skin: their mean, and the slowest.
fn skins() {
    let heads = ["skin", "mean, ms", "worst, ms", "idle, B"];
    println!("\n{:<28} {:>9} {:>9} {:>9}  slowest", heads[0], heads[1], heads[2], heads[3]);
    let mut worst = (0.0, String::new());
    for name in catalog::names() {
        let pet = catalog::load(name).unwrap();
        for skin in pet.skins() {
            let outfit = Outfit { skin: Some(skin.to_owned()), ground: Ground::Dark };
            let time = |clip: &Clip| (frame_time(&pet, clip, &outfit), clip.name.clone());
            let times: Vec<_> = pet.clips().iter().map(time).collect();
            let mean = times.iter().map(|(time, _)| time).sum::<f64>() / times.len() as f64;
            let slowest = times.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
            let who = format!("{name} {skin}");
            let idle = upload(&poses::dressed(&pet, "idle", SIZE, &outfit));
            println!("{who:<28} {mean:>9.3} {:>9.3} {idle:>9}  {}", slowest.0, slowest.1);
            if slowest.0 > worst.0 {
                worst = (slowest.0, format!("{who} {}", slowest.1));
            }
        }
    }
    println!("the slowest of all: {}, {:.3} ms a frame", worst.1, worst.0);
}

fn cost(pet: &Pet, clip: &Clip) -> Cost {
    let poses = poses::of(pet.name(), &clip.name, SIZE);
    Cost {
        name: format!("{} {}", pet.name(), clip.name),
        milliseconds: frame_time(pet, clip, &Outfit::default()),
        poses: poses.len(),
        bytes: upload(&poses),
    }
}

/// The bytes that kitty is sent of some poses.
fn upload(poses: &[Pose]) -> usize {
    let mut kitty = Kitty::new(KittyConfig::new(KittyTier::Animated, IdRange::from_seed(1)));
    let mut upload = Vec::new();
    kitty.load(ClipId(1), poses, &mut upload).unwrap();
    upload.len()
}

/// The mean of a clip's frames, in milliseconds.
fn frame_time(pet: &Pet, clip: &Clip, outfit: &Outfit) -> f64 {
    let mut scene = pet.scene_in(outfit).unwrap();
    let mut frame = Frame::new(SIZE).unwrap();
    let step = Duration::from_secs(1) / FRAMES_A_SECOND;
    let count = u32::try_from(clip.duration.as_nanos() / step.as_nanos()).unwrap().max(1);
    let mut round = || {
        let (before, wall) = (processor_time(), Instant::now());
        for i in 0..FRAMES {
            scene.draw(clip.start + step * (i % count), &mut frame);
        }
        match (before, processor_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => wall.elapsed(),
        }
    };
    let least = (0..ROUNDS).map(|_| round()).min().unwrap();
    least.as_secs_f64() * 1e3 / f64::from(FRAMES)
}
