//! `hooks install` and `remove`, on files of their own and in a real repository.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};

/// The program, as somebody at home in `home`.
fn buddy(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
    command.arg("hooks").args(arguments).current_dir(home).env("HOME", home);
    command.env_remove("CLAUDE_CONFIG_DIR").env_remove("CODEX_HOME");
    command.env("GIT_CEILING_DIRECTORIES", home.parent().unwrap());
    command.output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn agents_settings_are_what_they_were() {
    let home = tempfile::tempdir().unwrap();
    for (host, file) in [
        ("claude", ".claude/settings.json"),
        ("codex", ".codex/hooks.json"),
        ("gemini", ".gemini/settings.json"),
    ] {
        let path = home.path().join(file);
        // None yet.
        assert!(buddy(home.path(), &["install", host]).status.success());
        let made = fs::read_to_string(&path).unwrap();
        assert_eq!(made.matches("buddy-render emit --hook").count(), 4);
        assert!(buddy(home.path(), &["remove", host]).status.success());
        assert!(!path.exists());
        // Somebody's own, through a link, for the eyes of one.
        let real = home.path().join(format!("{host}.json"));
        let own = "{\n  \"theme\": \"dark\",\n  \"hooks\": {\"Stop\": [{\"hooks\": []}]}\n}";
        fs::write(&real, own).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &path).unwrap();
        assert!(words(&buddy(home.path(), &["install", host, "--dry-run"])).contains("\n+    \""));
        assert_eq!(fs::read_to_string(&real).unwrap(), own);
        buddy(home.path(), &["install", host]);
        let with = fs::read_to_string(&real).unwrap();
        assert_ne!(with, own);
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(words(&buddy(home.path(), &["install", host])).contains("nothing to change"));
        assert!(words(&buddy(home.path(), &["status"])).contains(&format!("{host:8}installed")));
        buddy(home.path(), &["remove", host]);
        assert_eq!(fs::read_to_string(&real).unwrap(), own);
        assert!(path.is_symlink());
        // What cannot be read stays.
        fs::write(&real, "{ // words\n}").unwrap();
        let refused = buddy(home.path(), &["install", host]);
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(fs::read_to_string(&real).unwrap(), "{ // words\n}");
    }
}

/// git, with nothing of this machine's, our program in its path and a socket that listens.
fn git(folder: &Path, socket: &Path, arguments: &[&str]) {
    let ours = Path::new(env!("CARGO_BIN_EXE_buddy-render")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("PATH", format!("{}:{path}", ours.display()));
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Dev");
        command.env(format!("GIT_{role}_EMAIL"), "dev@example.org");
    }
    let output = command.env("BUDDY_SOCKET", socket).env_remove("BUDDY").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn git_tells_and_its_own_hooks_still_run() {
    let home = tempfile::tempdir().unwrap();
    let (repo, socket) = (home.path().join("repo"), home.path().join("s"));
    let listener = UnixListener::bind(&socket).unwrap();
    let said = || {
        let (stream, _) = listener.accept().unwrap();
        BufReader::new(stream).lines().next().unwrap().unwrap()
    };
    fs::create_dir(&repo).unwrap();
    git(&repo, &socket, &["init", "-q", "-b", "main"]);
    // Hooks elsewhere, one of which somebody wrote already.
    git(&repo, &socket, &["config", "core.hooksPath", "own hooks"]);
    let hooks = repo.join("own hooks");
    fs::create_dir(&hooks).unwrap();
    let own = "#!/bin/sh\necho mine >> ran\nexit 0\n";
    let script = hooks.join("post-commit");
    fs::write(&script, own).unwrap();
    assert_eq!(buddy(&repo, &["install", "git"]).status.code(), Some(1), "not executable");
    assert_eq!(fs::read_dir(&hooks).unwrap().count(), 1, "nothing was done by half");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    assert!(buddy(&repo, &["install", "git"]).status.success());
    assert!(words(&buddy(&repo, &["status"])).contains("git     installed"));

    git(&repo, &socket, &["commit", "-q", "--allow-empty", "-m", "It's \"priced\" $(no) 猫"]);
    let commit = said();
    assert!(commit.contains(r#""event":"git.commit""#), "{commit}");
    assert!(commit.contains(r#""subject":"It's \"priced\" $(no) 猫""#), "{commit}");
    assert_eq!(fs::read_to_string(repo.join("ran")).unwrap(), "mine\n");
    git(&repo, &socket, &["switch", "-q", "-c", "dearer"]);
    assert!(said().contains(r#""event":"git.branch","branch":"dearer""#));
    git(&repo, &socket, &["init", "-q", "--bare", "../far"]);
    git(&repo, &socket, &["push", "-q", "../far", "dearer"]);
    assert!(said().contains(r#""event":"git.push""#));

    assert!(buddy(&repo, &["remove", "git"]).status.success());
    assert_eq!(fs::read_to_string(&script).unwrap(), own);
    assert_eq!(fs::read_dir(&hooks).unwrap().count(), 1);
}

#[test]
fn each_host_has_a_page_and_pages_lead_somewhere() {
    let home = tempfile::tempdir().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocols/integrations");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let status = words(&buddy(home.path(), &["status"]));
    let hosts: Vec<_> = status.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(hosts.len(), 9, "{status}");
    for host in hosts {
        let page = fs::read_to_string(folder.join(format!("{host}.md"))).unwrap();
        assert!(page.contains(&format!("buddy-render hooks install {host} ")), "{host}");
        assert!(page.contains(&format!("`buddy-render hooks remove {host}`")), "{host}");
        assert!(index.contains(&format!("({host}.md)")), "{host}");
    }
    for page in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(page.unwrap().path()).unwrap();
        for link in text.split("](").skip(1) {
            let path = link.split([')', '#']).next().unwrap();
            assert!(folder.join(path).is_file(), "{path}");
        }
    }
}
