//! How much heap an animation takes while it is loaded and played, against what it may: four times
//! the frame's bytes and twenty times the file's. `cargo bench --bench memory`
//!
//! Every allocation is counted, the frame too, but not the file's own bytes. What a list holds
//! while it grows counts twice, as the system may have to copy it.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use buddy_render::frame::Frame;
use buddy_render::scene;
use buddy_render::units::PixelSize;
use peak_alloc::PeakAlloc;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const SIDES: [u32; 3] = [160, 256, 512];
/// Files of some hundred bytes measure what every scene takes.
const LEAST: u64 = 10_000;

fn main() {
    let [kb, px, file, loaded, loading, playing, may, share] =
        ["kB", "px", "file", "loaded", "loading", "playing", "may", "share"];
    println!(
        "{kb:<22} {px:>5} {file:>7} {loaded:>7} {loading:>8} {playing:>8} {may:>7} {share:>6}"
    );
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

/// Bytes of the heap over what was there before.
struct Taken {
    /// By the scene, once it is loaded.
    loaded: usize,
    /// At most while it was loaded.
    loading: usize,
    /// At most while it was played.
    playing: usize,
}

fn report(path: &Path, side: u32) {
    let Taken { loaded, loading, playing } = play(path, side);
    let file = size_of(path);
    let may = u64::from(side * side) * 4 * 4 + file * 20;
    let name = path.file_name().unwrap().to_string_lossy();
    let share = loading.max(playing) as f64 / may as f64;
    let [loaded, loading, playing] = [loaded, loading, playing].map(|bytes| bytes / 1024);
    let (file, may) = (file / 1024, may / 1024);
    println!(
        "{name:<22} {side:>5} {file:>7} {loaded:>7} {loading:>8} {playing:>8} {may:>7} {share:>6.2}"
    );
}

/// Loads a file and draws all of its frames.
fn play(path: &Path, side: u32) -> Taken {
    let bytes = std::fs::read(path).unwrap();
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let mut scene = scene::load(&bytes).unwrap();
    let loaded = HEAP.current_usage() - before;
    let loading = HEAP.peak_usage() - before;
    HEAP.reset_peak_usage();
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    let step = Duration::from_secs_f64(1.0 / f64::from(scene.frame_rate()));
    let mut at = Duration::ZERO;
    while at < scene.duration() {
        scene.draw(at, &mut frame);
        at += step;
    }
    Taken { loaded, loading, playing: HEAP.peak_usage() - before }
}
