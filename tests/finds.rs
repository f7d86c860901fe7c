//! What pets bring: documentation that is on the machine, and ways to say it shorter.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A home with a compiler that explains, and nothing of this machine's own documentation.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let rustc = bin.join("rustc");
    let text =
        "#!/bin/sh\n[ \"$1\" = --explain ] && echo && echo 'Types do not match, they say.'\n";
    fs::write(&rustc, text).unwrap();
    fs::set_permissions(&rustc, Permissions::from_mode(0o755)).unwrap();
    home
}

/// What a pet says of what it hears.
fn said(home: &Path, arguments: &[&str], heard: &str) -> String {
    let bin = home.join("bin");
    let mut child = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["play", "--protocol", "text", "--time", "real"])
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("PATH", format!("relative:{}:/usr/bin:/bin", bin.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(heard.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

const ERROR: &str = include_str!("../fixtures/events/tools/cargo-build.jsonl");

#[test]
fn bit_brings_the_explanation_of_an_error() {
    let home = home();
    let kept = home.path().join(".cache/buddy-render/explain/E0308.md");
    let found =
        format!("Documentation found: E0308: Types do not match, they say., {}", kept.display());
    let words = said(home.path(), &["--pet", "bit"], ERROR);
    assert!(words.contains(&found), "{words}");
    assert!(fs::read_to_string(&kept).unwrap().contains("they say"));
    // Others only where they are asked.
    let words = said(home.path(), &["--pet", "null"], ERROR);
    assert!(!words.contains("Documentation"), "{words}");
    let words = said(home.path(), &["--pet", "null", "--docs"], ERROR);
    assert!(words.contains(&found), "{words}");
}

#[test]
fn a_page_of_the_manual_is_named_by_its_path() {
    let home = home();
    let page = home.path().join(".local/share/man/man3/xstrcpy.3");
    fs::create_dir_all(page.parent().unwrap()).unwrap();
    fs::write(&page, ".TH XSTRCPY 3").unwrap();
    let heard = "{\"v\":1,\"event\":\"lint.warning\",\"path\":\"src/a.c\",\"message\":\"call to 'xstrcpy' is insecure\"}\n";
    let words = said(home.path(), &["--pet", "bit"], heard);
    assert!(words.contains(&format!("xstrcpy(3), {}", page.display())), "{words}");
}

#[test]
fn haiku_folds_what_a_linter_would_shorten() {
    let home = home();
    let heard = include_str!("../fixtures/events/tools/clippy-shorter.jsonl");
    let words = said(home.path(), &["--pet", "haiku"], heard);
    assert!(words.contains("src/lib.rs:2 could be shorter"), "{words}");
}
