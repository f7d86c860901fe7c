//! The player's bytes, read by the lint: bubbles, sentences, clip switches, a window that changes,
//! hiding, leaving, and what is kept for a sudden end; in the brackets that a terminal gets.

use crate::lint::{Dialect, Lint};
use buddy_render::event::{Event, EventKind, Outcome};
use buddy_render::mood::{Companion, Input};
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::player::{Guests, Motion, Player, Settings, encoder};
use buddy_render::protocol::kitty::IdRange;
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::sixel::SixelTraits;
use buddy_render::terminal::{
    Choice, ColorDepth, CursorCare, Multiplexer, PlaceholderIds, Protocol, Terminal,
};
use buddy_render::text::SafeText;
use buddy_render::units::{CellSize, Corner, Geometry};
use std::sync::Arc;
use std::time::Duration;

const SEED: u64 = 5;

struct Stage {
    name: String,
    player: Player,
    lint: Lint,
    now: Duration,
    /// What is kept for a sudden end.
    farewell: Vec<u8>,
}

impl Stage {
    fn new(name: String, choice: &Choice, pet: &str, corner: Corner, motion: Motion) -> Self {
        let settings = Settings {
            geometry: choice.geometry,
            size: CellSize::new(12, 6),
            corner,
            motion,
            frame_rate: 6.0,
            speech: true,
            ahead: false,
        };
        let load = |name| Arc::new(catalog::load(name).unwrap());
        let host = load(pet);
        let visitors: Vec<_> = catalog::names().into_iter().filter(|n| *n != pet).collect();
        let visitors: Vec<_> = visitors.into_iter().map(load).collect();
        let others = visitors.iter().map(|pet| pet.personality(None)).collect();
        let mind = Box::new(Companion::new(host.personality(None), others, SEED));
        let guests = Guests { host, visitors, outfit: Outfit::default() };
        let player = Player::new(settings, mind, guests, encoder::encoder(choice, SEED)).unwrap();
        let Geometry { window, cell } = choice.geometry;
        let passthrough = match choice.passthrough {
            Multiplexer::None => Passthrough::None,
            Multiplexer::Tmux => Passthrough::Tmux,
            Multiplexer::Screen => Passthrough::Screen,
        };
        let lint = Lint::new(dialect(choice), window, cell).through(passthrough).with_speech();
        let (now, farewell) = (Duration::ZERO, Vec::new());
        let mut stage = Self { name, player, lint, now, farewell };
        stage.player.input(Duration::ZERO, Input::Tick);
        stage
    }

    /// Lints a frame as the terminal gets it, and what would take it all away.
    fn send(&mut self, bytes: &[u8]) {
        let mut sent = Vec::new();
        let moved = self.player.take_cursor_moved();
        let cursor = CursorCare::of(moved, true);
        // As a frame that fits a slice, and as one that does not.
        let sync = moved && bytes.len().is_multiple_of(2);
        Terminal::new(&mut sent).write_frame(bytes, sync, cursor).unwrap();
        let moves = bytes.windows(2).any(|w| w == b"\x1b[");
        assert!(moved || !moves, "{}: the cursor is not put back", self.name);
        let mut farewell = Vec::new();
        self.player.farewell(&mut farewell);
        let mut read = self.lint.written(&sent);
        if farewell != self.farewell {
            read = read.and_then(|()| self.lint.aside(&farewell));
            self.farewell = farewell;
        }
        if let Err(fault) = read {
            panic!("{} at {:?}: {fault}", self.name, self.now);
        }
        for sentence in self.player.take_sentences() {
            let line = sentence.as_str();
            assert!(!line.chars().any(char::is_control), "{}: {line:?}", self.name);
        }
    }

    fn until(&mut self, millis: u64) -> &mut Self {
        let end = Duration::from_millis(millis);
        while self.now <= end {
            let mut bytes = Vec::new();
            let wake = self.player.draw(self.now, &mut bytes).unwrap();
            self.send(&bytes);
            self.now = wake.max(self.now + Duration::from_millis(1));
        }
        self.now = end;
        self
    }

    fn check(&mut self) -> &mut Self {
        let mut bytes = Vec::new();
        self.player.check(&mut bytes);
        self.send(&bytes);
        self
    }

    fn tell(&mut self, kind: EventKind) -> &mut Self {
        self.player.input(self.now, Input::Event(Event::of(kind)));
        self
    }

    fn resize(&mut self, geometry: &str) -> &mut Self {
        let geometry: Geometry = geometry.parse().unwrap();
        let mut bytes = Vec::new();
        self.player.resize(geometry, &mut bytes);
        // What is taken away stood in the old window.
        self.send(&bytes);
        self.lint.resize(geometry.window);
        self
    }

    fn end(&mut self) -> usize {
        let mut bytes = Vec::new();
        self.player.clear(&mut bytes);
        self.send(&bytes);
        self.lint.read
    }
}

fn dialect(choice: &Choice) -> Dialect {
    match choice.protocol {
        Protocol::Kitty => match choice.kitty_placeholders {
            None => Dialect::Kitty(IdRange::from_seed(SEED)),
            Some(PlaceholderIds::Bits8) => Dialect::Placeholders(IdRange::of_8_bits(SEED)),
            Some(PlaceholderIds::Bits24) => Dialect::Placeholders(IdRange::from_seed(SEED)),
        },
        Protocol::Iterm2 => Dialect::Iterm2(choice.iterm2_multipart),
        Protocol::Sixel => {
            let most = usize::from(choice.sixel_registers.min(256));
            Dialect::Sixel(most, choice.sixel.shared_registers, choice.sixel.overlays)
        }
        Protocol::Symbols => Dialect::Symbols(true),
        Protocol::Ascii => Dialect::Ascii,
        Protocol::Text => Dialect::Silent,
    }
}

fn tests(outcome: Outcome) -> EventKind {
    EventKind::Tests { outcome, passed: 3, failed: 1, ignored: 0 }
}

/// A short life in which everything happens once.
fn live(stage: &mut Stage) -> usize {
    let hostile =
        "\u{1b}[2J\u{9b}3J\u{1b}]52;c;aGk=\u{7}\u{202e}猫 e\u{301} gone\r\n\u{84}and a word";
    let text = SafeText::new(hostile);
    stage.until(700).tell(tests(Outcome::Passed)).until(1500);
    stage.tell(EventKind::Say { text }).until(2000).resize("40x12@4x7").until(2400);
    stage.check().tell(tests(Outcome::Failed)).until(3200).check();
    stage.tell(EventKind::Hide).until(3300).tell(EventKind::Show).until(3600);
    stage.resize("24x9@4x7").until(4000).resize("12x4@4x7").until(4200);
    stage.resize("40x12@4x7").until(4600).tell(EventKind::Conflict { files: 2 }).until(5600);
    stage.player.input(stage.now, Input::EndOfInput);
    stage.until(20_000).end()
}

/// All that can be chosen, by protocol and tier, with some ways in between.
fn choices() -> Vec<(String, Choice)> {
    let table = [
        (Protocol::Kitty, Some("animated")),
        (Protocol::Kitty, Some("static")),
        (Protocol::Iterm2, Some("single")),
        (Protocol::Iterm2, Some("multipart")),
        (Protocol::Sixel, None),
        (Protocol::Symbols, Some("half")),
        (Protocol::Symbols, Some("quadrant")),
        (Protocol::Symbols, Some("sextant")),
        (Protocol::Symbols, Some("octant")),
        (Protocol::Symbols, Some("braille")),
        (Protocol::Ascii, None),
        (Protocol::Text, None),
    ];
    let geometry = "40x12@4x7".parse().unwrap();
    let choose = |(protocol, tier)| {
        let choice = encoder::unasked(protocol, geometry, tier).unwrap();
        (format!("{protocol} {}", tier.unwrap_or("alone")), choice)
    };
    let mut choices: Vec<_> = table.into_iter().map(choose).collect();
    let (_, kitty) = choices[1].clone();
    let (_, sixel) = choices[4].clone();
    let (_, octant) = choices[8].clone();
    let lies = SixelTraits { overlays: true, shared_registers: true, pictures: Some(16) };
    let in_tmux = |tier: usize, ids| Choice {
        passthrough: Multiplexer::Tmux,
        kitty_placeholders: Some(ids),
        ..choices[tier].1.clone()
    };
    let placeholders = [
        ("8 bits, animated".to_owned(), in_tmux(0, PlaceholderIds::Bits8)),
        ("8 bits, static".to_owned(), in_tmux(1, PlaceholderIds::Bits8)),
        ("24 bits, static".to_owned(), in_tmux(1, PlaceholderIds::Bits24)),
    ];
    choices.extend(placeholders);
    choices.extend([
        ("in tmux".to_owned(), Choice { passthrough: Multiplexer::Tmux, ..kitty.clone() }),
        ("in Screen".to_owned(), Choice { passthrough: Multiplexer::Screen, ..kitty }),
        ("xterm".to_owned(), Choice { sixel: lies, ..sixel }),
        ("256 colours".to_owned(), Choice { colors: ColorDepth::Indexed256, ..octant }),
    ]);
    choices
}

#[test]
fn the_player_keeps_the_rules() {
    let corners = [Corner::TopRight, Corner::BottomRight, Corner::TopLeft, Corner::BottomLeft];
    let pets = catalog::names();
    let mut read = 0;
    for (n, (name, choice)) in choices().into_iter().enumerate() {
        let pet = pets[n % pets.len()];
        let corner = corners[n % 4];
        let motion = match n {
            6 => Motion::Reduced,
            7 => Motion::None,
            _ => Motion::Full,
        };
        let name = format!("{name}, {pet}, {corner:?}, {motion:?}");
        read += live(&mut Stage::new(name, &choice, pet, corner, motion));
    }
    println!("player: {read} bytes read");
    assert!(read > 100_000, "most of it was not sent: {read}");
}
