//! What is counted as a diff goes by, and the dense inputs made of it.

use super::MAX_LINES;
use super::diff::{File, find};
use super::moved::Kinds;
use super::path::{self, KINDS, LANGUAGES};
use super::tables::Shared;
use super::token::GROUPS;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};

/// Up to so many lines, a change is tiny.
const TINY: usize = 4;
/// From more than so many lines, it is large.
const LARGE: usize = 500;

/// What is counted as a diff goes by.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) added: usize,
    pub(super) deleted: usize,
    pub(super) hunks: usize,
    pub(super) files: usize,
    /// Lines of the file that is open.
    pub(super) file_added: usize,
    pub(super) file_deleted: usize,
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
    pub(super) words: [[f64; GROUPS]; 2],
    pub(super) tokens: [f64; 2],
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
    pub(super) fn look_at(&mut self, side: usize, line: &[u8], trimmed: &[u8]) {
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

    pub(super) fn file(&mut self, file: &File<'_>, path: &str) {
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
    pub(super) fn dense(&self, moved: Kinds, shared: Shared, read: usize, inputs: &mut Vec<f32>) {
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
