//! What test runners print for people at their beginning and end: nextest, pytest, Vitest and Jest.

use super::super::{Event, EventKind, Outcome};

/// Reads a line; whether it begins or sums up a run.
pub(super) fn line(line: &str, out: &mut Vec<Event>) -> bool {
    let text = line.trim();
    if begins(line, text) {
        out.push(Event::of(EventKind::Tests {
            outcome: Outcome::Started,
            passed: 0,
            failed: 0,
            ignored: 0,
        }));
        return true;
    }
    let counts =
        nextest(text).or_else(|| pytest(text)).or_else(|| vitest(text)).or_else(|| jest(line));
    let Some(Counts { passed, failed, ignored }) = counts else { return false };
    let outcome = if failed > 0 { Outcome::Failed } else { Outcome::Passed };
    out.push(Event::of(EventKind::Tests { outcome, passed, failed, ignored }));
    true
}

/// `Starting 3 tests across 1 binary`, `===== test session starts =====`, ` RUN  v3.2.4 /path`
fn begins(line: &str, text: &str) -> bool {
    let nextest = text.strip_prefix("Starting ").and_then(|rest| rest.split_once(' '));
    nextest.is_some_and(|(count, rest)| is_number(count) && rest.starts_with("test"))
        || text.starts_with("==") && text.trim_matches('=').trim() == "test session starts"
        || line
            .strip_prefix(" RUN  v")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Takes `12 passed`; whether it is a count of something that runners count.
    fn take(&mut self, part: &str) -> bool {
        let mut words = part.split_whitespace();
        let number = words.next().and_then(|number| number.parse::<u64>().ok());
        let (Some(number), Some(what)) = (number, words.next()) else { return false };
        let is_over = words.next().is_none_or(|more| {
            more.starts_with('(') || matches!((what, more), ("timed", "out") | ("exec", "failed"))
        });
        if !is_over {
            return false;
        }
        let sum = match what {
            "passed" | "xpassed" => &mut self.passed,
            "failed" | "error" | "errors" | "timed" | "exec" => &mut self.failed,
            "skipped" | "xfailed" | "todo" | "pending" => &mut self.ignored,
            "deselected" | "warning" | "warnings" | "rerun" | "total" | "flaky" => return true,
            _ => return false,
        };
        *sum = sum.saturating_add(number);
        true
    }

    /// Takes all parts, or none; a run of which nothing passed or failed tells nothing.
    fn of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut counts = Self::default();
        parts
            .all(|part| counts.take(part))
            .then_some(counts)
            .filter(|c| c.passed > 0 || c.failed > 0)
    }
}

/// `Summary [   0.134s] 2 tests run: 1 passed (1 slow), 1 failed, 1 skipped`
fn nextest(text: &str) -> Option<Counts> {
    let (time, rest) = text.strip_prefix("Summary [")?.split_once(']')?;
    time.trim().strip_suffix('s')?;
    let (ran, counts) = rest.split_once(" run: ")?;
    ran.trim_end().ends_with(['t', 's']).then(|| Counts::of(counts.split(", ")))?
}

/// `==== 1 failed, 1 passed, 1 error in 0.03s ====`, without the lines where it is quiet
fn pytest(text: &str) -> Option<Counts> {
    let (counts, time) = text.trim_matches('=').trim().rsplit_once(" in ")?;
    let seconds = time.split(' ').next()?.strip_suffix('s')?;
    let is_time = seconds.parse::<f64>().is_ok();
    is_time.then(|| Counts::of(counts.split(", ")))?
}

/// `Tests  1 failed | 1 passed | 1 todo (3)`
fn vitest(text: &str) -> Option<Counts> {
    let (counts, total) = text.strip_prefix("Tests  ")?.rsplit_once(" (")?;
    let is_total = is_number(total.strip_suffix(')')?);
    is_total.then(|| Counts::of(counts.split(" | ")))?
}

/// `Tests:       1 failed, 1 skipped, 1 passed, 3 total`
fn jest(line: &str) -> Option<Counts> {
    let counts = line.strip_prefix("Tests:  ")?.trim();
    counts.ends_with(" total").then(|| Counts::of(counts.split(", ")))?
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_nobodys() {
        for text in [
            "2 passed the exam in 3s",
            "I was there in 3s",
            "Summary [old] 2 tests run: 1 passed",
            "Tests  are good (3)",
            "Tests:  none",
            "no tests ran in 0.01s",
            "== test session starts early ==",
            "Starting up tests",
            " RUN  very fast",
            "18446744073709551616 passed in 1s",
        ] {
            let mut out = Vec::new();
            assert!(!line(text, &mut out) && out.is_empty(), "{text}");
        }
    }

    #[test]
    fn counts_of_every_kind() {
        let counted = |text| {
            let mut out = Vec::new();
            assert!(line(text, &mut out), "{text}");
            match out[0].kind {
                EventKind::Tests { passed, failed, ignored, .. } => (passed, failed, ignored),
                _ => unreachable!(),
            }
        };
        let most = u64::MAX;
        assert_eq!(counted("2 xfailed, 3 xpassed, 4 warnings in 61.20s (0:01:01)"), (3, 0, 2));
        assert_eq!(
            counted(
                "Summary [   3.1s] 3/9 tests run: 1 passed (1 slow), 1 timed out, 1 exec failed"
            ),
            (1, 2, 0)
        );
        assert_eq!(counted(&format!("{most} passed, {most} xpassed in 1s")), (most, 0, 0));
    }
}
