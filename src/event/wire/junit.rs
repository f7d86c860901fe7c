//! JUnit's XML: `<testsuites>` of `<testcase>`s. It is read as it comes, and nothing of it is kept
//! but counts, so that a report of any number of tests costs no memory.

use super::super::{Event, EventKind, Outcome};
use super::MAX_DOCUMENT_BYTES;

/// The longest name of an element that is told apart.
const MAX_NAME: usize = 32;

/// A report that is being read.
#[derive(Debug, Default)]
pub(super) struct Junit {
    state: State,
    name: String,
    /// Whether the tag's last character was a slash.
    slash: bool,
    /// The last characters of a comment or CDATA section, which end it.
    tail: [char; 2],
    depth: usize,
    bytes: usize,
    case: Case,
    counts: [u64; 3],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Closed,
    Text,
    /// Within `<…`, while its name comes.
    Name,
    /// Within a tag, after its name.
    Tag,
    /// Within an attribute's quotes.
    Quoted(char),
    /// Within `<!-- … -->`
    Comment,
    /// Within `<![CDATA[ … ]]>`
    Cdata,
}

/// How the test case that is open went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Case {
    #[default]
    Passed,
    Failed,
    Skipped,
}

/// What a line was.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// Part of a report.
    Inside,
    /// Part of some other document.
    Nobodys,
    /// A report that cannot be read on.
    Broken(&'static str),
}

impl Junit {
    /// Whether a report is open, so that each line is its.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Reads a line of the report, or one that [begins](begins) it.
    pub(super) fn line(&mut self, line: &str, out: &mut Vec<Event>) -> Read {
        if !self.is_open() {
            *self = Self { state: State::Text, ..Self::default() };
        }
        self.bytes = self.bytes.saturating_add(line.len());
        if self.bytes > MAX_DOCUMENT_BYTES {
            return self.broken("longer than 8 MiB");
        }
        for c in line.chars().chain(['\n']) {
            if let Err(what) = self.next(c, out) {
                // Other programs print XML, too.
                let was_ours = self.depth > 0;
                let broken = self.broken(what);
                return if was_ours { broken } else { Read::Nobodys };
            }
            if !self.is_open() {
                break;
            }
        }
        Read::Inside
    }

    /// The input is over; whether a report was still open.
    pub(super) fn finish(&mut self) -> bool {
        std::mem::take(self).is_open()
    }

    fn broken(&mut self, what: &'static str) -> Read {
        *self = Self::default();
        Read::Broken(what)
    }

    fn next(&mut self, c: char, out: &mut Vec<Event>) -> Result<(), &'static str> {
        match (self.state, c) {
            (State::Text, '<') => {
                self.name.clear();
                self.slash = false;
                self.state = State::Name;
            }
            (State::Name, _) => return self.name(c, out),
            (State::Tag, '>') => return self.tag(out),
            (State::Tag, '"' | '\'') => self.state = State::Quoted(c),
            (State::Tag, _) => self.slash = c == '/',
            (State::Quoted(quote), _) if c == quote => self.state = State::Tag,
            (State::Comment, '>') if self.tail == ['-', '-'] => self.state = State::Text,
            (State::Cdata, '>') if self.tail == [']', ']'] => self.state = State::Text,
            _ => {}
        }
        self.tail = [self.tail[1], c];
        Ok(())
    }

    fn name(&mut self, c: char, out: &mut Vec<Event>) -> Result<(), &'static str> {
        match c {
            '>' => return self.tag(out),
            '/' if !self.name.is_empty() => {
                self.slash = true;
                self.state = State::Tag;
            }
            c if c.is_whitespace() => self.state = State::Tag,
            c if self.name.len() < MAX_NAME => {
                self.name.push(c);
                match self.name.as_str() {
                    "!--" => self.state = State::Comment,
                    "![CDATA[" => self.state = State::Cdata,
                    // Entities could be made to grow without end, and no tool writes them.
                    "!DOCTYPE" => return Err("an XML document with a DOCTYPE"),
                    _ => {}
                }
                self.tail = ['\0', '\0'];
            }
            _ => {}
        }
        Ok(())
    }

    /// A tag is whole.
    fn tag(&mut self, out: &mut Vec<Event>) -> Result<(), &'static str> {
        self.state = State::Text;
        if self.name.starts_with('?') {
            return Ok(());
        }
        if self.name.starts_with('/') {
            return self.closed(out);
        }
        if self.depth == 0 && !matches!(&*self.name, "testsuites" | "testsuite") {
            return Err("an XML document that is no JUnit report");
        }
        match &*self.name {
            "testcase" => self.case = Case::Passed,
            "failure" | "error" => self.case = Case::Failed,
            "skipped" if self.case == Case::Passed => self.case = Case::Skipped,
            _ => {}
        }
        self.depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err("nested deeper than 32");
        }
        if self.slash {
            self.name.insert(0, '/');
            return self.closed(out);
        }
        Ok(())
    }

    fn closed(&mut self, out: &mut Vec<Event>) -> Result<(), &'static str> {
        if self.name == "/testcase" {
            let [passed, failed, ignored] = &mut self.counts;
            match self.case {
                Case::Passed => *passed += 1,
                Case::Failed => *failed += 1,
                Case::Skipped => *ignored += 1,
            }
        }
        self.depth =
            self.depth.checked_sub(1).ok_or("an XML document that ends before it begins")?;
        if self.depth == 0 {
            let [passed, failed, ignored] = self.counts;
            let outcome = if failed == 0 { Outcome::Passed } else { Outcome::Failed };
            if self.counts != [0; 3] {
                out.push(Event::of(EventKind::Tests { outcome, passed, failed, ignored }));
            }
            *self = Self::default();
        }
        Ok(())
    }
}

/// Whether a report may begin with this line.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with("<?xml") || line.starts_with("<testsuite")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Event>, Option<Read>) {
        let (mut junit, mut out) = (Junit::default(), Vec::new());
        let broken =
            text.lines().map(|line| junit.line(line, &mut out)).find(|r| *r != Read::Inside);
        (out, broken)
    }

    #[test]
    fn cases_are_counted_once() {
        let (out, broken) = read(
            "<?xml version='1.0'?>\n<!-- <testcase> > -->\n<testsuites a='>' ><testsuite>\n<testcase name=\"a>b\"/>\n\
             <testcase><failure>x</failure><error/></testcase>\n<testcase><skipped/><system-out><![CDATA[</testcase> ]] >\n]]></system-out></testcase>\n\
             </testsuite></testsuites>",
        );
        assert_eq!(broken, None);
        let kinds: Vec<_> = out.into_iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [EventKind::Tests { outcome: Outcome::Failed, passed: 1, failed: 1, ignored: 1 }]
        );
    }

    #[test]
    fn other_documents_break_off() {
        for text in ["<?xml version='1.0'?><html>", "<!DOCTYPE x>"] {
            let (out, broken) = read(text);
            assert!(out.len() <= 1 && (broken.is_some() || !out.is_empty()), "{text}");
        }
        let deep = format!("<testsuites>{}", "<a>".repeat(40));
        assert_eq!(read(&deep).1, Some(Read::Broken("nested deeper than 32")));
    }
}
