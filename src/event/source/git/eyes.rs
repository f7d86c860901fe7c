//! What the system tells of folders: one inotify for all repositories.
//!
//! By rustix, which is in the tree already. The crate notify keeps two paths a folder: for 100,000
//! folders it took 34 MB, and there is no telling it less. Here a folder is its path, once, and 12
//! bytes. Folders are never watched with all below them: what is ignored must not be.

use super::place::Repository;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

/// What of git's own folder is of interest.
const GIT_FILES: &[&str] = &[
    "CHERRY_PICK_HEAD",
    "HEAD",
    "MERGE_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
    "index",
    "packed-refs",
    "rebase-apply",
    "rebase-merge",
];
/// The most folders of refs of one repository.
const MAX_REFS: usize = 1024;
/// What is read before others have their turn.
const TURN: usize = 4096;
/// The buffer for what the system tells, in bytes.
const BUFFER: usize = 32 << 10;

/// Something that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Glance {
    /// Something of git's.
    Git,
    /// A file changed, or came or went.
    File { path: String, came: bool },
    /// A folder came.
    Folder { path: String },
    /// A folder was moved away, with all below it.
    FolderGone { path: String },
    /// Git's folder is gone.
    Gone,
    /// More than the system could tell.
    All,
}

/// Where a watched folder belongs. The numbers are of the repository and of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    Git(u16),
    Refs(u16, u32),
    Work(u16, u32),
}

impl Spot {
    const fn repo(self) -> usize {
        match self {
            Self::Git(repo) | Self::Refs(repo, _) | Self::Work(repo, _) => repo as usize,
        }
    }
}

/// Paths, one behind another.
#[derive(Debug, Default)]
struct Paths {
    text: String,
    ends: Vec<u32>,
}

impl Paths {
    fn push(&mut self, path: &str) -> Option<u32> {
        let at = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.text.len() + path.len()).ok()?;
        self.text.push_str(path);
        self.ends.push(end);
        Some(at)
    }

    fn get(&self, at: u32) -> &str {
        let at = at as usize;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        self.text.get(begin.unwrap_or(0) as usize..end).unwrap_or_default()
    }
}

/// The watched folders of one repository.
#[derive(Debug)]
struct Nest {
    root: PathBuf,
    /// Relative to the work tree.
    work: Paths,
    /// Absolute.
    refs: Vec<PathBuf>,
}

/// The watched folders of all.
#[derive(Debug)]
pub(super) struct Eyes {
    fd: OwnedFd,
    nests: Vec<Nest>,
    spots: HashMap<i32, Spot>,
    /// Folders of several repositories: work trees may share their refs.
    shared: Vec<(i32, Spot)>,
}

impl AsFd for Eyes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Eyes {
    pub(super) fn new() -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self { fd, nests: Vec::new(), spots: HashMap::new(), shared: Vec::new() })
    }

    /// Watches what is git's of one more repository, and the work tree's own folder.
    pub(super) fn open(&mut self, place: &Repository) -> io::Result<()> {
        let repo = u16::try_from(self.nests.len()).map_err(io::Error::other)?;
        let nest = Nest { root: place.work.clone(), work: Paths::default(), refs: Vec::new() };
        self.nests.push(nest);
        self.add(&place.git, Spot::Git(repo))?;
        if place.common != place.git {
            self.add(&place.common, Spot::Git(repo))?;
        }
        self.add_refs(usize::from(repo), place.common.join("refs"))?;
        self.add_work(usize::from(repo), "")
    }

    /// Watches those folders of a work tree that are not watched yet.
    pub(super) fn watch<'a>(
        &mut self,
        repo: usize,
        folders: impl IntoIterator<Item = &'a String>,
    ) -> io::Result<()> {
        let known = self.known(repo);
        let is_new = |folder: &&String| !known.contains(folder.as_str());
        let new: Vec<String> = folders.into_iter().filter(is_new).cloned().collect();
        for folder in &new {
            match self.add_work(repo, folder) {
                // Gone already, or a link: there is nothing of this repository's in it.
                Err(error) if is_gone(&error) => {}
                other => other?,
            }
        }
        if let Some(nest) = self.nests.get_mut(repo) {
            nest.work.text.shrink_to_fit();
            nest.work.ends.shrink_to_fit();
        }
        Ok(())
    }

    /// Watches nothing of a work tree any more: only what is git's.
    pub(super) fn blink(&mut self, repo: usize) {
        self.drop_where(|spot| matches!(spot, Spot::Work(of, _) if usize::from(of) == repo));
        if let Some(nest) = self.nests.get_mut(repo) {
            nest.work = Paths::default();
        }
    }

    /// Watches nothing of a repository any more.
    pub(super) fn close(&mut self, repo: usize) {
        self.drop_where(|spot| spot.repo() == repo);
        self.blink(repo);
    }

    /// How many folders are watched.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.spots.len() + self.shared.len()
    }

    fn known(&self, repo: usize) -> HashSet<&str> {
        let Some(nest) = self.nests.get(repo) else { return HashSet::new() };
        let ours = |spot: &Spot| match spot {
            Spot::Work(of, at) if usize::from(*of) == repo => Some(nest.work.get(*at)),
            _ => None,
        };
        self.spots.values().filter_map(ours).collect()
    }

    fn drop_where(&mut self, gone: impl Fn(Spot) -> bool) {
        self.shared.retain(|(_, spot)| !gone(*spot));
        let drop: Vec<i32> =
            self.spots.iter().filter(|(_, spot)| gone(**spot)).map(|(id, _)| *id).collect();
        for id in drop {
            self.spots.remove(&id);
            match self.shared.iter().position(|(shared, _)| *shared == id) {
                Some(at) => {
                    let (id, spot) = self.shared.swap_remove(at);
                    self.spots.insert(id, spot);
                }
                // The system may have dropped it before.
                None => drop_watch(&self.fd, id),
            }
        }
    }

    fn add(&mut self, path: &Path, spot: Spot) -> io::Result<()> {
        let what = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::DONT_FOLLOW
            | WatchFlags::EXCL_UNLINK;
        let id = inotify::add_watch(&self.fd, path, what)?;
        match self.spots.get(&id) {
            Some(old) if old.repo() != spot.repo() => {
                if !self.shared.contains(&(id, spot)) {
                    self.shared.push((id, spot));
                }
            }
            _ => {
                self.spots.insert(id, spot);
            }
        }
        Ok(())
    }

    fn add_work(&mut self, repo: usize, folder: &str) -> io::Result<()> {
        let Some(nest) = self.nests.get_mut(repo) else { return Ok(()) };
        let path = nest.root.join(folder);
        let Some((at, of)) = nest.work.push(folder).zip(u16::try_from(repo).ok()) else {
            return Ok(());
        };
        self.add(&path, Spot::Work(of, at))
    }

    /// Watches a folder of refs and those below it.
    fn add_refs(&mut self, repo: usize, path: PathBuf) -> io::Result<()> {
        let mut ahead = vec![path];
        while let Some(path) = ahead.pop() {
            let Some(nest) = self.nests.get_mut(repo).filter(|n| n.refs.len() < MAX_REFS) else {
                return Ok(());
            };
            nest.refs.push(path.clone());
            let at = u32::try_from(nest.refs.len() - 1).unwrap_or_default();
            let Ok(of) = u16::try_from(repo) else { return Ok(()) };
            match self.add(&path, Spot::Refs(of, at)) {
                Err(error) if is_gone(&error) => continue,
                other => other?,
            }
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten().take(MAX_REFS);
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            ahead.extend(folders.map(|entry| entry.path()));
        }
        Ok(())
    }

    /// What moved since it was last asked, by repository. Never waits.
    pub(super) fn read(&mut self) -> io::Result<Vec<(usize, Glance)>> {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
        let mut told = Vec::new();
        {
            let mut reader = inotify::Reader::new(&self.fd, &mut buffer);
            while told.len() < TURN {
                match reader.next() {
                    Ok(event) => {
                        let name = event.file_name().map(|name| name.to_str().map(str::to_owned));
                        told.push((event.wd(), event.events(), name));
                    }
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let mut out = Vec::new();
        for (id, flags, name) in told {
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                out.extend((0..self.nests.len()).map(|repo| (repo, Glance::All)));
                continue;
            }
            let shared = self.shared.iter().filter(|(of, _)| *of == id).map(|(_, spot)| *spot);
            let spots: Vec<Spot> = self.spots.get(&id).copied().into_iter().chain(shared).collect();
            for spot in spots {
                let glance = match &name {
                    // A name that is no text belongs to no file that is told of.
                    Some(Err(_)) => None,
                    Some(Ok(name)) => self.glance(spot, flags, name),
                    None => self.itself(spot, flags),
                };
                out.extend(glance.map(|glance| (spot.repo(), glance)));
            }
            if flags.contains(ReadFlags::IGNORED) {
                self.spots.remove(&id);
                self.shared.retain(|(of, _)| *of != id);
            }
        }
        Ok(out)
    }

    /// Something happened to a watched folder itself.
    fn itself(&self, spot: Spot, flags: ReadFlags) -> Option<Glance> {
        let gone = ReadFlags::DELETE_SELF | ReadFlags::UNMOUNT;
        (matches!(spot, Spot::Git(_)) && flags.intersects(gone)).then_some(Glance::Gone)
    }

    /// Something happened in a watched folder.
    fn glance(&mut self, spot: Spot, flags: ReadFlags, name: &str) -> Option<Glance> {
        let is_dir = flags.contains(ReadFlags::ISDIR);
        let came = flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
        match spot {
            Spot::Git(_) => GIT_FILES.contains(&name).then_some(Glance::Git),
            Spot::Refs(repo, at) => {
                if is_dir && came {
                    let path = self.nests.get(usize::from(repo))?.refs.get(at as usize)?.join(name);
                    // Without it, the next look still sees what is in it.
                    let _ = self.add_refs(usize::from(repo), path);
                }
                (!has_end(name, "lock")).then_some(Glance::Git)
            }
            Spot::Work(repo, at) => {
                let folder = self.nests.get(usize::from(repo))?.work.get(at);
                let path = match folder {
                    "" if name == ".git" => return None,
                    "" => name.to_owned(),
                    _ => format!("{folder}/{name}"),
                };
                match (is_dir, came) {
                    // One that is made is empty yet, or soon is not: its files are looked for.
                    (true, true) => Some(Glance::Folder { path }),
                    (true, false) if flags.contains(ReadFlags::MOVED_FROM) => {
                        self.forget(repo, &path);
                        Some(Glance::FolderGone { path })
                    }
                    (true, false) => None,
                    // A file that is only begun is told when it is closed.
                    (false, _) => Some(Glance::File { path, came }),
                }
            }
        }
    }

    /// A folder was moved away, with all below it.
    fn forget(&mut self, repo: u16, path: &str) {
        let Some(nest) = self.nests.get(usize::from(repo)) else { return };
        let below = format!("{path}/");
        let gone: BTreeSet<u32> = (0..)
            .zip(&nest.work.ends)
            .map(|(at, _)| at)
            .filter(|at| {
                let folder = nest.work.get(*at);
                folder == path || folder.starts_with(&below)
            })
            .collect();
        self.drop_where(
            |spot| matches!(spot, Spot::Work(of, at) if of == repo && gone.contains(&at)),
        );
    }
}

fn drop_watch(fd: &OwnedFd, id: i32) {
    let _ = inotify::remove_watch(fd, id);
}

fn has_end(name: &str, end: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == end)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
        || error.kind() == io::ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_secs(20);

    fn place(folder: &Path) -> Repository {
        let work = folder.canonicalize().unwrap().join("work");
        for folder in [".git/refs/heads/side", ".git/objects", "a/b", "c"] {
            fs::create_dir_all(work.join(folder)).unwrap();
        }
        fs::write(work.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        Repository::find(&work).unwrap()
    }

    fn seen(eyes: &mut Eyes, wanted: &Glance) -> Vec<Glance> {
        let begun = Instant::now();
        let mut all = Vec::new();
        while !all.contains(wanted) {
            assert!(begun.elapsed() < LONG, "{all:?}");
            all.extend(eyes.read().unwrap().into_iter().map(|(_, glance)| glance));
        }
        all
    }

    fn file(path: &str, came: bool) -> Glance {
        Glance::File { path: path.to_owned(), came }
    }

    #[test]
    fn what_moves_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let mut eyes = Eyes::new().unwrap();
        eyes.open(&place).unwrap();
        // Git's, its refs with two folders, and the work tree.
        assert_eq!(eyes.len(), 5);
        let folders = ["a".to_owned(), "a/b".to_owned(), "none".to_owned()];
        eyes.watch(0, &folders).unwrap();
        eyes.watch(0, &folders).unwrap();
        assert_eq!(eyes.len(), 7);
        fs::write(place.work.join("a/b/x.txt"), "x").unwrap();
        fs::write(place.work.join("c/x.txt"), "x").unwrap();
        fs::write(place.work.join("y.txt"), "y").unwrap();
        let all = seen(&mut eyes, &file("y.txt", false));
        assert!(all.contains(&file("a/b/x.txt", true)), "{all:?}");
        assert!(
            !all.iter().any(|g| matches!(g, Glance::File { path, .. } if path.starts_with('c')))
        );
        fs::write(place.git.join("config.lock"), "").unwrap();
        fs::write(place.git.join("refs/heads/side/x"), "").unwrap();
        assert_eq!(seen(&mut eyes, &Glance::Git).first(), Some(&Glance::Git));
        fs::rename(place.work.join("a"), place.work.join("d")).unwrap();
        let all = seen(&mut eyes, &Glance::Folder { path: "d".to_owned() });
        assert!(all.contains(&Glance::FolderGone { path: "a".to_owned() }), "{all:?}");
        assert_eq!(eyes.len(), 5);
        fs::remove_dir_all(&place.git).unwrap();
        seen(&mut eyes, &Glance::Gone);
        eyes.close(0);
        assert_eq!(eyes.len(), 0);
    }

    #[test]
    fn work_trees_may_share_their_refs() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let other = folder.path().canonicalize().unwrap().join("other");
        let git = place.git.join("worktrees/other");
        fs::create_dir_all(&other).unwrap();
        fs::create_dir_all(&git).unwrap();
        let shared = Repository { work: other, git: git.clone(), common: place.common.clone() };
        let mut eyes = Eyes::new().unwrap();
        eyes.open(&place).unwrap();
        eyes.open(&shared).unwrap();
        let told = |eyes: &mut Eyes| {
            fs::write(place.git.join("refs/heads/x"), "").unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let mut repos: Vec<usize> =
                eyes.read().unwrap().into_iter().map(|(repo, _)| repo).collect();
            repos.sort_unstable();
            repos.dedup();
            repos
        };
        assert_eq!(told(&mut eyes), [0, 1]);
        eyes.close(0);
        assert_eq!(told(&mut eyes), [1]);
    }
}
