//! dotLottie state machines: what plays after which input.
//!
//! A [`StateMachine`] is a definition, read and checked; a [`Machine`] is one that runs. It is
//! pure: inputs and time are given to it, and what it wants done it answers as [`Effect`]s. The
//! order of its steps is that of the reference player, dotlottie-rs.

mod run;
mod wire;

use super::super::SceneError;
pub use run::Machine;
use std::collections::BTreeMap;

/// The largest definition, in bytes.
pub const MAX_MACHINE_BYTES: usize = 1 << 20;
/// The most states.
pub const MAX_STATES: usize = 500;
/// The most transitions of all states together.
pub const MAX_TRANSITIONS: usize = 5000;
/// The most guards of all transitions together.
pub const MAX_GUARDS: usize = 10_000;
/// The most actions of all states and interactions together.
pub const MAX_ACTIONS: usize = 5000;
/// The most inputs.
pub const MAX_INPUTS: usize = 1000;
/// The most interactions.
pub const MAX_INTERACTIONS: usize = 1000;
/// The longest name or text in a definition, in bytes; each may be copied into many effects.
pub const MAX_TEXT_BYTES: usize = 1024;
/// How often one input may lead back to a state before the machine is stopped, as in the
/// reference player.
pub const MAX_CYCLES: usize = 20;
/// The most guards looked at and actions done for one input; more is taken for a loop.
pub const MAX_STEPS: usize = 20_000;

/// The built-in input: seconds since the machine started.
const ELAPSED_TIME: &str = "@elapsedTime";

/// The value of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum InputValue {
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// An event: it is fired and has no value.
    Event,
}

/// In what direction something plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// From its start to its end.
    #[default]
    Forward,
    /// From its end to its start.
    Reverse,
    /// Forward, then backward.
    Bounce,
    /// Backward, then forward.
    ReverseBounce,
}

/// How often something plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// Once; then its last frame stays.
    Once,
    /// As many times as this.
    Times(u32),
    /// Until another state is entered.
    Forever,
}

/// What a state plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// The id of the animation; without one, the animation that is there stays. Another animation
    /// than before starts without a theme.
    pub animation: Option<String>,
    /// The marker of the stretch that plays; without one, the whole.
    pub segment: Option<String>,
    /// The direction.
    pub mode: Mode,
    /// 1 is the file's own speed.
    pub speed: f64,
    /// How often.
    pub looping: Loop,
    /// Whether it plays by itself; if not, its first frame is shown.
    pub autoplay: bool,
    /// The colour behind it: red, green, blue, alpha.
    pub background: Option<[u8; 4]>,
}

/// A slide from the frame that is shown to the first frame of the next state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tween {
    /// How long it takes, in seconds.
    pub duration: f64,
    /// x and y of the two handles of the easing curve.
    pub easing: [f64; 4],
}

/// A pointer's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerEvent {
    /// A button goes down.
    Down,
    /// A button comes up.
    Up,
    /// The pointer comes over the picture.
    Enter,
    /// The pointer leaves the picture.
    Exit,
    /// A button goes down and comes up.
    Click,
    /// The pointer moves over the picture.
    Move,
}

/// Why a machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It came to a final state.
    Final,
    /// The machine loops: see [`MAX_CYCLES`] and [`MAX_STEPS`].
    Loops,
}

/// What a machine wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Play this. With a tween, slide to its first frame, and wait for the same effect without
    /// one; a player that lacks the segment calls [`Machine::end_tween`] at once.
    Play {
        /// What, and how.
        playback: Playback,
        /// The slide to it.
        tween: Option<Tween>,
    },
    /// Put this theme on.
    SetTheme(String),
    /// Show this frame, counted from the in-point; 0 or more.
    SetFrame(f64),
    /// Show the frame at this part of the animation, 0 to 1.
    SetProgress(f64),
    /// A change of state begins.
    Transition {
        /// The state that is left.
        from: String,
        /// The state that is entered.
        to: String,
    },
    /// A state was left.
    Left {
        /// Its name.
        state: String,
    },
    /// A state was entered.
    Entered {
        /// Its name.
        state: String,
    },
    /// An input has another value.
    Changed {
        /// The input's name.
        input: String,
        /// What it is now.
        value: InputValue,
    },
    /// An event was fired.
    Fired(String),
    /// A message of the file's author to the program.
    Custom(String),
    /// Something that is not done here, and what it was: a companion opens no addresses.
    Refused(String),
    /// The machine stopped; no state is entered any more.
    Stopped(Stop),
}

/// A state machine's definition.
#[derive(Debug)]
pub struct StateMachine {
    initial: usize,
    global: Option<usize>,
    states: Vec<State>,
    interactions: Vec<Interaction>,
    inputs: BTreeMap<String, InputValue>,
}

#[derive(Debug)]
struct State {
    name: String,
    /// What it plays; the global state plays nothing.
    playback: Option<Playback>,
    is_final: bool,
    entry: Vec<Action>,
    exit: Vec<Action>,
    transitions: Vec<Transition>,
}

impl State {
    /// Whether time alone may end it.
    fn watches_time(&self) -> bool {
        self.transitions.iter().flat_map(|t| &t.guards).any(|guard| match guard {
            Guard::Number { input, against, .. } => {
                input == ELAPSED_TIME
                    || matches!(against, Operand::Input(name) if name == ELAPSED_TIME)
            }
            _ => false,
        })
    }
}

#[derive(Debug)]
struct Transition {
    /// The state it leads to; none where the file names a state that is not there.
    to: Option<usize>,
    guards: Vec<Guard>,
    tween: Option<Tween>,
}

impl Transition {
    fn waits_for_event(&self) -> bool {
        self.guards.iter().any(|guard| matches!(guard, Guard::Event(_)))
    }
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

impl Condition {
    fn orders(self, a: f64, b: f64) -> bool {
        match self {
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            #[expect(clippy::float_cmp, reason = "a file compares with the very number it sets")]
            Self::Equal => a == b,
            #[expect(clippy::float_cmp, reason = "a file compares with the very number it sets")]
            Self::NotEqual => a != b,
        }
    }

    /// Texts and flags have no order.
    fn equates(self, equal: bool) -> bool {
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            _ => false,
        }
    }
}

/// Something written out, or the name of the input that holds it.
#[derive(Debug)]
enum Operand<T> {
    Fixed(T),
    Input(String),
    /// A text where a number belongs; the reference player takes it for no number.
    Nothing,
}

#[derive(Debug)]
enum Guard {
    Number { input: String, condition: Condition, against: Operand<f64> },
    Text { input: String, condition: Condition, against: Operand<String> },
    Flag { input: String, condition: Condition, against: Operand<bool> },
    Event(String),
}

#[derive(Debug)]
enum Action {
    /// Adds this, times ±1.
    Add {
        input: String,
        by: Operand<f64>,
        sign: f64,
    },
    Multiply {
        input: String,
        by: Operand<f64>,
    },
    Floor {
        input: String,
    },
    Clamp {
        input: String,
        min: Option<Operand<f64>>,
        max: Option<Operand<f64>>,
    },
    SetNumber {
        input: String,
        to: Operand<f64>,
    },
    SetRandom {
        input: String,
        min: Operand<f64>,
        max: Operand<f64>,
        whole: bool,
    },
    SetText {
        input: String,
        to: String,
    },
    SetFlag {
        input: String,
        to: Operand<bool>,
    },
    Toggle {
        input: String,
    },
    Fire {
        input: String,
    },
    Reset {
        input: String,
    },
    SetTheme(String),
    SetFrame(Operand<f64>),
    SetProgress(Operand<f64>),
    Custom(String),
    /// Told and not done.
    Refuse(String),
}

#[derive(Debug)]
struct Interaction {
    on: Trigger,
    actions: Vec<Action>,
}

#[derive(Debug)]
enum Trigger {
    Pointer { event: PointerEvent, layer: Option<String> },
    Completed { state: String, looped: bool },
}

impl StateMachine {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// When it is no state machine, or passes a limit; the message names the state or input.
    pub fn parse(json: &[u8]) -> Result<Self, SceneError> {
        wire::parse(json)
    }

    /// The layers that a pointer can hit or leave, in the order of the file.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.interactions.iter().filter_map(|interaction| match &interaction.on {
            Trigger::Pointer { layer, .. } => layer.as_deref(),
            Trigger::Completed { .. } => None,
        })
    }

    /// The inputs with their first values, by name.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &InputValue)> {
        self.inputs.iter().map(|(name, value)| (name.as_str(), value))
    }
}

#[cfg(test)]
mod tests;
