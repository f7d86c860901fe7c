//! Plays by the real clock, into a terminal or a pipe.

use super::{PlayError, Player};
use crate::event::bus::Bus;
use crate::mood::Input;
use crate::terminal::{Reply, Signal, Signals, Terminal, TerminalError};
use crate::units::CellPixels;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// No wait for events is longer: signals and keys are looked for in between.
const LONGEST_WAIT: Duration = Duration::from_millis(40);
/// No wait for signals and keys alone is longer.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Why playing ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The pet could not be played.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// The terminal could not be used.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The bytes could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// What a key did.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyAction {
    /// Nothing.
    Ignore,
    /// End.
    Quit,
    /// Tell the pet.
    Tell(Input),
}

/// How a live run is bounded and steered.
pub struct Live<'a> {
    /// Where events arrive; without, none do, and nothing ends the run but a key, a signal or the
    /// limit.
    pub bus: Option<&'a Bus>,
    /// The run ends after so long.
    pub limit: Option<Duration>,
    /// Whether frames stand between synchronized-update marks (mode 2026).
    pub synchronized: bool,
    /// One cell's pixels, where the system does not tell them.
    pub cell: CellPixels,
    /// What a key the user pressed does. Bytes as the terminal sent them.
    pub on_key: &'a mut dyn FnMut(&[u8]) -> KeyAction,
}

/// Plays until the pet leaves, a signal or key ends it, or the limit is reached, and clears up.
///
/// # Errors
/// When the pet cannot be played or the terminal not be written to.
pub fn run(
    player: &mut Player,
    terminal: &mut Terminal,
    signals: &mut Signals,
    live: &mut Live<'_>,
) -> Result<(), LiveError> {
    let begun = Instant::now();
    let played = play(player, terminal, signals, live, begun);
    let mut bytes = Vec::new();
    player.clear(&mut bytes);
    let cleared = terminal.write_frame(&bytes, live.synchronized, player.take_cursor_moved());
    terminal.set_farewell(&[]);
    played.and(cleared.map_err(LiveError::from))
}

fn play(
    player: &mut Player,
    terminal: &mut Terminal,
    signals: &mut Signals,
    live: &mut Live<'_>,
    begun: Instant,
) -> Result<(), LiveError> {
    let mut bytes = Vec::new();
    let mut ended = false;
    player.input(Duration::ZERO, Input::Tick);
    loop {
        let now = begun.elapsed();
        if player.has_left() || live.limit.is_some_and(|limit| now >= limit) {
            return Ok(());
        }
        let wake = player.draw(now, &mut bytes)?;
        send(player, terminal, live.synchronized, &mut bytes)?;
        if live.bus.is_none() || ended {
            let limit = live.limit.unwrap_or(Duration::MAX);
            let rest = wake.min(limit).saturating_sub(begun.elapsed());
            terminal.wait(Some(signals), rest.min(LONGEST_REST))?;
        } else {
            wait(player, live, begun, wake, &mut ended);
        }
        if !serve(player, terminal, signals, live, begun)? {
            return Ok(());
        }
    }
}

fn send(
    player: &mut Player,
    terminal: &mut Terminal,
    synchronized: bool,
    bytes: &mut Vec<u8>,
) -> Result<(), LiveError> {
    if !bytes.is_empty() {
        // Known before anything is on its way: half an upload must be taken back, too.
        let mut farewell = Vec::new();
        player.farewell(&mut farewell);
        terminal.set_farewell(&farewell);
        terminal.write_frame(bytes, synchronized, player.take_cursor_moved())?;
        bytes.clear();
    }
    Ok(())
}

/// Waits until the player wants to draw again, for events, keys or signals, and tells the player
/// of the events.
fn wait(player: &mut Player, live: &Live<'_>, begun: Instant, wake: Duration, ended: &mut bool) {
    let time = wake.saturating_sub(begun.elapsed()).min(LONGEST_WAIT);
    let Some(bus) = live.bus.filter(|_| !*ended) else {
        std::thread::sleep(time);
        return;
    };
    if let Some(event) = bus.recv_timeout(time) {
        player.input(begun.elapsed(), Input::Event(event));
        for event in bus.drain() {
            player.input(begun.elapsed(), Input::Event(event));
        }
    } else if bus.is_finished() {
        *ended = true;
        player.input(begun.elapsed(), Input::EndOfInput);
    }
}

/// Attends to signals, keys and a changed window; `false` when it is time to go.
fn serve(
    player: &mut Player,
    terminal: &mut Terminal,
    signals: &mut Signals,
    live: &mut Live<'_>,
    begun: Instant,
) -> Result<bool, LiveError> {
    for signal in signals.take() {
        match signal {
            signal if signal.ends() => return Ok(false),
            Signal::Suspend => {
                suspend(player, terminal, live.synchronized)?;
                refit(player, terminal, live)?;
            }
            _ => refit(player, terminal, live)?,
        }
    }
    for reply in terminal.read_replies(Duration::ZERO)? {
        let Reply::Key(key) = reply else { continue };
        match (live.on_key)(&key) {
            KeyAction::Ignore => {}
            KeyAction::Quit => return Ok(false),
            KeyAction::Tell(input) => player.input(begun.elapsed(), input),
        }
    }
    Ok(true)
}

/// Cleans the screen and stops until it is continued in the foreground.
fn suspend(
    player: &mut Player,
    terminal: &mut Terminal,
    synchronized: bool,
) -> Result<(), LiveError> {
    let mut bytes = Vec::new();
    player.clear(&mut bytes);
    send(player, terminal, synchronized, &mut bytes)?;
    let mut resumed = terminal.suspend();
    // `bg` continues us where we may not draw: stop again until `fg`.
    while let Err(TerminalError::Background) = resumed {
        resumed = terminal.suspend();
    }
    Ok(resumed?)
}

/// Anchors the pet anew in a window that may have another size.
fn refit(player: &mut Player, terminal: &mut Terminal, live: &Live<'_>) -> Result<(), LiveError> {
    let geometry = terminal.size()?.geometry(live.cell);
    let mut bytes = Vec::new();
    player.resize(geometry, &mut bytes);
    send(player, terminal, live.synchronized, &mut bytes)
}

/// Plays by the real clock into something that is not a terminal, for a window that never changes.
///
/// # Errors
/// When the pet cannot be played or `out` not be written.
pub fn run_into(
    player: &mut Player,
    bus: Option<&Bus>,
    limit: Option<Duration>,
    sentences: bool,
    out: &mut impl Write,
) -> Result<(), LiveError> {
    let begun = Instant::now();
    let live = Live {
        bus,
        limit,
        synchronized: false,
        cell: CellPixels::default(),
        on_key: &mut |_| KeyAction::Ignore,
    };
    let (mut bytes, mut ended) = (Vec::new(), false);
    player.input(Duration::ZERO, Input::Tick);
    while !player.has_left() && limit.is_none_or(|limit| begun.elapsed() < limit) {
        let wake = player.draw(begun.elapsed(), &mut bytes)?;
        super::script::flush(player, sentences, &mut bytes, out)?;
        out.flush()?;
        wait(player, &live, begun, wake, &mut ended);
    }
    player.clear(&mut bytes);
    super::script::flush(player, sentences, &mut bytes, out)?;
    Ok(out.flush()?)
}
