//! Properties whose value is not in their keyframes alone: expressions, and slots that a theme may
//! fill anew.

use super::expression::{Expression, Scope, Value};
use super::moment::Moment;
use super::value::{Mix, Property};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The most expressions that are run for one frame; the properties of the rest keep their keyframes.
pub const MAX_RUNS: u32 = 2_000;

/// What every expression of an animation may know.
#[derive(Debug)]
pub(super) struct Facts {
    /// Frames a second.
    pub(super) frame_rate: f64,
    pub(super) size: (f64, f64),
    runs_left: AtomicU32,
}

impl Facts {
    pub(super) fn new(frame_rate: f64, size: (f64, f64)) -> Arc<Self> {
        Arc::new(Self { frame_rate, size, runs_left: AtomicU32::new(MAX_RUNS) })
    }

    /// A new frame begins.
    pub(super) fn refill(&self) {
        self.runs_left.store(MAX_RUNS, Ordering::Relaxed);
    }

    fn spend(&self) -> bool {
        let left = self.runs_left.load(Ordering::Relaxed);
        self.runs_left.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }
}

/// A property with an expression over its keyframes.
#[derive(Debug)]
pub(super) struct Live<T> {
    keyed: Property<T>,
    /// Seconds.
    key_times: Vec<f64>,
    expression: Expression,
    facts: Arc<Facts>,
    seed: u64,
}

impl<T: Mix> Live<T> {
    pub(super) fn new(
        keyed: Property<T>,
        expression: Expression,
        facts: Arc<Facts>,
        seed: u64,
    ) -> Self {
        let key_times = match &keyed {
            Property::Keys(keys) => keys.iter().map(|k| k.frame / facts.frame_rate).collect(),
            _ => Vec::new(),
        };
        Self { keyed, key_times, expression, facts, seed }
    }

    /// What the expression says; what the keyframes say where it fails.
    pub(super) fn at(&self, now: &Moment) -> T {
        now.only();
        let keyed = self.keyed.at(now);
        if !self.facts.spend() {
            return keyed;
        }
        let said = self.expression.run(&Asked { live: self, frame: now.frame() }).ok();
        said.and_then(|said| keyed.with(&said)).unwrap_or(keyed)
    }

    pub(super) fn keyed(&self) -> &Property<T> {
        &self.keyed
    }
}

/// A live property at a frame.
struct Asked<'a, T> {
    live: &'a Live<T>,
    frame: f64,
}

impl<T: Mix> Scope for Asked<'_, T> {
    fn time(&self) -> f64 {
        self.frame / self.live.facts.frame_rate
    }

    fn frame_duration(&self) -> f64 {
        1.0 / self.live.facts.frame_rate
    }

    fn value_at(&self, time: f64) -> Value {
        self.live
            .keyed
            .at(&Moment::at(time * self.live.facts.frame_rate))
            .said()
            .unwrap_or(Value::Number(0.0))
    }

    fn key_times(&self) -> &[f64] {
        &self.live.key_times
    }

    fn seed(&self) -> u64 {
        self.live.seed
    }

    fn comp_size(&self) -> (f64, f64) {
        self.live.facts.size
    }
}

/// A property that stands for its slot: all that name the slot change with it.
#[derive(Debug)]
pub(super) struct Slot<T> {
    /// What the file puts there.
    own: Property<T>,
    /// What a theme puts there.
    set: RwLock<Option<Property<T>>>,
}

impl<T: Mix> Slot<T> {
    pub(super) fn new(own: Property<T>) -> Self {
        Self { own, set: RwLock::new(None) }
    }

    /// Puts another value there, or the file's own.
    pub(super) fn set(&self, value: Option<Property<T>>) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// Asks the value that is there now.
    pub(super) fn with<R>(&self, ask: impl FnOnce(&Property<T>) -> R) -> R {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        ask(set.as_ref().unwrap_or(&self.own))
    }
}
