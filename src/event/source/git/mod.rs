//! Git's senses: what happens in a repository, seen in its files.
//!
//! Nothing of a repository is executed or obeyed. No configuration is read, no program started, and
//! nothing written; refs, index and objects are read by gitoxide's parts, each measured first.
//! [`watch`] is the part with effects; what a moment means after another is decided apart from it.

mod burst;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod eyes;
mod files;
mod generated;
mod ignored;
mod legacy;
mod lines;
mod look;
mod memory;
mod place;
mod read;
mod repeated;
mod snapshot;
#[cfg(unix)]
mod watch;

pub use legacy::LEGACY_DAYS;
pub use lines::{MAX_PATCHED, patch};
pub use place::{Repository, RepositoryError};
pub use read::commits;
#[cfg(unix)]
pub use watch::{
    LONGEST_BURST, LONGEST_LOOK, MAX_REPOSITORIES, Note, QUIET, SWEEP, Senses, Watching, watch,
};
