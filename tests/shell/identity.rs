//! Byte for byte the same, both ways.

use super::ours::take_out;
use super::part::{BEGIN, END, LAST, command};
use super::window::{Kind, Window, find, ms};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shell").join(name)
}

fn temporary(name: &str, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("buddy-shell-{}-{name}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn run(kind: Kind, words: &[&str]) -> Window {
    let command = command(words);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();

    Window::shell(kind, &["--fps", "60"], &command)
}

/// What was written between the marks.
fn between(window: &mut Window) -> Vec<u8> {
    let begin = window.read_until(0, BEGIN) + BEGIN.len();
    let end = window.read_until(begin, END);
    window.seen[begin..end].to_vec()
}

/// Replays a file and asserts that it comes out as it is; gives how much of ours was between.
fn assert_same(kind: Kind, path: &Path, step: usize, pause: u64) -> usize {
    let what = format!("{kind:?} {} by {step}", path.display());
    let (step, pause) = (step.to_string(), pause.to_string());
    let mut window = run(kind, &["replay", path.to_str().unwrap(), &step, &pause]);
    let all = between(&mut window);
    let (rest, ours) = take_out(&all);
    let expected = [&std::fs::read(path).unwrap()[..], b"\x18\x1b\\"].concat();
    if Sha256::digest(&rest) != Sha256::digest(&expected) {
        let at = rest.iter().zip(&expected).take_while(|(a, b)| a == b).count();
        let around = |bytes: &[u8]| {
            let end = (at + 120).min(bytes.len());
            bytes[at.saturating_sub(60).min(end)..end].escape_ascii().to_string()
        };
        panic!("{what} differs at {at}\n  got  {}\n  sent {}", around(&rest), around(&expected));
    }
    ours
}

const RECORDED: [&str; 6] =
    ["vim.out", "less.out", "top.out", "git-log.out", "tmux.out", "bash.out"];

#[test]
fn recorded_programs_come_out_as_they_are_in_kitty() {
    let ours: usize =
        RECORDED.iter().map(|name| assert_same(Kind::Kitty, &fixture(name), 61, 20)).sum();
    assert!(ours > 20, "the pet was hardly there: {ours}");
}

#[test]
fn recorded_programs_come_out_as_they_are_with_sixel() {
    let ours: usize =
        RECORDED.iter().map(|name| assert_same(Kind::Sixel, &fixture(name), 61, 30)).sum();
    assert!(ours > 5, "the pet was hardly there: {ours}");
}

#[test]
fn recorded_programs_come_out_as_they_are_with_symbols() {
    for name in RECORDED {
        assert_same(Kind::Plain, &fixture(name), 61, 20);
    }
}

#[test]
fn a_byte_at_a_time_is_the_same() {
    for (kind, name) in [(Kind::Kitty, "bash.out"), (Kind::Sixel, "git-log.out")] {
        assert_same(kind, &fixture(name), 1, 4);
    }
}

#[test]
fn random_bytes_are_the_same() {
    let mut random = fastrand::Rng::with_seed(5);
    let bytes: Vec<u8> = (0..200_000).map(|_| random.u8(..)).collect();
    let path = temporary("random", &bytes);
    assert_same(Kind::Kitty, &path, 1000, 10);
    assert_same(Kind::Sixel, &path, 1000, 10);
}

#[test]
fn what_terminals_are_tested_with_is_the_same() {
    let path = temporary("torture", torture().as_bytes());
    let ours = assert_same(Kind::Kitty, &path, 23, 15) + assert_same(Kind::Sixel, &path, 23, 15);
    assert!(ours > 10, "{ours}");
    assert_same(Kind::Plain, &path, 7, 5);
}

/// Margins, origin mode, wrapping, tabs, editing, the alternate screen and characters of all widths.
fn torture() -> String {
    let mut all = String::from("\x1b[H\x1b[2J\x1b#8\x1b[2J\x1b[H");
    for row in 1..=24 {
        all += &format!("\x1b[{row};1H{row}\x1b[K");
    }
    all += "\x1b[5;15r\x1b[?6h\x1b[1;1Horigin\x1b[20Bbottom\r\n\n\n\x1b[?6l\x1b[r";
    all += &"x".repeat(79);
    all += "\x1b[10;80HYZ\x1b[?7l\x1b[11;78Hnowrap\x1b[?7h\x1b7\x1b[1;1Hsaved\x1b8restored";
    all += "\ttab\x1b[Zback\x1b[3g\x1bH\t\x1b[4hinsert\x1b[4l\x1b[3P\x1b[2@\x1b[5X\x1b[3L\x1b[2M";
    all +=
        "wide \u{6f22}\u{5b57} e\u{301} \u{1f422} \u{1f468}\u{200d}\u{1f469} \u{2500}\u{e0b0}\r\n";
    all +=
        "\x1b(0lqqk\x1b(B\x0elqk\x0f\x1b[38;5;208;48;2;1;2;3;4:3mcolour\x1b[m\x1b[7mr\x1b[27m\r\n";
    all += "\x1b[?1049h\x1b[2J\x1b[Hother screen\x1b[?1049l\x1b[?2026hupdate\x1b[?2026l";
    all += "\x1b[3b\x1b[2S\x1b[1T\x1bM\x1bD\x1bE\x1b[!p\x1b]0;title\x07\x1b]133;A\x1b\\";
    all += &(0..200).map(|n| format!("{n}\r\n")).collect::<String>();
    all += "\x1b[3J\x1bc";
    all.repeat(3)
}

#[test]
fn what_is_typed_arrives_as_it_is() {
    let mut random = fastrand::Rng::with_seed(9);
    let mut typed: Vec<u8> = b"ls -l\r\x03\x1a\x04\x1c\x00\x7f\x11\x13\x16".to_vec();
    typed.extend_from_slice(
        b"\x1b[200~pasted \x1b[?5;7x text\x1b[201~\x1b[<0;10;5M\x1b[97;5u\x1bOA\x1b",
    );
    typed.extend_from_slice("\u{e4}\u{20ac}\u{1f422}".as_bytes());
    typed.extend_from_slice(b"\xff\xfe\xc3\x1b[1;2R\x1b[5;9R\x1b[0n\x1b[?62c");
    typed.extend((0..5000).map(|_| random.u8(..)));
    typed.extend_from_slice(LAST);
    for kind in [Kind::Kitty, Kind::Sixel] {
        let mut window = run(kind, &["sum"]);
        window.read_until(0, BEGIN);
        for (n, part) in typed.chunks(13).enumerate() {
            window.type_in(part);
            window.read_for(ms(if n % 20 == 0 { 80 } else { 3 }));
        }
        let end = window.read_until(0, END);
        let begin = find(&window.seen, b"sum ").unwrap();
        let (told, _) = take_out(&window.seen[begin..end]);
        let hex: String = Sha256::digest(&typed).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            String::from_utf8(told).unwrap(),
            format!("sum {hex} {}", typed.len()),
            "{kind:?}"
        );
        // kitty animates by itself, and nothing needs to be known meanwhile.
        let asked = window.count(b"\x1b[?6n");
        assert!(asked > 1 || kind == Kind::Kitty, "nothing was asked meanwhile");
    }
}
