//! What is drawn in text cells: block symbols, letters, the speech bubble.

use crate::mosaic::xterm;
use crate::support::{at, ball, boxes, encoded, find, paint, written};
use buddy_render::frame::{Frame, Letters, TextArt};
use buddy_render::protocol::ascii::{Ascii, AsciiConfig};
use buddy_render::protocol::bubble::{Borders, Bubble, BubbleConfig};
use buddy_render::protocol::silent::Silent;
use buddy_render::protocol::symbols::{ColorDepth, SymbolMode, Symbols, SymbolsConfig};
use buddy_render::protocol::{Encoder, Feed, Placement};
use buddy_render::text::SafeText;
use buddy_render::units::{CellPosition, CellSize};
use vt100::Color;

/// A terminal of 24×80 cells, each with an `x` in it.
fn full() -> vt100::Parser {
    let (rows, cols) = (24.try_into().unwrap(), 80.try_into().unwrap());
    let mut parser = vt100::Parser::new(rows, cols, 0);
    for row in 1..=24 {
        parser.process(format!("\x1b[{row};1H{}", "x".repeat(80)).as_bytes());
    }
    parser
}

fn cell(parser: &vt100::Parser, at: &Placement, col: u16, row: u16) -> vt100::Cell {
    let screen = parser.screen();
    let cell = screen.cell(at.at.row + row, at.at.col + col);
    cell.unwrap().clone()
}

/// The cells of the box, with their places in it.
fn cells(parser: &vt100::Parser, at: &Placement) -> Vec<(u16, u16, vt100::Cell)> {
    let rows = 0..at.size.rows;
    let places = rows.flat_map(|row| (0..at.size.cols).map(move |col| (col, row)));
    places.map(|(col, row)| (col, row, cell(parser, at, col, row))).collect()
}

/// The straight colour and the alpha of an area, by the definition.
fn average(frame: &Frame, [x, y, width, height]: [u32; 4]) -> ([f64; 3], f64) {
    let mut sum = [0.0; 4];
    for py in y..y + height {
        for px in x..x + width {
            let p = frame.pixmap().pixel(px, py).unwrap();
            for (sum, v) in sum.iter_mut().zip([p.red(), p.green(), p.blue(), p.alpha()]) {
                *sum += f64::from(v);
            }
        }
    }
    let alpha = sum[3].max(1.0);
    let rgb = std::array::from_fn(|n| sum[n] * 255.0 / alpha);
    (rgb, sum[3] / f64::from(width * height))
}

fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Default => None,
        Color::Idx(n) => Some(xterm(n)),
        Color::Rgb(r, g, b) => Some([r, g, b]),
    }
}

/// The colour of each quarter of a cell (top left, top right, bottom left, bottom right).
fn quarters(cell: &vt100::Cell) -> [Option<[u8; 3]>; 4] {
    let set = match cell.contents() {
        "" | " " => 0,
        "▘" => 1,
        "▝" => 2,
        "▀" => 3,
        "▖" => 4,
        "▌" => 5,
        "▞" => 6,
        "▛" => 7,
        "▗" => 8,
        "▚" => 9,
        "▐" => 10,
        "▜" => 11,
        "▄" => 12,
        "▙" => 13,
        "▟" => 14,
        "█" => 15,
        other => panic!("not a block: {other:?}"),
    };
    let (fg, bg) = (rgb(cell.fgcolor()), rgb(cell.bgcolor()));
    std::array::from_fn(|n| if set >> n & 1 == 1 { fg } else { bg })
}

fn symbols(mode: SymbolMode, depth: ColorDepth) -> Symbols {
    Symbols::new(SymbolsConfig { mode, depth, tolerance: 0.0, ..SymbolsConfig::default() })
}

const MODES: [SymbolMode; 2] = [SymbolMode::HalfBlock, SymbolMode::Quadrant];
const DEPTHS: [ColorDepth; 3] = [ColorDepth::TrueColor, ColorDepth::Indexed256, ColorDepth::Ansi16];

/// How far a channel may be from the average of its area, and may be on average.
fn tolerance(mode: SymbolMode, depth: ColorDepth) -> (f64, f64) {
    match (mode, depth) {
        (SymbolMode::HalfBlock, ColorDepth::TrueColor) => (1.0, 1.0),
        // Four quarters share two colours, the best by Oklab.
        (SymbolMode::Quadrant, ColorDepth::TrueColor) => (40.0, 6.0),
        (_, ColorDepth::Indexed256) => (72.0, 20.0),
        // The nearest in Oklab is not the nearest in sRGB.
        (_, ColorDepth::Ansi16) => (160.0, 75.0),
        _ => unreachable!("not among those tried here"),
    }
}

#[test]
fn every_cell_has_the_average_colours_of_its_parts() {
    let at = at(20, 10);
    let frame = ball(at.pixels(), 0);
    for (mode, depth) in MODES.into_iter().flat_map(|m| DEPTHS.map(|d| (m, d))) {
        let mut parser = full();
        parser.process(&encoded(&mut symbols(mode, depth), &frame, &at));
        let (most, mean) = tolerance(mode, depth);
        let mut all = Vec::new();
        for (col, row, cell) in cells(&parser, &at) {
            all.extend(check_cell(&frame, mode, [col, row], &cell));
        }
        let worst = all.iter().copied().fold(0.0, f64::max);
        let average = all.iter().sum::<f64>() / f64::from(u32::try_from(all.len()).unwrap());
        let found = format!("{mode:?} {depth:?}: {worst:.0}, {average:.1}");
        assert!(worst <= most && average <= mean, "{found}");
    }
}

/// How far each channel of each part is from its area's; that what is transparent is untouched.
fn check_cell(frame: &Frame, mode: SymbolMode, place: [u16; 2], cell: &vt100::Cell) -> Vec<f64> {
    let [x, y] = [u32::from(place[0]) * 8, u32::from(place[1]) * 16];
    let across = if mode == SymbolMode::Quadrant { 2 } else { 1 };
    let width = 8 / across;
    let area = |n: u32| [x + n % 2 * width * (across - 1), y + n / 2 * 8, width, 8];
    let parts: Vec<_> = (0..4).map(|n| average(frame, area(n))).collect();
    if parts.iter().all(|(_, alpha)| *alpha < 127.0) {
        assert_eq!(cell.contents(), "x", "{place:?} is not ours");
        assert_eq!((rgb(cell.fgcolor()), rgb(cell.bgcolor())), (None, None));
        return Vec::new();
    }
    let mut off = Vec::new();
    for (got, (want, alpha)) in quarters(cell).into_iter().zip(parts) {
        if (127.0..129.0).contains(&alpha) {
            continue;
        }
        assert_eq!(got.is_some(), alpha > 128.0, "{place:?} {alpha}");
        // What is covered in part is blended with the background.
        let got = got.filter(|_| alpha > 254.0);
        let channels = got.into_iter().flat_map(|got| (0..3).map(move |n| (got, n)));
        off.extend(channels.map(|(got, n)| (f64::from(got[n]) - want[n]).abs()));
    }
    off
}

#[test]
fn only_changed_cells_are_sent_again() {
    let at = at(20, 10);
    for (mode, depth) in MODES.into_iter().flat_map(|m| DEPTHS.map(|d| (m, d))) {
        let mut encoder = symbols(mode, depth);
        assert_eq!(encoder.feed(), Feed::Stream);
        let mut frame = ball(at.pixels(), 0);
        let first = encoded(&mut encoder, &frame, &at);
        assert!(encoded(&mut encoder, &frame, &at).is_empty());
        paint(&mut frame, [72, 64, 8, 16], [0, 255, 255, 255]);
        let second = encoded(&mut encoder, &frame, &at);
        let (little, all) = (second.len(), first.len());
        assert!(little < 48 && all > 8 * little, "{little} of {all}");
        let mut parser = full();
        parser.process(&second);
        let changed = cells(&parser, &at);
        let changed: Vec<_> = changed.iter().filter(|c| c.2.contents() != "x").collect();
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0].0, changed[0].1), (9, 4));
        encoder.invalidate();
        let anew = encoded(&mut encoder, &frame, &at).len();
        assert!(anew > 8 * little, "all anew");
    }
}

#[test]
fn what_was_drawn_is_blanked_and_nothing_else() {
    let at = at(20, 10);
    let frame = ball(at.pixels(), 0);
    let mut encoder = symbols(SymbolMode::HalfBlock, ColorDepth::TrueColor);
    let mut parser = full();
    parser.process(&encoded(&mut encoder, &frame, &at));
    let drawn: Vec<_> = cells(&parser, &at);
    let farewell = written(|out| encoder.farewell(out));
    assert_eq!(farewell, written(|out| encoder.farewell(out)));
    assert!(encoded(&mut encoder, &frame, &at).is_empty(), "as it was");
    assert_eq!(farewell, written(|out| encoder.erase(out)));
    assert!(written(|out| encoder.reset(out)).is_empty());
    parser.process(&farewell);
    for (before, after) in drawn.iter().zip(cells(&parser, &at)) {
        let kept = before.2.contents() == "x";
        assert_eq!(after.2.contents() == "x", kept);
        assert_eq!(rgb(after.2.bgcolor()), None);
    }
    assert_eq!(parser.screen().bgcolor(), Color::Default);
    // Nothing outside the box was written to.
    let text = parser.screen().contents();
    let ours = drawn.iter().filter(|c| c.2.contents() != "x").count();
    assert_eq!(text.matches('x').count(), 24 * 80 - ours);
}

#[test]
fn odd_boxes_draw_too() {
    for at in boxes() {
        let frame = ball(at.pixels(), 0);
        for (mode, depth) in MODES.into_iter().flat_map(|m| DEPTHS.map(|d| (m, d))) {
            let mut parser = full();
            parser.process(&encoded(&mut symbols(mode, depth), &frame, &at));
            cells(&parser, &at).iter().for_each(|(_, _, cell)| {
                if cell.contents() != "x" {
                    quarters(cell);
                }
            });
        }
        let ascii = encoded(&mut Ascii::new(AsciiConfig::default()), &frame, &at);
        assert!(ascii.is_ascii());
    }
}

#[test]
fn letters_are_plain_and_only_inside_the_shape() {
    let at = at(20, 10);
    let frame = ball(at.pixels(), 0);
    let mut ascii = Ascii::new(AsciiConfig::default());
    assert_eq!(ascii.feed(), Feed::Text);
    let bytes = encoded(&mut ascii, &frame, &at);
    assert!(bytes.is_ascii() && find(&bytes, b"m").is_none(), "no colours");
    let mut parser = full();
    parser.process(&bytes);
    for (col, row, cell) in cells(&parser, &at) {
        let area = [u32::from(col) * 8, u32::from(row) * 16, 8, 16];
        let (_, alpha) = average(&frame, area);
        if alpha == 0.0 {
            assert_eq!(cell.contents(), "x");
        } else if alpha > 254.0 {
            assert!(!matches!(cell.contents(), "x" | " " | ""), "a hole");
        }
    }
    let mut changed = frame.clone();
    paint(&mut changed, [72, 64, 8, 16], [0, 0, 0, 255]);
    let second = encoded(&mut ascii, &changed, &at);
    assert!(!second.is_empty() && second.len() <= 16);
}

#[test]
fn poses_drawn_by_hand_stand_at_the_bottom_in_the_middle() {
    let at = at(9, 4);
    let art = TextArt::new(" /\\_/\\\n( o.o )\n");
    let mut ascii = Ascii::new(AsciiConfig::default());
    let mut parser = full();
    parser.process(&written(|out| ascii.draw_text(&art, &at, out).unwrap()));
    let row = |parser: &vt100::Parser, row: u16| -> String {
        let cells = (0..9).map(|col| cell(parser, &at, col, row));
        cells.map(|c| c.contents().to_owned()).collect()
    };
    assert_eq!(row(&parser, 1), "xxxxxxxxx");
    assert_eq!(row(&parser, 2), "xx/\\_/\\xx");
    assert_eq!(row(&parser, 3), "x(xo.ox)x");
    assert!(written(|out| ascii.draw_text(&art, &at, out).unwrap()).is_empty());
    parser.process(&written(|out| ascii.farewell(out)));
    assert_eq!(row(&parser, 3).matches('x').count(), 4);
}

fn say(bubble: &mut Bubble, text: &str) -> Vec<u8> {
    let pet = CellPosition { col: 60, row: 2 };
    written(|out| {
        bubble.draw(&SafeText::new(text), pet, 20, out);
    })
}

#[test]
fn a_bubble_is_drawn_and_leaves_blanks() {
    let mut bubble = Bubble::default();
    let mut parser = full();
    parser.process(&say(&mut bubble, "Tests pass."));
    assert!(parser.screen().contents().contains("│ Tests pass. ▸"));
    let CellSize { cols, rows } = bubble.shown().unwrap().size;
    parser.process(&written(|out| bubble.erase(out)));
    let text = parser.screen().contents();
    let left = text.matches('x').count();
    assert_eq!(left, 24 * 80 - usize::from(cols) * usize::from(rows));
    assert_eq!(text.replace(['x', '\n', ' '], ""), "");
    assert!(written(|out| bubble.erase(out)).is_empty());
}

#[test]
fn hostile_text_moves_nothing() {
    let hostile = [
        "\x1b]0;owned\x07\x1b[2J\x1b[H",
        "\u{9b}2J\u{9d}52;c;AAAA\u{9c}",
        "\r\n\x08\x08\x0c\x0e",
        "\u{202e}txt.exe\u{2066}\u{200b}",
        "\x1b_Ga=d\x1b\\\x1bP0;0|41\x1b\\",
    ];
    for text in hostile {
        for borders in [Borders::Unicode, Borders::Ascii] {
            let config = BubbleConfig { borders, ..BubbleConfig::default() };
            let bytes = say(&mut Bubble::new(config), text);
            let written = String::from_utf8(bytes).unwrap();
            // Without our cursor positions, and the default colours at the start, no control is left.
            let rest = without_cup(written.strip_prefix("\x1b[0m").unwrap_or(&written));
            assert!(rest.chars().all(|c| !c.is_control()), "{rest:?}");
            assert!(!rest.contains(['\u{202e}', '\u{2066}', '\u{200b}']));
        }
    }
}

/// `text` without `CSI row ; column H`.
fn without_cup(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        kept.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        let end = end.unwrap();
        assert_eq!(&after[end..=end], "H");
        rest = &after[end + 1..];
    }
    kept + rest
}

#[test]
fn the_silent_one_says_nothing() {
    let at = at(20, 10);
    let mut silent = Silent;
    let frame = ball(at.pixels(), 0);
    assert!(encoded(&mut silent, &frame, &at).is_empty());
    let all = written(|out| {
        silent.draw_text(&TextArt::new("a"), &at, out).unwrap();
        silent.erase(out);
        silent.reset(out);
        silent.farewell(out);
    });
    assert!(all.is_empty() && !silent.moves_cursor());
}

#[test]
fn poses_by_hand_have_the_colours_that_there_are() {
    let inks = [('o', 10), ('-', 8), ('x', 1)].into();
    let art = TextArt::drawn("o-xa", Letters::Symbols, &inks);
    let at = at(4, 1);
    let drawn = |colors| {
        let config = AsciiConfig { letters: Letters::Symbols, colors, ..AsciiConfig::default() };
        let bytes = written(|out| Ascii::new(config).draw_text(&art, &at, out).unwrap());
        String::from_utf8(bytes).unwrap()
    };
    let has = |colors, codes: &[&str]| codes.iter().all(|code| drawn(colors).contains(code));
    assert!(has(16, &["92m", "90m", "31m"]), "{:?}", drawn(16));
    assert!(has(8, &["32m", "31m"]) && !has(8, &["92m"]) && !has(8, &["90m"]), "{:?}", drawn(8));
    assert!(!drawn(0).contains('m'), "{:?}", drawn(0));
}
