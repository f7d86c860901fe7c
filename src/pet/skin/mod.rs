//! What a pet may wear: a skin is a theme of its drawing and filters over that, one of each for
//! light ground where the skin says so.

mod wire;

pub(super) use wire::{filters, listed, text_form};

use crate::frame::filter::Filter;
use crate::units::luma;

/// The skin that every pet has: as it was drawn.
pub const CLASSIC: &str = "classic";
/// The most skins of a pet.
pub const MAX_SKINS: usize = 64;

/// The lightness of what a pet stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ground {
    /// Dark, or not known.
    #[default]
    Dark,
    /// Light.
    Light,
}

impl Ground {
    /// What a background of that colour is; dark where it is not known, as most are.
    #[must_use]
    pub fn of(background: Option<[u8; 3]>) -> Self {
        match background {
            Some(rgb) if luma(rgb) > 127_000 => Self::Light,
            _ => Self::Dark,
        }
    }
}

/// What a pet wears, and where.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outfit {
    /// The skin's name; a pet that does not have it stays as it was drawn. None is [`CLASSIC`].
    pub skin: Option<String>,
    /// What it stands on.
    pub ground: Ground,
}

impl Outfit {
    /// The skin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.skin.as_deref().unwrap_or(CLASSIC)
    }
}

/// What a skin does on one ground.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Look {
    /// The theme of the drawing's container.
    pub(super) theme: Option<String>,
    /// What is done to each picture, in order.
    pub(super) filters: Vec<Filter>,
}

/// How a skin is told in text symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TextForm {
    /// By whatever the terminal draws best.
    #[default]
    Any,
    /// With the blocks and shades of code page 437, in sixteen colours.
    CodePage437,
}

/// A skin that a pet has.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin {
    /// Its name in commands: a-z, 0-9 and `-`.
    pub(super) name: String,
    pub(super) dark: Look,
    /// Where it is another on light ground.
    pub(super) light: Option<Look>,
    pub(super) text: TextForm,
}

impl Skin {
    /// A skin that is a theme alone.
    pub(super) fn of_theme(name: &str) -> Self {
        let dark = Look { theme: Some(name.to_owned()), filters: Vec::new() };
        Self { name: name.to_owned(), dark, light: None, text: TextForm::Any }
    }

    /// Its name in commands.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is told in text symbols.
    #[must_use]
    pub fn text(&self) -> TextForm {
        self.text
    }

    /// The themes that it is made of.
    pub(super) fn themes(&self) -> impl Iterator<Item = &str> {
        let looks = [Some(&self.dark), self.light.as_ref()].into_iter().flatten();
        looks.filter_map(|look| look.theme.as_deref())
    }

    pub(super) fn on(&self, ground: Ground) -> &Look {
        match (ground, &self.light) {
            (Ground::Light, Some(light)) => light,
            _ => &self.dark,
        }
    }
}
