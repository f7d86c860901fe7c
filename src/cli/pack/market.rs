//! `pack search`, `add`, `remove`, `list`: indexes in folders, and the packs that are installed.

use super::{refused, store};
use crate::cli::{Failure, say};
use buddy_render::pack::{Id, Pack, market};
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// A part of the id; all packs where it is left out
    #[arg(default_value = "")]
    text: String,
    /// The index's folder
    #[arg(long, value_name = "FOLDER")]
    index: PathBuf,
}

pub(super) fn search(args: &SearchArgs) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for offer in offers(&args.index)? {
        if offer.id.to_string().contains(&args.text) {
            let size = offer.size.div_ceil(1024);
            // The licence is a stranger's text.
            let licence = buddy_render::text::SafeText::new(&offer.licence);
            writeln!(out, "{} {}  {licence}  {size} KiB", offer.id, offer.version)?;
        }
    }
    Ok(())
}

fn offers(index: &Path) -> Result<Vec<market::Offer>, Failure> {
    market::offers(index).map_err(|error| {
        Failure::because(index.display(), &error)
            .hint("an index is a folder with an index.toml; pets/PACKS.md shows one")
    })
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// A .buddypack, a pack's folder, or with --index an id, AUTHOR/NAME
    pack: String,
    /// The index's folder
    #[arg(long, value_name = "FOLDER")]
    index: Option<PathBuf>,
}

pub(super) fn add(args: &AddArgs) -> Result<(), Failure> {
    let pack = match &args.index {
        Some(index) => {
            let id: Id = args.pack.parse().map_err(Failure::usage)?;
            let offers = offers(index)?;
            let offer = market::newest(&offers, &id).ok_or_else(|| {
                Failure::cannot(format!("{}: has no pack {id}", index.display()))
                    .hint("buddy-render pack search --index FOLDER lists them")
            })?;
            offer.fetch()
        }
        None => Pack::open(Path::new(&args.pack)),
    };
    let pack = pack.map_err(|error| refused(&args.pack, &error))?;
    let done = store()?.install(pack).map_err(|error| refused(&args.pack, &error))?;
    if done.new_key {
        say(format_args!("{}'s key is trusted from now on", done.id.author));
    }
    say(format_args!("installed {} as {}", done.id, done.path.display()));
    Ok(())
}

pub(super) fn remove(id: &Id) -> Result<(), Failure> {
    if store()?.remove(id).map_err(|error| refused(id, &error))? {
        return Ok(());
    }
    Err(Failure::cannot(format!("{id} is not installed"))
        .hint("buddy-render pack list says what is"))
}

pub(super) fn list() -> Result<(), Failure> {
    let store = store()?;
    let mut out = std::io::stdout().lock();
    for id in store.list() {
        match store.open(&id) {
            Ok(pack) => {
                let about = pack.manifest();
                writeln!(
                    out,
                    "{id} {}  {}  pets: {}",
                    about.version,
                    about.licence,
                    about.pets.join(", ")
                )?;
            }
            Err(error) => say(format_args!("{id}: {error}")),
        }
    }
    Ok(())
}
