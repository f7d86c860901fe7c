//! What a repository asks of a pet in it: less, and never more. Its file comes from strangers, with a
//! clone, so that nothing in it can name a command or a path, or make a pet louder than its user
//! wants it.

use super::config::unknown;
use super::error::{At, Fault, MannersError, shown};
use super::yaml::{self, Entry, flag};
use super::{Motion, Reason, Standing, file};
use crate::pet::catalog;
use std::path::{Path, PathBuf};

/// The file's name.
pub const REPOSITORY_FILE: &str = ".buddy.yaml";
/// How many folders are looked into, from the one where somebody is up to the repository's.
pub const MAX_FOLDERS: usize = 64;

/// Each key, and what it can be.
pub const REPOSITORY_KEYS: [(&str, &str); 6] = [
    ("off", "a repository can only say true: no pet here"),
    ("quiet", "a repository can only say true: a pet that stands still and says nothing"),
    ("motion", "a repository can only say reduced or none"),
    ("speech", "a repository can only say off"),
    ("guests", "a repository can only say off"),
    ("pet", "a repository can only name a built-in pet: antigravity, null, haiku, bit or spectre"),
];

/// What the files of a repository ask for, together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reductions {
    /// No pet; which file says so.
    pub off: Option<PathBuf>,
    /// A quiet pet; which file says so.
    pub quiet: Option<PathBuf>,
    /// The most motion.
    pub motion: Motion,
    /// No speech.
    pub silent: bool,
    /// No visits by other pets.
    pub no_guests: bool,
    /// A built-in pet instead of the user's.
    pub pet: Option<&'static str>,
    /// The files that were read, the nearest first.
    pub files: Vec<PathBuf>,
}

impl Reductions {
    /// What the repository around `folder` asks for: its files from there up to its root, each of
    /// which may only ask for less; the nearest names the pet. Without a repository there are none.
    /// What cannot be understood is told beside, and the rest of it holds: whoever asks for less with
    /// a slip in it wants less, too.
    #[must_use]
    pub fn around(folder: &Path) -> (Self, Vec<MannersError>) {
        let (mut asked, mut errors) = (Self::default(), Vec::new());
        let folders = folders(folder);
        let Some(root) = folders.last() else { return (asked, errors) };
        for folder in &folders {
            let path = folder.join(REPOSITORY_FILE);
            let Ok(real) = path.canonicalize() else { continue };
            // One that leads out of the repository is none of its own.
            let read = if real.starts_with(root) { file::read(&real) } else { Ok(None) };
            match read {
                Ok(Some((text, _))) => {
                    let faults = asked.add(&text, &path);
                    errors.extend(faults.into_iter().map(|at| MannersError::line(&path, at)));
                    asked.files.push(path);
                }
                Ok(None) => errors.push(MannersError::NoFile { path }),
                Err(error) => errors.push(error),
            }
        }
        (asked, errors)
    }

    /// Takes what a file's text asks for to what others did, and gives back what is wrong with it.
    pub(super) fn add(&mut self, text: &str, path: &Path) -> Vec<At> {
        let (entries, fault) = yaml::entries(text);
        let faults = entries.iter().filter_map(|entry| self.set(entry, path).err());
        let mut faults: Vec<At> = faults.collect();
        faults.extend(fault);
        faults
    }

    fn set(&mut self, entry: &Entry, path: &Path) -> Result<(), At> {
        let known = REPOSITORY_KEYS.iter().find(|(key, _)| *key == entry.key);
        let Some((key, wanted)) = known else { return Err(unknown(entry, &REPOSITORY_KEYS)) };
        self.take(key, &entry.value, path).ok_or_else(|| {
            let value = shown(&entry.value);
            (entry.line, Fault::Value { key, value, wanted: (*wanted).to_owned() })
        })
    }

    /// Takes a value; nothing where it would not reduce.
    fn take(&mut self, key: &str, value: &str, path: &Path) -> Option<()> {
        let reduces = match key {
            "off" | "quiet" => flag(value)?,
            "speech" | "guests" => !flag(value)?,
            "motion" => {
                let motion = value.parse().ok()?;
                self.motion = self.motion.max(motion);
                motion != Motion::Full
            }
            _ => {
                let pet = catalog::names().into_iter().find(|name| *name == value)?;
                self.pet.get_or_insert(pet);
                true
            }
        };
        match key {
            _ if !reduces => return None,
            "off" => self.off = self.off.take().or_else(|| Some(path.to_owned())),
            "quiet" => self.quiet = self.quiet.take().or_else(|| Some(path.to_owned())),
            "speech" => self.silent = true,
            "guests" => self.no_guests = true,
            _ => {}
        }
        Some(())
    }

    /// Its reasons for a pet to be less than on.
    pub(super) fn reasons(&self) -> impl Iterator<Item = Reason> {
        let asked = [(&self.off, Standing::Off), (&self.quiet, Standing::Quiet)];
        asked.into_iter().filter_map(|(path, standing)| {
            Some(Reason::Repository { path: path.clone()?, standing })
        })
    }
}

/// The folders from `folder` up to that of its repository; none where it is in none.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let mut found: Vec<PathBuf> = Vec::new();
    for above in folder.ancestors().take(MAX_FOLDERS) {
        found.push(above.to_path_buf());
        if above.join(".git").exists() {
            return found;
        }
    }
    Vec::new()
}
