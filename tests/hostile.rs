//! Repositories that would have others run programs: nothing of theirs is run.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "support/git.rs"]
mod git;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Git with nothing of the repository's own.
fn git(root: &Path, arguments: &[&str]) {
    let mut command = git::command(root, &[]);
    for setting in [
        "core.fsmonitor=",
        "core.hooksPath=/dev/null",
        "filter.evil.clean=cat",
        "filter.evil.smudge=cat",
        "filter.evil.process=",
        "diff.evil.textconv=cat",
        "core.attributesFile=/dev/null",
        "core.excludesFile=/dev/null",
    ] {
        command.args(["-c", setting]);
    }
    let output = command.args(arguments).output().expect("git is needed");
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

fn numbered(lines: usize) -> String {
    (0..lines).map(|n| format!("line {n}\n")).collect()
}

/// A repository whose every setting that names a program names one that leaves a mark.
fn poison(root: &Path, mark: &Path) {
    let program = root.parent().unwrap().join("evil.sh");
    fs::write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> {}\n", mark.display())).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let evil = program.display();
    let included = root.parent().unwrap().join("included");
    fs::write(&included, format!("[core]\n\tfsmonitor = {evil}\n\tsshCommand = {evil}\n")).unwrap();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = {evil}\n\
         \thooksPath = {hooks}\n\tpager = {evil}\n\teditor = {evil}\n\texcludesFile = /dev/zero\n\
         \tattributesFile = /dev/zero\n\tworktree = /\n\tgitProxy = {evil}\n\
         [include]\n\tpath = {included}\n[includeIf \"gitdir:/\"]\n\tpath = /dev/zero\n\
         [diff]\n\texternal = {evil}\n[diff \"evil\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n\
         [filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired\n\
         [merge \"evil\"]\n\tdriver = {evil}\n[gpg]\n\tprogram = {evil}\n[commit]\n\tgpgSign\n\
         [credential]\n\thelper = {evil}\n[log]\n\tshowSignature = true\n[alias]\n\tst = !{evil}\n",
        hooks = root.join(".git/hooks").display(),
        included = included.display(),
    );
    fs::write(root.join(".git/config"), config).unwrap();
    fs::create_dir_all(root.join(".git/hooks")).unwrap();
    for hook in
        ["post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"]
    {
        let path = root.join(".git/hooks").join(hook);
        fs::copy(&program, &path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(root.join(".git/info/attributes"), "* diff=evil filter=evil merge=evil\n").unwrap();
}

/// A pet that watches, and every program that it or its children start, by strace. None where there
/// is no strace.
fn watched(root: &Path, log: &Path) -> Option<Child> {
    let pet = Command::new("strace")
        .args(["-f", "-e", "trace=execve,execveat", "-o"])
        .arg(log)
        .arg(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["play", "--pet", "haiku", "--protocol", "text", "--repo"])
        .arg(root)
        // Whatever looks at the folder that it is in looks at this one, too.
        .current_dir(root)
        .env_remove("BUDDY")
        .env("XDG_RUNTIME_DIR", root.parent().unwrap())
        .env("HOME", root.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    if pet.is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: tests/lab/install.sh");
    }
    pet.ok()
}

fn executed(log: &Path) -> Vec<String> {
    let log = fs::read_to_string(log).unwrap();
    log.lines().filter(|line| line.contains("exec")).map(str::to_owned).collect()
}

/// Reads on until a sentence has that in it, doing something again and again meanwhile.
fn until(said: &mut impl Iterator<Item = String>, what: &str) {
    for line in said.by_ref() {
        if line.contains(what) {
            return;
        }
    }
    panic!("it never said {what:?}");
}

fn lines(out: ChildStdout) -> impl Iterator<Item = String> {
    BufReader::new(out).lines().map_while(Result::ok)
}

#[test]
fn a_poisoned_repository_executes_nothing() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().canonicalize().unwrap().join("work");
    fs::create_dir(&root).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    fs::write(root.join("a.txt"), numbered(200)).unwrap();
    fs::write(root.join(".gitattributes"), "* diff=evil filter=evil merge=evil\n").unwrap();
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-q", "-m", "begin"]);
    let (mark, log) = (above.path().join("mark"), above.path().join("log"));
    poison(&root, &mark);
    let Some(mut pet) = watched(&root, &log) else { return };
    let mut said = lines(pet.stdout.take().unwrap());
    until(&mut said, "Haiku");
    // Cut again and again: the pet is told of folders only once it has looked.
    let mut cut = 200;
    let worker = {
        let root = root.clone();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let run = move || {
            while stopped.recv_timeout(std::time::Duration::from_millis(1500)).is_err() && cut > 60
            {
                cut = if cut == 200 { 100 } else { 200 };
                fs::write(root.join("a.txt"), numbered(cut)).unwrap();
            }
        };
        (std::thread::spawn(run), stop)
    };
    until(&mut said, "100 lines deleted");
    worker.1.send(()).unwrap();
    worker.0.join().unwrap();
    // Git itself cannot work with such a configuration.
    let config = root.join(".git/config");
    let poisoned = fs::read(&config).unwrap();
    fs::write(&config, "").unwrap();
    git(&root, &["commit", "-q", "--allow-empty", "-m", "\u{1b}]0;evil\u{7} subject"]);
    fs::write(&config, poisoned).unwrap();
    until(&mut said, "]0;evil subject");
    drop(pet.stdin.take());
    assert!(pet.wait().unwrap().success());
    // Git itself keeps away from it, too; what is left is ours.
    let executed = executed(&log);
    assert_eq!(executed.len(), 1, "{executed:#?}");
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap());
}

#[test]
fn what_leads_out_is_refused_at_once() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().canonicalize().unwrap().join("work");
    fs::create_dir(&root).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["commit", "-q", "--allow-empty", "-m", "begin"]);
    let log = above.path().join("log");
    let mark = above.path().join("mark");
    poison(&root, &mark);
    let hostile = |name: &str| {
        let path = above.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let linked = hostile("linked");
    symlink(root.join(".git"), linked.join(".git")).unwrap();
    let pointed = hostile("pointed");
    fs::write(pointed.join(".git"), format!("gitdir: {}\n", root.join(".git").display())).unwrap();
    let endless = hostile("endless");
    symlink("/dev/zero", endless.join(".git")).unwrap();
    let piped = hostile("piped");
    git(&piped, &["init", "-q"]);
    fs::remove_file(piped.join(".git/HEAD")).unwrap();
    let pipe = piped.join(".git/HEAD");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    for path in [linked, pointed, endless, piped] {
        let Some(pet) = watched(&path, &log) else { return };
        let output = pet.wait_with_output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{}: {words}", path.display());
        assert!(words.contains("--repo: "), "{words}");
        assert_eq!(executed(&log).len(), 1, "{}", path.display());
    }
    assert!(!mark.exists());
}

/// The git folder came from somebody else, whole: nothing in it may make the reading hang for long,
/// and what can be read is.
#[test]
fn borrowed_objects_and_broken_files_do_not_stop_it() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().canonicalize().unwrap().join("work");
    fs::create_dir(&root).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["commit", "-q", "--allow-empty", "-m", "begin"]);
    fs::create_dir_all(root.join(".git/objects/info")).unwrap();
    fs::write(root.join(".git/objects/info/alternates"), "/dev\n/proc\n").unwrap();
    let log = above.path().join("log");
    let Some(mut pet) = watched(&root, &log) else { return };
    let mut said = lines(pet.stdout.take().unwrap());
    until(&mut said, "Haiku");
    // Without its objects a commit has no subject, and a branch is still a branch.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    git(&root, &["commit", "-q", "--allow-empty", "-m", "not to be read"]);
    let commit = said.find(|line| line.contains("Commit ")).unwrap();
    assert!(!commit.contains("not to be read"), "{commit}");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let switching = {
        let root = root.clone();
        std::thread::spawn(move || {
            let mut names = ["side", "main"].iter().cycle();
            while stopped.recv_timeout(std::time::Duration::from_millis(1500)).is_err() {
                let name = names.next().unwrap();
                fs::write(root.join(".git/HEAD.lock"), format!("ref: refs/heads/{name}\n"))
                    .unwrap();
                fs::rename(root.join(".git/HEAD.lock"), root.join(".git/HEAD")).unwrap();
            }
        })
    };
    until(&mut said, "On branch side");
    stop.send(()).unwrap();
    switching.join().unwrap();
    drop(pet.stdin.take());
    assert!(pet.wait().unwrap().success());
    assert_eq!(executed(&log).len(), 1);
}
