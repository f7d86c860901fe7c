//! `shell` where there are no pseudoterminals as POSIX has them.

use super::Failure;
use std::ffi::OsString;
use std::process::ExitCode;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ShellArgs {
    /// The command, and what it is told
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(super) fn run(_: &ShellArgs) -> Result<ExitCode, Failure> {
    Err(Failure::cannot("a pet over a shell is not supported on this system yet")
        .hint("pipe events into it instead: cargo test 2>&1 | buddy-render"))
}
