//! Git's senses, with a real git in repositories of their own.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "support/git.rs"]
mod git;

use buddy_render::event::bus::Bus;
use buddy_render::event::source::git::{
    Note, Repository, RepositoryError, Senses, Watching, commits, patch, watch,
};
use buddy_render::event::wire::name;
use buddy_render::event::{Event, EventKind};
use buddy_render::intent::rules::large_delete;
use buddy_render::text::SafeText;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);
/// Longer than a burst, so that what follows is another one.
const PAUSE: Duration = Duration::from_millis(900);

/// A repository of its own, and git in it, whatever this machine's configuration says.
struct Place {
    _above: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().canonicalize().unwrap().join("work");
        fs::create_dir(&root).unwrap();
        let place = Self { _above: above, root };
        place.git(&["init", "-q", "-b", "main"]);
        place.write("sentinel.txt", "begin\n");
        place.write("src/a.txt", &numbered("a", 300));
        place.commit("begin");
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.root.parent().unwrap().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        git::command(&self.root, arguments)
    }

    fn try_git(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("git is needed")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, subject: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", subject]);
    }
}

fn numbered(name: &str, lines: usize) -> String {
    (0..lines).map(|n| format!("{name} line {n}\n")).collect()
}

/// A watched repository.
struct Watched<'a> {
    place: &'a Place,
    bus: Arc<Bus>,
    notes: Arc<Mutex<Vec<Note>>>,
    _watching: Watching,
    /// What was told when it was first looked at.
    first: Vec<EventKind>,
    turn: std::cell::Cell<u32>,
}

impl<'a> Watched<'a> {
    fn new(place: &'a Place) -> Self {
        Self::all(place, &[&place.root])
    }

    fn all(place: &'a Place, roots: &[&Path]) -> Self {
        let (bus, notes) = (Arc::new(Bus::new()), Arc::new(Mutex::new(Vec::new())));
        let repositories = roots.iter().map(|root| Repository::find(root).unwrap()).collect();
        let senses = Senses { repositories, ignore: None };
        let taken = Arc::clone(&notes);
        let note = move |note| taken.lock().unwrap().push(note);
        let _watching = watch(senses, Arc::clone(&bus), note).unwrap();
        let (turn, first) = (std::cell::Cell::new(0), Vec::new());
        let mut watched = Self { place, bus, notes, _watching, first, turn };
        watched.first = watched.settle();
        watched
    }

    fn next(&self) -> Event {
        self.bus.recv_timeout(LONG).expect("an event")
    }

    /// Edits the sentinel until that is heard of: all that was done before was told by then.
    fn settle(&self) -> Vec<EventKind> {
        let begun = Instant::now();
        let mut told = Vec::new();
        std::thread::sleep(PAUSE);
        loop {
            assert!(begun.elapsed() < LONG, "nothing is heard: {told:?}");
            self.turn.set(self.turn.get() + 1);
            self.place.write("sentinel.txt", &format!("turn {}\n", self.turn.get()));
            let until = Instant::now() + Duration::from_secs(2);
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                let Some(event) = self.bus.recv_timeout(left) else { break };
                if is_sentinel(&event.kind) {
                    std::thread::sleep(PAUSE);
                    drop(self.bus.drain());
                    return told;
                }
                told.push(event.kind);
            }
        }
    }

    /// What is told of something that is done.
    fn told(&self, doing: impl FnOnce(&Place)) -> Vec<EventKind> {
        doing(self.place);
        self.settle()
    }

    fn names(&self, doing: impl FnOnce(&Place)) -> Vec<&'static str> {
        self.told(doing).iter().map(name).collect()
    }
}

fn is_sentinel(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Edit { path: Some(path), files: 1, .. } if path.as_str() == "sentinel.txt")
}

fn losses(told: &[EventKind]) -> Vec<u64> {
    told.iter().filter_map(large_delete).collect()
}

#[test]
fn commits_branches_and_pushes_are_told() {
    let place = Place::new();
    let remote = place.beside("remote.git");
    place.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    place.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    let watched = Watched::new(&place);
    let told = watched.told(|place| {
        place.git(&["commit", "-q", "--allow-empty", "-m", "say \u{1b}[31mit\u{202e} so\n\nbody"]);
    });
    let sha = place.git(&["rev-parse", "--short=7", "HEAD"]);
    let subject = Some(SafeText::new("say [31mit so"));
    assert_eq!(told, [EventKind::Commit { sha: Some(SafeText::new(&sha)), subject }]);
    let push = |place: &Place| drop(place.git(&["push", "-q", "origin", "main"]));
    assert_eq!(watched.names(push), ["git.push"]);
    let branch = Some(SafeText::new("side/way"));
    let switched = watched.told(|place| drop(place.git(&["switch", "-q", "-c", "side/way"])));
    assert_eq!(switched, [EventKind::Branch { branch }]);
    let detached = watched.told(|place| drop(place.git(&["checkout", "-q", "--detach"])));
    assert_eq!(detached, [EventKind::Branch { branch: None }]);
    // Somebody else pushes; a fetch of it is none of ours.
    let other = place.beside("other");
    place.git(&["clone", "-q", "-b", "main", remote.to_str().unwrap(), other.to_str().unwrap()]);
    let there = other.to_str().unwrap();
    place.git(&["-C", there, "commit", "-q", "--allow-empty", "-m", "theirs"]);
    place.git(&["-C", there, "push", "-q", "origin", "main"]);
    assert_eq!(watched.names(|place| drop(place.git(&["fetch", "-q"]))), [""; 0]);
    // A reset goes back to where one was.
    place.git(&["switch", "-q", "main"]);
    watched.settle();
    let reset = |place: &Place| drop(place.git(&["reset", "-q", "--soft", "HEAD~1"]));
    assert_eq!(watched.names(reset), [""; 0]);
    assert_eq!(*watched.notes.lock().unwrap(), []);
}

#[test]
fn a_conflict_is_told_and_its_end() {
    let place = Place::new();
    place.git(&["switch", "-q", "-c", "theirs"]);
    place.write("src/a.txt", &numbered("theirs", 300));
    place.commit("theirs");
    place.git(&["switch", "-q", "main"]);
    place.write("src/a.txt", &numbered("ours", 300));
    place.commit("ours");
    let watched = Watched::new(&place);
    let merge = |place: &Place| {
        place.write("sentinel.txt", "begin\n");
        assert!(!place.try_git(&["merge", "theirs"]).status.success());
    };
    // Six hundred lines with marks were written by git, not by hand.
    merge(&place);
    assert_eq!(watched.next().kind, EventKind::Conflict { files: 1 });
    std::thread::sleep(PAUSE);
    assert!(watched.bus.is_empty());
    let resolve = |place: &Place| {
        place.write("src/a.txt", &numbered("both", 300));
        place.git(&["add", "src/a.txt"]);
        place.git(&["commit", "-q", "-m", "merged"]);
    };
    let told = watched.told(resolve);
    assert_eq!(told.first(), Some(&EventKind::ConflictResolved), "{told:?}");
    assert!(matches!(told.get(1), Some(EventKind::Commit { .. })), "{told:?}");
    assert_eq!(losses(&told), [0; 0]);
    drop(watched);
    // One that is open when the watching begins is told, too, and one that is given up ends.
    place.git(&["checkout", "-q", "--", "sentinel.txt"]);
    place.git(&["reset", "-q", "--hard", "HEAD~1"]);
    place.try_git(&["merge", "theirs"]);
    let other = place.beside("other");
    place.git(&["clone", "-q", place.root.to_str().unwrap(), other.to_str().unwrap()]);
    // The sentinel is the other's: this one is in conflict.
    let other = Place { _above: tempfile::tempdir().unwrap(), root: other };
    let watched = Watched::all(&other, &[&place.root, &other.root]);
    assert_eq!(watched.first, [EventKind::Conflict { files: 1 }]);
    place.git(&["merge", "--abort"]);
    assert_eq!(watched.settle(), [EventKind::ConflictResolved]);
}

#[test]
fn fifty_one_lines_are_a_large_delete_and_fifty_are_none() {
    let place = Place::new();
    let watched = Watched::new(&place);
    let cut = |lines| move |place: &Place| place.write("src/a.txt", &numbered("a", lines));
    assert_eq!(losses(&watched.told(cut(249))), [51]);
    assert_eq!(losses(&watched.told(cut(199))), [0; 0]);
    // Committed at once, it is a large delete all the same.
    let told = watched.told(|place| {
        place.write("src/a.txt", &numbered("a", 99));
        place.git(&["commit", "-q", "-m", "lighter", "src/a.txt"]);
    });
    assert_eq!(losses(&told), [100]);
    assert!(told.iter().any(|kind| matches!(kind, EventKind::Commit { .. })));
    // A file that is taken away, and one that comes back from what is committed.
    assert_eq!(
        losses(&watched.told(|place| fs::remove_file(place.path("src/a.txt")).unwrap())),
        [99]
    );
    let back = watched.told(|place| drop(place.git(&["checkout", "-q", "--", "src/a.txt"])));
    assert_eq!(back, []);
}

#[test]
fn what_moves_or_is_made_by_tools_is_no_delete() {
    let place = Place::new();
    place.write("src/b.txt", "b\n");
    place.write("Cargo.lock", &numbered("lock", 400));
    place.write("src/made.txt", &format!("# @generated by x\n{}", numbered("made", 400)));
    place.commit("more");
    let watched = Watched::new(&place);
    let moved = watched.told(|place| {
        place.write("src/a.txt", &numbered("a", 100));
        let block: String =
            numbered("a", 300).lines().skip(100).map(|l| format!("{l}\n")).collect();
        place.write("src/b.txt", &format!("b\n{block}"));
    });
    assert_eq!(losses(&moved), [0; 0]);
    assert!(
        matches!(moved[..], [EventKind::Edit { added: 200, deleted: 200, files: 2, .. }]),
        "{moved:?}"
    );
    place.commit("moved");
    watched.settle();
    let renamed = watched.told(|place| {
        fs::rename(place.path("src/a.txt"), place.path("src/c.txt")).unwrap();
    });
    assert!(
        matches!(renamed[..], [EventKind::Edit { renamed: true, files: 1, .. }]),
        "{renamed:?}"
    );
    let far = watched.told(|place| {
        place.git(&["add", "-A"]);
        place.git(&["commit", "-q", "-m", "renamed"]);
        fs::create_dir_all(place.path("deep/er")).unwrap();
        place.git(&["mv", "src/c.txt", "deep/er/d.txt"]);
    });
    assert_eq!(losses(&far), [0; 0], "{far:?}");
    let folder = watched.told(|place| {
        place.git(&["commit", "-q", "-m", "deeper"]);
        fs::rename(place.path("deep"), place.path("shallow")).unwrap();
    });
    assert_eq!(losses(&folder), [0; 0], "{folder:?}");
    assert!(
        folder.iter().any(|kind| matches!(kind, EventKind::Edit { renamed: true, .. })),
        "{folder:?}"
    );
    let tools = watched.told(|place| {
        place.write("Cargo.lock", "");
        place.write("src/made.txt", "# @generated by x\n");
    });
    assert_eq!(tools, []);
}

#[test]
fn what_git_writes_is_no_edit() {
    let place = Place::new();
    place.git(&["switch", "-q", "-c", "short"]);
    place.write("src/a.txt", "short\n");
    place.commit("short");
    place.git(&["switch", "-q", "main"]);
    let watched = Watched::new(&place);
    place.git(&["checkout", "-q", "--", "sentinel.txt"]);
    watched.settle();
    place.git(&["stash", "-q"]);
    let there = watched.told(|place| drop(place.git(&["switch", "-q", "short"])));
    assert!(!there.iter().any(|kind| matches!(kind, EventKind::Edit { .. })), "{there:?}");
    place.git(&["checkout", "-q", "--", "sentinel.txt"]);
    let back = watched.told(|place| {
        place.git(&["switch", "-q", "main"]);
        place.git(&["merge", "-q", "--ff-only", "short"]);
    });
    assert!(!back.iter().any(|kind| matches!(kind, EventKind::Edit { .. })), "{back:?}");
    // What is put aside and taken back.
    place.write("src/a.txt", &numbered("work", 100));
    watched.settle();
    let stashed = watched.told(|place| drop(place.git(&["stash", "-q"])));
    assert_eq!(losses(&stashed), [0; 0], "{stashed:?}");
    place.git(&["checkout", "-q", "--", "sentinel.txt"]);
    let popped = watched.told(|place| drop(place.git(&["stash", "pop", "-q"])));
    assert_eq!(losses(&popped), [0; 0], "{popped:?}");
}

#[test]
fn ignored_folders_are_neither_watched_nor_told_of() {
    let place = Place::new();
    place.write(".gitignore", "/target/\n*.log\n");
    place.write("src/.gitignore", "made/\n!kept.log\n");
    place.write("target/debug/x.txt", "x\n");
    place.commit("ignore");
    let watched = Watched::new(&place);
    let ignored = watched.told(|place| {
        place.write("target/debug/x.txt", &numbered("x", 9));
        place.write("target/new/y.txt", &numbered("y", 9));
        place.write("src/made/deep/z.txt", &numbered("z", 9));
        place.write("src/a.log", &numbered("log", 9));
        place.write(".a.txt.swp", &numbered("swap", 9));
    });
    assert_eq!(ignored, []);
    let new = watched.told(|place| {
        place.write("src/kept.log", &numbered("kept", 9));
        place.write("new/folder/b.txt", &numbered("b", 5));
    });
    let added: u64 = new
        .iter()
        .map(|kind| if let EventKind::Edit { added, .. } = kind { *added } else { 0 })
        .sum();
    assert_eq!(added, 14, "{new:?}");
    // What is in a new folder is watched from then on.
    let told = watched.told(|place| place.write("new/folder/b.txt", "b line 0\n"));
    assert!(matches!(told[..], [EventKind::Edit { deleted: 4, added: 0, .. }]), "{told:?}");
    assert!(!watched_folders().iter().any(|name| name == "target" || name == "made"));
}

/// The names of all folders that this process watches, by their inodes.
fn watched_folders() -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let mut inodes = std::collections::HashSet::new();
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        for line in text.lines().filter(|line| line.starts_with("inotify ")) {
            let inode = line.split_whitespace().find_map(|part| part.strip_prefix("ino:"));
            inodes.extend(inode.and_then(|hex| u64::from_str_radix(hex, 16).ok()));
        }
    }
    let mut found = Vec::new();
    let mut ahead = vec![std::env::temp_dir()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.path().symlink_metadata() else { continue };
            if about.is_dir() && ahead.len() < 10_000 {
                if inodes.contains(&about.ino()) {
                    found.push(entry.file_name().into_string().unwrap());
                }
                ahead.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn old_lines_of_another_are_told_with_their_own_words() {
    let place = Place::new();
    let years_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 730);
    let date = years_ago.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let commit_as = |who: &str, subject: &str| {
        place.git(&["add", "-A"]);
        let mut command = place.command(&["commit", "-q", "-m", subject]);
        command.env("GIT_AUTHOR_NAME", who).env("GIT_AUTHOR_EMAIL", format!("{who}@example.org"));
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        assert!(command.output().unwrap().status.success());
    };
    place.write("old.c", &numbered("old", 20));
    commit_as("Ada", "Make it \u{7}fast\u{202e}");
    let sha = place.git(&["rev-parse", "--short=7", "HEAD"]);
    place.write("mine.c", &numbered("mine", 20));
    commit_as("me", "My own");
    // The index is as new as the files are.
    let watched = Watched::new(&place);
    let event = {
        place.write("old.c", &numbered("old", 20).replace("line 7\n", "line seven\n"));
        std::iter::repeat_with(|| watched.next())
            .find(|event| matches!(event.kind, EventKind::Legacy { .. }))
            .unwrap()
    };
    let EventKind::Legacy { path, line, age_days, author, sha: told, subject } = event.kind.clone()
    else {
        unreachable!()
    };
    let text = |text: &str| Some(SafeText::new(text));
    assert_eq!((path, line, author), (text("old.c"), Some(8), text("Ada")));
    assert_eq!((told, subject), (text(&sha), text("Make it fast")));
    assert!((729..=731).contains(&age_days.unwrap()), "{age_days:?}");
    assert_eq!(event.date_before(age_days.unwrap()), text(&date[..10]));
    watched.settle();
    // Once a day and file, and never for lines of one's own.
    let again = watched.names(|place| {
        place.write("old.c", &numbered("old", 20).replace("line 9\n", "line nine\n"));
        place.write("mine.c", &numbered("mine", 20).replace("line 9\n", "line nine\n"));
    });
    assert_eq!(again, ["edit"]);
}

#[test]
fn a_block_that_is_written_twice_is_a_hint() {
    let place = Place::new();
    let watched = Watched::new(&place);
    let block = "let total = items.iter().map(price).sum::<u64>();\nlet taxed = total + total * TAX / 100;\n\
        if taxed > LIMIT {\nreturn Err(TooMuch);\n}\n";
    let told = watched.told(|place| place.write("src/new.rs", &format!("{block}\nother\n{block}")));
    let hint = told.iter().find_map(|kind| match kind {
        EventKind::Condense { path, line, before, after, .. } => Some((path, line, before, after)),
        _ => None,
    });
    let path = Some(SafeText::new("src/new.rs"));
    assert_eq!(hint, Some((&path, &Some(8), &Some(10), &Some(5))), "{told:?}");
}

#[test]
fn work_trees_and_submodules_have_their_own_senses() {
    let place = Place::new();
    let other = place.beside("other");
    place.git(&["worktree", "add", "-q", "-b", "other", other.to_str().unwrap()]);
    let library = place.beside("library");
    place.git(&["clone", "-q", place.root.to_str().unwrap(), library.to_str().unwrap()]);
    place.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        library.to_str().unwrap(),
        "lib",
    ]);
    place.git(&["commit", "-q", "-m", "a submodule"]);
    let within = place.path("lib");
    let watched = Watched::all(&place, &[&place.root, &other, &within]);
    for (folder, subject) in [(&other, "in the other"), (&within, "in the submodule")] {
        let folder = folder.to_str().unwrap();
        place.git(&["-C", folder, "commit", "-q", "--allow-empty", "-m", subject]);
        let event = watched.next();
        assert!(
            matches!(&event.kind, EventKind::Commit { subject: Some(said), .. } if said.as_str() == subject),
            "{event:?}"
        );
        assert_eq!(event.repo, Some(SafeText::new(folder)));
    }
}

#[test]
fn a_repository_without_a_commit_and_one_that_goes() {
    let place = Place::new();
    let young = place.beside("young");
    place.git(&["init", "-q", "-b", "main", young.to_str().unwrap()]);
    let watched = Watched::all(&place, &[&place.root, &young]);
    let there = young.to_str().unwrap();
    place.git(&["-C", there, "commit", "-q", "--allow-empty", "-m", "first"]);
    let event = watched.next();
    assert!(
        matches!(&event.kind, EventKind::Commit { subject: Some(said), .. } if said.as_str() == "first")
    );
    fs::remove_dir_all(&young).unwrap();
    let begun = Instant::now();
    while *watched.notes.lock().unwrap() != [Note::Gone(young.clone())] {
        assert!(begun.elapsed() < LONG, "{:?}", watched.notes);
        std::thread::sleep(Duration::from_millis(20));
    }
    watched.settle();
}

#[test]
fn a_bare_repository_is_refused() {
    let place = Place::new();
    let bare = place.beside("bare.git");
    place.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    assert!(matches!(Repository::find(&bare), Err(RepositoryError::Bare { .. })));
    let output = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["play", "--protocol", "text", "--repo"])
        .arg(&bare)
        .env_remove("BUDDY")
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words.contains("bare repository") && words.contains("hint: name a work tree"),
        "{words}"
    );
}

/// In a name space of its own, where the system watches few folders, or has no inotify left.
#[test]
fn what_the_system_cannot_watch_is_said_and_commits_are_still_told() {
    let namespace = ["-U", "-r", "sh", "-c"];
    let is_allowed = "echo 40 > /proc/sys/user/max_inotify_watches";
    let tried = Command::new("unshare").args(namespace).arg(is_allowed).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        // The kernel lets nobody have one.
        return;
    }
    for (watches, instances, wanted) in [
        ("40", "10", "the system watches no more folders"),
        ("40", "0", "the system tells of no changes here"),
        ("3", "10", "the system tells of no changes here"),
    ] {
        let place = Place::new();
        (0..80).for_each(|n| place.write(&format!("folder-{n}/x.txt"), "x"));
        place.commit("many folders");
        let line = format!(
            "echo {watches} > /proc/sys/user/max_inotify_watches &&
             echo {instances} > /proc/sys/user/max_inotify_instances &&
             exec '{}' play --pet null --protocol text --repo .",
            env!("CARGO_BIN_EXE_buddy-render")
        );
        let mut command = Command::new("unshare");
        command.args(namespace).arg(line);
        let mut pet = pet(command, &place);
        let mut words = lines(pet.stderr.take().unwrap());
        assert!(words.any(|line| line.contains(wanted)), "{wanted}");
        // The first look may still go on when that is said.
        std::thread::sleep(PAUSE);
        place.git(&["commit", "-q", "--allow-empty", "-m", "in a small world"]);
        let mut said = lines(pet.stdout.take().unwrap());
        assert!(said.any(|line| line.contains("in a small world")), "{wanted}");
        drop(pet.stdin.take());
        assert!(pet.wait().unwrap().success());
    }
}

/// A pet of its own, from the folder to the sentence.
#[test]
fn a_pet_says_what_it_sees() {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
    command.args(["play", "--pet", "antigravity", "--protocol", "text", "--repo", "src"]);
    let mut pet = pet(command, &place);
    let mut said = lines(pet.stdout.take().unwrap());
    assert!(said.any(|line| line.contains("Antigravity")));
    // Until it has looked once, what it is to be compared with is not known.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let root = place.root.clone();
    let cutting = std::thread::spawn(move || {
        let mut lines = [249, 300].iter().cycle();
        while stopped.recv_timeout(PAUSE).is_err() {
            fs::write(root.join("src/a.txt"), numbered("a", *lines.next().unwrap())).unwrap();
        }
    });
    assert!(said.any(|line| line.contains("51 lines deleted") && line.contains("Antigravity: ")));
    stop.send(()).unwrap();
    cutting.join().unwrap();
    drop(pet.stdin.take());
    assert!(pet.wait().unwrap().success());
}

fn pet(mut command: Command, place: &Place) -> Child {
    command.current_dir(&place.root).env("XDG_RUNTIME_DIR", place.root.parent().unwrap());
    command.env_remove("BUDDY");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(stream).lines().map_while(Result::ok)
}

/// Git itself takes our patches, whatever changed.
#[test]
fn patches_are_ones_that_git_applies() {
    let place = Place::new();
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..60 {
        let mut lines: Vec<String> =
            (0..random.usize(0..60)).map(|n| format!("line {}", n % 9)).collect();
        let before: String = lines.iter().map(|line| format!("{line}\n")).collect();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=lines.len());
            match random.u8(..3) {
                0 => lines.insert(at, format!("new {}", random.u8(..4))),
                1 if at < lines.len() => drop(lines.drain(at..(at + 3).min(lines.len()))),
                _ if at < lines.len() => lines[at] = "other".to_owned(),
                _ => {}
            }
        }
        let after: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let text = patch("x.txt", Some(&before), Some(&after), 1 << 20);
        if text.is_empty() {
            assert_eq!(before, after);
            continue;
        }
        place.write("x.txt", &before);
        place.write("x.patch", &text);
        let applied = place.try_git(&["apply", "--unsafe-paths", "x.patch"]);
        assert!(applied.status.success(), "{applied:?}\n{text}");
        assert_eq!(fs::read_to_string(place.path("x.txt")).unwrap(), after, "{text}");
    }
}

#[test]
fn a_history_is_read_as_git_lists_it() {
    let place = Place::new();
    place.git(&["switch", "-q", "-c", "side"]);
    // No two of a second, of which git would list either first.
    let now = jiff::Timestamp::now();
    let commit = |message: &str, later: i64| {
        let mut command = place.command(&["commit", "-q", "--allow-empty", "-m", message]);
        let later = now + jiff::SignedDuration::from_secs(later);
        command.env("GIT_COMMITTER_DATE", later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        assert!(command.output().unwrap().status.success());
    };
    commit("on the side", 5);
    place.git(&["switch", "-q", "main"]);
    (0..5).for_each(|n| commit(&format!("number {n}"), 10 * (n + 1)));
    place.git(&["merge", "-q", "--no-ff", "-m", "both", "side"]);
    place.git(&["gc", "-q"]);
    for most in [1, 4, 50] {
        let listed = place.git(&["log", "--no-merges", "--format=%H %s", &format!("-{most}")]);
        let read = commits(&place.path("src"), most).unwrap();
        let read: Vec<String> =
            read.iter().map(|(id, subject)| format!("{id} {subject}")).collect();
        assert_eq!(read.join("\n"), listed, "{most}");
    }
    assert!(commits(Path::new("/proc"), 4).is_err());
}
