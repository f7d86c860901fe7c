//! How much memory an animation takes while it is loaded and played, against what it may:
//! four times the frame's bytes and twenty times the file's. `cargo bench --bench memory`
//!
//! Each file is played in a process of its own, and the growth of its resident memory read from
//! `/proc` (Linux): so it holds what the allocator keeps, and the frame itself.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use buddy_render::frame::Frame;
use buddy_render::scene;
use buddy_render::units::PixelSize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SIDES: [u32; 3] = [160, 256, 512];
/// Files of some hundred bytes measure pages, not us.
const LEAST: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mark, file, side] = arguments.as_slice()
        && mark == "--play"
    {
        return play(Path::new(file), side.parse().unwrap());
    }
    if resident("VmRSS").is_none() {
        println!("There is no /proc/self/status to read: not measured.");
        return;
    }
    println!("{:<34} {:>5} {:>9} {:>9} {:>9} {:>6}", "kB", "px", "file", "taken", "may", "share");
    for path in files() {
        for side in SIDES {
            report(&path, side);
        }
    }
}

/// The pets, and the emoji of the corpus.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pets = ["antigravity", "null", "haiku", "bit", "spectre"];
    let mut files: Vec<PathBuf> =
        pets.map(|pet| root.join("pets").join(pet).join(format!("{pet}.lottie"))).to_vec();
    let emoji = std::fs::read_dir(root.join("fixtures/lottie/noto")).unwrap();
    let emoji = emoji.map(|entry| entry.unwrap().path());
    files.extend(emoji.filter(|path| path.extension().is_some_and(|kind| kind == "json")));
    files.retain(|path| size_of(path) >= LEAST);
    files.sort();
    files
}

/// The bytes of a file; of a container those that it unpacks to, as they are what is parsed.
fn size_of(path: &Path) -> u64 {
    let length = std::fs::metadata(path).unwrap().len();
    let container = path.extension().is_some_and(|kind| kind == "lottie");
    let unpacked = || {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
        (0..zip.len()).map(|at| zip.by_index(at).unwrap().size()).sum()
    };
    if container { unpacked() } else { length }
}

fn report(path: &Path, side: u32) {
    let own = std::env::current_exe().unwrap();
    let said = Command::new(own).arg("--play").arg(path).arg(side.to_string()).output().unwrap();
    let taken: u64 = String::from_utf8_lossy(&said.stdout).trim().parse().unwrap();
    let file = size_of(path) / 1024;
    let may = u64::from(side * side) * 4 * 4 / 1024 + file * 20;
    let name = path.file_name().unwrap().to_string_lossy();
    let share = taken as f64 / may as f64;
    println!("{name:<34} {side:>5} {file:>9} {taken:>9} {may:>9} {share:>6.2}");
}

/// Loads a file and draws all of its frames; says by how many kB the process grew at most.
fn play(path: &Path, side: u32) {
    let bytes = std::fs::read(path).unwrap();
    let before = resident("VmRSS").unwrap();
    let mut scene = scene::load(&bytes).unwrap();
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    let step = Duration::from_secs_f64(1.0 / f64::from(scene.frame_rate()));
    let mut at = Duration::ZERO;
    while at < scene.duration() {
        scene.draw(at, &mut frame);
        at += step;
    }
    println!("{}", resident("VmHWM").unwrap().saturating_sub(before));
}

/// A line of `/proc/self/status`, in kB (proc(5)).
fn resident(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
