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
mod token;

use diff::{File, Part, Side, find};
use moved::Moved;
use path::{KINDS, LANGUAGES};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};
use token::{GROUPS, Groups, IDS, UNSALTED, WORDS};

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

/// So many ids of a namespace count, those that come most often.
const MAX_IDS: usize = 256;
/// Up to so many lines, a change is tiny.
const TINY: usize = 4;
/// From more than so many lines, it is large.
const LARGE: usize = 500;

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

/// How often each id of a namespace came, up to 255 times.
struct Ids {
    counts: Vec<u8>,
    touched: Vec<u16>,
}

impl Ids {
    fn new() -> Self {
        Self { counts: vec![0; IDS], touched: Vec::new() }
    }

    fn count(&mut self, space: usize, token: &[u8]) {
        let id = token::id(space.to_le_bytes()[0], token);
        let count = &mut self.counts[usize::from(id)];
        if *count == 0 {
            self.touched.push(id);
        }
        *count = count.saturating_add(1);
    }

    /// Appends ln(1 + count) by bucket, of the ids that came most often, and forgets all.
    fn fold(&mut self, buckets: usize, inputs: &mut Vec<f32>) {
        let counts = &self.counts;
        let rank = |id: &u16| (std::cmp::Reverse(counts[usize::from(*id)]), *id);
        if self.touched.len() > MAX_IDS {
            self.touched.select_nth_unstable_by_key(MAX_IDS, rank);
        }
        let mut folded = vec![0_u32; buckets];
        for id in self.touched.iter().take(MAX_IDS) {
            folded[usize::from(*id) % buckets] += u32::from(counts[usize::from(*id)]);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 255 of each of 256 ids")]
        inputs.extend(folded.iter().map(|count| (1.0 + *count as f32).ln()));
        for id in self.touched.drain(..) {
            self.counts[usize::from(id)] = 0;
        }
    }
}

/// Which tokens are on both sides.
struct Overlap {
    counts: Vec<[u32; 2]>,
    touched: Vec<u16>,
}

/// Tokens on both sides, on any, and how many different ones are new or gone.
#[derive(Clone, Copy, Default)]
struct Shared {
    both: f64,
    any: f64,
    new: f64,
    gone: f64,
}

impl Overlap {
    fn new() -> Self {
        Self { counts: vec![[0; 2]; IDS], touched: Vec::new() }
    }

    fn count(&mut self, side: usize, id: u16) {
        let counts = &mut self.counts[usize::from(id)];
        if *counts == [0; 2] {
            self.touched.push(id);
        }
        counts[side] += 1;
    }

    fn take(&mut self) -> Shared {
        let mut shared = Shared::default();
        for id in self.touched.drain(..) {
            let [added, deleted] = std::mem::take(&mut self.counts[usize::from(id)]);
            shared.both += f64::from(added.min(deleted));
            shared.any += f64::from(added.max(deleted));
            shared.new += f64::from(u8::from(deleted == 0));
            shared.gone += f64::from(u8::from(added == 0));
        }
        shared
    }
}

/// What is counted as a diff goes by.
#[derive(Default)]
struct Sums {
    added: usize,
    deleted: usize,
    hunks: usize,
    files: usize,
    /// Lines of the file that is open.
    file_added: usize,
    file_deleted: usize,
    most_of_one_file: usize,
    folders: HashSet<u64>,
    depth: f64,
    new: f64,
    gone: f64,
    renamed: f64,
    binary: f64,
    modified: f64,
    kinds: [f64; KINDS.len()],
    has: [f64; KINDS.len()],
    languages: [f64; LANGUAGES.len()],
    /// By side: comments, documentation, blank, imports, signs alone, strings.
    shapes: [[f64; 6]; 2],
    words: [[f64; GROUPS]; 2],
    tokens: [f64; 2],
    versions: f64,
    addresses: f64,
    conflicts: f64,
    length: f64,
    indent: f64,
}

const fn one_if(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

impl Sums {
    fn look_at(&mut self, side: usize, line: &[u8], trimmed: &[u8]) {
        self.length += count(trimmed.len());
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        self.indent += indent.map(|byte| if *byte == b'\t' { 4.0 } else { 1.0 }).sum::<f64>();
        let [comments, docs, blank, imports, signs, strings] = &mut self.shapes[side];
        let Some(first) = trimmed.first() else {
            *blank += 1.0;
            return;
        };
        *comments += one_if(is_comment(trimmed));
        *docs += one_if(is_documentation(trimmed));
        *imports += one_if(is_import(trimmed));
        *signs += one_if(!trimmed.iter().any(u8::is_ascii_alphanumeric));
        *strings += one_if(matches!(first, b'"' | b'\'' | b'`'));
        let marks = [&b"<<<<<<< "[..], b">>>>>>> "];
        let is_mark = marks.iter().any(|mark| trimmed.starts_with(mark)) || trimmed == b"=======";
        self.conflicts += one_if(is_mark);
        self.addresses += one_if(find(trimmed, b"://").is_some());
        self.versions += one_if(has_version(trimmed));
    }

    fn file(&mut self, file: &File<'_>, path: &str) {
        let lines = self.file_added + self.file_deleted;
        self.added += std::mem::take(&mut self.file_added);
        self.deleted += std::mem::take(&mut self.file_deleted);
        self.files += 1;
        self.most_of_one_file = self.most_of_one_file.max(lines);
        self.new += one_if(file.added);
        self.gone += one_if(file.deleted);
        self.renamed += one_if(file.renamed);
        self.binary += one_if(file.binary);
        self.modified += one_if(!file.added && !file.deleted);
        let mut folder = DefaultHasher::new();
        folder.write(path.rsplit_once('/').map_or("", |(folder, _)| folder).as_bytes());
        self.folders.insert(folder.finish());
        self.depth += count(path.matches('/').count());
        let weight = count(lines.max(1));
        let kind = path::kind(path) as usize;
        self.kinds[kind] += weight;
        self.has[kind] = 1.0;
        self.languages[path::language(path)] += weight;
    }

    /// Appends the dense inputs, in the order of [`dense_names`].
    fn dense(&self, moved: moved::Kinds, shared: Shared, read: usize, inputs: &mut Vec<f32>) {
        let (added, deleted, files) = (count(self.added), count(self.deleted), count(self.files));
        let (changed, hunks, read) = (added + deleted, count(self.hunks), count(read));
        let net = added - deleted;
        inputs.extend([
            ln(files),
            ln(added),
            ln(deleted),
            ratio(added, changed),
            ln(net.abs()) * if net < 0.0 { -1.0 } else { 1.0 },
            ln(hunks),
            ln(if hunks > 0.0 { changed / hunks } else { 0.0 }),
            ratio(count(self.most_of_one_file), changed),
            ln(count(self.folders.len())),
            ratio(self.depth, files),
            ratio(self.new, files),
            ratio(self.gone, files),
            ratio(self.renamed, files),
            ratio(self.binary, files),
            single(one_if(self.added + self.deleted <= TINY)),
            single(one_if(self.added + self.deleted > LARGE)),
        ]);
        let of_kinds: f64 = self.kinds.iter().sum();
        inputs.extend(self.kinds.map(|weight| ratio(weight, of_kinds)));
        inputs.extend(self.has.map(single));
        inputs.push(single(self.has.iter().sum()));
        inputs.extend(self.languages.map(|weight| ratio(weight, of_kinds)));
        let [added_shapes, deleted_shapes] = &self.shapes;
        let looked_at = [self.added, self.deleted].map(|lines| count(lines.min(MAX_LINES)));
        for (in_added, in_deleted) in added_shapes.iter().zip(deleted_shapes) {
            inputs.extend([ratio(*in_added, looked_at[0]), ratio(*in_deleted, looked_at[1])]);
        }
        inputs.extend([
            ratio(moved.spaces, moved.of),
            ratio(moved.signs, moved.of),
            ratio(moved.same_file, moved.of),
            ratio(moved.other_file, moved.of),
            ratio(shared.both, shared.any),
            ln(shared.new),
            ln(shared.gone),
            ratio(self.versions, read),
            ratio(self.addresses, read),
            ln(self.conflicts),
            ratio(moved.numbers, moved.of),
            ln(if read > 0.0 { self.length / read } else { 0.0 }),
            ratio(self.indent, read).min(40.0) / 8.0,
            ratio(self.modified, files),
            single(self.has[0] * self.has[1]),
        ]);
        let rate = |side: usize, group: usize| {
            let percent = 100.0 * ratio(self.words[side][group], self.tokens[side].max(20.0));
            (1.0 + percent).ln()
        };
        inputs.extend((0..GROUPS).flat_map(|group| [rate(0, group), rate(1, group)]));
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most some millions are counted")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the model takes single precision")]
const fn single(number: f64) -> f32 {
    number as f32
}

/// ln(1 + number).
fn ln(number: f64) -> f32 {
    single((1.0 + number).ln())
}

fn ratio(part: f64, whole: f64) -> f32 {
    if whole > 0.0 { single(part / whole) } else { 0.0 }
}

fn is_comment(line: &[u8]) -> bool {
    let code = [&b"#["[..], b"#include", b"#define", b"#if"];
    let starts = [&b"//"[..], b"/*", b"* ", b"*/", b"<!--", b"--", b"\"\"\"", b"'''"];
    starts.iter().any(|start| line.starts_with(start))
        || line == b"*"
        || line.starts_with(b"#") && !code.iter().any(|start| line.starts_with(start))
}

fn is_documentation(line: &[u8]) -> bool {
    [&b"///"[..], b"//!", b"/**", b"* ", b"\"\"\""].iter().any(|start| line.starts_with(start))
}

fn is_import(line: &[u8]) -> bool {
    let starts = [
        &b"import "[..],
        b"use ",
        b"from ",
        b"#include",
        b"require",
        b"using ",
        b"pub use ",
        b"export * from",
        b"export {",
        b"mod ",
        b"pub mod ",
    ];
    starts.iter().any(|start| line.starts_with(start)) || find(line, b"require(").is_some()
}

/// Whether something like 1.2.3 is in the line.
fn has_version(line: &[u8]) -> bool {
    let (mut dots, mut digits) = (0, false);
    for byte in line {
        match byte {
            byte if byte.is_ascii_digit() => digits = true,
            b'.' if digits => (dots, digits) = (dots + 1, false),
            _ if dots >= 2 && digits => break,
            _ => (dots, digits) = (0, false),
        }
    }
    dots >= 2 && digits
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
