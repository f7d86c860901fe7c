//! `buddy-render shell` in a window whose every byte is known: what the shell writes and what is typed
//! into it goes through unchanged, and the terminal is as it would be without us.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod fidelity;
#[path = "../support/git.rs"]
mod git;
mod identity;
mod log;
mod manners;
mod ours;
mod part;
mod senses;
mod window;
