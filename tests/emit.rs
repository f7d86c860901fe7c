//! A pet that listens, and the programs that tell it something, as processes.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);
const STOP: &str = r#"{"hook_event_name":"Stop","session_id":"s","cwd":"/p"}"#;

/// The program within a runtime folder of its own, in a repository of its own.
fn buddy(above: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
    command.current_dir(above.join("repo")).env("XDG_RUNTIME_DIR", above);
    // In CI pets have no sockets; the home is a stranger's, with no switch and no configuration.
    command.env_remove("BUDDY").env_remove("BUDDY_SOCKET").env_remove("CI");
    command.env("HOME", above).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    command
}

fn place() -> tempfile::TempDir {
    let above = tempfile::tempdir().unwrap();
    fs::create_dir_all(above.path().join("repo/.git")).unwrap();
    above
}

/// A pet that says what it does, until its input is closed.
fn pet(above: &Path) -> Child {
    let pet = buddy(above)
        .args(["play", "--pet", "null", "--protocol", "text", "--time", "real"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let listens = || fs::read_dir(above.join("buddy")).is_ok_and(|mut all| all.next().is_some());
    while !listens() {
        assert!(begun.elapsed() < LONG, "no socket appeared");
        std::thread::sleep(Duration::from_millis(10));
    }
    pet
}

fn emit(above: &Path, arguments: &[&str]) -> Output {
    buddy(above).arg("emit").args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn hook(mut command: Command, input: &str) -> Output {
    let mut child = command
        .args(["emit", "--hook"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn is_silent(output: &Output) -> bool {
    output.status.success() && output.stdout.is_empty() && output.stderr.is_empty()
}

#[test]
fn a_pet_hears_events_and_hooks() {
    let above = place();
    let mut pet = pet(above.path());
    let mut said = BufReader::new(pet.stdout.take().unwrap()).lines();
    let sent = emit(above.path(), &["say", "text=1234"]);
    assert!(is_silent(&sent), "{sent:?}");
    assert!(said.any(|line| line.unwrap().contains("1234")));
    assert!(is_silent(&hook(buddy(above.path()), STOP)));
    assert!(said.any(|line| line.unwrap().contains("claude")));
    drop(pet.stdin.take());
    assert!(pet.wait().unwrap().success());
    assert_eq!(fs::read_dir(above.path().join("buddy")).unwrap().count(), 0);
}

#[test]
fn emit_says_what_is_wrong() {
    let above = place();
    for (arguments, code, what) in [
        (&["say", "text=x"][..], 1, "no pet listens at this terminal or in this repository"),
        (&["tests.passed", "passed=many"], 2, "\"passed\" is not a whole number of at least 0"),
        (&["tests.pased"], 2, "there is no event \"tests.pased\""),
        (&["say"], 2, "\"text\" is missing"),
        (&["say", "text"], 2, "a field is KEY=VALUE"),
    ] {
        let output = emit(above.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(what), "{words}");
    }
    let mut elsewhere = buddy(above.path());
    elsewhere.env("BUDDY_SOCKET", above.path().join("none")).args(["emit", "hide"]);
    assert_eq!(elsewhere.output().unwrap().status.code(), Some(1));
}

#[test]
fn a_hook_never_fails_its_host() {
    let above = place();
    let long = format!("{{\"hook_event_name\":\"PostToolUse\",\"x\":\"{}\"}}", "a".repeat(3 << 20));
    for input in ["", "{", "nonsense\n\0", STOP, &long] {
        assert!(is_silent(&hook(buddy(above.path()), input)));
    }
    let mut wrong = buddy(above.path());
    wrong.args(["emit", "--bogus"]);
    assert!(!wrong.output().unwrap().status.success());
    let mut odd = buddy(above.path());
    odd.args(["emit", "--bogus", "--hook"]).stdin(Stdio::null());
    assert!(is_silent(&odd.output().unwrap()));
    let full = above.path().join("full");
    let _open = full_socket(&full);
    let mut command = buddy(above.path());
    command.env("BUDDY_SOCKET", &full);
    assert!(is_silent(&hook(command, STOP)));
}

/// A socket that nobody reads, and connections until its queue is full.
fn full_socket(path: &Path) -> Vec<OwnedFd> {
    let stream =
        || socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None);
    let (listener, at) = (stream().unwrap(), SocketAddrUnix::new(path).unwrap());
    bind(&listener, &at).unwrap();
    listen(&listener, 1).unwrap();
    let mut open = vec![listener];
    loop {
        let socket = stream().unwrap();
        rustix::io::ioctl_fionbio(&socket, true).unwrap();
        if connect(&socket, &at).is_err() {
            return open;
        }
        open.push(socket);
    }
}

#[test]
fn a_host_that_never_ends_its_words_is_not_waited_for() {
    let above = place();
    let begun = Instant::now();
    let mut child =
        buddy(above.path()).args(["emit", "--hook"]).stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    assert!(child.wait().unwrap().success());
    drop(input);
    assert!(begun.elapsed() < LONG);
}

/// Another user's program, from a copy that they may run; none where we are not the system's user.
fn as_nobody(above: &Path) -> Option<Command> {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let program = above.join("buddy-render");
    if !program.exists() {
        // By another process: what ours holds open for writing, if only for a moment, cannot be run.
        let buddy = env!("CARGO_BIN_EXE_buddy-render");
        assert!(Command::new("cp").args([buddy.as_ref(), &*program]).status().unwrap().success());
    }
    for path in [above, &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(program);
    command.uid(NOBODY).gid(NOBODY).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    Some(command)
}

const NOBODY: u32 = 65_534;

#[test]
fn other_users_are_neither_heard_nor_told() {
    let above = place();
    let Some(mut theirs) = as_nobody(above.path()) else { return };
    // Their pet, in a folder of theirs that we, as the system's user, may enter.
    let runtime = above.path().join("theirs");
    fs::create_dir(&runtime).unwrap();
    std::os::unix::fs::chown(&runtime, Some(NOBODY), Some(NOBODY)).unwrap();
    theirs.args(["play", "--protocol", "text", "--time", "real"]).env("XDG_RUNTIME_DIR", &runtime);
    theirs.env("HOME", &runtime).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut theirs = theirs.spawn().unwrap();
    let begun = Instant::now();
    let socket = loop {
        let found = fs::read_dir(runtime.join("buddy")).ok().and_then(|mut all| all.next());
        if let Some(found) = found {
            break found.unwrap().path();
        }
        assert!(begun.elapsed() < LONG, "no socket appeared");
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut ours = buddy(above.path());
    ours.env("BUDDY_SOCKET", &socket).args(["emit", "say", "text=stolen"]);
    let refused = ours.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("another user listens there"), "{words}");
    // Our pet, in a folder and a socket that somebody left open to all.
    let mut pet = pet(above.path());
    let folder = above.path().join("buddy");
    let socket = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    use std::os::unix::fs::PermissionsExt as _;
    for path in [&folder, &socket] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut sender = as_nobody(above.path()).unwrap();
    sender.args(["emit", "say", "text=forged"]).env("BUDDY_SOCKET", &socket);
    let refused = sender.output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    // Nor where they do not look whose it is.
    let python = format!(
        "import os,socket\nos.setgid({NOBODY});os.setuid({NOBODY})\ns=socket.socket(socket.AF_UNIX)\n\
         s.connect({:?})\ntry: s.send(b'{{\"v\":1,\"event\":\"say\",\"text\":\"forged\"}}\\n')\n\
         except (BrokenPipeError,ConnectionResetError): pass",
        socket.to_str().unwrap()
    );
    match Command::new("python3").args(["-c", &python]).output() {
        Ok(forged) => {
            assert!(forged.status.success(), "{}", String::from_utf8_lossy(&forged.stderr));
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "python3: {error}");
        }
    }
    let mut own = buddy(above.path());
    own.args(["emit", "say", "text=honest"]).env("BUDDY_SOCKET", &socket);
    assert!(own.output().unwrap().status.success());
    let mut said = BufReader::new(pet.stdout.take().unwrap()).lines();
    loop {
        let line = said.next().unwrap().unwrap();
        assert!(!line.contains("forged"), "{line}");
        if line.contains("honest") {
            break;
        }
    }
    for pet in [&mut theirs, &mut pet] {
        drop(pet.stdin.take());
        assert!(pet.wait().unwrap().success());
    }
    let mut heard = String::new();
    std::io::Read::read_to_string(&mut theirs.stdout.take().unwrap(), &mut heard).unwrap();
    assert!(!heard.contains("stolen"), "{heard}");
}

/// Who may open no more files lets nobody in; that must not keep it busy.
#[cfg(target_os = "linux")]
#[test]
fn a_pet_that_may_open_no_more_files_rests() {
    let above = place();
    let program = env!("CARGO_BIN_EXE_buddy-render");
    let line =
        format!("ulimit -n 24; exec '{program}' play --pet null --protocol text --time real");
    let mut pet = Command::new("sh")
        .args(["-c", &line])
        .current_dir(above.path().join("repo"))
        .env("XDG_RUNTIME_DIR", above.path())
        .env_remove("BUDDY")
        .env_remove("CI")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let socket = loop {
        let mut entries = fs::read_dir(above.path().join("buddy")).into_iter().flatten().flatten();
        if let Some(entry) = entries.next() {
            break entry.path();
        }
        assert!(begun.elapsed() < LONG, "no socket appeared");
        std::thread::sleep(Duration::from_millis(10));
    };
    let connect = || std::os::unix::net::UnixStream::connect(&socket);
    let _open: Vec<_> = (0..30).filter_map(|_| connect().ok()).collect();
    std::thread::sleep(Duration::from_millis(500));
    // utime and stime, in hundredths of a second (proc(5), fields 14 and 15).
    let busy = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pet.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = busy();
    std::thread::sleep(Duration::from_secs(3));
    let ticks = busy() - before;
    drop(pet.stdin.take());
    assert!(pet.wait().unwrap().success());
    assert!(ticks < 10, "{ticks} hundredths of a second of work");
}
