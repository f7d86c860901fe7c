//! One file per wire format, and a [`Reader`] in front that tells them apart line by line.

mod agent;
mod bazel;
mod cargo;
mod check_run;
mod claude;
mod cloudevents;
mod codex;
mod document;
mod findings;
mod formats;
mod gemini;
mod git;
mod go;
mod jest;
mod json;
mod junit;
mod libtest;
mod lsp;
mod native;
mod pytest;
mod rdjson;
mod sarif;
mod shorter;
mod sniff;
mod tally;
mod tap;
mod text;
mod words;

pub use formats::{FORMATS, Format};
pub use native::{is_text_field, name, to_native_json};

use super::Event;
use crate::text::SafeText;
use document::{Broken, Document, Fed, Whole};
use git::Git;
use json::Object;
use junit::Junit;
use sniff::{Formats, Found};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 256 << 10;
/// The longest document for a whole run (SARIF, JUnit, Jest, rdjson), in bytes, on one line or many.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;
/// The deepest nesting of JSON and XML that is read.
pub const MAX_DEPTH: usize = 32;
/// How many bad lines are reported one by one; the rest are counted.
pub const MAX_REPORTED: u64 = 20;
/// How many names of unknown events are told apart.
pub const MAX_UNKNOWN_NAMES: usize = 32;
/// The widest name of an unknown event that is kept, in cells.
const MAX_NAME_CELLS: usize = 64;

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its one-based number.
    pub line: u64,
    /// What is wrong with it; safe to show.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// What was read, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Well-formed events of names that this version does not know; at most
    /// [`MAX_UNKNOWN_NAMES`] names, further ones under `…`.
    pub unknown: BTreeMap<String, u64>,
    /// Lines that could not be read.
    pub malformed: u64,
    /// Lines that are nobody's, such as a program's own output.
    pub noise: u64,
}

/// Turns lines into events. It remembers what came before, because a run of tests, a diagnostic and
/// a merge each take many lines.
#[derive(Debug, Default)]
pub struct Reader {
    line: u64,
    counts: Counts,
    problems: Vec<Problem>,
    git: Git,
    formats: Formats,
    document: Document,
    junit: Junit,
    native: bool,
    /// Whether any line was.
    spoke_native: bool,
}

impl Reader {
    /// A reader at the beginning of its input.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A reader that holds no document of many lines which is longer than that, in bytes.
    #[must_use]
    pub fn with_documents_of(bytes: usize) -> Self {
        Self { document: Document::with_limit(bytes), ..Self::default() }
    }

    /// Reads one line, without its newline. Whatever the bytes are, this returns: a line that cannot
    /// be read is found in [`Reader::problems`].
    pub fn line(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.line += 1;
        self.native = false;
        let mut out = Vec::new();
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let mark = if self.line == 1 { "\u{feff}".as_bytes() } else { b"" };
        let bytes = bytes.strip_prefix(mark).unwrap_or(bytes);
        if let Err(what) = self.read(bytes, &mut out) {
            self.report(what);
        }
        self.count(out)
    }

    /// A line was longer than [`MAX_LINE_BYTES`] and its bytes were thrown away.
    pub fn too_long(&mut self) {
        self.line += 1;
        self.native = false;
        if let Some(broken) = self.document.finish() {
            self.broken(broken);
        }
        self.report(too_long());
    }

    /// The input is over: tells what waited for its end. Afterwards [`Reader::problems`] has the
    /// number of the bad lines that were not reported.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.native = false;
        if let Some(broken) = self.document.finish() {
            self.broken(broken);
        }
        if self.junit.finish() {
            self.report("a JUnit report breaks off at the end".to_owned());
        }
        self.flush(&mut out);
        let more = self.counts.malformed.saturating_sub(MAX_REPORTED);
        if more > 0 {
            let plural = if more == 1 { "" } else { "s" };
            self.problems.push(Problem {
                line: self.line,
                what: format!("the end; {more} more bad line{plural}"),
            });
        }
        self.count(out)
    }

    /// Takes what went wrong since the last call. At most [`MAX_REPORTED`] lines in all.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// What was read so far, in numbers.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether the last line was of the native schema.
    #[must_use]
    pub const fn was_native(&self) -> bool {
        self.native
    }

    fn count(&mut self, events: Vec<Event>) -> Vec<Event> {
        self.counts.events += events.len() as u64;
        events
    }

    fn report(&mut self, what: String) {
        self.report_at(self.line, what);
    }

    fn report_at(&mut self, line: u64, what: String) {
        self.counts.malformed += 1;
        if self.counts.malformed <= MAX_REPORTED {
            self.problems.push(Problem { line, what });
        }
    }

    /// Programs print braces, too: only what had a key was JSON.
    fn broken(&mut self, broken: Broken) {
        if broken.was_json || self.spoke_native {
            self.report_at(broken.first, format!("a JSON document: {}", broken.what));
        } else {
            self.counts.noise += broken.lines;
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), String> {
        if bytes.len() > longest(bytes) {
            return Err(too_long());
        }
        let line = std::str::from_utf8(bytes)
            .map_err(|error| format!("not UTF-8 from byte {}", error.valid_up_to() + 1))?;
        if self.junit.is_open() || junit::begins(line) {
            return self.xml(line, out);
        }
        if self.document.is_open() && self.goes_on(line, out)? {
            return Ok(());
        }
        // Among native lines a brace begins a broken one; in other tools' words it may be anything.
        if looks_like_json(line) || self.spoke_native && line.trim_start().starts_with('{') {
            return self.json(line, out);
        }
        if document::begins(line) && matches!(self.document.line(line, self.line), Fed::Open) {
            return Ok(());
        }
        self.plain(&without_colours(line), out);
        Ok(())
    }

    /// A line that begins as an object: it is one, or a document that goes on, or broken.
    fn json(&mut self, line: &str, out: &mut Vec<Event>) -> Result<(), String> {
        let line = lsp::without_header(line);
        match object_of(line) {
            Ok(object) => self.object(&object, 1, out),
            Err(error) if error.is_end && document::begins(line) => {
                self.document.line(line, self.line);
                Ok(())
            }
            Err(error) => Err(error.what),
        }
    }

    /// A line while a document is open; whether it was the document's.
    fn goes_on(&mut self, line: &str, out: &mut Vec<Event>) -> Result<bool, String> {
        match self.document.line(line, self.line) {
            Fed::Open => Ok(true),
            Fed::Whole(Whole { text, first, lines }) => {
                let read = match object_of(&text) {
                    Ok(object) => self.object(&object, lines, out),
                    Err(error) => Err(error.what),
                };
                if let Err(what) = read {
                    self.report_at(first, format!("a JSON document: {what}"));
                }
                Ok(true)
            }
            Fed::Broken(broken) => {
                self.broken(broken);
                Ok(false)
            }
        }
    }

    fn xml(&mut self, line: &str, out: &mut Vec<Event>) -> Result<(), String> {
        match self.junit.line(line, out) {
            junit::Read::Inside => Ok(()),
            junit::Read::Nobodys => {
                self.counts.noise += 1;
                Ok(())
            }
            junit::Read::Broken(what) => Err(what.to_owned()),
        }
    }

    /// An object, on one line or many.
    fn object(
        &mut self,
        object: &Object<'_>,
        lines: u64,
        out: &mut Vec<Event>,
    ) -> Result<(), String> {
        // Files in conflict are counted as long as git speaks.
        self.git.finish(out);
        match self.formats.object(object, out)? {
            Found::Told => {}
            Found::Native(event) => {
                self.native = true;
                self.spoke_native = true;
                out.push(event);
            }
            Found::Unknown(name) => self.unknown(&name),
            Found::Nobodys => self.counts.noise += lines,
        }
        Ok(())
    }

    fn unknown(&mut self, name: &str) {
        let mut name = SafeText::new(name).clamped(MAX_NAME_CELLS).as_str().to_owned();
        let unknown = &mut self.counts.unknown;
        if unknown.len() + 1 >= MAX_UNKNOWN_NAMES && !unknown.contains_key(&name) {
            "…".clone_into(&mut name);
        }
        *unknown.entry(name).or_default() += 1;
    }

    fn plain(&mut self, line: &str, out: &mut Vec<Event>) {
        let mut from_git = Vec::new();
        if self.git.line(line, &mut from_git) {
            // Nothing of cargo's is still open when git speaks.
            self.formats.text.finish(out);
            self.formats.tally.finish(out);
            out.append(&mut from_git);
            return;
        }
        out.append(&mut from_git);
        let formats = &mut self.formats;
        let known = formats.text.line(line, &mut formats.tally, out)
            || formats.tap.line(line, out)
            || go::line(line, out)
            || lsp::is_header(line)
            || words::line(line, out);
        self.counts.noise += u64::from(!known && !line.trim().is_empty());
    }

    fn flush(&mut self, out: &mut Vec<Event>) {
        self.git.finish(out);
        self.formats.finish(out);
    }
}

/// The longest that a line which begins like this may be, in bytes: [`MAX_LINE_BYTES`], or
/// [`MAX_DOCUMENT_BYTES`] where it is a whole run's document.
#[must_use]
pub fn longest(line: &[u8]) -> usize {
    let is_long = line.len() > MAX_LINE_BYTES && sniff::is_document(line);
    if is_long { MAX_DOCUMENT_BYTES } else { MAX_LINE_BYTES }
}

fn too_long() -> String {
    format!("longer than {} KiB", MAX_LINE_BYTES >> 10)
}

/// Programs print braces too: only what begins as an object with a key is held to be JSON.
fn looks_like_json(line: &str) -> bool {
    line.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// Why a text is no object.
struct NoObject {
    what: String,
    /// Whether it only ends too soon.
    is_end: bool,
}

fn object_of(text: &str) -> Result<Object<'_>, NoObject> {
    if is_too_deep(text) {
        return Err(NoObject { what: format!("nested deeper than {MAX_DEPTH}"), is_end: false });
    }
    Object::parse(text).map_err(|error| {
        let what = error.to_string();
        let (what, _) = what.rsplit_once(" at line ").unwrap_or((&what, ""));
        let what = SafeText::new(what);
        NoObject {
            what: format!("not JSON at byte {}: {what}", error.column()),
            is_end: error.is_eof(),
        }
    })
}

/// Counts brackets outside of strings, so that no parser has to go down.
fn is_too_deep(line: &str) -> bool {
    // Few brackets in all cannot be deep, and most lines have few.
    if line.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The line without the colours of `CARGO_TERM_COLOR=always`.
fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut kept = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        // The final letter belongs to the sequence; it is one byte where the sequence is well-formed.
        let skip = part.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        kept.push_str(part.get(end + skip..).unwrap_or_default());
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests;
