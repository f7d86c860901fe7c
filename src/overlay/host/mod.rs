//! Moves the bytes between the terminal and the shell, and lets the [`Stage`] put its own between
//! them. One loop, and nothing in it that waits for anything but all of them: pictures are drawn on a
//! thread of their own (`artist.rs`).

mod artist;
mod exchange;
mod lane;
mod stage;

pub use exchange::Exchange;
pub use stage::{Stage, StageConfig};

use super::{Ended, Pty};
use crate::event::EventKind;
use crate::event::bus::Bus;
use crate::manners::{Bearing, Standing};
use crate::terminal::{Alarm, Signal, Signals, Terminal, TerminalError, timespec};
use crate::units::CellPixels;
use lane::Lane;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most of the child's output that is read at once. A Linux pseudoterminal gives a page, and that
/// goes on before more is read: whoever writes fills the next one meanwhile, and the terminal shows
/// this one. Several at once are half as fast (`cargo bench --bench shell`).
const READ: usize = 64 * 1024;
/// How long the end of a key may take before what came of it is no answer of the terminal's.
const WITHIN_A_KEY: Duration = Duration::from_millis(50);
/// How often it is looked whether somebody has opened the child's terminal again.
const REOPENED: Duration = Duration::from_millis(100);
/// How long the end waits for a terminal that takes nothing of the last output.
const LAST_OUTPUT: Duration = Duration::from_secs(2);
/// How long the end waits for an answer that is still to come.
const LAST_ANSWER: Duration = Duration::from_millis(250);
/// The exit code after the terminal was closed: that of SIGHUP.
const HUNG_UP: Ended = Ended { code: 129 };

/// Why a shell could not be accompanied to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The terminal could not be used.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The system could not wait, or tell how the shell ended.
    #[error("the shell's terminal could not be read or written")]
    Pty(#[from] io::Error),
}

/// What comes to the pet from outside.
pub struct Outside<'a> {
    /// Where events arrive.
    pub bus: Arc<Bus>,
    /// One cell's pixels, where the system does not tell them.
    pub cell: CellPixels,
    /// What the pet may do. Asked at the start, when the answer's time is over, and when
    /// `manners.changed` comes.
    pub manners: &'a mut dyn FnMut() -> Bearing,
    /// Takes what is exchanged with the terminal and the shell on our account, if somebody wants it.
    pub log: Option<&'a mut dyn FnMut(Exchange)>,
    /// Called when the pet is gone for good, while the shell may go on.
    pub gone: &'a mut dyn FnMut(),
}

/// Accompanies the shell in `pty` to its end. Once the pet is switched off, bytes are passed on and
/// nothing else is done.
///
/// # Errors
/// When the terminal or the system fails; a pet that cannot be drawn only goes.
pub fn run(
    terminal: &mut Terminal,
    signals: &mut Signals,
    pty: &mut Pty,
    mut stage: Stage,
    outside: &mut Outside<'_>,
) -> Result<Ended, HostError> {
    let alarm = Alarm::new()?;
    stage.draw_apart(alarm.bell()?);
    let bell = alarm.bell()?;
    // For what came before there was a bell.
    bell();
    outside.bus.set_bell(Some(Box::new(bell)));
    if outside.log.is_some() {
        stage.keep_log();
    }
    let mut host = Host {
        terminal,
        signals,
        pty,
        stage: Some(stage),
        outside,
        manners_end: Some(Duration::ZERO),
        alarm,
        begun: Instant::now(),
        to_terminal: Lane::default(),
        to_child: Lane::default(),
        buffer: vec![0; READ],
        keys: Vec::new(),
        held_since: None,
        farewell: Vec::new(),
        parting: None,
        deserted: false,
    };
    let done = host.accompany();
    let left = host.leave();
    host.tell_log();
    host.outside.bus.set_bell(None);
    match (done, left) {
        (Err(HostError::Terminal(TerminalError::Closed)), _) => {
            host.pty.hang_up();
            Ok(HUNG_UP)
        }
        // Nobody is left to clear up for.
        (done, Ok(()) | Err(HostError::Terminal(TerminalError::Closed))) => done,
        (Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

struct Host<'a, 'o> {
    terminal: &'a mut Terminal,
    signals: &'a mut Signals,
    pty: &'a mut Pty,
    /// None once there is no pet any more.
    stage: Option<Stage>,
    outside: &'a mut Outside<'o>,
    /// When it is asked again what the pet may do.
    manners_end: Option<Duration>,
    alarm: Alarm,
    begun: Instant,
    to_terminal: Lane,
    to_child: Lane,
    buffer: Vec<u8>,
    keys: Vec<u8>,
    /// Since when the beginning of an answer, or of a key, is held back.
    held_since: Option<Duration>,
    farewell: Vec<u8>,
    /// The pet goes for good.
    parting: Option<Parting>,
    /// Nobody has the child's terminal open.
    deserted: bool,
}

/// A pet that goes for good.
#[derive(Clone, Copy)]
struct Parting {
    since: Duration,
    /// Nothing of it is on the screen any more. An answer may still be on its way.
    gone: bool,
}

/// What can be done without waiting.
#[derive(Clone, Copy, Default)]
struct Ready {
    keys: bool,
    output: bool,
    signals: bool,
    news: bool,
}

impl Host<'_, '_> {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn accompany(&mut self) -> Result<Ended, HostError> {
        self.type_in()?;
        loop {
            let ready = self.wait()?;
            // What is typed first: its echo is what somebody waits for.
            if ready.keys {
                self.type_in()?;
            }
            if ready.output {
                self.pass_output()?;
            }
            self.flush()?;
            if ready.signals
                && let Some(ended) = self.attend()?
            {
                return Ok(ended);
            }
            if ready.news {
                self.hear();
            }
            if self.manners_end.is_some_and(|end| self.now() >= end) {
                self.behave();
            }
            if self.deserted
                && let Some(ended) = self.pty.ended()
            {
                self.drain()?;
                return Ok(ended);
            }
            self.present()?;
            self.tell_log();
        }
    }

    /// Tells of what was exchanged on our account.
    fn tell_log(&mut self) {
        if let (Some(stage), Some(log)) = (&mut self.stage, &mut self.outside.log) {
            stage.take_log().into_iter().for_each(log);
        }
    }

    fn wait(&mut self) -> Result<Ready, HostError> {
        let now = self.now();
        let until = self.deadline(now);
        let timeout = (until < Duration::MAX).then(|| timespec(until.saturating_sub(now)));
        let sides = |reads: bool, writes: bool| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, writes);
            flags
        };
        let tty =
            sides(self.to_child.has_room(), !self.to_terminal.is_empty() || self.is_sending());
        let pty = sides(self.to_terminal.has_room(), !self.to_child.is_empty());
        let mut fds = [
            PollFd::new(self.terminal.get_ref(), tty),
            PollFd::new(&*self.signals, PollFlags::IN),
            PollFd::new(&self.alarm, PollFlags::IN),
            PollFd::new(&*self.pty, pty),
        ];
        // That nobody has the child's terminal open would be told without end.
        let watched = if self.deserted { 3 } else { fds.len() };
        match poll(fds.get_mut(..watched).unwrap_or_default(), timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready { signals: true, ..Ready::default() }),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        let [keys, signals, news, output] =
            fds.map(|fd| fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR));
        Ok(Ready { keys, output: output || self.deserted, signals, news })
    }

    /// Whether the stage has more to send as soon as the terminal takes it.
    fn is_sending(&self) -> bool {
        self.stage.as_ref().is_some_and(Stage::can_go_on)
    }

    fn deadline(&self, now: Duration) -> Duration {
        let held = self.held_since.map(|since| since + WITHIN_A_KEY);
        let looks = self.deserted.then(|| now + REOPENED);
        let ours = self.stage.as_ref().and_then(|stage| match self.parting {
            Some(Parting { since, gone: true }) => Some(since + LAST_ANSWER),
            // It is not asked while the terminal has not taken what is there.
            _ if !self.to_terminal.is_empty() => None,
            _ => Some(stage.deadline(now)),
        });
        let manners = self.manners_end.filter(|_| self.stage.is_some());
        [held, looks, ours, manners].into_iter().flatten().fold(Duration::MAX, Duration::min)
    }

    /// What the child wrote goes to the terminal.
    fn pass_output(&mut self) -> Result<usize, HostError> {
        let read = match self.pty.read(&mut self.buffer) {
            Ok(read) => {
                self.deserted = read == 0;
                read
            }
            // Somebody has it open again, and has not written yet.
            Err(error) if is_later(&error) => {
                self.deserted = false;
                0
            }
            Err(error) => return Err(error.into()),
        };
        if read == 0 {
            return Ok(0);
        }
        let now = self.begun.elapsed();
        let bytes = self.buffer.get(..read).unwrap_or_default();
        let Some(stage) = &mut self.stage else {
            self.to_terminal.end().extend_from_slice(bytes);
            return Ok(read);
        };
        let shown = stage.is_shown();
        let done = stage.output(now, bytes, self.to_terminal.end(), self.to_child.end());
        if shown && !stage.is_shown() {
            // Text is there now, which nobody must wipe.
            self.tell_farewell();
        }
        if done.is_err() {
            self.part();
        }
        Ok(read)
    }

    /// What is to be done where the end comes so that we cannot.
    fn tell_farewell(&mut self) {
        self.farewell.clear();
        if let Some(stage) = &self.stage {
            stage.farewell(&mut self.farewell);
        }
        self.terminal.set_farewell(&self.farewell);
    }

    /// What was typed goes to the child.
    fn type_in(&mut self) -> Result<(), HostError> {
        self.keys.clear();
        self.terminal.read_bytes(&mut self.keys)?;
        let now = self.begun.elapsed();
        let late = self.terminal.owes_answers();
        match &mut self.stage {
            Some(stage) => {
                let secret = self.pty.is_secret();
                let typed = self.to_child.end();
                if stage.strains() || late {
                    let terminal = &mut *self.terminal;
                    stage.input(now, &self.keys, |reply| terminal.take_late(reply), secret, typed);
                    self.held_since = stage.strains_key().then_some(now);
                } else {
                    stage.typed(now, &self.keys, secret, typed);
                    self.held_since = None;
                }
            }
            None => self.to_child.end().extend_from_slice(&self.keys),
        }
        Ok(())
    }

    /// Both lanes, as far as the other sides take them.
    fn flush(&mut self) -> Result<(), HostError> {
        let pty = &*self.pty;
        let typed = self.to_child.send(|bytes| match pty.write(bytes) {
            Err(error) if is_later(&error) => Ok(0),
            written => written,
        });
        // Nobody reads it any more: the child's end will tell.
        if typed.is_err() {
            self.to_child.clear();
        }
        let terminal = &mut *self.terminal;
        self.to_terminal.send(|bytes| terminal.offer_plain(bytes))?;
        Ok(())
    }

    /// Attends to signals; gives the end where they tell it.
    fn attend(&mut self) -> Result<Option<Ended>, HostError> {
        for signal in self.signals.take() {
            match signal {
                Signal::Resize | Signal::Continue => self.refit()?,
                Signal::Suspend => self.suspend()?,
                Signal::Child => {
                    if let Some(ended) = self.pty.ended() {
                        self.drain()?;
                        return Ok(Some(ended));
                    }
                }
                Signal::Interrupt => self.pty.signal(rustix::process::Signal::INT),
                Signal::Terminate | Signal::HangUp => {
                    self.pty.hang_up();
                    let number = if signal == Signal::HangUp { 1 } else { 15 };
                    return Ok(Some(Ended { code: 128 + number }));
                }
            }
        }
        Ok(None)
    }

    fn refit(&mut self) -> Result<(), HostError> {
        let size = self.terminal.size()?;
        self.pty.resize(size);
        if let Some(stage) = &mut self.stage {
            stage.resize(size.geometry(self.outside.cell));
        }
        Ok(())
    }

    /// Stops as somebody asks who is not at the keyboard; there Ctrl-Z is the child's.
    fn suspend(&mut self) -> Result<(), HostError> {
        self.bow_out()?;
        self.terminal.set_farewell(&[]);
        let mut resumed = self.terminal.suspend();
        while let Err(TerminalError::Background) = resumed {
            resumed = self.terminal.suspend();
        }
        resumed?;
        if let Some(stage) = &mut self.stage {
            stage.doubt();
        }
        self.refit()
    }

    /// Tells the pet of the events that came.
    fn hear(&mut self) {
        self.alarm.silence();
        let now = self.begun.elapsed();
        for event in self.outside.bus.drain() {
            match &mut self.stage {
                _ if event.kind == EventKind::MannersChanged => self.manners_end = Some(now),
                Some(stage) => stage.hear(now, event),
                None => {}
            }
        }
    }

    /// Does what the pet may do now.
    fn behave(&mut self) {
        let now = self.begun.elapsed();
        self.manners_end = None;
        let Some(stage) = self.stage.as_mut().filter(|_| self.parting.is_none()) else { return };
        let Bearing { standing, holds } = (self.outside.manners)();
        if standing < Standing::Off {
            stage.behave(now, standing);
            self.manners_end = holds.map(|holds| now + holds);
        } else {
            self.part();
        }
    }

    /// Has the pet go for good: at once, or as soon as what it drew may be taken away. Whatever
    /// terminal's answer is still to come is not the child's.
    fn part(&mut self) {
        let now = self.begun.elapsed();
        let Some(stage) = &mut self.stage else { return };
        if self.parting.is_none() {
            stage.behave(now, Standing::Off);
        }
        let parting = self.parting.get_or_insert(Parting { since: now, gone: false });
        if !parting.gone {
            let gone = stage.leave(self.to_terminal.end());
            *parting = Parting { since: now, gone };
        }
        if !parting.gone || (stage.strains() && now < parting.since + LAST_ANSWER) {
            return;
        }
        stage.release(self.to_child.end());
        self.tell_log();
        self.stage = None;
        (self.outside.gone)();
        (self.held_since, self.manners_end) = (None, None);
        self.outside.bus.set_bell(None);
        self.terminal.set_farewell(&[]);
        // Only who copies is left.
        self.terminal.dismiss_guardian();
    }

    /// Lets the pet draw, when all before it has gone out.
    fn present(&mut self) -> Result<(), HostError> {
        let now = self.begun.elapsed();
        let Some(stage) = &mut self.stage else { return Ok(()) };
        if self.held_since.is_some_and(|since| now >= since + WITHIN_A_KEY) {
            self.held_since = None;
            stage.release(self.to_child.end());
        }
        let parted = self.parting.is_some_and(|parting| parting.gone);
        let mut failed = false;
        if self.to_terminal.is_empty() && !parted && !stage.is_passing_by(now) {
            let secret = self.pty.is_secret();
            let (out, typed) = (self.to_terminal.end(), self.to_child.end());
            failed = stage.present(now, secret, out, typed).is_err();
            if !self.to_terminal.is_empty() {
                // Known before anything is on its way.
                self.tell_farewell();
            }
        }
        if failed || self.parting.is_some() {
            self.part();
        }
        self.flush()
    }

    /// What the child wrote before it ended. Others may still have its terminal open: what they write
    /// from now on is not waited for.
    fn drain(&mut self) -> Result<(), HostError> {
        let mut end = Instant::now() + LAST_OUTPUT;
        loop {
            let read = if self.to_terminal.has_room() { self.pass_output()? } else { 0 };
            let before = self.to_terminal.len();
            self.flush()?;
            if read > 0 || self.to_terminal.len() < before {
                end = Instant::now() + LAST_OUTPUT;
            } else if self.to_terminal.is_empty() || Instant::now() >= end {
                return Ok(());
            }
            if !self.to_terminal.is_empty() {
                self.await_room(Duration::from_millis(50))?;
            }
        }
    }

    fn await_room(&self, time: Duration) -> Result<(), HostError> {
        let mut fds = [PollFd::new(self.terminal.get_ref(), PollFlags::OUT)];
        match poll(&mut fds, Some(&timespec(time))) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(io::Error::from(errno).into()),
        }
    }

    /// Takes everything of ours off the screen, and waits until that is out. Tells whether that was
    /// allowed.
    fn bow_out(&mut self) -> Result<bool, HostError> {
        let gone = match &mut self.stage {
            Some(stage) => stage.leave(self.to_terminal.end()),
            None => true,
        };
        let mut end = Instant::now() + LAST_OUTPUT;
        loop {
            let before = self.to_terminal.len();
            let terminal = &mut *self.terminal;
            self.to_terminal.send(|bytes| terminal.offer_plain(bytes))?;
            if self.to_terminal.len() < before {
                end = Instant::now() + LAST_OUTPUT;
            }
            if self.to_terminal.is_empty() || Instant::now() >= end {
                return Ok(gone);
            }
            self.await_room(Duration::from_millis(50))?;
        }
    }

    /// The end: nothing of ours stays, and no answer is left to be typed into a prompt.
    fn leave(&mut self) -> Result<(), HostError> {
        if self.bow_out()? {
            self.terminal.set_farewell(&[]);
        } else {
            // The program has left something open. It is over: the terminal's guard ends that first.
            self.tell_farewell();
        }
        let end = Instant::now() + LAST_ANSWER;
        while self.stage.as_ref().is_some_and(Stage::strains) && Instant::now() < end {
            let left = timespec(end.saturating_duration_since(Instant::now()));
            let mut fds = [PollFd::new(self.terminal.get_ref(), PollFlags::IN)];
            if !matches!(poll(&mut fds, Some(&left)), Ok(1..)) {
                break;
            }
            self.type_in()?;
        }
        Ok(())
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
