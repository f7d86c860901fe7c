//! The lines that `hooks install` puts into the files of zsh, bash, fish and tmux, read by these
//! themselves, with a stub in the program's place.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops where it fails")]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");
const LONG: Duration = Duration::from_secs(60);
const HOSTS: [(&str, &str); 4] = [
    ("bash", ".bashrc"),
    ("zsh", ".zshrc"),
    ("fish", ".config/fish/conf.d/buddy-render.fish"),
    ("tmux", ".tmux.conf"),
];

/// Which of the shells there are. In CI all must be.
fn shells() -> Vec<&'static str> {
    let there = |shell: &&str| {
        let found = Command::new(shell).arg("--version").output().is_ok();
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(found || !ci, "{shell} is not installed: run tests/lab/install.sh");
        if !found {
            eprintln!("skipped: {shell} is not installed; tests/lab/install.sh installs it");
        }
        found
    };
    ["bash", "zsh", "fish"].into_iter().filter(there).collect()
}

/// A stranger's home, with a stub of ours that is found before all else.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        fs::create_dir(home.path().join("sp ace é")).unwrap();
        let home = Self(home);
        home.stub("exit 125");
        home
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// What is run in the program's place.
    fn stub(&self, does: &str) {
        let path = self.at("bin/buddy-render");
        fs::write(&path, format!("#!/bin/sh\necho \"$@\" >> '{}'\n{does}\n", self.log().display()))
            .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> PathBuf {
        self.at("log")
    }

    /// How the stub was called, and forgets it.
    fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let _ = fs::remove_file(self.log());
        log.lines().map(str::to_owned).collect()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.at("bin").display()));
        command.env("HOME", self.0.path()).current_dir(self.0.path());
        // Debian's own file for bash asks for these without knowing whether they are set.
        command.envs([("SUDO_USER", ""), ("SUDO_PS1", "")]);
        command
    }

    fn hooks(&self, arguments: &[&str]) -> Output {
        self.command(BUDDY).arg("hooks").args(arguments).output().unwrap()
    }

    fn install(&self, host: &str) {
        let done = self.hooks(&["install", host]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// A shell in a terminal of its own.
struct Session {
    pty: File,
    shell: Child,
    seen: Vec<u8>,
    what: String,
}

impl Session {
    fn open(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&pty, size).unwrap();
        let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let mut command = home.command("setsid");
        command.args(["--wait", "--ctty"]).args(arguments).envs(environment.iter().copied());
        let shell =
            command.stdin(open()).stdout(open()).stderr(Stdio::from(open())).spawn().unwrap();
        let what = format!("{arguments:?} {environment:?}");
        Self { pty: pty.into(), shell, seen: Vec::new(), what }
    }

    fn type_in(&mut self, line: &str) {
        // Where the shell has ended, nobody reads it.
        let _ = self.pty.write_all(format!("{line}\r").as_bytes());
    }

    fn read_for(&mut self, millis: u64) {
        let end = Instant::now() + Duration::from_millis(millis);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let wait = Timespec::try_from(left).unwrap();
            let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
            if poll(&mut fds, Some(&wait)).unwrap() == 0 {
                return;
            }
            let mut part = [0; 65536];
            // Whoever was there has gone.
            let Ok(n) = self.pty.read(&mut part) else {
                std::thread::sleep(Duration::from_millis(10));
                return;
            };
            self.seen.extend_from_slice(&part[..n]);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    fn wait_for(&mut self, what: &str) {
        let begun = Instant::now();
        while !self.text().contains(what) {
            let text = self.text();
            let (who, text) = (&self.what, text.escape_debug());
            assert!(begun.elapsed() < LONG, "{who}: {what:?} never came: {text}");
            self.read_for(50);
        }
    }

    /// Whether it answers as a shell that goes on.
    fn goes_on(&mut self) {
        self.type_in("echo it-goes''-on");
        self.wait_for("it-goes-on");
    }

    fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.shell.try_wait().unwrap() {
                return status.code();
            }
            let text = self.text();
            assert!(begun.elapsed() < LONG, "{:?} never ended: {}", self.what, text.escape_debug());
            self.read_for(50);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn whose(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap())
}

#[test]
fn files_are_what_they_were() {
    let odd: [&[u8]; 9] = [
        b"",
        b"\n",
        b"# x",
        b"# x\n",
        b"# x\r\n# y\r\n",
        b"# caf\xe9\n",
        b"\n\n# x\n\n\n",
        b"# >>> conda >>>\n# <<< conda <<<",
        b"#!/bin/x\n# \xff\xfe\n",
    ];
    for (host, file) in HOSTS {
        let home = Home::new();
        let path = home.at(file);
        home.install(host);
        let made = fs::read(&path).unwrap();
        home.install(host);
        assert_eq!(fs::read(&path).unwrap(), made, "{host}: twice is once");
        assert!(home.hooks(&["remove", host]).status.success());
        assert!(!path.exists(), "{host}");
        for before in odd {
            // Somebody's own, through a link, for the eyes of one.
            let real = home.at("dotfile");
            fs::write(&real, before).unwrap();
            fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
            // The system's user leaves another's file theirs.
            let owner = if rustix::process::geteuid().is_root() { 12_345 } else { whose(&real) };
            std::os::unix::fs::chown(&real, Some(owner), None).unwrap();
            symlink(&real, &path).unwrap();
            home.hooks(&["install", host, "--dry-run"]);
            assert_eq!(fs::read(&real).unwrap(), before);
            home.install(host);
            assert_ne!(fs::read(&real).unwrap(), before);
            assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
            assert_eq!(whose(&real), owner);
            let again = home.hooks(&["install", host]);
            assert!(String::from_utf8_lossy(&again.stdout).contains("nothing to change"));
            let status = String::from_utf8(home.hooks(&["status"]).stdout).unwrap();
            assert!(status.contains(&format!("{host:8}installed")), "{status}");
            home.hooks(&["remove", host]);
            assert_eq!(fs::read(&real).unwrap(), before, "{host}");
            assert!(path.is_symlink());
            fs::remove_file(&path).unwrap();
        }
        // What is damaged, no text, or leads to nothing stays.
        for broken in ["# >>> buddy-render >>>\n# x\n", "# <<< buddy-render <<<\n", "a\0b\n"] {
            fs::write(&path, broken).unwrap();
            assert_eq!(home.hooks(&["install", host]).status.code(), Some(1), "{host}");
            assert_eq!(fs::read_to_string(&path).unwrap(), broken);
        }
        fs::remove_file(&path).unwrap();
        symlink(home.at("nowhere"), &path).unwrap();
        assert_eq!(home.hooks(&["install", host]).status.code(), Some(1), "{host}");
        assert!(path.is_symlink() && !home.at("nowhere").exists());
    }
}

#[test]
fn a_file_that_its_shell_cannot_read_is_refused() {
    for shell in shells() {
        let home = Home::new();
        let (_, file) = HOSTS.iter().find(|(host, _)| *host == shell).unwrap();
        let path = home.at(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let broken = "if true\n  echo \"\n";
        fs::write(&path, broken).unwrap();
        let refused = home.hooks(&["install", shell]);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(words.contains(&format!("{shell} cannot read it")), "{words}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
}

/// The ways in which a shell is asked to be interactive, strict about what is not set.
fn interactive(shell: &'static str) -> Vec<Vec<&'static str>> {
    match shell {
        "fish" => vec![vec!["fish", "-i"], vec!["fish", "-l", "-i"]],
        _ => vec![vec![shell, "-u", "-i"], vec![shell, "-l", "-i"]],
    }
}

/// A home with the block, also for a login shell.
fn home_for(shell: &str) -> Home {
    let home = Home::new();
    home.install(shell);
    // Debian's /etc/profile begins with a path of its own.
    fs::write(home.at(".bash_profile"), "PATH=~/bin:$PATH\n. ~/.bashrc\n").unwrap();
    home
}

#[test]
fn where_nothing_was_started_the_shell_goes_on() {
    for shell in shells() {
        let home = home_for(shell);
        for how in interactive(shell) {
            for does in [
                "exit 125",
                "exit 101",
                "exit 126",
                "exit 1",
                "exit 2",
                "kill -9 $$",
                "kill -TERM $$",
            ] {
                home.stub(does);
                let mut session = Session::open(&home, &how, &[]);
                session.goes_on();
                let calls = home.calls();
                let login = how.contains(&"-l");
                assert_eq!(calls.len(), 1, "{how:?} {does}: {calls:?}");
                assert!(calls[0].starts_with("shell --auto -- "), "{calls:?}");
                assert!(
                    calls[0].contains(shell) && calls[0].ends_with(" -l") == login,
                    "{calls:?}"
                );
                let text = session.text();
                for wrong in ["unbound", "not set", "not found", "rror", "nknown"] {
                    assert!(!text.contains(wrong), "{how:?}: {text}");
                }
                session.type_in("exit 7");
                assert_eq!(session.end(), Some(7), "{how:?}");
            }
        }
        // Nor where it is not installed any more.
        fs::remove_file(home.at("bin/buddy-render")).unwrap();
        Session::open(&home, &interactive(shell)[0], &[("CARGO_HOME", "/nonexistent")]).goes_on();
    }
}

#[test]
fn what_was_started_ends_the_shell_with_its_code() {
    for shell in shells() {
        let home = home_for(shell);
        for how in interactive(shell) {
            for code in [0, 3, 7, 100] {
                home.stub(&format!("exit {code}"));
                let mut session = Session::open(&home, &how, &[]);
                assert_eq!(session.end(), Some(code), "{how:?}: {}", session.text());
            }
        }
        // After a while, a signal is that of the shell which ran there.
        for code in [130, 1, 2] {
            home.stub(&format!("sleep 4; exit {code}"));
            let mut session = Session::open(&home, &interactive(shell)[0], &[]);
            assert_eq!(session.end(), Some(code), "{shell}");
        }
        // Found where cargo puts it, though the path does not lead there yet.
        fs::create_dir_all(home.at(".cargo/bin")).unwrap();
        home.stub("exit 9");
        fs::rename(home.at("bin/buddy-render"), home.at(".cargo/bin/buddy-render")).unwrap();
        assert_eq!(Session::open(&home, &interactive(shell)[0], &[]).end(), Some(9), "{shell}");
    }
}

#[test]
fn who_wants_no_pet_gets_a_plain_shell() {
    for shell in shells() {
        let home = home_for(shell);
        home.stub("exit 0");
        let how = &interactive(shell)[0];
        let us = std::process::id().to_string();
        for (name, value) in
            [("BUDDY", "0"), ("TERM", "dumb"), ("INSIDE_EMACS", "29"), ("BUDDY_SHELL", &us)]
        {
            Session::open(&home, how, &[(name, value)]).goes_on();
            assert_eq!(home.calls(), [""; 0], "{shell} {name}");
        }
        // One whose proxy is gone, or that is no number, starts its own.
        for dead in ["4194305", "", "x; touch evil", "-1", "1x"] {
            assert_eq!(
                Session::open(&home, how, &[("BUDDY_SHELL", dead)]).end(),
                Some(0),
                "{dead}"
            );
            assert_eq!(home.calls().len(), 1, "{shell} {dead}");
        }
        // Copies, commands over ssh and scripts have no terminal, or are not interactive.
        for arguments in [vec!["-c", "echo plain"], vec!["-i", "-c", "echo plain"]] {
            let mut command = home.command(shell);
            let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "plain\n", "{shell}");
        }
        if shell != "fish" {
            let mut session = Session::open(&home, &[shell, "-i", "-c", "echo plain"], &[]);
            session.wait_for("plain");
        }
        assert_eq!(home.calls(), [""; 0], "{shell}");
    }
}

/// A user's own hooks, which still run.
const OWN: [(&str, &str, &str); 4] = [
    ("bash", ".bashrc", "PROMPT_COMMAND=('printf \"[own:%s]\" $?' 'PS1=\"own> \"')\nPS0='[ps0]'\n"),
    ("bash", ".bashrc", "PROMPT_COMMAND='printf \"[own:%s]\" $?'\nPS0='[ps0]'\nPS1='own> '\n"),
    (
        "zsh",
        ".zshrc",
        "precmd_functions=(own); own() { print -n \"[own:$?]\" }\n\
         precmd() { print -n '[precmd]' }\npreexec() { print -n '[ps0]' }\nPS1='own> '\n\
         zle-line-init() { print -n '[line]' }; zle -N zle-line-init\n",
    ),
    (
        "fish",
        ".config/fish/config.fish",
        "function fish_prompt\n    printf '[own:%s]own> ' $status\nend\n\
         function own_preexec --on-event fish_preexec\n    printf '[ps0]'\nend\n",
    ),
];

#[test]
fn beneath_a_pet_prompts_and_commands_are_marked() {
    let there = shells();
    for (shell, file, own) in OWN.into_iter().filter(|(shell, ..)| there.contains(shell)) {
        let home = Home::new();
        fs::create_dir_all(home.at(file).parent().unwrap()).unwrap();
        fs::write(home.at(file), own).unwrap();
        home.install(shell);
        let us = std::process::id().to_string();
        let how: &[&str] = if shell == "fish" { &["fish"] } else { &[shell, "-u", "-i"] };
        let mut session = Session::open(&home, how, &[("BUDDY_SHELL", &us)]);
        session.wait_for("own> ");
        session.type_in("cd 'sp ace é'");
        session.wait_for("%20");
        session.type_in(if shell == "fish" { "fish -c 'exit 3'" } else { "(exit 3)" });
        session.wait_for("\u{1b}]133;D;3\u{7}");
        session.wait_for("[own:3]");
        session.goes_on();
        session.wait_for("\u{1b}]133;D;0\u{7}");
        session.read_for(500);
        let text = session.text();
        let shown = text.escape_debug().to_string();
        // The user's and ours, each in its place: the end of one, the prompt, what is typed, what runs.
        let at =
            |what: &str| text.find(what).unwrap_or_else(|| panic!("{shell}: no {what:?}: {shown}"));
        assert!(at("\u{1b}]133;A\u{7}") < at("own> "), "{shown}");
        assert!(at("own> ") < at("\u{1b}]133;B\u{7}"), "{shown}");
        assert!(at("\u{1b}]133;B\u{7}") < at("\u{1b}]133;C;cmdline_url="), "{shown}");
        assert!(at("[ps0]") < at("\u{1b}]133;D;0\u{7}"), "{shown}");
        let path = home.at("sp%20ace%20%C3%A9");
        let path = format!("{}\u{7}", path.display());
        assert!(text.contains("\u{1b}]7;file://") && text.contains(&path), "{shown}");
        if shell == "zsh" {
            assert!(text.contains("[precmd]") && text.contains("[line]"), "{shown}");
        }
        // Twice read is once marked.
        let count = |text: &str| text.matches("\u{1b}]133;A\u{7}").count();
        session.seen.clear();
        session.type_in(&format!("source {}; echo re''ad", home.at(file).display()));
        session.wait_for("read");
        session.read_for(500);
        session.seen.clear();
        session.type_in("true");
        session.wait_for("\u{1b}]133;D;0\u{7}");
        session.read_for(700);
        assert_eq!(count(&session.text()), 1, "{shell}: {}", session.text().escape_debug());
        session.type_in("exit 5");
        assert_eq!(session.end(), Some(5), "{shell}");
    }
}

#[test]
fn tmux_reads_its_lines() {
    if Command::new("tmux").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "tmux is not installed");
        eprintln!("skipped: tmux is not installed; tests/lab/install.sh installs it");
        return;
    }
    let home = Home::new();
    fs::write(home.at(".tmux.conf"), "set -g status off").unwrap();
    home.install("tmux");
    let socket = home.at("tmux.sock");
    let conf: &Path = &home.at(".tmux.conf");
    let tmux = |arguments: &[&str]| {
        let mut command = home.command("tmux");
        let output = command.arg("-S").arg(&socket).arg("-f").arg(conf).args(arguments).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    tmux(&["new-session", "-d", "sleep 60"]);
    tmux(&["source-file", conf.to_str().unwrap()]);
    let passed = tmux(&["show-options", "-gv", "allow-passthrough"]);
    let updated = tmux(&["show-options", "-gv", "update-environment"]);
    tmux(&["kill-server"]);
    assert_eq!(passed, "on\n");
    assert_eq!(updated.matches("BUDDY_SHELL").count(), 1, "{updated}");
    assert!(updated.contains("SSH_AUTH_SOCK") && updated.contains("BUDDY_SOCKET"), "{updated}");
}
