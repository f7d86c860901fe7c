//! The [`Bus`]: a bounded queue between whoever hears of events and the player.
//!
//! When it is full the newest state of each kind wins: what repeats is merged, what must not be
//! lost replaces the oldest of its own kind.

use super::{AgentState, Event, EventKind};
use std::collections::{HashSet, VecDeque};
use std::mem::discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most events that wait.
pub const CAPACITY: usize = 256;
/// So many ids are remembered, to drop what comes twice.
pub const ID_WINDOW: usize = 1024;

/// A bounded queue of events.
#[derive(Debug, Default)]
pub struct Bus {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Event>,
    ids: VecDeque<String>,
    known: HashSet<String>,
    closed: bool,
    lost: u64,
}

impl Bus {
    /// An open, empty bus.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an event on the bus. What came before under the same id is dropped.
    pub fn push(&self, event: Event) {
        let mut state = self.lock();
        if state.is_new(event.id.as_deref()) {
            state.push(event);
            self.changed.notify_one();
        }
    }

    /// Says that no more events will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits at most `time` for an event.
    #[must_use]
    pub fn recv_timeout(&self, time: Duration) -> Option<Event> {
        let empty = |state: &mut State| state.queue.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), time, empty);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.queue.pop_front()
    }

    /// Takes all that wait.
    #[must_use]
    pub fn drain(&self) -> Vec<Event> {
        self.lock().queue.drain(..).collect()
    }

    /// Whether it is closed and empty.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let state = self.lock();
        state.closed && state.queue.is_empty()
    }

    /// How many events were merged into others or dropped for want of room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the queue whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_new(&mut self, id: Option<&str>) -> bool {
        let Some(id) = id else { return true };
        if self.known.contains(id) {
            return false;
        }
        if self.ids.len() == ID_WINDOW {
            if let Some(oldest) = self.ids.pop_front() {
                self.known.remove(&oldest);
            }
        }
        self.ids.push_back(id.to_owned());
        self.known.insert(id.to_owned());
        true
    }

    fn push(&mut self, event: Event) {
        if self.queue.len() < CAPACITY {
            return self.queue.push_back(event);
        }
        self.lost += 1;
        let same = |old: &Event| discriminant(&old.kind) == discriminant(&event.kind);
        if let Some(old) = self
            .queue
            .iter_mut()
            .rev()
            .find(|old| same(old) && repeats(&old.kind, &event.kind))
        {
            return merge(old, event);
        }
        // The newest state wins: room is made by the oldest of what may go, else of its own kind.
        let victim = self.queue.iter().position(|old| !must_stay(&old.kind));
        let victim = victim.or_else(|| self.queue.iter().position(same));
        if victim.is_some() || must_stay(&event.kind) {
            self.queue.remove(victim.unwrap_or(0));
            self.queue.push_back(event);
        }
    }
}

/// What may be told as one.
fn repeats(old: &EventKind, new: &EventKind) -> bool {
    match (old, new) {
        (
            EventKind::Edit {
                path: a,
                renamed: x,
                ..
            },
            EventKind::Edit {
                path: b,
                renamed: y,
                ..
            },
        ) => a == b && x == y,
        (EventKind::Agent { state: a, .. }, EventKind::Agent { state: b, .. }) => {
            a == b && *a == AgentState::Working
        }
        (EventKind::Keystroke { .. } | EventKind::Idle { .. } | EventKind::Active, _) => true,
        _ => false,
    }
}

fn merge(old: &mut Event, new: Event) {
    match (&mut old.kind, new.kind) {
        (
            EventKind::Keystroke { count, interval_ms },
            EventKind::Keystroke {
                count: more,
                interval_ms: newer,
            },
        ) => {
            *count = count.saturating_add(more);
            *interval_ms = newer.or(*interval_ms);
        }
        (
            EventKind::Edit {
                added,
                deleted,
                files,
                ..
            },
            EventKind::Edit {
                added: plus,
                deleted: minus,
                ..
            },
        ) => {
            *added = added.saturating_add(plus);
            *deleted = deleted.saturating_add(minus);
            *files = (*files).max(1);
        }
        (kind, newer) => *kind = newer,
    }
    old.ts = new.ts.or(old.ts);
}

/// What nobody may miss.
fn must_stay(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Conflict { .. }
            | EventKind::ConflictResolved
            | EventKind::Tests { .. }
            | EventKind::Agent {
                state: AgentState::Blocked,
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Outcome;

    fn keys(count: u64) -> Event {
        Event::of(EventKind::Keystroke {
            count,
            interval_ms: None,
        })
    }

    fn passed(passed: u64) -> Event {
        Event::of(EventKind::Tests {
            outcome: Outcome::Passed,
            passed,
            failed: 0,
            ignored: 0,
        })
    }

    #[test]
    fn a_flood_is_merged_and_nothing_important_is_lost() {
        let bus = Bus::new();
        bus.push(Event::of(EventKind::Conflict { files: 3 }));
        for _ in 0..1_000_000 {
            bus.push(keys(1));
        }
        bus.push(passed(42));
        let events = bus.drain();
        assert!(events.len() <= CAPACITY);
        assert_eq!(events[0].kind, EventKind::Conflict { files: 3 });
        assert_eq!(events.last(), Some(&passed(42)));
        let merged = events
            .iter()
            .map(|e| {
                if let EventKind::Keystroke { count, .. } = e.kind {
                    count
                } else {
                    0
                }
            })
            .max();
        assert!(merged > Some(999_000));
    }

    #[test]
    fn of_what_must_stay_the_newest_stays() {
        let bus = Bus::new();
        for n in 0..10_000 {
            bus.push(passed(n));
        }
        let events = bus.drain();
        assert_eq!(
            (events.len(), events.last()),
            (CAPACITY, Some(&passed(9_999)))
        );
        assert_eq!(bus.lost(), 10_000 - CAPACITY as u64);
    }

    #[test]
    fn the_same_id_comes_once() {
        let bus = Bus::new();
        for id in ["a", "b", "a"] {
            bus.push(Event {
                id: Some(id.to_owned()),
                ..keys(1)
            });
        }
        assert_eq!(bus.drain().len(), 2);
        for n in 0..ID_WINDOW {
            bus.push(Event {
                id: Some(n.to_string()),
                ..passed(1)
            });
        }
        let _ = bus.drain();
        bus.push(Event {
            id: Some("a".to_owned()),
            ..keys(1)
        });
        assert_eq!(bus.drain().len(), 1, "the window went on");
    }

    #[test]
    fn it_ends_when_it_is_closed_and_empty() {
        let bus = Bus::new();
        bus.push(keys(1));
        bus.close();
        assert!(!bus.is_finished());
        assert!(bus.recv_timeout(Duration::from_secs(9)).is_some());
        assert!(bus.recv_timeout(Duration::from_secs(9)).is_none());
        assert!(bus.is_finished());
    }
}
