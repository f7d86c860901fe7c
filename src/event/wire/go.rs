//! `go test -json`: an action a line, of a package or of one test in it.

use super::super::{Event, EventKind, Outcome};
use super::json::Object;
use super::tally::Tally;

/// Counts tests, subtests too, until their package ends.
#[derive(Debug, Default)]
pub(super) struct Go {
    tally: Tally,
    /// Passed, failed, skipped since the last package's end.
    counts: [u64; 3],
}

impl Go {
    /// Reads an object with an `Action`; whether the action is known.
    pub(super) fn message(&mut self, object: &Object<'_>, out: &mut Vec<Event>) -> bool {
        let Some(action) = object.string("Action") else { return false };
        match (&*action, object.has("Test")) {
            ("pass", true) => self.counts[0] += 1,
            ("fail", true) => self.counts[1] += 1,
            ("skip", true) => self.counts[2] += 1,
            // A package that does not build was told of already.
            ("fail", false) if object.has("FailedBuild") => {}
            (end @ ("pass" | "fail"), false) => {
                self.tally.result(end == "pass", std::mem::take(&mut self.counts), out);
            }
            ("build-fail", _) => out.push(failed_build()),
            ("run", _) => self.tally.started(out),
            (
                "start" | "skip" | "output" | "pause" | "cont" | "bench" | "attr" | "artifacts",
                _,
            )
            | ("build-output", _) => {}
            _ => return false,
        }
        true
    }

    /// The run is over.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        self.tally.finish(out);
        self.counts = [0; 3];
    }
}

/// Before Go 1.24 a package that does not build is told in plain words between the objects:
/// `FAIL`, a tab and `example.org/broken [build failed]`.
pub(super) fn line(line: &str, out: &mut Vec<Event>) -> bool {
    let ours = line.starts_with("FAIL\t") && line.ends_with(" [build failed]");
    if ours {
        out.push(failed_build());
    }
    ours
}

fn failed_build() -> Event {
    Event::of(EventKind::Build { outcome: Outcome::Failed, errors: 1 })
}
