//! Plays by the events' own time, as fast as it can: the same input gives the same bytes.

use super::{PlayError, Player};
use crate::event::Event;
use crate::mood::Input;
use crate::terminal::{CursorCare, Terminal, TerminalError};
use std::io::{self, Write};
use std::time::Duration;

/// Why a script ended early.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The pet could not be played.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// The bytes could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Plays `events` (each with its time since the first) into `out` until the pet leaves after the
/// last of them, or `limit` is reached, and then clears up.
///
/// `sentences` says that the pet's sentences are wanted, and not its picture.
///
/// # Errors
/// When the pet cannot be played or `out` not be written.
pub fn run(
    player: &mut Player,
    mut events: impl Iterator<Item = (Duration, Event)>,
    limit: Option<Duration>,
    sentences: bool,
    out: &mut impl Write,
) -> Result<(), ScriptError> {
    let limit = limit.unwrap_or(Duration::MAX);
    let (mut now, mut bytes) = (Duration::ZERO, Vec::new());
    let mut pending = events.next();
    let mut ended = false;
    player.input(now, Input::Tick);
    while !player.has_left() && now < limit {
        while let Some((_, event)) = pending.take_if(|(at, _)| *at <= now) {
            player.input(now, Input::Event(event));
            pending = events.next();
        }
        if pending.is_none() && !std::mem::replace(&mut ended, true) {
            player.input(now, Input::EndOfInput);
        }
        let wake = player.draw(now, &mut bytes)?;
        flush(player, sentences, &mut bytes, out)?;
        let event = pending.as_ref().map_or(Duration::MAX, |(at, _)| *at);
        now = wake.min(event).max(now + Duration::from_millis(1)).min(limit);
    }
    player.clear(&mut bytes);
    flush(player, sentences, &mut bytes, out)?;
    Ok(out.flush()?)
}

pub(super) fn flush(
    player: &mut Player,
    sentences: bool,
    bytes: &mut Vec<u8>,
    out: &mut impl Write,
) -> io::Result<()> {
    let lines = player.take_sentences();
    if sentences {
        for line in lines {
            writeln!(out, "{}", line.as_str())?;
        }
    } else if !bytes.is_empty() {
        let mut terminal = Terminal::new(&mut *out);
        let cursor = CursorCare::of(player.take_cursor_moved(), false);
        terminal.write_frame(bytes, false, cursor).map_err(io_error)?;
    }
    bytes.clear();
    Ok(())
}

fn io_error(error: TerminalError) -> io::Error {
    match error {
        TerminalError::Closed => io::ErrorKind::BrokenPipe.into(),
        TerminalError::Io(error) => error,
        other => io::Error::other(other),
    }
}
