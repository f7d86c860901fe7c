//! One file per wire format, and a [`Reader`] in front that tells them apart line by line.

mod cargo;
mod git;
mod native;
mod tally;
mod text;

pub use native::{name, to_native_json};

use super::Event;
use crate::text::SafeText;
use cargo::Cargo;
use git::Git;
use native::Native;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use tally::Tally;
use text::Text;

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 256 << 10;
/// The deepest nesting of JSON that is read.
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
    cargo: Cargo,
    text: Text,
    tally: Tally,
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
        self.report(too_long());
    }

    /// The input is over: tells what waited for its end. Afterwards [`Reader::problems`] has the
    /// number of the bad lines that were not reported.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.native = false;
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
        self.counts.malformed += 1;
        if self.counts.malformed <= MAX_REPORTED {
            self.problems.push(Problem { line: self.line, what });
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), String> {
        if bytes.len() > MAX_LINE_BYTES {
            return Err(too_long());
        }
        let line = std::str::from_utf8(bytes)
            .map_err(|error| format!("not UTF-8 from byte {}", error.valid_up_to() + 1))?;
        // Among native lines a brace begins a broken one; in other tools' words it may be anything.
        if looks_like_json(line) || self.spoke_native && line.trim_start().starts_with('{') {
            return self.object(&object_of(line)?, out);
        }
        self.plain(&without_colours(line), out);
        Ok(())
    }

    fn object(&mut self, object: &Map<String, Value>, out: &mut Vec<Event>) -> Result<(), String> {
        let has = |name| object.contains_key(name);
        let known = if has("v") || has("event") && !has("type") {
            // The line stands between whatever came before and what comes after.
            self.flush(out);
            self.native(object, out)?;
            true
        } else if has("reason") {
            let known = self.cargo.message(object, out);
            if known {
                self.text.told_as_json();
            }
            known
        } else {
            has("type") && cargo::libtest(object, &mut self.tally, out)
        };
        self.counts.noise += u64::from(!known);
        Ok(())
    }

    fn native(&mut self, object: &Map<String, Value>, out: &mut Vec<Event>) -> Result<(), String> {
        match native::read(object)? {
            Native::Event(event) => {
                self.native = true;
                self.spoke_native = true;
                out.push(event);
            }
            Native::Unknown(name) => self.unknown(&name),
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
            self.text.finish(out);
            self.tally.finish(out);
            out.append(&mut from_git);
            return;
        }
        out.append(&mut from_git);
        let known = self.text.line(line, &mut self.tally, out);
        self.counts.noise += u64::from(!known && !line.trim().is_empty());
    }

    fn flush(&mut self, out: &mut Vec<Event>) {
        self.git.finish(out);
        self.text.finish(out);
        self.tally.finish(out);
    }
}

fn too_long() -> String {
    format!("longer than {} KiB", MAX_LINE_BYTES >> 10)
}

/// Programs print braces too: only what begins as an object with a key is held to be JSON.
fn looks_like_json(line: &str) -> bool {
    line.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

fn object_of(line: &str) -> Result<Map<String, Value>, String> {
    if is_too_deep(line) {
        return Err(format!("nested deeper than {MAX_DEPTH}"));
    }
    serde_json::from_str(line).map_err(|error| {
        let what = error.to_string();
        let (what, _) = what.rsplit_once(" at line ").unwrap_or((&what, ""));
        let what = SafeText::new(what);
        format!("not JSON at byte {}: {what}", error.column())
    })
}

/// Counts brackets outside of strings, so that no parser has to go down.
fn is_too_deep(line: &str) -> bool {
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
