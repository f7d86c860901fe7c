//! Text symbols, read back by a screen of our own.

use crate::mosaic::{Mosaic, UNTOUCHED, oklab};
use crate::support::{at, ball, boxes, encoded, paint, written};
use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::protocol::symbols::{
    ColorDepth, Ink, LINGERS, SymbolMode, Symbols, SymbolsConfig, TOLERANCE,
};
use buddy_render::protocol::{EncodeError, Encoder, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize};
use std::time::Duration;

const MODES: [SymbolMode; 5] = [
    SymbolMode::HalfBlock,
    SymbolMode::Quadrant,
    SymbolMode::Sextant,
    SymbolMode::Octant,
    SymbolMode::Braille,
];
const DEPTHS: [ColorDepth; 5] = [
    ColorDepth::TrueColor,
    ColorDepth::Indexed256,
    ColorDepth::Ansi16,
    ColorDepth::Ansi8,
    ColorDepth::Mono,
];

fn all() -> impl Iterator<Item = (SymbolMode, ColorDepth)> {
    MODES.into_iter().flat_map(|mode| DEPTHS.map(|depth| (mode, depth)))
}

fn symbols(mode: SymbolMode, depth: ColorDepth, tolerance: f32) -> Symbols {
    Symbols::new(SymbolsConfig { mode, depth, tolerance, ..SymbolsConfig::default() })
}

/// The bottom right corner of the window: what wraps or scrolls there would be seen.
const CORNER: Placement = Placement {
    at: CellPosition { col: 64, row: 16 },
    size: CellSize::new(16, 8),
    cell: CellPixels::new(10, 20),
};
const WINDOW: CellSize = CellSize::new(80, 24);

/// A pet's idle clip at ten frames a second.
fn idle(pet: &str) -> Vec<Frame> {
    let pet = catalog::load(pet).unwrap();
    let idle = pet.clip("idle").unwrap();
    let mut scene = pet.scene().unwrap();
    let draw = |n: u32| {
        let mut frame = Frame::new(CORNER.pixels()).unwrap();
        scene.draw(idle.start + Duration::from_millis(100) * n, &mut frame);
        frame
    };
    (0..8).map(draw).collect()
}

fn screen() -> Mosaic {
    Mosaic::new(WINDOW)
}

fn tiles(screen: &Mosaic, at: &Placement) -> Vec<crate::mosaic::Tile> {
    let rows = at.at.row..at.at.row + at.size.rows;
    let cols = at.at.col..at.at.col + at.size.cols;
    rows.flat_map(|row| cols.clone().map(move |col| (col, row)))
        .map(|(col, row)| screen.tile(col, row))
        .collect()
}

#[test]
fn changes_alone_lead_to_what_a_whole_frame_shows() {
    for (pet, (mode, depth)) in [("null", SymbolMode::Octant), ("bit", SymbolMode::HalfBlock)]
        .into_iter()
        .flat_map(|(pet, mode)| DEPTHS.map(|depth| (pet, (mode, depth))))
        .chain(MODES.map(|mode| ("haiku", (mode, ColorDepth::TrueColor))))
    {
        let (mut screen, mut encoder) = (screen(), symbols(mode, depth, 0.0));
        for (n, frame) in idle(pet).iter().enumerate() {
            screen.feed(&encoded(&mut encoder, frame, &CORNER));
            let mut fresh = self::screen();
            fresh.feed(&encoded(&mut symbols(mode, depth, 0.0), frame, &CORNER));
            let (got, want) = (tiles(&screen, &CORNER), tiles(&fresh, &CORNER));
            for (cell, (got, want)) in got.iter().zip(&want).enumerate() {
                // A cell that was drawn once is blanked, not restored.
                let same = shape(*got) == shape(*want)
                    || want == &UNTOUCHED && got.glyph == ' ' && got.bg.is_none();
                assert!(same, "{pet} {mode:?} {depth:?} frame {n} cell {cell}: {got:?}, {want:?}");
            }
        }
        screen.feed(&written(|out| encoder.reset(out)));
        assert!(tiles(&screen, &CORNER).iter().all(|t| "x ".contains(t.glyph) && t.bg.is_none()));
    }
}

/// What is seen of a tile, whichever of its colours is called which: the sixteenth of its area at
/// each of eight by four points.
fn shape(tile: crate::mosaic::Tile) -> Vec<Option<[u8; 3]>> {
    if tile == UNTOUCHED {
        return Vec::new();
    }
    tile.pixels(CellPixels::new(4, 24))
}

/// The sum of squared distances of a cell's sub-cells from a frame, over the two colours seen.
fn off(frame: &Frame, at: &Placement, seen: &[Option<[u8; 3]>]) -> f64 {
    let mut sum = 0.0;
    for (got, want) in seen.iter().zip(frame.pixmap().pixels()) {
        let straight = want.demultiply();
        if let (Some(got), 255) = (got, want.alpha()) {
            let (a, b) = (oklab(*got), oklab([straight.red(), straight.green(), straight.blue()]));
            sum += (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>();
        }
    }
    sum / f64::from(at.pixels().width * at.pixels().height)
}

/// The mean squared distance of a cell's pixels from a frame; 0 where one is not opaque.
fn cell_off(frame: &Frame, [col, row]: [u16; 2], screen: &Mosaic) -> f64 {
    let seen = screen.tile(CORNER.at.col + col, CORNER.at.row + row).pixels(CORNER.cell);
    let (wide, high) = (u32::from(CORNER.cell.width), u32::from(CORNER.cell.height));
    let mut sum = 0.0;
    for (n, got) in (0..).zip(&seen) {
        let (x, y) = (u32::from(col) * wide + n % wide, u32::from(row) * high + n / wide);
        let want = frame.pixmap().pixel(x, y).unwrap();
        let (Some(got), 255) = (got, want.alpha()) else {
            return 0.0;
        };
        let (a, b) = (oklab(*got), oklab([want.red(), want.green(), want.blue()]));
        sum += (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>();
    }
    sum / f64::from(wide * high)
}

#[test]
fn what_is_left_as_it_was_is_hardly_worse() {
    for depth in [ColorDepth::TrueColor, ColorDepth::Indexed256] {
        let mut screen = screen();
        let mut encoder = symbols(SymbolMode::Octant, depth, TOLERANCE);
        let (mut lazy, mut exact, mut kept) = (0, 0, 0.0_f64);
        let mut busy = symbols(SymbolMode::Octant, depth, 0.0);
        for frame in &idle("antigravity") {
            let bytes = encoded(&mut encoder, frame, &CORNER);
            (lazy, exact) = (lazy + bytes.len(), exact + encoded(&mut busy, frame, &CORNER).len());
            screen.feed(&bytes);
            let mut fresh = self::screen();
            fresh.feed(&encoded(&mut symbols(SymbolMode::Octant, depth, 0.0), frame, &CORNER));
            for cell in 0..CORNER.size.cols * CORNER.size.rows {
                let (col, row) = (cell % CORNER.size.cols, cell / CORNER.size.cols);
                let off = |s: &Mosaic| cell_off(frame, [col, row], s);
                kept = kept.max(off(&screen) - off(&fresh));
            }
        }
        // For the cell, once for the colour, and a quarter for what is drawn flat.
        let most = (f64::from(LINGERS).powi(2) + 1.25) * f64::from(TOLERANCE).powi(2);
        assert!(kept <= most, "{depth:?}: {kept} of {most}");
        assert!(lazy * 4 < exact * 3, "{depth:?}: it saves a quarter: {lazy} of {exact}");
    }
}

/// A frame of one cell whose sub-cells have these colours.
fn one_cell(colors: &[[u8; 3]], across: u16) -> (Placement, Frame) {
    let down = colors.len() as u16 / across;
    let cell = CellPixels::new(across * 2, down * 2);
    let at = Placement { at: CellPosition { col: 0, row: 0 }, size: CellSize::new(1, 1), cell };
    let mut frame = Frame::new(at.pixels()).unwrap();
    for (n, [r, g, b]) in (0..).zip(colors) {
        paint(&mut frame, [n % across * 2, n / across * 2, 2, 2], [*r, *g, *b, 255]);
    }
    (at, frame)
}

/// The least error of all ways to divide colours into two sets, each in its mean; by the definition.
fn least(colors: &[[u8; 3]]) -> f64 {
    let labs: Vec<_> = colors.iter().map(|c| oklab(*c)).collect();
    let spread = |set: u32, want: u32| {
        let members = || labs.iter().enumerate().filter(move |(n, _)| set >> n & 1 == want);
        let count = members().count().max(1) as f64;
        let mean: [f64; 3] =
            std::array::from_fn(|axis| members().map(|(_, lab)| lab[axis]).sum::<f64>() / count);
        members().flat_map(|(_, lab)| (0..3).map(move |n| (lab[n] - mean[n]).powi(2))).sum::<f64>()
    };
    let sets = 0..1_u32 << colors.len();
    sets.map(|set| spread(set, 1) + spread(set, 0)).fold(f64::INFINITY, f64::min)
}

#[test]
fn no_division_of_a_cell_is_better() {
    let sizes = [
        (SymbolMode::HalfBlock, 1, 2),
        (SymbolMode::Quadrant, 2, 4),
        (SymbolMode::Sextant, 2, 6),
        (SymbolMode::Octant, 2, 8),
    ];
    let mut random = 7_u32;
    let mut byte = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.to_be_bytes()[0]
    };
    for round in 0..200 {
        for (mode, across, count) in sizes {
            let colors: Vec<[u8; 3]> = (0..count).map(|_| [byte(), byte(), byte()]).collect();
            let (at, frame) = one_cell(&colors, across);
            let mut screen = screen();
            screen.feed(&encoded(&mut symbols(mode, ColorDepth::TrueColor, 0.0), &frame, &at));
            let seen = screen.pixels(at.at, at.size, at.cell);
            let got = off(&frame, &at, &seen) * f64::from(count);
            // 8-bit colours are up to half a step off; nothing else may be.
            let want = least(&colors);
            assert!(got <= want * 1.01 + 1e-4, "{mode:?} {round}: {got}, not {want}");
        }
    }
}

#[test]
fn few_colours_are_the_best_two_of_them() {
    let colors = [[200, 10, 20], [10, 190, 30], [190, 20, 10], [20, 200, 20]];
    let (at, frame) = one_cell(&colors, 2);
    for depth in [ColorDepth::Ansi16, ColorDepth::Ansi8] {
        let mut screen = screen();
        screen.feed(&encoded(&mut symbols(SymbolMode::Quadrant, depth, 0.0), &frame, &at));
        let tile = screen.tile(0, 0);
        let (red, green) = (Some([205, 0, 0]), Some([0, 205, 0]));
        assert_eq!((tile.glyph, tile.fg, tile.bg), ('▌', red, green), "{depth:?}");
    }
}

#[test]
fn eight_colours_are_never_bright_ones() {
    let frame = ball(at(20, 10).pixels(), 0);
    let bytes =
        encoded(&mut symbols(SymbolMode::Octant, ColorDepth::Ansi8, 0.0), &frame, &at(20, 10));
    let text = String::from_utf8(bytes).unwrap();
    let codes = text.split("\x1b[").filter_map(|s| s.split_once('m'));
    for code in codes.flat_map(|(codes, _)| codes.split(';')).filter_map(|n| n.parse::<u16>().ok())
    {
        assert!(matches!(code, 0 | 30..=37 | 39 | 40..=47 | 49), "SGR {code}");
    }
}

#[test]
fn without_colours_nothing_sets_one() {
    let frame = ball(at(20, 10).pixels(), 0);
    for mode in MODES {
        let bytes = encoded(&mut symbols(mode, ColorDepth::Mono, 0.0), &frame, &at(20, 10));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.split("\x1b[").skip(1).all(|s| !s.contains('m')), "{mode:?}");
        assert!(!text.is_ascii(), "{mode:?} draws nothing");
    }
}

#[test]
fn transparent_parts_keep_the_terminals_background() {
    for (mode, depth) in all() {
        let (across, count) = match mode {
            SymbolMode::HalfBlock => (1, 2),
            SymbolMode::Quadrant | SymbolMode::CodePage437 => (2, 4),
            SymbolMode::Sextant => (2, 6),
            SymbolMode::Octant | SymbolMode::Braille => (2, 8),
        };
        let (at, mut frame) = one_cell(&vec![[250, 240, 230]; count], across);
        paint(&mut frame, [0, 0, 2, 2], [0; 4]);
        let mut screen = screen();
        screen.feed(&encoded(&mut symbols(mode, depth, TOLERANCE), &frame, &at));
        let tile = screen.tile(0, 0);
        assert_eq!(tile.bg, None, "{mode:?} {depth:?}");
        assert_eq!(tile.fg.is_some(), depth != ColorDepth::Mono);
        let pixels = tile.pixels(at.cell);
        assert_eq!(pixels[0], None, "{mode:?} {depth:?}");
        let inside = |n: usize| n % (2 * across as usize) > 1 || n / (2 * across as usize) > 1;
        let inked = (0..pixels.len()).filter(|n| pixels[*n].is_some());
        assert!(inked.clone().all(inside) && inked.count() > 0, "{mode:?} {depth:?}");
    }
}

#[test]
fn a_small_change_costs_a_few_bytes() {
    let at = at(20, 10);
    let mut frame = ball(at.pixels(), 0);
    let mut encoder = symbols(SymbolMode::Octant, ColorDepth::TrueColor, TOLERANCE);
    encoded(&mut encoder, &frame, &at);
    paint(&mut frame, [72, 64, 24, 16], [0, 255, 255, 255]);
    let bytes = encoded(&mut encoder, &frame, &at);
    // One move, one colour, three spaces, and back to the terminal's colours.
    assert_eq!(String::from_utf8(bytes).unwrap(), "\x1b[8;60H\x1b[0;48;2;0;255;255m   \x1b[m");
}

#[test]
fn hostile_boxes_do_not_panic() {
    let shapes = boxes().into_iter().chain([
        Placement { at: CellPosition { col: u16::MAX, row: u16::MAX }, ..at(3, 2) },
        Placement { cell: CellPixels::new(1, 1), ..at(64, 64) },
        Placement { cell: CellPixels::new(3, 5), ..at(40, 7) },
    ]);
    for at in shapes {
        for (mode, depth) in all() {
            let mut encoder = symbols(mode, depth, TOLERANCE);
            encoded(&mut encoder, &ball(at.pixels(), 0), &at);
            encoded(&mut encoder, &ball(at.pixels(), 1), &at);
            written(|out| encoder.reset(out));
        }
        for tolerance in [f32::NAN, f32::INFINITY, -1.0] {
            let mut encoder = symbols(SymbolMode::Octant, ColorDepth::TrueColor, tolerance);
            encoded(&mut encoder, &ball(at.pixels(), 0), &at);
        }
    }
    let mut encoder = symbols(SymbolMode::Octant, ColorDepth::TrueColor, TOLERANCE);
    let frame = Frame::new(at(1, 1).pixels()).unwrap();
    let none = Placement { size: CellSize::new(0, 0), ..at(1, 1) };
    assert!(matches!(
        encoder.encode(&frame, &none, &mut Vec::new()),
        Err(EncodeError::WrongSize { .. })
    ));
    let many = Placement { cell: CellPixels::new(1, 1), ..at(1024, 1024) };
    let frame = Frame::new(many.pixels()).unwrap();
    assert!(matches!(
        encoder.encode(&frame, &many, &mut Vec::new()),
        Err(EncodeError::TooManyCells { .. })
    ));
}

/// Code page 437 has halves and shades, and its display sixteen colours.
#[test]
fn code_page_437_has_its_own_glyphs_and_sixteen_colours() {
    use buddy_render::frame::filter::EGA;
    use buddy_render::pet::skin::{Ground, Outfit};
    let mut shades = 0;
    for name in catalog::names() {
        let pet = catalog::load(name).unwrap();
        let outfit = Outfit { skin: Some("ms-dos".to_owned()), ground: Ground::Dark };
        let mut scene = pet.scene_in(&outfit).unwrap();
        let idle = pet.clip("idle").unwrap();
        let mut frame = Frame::new(CORNER.pixels()).unwrap();
        scene.draw(idle.start + idle.key, &mut frame);
        for depth in DEPTHS {
            let mode = SymbolMode::CodePage437;
            let config =
                SymbolsConfig { mode, depth, palette: Some(EGA), ..SymbolsConfig::default() };
            let mut encoder = Symbols::new(config);
            for cell in encoder.cells(&frame, &CORNER).unwrap() {
                assert!(" █▀▄▌▐░▒▓".contains(cell.glyph), "{name}: {:?}", cell.glyph);
                shades += usize::from("░▒▓".contains(cell.glyph));
                for ink in [cell.fg, cell.bg] {
                    let known = match (depth, ink) {
                        (_, Ink::Default) => true,
                        (ColorDepth::TrueColor, Ink::Rgb(rgb)) => EGA.contains(&rgb),
                        (ColorDepth::Indexed256, Ink::Indexed(_)) => true,
                        (ColorDepth::Ansi16, Ink::Ansi(n)) => n < 16,
                        (ColorDepth::Ansi8, Ink::Ansi(n)) => n < 8,
                        _ => false,
                    };
                    assert!(known, "{name} {depth:?}: {ink:?}");
                }
            }
        }
    }
    assert!(shades > 20, "{shades} shades in all");
}

/// A mixture of two of the sixteen is a shade, and one of them is itself.
#[test]
fn shades_stand_for_mixtures() {
    use buddy_render::frame::filter::EGA;
    let one = Placement { size: CellSize::new(1, 1), ..CORNER };
    let glyph = |rgb: [u8; 3]| {
        let mode = SymbolMode::CodePage437;
        let config = SymbolsConfig { mode, palette: Some(EGA), ..SymbolsConfig::default() };
        let rgba: Vec<u8> = [rgb[0], rgb[1], rgb[2], 255].repeat(200);
        let frame = Frame::from_straight_rgba(one.pixels(), &rgba).unwrap();
        Symbols::new(config).cells(&frame, &one).unwrap().next().unwrap()
    };
    for rgb in EGA {
        let cell = glyph(rgb);
        assert_eq!((cell.glyph, cell.bg), (' ', Ink::Rgb(rgb)));
    }
    // Half of the light of brown, and half of that of light red.
    let cell = glyph([219, 85, 61]);
    assert!("░▒▓".contains(cell.glyph), "{cell:?}");
}
