//! Where no terminal can be opened yet: the same names, and an error that says what to do.

use super::probe::{Answers, EnvHints};
use super::reply::Reply;
use super::{Alarm, Database, Offer, Signals, Terminal, TerminalError, TtySize};
use std::io;
use std::path::Path;
use std::time::Duration;

/// No terminal; it cannot be made.
#[derive(Debug)]
pub enum Tty {}

/// What can be read without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Something came from the terminal.
    pub replies: bool,
    /// A signal came.
    pub signals: bool,
}

/// What is waited for besides the terminal's replies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Awaited<'a> {
    /// Signals.
    pub signals: Option<&'a Signals>,
    /// Another thread's bell.
    pub alarm: Option<&'a Alarm>,
    /// That the terminal takes bytes.
    pub room: bool,
}

impl Offer for Tty {
    fn offer(&mut self, _: &[u8]) -> Result<usize, TerminalError> {
        match *self {}
    }
}

impl io::Write for Tty {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "documented in tty.rs")]
impl Terminal<Tty> {
    pub const fn open() -> Result<Self, TerminalError> {
        Err(TerminalError::Unsupported)
    }

    pub fn start_guardian(&mut self, _: &Path) -> io::Result<()> {
        match *self.get_ref() {}
    }

    pub fn size(&self) -> Result<TtySize, TerminalError> {
        match *self.get_ref() {}
    }

    pub fn is_foreground(&self) -> bool {
        match *self.get_ref() {}
    }

    pub fn set_farewell(&self, _: &[u8]) {
        match *self.get_ref() {}
    }

    pub fn probe(&mut self, _: &EnvHints, _: &Database) -> Result<Answers, TerminalError> {
        match *self.get_ref() {}
    }

    pub fn read_replies(&mut self, _: Duration) -> Result<Vec<Reply>, TerminalError> {
        match *self.get_ref() {}
    }

    pub fn late_answers(&mut self) -> Option<Answers> {
        match *self.get_ref() {}
    }

    pub fn may_ask(&self) -> bool {
        match *self.get_ref() {}
    }

    pub fn answer_time(&self) -> Option<Duration> {
        match *self.get_ref() {}
    }

    pub fn expect_status(&mut self) {
        match *self.get_ref() {}
    }

    pub fn wait(&mut self, _: Awaited<'_>, _: Duration) -> Result<Ready, TerminalError> {
        match *self.get_ref() {}
    }

    pub fn suspend(&mut self) -> Result<(), TerminalError> {
        match *self.get_ref() {}
    }

    pub fn resume(&mut self) -> Result<(), TerminalError> {
        match *self.get_ref() {}
    }
}
