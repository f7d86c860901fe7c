//! The [`Companion`]: which reaction plays, which waits, and what the pet does in between.

use super::idle::{IDLE, Idles};
use super::personality::{Personality, Species};
use super::reaction::{self, Reaction, Trigger, World};
use super::value::Mood;
use super::voice::Voice;
use super::{Effect, Input, Mind, Tempo};
use crate::event::{AgentState, Event, EventKind, LintLevel, Outcome};
use crate::intent::rules::{Flow, LONG_IDLE_AFTER};
use crate::text::SafeText;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Strong reactions begin at least so far apart, unless a higher priority comes.
pub const STRONG_SPACING: Duration = Duration::from_secs(8);
/// A reaction that waited longer is dropped: nobody would know any more what it is about.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// After the end of input the pet stays at most this long.
pub const LONGEST_FAREWELL: Duration = Duration::from_secs(5);
/// Without any event for so long, the pet falls asleep.
pub const SLEEP_AFTER: Duration = LONG_IDLE_AFTER;
/// Work that nobody heard the end of is over after this.
pub const LONGEST_WORK: Duration = Duration::from_secs(600);
/// A line stays no longer.
pub const LONGEST_LINE: Duration = Duration::from_secs(6);

/// A clip begins at the next 1/6 s after it was asked for.
const BEAT: Duration = Duration::from_millis(170);
/// So late a tick may come.
const LATE: Duration = Duration::from_millis(250);
/// Between the lines of a verse.
const VERSE: &str = " / ";
/// Reactions from this priority on are strong.
const STRONG: u8 = 50;
/// The pause before a held reaction's clip comes again; each is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_secs(8);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// Spectre visits a file once a day.
const LEGACY_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// The most files that are remembered for that.
const MAX_LEGACY_FILES: usize = 512;

/// One clip of a performance.
#[derive(Clone, Debug)]
struct Stage {
    guest: Option<Species>,
    clip: String,
    length: Duration,
}

/// A reaction that is being played.
#[derive(Debug)]
struct Performance {
    priority: u8,
    trigger: Trigger,
    /// What comes after the clip that plays.
    stages: VecDeque<Stage>,
    /// When the clip that plays ends.
    until: Duration,
    guest: Option<Species>,
    hold: Option<Hold>,
}

/// A reaction that stays: its clip comes again, ever more rarely.
#[derive(Debug)]
struct Hold {
    clip: String,
    pause: Duration,
    resting: bool,
}

/// A mind with moods: reactions by priority, with cooldowns, holds and guests. Pure: the same
/// seed, inputs and times give the same effects.
#[derive(Debug)]
pub struct Companion {
    host: Personality,
    idles: Idles,
    visitors: Vec<Personality>,
    /// What each said last: the host, then the visitors.
    voices: Vec<Voice>,
    /// What is to be told of this step to who cannot see it.
    told: Vec<String>,
    /// When it was last told that it works.
    work_told: Option<Duration>,
    random: fastrand::Rng,
    mood: Mood,
    tempo: Tempo,
    world: World,
    begun: bool,
    performance: Option<Performance>,
    waiting: Option<(Reaction, Duration)>,
    /// When the last strong reaction began, and its priority.
    last_strong: Option<(Duration, u8)>,
    cooldowns: HashMap<Trigger, Duration>,
    legacy: VecDeque<(SafeText, Duration)>,
    last_event: Duration,
    asleep: bool,
    /// Whether the developer types without pause: nobody is to be distracted then.
    flow: Flow,
    /// Since when somebody works.
    working: Option<Duration>,
    ended: Option<Duration>,
    /// It was told to hide.
    hidden: bool,
    /// It was told to leave out what is only for the eye.
    quiet: bool,
    /// It is on its way out.
    leaving: bool,
    /// It has said farewell.
    gone: bool,
}

impl Companion {
    /// A companion with the temper of `host`; `visitors` may step in for it. `seed` decides what
    /// is left to chance.
    #[must_use]
    pub fn new(host: Personality, visitors: Vec<Personality>, seed: u64) -> Self {
        Self {
            idles: Idles::of(&host.clips),
            host,
            voices: vec![Voice::default(); visitors.len() + 1],
            visitors,
            told: Vec::new(),
            work_told: None,
            random: fastrand::Rng::with_seed(seed),
            mood: Mood::default(),
            tempo: Tempo::Normal,
            world: World::default(),
            begun: false,
            performance: None,
            waiting: None,
            last_strong: None,
            cooldowns: HashMap::new(),
            legacy: VecDeque::new(),
            last_event: Duration::ZERO,
            asleep: false,
            flow: Flow::default(),
            working: None,
            ended: None,
            hidden: false,
            quiet: false,
            leaving: false,
            gone: false,
        }
    }

    /// The mood, 0 to 1.
    #[must_use]
    pub fn mood(&self, now: Duration) -> f32 {
        self.mood.value(now)
    }

    fn event(&mut self, now: Duration, event: &Event, effects: &mut Vec<Effect>) {
        // Of whoever shows the pet, and nothing that the developer did.
        if event.kind == EventKind::MannersChanged {
            return;
        }
        let wakes = self.notice(now, event, effects);
        let reaction = reaction::to(event, self.world)
            .or_else(|| reaction::to_intent(&event.kind, self.host.species));
        let flows = self.flow.flows(now);
        let reaction = reaction.filter(|reaction| !(flows && reaction.trigger.is_small()));
        if let Some(news) = reaction::news(event, self.world) {
            self.tell_fact(&news);
        }
        self.remember(event);
        // Whom something small wakes, that one wakes up, and does not nod at it.
        match reaction {
            Some(reaction) if reaction.trigger != Trigger::Noticed => {
                self.consider(now, reaction, effects);
            }
            Some(reaction) if self.nods() && !wakes => self.consider(now, reaction, effects),
            _ if wakes => self.consider(now, Trigger::Wake.reaction(""), effects),
            _ => {}
        }
    }

    /// Takes note of what an event says of the world; whether it woke the pet.
    fn notice(&mut self, now: Duration, event: &Event, effects: &mut Vec<Effect>) -> bool {
        if let EventKind::Idle { long, .. } = event.kind {
            if long && !self.asleep {
                self.fall_asleep(now, effects);
            }
            return false;
        }
        self.last_event = now;
        let was_working = self.working.is_some();
        match &event.kind {
            EventKind::Say { text } => self.say(None, text.clone(), effects),
            EventKind::Mood { value } => self.mood.set(now, *value),
            EventKind::Keystroke { count, .. } => self.flow.keys(now, *count),
            EventKind::Hide => {
                self.hidden = true;
                self.tell_state("exit");
                effects.push(Effect::Hide);
            }
            EventKind::Show => self.appear(now, effects),
            EventKind::Commit { .. } | EventKind::Push => self.mood.push(now, 0.04),
            EventKind::Tests { outcome, .. } | EventKind::Build { outcome, .. } => {
                self.working = (*outcome == Outcome::Started).then_some(now);
            }
            EventKind::Agent { state, .. } => {
                self.working = (*state == AgentState::Working).then_some(now);
                if *state != AgentState::Blocked {
                    self.release(now, Trigger::AgentBlocked, effects);
                }
            }
            EventKind::ConflictResolved => self.release(now, Trigger::Conflict, effects),
            _ => {}
        }
        let woke = std::mem::take(&mut self.asleep);
        if was_working != self.working.is_some() && self.performance.is_none() && !woke {
            self.rest(now, effects);
        }
        woke
    }

    fn remember(&mut self, event: &Event) {
        match event.kind {
            EventKind::Tests { outcome: Outcome::Passed, .. } => self.world.red = false,
            EventKind::Tests { outcome: Outcome::Failed, .. } => self.world.red = true,
            EventKind::Lint { level, .. } => self.world.untidy = level != LintLevel::Clean,
            _ => {}
        }
    }

    /// Plays a reaction now, lets it wait, or drops it.
    fn consider(&mut self, now: Duration, reaction: Reaction, effects: &mut Vec<Effect>) {
        self.mood.push(now, reaction.push * self.host.temper(reaction.trigger));
        let known = self.is_known(now, &reaction);
        if !known && !reaction.fact.is_empty() {
            self.tell_fact(reaction.fact.as_str());
        }
        if known || self.is_cooling(now, reaction.trigger) {
            return;
        }
        if self.may_begin(now, reaction.priority) {
            self.begin(now, reaction, effects);
        } else if self
            .waiting
            .as_ref()
            .is_none_or(|(waiting, _)| waiting.priority <= reaction.priority)
        {
            self.waiting = Some((reaction, now));
        }
    }

    /// No news: it holds on to that already, or the file was visited today.
    fn is_known(&mut self, now: Duration, reaction: &Reaction) -> bool {
        let held = |p: &Performance| p.hold.is_some() && p.trigger == reaction.trigger;
        match reaction.trigger {
            Trigger::Legacy => self.was_visited(now, &reaction.fact),
            _ => self.performance.as_ref().is_some_and(held),
        }
    }

    /// Passed by, because the same was shown not long ago.
    fn is_cooling(&self, now: Duration, trigger: Trigger) -> bool {
        self.cooldowns.get(&trigger).is_some_and(|until| now < *until)
    }

    fn was_visited(&mut self, now: Duration, file: &SafeText) -> bool {
        self.legacy.retain(|(_, at)| now < *at + LEGACY_AGAIN);
        if self.legacy.iter().any(|(visited, _)| visited == file) {
            return true;
        }
        if self.legacy.len() == MAX_LEGACY_FILES {
            self.legacy.pop_front();
        }
        self.legacy.push_back((file.clone(), now));
        false
    }

    fn may_begin(&self, now: Duration, priority: u8) -> bool {
        if let Some(performance) = &self.performance {
            return priority > performance.priority;
        }
        let spaced = |(at, last): (Duration, u8)| now >= at + STRONG_SPACING || priority > last;
        priority < STRONG || self.last_strong.is_none_or(spaced)
    }

    fn begin(&mut self, now: Duration, reaction: Reaction, effects: &mut Vec<Effect>) {
        if let Some(old) = self.performance.take() {
            // A guest that is interrupted goes with its reaction.
            if old.guest.is_some() {
                effects.push(Effect::Guest(None));
            }
            self.keep_held(now, old, &reaction);
        }
        self.asleep = false;
        self.idles.stop();
        if reaction.priority >= STRONG {
            self.last_strong = Some((now, reaction.priority));
        }
        self.cooldowns.insert(reaction.trigger, now + reaction.cooldown);
        let mut stages = self.stages(&reaction);
        let hold = reaction.held.then(|| Hold {
            clip: stages.back().map_or_else(|| IDLE.to_owned(), |stage| stage.clip.clone()),
            pause: FIRST_PAUSE,
            resting: false,
        });
        let speaker = stages.front().and_then(|stage| stage.guest);
        let line = reaction.quote.clone().or_else(|| self.line(now, speaker, reaction.trigger));
        let first = stages.pop_front();
        if let Some(stage) = &first {
            let words = self.actor(speaker).0.words.get(&stage.clip);
            self.told.extend(words.map(SafeText::to_string));
        }
        let mut performance = Performance {
            priority: reaction.priority,
            trigger: reaction.trigger,
            stages,
            until: now,
            guest: None,
            hold,
        };
        if let Some(stage) = first {
            performance.enter(now, stage, effects);
        }
        self.performance = Some(performance);
        if let Some(line) = line {
            self.say(speaker, line, effects);
        }
    }

    /// A held reaction that something higher interrupts comes back after it.
    fn keep_held(&mut self, now: Duration, old: Performance, new: &Reaction) {
        let resolved = old.trigger == Trigger::Conflict && new.trigger == Trigger::ConflictResolved;
        if old.hold.is_some() && !resolved && new.trigger != old.trigger {
            self.cooldowns.remove(&old.trigger);
            self.waiting = Some((old.trigger.reaction(""), now + LONGEST_FAREWELL));
        }
    }

    /// The clips of a reaction, with the guest whose part it is.
    fn stages(&self, reaction: &Reaction) -> VecDeque<Stage> {
        let own = |clip: &str| Stage {
            guest: None,
            clip: clip.to_owned(),
            length: self.host.length(clip),
        };
        let visitor = |species| {
            self.visitors.iter().find(|v| v.species == species && species != self.host.species)
        };
        let theirs = |guest: &Personality, clips: &[&str]| -> VecDeque<Stage> {
            let stage = |clip: &&str| Stage {
                guest: Some(guest.species),
                clip: (*clip).to_owned(),
                length: guest.length(clip),
            };
            clips.iter().map(stage).collect()
        };
        match (reaction.trigger, visitor(Species::Ghost), visitor(Species::Cat)) {
            (Trigger::Legacy, Some(ghost), _) => theirs(ghost, &["appear", "whisper", "vanish"]),
            (Trigger::Legacy, None, _) if self.host.species != Species::Ghost => {
                [own("alert")].into()
            }
            (Trigger::Conflict, _, Some(cat)) => {
                let mut stages = theirs(cat, &["hiss"]);
                stages.push_back(own("alert"));
                stages
            }
            _ => [own(&reaction.clip)].into(),
        }
    }

    /// A guest or, where there is none, the host; and the place of its voice.
    fn actor(&self, guest: Option<Species>) -> (&Personality, usize) {
        let place = guest.and_then(|g| self.visitors.iter().position(|v| v.species == g));
        place.map_or((&self.host, 0), |place| (&self.visitors[place], place + 1))
    }

    fn line(
        &mut self,
        now: Duration,
        speaker: Option<Species>,
        trigger: Trigger,
    ) -> Option<SafeText> {
        let (band, place) = (self.mood.band(now), self.actor(speaker).1);
        let who = place.checked_sub(1).map_or(&self.host, |visitor| &self.visitors[visitor]);
        self.voices[place].line(who, trigger, band, &mut self.random)
    }

    fn say(&mut self, speaker: Option<Species>, line: SafeText, effects: &mut Vec<Effect>) {
        if line.is_empty() {
            return;
        }
        let reading = Duration::from_millis(2000 + 60 * u64::try_from(line.width()).unwrap_or(0));
        // The lines of a verse are read with pauses.
        let read = line.as_str().replace(VERSE, ", ");
        self.told.push(format!("{}: {read}", self.actor(speaker).0.title));
        effects.push(Effect::Say { line, stay: reading.min(LONGEST_LINE) });
    }

    fn tell_fact(&mut self, fact: &str) {
        let stop = if fact.ends_with(['.', '!', '?', '…']) { "" } else { "." };
        self.told.push(format!("{fact}{stop}"));
    }

    /// What the host looks like in a state, if it has words for that.
    fn tell_state(&mut self, state: &str) {
        self.told.extend(self.host.words.get(state).map(SafeText::to_string));
    }

    /// What a held reaction waited for has happened.
    fn release(&mut self, now: Duration, trigger: Trigger, effects: &mut Vec<Effect>) {
        self.waiting.take_if(|(waiting, _)| waiting.trigger == trigger);
        if let Some(performance) = self.performance.as_mut().filter(|p| p.trigger == trigger) {
            let resting = performance.hold.take().is_some_and(|hold| hold.resting);
            performance.priority = 0;
            if resting {
                self.finish(now, effects);
            }
        }
    }

    fn fall_asleep(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.asleep = true;
        self.working = None;
        if self.performance.is_none() {
            self.make(Trigger::Doze, now, effects);
            if self.performance.is_none() {
                self.rest(now, effects);
            }
            // Whatever begins wakes it, but for this.
            self.asleep = true;
            if !self.host.clips.contains_key(Trigger::Doze.reaction("").clip.as_str())
                && let Some(line) = self.line(now, None, Trigger::Doze)
            {
                self.say(None, line, effects);
            }
        }
    }

    /// What the pet does when nothing happens.
    fn rest(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let clip = match (self.asleep, self.working) {
            (true, _) => "sleep",
            (false, Some(_)) => "work",
            (false, None) => IDLE,
        };
        self.idles.stop();
        if clip == IDLE && !self.quiet {
            self.idles.begin(now, &mut self.random);
        }
        match clip {
            "work" if self.work_told.is_some_and(|told| now < told + LONGEST_WORK) => {}
            "work" => {
                self.work_told = Some(now);
                self.tell_state(clip);
            }
            "sleep" => self.tell_state(clip),
            _ => {}
        }
        effects.push(Effect::Play { clip: clip.to_owned(), looping: true, urgent: false });
    }

    /// Goes on to the next clip, or to rest, when a clip's time is over.
    fn advance(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(performance) = self.performance.as_mut().filter(|p| p.until <= now) else {
            return;
        };
        if let Some(stage) = performance.stages.pop_front() {
            performance.enter(now, stage, effects);
        } else if performance.hold.is_some() && self.ended.is_none() {
            let length = |clip: &str| self.host.length(clip);
            performance.hold_on(now, length, effects);
        } else {
            self.finish(now, effects);
        }
    }

    fn finish(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.performance.take().is_some_and(|old| old.guest.is_some()) {
            effects.push(Effect::Guest(None));
        }
        self.begin_waiting(now, effects);
        if self.performance.is_none() && self.ended.is_none() {
            self.rest(now, effects);
        }
    }

    /// Comes on the screen, with its entrance if it has one.
    fn appear(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if std::mem::take(&mut self.hidden) && !self.host.clips.contains_key("enter") {
            self.tell_state("enter");
        }
        effects.push(Effect::Show);
        if self.performance.is_none() && !self.asleep {
            self.make(Trigger::Enter, now, effects);
        }
    }

    /// Comes or goes, if it has a clip for that.
    fn make(&mut self, way: Trigger, now: Duration, effects: &mut Vec<Effect>) {
        let reaction = way.reaction("");
        if !self.quiet && self.host.clips.contains_key(&reaction.clip) {
            self.begin(now, reaction, effects);
        }
    }

    /// Leaves out what is only for the eye from now on, or no longer.
    fn hush(&mut self, now: Duration, quiet: bool, effects: &mut Vec<Effect>) {
        let changed = std::mem::replace(&mut self.quiet, quiet) != quiet;
        if changed && self.begun && !self.is_busy() && !self.asleep && self.working.is_none() {
            self.rest(now, effects);
        }
    }

    /// When it must be on its way to be gone [`LONGEST_FAREWELL`] after the end of input.
    fn last_call(&self) -> Option<Duration> {
        let exit = self.host.clips.get(Trigger::Exit.reaction("").clip.as_str())?;
        let stay = LONGEST_FAREWELL.checked_sub(*exit + BEAT + LATE)?;
        self.ended.map(|ended| ended + stay)
    }

    /// After the end of input: goes, once all is said and done, or when time is up.
    fn go(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(last_call) = self.last_call().filter(|_| !self.leaving) else {
            return;
        };
        let entering = self.performance.as_ref().is_some_and(|p| p.trigger == Trigger::Enter);
        if entering || self.asleep || self.hidden || now > last_call + LATE {
            // It has hardly come, would wake only to go, or nobody sees it, or time is up.
            self.leaving = true;
            self.performance = None;
        } else if !self.is_busy() || now >= last_call {
            self.leaving = true;
            self.make(Trigger::Exit, now, effects);
        }
        if self.leaving {
            self.waiting = None;
        }
    }

    fn nods(&self) -> bool {
        !self.quiet && self.host.clips.contains_key(Trigger::Noticed.reaction("").clip.as_str())
    }

    fn is_busy(&self) -> bool {
        self.performance.is_some() || self.waiting.is_some()
    }

    fn begin_waiting(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.waiting.take_if(|(_, since)| now > *since + LONGEST_WAIT);
        let leaving = self.ended.is_some();
        let ready = self.performance.is_none()
            && self
                .waiting
                .as_ref()
                .is_some_and(|(r, _)| leaving || self.may_begin(now, r.priority));
        if let Some((reaction, _)) = self.waiting.take_if(|_| ready) {
            self.begin(now, reaction, effects);
        }
    }

    fn pass_time(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.advance(now, effects);
        self.begin_waiting(now, effects);
        if self.working.is_some_and(|since| now >= since + LONGEST_WORK) {
            self.working = None;
            if self.performance.is_none() {
                self.rest(now, effects);
            }
        }
        let mood = self.mood.value(now);
        if let Some(clip) = self.idles.next(now, mood, &mut self.random) {
            effects.push(Effect::Play { clip: clip.to_owned(), looping: true, urgent: false });
        }
        if !self.asleep && self.performance.is_none() && now >= self.last_event + SLEEP_AFTER {
            self.fall_asleep(now, effects);
        }
    }

    fn may_leave(&self, now: Duration) -> bool {
        self.ended.is_some_and(|ended| !self.is_busy() || now >= ended + LONGEST_FAREWELL)
    }
}

impl Performance {
    fn enter(&mut self, now: Duration, stage: Stage, effects: &mut Vec<Effect>) {
        if stage.guest != self.guest {
            effects.push(Effect::Guest(stage.guest));
            self.guest = stage.guest;
        }
        self.until = now + BEAT + stage.length;
        effects.push(Effect::Play { clip: stage.clip, looping: false, urgent: true });
    }

    /// Rests for a while, then does its clip again.
    fn hold_on(
        &mut self,
        now: Duration,
        length: impl Fn(&str) -> Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(hold) = &mut self.hold else { return };
        hold.resting = !hold.resting;
        if hold.resting {
            self.until = now + hold.pause;
            hold.pause = (hold.pause * 2).min(LONGEST_PAUSE);
            effects.push(Effect::Play { clip: IDLE.to_owned(), looping: true, urgent: false });
        } else {
            self.until = now + BEAT + length(&hold.clip);
            effects.push(Effect::Play { clip: hold.clip.clone(), looping: false, urgent: true });
        }
    }
}

impl Mind for Companion {
    fn step(&mut self, now: Duration, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Input::Quiet(quiet) = input {
            self.hush(now, quiet, &mut effects);
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.make(Trigger::Enter, now, &mut effects);
            if self.performance.is_none() {
                self.rest(now, &mut effects);
                self.tell_state(IDLE);
            }
        }
        match input {
            Input::Event(event) => {
                self.pass_time(now, &mut effects);
                self.event(now, &event, &mut effects);
            }
            Input::Tick | Input::Quiet(_) => self.pass_time(now, &mut effects),
            Input::EndOfInput => {
                self.ended.get_or_insert(now);
                self.pass_time(now, &mut effects);
            }
        }
        if self.ended.is_some() {
            self.go(now, &mut effects);
        }
        let tempo = self.mood.tempo(now);
        if std::mem::replace(&mut self.tempo, tempo) != tempo {
            effects.push(Effect::Tempo(tempo));
        }
        if self.may_leave(now) {
            let unseen = self.hidden || self.host.clips.contains_key("exit");
            if !std::mem::replace(&mut self.gone, true) && !unseen {
                self.tell_state("exit");
            }
            effects.push(Effect::Leave);
        }
        if !self.told.is_empty() {
            let told = std::mem::take(&mut self.told).join(" ");
            effects.push(Effect::Describe(SafeText::new(&told)));
        }
        effects
    }

    fn calm(&mut self) {
        for trigger in [Trigger::Enter, Trigger::Exit, Trigger::Noticed, Trigger::Doze] {
            self.host.clips.remove(&trigger.reaction("").clip);
        }
        self.idles = Idles::default();
    }

    fn next_deadline(&self) -> Option<Duration> {
        let clip = self.performance.as_ref().map(|performance| performance.until);
        let spaced = self.last_strong.map_or(Duration::ZERO, |(at, _)| at + STRONG_SPACING);
        let waiting = self.waiting.as_ref().filter(|_| self.performance.is_none()).map(|_| spaced);
        let farewell = self.ended.map(|at| at + LONGEST_FAREWELL);
        let last_call = self.last_call().filter(|_| !self.leaving);
        let asleep =
            (!self.asleep && self.performance.is_none()).then_some(self.last_event + SLEEP_AFTER);
        let working = self.working.map(|since| since + LONGEST_WORK);
        let idle = self.idles.deadline();
        [clip, waiting, last_call, farewell, asleep, working, idle].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
