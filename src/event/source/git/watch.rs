//! The watching: waits for what moves, lets it settle, looks, and tells. One thread waits, and each
//! look is a short-lived thread of its own, so that a repository on which reading hangs costs only
//! itself.

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::eyes::{Eyes, Glance};
use super::legacy::{self, Touched};
use super::look::{self, MAX_BURST, Manner, Moved, Past, Seen};
use super::place::Repository;
use crate::event::bus::Bus;
use crate::event::{Event, EventKind};
use crate::text::SafeText;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

/// The most repositories that one pet watches.
pub const MAX_REPOSITORIES: usize = 64;
/// A burst is over when nothing moved for so long …
pub const QUIET: Duration = Duration::from_millis(60);
/// … or when it has lasted so long.
pub const LONGEST_BURST: Duration = Duration::from_millis(400);
/// So long a look is put off while git holds the index's lock.
const LONGEST_LOCK: Duration = Duration::from_secs(2);
/// A look that takes longer is given up, and the repository with it.
pub const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// How often a repository is looked at that the system does not tell of.
pub const SWEEP: Duration = Duration::from_secs(2);
/// Looks at a time: each thread keeps memory of its own.
const MAX_LOOKS: usize = 2;
/// Old lines of one file are told of once in so long.
const LEGACY_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// The most files that are remembered for that.
const MAX_VISITED: usize = 512;

/// What to watch.
#[derive(Clone, Debug, Default)]
pub struct Senses {
    /// At most [`MAX_REPOSITORIES`]; more are left out.
    pub repositories: Vec<Repository>,
    /// The user's own file of what git leaves out everywhere, such as `~/.config/git/ignore`.
    pub ignore: Option<PathBuf>,
}

/// What the user should know. Each is said once a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The repository is not there any more.
    Gone(PathBuf),
    /// The system watches no more folders: commits are told of, edits are not.
    OutOfWatches(PathBuf),
    /// The system tells of nothing there: it is looked at each [`SWEEP`], and edits are not told of.
    Swept(PathBuf),
    /// It could not be read; the next change is tried again.
    Unreadable(PathBuf, String),
    /// A look took longer than [`LONGEST_LOOK`].
    Slow(PathBuf),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| SafeText::new(&path.display().to_string());
        match self {
            Self::Gone(path) => write!(f, "{} is gone; it is watched no longer", shown(path)),
            Self::OutOfWatches(path) => write!(
                f,
                "{}: the system watches no more folders, so edits are not heard of (raise \
                 fs.inotify.max_user_watches); commits and conflicts still are",
                shown(path)
            ),
            Self::Swept(path) => write!(
                f,
                "{}: the system tells of no changes here, so edits are not heard of; commits and \
                 conflicts are, within {} s",
                shown(path),
                SWEEP.as_secs()
            ),
            Self::Unreadable(path, why) => {
                write!(f, "{} cannot be read: {}", shown(path), SafeText::new(why))
            }
            Self::Slow(path) => {
                write!(f, "{}: reading takes too long; it is watched no longer", shown(path))
            }
        }
    }
}

/// Repositories that are watched, until this is dropped.
#[derive(Debug)]
pub struct Watching {
    /// The thread ends when this end closes.
    _end: UnixStream,
}

/// Watches repositories and puts what happens in them on the bus. `note` is called on the watching
/// thread.
///
/// # Errors
///
/// Where the system has no thread or socket left.
pub fn watch(
    senses: Senses,
    bus: Arc<Bus>,
    note: impl Fn(Note) + Send + 'static,
) -> io::Result<Watching> {
    let (end, ended) = UnixStream::pair()?;
    let (ring, bell) = UnixStream::pair()?;
    for socket in [&ring, &bell] {
        socket.set_nonblocking(true)?;
    }
    let (send, news) = channel();
    let mut repositories = senses.repositories;
    repositories.truncate(MAX_REPOSITORIES);
    let repos = repositories.into_iter().map(Repo::new).collect();
    let link = Link { send, ring: Arc::new(ring) };
    let ignore = senses.ignore.map(Arc::from);
    let run = move || {
        let mut watch = Watch {
            repos,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            eyes: None,
            bus,
            note: Box::new(note),
            ignore,
            ended,
            bell,
            news,
            link,
        };
        watch.open();
        watch.run();
    };
    std::thread::Builder::new().name("git".to_owned()).spawn(run)?;
    Ok(Watching { _end: end })
}

/// One repository.
struct Repo {
    place: Arc<Repository>,
    /// None while a look has it.
    past: Option<Past>,
    moved: Moved,
    /// When the open burst began, and when something last moved.
    since: Option<(Instant, Instant)>,
    /// Not before is it looked at: git held the index's lock.
    held: Instant,
    /// Since when it is looked at.
    looking: Option<Instant>,
    /// Whether its work tree is watched.
    edits: bool,
    /// When it is looked at anyhow, and what it looked like; where the system does not tell.
    sweep: Option<(Instant, Print)>,
    conflicts: u64,
    visited: HashMap<String, Instant>,
    /// Whether old lines are being looked up.
    digging: bool,
    said_unreadable: bool,
    alive: bool,
}

impl Repo {
    fn new(place: Repository) -> Self {
        let now = Instant::now();
        Self {
            place: Arc::new(place),
            past: Some(Past::default()),
            moved: Moved::default(),
            since: Some((now, now)),
            held: now,
            looking: None,
            edits: cfg!(any(target_os = "linux", target_os = "android")),
            sweep: None,
            conflicts: 0,
            visited: HashMap::new(),
            digging: false,
            said_unreadable: false,
            alive: true,
        }
    }

    fn stir(&mut self, now: Instant) {
        let (begun, _) = self.since.unwrap_or((now, now));
        self.since = Some((begun, now));
    }

    /// When there is something to do about it.
    fn due(&self) -> Option<Instant> {
        if !self.alive {
            return None;
        }
        if let Some(since) = self.looking {
            return Some(since + LONGEST_LOOK);
        }
        self.settles().into_iter().chain(self.sweep.as_ref().map(|(at, _)| *at)).min()
    }

    /// When the open burst is over.
    fn settles(&self) -> Option<Instant> {
        let (begun, last) = self.since?;
        Some((last + QUIET).min(begun + LONGEST_BURST).max(self.held))
    }

    /// Whether git is at work on the index right now.
    fn is_locked(&self, now: Instant) -> bool {
        let patient = self.since.is_some_and(|(begun, _)| now < begun + LONGEST_LOCK);
        patient && self.place.git.join("index.lock").symlink_metadata().is_ok()
    }

    fn work(&self) -> PathBuf {
        self.place.work.clone()
    }

    /// Of the files that were touched, those that were not told of today.
    fn unvisited(&mut self, touched: Vec<Touched>, now: Instant) -> Vec<Touched> {
        self.visited.retain(|_, at| now < *at + LEGACY_AGAIN);
        let visited = &mut self.visited;
        let is_new = |touched: &Touched| {
            let room = visited.len() < MAX_VISITED;
            room && visited.insert(touched.path.clone(), now).is_none()
        };
        touched.into_iter().filter(is_new).collect()
    }
}

/// What is looked at to see whether anything moved.
type Print = Vec<Option<(u64, Option<SystemTime>)>>;

fn print(place: &Repository) -> Print {
    let stamp = |path: PathBuf| {
        let about = path.symlink_metadata().ok()?;
        Some((about.len(), about.modified().ok()))
    };
    let git = ["HEAD", "index", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge"];
    let common = ["packed-refs", "refs/heads", "refs/remotes", "refs/remotes/origin"];
    let logs = ["logs/HEAD", "rebase-apply"];
    let git = git.into_iter().chain(logs).map(|name| stamp(place.git.join(name)));
    git.chain(common.into_iter().map(|name| stamp(place.common.join(name)))).collect()
}

/// What a thread brings back.
enum News {
    Seen(Box<Result<Seen, String>>),
    Legacy(Option<EventKind>),
}

/// The way back for threads.
#[derive(Clone)]
struct Link {
    send: Sender<(usize, News)>,
    ring: Arc<UnixStream>,
}

impl Link {
    fn send(&self, repo: usize, news: News) {
        // Where nobody waits any more, nobody needs it; a bell that is full has rung.
        let _ = self.send.send((repo, news));
        let _ = (&*self.ring).write(&[0]);
    }
}

struct Watch {
    repos: Vec<Repo>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    eyes: Option<Eyes>,
    bus: Arc<Bus>,
    note: Box<dyn Fn(Note) + Send>,
    ignore: Option<Arc<Path>>,
    ended: UnixStream,
    bell: UnixStream,
    news: Receiver<(usize, News)>,
    link: Link,
}

impl Watch {
    /// Has the system tell of what is git's; where it does not, that is swept.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn open(&mut self) {
        self.eyes = Eyes::new().ok();
        for at in 0..self.repos.len() {
            let Some(repo) = self.repos.get(at) else { continue };
            let place = Arc::clone(&repo.place);
            let opened = self.eyes.as_mut().map(|eyes| eyes.open(&place));
            if !matches!(opened, Some(Ok(()))) {
                self.sweep(at);
            }
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn open(&mut self) {
        (0..self.repos.len()).for_each(|at| self.sweep(at));
    }

    fn sweep(&mut self, at: usize) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(eyes) = &mut self.eyes {
            eyes.close(at);
        }
        let Some(repo) = self.repos.get_mut(at) else { return };
        repo.edits = false;
        repo.sweep = Some((Instant::now() + SWEEP, print(&repo.place)));
        (self.note)(Note::Swept(repo.work()));
    }

    /// Watches until the pet is gone or the system fails.
    fn run(&mut self) {
        while let Ok(is_over) = self.wait() {
            if is_over {
                return;
            }
            let _ = self.bell.read(&mut [0; 64]);
            self.hear();
            while let Ok((at, news)) = self.news.try_recv() {
                match news {
                    News::Seen(seen) => self.seen(at, *seen),
                    News::Legacy(found) => self.legacy(at, found),
                }
            }
            self.act();
        }
    }

    /// Waits for whatever comes first; whether the pet is gone.
    fn wait(&self) -> io::Result<bool> {
        let free = self.free_looks() > 0;
        let now = Instant::now();
        let waits = |repo: &&Repo| free || repo.looking.is_some() || repo.since.is_none();
        let due = self.repos.iter().filter(waits).filter_map(Repo::due).min();
        let time = due.and_then(|due| Timespec::try_from(due.saturating_duration_since(now)).ok());
        let mut fds =
            vec![PollFd::new(&self.ended, PollFlags::IN), PollFd::new(&self.bell, PollFlags::IN)];
        #[cfg(any(target_os = "linux", target_os = "android"))]
        fds.extend(self.eyes.as_ref().map(|eyes| PollFd::new(eyes, PollFlags::IN)));
        match poll(&mut fds, time.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            other => drop(other?),
        }
        Ok(fds.first().is_some_and(|fd| !fd.revents().is_empty()))
    }

    fn free_looks(&self) -> usize {
        MAX_LOOKS.saturating_sub(self.repos.iter().filter(|repo| repo.looking.is_some()).count())
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn hear(&mut self) {}

    /// Takes note of what the system tells.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn hear(&mut self) {
        let Some(eyes) = &mut self.eyes else { return };
        let Ok(glances) = eyes.read() else {
            self.eyes = None;
            (0..self.repos.len()).for_each(|at| self.sweep(at));
            return;
        };
        let now = Instant::now();
        for (at, glance) in glances {
            let Some(repo) = self.repos.get_mut(at).filter(|repo| repo.alive) else { continue };
            match glance {
                Glance::Git => repo.stir(now),
                Glance::All => {
                    repo.moved.all = true;
                    repo.stir(now);
                }
                Glance::FolderGone { path } if repo.moved.gone.len() <= MAX_BURST => {
                    repo.moved.gone.insert(path);
                    repo.stir(now);
                }
                Glance::Folder { path } if repo.moved.folders.len() <= MAX_BURST => {
                    repo.moved.folders.insert(path);
                    repo.stir(now);
                }
                Glance::File { path, came } if repo.moved.files.len() <= MAX_BURST => {
                    *repo.moved.files.entry(path).or_default() |= came;
                    repo.stir(now);
                }
                Glance::FolderGone { .. } | Glance::Folder { .. } | Glance::File { .. } => {
                    repo.moved.all = true;
                    repo.stir(now);
                }
                Glance::Gone => self.check(at),
            }
        }
    }

    /// Does what is due.
    fn act(&mut self) {
        let now = Instant::now();
        for at in 0..self.repos.len() {
            let free = self.free_looks();
            let Some(repo) = self.repos.get_mut(at) else { continue };
            if repo.due().is_none_or(|due| now < due) {
                continue;
            }
            if repo.looking.is_some() {
                let work = repo.work();
                self.leave(at);
                (self.note)(Note::Slow(work));
                continue;
            }
            if let Some((due, old)) = repo.sweep.as_mut().filter(|(due, _)| *due <= now) {
                *due = now + SWEEP;
                let new = print(&repo.place);
                if std::mem::replace(old, new.clone()) != new {
                    repo.stir(now);
                }
            }
            if free == 0 || repo.settles().is_none_or(|settles| now < settles) {
                continue;
            }
            if repo.is_locked(now) {
                repo.held = now + QUIET;
                continue;
            }
            self.look(at, now);
        }
    }

    fn look(&mut self, at: usize, now: Instant) {
        let Some(repo) = self.repos.get_mut(at) else { return };
        let Some(past) = repo.past.take() else { return };
        let (place, moved) = (Arc::clone(&repo.place), std::mem::take(&mut repo.moved));
        let (ignore, edits, link) = (self.ignore.clone(), repo.edits, self.link.clone());
        (repo.since, repo.looking) = (None, Some(now));
        let run = move || {
            let manner = Manner { edits, users_ignore: ignore.as_deref() };
            let seen = look::look(&place, past, moved, manner).map_err(|error| error.to_string());
            link.send(at, News::Seen(Box::new(seen)));
        };
        if std::thread::Builder::new().name("git look".to_owned()).spawn(run).is_err() {
            // The past went with it; the next change begins anew.
            (repo.past, repo.looking) = (Some(Past::default()), None);
        }
    }

    fn seen(&mut self, at: usize, seen: Result<Seen, String>) {
        let Some(repo) = self.repos.get_mut(at).filter(|repo| repo.alive) else { return };
        repo.looking = None;
        let seen = match seen {
            Ok(seen) => seen,
            Err(why) => {
                repo.past = Some(Past::default());
                self.unreadable(at, why);
                return;
            }
        };
        repo.said_unreadable = false;
        repo.conflicts = seen.past.conflicts();
        repo.past = Some(seen.past);
        // While old lines are still being looked up, further ones wait for the next change.
        let touched = if repo.digging { Vec::new() } else { seen.touched };
        let touched = repo.unvisited(touched, Instant::now());
        let resolved = seen.events.contains(&EventKind::ConflictResolved);
        for kind in seen.events {
            self.tell(at, kind);
        }
        if resolved {
            self.remind(at);
        }
        self.widen(at, seen.tracked.iter().flatten().chain(&seen.folders));
        self.dig(at, touched);
    }

    /// One conflict is resolved, but not that of another repository.
    fn remind(&self, resolved: usize) {
        let others = self.repos.iter().enumerate().filter(|(at, _)| *at != resolved);
        for (at, repo) in others.filter(|(_, repo)| repo.alive && repo.conflicts > 0) {
            self.tell(at, EventKind::Conflict { files: repo.conflicts });
        }
    }

    fn unreadable(&mut self, at: usize, why: String) {
        self.check(at);
        let Some(repo) = self.repos.get_mut(at).filter(|repo| repo.alive) else { return };
        if !std::mem::replace(&mut repo.said_unreadable, true) {
            (self.note)(Note::Unreadable(repo.work(), why));
        }
    }

    /// Whether it is still there.
    fn check(&mut self, at: usize) {
        let Some(repo) = self.repos.get(at) else { return };
        if repo.alive && !repo.place.git.is_dir() {
            let work = repo.work();
            self.leave(at);
            (self.note)(Note::Gone(work));
        }
    }

    /// It is watched no longer.
    fn leave(&mut self, at: usize) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(eyes) = &mut self.eyes {
            eyes.close(at);
        }
        let Some(repo) = self.repos.get_mut(at) else { return };
        repo.alive = false;
        let open = std::mem::take(&mut repo.conflicts) > 0;
        if open {
            // Nobody will ever tell of its end.
            self.tell(at, EventKind::ConflictResolved);
            self.remind(at);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn widen<'a>(&mut self, _: usize, _: impl Iterator<Item = &'a String>) {}

    /// Watches more folders, where the system watches more.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn widen<'a>(&mut self, at: usize, folders: impl Iterator<Item = &'a String>) {
        let Some(repo) = self.repos.get_mut(at).filter(|repo| repo.edits) else { return };
        let Some(eyes) = &mut self.eyes else { return };
        if eyes.watch(at, folders).is_err() {
            eyes.blink(at);
            repo.edits = false;
            (self.note)(Note::OutOfWatches(repo.work()));
        }
    }

    /// Looks up old lines, in a thread of their own.
    fn dig(&mut self, at: usize, touched: Vec<Touched>) {
        let Some(repo) = self.repos.get_mut(at).filter(|repo| !repo.digging) else { return };
        if touched.is_empty() {
            return;
        }
        let (place, link) = (Arc::clone(&repo.place), self.link.clone());
        let run = move || {
            let found = touched.iter().find_map(|touched| legacy::find(&place, touched));
            link.send(at, News::Legacy(found));
        };
        repo.digging = std::thread::Builder::new().name("git blame".to_owned()).spawn(run).is_ok();
    }

    fn legacy(&mut self, at: usize, found: Option<EventKind>) {
        if let Some(repo) = self.repos.get_mut(at) {
            repo.digging = false;
        }
        if let Some(kind) = found {
            self.tell(at, kind);
        }
    }

    fn tell(&self, at: usize, kind: EventKind) {
        let ts = jiff::Timestamp::from_millisecond(jiff::Timestamp::now().as_millisecond()).ok();
        let repo =
            self.repos.get(at).map(|repo| SafeText::new(&repo.place.work.display().to_string()));
        self.bus.push(Event { ts, repo, ..Event::of(kind) });
    }
}
