//! What a pet hears and finds by itself: what happens in repositories, and documentation.

use super::Failure;
use buddy_render::event::bus::Bus;
use buddy_render::event::source::docs::{self, Seeking, Shelves};
use buddy_render::event::source::git::{Repository, RepositoryError};
use buddy_render::mood::Species;
use buddy_render::pet::Pet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(unix)]
use buddy_render::event::source::git::Watching;
#[cfg(not(unix))]
enum Watching {}

/// The most of the user's toolchains, and of the folders in PATH, that are looked at.
const MAX_FOLDERS: usize = 64;

#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct SensesArgs {
    /// Watch the repository that PATH is in; may be given several times. Nothing in it is executed
    #[arg(long, value_name = "PATH")]
    pub(super) repo: Vec<PathBuf>,
    /// Have any pet bring the documentation of errors that is on this machine, as Bit does
    #[arg(long)]
    docs: bool,
}

/// What a pet is to sense, of which all is there.
pub(super) struct Found {
    repositories: Vec<Repository>,
    docs: bool,
}

/// Senses that a pet has until they are dropped.
pub(super) struct Senses {
    _watching: Option<Watching>,
    seeking: Option<Seeking>,
}

impl Senses {
    /// A way to wait until all that was asked is answered.
    pub(super) fn settled(&self) -> Option<impl Fn(Duration) + Send + 'static> {
        self.seeking.as_ref().map(Seeking::settled)
    }
}

/// Looks for what a pet is to sense, and opens nothing yet: the repositories that the paths are in,
/// each once.
pub(super) fn find(args: &SensesArgs, pet: &Pet) -> Result<Found, Failure> {
    let mut repositories: Vec<Repository> = Vec::new();
    for path in &args.repo {
        let repository = Repository::find(path).map_err(refused)?;
        if !repositories.contains(&repository) {
            repositories.push(repository);
        }
    }
    check(&repositories)?;
    Ok(Found { repositories, docs: args.docs || pet.species() == Species::Dog })
}

/// Opens the senses, and has them tell the bus. `note` takes what the user should know.
pub(super) fn open(
    found: Found,
    bus: &Arc<Bus>,
    note: impl Fn(String) + Send + 'static,
) -> Result<Senses, Failure> {
    let seek = || docs::seek(shelves(), bus);
    let seeking = found.docs.then(seek).transpose()?;
    Ok(Senses { _watching: watch(found.repositories, bus, note)?, seeking })
}

fn refused(error: RepositoryError) -> Failure {
    let failure = Failure::because("--repo", &error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Whether so many can be watched.
#[cfg(unix)]
fn check(repositories: &[Repository]) -> Result<(), Failure> {
    use buddy_render::event::source::git::MAX_REPOSITORIES;
    if repositories.len() > MAX_REPOSITORIES {
        return Err(Failure::usage(format!(
            "a pet watches at most {MAX_REPOSITORIES} repositories"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(repositories: &[Repository]) -> Result<(), Failure> {
    if repositories.is_empty() {
        return Ok(());
    }
    Err(Failure::cannot("repositories are not watched on Windows yet")
        .hint("pipe what git says into buddy-render instead"))
}

/// Watches repositories, where there are any, and tells the bus.
#[cfg(unix)]
fn watch(
    repositories: Vec<Repository>,
    bus: &Arc<Bus>,
    note: impl Fn(String) + Send + 'static,
) -> Result<Option<Watching>, Failure> {
    use buddy_render::event::source::git::{self, Senses};
    if repositories.is_empty() {
        return Ok(None);
    }
    let senses = Senses { repositories, ignore: ignore() };
    let watching = git::watch(senses, Arc::clone(bus), move |told| note(told.to_string()));
    watching.map(Some).map_err(|error| Failure::because("--repo", &error))
}

#[cfg(not(unix))]
fn watch(
    _: Vec<Repository>,
    _: &Arc<Bus>,
    _: impl Fn(String) + Send + 'static,
) -> Result<Option<Watching>, Failure> {
    Ok(None)
}

/// Where git looks by itself for what its user never wants to see. Another place that a
/// configuration names is not asked for: none is read.
#[cfg(unix)]
fn ignore() -> Option<PathBuf> {
    Some(folder("XDG_CONFIG_HOME", ".config")?.join("git/ignore"))
}

/// The shelves of this machine and of the folder that we are in.
fn shelves() -> Shelves {
    let toolchains = toolchains();
    let below = |paths: &[PathBuf], name: &str| -> Vec<PathBuf> {
        paths.iter().map(|path| path.join(name)).collect()
    };
    let mut manuals: Vec<PathBuf> = list("MANPATH");
    manuals.extend(["/usr/local/share/man", "/usr/share/man"].map(PathBuf::from));
    manuals.extend(folder("XDG_DATA_HOME", ".local/share").map(|data| data.join("man")));
    manuals.extend(below(&toolchains, "share/man"));
    let cache = folder("XDG_CACHE_HOME", ".cache");
    let mut tldr: Vec<PathBuf> = [
        "tldr/pages",
        "tealdeer/tldr-pages/pages",
        "tealdeer/tldr-pages/pages.en",
        "tlrc/pages.en",
    ]
    .iter()
    .filter_map(|name| Some(cache.as_ref()?.join(name)))
    .collect();
    tldr.extend(home().map(|home| home.join(".tldr/cache/pages")));
    let work = std::env::current_dir().unwrap_or_default();
    Shelves {
        rustc: program("rustc").map(|rustc| (rustc, environment())),
        books: below(&toolchains, "share/doc/rust/html"),
        crates: work.ancestors().take(MAX_FOLDERS).map(|above| above.join("target/doc")).collect(),
        manuals,
        tldr,
        kept: cache.map(|cache| cache.join("buddy-render/explain")),
    }
}

/// The folders of the user's toolchains, the usual one first.
fn toolchains() -> Vec<PathBuf> {
    let rustup = || Some(home()?.join(".rustup"));
    let all = set("RUSTUP_HOME").map(PathBuf::from).or_else(rustup);
    let entries = all.map(|all| std::fs::read_dir(all.join("toolchains")));
    let entries = entries.and_then(Result::ok).into_iter().flatten().flatten().take(MAX_FOLDERS);
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let is_usual = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("stable"))
    };
    found.sort();
    found.sort_by_key(|path| !is_usual(path));
    found
}

/// A program in one of PATH's absolute folders: a relative one could be of any repository.
fn program(name: &str) -> Option<PathBuf> {
    list("PATH").into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// What the compiler is told of the environment: where it and its toolchains are, and that rustup
/// fetches none.
fn environment() -> Vec<(OsString, OsString)> {
    let names = ["PATH", "HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN"];
    let mut kept: Vec<_> =
        names.iter().filter_map(|name| Some((name.into(), set(name)?))).collect();
    kept.push(("RUSTUP_AUTO_INSTALL".into(), "0".into()));
    kept
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn home() -> Option<PathBuf> {
    set("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// One of the user's folders (XDG), or what it is in the home where it is not named.
fn folder(name: &str, usual: &str) -> Option<PathBuf> {
    let named = set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(home()?.join(usual)))
}

/// The absolute folders of a list such as PATH.
fn list(name: &str) -> Vec<PathBuf> {
    let value = std::env::var_os(name).unwrap_or_default();
    std::env::split_paths(&value).filter(|path| path.is_absolute()).take(MAX_FOLDERS).collect()
}
