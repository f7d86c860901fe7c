//! What the developer seems to be doing, from a stream of edits.
//!
//! A [`Watcher`] keeps the newest patch of each file that was edited of late and looks at them at most
//! once a second, at least [`LOOKS`] times after a change. It smooths what it sees, claims a class only
//! when it has been likely for some looks, and lets go of it late ([`Smoother`]). Both are pure: time is
//! given to them, and the model, too. [`spawn`] runs one on a thread beside a bus.

use super::choose::{self, Options};
use super::features::{Extractor, Features};
use super::model::Model;
use super::onnx::ModelError;
use super::prior::{COMMITS, Prior};
use super::{CLASSES, Class, Distribution, SURE, Source, Verdict, embedded, history, judge, rules};
use crate::event::bus::Bus;
use crate::event::{Event, EventKind, Patch};
use crate::text::SafeText;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Looks are at least so far apart.
pub const GAP: Duration = Duration::from_secs(1);
/// So many looks a claim needs.
pub const LOOKS: u32 = 3;
/// Edits that are older do not count.
pub const WINDOW: Duration = Duration::from_secs(300);
/// The most files that are kept.
pub const MAX_FILES: usize = 64;

/// How much the newest look counts.
const NEWEST: f32 = 0.4;
/// A claim is let go below this.
const LET_GO: f32 = 0.35;
/// Another class takes its place when it is likelier by this.
const LEAD: f32 = 0.1;
/// A confidence that changed by less is no news.
const NEWS: f32 = 0.1;
/// So many events wait for the model, at most; more edits than that are one change.
const QUEUE: usize = 64;

/// Smooths distributions, and claims a class with hysteresis.
#[derive(Clone, Debug, Default)]
pub struct Smoother {
    mean: Option<[f32; CLASSES]>,
    looks: u32,
    claim: Option<Class>,
}

impl Smoother {
    /// Takes what was seen, and gives the class that is claimed now, if any, with how likely it is; of
    /// the likeliest where none is.
    pub fn look(&mut self, seen: &Distribution) -> (Option<Class>, f32) {
        let mean = self.mean.get_or_insert(*seen.all());
        for (mean, seen) in mean.iter_mut().zip(seen.all()) {
            *mean += NEWEST * (seen - *mean);
        }
        self.looks = self.looks.saturating_add(1);
        let smooth = Distribution::new(*mean);
        let (top, likely) = smooth.top();
        let held = self.claim.map(|claim| smooth.of(claim));
        let overtaken = held.is_none_or(|held| likely >= held + LEAD || held < LET_GO);
        if overtaken {
            self.claim = (likely >= SURE && self.looks >= LOOKS).then_some(top);
        }
        (self.claim, self.claim.map_or(likely, |claim| smooth.of(claim)))
    }
}

/// A file that was edited.
struct Edited {
    path: Option<SafeText>,
    patch: Option<Patch>,
    at: Duration,
}

/// Looks at edits.
pub struct Watcher {
    extractor: Extractor,
    prior: Prior,
    edits: VecDeque<Edited>,
    smoother: Smoother,
    /// How often it is still to be looked, and when next.
    left: u32,
    next: Duration,
    told: Option<(Option<Class>, f32)>,
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new(Prior::default())
    }
}

impl Watcher {
    /// One for a repository with this prior.
    #[must_use]
    pub fn new(prior: Prior) -> Self {
        Self {
            extractor: Extractor::new(),
            prior,
            edits: VecDeque::new(),
            smoother: Smoother::default(),
            left: 0,
            next: Duration::ZERO,
            told: None,
        }
    }

    /// Whether it takes note of such an event.
    #[must_use]
    pub const fn wants(kind: &EventKind) -> bool {
        matches!(kind, EventKind::Edit { .. } | EventKind::Commit { .. } | EventKind::Branch { .. })
    }

    /// Takes note of an event. What was committed is done, and another branch is another task.
    pub fn tell(&mut self, now: Duration, event: &Event) {
        match &event.kind {
            EventKind::Edit { path, patch, .. } => {
                // Without a path nobody knows which patch a new one stands for.
                self.edits.retain(|edit| edit.path.is_none() || edit.path != *path);
                let (path, patch) = (path.clone(), patch.clone());
                self.edits.push_back(Edited { path, patch, at: now });
                if self.edits.len() > MAX_FILES {
                    self.edits.pop_front();
                }
                self.left = LOOKS;
            }
            EventKind::Commit { .. } | EventKind::Branch { .. } => {
                self.edits.clear();
                self.smoother = Smoother::default();
                self.left = 0;
                self.told = None;
            }
            _ => {}
        }
    }

    /// When it wants to look, if at all.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        (self.left > 0).then_some(self.next)
    }

    /// Looks, if it is time, and gives an `intent` event where there is news.
    ///
    /// # Errors
    /// When the model fails.
    pub fn look(
        &mut self,
        now: Duration,
        model: &mut dyn Model,
    ) -> Result<Option<EventKind>, ModelError> {
        if self.due().is_none_or(|due| now < due) {
            return Ok(None);
        }
        self.left -= 1;
        self.next = now + GAP;
        self.edits.retain(|edit| now.saturating_sub(edit.at) < WINDOW);
        let Some(seen) = self.see(model)? else { return Ok(None) };
        let (claim, likely) = self.smoother.look(&seen.distribution);
        let is_news = match self.told {
            None => claim.is_some(),
            Some((told, before)) => told != claim || (before - likely).abs() >= NEWS,
        };
        if !is_news {
            return Ok(None);
        }
        self.told = Some((claim, likely));
        let class = Verdict { class: claim, confidence: likely, source: Source::Model }.name();
        Ok(Some(EventKind::Intent {
            class: SafeText::new(class),
            confidence: likely,
            vector: seen.vector,
            provider: Some(seen.provider),
        }))
    }

    fn see(&mut self, model: &mut dyn Model) -> Result<Option<Seen>, ModelError> {
        let mut any = false;
        for edit in &self.edits {
            let Some(patch) = &edit.patch else { continue };
            let diff = patch.as_str();
            match &edit.path {
                // Hunks alone: the event says of which file.
                Some(path) if diff.starts_with("@@") => {
                    let diff = format!("diff --git a/{path} b/{path}\n{diff}");
                    self.extractor.diff(diff.as_bytes());
                }
                _ => self.extractor.diff(diff.as_bytes()),
            }
            any = true;
        }
        if !any {
            return Ok(self.by_path());
        }
        let features = self.extractor.finish();
        see(&features, &self.prior, model).map(Some)
    }

    /// What a rule says where nothing but paths is known.
    fn by_path(&self) -> Option<Seen> {
        let of = |edit: &Edited| rules::of_path(edit.path.as_ref()?.as_str());
        let mut verdicts = self.edits.iter().map(of);
        let first = verdicts.next()??;
        let alike = verdicts.all(|other| other.is_some_and(|other| other.class == first.class));
        alike.then(|| Seen::of_rule(&first, Vec::new()))
    }
}

/// What was seen at a look.
struct Seen {
    distribution: Distribution,
    vector: Vec<f32>,
    provider: SafeText,
}

impl Seen {
    fn of_rule(verdict: &Verdict, vector: Vec<f32>) -> Self {
        let name = match verdict.source {
            Source::Rule(name) => name,
            Source::Model => "",
        };
        let mut likely = [(1.0 - verdict.confidence) / 5.0; CLASSES];
        match verdict.class {
            Some(class) => likely[class as usize] = verdict.confidence,
            None => likely = [1.0; CLASSES],
        }
        let provider = SafeText::new(&format!("rule: {name}"));
        Self { distribution: Distribution::new(likely), vector, provider }
    }
}

fn see(features: &Features, prior: &Prior, model: &mut dyn Model) -> Result<Seen, ModelError> {
    let answer = model.run(&features.inputs)?;
    let distribution = prior.apply(&answer.distribution);
    let verdict = judge(features, &distribution);
    if verdict.source != Source::Model {
        return Ok(Seen::of_rule(&verdict, answer.vector));
    }
    Ok(Seen { distribution, vector: answer.vector, provider: model.report().provider() })
}

/// Events with their times, and among them what is seen of the edits, each at its time.
pub struct Watched<'m, I> {
    events: I,
    /// The event that comes next, where it was looked at already.
    ahead: Option<Option<(Duration, Event)>>,
    watcher: Watcher,
    model: Looker<'m>,
    /// The last event's time by its own clock and by ours.
    clock: Option<(Timestamp, Duration)>,
}

enum Looker<'m> {
    Given(&'m mut Box<dyn Model>),
    /// The embedded one, opened when it is needed.
    Embedded(Option<Box<dyn Model>>),
}

impl<'m, I: Iterator<Item = (Duration, Event)>> Watched<'m, I> {
    /// Looks with that model.
    pub fn new(events: I, watcher: Watcher, model: &'m mut Box<dyn Model>) -> Self {
        Self { events, ahead: None, watcher, model: Looker::Given(model), clock: None }
    }

    /// Looks with the embedded backend, opened when the first edit comes: the same events give the
    /// same.
    pub fn embedded(events: I) -> Self {
        let (watcher, model) = (Watcher::default(), Looker::Embedded(None));
        Self { events, ahead: None, watcher, model, clock: None }
    }

    fn look(&mut self, at: Duration) -> Option<Event> {
        let model = match &mut self.model {
            Looker::Given(model) => model,
            Looker::Embedded(Some(model)) => model,
            Looker::Embedded(none) => none.insert(embedded_model()?),
        };
        let kind = self.watcher.look(at, &mut **model).ok()??;
        let ts = self.clock.and_then(|(ts, then)| {
            let passed = jiff::SignedDuration::try_from(at.saturating_sub(then)).ok()?;
            ts.checked_add(passed).ok()
        });
        Some(Event { ts, ..Event::of(kind) })
    }
}

impl<I: Iterator<Item = (Duration, Event)>> Iterator for Watched<'_, I> {
    type Item = (Duration, Event);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let ahead = self.ahead.get_or_insert_with(|| self.events.next());
            let next = ahead.as_ref().map(|(at, _)| *at);
            match self.watcher.due() {
                Some(due) if next.is_none_or(|next| due <= next) => {
                    if let Some(event) = self.look(due) {
                        return Some((due, event));
                    }
                    if matches!(self.model, Looker::Embedded(None)) {
                        // There is no model to wait for.
                        self.watcher = Watcher::default();
                    }
                }
                _ => {
                    let (at, event) = self.ahead.take()??;
                    self.watcher.tell(at, &event);
                    self.clock = event.ts.map(|ts| (ts, at)).or(self.clock);
                    return Some((at, event));
                }
            }
        }
    }
}

/// Watches a bus on a thread of its own, which opens the model when the first edit comes and puts what
/// it sees on the bus. With a repository, its last commits make the prior. The thread ends with the bus.
pub fn spawn(bus: &Arc<Bus>, options: Options, repo: Option<PathBuf>) {
    let (sender, events) = sync_channel(QUEUE);
    let target = Arc::downgrade(bus);
    let started = std::thread::Builder::new()
        .name("intent".to_owned())
        .spawn(move || run(&events, &target, &options, repo));
    if started.is_err() {
        return;
    }
    bus.add_tap(Box::new(move |event| {
        if Watcher::wants(&event.kind) {
            // Where too many wait, those say enough.
            drop(sender.try_send(event.clone()));
        }
    }));
}

fn run(events: &Receiver<Event>, bus: &Weak<Bus>, options: &Options, repo: Option<PathBuf>) {
    // Commits alone are nothing to look at.
    let is_edit = |event: &Event| matches!(event.kind, EventKind::Edit { .. });
    let Some(first) = events.iter().find(is_edit) else { return };
    let begun = Instant::now();
    let Some(mut model) = open(options) else { return };
    let mut watcher = Watcher::new(repo.map(|repo| prior_of(&repo)).unwrap_or_default());
    watcher.tell(begun.elapsed(), &first);
    loop {
        let wait = watcher.due().map_or(WINDOW, |due| due.saturating_sub(begun.elapsed()));
        match events.recv_timeout(wait) {
            Ok(event) => watcher.tell(begun.elapsed(), &event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        match watcher.look(begun.elapsed(), &mut *model) {
            Ok(Some(kind)) => {
                let Some(bus) = bus.upgrade() else { return };
                bus.push(Event::of(kind));
            }
            Ok(None) => {}
            // A provider that fell after it had served: the embedded backend does not.
            Err(_) => match embedded_model() {
                Some(embedded) => model = embedded,
                None => return,
            },
        }
    }
}

/// The model as it is wanted; where the user's own is refused, ours.
fn open(options: &Options) -> Option<Box<dyn Model>> {
    choose::open(options).ok().or_else(embedded_model)
}

fn embedded_model() -> Option<Box<dyn Model>> {
    let file = super::onnx::ModelFile::embedded().ok()?;
    Some(Box::new(embedded::open(&file).ok()?))
}

/// What a repository's last commits make likely; nothing where they cannot be read. No program is run.
#[must_use]
pub fn prior_of(repo: &std::path::Path) -> Prior {
    // Not every commit says what it is.
    let commits = history::commits(repo, 4 * COMMITS).unwrap_or_default();
    Prior::of_subjects(commits.iter().map(|commit| commit.subject.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::model::{Answer, Report};
    use super::super::onnx::ModelFile;
    use super::*;

    /// A model that says what it is told to.
    struct Parrot(Report, [f32; CLASSES]);

    impl Parrot {
        fn new(probs: [f32; CLASSES]) -> Self {
            let model = embedded::open(&ModelFile::embedded().unwrap()).unwrap();
            Self(model.report().clone(), probs)
        }
    }

    impl Model for Parrot {
        fn run(&mut self, _: &[f32]) -> Result<Answer, ModelError> {
            Answer::new(&self.1, &[0.5; 64])
        }

        fn report(&self) -> &Report {
            &self.0
        }
    }

    const FIX: [f32; CLASSES] = [0.1, 0.7, 0.1, 0.05, 0.0, 0.05];
    const TEST: [f32; CLASSES] = [0.1, 0.1, 0.1, 0.6, 0.0, 0.1];
    const UNSURE: [f32; CLASSES] = [0.3, 0.3, 0.2, 0.1, 0.0, 0.1];

    fn edit(path: &str, patch: Option<&str>) -> Event {
        Event::of(EventKind::Edit {
            path: Some(SafeText::new(path)),
            added: 1,
            deleted: 0,
            files: 1,
            renamed: false,
            patch: patch.and_then(Patch::new),
        })
    }

    fn patch(path: &str) -> Event {
        let diff = format!("diff --git a/{path} b/{path}\n@@ -1 +1 @@\n-a\n+b\n");
        edit(path, Some(&diff))
    }

    /// The events of so many quarters of a second, with the time of each.
    fn looks(
        watcher: &mut Watcher,
        from: u64,
        to: u64,
        probs: [f32; CLASSES],
    ) -> Vec<(u64, String)> {
        let mut model = Parrot::new(probs);
        let mut told = Vec::new();
        for quarter in 4 * from..4 * to {
            let now = Duration::from_millis(250 * quarter);
            if let Some(EventKind::Intent { class, .. }) = watcher.look(now, &mut model).unwrap() {
                told.push((quarter / 4, class.to_string()));
            }
        }
        told
    }

    #[test]
    fn a_claim_needs_three_looks_and_is_told_once() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.due(), None);
        watcher.tell(Duration::ZERO, &patch("a.rs"));
        assert_eq!(looks(&mut watcher, 0, 60, FIX), [(2, "fix".to_owned())]);
        assert_eq!(watcher.due(), None, "nothing changes any more");
    }

    #[test]
    fn an_unsure_model_says_nothing_and_ends_a_claim_late() {
        let mut watcher = Watcher::default();
        watcher.tell(Duration::ZERO, &patch("a.rs"));
        assert_eq!(looks(&mut watcher, 0, 5, UNSURE), []);
        let mut told = Vec::new();
        for (second, probs) in
            [(5, FIX), (8, FIX), (11, UNSURE), (14, UNSURE), (17, TEST), (20, TEST)]
        {
            watcher.tell(Duration::from_secs(second), &patch("a.rs"));
            told.extend(looks(&mut watcher, second, second + 3, probs));
        }
        let classes: Vec<_> = told.iter().map(|(_, class)| class.as_str()).collect();
        assert_eq!(classes.first(), Some(&"fix"));
        assert!(classes.contains(&"unknown"));
        assert_eq!(classes.last(), Some(&"test"));
        let seconds: Vec<_> = told.iter().map(|(second, _)| *second).collect();
        assert!(seconds.is_sorted_by(|a, b| a < b), "at most one a second: {told:?}");
    }

    #[test]
    fn a_flicker_changes_no_claim() {
        let mut smoother = Smoother::default();
        let claims: Vec<_> = [FIX, FIX, FIX, TEST, FIX, TEST, FIX]
            .iter()
            .map(|probs| smoother.look(&Distribution::new(*probs)).0)
            .collect();
        assert_eq!(claims[1], None);
        assert!(claims[2..].iter().all(|claim| *claim == Some(Class::Fix)), "{claims:?}");
    }

    #[test]
    fn a_commit_ends_what_was_done() {
        let mut watcher = Watcher::default();
        watcher.tell(Duration::ZERO, &patch("a.rs"));
        looks(&mut watcher, 0, 4, FIX);
        watcher.tell(
            Duration::from_secs(4),
            &Event::of(EventKind::Commit { sha: None, subject: None }),
        );
        assert_eq!(watcher.due(), None);
        watcher.tell(Duration::from_secs(5), &patch("b.rs"));
        assert_eq!(looks(&mut watcher, 5, 6, FIX), [], "a new claim needs its looks");
    }

    #[test]
    fn without_a_patch_a_rule_speaks_or_nobody() {
        let mut watcher = Watcher::default();
        watcher.tell(Duration::ZERO, &edit("src/a.rs", None));
        assert_eq!(looks(&mut watcher, 0, 10, FIX), []);
        let mut watcher = Watcher::default();
        watcher.tell(Duration::ZERO, &edit("docs/a.md", None));
        assert_eq!(looks(&mut watcher, 0, 10, FIX), [(2, "docs".to_owned())]);
    }

    #[test]
    fn hunks_alone_are_of_the_events_file() {
        let mut watcher = Watcher::default();
        watcher.tell(Duration::ZERO, &edit("docs/a.md", Some("@@ -1 +1,2 @@\n a\n+b\n")));
        assert_eq!(looks(&mut watcher, 0, 5, UNSURE), [(2, "docs".to_owned())]);
    }

    #[test]
    fn the_newest_patch_of_a_file_counts_and_files_are_bounded() {
        let mut watcher = Watcher::default();
        for n in 0..1000 {
            watcher.tell(Duration::from_millis(n), &patch(&format!("{}.rs", n % 200)));
        }
        assert_eq!(watcher.edits.len(), MAX_FILES);
        for _ in 0..10 {
            watcher.tell(Duration::from_secs(2), &patch("199.rs"));
        }
        assert_eq!(watcher.edits.len(), MAX_FILES);
    }

    #[test]
    fn a_stream_has_what_is_seen_among_its_events() {
        let at = |seconds, event: Event| (Duration::from_secs(seconds), event);
        let fix = include_str!("../../fixtures/intent/fix.diff");
        let docs = include_str!("../../fixtures/intent/docs.diff");
        let events = [
            at(0, edit("README.md", Some(docs))),
            at(9, Event::of(EventKind::Commit { sha: None, subject: None })),
            at(10, edit("src/queue.rs", Some(fix))),
        ];
        let told: Vec<_> = Watched::embedded(events.into_iter())
            .map(|(at, event)| (at.as_secs(), crate::event::wire::name(&event.kind)))
            .collect();
        assert_eq!(told[..3], [(0, "edit"), (2, "intent"), (9, "git.commit")]);
        assert_eq!(told[3], (10, "edit"));
    }

    #[test]
    fn a_bus_hears_what_is_seen() {
        let bus = Arc::new(Bus::new());
        spawn(&bus, Options::default(), None);
        bus.push(edit("docs/a.md", None));
        let begun = Instant::now();
        let mut heard = None;
        while heard.is_none() && begun.elapsed() < Duration::from_secs(100) {
            let event = bus.recv_timeout(Duration::from_secs(1));
            heard = event.filter(|event| matches!(event.kind, EventKind::Intent { .. }));
        }
        let Some(Event { kind: EventKind::Intent { class, .. }, .. }) = heard else {
            panic!("nothing was heard");
        };
        assert_eq!(class.as_str(), "docs");
    }
}
