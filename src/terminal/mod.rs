//! The one owner of the tty: what it can do, how to write to it, how to leave it as it was found.
//!
//! Reading order: [`reply`] parses what a terminal says, [`probe`] asks and collects [`Answers`]
//! ([`trial`] tries kitty's protocol, [`tmux`] asks tmux),
//! [`database`] knows what cannot be asked, [`choose`](choose::choose) decides from all that, and
//! [`Terminal`] writes frames. [`guard`](Guard) puts everything back; [`Signals`] tells when to.
//!
//! Events come on standard input, so the terminal is always `/dev/tty`, never standard input.

mod alarm;
pub mod choose;
pub mod database;
#[cfg(unix)]
mod guard;
#[cfg(unix)]
pub mod guardian;
#[cfg(unix)]
pub mod job;
pub mod outbox;
pub mod probe;
pub mod reply;
mod signals;
mod size;
pub mod tmux;
pub mod trial;
#[cfg(unix)]
mod tty;
#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod tty;

pub use alarm::Alarm;
pub use choose::{
    Choice, ColorDepth, KittyTier, Multiplexer, PlaceholderIds, Protocol, SymbolSet, choose,
};
pub use database::{Capabilities, Database};
#[cfg(unix)]
pub use guard::Guard;
#[cfg(unix)]
pub(crate) use guard::timespec;
pub use outbox::Outbox;
pub use probe::{Answers, EnvHints, Questions};
pub use reply::{Reply, ReplyParser};
pub use signals::{Signal, Signals};
pub use size::TtySize;
pub use tmux::TmuxAnswers;
pub use trial::{KittyAnswers, Trial};
pub use tty::{Awaited, Place, Ready, Tty};

use std::io::{self, Write};

/// Why the terminal could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// There is no controlling terminal, as in a service or a pipeline's CI.
    #[error("there is no terminal to draw on")]
    NoTerminal(#[source] io::Error),
    /// Another job has the terminal; touching its modes would stop us (`SIGTTOU`).
    #[error("another job is in the terminal's foreground")]
    Background,
    /// The terminal is gone: its window was closed or its line hung up.
    #[error("the terminal was closed")]
    Closed,
    /// The terminal takes no more bytes: it is stopped (`Ctrl-S`), or its line is.
    #[error("the terminal has stopped taking output; {unwritten} bytes were left unwritten")]
    Stalled {
        /// Bytes of the last write that it did not take.
        unwritten: usize,
    },
    /// No terminal can be opened on this operating system yet.
    #[error("probing and drawing on a live terminal is not supported on this system yet")]
    Unsupported,
    /// The system's own answer.
    #[error("the terminal could not be read or written")]
    Io(#[source] io::Error),
}

impl TerminalError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoTerminal(_) => Some(
                "give --protocol and --geometry, e.g. --protocol symbols --geometry 80x24@10x20, to write to a file or pipe",
            ),
            Self::Background => {
                Some("bring it to the foreground with 'fg', or start it without '&'")
            }
            Self::Stalled { .. } => Some("press Ctrl-Q if the terminal was stopped with Ctrl-S"),
            Self::Unsupported => {
                Some("use --geometry with --protocol to write the bytes to stdout")
            }
            Self::Closed | Self::Io(_) => None,
        }
    }
}

impl From<io::Error> for TerminalError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // EIO is what a hung-up tty answers; 5 everywhere.
            _ if error.raw_os_error() == Some(5) => Self::Closed,
            io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// Begin Synchronized Update: DEC private mode 2026 set (Contour's VT extension
/// "Synchronized Output", after iTerm2's DCS form).
const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
/// End Synchronized Update.
const SYNC_END: &[u8] = b"\x1b[?2026l";
/// DECSC, save cursor (DEC STD 070 §5).
const SAVE_CURSOR: &[u8] = b"\x1b7";
/// DECRC, restore cursor (DEC STD 070 §5).
const RESTORE_CURSOR: &[u8] = b"\x1b8";
/// DECTCEM reset (DEC STD 070 §5): the cursor is not seen.
const HIDE_CURSOR: &[u8] = b"\x1b[?25l";
/// DECTCEM set.
pub const SHOW_CURSOR: &[u8] = b"\x1b[?25h";
/// Mode 2033 set: the terminal reports when its window becomes seen or unseen; and the question
/// how it is now (`CSI ? 998 n`). Reports are [`Reply::Visible`].
pub const WATCH_VISIBILITY: &[u8] = b"\x1b[?2033h\x1b[?998n";
/// Mode 2033 reset.
pub const UNWATCH_VISIBILITY: &[u8] = b"\x1b[?2033l";
/// What ends a torn frame: CAN aborts an escape sequence (ECMA-48 §8.3.6), ST closes a control
/// string (§8.3.143), and the update that was begun is ended.
const MEND: &[u8] = b"\x18\x1b\\\x1b[?2026l";

/// What is done about the cursor around a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CursorCare {
    /// Nothing: the frame does not move it.
    #[default]
    Leave,
    /// It is saved before and put back after.
    PutBack,
    /// It is hidden, too, unless the frame is synchronized, so that it is not seen where the frame
    /// takes it: a terminal may show what it has read so far. xterm 379, moreover, keeps pixels of
    /// a sixel picture that are erased later in a cell where the cursor was seen.
    Hide,
}

impl CursorCare {
    /// That of a frame which moves the cursor, or does not, in a terminal where it `is_shown`.
    #[must_use]
    pub const fn of(moves: bool, is_shown: bool) -> Self {
        match (moves, is_shown) {
            (false, _) => Self::Leave,
            (true, false) => Self::PutBack,
            (true, true) => Self::Hide,
        }
    }

    /// That within a synchronized update, where nothing need be hidden.
    const fn within(self, sync: bool) -> Self {
        match self {
            Self::Hide if sync => Self::PutBack,
            care => care,
        }
    }

    /// What stands before and after the bytes of a frame.
    const fn marks(self) -> [&'static [u8]; 4] {
        match self {
            Self::Leave => [b"", b"", b"", b""],
            Self::PutBack => [b"", SAVE_CURSOR, RESTORE_CURSOR, b""],
            Self::Hide => [HIDE_CURSOR, SAVE_CURSOR, RESTORE_CURSOR, SHOW_CURSOR],
        }
    }
}

/// What takes bytes without ever waiting.
pub trait Offer {
    /// Takes what it can at once, and tells how many bytes that is; 0 if it is full.
    ///
    /// # Errors
    /// When it takes nothing any more.
    fn offer(&mut self, bytes: &[u8]) -> Result<usize, TerminalError>;

    /// Told whether what it took last ended within a sequence.
    fn set_torn(&mut self, _torn: bool) {}
}

/// A terminal to write frames to: the real one ([`Tty`]), or anything that takes bytes.
#[derive(Debug)]
pub struct Terminal<W: Write = Tty> {
    out: W,
    buffer: Vec<u8>,
    torn: bool,
}

impl<W: Write> Terminal<W> {
    /// A terminal that writes to `out`.
    #[must_use]
    pub const fn new(out: W) -> Self {
        Self { out, buffer: Vec::new(), torn: false }
    }

    /// Writes one frame with one write: `bytes` inside a synchronized update if `sync`, and with
    /// the cursor taken care of.
    ///
    /// The update's end is in the same write as its beginning, so that it stays open only if the
    /// terminal stops reading midway; the next write then closes it first.
    ///
    /// # Errors
    /// [`TerminalError::Closed`] when nobody reads any more, [`TerminalError::Stalled`] when
    /// nobody reads just now.
    pub fn write_frame(
        &mut self,
        bytes: &[u8],
        sync: bool,
        cursor: CursorCare,
    ) -> Result<(), TerminalError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut frame = std::mem::take(&mut self.buffer);
        frame.clear();
        if self.torn {
            frame.extend_from_slice(MEND);
        }
        if sync {
            frame.extend_from_slice(SYNC_BEGIN);
        }
        let [hide, save, restore, show] = cursor.within(sync).marks();
        for part in [hide, save, bytes, restore, show] {
            frame.extend_from_slice(part);
        }
        if sync {
            frame.extend_from_slice(SYNC_END);
        }
        let done = self.write_all(&frame);
        self.buffer = frame;
        done
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// As [`Terminal::write_frame`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), TerminalError> {
        if self.torn {
            self.write_all(MEND)?;
        }
        self.write_all(bytes)
    }

    /// Writes what is taken at once, and tells how much that is; 0 if nothing is. What was left is
    /// offered again before anything else is written. `begun` tells that some of the same sequence
    /// was taken before.
    ///
    /// # Errors
    /// [`TerminalError::Closed`] when nobody reads any more.
    pub fn offer(&mut self, bytes: &[u8], begun: bool) -> Result<usize, TerminalError>
    where
        W: Offer,
    {
        if self.torn && !begun {
            self.write_all(MEND)?;
        }
        let n = self.out.offer(bytes)?;
        if n > 0 || begun {
            self.torn = n < bytes.len();
        }
        self.out.set_torn(self.torn);
        Ok(n)
    }

    /// Writes what is taken at once of bytes that are not ours, and tells how much that is; 0 if
    /// nothing is.
    ///
    /// # Errors
    /// [`TerminalError::Closed`] when nobody reads any more.
    pub fn offer_plain(&mut self, bytes: &[u8]) -> Result<usize, TerminalError>
    where
        W: Offer,
    {
        self.out.offer(bytes)
    }

    /// Ends whatever a write that was given up has left open: a sequence, and what was to be done
    /// about the cursor after the frame around it ([`Outbox::abandon`]).
    ///
    /// # Errors
    /// As [`Terminal::write_frame`].
    pub fn mend(&mut self, cursor: CursorCare) -> Result<(), TerminalError> {
        let [_, _, restore, show] = cursor.marks();
        match [restore, show].concat() {
            owed if !owed.is_empty() => self.write(&owed),
            _ if self.torn => self.write_all(MEND),
            _ => Ok(()),
        }
    }

    /// What it writes to.
    pub const fn get_ref(&self) -> &W {
        &self.out
    }

    /// What it writes to.
    pub const fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TerminalError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(self.tear(TerminalError::Closed)),
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e)
                    if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
                {
                    let unwritten = rest.len();
                    return Err(self.tear(TerminalError::Stalled { unwritten }));
                }
                Err(e) => return Err(self.tear(e.into())),
            }
        }
        self.torn = false;
        self.out.flush().map_err(TerminalError::from)
    }

    const fn tear(&mut self, error: TerminalError) -> TerminalError {
        self.torn = true;
        error
    }
}
