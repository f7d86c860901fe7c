//! A state machine that runs.

use super::{
    Action, ELAPSED_TIME, Effect, Guard, InputValue, Interaction, MAX_CYCLES, MAX_STEPS, Operand,
    PointerEvent, State, StateMachine, Stop, Transition, Trigger, Tween,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A state machine that runs. Each method answers what is to be done, in order.
pub struct Machine {
    definition: Arc<StateMachine>,
    current: usize,
    inputs: BTreeMap<String, InputValue>,
    /// The event that was fired and not yet used.
    event: Option<String>,
    /// Seconds since the start.
    elapsed: f64,
    /// The state that is slid to, and the seconds that are left of the slide.
    tween: Option<(usize, f64)>,
    /// The layer that the pointer is over, of those that are listened to.
    layer: Option<String>,
    stopped: bool,
    /// Whether an entry or exit action has set an input since this was last asked.
    touched: bool,
    random: fastrand::Rng,
    steps_left: usize,
    effects: Vec<Effect>,
}

/// Whether an action belongs to a state or to an interaction: only after the latter's are the
/// transitions looked at at once.
#[derive(Clone, Copy, PartialEq)]
enum Cause {
    State,
    Interaction,
}

impl Machine {
    /// Enters the initial state. The seed decides what `SetRandom` gives.
    #[must_use]
    pub fn start(definition: Arc<StateMachine>, seed: u64) -> (Self, Vec<Effect>) {
        let mut machine = Self {
            current: definition.initial,
            inputs: definition.inputs.clone(),
            definition,
            event: None,
            elapsed: 0.0,
            tween: None,
            layer: None,
            stopped: false,
            touched: false,
            random: fastrand::Rng::with_seed(seed),
            steps_left: 0,
            effects: Vec::new(),
        };
        let effects = machine.answer(|machine| {
            machine.enter(machine.current);
            machine.run();
        });
        (machine, effects)
    }

    /// Sets a number. Names that the file does not declare, and numbers that are not finite, are
    /// passed over.
    pub fn set_number(&mut self, name: &str, value: f64) -> Vec<Effect> {
        self.answer(|machine| machine.set(name, InputValue::Number(value), Cause::Interaction))
    }

    /// Sets a text.
    pub fn set_text(&mut self, name: &str, value: &str) -> Vec<Effect> {
        let value = InputValue::Text(value.to_owned());
        self.answer(|machine| machine.set(name, value, Cause::Interaction))
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, name: &str, value: bool) -> Vec<Effect> {
        self.answer(|machine| machine.set(name, InputValue::Flag(value), Cause::Interaction))
    }

    /// Fires an event.
    pub fn fire(&mut self, name: &str) -> Vec<Effect> {
        self.answer(|machine| machine.fire_event(name, Cause::Interaction))
    }

    /// Something the pointer did, and which of [`StateMachine::layers`] is under it.
    pub fn pointer(&mut self, event: PointerEvent, layer: Option<&str>) -> Vec<Effect> {
        self.answer(|machine| {
            if event != PointerEvent::Move {
                machine.explicit(event, layer);
            }
            if matches!(event, PointerEvent::Move | PointerEvent::Down | PointerEvent::Up) {
                machine.hover(event, layer);
            }
        })
    }

    /// What plays came to its end, or to the end of one turn of a loop.
    pub fn completed(&mut self, turn: bool) -> Vec<Effect> {
        self.answer(|machine| {
            let name = machine.state().to_owned();
            machine.interact(|on| {
                matches!(on, Trigger::Completed { state, looped } if *looped == turn && *state == name)
            });
        })
    }

    /// Time goes by: `@elapsedTime` grows, and a tween comes nearer to its end.
    pub fn advance(&mut self, elapsed: Duration) -> Vec<Effect> {
        let seconds = elapsed.as_secs_f64();
        self.answer(|machine| {
            if machine.stopped {
                return;
            }
            if let Some((target, left)) = machine.tween {
                machine.tween = Some((target, left - seconds));
                if left <= seconds {
                    machine.settle();
                }
            }
            machine.elapsed += seconds;
            let definition = Arc::clone(&machine.definition);
            let states = [definition.global, Some(machine.current)];
            let mut states = states.into_iter().flatten().filter_map(|i| definition.states.get(i));
            if states.any(State::watches_time) {
                machine.run();
            }
        })
    }

    /// Ends a tween at once, for a player that cannot slide to the segment.
    pub fn end_tween(&mut self) -> Vec<Effect> {
        self.answer(Self::settle)
    }

    /// The name of the state. During a tween it is the one that is being left.
    #[must_use]
    pub fn state(&self) -> &str {
        self.definition.states.get(self.current).map_or("", |state| &state.name)
    }

    /// The value of an input, `@elapsedTime` included.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<InputValue> {
        if name == ELAPSED_TIME {
            return Some(InputValue::Number(self.elapsed));
        }
        self.inputs.get(name).cloned()
    }

    /// Whether it came to a final state, or was stopped because it loops.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether it slides to another state.
    #[must_use]
    pub fn is_tweening(&self) -> bool {
        self.tween.is_some()
    }

    fn answer(&mut self, act: impl FnOnce(&mut Self)) -> Vec<Effect> {
        self.steps_left = MAX_STEPS;
        act(self);
        std::mem::take(&mut self.effects)
    }

    /// Counts one guard or action; at the limit the machine is stopped.
    fn may_step(&mut self) -> bool {
        match self.steps_left.checked_sub(1) {
            Some(left) => self.steps_left = left,
            None => self.stop(Stop::Loops),
        }
        !self.stopped || self.steps_left > 0
    }

    fn stop(&mut self, why: Stop) {
        if !self.stopped {
            self.stopped = true;
            self.tween = None;
            self.effects.push(Effect::Stopped(why));
        }
    }
}

/// Pointers.
impl Machine {
    /// Events with a place of their own: all but moves.
    fn explicit(&mut self, event: PointerEvent, hit: Option<&str>) {
        let over = self.layer.clone();
        let (mut entered, mut left) = (false, false);
        let fits = |on: &Trigger| {
            let Trigger::Pointer { event: wanted, layer } = on else { return false };
            if *wanted != event {
                return false;
            }
            let Some(layer) = layer.as_deref() else { return true };
            if event == PointerEvent::Exit {
                let fits = over.as_deref() == Some(layer) && hit != Some(layer);
                left |= fits;
                return fits;
            }
            entered |= hit == Some(layer);
            hit == Some(layer)
        };
        let actions = self.fitting(fits);
        if entered {
            self.layer = hit.map(str::to_owned);
        } else if left {
            self.layer = None;
        }
        self.act(&actions);
    }

    /// What follows from where the pointer is. A pointer that goes from one layer straight to
    /// another enters without leaving, as in the reference player.
    fn hover(&mut self, event: PointerEvent, hit: Option<&str>) {
        let listened = |on: &Trigger, name: &str| {
            matches!(on, Trigger::Pointer { event: PointerEvent::Enter | PointerEvent::Exit,
                layer: Some(layer) } if layer == name)
        };
        let definition = Arc::clone(&self.definition);
        let hit = hit.filter(|hit| definition.interactions.iter().any(|i| listened(&i.on, hit)));
        let before = self.layer.take();
        self.layer = hit.map(str::to_owned);
        let actions = self.fitting(|on| {
            let Trigger::Pointer { event: wanted, layer } = on else { return false };
            match wanted {
                PointerEvent::Move => event == PointerEvent::Move,
                PointerEvent::Enter => hit.is_some() && layer.as_deref() == hit && *layer != before,
                PointerEvent::Exit => hit.is_none() && layer.is_some() && *layer == before,
                _ => false,
            }
        });
        self.act(&actions);
    }

    fn interact(&mut self, fits: impl FnMut(&Trigger) -> bool) {
        let fitting = self.fitting(fits);
        self.act(&fitting);
    }

    /// The places of the interactions that fit. They are chosen before any acts.
    fn fitting(&self, mut fits: impl FnMut(&Trigger) -> bool) -> Vec<usize> {
        let interactions = self.definition.interactions.iter().enumerate();
        interactions.filter(|(_, i)| fits(&i.on)).map(|(place, _)| place).collect()
    }

    fn act(&mut self, places: &[usize]) {
        let definition = Arc::clone(&self.definition);
        let fitting = places.iter().filter_map(|place| definition.interactions.get(*place));
        for Interaction { actions, .. } in fitting {
            self.perform(actions, Cause::Interaction);
        }
    }
}

/// Transitions.
impl Machine {
    /// Takes transitions until none is open: the global state's first, then the current one's.
    fn run(&mut self) {
        let mut visited = BTreeSet::new();
        let (mut cycles, mut with_global, mut again) = (0, true, !self.stopped);
        while again && !self.stopped {
            again = false;
            if !visited.insert(self.current) {
                cycles += 1;
                visited.clear();
                if cycles >= MAX_CYCLES {
                    self.stop(Stop::Loops);
                    break;
                }
            }
            if with_global && self.step_global() {
                if self.stopped || self.tween.is_some() {
                    break;
                }
                // Its entry actions may have opened another of the global state's transitions.
                again = std::mem::take(&mut self.touched) || self.event.is_some();
            }
            if !again && self.step_current() {
                if self.tween.is_some() {
                    break;
                }
                again = true;
                with_global = std::mem::take(&mut self.touched) || self.event.is_some();
            }
        }
        self.event = None;
        self.touched = false;
    }

    fn step_global(&mut self) -> bool {
        let definition = Arc::clone(&self.definition);
        let Some(state) = definition.global.and_then(|i| definition.states.get(i)) else {
            return false;
        };
        let Some(transition) = self.open_transition(state) else {
            return false;
        };
        self.event = None;
        let settled = self.tween.map_or(self.current, |(target, _)| target);
        transition.to != Some(settled) && self.take(transition, true)
    }

    fn step_current(&mut self) -> bool {
        let definition = Arc::clone(&self.definition);
        let Some(state) = definition.states.get(self.current) else {
            return false;
        };
        let Some(transition) = self.open_transition(state) else {
            return false;
        };
        self.event = None;
        self.take(transition, false)
    }

    /// The first transition whose guards all hold; the one without guards comes last. While an
    /// event is there, only transitions that wait for one are looked at, and the other way round.
    fn open_transition<'a>(&mut self, state: &'a State) -> Option<&'a Transition> {
        for transition in state.transitions.iter().filter(|t| !t.guards.is_empty()) {
            let looked_at = transition.waits_for_event() == self.event.is_some();
            if looked_at && transition.guards.iter().all(|guard| self.holds(guard)) {
                return Some(transition);
            }
        }
        state.transitions.iter().find(|t| t.guards.is_empty())
    }

    /// Begins a change of state. Whether there was something to begin.
    fn take(&mut self, transition: &Transition, from_global: bool) -> bool {
        let definition = Arc::clone(&self.definition);
        let Some(to) = transition.to else { return false };
        let Some(target) = definition.states.get(to) else { return false };
        let sliding_to = self.tween.map(|(target, _)| target);
        if sliding_to == Some(to) {
            return true;
        }
        let from = self.state().to_owned();
        self.effects.push(Effect::Transition { from: from.clone(), to: target.name.clone() });
        // Who slides has left already.
        if sliding_to.is_none() {
            if let Some(state) = definition.states.get(self.current).filter(|_| !from_global) {
                self.perform(&state.exit, Cause::State);
            }
            self.effects.push(Effect::Left { state: from });
        }
        if !transition.tween.is_some_and(|tween| self.slide(to, tween)) {
            self.tween = None;
            self.enter(to);
        }
        true
    }

    /// Begins a tween where both states play the same animation.
    fn slide(&mut self, to: usize, tween: Tween) -> bool {
        let playback = |place: usize| self.definition.states.get(place)?.playback.as_ref();
        let (Some(from), Some(target)) = (playback(self.current), playback(to)) else {
            return false;
        };
        if from.animation != target.animation {
            return false;
        }
        self.effects.push(Effect::Play { playback: target.clone(), tween: Some(tween) });
        self.tween = Some((to, tween.duration));
        true
    }

    /// A tween is over: its state is entered.
    fn settle(&mut self) {
        if let Some((target, _)) = self.tween.take() {
            self.enter(target);
            self.run();
        }
    }

    fn enter(&mut self, place: usize) {
        let definition = Arc::clone(&self.definition);
        let Some(state) = definition.states.get(place) else { return };
        self.current = place;
        self.effects.push(Effect::Entered { state: state.name.clone() });
        if let Some(playback) = state.playback.clone() {
            self.effects.push(Effect::Play { playback, tween: None });
        }
        self.perform(&state.entry, Cause::State);
        if state.is_final {
            self.stop(Stop::Final);
        }
    }

    fn holds(&mut self, guard: &Guard) -> bool {
        if !self.may_step() {
            return false;
        }
        match guard {
            Guard::Number { input, condition, against } => self
                .number(input)
                .zip(self.amount(against))
                .is_some_and(|(a, b)| condition.orders(a, b)),
            Guard::Text { input, condition, against } => {
                let against = match against {
                    Operand::Fixed(text) => Some(text.as_str()),
                    Operand::Input(name) => self.text(name),
                    Operand::Nothing => None,
                };
                let pair = self.text(input).zip(against);
                pair.is_some_and(|(a, b)| condition.equates(a == b))
            }
            Guard::Flag { input, condition, against } => self
                .flag(input)
                .zip(self.truth(against))
                .is_some_and(|(a, b)| condition.equates(a == b)),
            Guard::Event(name) => self.event.as_ref() == Some(name),
        }
    }
}

/// Inputs and actions.
impl Machine {
    fn number(&self, name: &str) -> Option<f64> {
        match self.inputs.get(name) {
            Some(InputValue::Number(number)) => Some(*number),
            _ => (name == ELAPSED_TIME).then_some(self.elapsed),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.inputs.get(name) {
            Some(InputValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.inputs.get(name) {
            Some(InputValue::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn amount(&self, operand: &Operand<f64>) -> Option<f64> {
        match operand {
            Operand::Fixed(number) => Some(*number),
            Operand::Input(name) => self.number(name),
            Operand::Nothing => None,
        }
    }

    fn truth(&self, operand: &Operand<bool>) -> Option<bool> {
        match operand {
            Operand::Fixed(flag) => Some(*flag),
            Operand::Input(name) => self.flag(name),
            Operand::Nothing => None,
        }
    }

    /// Sets a declared input to a value of its own type.
    fn set(&mut self, name: &str, value: InputValue, cause: Cause) {
        if matches!(value, InputValue::Number(number) if !number.is_finite()) {
            return;
        }
        let Some(held) = self.inputs.get_mut(name) else { return };
        if std::mem::discriminant(held) != std::mem::discriminant(&value) {
            return;
        }
        if *held != value {
            held.clone_from(&value);
            self.effects.push(Effect::Changed { input: name.to_owned(), value });
        }
        self.follow(cause);
    }

    fn fire_event(&mut self, name: &str, cause: Cause) {
        if self.inputs.get(name) == Some(&InputValue::Event) {
            self.effects.push(Effect::Fired(name.to_owned()));
            self.event = Some(name.to_owned());
            if cause == Cause::Interaction {
                self.run();
            }
        }
    }

    fn follow(&mut self, cause: Cause) {
        match cause {
            Cause::State => self.touched = true,
            Cause::Interaction => self.run(),
        }
    }

    fn perform(&mut self, actions: &[Action], cause: Cause) {
        for action in actions {
            if !self.may_step() {
                return;
            }
            self.perform_one(action, cause);
        }
    }

    fn perform_one(&mut self, action: &Action, cause: Cause) {
        match action {
            Action::SetText { input, to } => {
                let to = self.text(to.trim_start_matches('$')).unwrap_or(to).to_owned();
                self.set(input, InputValue::Text(to), cause);
            }
            Action::SetFlag { input, to } => {
                if let Some(to) = self.truth(to) {
                    self.set(input, InputValue::Flag(to), cause);
                }
            }
            Action::Toggle { input } => {
                if let Some(flag) = self.flag(input) {
                    self.set(input, InputValue::Flag(!flag), cause);
                }
            }
            Action::Fire { input } => self.fire_event(input, cause),
            Action::Reset { input } => {
                if let Some(first) = self.definition.inputs.get(input).cloned() {
                    self.set(input, first, cause);
                }
            }
            _ => self.perform_on_number(action, cause),
        }
    }

    fn perform_on_number(&mut self, action: &Action, cause: Cause) {
        let computed = match action {
            Action::Add { input, by, sign } => {
                // What cannot be found counts one, as in the reference player.
                let by = self.amount(by).unwrap_or(1.0);
                self.number(input).map(|held| (input, held + sign * by))
            }
            Action::SetNumber { input, to } => self.amount(to).map(|to| (input, to)),
            Action::SetRandom { input, min, max, whole } => {
                let bounds = self.amount(min).zip(self.amount(max));
                bounds.and_then(|(lo, hi)| self.random(lo, hi, *whole)).map(|to| (input, to))
            }
            Action::Multiply { input, by } => {
                self.altered(input, |held, m| Some(held * m.amount(by)?))
            }
            Action::Floor { input } => self.altered(input, |held, _| Some(held.floor())),
            Action::Clamp { input, min, max } => self
                .altered(input, |held, machine| machine.clamped(held, min.as_ref(), max.as_ref())),
            _ => return self.tell(action),
        };
        if let Some((input, to)) = computed {
            self.set(input, InputValue::Number(to), cause);
        }
    }

    /// A number's new value, if it is another than it was: only then are transitions looked at.
    fn altered<'a>(
        &self,
        input: &'a String,
        change: impl FnOnce(f64, &Self) -> Option<f64>,
    ) -> Option<(&'a String, f64)> {
        let held = self.number(input)?;
        let to = change(held, self)?;
        (to.to_bits() != held.to_bits()).then_some((input, to))
    }

    /// Bounds that cannot be found or are the wrong way round change nothing.
    fn clamped(
        &self,
        held: f64,
        min: Option<&Operand<f64>>,
        max: Option<&Operand<f64>>,
    ) -> Option<f64> {
        let lo = min.map_or(Some(f64::NEG_INFINITY), |bound| self.amount(bound))?;
        let hi = max.map_or(Some(f64::INFINITY), |bound| self.amount(bound))?;
        (lo <= hi).then(|| held.clamp(lo, hi))
    }

    fn random(&mut self, lo: f64, hi: f64, whole: bool) -> Option<f64> {
        if lo > hi {
            return None;
        }
        let part = self.random.f64();
        Some(if whole { lo + (part * (hi - lo + 1.0)).floor() } else { lo + part * (hi - lo) })
    }

    /// The actions that change no input.
    fn tell(&mut self, action: &Action) {
        let effect = match action {
            Action::SetTheme(theme) => {
                let held = theme.strip_prefix('$').and_then(|name| self.text(name));
                Some(Effect::SetTheme(held.unwrap_or(theme).to_owned()))
            }
            Action::SetFrame(frame) => self.amount(frame).map(|f| Effect::SetFrame(f.max(0.0))),
            Action::SetProgress(percent) => {
                let percent = self.amount(percent);
                percent.map(|percent| Effect::SetProgress(percent.clamp(0.0, 100.0) / 100.0))
            }
            Action::Custom(message) => Some(Effect::Custom(message.clone())),
            Action::Refuse(what) => Some(Effect::Refused(what.clone())),
            _ => None,
        };
        self.effects.extend(effect);
    }
}
