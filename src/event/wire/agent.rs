//! What the hooks of coding agents have in common: one object on standard input, with the event's
//! name, where it happened and which tool was used.

use super::super::{AgentState, Event, EventKind};
use super::json::Object;
use crate::text::SafeText;

/// The agent's state as an event of the repository in which it works.
pub(super) fn state(
    app: &str,
    state: AgentState,
    message: Option<SafeText>,
    hook: &Object<'_>,
) -> Event {
    let app = Some(SafeText::new(app));
    Event { repo: repo(hook), ..Event::of(EventKind::Agent { state, app, message }) }
}

/// The text, safe to show; nothing where nothing is left to show.
pub(super) fn shown(text: &str) -> Option<SafeText> {
    Some(SafeText::new(text)).filter(|text| !text.is_empty())
}

/// The text of a key, as it is [shown]; nothing where it is empty.
pub(super) fn text(hook: &Object<'_>, name: &str) -> Option<SafeText> {
    shown(&hook.string(name)?)
}

fn repo(hook: &Object<'_>) -> Option<SafeText> {
    text(hook, "cwd")
}

/// Lines that a tool wrote into one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) path: Option<SafeText>,
    pub(super) added: u64,
    pub(super) deleted: u64,
    pub(super) files: u64,
}

impl Change {
    pub(super) fn event(self, hook: &Object<'_>) -> Event {
        let Self { path, added, deleted, files } = self;
        let kind = EventKind::Edit { path, added, deleted, files, renamed: false, patch: None };
        Event { repo: repo(hook), ..Event::of(kind) }
    }

    /// One text in another's place: what both begin and end with did not change.
    pub(super) fn replaced(path: Option<SafeText>, old: &str, new: &str) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - same;
        let ends = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
        let same = same + ends.min(most);
        Self {
            path,
            added: (new.len() - same) as u64,
            deleted: (old.len() - same) as u64,
            files: 1,
        }
    }

    /// The lines of a patch that begin with a plus or a minus.
    pub(super) fn add_patch_line(&mut self, line: &str) {
        self.added += u64::from(line.starts_with('+'));
        self.deleted += u64::from(line.starts_with('-'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_differ_count() {
        for (old, new, added, deleted) in [
            ("a\nb\nc", "a\nx\ny\nc", 2, 1),
            ("a", "a", 0, 0),
            ("", "a\nb", 2, 0),
            ("a\nb\nb\nc", "a\nb\nc", 0, 1),
            ("b\nb", "b", 0, 1),
            ("a\nb", "", 0, 2),
        ] {
            let change = Change::replaced(None, old, new);
            assert_eq!((change.added, change.deleted), (added, deleted), "{old:?} → {new:?}");
        }
    }
}
