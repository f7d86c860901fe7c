//! Sixel on the pets' idle clips at 160×160, twelve frames a second: bytes, time and how near the
//! colours are, beside libsixel (`img2sixel`) and chafa on the same frames in the same run.
//! `just sixel`
//!
//! Two times are told of ours: `whole` is every frame sent anew, with its PNG read first, which is
//! what the peers do; `delta` is what the player does, from frames in memory. A peer's time is the
//! processor time of its process over all frames, less that over few, divided by the difference: so
//! its start is not counted. Ours is processor time, too. The best of three rounds counts, and all
//! run on one thread.
//!
//! Quality is measured on decoded streams where the frame is fully opaque. chafa 1.12 scales to
//! multiples of eight and six, so it is given frames of 144×144.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]
#![expect(clippy::cast_possible_truncation, reason = "sizes here are small")]
#![expect(clippy::cast_precision_loss, reason = "counts of bytes and frames")]

#[path = "support/children.rs"]
mod children;
#[path = "support/processor.rs"]
mod processor;
#[path = "../tests/encoders/screen.rs"]
mod screen;

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::protocol::sixel::{Sixel, SixelConfig, SixelTraits};
use buddy_render::protocol::{ClipId, Encoder, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use children::children;
use processor::processor_time;
use screen::{Off, Over, Screen};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RATE: u32 = 12;
const ROUNDS: u32 = 3;
/// One frame of so many is for what a peer's start costs.
const FEW: usize = 8;
const AT: Placement = Placement {
    at: CellPosition { col: 60, row: 0 },
    size: CellSize::new(16, 8),
    cell: CellPixels::new(10, 20),
};
const WINDOW: CellSize = CellSize::new(80, 24);

/// A pet's idle clip.
struct Clip {
    pet: &'static str,
    frames: Vec<Frame>,
    samples: Vec<Frame>,
    /// The frames as PNG files, and at chafa's size.
    files: Vec<PathBuf>,
    small: Vec<(PathBuf, Frame)>,
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sixel-frames");
    std::fs::create_dir_all(&folder).unwrap();
    let clips: Vec<Clip> = catalog::names().into_iter().map(|pet| clip(pet, &folder)).collect();
    ours(&clips);
    peers(&clips);
}

fn clip(pet: &'static str, folder: &Path) -> Clip {
    let loaded = catalog::load(pet).unwrap();
    let idle = loaded.clip("idle").unwrap();
    let mut scene = loaded.scene().unwrap();
    let count = (idle.duration.as_secs_f64() * f64::from(RATE)) as u32;
    let mut draw = |n: u32, side: u32| {
        let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
        scene.draw(idle.start + Duration::from_secs(1) * n / RATE, &mut frame);
        let file = folder.join(format!("{pet}-{side}-{n:03}.png"));
        std::fs::write(&file, png(&frame)).unwrap();
        (file, frame)
    };
    let (files, frames) = (0..count).map(|n| draw(n, 160)).unzip();
    let small = (0..count).map(|n| draw(n, 144)).collect();
    let samples = poses::sample(&mut *scene, idle.start, idle.duration, AT.pixels()).unwrap();
    Clip { pet, frames, samples, files, small }
}

fn png(frame: &Frame) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let PixelSize { width, height } = frame.size();
    let pixels = image::RgbaImage::from_raw(width, height, frame.to_straight_rgba()).unwrap();
    pixels.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn read(file: &Path) -> Frame {
    let pixels = image::open(file).unwrap().to_rgba8();
    Frame::from_straight_rgba(PixelSize::new(pixels.width(), pixels.height()), &pixels).unwrap()
}

/// A terminal, by what it does with pictures over pictures.
fn terminals() -> [(&'static str, Over, SixelTraits); 4] {
    let traits =
        |overlays, shared_registers, pictures| SixelTraits { overlays, shared_registers, pictures };
    [
        ("foot", Over::Lies, traits(true, true, None)),
        ("xterm", Over::Lies, traits(true, true, Some(16))),
        ("Windows Terminal", Over::Lies, traits(true, false, None)),
        ("any other", Over::Replaces, traits(false, false, None)),
    ]
}

fn ours(clips: &[Clip]) {
    println!(
        "{:<12} {:<17} {:>6} {:>6} {:>6} {:>8} {:>6} {:>8}",
        "pet", "terminal", "first", "mean", "max", "delta", "dB", "ΔE"
    );
    for (name, over, traits) in terminals() {
        let mut all = Off::default();
        let (mut bytes, mut micros) = (0.0, 0.0);
        for clip in clips {
            let (sizes, off) = played(clip, over, traits, &mut all);
            let time = best(|| delta(clip, traits)) / clip.frames.len() as f64;
            let after = &sizes[1..];
            let mean = after.iter().sum::<usize>() as f64 / after.len() as f64;
            println!(
                "{:<12} {name:<17} {:>6} {mean:>6.0} {:>6} {time:>5.0} µs {:>6.1} {:>8.4}",
                clip.pet,
                sizes[0],
                after.iter().max().unwrap(),
                off.psnr(),
                off.mean_delta()
            );
            bytes += mean / clips.len() as f64;
            micros += time / clips.len() as f64;
        }
        println!(
            "{:<12} {name:<17} {:>6} {bytes:>6.0} {:>6} {micros:>5.0} µs {:>6.1} {:>8.4}",
            "all",
            "",
            "",
            all.psnr(),
            all.mean_delta()
        );
    }
}

fn encoder(clip: &Clip, traits: SixelTraits) -> Sixel {
    let mut sixel = Sixel::new(SixelConfig { traits, ..SixelConfig::default() });
    sixel.learn_colors(ClipId(1), &clip.samples);
    sixel
}

/// The bytes of each frame of the clip played twice, and how near the colours are.
fn played(clip: &Clip, over: Over, traits: SixelTraits, all: &mut Off) -> (Vec<usize>, Off) {
    let mut screen = Screen::new(WINDOW, AT.cell, over, 256);
    let (mut sixel, mut off, mut sizes) = (encoder(clip, traits), Off::default(), Vec::new());
    for frame in clip.frames.iter().chain(&clip.frames) {
        let mut out = Vec::new();
        sixel.encode(frame, &AT, &mut out).unwrap();
        screen.feed(&out);
        let seen = screen.rgba(AT.at.col, AT.at.row, AT.pixels());
        off.add(&seen, frame);
        all.add(&seen, frame);
        sizes.push(out.len());
    }
    let mut out = Vec::new();
    sixel.farewell(&mut out);
    screen.feed(&out);
    assert_eq!(screen.opaque(), 0, "something is left behind");
    (sizes, off)
}

fn delta(clip: &Clip, traits: SixelTraits) {
    let (mut sixel, mut out) = (encoder(clip, traits), Vec::new());
    for frame in &clip.frames {
        out.clear();
        sixel.encode(frame, &AT, &mut out).unwrap();
    }
}

/// Every frame read from its file and sent anew.
fn whole(clip: &Clip) -> usize {
    let (mut sixel, mut out) = (encoder(clip, SixelTraits::default()), Vec::new());
    for file in &clip.files {
        sixel.invalidate();
        sixel.encode(&read(file), &AT, &mut out).unwrap();
    }
    out.len()
}

/// Microseconds of the fastest round.
fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let begun = Instant::now();
    let own = || processor_time().unwrap_or_else(|| begun.elapsed());
    let round = |_| {
        let start = own();
        std::hint::black_box(work());
        own() - start
    };
    (0..ROUNDS).map(round).min().unwrap().as_secs_f64() * 1e6
}

fn peers(clips: &[Clip]) {
    let frames: usize = clips.iter().map(|clip| clip.frames.len()).sum();
    let ours = clips.iter().map(|clip| best(|| whole(clip))).sum::<f64>() / frames as f64;
    let bytes = clips.iter().map(whole).sum::<usize>() / frames;
    let off = whole_quality(clips);
    println!(
        "\n{:<28} {:>6} {:>8} {:>6} {:>8} {:>6}",
        "PNG to sixel, each frame whole", "bytes", "time", "dB", "ΔE", "ratio"
    );
    println!(
        "{:<30} {bytes:>6} {ours:>5.0} µs {:>6.1} {:>8.4}",
        "ours",
        off.psnr(),
        off.mean_delta()
    );
    let large: Vec<(PathBuf, &Frame)> =
        clips.iter().flat_map(|clip| clip.files.iter().cloned().zip(&clip.frames)).collect();
    let small: Vec<(PathBuf, &Frame)> = clips
        .iter()
        .flat_map(|clip| clip.small.iter().map(|(file, frame)| (file.clone(), frame)))
        .collect();
    let chafa = ["-f", "sixels", "--threads", "1", "--font-ratio", "1/1", "-s", "18x18"];
    peer("img2sixel", &[], &large, ours);
    peer("img2sixel", &["-d", "none"], &large, ours);
    peer("img2sixel", &["-q", "full"], &large, ours);
    peer("chafa", &chafa, &small, ours);
}

fn whole_quality(clips: &[Clip]) -> Off {
    let mut off = Off::default();
    for clip in clips {
        let mut sixel = encoder(clip, SixelTraits::default());
        for frame in &clip.frames {
            let mut screen = Screen::new(WINDOW, AT.cell, Over::Replaces, 256);
            let mut out = Vec::new();
            sixel.invalidate();
            sixel.encode(frame, &AT, &mut out).unwrap();
            screen.feed(&out);
            off.add(&screen.rgba(AT.at.col, AT.at.row, AT.pixels()), frame);
        }
    }
    off
}

fn peer(program: &str, options: &[&str], frames: &[(PathBuf, &Frame)], ours: f64) {
    let run = |files: &[&Path]| {
        let mut command = Command::new(program);
        command.args(options).args(files).stderr(Stdio::null()).output().ok()
    };
    let Some(_) = run(&[&frames[0].0]) else {
        println!("{program} is left out: it is not installed");
        return;
    };
    let all: Vec<&Path> = frames.iter().map(|(file, _)| file.as_path()).collect();
    let few: Vec<&Path> = all.iter().step_by(FEW).copied().collect();
    let timed = |files: &[&Path]| {
        (0..ROUNDS)
            .map(|_| {
                let before = children();
                run(files);
                children() - before
            })
            .min()
            .unwrap()
    };
    let time = timed(&all).saturating_sub(timed(&few)).as_secs_f64() * 1e6;
    let time = time / (all.len() - few.len()) as f64;
    let (mut off, mut bytes) = (Off::default(), 0);
    for (file, frame) in frames.iter().step_by(FEW) {
        let output = run(&[file]).unwrap().stdout;
        bytes += output.len();
        off.add(&decoded(&output, frame.size()), frame);
    }
    let name = format!("{program} {}", options.get(..2).unwrap_or_default().join(" "));
    println!(
        "{name:<30} {:>6} {time:>5.0} µs {:>6.1} {:>8.4} {:>6.2}",
        bytes / few.len(),
        off.psnr(),
        off.mean_delta(),
        ours / time
    );
}

/// A peer's one picture, under the header that our screen wants.
fn decoded(output: &[u8], size: PixelSize) -> Vec<[u8; 4]> {
    let find = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|w| w == wanted);
    let body = &output[find(output, b"\x1bP").unwrap() + 2..];
    let body = &body[find(body, b"q").unwrap() + 1..find(body, b"\x1b").unwrap()];
    let body = body.strip_suffix(b"-").unwrap_or(body);
    let picture = [b"\x1b[1;1H\x1bP7;1;0q", body, b"\x1b\\"].concat();
    let mut screen = Screen::new(WINDOW, AT.cell, Over::Lies, 256);
    if !size.width.is_multiple_of(10) {
        screen = Screen::new(WINDOW, CellPixels::new(12, 12), Over::Lies, 256);
    }
    screen.feed(&picture);
    screen.rgba(0, 0, size)
}
