//! pytest-reportlog: an object a line, with a `$report_type`.

use super::super::Event;
use super::json::Object;
use super::tally::Tally;

/// pytest's exit status for "no tests were collected".
const NO_TESTS: u64 = 5;

/// Counts the tests of a session.
#[derive(Debug, Default)]
pub(super) struct Pytest {
    tally: Tally,
    counts: [u64; 3],
}

impl Pytest {
    /// Reads an object with a `$report_type`; whether the type is known.
    pub(super) fn message(&mut self, object: &Object<'_>, out: &mut Vec<Event>) -> bool {
        match object.string("$report_type").as_deref() {
            Some("SessionStart") => {
                self.finish(out);
                self.tally.started(out);
            }
            Some("TestReport") => self.test(object),
            // A file that cannot even be imported.
            Some("CollectReport") if is(object, "outcome", "failed") => self.counts[1] += 1,
            Some("CollectReport" | "WarningMessage") => {}
            Some("SessionFinish") => {
                let status = object.count("exitstatus");
                if status != NO_TESTS {
                    self.tally.result(status == 0, std::mem::take(&mut self.counts), out);
                }
                self.finish(out);
            }
            _ => return false,
        }
        true
    }

    /// A test is told of three times. It passes in its call, and may fail or be skipped in any part.
    fn test(&mut self, report: &Object<'_>) {
        let [passed, failed, skipped] = &mut self.counts;
        match report.string("outcome").as_deref() {
            Some("passed") if is(report, "when", "call") => *passed += 1,
            Some("failed") => *failed += 1,
            Some("skipped") => *skipped += 1,
            _ => {}
        }
    }

    /// The session is over.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        self.tally.finish(out);
        self.counts = [0; 3];
    }
}

fn is(object: &Object<'_>, name: &str, value: &str) -> bool {
    object.string(name).is_some_and(|text| text == value)
}
