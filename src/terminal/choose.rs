//! The choice of a protocol: pure, from [`Answers`], hints and the table, with reasons in words.

use super::database::{Capabilities, Database, Iterm2};
use super::probe::{Answers, EnvHints};
use super::size;
use crate::protocol::sixel::SixelTraits;
use crate::units::{Geometry, PixelSize};
use std::fmt;
use std::str::FromStr;

/// How pictures reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The kitty graphics protocol.
    Kitty,
    /// iTerm2's inline images, OSC 1337.
    Iterm2,
    /// Sixel, DCS q.
    Sixel,
    /// Unicode blocks in colour.
    Symbols,
    /// ASCII art without colour.
    Ascii,
    /// Sentences, for screen readers and logs.
    Text,
}

impl Protocol {
    /// All, from the finest down.
    pub const ALL: [Self; 6] =
        [Self::Kitty, Self::Iterm2, Self::Sixel, Self::Symbols, Self::Ascii, Self::Text];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kitty => "kitty",
            Self::Iterm2 => "iterm2",
            Self::Sixel => "sixel",
            Self::Symbols => "symbols",
            Self::Ascii => "ascii",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no protocol's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of kitty, iterm2, sixel, symbols, ascii, text")]
pub struct UnknownProtocol(String);

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    /// A name, or one of the older ones (`iterm3`, `iterm3_bitmap`, `ghost_text`). `auto` is no
    /// protocol but the absence of one.
    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        match text {
            "kitty" => Ok(Self::Kitty),
            "iterm2" | "iterm3" | "iterm3_bitmap" => Ok(Self::Iterm2),
            "sixel" => Ok(Self::Sixel),
            "symbols" => Ok(Self::Symbols),
            "ascii" => Ok(Self::Ascii),
            "text" | "ghost_text" => Ok(Self::Text),
            _ => Err(UnknownProtocol(text.chars().take(40).collect())),
        }
    }
}

/// How much of kitty's protocol there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KittyTier {
    /// Frames are loaded once and played by the terminal.
    Animated,
    /// Every frame is sent when it is shown.
    Static,
}

impl KittyTier {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Animated => "animated",
            Self::Static => "static",
        }
    }
}

/// How large the ids are by which Unicode placeholders name kitty's pictures: as large as the
/// colours that reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaceholderIds {
    /// Below 256, as colours of a palette.
    Bits8,
    /// Up to 24 bits.
    Bits24,
}

/// How many pixels one cell can show as a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SymbolSet {
    /// U+2800…: 2×4 dots of one colour.
    Braille,
    /// The blocks and shades of code page 437, in its sixteen colours.
    CodePage437,
    /// U+2580…: 1×2.
    Half,
    /// U+2596…: 2×2.
    Quadrant,
    /// U+1FB00… (Unicode 13): 2×3.
    Sextant,
    /// U+1CD00… (Unicode 16): 2×4.
    Octant,
}

impl SymbolSet {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Braille => "braille",
            Self::CodePage437 => "cp437",
            Self::Half => "half",
            Self::Quadrant => "quadrant",
            Self::Sextant => "sextant",
            Self::Octant => "octant",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Braille,
            Self::CodePage437,
            Self::Half,
            Self::Quadrant,
            Self::Sextant,
            Self::Octant,
        ];
        all.into_iter().find(|set| set.name() == name)
    }
}

/// How many colours text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None but the terminal's own.
    Mono,
    /// The eight of ECMA-48.
    Ansi8,
    /// The sixteen of aixterm.
    Ansi16,
    /// xterm's 256.
    Indexed256,
    /// 24 bits.
    TrueColor,
}

impl ColorDepth {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mono => "none",
            Self::Ansi8 => "8",
            Self::Ansi16 => "16",
            Self::Indexed256 => "256",
            Self::TrueColor => "24-bit",
        }
    }
}

/// Who stands between us and the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Multiplexer {
    /// Nobody.
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Multiplexer {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tmux => "tmux",
            Self::Screen => "screen",
        }
    }
}

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The terminal's name in the table.
    pub terminal: String,
    /// How pictures are sent.
    pub protocol: Protocol,
    /// For kitty: what tier.
    pub kitty_tier: KittyTier,
    /// For kitty: whether freeing one picture leaves those alone that are not shown.
    pub kitty_frees_one_by_one: bool,
    /// For kitty: pictures go into Unicode placeholders with such ids; without, to the cursor.
    pub kitty_placeholders: Option<PlaceholderIds>,
    /// For iTerm2: whether a picture may come in parts.
    pub iterm2_multipart: bool,
    /// For symbols: the finest.
    pub symbols: SymbolSet,
    /// For symbols: poses drawn by hand, because there are too few colours for pictures.
    pub drawn: bool,
    /// For symbols: how many colours.
    pub colors: ColorDepth,
    /// For sixel: colour registers, at least 2.
    pub sixel_registers: u16,
    /// For sixel: what the terminal does with one picture after another.
    pub sixel: SixelTraits,
    /// For sixel: the largest picture, in pixels.
    pub sixel_largest: Option<PixelSize>,
    /// The background's colour, where the terminal told it.
    pub background: Option<[u8; 3]>,
    /// What control strings must be wrapped for, where they are to pass.
    pub passthrough: Multiplexer,
    /// Whether frames go between begin and end of a synchronized update.
    pub sync2026: bool,
    /// Whether it reports when its window is seen and when not (mode 2033).
    pub visibility2033: bool,
    /// Whether the cursor is shown, and so must be hidden around frames that move it.
    pub cursor_shown: bool,
    /// The window and one cell.
    pub geometry: Geometry,
    /// Why all this, one sentence each.
    pub reasons: Vec<String>,
}

/// Chooses a protocol, or takes the `forced` one and the rest from what is known.
///
/// ```
/// use buddy_render::terminal::{Answers, Database, EnvHints, Protocol, choose};
///
/// let answers = Answers { da1: Some(vec![62, 4]), ..Answers::default() };
/// let choice = choose(&answers, &EnvHints::default(), &Database::embedded()?, None);
/// assert_eq!(choice.protocol, Protocol::Sixel);
/// # Ok::<(), buddy_render::terminal::database::DatabaseError>(())
/// ```
#[must_use]
pub fn choose(
    answers: &Answers,
    hints: &EnvHints,
    database: &Database,
    forced: Option<Protocol>,
) -> Choice {
    let (row, how) = database.identify(answers, hints);
    let mut reasons = vec![format!("terminal {}: {how}", row.name)];
    let protocol = match forced {
        Some(protocol) => {
            reasons.push(format!("protocol {protocol}: asked for"));
            protocol
        }
        None => Ladder { answers, hints, database, row }.descend(&mut reasons),
    };
    let (geometry, how) = size::geometry(answers, row);
    reasons.extend(how);
    let (sync2026, how) = sync(answers, row);
    reasons.push(how.to_owned());
    let colors = colors(hints, row);
    if protocol == Protocol::Symbols && colors <= ColorDepth::Ansi8 {
        reasons.push(format!("poses drawn by hand: colours {}", colors.name()));
    }
    Choice {
        terminal: row.name.clone(),
        protocol,
        kitty_tier: if answers.kitty.animates() { KittyTier::Animated } else { KittyTier::Static },
        kitty_frees_one_by_one: answers.kitty.frees_one_by_one(),
        kitty_placeholders: placeholders(answers, hints),
        iterm2_multipart: row.iterm2 == Iterm2::Multipart,
        symbols: row.symbols,
        drawn: colors <= ColorDepth::Ansi8,
        colors,
        sixel_registers: registers(answers, row),
        sixel: row.sixel,
        sixel_largest: answers.sixel_size.filter(|size| size.width > 0 && size.height > 0),
        background: answers.background.map(|(r, g, b)| [r, g, b]),
        passthrough: multiplexer(hints, row),
        sync2026,
        visibility2033: answers.mode(2033) == Some(true),
        cursor_shown: answers.cursor_shown(),
        geometry,
        reasons,
    }
}

/// From the finest protocol down to the first that can be had.
struct Ladder<'a> {
    answers: &'a Answers,
    hints: &'a EnvHints,
    database: &'a Database,
    row: &'a Capabilities,
}

/// Taken, or passed over, and why.
type Verdict = Result<String, String>;

impl Ladder<'_> {
    fn descend(&self, reasons: &mut Vec<String>) -> Protocol {
        if self.hints.get("NO_COLOR").is_some() {
            reasons.push("protocol ascii: NO_COLOR is set; --protocol overrides it".to_owned());
            return Protocol::Ascii;
        }
        for protocol in [Protocol::Kitty, Protocol::Iterm2, Protocol::Sixel] {
            if !self.row.order.contains(&protocol)
                && let Ok(evidence) = self.evidence(protocol)
            {
                let why = self.row.why.as_deref().unwrap_or("the table says so");
                reasons.push(format!("not {protocol}, though {evidence}: {why}"));
            }
        }
        let mut first = true;
        for &protocol in &self.row.order {
            match self.evidence(protocol) {
                Ok(evidence) => {
                    reasons.push(format!("protocol {protocol}: {evidence}"));
                    if let Some(why) = self.row.why.as_ref().filter(|_| first) {
                        reasons.push(why.clone());
                    }
                    return protocol;
                }
                Err(why) => reasons.push(format!("not {protocol}: {why}")),
            }
            first = false;
        }
        self.text(reasons)
    }

    fn evidence(&self, protocol: Protocol) -> Verdict {
        match protocol {
            Protocol::Kitty => self.kitty(),
            Protocol::Iterm2 => self.iterm2(),
            Protocol::Sixel => self.sixel(),
            _ => Err("it is no picture".to_owned()),
        }
    }

    fn kitty(&self) -> Verdict {
        let kitty = &self.answers.kitty;
        let around = if self.hints.in_tmux() { "the terminal around tmux" } else { "it" };
        if self.hints.in_tmux() {
            let Some(tmux) = &self.answers.tmux else {
                return Err("tmux did not tell what terminal is around it".to_owned());
            };
            tmux.refusal(self.database).map_or(Ok(()), Err)?;
        }
        match kitty.picture.as_deref() {
            Some("OK") => {}
            Some(code) => {
                return Err(format!("{around} answered {}", super::database::printable(code)));
            }
            None => return Err(format!("{around} did not answer")),
        }
        let frames = match kitty.animates() {
            true => "and to a frame of an animation, which it plays by itself",
            false => "but to no frame of an animation, so poses are shown one by one",
        };
        Ok(format!("{around} answered OK to a picture, {frames}"))
    }

    fn iterm2(&self) -> Verdict {
        if self.answers.iterm_files() {
            return Ok("its feature report has F, inline images".to_owned());
        }
        if self.row.iterm2 == Iterm2::None {
            return Err("nothing tells that it has inline images".to_owned());
        }
        if self.answers.iterm_cell.is_some() {
            return Ok("it told its cell's size, and is known for inline images".to_owned());
        }
        if self.answers.fenced() {
            return Ok("it is known for inline images".to_owned());
        }
        Err("it answered nothing at all".to_owned())
    }

    fn sixel(&self) -> Verdict {
        if self.answers.has_sixel() {
            Ok("its device attributes have 4, sixel".to_owned())
        } else {
            Err("its device attributes have no 4".to_owned())
        }
    }

    fn text(&self, reasons: &mut Vec<String>) -> Protocol {
        if self.row.order.is_empty() {
            reasons.extend(self.row.why.clone());
        }
        let term = self.hints.term();
        let utf8 = self.hints.utf8();
        let known = self.row.name != "unknown" && term != "linux";
        let (protocol, why) = match utf8 {
            _ if term == "dumb" => (Protocol::Ascii, "TERM=dumb moves no cursor"),
            Some(true) => (Protocol::Symbols, "no picture protocol; the locale is UTF-8"),
            Some(false) => (Protocol::Ascii, "no picture protocol; the locale is not UTF-8"),
            None if known || term.contains("256color") => (
                Protocol::Symbols,
                "no picture protocol; no locale is set, but this terminal speaks UTF-8",
            ),
            None => {
                (Protocol::Ascii, "no picture protocol, and nothing tells that it speaks UTF-8")
            }
        };
        reasons.push(format!("protocol {protocol}: {why}"));
        protocol
    }
}

/// Within tmux pictures can only be shown as text.
fn placeholders(answers: &Answers, hints: &EnvHints) -> Option<PlaceholderIds> {
    let true_color = answers.tmux.as_ref().is_some_and(|tmux| tmux.true_color);
    match hints.in_tmux() {
        true if true_color => Some(PlaceholderIds::Bits24),
        true => Some(PlaceholderIds::Bits8),
        false => None,
    }
}

fn sync(answers: &Answers, row: &Capabilities) -> (bool, &'static str) {
    match answers.mode(2026) {
        Some(true) => (true, "synchronized updates: it knows mode 2026"),
        Some(false) => (false, "no synchronized updates: it does not know mode 2026"),
        None if row.sync && answers.fenced() => {
            (true, "synchronized updates: it is known for mode 2026")
        }
        None => (false, "no synchronized updates: it did not answer for mode 2026"),
    }
}

/// What terminfo gives eight colours, and is not known for more. (`xterm` is, and nearly all that
/// call themselves so have sixteen.)
const EIGHT_COLORS: [&str; 5] = ["ansi", "cons25", "cygwin", "screen", "xterm-color"];

fn colors(hints: &EnvHints, row: &Capabilities) -> ColorDepth {
    let term = hints.term();
    let told = matches!(hints.get("COLORTERM"), Some("truecolor" | "24bit"));
    if hints.get("NO_COLOR").is_some() || term == "dumb" {
        ColorDepth::Mono
    } else if told || row.true_color || term.ends_with("-direct") {
        ColorDepth::TrueColor
    } else if term.contains("256color") {
        ColorDepth::Indexed256
    } else if EIGHT_COLORS.contains(&term) {
        ColorDepth::Ansi8
    } else {
        ColorDepth::Ansi16
    }
}

/// Most registers that any picture of ours could use.
const MOST_REGISTERS: u32 = 1024;

fn registers(answers: &Answers, row: &Capabilities) -> u16 {
    let told = answers.sixel_registers.filter(|&n| n >= 2);
    let told = told.and_then(|n| u16::try_from(n.min(MOST_REGISTERS)).ok());
    told.or(row.sixel_registers).unwrap_or(256)
}

fn multiplexer(hints: &EnvHints, row: &Capabilities) -> Multiplexer {
    if hints.in_tmux() || row.name == "tmux" {
        Multiplexer::Tmux
    } else if hints.get("STY").is_some() {
        Multiplexer::Screen
    } else {
        Multiplexer::None
    }
}
