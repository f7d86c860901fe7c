//! What Rust's test harness says as JSON (`--format json`), and nextest after it
//! (`--message-format libtest-json`).

use super::super::Event;
use super::json::Object;
use super::tally::Tally;

/// Counts the tests of a suite until it ends.
#[derive(Debug, Default)]
pub(super) struct Libtest {
    /// Passed, failed, ignored since the last suite's end.
    counts: [u64; 3],
}

impl Libtest {
    /// Reads an object with `type` and `event`; whether it was the harness's. Tests are counted one
    /// by one: nextest ends a suite twice where it goes on after a failure, and sums some of it twice.
    pub(super) fn message(
        &mut self,
        object: &Object<'_>,
        tally: &mut Tally,
        out: &mut Vec<Event>,
    ) -> bool {
        match (object.string("type").as_deref(), object.string("event").as_deref()) {
            (Some("suite"), Some("started")) => tally.started(out),
            (Some("suite"), Some(end @ ("ok" | "failed"))) => {
                let sums = ["passed", "failed", "ignored"].map(|name| object.count(name));
                let counts = std::mem::take(&mut self.counts);
                let told = if counts == [0; 3] { sums } else { counts };
                tally.result(end == "ok", told, out);
            }
            (Some("test"), Some(end)) => self.test(end),
            (Some("bench" | "report"), _) => {}
            _ => return false,
        }
        true
    }

    fn test(&mut self, end: &str) {
        let [passed, failed, ignored] = &mut self.counts;
        match end {
            "ok" => *passed += 1,
            "failed" | "timeout" => *failed += 1,
            "ignored" => *ignored += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_tallied() {
        let (mut libtest, mut tally, mut out) = (Libtest::default(), Tally::default(), Vec::new());
        let mut read =
            |line: &str| libtest.message(&Object::parse(line).unwrap(), &mut tally, &mut out);
        for line in [
            r#"{"type":"suite","event":"started","test_count":2}"#,
            r#"{"type":"test","event":"started","name":"a"}"#,
            r#"{"type":"suite","event":"failed","passed":1,"failed":1,"ignored":0}"#,
        ] {
            assert!(read(line));
        }
        assert!(!read(r#"{"type":"other"}"#));
        let outcomes: Vec<_> = out.iter().map(|event| super::super::name(&event.kind)).collect();
        assert_eq!(outcomes, ["tests.started", "tests.failed"]);
    }
}
