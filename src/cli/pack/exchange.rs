//! `pack import` and `pack export`: packs of other makes.

use super::refused;
use crate::cli::{Failure, say, source};
use buddy_render::pack::{self, Id, Import, Pack};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A Codex pet's folder or zip, a .gif, .png, .webp, .json, .lottie or .svg file
    file: PathBuf,
    /// The pack's id; its second half becomes the pet's name
    #[arg(long, value_name = "AUTHOR/NAME")]
    id: Id,
    /// What one may do with it, an SPDX expression; the file does not tell
    #[arg(long, value_name = "SPDX")]
    licence: String,
    /// Who made it; the id's first half where nobody is named
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// The .buddypack to write
    #[arg(short, long)]
    output: PathBuf,
}

pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    let author = args.author.clone().unwrap_or_else(|| args.id.author.clone());
    let about = Import { id: args.id.clone(), licence: args.licence.clone(), author };
    let failed = |error| refused(args.file.display(), &error);
    let files = pack::import(&args.file, &about).map_err(failed)?;
    let bytes = pack::seal(files).map_err(failed)?;
    source::write_file(&args.output, &bytes)?;
    say(format_args!("wrote {}; draw its ascii.txt before you share it", args.output.display()));
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The .buddypack, or a pack's folder
    pack: PathBuf,
    /// Which of its pets; the first where none is named
    #[arg(long, value_name = "NAME")]
    pet: Option<String>,
    /// The folder to write; it must not be there yet
    #[arg(short, long)]
    output: PathBuf,
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let failed = |error| refused(args.pack.display(), &error);
    let pack = Pack::open(&args.pack).map_err(failed)?;
    let first = pack.manifest().pets.first().map_or("", String::as_str);
    let pet = args.pet.as_deref().unwrap_or(first);
    let files = pack::export_codex(&pack, pet).map_err(failed)?;
    std::fs::create_dir(&args.output).map_err(|error| {
        Failure::because(args.output.display(), &error).hint("name a folder that is not there yet")
    })?;
    for (name, bytes) in files.iter() {
        source::write_file(&args.output.join(name), bytes)?;
    }
    say(format_args!("wrote {}", args.output.display()));
    Ok(())
}
