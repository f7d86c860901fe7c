//! Reads unified diffs: of git, with one or more parents, and of `diff -u`.

use std::borrow::Cow;

/// A file that a diff touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File<'a> {
    old: Cow<'a, [u8]>,
    new: Cow<'a, [u8]>,
    pub(super) added: bool,
    pub(super) deleted: bool,
    pub(super) renamed: bool,
    pub(super) binary: bool,
}

impl File<'_> {
    /// Where it is, or was before it was deleted.
    pub(super) fn path(&self) -> &[u8] {
        if self.deleted { &self.old } else { &self.new }
    }
}

/// Which side a line is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Added,
    Deleted,
    Context,
}

/// What a diff consists of, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A hunk begins; what git found above it.
    Hunk(&'a [u8]),
    /// A line without its mark and end.
    Line(Side, &'a [u8]),
    /// A file ends, of which all is known now.
    End(File<'a>),
}

/// Hands the parts of `diff` on. What is no part of a diff (a commit's message, say) is passed over.
pub(super) fn scan<'a>(diff: &'a [u8], mut hand_on: impl FnMut(Part<'a>)) {
    let mut state = State::default();
    for line in diff.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(part) = state.body(line) {
            hand_on(part);
            continue;
        }
        if state.begins_file(line) {
            state.file.take().map(Part::End).into_iter().for_each(&mut hand_on);
            state.begin_file(line);
        } else if let Some(header) = state.hunk(line) {
            hand_on(Part::Hunk(header));
        } else {
            state.note(line);
        }
        state.minus = line.strip_prefix(b"--- ");
    }
    state.file.take().map(Part::End).into_iter().for_each(hand_on);
}

#[derive(Default)]
struct State<'a> {
    file: Option<File<'a>>,
    /// The file had its header, and what follows that is no hunk is another's.
    had_hunk: bool,
    /// Lines of the old and the new side that the hunk still has.
    left: (u64, u64),
    /// Of a hunk with several parents: how many marks its lines have.
    parents: usize,
    /// The path of a `---` line just above.
    minus: Option<&'a [u8]>,
}

impl<'a> State<'a> {
    /// The line of a hunk, if it is one.
    fn body(&mut self, line: &'a [u8]) -> Option<Part<'a>> {
        if self.parents > 1 {
            let (marks, body) = line.split_at_checked(self.parents)?;
            let is = |mark: u8| marks.contains(&mark);
            let side = match marks.iter().all(|mark| b" +-".contains(mark)) {
                false => return None,
                true if is(b'+') => Side::Added,
                true if is(b'-') => Side::Deleted,
                true => Side::Context,
            };
            return Some(Part::Line(side, body));
        }
        if self.left == (0, 0) {
            return None;
        }
        let (mark, body) = line.split_first()?;
        let (old, new) = &mut self.left;
        let side = match mark {
            b' ' => Side::Context,
            b'+' => Side::Added,
            b'-' => Side::Deleted,
            _ => return None,
        };
        *old = old.saturating_sub(u64::from(side != Side::Added));
        *new = new.saturating_sub(u64::from(side != Side::Deleted));
        Some(Part::Line(side, body))
    }

    fn begins_file(&self, line: &[u8]) -> bool {
        let is_git = [&b"diff --git "[..], b"diff --cc ", b"diff --combined "];
        let plain = line.starts_with(b"+++ ") && self.minus.is_some();
        is_git.iter().any(|start| line.starts_with(start))
            || plain && (self.file.is_none() || self.had_hunk)
    }

    fn begin_file(&mut self, line: &'a [u8]) {
        self.left = (0, 0);
        self.parents = 0;
        self.had_hunk = false;
        let mut file = File::default();
        if let Some(names) = line.strip_prefix(b"diff --git ") {
            if let Some(at) = find(names, b" b/") {
                let old = names.get(..at).unwrap_or_default();
                file.old = Cow::Borrowed(old.strip_prefix(b"a/").unwrap_or(old));
                file.new = Cow::Borrowed(names.get(at + 3..).unwrap_or_default());
            }
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            name_plain(&mut file, self.minus.unwrap_or_default(), name);
        } else {
            let at =
                find(line, b" --c").and_then(|at| find(line.get(at + 1..)?, b" ").map(|s| at + s));
            let name = at.and_then(|at| line.get(at + 2..)).unwrap_or_default();
            (file.old, file.new) = (unquoted(name), unquoted(name));
        }
        self.file = Some(file);
    }

    /// What stands behind the mark of a hunk, if the line is one.
    fn hunk(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        self.file.as_ref()?;
        let marks = line.iter().take_while(|byte| **byte == b'@').count();
        if marks < 2 || line.get(marks) != Some(&b' ') {
            return None;
        }
        self.had_hunk = true;
        self.parents = marks - 1;
        self.left = (0, 0);
        if self.parents == 1 {
            let mut ranges =
                line.split(u8::is_ascii_whitespace).filter(|one| !one.is_empty()).skip(1);
            self.left = (length(ranges.next()), length(ranges.next()));
        }
        let rest = line.get(marks + 1..)?;
        let end = find(rest, line.get(..marks)?);
        Some(end.and_then(|at| rest.get(at + marks..)).unwrap_or_default())
    }

    /// Takes note of a line of a file's header.
    fn note(&mut self, line: &'a [u8]) {
        let Some(file) = &mut self.file else { return };
        if line.starts_with(b"new file") {
            file.added = true;
        } else if line.starts_with(b"deleted file") {
            file.deleted = true;
        } else if line.starts_with(b"rename from") {
            file.renamed = true;
        } else if line.starts_with(b"Binary files") || line.starts_with(b"GIT binary patch") {
            file.binary = true;
        } else if let (Some(new), Some(old), true) =
            (line.strip_prefix(b"+++ "), self.minus, file.old.is_empty() && file.new.is_empty())
        {
            // Git quotes paths with unusual bytes, which its first line then shows in no way that
            // tells them apart.
            name_plain(file, old, new);
        }
    }
}

fn name_plain<'a>(file: &mut File<'a>, old: &'a [u8], new: &'a [u8]) {
    // `diff -u` puts the time behind a tab.
    let path = |name: &'a [u8]| name.split(|byte| *byte == b'\t').next().unwrap_or_default();
    let (old, new) = (path(old), path(new));
    file.added |= old == b"/dev/null";
    file.deleted |= new == b"/dev/null";
    (file.old, file.new) = (without(unquoted(old), b"a/"), without(unquoted(new), b"b/"));
}

fn without<'a>(path: Cow<'a, [u8]>, prefix: &[u8]) -> Cow<'a, [u8]> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.strip_prefix(prefix).unwrap_or(path)),
        Cow::Owned(path) => Cow::Owned(path.strip_prefix(prefix).unwrap_or(&path).to_vec()),
    }
}

/// A path as it is, where git quoted it as C does.
fn unquoted(name: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) else {
        return Cow::Borrowed(name);
    };
    let mut path = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            path.push(byte);
            continue;
        }
        match bytes.next() {
            Some(first @ b'0'..=b'7') => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(digit) = bytes.next_if(|b| (b'0'..=b'7').contains(b)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                }
                path.push(value.to_le_bytes()[0]);
            }
            Some(b't') => path.push(b'\t'),
            Some(b'n') => path.push(b'\n'),
            Some(other) => path.push(other),
            None => {}
        }
    }
    Cow::Owned(path)
}

/// How many lines a range such as `-10,7` has: 1 where it does not say.
fn length(range: Option<&[u8]>) -> u64 {
    let Some(range) = range.and_then(|range| range.get(1..)) else { return 0 };
    match range.split(|byte| *byte == b',').nth(1) {
        None => 1,
        Some(count) => str::from_utf8(count).ok().and_then(|count| count.parse().ok()).unwrap_or(0),
    }
}

/// Where `wanted` begins first. By its first byte, which most lines do not have often.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, rest) = wanted.split_first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| byte == first)?;
        if bytes.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts in short: `path+-RB` at a file's end, `@header`, and lines with their mark.
    fn told(diff: &str) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut told = Vec::new();
        scan(diff.as_bytes(), |part| {
            told.push(match part {
                Part::Hunk(header) => format!("@{}", text(header)),
                Part::Line(Side::Added, line) => format!("+{}", text(line)),
                Part::Line(Side::Deleted, line) => format!("-{}", text(line)),
                Part::Line(Side::Context, line) => format!(" {}", text(line)),
                Part::End(file) => {
                    let flags = [
                        (file.added, '+'),
                        (file.deleted, '-'),
                        (file.renamed, 'R'),
                        (file.binary, 'B'),
                    ];
                    let flags = flags.iter().filter_map(|(is, flag)| is.then_some(*flag));
                    format!("{} {}", text(file.path()), flags.collect::<String>())
                }
            });
        });
        told
    }

    #[test]
    fn gits_diffs() {
        let diff = "commit 1\n\n    diff --git is a command\n\ndiff --git a/src/a.rs b/src/a.rs\n\
            index 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,3 +1,3 @@ impl A {\n one\n\
            -two\r\n+2\r\n \n\\ No newline at end of file\ndiff --git a/b.png b/c.png\n\
            similarity index 90%\nrename from b.png\nrename to c.png\nBinary files differ\n\
            diff --git a/d b/d\ndeleted file mode 100644\n--- a/d\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
        let expected =
            ["@ impl A {", " one", "-two", "+2", " ", "src/a.rs ", "c.png RB", "@", "-x", "d -"];
        assert_eq!(told(diff), expected);
    }

    #[test]
    fn diffs_without_git_and_with_quoted_paths() {
        let diff = "--- old/a.c\t2026-01-01\n+++ new/a.c\t2026-01-02\n@@ -1 +1,2 @@\n-a\n+b\n+c\n\
            --- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+n\n\
            diff --git \"a/caf\\303\\251.md\" \"b/caf\\303\\251.md\"\n--- \"a/caf\\303\\251.md\"\n\
            +++ \"b/caf\\303\\251.md\"\n@@ -1 +1 @@\n-x\n+y\n";
        let expected =
            ["@", "-a", "+b", "+c", "new/a.c ", "@", "+n", "n.c +", "@", "-x", "+y", "café.md "];
        assert_eq!(told(diff), expected);
    }

    #[test]
    fn what_looks_like_a_header_within_a_hunk_is_a_line() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n \n";
        assert_eq!(
            told(diff),
            ["@", "--- a/y".strip_prefix('-').map_or("", |_| "--- a/y"), "+++ b/y", " ", "x "]
        );
    }

    #[test]
    fn a_conflicts_diff_has_two_parents() {
        let diff = "diff --cc src/a.rs\nindex 1,2..0\n--- a/src/a.rs\n+++ b/src/a.rs\n\
            @@@ -1,2 -1,2 +1,6 @@@ fn a\n  same\n++<<<<<<< ours\n +1\n++=======\n+ 2\n--3\n\
            diff --git a/x b/x\n";
        let expected =
            ["@ fn a", " same", "+<<<<<<< ours", "+1", "+=======", "+2", "-3", "src/a.rs ", "x "];
        assert_eq!(told(diff), expected);
    }

    #[test]
    fn nonsense_is_passed_over() {
        for diff in
            ["", "\n\n", "@@ -1 +1 @@\n-a\n", "diff --git ", "diff --git a/x b/x\n@@", "+++ "]
        {
            assert!(told(diff).iter().all(|part| part == " " || part == "x "), "{diff:?}");
        }
        let huge = "diff --git a/x b/x\n@@ -1,99999999999999999999 +1,2 @@\n+a\n+b\n+c\n";
        assert_eq!(told(huge), ["@", "+a", "+b", "x "]);
    }
}
