//! The same lines written twice in one burst: something that could be said once. Pure.

use super::burst::Piece;
use crate::event::EventKind;
use crate::text::SafeText;
use std::collections::HashMap;

/// So many lines are a block.
pub(super) const BLOCK: usize = 4;
/// A block says so many letters and digits; less is brackets and keywords.
const SUBSTANCE: usize = 40;
/// The most added lines that are looked through.
const MAX_LINES: usize = 20_000;

/// An added line, and where it stands.
struct Added<'a> {
    file: usize,
    /// Zero-based.
    line: usize,
    text: &'a str,
}

/// The longest block of lines that this burst added more than once.
pub(super) fn hint(pieces: &[Piece]) -> Option<EventKind> {
    let added = added(pieces);
    let (first, again, lines) = longest(&added)?;
    let place = |at: usize| {
        let path = pieces.get(added.get(at)?.file).map(|piece| piece.change.path.as_str())?;
        Some((path, added.get(at)?.line as u64 + 1))
    };
    let ((there, there_line), (path, line)) = (place(first)?, place(again)?);
    let message = format!("{lines} lines twice: {there}:{there_line} and {path}:{line}");
    Some(EventKind::Condense {
        path: Some(SafeText::new(path)),
        line: Some(line),
        before: Some(2 * lines as u64),
        after: Some(lines as u64),
        message: Some(SafeText::new(&message)),
    })
}

fn added(pieces: &[Piece]) -> Vec<Added<'_>> {
    let mut out = Vec::new();
    for (file, piece) in pieces.iter().enumerate() {
        let Some(after) = piece.change.after.as_deref() else { continue };
        let lines: Vec<&str> = after.lines().collect();
        for hunk in &piece.hunks {
            let texts = lines.get(hunk.after.clone()).unwrap_or_default();
            out.extend(texts.iter().enumerate().map(|(n, text)| Added {
                file,
                line: hunk.after.start + n,
                text: text.trim(),
            }));
        }
        if out.len() > MAX_LINES {
            out.truncate(MAX_LINES);
            break;
        }
    }
    out
}

/// Where the longest block stands first, where again, and how many lines it has.
fn longest(added: &[Added<'_>]) -> Option<(usize, usize, usize)> {
    let mut seen: HashMap<Vec<&str>, usize> = HashMap::new();
    let mut best: Option<(usize, usize, usize)> = None;
    for at in 0..added.len().saturating_sub(BLOCK - 1) {
        let block = added.get(at..at + BLOCK).unwrap_or_default();
        if !is_whole(block) {
            continue;
        }
        let key: Vec<&str> = block.iter().map(|line| line.text).collect();
        let first = *seen.entry(key).or_insert(at);
        if first + BLOCK > at {
            continue;
        }
        let length = common(added, first, at);
        let said = added.get(at..at + length).unwrap_or_default();
        let substance: usize =
            said.iter().map(|l| l.text.chars().filter(|c| c.is_alphanumeric()).count()).sum();
        if substance >= SUBSTANCE && best.is_none_or(|(_, _, most)| length > most) {
            best = Some((first, at, length));
        }
    }
    best
}

/// Whether lines follow each other in one file.
fn is_whole(block: &[Added<'_>]) -> bool {
    block.windows(2).all(|pair| match pair {
        [a, b] => a.file == b.file && a.line + 1 == b.line,
        _ => true,
    })
}

/// How many lines are the same from two places on, before the first reaches the second.
fn common(added: &[Added<'_>], first: usize, again: usize) -> usize {
    let same = |n: &usize| {
        let (Some(a), Some(b)) = (added.get(first + n), added.get(again + n)) else { return false };
        let follows = |at: usize| *n == 0 || added.get(at + n - 1..=at + n).is_some_and(is_whole);
        a.text == b.text && follows(first) && follows(again)
    };
    (0..again - first).take_while(same).count()
}

#[cfg(test)]
mod tests {
    use super::super::burst::{Change, compare};
    use super::*;

    const BLOCK_OF_FIVE: &str = "let total = items.iter().map(price).sum::<u64>();\n\
        let taxed = total + total * TAX / 100;\nif taxed > LIMIT {\n    return Err(TooMuch);\n}\n";

    fn pieces(texts: &[(&str, &str)]) -> Vec<Piece> {
        let change = |(path, text): &(&str, &str)| Change {
            path: (*path).to_owned(),
            before: None,
            after: Some((*text).into()),
        };
        compare(texts.iter().map(change).collect())
    }

    #[test]
    fn a_block_twice_in_one_file_or_two() {
        let indented = BLOCK_OF_FIVE.replace('\n', "\n  ");
        let text = format!("fn a() {{\n{BLOCK_OF_FIVE}}}\nfn b() {{\n  {indented}\n}}\n");
        let wanted = EventKind::Condense {
            path: Some(SafeText::new("a.rs")),
            line: Some(9),
            before: Some(10),
            after: Some(5),
            message: Some(SafeText::new("5 lines twice: a.rs:2 and a.rs:9")),
        };
        assert_eq!(hint(&pieces(&[("a.rs", &text)])), Some(wanted));
        let two = hint(&pieces(&[("a.rs", BLOCK_OF_FIVE), ("b.rs", BLOCK_OF_FIVE)]));
        assert!(matches!(two, Some(EventKind::Condense { line: Some(1), .. })), "{two:?}");
    }

    #[test]
    fn three_lines_or_brackets_are_no_block() {
        let three: String = BLOCK_OF_FIVE.lines().take(3).map(|l| format!("{l}\n")).collect();
        assert_eq!(hint(&pieces(&[("a.rs", &format!("{three}x\n{three}"))])), None);
        let brackets = "}\n}\n}\n}\n}\n";
        assert_eq!(hint(&pieces(&[("a.rs", &format!("{brackets}x\n{brackets}"))])), None);
        assert_eq!(hint(&pieces(&[("a.rs", &"one long line of the same\n".repeat(7))])), None);
    }

    #[test]
    fn what_was_there_before_is_not_added() {
        let change = Change {
            path: "a.rs".to_owned(),
            before: Some(BLOCK_OF_FIVE.into()),
            after: Some(format!("{BLOCK_OF_FIVE}\n{BLOCK_OF_FIVE}").into()),
        };
        assert_eq!(hint(&compare(vec![change])), None);
    }
}
