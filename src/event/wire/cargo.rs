//! What cargo says as JSON: `--message-format json`.

use super::super::{Event, EventKind, LintLevel, Outcome};
use super::agent::{shown, text};
use super::findings::Finding;
use super::json::{Object, Raw};
use super::shorter;

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
    pub(super) fn message(&mut self, object: &Object<'_>, out: &mut Vec<Event>) -> bool {
        match object.string("reason").as_deref() {
            Some("compiler-message") => {
                if let Some(message) = object.object("message") {
                    self.diagnostic(&message, out);
                }
                true
            }
            Some("build-finished") => {
                let success = object.get("success").and_then(Raw::flag).unwrap_or(false);
                self.finished(success, out);
                true
            }
            Some("compiler-artifact" | "build-script-executed" | "timing-info") => true,
            _ => false,
        }
    }

    fn diagnostic(&mut self, message: &Object<'_>, out: &mut Vec<Event>) {
        let level = match message.string("level").as_deref() {
            Some("error") => LintLevel::Error,
            Some("warning") => LintLevel::Warning,
            _ => return,
        };
        let is_primary =
            |span: &Object<'_>| span.get("is_primary").and_then(Raw::flag) == Some(true);
        let spans = message.items("spans");
        // Summaries, such as "aborting due to 2 previous errors", point at nothing.
        let Some(span) = spans.into_iter().filter_map(Raw::object).find(is_primary) else { return };
        let code = message.at(&["code", "code"]).and_then(Raw::string);
        self.diagnosed = true;
        self.errors += u64::from(
            level == LintLevel::Error
                && !code.as_ref().is_some_and(|code| code.starts_with("clippy::")),
        );
        let finding = Finding {
            code: code.as_deref().and_then(shown),
            path: text(&span, "file_name"),
            line: span.get("line_start").and_then(Raw::count),
            message: text(message, "message"),
        };
        out.push(finding.event(level, 1));
        out.extend(shorter::cargo(message));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object<'_> {
        Object::parse(text).unwrap()
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
}
