//! `pack`: make pets and packs, look at them, check them, exchange them.

mod build;
mod exchange;
mod market;
mod sheet;
mod verify;

use super::Failure;
use buddy_render::pack::{Id, PackError, Store};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compile a pet's folder (rig.svg, clips.toml), or seal a pack's (pack.toml) into a .buddypack
    #[command(
        after_help = "Examples:\n  buddy-render pack build pets/null\n  buddy-render pack build my-pack -o tin.buddypack"
    )]
    Build(build::BuildArgs),
    /// Draw all clips at many times, or in many skins, into one PNG
    #[command(
        after_help = "Examples:\n  buddy-render pack sheet null -o null.png\n  buddy-render pack sheet null --skin all --columns 0 --size 64 -o skins.png"
    )]
    Sheet(sheet::SheetArgs),
    /// Check a pack: limits, hashes, signature, and that each pet opens
    #[command(after_help = "Example: buddy-render pack verify tin.buddypack")]
    Verify {
        /// The .buddypack, or a pack's folder with its SHA256SUMS
        pack: PathBuf,
    },
    /// Look for what is allowed and yet not good: contrast, flashes, seams, missing words
    #[command(after_help = "Example: buddy-render pack lint my-pack")]
    Lint {
        /// The .buddypack, or a pack's folder, built or not
        pack: PathBuf,
    },
    /// Make a pack of a Codex pet, a GIF, APNG or WebP, a Lottie, or an SVG
    #[command(
        after_help = "Example: buddy-render pack import ~/.codex/pets/tin --id ada/tin --licence CC-BY-4.0 -o tin.buddypack"
    )]
    Import(exchange::ImportArgs),
    /// Write a pack's pet as a Codex pet: a folder of pet.json and spritesheet.png
    #[command(after_help = "Example: buddy-render pack export tin.buddypack -o ~/.codex/pets/tin")]
    Export(exchange::ExportArgs),
    /// Find packs in an index: a folder with an index.toml
    #[command(after_help = "Example: buddy-render pack search tin --index ~/src/pet-index")]
    Search(market::SearchArgs),
    /// Install a pack, from a file or from an index
    #[command(
        after_help = "Examples:\n  buddy-render pack add tin.buddypack\n  buddy-render pack add ada/tin --index ~/src/pet-index\n\nThe pack is then a pet: buddy-render --pet ada/tin/tin, or --pet tin where no other has that name."
    )]
    Add(market::AddArgs),
    /// Remove an installed pack
    #[command(after_help = "Example: buddy-render pack remove ada/tin")]
    Remove {
        /// AUTHOR/NAME
        id: Id,
    },
    /// List the installed packs
    #[command(after_help = "Example: buddy-render pack list")]
    List,
}

pub(super) fn run(args: &PackArgs) -> Result<(), Failure> {
    match &args.action {
        Action::Build(args) => build::run(args),
        Action::Sheet(args) => sheet::run(args),
        Action::Verify { pack } => verify::run(pack),
        Action::Lint { pack } => verify::lint(pack),
        Action::Import(args) => exchange::import(args),
        Action::Export(args) => exchange::export(args),
        Action::Search(args) => market::search(args),
        Action::Add(args) => market::add(args),
        Action::Remove { id } => market::remove(id),
        Action::List => market::list(),
    }
}

/// A refused pack, for the reader.
pub(super) fn refused(what: impl std::fmt::Display, error: &PackError) -> Failure {
    match error {
        // It names its own path.
        PackError::File { .. } => Failure::cannot(error.to_string()),
        _ => Failure::because(what, error),
    }
    .hint(error.hint())
}

/// Where packs are installed: `$XDG_DATA_HOME/buddy/packs`, or its usual place in the home folder.
pub(super) fn store() -> Result<Store, Failure> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| {
        let home = absolute("HOME").or_else(|| absolute("USERPROFILE"))?;
        Some(home.join(".local/share"))
    });
    match data {
        Some(data) => Ok(Store::new(data.join("buddy/packs"))),
        None => Err(Failure::cannot("there is no folder for packs")
            .hint("set XDG_DATA_HOME or HOME to an absolute path")),
    }
}

/// Whether a path is a pack's folder.
pub(super) fn is_pack_folder(path: &Path) -> bool {
    path.join(buddy_render::pack::MANIFEST).is_file()
}
