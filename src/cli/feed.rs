//! Standard input as events: all at once for a script, by a thread for a live pet.

use buddy_render::event::Event;
use buddy_render::event::bus::Bus;
use buddy_render::event::source::Events;
use buddy_render::event::wire::{Counts, Problem, Reader};
use buddy_render::intent::watch;
use std::io::{BufReader, IsTerminal as _, Stdin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

type Input = Events<BufReader<Stdin>>;

fn open() -> Input {
    Events::new(BufReader::new(std::io::stdin()))
}

/// The events of standard input with their own times, as fast as they are asked for.
pub(super) struct EventFeed {
    events: Option<Input>,
}

impl EventFeed {
    /// Where nothing is piped in, there are no events.
    pub(super) fn new(has_events: bool) -> Self {
        Self { events: has_events.then(open) }
    }

    /// Says what could not be read, on standard error.
    pub(super) fn report(&mut self) {
        if let Some(events) = &mut self.events {
            let mut notes = Notes::default();
            notes.take(events.reader());
            notes.end(events);
            notes.say();
        }
    }
}

impl Iterator for EventFeed {
    type Item = (Duration, Event);

    fn next(&mut self) -> Option<Self::Item> {
        self.events.as_mut()?.next()
    }
}

/// The most lines of others that are kept until they may be said; the rest is counted.
const MAX_NOTES: usize = 64;

/// What is to be told about the input, which its reader bounds, and what others note.
#[derive(Debug, Default)]
struct Notes {
    lines: Vec<String>,
    /// Lines that there was no room for.
    more: u64,
}

impl Notes {
    fn take(&mut self, reader: &mut Reader) {
        self.lines.extend(reader.problems().iter().map(Problem::to_string));
    }

    fn end(&mut self, events: &mut Input) {
        if let Some(error) = events.error() {
            self.lines.push(format!("standard input: {error}"));
        }
        let counts = events.reader().counts();
        if !counts.unknown.is_empty() {
            self.lines.push(unknown_line(counts));
        }
    }

    fn note(&mut self, line: String) {
        if self.lines.len() < MAX_NOTES {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    fn say(&mut self) {
        for line in self.lines.drain(..) {
            super::say(format_args!("{line}"));
        }
        let more = std::mem::take(&mut self.more);
        if more > 0 {
            super::say(format_args!("{more} more notes were not kept"));
        }
    }
}

/// Notes that several threads take.
#[derive(Clone, Debug, Default)]
pub(super) struct Notebook(Arc<Mutex<Notes>>);

impl Notebook {
    fn open(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a line that is said when the pet is gone.
    #[cfg(unix)]
    pub(super) fn noter(&self) -> impl Fn(String) + Send + 'static {
        let notes = self.clone();
        move |line| notes.open().note(line)
    }

    /// Says what was noted, on standard error.
    pub(super) fn say(&self) {
        self.open().say();
    }
}

/// One line for all events that this version does not know.
pub(super) fn unknown_line(counts: &Counts) -> String {
    let total: u64 = counts.unknown.values().sum();
    let names: Vec<_> =
        counts.unknown.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    format!("skipped {total} events of unknown names: {}", names.join(", "))
}

/// Whether standard input is a file, which can be played at its own pace: it does not wait for us.
#[cfg(unix)]
pub(super) fn stdin_is_file() -> bool {
    let about = rustix::fs::fstat(std::io::stdin());
    about.is_ok_and(|about| rustix::fs::FileType::from_raw_mode(about.st_mode).is_file())
}

/// Whether standard input is a file. Where that cannot be asked, it is taken for a pipe.
#[cfg(not(unix))]
pub(super) const fn stdin_is_file() -> bool {
    false
}

/// Reads to its end what is piped into a pet that is not to be there, so that whoever writes it is not
/// ended by a pipe that nobody reads.
pub(super) fn swallow() {
    if stdin_is_pipe() {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    }
}

#[cfg(unix)]
fn stdin_is_pipe() -> bool {
    let kind = rustix::fs::fstat(std::io::stdin())
        .map(|about| rustix::fs::FileType::from_raw_mode(about.st_mode));
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

#[cfg(not(unix))]
fn stdin_is_pipe() -> bool {
    !std::io::stdin().is_terminal()
}

/// How long the pet stays for what is still looked up when its input is over.
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// Standard input, read by a thread, the pet's socket, and its senses. When it is dropped it says what could not
/// be read: the pet is gone by then, and words no longer tear its picture.
pub(super) struct Listener {
    /// Where the events arrive.
    pub(super) bus: Arc<Bus>,
    notes: Notebook,
    senses: Option<super::senses::Senses>,
    /// Taken off the disk when this is dropped.
    #[cfg(unix)]
    socket: Option<super::place::Listening>,
}

impl Listener {
    /// Starts to listen: on a socket alone.
    pub(super) fn new() -> Self {
        let bus = Arc::new(Bus::new());
        // It opens nothing before the first edit comes.
        watch::spawn(&bus, super::intent::options(), std::env::current_dir().ok());
        Self {
            bus: Arc::clone(&bus),
            notes: Notebook::default(),
            senses: None,
            // A pet without one still hears what is piped in.
            #[cfg(unix)]
            socket: super::place::listen(bus),
        }
    }

    /// Whether the pet can be told that its manners changed.
    #[cfg(unix)]
    pub(super) fn is_deaf(&self) -> bool {
        self.socket.is_none()
    }

    /// Whether the pet can be told that its manners changed.
    #[cfg(not(unix))]
    pub(super) fn is_deaf(&self) -> bool {
        true
    }

    /// Has senses as long as it listens.
    pub(super) fn keep(&mut self, senses: super::senses::Senses) {
        self.senses = Some(senses);
    }

    /// Listens to standard input, too, whose end is the end of all. With a factor, each of its events
    /// waits for its `ts` at that speed.
    pub(super) fn read(&self, factor: Option<f64>) {
        let (bus, notes) = (Arc::clone(&self.bus), self.notes.clone());
        let settled = self.senses.as_ref().and_then(super::senses::Senses::settled);
        // The thread ends with the input or the process: a blocked read cannot be called off.
        std::thread::spawn(move || {
            read_into(&bus, &notes, factor);
            // What the last lines asked may still be looked up.
            if let Some(settled) = settled {
                settled(LAST_ANSWER);
            }
            bus.close();
        });
    }

    /// Takes note of a line that is to be said: at once, or when the pet is gone.
    pub(super) fn noter(&self) -> impl Fn(String) + Send + 'static {
        let notes = self.notes.clone();
        move |line| {
            let mut notes = notes.open();
            notes.note(line);
            if may_say_at_once() {
                notes.say();
            }
        }
    }

    /// Says what could not be read and was not said yet, on standard error.
    pub(super) fn report(&self) {
        self.notes.say();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.report();
    }
}

/// On a terminal the pet draws there too, so words wait for its end.
fn may_say_at_once() -> bool {
    !std::io::stderr().is_terminal()
}

fn read_into(bus: &Bus, notes: &Notebook, factor: Option<f64>) {
    let at_once = may_say_at_once();
    let begun = Instant::now();
    let mut events = open();
    let take = |events: &mut Input, ended: bool| {
        let mut notes = notes.open();
        notes.take(events.reader());
        if ended {
            notes.end(events);
        }
        if at_once {
            notes.say();
        }
    };
    while let Some((at, event)) = events.next() {
        if let Some(due) =
            factor.and_then(|factor| Duration::try_from_secs_f64(at.as_secs_f64() / factor).ok())
        {
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        bus.push(event);
        take(&mut events, false);
    }
    take(&mut events, true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_to_be_said_is_bounded() {
        let mut notes = Notes::default();
        (0..70).for_each(|n| notes.note(n.to_string()));
        assert_eq!((notes.lines.len(), notes.more), (MAX_NOTES, 6));
    }
}
