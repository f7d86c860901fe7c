//! The Test Anything Protocol, versions 12 to 14, as `node --test`, Vitest, bats and Perl speak it.

use super::super::Event;
use super::tally::Tally;

/// Counts points that have no subtests: a parent only repeats how its subtests went.
#[derive(Debug, Default)]
pub(super) struct Tap {
    tally: Tally,
    /// Passed, failed, skipped.
    counts: [u64; 3],
    /// Whether a version or a plan began a stream.
    open: bool,
    /// The points that the outermost plan promises, and how many came.
    plan: Option<u64>,
    outer: u64,
    bailed: bool,
    /// Whether there was any.
    pointed: bool,
    /// The last point's indent: one that is further out has subtests.
    indent: usize,
    /// The indent of the YAML block that is open, whose text may look like anything.
    block: Option<usize>,
}

impl Tap {
    /// Reads a line; whether it was TAP.
    pub(super) fn line(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(block) = self.block {
            if text.is_empty() || indent >= block {
                self.block = self.block.filter(|_| text.trim_end() != "...");
                return true;
            }
            self.block = None;
        }
        if line.starts_with("TAP version ") {
            self.finish(out);
            self.open = true;
            self.tally.started(out);
            return true;
        }
        if let Some(count) = plan(text) {
            return self.planned(count, indent, out);
        }
        if let Some(point) = Point::read(text) {
            return self.point(&point, indent, out);
        }
        self.open && self.other(text, indent, out)
    }

    fn planned(&mut self, count: u64, indent: usize, out: &mut Vec<Event>) -> bool {
        if indent == 0 {
            // A plan after the points ends the stream; without points it begins one, but is no news
            // yet: "1..10" may be anybody's.
            self.open = true;
            self.plan = Some(count);
            self.end_of_plan(out);
        }
        indent == 0 || self.open
    }

    fn point(&mut self, point: &Point, indent: usize, out: &mut Vec<Event>) -> bool {
        // Without a version or a plan "ok 1" may be anybody's.
        if !self.open {
            return false;
        }
        self.tally.started(out);
        self.pointed = true;
        let is_parent = point.has_subtests || self.indent > indent;
        self.indent = if point.has_subtests { 0 } else { indent };
        let [passed, failed, skipped] = &mut self.counts;
        match point {
            _ if is_parent => {}
            Point { skipped: true, .. } => *skipped += 1,
            Point { ok: true, .. } => *passed += 1,
            Point { ok: false, .. } => *failed += 1,
        }
        if indent == 0 {
            self.outer += 1;
            // A `{` says that the subtests are still to come.
            if !point.has_subtests {
                self.end_of_plan(out);
            }
        }
        true
    }

    fn other(&mut self, text: &str, indent: usize, out: &mut Vec<Event>) -> bool {
        if text.starts_with("Bail out!") {
            self.bailed = true;
            self.finish(out);
            return true;
        }
        if text.trim_end() == "}" && indent == 0 {
            self.end_of_plan(out);
            return true;
        }
        let begins_block = self.pointed && indent > 0 && text.trim_end() == "---";
        self.block = begins_block.then_some(indent);
        begins_block || text.starts_with('#') || text.starts_with("pragma ") || text == "}"
    }

    /// All that was promised came.
    fn end_of_plan(&mut self, out: &mut Vec<Event>) {
        if self.plan.is_some_and(|plan| self.outer >= plan) {
            self.finish(out);
            // Comments with sums follow the last point, and its YAML block.
            (self.open, self.pointed) = (true, true);
        }
    }

    /// The stream is over, or broke off.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        let counts = std::mem::take(&mut self.counts);
        if self.open && (counts != [0; 3] || self.bailed) {
            self.tally.result(counts[1] == 0 && !self.bailed, counts, out);
        }
        self.tally.finish(out);
        *self = Self::default();
    }
}

/// One `ok` or `not ok`.
struct Point {
    ok: bool,
    skipped: bool,
    has_subtests: bool,
}

impl Point {
    fn read(text: &str) -> Option<Self> {
        let (ok, rest) = match text.strip_prefix("not ok") {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix("ok")?),
        };
        // The number may be missing by the standard; then it is too easily somebody else's word.
        let number = rest.strip_prefix(' ')?.split(' ').next()?;
        number.parse::<u64>().ok()?;
        let directive = rest.rsplit_once(" # ").map(|(_, rest)| rest.trim_end());
        let is = |word: &str| {
            directive
                .and_then(|d| d.get(..word.len()))
                .is_some_and(|d| d.eq_ignore_ascii_case(word))
        };
        // A test that is still to do may fail.
        let skipped = is("skip") || is("todo");
        Some(Self { ok, skipped, has_subtests: rest.trim_end().ends_with(" {") })
    }
}

/// `1..4`, with or without a comment.
fn plan(text: &str) -> Option<u64> {
    let rest = text.strip_prefix("1..")?;
    rest.split_once(" #").map_or(rest, |(count, _)| count).trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::{EventKind, Outcome};
    use super::*;

    fn read(text: &str) -> Vec<(Outcome, [u64; 3])> {
        let (mut tap, mut out) = (Tap::default(), Vec::new());
        for line in text.lines() {
            tap.line(line, &mut out);
        }
        tap.finish(&mut out);
        let of = |event: Event| match event.kind {
            EventKind::Tests { outcome, passed, failed, ignored } => {
                (outcome, [passed, failed, ignored])
            }
            other => panic!("{other:?}"),
        };
        out.into_iter().map(of).collect()
    }

    #[test]
    fn plans_end_streams() {
        let started = (Outcome::Started, [0; 3]);
        assert_eq!(
            read("1..2\nok 1 - a\nok 2 - b # SKIP"),
            [started, (Outcome::Passed, [1, 0, 1])]
        );
        assert_eq!(
            read(
                "TAP version 14\nok 1\nnot ok 2 # TODO later\nnot ok 3 - x\n  ---\n  ok 9\n  ...\n1..3"
            ),
            [started, (Outcome::Failed, [1, 1, 1])]
        );
        assert_eq!(
            read("1..3\nok 1\nBail out! No scales"),
            [started, (Outcome::Failed, [1, 0, 0])]
        );
        assert_eq!(read("1..0 # SKIP nothing here"), []);
        assert_eq!(
            read("1..10\n  ---\nok 1\n  ---\nok 2\nok"),
            [started, (Outcome::Passed, [2, 0, 0])]
        );
        assert_eq!(read("ok 1 said somebody\n1..x\nok, then"), []);
    }

    #[test]
    fn subtests_count_and_their_parents_do_not() {
        let node = "TAP version 13\n    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - both\nok 2 - c\n1..2";
        assert_eq!(read(node)[1], (Outcome::Failed, [2, 1, 0]));
        let vitest = "TAP version 13\n1..1\nnot ok 1 - f.js # time=1ms {\n    1..2\n    ok 1\n    not ok 2\n}";
        assert_eq!(read(vitest)[1], (Outcome::Failed, [1, 1, 0]));
    }
}
