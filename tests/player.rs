//! The player on a screen that somebody else interprets: where the pet stands, what it says, and
//! that it goes without a trace.

#![expect(clippy::unwrap_used, reason = "a test's helpers stop where they fail")]

use buddy_render::event::bus::Bus;
use buddy_render::event::{Event, EventKind, Outcome};
use buddy_render::manners::{Bearing, Standing};
use buddy_render::mood::{Companion, Effect, Input, Mind};
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::player::live::{Piped, run_into};
use buddy_render::player::{Guests, Motion, Player, Settings, encoder, layout};
use buddy_render::terminal::{CursorCare, Protocol, Terminal};
use buddy_render::text::SafeText;
use buddy_render::units::Corner;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A player, the screen it draws on, and the time.
struct Stage {
    player: Player,
    screen: vt100::Parser,
    now: Duration,
    /// When the player wants to draw again.
    wake: Duration,
    /// All bytes since this was last emptied.
    bytes: Vec<u8>,
}

/// When its entrance is over, in milliseconds.
const HERE: u64 = 3000;

impl Stage {
    fn new(protocol: Protocol, motion: Motion) -> Self {
        Self::of(protocol, None, motion)
    }

    fn of(protocol: Protocol, tier: Option<&str>, motion: Motion) -> Self {
        let choice = encoder::unasked(protocol, "80x24@10x20".parse().unwrap(), tier).unwrap();
        let settings = Settings {
            geometry: choice.geometry,
            size: layout::DEFAULT_SIZE,
            corner: Corner::TopRight,
            motion,
            frame_rate: encoder::frame_rate(protocol),
            speech: true,
            ahead: false,
        };
        let pet = catalog::load("null").unwrap();
        let mind = Box::new(Companion::new(pet.personality(None), Vec::new(), 1));
        let guests =
            Guests { host: Arc::new(pet), visitors: Vec::new(), outfit: Outfit::default() };
        let player = Player::new(settings, mind, guests, encoder::encoder(&choice, 1)).unwrap();
        let screen = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        let mut stage =
            Self { player, screen, now: Duration::ZERO, wake: Duration::ZERO, bytes: Vec::new() };
        stage.player.input(Duration::ZERO, Input::Tick);
        stage
    }

    fn send(&mut self, bytes: &[u8]) {
        let mut sent = Vec::new();
        let moved = self.player.take_cursor_moved();
        Terminal::new(&mut sent).write_frame(bytes, false, CursorCare::of(moved, false)).unwrap();
        self.screen.process(&sent);
        self.bytes.extend(sent);
    }

    /// Lets the player draw whenever it wants to, up to `millis`.
    fn until(&mut self, millis: u64) -> &mut Self {
        let end = Duration::from_millis(millis);
        while self.now <= end {
            let mut bytes = Vec::new();
            self.wake = self.player.draw(self.now, &mut bytes).unwrap();
            self.send(&bytes);
            self.now = self.wake.max(self.now + Duration::from_millis(1));
        }
        self.now = end;
        self
    }

    fn tell(&mut self, kind: EventKind) -> &mut Self {
        self.player.input(self.now, Input::Event(Event::of(kind)));
        self
    }

    fn resize(&mut self, geometry: &str) -> &mut Self {
        let mut bytes = Vec::new();
        self.player.resize(geometry.parse().unwrap(), &mut bytes);
        self.send(&bytes);
        self
    }

    /// The cells that hold something: leftmost column, lowest row, and how many.
    fn drawn(&self) -> Option<(u16, u16, usize)> {
        let screen = self.screen.screen();
        let filled = |row: u16, col: u16| {
            let cell = screen.cell(row, col).unwrap();
            !cell.contents().trim().is_empty() || cell.bgcolor() != vt100::Color::Default
        };
        let cells = (0..24).flat_map(|row| (0..80).map(move |col| (row, col)));
        let cells: Vec<_> = cells.filter(|(row, col)| filled(*row, *col)).collect();
        let left = cells.iter().map(|(_, col)| *col).min()?;
        Some((left, cells.iter().map(|(row, _)| *row).max()?, cells.len()))
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }
}

fn passed() -> EventKind {
    EventKind::Tests { outcome: Outcome::Passed, passed: 3, failed: 0, ignored: 0 }
}

#[test]
fn it_stands_in_the_corner_and_the_cursor_where_it_was() {
    for protocol in [Protocol::Symbols, Protocol::Ascii] {
        let mut stage = Stage::new(protocol, Motion::Full);
        stage.screen.process(b"$ prompt");
        stage.until(HERE);
        let (left, bottom, count) = stage.drawn().unwrap();
        assert_eq!(left, 0, "the prompt is there");
        assert!(bottom < 8 && count > 20, "{bottom} {count}");
        assert!(stage.text().starts_with("$ prompt"), "{}", stage.text());
        assert_eq!(stage.screen.screen().cursor_position(), (0, 8));
        let mut bytes = Vec::new();
        stage.player.clear(&mut bytes);
        stage.send(&bytes);
        assert_eq!(stage.text().trim(), "$ prompt", "nothing is left");
        assert_eq!(stage.screen.screen().cursor_position(), (0, 8));
    }
}

#[test]
fn it_speaks_beside_itself_and_falls_silent() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
    stage.until(500).tell(passed()).until(1000);
    assert!(
        ["purr.", "prrr.", "slow blink.", "kneads the prompt.", "prrrrrrrr."]
            .iter()
            .any(|line| stage.text().contains(line)),
        "{}",
        stage.text()
    );
    assert!(stage.drawn().unwrap().0 < 64);
    stage.until(8000);
    assert_eq!(stage.drawn().map(|(left, _, _)| left >= 64), Some(true), "{}", stage.text());
}

#[test]
fn drawn_by_hand_it_blinks_in_colour() {
    let mut stage = Stage::of(Protocol::Symbols, Some("drawn"), Motion::Full);
    stage.until(HERE);
    let eye = |stage: &Stage| {
        let screen = stage.screen.screen();
        let cells = (0..8).flat_map(|row| (64..80).map(move |col| (row, col)));
        let cell = cells.filter_map(|(row, col)| screen.cell(row, col));
        cell.filter(|c| c.contents() == "◉").map(vt100::Cell::fgcolor).collect::<Vec<_>>()
    };
    assert_eq!(eye(&stage), [vt100::Color::Idx(2); 2], "{}", stage.text());
    let (mut shut, place) = (0, stage.drawn().unwrap().0);
    stage.bytes.clear();
    for at in (HERE..HERE + 8000).step_by(50) {
        stage.until(at);
        shut += usize::from(eye(&stage).is_empty() && stage.text().contains("━ ━"));
        assert!(stage.drawn().unwrap().0.abs_diff(place) <= 1, "it stays where it stands");
    }
    assert!((3..30).contains(&shut), "{shut}");
    assert!(stage.bytes.len() < 1500, "{} bytes in 8 s", stage.bytes.len());
}

#[test]
fn drawn_by_hand_it_stands_still_where_motion_is_not_wanted() {
    for (protocol, tier) in [(Protocol::Symbols, Some("drawn")), (Protocol::Ascii, None)] {
        let mut stage = Stage::of(protocol, tier, Motion::None);
        stage.until(1000);
        assert!(stage.drawn().unwrap().2 > 20, "{}", stage.text());
        stage.bytes.clear();
        stage.until(20_000);
        assert!(stage.bytes.is_empty(), "{protocol}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
    let text = SafeText::new("\u{1b}[2J\u{1b}]52;c;aGk=\u{7}gone");
    stage.until(100).tell(EventKind::Say { text }).until(400);
    let text = stage.text();
    assert!(text.contains("[2J]52;c;aGk=gone"), "{text}");
}

#[test]
fn in_a_small_window_it_shrinks_hides_and_comes_back() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
    let full = stage.until(HERE).drawn().unwrap();
    stage.resize("40x24@10x20").until(HERE + 500);
    let small = stage.drawn().unwrap();
    assert!(small.2 < full.2 && small.0 >= 27 && small.1 < 7, "{small:?}");
    stage.resize("16x6@10x20").until(HERE + 1000);
    assert_eq!(stage.drawn(), None);
    stage.resize("80x24@10x20").until(HERE + 1500);
    assert!(stage.drawn().unwrap().0 >= 64);
}

#[test]
fn hidden_it_is_gone_and_shown_it_is_back() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
    stage.until(500).tell(EventKind::Hide).until(800);
    assert_eq!(stage.drawn(), None);
    stage.tell(EventKind::Show).until(1100);
    assert!(stage.drawn().is_some());
}

#[test]
fn a_terminal_that_animates_is_left_alone() {
    let mut stage = Stage::new(Protocol::Kitty, Motion::Full);
    stage.until(5000);
    stage.bytes.clear();
    stage.until(8000);
    assert_eq!(stage.bytes.len(), 0, "an idle pet costs nothing");
    stage.tell(passed()).until(300_000);
    stage.bytes.clear();
    // The idle variants are held by now: to go to one and back is a few words.
    stage.until(400_000);
    assert!((1..2000).contains(&stage.bytes.len()), "{}", stage.bytes.len());
    stage.bytes.clear();
    // And so is a reaction.
    stage.tell(passed()).until(401_000);
    let bubble_apart = stage.bytes.len();
    assert!((1..1000).contains(&bubble_apart), "{bubble_apart}");
}

#[test]
fn without_motion_it_stands_still() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::None);
    stage.until(1000);
    stage.bytes.clear();
    stage.until(30_000);
    assert!(stage.bytes.is_empty());
    let mut stage = Stage::new(Protocol::Symbols, Motion::Reduced);
    stage.until(1000);
    stage.bytes.clear();
    stage.until(5000);
    assert!(stage.bytes.is_empty(), "it idles still");
    stage.tell(passed()).until(7000);
    assert!(!stage.bytes.is_empty(), "and moves when it reacts");
}

#[test]
fn what_could_be_left_behind_is_known_before() {
    let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
    stage.until(500).tell(passed()).until(1000);
    let mut farewell = Vec::new();
    stage.player.farewell(&mut farewell);
    stage.screen.process(&farewell);
    assert_eq!(stage.drawn(), None, "{}", stage.text());
}

impl Stage {
    fn behave(&mut self, standing: Standing) -> &mut Self {
        self.player.behave(self.now, standing);
        self.wake = self.now;
        self.bytes.clear();
        self
    }

    /// How often the player wants to draw up to then.
    fn draws_until(&mut self, millis: u64) -> usize {
        let (end, mut draws, mut bytes) = (Duration::from_millis(millis), 0, Vec::new());
        while self.now <= end {
            let wake = self.player.draw(self.now, &mut bytes).unwrap();
            draws += 1;
            self.now = wake.max(self.now + Duration::from_millis(1));
        }
        self.now = end;
        self.bytes.extend(bytes);
        draws
    }
}

fn say(text: &str) -> EventKind {
    EventKind::Say { text: SafeText::new(text) }
}

#[test]
fn a_pet_that_nobody_sees_wants_no_time() {
    for standing in [Standing::On, Standing::Hidden] {
        let mut stage = Stage::new(Protocol::Symbols, Motion::Full);
        stage.until(HERE).tell(say("psst"));
        if standing == Standing::On {
            stage.tell(EventKind::Hide);
        }
        stage.behave(standing).until(HERE + 100);
        stage.tell(EventKind::Conflict { files: 1 });
        stage.bytes.clear();
        let draws = stage.draws_until(HERE + 60_000);
        assert!(draws < 100, "{draws} in a minute, {standing:?}");
        assert_eq!(stage.bytes.escape_ascii().to_string(), "", "{standing:?}");
    }
}

#[test]
fn a_quiet_pet_stands_still_and_a_hidden_one_is_gone() {
    for protocol in [Protocol::Kitty, Protocol::Iterm2, Protocol::Sixel, Protocol::Symbols] {
        let mut stage = Stage::new(protocol, Motion::Full);
        stage.until(HERE).tell(say("psst")).until(HERE + 500);
        let shown = |stage: &Stage| stage.screen.screen().contents().contains("psst");
        assert!(shown(&stage), "{protocol}");
        stage.behave(Standing::Quiet).until(HERE + 2_500);
        assert!(!shown(&stage), "{protocol}");
        stage.bytes.clear();
        stage.until(HERE + 20_000);
        assert_eq!(stage.bytes.len(), 0, "{protocol}: it moves");
        stage.tell(say("psst")).tell(EventKind::Conflict { files: 1 }).until(HERE + 21_000);
        assert!(!stage.bytes.is_empty() && !shown(&stage), "{protocol}: the pose tells");
        stage.behave(Standing::Hidden).until(HERE + 21_100);
        stage.bytes.clear();
        stage.tell(EventKind::ConflictResolved).until(HERE + 40_000);
        assert_eq!(stage.bytes.len(), 0, "{protocol}: it hides");
        stage.behave(Standing::On).until(HERE + 42_000);
        assert!(!stage.bytes.is_empty(), "{protocol}: it is back");
        stage.tell(say("psst")).until(HERE + 42_500);
        assert!(shown(&stage), "{protocol}");
    }
}

/// A mind that wants nothing, and counts how often it is asked.
struct Counting(Arc<AtomicUsize>);

impl Mind for Counting {
    fn step(&mut self, _: Duration, input: Input) -> Vec<Effect> {
        match input {
            Input::Tick => {
                vec![Effect::Play { clip: "idle".to_owned(), looping: true, urgent: true }]
            }
            Input::EndOfInput => vec![Effect::Leave],
            _ => Vec::new(),
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

fn counting() -> (Player, Arc<AtomicUsize>) {
    player_of(Protocol::Symbols, Motion::None, false)
}

fn player_of(protocol: Protocol, motion: Motion, ahead: bool) -> (Player, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let choice = encoder::unasked(protocol, "80x24@10x20".parse().unwrap(), None).unwrap();
    let settings = Settings {
        geometry: choice.geometry,
        size: layout::DEFAULT_SIZE,
        corner: Corner::TopRight,
        motion,
        frame_rate: 10.0,
        speech: true,
        ahead,
    };
    let host = Arc::new(catalog::load("null").unwrap());
    let guests = Guests { host, visitors: Vec::new(), outfit: Outfit::default() };
    let mind = Box::new(Counting(Arc::clone(&asked)));
    (Player::new(settings, mind, guests, encoder::encoder(&choice, 1)).unwrap(), asked)
}

#[test]
fn whoever_stands_still_in_a_pipe_is_drawn_once() {
    let (mut player, asked) = counting();
    let (bus, limit, mut out) = (Bus::new(), Some(Duration::from_millis(900)), Vec::new());
    let mut piped = Piped { bus: Some(&bus), limit, ..Piped::default() };
    run_into(&mut player, &mut piped, &mut out).unwrap();
    assert!(!out.is_empty());
    // Each drawing asks twice. It was drawn every 40 ms once, whether there was news or not.
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked <= 6, "{asked}");
}

#[test]
fn a_pipe_hears_of_manners() {
    let (mut player, _) = counting();
    let (bus, mut out, mut asked) = (Bus::new(), Vec::new(), 0);
    let said = [Standing::On, Standing::Hidden, Standing::Off];
    let mut ask = || {
        let standing = said[asked];
        asked += 1;
        // What it says first holds for a moment; then it is told.
        let holds = (asked == 1).then_some(Duration::from_millis(50));
        if standing == Standing::Hidden {
            bus.push(Event::of(EventKind::MannersChanged));
        }
        Bearing { standing, holds }
    };
    let limit = Some(Duration::from_secs(60));
    let mut piped = Piped { bus: Some(&bus), limit, manners: Some(&mut ask), ..Piped::default() };
    let begun = std::time::Instant::now();
    run_into(&mut player, &mut piped, &mut out).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(50));
    assert_eq!(asked, 3);
}

#[test]
fn a_clip_that_is_ready_while_the_pet_hides_waits() {
    let (mut player, _) = player_of(Protocol::Kitty, Motion::Full, true);
    let (mut now, mut bytes) = (Duration::ZERO, Vec::new());
    player.input(now, Input::Tick);
    player.draw(now, &mut bytes).unwrap();
    player.behave(now, Standing::Hidden);
    player.draw(now, &mut bytes).unwrap();
    bytes.clear();
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(50));
        now += Duration::from_millis(50);
        player.draw(now, &mut bytes).unwrap();
    }
    assert_eq!(bytes.escape_ascii().to_string(), "");
    player.behave(now, Standing::On);
    let begun = std::time::Instant::now();
    while !bytes.windows(4).any(|w| w == b"a=f,") {
        assert!(begun.elapsed() < Duration::from_secs(60), "the clip never came");
        player.draw(now, &mut bytes).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
}
