//! `pack build`: sources → a compiled pet, or a pack's folder → a .buddypack.

use super::{is_pack_folder, refused};
use crate::cli::{Failure, say, source};
use buddy_render::pack::{self, Files, PackError, SUMS};
use buddy_render::pet::build;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// The pet's folder, or the pack's
    folder: PathBuf,
    /// The .buddypack to write, for a pack; NAME-VERSION.buddypack where none is named
    #[arg(short, long)]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &BuildArgs) -> Result<(), Failure> {
    if is_pack_folder(&args.folder) {
        return seal(&args.folder, args.output.as_deref());
    }
    let written = build::build_folder(&args.folder).map_err(|e| {
        Failure::because(args.folder.display(), &e)
            .hint("pets/README.md says what rig.svg and clips.toml look like")
    })?;
    for path in written {
        say(format_args!("wrote {}", path.display()));
    }
    Ok(())
}

/// Writes the pack, and its sums beside the sources: minisign signs them there, so they are written
/// even where the pack still lacks its signature.
fn seal(folder: &Path, output: Option<&Path>) -> Result<(), Failure> {
    let failed = |error: PackError| {
        let told = refused(folder.display(), &error);
        match error {
            PackError::Signature(_) => told.hint(
                "sign it in its folder with: minisign -S -m SHA256SUMS -x SIGNATURE; then build again",
            ),
            _ => told,
        }
    };
    let files = Files::open(folder).map_err(failed)?;
    source::write_file(&folder.join(SUMS), pack::sums(&files).as_bytes())?;
    let bytes = pack::seal(files.clone()).map_err(failed)?;
    let text = files.text(pack::MANIFEST).map_err(failed)?;
    let manifest = pack::Manifest::parse(text).map_err(failed)?;
    let own = PathBuf::from(format!("{}-{}.buddypack", manifest.id.name, manifest.version));
    let path = output.unwrap_or(&own);
    source::write_file(path, &bytes)?;
    say(format_args!(
        "wrote {}, {} bytes, sha256 {}",
        path.display(),
        bytes.len(),
        pack::sha256(&bytes)
    ));
    Ok(())
}
