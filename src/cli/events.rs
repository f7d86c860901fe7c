//! `events`: whatever comes in, out as native events, one a line.

use buddy_render::event::Event;
use buddy_render::event::source::{Line, Lines};
use buddy_render::event::wire::{Problem, Reader, to_native_json};
use std::io::{self, BufRead, Write};

/// Writes every event found in `input` to `out`, a line at a time, and what could not be read to
/// `err`. An event from other tools' words gets the present time, so that a recording can be played
/// again; a native one stays as it is.
pub(super) fn run(
    input: impl BufRead,
    out: &mut impl Write,
    err: &mut impl Write,
    json: bool,
) -> io::Result<()> {
    let mut reader = Reader::new();
    for line in Lines::new(input) {
        let events = match line? {
            Line::Whole(line) => reader.line(&line),
            Line::TooLong => {
                reader.too_long();
                Vec::new()
            }
        };
        write_events(events, reader.was_native(), out)?;
        write_problems(&reader.problems(), err, json)?;
    }
    let last = reader.finish();
    write_events(last, false, out)?;
    write_problems(&reader.problems(), err, json)?;
    write_unknown(&reader, err, json)
}

fn write_events(events: Vec<Event>, native: bool, out: &mut impl Write) -> io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let last = events.len() - 1;
    for (index, mut event) in events.into_iter().enumerate() {
        // What an open run of tests says when a native line ends it comes before that line's event.
        if event.ts.is_none() && !(native && index == last) {
            event.ts = now();
        }
        writeln!(out, "{}", to_native_json(&event))?;
    }
    out.flush()
}

/// The present, in whole milliseconds: finer times mean nothing to a pet.
fn now() -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(jiff::Timestamp::now().as_millisecond()).ok()
}

fn write_problems(problems: &[Problem], err: &mut impl Write, json: bool) -> io::Result<()> {
    for problem in problems {
        if json {
            let what = serde_json::json!({"line": problem.line, "problem": problem.what});
            writeln!(err, "{what}")?;
        } else {
            writeln!(err, "buddy-render: {problem}")?;
        }
    }
    Ok(())
}

fn write_unknown(reader: &Reader, err: &mut impl Write, json: bool) -> io::Result<()> {
    let unknown = &reader.counts().unknown;
    if unknown.is_empty() {
        return Ok(());
    }
    if json {
        return writeln!(err, "{}", serde_json::json!({"unknown": unknown}));
    }
    writeln!(err, "buddy-render: {}", super::feed::unknown_line(reader.counts()))
}
