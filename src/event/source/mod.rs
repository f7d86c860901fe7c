//! Where bytes come from: [`Lines`] with a limit, an [`EventClock`] for their times, and both with a
//! [`Reader`] as [`Events`].

pub mod docs;
pub mod git;
#[cfg(unix)]
pub mod socket;

use super::Event;
use super::wire::{MAX_LINE_BYTES, Reader, longest};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::time::Duration;

/// The longest time between two events of a recording; a longer one is cut to this. Nobody waits out
/// the night between two days of work.
pub const MAX_GAP: Duration = Duration::from_secs(3600);

/// Something that a pet sees or finds by itself, for people: `protocols/events.md` is written from
/// these.
#[derive(Clone, Copy, Debug)]
pub struct Sense {
    /// Its name.
    pub name: &'static str,
    /// What to type.
    pub example: &'static str,
    /// The events that it becomes.
    pub tells: &'static [&'static str],
}

/// All senses.
pub const SENSES: &[Sense] = &[
    Sense {
        name: "[git's senses](git.md)",
        example: "`buddy-render --repo PATH`",
        tells: &[
            "git.commit",
            "git.branch",
            "git.push",
            "git.conflict",
            "git.conflict_resolved",
            "edit",
            "condense.hint",
            "legacy.touched",
        ],
    },
    Sense {
        name: "documentation on this machine: an error's explanation, pages of rustdoc, the manual and tldr",
        example: "`buddy-render --pet bit`, or `--docs` with any pet",
        tells: &["docs.found"],
    },
];

/// A line, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes, without the newline.
    Whole(Vec<u8>),
    /// It was longer than [lines may be](longest); its bytes are gone.
    TooLong,
}

/// Cuts pieces of an input into lines. No line costs more memory than [it may](longest).
#[derive(Debug, Default)]
pub struct Splitter {
    line: Vec<u8>,
    began: bool,
    long: bool,
    only_lines: bool,
}

impl Splitter {
    /// Takes lines, and documents that stand on one line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes no line that is longer than [`MAX_LINE_BYTES`], whatever it is.
    #[must_use]
    pub fn of_lines() -> Self {
        Self { only_lines: true, ..Self::default() }
    }

    /// Takes of a piece as much as belongs to the line that is open: how many bytes, and the line
    /// where it ended.
    pub fn take(&mut self, piece: &[u8]) -> (usize, Option<Line>) {
        let end = piece.iter().position(|byte| *byte == b'\n');
        let part = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        self.began = true;
        if !self.long {
            self.line.extend_from_slice(part);
            self.long = self.is_too_long();
        }
        if self.long {
            self.line = Vec::new();
        }
        let line = end.and_then(|_| self.finish());
        (part.len() + usize::from(end.is_some()), line)
    }

    /// The line that no newline ended, where one had begun.
    pub fn finish(&mut self) -> Option<Line> {
        let Self { line, began, long, .. } =
            std::mem::replace(self, Self { only_lines: self.only_lines, ..Self::default() });
        began.then_some(if long { Line::TooLong } else { Line::Whole(line) })
    }

    fn is_too_long(&self) -> bool {
        let most = if self.only_lines { MAX_LINE_BYTES } else { longest(&self.line) };
        self.line.len() > most
    }
}

/// The lines of an input.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    splitter: Splitter,
}

impl<R> Lines<R> {
    /// The lines from where the input stands.
    pub fn new(input: R) -> Self {
        Self { input, splitter: Splitter::new() }
    }
}

impl<R: BufRead> Lines<R> {
    fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let buffer = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.is_empty() {
                return Ok(self.splitter.finish());
            }
            let (used, line) = self.splitter.take(buffer);
            self.input.consume(used);
            if line.is_some() {
                return Ok(line);
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Turns the times of successive events into the time since the first. It never goes back.
#[derive(Debug, Default)]
pub struct EventClock {
    last: Option<Timestamp>,
    passed: Duration,
}

impl EventClock {
    /// A clock that starts with the first time that it is told.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time from the first event to this one. An event without a time comes with the last one;
    /// where times go back, no time passes; more than [`MAX_GAP`] counts as that.
    pub fn tell(&mut self, ts: Option<Timestamp>) -> Duration {
        let Some(now) = ts else { return self.passed };
        if let Some(last) = self.last {
            let gap = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            self.passed = self.passed.saturating_add(gap.min(MAX_GAP));
        }
        self.last = Some(now);
        self.passed
    }
}

/// The events of an input, each with the time since the first.
#[derive(Debug)]
pub struct Events<R> {
    lines: Lines<R>,
    reader: Reader,
    clock: EventClock,
    ready: VecDeque<(Duration, Event)>,
    error: Option<io::Error>,
    ended: bool,
}

impl<R: BufRead> Events<R> {
    /// The events from where the input stands.
    #[must_use]
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            reader: Reader::new(),
            clock: EventClock::new(),
            ready: VecDeque::new(),
            error: None,
            ended: false,
        }
    }

    /// The reader, for its problems and counts.
    pub const fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Why the input ended before its time, where it did.
    pub const fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn read(&mut self) {
        let events = match self.lines.next() {
            Some(Ok(Line::Whole(line))) => self.reader.line(&line),
            Some(Ok(Line::TooLong)) => {
                self.reader.too_long();
                return;
            }
            end => {
                self.error = end.and_then(Result::err);
                self.ended = true;
                self.reader.finish()
            }
        };
        for event in events {
            self.ready.push_back((self.clock.tell(event.ts), event));
        }
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = (Duration, Event);

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            self.read();
        }
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_have_a_limit_and_the_next_one_is_whole() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        let most = "y".repeat(MAX_LINE_BYTES);
        let text = format!("a\n\n{long}\n{most}\nlast");
        let input = BufReader::with_capacity(1000, text.as_bytes());
        let lines: Vec<_> = Lines::new(input).map(Result::unwrap).collect();
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(lines, [whole("a"), whole(""), Line::TooLong, whole(&most), whole("last")]);
    }

    #[test]
    fn the_clock_goes_on() {
        let mut clock = EventClock::new();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(clock.tell(None), Duration::ZERO);
        assert_eq!(clock.tell(at("2026-11-22T10:00:00Z")), Duration::ZERO);
        assert_eq!(clock.tell(at("2026-11-22T10:00:01.5Z")), Duration::from_millis(1500));
        assert_eq!(clock.tell(at("2026-11-22T10:00:00Z")), Duration::from_millis(1500));
        assert_eq!(clock.tell(None), Duration::from_millis(1500));
        assert_eq!(clock.tell(at("2026-12-22T10:00:00Z")), Duration::from_millis(1500) + MAX_GAP);
    }

    #[test]
    fn events_come_with_their_times() {
        let text = "{\"v\":1,\"event\":\"hide\",\"ts\":\"2026-11-22T10:00:00Z\"}\nbad\n\
            {\"v\":9}\n{\"v\":1,\"event\":\"show\",\"ts\":\"2026-11-22T10:00:02Z\"}";
        let mut events = Events::new(text.as_bytes());
        let times: Vec<_> = events.by_ref().map(|(at, _)| at.as_secs()).collect();
        assert_eq!(times, [0, 2]);
        assert_eq!(events.reader().problems()[0].line, 3);
    }
}
