//! From a unified diff to the numbers that the model takes: the one implementation, for training and
//! at run time.
//!
//! [`Extractor::diff`] reads one diff or several (a window of edits), [`Extractor::finish`] gives
//! [`INPUTS`] finite numbers. Time and memory are bounded: [`MAX_DIFF_BYTES`] are read, and of
//! [`MAX_LINES`] changed lines what is in them; lines and folders are remembered as hashes. No
//! text is kept.

mod diff;
mod moved;
mod path;
mod sums;
mod tables;
mod token;

use diff::{File, Part, Side};
use moved::Moved;
use path::{KINDS, LANGUAGES};
use sums::Sums;
use tables::{Ids, Overlap};
use token::{Groups, UNSALTED, WORDS};

/// How many numbers the model takes.
pub const INPUTS: usize = DENSE + 384;
/// How many of them are counted or measured; hashed tokens come behind them.
pub const DENSE: usize = 124;
/// The buckets of hashed tokens: of added lines, deleted lines, paths, and what stands around.
pub const BUCKETS: [usize; 4] = [128, 128, 64, 64];
/// So much of a change is read. Training saw no more of any commit.
pub const MAX_DIFF_BYTES: usize = 8 << 20;
/// Of so many changed lines the contents are looked at.
pub const MAX_LINES: usize = 6000;
/// No input is larger: the logarithm of the largest number that a computer counts to is 44.
pub const LARGEST: f32 = 64.0;

/// Where among the inputs the kinds of files begin, and where conflicts stand: behind sizes, kinds,
/// languages and shapes, the tenth of what was matched.
const KINDS_AT: usize = 16;
const CONFLICT: usize = KINDS_AT + 2 * KINDS.len() + 1 + LANGUAGES.len() + 12 + 9;

const PATHS: usize = 2;
const CONTEXT: usize = 3;

/// The names of the dense inputs, in their order.
#[must_use]
pub fn dense_names() -> Vec<String> {
    let sizes = [
        "ln_files",
        "ln_add",
        "ln_del",
        "add_ratio",
        "ln_net",
        "ln_hunks",
        "ln_hunk_mean",
        "top_file_share",
        "ln_dirs",
        "depth_mean",
        "new_share",
        "deleted_share",
        "renamed_share",
        "binary_share",
        "tiny",
        "large",
    ];
    let matches = [
        "ws_only",
        "punct_only",
        "moved_same",
        "moved_cross",
        "jaccard",
        "ident_new",
        "ident_gone",
        "semver",
        "url",
        "conflict",
        "number_only",
        "line_len",
        "indent_mean",
        "mods_share",
        "src_and_test",
    ];
    let shapes = ["comment", "doc", "blank", "import", "punct", "string"];
    let both = |name: &str, added: &str, deleted: &str| {
        [format!("{added}_{name}"), format!("{deleted}_{name}")]
    };
    let mut names: Vec<String> = sizes.map(str::to_owned).into();
    names.extend(KINDS.map(|kind| format!("kind_{kind}")));
    names.extend(KINDS.map(|kind| format!("has_{kind}")));
    names.push("kinds".to_owned());
    names.extend(LANGUAGES.map(|language| format!("lang_{language}")));
    names.extend(shapes.iter().flat_map(|shape| both(shape, "add", "del")));
    names.extend(matches.map(str::to_owned));
    names.extend(WORDS.iter().flat_map(|(group, _)| both(group, "wa", "wd")));
    names
}

/// What the model takes of a change, and what people want to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// [`INPUTS`] numbers, each finite and at most [`LARGEST`] away from zero.
    pub inputs: Vec<f32>,
    /// Added lines.
    pub added: u64,
    /// Deleted lines.
    pub deleted: u64,
    /// Files.
    pub files: u64,
    /// Hunks.
    pub hunks: u64,
    /// Whether there was more than is read.
    pub cut: bool,
}

impl Features {
    /// Whether nothing was changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// Of the changed lines, the share that is in files of documentation or changelogs, 0 to 1.
    #[must_use]
    pub fn docs_share(&self) -> f32 {
        let share =
            |kind: path::Kind| self.inputs.get(KINDS_AT + kind as usize).copied().unwrap_or(0.0);
        share(path::Kind::Docs) + share(path::Kind::Changelog)
    }

    /// Whether conflict marks were added: two at least, as a line of `=` alone underlines titles.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.inputs.get(CONFLICT).is_some_and(|ln| *ln > 1.0)
    }
}

/// The features of one diff.
///
/// ```
/// use buddy_render::intent::features;
///
/// let diff = b"diff --git a/README.md b/README.md\n@@ -1 +1,2 @@\n # Pets\n+They purr.\n";
/// let features = features::of(diff);
/// assert_eq!((features.files, features.added, features.deleted), (1, 1, 0));
/// assert_eq!(features.docs_share(), 1.0);
/// ```
#[must_use]
pub fn of(diff: &[u8]) -> Features {
    let mut extractor = Extractor::new();
    extractor.diff(diff);
    extractor.finish()
}

/// Counts what is in diffs. One may serve for many changes: its tables are used again.
pub struct Extractor {
    groups: Groups,
    ids: [Ids; 4],
    overlap: Overlap,
    moved: Moved,
    sums: Sums,
    read: usize,
    bytes: usize,
    cut: bool,
}

impl Default for Extractor {
    fn default() -> Self {
        Self::new()
    }
}

impl Extractor {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            groups: Groups::new(),
            ids: std::array::from_fn(|_| Ids::new()),
            overlap: Overlap::new(),
            moved: Moved::default(),
            sums: Sums::default(),
            read: 0,
            bytes: 0,
            cut: false,
        }
    }

    /// Reads a diff, or another of the same change.
    pub fn diff(&mut self, diff: &[u8]) {
        let room = MAX_DIFF_BYTES - self.bytes;
        let kept = &diff[..diff.len().min(room)];
        self.cut |= kept.len() < diff.len();
        self.bytes += kept.len();
        diff::scan(kept, |part| match part {
            Part::Hunk(header) => {
                self.sums.hunks += 1;
                token::tokens(header, |token| self.ids[CONTEXT].count(CONTEXT, token));
            }
            Part::Line(Side::Context, line) => {
                if self.read < MAX_LINES {
                    token::tokens(line, |token| self.ids[CONTEXT].count(CONTEXT, token));
                }
            }
            Part::Line(side, line) => self.line(side == Side::Deleted, line),
            Part::End(file) => self.file(&file),
        });
    }

    /// The features of what was read, and forgets it.
    pub fn finish(&mut self) -> Features {
        let mut inputs = Vec::with_capacity(INPUTS);
        let moved = self.moved.kinds();
        let overlap = self.overlap.take();
        let sums = std::mem::take(&mut self.sums);
        sums.dense(moved, overlap, self.read.min(MAX_LINES), &mut inputs);
        for (ids, buckets) in self.ids.iter_mut().zip(BUCKETS) {
            ids.fold(buckets, &mut inputs);
        }
        clean(&mut inputs);
        self.moved.clear();
        (self.read, self.bytes) = (0, 0);
        Features {
            inputs,
            added: sums.added as u64,
            deleted: sums.deleted as u64,
            files: sums.files as u64,
            hunks: sums.hunks as u64,
            cut: std::mem::take(&mut self.cut),
        }
    }

    fn line(&mut self, deleted: bool, line: &[u8]) {
        let (side, sums) = (usize::from(deleted), &mut self.sums);
        *(if deleted { &mut sums.file_deleted } else { &mut sums.file_added }) += 1;
        self.read += 1;
        if self.read > MAX_LINES {
            return;
        }
        let trimmed = line.trim_ascii();
        sums.look_at(side, line, trimmed);
        let ids = &mut self.ids[side];
        token::tokens(line, |token| {
            ids.count(side, token);
            let id = token::id(UNSALTED, token);
            self.overlap.count(side, id);
            sums.tokens[side] += 1.0;
            let mut groups = self.groups.of(id, token);
            while groups != 0 {
                sums.words[side][groups.trailing_zeros() as usize] += 1.0;
                groups &= groups - 1;
            }
        });
        let file = u32::try_from(sums.files).unwrap_or(u32::MAX);
        self.moved.take(deleted, file, line, trimmed);
    }

    fn file(&mut self, file: &File<'_>) {
        let path = String::from_utf8_lossy(file.path());
        let ids = &mut self.ids[PATHS];
        token::tokens(path.as_bytes(), |token| ids.count(PATHS, token));
        let name = path.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        ids.count(PATHS, format!("={name}").as_bytes());
        self.sums.file(file, &path);
    }
}

/// Whether a file is made by a program, by its path: generated, vendored, a lock file.
#[must_use]
pub fn is_generated(path: &str) -> bool {
    matches!(path::kind(path), path::Kind::Generated | path::Kind::Lock)
}

/// Whether a file is documentation or a changelog, by its path.
#[must_use]
pub fn is_made_of_docs(path: &str) -> bool {
    matches!(path::kind(path), path::Kind::Docs | path::Kind::Changelog)
}

/// Whether a file says how to build or what to depend on, by its path.
#[must_use]
pub fn is_upkeep(path: &str) -> bool {
    matches!(path::kind(path), path::Kind::Manifest | path::Kind::Lock | path::Kind::Ci)
}

/// Every number finite and within [`LARGEST`]; what is no number is 0.
pub fn clean(inputs: &mut [f32]) {
    for input in inputs {
        *input = if input.is_nan() { 0.0 } else { input.clamp(-LARGEST, LARGEST) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_that_rules_look_at_are_where_the_names_say() {
        let names = dense_names();
        assert_eq!(names.len(), DENSE);
        assert_eq!(names[KINDS_AT], "kind_src");
        assert_eq!(names[KINDS_AT + path::Kind::Docs as usize], "kind_docs");
        assert_eq!(names[KINDS_AT + path::Kind::Changelog as usize], "kind_changelog");
        assert_eq!(names[CONFLICT], "conflict");
    }

    #[test]
    fn any_bytes_give_finite_inputs() {
        let mut random = fastrand::Rng::with_seed(1);
        let pieces: [&[u8]; 12] = [
            b"diff --git a/x b/x\n",
            b"diff --cc x\n",
            b"@@ -1,9 +1,9 @@\n",
            b"@@@ -1 -1 +1 @@@\n",
            b"--- a/x\n+++ b/y\n",
            b"+",
            b"-",
            b"\n",
            b"\r\n",
            b"\xff\xfe\0",
            b"1.2.3 foo_Bar",
            b"<<<<<<< a\n",
        ];
        let mut extractor = Extractor::new();
        for _ in 0..2000 {
            let diff: Vec<u8> = (0..random.usize(0..60))
                .flat_map(|_| *random.choice(&pieces).unwrap())
                .copied()
                .collect();
            extractor.diff(&diff);
            let features = extractor.finish();
            assert_eq!(features.inputs.len(), INPUTS);
            assert!(features.inputs.iter().all(|x| x.is_finite() && x.abs() <= LARGEST));
            assert_eq!(features, of(&diff), "one that was used before counts the same");
        }
    }

    #[test]
    fn line_ends_do_not_matter() {
        let diff = include_str!("../../../fixtures/intent/fix.diff");
        assert_eq!(of(diff.as_bytes()), of(diff.replace('\n', "\r\n").as_bytes()));
    }

    #[test]
    fn much_is_cut_and_said_so() {
        let mut diff = b"diff --git a/x b/x\n@@ -0,0 +1,9999999 @@\n".to_vec();
        while diff.len() <= MAX_DIFF_BYTES {
            diff.extend_from_slice(b"+let a = foo(bar);\n");
        }
        let features = of(&diff);
        assert!(features.cut && features.added > 400_000 && !of(&diff[..1000]).cut);
    }

    #[test]
    fn what_is_no_number_is_none() {
        let mut inputs = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -3.0];
        clean(&mut inputs);
        assert_eq!(inputs, [0.0, LARGEST, -LARGEST, LARGEST, -3.0]);
    }
}
