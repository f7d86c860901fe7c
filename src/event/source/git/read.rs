//! Reads one moment of a repository from its files. No configuration is read, so that none can be
//! followed: gitoxide's parts get paths and nothing else, and every object is measured before it is
//! unpacked.

use super::place::{Repository, RepositoryError};
use super::snapshot::{Commit, Operation, Remote, Snapshot, Step};
use crate::text::SafeText;
use gix_hash::{Kind, ObjectId, oid};
use gix_index::entry::{Mode, Stage};
use gix_object::bstr::{BStr, ByteSlice as _};
use gix_object::{CommitRef, Find as _, FindHeader as _, TreeRefIter};
use gix_odb::store::init::Options;
use gix_ref::{FullNameRef, TargetRef};
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::path::Path;

/// The most branches of remotes that are looked at.
const MAX_REMOTES: usize = 4096;
/// The largest commit or tree that is read, in bytes.
const MAX_OBJECT: u64 = 4 << 20;
/// The largest text whose lines are compared, in bytes.
pub(super) const MAX_TEXT: u64 = 1 << 20;
/// What one object may take while it is unpacked, in bytes: others may have to be, to get at it.
const MAX_UNPACKED: usize = 64 << 20;
/// The longest symbolic ref: one name that stands for another.
const MAX_HOPS: usize = 5;
/// Of so many commits one at least is looked for that is no merge.
const MAX_WALKED: usize = 8;
/// Where the last lines of a log are looked for, in bytes from its end.
const LOG_TAIL: usize = 16 << 10;
/// The longest log that is read of, in bytes.
const MAX_LOG: u64 = 1 << 30;

/// Why a moment could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error("{0}")]
    Git(#[from] gix_error::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Who did something, by a log or commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
}

impl Person {
    /// Whether it is the same one: by the address, or by the name where one has none.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| !a.is_empty() && a.eq_ignore_ascii_case(b);
        match (self.email.as_str(), other.email.as_str()) {
            ("", _) | (_, "") => same(&self.name, &other.name),
            (a, b) => same(a, b),
        }
    }
}

/// A repository's refs and objects, opened for one look.
pub(super) struct Open<'a> {
    place: &'a Repository,
    refs: gix_ref::file::Store,
    /// None where its objects are not all its own.
    objects: Option<gix_odb::Handle>,
}

/// What HEAD's log says last.
struct Logged {
    new: ObjectId,
    step: Step,
    who: Person,
}

impl<'a> Open<'a> {
    pub(super) fn new(place: &'a Repository) -> Result<Self, ReadError> {
        place.check()?;
        let refs = if place.git == place.common {
            gix_ref::file::Store::at(place.git.clone(), Kind::Sha1)
        } else {
            let (git, common) = (place.git.clone(), place.common.clone());
            gix_ref::file::Store::for_linked_worktree(git, common, Kind::Sha1)
        };
        let objects = place.has_own_objects().then(|| {
            let options = Options {
                alloc_limit_bytes: Some(MAX_UNPACKED),
                current_dir: Some(place.common.clone()),
                ..Options::default()
            };
            gix_odb::at_opts(place.common.join("objects"), Kind::Sha1, Vec::new(), options)
        });
        Ok(Self { place, refs, objects: objects.transpose()? })
    }

    pub(super) fn objects(&self) -> Option<&gix_odb::Handle> {
        self.objects.as_ref()
    }

    /// The moment. Of the remotes' branches only those that moved since `before` are asked how.
    pub(super) fn snapshot(
        &self,
        before: &Snapshot,
        index: Option<&gix_index::File>,
    ) -> Result<Snapshot, ReadError> {
        let (branch, id) = self.head()?;
        // Where the object cannot be read, there still is a commit.
        let unread = |id| Commit { id, parents: Vec::new(), subject: SafeText::default() };
        let commit = id.map(|id| self.commit(id).unwrap_or_else(|| unread(id)));
        let logged = self.logged();
        let step = logged.filter(|logged| Some(logged.new) == id).map(|logged| logged.step);
        Ok(Snapshot {
            branch,
            commit,
            step,
            operation: self.operation(),
            conflicts: index.map_or(0, conflicts),
            stash: self.stash()?,
            remotes: self.remotes(before)?,
        })
    }

    /// The index; none before the first `git add`.
    pub(super) fn index(&self) -> Result<Option<gix_index::File>, ReadError> {
        let path = self.place.git.join("index");
        if !path.exists() {
            return Ok(None);
        }
        let options = gix_index::decode::Options {
            thread_limit: Some(1),
            alloc_limit_bytes: Some(4 * MAX_UNPACKED),
            ..gix_index::decode::Options::default()
        };
        Ok(Some(gix_index::File::at(path, Kind::Sha1, true, options)?))
    }

    /// Who works here, by what HEAD's log says of the last thing done.
    pub(super) fn me(&self) -> Option<Person> {
        self.logged().map(|logged| logged.who)
    }

    fn head(&self) -> Result<(Option<String>, Option<ObjectId>), ReadError> {
        let Some(head) = self.refs.try_find_loose("HEAD")? else { return Ok((None, None)) };
        let mut name = match head.target.to_ref() {
            TargetRef::Object(id) => return Ok((None, Some(id.to_owned()))),
            TargetRef::Symbolic(name) => name.to_owned(),
        };
        let branch = name.shorten().to_str_lossy().into_owned();
        for _ in 0..MAX_HOPS {
            if !self.is_plain_ref(name.as_ref()) {
                break;
            }
            let Some(found) = self.refs.try_find(name.as_ref())? else { break };
            name = match found.target.to_ref() {
                TargetRef::Object(id) => return Ok((Some(branch), Some(id.to_owned()))),
                TargetRef::Symbolic(name) => name.to_owned(),
            };
        }
        Ok((Some(branch), None))
    }

    fn stash(&self) -> Result<Option<ObjectId>, ReadError> {
        let Ok(name) = <&FullNameRef>::try_from("refs/stash") else { return Ok(None) };
        let found = if self.is_plain_ref(name) { self.refs.try_find(name)? } else { None };
        Ok(found.and_then(|found| found.target.try_id().map(oid::to_owned)))
    }

    /// Opening a pipe would wait for whoever writes to it.
    fn is_plain_ref(&self, name: &FullNameRef) -> bool {
        let path = self.place.common.join(name.as_bstr().to_str_lossy().as_ref());
        is_file_or_none(&path, MAX_OBJECT)
    }

    fn commit(&self, id: ObjectId) -> Option<Commit> {
        self.timed(id).map(|(_, commit)| commit)
    }

    /// The last commits that HEAD leads to, merges left out, the newest first. More are looked at than
    /// are given, but no more than [`MAX_WALKED`] times as many.
    pub(super) fn commits(&self, most: usize) -> Result<Vec<Commit>, ReadError> {
        let (_, head) = self.head()?;
        let (mut ahead, mut seen) = (BinaryHeap::new(), HashSet::new());
        let (mut waiting, mut found) = (HashMap::new(), Vec::new());
        let mut next: Vec<ObjectId> = head.into_iter().collect();
        while found.len() < most {
            for id in next.drain(..) {
                let is_new = seen.len() < most.saturating_mul(MAX_WALKED) && seen.insert(id);
                if let Some((time, commit)) = is_new.then(|| self.timed(id)).flatten() {
                    ahead.push((time, id));
                    waiting.insert(id, commit);
                }
            }
            let Some(commit) = ahead.pop().and_then(|(_, id)| waiting.remove(&id)) else { break };
            next.extend(&commit.parents);
            found.extend(Some(commit).filter(|commit| commit.parents.len() < 2));
        }
        Ok(found)
    }

    /// A commit, and when it was made, in seconds.
    fn timed(&self, id: ObjectId) -> Option<(i64, Commit)> {
        let bytes = self.object(&id, gix_object::Kind::Commit, MAX_OBJECT)?;
        let commit = CommitRef::from_bytes(&bytes, Kind::Sha1).ok()?;
        let time = commit.time().ok()?.seconds;
        let parents = commit.parents().collect();
        Some((time, Commit { id, parents, subject: subject(&commit) }))
    }

    /// The bytes of an object that is of that kind and no larger.
    pub(super) fn object(&self, id: &oid, kind: gix_object::Kind, most: u64) -> Option<Vec<u8>> {
        let objects = self.objects.as_ref()?;
        let header = objects.try_header(id).ok().flatten()?;
        if header.kind != kind || header.size > most {
            return None;
        }
        let mut bytes = Vec::new();
        objects.try_find(id, &mut bytes).ok().flatten()?;
        Some(bytes)
    }

    /// The id of a file's content in a commit.
    pub(super) fn blob_in(&self, commit: ObjectId, path: &str) -> Option<ObjectId> {
        let bytes = self.object(&commit, gix_object::Kind::Commit, MAX_OBJECT)?;
        let tree = CommitRef::from_bytes(&bytes, Kind::Sha1).ok()?.tree();
        let tree = self.object(&tree, gix_object::Kind::Tree, MAX_OBJECT)?;
        let mut buffer = Vec::new();
        let entry = TreeRefIter::from_bytes(&tree, Kind::Sha1)
            .lookup_entry(self.objects.as_ref()?, &mut buffer, path.split('/').map(Name))
            .ok()??;
        entry.mode.is_blob().then_some(entry.oid)
    }

    /// The text of a content, where it is one.
    pub(super) fn text(&self, id: &oid) -> Option<String> {
        text_of(self.object(id, gix_object::Kind::Blob, MAX_TEXT)?)
    }

    fn operation(&self) -> Option<Operation> {
        let has = |name: &str| self.place.git.join(name).exists();
        let rows = [
            ("rebase-merge", Operation::Rebase),
            ("rebase-apply", Operation::Rebase),
            ("REBASE_HEAD", Operation::Rebase),
            ("MERGE_HEAD", Operation::Merge),
            ("CHERRY_PICK_HEAD", Operation::CherryPick),
            ("REVERT_HEAD", Operation::Revert),
        ];
        rows.into_iter().find(|(name, _)| has(name)).map(|(_, operation)| operation)
    }

    fn remotes(&self, before: &Snapshot) -> Result<BTreeMap<String, Remote>, ReadError> {
        let mut found = BTreeMap::new();
        let refs = self.refs.iter()?;
        let prefix = b"refs/remotes/".as_slice().try_into()?;
        for reference in refs.prefixed(prefix)?.take(MAX_REMOTES) {
            let Ok(reference) = reference else { continue };
            let TargetRef::Object(id) = reference.target.to_ref() else { continue };
            let (id, name) = (id.to_owned(), reference.name.as_bstr().to_str_lossy().into_owned());
            let old = before.remotes.get(&name).filter(|old| old.id == id);
            let pushed = old.map_or_else(|| self.pushed(&name, id), |old| old.pushed);
            found.insert(name, Remote { id, pushed });
        }
        Ok(found)
    }

    /// Whether a push brought a remote's branch to where it is, by its log.
    fn pushed(&self, name: &str, id: ObjectId) -> Option<bool> {
        let line = self.last_line(&self.place.common.join("logs").join(name), name)?;
        (line.new_oid == id).then(|| line.message == "update by push")
    }

    fn logged(&self) -> Option<Logged> {
        let line = self.last_line(&self.place.git.join("logs/HEAD"), "HEAD")?;
        let part = |text: &BStr| text.to_str_lossy().into_owned();
        let who = &line.signature;
        let who = Person { name: part(who.name.as_ref()), email: part(who.email.as_ref()) };
        Some(Logged { new: line.new_oid, step: Step::of(&line.message.to_str_lossy()), who })
    }

    fn last_line(&self, path: &Path, name: &str) -> Option<gix_ref::log::Line> {
        if !is_file_or_none(path, MAX_LOG) {
            return None;
        }
        let mut tail = vec![0; LOG_TAIL];
        self.refs.reflog_iter_rev(name, &mut tail).ok()??.next()?.ok()
    }
}

/// A part of a path, to be found in a tree.
struct Name<'a>(&'a str);

impl PartialEq<BStr> for Name<'_> {
    fn eq(&self, other: &BStr) -> bool {
        self.0.as_bytes() == other
    }
}

/// What a commit's author says of it, in a line.
pub(super) fn subject(commit: &CommitRef<'_>) -> SafeText {
    SafeText::new(&commit.message().summary().to_str_lossy())
}

/// Files of which the index has more than one version.
fn conflicts(index: &gix_index::File) -> u64 {
    let staged = index.entries().iter().filter(|entry| entry.stage() != Stage::Unconflicted);
    let mut paths: Vec<_> = staged.map(|entry| entry.path(index)).collect();
    paths.dedup();
    paths.len() as u64
}

/// The content's id of a tracked plain file.
pub(super) fn tracked(index: &gix_index::File, path: &str) -> Option<ObjectId> {
    let entry = index.entry_by_path_and_stage(path.into(), Stage::Unconflicted)?;
    matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE).then_some(entry.id)
}

fn is_file_or_none(path: &Path, most: u64) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(about) => about.is_dir() || about.is_file() && about.len() <= most,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// How far a null byte is looked for, as git does, in bytes.
const HEAD: usize = 8000;

/// The text that bytes are, unless they are binary.
pub(super) fn text_of(bytes: Vec<u8>) -> Option<String> {
    if bytes.iter().take(HEAD).any(|byte| *byte == 0) {
        return None;
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The last commits of the repository that `path` is in, merges left out, the newest first: the id and
/// the first line of each. Read like all else here: nothing is executed, no configuration obeyed.
///
/// # Errors
///
/// Where there is no repository, or it cannot be read.
pub fn commits(path: &Path, most: usize) -> std::io::Result<Vec<(String, SafeText)>> {
    let place = Repository::find(path).map_err(std::io::Error::other)?;
    let open = Open::new(&place).map_err(std::io::Error::other)?;
    let commits = open.commits(most).map_err(std::io::Error::other)?;
    Ok(commits.into_iter().map(|commit| (commit.id.to_string(), commit.subject)).collect())
}
