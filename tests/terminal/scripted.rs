//! Terminals that answer late, never, in pieces or with rubbish, played on a pseudoterminal: what
//! is chosen, and that what was typed arrives once and in order, and nothing else does.

use buddy_render::terminal::{Database, EnvHints, Reply, Terminal, choose};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Probes the terminal it runs in, listens for a while, and writes down what it was told; a test
/// starts it as a program of its own.
#[test]
#[ignore = "a part of other tests"]
fn child() {
    let listens: u64 = std::env::var("BUDDY_TEST_MILLIS").unwrap().parse().unwrap();
    let hints = EnvHints::from_vars([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
    let database = Database::embedded().unwrap();
    let mut terminal = Terminal::open().unwrap();
    let began = Instant::now();
    let answers = terminal.probe(&hints, &database).unwrap();
    let took = began.elapsed().as_millis();
    let choice = choose(&answers, &hints, &database, None);
    let mut keys = Vec::new();
    let mut late = None;
    while began.elapsed() < Duration::from_millis(listens) {
        for reply in terminal.read_replies(Duration::from_millis(20)).unwrap() {
            if let Reply::Key(key) = reply {
                keys.extend(key);
            }
        }
        late = terminal.late_answers().or(late);
    }
    let better = late.map(|answers| choose(&answers, &hints, &database, None).protocol);
    let better = better.map_or("nothing", |protocol| protocol.name());
    let keys: String = keys.iter().map(|byte| format!("{byte:02x}")).collect();
    let report = format!("{} {} {took} {better} <{keys}>", choice.protocol, choice.geometry);
    std::fs::write(std::env::var("BUDDY_TEST_REPORT").unwrap(), report).unwrap();
}

/// What the terminal sends, when: counted from the moment that it has all questions.
type Script<'a> = &'a [(u64, Vec<u8>)];

/// What the child wrote down.
#[derive(Debug)]
struct Report {
    protocol: String,
    geometry: String,
    took: u64,
    /// The protocol that late answers would have brought.
    late: String,
    keys: Vec<u8>,
}

impl Report {
    fn parse(text: &str) -> Self {
        let mut words = text.split(' ').map(str::to_owned);
        let mut next = || words.next().unwrap();
        let (protocol, geometry, took, late, keys) = (next(), next(), next(), next(), next());
        let keys = keys.trim_matches(['<', '>']).as_bytes();
        let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
        let keys = keys.chunks(2).map(byte).collect();
        Self { protocol, geometry, took: took.parse().unwrap(), late, keys }
    }
}

/// Plays a script to a child; none where there is no `setsid`.
fn play(name: &str, millis: u64, script: Script<'_>) -> Option<Report> {
    let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&pty).unwrap();
    unlockpt(&pty).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&pty, size).unwrap();
    let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
    let slave = || Stdio::from(File::options().read(true).write(true).open(&path).unwrap());
    let report = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.report"));
    let _ = std::fs::remove_file(&report);
    // setsid makes the pseudoterminal the program's own.
    let started = Command::new("setsid")
        .arg("--ctty")
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "scripted::child"])
        .env("BUDDY_TEST_MILLIS", millis.to_string())
        .env("BUDDY_TEST_REPORT", &report)
        .stdin(slave())
        .stdout(slave())
        .stderr(slave())
        .spawn();
    let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(started.is_ok() || !required, "setsid (util-linux) is needed: {started:?}");
    let mut started = started.ok()?;
    let mut terminal = File::from(pty);
    let seen = read_until_asked(&mut terminal);
    let asked = Instant::now();
    // Its later output is read away, or it would wait for us.
    let mut reader = terminal.try_clone().unwrap();
    std::thread::spawn(move || while reader.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {});
    for (at, bytes) in script {
        let rest = Duration::from_millis(*at).saturating_sub(asked.elapsed());
        std::thread::sleep(rest);
        terminal.write_all(&with_id(bytes, &seen)).unwrap();
    }
    assert!(started.wait().unwrap().success(), "{name}: {}", seen.escape_ascii());
    Some(Report::parse(&std::fs::read_to_string(&report).unwrap()))
}

/// All up to the fence, the last question.
fn read_until_asked(terminal: &mut File) -> Vec<u8> {
    let (mut seen, mut part) = (Vec::new(), [0; 4096]);
    while !seen.windows(3).any(|w| w == b"\x1b[c") {
        let count = terminal.read(&mut part).unwrap();
        seen.extend_from_slice(&part[..count]);
    }
    seen
}

/// The answer with the id of the question in the place of `ID`.
fn with_id(bytes: &[u8], questions: &[u8]) -> Vec<u8> {
    let questions = String::from_utf8_lossy(questions);
    let id = questions.split("\x1b_Ga=q,i=").nth(1).unwrap_or_default();
    let id: String = id.chars().take_while(char::is_ascii_digit).collect();
    let Some(at) = bytes.windows(2).position(|w| w == b"ID") else { return bytes.to_vec() };
    [&bytes[..at], id.as_bytes(), &bytes[at + 2..]].concat()
}

/// kitty's answers, and its fence.
const KITTY: &[u8] = b"\x1b_Gi=ID;OK\x1b\\\x1bP>|kitty(0.41.1)\x1b\\\x1b[6;18;9t\x1b[?2026;2$y";
const FENCE: &[u8] = b"\x1b[?62;c";

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn typing_among_the_answers_arrives_once_and_in_order() {
    let all = bytes(&[
        b"a",
        b"\x1b_Gi=ID;OK\x1b\\",
        "é".as_bytes(),
        b"\x1bP>|kitty(0.41.1)\x1b\\",
        b"\x1b[A",
        b"\x1b[6;18;9t",
        b"b",
        FENCE,
        b"c\x1bOP",
    ]);
    let script = [(0, all), (150, b"d".to_vec()), (300, b"\x1b[200~e\x1b[201~".to_vec())];
    let Some(report) = play("typing", 1000, &script) else { return };
    assert_eq!(report.protocol, "kitty", "{report:?}");
    assert_eq!(report.geometry, "80x24@9x18");
    let typed = "aé\x1b[Abc\x1bOPd\x1b[200~e\x1b[201~";
    assert_eq!(report.keys, typed.as_bytes(), "{report:?}");
}

#[test]
fn answers_may_come_byte_by_byte() {
    let questions = bytes(&[KITTY, b"x", FENCE, b"y"]);
    // The id has to be put in before it is cut.
    let mut script = vec![(0, b"\x1b_Gi=ID;OK".to_vec())];
    let rest = questions.iter().skip(b"\x1b_Gi=ID;OK".len());
    script.extend(rest.map(|byte| (1, vec![*byte])));
    let Some(report) = play("slowly", 500, &script) else { return };
    assert_eq!((report.protocol.as_str(), report.geometry.as_str()), ("kitty", "80x24@9x18"));
    assert_eq!(report.keys, b"xy");
}

#[test]
fn without_device_attributes_it_goes_on_without_pictures() {
    let script = [(0, b"\x1bP>|newcomer 1\x1b\\".to_vec()), (600, b"ls ".to_vec())];
    let Some(report) = play("no-fence", 1800, &script) else { return };
    assert_eq!((report.protocol.as_str(), report.late.as_str()), ("symbols", "nothing"));
    assert!((240..1000).contains(&report.took), "{report:?}");
    assert_eq!(report.keys, b"ls ");
}

#[test]
fn answers_that_come_late_are_no_keys() {
    // Within the time that they are waited for: a better choice can be made of them.
    let late = [(100, b"a".to_vec()), (700, bytes(&[KITTY, b"b", FENCE])), (800, b"c".to_vec())];
    let Some(report) = play("late", 1800, &late) else { return };
    assert_eq!((report.protocol.as_str(), report.late.as_str()), ("symbols", "kitty"));
    assert_eq!(report.keys, b"abc", "{report:?}");
}

#[test]
fn answers_that_come_after_seconds_are_no_keys() {
    let after =
        [(1500, b"a".to_vec()), (3000, bytes(&[KITTY, b"b", FENCE])), (3100, b"c".to_vec())];
    let Some(report) = play("seconds", 3400, &after) else { return };
    assert_eq!((report.protocol.as_str(), report.late.as_str()), ("symbols", "nothing"));
    assert_eq!(report.keys, b"abc", "{report:?}");
}

#[test]
fn rubbish_among_the_answers_does_no_harm() {
    // Strings nobody asked for, sequences of nobody, bytes of no encoding, another program's id.
    let rubbish: &[u8] = b"\x1bPjunk\x1b\\\x1b]0;title\x07\x1b[?9999999999999c\x1b_Gi=77;EBADF:x\x1b\\\x1b[?997;1n\x1b^\x1b\\";
    let all = bytes(&[rubbish, KITTY, rubbish, b"q", FENCE]);
    let Some(report) = play("rubbish", 500, &[(0, all)]) else { return };
    assert_eq!((report.protocol.as_str(), report.geometry.as_str()), ("kitty", "80x24@9x18"));
    assert_eq!(report.keys, b"q", "{report:?}");
    // Controls are left out: Ctrl-C would end it, as it should.
    let noise = (0..4000_u32).map(|n| (n * 7 % 251) as u8).filter(|b| *b >= 0x20);
    let noise: Vec<u8> = noise.collect();
    let script = [(0, bytes(&[&noise, KITTY, FENCE]))];
    let Some(report) = play("noise", 500, &script) else { return };
    assert_eq!(report.protocol, "kitty", "{report:?}");
    assert_eq!(report.keys, noise, "what is no answer was typed");
}

#[test]
fn sizes_that_cannot_be_are_not_believed() {
    let sizes: [&[u8]; 5] = [
        b"\x1b[6;1000000000;1000000000t\x1b[4;1000000000;1000000000t\x1b[8;1000000000;1000000000t",
        b"\x1b[6;0;0t\x1b[4;0;0t\x1b[8;0;0t",
        b"\x1b[6;65535;65535t\x1b[4;65535;65535t\x1b[8;65535;65535t",
        b"\x1b]1337;ReportCellSize=0;0;0\x1b\\\x1b[?2;0;1000000000;1000000000S\x1b[?1;0;1000000000S",
        b"\x1b]1337;ReportCellSize=1e9;1e9;1e9\x1b\\\x1b[?2;0;0;0S\x1b[?1;0;0S\x1b[6;1t\x1b[6t\x1b[t",
    ];
    for (n, told) in sizes.into_iter().enumerate() {
        let all = bytes(&[told, b"k\x1b[?62;4c"]);
        let Some(report) = play(&format!("sizes-{n}"), 300, &[(0, all)]) else { return };
        let got = (report.protocol.as_str(), report.geometry.as_str());
        assert_eq!(got, ("sixel", "80x24@10x20"), "{report:?}");
        assert_eq!(report.keys, b"k", "{report:?}");
    }
}
