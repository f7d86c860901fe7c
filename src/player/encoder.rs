//! From what was chosen for a terminal to its encoder.

use crate::frame::Letters;
use crate::frame::filter::EGA;
use crate::protocol::Encoder;
use crate::protocol::ascii::{Ascii, AsciiConfig};
use crate::protocol::iterm2::{Iterm2, Iterm2Config};
use crate::protocol::kitty::{self, IdRange, Kitty, KittyConfig};
use crate::protocol::passthrough::Passthrough;
use crate::protocol::silent::Silent;
use crate::protocol::sixel::{Sixel, SixelConfig, SixelTraits};
use crate::protocol::symbols::{self, SymbolMode, Symbols, SymbolsConfig};
use crate::terminal::{self, Choice, Multiplexer, PlaceholderIds, Protocol, SymbolSet};
use crate::units::Geometry;

/// A tier was named that the protocol does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{protocol} has no tier {tier:?}; kitty has animated and static, iterm2 multipart and single, symbols half, quadrant, sextant, octant, braille, cp437 and drawn"
)]
pub struct UnknownTier {
    protocol: Protocol,
    tier: String,
}

/// The encoder for what was chosen. `seed` decides the image ids.
#[must_use]
pub fn encoder(choice: &Choice, seed: u64) -> Box<dyn Encoder> {
    let passthrough = match choice.passthrough {
        Multiplexer::None => Passthrough::None,
        Multiplexer::Tmux => Passthrough::Tmux,
        Multiplexer::Screen => Passthrough::Screen,
    };
    match choice.protocol {
        Protocol::Kitty => Box::new(kitty(choice, seed, passthrough)),
        Protocol::Iterm2 => Box::new(Iterm2::new(Iterm2Config {
            multipart: choice.iterm2_multipart,
            background: choice.background,
            passthrough,
        })),
        Protocol::Sixel => Box::new(Sixel::new(SixelConfig {
            registers: choice.sixel_registers,
            dither: true,
            traits: choice.sixel,
            background: choice.background,
            largest: choice.sixel_largest,
            passthrough: Passthrough::None,
        })),
        Protocol::Symbols if choice.drawn => Box::new(Ascii::new(AsciiConfig {
            letters: Letters::Symbols,
            colors: match choice.colors {
                terminal::ColorDepth::Mono => 0,
                terminal::ColorDepth::Ansi8 => 8,
                _ => 16,
            },
            ..shades(choice)
        })),
        Protocol::Symbols => match (depth(choice.colors), choice.symbols) {
            // Without colours a block says no more than its outline; letters have shades.
            (symbols::ColorDepth::Mono, set) if set != SymbolSet::Braille => {
                Box::new(ascii(choice))
            }
            (depth, set) => Box::new(Symbols::new(SymbolsConfig {
                mode: mode(set),
                depth,
                // Black where it was not told, as most are dark.
                background: choice.background.unwrap_or_default(),
                palette: (set == SymbolSet::CodePage437).then_some(EGA),
                ..SymbolsConfig::default()
            })),
        },
        Protocol::Ascii => Box::new(ascii(choice)),
        Protocol::Text => Box::new(Silent),
    }
}

fn kitty(choice: &Choice, seed: u64, passthrough: Passthrough) -> Kitty {
    let tier = match choice.kitty_tier {
        terminal::KittyTier::Animated => kitty::KittyTier::Animated,
        terminal::KittyTier::Static => kitty::KittyTier::Static,
    };
    let ids = match choice.kitty_placeholders {
        Some(PlaceholderIds::Bits8) => IdRange::of_8_bits(seed),
        Some(PlaceholderIds::Bits24) | None => IdRange::from_seed(seed),
    };
    Kitty::new(KittyConfig {
        z: LAYER,
        passthrough,
        placeholders: choice.kitty_placeholders.is_some(),
        frees_one_by_one: choice.kitty_frees_one_by_one,
        ..KittyConfig::new(tier, ids)
    })
}

/// Letters, for a dark background where none was told.
fn ascii(choice: &Choice) -> Ascii {
    Ascii::new(shades(choice))
}

fn shades(choice: &Choice) -> AsciiConfig {
    choice.background.map(AsciiConfig::over).unwrap_or_default()
}

/// Above text, below whatever another program wants on top.
const LAYER: i32 = 10;

fn mode(symbols: SymbolSet) -> SymbolMode {
    match symbols {
        SymbolSet::Half => SymbolMode::HalfBlock,
        SymbolSet::Quadrant => SymbolMode::Quadrant,
        SymbolSet::Sextant => SymbolMode::Sextant,
        SymbolSet::Octant => SymbolMode::Octant,
        SymbolSet::Braille => SymbolMode::Braille,
        SymbolSet::CodePage437 => SymbolMode::CodePage437,
    }
}

fn depth(colors: terminal::ColorDepth) -> symbols::ColorDepth {
    match colors {
        terminal::ColorDepth::Mono => symbols::ColorDepth::Mono,
        terminal::ColorDepth::Ansi8 => symbols::ColorDepth::Ansi8,
        terminal::ColorDepth::Ansi16 => symbols::ColorDepth::Ansi16,
        terminal::ColorDepth::Indexed256 => symbols::ColorDepth::Indexed256,
        terminal::ColorDepth::TrueColor => symbols::ColorDepth::TrueColor,
    }
}

/// Frames a second where frames are sent one by one: what the protocol's bytes allow without
/// crowding anybody's line.
#[must_use]
pub fn frame_rate(protocol: Protocol) -> f32 {
    match protocol {
        Protocol::Kitty | Protocol::Iterm2 => 24.0,
        Protocol::Sixel => 12.0,
        Protocol::Symbols | Protocol::Ascii | Protocol::Text => 10.0,
    }
}

/// What is chosen where no terminal is asked: the best tier of `protocol`, or the one named.
///
/// # Errors
/// When the protocol has no such tier.
pub fn unasked(
    protocol: Protocol,
    geometry: Geometry,
    tier: Option<&str>,
) -> Result<Choice, UnknownTier> {
    let mut choice = Choice {
        terminal: "none was asked".to_owned(),
        protocol,
        kitty_tier: terminal::KittyTier::Animated,
        kitty_frees_one_by_one: false,
        kitty_placeholders: None,
        iterm2_multipart: false,
        symbols: SymbolSet::Half,
        drawn: false,
        colors: terminal::ColorDepth::TrueColor,
        sixel_registers: 256,
        sixel: SixelTraits::default(),
        sixel_largest: None,
        background: None,
        passthrough: Multiplexer::None,
        sync2026: false,
        visibility2033: false,
        cursor_shown: true,
        geometry,
        reasons: Vec::new(),
    };
    take_tier(&mut choice, tier)?;
    Ok(choice)
}

/// Puts a tier that was asked for by name in place of the chosen one.
///
/// # Errors
/// When the chosen protocol has no such tier.
pub fn take_tier(choice: &mut Choice, tier: Option<&str>) -> Result<(), UnknownTier> {
    match (choice.protocol, tier) {
        (_, None) => {}
        (Protocol::Kitty, Some("animated")) => choice.kitty_tier = terminal::KittyTier::Animated,
        (Protocol::Kitty, Some("static")) => choice.kitty_tier = terminal::KittyTier::Static,
        (Protocol::Iterm2, Some("multipart")) => choice.iterm2_multipart = true,
        (Protocol::Iterm2, Some("single")) => choice.iterm2_multipart = false,
        (Protocol::Symbols, Some("drawn")) => choice.drawn = true,
        (Protocol::Symbols, Some(tier)) if SymbolSet::named(tier).is_some() => {
            choice.symbols = SymbolSet::named(tier).unwrap_or(choice.symbols);
            choice.drawn = false;
        }
        (protocol, Some(tier)) => {
            return Err(UnknownTier { protocol, tier: tier.chars().take(40).collect() });
        }
    }
    Ok(())
}
