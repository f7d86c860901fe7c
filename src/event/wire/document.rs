//! An object of JSON over many lines, as tools write it for people to read: held until it closes.

use super::MAX_DOCUMENT_BYTES;

/// The lines of an object that did not close yet.
#[derive(Debug)]
pub(super) struct Document {
    /// The most that it may be, in bytes.
    limit: usize,
    text: String,
    first: u64,
    lines: u64,
    scan: Scan,
    /// Whether its second line is indented, so that an object at a line's beginning is no part of it.
    indented: bool,
}

/// What a line did to the document.
#[derive(Debug)]
pub(super) enum Fed {
    /// It goes on.
    Open,
    /// It is whole.
    Whole(Whole),
    /// The line cannot be part of it: the document is gone, and the line nobody's yet.
    Broken(Broken),
}

/// A whole document.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) text: String,
    /// The number of its first line.
    pub(super) first: u64,
    /// How many lines it has.
    pub(super) lines: u64,
}

/// What is told of a document that broke off.
#[derive(Debug)]
pub(super) struct Broken {
    /// The number of its first line.
    pub(super) first: u64,
    /// How many lines it had.
    pub(super) lines: u64,
    /// Why.
    pub(super) what: String,
    /// Whether it had come to a key, so that it was JSON.
    pub(super) was_json: bool,
}

/// Whether an object may begin with this line, which is no object by itself: one that a tool broke
/// after a bracket or comma, not one that was cut.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with('{') && line.trim_end().ends_with(['{', '[', ','])
}

impl Default for Document {
    fn default() -> Self {
        Self::with_limit(MAX_DOCUMENT_BYTES)
    }
}

impl Document {
    /// None yet, and none longer than that.
    pub(super) const fn with_limit(limit: usize) -> Self {
        let scan = Scan { depth: 0, last: 0 };
        Self { limit, text: String::new(), first: 0, lines: 0, scan, indented: false }
    }

    /// Whether one is open.
    pub(super) const fn is_open(&self) -> bool {
        self.lines > 0
    }

    /// Reads a line, which [begins](begins) a document or goes on with it.
    pub(super) fn line(&mut self, line: &str, number: u64) -> Fed {
        let is_first = !self.is_open();
        if is_first {
            self.first = number;
        } else if self.indented && line.starts_with('{') {
            return self.broken(format!("it breaks off before line {number}"));
        }
        if self.lines == 1 {
            self.indented = line.starts_with([' ', '\t']);
        }
        if self.text.len() + line.len() >= self.limit {
            return self.broken(format!("longer than {} KiB", self.limit >> 10));
        }
        match self.scan.line(line) {
            None => self.broken(format!("it breaks off before line {number}")),
            Some(closed) => {
                self.text.push_str(line);
                self.text.push('\n');
                self.lines += 1;
                if !closed {
                    return Fed::Open;
                }
                let Self { text, first, lines, .. } = self.take();
                Fed::Whole(Whole { text, first, lines })
            }
        }
    }

    /// No line comes any more, or one was lost.
    pub(super) fn finish(&mut self) -> Option<Broken> {
        let open = self.take();
        open.is_open().then(|| open.report("it breaks off at the end".to_owned()))
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::with_limit(self.limit))
    }

    fn broken(&mut self, what: String) -> Fed {
        Fed::Broken(self.take().report(what))
    }

    fn report(&self, what: String) -> Broken {
        let was_json = self.scan.last != b'{' || self.scan.depth > 1;
        Broken { first: self.first, lines: self.lines, what, was_json }
    }
}

/// How deep the text is, and what its last significant byte was.
#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    last: u8,
}

impl Scan {
    /// Reads a line: whether the object closed with it, or nothing where it cannot be its line.
    fn line(&mut self, line: &str) -> Option<bool> {
        let mut bytes = line.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b' ' | b'\t' | b'\r' => continue,
                _ if self.depth == 0 && self.last != 0 => return None,
                b'"' => {
                    let fits = matches!(self.last, b'{' | b'[' | b',' | b':');
                    if !fits || !skip_string(&mut bytes) {
                        return None;
                    }
                }
                b'{' | b'[' => {
                    if !matches!(self.last, 0 | b'[' | b',' | b':') {
                        return None;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => self.depth = self.depth.checked_sub(1)?,
                b',' | b':' | b'-' | b'+' | b'.' => {}
                _ if byte.is_ascii_alphanumeric() && self.last != b'{' => {}
                _ => return None,
            }
            self.last = byte;
        }
        Some(self.depth == 0 && self.last != 0)
    }
}

/// Goes on to a string's end; whether it ends on its line, as JSON's do.
fn skip_string(bytes: &mut std::str::Bytes<'_>) -> bool {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return true,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str) -> Vec<Fed> {
        let mut document = Document::default();
        (1..).zip(text.lines()).map(|(number, line)| document.line(line, number)).collect()
    }

    #[test]
    fn a_document_is_whole_when_it_closes() {
        let text = "{\n  \"a\": [\n    {\"b\": \"}\\\"{\"},\n    -1.5e+3\n  ],\n  \"c\": null\n}";
        let fed = feed(text);
        let (last, before) = fed.split_last().unwrap();
        assert!(before.iter().all(|fed| matches!(fed, Fed::Open)));
        assert!(matches!(last, Fed::Whole(Whole { first: 1, lines: 7, .. })));
    }

    #[test]
    fn what_cannot_be_json_breaks_it_at_once() {
        for text in [
            "{\n  x: 1",
            "{\n\n(a)",
            "{\n  \"a\": \"cut",
            "{\n  \"a\": 1,\n{\"v\":1}",
            "{\n  \"a\": {}\n  {",
            "{\n  \"a\": [\n{",
            "{\n  \"a\": {} \"b\"",
        ] {
            assert!(matches!(feed(text).last(), Some(Fed::Broken(_))), "{text}");
        }
    }

    #[test]
    fn a_document_has_a_limit() {
        let mut document = Document::default();
        let line = format!("\"{}\",", "a".repeat(250 << 10));
        assert!(matches!(document.line("{\"a\":[", 1), Fed::Open));
        let fed = (2..).map(|n| document.line(&line, n)).find(|fed| !matches!(fed, Fed::Open));
        let Some(Fed::Broken(broken)) = fed else { panic!("{fed:?}") };
        assert_eq!(broken.what, "longer than 8192 KiB");
        assert!(!document.is_open());
    }
}
