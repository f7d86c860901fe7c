//! The companion's mind: a pure state machine from [`Input`]s to [`Effect`]s. It reads no clock,
//! owns no thread and draws nothing; time arrives in the input, and the same seed, events and times
//! give the same effects.

mod companion;
mod idle;
mod one_clip;
mod personality;
mod reaction;
mod value;
mod voice;

use crate::event::Event;
use crate::text::SafeText;
use std::time::Duration;

pub use companion::{
    Companion, LONGEST_FAREWELL, LONGEST_LINE, LONGEST_WAIT, LONGEST_WORK, SLEEP_AFTER,
    STRONG_SPACING,
};
pub use one_clip::OneClip;
pub use personality::{Personality, Species};
pub use value::{Band, HALF_LIFE, Mood, REST};
pub use voice::{Lines, NO_REPEAT};

/// What the companion is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Something happened.
    Event(Event),
    /// Nothing did, but time passed (also: the clip that was playing came to its end).
    Tick,
    /// No more events will come.
    EndOfInput,
    /// Whether it is to be quiet from now on: nothing that is only for the eye.
    Quiet(bool),
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

/// Something that decides: a companion, or less.
pub trait Mind: Send {
    /// Takes one input and gives back what it wants done. `now` is the time since the start and
    /// never goes backwards. The first input is a [`Input::Tick`] at the start.
    fn step(&mut self, now: Duration, input: Input) -> Vec<Effect>;

    /// From now on it leaves out what is only for the eye, such as coming and going, dozing off and variants
    /// of the idle clip: motion is not wanted, or every picture is dear. Before the first step.
    fn calm(&mut self) {}

    /// When it wants a [`Input::Tick`], if nothing happens before.
    fn next_deadline(&self) -> Option<Duration>;
}
