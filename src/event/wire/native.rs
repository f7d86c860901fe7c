//! The native schema, version 1: one JSON object a line, with `v` and `event`.

use super::super::{AgentState, Event, EventKind, LintLevel, MAX_VECTOR, Outcome, Patch};
use super::agent::shown;
use super::json::{Object, Raw};
use crate::text::SafeText;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;

/// The schema's version.
pub(super) const VERSION: u64 = 1;

/// The longest id that is kept, in bytes: longer ones are told apart by their beginning.
const MAX_ID_BYTES: usize = 128;

/// The fields that are text, whatever they look like: a commit's id may have digits alone.
const TEXT_FIELDS: [&str; 18] = [
    "app", "author", "branch", "class", "clip", "code", "id", "kind", "message", "patch", "path",
    "provider", "repo", "sha", "subject", "text", "title", "ts",
];

/// Its other fields.
const OTHER_FIELDS: [&str; 19] = [
    "added",
    "after",
    "age_days",
    "before",
    "confidence",
    "count",
    "deleted",
    "duration_ms",
    "errors",
    "event",
    "failed",
    "files",
    "ignored",
    "interval_ms",
    "line",
    "passed",
    "progress",
    "renamed",
    "v",
];

/// Whether an object with `v` is meant to be a native event: it has `event`, or nothing that the
/// schema does not know. Others have a `v` of their own.
pub(super) fn is_meant(object: &Object<'_>) -> bool {
    let is_known = |key: &str| OTHER_FIELDS.contains(&key) || TEXT_FIELDS.contains(&key);
    object.has("event") || object.keys().all(is_known)
}

/// Whether a field of the native schema is text.
#[must_use]
pub fn is_text_field(name: &str) -> bool {
    TEXT_FIELDS.contains(&name)
}

/// What an object turned out to be.
#[derive(Debug)]
pub(super) enum Native {
    Event(Event),
    /// Well-formed, but of a newer sender.
    Unknown(String),
}

/// Reads an object that has `v` or `event`. The error names the field.
pub(super) fn read(object: &Object<'_>) -> Result<Native, String> {
    let fields = Fields(object);
    match fields.count("v")? {
        Some(VERSION) => {}
        Some(other) => return Err(format!("\"v\" is {other}, not {VERSION}")),
        None => return Err("\"v\" is missing".to_owned()),
    }
    let name = fields.string("event")?.ok_or("\"event\" is missing")?;
    event(&name, object, |kind| {
        Ok(Event {
            kind,
            ts: fields.time("ts")?,
            id: fields.string("id")?.map(|id| shortened(&id)),
            repo: fields.text("repo")?,
        })
    })
}

/// Reads an event of that name whose fields stand in `data`, in an envelope of somebody else's that
/// has its own `time` and `id`.
pub(super) fn read_enveloped(
    name: &str,
    envelope: &Object<'_>,
    data: &Object<'_>,
) -> Result<Native, String> {
    let fields = Fields(envelope);
    event(name, data, |kind| {
        Ok(Event {
            kind,
            ts: fields.time("time")?,
            id: fields.string("id")?.map(|id| shortened(&id)),
            repo: Fields(data).text("repo")?.or(fields.text("source")?),
        })
    })
}

fn event(
    name: &str,
    fields: &Object<'_>,
    whole: impl FnOnce(EventKind) -> Result<Event, String>,
) -> Result<Native, String> {
    match kind(name, &Fields(fields))? {
        Some(kind) => whole(kind).map(Native::Event),
        None => Ok(Native::Unknown(name.to_owned())),
    }
}

fn shortened(id: &str) -> String {
    let kept = id.char_indices().take_while(|(at, c)| at + c.len_utf8() <= MAX_ID_BYTES);
    kept.map(|(_, c)| c).collect()
}

/// An object's fields by type. `null` is the same as missing.
struct Fields<'o, 'a>(&'o Object<'a>);

impl<'a> Fields<'_, 'a> {
    fn typed<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(Raw<'a>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let wrong = || format!("{name:?} is not {what}");
        self.0.get(name).map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    fn string(&self, name: &str) -> Result<Option<Cow<'a, str>>, String> {
        self.typed(name, "a string", Raw::string)
    }

    fn text(&self, name: &str) -> Result<Option<SafeText>, String> {
        Ok(self.string(name)?.and_then(|text| shown(&text)))
    }

    fn count(&self, name: &str) -> Result<Option<u64>, String> {
        self.typed(name, "a whole number of at least 0", Raw::count)
    }

    fn count_or(&self, name: &str, missing: u64) -> Result<u64, String> {
        Ok(self.count(name)?.unwrap_or(missing))
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.typed(name, "true or false", Raw::flag)?.unwrap_or(false))
    }

    fn number(&self, name: &str) -> Result<Option<f64>, String> {
        self.typed(name, "a number", Raw::number)
    }

    /// A list of numbers, of which [`MAX_VECTOR`] are kept.
    fn numbers(&self, name: &str) -> Result<Vec<f32>, String> {
        let wrong = || format!("{name:?} is not a list of numbers");
        let Some(list) = self.0.get(name) else { return Ok(Vec::new()) };
        if !list.is_list() {
            return Err(wrong());
        }
        let items = list.items().into_iter().take(MAX_VECTOR);
        #[allow(clippy::cast_possible_truncation, reason = "it was single precision before")]
        let single = |number: f64| Some(number as f32).filter(|number| number.is_finite());
        let number = |item: Raw<'a>| item.number().and_then(single).ok_or_else(wrong);
        items.map(number).collect()
    }

    /// 0 to 1; what lies outside is moved to the nearer end.
    fn share(&self, name: &str) -> Result<Option<f32>, String> {
        #[allow(clippy::cast_possible_truncation, reason = "between 0 and 1 only digits are lost")]
        Ok(self.number(name)?.map(|number| number.clamp(0.0, 1.0) as f32))
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, String> {
        self.typed(name, "an RFC 3339 time", |value| value.string()?.parse().ok())
    }

    fn needed<T>(name: &str, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| format!("{name:?} is missing"))
    }
}

/// The kind by its name, or nothing where the name is not of this version.
fn kind(name: &str, fields: &Fields<'_, '_>) -> Result<Option<EventKind>, String> {
    let (family, rest) = name.split_once('.').unwrap_or((name, ""));
    match family {
        "tests" => outcome(rest).map(|outcome| tests(outcome, fields)).transpose(),
        "build" => outcome(rest).map(|outcome| build(outcome, fields)).transpose(),
        "lint" => level(rest).map(|level| lint(level, fields)).transpose(),
        "agent" => state(rest).map(|state| agent(state, fields)).transpose(),
        "git" => git(rest, fields),
        "edit" => edit(rest, fields),
        _ => match name {
            "legacy.touched" | "docs.found" | "condense.hint" | "whisper" | "intent" => {
                found(name, fields).map(Some)
            }
            _ => direct(name, fields),
        },
    }
}

fn outcome(name: &str) -> Option<Outcome> {
    match name {
        "started" => Some(Outcome::Started),
        "passed" => Some(Outcome::Passed),
        "failed" => Some(Outcome::Failed),
        _ => None,
    }
}

fn level(name: &str) -> Option<LintLevel> {
    match name {
        "error" => Some(LintLevel::Error),
        "warning" => Some(LintLevel::Warning),
        "clean" => Some(LintLevel::Clean),
        _ => None,
    }
}

fn state(name: &str) -> Option<AgentState> {
    match name {
        "working" => Some(AgentState::Working),
        "blocked" => Some(AgentState::Blocked),
        "done" => Some(AgentState::Done),
        "error" => Some(AgentState::Error),
        _ => None,
    }
}

fn tests(outcome: Outcome, fields: &Fields<'_, '_>) -> Result<EventKind, String> {
    fields.count("duration_ms")?;
    Ok(EventKind::Tests {
        outcome,
        passed: fields.count_or("passed", 0)?,
        failed: fields.count_or("failed", 0)?,
        ignored: fields.count_or("ignored", 0)?,
    })
}

fn build(outcome: Outcome, fields: &Fields<'_, '_>) -> Result<EventKind, String> {
    fields.count("duration_ms")?;
    Ok(EventKind::Build { outcome, errors: fields.count_or("errors", 0)? })
}

fn lint(level: LintLevel, fields: &Fields<'_, '_>) -> Result<EventKind, String> {
    Ok(EventKind::Lint {
        level,
        count: fields.count_or("count", u64::from(level != LintLevel::Clean))?,
        code: fields.text("code")?,
        path: fields.text("path")?,
        line: fields.count("line")?,
        message: fields.text("message")?,
    })
}

fn agent(state: AgentState, fields: &Fields<'_, '_>) -> Result<EventKind, String> {
    fields.string("kind")?;
    fields.number("progress")?;
    Ok(EventKind::Agent { state, app: fields.text("app")?, message: fields.text("message")? })
}

fn git(name: &str, fields: &Fields<'_, '_>) -> Result<Option<EventKind>, String> {
    Ok(Some(match name {
        "conflict" => EventKind::Conflict { files: fields.count_or("files", 1)? },
        "conflict_resolved" => EventKind::ConflictResolved,
        "commit" => {
            EventKind::Commit { sha: fields.text("sha")?, subject: fields.text("subject")? }
        }
        "push" => EventKind::Push,
        "branch" => EventKind::Branch { branch: fields.text("branch")? },
        _ => return Ok(None),
    }))
}

fn edit(name: &str, fields: &Fields<'_, '_>) -> Result<Option<EventKind>, String> {
    match name {
        "" => Ok(Some(EventKind::Edit {
            path: fields.text("path")?,
            added: fields.count_or("added", 0)?,
            deleted: fields.count_or("deleted", 0)?,
            files: fields.count_or("files", 1)?,
            renamed: fields.flag("renamed")?,
            patch: fields.string("patch")?.and_then(|patch| Patch::new(&patch)),
        })),
        "large_delete" => {
            Ok(Some(EventKind::LargeDelete { deleted: fields.count_or("deleted", 0)? }))
        }
        _ => Ok(None),
    }
}

/// What somebody found in the code.
fn found(name: &str, fields: &Fields<'_, '_>) -> Result<EventKind, String> {
    let path = fields.text("path")?;
    let line = fields.count("line")?;
    Ok(match name {
        "legacy.touched" => EventKind::Legacy {
            path,
            line,
            age_days: fields.count("age_days")?,
            author: fields.text("author")?,
            sha: fields.text("sha")?,
            subject: fields.text("subject")?,
        },
        "docs.found" => EventKind::Docs { title: fields.text("title")?, path },
        "condense.hint" => EventKind::Condense {
            path,
            line,
            before: fields.count("before")?,
            after: fields.count("after")?,
            message: fields.text("message")?,
        },
        "intent" => EventKind::Intent {
            class: Fields::needed("class", fields.text("class")?)?,
            confidence: fields.share("confidence")?.unwrap_or(1.0),
            vector: fields.numbers("vector")?,
            provider: fields.text("provider")?,
        },
        _ => EventKind::Whisper { text: fields.text("text")? },
    })
}

/// What the developer does, and what the pet is told outright.
fn direct(name: &str, fields: &Fields<'_, '_>) -> Result<Option<EventKind>, String> {
    Ok(Some(match name {
        "keystroke" => {
            let interval_ms = fields.number("interval_ms")?;
            if interval_ms.is_some_and(|interval| interval < 0.0) {
                return Err("\"interval_ms\" is below 0".to_owned());
            }
            EventKind::Keystroke { count: fields.count_or("count", 1)?, interval_ms }
        }
        "idle" | "idle.long" => {
            EventKind::Idle { seconds: fields.count_or("seconds", 0)?, long: name == "idle.long" }
        }
        "active" => EventKind::Active,
        "say" => EventKind::Say { text: Fields::needed("text", fields.text("text")?)? },
        "mood" => EventKind::Mood { value: Fields::needed("value", fields.share("value")?)? },
        "play" => {
            let clip = Fields::needed("clip", fields.text("clip")?)?;
            EventKind::Play { clip: clip.as_str().to_owned() }
        }
        "hide" => EventKind::Hide,
        "show" => EventKind::Show,
        "manners.changed" => EventKind::MannersChanged,
        _ => return Ok(None),
    }))
}

/// The event as one line of the native schema, without the newline.
#[must_use]
pub fn to_native_json(event: &Event) -> String {
    let mut line = Line(format!("{{\"v\":{VERSION}"));
    line.field("event", name(&event.kind));
    line.option("ts", event.ts.map(|ts| ts.to_string()));
    line.option("id", event.id.as_deref());
    line.option("repo", event.repo.as_ref().map(SafeText::as_str));
    write_kind(&mut line, &event.kind);
    line.0.push('}');
    line.0
}

/// A JSON object being written. By hand, because people read it and want `v` and `event` first.
struct Line(String);

impl Line {
    fn field(&mut self, name: &str, value: impl Serialize) {
        // Strings, numbers and flags always serialize.
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.0.push_str(",\"");
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(&value);
    }

    fn option(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    fn text(&mut self, name: &str, value: Option<&SafeText>) {
        self.option(name, value.map(SafeText::as_str));
    }
}

/// The name by which the schema knows the kind.
#[must_use]
pub fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Tests { outcome, .. } => match outcome {
            Outcome::Started => "tests.started",
            Outcome::Passed => "tests.passed",
            Outcome::Failed => "tests.failed",
        },
        EventKind::Build { outcome, .. } => match outcome {
            Outcome::Started => "build.started",
            Outcome::Passed => "build.passed",
            Outcome::Failed => "build.failed",
        },
        EventKind::Lint { level, .. } => match level {
            LintLevel::Error => "lint.error",
            LintLevel::Warning => "lint.warning",
            LintLevel::Clean => "lint.clean",
        },
        EventKind::Agent { state, .. } => match state {
            AgentState::Working => "agent.working",
            AgentState::Blocked => "agent.blocked",
            AgentState::Done => "agent.done",
            AgentState::Error => "agent.error",
        },
        other => plain_name(other),
    }
}

fn plain_name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Edit { .. } => "edit",
        EventKind::LargeDelete { .. } => "edit.large_delete",
        EventKind::Conflict { .. } => "git.conflict",
        EventKind::ConflictResolved => "git.conflict_resolved",
        EventKind::Commit { .. } => "git.commit",
        EventKind::Push => "git.push",
        EventKind::Branch { .. } => "git.branch",
        EventKind::Legacy { .. } => "legacy.touched",
        EventKind::Docs { .. } => "docs.found",
        EventKind::Condense { .. } => "condense.hint",
        EventKind::Keystroke { .. } => "keystroke",
        EventKind::Idle { long: false, .. } => "idle",
        EventKind::Idle { long: true, .. } => "idle.long",
        EventKind::Active => "active",
        EventKind::Intent { .. } => "intent",
        EventKind::Whisper { .. } => "whisper",
        EventKind::Say { .. } => "say",
        EventKind::Mood { .. } => "mood",
        EventKind::Play { .. } => "play",
        EventKind::Hide => "hide",
        EventKind::Show => "show",
        EventKind::MannersChanged => "manners.changed",
        EventKind::Tests { .. }
        | EventKind::Build { .. }
        | EventKind::Lint { .. }
        | EventKind::Agent { .. } => "",
    }
}

fn write_kind(line: &mut Line, kind: &EventKind) {
    match kind {
        EventKind::Tests { passed, failed, ignored, .. } => {
            line.field("passed", passed);
            line.field("failed", failed);
            line.field("ignored", ignored);
        }
        EventKind::Build { errors, .. } => line.field("errors", errors),
        EventKind::Lint { count, code, path, line: at, message, .. } => {
            line.field("count", count);
            line.text("code", code.as_ref());
            line.text("path", path.as_ref());
            line.option("line", *at);
            line.text("message", message.as_ref());
        }
        EventKind::Agent { app, message, .. } => {
            line.text("app", app.as_ref());
            line.text("message", message.as_ref());
        }
        EventKind::Edit { path, added, deleted, files, renamed, patch } => {
            line.text("path", path.as_ref());
            line.field("added", added);
            line.field("deleted", deleted);
            line.field("files", files);
            line.field("renamed", renamed);
            line.option("patch", patch.as_ref().map(Patch::as_str));
        }
        EventKind::Conflict { files } => line.field("files", files),
        EventKind::LargeDelete { deleted } => line.field("deleted", deleted),
        other => write_found(line, other),
    }
}

fn write_found(line: &mut Line, kind: &EventKind) {
    match kind {
        EventKind::Commit { sha, subject } => {
            line.text("sha", sha.as_ref());
            line.text("subject", subject.as_ref());
        }
        EventKind::Branch { branch } => line.text("branch", branch.as_ref()),
        EventKind::Legacy { path, line: at, age_days, author, sha, subject } => {
            line.text("path", path.as_ref());
            line.option("line", *at);
            line.option("age_days", *age_days);
            line.text("author", author.as_ref());
            line.text("sha", sha.as_ref());
            line.text("subject", subject.as_ref());
        }
        EventKind::Docs { title, path } => {
            line.text("title", title.as_ref());
            line.text("path", path.as_ref());
        }
        EventKind::Condense { path, line: at, before, after, message } => {
            line.text("path", path.as_ref());
            line.option("line", *at);
            line.option("before", *before);
            line.option("after", *after);
            line.text("message", message.as_ref());
        }
        other => write_direct(line, other),
    }
}

fn write_direct(line: &mut Line, kind: &EventKind) {
    match kind {
        EventKind::Keystroke { count, interval_ms } => {
            line.field("count", count);
            line.option("interval_ms", *interval_ms);
        }
        EventKind::Idle { seconds, .. } => line.field("seconds", seconds),
        EventKind::Intent { class, confidence, vector, provider } => {
            line.field("class", class.as_str());
            line.field("confidence", confidence);
            line.option("vector", Some(vector).filter(|vector| !vector.is_empty()));
            line.text("provider", provider.as_ref());
        }
        EventKind::Whisper { text } => line.text("text", text.as_ref()),
        EventKind::Say { text } => line.field("text", text.as_str()),
        EventKind::Mood { value } => line.field("value", value),
        EventKind::Play { clip } => line.field("clip", clip),
        _ => {}
    }
}
