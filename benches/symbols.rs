//! Text symbols on the pets' idle clips in 16×8 cells, ten frames a second: bytes, time and how near
//! the colours are, beside chafa on the same frames in the same run. `just symbols`
//!
//! Ours is told twice: `delta` is what the player does, cells that changed, from frames in memory;
//! `whole` is every frame sent anew, with its PNG read first, which is what chafa does. chafa's time
//! is the processor time of its process over all frames, less that over few, divided by the
//! difference: so its start is not counted. Ours is processor time, too. The best of three rounds
//! counts, and all run on one thread.
//!
//! Both outputs are decoded to pixels and compared with the frame over the same background, in
//! Oklab and as PSNR.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]
#![expect(clippy::cast_possible_truncation, reason = "sizes here are small")]

#[path = "support/children.rs"]
mod children;
#[path = "../tests/encoders/mosaic.rs"]
#[expect(dead_code, reason = "the tests read single tiles, too")]
mod mosaic;
#[path = "support/processor.rs"]
mod processor;

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::protocol::symbols::{ColorDepth, SymbolMode, Symbols, SymbolsConfig, TOLERANCE};
use buddy_render::protocol::{Encoder, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use children::children;
use mosaic::{BACKGROUND, Distance, Mosaic};
use processor::processor_time;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RATE: u32 = 10;
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
    files: Vec<PathBuf>,
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("symbols-frames");
    std::fs::create_dir_all(&folder).unwrap();
    let clips: Vec<Clip> = catalog::names().into_iter().map(|pet| clip(pet, &folder)).collect();
    ours(&clips);
    if let Some(modes) = std::env::var_os("SYMBOLS_TOLERANCES") {
        tolerances(&clips, &modes.to_string_lossy());
    }
    if let Some(folder) = std::env::var_os("SYMBOLS_PICTURES") {
        pictures(&clips, Path::new(&folder));
    }
    peer(&clips);
}

fn clip(pet: &'static str, folder: &Path) -> Clip {
    let loaded = catalog::load(pet).unwrap();
    let idle = loaded.clip("idle").unwrap();
    let mut scene = loaded.scene().unwrap();
    let count = (idle.duration.as_secs_f64() * f64::from(RATE)) as u32;
    let mut draw = |n: u32| {
        let mut frame = Frame::new(AT.pixels()).unwrap();
        scene.draw(idle.start + Duration::from_secs(1) * n / RATE, &mut frame);
        let file = folder.join(format!("{pet}-{n:03}.png"));
        let PixelSize { width, height } = frame.size();
        let pixels = image::RgbaImage::from_raw(width, height, frame.to_straight_rgba()).unwrap();
        pixels.save(&file).unwrap();
        (file, frame)
    };
    let (files, frames) = (0..count).map(&mut draw).unzip();
    Clip { pet, frames, files }
}

fn read(file: &Path) -> Frame {
    let pixels = image::open(file).unwrap().to_rgba8();
    Frame::from_straight_rgba(PixelSize::new(pixels.width(), pixels.height()), &pixels).unwrap()
}

const MODES: [SymbolMode; 5] = [
    SymbolMode::Octant,
    SymbolMode::Sextant,
    SymbolMode::Quadrant,
    SymbolMode::HalfBlock,
    SymbolMode::Braille,
];
const DEPTHS: [ColorDepth; 5] = [
    ColorDepth::TrueColor,
    ColorDepth::Indexed256,
    ColorDepth::Ansi16,
    ColorDepth::Ansi8,
    ColorDepth::Mono,
];

fn config(mode: SymbolMode, depth: ColorDepth) -> SymbolsConfig {
    SymbolsConfig { mode, depth, background: BACKGROUND, ..SymbolsConfig::default() }
}

fn ours(clips: &[Clip]) {
    println!(
        "{:<12} {:<10} {:<10} {:>6} {:>6} {:>6} {:>8} {:>6} {:>7}",
        "pet", "glyphs", "colours", "first", "mean", "max", "delta", "dB", "ΔE"
    );
    for (mode, depth) in MODES.into_iter().flat_map(|m| DEPTHS.map(|d| (m, d))) {
        let detailed = (mode, depth) == (SymbolMode::Octant, ColorDepth::TrueColor);
        row(clips, config(mode, depth), detailed);
    }
}

/// The table's row for all pets, and one for each if it is to be `detailed`. Gives the mean bytes.
fn row(clips: &[Clip], config: SymbolsConfig, detailed: bool) {
    let (mut first, mut rest, mut most, mut time) = (0, Vec::new(), 0, 0.0);
    let mut all = Distance::default();
    let name = (format!("{:?}", config.mode), format!("{:?}", config.depth));
    let line = |pet: &str, first: usize, mean: f64, most: usize, time: f64, off: &Distance| {
        println!(
            "{pet:<12} {:<10} {:<10} {first:>6} {mean:>6.0} {most:>6} {time:>5.0} µs {:>6.2} {:>7.4}",
            name.0,
            name.1,
            off.psnr(),
            off.mean_delta()
        );
    };
    for clip in clips {
        let mut off = Distance::default();
        let sizes = played(clip, config, &mut [&mut off, &mut all]);
        let took = best(|| delta(clip, config)) / clip.frames.len() as f64;
        if detailed {
            let max = *sizes[1..].iter().max().unwrap();
            line(clip.pet, sizes[0], mean(&sizes[1..]), max, took, &off);
        }
        first += sizes[0] / clips.len();
        most = most.max(*sizes[1..].iter().max().unwrap());
        rest.push(mean(&sizes[1..]));
        time += took / clips.len() as f64;
    }
    let mean = rest.iter().sum::<f64>() / rest.len() as f64;
    line("all", first, mean, most, time, &all);
}

fn mean(sizes: &[usize]) -> f64 {
    sizes.iter().sum::<usize>() as f64 / sizes.len() as f64
}

/// The bytes of each frame of the clip played twice, and how near the colours are.
fn played(clip: &Clip, config: SymbolsConfig, off: &mut [&mut Distance]) -> Vec<usize> {
    let (mut screen, mut symbols) = (Mosaic::new(WINDOW), Symbols::new(config));
    let mut sizes = Vec::new();
    for frame in clip.frames.iter().chain(&clip.frames) {
        let mut out = Vec::new();
        symbols.encode(frame, &AT, &mut out).unwrap();
        screen.feed(&out);
        let seen = screen.pixels(AT.at, AT.size, AT.cell);
        off.iter_mut().for_each(|off| off.add(&seen, frame));
        sizes.push(out.len());
    }
    sizes
}

fn delta(clip: &Clip, config: SymbolsConfig) {
    let (mut symbols, mut out) = (Symbols::new(config), Vec::new());
    for frame in &clip.frames {
        out.clear();
        symbols.encode(frame, &AT, &mut out).unwrap();
    }
}

/// Every frame read from its file and sent anew.
fn whole(clip: &Clip, config: SymbolsConfig) -> usize {
    let (mut symbols, mut out) = (Symbols::new(config), Vec::new());
    for file in &clip.files {
        symbols.invalidate();
        symbols.encode(&read(file), &AT, &mut out).unwrap();
    }
    out.len()
}

/// What a tolerance saves and costs, in thousandths: `SYMBOLS_TOLERANCES=0,10,20 just symbols`
fn tolerances(clips: &[Clip], list: &str) {
    for milli in list.split(',').filter_map(|n| n.parse::<u16>().ok()) {
        println!("tolerance {milli}/1000, where {TOLERANCE} is the default");
        let tolerance = f32::from(milli) / 1000.0;
        for depth in [ColorDepth::TrueColor, ColorDepth::Indexed256] {
            for mode in [SymbolMode::Octant, SymbolMode::Quadrant] {
                row(clips, SymbolsConfig { tolerance, ..config(mode, depth) }, false);
            }
        }
    }
}

/// One picture a pet and glyph set: `SYMBOLS_PICTURES=folder just symbols`
fn pictures(clips: &[Clip], folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let PixelSize { width, height } = AT.pixels();
    for depth in DEPTHS {
        let count = (MODES.len() + 1) as u32;
        let mut sheet = image::RgbImage::new(width * count, height * clips.len() as u32);
        for (y, clip) in (0..).zip(clips) {
            let mut put = |x: u32, pixels: Vec<Option<[u8; 3]>>| {
                for (n, pixel) in (0..).zip(pixels) {
                    let at = (x * width + n % width, y * height + n / width);
                    sheet.put_pixel(at.0, at.1, image::Rgb(pixel.unwrap_or(BACKGROUND)));
                }
            };
            let frame = &clip.frames[0];
            let source = frame.pixmap().pixels().iter().map(|p| {
                let c = p.demultiply();
                (c.alpha() > 127).then(|| [c.red(), c.green(), c.blue()])
            });
            put(0, source.collect());
            for (x, mode) in (1..).zip(MODES) {
                let (mut out, mut screen) = (Vec::new(), Mosaic::new(WINDOW));
                Symbols::new(config(mode, depth)).encode(frame, &AT, &mut out).unwrap();
                screen.feed(&out);
                put(x, screen.pixels(AT.at, AT.size, AT.cell));
            }
        }
        sheet.save(folder.join(format!("{depth:?}.png"))).unwrap();
    }
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

/// chafa's options for a glyph set; `--work 9` looks at all of its glyphs, with the least error.
fn chafa(symbols: &str, space: &str) -> Vec<String> {
    let options = format!(
        "-f symbols -c full --threads 1 --work 9 -s 16x8 --font-ratio 1/2 --symbols {symbols} --color-space {space} --bg {:02x}{:02x}{:02x} --animate off",
        BACKGROUND[0], BACKGROUND[1], BACKGROUND[2]
    );
    options.split(' ').map(str::to_owned).collect()
}

fn peer(clips: &[Clip]) {
    let frames: usize = clips.iter().map(|clip| clip.frames.len()).sum();
    println!(
        "\n{:<42} {:>6} {:>8} {:>6} {:>7} {:>6}",
        "PNG to symbols, each frame whole", "bytes", "time", "dB", "ΔE", "ratio"
    );
    let mut times = Vec::new();
    let best_of = |mode| SymbolsConfig { tolerance: 0.0, ..config(mode, ColorDepth::TrueColor) };
    let exact = [SymbolMode::Octant, SymbolMode::Sextant, SymbolMode::Quadrant].map(best_of);
    let usual = config(SymbolMode::Octant, ColorDepth::TrueColor);
    for config in exact.into_iter().chain([usual]) {
        let time = clips.iter().map(|clip| best(|| whole(clip, config))).sum::<f64>();
        let bytes = clips.iter().map(|clip| whole(clip, config)).sum::<usize>() / frames;
        let mut off = Distance::default();
        for (frame, mut symbols) in
            clips.iter().flat_map(|c| &c.frames).map(|f| (f, Symbols::new(config)))
        {
            let (mut out, mut screen) = (Vec::new(), Mosaic::new(WINDOW));
            symbols.encode(frame, &AT, &mut out).unwrap();
            screen.feed(&out);
            off.add(&screen.pixels(AT.at, AT.size, AT.cell), frame);
        }
        let time = time / frames as f64;
        let name = format!("ours {:?}, tolerance {}", config.mode, config.tolerance);
        println!(
            "{name:<42} {bytes:>6} {time:>5.0} µs {:>6.2} {:>7.4}",
            off.psnr(),
            off.mean_delta()
        );
        times.push(time);
    }
    let octant = succeeds(&chafa("octant", "rgb"), &clips[0].files[..1]);
    let sets = [("octant+block", 0), ("sextant+block", usize::from(!octant)), ("quad+block", 2)];
    let tried = sets.iter().skip(usize::from(!octant));
    for ((symbols, ours), space) in
        tried.flat_map(|set| ["rgb", "din99d"].map(|space| (set, space)))
    {
        against(clips, symbols, space, times[*ours]);
    }
}

fn succeeds(options: &[String], files: &[PathBuf]) -> bool {
    let mut command = Command::new("chafa");
    command.args(options).args(files).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn against(clips: &[Clip], symbols: &str, space: &str, ours: f64) {
    let options = chafa(symbols, space);
    let run = |files: &[&Path]| {
        let mut command = Command::new("chafa");
        command.args(&options).args(files).stderr(Stdio::null()).output().ok()
    };
    let frames: Vec<(&Path, &Frame)> = clips
        .iter()
        .flat_map(|clip| clip.files.iter().map(PathBuf::as_path).zip(&clip.frames))
        .collect();
    if run(&[frames[0].0]).is_none() {
        println!("chafa is left out: it is not installed");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has all peers");
        return;
    }
    let all: Vec<&Path> = frames.iter().map(|(file, _)| *file).collect();
    let few: Vec<&Path> = all.iter().step_by(FEW).copied().collect();
    let timed = |files: &[&Path]| {
        let round = |_| {
            let before = children();
            run(files);
            children() - before
        };
        (0..ROUNDS).map(round).min().unwrap()
    };
    let time = timed(&all).saturating_sub(timed(&few)).as_secs_f64() * 1e6;
    let time = time / (all.len() - few.len()) as f64;
    let (mut off, mut bytes, mut count) = (Distance::default(), 0, 0);
    for (file, frame) in frames.iter().step_by(FEW) {
        let output = run(&[file]).unwrap().stdout;
        let mut screen = Mosaic::lenient(WINDOW);
        screen.feed(&output);
        off.add(&screen.pixels(CellPosition { col: 0, row: 0 }, AT.size, AT.cell), frame);
        bytes += output.len();
        count += 1;
    }
    let name = format!("chafa --symbols {symbols} {space}");
    println!(
        "{name:<42} {:>6} {time:>5.0} µs {:>6.2} {:>7.4} {:>6.2}",
        bytes / count,
        off.psnr(),
        off.mean_delta(),
        ours / time
    );
}
