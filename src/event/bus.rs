//! The [`Bus`]: a bounded queue between the thread that reads and the one that plays.

use super::{AgentState, Event, EventKind};
use std::collections::{HashSet, VecDeque};
use std::mem::discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many events wait before repeated ones are merged.
pub const CAPACITY: usize = 256;
/// How many wait at the very most: states that must not be lost may exceed [`CAPACITY`].
pub const HARD_CAPACITY: usize = 2 * CAPACITY;
/// How many ids are remembered, so that an event sent twice counts once.
pub const ID_WINDOW: usize = 1024;

/// The queue. Memory stays flat whatever comes: when it is full, the newest state of each kind wins.
#[derive(Debug, Default)]
pub struct Bus {
    queue: Mutex<Queue>,
    news: Condvar,
    bell: Mutex<Bell>,
    taps: Mutex<Taps>,
}

/// Sees each event as it is pushed.
pub type Watcher = Box<dyn Fn(&Event) + Send>;

#[derive(Default)]
struct Taps(Vec<(TapId, Watcher)>);

/// A tap that was [added](Bus::add_tap).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapId(u64);

impl std::fmt::Debug for Taps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} taps", self.0.len())
    }
}

/// What is called when something came.
#[derive(Default)]
struct Bell(Option<Box<dyn Fn() + Send>>);

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Bell" } else { "no Bell" })
    }
}

impl Bus {
    /// An open, empty bus.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an event at the end. Never waits; nothing is taken after [`Bus::close`].
    pub fn push(&self, event: Event) {
        for (_, tap) in &self.taps.lock().unwrap_or_else(PoisonError::into_inner).0 {
            tap(&event);
        }
        self.lock().push(event);
        self.announce();
    }

    /// Nothing will come any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.announce();
    }

    /// Has `bell` called whenever an event is pushed and when the bus is closed, on the thread that
    /// does it, or nothing any more. For whoever waits for other things than this bus, too.
    pub fn set_bell(&self, bell: Option<Box<dyn Fn() + Send>>) {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner).0 = bell;
    }

    /// Has `tap` shown every event before it is queued, on the thread that pushes it. It must return at
    /// once, and push nothing itself.
    pub fn add_tap(&self, tap: Watcher) -> TapId {
        let taps = &mut self.taps.lock().unwrap_or_else(PoisonError::into_inner).0;
        let id = TapId(taps.last().map_or(0, |(last, _)| last.0 + 1));
        taps.push((id, tap));
        id
    }

    /// That tap is shown nothing any more.
    pub fn remove_tap(&self, id: TapId) {
        let taps = &mut self.taps.lock().unwrap_or_else(PoisonError::into_inner).0;
        taps.retain(|(tap, _)| *tap != id);
    }

    fn announce(&self) {
        self.news.notify_all();
        if let Some(bell) = &self.bell.lock().unwrap_or_else(PoisonError::into_inner).0 {
            bell();
        }
    }

    /// Takes the oldest event, waiting for one at most `time`. Nothing also when the bus is closed.
    #[must_use]
    pub fn recv_timeout(&self, time: Duration) -> Option<Event> {
        let end = Instant::now().checked_add(time);
        let mut queue = self.lock();
        while queue.events.is_empty() && !queue.closed {
            let left = end.map_or(time, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            queue = self.news.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.events.pop_front()
    }

    /// Takes all that waits.
    #[must_use]
    pub fn drain(&self) -> Vec<Event> {
        self.lock().events.drain(..).collect()
    }

    /// Whether it is closed and empty.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let queue = self.lock();
        queue.closed && queue.events.is_empty()
    }

    /// How many events were merged, replaced or left out because the bus was full.
    #[must_use]
    pub fn merged(&self) -> u64 {
        self.lock().merged
    }

    /// How many events wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// Whether no event waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A thread that panicked while it held the lock left whole events behind.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    seen: Seen,
    merged: u64,
    closed: bool,
}

impl Queue {
    fn push(&mut self, event: Event) {
        let repeated = event.id.as_deref().is_some_and(|id| !self.seen.is_new(id));
        if self.closed || repeated {
            return;
        }
        if self.events.len() < CAPACITY {
            self.events.push_back(event);
        } else {
            self.push_into_full(event);
        }
    }

    fn push_into_full(&mut self, event: Event) {
        if is_kept(&event.kind) && self.events.len() < HARD_CAPACITY {
            self.events.push_back(event);
            return;
        }
        self.merged += 1;
        let newest = self.events.iter_mut().rev();
        let mut alike = newest.filter(|queued| is_alike(&queued.kind, &event.kind));
        if alike.next().is_some_and(|queued| merge(&mut queued.kind, &event.kind)) {
            return;
        }
        // The oldest of its kind makes room; where there is none, the oldest that may be lost.
        let oldest = |found: &dyn Fn(&EventKind) -> bool| {
            self.events.iter().position(|queued| found(&queued.kind))
        };
        let gone =
            oldest(&|kind| is_alike(kind, &event.kind)).or_else(|| oldest(&|kind| !is_kept(kind)));
        if let Some(gone) = gone.or_else(|| is_kept(&event.kind).then_some(0)) {
            self.events.remove(gone);
            self.events.push_back(event);
        }
    }
}

/// Kinds whose loss would leave the pet in a wrong state.
fn is_kept(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Conflict { .. }
            | EventKind::ConflictResolved
            | EventKind::Tests { .. }
            | EventKind::Agent { state: AgentState::Blocked, .. }
            | EventKind::MannersChanged
    )
}

/// Whether one may stand for the other.
fn is_alike(a: &EventKind, b: &EventKind) -> bool {
    match (a, b) {
        (EventKind::Edit { path: a, .. }, EventKind::Edit { path: b, .. }) => a == b,
        (EventKind::Agent { state: a, app: x, .. }, EventKind::Agent { state: b, app: y, .. }) => {
            a == b && x == y
        }
        (EventKind::Tests { outcome: a, .. }, EventKind::Tests { outcome: b, .. }) => a == b,
        _ => discriminant(a) == discriminant(b),
    }
}

/// Takes a newer event of an alike kind into the queued one, where that loses nothing that matters.
fn merge(queued: &mut EventKind, newer: &EventKind) -> bool {
    let add = |sum: &mut u64, more: &u64| *sum = sum.saturating_add(*more);
    match (&mut *queued, newer) {
        (
            EventKind::Keystroke { count, interval_ms },
            EventKind::Keystroke { count: more, interval_ms: newest },
        ) => {
            add(count, more);
            *interval_ms = newest.or(*interval_ms);
        }
        (
            EventKind::Edit { added, deleted, files, renamed, patch, .. },
            EventKind::Edit { added: a, deleted: d, files: f, renamed: r, patch: newest, .. },
        ) => {
            add(added, a);
            add(deleted, d);
            add(files, f);
            *renamed |= r;
            if newest.is_some() {
                patch.clone_from(newest);
            }
        }
        (EventKind::Agent { state: AgentState::Working, .. }, _) | (EventKind::Idle { .. }, _) => {
            *queued = newer.clone();
        }
        (EventKind::MannersChanged, _) => {}
        _ => return false,
    }
    true
}

/// The ids of late.
#[derive(Debug, Default)]
struct Seen {
    order: VecDeque<String>,
    ids: HashSet<String>,
}

impl Seen {
    fn is_new(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > ID_WINDOW
            && let Some(old) = self.order.pop_front()
        {
            self.ids.remove(&old);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::text::SafeText;
    use std::sync::Arc;

    fn tests_of(failed: u64) -> Event {
        Event::of(EventKind::Tests { outcome: Outcome::Failed, passed: 0, failed, ignored: 0 })
    }

    fn edit(path: &str) -> Event {
        let path = Some(SafeText::new(path));
        Event::of(EventKind::Edit {
            path,
            added: 1,
            deleted: 2,
            files: 1,
            renamed: false,
            patch: None,
        })
    }

    #[test]
    fn a_flood_costs_flat_memory_and_no_state() {
        let bus = Bus::new();
        bus.push(Event::of(EventKind::Conflict { files: 3 }));
        for n in 0..1_000_000_u64 {
            bus.push(match n % 4 {
                0 => Event::of(EventKind::Keystroke { count: 1, interval_ms: None }),
                1 => edit("a.rs"),
                2 => Event { id: Some(n.to_string()), ..Event::of(EventKind::Active) },
                _ => Event::of(EventKind::Idle { seconds: n, long: false }),
            });
            assert!(bus.len() <= HARD_CAPACITY);
        }
        bus.push(tests_of(7));
        assert_eq!(bus.lock().seen.ids.len(), ID_WINDOW);
        assert!(bus.merged() > 900_000);
        let events = bus.drain();
        let keys = events.iter().filter_map(|event| match event.kind {
            EventKind::Keystroke { count, .. } => Some(count),
            _ => None,
        });
        assert_eq!(keys.sum::<u64>(), 250_000);
        assert_eq!(events[0].kind, EventKind::Conflict { files: 3 });
        assert_eq!(events.last(), Some(&tests_of(7)));
    }

    #[test]
    fn the_newest_state_wins_at_the_hard_bound() {
        let bus = Bus::new();
        for n in 0..10_000 {
            bus.push(tests_of(n));
        }
        let events = bus.drain();
        assert_eq!(events.len(), HARD_CAPACITY);
        assert_eq!(events.last(), Some(&tests_of(9999)));
    }

    #[test]
    fn edits_are_summed_by_path() {
        let bus = Bus::new();
        (0..CAPACITY / 2)
            .for_each(|_| [edit("a"), edit("b")].into_iter().for_each(|event| bus.push(event)));
        bus.push(edit("a"));
        let events = bus.drain();
        assert!(matches!(
            events[CAPACITY - 2].kind,
            EventKind::Edit { added: 2, deleted: 4, files: 2, .. }
        ));
        assert_eq!(events[CAPACITY - 1], edit("b"));
    }

    #[test]
    fn an_id_counts_once() {
        let bus = Bus::new();
        let event = Event { id: Some("e1".to_owned()), ..tests_of(1) };
        bus.push(event.clone());
        bus.push(event);
        assert_eq!(bus.len(), 1);
    }

    #[test]
    fn waiting_ends_with_an_event_the_time_or_the_bus() {
        let bus = Arc::new(Bus::new());
        assert_eq!(bus.recv_timeout(Duration::from_millis(1)), None);
        let sender = Arc::clone(&bus);
        let thread = std::thread::spawn(move || {
            sender.push(tests_of(1));
            sender.close();
        });
        assert_eq!(bus.recv_timeout(Duration::from_secs(60)), Some(tests_of(1)));
        assert_eq!(bus.recv_timeout(Duration::MAX), None);
        assert!(bus.is_finished());
        thread.join().unwrap();
    }
}
