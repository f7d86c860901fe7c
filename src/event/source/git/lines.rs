//! Lines of two texts compared, and the patch between them. Pure.

use gix_diff::blob::{Algorithm, Diff, InternedInput, Interner};
use std::fmt::Write as _;
use std::ops::Range;

/// The longest text that is compared by [`patch`], in bytes.
pub const MAX_PATCHED: usize = 1 << 20;
/// Unchanged lines around a change in a patch.
const CONTEXT: usize = 3;

/// One place where two texts differ: lines of the old one, and what stands there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Zero-based lines of the old text.
    pub(super) before: Range<usize>,
    /// Zero-based lines of the new text.
    pub(super) after: Range<usize>,
}

/// Where two texts differ, line by line. How lines end makes no difference.
pub(super) fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let mut input =
        InternedInput { before: Vec::new(), after: Vec::new(), interner: Interner::new(64) };
    input.update_before(before.lines());
    input.update_after(after.lines());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Hunk { before: range(hunk.before), after: range(hunk.after) }).collect()
}

/// Lines added and lines deleted.
pub(super) fn counts(hunks: &[Hunk]) -> (u64, u64) {
    let sum = |len: &dyn Fn(&Hunk) -> usize| hunks.iter().map(|hunk| len(hunk) as u64).sum();
    (sum(&|hunk| hunk.after.len()), sum(&|hunk| hunk.before.len()))
}

/// How alike two texts are, from 0 to 1: the share of their lines that both have, in order.
pub(super) fn likeness(before: &str, after: &str) -> f64 {
    let total = before.lines().count() + after.lines().count();
    if total == 0 {
        return 1.0;
    }
    let (added, deleted) = counts(&hunks(before, after));
    1.0 - (added + deleted) as f64 / total as f64
}

/// The unified diff of one file, at most `most` bytes of it: hunks that do not fit are left out.
/// `None` as a text is a file that is not there. Empty where nothing fits or nothing differs, and
/// where a text is longer than [`MAX_PATCHED`].
///
/// ```
/// use buddy_render::event::source::git::patch;
///
/// let text = patch("a.txt", Some("one\ntwo\n"), Some("one\n2\n"), 1024);
/// assert_eq!(text, "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
/// ```
#[must_use]
pub fn patch(path: &str, before: Option<&str>, after: Option<&str>, most: usize) -> String {
    let side = |letter: char, text: Option<&str>| {
        text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{letter}/{path}"))
    };
    let head = format!("--- {}\n+++ {}\n", side('a', before), side('b', after));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    if before.len().max(after.len()) > MAX_PATCHED {
        return String::new();
    }
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let mut text = head;
    let empty = text.len();
    for group in grouped(hunks(before, after)) {
        let part = section(&group, &old, &new);
        if text.len() + part.len() <= most {
            text.push_str(&part);
        }
    }
    if text.len() == empty { String::new() } else { text }
}

/// Hunks whose context would touch belong together.
fn grouped(hunks: Vec<Hunk>) -> Vec<Vec<Hunk>> {
    let mut groups: Vec<Vec<Hunk>> = Vec::new();
    for hunk in hunks {
        let near = |group: &Vec<Hunk>| {
            group.last().is_some_and(|last| hunk.before.start <= last.before.end + 2 * CONTEXT)
        };
        match groups.last_mut().filter(|group| near(group)) {
            Some(group) => group.push(hunk),
            None => groups.push(vec![hunk]),
        }
    }
    groups
}

fn section(group: &[Hunk], old: &[&str], new: &[&str]) -> String {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return String::new() };
    let lead = first.before.start.min(first.after.start).min(CONTEXT);
    let trail = (old.len() - last.before.end).min(CONTEXT);
    let from = first.before.start - lead..last.before.end + trail;
    let to = first.after.start - lead..last.after.end + trail;
    let mut text = format!("@@ -{} +{} @@\n", span(&from), span(&to));
    let mut put = |mark: char, lines: &[&str]| {
        for line in lines {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{mark}{line}");
        }
    };
    let mut at = from.start;
    for hunk in group {
        put(' ', old.get(at..hunk.before.start).unwrap_or_default());
        put('-', old.get(hunk.before.clone()).unwrap_or_default());
        put('+', new.get(hunk.after.clone()).unwrap_or_default());
        at = hunk.before.end;
    }
    put(' ', old.get(at..from.end).unwrap_or_default());
    text
}

/// Lines as a hunk's head counts them: from one, and an empty span after the line before it.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(lines: Range<usize>) -> String {
        lines.map(|n| format!("line {n}\n")).collect()
    }

    #[test]
    fn line_ends_make_no_difference() {
        assert_eq!(hunks("a\r\nb\r\n", "a\nb"), []);
        assert_eq!(counts(&hunks("a\nb\nc\n", "a\nx\ny\nc\n")), (2, 1));
        assert_eq!(counts(&hunks("", "a\nb\n")), (2, 0));
    }

    #[test]
    fn what_moved_to_another_file_is_alike() {
        let text = numbered(0..100);
        assert!((likeness(&text, &text) - 1.0).abs() < f64::EPSILON);
        assert!(likeness(&text, &numbered(10..100)) > 0.9);
        assert!(likeness(&text, "x\ny\n") < 0.1);
    }

    #[test]
    fn patches_have_context_and_are_bounded() {
        let before = numbered(1..41);
        let after = before.replace("line 5\n", "five\n").replace("line 30\n", "");
        let text = patch("x", Some(&before), Some(&after), 1 << 16);
        assert!(text.contains("@@ -2,7 +2,7 @@\n line 2\n"), "{text}");
        assert!(text.contains("@@ -27,7 +27,6 @@\n line 27\n"), "{text}");
        let small = patch("x", Some(&before), Some(&after), 110);
        assert!(small.contains("five") && !small.contains("-line 30"), "{small}");
        assert_eq!(patch("x", Some(&before), Some(&after), 20), "");
        assert_eq!(patch("x", Some(&before), Some(&before), 1 << 16), "");
        let gone = patch("x", Some("a\nb\n"), None, 1 << 16);
        assert_eq!(gone, "--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n");
        let made = patch("x", None, Some("a\n"), 1 << 16);
        assert_eq!(made, "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
    }
}
