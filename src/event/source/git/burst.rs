//! One burst of work: files as they were and as they are, weighed together. Pure.
//!
//! What left one file and came to another in the same burst is no loss: additions and deletions are
//! summed over the burst, and whether a net loss is a large one is decided where all such things
//! are, in `intent::rules`.

use super::generated;
use super::lines::{self, Hunk};
use crate::event::{EventKind, MAX_PATCH_BYTES, Patch};
use crate::text::SafeText;
use std::sync::Arc;

/// Two files that share so much of their lines are one file that was moved.
pub(super) const SAME_FILE: f64 = 0.6;
/// Files that came and files that went, of which each pair is compared.
const MAX_PAIRED: usize = 32;

/// One file: what it held, and what it holds. `None` where it is not there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// Relative to the work tree, with slashes.
    pub(super) path: String,
    pub(super) before: Option<Arc<str>>,
    pub(super) after: Option<Arc<str>>,
}

/// A change, compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) change: Change,
    /// Where it was before, if it was moved.
    pub(super) from: Option<String>,
    pub(super) hunks: Vec<Hunk>,
}

impl Piece {
    fn new(change: Change, from: Option<String>) -> Self {
        let text = |text: &Option<Arc<str>>| text.clone().unwrap_or_else(|| "".into());
        let hunks = lines::hunks(&text(&change.before), &text(&change.after));
        Self { change, from, hunks }
    }

    fn counts(&self) -> (u64, u64) {
        lines::counts(&self.hunks)
    }

    fn is_told(&self) -> bool {
        self.from.is_some()
            || !self.hunks.is_empty()
            || self.change.before.is_some() != self.change.after.is_some()
    }
}

/// The burst's changes compared: what tools wrote is left out, and what was moved is one piece.
pub(super) fn compare(changes: Vec<Change>) -> Vec<Piece> {
    let is_generated = |change: &Change| {
        let signed =
            |text: &Option<Arc<str>>| text.as_deref().is_some_and(generated::is_generated_text);
        generated::is_generated_name(&change.path)
            || signed(&change.before)
            || signed(&change.after)
    };
    let (mut gone, mut come, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes.into_iter().filter(|change| !is_generated(change)) {
        match (&change.before, &change.after) {
            (Some(_), None) => gone.push(change),
            (None, Some(_)) => come.push(change),
            (None, None) => {}
            _ => pieces.push(Piece::new(change, None)),
        }
    }
    for change in gone {
        pieces.push(match take_alike(&change, &mut come) {
            Some(moved) => {
                let Change { path, after, .. } = moved;
                Piece::new(Change { path, before: change.before, after }, Some(change.path))
            }
            None => Piece::new(change, None),
        });
    }
    pieces.extend(come.into_iter().map(|change| Piece::new(change, None)));
    pieces.retain(Piece::is_told);
    pieces
}

/// The new file that a lost one became.
fn take_alike(gone: &Change, come: &mut Vec<Change>) -> Option<Change> {
    let before = gone.before.as_deref()?;
    let likeness = |change: &Change| lines::likeness(before, change.after.as_deref().unwrap_or(""));
    let alike = come.iter().take(MAX_PAIRED).map(likeness).enumerate();
    let (at, most) = alike.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (most >= SAME_FILE).then(|| come.swap_remove(at))
}

/// The burst as one event: lines added and deleted over all of its files.
pub(super) fn edit(pieces: &[Piece]) -> Option<EventKind> {
    let weight = |piece: &&Piece| {
        let (added, deleted) = piece.counts();
        added + deleted
    };
    let most = pieces.iter().max_by_key(weight)?;
    let (added, deleted) = pieces
        .iter()
        .map(Piece::counts)
        .fold((0, 0), |(a, d), counts| (a + counts.0, d + counts.1));
    Some(EventKind::Edit {
        path: Some(SafeText::new(&most.change.path)).filter(|path| !path.is_empty()),
        added,
        deleted,
        files: pieces.len() as u64,
        renamed: pieces.iter().all(|piece| piece.from.is_some()),
        patch: patch(pieces),
    })
}

/// The burst as one diff, as far as it fits: what the files were before it, and what they are.
fn patch(pieces: &[Piece]) -> Option<Patch> {
    let mut all = String::new();
    for Change { path, before, after } in pieces.iter().map(|piece| &piece.change) {
        let left = MAX_PATCH_BYTES.saturating_sub(all.len());
        all.push_str(&lines::patch(path, before.as_deref(), after.as_deref(), left));
    }
    Patch::new(&all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::rules::large_delete;

    fn text(name: &str, lines: usize) -> Option<Arc<str>> {
        let text: String = (0..lines).map(|n| format!("{name} {n}\n")).collect();
        Some(text.into())
    }

    fn change(path: &str, before: Option<Arc<str>>, after: Option<Arc<str>>) -> Change {
        Change { path: path.to_owned(), before, after }
    }

    fn loss(changes: Vec<Change>) -> Option<u64> {
        large_delete(&edit(&compare(changes))?)
    }

    #[test]
    fn fifty_one_lines_are_many_and_fifty_are_not() {
        assert_eq!(loss(vec![change("a", text("x", 60), text("x", 9))]), Some(51));
        assert_eq!(loss(vec![change("a", text("x", 60), text("x", 10))]), None);
        assert_eq!(loss(vec![change("a", text("x", 51), None)]), Some(51));
        let two = vec![change("a", text("x", 60), None), change("b", None, text("y", 9))];
        assert_eq!(loss(two), Some(51));
    }

    #[test]
    fn what_moved_is_not_lost() {
        let block = text("x", 200).unwrap();
        let grown: Arc<str> = format!("{}{block}", text("y", 5).unwrap()).into();
        let across =
            vec![change("a", text("x", 200), text("x", 0)), change("b", text("y", 5), Some(grown))];
        assert_eq!(loss(across), None);
        let renamed = vec![change("a", text("x", 200), None), change("b", None, text("x", 140))];
        let pieces = compare(renamed.clone());
        assert_eq!((pieces.len(), pieces[0].from.as_deref()), (1, Some("a")));
        assert!(matches!(
            edit(&pieces),
            Some(EventKind::Edit { renamed: true, deleted: 60, added: 0, files: 1, .. })
        ));
        assert_eq!(loss(renamed), None);
    }

    #[test]
    fn what_tools_write_does_not_count() {
        let lost = |path| loss(vec![change(path, text("x", 500), text("x", 2))]);
        assert_eq!((lost("Cargo.lock"), lost("a/b.pb.go"), lost("a.rs")), (None, None, Some(498)));
        let signed: Arc<str> = format!("// @generated\n{}", text("x", 99).unwrap()).into();
        assert_eq!(loss(vec![change("a.rs", Some(signed), None)]), None);
    }

    #[test]
    fn one_event_stands_for_the_burst() {
        let changes = vec![
            change("a.rs", text("x", 3), text("x", 4)),
            change("b.rs", None, text("y", 10)),
            change("c.rs", text("z", 1), text("z", 1)),
        ];
        let wanted = EventKind::Edit {
            path: Some(SafeText::new("b.rs")),
            added: 11,
            deleted: 0,
            files: 2,
            renamed: false,
            patch: None,
        };
        let Some(EventKind::Edit { path, added, deleted, files, renamed, patch }) =
            edit(&compare(changes))
        else {
            panic!("no edit")
        };
        let told = EventKind::Edit { path, added, deleted, files, renamed, patch: None };
        assert_eq!(told, wanted);
        let patch = patch.unwrap();
        assert!(patch.as_str().starts_with("--- a/a.rs\n+++ b/a.rs\n@@ "), "{}", patch.as_str());
        assert!(patch.as_str().contains("\n--- /dev/null\n+++ b/b.rs\n@@ "), "{}", patch.as_str());
        assert_eq!(edit(&[]), None);
    }
}
