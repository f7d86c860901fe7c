//! `pack verify`: whether a pack would be taken, and what it says about itself. `pack lint`: what
//! could be better.

use super::refused;
use crate::cli::Failure;
use buddy_render::pack::{self, Files, Pack, SUMS};
use std::io::Write as _;
use std::path::Path;

pub(super) fn run(path: &Path) -> Result<(), Failure> {
    let pack = Pack::open(path).map_err(|error| refused(path.display(), &error))?;
    let about = pack.manifest();
    let authors: Vec<_> = about.authors.iter().map(|author| author.as_str()).collect();
    let signed = pack.signer().map_or("not signed", |_| "signed by the key that it names");
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} {}: {}, by {}; {}; pets: {}; {} files, {} bytes",
        about.id,
        about.version,
        about.licence,
        authors.join(", "),
        signed,
        about.pets.join(", "),
        pack.files().iter().count(),
        pack.files().size(),
    )?;
    Ok(())
}

/// Prints a line for each finding; any is exit code 1.
pub(super) fn lint(path: &Path) -> Result<(), Failure> {
    let failed = |error| refused(path.display(), &error);
    let mut files = Files::open(path).map_err(failed)?;
    // A folder that is being worked on need not have been built.
    if path.is_dir() {
        files.remove(SUMS);
        files.remove(pack::SIGNATURE);
    }
    let pack = if path.is_dir() { Pack::check_unsealed(files) } else { Pack::check(files) };
    let findings = pack::lint(&pack.map_err(failed)?).map_err(failed)?;
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::cannot(format!("{}: {count} findings", path.display()))
            .hint("pets/PACKS.md says what each rule asks for")),
    }
}
