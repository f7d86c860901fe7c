//! One look at a repository: what git says, what its files hold, and what that means since the last.

use super::burst::{self, Change, Piece};
use super::files::{Files, Held};
use super::generated::{is_editors, is_generated_name};
use super::ignored::Ignored;
use super::legacy::Touched;
use super::lines;
use super::memory::{Known, Memory};
use super::place::Repository;
use super::read::{self, Open, ReadError};
use super::repeated;
use super::snapshot::{self, Commit, Snapshot, Step};
use crate::event::EventKind;
use gix_hash::ObjectId;
use gix_index::entry::{Flags, Mode, Stage};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The most files of a burst that are compared; more are the work of a tool.
pub(super) const MAX_BURST: usize = 256;
/// The most files of a burst whose old lines are looked up.
const MAX_TOUCHED: usize = 4;
/// The most new folders that are looked into at once.
const MAX_NEW_FOLDERS: usize = 512;

/// What moved since the last look.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// Files, and whether they came rather than changed.
    pub(super) files: BTreeMap<String, bool>,
    /// Folders that came.
    pub(super) folders: BTreeSet<String>,
    /// Folders that were moved away.
    pub(super) gone: BTreeSet<String>,
    /// More than was told: all is to be looked at anew.
    pub(super) all: bool,
}

/// What is known of a repository from looks before.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// None before the first look.
    snapshot: Option<Snapshot>,
    memory: Memory,
    index: Option<Stamp>,
}

impl Past {
    /// Files in conflict.
    pub(super) fn conflicts(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.conflicts)
    }
}

/// A file's size and time.
type Stamp = (u64, Option<SystemTime>);

/// What a look brought.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) past: Past,
    pub(super) events: Vec<EventKind>,
    /// Every folder with a tracked file somewhere in it, where the index changed.
    pub(super) tracked: Option<BTreeSet<String>>,
    /// New folders that are not left out.
    pub(super) folders: Vec<String>,
    /// Old lines that were touched.
    pub(super) touched: Vec<Touched>,
}

/// How to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner<'a> {
    /// Whether the files that are worked on are looked at.
    pub(super) edits: bool,
    /// The user's own file of what git leaves out everywhere.
    pub(super) users_ignore: Option<&'a Path>,
}

/// Looks.
pub(super) fn look(
    place: &Repository,
    past: Past,
    moved: Moved,
    manner: Manner<'_>,
) -> Result<Seen, ReadError> {
    let open = Open::new(place)?;
    let stamp = stamp(place);
    let index_moved = stamp != past.index;
    let index = open.index()?;
    let is_first = past.snapshot.is_none();
    let before = past.snapshot.unwrap_or_default();
    let now = open.snapshot(&before, index.as_ref())?;
    let told = if is_first { snapshot::first(&now) } else { snapshot::between(&before, &now) };
    let look = Look {
        place,
        open,
        index,
        files: Files::new(&place.work)?,
        manner,
        ignored: OnceCell::new(),
        index_moved,
        before,
        now,
    };
    let mut seen = Seen { tracked: index_moved.then(|| look.tracked()), ..Seen::default() };
    let mut memory = past.memory;
    let mut moved = moved;
    if manner.edits {
        look.miss(&mut moved);
        look.enter(&mut moved, &mut seen);
        if is_first || moved.all || moved.files.len() > MAX_BURST {
            memory = look.dirty();
        } else {
            look.edits(&moved, &mut memory, &mut seen);
        }
    }
    seen.events.extend(told);
    seen.past = Past { snapshot: Some(look.now), memory, index: stamp };
    Ok(seen)
}

fn stamp(place: &Repository) -> Option<Stamp> {
    let about = std::fs::symlink_metadata(place.git.join("index")).ok()?;
    Some((about.len(), about.modified().ok()))
}

struct Look<'a> {
    place: &'a Repository,
    open: Open<'a>,
    index: Option<gix_index::File>,
    files: Files<'a>,
    manner: Manner<'a>,
    ignored: OnceCell<Ignored>,
    index_moved: bool,
    before: Snapshot,
    now: Snapshot,
}

impl Look<'_> {
    /// The folders of tracked files, and those around them.
    fn tracked(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let Some(index) = &self.index else { return found };
        for entry in index.entries() {
            let Ok(mut path) = std::str::from_utf8(entry.path(index)) else { continue };
            while let Some((folder, _)) = path.rsplit_once('/') {
                if found.contains(folder) {
                    break;
                }
                found.insert(folder.to_owned());
                path = folder;
            }
        }
        found
    }

    /// Files that do not hold what the index has of them, by their sizes and times.
    fn dirty(&self) -> Memory {
        let (mut memory, mut read) = (Memory::default(), 0);
        let Some(index) = &self.index else { return memory };
        for entry in index.entries() {
            let is_file = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE)
                && !entry.flags.intersects(Flags::SKIP_WORKTREE | Flags::ASSUME_VALID);
            let Ok(path) = std::str::from_utf8(entry.path(index)) else { continue };
            if !is_file || self.is_as_indexed(path, &entry.stat) {
                continue;
            }
            read += 1;
            if read <= MAX_BURST {
                self.remember(path, &mut memory);
            } else {
                memory.lose(path);
            }
        }
        memory
    }

    fn is_as_indexed(&self, path: &str, stat: &gix_index::entry::Stat) -> bool {
        let Ok(about) = self.files.about(path) else { return false };
        let time = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        // Git keeps the low bits of each.
        let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
        about.is_file()
            && low(about.len()) == stat.size
            && time.is_some_and(|time| {
                low(time.as_secs()) == stat.mtime.secs
                    && (stat.mtime.nsecs == 0 || time.subsec_nanos() == stat.mtime.nsecs)
            })
    }

    fn remember(&self, path: &str, memory: &mut Memory) {
        match self.files.text(path) {
            Held::Text(text) => memory.keep(path, Some(text)),
            Held::Nothing => memory.keep(path, None),
            Held::Other => memory.lose(path),
        }
    }

    fn is_ignored(&self, path: &str, is_dir: bool) -> bool {
        let ignored = self.ignored.get_or_init(|| {
            let users = self.manner.users_ignore;
            Ignored::new(self.place, &self.open, self.index.as_ref(), &self.files, users)
        });
        ignored.is(path, is_dir)
    }

    /// The tracked files of folders that were moved away went with them.
    fn miss(&self, moved: &mut Moved) {
        let Some(index) = &self.index else { return };
        for folder in std::mem::take(&mut moved.gone) {
            let entries = index.prefixed_entries(format!("{folder}/").as_str().into());
            for entry in entries.unwrap_or_default().iter().take(MAX_BURST + 1) {
                if let Ok(path) = std::str::from_utf8(entry.path(index)) {
                    moved.files.entry(path.to_owned()).or_insert(false);
                }
            }
        }
    }

    /// Goes through new folders: their files came with them.
    fn enter(&self, moved: &mut Moved, seen: &mut Seen) {
        let mut ahead: Vec<String> = std::mem::take(&mut moved.folders).into_iter().collect();
        while let Some(folder) = ahead.pop() {
            let is_ours =
                self.index.as_ref().is_some_and(|i| i.path_is_directory(folder.as_str().into()));
            if seen.folders.len() >= MAX_NEW_FOLDERS || !is_ours && self.is_ignored(&folder, true) {
                continue;
            }
            let path = self.place.work.join(&folder);
            // Another repository within this one is not this one's.
            let is_folder = path.symlink_metadata().is_ok_and(|about| about.is_dir());
            if !is_folder || path.join(".git").symlink_metadata().is_ok() {
                continue;
            }
            for entry in
                std::fs::read_dir(&path).into_iter().flatten().flatten().take(MAX_NEW_FOLDERS)
            {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let below = format!("{folder}/{name}");
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => ahead.push(below),
                    Ok(kind) if kind.is_file() => {
                        moved.files.insert(below, true);
                    }
                    _ => {}
                }
            }
            seen.folders.push(folder);
        }
    }

    /// Tells what was done to files. Without objects, what git wrote cannot be told from work.
    fn edits(&self, moved: &Moved, memory: &mut Memory, seen: &mut Seen) {
        if self.open.objects().is_none() {
            return;
        }
        let step = self.now.committed_since(&self.before);
        // What git writes while it merges or picks is not work, and what is cleared away while files
        // are in conflict is one of two sides.
        let is_gits = self.before.conflicts + self.now.conflicts > 0
            || self.before.operation != self.now.operation
            || self.before.stash != self.now.stash
            || step == Some(Step::Made);
        let by_hand = step == Some(Step::Committed);
        let mut changes = Vec::new();
        for (path, came) in &moved.files {
            let change = self.change(path, *came, by_hand, memory);
            changes.extend(change.filter(|_| !is_gits));
        }
        let pieces = burst::compare(changes);
        seen.events.extend(burst::edit(&pieces));
        seen.events.extend(repeated::hint(&pieces));
        let commit = if by_hand { &self.before.commit } else { &self.now.commit };
        if let Some(Commit { id, .. }) = commit {
            let touched = pieces.iter().filter_map(|piece| self.touched(piece, *id));
            seen.touched = touched.take(MAX_TOUCHED).collect();
        }
    }

    /// What happened to one file, if somebody did it by hand.
    fn change(&self, path: &str, came: bool, by_hand: bool, memory: &mut Memory) -> Option<Change> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let tracked = self.index.as_ref().and_then(|index| read::tracked(index, path));
        if tracked.is_none() && (is_editors(name) || !self.is_work(path)) {
            return None;
        }
        let before = match memory.get(path) {
            Known::Text(text) => Some(text),
            Known::Lost => None,
            Known::Clean => self.baseline(path, tracked, came),
        };
        let after = match self.files.text(path) {
            Held::Text(text) => Some(text),
            Held::Nothing => None,
            Held::Other => {
                memory.lose(path);
                return None;
            }
        };
        let is_committed = self.is_committed(path, after.as_deref());
        if is_committed {
            memory.forget(path);
        } else {
            memory.keep(path, after.clone());
        }
        let before = before?;
        // Back to what is committed: undone, or brought there by git.
        (by_hand || !is_committed).then(|| Change { path: path.to_owned(), before, after })
    }

    /// Whether an untracked path is one of this repository's at all.
    fn is_work(&self, path: &str) -> bool {
        let other = self.index.as_ref().is_some_and(|index| {
            let stages = [Stage::Unconflicted, Stage::Base, Stage::Ours, Stage::Theirs];
            stages.iter().any(|stage| index.entry_by_path_and_stage(path.into(), *stage).is_some())
        });
        !other && !is_generated_name(path) && !self.is_ignored(path, false)
    }

    /// What a file held before this burst that was not looked at before: what git has of it. Nothing
    /// where that cannot be known.
    fn baseline(
        &self,
        path: &str,
        tracked: Option<ObjectId>,
        came: bool,
    ) -> Option<Option<Arc<str>>> {
        let text = |id: ObjectId| Some(Some(Arc::from(self.open.text(&id)?)));
        if let Some(id) = tracked.filter(|_| !self.index_moved) {
            return text(id);
        }
        let committed = self.before.commit.as_ref().map(|commit| commit.id);
        match committed.and_then(|commit| self.open.blob_in(commit, path)) {
            Some(id) => text(id),
            None => came.then_some(None),
        }
    }

    fn is_committed(&self, path: &str, after: Option<&str>) -> bool {
        let Some(commit) = &self.now.commit else { return false };
        match (self.open.blob_in(commit.id, path), after) {
            (None, None) => true,
            (Some(id), Some(after)) => {
                self.open.text(&id).is_some_and(|text| text.lines().eq(after.lines()))
            }
            _ => false,
        }
    }

    /// Which lines of a commit a piece changed or took away.
    fn touched(&self, piece: &Piece, commit: ObjectId) -> Option<Touched> {
        let path = piece.from.as_ref().unwrap_or(&piece.change.path);
        let committed = self.open.text(&self.open.blob_in(commit, path)?)?;
        let hunks = lines::hunks(&committed, piece.change.after.as_deref().unwrap_or_default());
        let lines: Vec<_> =
            hunks.into_iter().map(|hunk| hunk.before).filter(|lines| !lines.is_empty()).collect();
        (!lines.is_empty()).then(|| Touched { commit, path: path.clone(), lines })
    }
}
