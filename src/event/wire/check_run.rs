//! GitHub's `check_run`: a webhook's payload, told as a build.

use super::super::{Event, EventKind, Outcome};
use super::agent::text;
use super::json::Object;

/// Reads a payload with a `check_run`. What was skipped, cancelled or is neutral is no news.
pub(super) fn payload(object: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let Some(run) = object.object("check_run") else { return false };
    let outcome = match (run.string("status").as_deref(), run.string("conclusion").as_deref()) {
        (_, Some("success")) => Outcome::Passed,
        (_, Some("failure" | "timed_out" | "startup_failure")) => Outcome::Failed,
        (_, Some(_)) => return true,
        (Some("queued" | "in_progress"), None) => Outcome::Started,
        _ => return true,
    };
    let errors = u64::from(outcome == Outcome::Failed);
    let repo = object.object("repository").and_then(|repo| text(&repo, "full_name"));
    out.push(Event { repo, ..Event::of(EventKind::Build { outcome, errors }) });
    true
}
