//! Suggestions of linters that a machine could apply and that leave less: hints to condense.

use super::super::{Event, EventKind};
use super::agent::{shown, text};
use super::json::{Object, Raw};

/// The longest replacement that is shown, in characters.
const MAX_SHOWN: usize = 60;

/// A piece of a file, and what is suggested in its place.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    /// One-based.
    first: u64,
    last: u64,
    /// One-based; the piece ends before it.
    end_column: u64,
    new: &'a str,
}

impl Piece<'_> {
    /// Lines that the piece is on, and lines that are left of them.
    fn lines(self) -> (u64, u64) {
        let breaks = self.new.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let span = self.last.saturating_sub(self.first);
        if self.end_column <= 1 && span > 0 {
            // Whole lines: the last one is not touched.
            let rest = u64::from(!self.new.is_empty() && !self.new.ends_with('\n'));
            (span, breaks + rest)
        } else {
            (span + 1, breaks + 1)
        }
    }
}

/// The hint of a compiler's message, if applying what it suggests leaves less text.
pub(super) fn cargo(message: &Object<'_>) -> Option<Event> {
    message.items("children").into_iter().filter_map(Raw::object).find_map(|child| {
        let spans: Vec<_> = child.items("spans").into_iter().filter_map(Raw::object).collect();
        let is_safe = |span: &Object<'_>| {
            span.string("suggestion_applicability").as_deref() == Some("MachineApplicable")
        };
        let first = spans.first()?;
        if !spans.iter().all(is_safe) {
            return None;
        }
        let (mut old_size, mut new_size, mut before, mut after) = (0, 0, 0_u64, 0_u64);
        let mut line_before = None;
        for span in &spans {
            let new = span.string("suggested_replacement")?;
            let [first, last, end_column] =
                ["line_start", "line_end", "column_end"].map(|name| span.count(name));
            let (was, is) = Piece { first, last, end_column, new: &new }.lines();
            // Two pieces of one line are on one line.
            let same = u64::from(line_before == Some(first)).min(is);
            before = before.saturating_add(was.saturating_sub(same));
            after = after.saturating_add(is - same);
            line_before = Some(last);
            let lines = span.items("text").into_iter().filter_map(Raw::object);
            old_size += lines.map(|line| highlighted(&line)).sum::<usize>();
            new_size += new.chars().filter(|c| !c.is_whitespace()).count();
        }
        let said = child.string("message").unwrap_or_default();
        let new = first.string("suggested_replacement").unwrap_or_default();
        let is_shown =
            spans.len() == 1 && !new.trim().is_empty() && new.chars().count() <= MAX_SHOWN;
        let said = if is_shown { format!("{said}: {}", new.trim()) } else { said.into_owned() };
        (new_size < old_size).then(|| {
            Event::of(EventKind::Condense {
                path: text(first, "file_name"),
                line: first.get("line_start").and_then(Raw::count),
                before: Some(before),
                after: Some(after),
                message: shown(&said),
            })
        })
    })
}

/// How many characters of a line are meant, without blanks.
fn highlighted(line: &Object<'_>) -> usize {
    let text = line.string("text").unwrap_or_default();
    let [from, to] = ["highlight_start", "highlight_end"].map(|name| line.count(name));
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let meant = text.chars().skip(size(from.saturating_sub(1))).take(size(to.saturating_sub(from)));
    meant.filter(|c| !c.is_whitespace()).count()
}

/// The hint of one of reviewdog's diagnostics, if what it suggests leaves fewer lines.
pub(super) fn rdjson(diagnostic: &Object<'_>) -> Option<Event> {
    let suggestion = diagnostic.items("suggestions").into_iter().next()?.object()?;
    let at = |names: &[&str]| suggestion.at(names).and_then(Raw::count);
    let new = suggestion.string("text").unwrap_or_default();
    let piece = Piece {
        first: at(&["range", "start", "line"])?,
        last: at(&["range", "end", "line"])?,
        end_column: at(&["range", "end", "column"]).unwrap_or(0),
        new: &new,
    };
    let location = diagnostic.object("location").unwrap_or_default();
    hint(text(&location, "path"), piece, diagnostic.string("message").as_deref())
}

/// The hint of a SARIF result, if its fix is one piece and leaves fewer lines.
pub(super) fn sarif(result: &Object<'_>, path: Option<crate::text::SafeText>) -> Option<Event> {
    let fix = result.items("fixes").into_iter().next()?.object()?;
    let changes = fix.items("artifactChanges");
    let change = changes.into_iter().next()?.object()?;
    let replacements = change.items("replacements");
    let [replacement] = replacements[..] else { return None };
    let replacement = replacement.object()?;
    let at = |name: &str| replacement.at(&["deletedRegion", name]).and_then(Raw::count);
    let new =
        replacement.at(&["insertedContent", "text"]).and_then(Raw::string).unwrap_or_default();
    let first = at("startLine")?;
    let piece = Piece {
        first,
        last: at("endLine").unwrap_or(first),
        end_column: at("endColumn").unwrap_or(0),
        new: &new,
    };
    let said = result.at(&["message", "text"]).and_then(Raw::string);
    hint(path, piece, said.as_deref())
}

fn hint(
    path: Option<crate::text::SafeText>,
    piece: Piece<'_>,
    said: Option<&str>,
) -> Option<Event> {
    let (before, after) = piece.lines();
    (after < before).then(|| {
        Event::of(EventKind::Condense {
            path,
            line: Some(piece.first),
            before: Some(before),
            after: Some(after),
            message: said.and_then(shown),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(first: u64, last: u64, end_column: u64, new: &str) -> (u64, u64) {
        Piece { first, last, end_column, new }.lines()
    }

    #[test]
    fn lines_that_are_left() {
        assert_eq!(lines(3, 3, 9, "x"), (1, 1));
        assert_eq!(lines(3, 6, 9, "x"), (4, 1));
        assert_eq!(lines(3, 6, 9, "x\ny"), (4, 2));
        assert_eq!(lines(1, 2, 1, ""), (1, 0));
        assert_eq!(lines(1, 4, 1, "x\n"), (3, 1));
        assert_eq!(lines(u64::MAX, 0, 0, ""), (1, 1));
    }

    #[test]
    fn only_what_is_safe_and_shorter_is_a_hint() {
        let message = |safe: &str, new: &str| {
            let text = format!(
                r#"{{"children":[{{"message":"remove `return`","spans":[{{"file_name":"src/lib.rs","line_start":2,
                "line_end":2,"column_end":18,"suggested_replacement":"{new}","suggestion_applicability":"{safe}",
                "text":[{{"text":"    return x + 1;","highlight_start":5,"highlight_end":18}}]}}]}}]}}"#
            );
            cargo(&Object::parse(&text).unwrap()).map(|event| event.kind)
        };
        let Some(EventKind::Condense { path, line, before, after, message: said }) =
            message("MachineApplicable", "x + 1")
        else {
            panic!("no hint");
        };
        assert_eq!((path, line), (shown("src/lib.rs"), Some(2)));
        assert_eq!((before, after, said), (Some(1), Some(1), shown("remove `return`: x + 1")));
        assert_eq!(message("MaybeIncorrect", "x + 1"), None);
        assert_eq!(message("MachineApplicable", "return (x + 1);"), None);
    }
}
