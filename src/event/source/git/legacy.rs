//! Old lines of somebody else's that were touched: found by blame, within a budget.

use super::place::Repository;
use super::read::{self, Open, Person};
use super::snapshot::short;
use crate::event::EventKind;
use crate::text::SafeText;
use gix_blame::{BlameRanges, Options, Start};
use gix_diff::blob::pipeline::{Mode, WorktreeRoots};
use gix_diff::blob::{Pipeline, Platform};
use gix_hash::{Kind, ObjectId, oid};
use gix_object::CommitRef;
use gix_object::bstr::ByteSlice as _;
use std::cell::Cell;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// From this age on a line is old: 18 months, in days.
pub const LEGACY_DAYS: u64 = 548;
/// The most places of one file that are looked up.
const MAX_RANGES: usize = 16;
/// The most objects that are read for one file.
const MAX_OBJECTS: u32 = 60_000;
/// The longest that it takes for one file.
const LONGEST: Duration = Duration::from_secs(2);
const DAY: u64 = 24 * 60 * 60;

/// What is asked: who wrote these lines of a file as it stands in a commit.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    pub(super) commit: ObjectId,
    pub(super) path: String,
    /// Zero-based lines of the committed text.
    pub(super) lines: Vec<Range<usize>>,
}

/// The oldest of the touched lines, if it is old and another's.
pub(super) fn find(place: &Repository, touched: &Touched) -> Option<EventKind> {
    let open = Open::new(place).ok()?;
    let me = open.me().unwrap_or_default();
    let ranges = touched.lines.iter().filter(|range| !range.is_empty()).take(MAX_RANGES);
    let ranges: Vec<Range<u32>> = ranges.filter_map(narrow).collect();
    if ranges.is_empty() {
        return None;
    }
    let store = Budget {
        objects: open.objects()?,
        left: Cell::new(MAX_OBJECTS),
        end: Instant::now() + LONGEST,
    };
    let options = Options { ranges: BlameRanges::PartialFile(ranges), ..Options::default() };
    let start = Start::Commit(touched.commit);
    let path = touched.path.as_str().into();
    let blame = gix_blame::file(&store, start, None, &mut texts(), path, options).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let told = blame.entries.iter().filter_map(|entry| {
        let line = u64::from(entry.start_in_blamed_file) + 1;
        tell(&open, entry.commit_id, now).map(|told| (line, told))
    });
    let (line, oldest) = told.max_by_key(|(_, told)| told.days)?;
    if oldest.days < LEGACY_DAYS || me.is(&oldest.author) {
        return None;
    }
    let shown = |text: &str| Some(SafeText::new(text)).filter(|text| !text.is_empty());
    Some(EventKind::Legacy {
        path: shown(&touched.path),
        line: Some(line),
        age_days: Some(oldest.days),
        author: shown(&oldest.author.name),
        sha: Some(short(oldest.id)),
        subject: Some(oldest.subject).filter(|subject| !subject.is_empty()),
    })
}

fn narrow(range: &Range<usize>) -> Option<Range<u32>> {
    Some(u32::try_from(range.start).ok()?..u32::try_from(range.end).ok()?)
}

/// What a commit says of itself.
struct Told {
    id: ObjectId,
    days: u64,
    author: Person,
    subject: SafeText,
}

fn tell(open: &Open<'_>, id: ObjectId, now: u64) -> Option<Told> {
    let bytes = open.object(&id, gix_object::Kind::Commit, read::MAX_TEXT)?;
    let commit = CommitRef::from_bytes(&bytes, Kind::Sha1).ok()?;
    let author = commit.author().ok()?;
    // A clock that was wrong, then or now, makes nothing old.
    let then = u64::try_from(author.time().ok()?.seconds).ok()?;
    let days = now.saturating_sub(then) / DAY;
    let part = |text: &gix_object::bstr::BStr| text.to_str_lossy().into_owned();
    let author = Person { name: part(author.name), email: part(author.email) };
    Some(Told { id, days, author, subject: read::subject(&commit) })
}

/// What turns contents into texts to compare: nothing. There is no work tree to read, and there are
/// no filters and no drivers that could be run.
fn texts() -> Platform {
    let pipeline = Pipeline::new(
        WorktreeRoots::default(),
        gix_filter::Pipeline::new(Default::default(), Kind::Sha1, Default::default()),
        Vec::new(),
        gix_diff::blob::pipeline::Options {
            large_file_threshold_bytes: read::MAX_TEXT,
            ..Default::default()
        },
    );
    let attributes = gix_worktree::stack::state::Attributes::new(
        Default::default(),
        None,
        gix_worktree::stack::state::attributes::Source::IdMapping,
        Default::default(),
    );
    let stack = gix_worktree::Stack::new(
        "",
        gix_worktree::stack::State::AttributesStack(attributes),
        gix_ignore::glob::pattern::Case::Sensitive,
        Vec::new(),
        Vec::new(),
    );
    Platform::new(Default::default(), pipeline, Mode::ToGit, stack)
}

/// A store of objects that runs out: whoever reads on gets an error.
struct Budget<'a> {
    objects: &'a gix_odb::Handle,
    left: Cell<u32>,
    end: Instant,
}

impl Budget<'_> {
    fn pay(&self) -> gix_error::Result<()> {
        let left = self.left.get();
        if left == 0 || Instant::now() >= self.end {
            return Err(gix_error::message("it takes too long").into());
        }
        self.left.set(left - 1);
        Ok(())
    }
}

impl gix_object::Find for Budget<'_> {
    fn try_find<'b>(
        &self,
        id: &oid,
        buffer: &'b mut Vec<u8>,
    ) -> gix_error::Result<Option<gix_object::Data<'b>>> {
        self.pay()?;
        self.objects.try_find(id, buffer)
    }
}

impl gix_object::FindHeader for Budget<'_> {
    fn try_header(&self, id: &oid) -> gix_error::Result<Option<gix_object::Header>> {
        self.pay()?;
        self.objects.try_header(id)
    }
}
