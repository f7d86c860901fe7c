//! Every byte that every encoder sends for every clip of every pet, read by the lint; and proof
//! that the lint refuses what it should.

use crate::lint::{Dialect, Lint};
use crate::support::{Drawn, PETS, SMALL_CELL, written};
use buddy_render::protocol::ascii::{Ascii, AsciiConfig};
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::silent::Silent;
use buddy_render::protocol::sixel::{Sixel, SixelConfig, SixelTraits};
use buddy_render::protocol::symbols::{ColorDepth, SymbolMode, Symbols, SymbolsConfig};
use buddy_render::protocol::{ClipId, Encoder, Feed, Placement, Pose};
use buddy_render::units::{CellPosition, CellSize, PixelSize};

const WINDOW: CellSize = CellSize::new(40, 12);
const SEED: u64 = 11;

fn ids() -> IdRange {
    IdRange::from_seed(SEED)
}

/// One way to send pictures.
struct Case {
    name: String,
    encoder: Box<dyn Encoder>,
    lint: Lint,
    /// So many poses of each clip.
    poses: usize,
}

fn case(
    name: impl Into<String>,
    encoder: impl Encoder + 'static,
    dialect: Dialect,
    passthrough: Passthrough,
) -> Case {
    let lint = Lint::new(dialect, WINDOW, SMALL_CELL).through(passthrough);
    Case { name: name.into(), encoder: Box::new(encoder), lint, poses: 4 }
}

impl Case {
    /// Lints what was just written.
    fn check(&mut self, told: &str, bytes: &[u8]) {
        if let Err(fault) = self.lint.frame(bytes) {
            panic!("{}, {told}: {fault}", self.name);
        }
    }

    /// Sends all clips of a pet, and takes them away.
    fn perform(&mut self, pet: &str, clips: &[Drawn]) {
        // What is wrapped is the same again: a clip or two of each pet will do.
        let most = if self.lint.is_wrapped() { 2 } else { clips.len() };
        for (n, clip) in clips[..most].iter().enumerate() {
            let told = format!("{pet}, {}", clip.clip);
            self.clip(n, clip, &told);
        }
        let farewell = written(|out| self.encoder.farewell(out));
        if let Err(fault) = self.lint.aside(&farewell) {
            panic!("{}, {pet}, farewell: {fault}", self.name);
        }
        let reset = written(|out| self.encoder.reset(out));
        self.check(&format!("{pet}, reset"), &reset);
    }

    fn clip(&mut self, n: usize, clip: &Drawn, told: &str) {
        let at = place(n, clip.size);
        let id = ClipId(n as u16);
        let poses = &clip.poses[..self.poses];
        if self.encoder.wants_colors(id) {
            let samples: Vec<_> = poses.iter().map(|pose| pose.frame.clone()).collect();
            self.encoder.learn_colors(id, &samples);
        }
        let feed = self.encoder.feed();
        if matches!(feed, Feed::Loop | Feed::Flip) {
            let loaded = written(|out| self.encoder.load(id, poses, out).unwrap());
            self.check(&format!("{told}, load"), &loaded);
            for pose in 0..poses.len() {
                let shown = written(|out| self.encoder.show(id, pose, &at, out).unwrap());
                self.check(&format!("{told}, show {pose}"), &shown);
            }
        }
        if feed == Feed::Loop {
            let loops = clip.looping;
            let played = written(|out| self.encoder.play(id, loops, &at, out).unwrap());
            self.check(&format!("{told}, play"), &played);
        }
        // Those that hold clips send stills only where a clip is not there yet.
        let stills = if matches!(feed, Feed::Loop | Feed::Flip) { 1 } else { poses.len() };
        for (pose, Pose { frame, .. }) in poses[..stills].iter().enumerate() {
            let sent = written(|out| self.encoder.encode(frame, &at, out).unwrap());
            self.check(&format!("{told}, frame {pose}"), &sent);
        }
        if let (Feed::Text, Some(art)) = (feed, &clip.art) {
            let sent = written(|out| self.encoder.draw_text(art, &at, out).unwrap());
            self.check(&format!("{told}, letters"), &sent);
        }
        match n % 4 {
            0 => {
                let erased = written(|out| self.encoder.erase(out));
                self.check(&format!("{told}, erase"), &erased);
            }
            1 => self.encoder.invalidate(),
            _ => {}
        }
    }
}

/// In a corner, where a glyph too many would wrap; at the bottom one row is free.
fn place(n: usize, size: CellSize) -> Placement {
    let col = if n.is_multiple_of(2) { WINDOW.cols - size.cols } else { 0 };
    let row = if n.is_multiple_of(3) { 0 } else { WINDOW.rows - size.rows - 1 };
    Placement { at: CellPosition { col, row }, size, cell: SMALL_CELL }
}

const WAYS: [Passthrough; 3] = [Passthrough::None, Passthrough::Tmux, Passthrough::Screen];

fn kitty() -> Vec<Case> {
    let mut cases = Vec::new();
    for tier in [KittyTier::Animated, KittyTier::Static] {
        for passthrough in WAYS {
            let kitty =
                Kitty::new(KittyConfig { z: 10, passthrough, ..KittyConfig::new(tier, ids()) });
            let name = format!("kitty {tier:?} through {passthrough:?}");
            let kitty = case(name, kitty, Dialect::Kitty(ids()), passthrough);
            cases.push(Case { poses: 6, ..kitty });
        }
        for (bits, ids) in [(8, IdRange::of_8_bits(4)), (24, ids())] {
            let passthrough = Passthrough::Tmux;
            let config =
                KittyConfig { passthrough, placeholders: true, ..KittyConfig::new(tier, ids) };
            let name = format!("kitty {tier:?} in placeholders of {bits} bits");
            let kitty = case(name, Kitty::new(config), Dialect::Placeholders(ids), passthrough);
            cases.push(Case { poses: 6, ..kitty });
        }
    }
    cases
}

fn iterm2() -> Vec<Case> {
    let mut cases = Vec::new();
    for multipart in [false, true] {
        for passthrough in WAYS {
            let iterm2 =
                Iterm2::new(Iterm2Config { multipart, passthrough, ..Iterm2Config::default() });
            let name = format!("iterm2, multipart {multipart}, through {passthrough:?}");
            let mut one = case(name, iterm2, Dialect::Iterm2(multipart), passthrough);
            // A GIF's palette takes longest of all, and is the same in parts.
            one.poses = if multipart || one.lint.is_wrapped() { 1 } else { 4 };
            cases.push(one);
        }
    }
    cases
}

fn sixel() -> Vec<Case> {
    // The terminals of `terminals.toml`, by what they do.
    let lies =
        |shared_registers, pictures| SixelTraits { overlays: true, shared_registers, pictures };
    let replaces = SixelTraits::default();
    let few = Some(PixelSize::new(40, 30));
    let table = [
        ("xterm", lies(true, Some(16)), 256, None, Passthrough::None),
        ("foot", lies(true, None), 1024, Some([16, 32, 48]), Passthrough::None),
        ("Windows Terminal", lies(false, None), 256, Some([12; 3]), Passthrough::None),
        ("mlterm", replaces, 256, None, Passthrough::None),
        ("tmux", SixelTraits { pictures: Some(20), ..replaces }, 256, None, Passthrough::None),
        ("a VT340", replaces, 16, None, Passthrough::None),
        ("two colours", lies(true, None), 2, None, Passthrough::None),
        ("small pictures", replaces, 64, None, Passthrough::None),
        ("tmux around", replaces, 64, None, Passthrough::Tmux),
        ("Screen around", lies(false, None), 64, None, Passthrough::Screen),
    ];
    let make =
        |(name, traits, registers, background, passthrough): (&str, SixelTraits, u16, _, _)| {
            let largest = few.filter(|_| name == "small pictures");
            let config =
                SixelConfig { registers, dither: true, traits, background, largest, passthrough };
            let most = usize::from(registers.min(256));
            let dialect = Dialect::Sixel(most, traits.shared_registers, traits.overlays);
            let one = case(format!("sixel, {name}"), Sixel::new(config), dialect, passthrough);
            let first = matches!(name, "xterm" | "foot" | "mlterm");
            Case { poses: if first { 4 } else { 2 }, ..one }
        };
    table.into_iter().map(make).collect()
}

fn cells() -> Vec<Case> {
    use ColorDepth::{Ansi8, Ansi16, Indexed256, Mono, TrueColor};
    use SymbolMode::{Braille, HalfBlock, Octant, Quadrant, Sextant};
    let mut cases = Vec::new();
    for mode in [HalfBlock, Quadrant, Sextant, Octant, Braille] {
        for depth in [TrueColor, Indexed256, Ansi16, Ansi8, Mono] {
            let config = SymbolsConfig { mode, depth, ..SymbolsConfig::default() };
            let name = format!("symbols, {mode:?} in {depth:?}");
            let symbols = Symbols::new(config);
            let mut one = case(name, symbols, Dialect::Symbols(depth != Mono), Passthrough::None);
            // The depths share all of the code that moves the cursor.
            one.poses = if depth == TrueColor { 6 } else { 2 };
            cases.push(one);
        }
    }
    for light_background in [false, true] {
        let ascii = Ascii::new(AsciiConfig { light_background, ..AsciiConfig::default() });
        let name = format!("ascii, light {light_background}");
        cases.push(case(name, ascii, Dialect::Ascii, Passthrough::None));
    }
    cases.push(case("text", Silent, Dialect::Silent, Passthrough::None));
    cases
}

fn perform(protocol: &str, cases: Vec<Case>) {
    let mut read = 0;
    for mut case in cases {
        for (pet, clips) in PETS.iter() {
            case.perform(pet, clips);
        }
        read += case.lint.read;
    }
    println!("{protocol}: {read} bytes read");
    assert!(read > 1_000_000, "most of it was not sent");
}

#[test]
fn kitty_is_as_its_page_says() {
    perform("kitty", kitty());
}

#[test]
fn iterm2_is_as_its_page_says() {
    perform("iterm2", iterm2());
}

#[test]
fn sixel_is_as_its_page_says() {
    perform("sixel", sixel());
}

#[test]
fn text_is_as_its_pages_say() {
    perform("text", cells());
}
