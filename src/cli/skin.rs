//! `--skin` and `--ground`: what a pet wears, and on what.

use super::Failure;
use buddy_render::pet::Pet;
use buddy_render::pet::skin::{CLASSIC, Ground, Outfit};
use clap::{Args, ValueEnum};

/// What a pet wears.
#[derive(Debug, Clone, Args)]
pub(super) struct SkinArgs {
    /// The skin: classic, ms-dos, cyberpunk, mascot-90s, high-contrast, or what a pack's pet has
    #[arg(long, value_name = "NAME", default_value = CLASSIC)]
    pub(super) skin: String,
    /// What the skin is to stand out from: dark, light, or auto (what the terminal says)
    #[arg(long, value_enum, value_name = "G", default_value_t = GroundArg::Auto)]
    pub(super) ground: GroundArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GroundArg {
    Auto,
    Dark,
    Light,
}

impl SkinArgs {
    /// The outfit over a background, as far as that is known.
    pub(super) fn outfit(&self, background: Option<[u8; 3]>) -> Outfit {
        let ground = match self.ground {
            GroundArg::Auto => Ground::of(background),
            GroundArg::Dark => Ground::Dark,
            GroundArg::Light => Ground::Light,
        };
        Outfit { skin: Some(self.skin.clone()), ground }
    }
}

/// Whether the pet has that skin; if not, which it has.
pub(super) fn check(pet: &Pet, name: &str) -> Result<(), Failure> {
    let skins = pet.skins();
    if skins.contains(&name) {
        return Ok(());
    }
    Err(Failure::usage(format!("{} has no skin {name:?}", pet.name()))
        .hint(format!("its skins are: {}", skins.join(", "))))
}
