//! The time to draw a frame: our engine, rlottie and ThorVG on the same files in the same run.
//! `just peers`
//!
//! Timed is only the drawing of each whole frame in order into one buffer, of the file's own aspect
//! and this long on its longer side; the best of three rounds counts, divided by the frames. Reading
//! the file is not timed. rlottie is called without our scene around it, which would add a change of
//! thread and a conversion of pixels; it and ThorVG get every frame into premultiplied pixels, as we
//! do. ThorVG is driven from Python (`benches/peers/thorvg_bench.py`), which adds some 2 µs.
//!
//! rlottie starts threads of its own: only a run bound to one processor compares one with one.
//! `BUDDY_CORPUS` names another folder than `fixtures/lottie`.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use buddy_render::frame::Frame;
use buddy_render::scene::{self, Scene};
use buddy_render::units::PixelSize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Emoji of a kind that pets are, then single features that all three draw.
const FILES: [&str; 20] = [
    "noto/1f308.json",
    "noto/1f415.json",
    "noto/1f426.json",
    "noto/1f47b.json",
    "noto/1f525.json",
    "noto/1f54a_fe0f.json",
    "noto/1f600.json",
    "noto/1f621.json",
    "noto/1f634.json",
    "noto/1f63a.json",
    "noto/1f989.json",
    "noto/2744_fe0f.json",
    "own/gradient_stroke.json",
    "own/mask_intersect.json",
    "own/matte_alpha.json",
    "own/precomp.json",
    "own/repeater_above_offset.json",
    "own/time_remap.json",
    "conformance/layers/precomp-transform.json",
    "conformance/shape-modifiers/trim-simultaneously.json",
];
const SIDES: [u32; 3] = [128, 256, 512];
const ROUNDS: u32 = 3;

/// One file at one size.
struct Job {
    path: PathBuf,
    size: PixelSize,
    frames: u32,
}

/// Microseconds a frame; a peer's are missing where it is, or where it refuses the file.
struct Row {
    name: String,
    /// Whether our pictures differ from frame to frame. One that does not is drawn once for all.
    moves: bool,
    ours: f64,
    rlottie: Option<f64>,
    thorvg: Option<f64>,
}

impl Row {
    /// Our time by the faster peer's: below 1 we are faster.
    fn ratio(&self) -> Option<f64> {
        let peers = [self.rlottie, self.thorvg];
        let fastest = peers.into_iter().flatten().reduce(f64::min)?;
        Some(self.ours / fastest)
    }
}

fn main() {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if processors > 1 {
        println!("{processors} processors: rlottie may use them all; `just peers` gives it one");
    }
    if cfg!(not(all(unix, feature = "rlottie"))) {
        println!("rlottie is left out: cargo bench --bench peers --features rlottie");
    }
    let with_thorvg = has_thorvg();
    if !with_thorvg {
        println!("ThorVG is left out: pip install thorvg-python");
    }
    println!("{:<52} {:>9} {:>9} {:>9} {:>6}", "µs a frame", "ours", "rlottie", "thorvg", "ratio");
    let root = std::env::var_os("BUDDY_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lottie"));
    let mut rows = Vec::new();
    for name in FILES {
        let path = root.join(name);
        if !path.is_file() {
            println!("{name}: not there");
            continue;
        }
        for side in SIDES {
            let row = measure(name, &path, side, with_thorvg);
            print(&row);
            rows.push(row);
        }
    }
    summary(&rows);
}

fn measure(name: &str, path: &Path, side: u32, with_thorvg: bool) -> Row {
    let bytes = std::fs::read(path).unwrap();
    let mut scene = scene::load(&bytes).unwrap();
    let rate = f64::from(scene.frame_rate());
    let frames = whole(scene.duration().as_secs_f64() * rate).max(1);
    let job = Job { path: path.to_owned(), size: fitted(scene.aspect(), side), frames };
    let (ours, moves) = ours(scene.as_mut(), &job);
    Row {
        name: format!("{} {side}", name.trim_end_matches(".json")),
        moves,
        ours,
        rlottie: rlottie(&bytes, &job),
        thorvg: with_thorvg.then(|| thorvg(&job)).flatten(),
    }
}

/// The picture's own aspect, so that no engine has a margin to leave.
fn fitted(aspect: f32, side: u32) -> PixelSize {
    let (aspect, side_f) = (f64::from(aspect), f64::from(side));
    let (width, height) = (side_f * aspect.min(1.0), side_f / aspect.max(1.0));
    PixelSize::new(whole(width).clamp(1, side), whole(height).clamp(1, side))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as wanted")]
fn whole(number: f64) -> u32 {
    number.round() as u32
}

/// Microseconds a frame of the fastest round.
fn best_round(frames: u32, mut draw: impl FnMut(u32)) -> f64 {
    let round = |_| {
        let start = Instant::now();
        (0..frames).for_each(&mut draw);
        start.elapsed()
    };
    let best = (0..ROUNDS).map(round).min().unwrap();
    best.as_secs_f64() * 1e6 / f64::from(frames)
}

/// The time, and whether the pictures differ.
fn ours(scene: &mut dyn Scene, job: &Job) -> (f64, bool) {
    let mut frame = Frame::new(job.size).unwrap();
    let rate = f64::from(scene.frame_rate());
    let mut changes = 0;
    let time = best_round(job.frames, |number| {
        scene.draw(Duration::from_secs_f64(f64::from(number) / rate), &mut frame);
        changes += u32::from(!frame.damage().is_empty());
    });
    (time, changes > 1)
}

#[cfg(all(unix, feature = "rlottie"))]
fn rlottie(bytes: &[u8], job: &Job) -> Option<f64> {
    use rlottie::{Animation, Size, Surface};
    let key = job.path.to_str()?;
    let mut animation = Animation::from_data(bytes, key, "")?;
    let mut surface = Surface::new(Size::new(job.size.width as usize, job.size.height as usize));
    Some(best_round(job.frames, |number| animation.render(number as usize, &mut surface)))
}

#[cfg(not(all(unix, feature = "rlottie")))]
fn rlottie(_: &[u8], _: &Job) -> Option<f64> {
    None
}

fn has_thorvg() -> bool {
    let import = Command::new("python3").args(["-c", "import thorvg_python"]).output();
    import.is_ok_and(|output| output.status.success())
}

/// A process of its own for each: it may crash.
fn thorvg(job: &Job) -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/thorvg_bench.py");
    let numbers = [job.size.width, job.size.height, job.frames, ROUNDS].map(|n| n.to_string());
    let output = Command::new("python3").arg(script).arg(&job.path).args(numbers).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.trim().is_empty() {
        println!("ThorVG: {}", said.trim());
    }
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn print(row: &Row) {
    let cell = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    println!(
        "{:<52} {:>9} {:>9} {:>9} {:>6}",
        row.name,
        cell(Some(row.ours), 1),
        cell(row.rlottie, 1),
        cell(row.thorvg, 1),
        cell(row.ratio(), 2)
    );
}

fn summary(rows: &[Row]) {
    println!("\nOur time by the peer's, geometric mean; below 1 we are faster:");
    println!("{:<24} {:>14} {:>14} {:>14}", "", "the faster", "rlottie", "ThorVG");
    let line = |what: &str, chosen: &dyn Fn(&Row) -> bool| {
        let by = |peer: fn(&Row) -> Option<f64>| {
            mean(rows.iter().filter(|row| chosen(row)).filter_map(peer))
        };
        let rlottie = by(|row| Some(row.ours / row.rlottie?));
        let thorvg = by(|row| Some(row.ours / row.thorvg?));
        println!("{what:<24} {:>14} {rlottie:>14} {thorvg:>14}", by(Row::ratio));
    };
    line("all", &|_| true);
    for side in SIDES {
        line(&format!("all at {side}"), &|row| row.name.ends_with(&format!(" {side}")));
    }
    line("those that move", &|row| row.moves);
    line("the emoji", &|row| row.name.starts_with("noto/"));
    let worst = rows.iter().filter_map(|row| Some((row.ratio()?, row)));
    if let Some((ratio, row)) = worst.max_by(|a, b| a.0.total_cmp(&b.0)) {
        println!("Worst: {} at {ratio:.2}", row.name);
    }
}

/// The geometric mean, as text.
fn mean(ratios: impl Iterator<Item = f64>) -> String {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    if logarithms.is_empty() {
        return "-".to_owned();
    }
    let sum: f64 = logarithms.iter().sum();
    format!("{:.2} of {}", (sum / logarithms.len() as f64).exp(), logarithms.len())
}
