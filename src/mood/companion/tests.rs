use super::super::Lines;
use super::*;

fn personality(species: Species) -> Personality {
    let names = [
        "idle",
        "happy",
        "alert",
        "sad",
        "sleep",
        "wake",
        "work",
        "purr",
        "hiss",
        "hoot",
        "celebrate",
        "side-eye",
        "tap-glass",
        "fetch",
        "fold",
        "appear",
        "whisper",
        "vanish",
        "glow",
    ];
    let keys = [
        "tests-passed",
        "tests-failed",
        "tests-green-again",
        "conflict",
        "legacy",
        "sleep",
        "lint-error",
    ];
    let line = |key: &str| {
        let any = vec![SafeText::new(&format!("{species:?} {key}"))];
        (key.to_owned(), Lines { any, ..Lines::default() })
    };
    Personality {
        species,
        title: SafeText::new("Pet"),
        clips: names.iter().map(|name| ((*name).to_owned(), Duration::from_secs(2))).collect(),
        lines: keys.into_iter().map(line).collect(),
        words: [("sad".to_owned(), SafeText::new("Pet droops."))].into(),
    }
}

/// A companion that logs what it plays, with seconds.
struct Log {
    companion: Companion,
    plays: Vec<(u64, String)>,
    says: Vec<String>,
    guests: Vec<Option<Species>>,
    left: Option<u64>,
    now: Duration,
}

impl Log {
    fn new(species: Species, visitors: &[Species]) -> Self {
        Self::of(personality(species), visitors)
    }

    /// A pet that has all clips.
    fn whole(species: Species) -> Self {
        let mut host = personality(species);
        for name in ["blink", "doze", "enter", "exit", "idle-2", "idle-3"] {
            host.clips.insert(name.to_owned(), Duration::from_secs(2));
        }
        Self::of(host, &[])
    }

    fn of(host: Personality, visitors: &[Species]) -> Self {
        let visitors = visitors.iter().map(|s| personality(*s)).collect();
        let companion = Companion::new(host, visitors, 7);
        let mut log = Self {
            companion,
            plays: vec![],
            says: vec![],
            guests: vec![],
            left: None,
            now: Duration::ZERO,
        };
        log.feed(Input::Tick);
        log
    }

    fn feed(&mut self, input: Input) {
        for effect in self.companion.step(self.now, input) {
            match effect {
                Effect::Play { clip, .. } => self.plays.push((self.now.as_secs(), clip)),
                Effect::Say { line, .. } => self.says.push(line.as_str().to_owned()),
                Effect::Guest(guest) => self.guests.push(guest),
                Effect::Leave => _ = self.left.get_or_insert(self.now.as_secs()),
                _ => {}
            }
        }
    }

    /// Lets time pass to `seconds`, ticking at each deadline, and then tells it of an event.
    fn at(&mut self, seconds: u64, kind: EventKind) -> &mut Self {
        self.until(seconds);
        self.feed(Input::Event(Event::of(kind)));
        self
    }

    fn until(&mut self, seconds: u64) -> &mut Self {
        let to = Duration::from_secs(seconds);
        while let Some(at) = self.companion.next_deadline().filter(|at| *at <= to && *at > self.now)
        {
            self.now = at;
            self.feed(Input::Tick);
        }
        self.now = to;
        self
    }

    fn clips(&self) -> Vec<&str> {
        self.plays.iter().map(|(_, clip)| clip.as_str()).collect()
    }
}

fn passed() -> EventKind {
    EventKind::Tests { outcome: Outcome::Passed, passed: 42, failed: 0, ignored: 0 }
}

fn failed() -> EventKind {
    EventKind::Tests { outcome: Outcome::Failed, passed: 40, failed: 2, ignored: 0 }
}

#[test]
fn it_idles_reacts_and_idles_again() {
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, passed()).until(10);
    assert_eq!(log.clips(), ["idle", "purr", "idle"]);
    assert_eq!(log.says, ["Cat tests-passed"]);
    assert!(log.companion.mood(log.now) > super::super::REST);
}

#[test]
fn green_after_red_is_a_feast_and_the_same_again_is_not() {
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, failed()).at(12, passed()).at(24, passed()).at(40, passed()).until(50);
    assert_eq!(log.clips(), ["idle", "sad", "idle", "celebrate", "idle", "purr", "idle"]);
}

#[test]
fn a_higher_priority_interrupts_and_a_lower_one_waits() {
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, passed()).at(2, failed()).until(6);
    assert_eq!(log.clips(), ["idle", "purr", "sad", "idle"]);
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, failed()).at(2, EventKind::LargeDelete { deleted: 60 }).until(30);
    assert_eq!(log.plays[3], (9, "hoot".to_owned()), "not within 8 s");
}

#[test]
fn what_waited_too_long_is_dropped() {
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, EventKind::Conflict { files: 1 })
        .at(2, passed())
        .at(60, EventKind::ConflictResolved)
        .until(90);
    assert!(!log.clips().contains(&"purr"), "{:?}", log.plays);
}

#[test]
fn a_conflict_is_held_until_it_is_resolved() {
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, EventKind::Conflict { files: 2 }).until(40);
    let hisses = log.clips().iter().filter(|clip| **clip == "hiss").count();
    assert!((2..=4).contains(&hisses), "{:?}", log.plays);
    log.at(41, EventKind::ConflictResolved).until(600);
    assert_eq!(log.clips()[log.clips().len() - 2..], ["happy", "idle"]);
}

#[test]
fn the_agent_is_answered_and_the_glass_is_quiet() {
    let mut log = Log::new(Species::Dog, &[]);
    let agent = |state| EventKind::Agent { state, app: None, message: None };
    log.at(1, agent(AgentState::Blocked)).until(20).at(21, agent(AgentState::Working)).until(25);
    assert_eq!(*log.clips().last().unwrap(), "work");
    log.at(26, agent(AgentState::Done)).until(40);
    assert_eq!(*log.clips().last().unwrap(), "idle");
}

#[test]
fn spectre_comes_once_a_file_and_quotes() {
    let legacy = || EventKind::Legacy {
        path: Some(SafeText::new("old.c")),
        line: None,
        age_days: Some(4000),
        author: Some(SafeText::new("Ada")),
        sha: None,
        subject: Some(SafeText::new("make it fast")),
    };
    let mut log = Log::new(Species::Owl, &[Species::Ghost]);
    log.at(1, legacy()).until(20).at(21, legacy()).until(40);
    assert_eq!(log.clips(), ["idle", "appear", "whisper", "vanish", "idle"]);
    assert_eq!(log.guests, [Some(Species::Ghost), None]);
    assert_eq!(log.says, ["“make it fast” Ada"]);
}

#[test]
fn null_steps_in_at_a_conflict_and_the_host_stays_alert() {
    let mut log = Log::new(Species::Owl, &[Species::Cat]);
    log.at(1, EventKind::Conflict { files: 1 }).until(8);
    assert_eq!(log.clips()[..4], ["idle", "hiss", "alert", "idle"]);
    assert_eq!(log.guests, [Some(Species::Cat), None]);
}

#[test]
fn it_sleeps_and_wakes() {
    let mut log = Log::new(Species::Cat, &[]);
    log.until(700);
    assert_eq!(log.plays.last().unwrap(), &(600, "sleep".to_owned()));
    log.at(701, EventKind::Active).until(710);
    assert_eq!(log.clips(), ["idle", "sleep", "wake", "idle"]);
    log.at(711, EventKind::Idle { seconds: 600, long: true }).at(712, failed()).until(730);
    assert_eq!(log.clips()[4..], ["sleep", "sad", "idle"]);
}

#[test]
fn it_leaves_after_its_last_reaction_and_never_late() {
    let mut log = Log::new(Species::Cat, &[]);
    log.feed(Input::EndOfInput);
    assert_eq!(log.left, Some(0));
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, passed()).feed(Input::EndOfInput);
    log.until(30);
    assert_eq!(log.left, Some(3));
    let mut log = Log::new(Species::Cat, &[]);
    log.at(1, EventKind::Conflict { files: 1 }).feed(Input::EndOfInput);
    log.until(30);
    assert!(log.left.is_some_and(|at| at <= 6), "{:?}", log.left);
}

#[test]
fn the_same_seed_and_events_give_the_same_effects() {
    let run = |seed| {
        let mut companion =
            Companion::new(personality(Species::Owl), vec![personality(Species::Ghost)], seed);
        let mut random = fastrand::Rng::with_seed(3);
        let (mut now, mut effects) = (Duration::ZERO, Vec::new());
        for _ in 0..5000 {
            now += Duration::from_millis(random.u64(..3000));
            let kind = match random.u8(..9) {
                0 => passed(),
                1 => failed(),
                2 => EventKind::Conflict { files: 1 },
                3 => EventKind::ConflictResolved,
                4 => EventKind::LargeDelete { deleted: random.u64(..100) },
                5 => EventKind::Idle { seconds: 600, long: random.bool() },
                6 => EventKind::Mood { value: random.f32() },
                7 => EventKind::Agent { state: AgentState::Blocked, app: None, message: None },
                _ => EventKind::Active,
            };
            effects.extend(companion.step(now, Input::Event(Event::of(kind))));
            assert!((0.0..=1.0).contains(&companion.mood(now)));
        }
        effects
    };
    assert_eq!(run(1), run(1));
}

#[test]
fn strong_reactions_keep_their_distance() {
    let mut log = Log::new(Species::Cat, &[]);
    for second in 1..600 {
        let kind = if second % 2 == 0 {
            failed()
        } else {
            EventKind::Lint {
                level: crate::event::LintLevel::Error,
                count: 1,
                code: None,
                path: None,
                line: None,
                message: None,
            }
        };
        log.at(second, kind);
    }
    let priority = |clip: &str| match clip {
        "sad" => 80,
        "side-eye" => 50,
        _ => 0,
    };
    let strong: Vec<_> =
        log.plays.iter().map(|(at, clip)| (*at, priority(clip))).filter(|(_, p)| *p > 0).collect();
    let crowded = |pair: &[(u64, u8)]| pair[1].0 - pair[0].0 < 8 && pair[1].1 <= pair[0].1;
    assert!(!strong.windows(2).any(crowded), "{strong:?}");
    assert!(strong.len() > 20);
}

#[test]
fn it_enters_and_exits() {
    let mut log = Log::whole(Species::Cat);
    log.until(5);
    assert_eq!(log.plays, [(0, "enter".into()), (2, "idle".into())]);
    log.at(6, passed()).feed(Input::EndOfInput);
    log.until(30);
    assert_eq!(log.clips()[2..], ["purr", "exit"]);
    assert_eq!(log.left, Some(10));
}

#[test]
fn it_is_gone_in_time_whatever_it_does() {
    let mut log = Log::whole(Species::Cat);
    log.at(5, EventKind::Conflict { files: 1 }).at(6, failed()).feed(Input::EndOfInput);
    log.until(30);
    assert_eq!(log.clips().last(), Some(&"exit"));
    assert!(log.left.is_some_and(|at| at <= 11), "{:?}", log.left);
    // Who is only coming, or sleeps, goes without ado.
    let mut log = Log::whole(Species::Cat);
    log.feed(Input::EndOfInput);
    assert_eq!((log.left, log.clips().contains(&"exit")), (Some(0), false));
    let mut log = Log::whole(Species::Cat);
    log.until(700).feed(Input::EndOfInput);
    assert_eq!((log.left, log.clips().contains(&"exit")), (Some(700), false));
    let mut log = Log::whole(Species::Cat);
    log.at(5, EventKind::Hide).feed(Input::EndOfInput);
    assert_eq!((log.left, log.clips().contains(&"exit")), (Some(5), false));
    // A tick that comes too late for the way out.
    let mut log = Log::whole(Species::Cat);
    log.at(5, EventKind::Conflict { files: 1 }).feed(Input::EndOfInput);
    log.now = Duration::from_secs(9);
    log.feed(Input::Tick);
    assert_eq!((log.left, log.clips().contains(&"exit")), (Some(9), false));
}

#[test]
fn idle_variants_come_between_plain_stretches_and_stop_for_reactions() {
    let mut log = Log::whole(Species::Dog);
    log.until(300);
    let idles: Vec<&str> = log.clips().into_iter().skip(1).collect();
    assert!(idles.len() > 20, "{idles:?}");
    assert!(idles.iter().step_by(2).all(|clip| *clip == "idle"), "{idles:?}");
    assert!(idles.contains(&"idle-2") && idles.contains(&"idle-3"), "{idles:?}");
    let agent = EventKind::Agent { state: AgentState::Working, app: None, message: None };
    log.at(301, agent).until(304);
    let before = log.plays.len();
    log.until(600);
    assert_eq!(log.plays.len(), before, "who works does not idle: {:?}", log.plays.last());
}

#[test]
fn a_push_is_nodded_at_and_wakes_a_sleeper() {
    let mut log = Log::whole(Species::Owl);
    let before = log.companion.mood(log.now);
    log.at(4, EventKind::Push).until(6);
    assert_eq!(log.clips()[2..], ["blink"]);
    assert!(log.companion.mood(log.now) > before);
    log.at(800, EventKind::Push).until(801);
    assert_eq!(log.clips().last(), Some(&"wake"));
}

#[test]
fn nobody_who_types_without_pause_is_nodded_at() {
    let mut log = Log::whole(Species::Owl);
    for second in (4..240).step_by(2) {
        log.at(second, EventKind::Keystroke { count: 8, interval_ms: None });
    }
    log.at(240, EventKind::Push).until(244);
    assert!(!log.clips().contains(&"blink"), "{:?}", log.clips());
    log.at(400, EventKind::Push).until(404);
    assert!(log.clips().contains(&"blink"), "{:?}", log.clips());
}

fn intent(class: &str, confidence: f32) -> EventKind {
    let class = SafeText::new(class);
    EventKind::Intent { class, confidence, vector: Vec::new(), provider: None }
}

#[test]
fn each_perks_up_at_what_it_cares_for_and_stays_vague_below_half() {
    for (species, class) in [
        (Species::Crane, "refactor"),
        (Species::Cat, "test"),
        (Species::Owl, "fix"),
        (Species::Dog, "docs"),
    ] {
        let mut log = Log::new(species, &[]);
        log.at(4, intent(class, 0.49)).at(8, intent("unknown", 0.9)).at(12, intent("upkeep", 0.9));
        log.until(14);
        assert!(!log.clips().contains(&"alert"), "{species:?} {:?}", log.clips());
        log.at(16, intent(class, 0.5)).until(18);
        assert_eq!(log.clips().last(), Some(&"alert"), "{species:?}");
        let seen = |log: &Log| log.clips().iter().filter(|clip| **clip == "alert").count();
        log.at(30, intent(class, 0.9)).until(32);
        assert_eq!(seen(&log), 1, "{species:?} has shown that it cares");
    }
}

#[test]
fn who_is_shown_again_enters() {
    let mut log = Log::whole(Species::Ghost);
    log.at(5, EventKind::Hide).at(6, EventKind::Show).until(7);
    assert_eq!(log.clips()[2..], ["enter"]);
}

#[test]
fn it_dozes_off_before_it_sleeps() {
    let mut log = Log::whole(Species::Cat);
    log.until(700);
    let last = log.plays.len() - 2;
    assert_eq!(log.plays[last..], [(600, "doze".into()), (602, "sleep".into())]);
    log.at(701, EventKind::Active).until(710);
    assert_eq!(log.clips()[last + 2..], ["wake", "idle"]);
    // Who is woken while dozing off wakes up, too.
    let mut log = Log::whole(Species::Cat);
    log.at(601, EventKind::Active).until(602);
    assert_eq!(log.clips().last(), Some(&"wake"));
}
