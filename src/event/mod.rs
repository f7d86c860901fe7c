//! An [`Event`] is something that happened. Wire formats become events in [`wire`], sources read
//! them, the [`bus`] hands them on.

pub mod bus;
pub mod source;
pub mod wire;

use crate::text::SafeText;
use jiff::Timestamp;
use std::sync::Arc;

/// One thing that happened, checked and free of its wire's quirks.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When, where the sender said so.
    pub ts: Option<Timestamp>,
    /// The sender's id; the bus drops repeated ones.
    pub id: Option<String>,
    /// The repository, for people to read.
    pub repo: Option<SafeText>,
}

impl Event {
    /// An event of that kind, now, from nowhere in particular.
    #[must_use]
    pub const fn of(kind: EventKind) -> Self {
        Self { kind, ts: None, id: None, repo: None }
    }

    /// The date (UTC) so many days before it happened, where the sender said when that was.
    #[must_use]
    pub fn date_before(&self, days: u64) -> Option<SafeText> {
        let hours = i64::try_from(days.checked_mul(24)?).ok()?;
        let past = jiff::SignedDuration::try_from_hours(hours)?;
        let then = self.ts?.checked_sub(past).ok()?;
        Some(SafeText::new(&then.strftime("%Y-%m-%d").to_string()))
    }
}

/// The most bytes that a patch keeps.
pub const MAX_PATCH_BYTES: usize = 32 * 1024;

/// The most numbers of a vector.
pub const MAX_VECTOR: usize = 256;

/// A unified diff: read by the intent model, never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch(Arc<str>);

impl Patch {
    /// Keeps of a diff what [`MAX_PATCH_BYTES`] hold, in whole lines; nothing where there is none.
    #[must_use]
    pub fn new(diff: &str) -> Option<Self> {
        let kept = match diff.as_bytes().get(..MAX_PATCH_BYTES) {
            // A line end is one byte, and never within a character.
            Some(head) if diff.len() > MAX_PATCH_BYTES => {
                let end = head.iter().rposition(|byte| *byte == b'\n')?;
                diff.get(..=end)?
            }
            _ => diff,
        };
        (!kept.is_empty()).then(|| Self(kept.into()))
    }

    /// The diff.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a run of tests or a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It began.
    Started,
    /// All well.
    Passed,
    /// Not all well.
    Failed,
}

/// What a coding agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Busy.
    Working,
    /// Waits for the developer.
    Blocked,
    /// Finished.
    Done,
    /// Gave up.
    Error,
}

/// How bad the linter says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintLevel {
    /// Errors.
    Error,
    /// Warnings only.
    Warning,
    /// Nothing left.
    Clean,
}

/// The kinds of the native schema, version 1.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// `tests.*`
    Tests {
        /// Started, passed or failed.
        outcome: Outcome,
        /// Tests that passed.
        passed: u64,
        /// Tests that failed.
        failed: u64,
        /// Tests that were left out.
        ignored: u64,
    },
    /// `build.*`
    Build {
        /// Started, passed or failed.
        outcome: Outcome,
        /// Errors counted.
        errors: u64,
    },
    /// `lint.*`
    Lint {
        /// The worst found.
        level: LintLevel,
        /// How many.
        count: u64,
        /// The linter's code.
        code: Option<SafeText>,
        /// The file.
        path: Option<SafeText>,
        /// One-based line.
        line: Option<u64>,
        /// What the linter said.
        message: Option<SafeText>,
    },
    /// `edit`
    Edit {
        /// The file.
        path: Option<SafeText>,
        /// Lines added.
        added: u64,
        /// Lines deleted.
        deleted: u64,
        /// Files touched.
        files: u64,
        /// Whether the file was moved.
        renamed: bool,
        /// What was changed.
        patch: Option<Patch>,
    },
    /// `edit.large_delete`, moves and generated files left out by the sender.
    LargeDelete {
        /// Lines deleted.
        deleted: u64,
    },
    /// `git.conflict`
    Conflict {
        /// Files in conflict.
        files: u64,
    },
    /// `git.conflict_resolved`
    ConflictResolved,
    /// `git.commit`
    Commit {
        /// The commit's id.
        sha: Option<SafeText>,
        /// Its first line.
        subject: Option<SafeText>,
    },
    /// `git.push`
    Push,
    /// `git.branch`
    Branch {
        /// The branch now checked out.
        branch: Option<SafeText>,
    },
    /// `legacy.touched`
    Legacy {
        /// The file.
        path: Option<SafeText>,
        /// One-based line.
        line: Option<u64>,
        /// Age of the line in days.
        age_days: Option<u64>,
        /// Who wrote it.
        author: Option<SafeText>,
        /// In which commit.
        sha: Option<SafeText>,
        /// And what they said of it.
        subject: Option<SafeText>,
    },
    /// `docs.found`
    Docs {
        /// The page's title.
        title: Option<SafeText>,
        /// Where it is.
        path: Option<SafeText>,
    },
    /// `condense.hint`
    Condense {
        /// The file.
        path: Option<SafeText>,
        /// One-based line.
        line: Option<u64>,
        /// Lines before.
        before: Option<u64>,
        /// Lines after.
        after: Option<u64>,
        /// What to say of it.
        message: Option<SafeText>,
    },
    /// `keystroke`: how many, never which.
    Keystroke {
        /// Keys since the last such event.
        count: u64,
        /// Mean time between them, in milliseconds.
        interval_ms: Option<f64>,
    },
    /// `idle` and `idle.long`
    Idle {
        /// Seconds without activity.
        seconds: u64,
        /// Whether it was `idle.long`.
        long: bool,
    },
    /// `active`
    Active,
    /// `agent.*`
    Agent {
        /// What it is doing.
        state: AgentState,
        /// Its name.
        app: Option<SafeText>,
        /// What it says.
        message: Option<SafeText>,
    },
    /// `intent`, put on the bus by the intent model.
    Intent {
        /// The class's name.
        class: SafeText,
        /// 0 to 1.
        confidence: f32,
        /// Near for changes that are alike; at most [`MAX_VECTOR`] numbers.
        vector: Vec<f32>,
        /// Who says so, and what ran it.
        provider: Option<SafeText>,
    },
    /// `whisper`
    Whisper {
        /// The offered text.
        text: Option<SafeText>,
    },
    /// `say`
    Say {
        /// The line.
        text: SafeText,
    },
    /// `mood`
    Mood {
        /// 0 to 1.
        value: f32,
    },
    /// `play`
    Play {
        /// The clip's name.
        clip: String,
    },
    /// `hide`
    Hide,
    /// `show`
    Show,
    /// `manners.changed`: whether a pet may be seen or heard is to be looked up again.
    MannersChanged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_cut_at_a_line() {
        let line = "+naïve\n";
        let long = line.repeat(MAX_PATCH_BYTES);
        let kept = Patch::new(&long).unwrap();
        assert!(kept.as_str().len() <= MAX_PATCH_BYTES && kept.as_str().ends_with(line));
        assert_eq!(Patch::new("@@ -1 +1 @@").unwrap().as_str(), "@@ -1 +1 @@");
        assert_eq!(Patch::new(""), None);
        assert_eq!(Patch::new(&"é".repeat(MAX_PATCH_BYTES)), None);
    }
}
