//! A terminal window of the test's own: it shows the output in an independent model, answers what a
//! terminal answers, and types.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(super) const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the window's terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// kitty's protocol with animation, synchronized updates.
    Kitty,
    /// Sixel, synchronized updates.
    Sixel,
    /// Text alone, and no synchronized updates.
    Plain,
}

pub(super) struct Window {
    pub(super) kind: Kind,
    pty: File,
    slave: File,
    before: Termios,
    pub(super) child: Child,
    /// All output.
    pub(super) seen: Vec<u8>,
    /// Up to where questions were looked for.
    looked: usize,
    pub(super) model: vt100::Parser,
    /// Its sockets and its switch.
    _home: tempfile::TempDir,
    /// Whether questions where the cursor is are answered.
    pub(super) tells: bool,
}

/// The questions that are answered.
const QUESTIONS: [&[u8]; 5] = [b"\x1b[c", b"\x1b[?2026$p", b"\x1b[?6n", b"\x1b[6n", b"\x1b_G"];

impl Window {
    /// A window of 80 × 24 cells of 10 × 20 pixels in which `command` runs.
    pub(super) fn open(kind: Kind, command: &[&str]) -> Self {
        let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        tcsetwinsize(&pty, size(80, 24)).unwrap();
        let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let slave = open();
        let before = tcgetattr(&slave).unwrap();
        let home = tempfile::tempdir().unwrap();
        let runtime = home.path();
        let mut start = Command::new("setsid");
        start.arg("--ctty").args(command);
        for name in ["BUDDY", "BUDDY_SHELL", "TMUX", "NO_MOTION", "NO_COLOR", "CI"] {
            start.env_remove(name);
        }
        let child = start
            .env("XDG_RUNTIME_DIR", runtime)
            .env("XDG_CONFIG_HOME", runtime)
            .env("XDG_STATE_HOME", runtime)
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("PS1", "$ ")
            .stdin(open())
            .stdout(open())
            .stderr(Stdio::from(open()))
            .spawn()
            .unwrap();
        let model = model(24, 80);
        Self {
            kind,
            pty: pty.into(),
            slave,
            before,
            child,
            seen: Vec::new(),
            looked: 0,
            model,
            _home: home,
            tells: true,
        }
    }

    /// One with the pet over `command`.
    pub(super) fn shell(kind: Kind, options: &[&str], command: &[&str]) -> Self {
        let protocol = match kind {
            Kind::Kitty => ["kitty", "animated"],
            Kind::Sixel => ["sixel", ""],
            Kind::Plain => ["symbols", "quadrant"],
        };
        let own = [BUDDY, "shell", "--pet", "null", "--protocol", protocol[0]];
        let tier = ["--tier", protocol[1]];
        let own = [&own[..], if protocol[1].is_empty() { &[] } else { &tier[..] }].concat();
        Self::open(kind, &[&own[..], options, &["--"], command].concat())
    }

    pub(super) fn type_in(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = self.pty.write(&rest[..rest.len().min(1024)]).unwrap();
            rest = &rest[n..];
            self.read_for(ms(1));
        }
    }

    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        self.model.screen_mut().set_size(some(rows), some(cols));
        tcsetwinsize(&self.pty, size(cols, rows)).unwrap();
    }

    /// Reads for so long.
    pub(super) fn read_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let wait = Timespec::try_from(left).unwrap();
            let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
            if poll(&mut fds, Some(&wait)).unwrap() == 0 {
                return;
            }
            let mut part = [0; 65536];
            match self.pty.read(&mut part) {
                Ok(n) if n > 0 => self.take(&part[..n]),
                // All is over: the other side has gone.
                _ => return std::thread::sleep(left.min(ms(20))),
            }
            if left.is_zero() {
                return;
            }
        }
    }

    /// Reads until something was shown since `from`; panics when it is not for long.
    pub(super) fn read_until(&mut self, from: usize, what: &[u8]) -> usize {
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(at) = find(&self.seen[from..], what) {
                return from + at;
            }
            assert!(
                Instant::now() < end,
                "{:?} missing in {}",
                what.escape_ascii().to_string(),
                shortened(&self.seen[from..])
            );
            self.read_for(ms(20));
        }
    }

    /// Reads until the command has ended; its exit code.
    pub(super) fn end(&mut self) -> i32 {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            self.read_for(ms(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                self.read_for(ms(50));
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it does not end");
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.seen.extend_from_slice(bytes);
        while let Some((at, question)) = self.question() {
            // The model is taken up to the question, so that its answer is that of this moment.
            let end = self.looked + at + question.len();
            self.model.process(&self.seen[self.looked..end]);
            self.looked = end;
            self.answer(question);
        }
        // The last bytes may be the beginning of one.
        let safe = self.seen.len().saturating_sub(12).max(self.looked);
        self.model.process(&self.seen[self.looked..safe]);
        self.looked = safe;
    }

    /// Has the model show all that came.
    pub(super) fn settle(&mut self) {
        self.read_for(ms(100));
        self.model.process(&self.seen[self.looked..]);
        self.looked = self.seen.len();
    }

    fn question(&self) -> Option<(usize, &'static [u8])> {
        let rest = &self.seen[self.looked..];
        QUESTIONS.iter().filter_map(|q| find(rest, q).map(|at| (at, *q))).min_by_key(|(at, _)| *at)
    }

    fn answer(&mut self, question: &[u8]) {
        let (row, col) = self.model.screen().cursor_position();
        // It stays in the last column until the next character.
        let col = col.min(self.model.screen().size().1.get() - 1);
        let answer = match question {
            b"\x1b[c" => b"\x1b[?62;4c".to_vec(),
            b"\x1b[?2026$p" if self.kind != Kind::Plain => b"\x1b[?2026;2$y".to_vec(),
            b"\x1b[?6n" if self.tells => format!("\x1b[?{};{}R", row + 1, col + 1).into_bytes(),
            b"\x1b[6n" => format!("\x1b[{};{}R", row + 1, col + 1).into_bytes(),
            _ => return,
        };
        self.pty.write_all(&answer).unwrap();
    }

    pub(super) fn count(&self, what: &[u8]) -> usize {
        self.seen.windows(what.len()).filter(|window| *window == what).count()
    }

    /// Asserts that the terminal's modes are as they were found.
    pub(super) fn assert_restored(&self) {
        let now = tcgetattr(&self.slave).unwrap();
        let modes = |t: &Termios| (t.input_modes, t.output_modes, t.local_modes);
        assert_eq!(modes(&now), modes(&self.before));
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Output with the data of pictures left out, and no more than its end.
fn shortened(bytes: &[u8]) -> String {
    let parts = bytes.split_inclusive(|byte| *byte == b'\\');
    let short = parts.map(|part| match find(part, b";") {
        Some(at) if part.len() > at + 60 => [&part[..at], b";..."].concat(),
        _ => part.to_vec(),
    });
    let text = short.collect::<Vec<_>>().concat().escape_ascii().to_string();
    text[text.len().saturating_sub(3000)..].to_owned()
}

fn size(cols: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: cols, ws_xpixel: cols * 10, ws_ypixel: rows * 20 }
}

/// The independent model of a terminal.
pub(super) fn model(rows: u16, cols: u16) -> vt100::Parser {
    vt100::Parser::new(some(rows), some(cols), 2000)
}

fn some(size: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(size).unwrap()
}

pub(super) fn find(all: &[u8], what: &[u8]) -> Option<usize> {
    all.windows(what.len()).position(|window| window == what)
}
