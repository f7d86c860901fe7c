//! `off`, `on`, `quiet`, `hide`, `status`, the configuration and a repository's wishes, on pets in a
//! terminal of their own and in pipes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");
const SESSION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/events/session.jsonl");
const LONG: Duration = Duration::from_secs(60);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A stranger's home, with a repository in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("repo/.git")).unwrap();
        fs::create_dir(home.path().join("run")).unwrap();
        Self(home)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program of this home's: nothing of this machine's reaches it.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.0.path()).env("XDG_RUNTIME_DIR", self.at("run"));
        command.current_dir(self.at("repo"));
        command
    }

    fn buddy(&self, arguments: &[&str]) -> Output {
        self.command(BUDDY).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn does(&self, arguments: &[&str]) {
        let done = self.buddy(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", said(&done));
    }

    fn status(&self) -> Value {
        let told = self.buddy(&["status", "--json"]);
        assert!(told.status.success(), "{}", said(&told));
        serde_json::from_slice(&told.stdout).unwrap()
    }

    /// How many processes of ours there are, of this home's.
    fn processes(&self) -> usize {
        let ours = |entry: fs::DirEntry| {
            let exe = fs::read_link(entry.path().join("exe")).ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let home = format!("HOME={}\0", self.0.path().display());
            let here = environment.windows(home.len()).any(|w| w == home.as_bytes());
            (exe == Path::new(BUDDY) && here).then_some(())
        };
        fs::read_dir("/proc").unwrap().filter_map(|entry| ours(entry.unwrap())).count()
    }

    /// How many pets of this home's the program knows: the user who runs the test may have some, too.
    fn pets(&self) -> usize {
        let home = self.0.path().to_str().unwrap();
        let status = self.status();
        let ours = |pet: &&Value| pet["socket"].as_str().unwrap().starts_with(home);
        status["pets"].as_array().unwrap().iter().filter(ours).count()
    }

    fn sockets(&self) -> usize {
        fs::read_dir(self.at("run/buddy")).map_or(0, Iterator::count)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// How many frames there are: each saves the cursor.
fn frames(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|w| *w == b"\x1b7").count()
}

/// A terminal with a shell in it that does what it is told, and our end of it.
struct Session {
    pty: File,
    slave: File,
    shell: Child,
    orders: File,
    folder: PathBuf,
    told: u32,
    seen: Vec<u8>,
    answered: usize,
}

/// Reads its orders elsewhere, so that the terminal is the pet's.
const SHELL: &str = "while IFS= read -r order <&3; do eval \"$order\"; done 3< \"$ORDERS\"";

impl Session {
    fn open(home: &Home, environment: &[(&str, &str)]) -> Self {
        let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 800, ws_ypixel: 480 };
        tcsetwinsize(&pty, size).unwrap();
        let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let folder = home.at(&format!("session-{}", path.replace('/', "-")));
        fs::create_dir_all(&folder).unwrap();
        let orders = folder.join("orders");
        let _ = fs::remove_file(&orders);
        assert!(Command::new("mkfifo").arg(&orders).status().unwrap().success());
        let mut command = home.command("setsid");
        command.args(["--ctty", "sh", "-c", SHELL]).env("ORDERS", &orders).env("BUDDY_BIN", BUDDY);
        command.envs(environment.iter().copied());
        let shell =
            command.stdin(open()).stdout(open()).stderr(Stdio::from(open())).spawn().unwrap();
        // Both ways, so that neither end waits for the other to open it.
        let orders = File::options().read(true).write(true).open(&orders).unwrap();
        let (seen, slave) = (Vec::new(), open());
        Self { pty: pty.into(), slave, shell, orders, folder, told: 0, seen, answered: 0 }
    }

    /// Has the shell do something; what says, by its existence, that it is done.
    fn order(&mut self, what: &str) -> PathBuf {
        self.told += 1;
        let done = self.folder.join(format!("done-{}", self.told));
        writeln!(self.orders, "{what}; echo $? > '{0}.part'; mv '{0}.part' '{0}'", done.display())
            .unwrap();
        done
    }

    /// Waits for something that was ordered, and gives its exit code.
    fn finish(&mut self, done: &Path) -> i32 {
        let begun = Instant::now();
        while !done.exists() {
            assert!(begun.elapsed() < LONG, "never done: {}", self.seen.escape_ascii());
            self.read_for(ms(50));
        }
        fs::read_to_string(done).unwrap().trim().parse().unwrap()
    }

    fn run(&mut self, what: &str) -> i32 {
        let done = self.order(what);
        self.finish(&done)
    }

    /// Reads for so long, and answers what the pet asks.
    fn read_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let wait = Timespec::try_from(left).unwrap();
            let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
            if poll(&mut fds, Some(&wait)).unwrap() == 0 {
                return;
            }
            let mut part = [0; 65536];
            let n = self.pty.read(&mut part).unwrap();
            self.seen.extend_from_slice(&part[..n]);
            self.answer();
        }
    }

    fn answer(&mut self) {
        loop {
            let rest = &self.seen[self.answered..];
            let find = |what: &[u8]| rest.windows(what.len()).position(|w| w == what);
            let probe = find(b"\x1b[c").map(|at| (at + 3, &b"\x1b[?62;4c"[..]));
            let frame = find(b"\x1b[5n").map(|at| (at + 4, &b"\x1b[0n"[..]));
            let Some((end, answer)) = probe.into_iter().chain(frame).min() else { return };
            self.answered += end;
            self.pty.write_all(answer).unwrap();
        }
    }

    /// Reads until something is there, and gives what came.
    fn wait_for(&mut self, what: impl Fn(&[u8]) -> bool) {
        let begun = Instant::now();
        while !what(&self.seen) {
            assert!(begun.elapsed() < LONG, "never came: {}", self.seen.escape_ascii());
            self.read_for(ms(50));
        }
    }

    fn wait_for_frames(&mut self, more_than: usize) {
        self.wait_for(|seen| frames(seen) > more_than);
    }

    /// Waits until nothing has come for a while, and forgets what did.
    fn settle(&mut self) {
        let begun = Instant::now();
        loop {
            let before = self.seen.len();
            self.read_for(ms(700));
            if self.seen.len() == before {
                break;
            }
            assert!(begun.elapsed() < LONG, "never silent: {}", self.seen.escape_ascii());
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.seen.clear();
        self.answered = 0;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
        let _ = &self.slave;
    }
}

/// A pet that moves all the time, so that its rest is seen.
const PET: &str = "\"$BUDDY_BIN\" --pet null --protocol symbols --seed 3";

#[test]
fn off_is_nothing_at_all_and_ends_who_runs() {
    let home = Home::new();
    let mut session = Session::open(&home, &[]);
    let pet = session.order(PET);
    session.wait_for_frames(5);
    assert_eq!((home.sockets(), home.pets()), (1, 1));
    assert!(home.processes() >= 2, "the pet, and its guardian");
    home.does(&["off"]);
    assert_eq!(session.finish(&pet), 0);
    session.read_for(ms(300));
    assert_eq!((home.sockets(), home.processes()), (0, 0));
    // What it drew was taken back: the last bytes are blanks where it stood, or an erasure.
    let [rows, cols] = [24, 80].map(|cells| std::num::NonZero::new(cells).unwrap());
    let mut screen = vt100::Parser::new(rows, cols, 0);
    screen.process(&session.seen);
    let left: String = screen.screen().rows(0, 80).skip(1).collect();
    assert_eq!(left.trim(), "", "{left}");
    session.forget();
    for command in [PET, "\"$BUDDY_BIN\"", "\"$BUDDY_BIN\" preview null purr"] {
        assert_eq!(session.run(command), 0);
    }
    session.read_for(ms(300));
    assert_eq!(session.seen.escape_ascii().to_string(), "");
    assert_eq!(home.status()["standing"], "off");
    home.does(&["on"]);
    assert_eq!(home.status()["standing"], "on");
    let pet = session.order(&format!("{PET} --duration 1"));
    session.wait_for_frames(0);
    assert_eq!(session.finish(&pet), 0);
}

#[test]
fn the_environment_and_a_repository_keep_a_pet_away() {
    let home = Home::new();
    for (name, value) in [("BUDDY", "0"), ("CI", "true"), ("TERM", "dumb")] {
        let mut session = Session::open(&home, &[(name, value)]);
        assert_eq!(session.run("\"$BUDDY_BIN\" --duration 1"), 0, "{name}");
        session.read_for(ms(200));
        assert_eq!(session.seen.escape_ascii().to_string(), "", "{name}");
    }
    home.write("repo/.buddy.yaml", "off: true\n");
    let mut session = Session::open(&home, &[]);
    assert_eq!(session.run(PET), 0);
    session.read_for(ms(200));
    assert_eq!(session.seen.escape_ascii().to_string(), "");
    assert_eq!(home.sockets(), 0);
    let status = home.status();
    assert!(status["because"][0]["why"].as_str().unwrap().ends_with("repo/.buddy.yaml"));
}

#[test]
fn a_quiet_pet_stands_still_and_shows_how_things_are() {
    let home = Home::new();
    let mut session = Session::open(&home, &[]);
    let pet = session.order(PET);
    session.wait_for_frames(5);
    home.does(&["quiet", "30m"]);
    // Its entrance goes on to its end, in key poses.
    session.read_for(ms(5000));
    session.settle();
    session.read_for(ms(3000));
    assert_eq!(session.seen.escape_ascii().to_string(), "", "it stands still");
    // Nothing is said, and yet the pose tells.
    home.does(&["emit", "say", "text=psst"]);
    home.does(&["emit", "git.conflict", "files=2"]);
    session.wait_for_frames(0);
    session.settle();
    home.does(&["emit", "say", "text=psst"]);
    session.read_for(ms(1500));
    assert!(!session.seen.windows(4).any(|w| w == b"psst"));
    home.does(&["on"]);
    session.wait_for_frames(10);
    home.does(&["emit", "say", "text=psst"]);
    session.wait_for(|seen| seen.windows(4).any(|w| w == b"psst"));
    home.does(&["off"]);
    assert_eq!(session.finish(&pet), 0);
}

#[test]
fn quiet_for_a_while_ends_by_itself() {
    let home = Home::new();
    let mut session = Session::open(&home, &[]);
    let pet = session.order(PET);
    session.wait_for_frames(5);
    home.does(&["quiet", "10s"]);
    session.settle();
    session.wait_for_frames(10);
    home.does(&["off"]);
    assert_eq!(session.finish(&pet), 0);
}

#[test]
fn hide_is_for_one_terminal() {
    let home = Home::new();
    let (mut here, mut there) = (Session::open(&home, &[]), Session::open(&home, &[]));
    for session in [&mut here, &mut there] {
        assert_eq!(session.run(&format!("{{ {PET} < /dev/tty & }}")), 0);
        session.wait_for_frames(5);
    }
    assert_eq!(home.pets(), 2);
    assert_eq!(here.run("\"$BUDDY_BIN\" hide 2>/dev/null"), 0);
    here.settle();
    home.does(&["emit", "git.conflict"]);
    here.read_for(ms(1500));
    assert_eq!(here.seen.escape_ascii().to_string(), "", "not a byte while it hides");
    there.forget();
    there.wait_for_frames(5);
    assert_eq!(here.run("\"$BUDDY_BIN\" hide 2>/dev/null"), 0);
    here.wait_for_frames(5);
    // One that starts while its terminal is hidden does not even ask it anything.
    assert_eq!(here.run("kill $! && wait $!; \"$BUDDY_BIN\" hide 2>/dev/null"), 0);
    here.settle();
    assert_eq!(here.run(&format!("{{ {PET} < /dev/tty & }}")), 0);
    here.read_for(ms(1500));
    assert_eq!(here.seen.escape_ascii().to_string(), "");
    assert_eq!(here.run("\"$BUDDY_BIN\" on 2>/dev/null"), 0);
    here.wait_for_frames(5);
    home.does(&["off"]);
    assert_eq!((here.run("wait"), there.run("wait")), (0, 0));
    let alone = home.buddy(&["hide"]);
    // Whoever has no terminal has no pet to hide; the test itself may have one.
    let told = said(&alone);
    let refused = told.contains("no terminal") || told.contains("outside of this container");
    assert!(alone.status.success() || refused, "{told}");
}

/// As within `bwrap --unshare-pid`: the terminal's session and the job have no number there.
#[test]
fn a_job_from_outside_of_its_pid_namespace_has_a_pet_that_cannot_hide_alone() {
    let home = Home::new();
    let mut session = Session::open(&home, &[]);
    let ways = ["unshare --pid --fork", "unshare --user --map-root-user --pid --fork"];
    let allowed = |way: &&&str| session.run(&format!("{way} true 2>/dev/null")) == 0;
    let Some(way) = ways.iter().find(allowed) else {
        eprintln!("not tried: this system lets nobody make a PID namespace");
        return;
    };
    let pet = session.order(&format!("{way} {PET} --duration 2"));
    session.wait_for_frames(5);
    assert_eq!(session.finish(&pet), 0);
    session.forget();
    assert_eq!(session.run(&format!("{way} \"$BUDDY_BIN\" hide")), 1);
    let told = session.seen.escape_ascii().to_string();
    assert!(told.contains("outside of this container"), "{told}");
}

#[test]
fn a_pet_in_a_pipe_obeys_too_and_nobody_who_writes_to_one_is_hurt() {
    let home = Home::new();
    let mut command = home.command(BUDDY);
    command.args(["--protocol", "text", "--pet", "null", "--time", "real"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut pet = command.spawn().unwrap();
    let begun = Instant::now();
    while home.sockets() == 0 {
        assert!(begun.elapsed() < LONG, "no socket appeared");
        std::thread::sleep(ms(10));
    }
    home.does(&["off"]);
    assert_eq!(pet.wait().unwrap().code(), Some(0));
    // 200 kB into a pet that is off, with a shell that looks at each exit code.
    let script = "head -c 200000 /dev/zero | \"$0\" --protocol text; echo ${PIPESTATUS[*]}";
    for environment in [("X", "x"), ("BUDDY", "0"), ("CI", "1")] {
        let arguments = if environment.0 == "CI" { "" } else { "--time real" };
        let script = script.replace("--protocol text", arguments);
        let mut bash = home.command("bash");
        let output = bash.args(["-c", &script, BUDDY]).env(environment.0, environment.1).output();
        let output = output.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0 0\n", "{}", said(&output));
        assert_eq!(said(&output), "");
    }
}

#[test]
fn a_pet_without_a_socket_looks_by_itself() {
    let home = Home::new();
    // Too long a path for a socket.
    let long = home.at(&"x".repeat(120));
    fs::create_dir(&long).unwrap();
    let mut session = Session::open(&home, &[("XDG_RUNTIME_DIR", long.to_str().unwrap())]);
    let pet = session.order(PET);
    session.wait_for_frames(5);
    assert_eq!(home.processes(), 2);
    home.does(&["off"]);
    assert_eq!(session.finish(&pet), 0);
}

#[test]
fn scripts_are_functions_of_input_and_flags() {
    let home = Home::new();
    let arguments = ["--protocol", "symbols", "--geometry", "80x24@10x20", "--duration", "2"];
    let play = |in_ci: bool| {
        let mut command = home.command(BUDDY);
        command.args(arguments).stdin(File::open(SESSION).unwrap());
        if in_ci {
            command.env("CI", "true");
        }
        command.output().unwrap()
    };
    let before = play(false);
    assert!(before.status.success() && !before.stdout.is_empty());
    home.write(".config/buddy/config.yaml", "pet: bit\nmotion: none\nsize: 4x4\nskin: ms-dos\n");
    home.write("repo/.buddy.yaml", "off: true\nmotion: none\n");
    home.does(&["off"]);
    assert!(before.stdout == play(false).stdout && before.stdout == play(true).stdout);
    let png = home.at("null.png");
    let render = ["render", "null", "--size", "16x16", "-o", png.to_str().unwrap()];
    assert!(home.buddy(&render).status.success() && png.exists());
}

#[test]
fn a_configuration_says_what_flags_do_not() {
    let home = Home::new();
    let names = "pet: \"null\"\nprotocol: text\nlang: de\n";
    home.write(".config/buddy/config.yaml", names);
    let mut session = Session::open(&home, &[]);
    assert_eq!(session.run("\"$BUDDY_BIN\" --duration 0.5 < /dev/null"), 0);
    let german = String::from_utf8_lossy(&session.seen).into_owned();
    session.forget();
    assert_eq!(session.run("\"$BUDDY_BIN\" --pet bit --lang en --duration 0.5 < /dev/null"), 0);
    let english = String::from_utf8_lossy(&session.seen).into_owned();
    assert!(german.contains("Null"), "{german}");
    assert!(english.contains("Bit") && !english.contains("Null"), "{english}");
    home.write("repo/.buddy.yaml", "pet: haiku\n");
    session.forget();
    assert_eq!(session.run("\"$BUDDY_BIN\" --duration 0.5 < /dev/null"), 0);
    let there = String::from_utf8_lossy(&session.seen).into_owned();
    assert!(there.contains("Haiku"), "{there}");
}

#[test]
fn every_key_is_a_flag() {
    let help = Home::new().buddy(&["play", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    for (key, _) in buddy_render::manners::KEYS {
        let flag = format!("--{}", key.replace('_', "-"));
        assert!(help.contains(&flag), "{flag}");
    }
}

#[test]
fn a_wrong_configuration_is_an_error_with_its_line() {
    let home = Home::new();
    home.write(".config/buddy/config.yaml", "pet: \"null\"\nmotoin: none\n");
    let mut session = Session::open(&home, &[]);
    assert_eq!(session.run("\"$BUDDY_BIN\" --duration 0.5"), 2);
    let told = String::from_utf8_lossy(&session.seen).into_owned();
    assert!(told.contains("config.yaml, line 2: there is no key \"motoin\""), "{told}");
    assert!(told.contains("nearest is \"motion\""), "{told}");
    // What is not played is not kept from working, and status tells.
    let status = home.status();
    assert!(status["config"]["error"].as_str().unwrap().contains("line 2"), "{status}");
    assert_eq!(status["standing"], "on");
    home.does(&["off"]);
    assert_eq!(home.status()["standing"], "off");
    // A repository's slips are told, and the pet plays.
    home.write(".config/buddy/config.yaml", "");
    home.write("repo/.buddy.yaml", "command: rm\nmotion: none\n");
    home.does(&["on"]);
    session.forget();
    assert_eq!(session.run(&format!("{PET} --duration 0.5")), 0);
    let told = String::from_utf8_lossy(&session.seen).into_owned();
    assert!(told.contains("line 1: there is no key \"command\""), "{told}");
    assert_eq!(home.status()["motion"], "none");
}

#[test]
fn status_tells_who_says_so() {
    let home = Home::new();
    home.write(".config/buddy/config.yaml", "quiet_hours: 00:00-12:00, 12:00-00:00\nguests: off\n");
    let told = home.buddy(&["status"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        text.starts_with("quiet: the pet stands still and says nothing (quiet hours"),
        "{text}"
    );
    assert!(text.contains("guests off") && text.contains("\nconfig      "), "{text}");
    home.does(&["quiet"]);
    let status = home.status();
    assert_eq!((&status["standing"], &status["switch"]["quiet"]), (&"quiet".into(), &true.into()));
    assert_eq!(status["because"].as_array().unwrap().len(), 2);
    let on = home.buddy(&["on"]);
    assert!(said(&on).contains("still quiet: quiet hours"), "{}", said(&on));
    fs::write(home.at(".local/state/buddy/switch.json"), "{").unwrap();
    let status = home.status();
    assert_eq!((&status["standing"], &status["switch"]["broken"]), (&"off".into(), &true.into()));
    let mut pet = home.command(BUDDY);
    pet.args(["--protocol", "text", "--time", "real"]).stdin(Stdio::null());
    let pet = pet.output().unwrap();
    assert!(pet.status.success() && pet.stdout.is_empty());
    assert!(said(&pet).contains("buddy-render on makes a new one"), "{}", said(&pet));
    home.does(&["on"]);
    assert_eq!(home.status()["switch"]["broken"], false);
    let wrong = home.buddy(&["quiet", "soon"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("30m"), "{}", said(&wrong));
}
