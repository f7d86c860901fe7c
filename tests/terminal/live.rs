//! The program on a pseudoterminal, with a reader that is quick, slow, silent or asleep.

use buddy_render::mood::OneClip;
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::player::live::{self, KeyAction, Live};
use buddy_render::player::{Guests, Motion, Player, Settings, encoder, layout};
use buddy_render::terminal::outbox::SLICE;
use buddy_render::terminal::{Database, EnvHints, Protocol, Signals, Terminal};
use buddy_render::units::Corner;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Termios, Winsize};
use rustix::termios::{tcgetattr, tcsetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const QUESTION: &[u8] = b"\x1b[5n";
const DONE: &[u8] = b"<done>";
const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");
/// A frame of a pet in sixel is shorter.
const FRAME: usize = 24_000;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A shell with a program in it, and our end of their terminal.
struct Session {
    pty: File,
    slave: File,
    before: Termios,
    child: Child,
    seen: Vec<u8>,
    /// Up to where questions were looked for.
    looked: usize,
}

/// How long after a frame's question it is answered; never if nothing.
type Delay = Option<Duration>;

impl Session {
    /// Runs `command` in a shell that leads the terminal's session, and says so at its end.
    fn start(command: &str) -> Self {
        let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 800, ws_ypixel: 480 };
        tcsetwinsize(&pty, size).unwrap();
        let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let script = format!("{command}; printf '<''done>'; sleep 30");
        let child = Command::new("setsid")
            .args(["--ctty", "sh", "-c", &script])
            .env_remove("BUDDY")
            .env_remove("CI")
            .env("HOME", "/nonexistent")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("TMUX")
            .env_remove("NO_MOTION")
            .env_remove("NO_COLOR")
            .env("BUDDY_TEST_PART", "live")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .stdin(open())
            .stdout(open())
            .stderr(Stdio::from(open()))
            .spawn()
            .unwrap();
        let slave = open();
        let before = tcgetattr(&slave).unwrap();
        Self { pty: pty.into(), slave, before, child, seen: Vec::new(), looked: 0 }
    }

    fn buddy(arguments: &str) -> Self {
        Self::start(&format!("{BUDDY} --pet null --size 16x8 {arguments}"))
    }

    fn type_in(&mut self, bytes: &[u8]) {
        self.pty.write_all(bytes).unwrap();
    }

    /// Reads what comes within `time`, up to `quiet` without anything.
    fn read_for(&mut self, time: Duration, quiet: Duration, delay: Delay) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let wait = Timespec::try_from(left.min(quiet)).unwrap();
            let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
            if poll(&mut fds, Some(&wait)).unwrap() == 0 {
                return;
            }
            let mut part = [0; 65536];
            let n = self.pty.read(&mut part).unwrap();
            self.seen.extend_from_slice(&part[..n]);
            self.answer(delay);
        }
    }

    fn read_on(&mut self, time: Duration, delay: Delay) {
        self.read_for(time, ms(60_000), delay);
    }

    /// Answers the probe at once, and the questions about frames after `delay`.
    fn answer(&mut self, delay: Delay) {
        while let Some((at, length)) = self.question() {
            let probe = length == 3;
            self.looked += at + length;
            if probe {
                self.type_in(b"\x1b[?62;4c");
            } else if let Some(delay) = delay {
                std::thread::sleep(delay);
                self.type_in(b"\x1b[0n");
            }
        }
    }

    fn question(&self) -> Option<(usize, usize)> {
        let rest = &self.seen[self.looked..];
        let find = |what: &[u8]| rest.windows(what.len()).position(|w| w == what);
        let probe = find(b"\x1b[c").map(|at| (at, 3));
        probe.into_iter().chain(find(QUESTION).map(|at| (at, 4))).min()
    }

    fn count(&self, what: &[u8]) -> usize {
        self.seen.windows(what.len()).filter(|w| *w == what).count()
    }

    fn has(&self, what: &[u8]) -> bool {
        self.count(what) > 0
    }

    /// Reads until the shell says that the program has ended; tells how long that took.
    fn end(&mut self, delay: Delay) -> Duration {
        let began = Instant::now();
        while !self.has(DONE) {
            assert!(began.elapsed() < ms(8000), "{}", self.seen.escape_ascii());
            self.read_for(ms(100), ms(100), delay);
        }
        began.elapsed()
    }

    /// The modes are as they were, and nothing is left that the shell would take for typing.
    fn check_left_clean(&self) {
        let mut modes = tcgetattr(&self.slave).unwrap();
        assert_eq!(modes.local_modes, self.before.local_modes);
        assert_eq!(modes.input_modes, self.before.input_modes);
        // A line that is not complete counts only where lines do not.
        modes.local_modes -= LocalModes::ICANON;
        tcsetattr(&self.slave, OptionalActions::Now, &modes).unwrap();
        assert_eq!(rustix::io::ioctl_fionread(&self.slave).unwrap(), 0, "something is left");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_quick_reader_gets_frames_each_asked_about_once() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(4000), Some(Duration::ZERO));
    let frames = session.count(b"\x1b7");
    let asked = session.count(QUESTION);
    assert!(frames > 10 && asked > 10, "{frames} {asked}");
    assert!(asked.abs_diff(frames) <= 2, "{frames} {asked}");
    session.type_in(b"q");
    session.end(Some(ms(100)));
    session.check_left_clean();
}

#[test]
fn a_reader_that_sleeps_finds_little_to_catch_up_on() {
    for protocol in ["symbols", "sixel"] {
        let mut session = Session::buddy(&format!("--protocol {protocol}"));
        session.read_on(ms(2000), Some(Duration::ZERO));
        assert!(session.has(QUESTION), "{protocol}: {}", session.seen.escape_ascii());
        std::thread::sleep(ms(5000));
        let before = session.seen.len();
        // All that was on its way comes without a pause; nothing more without an answer.
        session.read_for(ms(1000), ms(150), None);
        let queued = session.seen.len() - before;
        assert!(queued <= SLICE + FRAME, "{protocol}: {queued}");
        session.type_in(b"\x1b[0n");
        session.read_on(ms(1500), Some(Duration::ZERO));
        assert!(session.seen.len() > before + queued, "{protocol}: it goes on");
        session.type_in(b"q");
        session.end(Some(Duration::ZERO));
        session.check_left_clean();
    }
}

#[test]
fn a_key_ends_it_while_nobody_reads() {
    for protocol in ["symbols", "sixel"] {
        let mut session = Session::buddy(&format!("--protocol {protocol}"));
        session.read_on(ms(1500), Some(Duration::ZERO));
        std::thread::sleep(ms(2500));
        session.type_in(b"q");
        std::thread::sleep(ms(4000));
        let modes = tcgetattr(&session.slave).unwrap();
        assert_eq!(modes.local_modes, session.before.local_modes, "{protocol}");
        session.end(None);
        session.check_left_clean();
    }
}

#[test]
fn a_slow_reader_gets_fewer_frames_and_no_old_ones() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(1000), Some(Duration::ZERO));
    // It takes a few slow answers to know it for a slow one.
    session.read_on(ms(2000), Some(ms(200)));
    let before = session.count(QUESTION);
    let began = Instant::now();
    session.read_on(ms(4000), Some(ms(200)));
    let rate = (session.count(QUESTION) - before) as f64 / began.elapsed().as_secs_f64();
    // One under way at a time would be five.
    assert!((1.0..4.0).contains(&rate), "{rate} frames a second");
    // The reader is never behind by more than the frame that it was asked about.
    session.read_for(ms(50), ms(50), None);
    let rest = session.seen.split(|byte| *byte == 0x1b).rev();
    assert!(rest.take_while(|part| *part != b"[5n").count() < 400);
    session.type_in(b"q");
    session.end(Some(ms(50)));
    session.check_left_clean();
}

#[test]
fn a_reader_that_never_answers_gets_its_pet() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(5000), None);
    assert_eq!(session.count(QUESTION), 1, "asked once, and then seldom");
    assert!(session.count(b"\x1b7") > 10, "{}", session.count(b"\x1b7"));
    session.type_in(b"q");
    session.end(None);
    session.check_left_clean();
}

/// Plays and records keys; `a_key_among_answers_arrives_once` starts it as a program of its own.
#[test]
#[ignore = "a part of another test"]
fn keys() {
    let mut terminal = Terminal::open().unwrap();
    let mut signals = Signals::new().unwrap();
    terminal.probe(&EnvHints::default(), &Database::embedded().unwrap()).unwrap();
    let choice = encoder::unasked(Protocol::Symbols, "80x24@10x20".parse().unwrap(), None).unwrap();
    let settings = Settings {
        geometry: choice.geometry,
        size: layout::DEFAULT_SIZE,
        corner: Corner::TopRight,
        motion: Motion::Full,
        frame_rate: 10.0,
        speech: false,
        ahead: false,
    };
    let guests = Guests {
        host: Arc::new(catalog::load("null").unwrap()),
        visitors: Vec::new(),
        outfit: Outfit::default(),
    };
    let mind = Box::new(OneClip::new("purr"));
    let mut player = Player::new(settings, mind, guests, encoder::encoder(&choice, 1)).unwrap();
    let mut keys = Vec::new();
    let mut on_key = |key: &[u8]| {
        keys.extend_from_slice(key);
        if key == b"!" { KeyAction::Quit } else { KeyAction::Ignore }
    };
    let mut live = Live {
        bus: None,
        limit: None,
        synchronized: false,
        watches: false,
        cursor_shown: true,
        cell: choice.geometry.cell,
        manners: None,
        on_key: &mut on_key,
    };
    live::run(&mut player, &mut terminal, &mut signals, &mut live).unwrap();
    drop(terminal);
    println!("<keys {}>", keys.escape_ascii());
}

#[test]
fn a_key_among_answers_arrives_once() {
    let program = std::env::current_exe().unwrap();
    let command = "--ignored --exact --nocapture live::keys";
    let mut session = Session::start(&format!("{} {command}", program.display()));
    session.read_on(ms(1500), Some(Duration::ZERO));
    let mut typed = Vec::new();
    for (at, key) in "abcdefghijkä€🐢\u{1b}lmnop".chars().enumerate() {
        let key = key.to_string();
        session.read_on(ms(97), Some(ms(3)));
        session.type_in(key.as_bytes());
        if at % 3 == 0 {
            session.read_on(ms(80), Some(ms(20)));
        }
        typed.extend_from_slice(key.as_bytes());
    }
    session.read_on(ms(300), Some(Duration::ZERO));
    session.type_in(b"!");
    session.end(Some(Duration::ZERO));
    let told = format!("<keys {}!>", typed.escape_ascii());
    assert!(session.has(told.as_bytes()), "{told} {}", session.seen.escape_ascii());
    session.check_left_clean();
}

/// The process ids of the program and of its guardian.
fn processes(session: &Session) -> (Option<u32>, Option<u32>) {
    let children = |id: u32| -> Vec<u32> {
        let path = format!("/proc/{id}/task/{id}/children");
        let list = std::fs::read_to_string(path).unwrap_or_default();
        list.split_whitespace().map(|id| id.parse().unwrap()).collect()
    };
    let program = children(session.child.id()).first().copied();
    (program, program.and_then(|program| children(program).first().copied()))
}

fn kill(id: u32, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
}

fn is_gone(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_none_or(|rest| rest.trim().is_empty())
}

/// Whether it has ended; its parent may still have to look at how.
fn has_ended(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    is_gone(id) || state.contains(") Z ")
}

/// Whether it has ended within a second. In a container nobody may clear up after orphans.
fn goes(id: u32) -> bool {
    let began = Instant::now();
    while !has_ended(id) {
        if began.elapsed() > ms(1000) {
            return false;
        }
        std::thread::sleep(ms(5));
    }
    true
}

#[test]
fn a_killed_pet_is_taken_off_the_screen_all_the_same() {
    for protocol in ["symbols", "kitty"] {
        let mut session = Session::buddy(&format!("--protocol {protocol}"));
        session.read_on(ms(2000), Some(Duration::ZERO));
        let held = tcgetattr(&session.slave).unwrap();
        assert_ne!(held.local_modes, session.before.local_modes);
        let (program, guardian) = processes(&session);
        let (program, guardian) = (program.unwrap(), guardian.unwrap());
        let before = session.seen.len();
        kill(program, rustix::process::Signal::KILL);
        assert!(goes(guardian), "{protocol}: the guardian stays");
        session.end(None);
        session.read_for(ms(100), ms(100), None);
        let seen = session.seen[before..].to_vec();
        let erases: &[u8] = if protocol == "kitty" { b"a=d,d=I" } else { b"        " };
        assert!(
            seen.windows(erases.len()).any(|part| part == erases),
            "{protocol}: {}",
            seen.escape_ascii()
        );
        assert!(seen.windows(3).any(|part| part == b"\x18\x1b\\"), "{}", seen.escape_ascii());
        let after = tcgetattr(&session.slave).unwrap();
        assert_eq!(after.local_modes, session.before.local_modes, "{protocol}");
    }
}

#[test]
fn a_killed_pet_touches_nobody_elses_modes() {
    // The next program in the same shell sets modes of its own before the guardian can know.
    let mut session = Session::start(&format!("{BUDDY} --protocol symbols"));
    session.read_on(ms(1500), Some(Duration::ZERO));
    let (program, guardian) = processes(&session);
    let (program, guardian) = (program.unwrap(), guardian.unwrap());
    let mut modes = tcgetattr(&session.slave).unwrap();
    modes.local_modes -= LocalModes::ISIG;
    tcsetattr(&session.slave, OptionalActions::Now, &modes).unwrap();
    kill(program, rustix::process::Signal::KILL);
    assert!(goes(guardian));
    assert_eq!(tcgetattr(&session.slave).unwrap().local_modes, modes.local_modes);
}

#[test]
fn a_guardian_goes_silently_with_its_pet() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(1500), Some(Duration::ZERO));
    let (_, guardian) = processes(&session);
    let guardian = guardian.unwrap();
    let command = std::fs::read_to_string(format!("/proc/{guardian}/comm")).unwrap();
    assert_eq!(command.trim(), "buddy-guardian");
    session.type_in(b"q");
    session.end(Some(Duration::ZERO));
    assert!(is_gone(guardian), "it is gone before the shell goes on");
    assert!(!session.has(b"\x18"), "{}", session.seen.escape_ascii());
    session.check_left_clean();
}

#[test]
fn a_pet_goes_on_without_its_guardian() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(1500), Some(Duration::ZERO));
    let (_, guardian) = processes(&session);
    let guardian = guardian.unwrap();
    kill(guardian, rustix::process::Signal::KILL);
    let before = session.count(QUESTION);
    session.read_on(ms(1500), Some(Duration::ZERO));
    assert!(session.count(QUESTION) > before, "it goes on");
    assert!(is_gone(guardian), "no zombie stays");
    session.type_in(b"q");
    session.end(Some(Duration::ZERO));
    session.check_left_clean();
}

#[test]
fn a_guardian_that_does_not_listen_holds_up_nobody() {
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(1500), Some(Duration::ZERO));
    let (_, guardian) = processes(&session);
    let guardian = guardian.unwrap();
    kill(guardian, rustix::process::Signal::STOP);
    session.read_on(ms(1000), Some(Duration::ZERO));
    session.type_in(b"q");
    assert!(session.end(Some(Duration::ZERO)) < ms(2000));
    assert!(is_gone(guardian));
    session.check_left_clean();
}

#[test]
fn a_guardian_of_nothing_goes_at_once() {
    let mut guardian = Command::new(BUDDY)
        .arg(buddy_render::terminal::guardian::ARGUMENT)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while guardian.try_wait().unwrap().is_none() {
        if began.elapsed() > ms(2000) {
            guardian.kill().unwrap();
            panic!("it stays");
        }
        std::thread::sleep(ms(5));
    }
}

fn read_until_asked(session: &mut Session) {
    while !session.has(b"\x1b[c") {
        let mut part = [0; 4096];
        let n = session.pty.read(&mut part).unwrap();
        session.seen.extend_from_slice(&part[..n]);
    }
    session.looked = session.seen.len();
}

/// What kitty answers to the probe's trial of its protocol, for the ids that are in it.
fn answer_as_kitty(session: &mut Session) {
    read_until_asked(session);
    let text = String::from_utf8_lossy(&session.seen).into_owned();
    let id = text.split("a=q,i=").nth(1).unwrap().split(',').next().unwrap();
    let id: u32 = id.parse().unwrap();
    let answer = |n: u32, code: &str| format!("\x1b_Gi={};{code}\x1b\\", id + n);
    let answers = [answer(0, "OK"), answer(1, "OK"), answer(3, "ENOENT:no"), answer(2, "OK")];
    session.type_in((answers.concat() + "\x1bP>|kitty(0.41.1)\x1b\\\x1b[?62;c").as_bytes());
}

/// The ids of pictures that are asked about: put with q=1.
fn asked_about(seen: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(seen).into_owned();
    let puts = text.split("\x1b_Ga=p,i=").skip(1).map(|put| put.split('\x1b').next().unwrap());
    let asks = puts.filter(|put| put.ends_with(",q=1"));
    asks.map(|put| put.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn a_picture_that_was_wiped_comes_back() {
    let mut session = Session::buddy("--protocol kitty");
    answer_as_kitty(&mut session);
    session.read_on(ms(3000), Some(Duration::ZERO));
    assert_eq!(session.count(b"a=f,"), session.count(b"a=f,i="));
    let loads = |session: &Session| session.count(b"\x1b_Ga=t,");
    let uploaded = loads(&session);
    assert!(uploaded > 2, "the probe's two and a clip: {uploaded}");
    // It is there: nothing is answered, and nothing more is sent.
    session.read_on(ms(9000), Some(Duration::ZERO));
    let asked = asked_about(&session.seen);
    assert_eq!((asked.len(), loads(&session)), (1, uploaded), "{asked:?}");
    session.type_in(format!("\x1b_Gi={},p=1;ENOENT:gone\x1b\\", asked[0]).as_bytes());
    session.read_on(ms(1500), Some(Duration::ZERO));
    assert!(loads(&session) > uploaded, "it is loaded again");
    // Somebody else's picture is none of ours; Ctrl-L is a wish.
    let again = loads(&session);
    session.type_in(b"\x1b_Gi=16777215,p=1;ENOENT:gone\x1b\\");
    session.read_on(ms(500), Some(Duration::ZERO));
    assert_eq!(loads(&session), again);
    session.type_in(b"\x0c");
    session.read_on(ms(1500), Some(Duration::ZERO));
    assert!(loads(&session) > again);
    session.type_in(b"q");
    session.end(Some(Duration::ZERO));
    session.check_left_clean();
}

#[test]
fn a_pet_that_nobody_sees_rests() {
    let mut session = Session::buddy("--protocol symbols");
    read_until_asked(&mut session);
    session.type_in(b"\x1b[?2033;2$y\x1b[?62;c");
    session.read_on(ms(2500), Some(Duration::ZERO));
    assert!(session.has(b"\x1b[?2033h") && session.count(QUESTION) > 5);
    session.type_in(b"\x1b[?999;2n");
    session.read_on(ms(500), Some(Duration::ZERO));
    let before = session.count(QUESTION);
    session.read_on(ms(2000), Some(Duration::ZERO));
    assert_eq!(session.count(QUESTION), before, "nothing is drawn");
    session.type_in(b"\x1b[?999;1n");
    session.read_on(ms(1500), Some(Duration::ZERO));
    assert!(session.count(QUESTION) > before + 2, "it goes on");
    session.type_in(b"q");
    session.end(Some(Duration::ZERO));
    assert!(session.has(b"\x1b[?2033l"));
    session.check_left_clean();
    // Whoever knows nothing of it is not told of it.
    let mut session = Session::buddy("--protocol symbols");
    session.read_on(ms(1000), Some(Duration::ZERO));
    session.type_in(b"q");
    session.end(Some(Duration::ZERO));
    assert!(!session.has(b"\x1b[?2033h") && !session.has(b"\x1b[?2033l"));
}
