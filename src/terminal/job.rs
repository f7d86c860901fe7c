//! Which process group stands before a terminal, and whose session it is, as plain numbers.
//!
//! A group or session whose leader is outside of our PID namespace has the number 0 here
//! (pid_namespaces(7)): so is all that `bwrap`, `unshare` and some containers start. rustix takes
//! for granted that there is no 0, so nix is asked.

use nix::unistd::Pid;
use std::os::fd::AsFd;

/// A process group's or a session's number; [`OUTSIDE`] is any that has none here.
pub type Number = u32;

/// Led from outside of our PID namespace.
pub const OUTSIDE: Number = 0;

/// Our process group.
#[must_use]
pub fn group() -> Number {
    number(nix::unistd::getpgrp())
}

/// The process group of whoever started us; nothing where it is gone.
#[must_use]
pub fn starters_group() -> Option<Number> {
    nix::unistd::getpgid(Some(nix::unistd::getppid())).ok().map(number)
}

/// Our session.
#[must_use]
pub fn session() -> Option<Number> {
    nix::unistd::getsid(None).ok().map(number)
}

/// The process group in the foreground of `tty`; nothing where it is not our terminal, or gone.
#[must_use]
pub fn foreground(tty: impl AsFd) -> Option<Number> {
    nix::unistd::tcgetpgrp(tty).ok().map(number)
}

/// The session that `tty` controls; nothing where it is not our terminal, or gone.
#[must_use]
pub fn session_of(tty: impl AsFd) -> Option<Number> {
    nix::sys::termios::tcgetsid(tty).ok().map(number)
}

/// Whether there is a process of that number, whosever it is: one that may not be signalled, as
/// within `su`, lives.
#[must_use]
pub fn is_alive(process: Number) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| {
        rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
    })
}

/// No kernel tells a negative one.
fn number(pid: Pid) -> Number {
    Number::try_from(pid.as_raw()).unwrap_or(OUTSIDE)
}
