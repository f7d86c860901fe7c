//! What `git merge`, `git status`, `git commit`, `git switch` and `git push` say.

use super::super::{Event, EventKind};
use super::agent::shown;

/// The letters of an abbreviated commit id: git shows at least 4, a whole one has 40 or 64.
const SHA_DIGITS: std::ops::RangeInclusive<usize> = 4..=64;

/// Reads git's lines. Files in conflict come one a line, so they are counted until another line
/// comes, and told as one event.
#[derive(Debug, Default)]
pub(super) struct Git {
    /// Files in conflict, not told yet.
    counting: u64,
    /// Whether a conflict was told and not resolved since.
    in_conflict: bool,
    /// Whether the lines with arrows are of a push, rather than of a fetch.
    pushing: bool,
}

impl Git {
    /// Reads a line; whether it was git's.
    pub(super) fn line(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        if is_conflict(line) {
            self.counting += 1;
            return true;
        }
        if self.counting > 0 && line.starts_with("Auto-merging ") {
            return true;
        }
        self.finish(out);
        self.merge(line, out) || self.commit(line, out) || branch(line, out) || self.push(line, out)
    }

    /// Tells what is still being counted.
    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.counting > 0 {
            self.in_conflict = true;
            out.push(Event::of(EventKind::Conflict { files: std::mem::take(&mut self.counting) }));
        }
    }

    fn resolve(&mut self, out: &mut Vec<Event>) {
        self.in_conflict = false;
        out.push(Event::of(EventKind::ConflictResolved));
    }

    fn merge(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        if line.starts_with("Automatic merge failed") {
            // The files were counted just before; without them, one at least is in conflict.
            if !self.in_conflict {
                self.counting = 1;
                self.finish(out);
            }
            return true;
        }
        if line.starts_with("All conflicts fixed but you are still merging") {
            self.resolve(out);
            return true;
        }
        if line.starts_with("Merge made by ") {
            if self.in_conflict {
                self.resolve(out);
            }
            out.push(Event::of(EventKind::Commit { sha: None, subject: None }));
            return true;
        }
        [
            "Auto-merging ",
            "You have unmerged paths",
            "Recorded preimage for",
            "Recorded resolution for",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    }

    /// `[main abc1234] subject`. A commit ends a conflict: git makes none while one is open.
    fn commit(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        let Some((sha, subject)) = commit_line(line) else {
            return false;
        };
        if self.in_conflict {
            self.resolve(out);
        }
        let (sha, subject) = (shown(sha), shown(subject));
        out.push(Event::of(EventKind::Commit { sha, subject }));
        true
    }

    /// `To host:path` and then `   a1b2c3d..e4f5a6b  main -> main`. Many refs are one push.
    fn push(&mut self, line: &str, out: &mut Vec<Event>) -> bool {
        if let Some(remote) = line.strip_prefix("To ") {
            self.pushing = remote.contains([':', '/']) && !remote.contains(' ');
            return self.pushing;
        }
        let is_ref = line.starts_with(' ') && line.contains(" -> ");
        if !(self.pushing && is_ref) {
            return false;
        }
        let rejected = line.trim_start().starts_with('!');
        if !rejected {
            self.pushing = false;
            out.push(Event::of(EventKind::Push));
        }
        true
    }
}

/// A file in conflict, as `git merge` or `git status` tells of it.
fn is_conflict(line: &str) -> bool {
    if line.starts_with("CONFLICT (") {
        return true;
    }
    let Some(status) = line.strip_prefix('\t') else {
        return false;
    };
    let states = [
        "both modified:",
        "both added:",
        "both deleted:",
        "deleted by us:",
        "deleted by them:",
        "added by us:",
        "added by them:",
    ];
    states.iter().any(|state| status.starts_with(state))
}

fn commit_line(line: &str) -> Option<(&str, &str)> {
    let (head, subject) = line.strip_prefix('[')?.split_once("] ")?;
    let (branch, sha) = head.rsplit_once(' ')?;
    let is_sha = SHA_DIGITS.contains(&sha.len()) && sha.bytes().all(|b| b.is_ascii_hexdigit());
    (is_sha && !branch.is_empty()).then_some((sha, subject))
}

fn branch(line: &str, out: &mut Vec<Event>) -> bool {
    let starts = ["Switched to branch '", "Switched to a new branch '"];
    let Some(rest) = starts.iter().find_map(|start| line.strip_prefix(start)) else {
        return false;
    };
    let branch = rest.strip_suffix('\'').and_then(shown);
    out.push(Event::of(EventKind::Branch { branch }));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SafeText;

    fn kinds(text: &str) -> Vec<EventKind> {
        let (mut git, mut out) = (Git::default(), Vec::new());
        for line in text.lines() {
            git.line(line, &mut out);
        }
        git.finish(&mut out);
        out.into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn a_merge_in_conflict_and_its_end() {
        let merge = "Auto-merging a.rs\nCONFLICT (content): Merge conflict in a.rs\nAuto-merging b.rs\n\
            CONFLICT (content): Merge conflict in b.rs\n\
            Automatic merge failed; fix conflicts and then commit the result.\n\
            [main 0a1b2c3] Merge branch 'other'";
        let commit = EventKind::Commit {
            sha: Some(SafeText::new("0a1b2c3")),
            subject: Some(SafeText::new("Merge branch 'other'")),
        };
        assert_eq!(
            kinds(merge),
            [EventKind::Conflict { files: 2 }, EventKind::ConflictResolved, commit]
        );
    }

    #[test]
    fn status_counts_files() {
        let status = "You have unmerged paths.\n\nUnmerged paths:\n\tboth modified:   a.rs\n\tdeleted by us:   b.rs\n\nno changes";
        assert_eq!(kinds(status), [EventKind::Conflict { files: 2 }]);
        let fixed = "All conflicts fixed but you are still merging.";
        assert_eq!(kinds(fixed), [EventKind::ConflictResolved]);
    }

    #[test]
    fn commits_branches_and_pushes() {
        let root = kinds("[main (root-commit) abc1234] begin");
        assert!(
            matches!(&root[..], [EventKind::Commit { sha: Some(sha), .. }] if sha.as_str() == "abc1234")
        );
        let bare = EventKind::Commit { sha: Some(SafeText::new("abc1234")), subject: None };
        assert_eq!(kinds("[main abc1234] \u{200b} "), [bare]);
        assert_eq!(kinds("[main] no id"), []);
        assert_eq!(kinds("[INFO start] no id"), []);
        let switched = EventKind::Branch { branch: Some(SafeText::new("x/y")) };
        assert_eq!(kinds("Switched to a new branch 'x/y'"), [switched]);
        let push =
            "To github.com:o/p.git\n   a1b2c3d..e4f5a6b  main -> main\n * [new tag]  v1 -> v1";
        assert_eq!(kinds(push), [EventKind::Push]);
        assert_eq!(kinds("From github.com:o/p\n   a1b2c3d..e4f5a6b  main -> origin/main"), []);
    }
}
