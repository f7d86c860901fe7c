//! The pet over a shell that runs as it always does.
//!
//! We stand between the terminal and the shell: what the one writes goes to the other, byte for
//! byte, and between two of the shell's units come ours. Reading order: `machine.rs` takes the output
//! apart, `screen.rs` knows what it did, as far as that matters to us, [`Tracker`] is both;
//! [`Senses`] hears what programs say in passing; [`Stance`] decides whether the pet stands
//! there; [`Strainer`] takes the answers to our own questions out of what is typed. All of these are
//! pure. [`Pty`] is the shell's terminal, and [`host`] moves the bytes.

mod command;
#[cfg(unix)]
pub mod host;
mod ink;
mod machine;
mod pen;
#[cfg(unix)]
mod pty;
mod screen;
mod sense;
mod stance;
mod strainer;
mod tracker;

#[cfg(unix)]
pub use pty::{Ended, Pty, PtyError};
pub use screen::Changes;
pub use sense::{Mark, STATUS_ANSWER, Sensed, Senses};
pub use stance::{Fullscreen, Room, Stance, Stands};
pub use strainer::{Strainer, WHERE};
pub use tracker::{Followed, Needs, Tracker};
