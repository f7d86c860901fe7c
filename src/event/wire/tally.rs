//! The sum of one run of tests, over all of its binaries.

use super::super::{Event, EventKind, Outcome};

/// Adds up the results of a run. `cargo test` starts one program after another, and each gives its
/// own result; a developer thinks of them as one run. So a run *passes* once, at its end: when the
/// input ends, or when a build, another tool's line or the next run begins. It *fails* at once, with
/// the sums so far, because bad news should not wait, and again only if further programs fail.
#[derive(Debug, Default)]
pub(super) struct Tally {
    open: bool,
    failed: bool,
    results: u64,
    /// Passed, failed, ignored.
    sums: [u64; 3],
}

impl Tally {
    /// A program of tests begins.
    pub(super) fn started(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.open, true) {
            out.push(Event::of(self.kind(Outcome::Started)));
        }
    }

    /// A program of tests ends, with the tests that passed, failed and were ignored.
    pub(super) fn result(&mut self, ok: bool, counts: [u64; 3], out: &mut Vec<Event>) {
        self.open = true;
        self.results += 1;
        for (sum, count) in self.sums.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
        if !ok {
            self.failed = true;
            out.push(Event::of(self.kind(Outcome::Failed)));
        }
    }

    /// The run failed, says cargo; news only where no result said so (a test program that crashed).
    pub(super) fn gave_up(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.failed, true) {
            out.push(Event::of(self.kind(Outcome::Failed)));
        }
        self.open = true;
    }

    /// The run is over, and the next one starts from nothing.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.results > 0 && !self.failed {
            out.push(Event::of(self.kind(Outcome::Passed)));
        }
        *self = Self::default();
    }

    fn kind(&self, outcome: Outcome) -> EventKind {
        let [passed, failed, ignored] = self.sums;
        EventKind::Tests { outcome, passed, failed, ignored }
    }
}
