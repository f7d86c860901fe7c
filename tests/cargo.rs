//! `hooks install cargo`, and the aliases that it makes, in a real package and a real terminal.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");
const LONG: Duration = Duration::from_secs(120);

/// A program with a cargo of its own: a home without anything, and our program in its path.
fn command(home: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    let ours = Path::new(BUDDY).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let old = std::env::var("HOME").unwrap_or_default();
    let rustup = std::env::var("RUSTUP_HOME").unwrap_or(format!("{old}/.rustup"));
    command.env_clear().env("PATH", format!("{}:{path}", ours.display()));
    command.envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]).env("RUSTUP_HOME", rustup);
    if let Some(toolchain) = std::env::var_os("RUSTUP_TOOLCHAIN") {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command.env("HOME", home).env("CARGO_HOME", home.join("cargo")).current_dir(home.join("p"));
    command.env("BUDDY_SOCKET", home.join("s")).stdin(Stdio::null());
    command
}

/// Runs a command line in a terminal.
fn in_terminal(home: &Path, line: &str) -> Output {
    command(home, "script").args(["-qec", line, "/dev/null"]).output().unwrap()
}

fn write(home: &Path, path: &str, text: &str) {
    fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
    fs::write(home.join(path), text).unwrap();
}

#[test]
fn cargo_tells_the_pet_and_looks_as_ever() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let one =
        "#[test]\nfn one() {}\n#[test]\nfn two() { assert!(std::env::var(\"RED\").is_err()) }\n";
    write(home, "p/src/lib.rs", one);
    write(
        home,
        "p/Cargo.toml",
        "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    let own = "[net]\noffline = true\n[alias] # mine\nx = \"check\"\n";
    write(home, "cargo/config.toml", own);
    assert!(command(home, BUDDY).args(["hooks", "install", "cargo"]).status().unwrap().success());
    let listener = UnixListener::bind(home.join("s")).unwrap();
    let (send, said) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = BufReader::new(stream.unwrap())
                .lines()
                .try_for_each(|line| send.send(line.unwrap_or_default()));
        }
    });
    let next = |what: &str| loop {
        let line = said.recv_timeout(LONG).unwrap_or_else(|_| panic!("never said {what}"));
        if line.contains(what) {
            return line;
        }
    };
    // Green, with cargo's colours, and nothing of a pseudoterminal's line ends.
    let green = in_terminal(home, "cargo bt");
    let shown = String::from_utf8_lossy(&green.stdout).into_owned();
    assert_eq!(green.status.code(), Some(0), "{shown}");
    assert!(shown.contains("\u{1b}[") && shown.contains("test result: "), "{shown}");
    assert!(!shown.contains("\r\r"), "{shown:?}");
    assert!(next("tests.passed").contains("\"passed\":2"));
    // Red, with cargo's own code.
    let red = in_terminal(home, "RED=1 cargo bt");
    assert_eq!(red.status.code(), Some(101));
    assert!(next("tests.failed").contains("\"failed\":1"));
    write(home, "p/src/lib.rs", "pub fn one() { let x: u8 = \"\"; }\n");
    assert_eq!(in_terminal(home, "buddy-render cargo build").status.code(), Some(101));
    assert!(next("build.failed").contains("\"errors\":1"));
    // Into a file it is cargo alone; and so it is where nobody listens.
    let piped = command(home, "cargo").arg("bb").output().unwrap();
    assert_eq!(piped.status.code(), Some(101));
    assert!(!String::from_utf8_lossy(&piped.stderr).contains('\u{1b}'));
    let mut alone = command(home, "script");
    alone.args(["-qec", "cargo bb", "/dev/null"]).env_remove("BUDDY_SOCKET");
    assert_eq!(alone.output().unwrap().status.code(), Some(101));
    assert!(said.try_recv().is_err(), "nobody was to be told");
    let status = command(home, BUDDY).args(["hooks", "status"]).output().unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("cargo   installed"));
    // Without us, the alias is cargo's command.
    let mut gone = command(home, "cargo");
    let path = std::env::var("PATH").unwrap();
    let gone = gone.arg("bt").arg("--help").env("PATH", path).output().unwrap();
    assert!(gone.status.success(), "{}", String::from_utf8_lossy(&gone.stderr));
    assert!(command(home, BUDDY).args(["hooks", "remove", "cargo"]).status().unwrap().success());
    assert_eq!(fs::read_to_string(home.join("cargo/config.toml")).unwrap(), own);
    assert!(!home.join("cargo/bin/cargo-buddy").exists());
}
