//! `pack`: compile a pet from its sources, and look at all of it.

use super::{Failure, source};
use buddy_render::pet::{build, sheet};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compile rig.svg and clips.toml into NAME.lottie and NAME.svg
    #[command(after_help = "Example: buddy-render pack build pets/null")]
    Build {
        /// The pet's folder
        folder: PathBuf,
    },
    /// Draw all clips at many times into one PNG
    #[command(after_help = "Example: buddy-render pack sheet null -o null.png")]
    Sheet {
        /// The pet, by name or folder
        pet: String,
        /// The side of one picture, in pixels
        #[arg(long, default_value_t = 96, value_parser = clap::value_parser!(u32).range(8..=512))]
        size: u32,
        /// Pictures a clip
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
        columns: u32,
        /// The PNG to write; - is standard output
        #[arg(short, long)]
        output: PathBuf,
    },
}

pub(super) fn run(args: &PackArgs) -> Result<(), Failure> {
    match &args.action {
        Action::Build { folder } => build_folder(folder),
        Action::Sheet { pet, size, columns, output } => {
            let pet = source::open_pet(pet)?;
            let frame =
                sheet::draw(&pet, *size, *columns).map_err(|e| Failure::because(pet.name(), &e))?;
            source::write_file(output, &super::render::png(&frame)?)
        }
    }
}

fn build_folder(folder: &std::path::Path) -> Result<(), Failure> {
    let written = build::build_folder(folder).map_err(|e| {
        Failure::because(folder.display(), &e)
            .hint("pets/README.md says what rig.svg and clips.toml look like")
    })?;
    for path in written {
        super::say(format_args!("wrote {}", path.display()));
    }
    Ok(())
}
