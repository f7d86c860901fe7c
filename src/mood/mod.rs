//! The companion's mind: a pure state machine from [`Input`]s to [`Effect`]s. It reads no clock,
//! owns no thread and draws nothing; time arrives in the input, and the same seed, events and times
//! give the same effects.

pub mod personality;

use crate::event::Event;
use crate::text::SafeText;
use std::time::Duration;

pub use personality::Species;

/// What the companion is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Something happened.
    Event(Event),
    /// Nothing did, but time passed (also: the clip that was playing came to its end).
    Tick,
    /// No more events will come.
    EndOfInput,
}

/// How the mood bears on the tempo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tempo {
    /// Slower by 15 %.
    Slow,
    /// As drawn.
    #[default]
    Normal,
    /// Faster by 15 %.
    Fast,
}

/// What the companion wants done. Effects are data; the player does them.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Play this clip (after its fallbacks were looked up by the player).
    Play {
        /// The clip's name.
        clip: String,
        /// Whether it repeats until something else is played.
        looping: bool,
        /// Whether to cut in at once (at the next 1/6 s) rather than at the loop's end.
        urgent: bool,
    },
    /// Say a line for that long.
    Say {
        /// The line.
        line: SafeText,
        /// How long it stays.
        stay: Duration,
    },
    /// A sentence for people who cannot see the pet: what just happened to it.
    Describe(SafeText),
    /// Play at this tempo from now on.
    Tempo(Tempo),
    /// Another pet steps in (`Some`) or the host returns (`None`).
    Guest(Option<Species>),
    /// Off the screen, until `Show`.
    Hide,
    /// Back on it.
    Show,
    /// The companion has nothing more to do: after the end of input, once the last reaction ended.
    Leave,
}
