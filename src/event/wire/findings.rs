//! Diagnostics of one document or file, told as one event a level.

use super::super::{Event, EventKind, LintLevel};
use super::agent::shown;
use super::cargo::clean;
use crate::text::SafeText;

/// One thing that a linter found.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) code: Option<SafeText>,
    pub(super) path: Option<SafeText>,
    /// One-based.
    pub(super) line: Option<u64>,
    pub(super) message: Option<SafeText>,
}

impl Finding {
    /// As an event that stands for `count` of its level.
    pub(super) fn event(self, level: LintLevel, count: u64) -> Event {
        let Self { code, path, line, message } = self;
        Event::of(EventKind::Lint { level, count, code, path, line, message })
    }
}

/// A document's findings: how many of each level, and the first of them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    errors: Option<(u64, Finding)>,
    warnings: Option<(u64, Finding)>,
}

impl Findings {
    /// Counts one of that level; what it says is only read where it is the first.
    pub(super) fn add(&mut self, level: LintLevel, finding: impl FnOnce() -> Finding) {
        let slot = if level == LintLevel::Error { &mut self.errors } else { &mut self.warnings };
        let (count, _) = slot.get_or_insert_with(|| (0, finding()));
        *count += 1;
    }

    /// Whether nothing was found.
    pub(super) const fn is_empty(&self) -> bool {
        self.errors.is_none() && self.warnings.is_none()
    }

    /// Tells the errors, then the warnings, or that it is clean.
    pub(super) fn finish(self, out: &mut Vec<Event>) {
        if self.is_empty() {
            out.push(Event::of(clean()));
        }
        let levels = [(LintLevel::Error, self.errors), (LintLevel::Warning, self.warnings)];
        for (level, found) in levels {
            out.extend(found.map(|(count, first)| first.event(level, count)));
        }
    }
}

/// The path of a `file:` address, or the text as it is. Only `%20` and its like are left standing:
/// the path is for people to read.
pub(super) fn path_of(uri: &str) -> Option<SafeText> {
    shown(uri.strip_prefix("file://").unwrap_or(uri))
}
