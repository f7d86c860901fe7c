//! The table of reactions: which event moves a companion, how much, how long, and what it says.

use super::personality::Species;
use crate::event::{AgentState, Event, EventKind, LintLevel, Outcome};
use crate::intent::{Class, SURE, rules};
use crate::text::SafeText;
use std::time::Duration;

/// What set a reaction off. Cooldowns are kept by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trigger {
    Asked,
    Conflict,
    ConflictResolved,
    AgentBlocked,
    AgentDone,
    AgentError,
    TestsFailed,
    TestsPassed,
    TestsGreenAgain,
    BuildFailed,
    BuildPassed,
    LargeDelete,
    LintError,
    Legacy,
    Docs,
    Condense,
    Whisper,
    /// The developer does what the pet cares for.
    Kindred,
    Wake,
    /// Something small was done: a nod.
    Noticed,
    /// It falls asleep.
    Doze,
    /// It comes on the screen.
    Enter,
    /// It leaves for good.
    Exit,
}

/// What an event would have the companion do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reaction {
    pub(super) trigger: Trigger,
    /// 0 to 100; a higher one interrupts.
    pub(super) priority: u8,
    /// The clip, played once.
    pub(super) clip: String,
    /// How the mood is pushed.
    pub(super) push: f32,
    /// How long the same trigger is passed by after it.
    pub(super) cooldown: Duration,
    /// What happened, for people to read.
    pub(super) fact: SafeText,
    /// What to say instead of a line of the pet's own.
    pub(super) quote: Option<SafeText>,
    /// Whether it stays until the opposite happens.
    pub(super) held: bool,
}

const NONE: Duration = Duration::ZERO;
const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Trigger {
    /// The key of the pet's lines for it.
    pub(super) const fn lines(self) -> &'static str {
        match self {
            Self::Asked | Self::Kindred | Self::Noticed | Self::Enter | Self::Exit => "",
            Self::Whisper => "whisper",
            Self::Conflict => "conflict",
            Self::ConflictResolved => "conflict-resolved",
            Self::AgentBlocked => "agent-blocked",
            Self::AgentDone => "agent-done",
            Self::AgentError => "agent-error",
            Self::TestsFailed => "tests-failed",
            Self::TestsPassed => "tests-passed",
            Self::TestsGreenAgain => "tests-green-again",
            Self::BuildFailed => "build-failed",
            Self::BuildPassed => "build-passed",
            Self::LargeDelete => "large-delete",
            Self::LintError => "lint-error",
            Self::Legacy => "legacy",
            Self::Docs => "docs",
            Self::Condense => "condense",
            Self::Wake => "wake",
            Self::Doze => "sleep",
        }
    }

    /// The key of the lines that fit every occasion of its kind.
    pub(super) const fn tone(self) -> Option<&'static str> {
        match self {
            Self::ConflictResolved
            | Self::AgentDone
            | Self::TestsPassed
            | Self::TestsGreenAgain
            | Self::BuildPassed
            | Self::LargeDelete => Some("good"),
            Self::AgentError | Self::TestsFailed | Self::BuildFailed | Self::LintError => {
                Some("bad")
            }
            _ => None,
        }
    }

    /// Whether it may be left out while the developer is not to be distracted.
    pub(super) const fn is_small(self) -> bool {
        matches!(self, Self::Kindred | Self::Noticed)
    }

    /// Priority, clip, push and cooldown.
    const fn row(self) -> (u8, &'static str, f32, Duration) {
        match self {
            Self::Asked => (95, "", 0.0, NONE),
            Self::Conflict => (90, "hiss", -0.15, NONE),
            Self::ConflictResolved => (88, "happy", 0.12, NONE),
            Self::AgentBlocked => (85, "tap-glass", -0.02, NONE),
            Self::TestsFailed => (80, "sad", -0.12, seconds(20)),
            Self::BuildFailed => (80, "sad", -0.10, seconds(20)),
            Self::AgentError => (75, "sad", -0.08, seconds(20)),
            Self::LargeDelete => (70, "hoot", 0.10, seconds(600)),
            Self::TestsGreenAgain => (65, "celebrate", 0.20, NONE),
            Self::TestsPassed => (60, "purr", 0.10, seconds(90)),
            Self::BuildPassed => (55, "happy", 0.05, seconds(90)),
            Self::AgentDone => (58, "happy", 0.08, seconds(30)),
            Self::LintError => (50, "side-eye", -0.04, seconds(60)),
            Self::Legacy => (40, "whisper", 0.02, NONE),
            Self::Docs => (40, "fetch", 0.04, seconds(300)),
            Self::Condense => (30, "fold", 0.03, seconds(300)),
            Self::Whisper => (25, "glow", 0.02, seconds(30)),
            Self::Kindred => (22, "alert", 0.01, seconds(180)),
            Self::Wake => (20, "wake", 0.0, NONE),
            Self::Noticed => (15, "blink", 0.0, seconds(30)),
            Self::Doze => (12, "doze", 0.0, NONE),
            Self::Enter => (10, "enter", 0.0, NONE),
            // Nothing comes after it.
            Self::Exit => (100, "exit", 0.0, NONE),
        }
    }

    /// Its reaction, with what happened told as `fact`.
    pub(super) fn reaction(self, fact: &str) -> Reaction {
        let (priority, clip, push, cooldown) = self.row();
        Reaction {
            trigger: self,
            priority,
            clip: clip.to_owned(),
            push,
            cooldown,
            fact: SafeText::new(fact),
            quote: None,
            held: matches!(self, Self::Conflict | Self::AgentBlocked),
        }
    }
}

/// What the companion knows of the world that a reaction depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct World {
    /// The last run of tests failed.
    pub(super) red: bool,
    /// The linter last found something.
    pub(super) untidy: bool,
}

/// What is worth a sentence and no reaction.
pub(super) fn news(event: &Event, world: World) -> Option<String> {
    match &event.kind {
        EventKind::Commit { sha, subject } => {
            let of = |part: &Option<SafeText>, before: &str| {
                part.as_ref().map_or_else(String::new, |part| format!("{before}{part}"))
            };
            Some(format!("Commit{}{}", of(sha, " "), of(subject, ": ")))
        }
        EventKind::Push => Some("Pushed".to_owned()),
        EventKind::Branch { branch: Some(branch) } => Some(format!("On branch {branch}")),
        EventKind::Lint { level: LintLevel::Warning, count, .. } => {
            Some(format!("The linter found{}", counted((*count).max(1), "", "warning")))
        }
        EventKind::Lint { level: LintLevel::Clean, .. } if world.untidy => {
            Some("The linter finds nothing more".to_owned())
        }
        _ => None,
    }
}

/// The reaction to what the developer seems to be doing, where the pet cares for that and it is
/// likely enough.
pub(super) fn to_intent(kind: &EventKind, species: Species) -> Option<Reaction> {
    let EventKind::Intent { class, confidence, .. } = kind else { return None };
    let class = Class::of_name(class.as_str()).filter(|_| *confidence >= SURE)?;
    let fact = match (species, class) {
        (Species::Crane, Class::Refactor) => "This looks like a refactoring",
        (Species::Cat, Class::Test) => "This looks like work on tests",
        (Species::Owl, Class::Fix) => "This looks like a fix",
        (Species::Dog, Class::Docs) => "This looks like documentation",
        _ => return None,
    };
    Some(Trigger::Kindred.reaction(fact))
}

/// The reaction to an event, if it is one to react to.
pub(super) fn to(event: &Event, world: World) -> Option<Reaction> {
    if let Some(lines) = rules::large_delete(&event.kind) {
        return Some(Trigger::LargeDelete.reaction(&format!("{lines} lines deleted")));
    }
    match &event.kind {
        EventKind::Tests { outcome, passed, failed, .. } => {
            tests(*outcome, *passed, *failed, world)
        }
        EventKind::Build { outcome: Outcome::Passed, .. } => {
            Some(Trigger::BuildPassed.reaction("The build passed"))
        }
        EventKind::Build { outcome: Outcome::Failed, errors } => Some(
            Trigger::BuildFailed
                .reaction(&format!("The build failed{}", counted(*errors, " with", "error"))),
        ),
        EventKind::Lint { level: LintLevel::Error, count, .. } => Some(
            Trigger::LintError
                .reaction(&format!("The linter found{}", counted((*count).max(1), "", "error"))),
        ),
        EventKind::Conflict { files } => Some(
            Trigger::Conflict
                .reaction(&format!("A merge conflict{}", counted(*files, " in", "file"))),
        ),
        EventKind::ConflictResolved => {
            Some(Trigger::ConflictResolved.reaction("The conflict is resolved"))
        }
        EventKind::Agent { state, app, message } => agent(*state, app.as_ref(), message.as_ref()),
        EventKind::Whisper { .. } => Some(Trigger::Whisper.reaction("A whisper is ready")),
        EventKind::Commit { .. } | EventKind::Push => Some(Trigger::Noticed.reaction("")),
        EventKind::Play { clip } => {
            let asked = Trigger::Asked.reaction("");
            Some(Reaction { clip: clip.clone(), ..asked })
        }
        _ => found(event),
    }
}

fn tests(outcome: Outcome, passed: u64, failed: u64, world: World) -> Option<Reaction> {
    match outcome {
        Outcome::Started => None,
        Outcome::Passed if world.red => Some(
            Trigger::TestsGreenAgain
                .reaction(&format!("Green again,{} passed", counted(passed, "", "test"))),
        ),
        Outcome::Passed => {
            Some(Trigger::TestsPassed.reaction(&format!("{} passed", tests_counted(passed))))
        }
        Outcome::Failed => {
            Some(Trigger::TestsFailed.reaction(&format!("{} failed", tests_counted(failed))))
        }
    }
}

fn agent(
    state: AgentState,
    app: Option<&SafeText>,
    message: Option<&SafeText>,
) -> Option<Reaction> {
    let who = app.map_or("The agent", SafeText::as_str);
    let (trigger, what) = match state {
        AgentState::Working => return None,
        AgentState::Blocked => (Trigger::AgentBlocked, "waits for you"),
        AgentState::Done => (Trigger::AgentDone, "is done"),
        AgentState::Error => (Trigger::AgentError, "gave up"),
    };
    let said = message.map_or_else(String::new, |message| format!(": {message}"));
    Some(trigger.reaction(&format!("{who} {what}{said}")))
}

/// What the pets bring, whisper or fold.
fn found(event: &Event) -> Option<Reaction> {
    match &event.kind {
        EventKind::Docs { title, path } => {
            let page = joined(&[title.as_ref(), path.as_ref()], ", ");
            let quote = (!page.is_empty()).then(|| SafeText::new(&format!("! {page}")));
            Some(Reaction {
                quote,
                ..Trigger::Docs.reaction(&format!("Documentation found: {page}"))
            })
        }
        EventKind::Condense { path, line, before, after, message } => {
            let size = before
                .zip(*after)
                .map_or_else(String::new, |(b, a)| format!(": {a} lines instead of {b}"));
            let place = path.as_ref().map_or("This", SafeText::as_str);
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            let fact = format!("{place}{line} could be shorter{size}");
            Some(Reaction { quote: message.clone(), ..Trigger::Condense.reaction(&fact) })
        }
        EventKind::Legacy { path, author, sha, subject, age_days, .. } => {
            let age = age_days.map_or_else(String::new, |days| format!(", {days} days old"));
            let place = path.as_ref().map_or("Old code", SafeText::as_str);
            let words = subject.as_ref().map(|subject| {
                let date = age_days.and_then(|days| event.date_before(days));
                let source = joined(&[author.as_ref(), sha.as_ref(), date.as_ref()], ", ");
                SafeText::new(&format!("“{subject}” {source}"))
            });
            let fact = format!("{place} was touched{age}");
            Some(Reaction { quote: words, ..Trigger::Legacy.reaction(&fact) })
        }
        _ => None,
    }
}

fn joined(parts: &[Option<&SafeText>], separator: &str) -> String {
    let parts: Vec<&str> = parts.iter().flatten().map(|part| part.as_str()).collect();
    parts.join(separator)
}

/// "2 tests", "1 test", or "Tests" where they were not counted.
fn tests_counted(count: u64) -> String {
    if count == 0 { "Tests".to_owned() } else { counted(count, "", "test").trim_start().to_owned() }
}

/// " in 2 files", " in 1 file", or nothing where none were counted.
fn counted(count: u64, word: &str, noun: &str) -> String {
    match count {
        0 if word.is_empty() => format!(" {noun}s"),
        0 => String::new(),
        1 => format!("{word} 1 {noun}"),
        _ => format!("{word} {count} {noun}s"),
    }
}
