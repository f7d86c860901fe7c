//! Where a repository's parts lie, and which repositories are not read at all.
//!
//! A repository may come from anybody. Its files are only read where they are files, its folders
//! where they are folders, and a `.git` file is only followed to where git itself would have put it.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// How far up a repository's folder is looked for.
const MAX_PARENTS: usize = 64;
/// The longest of git's files that hold one line, in bytes.
const MAX_LINE: u64 = 4 << 10;
/// The largest index and list of packed refs that are read, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// Why a repository cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Nothing there is one.
    #[error("{} is in no repository", path.display())]
    None {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It has no files to work on.
    #[error("{} is a bare repository: it has no files that could be edited", path.display())]
    Bare {
        /// Which.
        path: PathBuf,
    },
    /// Something in it leads to where git would not have put it.
    #[error("{} leads out of the repository", path.display())]
    Elsewhere {
        /// What.
        path: PathBuf,
    },
    /// Something in it is no plain file or folder, or larger than is read.
    #[error("{} is not what git would have put there", path.display())]
    Odd {
        /// What.
        path: PathBuf,
    },
    /// Its refs are in a format that is not read.
    #[error("{} keeps its refs as reftable, which is not read yet", path.display())]
    Reftable {
        /// Which.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{}", path.display())]
    Io {
        /// To what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl RepositoryError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::None { .. } => Some("name a folder in which git status works"),
            Self::Bare { .. } => Some("name a work tree of it, such as one by git worktree add"),
            Self::Reftable { .. } => Some("git refs migrate --ref-format=files"),
            _ => None,
        }
    }
}

/// Where the parts of one work tree lie. Paths are absolute and without links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository {
    /// The files that are worked on.
    pub(super) work: PathBuf,
    /// HEAD, the index, and what git is in the middle of.
    pub(super) git: PathBuf,
    /// Refs and objects: the same, unless there are many work trees.
    pub(super) common: PathBuf,
}

impl Repository {
    /// The repository that `path` is in.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is not to be read; see [`RepositoryError`].
    pub fn find(path: &Path) -> Result<Self, RepositoryError> {
        let begin = path
            .canonicalize()
            .map_err(|source| RepositoryError::Io { path: path.to_owned(), source })?;
        for work in begin.ancestors().take(MAX_PARENTS) {
            if let Ok(about) = fs::symlink_metadata(work.join(".git")) {
                return Self::at(work, &about);
            }
            if is_bare(work) {
                return Err(RepositoryError::Bare { path: work.to_owned() });
            }
        }
        Err(RepositoryError::None { path: path.to_owned() })
    }

    /// The folder that holds the files that are worked on.
    #[must_use]
    pub fn work_tree(&self) -> &Path {
        &self.work
    }

    fn at(work: &Path, dot_git: &Metadata) -> Result<Self, RepositoryError> {
        let path = work.join(".git");
        let git = if dot_git.is_dir() {
            path
        } else if dot_git.is_file() {
            follow(work, &path)?
        } else {
            return Err(RepositoryError::Elsewhere { path });
        };
        let common = match first_line(&git.join("commondir"))? {
            Some(line) => resolve(&git, &line)?,
            None => git.clone(),
        };
        // Only a linked work tree has its refs elsewhere, and that is two folders up.
        if common != git && git.parent().and_then(Path::parent) != Some(&*common) {
            return Err(RepositoryError::Elsewhere { path: git.join("commondir") });
        }
        let found = Self { work: work.to_owned(), git, common };
        found.check()?;
        Ok(found)
    }

    /// Whether everything that is read has the form that git gives it.
    pub(super) fn check(&self) -> Result<(), RepositoryError> {
        let reftable = self.common.join("reftable");
        if fs::symlink_metadata(&reftable).is_ok() {
            return Err(RepositoryError::Reftable { path: self.work.clone() });
        }
        if !is_plain(&self.git.join("HEAD"), MAX_LINE)? {
            return Err(RepositoryError::Odd { path: self.git.join("HEAD") });
        }
        is_plain(&self.git.join("index"), MAX_FILE)?;
        is_plain(&self.common.join("packed-refs"), MAX_FILE)?;
        is_plain(&self.common.join("info/exclude"), MAX_LINE << 8)?;
        for folder in ["refs", "refs/heads", "refs/remotes", "objects", "objects/pack", "logs"] {
            let path = self.common.join(folder);
            if fs::symlink_metadata(&path).is_ok_and(|about| !about.is_dir()) {
                return Err(RepositoryError::Elsewhere { path });
            }
        }
        Ok(())
    }

    /// Whether its objects are all its own. Those of other repositories are not read: an object's
    /// folder could be anywhere.
    pub(super) fn has_own_objects(&self) -> bool {
        ["alternates", "http-alternates"]
            .iter()
            .all(|name| fs::symlink_metadata(self.common.join("objects/info").join(name)).is_err())
    }
}

/// Whether it is a repository that has no work tree.
fn is_bare(path: &Path) -> bool {
    let is_dir = |name: &str| path.join(name).is_dir();
    path.file_name().is_none_or(|name| name != ".git")
        && path.join("HEAD").is_file()
        && is_dir("objects")
        && is_dir("refs")
}

/// Where a `.git` file leads: to the folder that `git worktree add` made for this work tree, or
/// that a submodule has in the repository around it.
fn follow(work: &Path, path: &Path) -> Result<PathBuf, RepositoryError> {
    let elsewhere = || RepositoryError::Elsewhere { path: path.to_owned() };
    let line = first_line(path)?.ok_or_else(elsewhere)?;
    let git = resolve(work, line.strip_prefix("gitdir:").ok_or_else(elsewhere)?.trim())?;
    let back = first_line(&git.join("gitdir"))?;
    let is_linked = back.is_some_and(|back| {
        resolve(&git, &back).is_ok_and(|back| back.parent() == Some(work) && back == *path)
    });
    let is_submodule = work.ancestors().skip(1).take(MAX_PARENTS).any(|above| {
        let around = above.join(".git");
        git.starts_with(around.join("modules"))
            && fs::symlink_metadata(around).is_ok_and(|about| about.is_dir())
    });
    if is_linked || is_submodule { Ok(git) } else { Err(elsewhere()) }
}

fn resolve(base: &Path, line: &str) -> Result<PathBuf, RepositoryError> {
    let path = base.join(line);
    path.canonicalize().map_err(|source| RepositoryError::Io { path, source })
}

/// Whether it is there; it must be a plain file then, and no larger than that.
fn is_plain(path: &Path, most: u64) -> Result<bool, RepositoryError> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() && about.len() <= most => Ok(true),
        Ok(_) => Err(RepositoryError::Odd { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(RepositoryError::Io { path: path.to_owned(), source }),
    }
}

/// The first line of a short plain file, where there is one.
fn first_line(path: &Path) -> Result<Option<String>, RepositoryError> {
    if !is_plain(path, MAX_LINE)? {
        return Ok(None);
    }
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_LINE).read_to_string(&mut text));
    read.map_err(|source| RepositoryError::Io { path: path.to_owned(), source })?;
    Ok(Some(text.lines().next().unwrap_or_default().trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(git: &Path) {
        for folder in ["refs/heads", "objects/pack"] {
            fs::create_dir_all(git.join(folder)).unwrap();
        }
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    }

    fn here() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().canonicalize().unwrap().join("work");
        skeleton(&work.join(".git"));
        (folder, work)
    }

    #[test]
    fn it_is_found_from_within() {
        let (_folder, work) = here();
        fs::create_dir_all(work.join("a/b")).unwrap();
        let found = Repository::find(&work.join("a/b")).unwrap();
        assert_eq!((&found.work, &found.git), (&work, &work.join(".git")));
        assert_eq!(Repository::find(&work.join(".git/refs")).unwrap(), found);
        assert!(found.has_own_objects());
    }

    #[test]
    fn bare_ones_and_none_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Repository::find(folder.path()), Err(RepositoryError::None { .. })));
        let bare = folder.path().join("x.git");
        skeleton(&bare);
        assert!(matches!(Repository::find(&bare.join("refs")), Err(RepositoryError::Bare { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_strangers_are_refused() {
        use std::os::unix::fs::symlink;
        let (folder, work) = here();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        symlink(work.join(".git"), other.join(".git")).unwrap();
        assert!(matches!(Repository::find(&other), Err(RepositoryError::Elsewhere { .. })));
        fs::remove_file(other.join(".git")).unwrap();
        fs::write(other.join(".git"), "gitdir: ../work/.git").unwrap();
        assert!(matches!(Repository::find(&other), Err(RepositoryError::Elsewhere { .. })));
        symlink("/dev/zero", work.join(".git/index")).unwrap();
        assert!(matches!(Repository::find(&work), Err(RepositoryError::Odd { .. })));
        fs::remove_file(work.join(".git/index")).unwrap();
        fs::remove_dir_all(work.join(".git/objects/pack")).unwrap();
        symlink("/", work.join(".git/objects/pack")).unwrap();
        assert!(matches!(Repository::find(&work), Err(RepositoryError::Elsewhere { .. })));
    }

    #[test]
    fn a_linked_work_tree_shares_what_is_common() {
        let (folder, work) = here();
        let other = folder.path().canonicalize().unwrap().join("other");
        let git = work.join(".git/worktrees/other");
        fs::create_dir_all(&other).unwrap();
        fs::create_dir_all(&git).unwrap();
        fs::write(git.join("HEAD"), "ref: refs/heads/x\n").unwrap();
        fs::write(git.join("commondir"), "../..\n").unwrap();
        fs::write(git.join("gitdir"), format!("{}\n", other.join(".git").display())).unwrap();
        fs::write(other.join(".git"), format!("gitdir: {}\n", git.display())).unwrap();
        let found = Repository::find(&other).unwrap();
        assert_eq!((found.git, found.common), (git.clone(), work.join(".git")));
        fs::write(git.join("commondir"), "/\n").unwrap();
        assert!(matches!(Repository::find(&other), Err(RepositoryError::Elsewhere { .. })));
    }
}
