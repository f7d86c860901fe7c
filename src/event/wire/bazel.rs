//! Bazel's build events as JSON (`--build_event_json_file`): `id` names what is told.

use super::super::{Event, EventKind, Outcome};
use super::json::{Object, Raw};
use super::tally::Tally;

/// Bazel's exit code for a build that stands with tests that fail.
const TESTS_FAILED: u64 = 3;

/// Counts failed targets and test targets until the build is finished.
#[derive(Debug, Default)]
pub(super) struct Bazel {
    tally: Tally,
    errors: u64,
    counts: [u64; 3],
}

impl Bazel {
    /// Reads an object whose `id` is an object; whether it was a build event.
    pub(super) fn message(&mut self, object: &Object<'_>, out: &mut Vec<Event>) -> bool {
        let Some(id) = object.object("id") else { return false };
        if id.has("started") {
            *self = Self::default();
            out.push(build(Outcome::Started, 0));
        } else if id.has("targetCompleted") {
            let success = object.at(&["completed", "success"]).and_then(Raw::flag);
            self.errors += u64::from(success != Some(true));
        } else if id.has("testSummary") {
            self.test(
                object.at(&["testSummary", "overallStatus"]).and_then(Raw::string).as_deref(),
            );
        } else if id.has("buildFinished") {
            self.finished(object.at(&["finished", "exitCode", "code"]), out);
        } else {
            return KNOWN.iter().any(|name| id.has(name));
        }
        true
    }

    fn test(&mut self, status: Option<&str>) {
        let [passed, failed, ignored] = &mut self.counts;
        match status {
            Some("PASSED" | "FLAKY") => *passed += 1,
            Some("FAILED" | "TIMEOUT" | "INCOMPLETE" | "REMOTE_FAILURE") => *failed += 1,
            // One that was not built is an error of the build.
            _ => *ignored += 1,
        }
    }

    /// A missing code is 0, as protobuf's JSON leaves defaults out.
    fn finished(&mut self, code: Option<Raw<'_>>, out: &mut Vec<Event>) {
        let code = code.and_then(Raw::count).unwrap_or(0);
        let stands = code == 0 || code == TESTS_FAILED;
        let errors = if stands { 0 } else { self.errors.max(1) };
        out.push(build(if stands { Outcome::Passed } else { Outcome::Failed }, errors));
        let counts = std::mem::take(&mut self.counts);
        if counts != [0; 3] {
            self.tally.result(counts[1] == 0 && code != TESTS_FAILED, counts, out);
            self.tally.finish(out);
        }
        self.errors = 0;
    }
}

/// Events that are part of every build and no news.
const KNOWN: [&str; 16] = [
    "progress",
    "unstructuredCommandLine",
    "structuredCommandLine",
    "optionsParsed",
    "workspaceStatus",
    "workspace",
    "configuration",
    "buildMetadata",
    "pattern",
    "targetConfigured",
    "namedSet",
    "actionCompleted",
    "testResult",
    "buildToolLogs",
    "buildMetrics",
    "convenienceSymlinksIdentified",
];

fn build(outcome: Outcome, errors: u64) -> Event {
    Event::of(EventKind::Build { outcome, errors })
}
