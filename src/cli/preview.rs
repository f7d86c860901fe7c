//! `preview`: one clip, looping, until a key or the time ends it.

use super::Failure;
use super::play::{Look, PlayArgs};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The pet, by name or folder
    #[arg(default_value = "antigravity")]
    pet: String,
    /// The clip
    #[arg(default_value = "idle")]
    clip: String,
    #[command(flatten)]
    look: Look,
}

pub(super) fn run(args: &PreviewArgs) -> Result<(), Failure> {
    super::play::preview(&PlayArgs::for_preview(&args.pet, &args.look), &args.clip)
}
