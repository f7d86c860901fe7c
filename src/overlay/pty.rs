//! The shell's own terminal, of which we hold the other end.

use crate::terminal::TtySize;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::termios::{LocalModes, OptionalActions, Termios, Winsize};
use rustix::termios::{tcgetattr, tcgetpgrp, tcsetattr, tcsetwinsize};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};

/// Why no shell could be started in a terminal of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PtyError {
    /// The system gives no pseudoterminal.
    #[error("the system gives no pseudoterminal")]
    Open(#[source] io::Error),
    /// The program cannot be started.
    #[error("cannot start {program}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How the child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The code to end with: its own, or 128 and its signal's number, as shells have it.
    pub code: u8,
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        Self { code: code.and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(1) }
    }
}

/// A program in a pseudoterminal, as leader of its own session.
pub struct Pty {
    master: pty_process::blocking::Pty,
    child: Child,
    device: Option<u64>,
    ended: Option<Ended>,
}

impl Pty {
    /// Starts `command` (the program and its arguments) in a terminal of that size, with the modes of
    /// `like`, and with `environment` set besides ours.
    ///
    /// # Errors
    /// When there is no pseudoterminal, or no such program.
    pub fn start(
        command: &[OsString],
        environment: &[(&str, OsString)],
        size: TtySize,
        like: &Termios,
    ) -> Result<Self, PtyError> {
        let opened = |error: pty_process::Error| PtyError::Open(io::Error::other(error));
        let (master, slave) = pty_process::blocking::open().map_err(opened)?;
        let failed = |errno: Errno| PtyError::Open(errno.into());
        tcsetwinsize(&master, winsize(size)).map_err(failed)?;
        tcsetattr(&slave, OptionalActions::Now, like).map_err(failed)?;
        let device = rustix::fs::fstat(&slave).ok();
        let (program, arguments) = command.split_first().ok_or_else(|| PtyError::Start {
            program: "nothing".to_owned(),
            source: io::ErrorKind::InvalidInput.into(),
        })?;
        let mut start = pty_process::blocking::Command::new(program).args(arguments);
        for (name, value) in environment {
            start = start.env(name, value);
        }
        let child = start.spawn(slave).map_err(|error| PtyError::Start {
            program: program.to_string_lossy().into_owned(),
            source: match error {
                pty_process::Error::Io(source) => source,
                other => io::Error::other(other),
            },
        })?;
        let flags = fcntl_getfl(&master).map_err(failed)?;
        fcntl_setfl(&master, flags | OFlags::NONBLOCK).map_err(failed)?;
        let device = device.and_then(|about| u64::try_from(i128::from(about.st_rdev)).ok());
        Ok(Self { master, child, device, ended: None })
    }

    /// The terminal's device.
    #[must_use]
    pub const fn device(&self) -> Option<u64> {
        self.device
    }

    /// Tells the programs in it that the window has another size.
    pub fn resize(&self, size: TtySize) {
        // Fails only where nobody is left in it.
        let _ = tcsetwinsize(&self.master, winsize(size));
    }

    /// Whether a password is asked for: lines are read, and not echoed.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        tcgetattr(&self.master).is_ok_and(|modes| {
            let local = modes.local_modes;
            local.contains(LocalModes::ICANON) && !local.contains(LocalModes::ECHO)
        })
    }

    /// Sends a signal to the job in its foreground.
    pub fn signal(&self, signal: Signal) {
        if let Ok(group) = tcgetpgrp(&self.master) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Tells the shell that its terminal is gone.
    pub fn hang_up(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| self.ended.is_none()) {
            let _ = kill_process(pid, Signal::HUP);
        }
    }

    /// Reads what the child wrote: how many bytes, 0 at its end.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing now.
    pub fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match rustix::io::read(&self.master, bytes) {
            // Nobody has it open any more (pty(7)).
            Err(Errno::IO) => Ok(0),
            other => other.map_err(io::Error::from),
        }
    }

    /// Writes what was typed, as much as it takes.
    ///
    /// # Errors
    /// `WouldBlock` where nobody reads it now.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        rustix::io::write(&self.master, bytes).map_err(io::Error::from)
    }

    /// How the child ended, once it has.
    pub fn ended(&mut self) -> Option<Ended> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten().map(Ended::from);
        }
        self.ended
    }

    /// Waits until the child has ended.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn wait(&mut self) -> io::Result<Ended> {
        match self.ended {
            Some(ended) => Ok(ended),
            None => Ok(*self.ended.insert(self.child.wait()?.into())),
        }
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

fn winsize(size: TtySize) -> Winsize {
    let pixels = size.pixels.map(|pixels| {
        let limit = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        (limit(pixels.width), limit(pixels.height))
    });
    let (ws_xpixel, ws_ypixel) = pixels.unwrap_or_default();
    Winsize { ws_row: size.cells.rows, ws_col: size.cells.cols, ws_xpixel, ws_ypixel }
}
