//! What is decided by rules, each in one place.

use crate::event::EventKind;

/// More net deleted lines than this are a large delete.
pub const LARGE_DELETE_LINES: u64 = 50;

/// The lines that a large delete took away: net of what was added, moves left out. `None` where
/// it is none.
#[must_use]
pub fn large_delete(kind: &EventKind) -> Option<u64> {
    let lines = match kind {
        EventKind::LargeDelete { deleted } => *deleted,
        EventKind::Edit { added, deleted, renamed: false, .. } => deleted.saturating_sub(*added),
        _ => return None,
    };
    (lines > LARGE_DELETE_LINES).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(added: u64, deleted: u64, renamed: bool) -> EventKind {
        EventKind::Edit { path: None, added, deleted, files: 1, renamed }
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
}
