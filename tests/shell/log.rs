//! `--log`: what of ours is exchanged with programs and the terminal, and nothing else.

use super::ours::take_out;
use super::window::{BUDDY, Kind, Window, find, ms};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// A program that asks whether OSC 7501 is known, and reads the answer and then a line.
const ASKS: &str = "stty raw -echo; printf '\\033]7501;?\\033\\\\'; \
    dd bs=1 count=10 of=/dev/null 2>/dev/null; stty sane; \
    printf '\\033[15;1Htwo \\360\\237\\221\\250\\342\\200\\215\\360\\237\\221\\251'; read a; printf \"<$a>\"";

fn logged(path: &Path, kind: Kind) -> Window {
    Window::shell(kind, &["--log", path.to_str().unwrap()], &["sh", "-c", ASKS])
}

#[test]
fn answers_and_questions_are_logged_and_no_key_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("log"), folder.path().join("link"));
    symlink(&path, &link).unwrap();
    let mut window = logged(&link, Kind::Plain);
    // The pet is in cells, for which the cursor must be known; how wide that is, nobody knows.
    let shown = window.read_until(0, b"two ");
    let asked = window.read_until(shown, b"\x1b[?6n");
    window.read_for(ms(300));
    window.type_in(b"hunter2\x1b[15~\r");
    window.read_until(asked, b">");
    assert_eq!(window.end(), 0);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = fs::read_to_string(&path).unwrap();
    assert!(log.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)), "{log:?}");
    let lines: Vec<(&str, &str)> = log.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert!(lines.iter().all(|(time, _)| time.parse::<jiff::Timestamp>().is_ok()), "{log}");
    let answers = [r#"answered "\x1b]7501;?" "\x1b]7501;?\x1b\\""#];
    let told = |kind: &str| -> Vec<&str> {
        lines.iter().map(|(_, what)| *what).filter(|what| what.starts_with(kind)).collect()
    };
    assert_eq!(told("answered"), answers, "{log}");
    let questions = told("asked");
    // One was asked before the shell began, which does not concern it.
    assert_eq!(questions.len() + 1, window.count(b"\x1b[?6n"), "{log}");
    assert!(questions.iter().all(|what| *what == r#"asked "\x1b[?6n""#), "{log}");
    let taken = told("taken-out");
    assert_eq!(taken.len(), questions.len(), "each was answered: {log}");
    assert!(taken.iter().all(|what| what.starts_with(r#"taken-out "\x1b[?"#)), "{log}");
    assert!(taken.iter().all(|what| what.ends_with(r#"R""#)), "{log}");
    assert_eq!(lines.len(), 1 + 2 * questions.len(), "nothing else: {log}");
    // It goes on behind what is there.
    let mut window = logged(&path, Kind::Kitty);
    window.read_until(0, b"two ");
    window.type_in(b"\r");
    assert_eq!(window.end(), 0);
    let both = fs::read_to_string(&path).unwrap();
    assert!(both.starts_with(&log) && both.matches("answered").count() == 2, "{both}");
}

#[test]
fn a_log_that_cannot_be_opened_is_an_error_before_the_shell_starts() {
    let missing = "/no/such/folder/log";
    for (path, code, says) in [(missing, 1, "No such file"), ("/dev/tty", 2, "is a terminal")] {
        let words = [BUDDY, "shell", "--protocol", "kitty", "--log", path, "--", "printf", "begun"];
        let mut window = Window::open(Kind::Kitty, &words);
        assert_eq!(window.end(), code);
        let said = String::from_utf8_lossy(&window.seen);
        assert!(said.contains(&format!("--log {path}")) && said.contains(says), "{said}");
        assert!(!said.contains("begun") && !said.contains('\x1b'), "{said}");
    }
}

#[test]
fn a_log_that_can_be_written_no_longer_ends_silently() {
    let mut window = logged(Path::new("/dev/full"), Kind::Kitty);
    window.read_until(0, b"two ");
    window.type_in(b"line\r");
    assert_eq!(window.end(), 0);
    let (rest, _) = take_out(&window.seen);
    assert!(find(&rest, b"<line>").is_some());
    assert!(find(&rest, b"buddy-render").is_none(), "not a word of it");
}
