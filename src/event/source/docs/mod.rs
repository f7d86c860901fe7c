//! Documentation that is on this machine already: an error's explanation, an item's page, a manual's.
//!
//! [`seek`] listens to what linters and compilers say, looks things up on a thread of its own, and
//! puts a [`EventKind::Docs`] on the bus for each page found. Nothing is fetched.

mod explain;
mod question;
mod shelves;

pub use question::{Language, Question};
pub use shelves::{Page, Shelves};

use super::super::bus::{Bus, TapId};
use super::super::{Event, EventKind};
use crate::text::SafeText;
use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Questions that wait at a time; more are left out.
pub const MAX_WAITING: usize = 16;
/// Questions that are remembered, so that each is answered once.
pub const MAX_REMEMBERED: usize = 256;
/// How often a wait for the last answer looks for it.
const GLANCE: Duration = Duration::from_millis(5);

/// Looks things up until it is dropped.
#[derive(Debug)]
pub struct Seeking {
    bus: Arc<Bus>,
    tap: TapId,
    open: Arc<AtomicUsize>,
}

impl Seeking {
    /// A way to wait until every question so far is answered, but no longer than that.
    pub fn settled(&self) -> impl Fn(Duration) + Send + 'static {
        let open = Arc::clone(&self.open);
        move |most| {
            let end = Instant::now() + most;
            while open.load(Ordering::SeqCst) > 0 && Instant::now() < end {
                std::thread::sleep(GLANCE);
            }
        }
    }
}

impl Drop for Seeking {
    fn drop(&mut self) {
        // The thread ends when nobody can ask any more.
        self.bus.remove_tap(self.tap);
    }
}

/// Looks up what passes over the bus.
///
/// # Errors
///
/// Where the system has no thread left.
pub fn seek(shelves: Shelves, bus: &Arc<Bus>) -> io::Result<Seeking> {
    let (send, questions) = sync_channel(MAX_WAITING);
    let open = Arc::new(AtomicUsize::new(0));
    let (counted, answers) = (Arc::clone(&open), Arc::clone(bus));
    let run = move || answer(&shelves, &questions, &answers, &counted);
    std::thread::Builder::new().name("docs".to_owned()).spawn(run)?;
    let asked = Arc::clone(&open);
    let tap = bus.add_tap(Box::new(move |event| ask(event, &send, &asked)));
    Ok(Seeking { bus: Arc::clone(bus), tap, open })
}

fn ask(event: &Event, send: &SyncSender<Question>, open: &AtomicUsize) {
    let Some(question) = Question::of(&event.kind) else { return };
    open.fetch_add(1, Ordering::SeqCst);
    if send.try_send(question).is_err() {
        open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer(shelves: &Shelves, questions: &Receiver<Question>, bus: &Bus, open: &AtomicUsize) {
    let mut answered = Answered::default();
    while let Ok(question) = questions.recv() {
        if answered.is_new(&question)
            && let Some(page) = shelves.find(&question)
        {
            let shown = |text: &str| Some(SafeText::new(text)).filter(|text| !text.is_empty());
            let (title, path) = (shown(&page.title), shown(&page.path));
            bus.push(Event::of(EventKind::Docs { title, path }));
        }
        open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Questions that were asked before.
#[derive(Debug, Default)]
struct Answered {
    known: HashSet<Question>,
    order: VecDeque<Question>,
}

impl Answered {
    fn is_new(&mut self, question: &Question) -> bool {
        if !self.known.insert(question.clone()) {
            return false;
        }
        self.order.push_back(question.clone());
        if self.order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
