//! The controlling terminal: opening, reading, writing, probing, stopping.

use super::guard::{Guard, system, timespec};
use super::probe::{Answers, BUDGET, EnvHints, Questions};
use super::reply::{Reply, ReplyParser};
use super::{Alarm, Database, Offer, Signals, Terminal, TerminalError, TtySize};
use super::{RESTORE_CURSOR, SAVE_CURSOR};
use crate::units::{CellPosition, CellSize, PixelSize};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, retry_on_intr};
use rustix::termios::{QueueSelector, Termios, tcflush, tcgetwinsize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a terminal that takes no bytes is waited for.
const WRITE_PATIENCE: Duration = Duration::from_secs(2);
/// How long after the questions an answer may still come.
const LATE: Duration = Duration::from_millis(1250);
/// How long the end of the program waits for answers that are still owed: a silent terminal, which
/// is rare, makes a program that ends at once seem slow; a shell that gets them types rubbish.
const LAST_WAIT: Duration = Duration::from_millis(750);
/// How long the end of the program waits for the answer to the last question whether a frame was
/// read ([`Terminal::expect_status`]).
const LAST_STATUS: Duration = Duration::from_millis(250);
/// How long the rest of a reply may take, while one is awaited, before what came of it was a key.
const WITHIN_A_REPLY: Duration = Duration::from_millis(250);
/// How long the terminal around tmux may take longer than tmux itself.
const AROUND_TMUX: Duration = Duration::from_millis(80);
/// What is between two bytes of one reply or key; longer, and ESC was the Escape key.
const WITHIN_A_KEY: Duration = Duration::from_millis(50);
/// Keys kept while probing; more is a paste by accident.
const MOST_KEPT: usize = 4096;

/// The controlling terminal, in raw mode until it is dropped.
#[derive(Debug)]
pub struct Tty {
    guard: Guard,
    parser: ReplyParser,
    last_byte: Instant,
    /// Keys that came while answers were awaited.
    kept: Vec<Reply>,
    owed: Option<Owed>,
    /// How long it took to answer the probe's last question, if it has.
    answer_time: Option<Duration>,
    /// Questions whether a frame was read that were not answered yet.
    statuses: u32,
    /// Answers that were complete after the probe had ended.
    late: Option<Answers>,
}

/// Questions whose fence has not come, and what came so far.
#[derive(Debug)]
struct Owed {
    asked: Questions,
    answers: Answers,
    began: Instant,
}

/// What can be read without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Something came from the terminal: [`Terminal::read_replies`].
    pub replies: bool,
    /// A signal came: [`Signals::take`].
    pub signals: bool,
}

/// What a terminal tells of where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The cursor's cell.
    pub cursor: Option<CellPosition>,
    /// It answered the question of the Program Status Protocol.
    pub takes_status: bool,
}

/// What [`Terminal::wait`] waits for besides the terminal's replies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Awaited<'a> {
    /// Signals.
    pub signals: Option<&'a Signals>,
    /// Another thread's bell.
    pub alarm: Option<&'a Alarm>,
    /// That the terminal takes bytes.
    pub room: bool,
}

/// `/dev/tty`, or the name behind a standard stream where that cannot be polled (macOS).
fn open_controlling() -> Result<OwnedFd, TerminalError> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if cfg!(target_vendor = "apple") {
        let streams = [rustix::stdio::stderr(), rustix::stdio::stdout(), rustix::stdio::stdin()];
        for stream in streams {
            if let Ok(name) = rustix::termios::ttyname(stream, Vec::new())
                && let Ok(tty) = open(name.as_c_str(), flags, Mode::empty())
            {
                return Ok(tty);
            }
        }
    }
    retry_on_intr(|| open(c"/dev/tty", flags, Mode::empty()))
        .map_err(|errno| TerminalError::NoTerminal(errno.into()))
}

impl Terminal<Tty> {
    /// Opens the controlling terminal and takes its keys: no echo, no waiting for Enter. Dropping
    /// the terminal restores it, and so does a panic.
    ///
    /// # Errors
    /// [`TerminalError::NoTerminal`] without one, [`TerminalError::Background`] when another job
    /// has it.
    pub fn open() -> Result<Self, TerminalError> {
        let guard = Guard::new(open_controlling()?)?;
        guard.enter_raw()?;
        Ok(Self::new(Tty {
            guard,
            parser: ReplyParser::new(),
            last_byte: Instant::now(),
            kept: Vec::new(),
            owed: None,
            answer_time: None,
            statuses: 0,
            late: None,
        }))
    }

    /// Lets every byte through as it is, both ways, for whoever stands between it and a program; keys
    /// are then read with [`Terminal::read_bytes`].
    ///
    /// # Errors
    /// [`TerminalError::Background`] while another job has it.
    pub fn let_through(&mut self) -> Result<(), TerminalError> {
        let guard = &self.get_ref().guard;
        guard.let_through();
        guard.enter_raw()
    }

    /// The terminal's modes as they were found.
    #[must_use]
    pub fn original_modes(&self) -> &Termios {
        self.get_ref().guard.original()
    }

    /// Appends what came, as it came, without waiting: what was typed while answers were awaited
    /// comes first.
    ///
    /// # Errors
    /// [`TerminalError::Closed`] when the terminal is gone.
    pub fn read_bytes(&mut self, out: &mut Vec<u8>) -> Result<(), TerminalError> {
        let tty = self.get_mut();
        for reply in tty.kept.drain(..) {
            if let Reply::Key(key) = reply {
                out.extend_from_slice(&key);
            }
        }
        tty.parser.take_held(out);
        let mut bytes = [0; 4096];
        match rustix::io::read(tty.guard.fd(), &mut bytes) {
            Ok(0) => Err(TerminalError::Closed),
            Ok(n) => {
                out.extend_from_slice(bytes.get(..n).unwrap_or_default());
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(errno) => Err(system(errno)),
        }
    }

    /// Where the cursor is (DECXCPR), and whether the terminal takes reports of what programs do (OSC
    /// 7501), if it tells within `patience`. Keys that come meanwhile are kept.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask_place(&mut self, patience: Duration) -> Result<Place, TerminalError> {
        self.write(b"\x1b]7501;?\x1b\\\x1b[?6n")?;
        let tty = self.get_mut();
        let deadline = Instant::now() + patience;
        let mut place = Place::default();
        while place.cursor.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let mut replies = Vec::new();
            tty.read_raw(left, &mut replies)?;
            tty.leave_out_late(&mut replies);
            for reply in replies {
                match reply {
                    Reply::TakesStatus => place.takes_status = true,
                    Reply::CursorReport { row, col } => {
                        let zero_based = |at: u16| at.saturating_sub(1);
                        let at = CellPosition { row: zero_based(row), col: zero_based(col) };
                        place.cursor = Some(at);
                    }
                    other => tty.keep(other),
                }
            }
        }
        Ok(place)
    }

    /// Whether answers to [`Terminal::probe`] may still come.
    #[must_use]
    pub fn owes_answers(&self) -> bool {
        self.get_ref().owed.as_ref().is_some_and(|owed| owed.began.elapsed() < LATE)
    }

    /// Takes a reply that came among the bytes, if it is a late answer to [`Terminal::probe`]; tells
    /// whether it was.
    pub fn take_late(&mut self, reply: Reply) -> bool {
        let tty = self.get_mut();
        let mut replies = vec![reply];
        tty.leave_out_late(&mut replies);
        replies.is_empty()
    }

    /// Starts `program`, which must call [`guardian::run`](super::guardian::run) when its first
    /// argument is [`guardian::ARGUMENT`](super::guardian::ARGUMENT), so that it puts the terminal
    /// back if we are killed. Without one, or when that one is killed, everything else goes on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_guardian(&mut self, program: &Path) -> io::Result<()> {
        self.get_mut().guard.start_guardian(program)
    }

    /// Sends the guardian away, for who has nothing more to clear up.
    pub fn dismiss_guardian(&mut self) {
        self.get_mut().guard.dismiss();
    }

    /// The window's size (`TIOCGWINSZ`, tty_ioctl(4)).
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> Result<TtySize, TerminalError> {
        let tty = self.get_ref();
        let size = retry_on_intr(|| tcgetwinsize(tty.guard.fd())).map_err(system)?;
        let pixels = (size.ws_xpixel > 0 && size.ws_ypixel > 0)
            .then(|| PixelSize::new(size.ws_xpixel.into(), size.ws_ypixel.into()));
        Ok(TtySize { cells: CellSize::new(size.ws_col, size.ws_row), pixels })
    }

    /// Whether our job has the terminal.
    #[must_use]
    pub fn is_foreground(&self) -> bool {
        self.get_ref().guard.in_foreground()
    }

    /// Sets what is written when the terminal is left, however that comes: what takes our pictures
    /// off the screen. The cursor is saved and restored around it.
    pub fn set_farewell(&self, bytes: &[u8]) {
        let guard = &self.get_ref().guard;
        if bytes.is_empty() {
            return guard.set_farewell(&[]);
        }
        guard.set_farewell(&[SAVE_CURSOR, bytes, RESTORE_CURSOR].concat());
    }

    /// Asks the terminal what it can, within [`BUDGET`]. Keys that come meanwhile are kept for
    /// [`Terminal::read_replies`]; answers that come later are taken out of its stream.
    ///
    /// # Errors
    /// When the terminal is gone. One that answers nothing is no error.
    pub fn probe(
        &mut self,
        hints: &EnvHints,
        database: &Database,
    ) -> Result<Answers, TerminalError> {
        let tmux = super::tmux::ask(hints);
        let asked = Questions::new(fastrand::u32(..), database, hints, tmux.as_ref());
        let mut answers = Answers { tty: self.size().ok(), tmux, ..Answers::default() };
        let began = Instant::now();
        if asked.any() {
            self.write(&asked.bytes())?;
            let tty = self.get_mut();
            let fenced = tty.await_answers(&asked, &mut answers, began)?;
            tty.answer_time = fenced;
            if fenced.is_none() {
                let answers = answers.clone();
                tty.owed = Some(Owed { asked, answers, began });
            }
        }
        answers.took = began.elapsed();
        Ok(answers)
    }

    /// What came from the terminal, waiting for it up to `timeout`: keys, and replies to what the
    /// caller asked. Late answers to [`Terminal::probe`] are left out.
    ///
    /// # Errors
    /// [`TerminalError::Closed`] when the terminal is gone.
    pub fn read_replies(&mut self, timeout: Duration) -> Result<Vec<Reply>, TerminalError> {
        let tty = self.get_mut();
        let mut replies = std::mem::take(&mut tty.kept);
        let timeout = if replies.is_empty() { timeout } else { Duration::ZERO };
        tty.read(timeout, &mut replies)?;
        tty.leave_out_late(&mut replies);
        tty.count_statuses(&replies);
        Ok(replies)
    }

    /// The answers to [`Terminal::probe`], once, if they were complete only after it had returned,
    /// as over a slow line: a better choice may be made of them. They come in as
    /// [`Terminal::read_replies`] is called.
    pub fn late_answers(&mut self) -> Option<Answers> {
        self.get_mut().late.take()
    }

    /// Whether it may be asked whether it has read a frame: it has answered the probe, and its
    /// input is still ours alone, as far as its modes tell. A program that asks for a password
    /// changes them, and must not get the answer typed into it.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        let tty = self.get_ref();
        tty.answer_time.is_some() && tty.guard.holds_input()
    }

    /// How long it took to answer the probe, if only late; none where it has not.
    #[must_use]
    pub fn answer_time(&self) -> Option<Duration> {
        self.get_ref().answer_time
    }

    /// Notes that DSR 5 was sent, whose answer is ours. [`Terminal::read_replies`] gives it, as
    /// [`Reply::Status`]; at the end it is waited for, shortly, so that it is not typed into a
    /// prompt.
    pub fn expect_status(&mut self) {
        let tty = self.get_mut();
        tty.statuses = tty.statuses.saturating_add(1);
    }

    /// Waits for the terminal or for what is `awaited`, up to `timeout`. A signal that is not
    /// watched ends the wait early.
    ///
    /// # Errors
    /// When the system cannot wait.
    pub fn wait(
        &mut self,
        awaited: Awaited<'_>,
        timeout: Duration,
    ) -> Result<Ready, TerminalError> {
        let tty = self.get_ref();
        let timeout = tty.patience(timeout);
        let fd = tty.guard.fd();
        let room = if awaited.room { PollFlags::OUT } else { PollFlags::empty() };
        let mut fds = vec![PollFd::new(&fd, PollFlags::IN | room)];
        fds.extend(awaited.signals.map(|s| PollFd::new(s, PollFlags::IN)));
        fds.extend(awaited.alarm.map(|a| PollFd::new(a, PollFlags::IN)));
        // Nothing is asked of it: that it broke is told in any case.
        fds.extend(tty.guard.watch().map(|watch| PollFd::new(watch, PollFlags::empty())));
        match poll(&mut fds, Some(&timespec(timeout))) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(system(errno)),
        }
        let ready = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
        let ready = Ready {
            replies: ready(0) || tty.has_waited() || !tty.kept.is_empty(),
            signals: awaited.signals.is_some() && ready(1),
        };
        let gone = tty.guard.watch().is_some()
            && fds.last().is_some_and(|watch| !watch.revents().is_empty());
        drop(fds);
        if gone {
            self.get_mut().guard.bury();
        }
        Ok(ready)
    }

    /// Stops as Ctrl-Z asks: says farewell, restores the terminal, stops, and takes it again when
    /// continued. Everything is to be drawn anew after it.
    ///
    /// # Errors
    /// [`TerminalError::Background`] when it was continued there (`bg`): wait for the next
    /// [`Signal::Continue`](super::Signal::Continue), then [`Terminal::resume`].
    pub fn suspend(&mut self) -> Result<(), TerminalError> {
        let tty = self.get_mut();
        tty.settle();
        tty.guard.leave();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
            .map_err(TerminalError::from)?;
        self.resume()
    }

    /// Takes the terminal again after it was left.
    ///
    /// # Errors
    /// [`TerminalError::Background`] while another job has it.
    pub fn resume(&mut self) -> Result<(), TerminalError> {
        self.get_mut().guard.enter_raw()
    }
}

impl Tty {
    /// Reads answers until all came or the time is over, and tells how long after `began` the
    /// fence did.
    fn await_answers(
        &mut self,
        asked: &Questions,
        answers: &mut Answers,
        began: Instant,
    ) -> Result<Option<Duration>, TerminalError> {
        let mut deadline = began + BUDGET;
        let mut fenced = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(fenced);
            }
            let mut replies = Vec::new();
            self.read_raw(left, &mut replies)?;
            for reply in replies {
                if let Some(other) = answers.take(reply, asked) {
                    self.keep(other);
                }
            }
            if answers.fenced() && fenced.is_none() {
                fenced = Some(began.elapsed());
                deadline = deadline.min(Instant::now() + AROUND_TMUX);
            }
            if fenced.is_some() && (!asked.beyond_fence() || answers.kitty.is_complete()) {
                return Ok(fenced);
            }
        }
    }

    fn keep(&mut self, reply: Reply) {
        if matches!(reply, Reply::Key(_)) && self.kept.len() < MOST_KEPT {
            self.kept.push(reply);
        }
    }

    /// Reads what there is, waiting for the first byte up to `timeout`.
    fn read_raw(
        &mut self,
        timeout: Duration,
        replies: &mut Vec<Reply>,
    ) -> Result<(), TerminalError> {
        let fd = self.guard.fd();
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut fds, Some(&timespec(timeout))) {
            Ok(0) | Err(Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(errno) => return Err(system(errno)),
        }
        let mut bytes = [0; 4096];
        match rustix::io::read(fd, &mut bytes) {
            Ok(0) => Err(TerminalError::Closed),
            Ok(n) => {
                let read = bytes.get(..n).unwrap_or_default();
                self.parser.feed(read, replies);
                self.last_byte = Instant::now();
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(errno) => Err(system(errno)),
        }
    }

    fn read(&mut self, timeout: Duration, replies: &mut Vec<Reply>) -> Result<(), TerminalError> {
        self.read_raw(self.patience(timeout), replies)?;
        if self.has_waited() {
            self.parser.flush(replies);
        }
        Ok(())
    }

    /// Whether the incomplete rest is so old that nothing will follow.
    fn has_waited(&self) -> bool {
        let patience = match (&self.owed, self.statuses) {
            (Some(_), _) => LATE,
            // Escape alone is a key as soon as ever; `ESC [` is hardly one.
            (None, 1..) if self.parser.is_within() => WITHIN_A_REPLY,
            (None, _) => WITHIN_A_KEY,
        };
        self.parser.is_waiting() && self.last_byte.elapsed() >= patience
    }

    /// `timeout`, or less when something incomplete is to be given up sooner.
    fn patience(&self, timeout: Duration) -> Duration {
        if self.parser.is_waiting() { timeout.min(WITHIN_A_KEY) } else { timeout }
    }

    /// Takes late answers out, until the fence has come or they are no longer awaited.
    fn leave_out_late(&mut self, replies: &mut Vec<Reply>) {
        let Some(owed) = &mut self.owed else { return };
        let stream = std::mem::take(replies).into_iter();
        replies.extend(stream.filter_map(|reply| owed.answers.take(reply, &owed.asked)));
        let fenced = owed.answers.fenced();
        if fenced || owed.began.elapsed() >= LATE {
            let Some(owed) = self.owed.take().filter(|_| fenced) else { return };
            self.answer_time = Some(owed.began.elapsed());
            self.late = Some(owed.answers);
        }
    }

    /// Waits, shortly, for answers that are still owed, so that no shell gets them as typing; what
    /// has not come by then is thrown away with all other input.
    fn settle(&mut self) {
        let end = Instant::now() + LAST_WAIT;
        while let Some(owed) = &self.owed {
            let left = (owed.began + LATE).min(end).saturating_duration_since(Instant::now());
            let mut replies = Vec::new();
            if left.is_zero() {
                break;
            }
            if self.read_raw(left, &mut replies).is_err() {
                self.owed = None;
                return;
            }
            self.leave_out_late(&mut replies);
        }
        let unanswered = self.owed.take().is_some() | self.await_statuses();
        if (unanswered || self.parser.is_waiting()) && self.guard.in_foreground() {
            // Fails only where nobody is left to be bothered.
            let _ = tcflush(self.guard.fd(), QueueSelector::IFlush);
        }
    }
}

impl Tty {
    fn count_statuses(&mut self, replies: &[Reply]) {
        let came = replies.iter().filter(|reply| matches!(reply, Reply::Status(_))).count();
        self.statuses = self.statuses.saturating_sub(u32::try_from(came).unwrap_or(u32::MAX));
    }

    /// Waits, shortly, for the answers to what was asked while drawing; tells whether one is still
    /// missing.
    fn await_statuses(&mut self) -> bool {
        let end = Instant::now() + LAST_STATUS;
        while self.statuses > 0 {
            let left = end.saturating_duration_since(Instant::now());
            let mut replies = Vec::new();
            if left.is_zero() || self.read_raw(left, &mut replies).is_err() {
                break;
            }
            self.count_statuses(&replies);
        }
        std::mem::take(&mut self.statuses) > 0
    }
}

impl Offer for Tty {
    fn offer(&mut self, bytes: &[u8]) -> Result<usize, TerminalError> {
        match rustix::io::write(self.guard.fd(), bytes) {
            Ok(n) => Ok(n),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(errno) => Err(system(errno)),
        }
    }

    fn set_torn(&mut self, torn: bool) {
        self.guard.set_torn(torn);
    }
}

impl io::Write for Tty {
    /// Writes what the terminal takes, waiting for it a while; then `TimedOut`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let deadline = Instant::now() + WRITE_PATIENCE;
        loop {
            match rustix::io::write(self.guard.fd(), bytes) {
                Ok(n) => {
                    self.guard.set_torn(n < bytes.len());
                    return Ok(n);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    let fd = self.guard.fd();
                    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
                    match poll(&mut fds, Some(&timespec(left))) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.guard.fd()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.settle();
    }
}
