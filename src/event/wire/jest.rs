//! The JSON report of Jest (`--json`) and Vitest (`--reporter=json`): one object for the whole run.

use super::super::{Event, EventKind, Outcome};
use super::json::{Object, Raw};

/// Reads a report.
pub(super) fn report(object: &Object<'_>, out: &mut Vec<Event>) {
    let count = |name| object.count(name);
    let [passed, failed] = ["numPassedTests", "numFailedTests"].map(count);
    let ignored = count("numPendingTests").saturating_add(count("numTodoTests"));
    // A file that cannot be loaded fails without a test that does.
    let success = object.get("success").and_then(Raw::flag).unwrap_or(failed == 0);
    let outcome = if success { Outcome::Passed } else { Outcome::Failed };
    out.push(Event::of(EventKind::Tests { outcome, passed, failed, ignored }));
}
