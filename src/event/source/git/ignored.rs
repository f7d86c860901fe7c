//! What a repository's `.gitignore` files leave out.

use super::files::Files;
use super::place::Repository;
use super::read::{MAX_TEXT, Open};
use gix_ignore::Search;
use gix_ignore::glob::pattern::{Case, Mode};
use gix_ignore::search::Ignore;
use std::io::Read as _;
use std::path::Path;

/// The most `.gitignore` files of one repository that are read.
const MAX_FILES: usize = 1024;
const NAME: &str = ".gitignore";
const SYNTAX: Ignore = Ignore { support_precious: false };

/// Patterns of everything that is left out.
pub(super) struct Ignored(Search);

impl Ignored {
    /// Reads the tracked `.gitignore` files, what the work tree's root has, `.git/info/exclude`, and
    /// `users`, the user's own file. No configuration is asked for another.
    pub(super) fn new(
        place: &Repository,
        open: &Open<'_>,
        index: Option<&gix_index::File>,
        files: &Files<'_>,
        users: Option<&Path>,
    ) -> Self {
        let mut search = Search::default();
        // Those that come later are asked first.
        for path in users.into_iter().chain([&*place.common.join("info/exclude")]) {
            if let Some(bytes) = plain(path) {
                let _ = search.add_patterns_buffer(&bytes, path, None, SYNTAX);
            }
        }
        let mut paths = vec![(NAME.to_owned(), None)];
        paths.extend(index.into_iter().flat_map(|index| {
            let is_one = |path: &str| path.strip_suffix(NAME).is_some_and(|p| p.ends_with('/'));
            let path = |entry: &gix_index::Entry| {
                Some(std::str::from_utf8(entry.path(index)).ok()?.to_owned())
            };
            let entries = index.entries().iter().filter_map(move |e| Some((path(e)?, Some(e.id))));
            entries.filter(move |(path, _)| is_one(path)).take(MAX_FILES)
        }));
        paths.sort_by_key(|(path, _)| path.bytes().filter(|byte| *byte == b'/').count());
        for (path, id) in paths {
            let written = || files.read(&path, MAX_TEXT).ok().flatten();
            let committed = || Some(open.text(&id?)?.into_bytes());
            if let Some(bytes) = written().or_else(committed) {
                let source = place.work.join(&path);
                let _ = search.add_patterns_buffer(&bytes, source, Some(&place.work), SYNTAX);
            }
        }
        Self(search)
    }

    /// Whether it is left out, by itself or with a folder that it is in.
    pub(super) fn is(&self, path: &str, is_dir: bool) -> bool {
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        above.map(|folder| (folder, true)).chain([(path, is_dir)]).any(|(path, is_dir)| {
            let found =
                self.0.pattern_matching_relative_path(path.into(), Some(is_dir), Case::Sensitive);
            found.is_some_and(|found| !found.pattern.mode.contains(Mode::NEGATIVE))
        })
    }
}

/// A plain file of the user's or of git's, if it is small.
fn plain(path: &Path) -> Option<Vec<u8>> {
    // The user's own may be a link: people keep such files elsewhere.
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_TEXT).read_to_end(&mut bytes).ok()?;
    (about.len() <= MAX_TEXT).then_some(bytes)
}
