//! What is decided by rules, each in one place.
//!
//! | what | by |
//! |---|---|
//! | tests, builds, lint, conflicts, commits, pushes | what the tools say of themselves (`event::wire`): they are events already |
//! | large deletes | [`large_delete`]: net lines |
//! | legacy | `event::source::git`: the age of a line by blame, and whose it is |
//! | idling | [`LONG_IDLE_AFTER`] |
//! | bursts of keys | [`Flow`]: a rate with hysteresis |
//! | changes of documentation alone, conflicts' marks in a diff | [`of_change`] |
//! | edits of which only the path is known | [`of_path`] |

use super::features::{Features, is_generated, is_made_of_docs, is_upkeep};
use super::{Class, Source, Verdict};
use crate::event::EventKind;
use std::time::Duration;

/// More net deleted lines than this are a large delete.
pub const LARGE_DELETE_LINES: u64 = 50;

/// Without an event for so long, the developer is away.
pub const LONG_IDLE_AFTER: Duration = Duration::from_secs(600);

/// A change with a larger share of its lines in documentation is documentation. Of such commits 79 %
/// call themselves so, over all repositories of the model's data (86 % in the test split).
const DOCS_SHARE: f32 = 0.9;
const DOCS_RIGHT: f32 = 0.79;
/// Of commits with as large a share in manifests, lock files and CI, 77 % call themselves upkeep.
const UPKEEP_RIGHT: f32 = 0.77;

/// The lines that a large delete took away: net of what was added, moves and generated files left
/// out. `None` where it is none.
#[must_use]
pub fn large_delete(kind: &EventKind) -> Option<u64> {
    let lines = match kind {
        EventKind::LargeDelete { deleted } => *deleted,
        EventKind::Edit { path: Some(path), .. } if is_generated(path.as_str()) => return None,
        EventKind::Edit { added, deleted, renamed: false, .. } => deleted.saturating_sub(*added),
        _ => return None,
    };
    (lines > LARGE_DELETE_LINES).then_some(lines)
}

/// What a change is by a rule, where one knows better than the model.
#[must_use]
pub fn of_change(features: &Features) -> Option<Verdict> {
    let rule =
        |class, confidence, name| Some(Verdict { class, confidence, source: Source::Rule(name) });
    if features.is_empty() {
        return rule(None, 0.0, "nothing changed");
    }
    // Half of a conflict is one's own change, and half is another's.
    if features.has_conflict() {
        return rule(None, 0.0, "conflict");
    }
    if features.docs_share() > DOCS_SHARE {
        return rule(Some(Class::Docs), DOCS_RIGHT, "docs only");
    }
    None
}

/// What an edit is by its path alone, where that says enough. Tests do not: they come with features
/// and fixes.
#[must_use]
pub fn of_path(path: &str) -> Option<Verdict> {
    let rule = |class, confidence, name| {
        Some(Verdict { class: Some(class), confidence, source: Source::Rule(name) })
    };
    if is_made_of_docs(path) {
        rule(Class::Docs, DOCS_RIGHT, "docs by path")
    } else if is_upkeep(path) {
        rule(Class::Upkeep, UPKEEP_RIGHT, "upkeep by path")
    } else {
        None
    }
}

/// Keys a minute from which somebody types without pause. A fast typist has 200 to 400.
const BURST: f64 = 120.0;
/// And below which they have paused.
const PAUSE: f64 = 40.0;
/// So long the rate must stay up, or down.
const IN_AFTER: Duration = Duration::from_secs(120);
const OUT_AFTER: Duration = Duration::from_secs(60);
/// The rate is a mean over about so long.
const MEMORY: Duration = Duration::from_secs(20);

/// Whether somebody is in the flow: types for two minutes without a pause, until one of a minute.
/// Pure; time is given to it.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Keys a minute, as of `at`.
    rate: f64,
    at: Duration,
    /// Since when the rate is up, or down.
    since: Option<Duration>,
    flows: bool,
}

impl Flow {
    /// Takes note of so many keys.
    pub fn keys(&mut self, now: Duration, count: u64) {
        self.pass(now);
        // Whoever sends billions of keys sends at most a burst.
        let count = f64::from(u32::try_from(count.min(10_000)).unwrap_or(10_000));
        self.rate += count * 60.0 / MEMORY.as_secs_f64();
    }

    /// Whether they are in the flow now.
    pub fn flows(&mut self, now: Duration) -> bool {
        self.pass(now);
        // The flow begins when it is up for long, and ends when it is down for long.
        let turning = if self.flows { self.rate < PAUSE } else { self.rate >= BURST };
        if !turning {
            self.since = None;
            return self.flows;
        }
        let since = *self.since.get_or_insert(now);
        let after = if self.flows { OUT_AFTER } else { IN_AFTER };
        if now.saturating_sub(since) >= after {
            self.flows = !self.flows;
            self.since = None;
        }
        self.flows
    }

    fn pass(&mut self, now: Duration) {
        let (passed, before) = (now.saturating_sub(self.at), self.rate);
        self.rate *= (-passed.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        if self.flows && before >= PAUSE && self.rate < PAUSE {
            // Nobody may have looked when it fell so low.
            let until = MEMORY.mul_f64((before / PAUSE).ln());
            self.since = Some(self.at + until.min(passed));
        }
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::features;
    use super::*;
    use crate::text::SafeText;

    fn edit(added: u64, deleted: u64, renamed: bool) -> EventKind {
        EventKind::Edit { path: None, added, deleted, files: 1, renamed, patch: None }
    }

    #[test]
    fn only_net_deletes_count() {
        assert_eq!(large_delete(&edit(0, 51, false)), Some(51));
        assert_eq!(large_delete(&edit(0, 50, false)), None);
        assert_eq!(large_delete(&edit(400, 420, false)), None);
        assert_eq!(large_delete(&edit(0, 400, true)), None);
        assert_eq!(large_delete(&EventKind::LargeDelete { deleted: 53 }), Some(53));
        assert_eq!(large_delete(&EventKind::Active), None);
    }

    #[test]
    fn nobody_mourns_what_was_generated() {
        let of = |path: &str| EventKind::Edit {
            path: Some(SafeText::new(path)),
            added: 0,
            deleted: 900,
            files: 1,
            renamed: false,
            patch: None,
        };
        assert_eq!(large_delete(&of("Cargo.lock")), None);
        assert_eq!(large_delete(&of("vendor/a/b.c")), None);
        assert_eq!(large_delete(&of("src/lib.rs")), Some(900));
    }

    #[test]
    fn rules_speak_before_the_model() {
        let docs = b"diff --git a/README.md b/README.md\n@@ -1 +1,2 @@\n a\n+b\n";
        assert_eq!(of_change(&features::of(docs)).unwrap().class, Some(Class::Docs));
        let conflict = include_bytes!("../../fixtures/intent/conflict.diff");
        let verdict = of_change(&features::of(conflict)).unwrap();
        assert_eq!((verdict.class, verdict.source), (None, Source::Rule("conflict")));
        assert_eq!(of_change(&features::of(b"")).unwrap().source, Source::Rule("nothing changed"));
        let fix = include_bytes!("../../fixtures/intent/fix.diff");
        assert_eq!(of_change(&features::of(fix)), None);
    }

    #[test]
    fn a_path_alone_says_little() {
        assert_eq!(of_path("docs/a.md").unwrap().class, Some(Class::Docs));
        assert_eq!(of_path("Cargo.toml").unwrap().class, Some(Class::Upkeep));
        for path in ["src/lib.rs", "tests/a.rs", "", "a\u{0}b"] {
            assert_eq!(of_path(path), None, "{path}");
        }
    }

    /// Types at a rate (keys a minute) and says when the flow began and ended, in seconds.
    fn turns(parts: &[(u64, u64)]) -> Vec<(u64, bool)> {
        let (mut flow, mut second, mut was, mut turns) = (Flow::default(), 0, false, Vec::new());
        for (length, rate) in parts {
            for _ in 0..*length {
                let now = Duration::from_secs(second);
                if second % 2 == 0 {
                    flow.keys(now, rate / 30);
                }
                let flows = flow.flows(now);
                if flows != was {
                    turns.push((second, flows));
                    was = flows;
                }
                second += 1;
            }
        }
        turns
    }

    #[test]
    fn the_flow_begins_late_and_outlasts_a_pause() {
        let turns = turns(&[(200, 240), (30, 0), (100, 240), (200, 0)]);
        let [(begin, true), (end, false)] = turns[..] else { panic!("{turns:?}") };
        assert!((120..150).contains(&begin), "{begin}");
        assert!((390..470).contains(&end), "{end}");
    }

    #[test]
    fn slow_typing_and_absurd_counts_are_no_flow() {
        assert_eq!(turns(&[(600, 60)]), []);
        let mut flow = Flow::default();
        flow.keys(Duration::ZERO, u64::MAX);
        assert!(!flow.flows(Duration::ZERO));
        assert!(!flow.flows(Duration::MAX));
    }
}
