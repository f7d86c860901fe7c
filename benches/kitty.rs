//! What the pets' idle clips cost on kitty at 160×160: bytes and time of an upload, as drawn and in
//! the colours of a palette, and of a pose in place; chafa on the same poses in the same run.
//! `cargo bench --bench kitty`
//!
//! dB is the PSNR of what was sent, in premultiplied RGBA, of pixels that are not fully transparent.
//! Times are processor time of one thread, the best of three rounds.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]
#![expect(clippy::cast_precision_loss, reason = "counts of bytes and poses")]

#[path = "support/poses.rs"]
mod poses;
#[path = "support/processor.rs"]
mod processor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::protocol::kitty::{FAITHFUL, IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::{ClipId, Encoder, Placement, Pose};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use processor::processor_time;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const ROUNDS: u32 = 3;
const CLIP: ClipId = ClipId(1);
const AT: Placement = Placement {
    at: CellPosition { col: 60, row: 0 },
    size: CellSize::new(16, 8),
    cell: CellPixels::new(10, 20),
};

fn main() {
    println!(
        "{:<12} {:>5} {:>9} {:>9} {:>9} {:>9} {:>6} {:>5} {:>12}",
        "pet", "poses", "as drawn", "ms", "palette", "ms", "dB", "flip", "chafa, all"
    );
    let names = catalog::names();
    let clips: Vec<Vec<Pose>> =
        names.iter().map(|pet| poses::of(pet, "idle", AT.pixels())).collect();
    for (pet, clip) in names.iter().zip(&clips) {
        upload(pet, clip);
    }
    alone(&clips);
    steady(&clips[0]);
}

/// What a pose costs once its clip is loaded, by the way in which it is shown.
fn steady(clip: &[Pose]) {
    println!();
    for tier in [KittyTier::Animated, KittyTier::Static] {
        for placeholders in [false, true] {
            let (passthrough, ids) = match placeholders {
                true => (Passthrough::Tmux, IdRange::of_8_bits(1)),
                false => (Passthrough::None, IdRange::from_seed(1)),
            };
            let config = KittyConfig::new(tier, ids);
            let mut kitty = Kitty::new(KittyConfig { placeholders, passthrough, ..config });
            let mut out = Vec::new();
            kitty.load(CLIP, clip, &mut out).unwrap();
            let mut bytes = |write: &mut dyn FnMut(&mut Kitty, &mut Vec<u8>)| {
                let mut out = Vec::new();
                write(&mut kitty, &mut out);
                out.len()
            };
            let first = bytes(&mut |kitty, out| kitty.show(CLIP, 0, &AT, out).unwrap());
            let next = bytes(&mut |kitty, out| kitty.show(CLIP, 1, &AT, out).unwrap());
            let check = bytes(&mut |kitty, out| kitty.check(out));
            let place = if placeholders { "placeholders in tmux" } else { "at the cursor" };
            println!(
                "{tier:?}, {place}: first pose {first} bytes, each next {next}, check {check}"
            );
        }
    }
}

fn kitty(tolerance: u32) -> Kitty {
    Kitty::new(KittyConfig {
        tolerance,
        ..KittyConfig::new(KittyTier::Animated, IdRange::from_seed(1))
    })
}

fn loaded(tolerance: u32, clip: &[Pose]) -> (Kitty, Vec<u8>) {
    let (mut kitty, mut out) = (kitty(tolerance), Vec::new());
    kitty.load(CLIP, clip, &mut out).unwrap();
    (kitty, out)
}

fn upload(pet: &str, clip: &[Pose]) {
    let (_, exact) = loaded(0, clip);
    let (mut kitty, faithful) = loaded(FAITHFUL, clip);
    let drawn = best(|| drop(loaded(0, clip)));
    let near = best(|| drop(loaded(FAITHFUL, clip)));
    let mut flip = Vec::new();
    kitty.show(CLIP, 0, &AT, &mut flip).unwrap();
    flip.clear();
    kitty.show(CLIP, clip.len() / 2, &AT, &mut flip).unwrap();
    let chafa = chafa(clip).map_or("not there".to_owned(), |bytes| bytes.to_string());
    println!(
        "{pet:<12} {:>5} {:>9} {drawn:>9.1} {:>9} {near:>9.1} {:>6.1} {:>5} {chafa:>12}",
        clip.len(),
        exact.len(),
        faithful.len(),
        psnr(&decoded(&faithful), clip),
        flip.len(),
    );
}

/// A frame by itself, as a stream sends it, beside nothing but deflating its pixels.
fn alone(clips: &[Vec<Pose>]) {
    let frames: Vec<&Frame> = clips.iter().flatten().map(|pose| &pose.frame).collect();
    let pixels: Vec<Vec<u8>> = frames.iter().map(|frame| frame.to_straight_rgba()).collect();
    let ours = best(|| {
        let (mut kitty, mut out) = (kitty(0), Vec::new());
        for frame in &frames {
            out.clear();
            kitty.encode(frame, &AT, &mut out).unwrap();
        }
    });
    let bare = best(|| {
        for pixels in &pixels {
            let level = flate2::Compression::default();
            let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
            zlib.write_all(pixels).unwrap();
            zlib.finish().unwrap();
        }
    });
    let count = frames.len() as f64;
    println!();
    println!(
        "a frame sent alone: {:.3} ms; deflating it alone: {:.3} ms; ratio {:.2}",
        ours / count,
        bare / count,
        ours / bare
    );
}

/// The least processor time of a few rounds, in milliseconds.
fn best(mut work: impl FnMut()) -> f64 {
    let mut round = || {
        let before = processor_time();
        let wall = Instant::now();
        work();
        match (before, processor_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => wall.elapsed(),
        }
    };
    let least = (0..ROUNDS).map(|_| round()).min().unwrap();
    least.as_secs_f64() * 1e3
}

/// The pictures of an upload, as straight RGBA.
fn decoded(upload: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(upload).unwrap();
    let (mut pictures, mut data, mut format) = (Vec::new(), Vec::new(), "");
    for sequence in text.split("\x1b_G").skip(1) {
        let Some((keys, payload)) = sequence.trim_end_matches("\x1b\\").split_once(';') else {
            continue;
        };
        let key = |name: &str| keys.split(',').find_map(|k| k.strip_prefix(name));
        format = key("f=").unwrap_or(format);
        data.extend(STANDARD.decode(payload).unwrap());
        if key("m=") != Some("1") {
            pictures.push(pixels(format, &data));
            data.clear();
        }
    }
    pictures
}

fn pixels(format: &str, data: &[u8]) -> Vec<u8> {
    if format == "100" {
        return image::load_from_memory(data).unwrap().to_rgba8().into_raw();
    }
    let mut raw = Vec::new();
    flate2::read::ZlibDecoder::new(data).read_to_end(&mut raw).unwrap();
    raw
}

fn psnr(got: &[Vec<u8>], clip: &[Pose]) -> f64 {
    let (mut error, mut count) = (0_u64, 0_u64);
    for got in got {
        let got = Frame::from_straight_rgba(clip[0].frame.size(), got).unwrap();
        // Some poses may be left out: it is of the one that is nearest.
        let off = |pose: &Pose| {
            let pairs = got.pixmap().data().iter().zip(pose.frame.pixmap().data());
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>()
        };
        let pose = clip.iter().min_by_key(|pose| off(pose)).unwrap();
        error += off(pose);
        let seen = pose.frame.pixmap().pixels().iter().filter(|pixel| pixel.alpha() > 0);
        count += 4 * seen.count() as u64;
    }
    10.0 * (255.0 * 255.0 * count as f64 / error.max(1) as f64).log10()
}

/// What chafa sends for the same poses, one after another.
fn chafa(clip: &[Pose]) -> Option<usize> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kitty-poses");
    std::fs::create_dir_all(&folder).ok()?;
    let mut bytes = 0;
    for pose in clip {
        let file = folder.join("pose.png");
        let PixelSize { width, height } = pose.frame.size();
        let pixels = image::RgbaImage::from_raw(width, height, pose.frame.to_straight_rgba())?;
        pixels.save(&file).ok()?;
        let options = ["--format", "kitty", "--size", "16x8", "--scale", "max"];
        bytes += Command::new("chafa").args(options).arg(&file).output().ok()?.stdout.len();
    }
    Some(bytes)
}
