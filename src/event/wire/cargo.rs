//! What cargo and the test harness say as JSON: `--message-format json` and libtest's
//! `--format json`.

use super::super::{Event, EventKind, LintLevel, Outcome};
use super::tally::Tally;
use crate::text::SafeText;
use serde_json::{Map, Value};

/// Reads cargo's messages. A build's errors are counted until `build-finished`.
#[derive(Debug, Default)]
pub(super) struct Cargo {
    /// Errors of the compiler, rather than of a linter.
    errors: u64,
    /// Whether there was a diagnostic at all.
    diagnosed: bool,
}

impl Cargo {
    /// Reads an object with a `reason`; whether the reason is known.
    pub(super) fn message(&mut self, object: &Map<String, Value>, out: &mut Vec<Event>) -> bool {
        match object.get("reason").and_then(Value::as_str) {
            Some("compiler-message") => {
                if let Some(message) = object.get("message") {
                    self.diagnostic(message, out);
                }
                true
            }
            Some("build-finished") => {
                let success = object.get("success").and_then(Value::as_bool).unwrap_or(false);
                self.finished(success, out);
                true
            }
            Some("compiler-artifact" | "build-script-executed" | "timing-info") => true,
            _ => false,
        }
    }

    fn diagnostic(&mut self, message: &Value, out: &mut Vec<Event>) {
        let level = match message["level"].as_str() {
            Some("error") => LintLevel::Error,
            Some("warning") => LintLevel::Warning,
            _ => return,
        };
        let spans = message["spans"].as_array();
        let primary = spans.and_then(|all| all.iter().find(|span| span["is_primary"] == true));
        // Summaries, such as "aborting due to 2 previous errors", point at nothing.
        let Some(span) = primary else { return };
        let code = message["code"]["code"].as_str();
        self.diagnosed = true;
        self.errors += u64::from(
            level == LintLevel::Error && !code.is_some_and(|c| c.starts_with("clippy::")),
        );
        out.push(Event::of(EventKind::Lint {
            level,
            count: 1,
            code: code.map(SafeText::new),
            path: span["file_name"].as_str().map(SafeText::new),
            line: span["line_start"].as_u64(),
            message: message["message"].as_str().map(SafeText::new),
        }));
    }

    /// A build that only the linter stopped did not fail: its lint errors are told already.
    fn finished(&mut self, success: bool, out: &mut Vec<Event>) {
        let Self { errors, diagnosed } = std::mem::take(self);
        if !diagnosed && success {
            out.push(Event::of(clean()));
        }
        if success {
            out.push(Event::of(EventKind::Build { outcome: Outcome::Passed, errors: 0 }));
        } else if errors > 0 || !diagnosed {
            out.push(Event::of(EventKind::Build { outcome: Outcome::Failed, errors }));
        }
    }
}

/// The linter has nothing to say.
pub(super) const fn clean() -> EventKind {
    EventKind::Lint {
        level: LintLevel::Clean,
        count: 0,
        code: None,
        path: None,
        line: None,
        message: None,
    }
}

/// Reads an object of libtest's; whether it was one.
pub(super) fn libtest(
    object: &Map<String, Value>,
    tally: &mut Tally,
    out: &mut Vec<Event>,
) -> bool {
    let text = |name| object.get(name).and_then(Value::as_str);
    let count = |name| object.get(name).and_then(Value::as_u64).unwrap_or(0);
    match (text("type"), text("event")) {
        (Some("suite"), Some("started")) => tally.started(out),
        (Some("suite"), Some(end @ ("ok" | "failed"))) => {
            tally.result(end == "ok", [count("passed"), count("failed"), count("ignored")], out);
        }
        (Some("test" | "bench" | "report"), _) => {}
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        match serde_json::from_str(text).unwrap() {
            Value::Object(object) => object,
            other => panic!("{other}"),
        }
    }

    const LINT: &str = r#"{"reason":"compiler-message","message":{"level":"error","message":"approximate value",
        "code":{"code":"clippy::approx_constant"},"spans":[{"is_primary":true,"file_name":"src/lib.rs","line_start":3}]}}"#;

    #[test]
    fn a_lint_error_is_no_failed_build() {
        let (mut cargo, mut out) = (Cargo::default(), Vec::new());
        assert!(cargo.message(&object(LINT), &mut out));
        assert!(cargo.message(&object(r#"{"reason":"build-finished","success":false}"#), &mut out));
        assert!(matches!(
            &out[..],
            [Event { kind: EventKind::Lint { level: LintLevel::Error, line: Some(3), .. }, .. }]
        ));
    }

    #[test]
    fn a_clean_build_is_clean() {
        let (mut cargo, mut out) = (Cargo::default(), Vec::new());
        cargo.message(&object(r#"{"reason":"build-finished","success":true}"#), &mut out);
        let kinds: Vec<_> = out.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [clean(), EventKind::Build { outcome: Outcome::Passed, errors: 0 }]);
    }

    #[test]
    fn suites_are_tallied() {
        let (mut tally, mut out) = (Tally::default(), Vec::new());
        for line in [
            r#"{"type":"suite","event":"started","test_count":2}"#,
            r#"{"type":"test","event":"started","name":"a"}"#,
            r#"{"type":"suite","event":"failed","passed":1,"failed":1,"ignored":0}"#,
        ] {
            assert!(libtest(&object(line), &mut tally, &mut out));
        }
        assert!(!libtest(&object(r#"{"type":"other"}"#), &mut tally, &mut out));
        let outcomes: Vec<_> = out.iter().map(|event| super::super::name(&event.kind)).collect();
        assert_eq!(outcomes, ["tests.started", "tests.failed"]);
    }
}
