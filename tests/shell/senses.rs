//! What a pet over a shell sees by itself.

use super::window::{BUDDY, Kind, Window, find, ms};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A clip begins to play, in kitty.
const PLAYS: &[u8] = b",s=3,v=";
/// A frame ends.
const SHOWN: &[u8] = b"\x1b[?2026l";

/// A repository in which merging `theirs` is a conflict.
struct Place {
    above: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { above: tempfile::tempdir().unwrap() };
        fs::create_dir(place.work()).unwrap();
        assert!(place.git(&["init", "-q", "-b", "main"]));
        place.commit("begin");
        assert!(place.git(&["switch", "-q", "-c", "theirs"]));
        place.commit("theirs");
        assert!(place.git(&["switch", "-q", "main"]));
        place.commit("ours");
        place
    }

    fn work(&self) -> PathBuf {
        self.above.path().join("work")
    }

    /// Whether git could do it.
    fn git(&self, arguments: &[&str]) -> bool {
        let mut command = super::git::command(&self.work(), arguments);
        command.output().expect("git is needed").status.success()
    }

    fn commit(&self, text: &str) {
        fs::write(self.work().join("a.txt"), text).unwrap();
        assert!(self.git(&["add", "-A"]));
        assert!(self.git(&["commit", "-q", "-m", text]));
    }
}

/// A pet that moves only when it reacts, over a shell that waits for a line.
fn still(options: &[&str]) -> Window {
    let all = [&["--motion", "reduced"], options].concat();
    let mut window = Window::shell(Kind::Kitty, &all, &["sh", "-c", "read a; printf bye"]);
    window.read_until(0, SHOWN);
    window.settle();
    window
}

#[test]
fn a_conflict_in_a_watched_repository_is_reacted_to() {
    let place = Place::new();
    let mut deaf = still(&[]);
    let mut window = still(&["--repo", place.work().to_str().unwrap()]);
    assert_eq!((deaf.count(PLAYS), window.count(PLAYS)), (0, 0), "neither moves by itself");
    let before = window.seen.len();
    assert!(!place.git(&["merge", "theirs"]));
    window.read_until(before, PLAYS);
    // What is to be said of a repository that goes is not said over the shell.
    let before = window.seen.len();
    fs::remove_dir_all(place.work().join(".git")).unwrap();
    window.read_until(before, PLAYS);
    window.read_for(ms(500));
    let note = b"is gone; it is watched no longer";
    assert_eq!(window.count(note), 0);
    deaf.settle();
    assert_eq!(deaf.count(PLAYS), 0, "it does not move by itself");
    window.type_in(b"\r");
    assert_eq!(window.end(), 0);
    window.assert_restored();
    let freed = window.seen.windows(10).rposition(|bytes| bytes == b"a=d,d=I,i=").unwrap();
    assert!(find(&window.seen[freed..], note).is_some(), "the pet is gone before it is said");
}

/// The names of a process's threads (proc(5)).
fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim_end().to_owned()).collect()
}

#[test]
fn what_is_off_watches_and_looks_up_nothing_any_more() {
    let place = Place::new();
    let work = place.work();
    let options = ["--docs", "--repo", work.to_str().unwrap()];
    let script = format!("read a; {BUDDY} off 2>/dev/null; read b");
    let mut window = Window::shell(Kind::Kitty, &options, &["sh", "-c", &script]);
    window.read_until(0, PLAYS);
    let process = window.child.id();
    let is_there = |name: &str| threads(process).iter().any(|thread| thread == name);
    assert!(is_there("git") && is_there("docs"), "{:?}", threads(process));
    window.type_in(b"\r");
    for _ in 0..400 {
        if !(is_there("git") || is_there("docs")) {
            break;
        }
        window.read_for(ms(25));
    }
    assert!(!is_there("git") && !is_there("docs"), "{:?}", threads(process));
    window.type_in(b"\r");
    assert_eq!(window.end(), 0);
}

#[test]
fn bit_looks_errors_up_and_others_where_they_are_asked() {
    for (options, looks) in [
        (&["--pet", "bit"][..], true),
        (&["--pet", "null", "--docs"], true),
        (&["--pet", "null"], false),
    ] {
        let home = tempfile::tempdir().unwrap();
        let rustc = home.path().join("rustc");
        fs::write(&rustc, "#!/bin/sh\necho\necho 'Types do not match.'\n").unwrap();
        fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
        let named = format!("HOME={}", home.path().display());
        let path = format!("PATH={}:/usr/bin:/bin", home.path().display());
        let own = ["env", "-u", "XDG_CACHE_HOME", "-u", "RUSTUP_HOME", &named, &path];
        let shell = [BUDDY, "shell", "--protocol", "kitty", "--tier", "animated"];
        let script = format!("read a; {BUDDY} emit lint.error code=E0308; read b");
        let command = ["--motion", "reduced", "--", "sh", "-c", &script];
        let mut window = Window::open(Kind::Kitty, &[&own[..], &shell, options, &command].concat());
        window.read_until(0, SHOWN);
        let before = window.seen.len();
        window.type_in(b"\r");
        // It reacts to the error.
        window.read_until(before, PLAYS);
        let kept = home.path().join(".cache/buddy-render/explain/E0308.md");
        for _ in 0..if looks { 400 } else { 20 } {
            if kept.exists() {
                break;
            }
            window.read_for(ms(25));
        }
        assert_eq!(kept.exists(), looks, "{options:?}");
    }
}

/// What a shell ends with that may not begin, and all that was written.
fn refused(options: &[&str], auto: bool) -> (i32, String) {
    let mut words = vec![BUDDY, "shell", "--protocol", "kitty"];
    words.extend(options);
    words.extend(auto.then_some("--auto"));
    words.extend(["--", "printf", "begun"]);
    let mut window = Window::open(Kind::Kitty, &words);
    let code = window.end();
    (code, String::from_utf8(window.seen.clone()).unwrap())
}

#[test]
fn what_is_no_repository_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let (path, missing) = (folder.path(), folder.path().join("missing"));
    for (path, says) in [(path, "is in no repository"), (&missing, "No such file")] {
        for (auto, expected) in [(false, 1), (true, 125)] {
            let (code, said) = refused(&["--repo", path.to_str().unwrap()], auto);
            assert_eq!(code, expected, "{said}");
            assert!(said.contains("--repo: ") && said.contains(says), "{said}");
            // The terminal was not even asked what it can do.
            assert!(!said.contains(['\x1b', '\u{7}']) && !said.contains("begun"), "{said:?}");
        }
    }
    let many: Vec<String> = (0..65).map(|n| plain_repository(path, n)).collect();
    let options: Vec<&str> = many.iter().flat_map(|path| ["--repo", path]).collect();
    let (code, said) = refused(&options, false);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("at most 64 repositories") && !said.contains("begun"), "{said}");
}

/// A repository as `git init` makes it, as far as that is looked at.
fn plain_repository(above: &Path, number: usize) -> String {
    let path = above.join(number.to_string());
    fs::create_dir_all(path.join(".git/objects")).unwrap();
    fs::create_dir_all(path.join(".git/refs")).unwrap();
    fs::write(path.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    path.into_os_string().into_string().unwrap()
}
