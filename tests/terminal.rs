//! Terminals, as far as they can be tested without one: recorded answers, hostile bytes, and frames
//! written to memory; and whole programs on a pseudoterminal, where `script` makes one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use buddy_render::terminal::reply::{MAX_SEQUENCE, MAX_STRING};
use buddy_render::terminal::{
    Answers, Choice, ColorDepth, CursorCare, Database, EnvHints, KittyTier, Multiplexer,
    PlaceholderIds, Protocol, Questions, Reply, ReplyParser, SymbolSet, Terminal, TerminalError,
    TmuxAnswers, Trial, TtySize, choose,
};
use buddy_render::units::{CellPixels, CellSize, PixelSize};
use serde_json::Value;
use std::io::{self, Write};
use std::path::Path;

#[path = "../src/cli/probe.rs"]
mod probe;
#[cfg(target_os = "linux")]
#[path = "terminal/scripted.rs"]
mod scripted;

/// The order in which our questions are asked, by the names of the recorded answers.
const ASKED: [&str; 14] = [
    "KITTY_QUERY",
    "KITTY_FRAME",
    "KITTY_CONTROL",
    "KITTY_BYSTANDER",
    "XTVERSION",
    "CELL_PIXELS",
    "WINDOW_PIXELS",
    "TEXT_CELLS",
    "MODE_2026",
    "SIXEL_COLOURS",
    "SIXEL_SIZE",
    "ITERM_CELL_SIZE",
    "ITERM_CAPABILITIES",
    "DA1",
];

fn recorded(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replies");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn all_names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replies");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|f| f.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|n| n.strip_suffix(".json").map(String::from)).collect();
    names.sort();
    names
}

fn answer(profile: &Value, question: &str) -> Vec<u8> {
    let text = profile["answers"][question].as_str().unwrap_or_default();
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn parse(bytes: &[u8]) -> Vec<Reply> {
    let (mut parser, mut replies) = (ReplyParser::new(), Vec::new());
    parser.feed(bytes, &mut replies);
    parser.flush(&mut replies);
    replies
}

fn hints(profile: &Value, more: &[(&str, &str)]) -> EnvHints {
    let env = profile["env"].as_object().unwrap().iter();
    let env = env.map(|(k, v)| (k.as_str(), v.as_str().unwrap()));
    EnvHints::from_vars(env.chain(more.iter().copied()))
}

fn answers(profile: &Value, hints: &EnvHints, database: &Database) -> Answers {
    let tmux = profile["tmux"].as_str().and_then(TmuxAnswers::parse);
    let mut asked = Questions::new(1, database, hints, tmux.as_ref());
    asked.trial = Trial::starting_at(31);
    let bytes: Vec<u8> = ASKED.iter().flat_map(|q| answer(profile, q)).collect();
    let mut answers = Answers::default();
    for reply in parse(&bytes) {
        assert_eq!(answers.take(reply, &asked), None, "an answer nobody takes");
    }
    let side = |at: usize| u16::try_from(profile["probed"][at].as_u64().unwrap()).unwrap();
    answers.tmux = tmux;
    answers.tty = Some(TtySize { cells: CellSize::new(side(0), side(1)), pixels: None });
    answers
}

#[test]
fn few_colours_are_drawn_by_hand() {
    let drawn = |more: &[(&str, &str)]| choice_of("kitty", more, Some(Protocol::Symbols)).drawn;
    assert!(!drawn(&[]));
    assert!(drawn(&[("NO_COLOR", "1")]));
}

fn choice_of(name: &str, more: &[(&str, &str)], forced: Option<Protocol>) -> Choice {
    let database = Database::embedded().unwrap();
    let profile = recorded(name);
    let hints = hints(&profile, more);
    let answers = answers(&profile, &hints, &database);
    choose(&answers, &hints, &database, forced)
}

#[test]
fn each_terminal_gets_its_protocol_and_tier() {
    // name, row, protocol and tier, synchronized updates, geometry
    let table = [
        ("alacritty", "alacritty", "symbols quadrant 24-bit", true, "80x24@9x18"),
        ("apple-terminal", "apple-terminal", "symbols half 256", false, "80x24@10x20"),
        ("contour", "contour", "kitty static", true, "80x24@10x20"),
        ("dumb", "dumb", "ascii", false, "80x24@10x20"),
        ("foot", "foot-old", "sixel over, shared", true, "80x24@9x18"),
        ("ghostty", "ghostty-1.3", "kitty static", true, "80x24@9x18"),
        ("ghostty-1.4", "ghostty", "kitty animated", true, "80x24@9x18"),
        ("iterm2", "iterm2", "kitty static", true, "80x25@14x29"),
        ("iterm2-3.4", "iterm2-old", "iterm2 single", false, "80x24@7x14"),
        ("kitty", "kitty-0.40", "kitty animated", true, "80x24@9x18"),
        ("kitty-0.26", "kitty-old", "kitty animated", true, "80x24@9x18"),
        ("konsole", "konsole", "kitty static", false, "80x24@9x18"),
        ("linux-console", "linux-console", "symbols half 16", false, "80x24@10x20"),
        ("mlterm", "mlterm", "sixel", false, "80x24@10x19"),
        ("rio", "rio", "kitty static", true, "80x24@8x16"),
        ("screen", "screen", "symbols quadrant 256", false, "80x24@10x20"),
        ("tmux", "tmux", "symbols quadrant 24-bit", false, "80x24@10x20"),
        ("tmux-3.7", "tmux", "sixel, 20 pictures", true, "80x24@9x19"),
        ("tmux-passthrough", "tmux", "kitty animated", false, "80x24@10x20"),
        ("vscode", "xterm.js", "symbols quadrant 24-bit", true, "80x24@10x20"),
        ("vte", "vte-0.78", "symbols octant 24-bit", true, "80x24@9x18"),
        ("wezterm", "wezterm", "kitty static", true, "80x24@9x18"),
        ("windows-terminal", "windows-terminal", "sixel over", true, "80x24@10x20"),
        ("xterm", "xterm", "sixel over, shared, 16 pictures", false, "80x24@9x19"),
        ("xterm-default", "xterm", "symbols quadrant 24-bit", false, "80x24@10x20"),
        ("xtermjs", "xterm.js", "sixel", true, "80x24@9x18"),
        ("zellij", "zellij", "kitty static", true, "80x24@9x18"),
        ("zellij-sixel", "zellij", "sixel", true, "80x24@9x18"),
    ];
    let names: Vec<_> = table.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(all_names(), names, "each fixture has its row here");
    for (name, row, pictures, sync, geometry) in table {
        let choice = choice_of(name, &[], None);
        let told = format!("{name}: {:#?}", choice.reasons);
        assert_eq!(choice.terminal, row, "{told}");
        assert_eq!(pictures_of(&choice), pictures, "{told}");
        assert_eq!(choice.sync2026, sync, "{told}");
        assert_eq!(choice.geometry.to_string(), geometry, "{told}");
        assert!(!choice.reasons.is_empty());
        let source = recorded(name)["source"].as_str().unwrap_or_default().to_owned();
        assert!(source.len() > 20, "{name}: whence?");
    }
}

/// The protocol with its tier, in words.
fn pictures_of(choice: &Choice) -> String {
    let mut words = choice.protocol.name().to_owned();
    match choice.protocol {
        Protocol::Kitty => words += &format!(" {}", choice.kitty_tier.name()),
        Protocol::Iterm2 if choice.iterm2_multipart => words += " multipart",
        Protocol::Iterm2 => words += " single",
        Protocol::Sixel => {
            words += if choice.sixel.overlays { " over" } else { "" };
            words += if choice.sixel.shared_registers { ", shared" } else { "" };
            if let Some(pictures) = choice.sixel.pictures {
                words += &format!(", {pictures} pictures");
            }
        }
        Protocol::Symbols => {
            words += &format!(" {} {}", choice.symbols.name(), choice.colors.name());
        }
        Protocol::Ascii | Protocol::Text => {}
    }
    words
}

#[test]
fn only_terminals_that_took_a_frame_animate() {
    let tier = |name| choice_of(name, &[], None).kitty_tier;
    assert_eq!(tier("kitty"), KittyTier::Animated);
    assert_eq!(tier("kitty-0.26"), KittyTier::Animated);
    assert_eq!(tier("ghostty-1.4"), KittyTier::Animated);
    for name in ["ghostty", "iterm2", "konsole", "rio", "wezterm", "zellij"] {
        assert_eq!(tier(name), KittyTier::Static, "{name}");
    }
    assert!(choice_of("kitty", &[], None).kitty_frees_one_by_one);
    assert!(!choice_of("kitty-0.26", &[], None).kitty_frees_one_by_one);
}

#[test]
fn within_tmux_pictures_need_a_way_and_a_terminal_that_knows_placeholders() {
    let database = Database::embedded().unwrap();
    let profile = recorded("tmux-passthrough");
    let hints = hints(&profile, &[]);
    let answers = answers(&profile, &hints, &database);
    let choice = choose(&answers, &hints, &database, None);
    assert_eq!(choice.protocol, Protocol::Kitty);
    assert_eq!(choice.passthrough, Multiplexer::Tmux);
    assert_eq!(choice.kitty_placeholders, Some(PlaceholderIds::Bits8));
    let told = |tmux: &str| {
        let answers = Answers { tmux: TmuxAnswers::parse(tmux), ..answers.clone() };
        choose(&answers, &hints, &database, None)
    };
    let colors = told("1|1|1|RGB,title|kitty(0.41.1)");
    assert_eq!(colors.kitty_placeholders, Some(PlaceholderIds::Bits24));
    let why = [
        ("1|1|1||WezTerm 20240203", "placeholders"),
        ("1|1|1||kitty(0.26.5)", "placeholders"),
        ("2|1|1||kitty(0.41.1)", "2 terminals"),
        ("1|1|0||kitty(0.41.1)", "another pane"),
        ("", "did not tell"),
    ];
    for (tmux, why) in why {
        let choice = told(tmux);
        assert_eq!(choice.protocol, Protocol::Symbols, "{tmux}");
        let told = choice.reasons.iter().find(|r| r.starts_with("not kitty"));
        assert!(told.is_some_and(|told| told.contains(why)), "{tmux}: {:?}", choice.reasons);
    }
}

#[test]
fn tmux_without_a_way_through_says_how_to_open_one() {
    let choice = choice_of("tmux", &[], None);
    assert_eq!(choice.protocol, Protocol::Symbols);
    assert_eq!(choice.colors, ColorDepth::TrueColor);
    let why = choice.reasons.iter().find(|r| r.starts_with("not kitty"));
    assert!(why.unwrap().contains("allow-passthrough on"), "{:?}", choice.reasons);
}

#[test]
fn the_environment_alone_never_brings_pictures() {
    let database = Database::embedded().unwrap();
    for env in [("KITTY_WINDOW_ID", "1"), ("TERM_PROGRAM", "iTerm.app")] {
        let hints = EnvHints::from_vars([env, ("TERM", "xterm-256color")]);
        let choice = choose(&Answers::default(), &hints, &database, None);
        assert_eq!(choice.protocol, Protocol::Symbols, "{env:?}");
    }
}

#[test]
fn locale_and_no_color_choose_among_texts() {
    let pick = |env: &[(&str, &str)]| {
        let hints = EnvHints::from_vars(env.iter().copied());
        let database = Database::embedded().unwrap();
        let choice = choose(&Answers::default(), &hints, &database, None);
        (choice.protocol, choice.colors)
    };
    let (symbols, ascii) = (Protocol::Symbols, Protocol::Ascii);
    let linux = ("TERM", "linux");
    assert_eq!(pick(&[linux]), (ascii, ColorDepth::Ansi16));
    assert_eq!(pick(&[linux, ("LANG", "C.UTF-8")]), (symbols, ColorDepth::Ansi16));
    let many = ("TERM", "xterm-256color");
    assert_eq!(pick(&[many]), (symbols, ColorDepth::Indexed256));
    assert_eq!(pick(&[many, ("LANG", "de_DE.utf8")]), (symbols, ColorDepth::Indexed256));
    assert_eq!(
        pick(&[many, ("LANG", "de_DE.utf8"), ("LC_ALL", "C")]),
        (ascii, ColorDepth::Indexed256)
    );
    assert_eq!(pick(&[many, ("NO_COLOR", "1")]), (ascii, ColorDepth::Mono));
    let full = [many, ("COLORTERM", "truecolor")];
    assert_eq!(pick(&full), (symbols, ColorDepth::TrueColor));
    assert_eq!(choice_of("kitty", &[("NO_COLOR", "1")], None).protocol, ascii);
}

#[test]
fn sixel_goes_by_what_the_terminal_does_with_pictures() {
    let database = Database::embedded().unwrap();
    let windows = Answers {
        da1: Some(vec![61, 4, 6, 7, 14, 21, 22, 23, 24, 28, 32, 42]),
        cell_pixels: Some(PixelSize::new(9, 19)),
        background: Some((12, 12, 12)),
        ..Answers::default()
    };
    let choice = choose(&windows, &EnvHints::default(), &database, None);
    assert_eq!((choice.protocol, choice.sixel_registers), (Protocol::Sixel, 256));
    assert_eq!(choice.geometry.cell, CellPixels::new(10, 20), "virtual, whatever the font is");
    assert!(choice.sixel.overlays && !choice.sixel.shared_registers);
    assert_eq!(choice.background, Some([12; 3]));
    let xterm = choice_of("xterm", &[], None);
    assert!(xterm.sixel.overlays && xterm.sixel.shared_registers);
    assert_eq!(xterm.sixel.pictures, Some(16));
    assert!(xterm.sixel_largest.is_some_and(|largest| largest.width > 160));
    assert!(!choice_of("mlterm", &[], None).sixel.overlays);
}

#[test]
fn a_forced_protocol_is_taken_with_what_is_known() {
    let choice = choice_of("konsole", &[], Some("iterm3".parse().unwrap()));
    assert_eq!(choice.protocol, Protocol::Iterm2);
    assert!(!choice.iterm2_multipart);
    let choice = choice_of("foot", &[], Some(Protocol::Symbols));
    assert_eq!(choice.symbols, SymbolSet::Sextant);
    assert_eq!(choice.sixel_registers, 1024);
    for protocol in Protocol::ALL {
        assert_eq!(protocol.name().parse(), Ok(protocol));
    }
    assert_eq!("ghost_text".parse(), Ok(Protocol::Text));
    assert!("auto".parse::<Protocol>().is_err());
}

#[test]
fn replies_are_the_same_however_they_are_split() {
    for name in all_names() {
        let profile = recorded(&name);
        let mut bytes = b"a\xc3\xa9\x1b[A".to_vec();
        for question in profile["answers"].as_object().unwrap().keys() {
            bytes.extend(answer(&profile, question));
            bytes.extend_from_slice(b"q\x1b[1;5C\x1bOP\xf0\x9f\x90\xa2");
        }
        let whole = parse(&bytes);
        let (mut parser, mut one_by_one) = (ReplyParser::new(), Vec::new());
        for byte in &bytes {
            parser.feed(&[*byte], &mut one_by_one);
        }
        assert!(!parser.is_waiting());
        assert_eq!(whole, one_by_one, "{name}");
        let keys = whole.iter().filter(|r| **r == Reply::Key(b"q".to_vec()));
        let questions = profile["answers"].as_object().unwrap().len();
        assert_eq!(keys.count(), questions, "{name}: no key is lost");
    }
}

#[test]
fn each_reply_is_read() {
    let key = |bytes: &[u8]| Reply::Key(bytes.to_vec());
    let unknown = |bytes: &[u8]| Reply::Unknown(bytes.to_vec());
    let kitty = |id, code: &str| Reply::KittyGraphics { id, code: code.to_owned() };
    let cases: [(&[u8], Reply); 21] = [
        (b"\x1b[?62;c", Reply::Da1(vec![62])),
        (b"\x1bP>|foot(1.13.1)\x1b\\", Reply::XtVersion("foot(1.13.1)".into())),
        (b"\x1b_Gi=31,p=2;OK\x1b\\", kitty(31, "OK")),
        (b"\x1b_Gi=5;ENODATA:Insufficient\x1b\\", kitty(5, "ENODATA")),
        (b"\x1b[6;18;9t", Reply::CellPixels(PixelSize::new(9, 18))),
        (b"\x1b[4;432;720t", Reply::WindowPixels(PixelSize::new(720, 432))),
        (b"\x1b[8;24;80t", Reply::TextCells(CellSize::new(80, 24))),
        (b"\x1b[?2026;2$y", Reply::DecRqm { mode: 2026, state: 2 }),
        (b"\x1b[?999;2n", Reply::Visible(false)),
        (b"\x1b[?999;3n", unknown(b"\x1b[?999;3n")),
        (b"\x1b[24;80R", Reply::CursorPosition { row: 24, col: 80 }),
        (b"\x1b]11;rgb:1010/2020/3030\x07", Reply::Background(16, 32, 48)),
        (b"\x1b]11;rgba:f/0/8/f\x1b\\", Reply::Background(255, 0, 136)),
        (b"\x1b]1337;Capabilities=FSx\x1b\\", Reply::ItermCapabilities("FSx".into())),
        (b"\x1b[200~", key(b"\x1b[200~")),
        (b"\x1bP", key(b"\x1bP")),
        (b"\x1b]1337;ReportCellSize=-1;nan\x1b\\", unknown(b"\x1b]1337;ReportCellSize=-1;nan")),
        (b"\x1b[?99999999999c", unknown(b"\x1b[?99999999999c")),
        (b"\x1b[6;1000000000;9t", unknown(b"\x1b[6;1000000000;9t")),
        (b"\x1b[t", unknown(b"\x1b[t")),
        (b"\x1b_Gi=-1;OK\x1b\\", unknown(b"\x1b_Gi=-1;OK")),
    ];
    for (bytes, reply) in cases {
        assert_eq!(parse(bytes), [reply], "{}", bytes.escape_ascii());
    }
}

#[test]
fn hostile_replies_are_bounded() {
    let mut noise = vec![0; 1 << 20];
    fastrand::Rng::with_seed(7).fill(&mut noise);
    let starts: [&[u8]; 6] = [b"\x1bP", b"\x1b]", b"\x1b_G", b"\x1b[", b"\x1b[?1;", b""];
    for start in starts {
        for body in [&noise[..], &vec![b'1'; 1 << 20], &vec![b';'; 1 << 20]] {
            for reply in parse(&[start, body].concat()) {
                if let Reply::Key(bytes) | Reply::Unknown(bytes) = reply {
                    assert!(bytes.len() <= MAX_STRING.max(MAX_SEQUENCE) + 1);
                }
            }
        }
    }
}

#[test]
fn escape_and_alt_are_keys_once_nothing_follows() {
    let alone = |bytes: &[u8]| vec![Reply::Key(bytes.to_vec())];
    assert_eq!(parse(b"\x1b"), alone(b"\x1b"));
    assert_eq!(parse(b"\x1b["), alone(b"\x1b["));
    assert_eq!(parse(b"\x1b]"), alone(b"\x1b]"));
    assert_eq!(parse(b"\x1b_"), alone(b"\x1b_"));
    assert_eq!(parse(b"\xf0\x9f"), alone(b"\xf0\x9f"));
}

/// Counts writes, and takes only so many bytes.
#[derive(Default)]
struct Sink {
    writes: Vec<Vec<u8>>,
    room: Option<usize>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.room.unwrap_or(usize::MAX));
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room = self.room.map(|room| room - n);
        self.writes.push(bytes[..n].to_vec());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_frame_is_one_write_and_closes_what_it_opens() {
    let mut terminal = Terminal::new(Sink::default());
    terminal.write_frame(b"picture", true, CursorCare::PutBack).unwrap();
    terminal.write_frame(b"picture", true, CursorCare::Hide).unwrap();
    terminal.write_frame(b"", true, CursorCare::Hide).unwrap();
    terminal.write_frame(b"picture", false, CursorCare::PutBack).unwrap();
    terminal.write_frame(b"picture", false, CursorCare::Hide).unwrap();
    terminal.write_frame(b"picture", true, CursorCare::Leave).unwrap();
    terminal.write_frame(b"picture", false, CursorCare::Leave).unwrap();
    let writes: [&[u8]; 6] = [
        b"\x1b[?2026h\x1b7picture\x1b8\x1b[?2026l",
        b"\x1b[?2026h\x1b7picture\x1b8\x1b[?2026l",
        b"\x1b7picture\x1b8",
        b"\x1b[?25l\x1b7picture\x1b8\x1b[?25h",
        b"\x1b[?2026hpicture\x1b[?2026l",
        b"picture",
    ];
    assert_eq!(terminal.get_ref().writes, writes);
}

#[test]
fn a_torn_frame_is_mended_before_the_next() {
    let mut terminal = Terminal::new(Sink { room: Some(10), ..Sink::default() });
    let torn = terminal.write_frame(b"\x1b_Gi=1;AAAA\x1b\\", true, CursorCare::Leave);
    assert!(matches!(torn, Err(TerminalError::Stalled { unwritten: 19 })), "{torn:?}");
    terminal.get_mut().room = None;
    terminal.write_frame(b"next", true, CursorCare::Leave).unwrap();
    terminal.write_frame(b"more", false, CursorCare::Leave).unwrap();
    let writes = &terminal.get_ref().writes;
    assert_eq!(writes[1], b"\x18\x1b\\\x1b[?2026l\x1b[?2026hnext\x1b[?2026l");
    assert_eq!(writes[2], b"more");
}

#[test]
fn a_reader_that_left_is_told_apart() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let gone = Terminal::new(Gone).write(b"x");
    assert!(matches!(gone, Err(TerminalError::Closed)));
}

#[test]
#[ignore = "asks the terminal it runs in: cargo test --test terminal -- --ignored --nocapture"]
fn ask_this_terminal() {
    probe::run(false, None, || None, &mut io::stdout()).unwrap();
}

/// Whole programs on a pseudoterminal: what they leave behind.
#[cfg(target_os = "linux")]
mod lifecycle {
    use buddy_render::terminal::{
        Awaited, CursorCare, Database, EnvHints, Signal, Signals, Terminal, TerminalError,
    };
    use std::process::{Command, Stdio};
    use std::time::Duration;

    fn watched(signals: &Signals) -> Awaited<'_> {
        Awaited { signals: Some(signals), ..Awaited::default() }
    }

    const FAREWELL: &[u8] = b"<farewell>";

    /// Plays one of the parts below; a test starts it as a program of its own.
    #[test]
    #[ignore = "a part of other tests"]
    fn child() {
        let part = std::env::var("BUDDY_TEST_PART").unwrap();
        if part == "background" {
            let error = Terminal::open().unwrap_err();
            println!("{}", matches!(error, TerminalError::Background));
            return;
        }
        let mut signals = Signals::new().unwrap();
        let mut terminal = Terminal::open().unwrap();
        terminal.set_farewell(FAREWELL);
        terminal.write_frame(b"<frame>", true, CursorCare::PutBack).unwrap();
        match part.as_str() {
            "panic" => panic!("on purpose"),
            "signal" => {
                signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
                let wait = Duration::from_secs(5);
                assert!(terminal.wait(watched(&signals), wait).unwrap().signals);
                assert_eq!(signals.take(), [Signal::Terminate]);
            }
            "suspend" => {
                signal_hook::low_level::raise(signal_hook::consts::SIGTSTP).unwrap();
                assert_eq!(signals.take(), [Signal::Suspend]);
                terminal.suspend().unwrap();
                // Any thread may be the one that handles it, so it may come a moment later.
                let wait = Duration::from_secs(5);
                while !terminal.wait(watched(&signals), wait).unwrap().signals {}
                assert_eq!(signals.take(), [Signal::Continue]);
                terminal.write_frame(b"<again>", false, CursorCare::Leave).unwrap();
            }
            "silent" => {
                let database = Database::embedded().unwrap();
                let answers = terminal.probe(&EnvHints::default(), &database).unwrap();
                assert!(!answers.fenced());
            }
            _ => {}
        }
    }

    /// What a shell's script shows on a pseudoterminal of its own, `$CHILD` being this program.
    fn on_a_terminal(part: &str, script: &str) -> Option<String> {
        let mut script_1 = Command::new("script");
        script_1.args(["-qec", script, "/dev/null"]);
        let program = std::env::current_exe().unwrap();
        let child = "--ignored --exact --nocapture lifecycle::child";
        // It runs the user's shell, and shells differ in what they say of jobs.
        script_1.env("SHELL", "/bin/sh").env("CHILD", format!("{} {child}", program.display()));
        script_1.env("BUDDY_TEST_PART", part).stdin(Stdio::null());
        let shown = script_1.output();
        // Elsewhere than in CI, where there is no such program there is nothing to test with.
        let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(shown.is_ok() || !required, "script (util-linux) is needed: {shown:?}");
        let shown = shown.ok()?;
        Some(String::from_utf8_lossy(&shown.stdout).into_owned())
    }

    /// The modes before and after are lines of colons and hexadecimal digits.
    fn check_left_clean(part: &str) {
        let script = "stty -g; $CHILD; echo; stty -g";
        let Some(shown) = on_a_terminal(part, script) else {
            return;
        };
        let modes: Vec<_> = shown.lines().filter(|l| l.matches(':').count() > 20).collect();
        assert_eq!(modes.len(), 2, "{shown}");
        assert_eq!(modes[0], modes[1], "{shown}");
        let frame = "\x1b[?2026h\x1b7<frame>\x1b8\x1b[?2026l";
        assert!(shown.contains(frame), "{shown}");
        assert!(shown.contains("<farewell>"), "{shown}");
    }

    #[test]
    fn an_end_leaves_the_terminal_as_it_was() {
        check_left_clean("end");
    }

    #[test]
    fn a_signal_leaves_the_terminal_as_it_was() {
        check_left_clean("signal");
    }

    #[test]
    fn a_stopped_program_gives_the_terminal_back_meanwhile() {
        let script = "set -m; stty -g; $CHILD; echo; stty -g; echo '<shell>'; fg; echo; stty -g";
        let Some(shown) = on_a_terminal("suspend", script) else {
            return;
        };
        let modes: Vec<_> = shown.lines().filter(|l| l.matches(':').count() > 20).collect();
        assert_eq!(modes.len(), 3, "{shown}");
        assert!(modes.iter().all(|m| *m == modes[0]), "{shown}");
        let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("no {text}: {shown}"));
        assert!(at("<frame>") < at("<farewell>") && at("<farewell>") < at("<shell>"));
        assert!(
            at("<shell>") < at("<again>") && at("<again>") < shown.rfind("<farewell>").unwrap()
        );
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        check_left_clean("panic");
    }

    #[test]
    fn a_silent_terminal_is_not_waited_for_long() {
        let began = std::time::Instant::now();
        check_left_clean("silent");
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_background_job_is_told_so_rather_than_stopped() {
        let shown = on_a_terminal("background", "set -m; $CHILD & wait");
        assert!(shown.is_none_or(|shown| shown.contains("true")));
    }
}

/// The whole program on a pseudoterminal whose other end the test reads, or does not.
#[cfg(target_os = "linux")]
#[path = "terminal/live.rs"]
mod live;
