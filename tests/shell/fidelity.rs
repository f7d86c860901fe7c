//! The terminal is in the state in which it would be without us, whatever the program left open.

use super::ours::take_out;
use super::window::{Kind, Window, model, ms};

/// What a program does before it waits, and how many frames there may be meanwhile.
struct Moment {
    name: &'static str,
    script: &'static str,
    /// Whether ours may be between at all.
    bears: bool,
}

/// Then no cell may be written; pictures above the text may come.
const LINKED: &str = "within a link";

const MOMENTS: [Moment; 12] = [
    Moment { name: "at a prompt", script: "\\033[12;5H$ ", bears: true },
    Moment { name: "coloured", script: "\\033[5;3H\\033[1;31;44mred", bears: true },
    Moment {
        name: "in underlined curls",
        script: "\\033[9;1H\\033[4:3;58;5;9;38;2;1;2;3mcurl",
        bears: true,
    },
    Moment {
        name: "with a saved cursor",
        script: "\\033[20;7H\\033[32m\\0337\\033[4;4H\\033[mx",
        bears: true,
    },
    Moment { name: "within margins", script: "\\033[10;20r\\033[15;9Hm", bears: true },
    Moment { name: "without autowrap", script: "\\033[?7l\\033[15;9Hm", bears: true },
    Moment { name: "waiting to wrap", script: "\\033[22;76Hwrap!", bears: false },
    Moment { name: "in origin mode", script: "\\033[12;20r\\033[?6h\\033[3;3Ho", bears: false },
    Moment { name: "within an update", script: "\\033[20;1H\\033[?2026hu", bears: false },
    Moment {
        name: LINKED,
        script: "\\033[18;1Hx\\033]8;;http://example.org\\033\\\\\\\\l",
        bears: false,
    },
    Moment { name: "within a title", script: "\\033[18;1Hx\\033]0;tit", bears: false },
    Moment { name: "within a character", script: "\\033[18;1Hx\\303", bears: false },
];

/// What the program does after: whatever was changed behind its back comes out.
const AFTER: &[&str] = &[
    "le\x1b\\\x1b[?2026l",
    "A",
    "\x1b[Kbc",
    "\x1b8S",
    "\r\n1\r\n2\r\n3",
    "\x1b[2;2H\x1bM\x1bD\n",
    "\x1b[?6l\x1b[Hh",
];

/// What came, without the frame that has only begun.
fn whole(kind: Kind, bytes: &[u8]) -> &[u8] {
    let (begin, end): (&[u8], &[u8]) = match kind {
        Kind::Plain => (b"\x1b[?25l", b"\x1b[?25h"),
        _ => (b"\x1b[?2026h", b"\x1b[?2026l"),
    };
    let last = |what: &[u8]| bytes.windows(what.len()).rposition(|window| window == what);
    match last(begin) {
        // The program's own update is left open, too.
        Some(at) if last(end).is_none_or(|end| end < at) && bytes.len() - at > 60 => &bytes[..at],
        _ => bytes,
    }
}

/// Whether a cell is the pet's: where it stands, or has scrolled to, no program of these tests writes.
const fn is_ours(row: u16, col: u16) -> bool {
    row < 8 && col >= 64
}

fn state(parser: &vt100::Parser) -> String {
    let screen = parser.screen();
    let cells: Vec<String> = (0..24)
        .flat_map(|row| (0..80).map(move |col| (row, col)))
        .filter_map(|(row, col)| screen.cell(row, col).map(|cell| (row, col, cell)))
        .filter(|(row, col, _)| !is_ours(*row, *col))
        .filter(|(_, _, cell)| {
            !cell.contents().trim().is_empty() || cell.bgcolor() != vt100::Color::Default
        })
        .map(|(row, col, cell)| {
            format!(
                "{row},{col} {:?} {:?} {:?} {}",
                cell.contents(),
                cell.fgcolor(),
                cell.bgcolor(),
                cell.bold()
            )
        })
        .collect();
    let attributes = screen.attributes_formatted();
    format!("{:?} {} {}", screen.cursor_position(), attributes.escape_debug(), cells.join("\n"))
}

/// Feeds what came, and what the program would do next, and gives all states on the way.
fn states(bytes: &[u8]) -> Vec<String> {
    let mut parser = model(24, 80);
    parser.process(bytes);
    let step = |after: &&str| {
        parser.process(after.as_bytes());
        state(&parser)
    };
    let mut all: Vec<String> = AFTER.iter().map(step).collect();
    // Everything scrolls away, and is looked at there; only then is the pet gone from the screen.
    parser
        .process(&b"\x1b[r\x1b[24;1H".iter().chain(&b"\n".repeat(30)).copied().collect::<Vec<_>>());
    all.push(history(&mut parser));
    all
}

/// What has scrolled off, but where the pet stands, which a shell would have taken away.
fn history(parser: &mut vt100::Parser) -> String {
    let rows = parser.screen().scrollback_len();
    let row = |back: usize| {
        parser.screen_mut().set_scrollback(back);
        parser.screen().rows(0, 64).next().unwrap_or_default()
    };
    (1..=rows).rev().map(row).collect::<Vec<_>>().join("\n")
}

fn assert_as_without_us(kind: Kind, moment: &Moment, frames: usize) {
    let script = format!(
        "printf '<''begin>\\033[2J\\033[H'; sleep 1; printf '{}<'; sleep 60",
        moment.script.replace('<', "")
    );
    // The mark is not text where text would end what is open: it is looked for without it.
    let script = script.replace("<'; sleep", "'; sleep");
    let mut window = Window::shell(kind, &["--fps", "60"], &["sh", "-c", &script]);
    let begin = window.read_until(0, b"<begin>") + 7;
    window.read_for(ms(1600));
    let first = window.seen.len();
    let frames = if moment.bears { frames } else { 0 };
    for _ in 0..200 {
        window.read_for(ms(if frames > 0 { 200 } else { 7 }));
        if frames > 0 && take_out(&window.seen[first..]).1 >= frames {
            break;
        }
    }
    let all = whole(kind, &window.seen[begin..]).to_vec();
    let (alone, _) = take_out(&all);
    let (_, ours) = take_out(&window.seen[first..]);
    if moment.bears {
        assert!(ours >= frames, "{}: {ours} frames", moment.name);
    } else if moment.name != LINKED || kind != Kind::Kitty {
        assert_eq!(ours, 0, "{}: {}", moment.name, window.seen[first..].escape_ascii());
    }
    for (n, (with, without)) in states(&all).iter().zip(&states(&alone)).enumerate() {
        assert_eq!(with, without, "{kind:?} {}, after step {n}", moment.name);
    }
}

/// All moments at once: each is a program that sleeps.
fn assert_all(kind: Kind, frames: usize) {
    std::thread::scope(|scope| {
        for moment in &MOMENTS {
            scope.spawn(move || assert_as_without_us(kind, moment, frames));
        }
    });
}

#[test]
fn frames_of_sixel_leave_no_trace() {
    assert_all(Kind::Sixel, 200);
}

#[test]
fn frames_of_symbols_leave_no_trace() {
    assert_all(Kind::Plain, 200);
}

#[test]
fn pictures_of_kittys_leave_no_trace() {
    // It animates by itself: nothing is sent meanwhile.
    assert_all(Kind::Kitty, 0);
}
