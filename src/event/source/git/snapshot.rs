//! What a repository says at one moment, and what happened between two of them. Pure.

use crate::event::EventKind;
use crate::text::SafeText;
use gix_hash::ObjectId;
use std::collections::BTreeMap;

/// One moment of a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// The branch that is checked out; none where HEAD is detached.
    pub(super) branch: Option<String>,
    /// The commit that is checked out; none before the first.
    pub(super) commit: Option<Commit>,
    /// How HEAD came to that commit, where its log tells.
    pub(super) step: Option<Step>,
    /// What git is in the middle of.
    pub(super) operation: Option<Operation>,
    /// Files whose index has stages 1 to 3.
    pub(super) conflicts: u64,
    /// The newest of what was put aside.
    pub(super) stash: Option<ObjectId>,
    /// The branches of remotes, as far as we know them.
    pub(super) remotes: BTreeMap<String, Remote>,
}

/// A commit, as far as it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Commit {
    pub(super) id: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    pub(super) subject: SafeText,
}

/// How HEAD moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By `git commit`: what it holds was written by hand.
    Committed,
    /// A merge, cherry-pick, revert or mail made a commit.
    Made,
    /// Checkout, reset, pull, rebase: to what was there before.
    Moved,
}

/// What git is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Merge,
    CherryPick,
    Revert,
    /// Also `git am`.
    Rebase,
}

/// A remote's branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) id: ObjectId,
    /// Whether its log says that a push brought it there; nothing where it has none.
    pub(super) pushed: Option<bool>,
}

impl Step {
    /// By the message in HEAD's log.
    pub(super) fn of(message: &str) -> Self {
        let (what, rest) = message.split_once(':').unwrap_or((message, ""));
        match what.split(' ').next().unwrap_or_default() {
            "commit" if what == "commit (merge)" => Self::Made,
            "commit" => Self::Committed,
            "cherry-pick" | "revert" | "am" => Self::Made,
            "merge" | "pull" if rest.trim_start().starts_with("Merge made") => Self::Made,
            _ => Self::Moved,
        }
    }
}

impl Snapshot {
    fn id(&self) -> Option<ObjectId> {
        self.commit.as_ref().map(|commit| commit.id)
    }

    /// Whether a commit was made since, and how.
    pub(super) fn committed_since(&self, before: &Self) -> Option<Step> {
        let commit = self.commit.as_ref().filter(|commit| Some(commit.id) != before.id())?;
        match self.step {
            Some(Step::Moved) => None,
            Some(step) => Some(step),
            // Without a log only the commits themselves can tell.
            None => match before.id() {
                Some(old) => commit.parents.contains(&old).then_some(Step::Committed),
                None => commit.parents.is_empty().then_some(Step::Committed),
            },
        }
    }

    fn pushed_since(&self, before: &Self) -> bool {
        let stood = self.id().is_some() && self.id() == before.id();
        self.remotes.iter().any(|(name, remote)| {
            let moved = before.remotes.get(name).is_none_or(|old| old.id != remote.id);
            moved && remote.pushed.unwrap_or(stood && Some(remote.id) == self.id())
        })
    }
}

/// What is to be told when a repository is first seen: only what goes on.
pub(super) fn first(now: &Snapshot) -> Vec<EventKind> {
    let open = (now.conflicts > 0).then_some(EventKind::Conflict { files: now.conflicts });
    open.into_iter().collect()
}

/// What happened between two moments.
pub(super) fn between(before: &Snapshot, after: &Snapshot) -> Vec<EventKind> {
    let mut out = Vec::new();
    // A rebase detaches HEAD and puts it back; neither is a switch.
    let rebasing = [before, after].iter().any(|s| s.operation == Some(Operation::Rebase));
    if before.branch != after.branch && !rebasing {
        let branch = after.branch.as_deref().map(SafeText::new).filter(|name| !name.is_empty());
        out.push(EventKind::Branch { branch });
    }
    if before.conflicts > 0 && after.conflicts == 0 {
        out.push(EventKind::ConflictResolved);
    }
    if let (Some(_), Some(commit)) = (after.committed_since(before), &after.commit) {
        let subject = Some(commit.subject.clone()).filter(|subject| !subject.is_empty());
        out.push(EventKind::Commit { sha: Some(short(commit.id)), subject });
    }
    if after.conflicts > before.conflicts {
        out.push(EventKind::Conflict { files: after.conflicts });
    }
    if after.pushed_since(before) {
        out.push(EventKind::Push);
    }
    out
}

/// So many digits of an id are shown.
const SHORT: usize = 7;

/// An id as people read it.
pub(super) fn short(id: ObjectId) -> SafeText {
    SafeText::new(&id.to_hex_with_len(SHORT).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[digit * 0x11; 20])
    }

    fn at(branch: Option<&str>, digit: u8, step: Option<Step>) -> Snapshot {
        let subject = SafeText::new("do it");
        let parents = vec![id(digit - 1)];
        let commit = Some(Commit { id: id(digit), parents, subject });
        Snapshot { branch: branch.map(str::to_owned), commit, step, ..Snapshot::default() }
    }

    fn names(before: &Snapshot, after: &Snapshot) -> Vec<&'static str> {
        between(before, after).iter().map(crate::event::wire::name).collect()
    }

    #[test]
    fn commits_are_told_from_moves() {
        let one = at(Some("main"), 1, Some(Step::Committed));
        for (step, told) in [
            (Some(Step::Committed), &["git.commit"][..]),
            (Some(Step::Made), &["git.commit"]),
            (Some(Step::Moved), &[]),
            (None, &["git.commit"]),
        ] {
            assert_eq!(names(&one, &at(Some("main"), 2, step)), told, "{step:?}");
        }
        // Without a log, a far commit is where somebody went.
        assert_eq!(names(&one, &at(Some("main"), 5, None)), [""; 0]);
        assert_eq!(names(&one, &one), [""; 0]);
        let unborn = Snapshot { branch: Some("main".to_owned()), ..Snapshot::default() };
        assert_eq!(names(&unborn, &one), ["git.commit"]);
    }

    #[test]
    fn a_branch_is_told_and_a_rebase_is_none() {
        let main = at(Some("main"), 1, None);
        let other = at(Some("other"), 5, Some(Step::Moved));
        assert_eq!(names(&main, &other), ["git.branch"]);
        let detached = at(None, 5, Some(Step::Moved));
        assert_eq!(between(&main, &detached), [EventKind::Branch { branch: None }]);
        let rebasing = Snapshot { operation: Some(Operation::Rebase), ..detached };
        assert_eq!(names(&main, &rebasing), [""; 0]);
        assert_eq!(names(&rebasing, &main), [""; 0]);
    }

    #[test]
    fn conflicts_come_and_go() {
        let calm = at(Some("main"), 1, None);
        let open = |conflicts| Snapshot { conflicts, ..calm.clone() };
        assert_eq!(between(&calm, &open(2)), [EventKind::Conflict { files: 2 }]);
        assert_eq!(names(&open(2), &open(1)), [""; 0]);
        assert_eq!(names(&open(1), &calm), ["git.conflict_resolved"]);
        assert_eq!(first(&open(3)), [EventKind::Conflict { files: 3 }]);
        assert_eq!(first(&calm), []);
        let merged = at(Some("main"), 2, Some(Step::Made));
        assert_eq!(names(&open(1), &merged), ["git.conflict_resolved", "git.commit"]);
    }

    #[test]
    fn a_push_is_told_from_a_fetch() {
        let before = at(Some("main"), 3, None);
        let with = |digit, pushed| {
            let remote = Remote { id: id(digit), pushed };
            let remotes = [("origin/main".to_owned(), remote)].into();
            Snapshot { remotes, ..before.clone() }
        };
        assert_eq!(names(&before, &with(3, Some(true))), ["git.push"]);
        assert_eq!(names(&before, &with(3, Some(false))), [""; 0]);
        assert_eq!(names(&before, &with(3, None)), ["git.push"]);
        assert_eq!(names(&before, &with(4, None)), [""; 0]);
        assert_eq!(names(&with(3, Some(true)), &with(3, Some(true))), [""; 0]);
        assert_eq!(names(&with(3, Some(true)), &before), [""; 0]);
    }

    #[test]
    fn the_log_says_how_head_moved() {
        for (message, step) in [
            ("commit: x", Step::Committed),
            ("commit (initial): x", Step::Committed),
            ("commit (amend): x", Step::Committed),
            ("commit (merge): Merge branch 'x'", Step::Made),
            ("merge x: Merge made by the 'ort' strategy.", Step::Made),
            ("merge x: Fast-forward", Step::Moved),
            ("pull: Fast-forward", Step::Moved),
            ("pull origin main: Merge made by the 'ort' strategy.", Step::Made),
            ("cherry-pick: x", Step::Made),
            ("revert: Revert \"x\"", Step::Made),
            ("checkout: moving from main to x", Step::Moved),
            ("rebase (pick): x", Step::Moved),
            ("reset: moving to HEAD~1", Step::Moved),
            ("", Step::Moved),
        ] {
            assert_eq!(Step::of(message), step, "{message}");
        }
    }
}
