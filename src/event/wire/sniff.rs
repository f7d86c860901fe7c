//! Which format an object is of: a table of keys, and the reader behind each row.

use super::super::{Event, EventKind};
use super::bazel::Bazel;
use super::cargo::Cargo;
use super::go::Go;
use super::json::Object;
use super::libtest::Libtest;
use super::lsp::Lsp;
use super::native::{self, Native};
use super::pytest::Pytest;
use super::tally::Tally;
use super::tap::Tap;
use super::text::Text;
use super::{check_run, claude, cloudevents, codex, gemini, jest, rdjson, sarif};

/// What each format remembers between its lines.
#[derive(Debug, Default)]
pub(super) struct Formats {
    pub(super) cargo: Cargo,
    pub(super) libtest: Libtest,
    pub(super) text: Text,
    /// The run of cargo's tests, told in words or as JSON.
    pub(super) tally: Tally,
    pub(super) go: Go,
    pub(super) tap: Tap,
    pytest: Pytest,
    bazel: Bazel,
    lsp: Lsp,
}

/// What an object turned out to be.
#[derive(Debug)]
pub(super) enum Found {
    /// Known; what it means is among the events.
    Told,
    /// A native event.
    Native(Event),
    /// A well-formed event of a name that this version does not know.
    Unknown(String),
    /// Nobody's.
    Nobodys,
}

/// A row: an object with all of these keys may be of this format.
struct Row {
    keys: &'static [&'static str],
    /// Whether it may be as long as [`super::MAX_DOCUMENT_BYTES`] on one line: a document for a whole
    /// run, or a hook with the file that a tool wrote.
    is_document: bool,
    read: fn(&mut Formats, &Object<'_>, &mut Vec<Event>) -> Result<Found, String>,
}

const fn line(
    keys: &'static [&'static str],
    read: fn(&mut Formats, &Object<'_>, &mut Vec<Event>) -> Result<Found, String>,
) -> Row {
    Row { keys, is_document: false, read }
}

const fn document(
    keys: &'static [&'static str],
    read: fn(&mut Formats, &Object<'_>, &mut Vec<Event>) -> Result<Found, String>,
) -> Row {
    Row { keys, is_document: true, read }
}

fn told(known: bool) -> Result<Found, String> {
    Ok(if known { Found::Told } else { Found::Nobodys })
}

/// The formats in the order in which they are tried; the first that knows the object has it.
const ROWS: &[Row] = &[
    line(&["v"], |formats, object, out| match native::is_meant(object) {
        true => formats.native(native::read(object)?, out),
        false => Ok(Found::Nobodys),
    }),
    document(&["hook_event_name", "timestamp"], |_, object, out| told(gemini::hook(object, out))),
    document(&["hook_event_name", "turn_id"], |_, object, out| told(codex::hook(object, out))),
    document(&["hook_event_name"], |_, object, out| told(claude::hook(object, out))),
    line(&["type", "turn-id"], |_, object, out| told(codex::notify(object, out))),
    line(&["type", "event"], |formats, object, out| {
        told(formats.libtest.message(object, &mut formats.tally, out))
    }),
    line(&["type", "name"], |formats, object, out| {
        told(formats.libtest.message(object, &mut formats.tally, out))
    }),
    line(&["reason"], |formats, object, out| {
        let known = formats.cargo.message(object, out);
        if known {
            formats.text.told_as_json();
        }
        told(known)
    }),
    line(&["Action", "Package"], |formats, object, out| told(formats.go.message(object, out))),
    line(&["Action", "ImportPath"], |formats, object, out| told(formats.go.message(object, out))),
    line(&["$report_type"], |formats, object, out| told(formats.pytest.message(object, out))),
    line(&["specversion", "type"], |formats, object, out| {
        formats.native(cloudevents::read(object)?, out)
    }),
    line(&["message", "location"], |_, object, out| told(rdjson::diagnostic(object, out))),
    line(&["jsonrpc", "method"], |formats, object, out| told(formats.lsp.message(object, out))),
    line(&["check_run"], |_, object, out| told(check_run::payload(object, out))),
    document(&["numTotalTests", "testResults"], |_, object, out| {
        jest::report(object, out);
        told(true)
    }),
    document(&["runs"], |_, object, out| told(sarif::document(object, out))),
    document(&["diagnostics"], |_, object, out| {
        rdjson::document(object, out);
        told(true)
    }),
    line(&["id"], |formats, object, out| told(formats.bazel.message(object, out))),
    line(&["event"], |formats, object, out| formats.native(native::read(object)?, out)),
];

/// How far a document's keys are looked for, in bytes.
const HEAD: usize = 4096;

/// Whether a line that is longer than others may be is the beginning of a document: a row's first
/// key stands near its beginning.
pub(super) fn is_document(line: &[u8]) -> bool {
    let head = String::from_utf8_lossy(line.get(..HEAD).unwrap_or(line));
    let has = |key: &&str| head.contains(&format!("\"{key}\""));
    let mut documents = ROWS.iter().filter(|row| row.is_document);
    super::junit::begins(&head)
        || head.starts_with('{') && documents.any(|row| row.keys.first().is_some_and(has))
}

impl Formats {
    /// Reads an object of whatever format it is.
    pub(super) fn object(
        &mut self,
        object: &Object<'_>,
        out: &mut Vec<Event>,
    ) -> Result<Found, String> {
        for row in ROWS.iter().filter(|row| row.keys.iter().all(|key| object.has(key))) {
            match (row.read)(self, object, out)? {
                Found::Nobodys => {}
                found => return Ok(found),
            }
        }
        Ok(Found::Nobodys)
    }

    /// A native event says what others are about to: it comes after all that waits.
    fn native(&mut self, native: Native, out: &mut Vec<Event>) -> Result<Found, String> {
        Ok(match native {
            Native::Event(event) => {
                if !is_beside(&event.kind) {
                    self.finish(out);
                }
                Found::Native(event)
            }
            Native::Unknown(name) => Found::Unknown(name),
        })
    }

    /// Nothing more comes of what is open.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        self.text.finish(out);
        self.tally.finish(out);
        self.go.finish(out);
        self.tap.finish(out);
        self.pytest.finish(out);
    }
}

/// What goes on beside a run of tests or a build, and ends none.
const fn is_beside(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Keystroke { .. }
            | EventKind::Edit { .. }
            | EventKind::Idle { .. }
            | EventKind::Active
            | EventKind::Intent { .. }
            | EventKind::Agent { .. }
    )
}
