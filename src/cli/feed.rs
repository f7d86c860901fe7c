//! Standard input as events: all at once for a script, by a thread for a live pet.

use buddy_render::event::Event;
use buddy_render::event::bus::Bus;
use buddy_render::event::source::Events;
use buddy_render::event::wire::{Counts, Problem, Reader};
use buddy_render::intent::watch;
use std::io::{BufReader, IsTerminal as _, Stdin};
use std::sync::{Arc, Mutex, PoisonError};
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

/// What is to be told about the input. The reader bounds how much that can be.
#[derive(Debug, Default)]
struct Notes {
    lines: Vec<String>,
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

    fn say(&mut self) {
        for line in self.lines.drain(..) {
            super::say(format_args!("{line}"));
        }
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

/// Standard input, read by a thread, and the pet's socket. When it is dropped it says what could not
/// be read: the pet is gone by then, and words no longer tear its picture.
pub(super) struct Listener {
    /// Where the events arrive.
    pub(super) bus: Arc<Bus>,
    notes: Arc<Mutex<Notes>>,
    /// Taken off the disk when this is dropped.
    #[cfg(unix)]
    _socket: Option<super::place::Listening>,
}

impl Listener {
    /// Says what could not be read and was not said yet, on standard error.
    pub(super) fn report(&self) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).say();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.report();
    }
}

/// Starts to listen: on a socket, and where there is one on standard input, which then also says when
/// all is over. With a factor, each of its events waits for its `ts` at that speed.
pub(super) fn listen(has_input: bool, factor: Option<f64>) -> Listener {
    let (bus, notes) = (Arc::new(Bus::new()), Arc::new(Mutex::new(Notes::default())));
    let listener = Listener {
        bus: Arc::clone(&bus),
        notes: Arc::clone(&notes),
        // A pet without one still hears what is piped in.
        #[cfg(unix)]
        _socket: super::place::listen(Arc::clone(&bus)).ok(),
    };
    // It opens nothing before the first edit comes.
    watch::spawn(&bus, super::intent::options(), std::env::current_dir().ok());
    if has_input {
        // The thread ends with the input or the process: a blocked read cannot be called off.
        std::thread::spawn(move || {
            read_into(&bus, &notes, factor);
            bus.close();
        });
    }
    listener
}

fn read_into(bus: &Bus, notes: &Mutex<Notes>, factor: Option<f64>) {
    // On a terminal the pet draws there too, so words wait for its end.
    let at_once = !std::io::stderr().is_terminal();
    let begun = Instant::now();
    let mut events = open();
    let take = |events: &mut Input, ended: bool| {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
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
