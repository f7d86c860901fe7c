//! How long a frame takes to encode and how many bytes it is, per protocol: the pets' idle clips at
//! 160×160 pixels, as at most 24 poses. Times are of the first pet's. `cargo bench --bench encoders`

#![expect(clippy::unwrap_used, reason = "a bench that cannot draw has nothing to measure")]

#[path = "support/poses.rs"]
mod poses;

use buddy_render::pet::catalog;
use buddy_render::protocol::ascii::{Ascii, AsciiConfig};
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::sixel::{Sixel, SixelConfig};
use buddy_render::protocol::symbols::{ColorDepth, SymbolMode, Symbols, SymbolsConfig};
use buddy_render::protocol::{ClipId, Encoder, Placement, Pose};
use buddy_render::units::{CellPixels, CellPosition, CellSize};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use std::sync::LazyLock;

#[expect(clippy::print_stdout, reason = "the table is what a bench is run for")]
fn main() {
    println!("bytes per frame of the pets' idle clips, 160x160, means of the five");
    for kind in KINDS {
        let (first, rest) = bytes(kind);
        println!("  {kind:<20} first {first:>6}  each after {rest:>6}");
    }
    divan::main();
}

const AT: Placement = Placement {
    at: CellPosition { col: 60, row: 0 },
    size: CellSize::new(16, 8),
    cell: CellPixels::new(10, 20),
};
const KINDS: [&str; 12] = [
    "kitty stream",
    "kitty flip",
    "kitty loop",
    "iterm2 stream",
    "iterm2 loop",
    "sixel",
    "sixel dithered 16",
    "octants",
    "half blocks",
    "quadrants 256",
    "half blocks 16",
    "ascii",
];
const CLIP: ClipId = ClipId(1);

fn encoder(kind: &str) -> Box<dyn Encoder> {
    let kitty = |tier| Kitty::new(KittyConfig::new(tier, IdRange::from_seed(1)));
    let symbols =
        |mode, depth| Symbols::new(SymbolsConfig { mode, depth, ..SymbolsConfig::default() });
    let sixel =
        |registers, dither| Sixel::new(SixelConfig { registers, dither, ..SixelConfig::default() });
    match kind {
        "kitty loop" => Box::new(kitty(KittyTier::Animated)),
        kind if kind.starts_with("kitty") => Box::new(kitty(KittyTier::Static)),
        kind if kind.starts_with("iterm2") => Box::new(Iterm2::new(Iterm2Config::default())),
        "sixel" => Box::new(sixel(256, false)),
        "sixel dithered 16" => Box::new(sixel(16, true)),
        "octants" => Box::new(symbols(SymbolMode::Octant, ColorDepth::TrueColor)),
        "half blocks" => Box::new(symbols(SymbolMode::HalfBlock, ColorDepth::TrueColor)),
        "quadrants 256" => Box::new(symbols(SymbolMode::Quadrant, ColorDepth::Indexed256)),
        "half blocks 16" => Box::new(symbols(SymbolMode::HalfBlock, ColorDepth::Ansi16)),
        _ => Box::new(Ascii::new(AsciiConfig::default())),
    }
}

/// The idle clips of the pets, in the poses that are chosen for a terminal that keeps a clip.
fn clips() -> &'static [Vec<Pose>] {
    static CLIPS: LazyLock<Vec<Vec<Pose>>> = LazyLock::new(|| {
        catalog::names().into_iter().map(|pet| poses::of(pet, "idle", AT.pixels())).collect()
    });
    &CLIPS
}

/// Writes frame `n`, however that protocol has it; the first load comes with frame 0.
fn step(kind: &str, encoder: &mut dyn Encoder, poses: &[Pose], n: usize, out: &mut Vec<u8>) {
    let looped = kind.ends_with("loop");
    if (looped || kind.ends_with("flip")) && n == 0 && !encoder.is_loaded(CLIP) {
        encoder.load(CLIP, poses, out).unwrap();
    }
    match kind {
        _ if looped && n == 0 => encoder.play(CLIP, true, &AT, out).unwrap(),
        _ if looped => {}
        "kitty flip" => encoder.show(CLIP, n, &AT, out).unwrap(),
        _ => encoder.encode(&poses[n].frame, &AT, out).unwrap(),
    }
}

/// The bytes of the first frame (with what is loaded) and the mean of the others, both in the mean
/// of the pets.
fn bytes(kind: &str) -> (usize, usize) {
    let (mut first, mut rest) = (0, 0);
    for poses in clips() {
        let (mut encoder, mut out) = (encoder(kind), Vec::new());
        step(kind, &mut *encoder, poses, 0, &mut out);
        let begun = out.len();
        for n in 1..poses.len() {
            step(kind, &mut *encoder, poses, n, &mut out);
        }
        first += begun;
        rest += (out.len() - begun) / (poses.len() - 1);
    }
    (first / clips().len(), rest / clips().len())
}

/// One frame of a clip that has been played once: a mean over all its frames.
#[divan::bench(args = KINDS.into_iter().filter(|kind| !kind.ends_with("loop")))]
fn frame(bencher: Bencher<'_, '_>, kind: &str) {
    let (poses, mut encoder) = (&clips()[0], encoder(kind));
    let mut out = Vec::new();
    for n in 0..poses.len() {
        step(kind, &mut *encoder, poses, n, &mut out);
    }
    let mut n = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        out.clear();
        step(kind, &mut *encoder, poses, n, &mut out);
        n = (n + 1) % poses.len();
        out.len()
    });
}

/// The whole clip, loaded for the terminal to keep.
#[divan::bench(args = ["kitty flip", "kitty loop", "iterm2 loop"], sample_count = 10)]
fn load(bencher: Bencher<'_, '_>, kind: &str) {
    let poses = &clips()[0];
    let pixels = poses.len() * AT.pixels().width as usize * AT.pixels().height as usize * 4;
    bencher.counter(BytesCount::new(pixels)).bench_local(|| {
        let mut out = Vec::new();
        encoder(kind).load(CLIP, poses, &mut out).unwrap();
        out.len()
    });
}
