//! What `cargo build`, `cargo test` and `cargo clippy` print for people.

use super::super::{Event, EventKind, LintLevel, Outcome};
use super::agent::shown;
use super::cargo::clean;
use super::tally::Tally;
use crate::text::SafeText;

/// Reads cargo's text. A diagnostic has many lines, so it is held until a blank line ends it.
#[derive(Debug, Default)]
pub(super) struct Text {
    run: Run,
    open: Option<Diagnostic>,
    /// Cargo tells this build's end as JSON too, which is enough.
    told: bool,
}

/// One run of cargo, so far.
#[derive(Debug, Default)]
struct Run {
    /// `Compiling …`: it builds.
    compiles: bool,
    /// `Checking …`: it is `cargo check` or `cargo clippy`.
    checks: bool,
    /// Whether there was a diagnostic.
    diagnosed: bool,
    /// Whether the compiler itself was not satisfied.
    broken: bool,
}

#[derive(Debug)]
struct Diagnostic {
    level: LintLevel,
    code: Option<SafeText>,
    message: Option<SafeText>,
    place: Option<(Option<SafeText>, u64)>,
}

impl Text {
    /// Reads a line; whether it was cargo's, the compiler's or the test harness's.
    pub(super) fn line(&mut self, line: &str, tally: &mut Tally, out: &mut Vec<Event>) -> bool {
        if self.inside(line, out) {
            return true;
        }
        tests(line, tally, out)
            || self.status(line, tally, out)
            || self.summary(line, tally, out)
            || self.begin(line, out)
    }

    /// Cargo writes this build's messages as JSON; its words beside them are no news.
    pub(super) const fn told_as_json(&mut self) {
        self.told = true;
    }

    /// Tells the diagnostic that is still open. One without a place is some other program's.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        let Some(open) = self.open.take() else { return };
        let Some((path, line)) = open.place else {
            return;
        };
        self.run.diagnosed = true;
        let code = open.code.as_ref().map_or("", SafeText::as_str);
        self.run.broken |= open.level == LintLevel::Error && code.starts_with('E');
        out.push(Event::of(EventKind::Lint {
            level: open.level,
            count: 1,
            code: open.code,
            path,
            line: Some(line),
            message: open.message,
        }));
    }

    /// A line of the open diagnostic's body, or the blank one that ends it.
    fn inside(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        let Some(open) = &mut self.open else {
            return false;
        };
        if line.is_empty() {
            self.finish(out);
            return true;
        }
        let body = line.trim_start();
        if let Some(place) = body.strip_prefix("--> ") {
            // Further arrows point at notes.
            open.place = open.place.take().or_else(|| place_of(place));
            return true;
        }
        if let Some(note) = body.strip_prefix("= ") {
            open.code = open.code.take().or_else(|| lint_of(note));
            return true;
        }
        let is_body =
            line.starts_with(' ') || ["...", "note:", "help:"].iter().any(|s| line.starts_with(s));
        let is_source =
            body.split_once('|').is_some_and(|(number, _)| number.trim().parse::<u64>().is_ok());
        if !is_body && !is_source {
            self.finish(out);
            return false;
        }
        true
    }

    /// `error[E0308]: mismatched types`, `warning: unused variable: …`
    fn begin(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        let Some((head, message)) = line.split_once(": ") else {
            return false;
        };
        let (level, code) = match head.strip_suffix(']').and_then(|head| head.split_once('[')) {
            Some((level, code)) => (level, shown(code)),
            None => (head, None),
        };
        let level = match level {
            "error" => LintLevel::Error,
            "warning" => LintLevel::Warning,
            _ => return false,
        };
        self.finish(out);
        self.open = Some(Diagnostic { level, code, message: shown(message), place: None });
        true
    }

    /// Cargo's right-aligned words: `   Compiling x v0.1.0 (/x)`.
    fn status(&mut self, line: &str, tally: &mut Tally, out: &mut Vec<Event>) -> bool {
        let Some((word, rest)) = line.trim_start().split_once(' ') else {
            return false;
        };
        if !line.starts_with(' ') || rest.is_empty() {
            return false;
        }
        match word {
            "Compiling" if rest.contains(" v") => {
                tally.finish(out);
                if !std::mem::replace(&mut self.run.compiles, true) {
                    out.push(Event::of(EventKind::Build { outcome: Outcome::Started, errors: 0 }));
                }
            }
            "Checking" if rest.contains(" v") => {
                tally.finish(out);
                self.run.checks = true;
            }
            "Finished" if rest.contains("profile") => {
                tally.finish(out);
                let run = std::mem::take(&mut self.run);
                if !std::mem::take(&mut self.told) {
                    run.passed(out);
                }
            }
            "Running" | "Doc-tests" | "Fresh" | "Blocking" | "Downloading" | "Downloaded"
            | "Updating" | "Locking" | "Adding" => {}
            _ => return false,
        }
        true
    }

    /// The lines with which cargo sums up, which are no diagnostics of their own.
    fn summary(&mut self, line: &str, tally: &mut Tally, out: &mut Vec<Event>) -> bool {
        if line.starts_with("error: could not compile `") {
            // Many programs of one run may fail; the run is over with its first.
            let run = std::mem::take(&mut self.run);
            if !std::mem::take(&mut self.told) {
                run.failed(errors_of(line), out);
            }
            return true;
        }
        if line.starts_with("error: test failed") || line.starts_with("error: doctest failed") {
            tally.gave_up(out);
            return true;
        }
        let generated = line.starts_with("warning: `") && line.contains(" generated ");
        let waiting = line.starts_with("warning: build failed, waiting for other jobs");
        generated || waiting || line.starts_with("error: aborting due to ")
    }
}

impl Run {
    /// A check tells whether there are lints; a build, that it stands.
    fn passed(self, out: &mut Vec<Event>) {
        if !self.checks || self.compiles {
            out.push(Event::of(EventKind::Build { outcome: Outcome::Passed, errors: 0 }));
        } else if !self.diagnosed {
            out.push(Event::of(clean()));
        }
    }

    /// A check that only the linter stopped is no failed build: its lints are told already.
    fn failed(self, errors: u64, out: &mut Vec<Event>) {
        if !self.checks || self.broken || !self.diagnosed {
            out.push(Event::of(EventKind::Build { outcome: Outcome::Failed, errors }));
        }
    }
}

/// The harness's lines.
fn tests(line: &str, tally: &mut Tally, out: &mut Vec<Event>) -> bool {
    if let Some(rest) = line.strip_prefix("running ") {
        let count = rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test"));
        let known = count.is_some_and(|count| count.parse::<u64>().is_ok());
        if known {
            tally.started(out);
        }
        return known;
    }
    let Some(result) = line.strip_prefix("test result: ") else {
        return line.starts_with("test ") && line.contains(" ... ");
    };
    let counts = ["passed", "failed", "ignored"].map(|word| count_before(result, word));
    tally.result(result.starts_with("ok"), counts, out);
    true
}

/// The number in front of a word: `12 passed`.
fn count_before(line: &str, word: &str) -> u64 {
    let parts = line.split([';', '.']).map(str::trim);
    let mut counts = parts.filter_map(|part| part.strip_suffix(word)?.trim_end().parse().ok());
    counts.next().unwrap_or(0)
}

/// `… due to 2 previous errors; 1 warning emitted`, `… due to 1 previous error`
fn errors_of(line: &str) -> u64 {
    let Some((_, rest)) = line.rsplit_once(" due to ") else {
        return 0;
    };
    let number = rest.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or(1)
}

/// `src/lib.rs:3:5`; the path may hold colons.
fn place_of(place: &str) -> Option<(Option<SafeText>, u64)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (path, line) = rest.rsplit_once(':')?;
    column.parse::<u64>().ok()?;
    Some((shown(path), line.parse().ok()?))
}

/// The lint's name from its notes: "`#[deny(clippy::approx_constant)]` on by default".
fn lint_of(note: &str) -> Option<SafeText> {
    let rest = note.strip_prefix("note: `#[").or_else(|| note.strip_prefix("note: `-"))?;
    let name = rest.split(['(', ')', '`', ' ']).nth(1)?;
    shown(name)
}
