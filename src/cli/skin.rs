//! `--skin` and `--ground`: what a pet wears, and on what.

use super::Failure;
use buddy_render::manners::Config;
use buddy_render::pet::Pet;
use buddy_render::pet::skin::{CLASSIC, Ground, Outfit};
use clap::{Args, ValueEnum};

/// What a pet wears.
#[derive(Debug, Clone, Args)]
pub(super) struct SkinArgs {
    /// The skin: classic (the default), ms-dos, cyberpunk, mascot-90s, high-contrast, or what a pack's
    /// pet has
    #[arg(long, value_name = "NAME")]
    skin: Option<String>,
    /// What the skin is to stand out from: dark, light, or auto (what the terminal says; the default)
    #[arg(long, value_enum, value_name = "G", hide_possible_values = true)]
    ground: Option<GroundArg>,
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
            None | Some(GroundArg::Auto) => Ground::of(background),
            Some(GroundArg::Dark) => Ground::Dark,
            Some(GroundArg::Light) => Ground::Light,
        };
        Outfit { skin: Some(self.name().to_owned()), ground }
    }

    /// The skin's name.
    pub(super) fn name(&self) -> &str {
        self.skin.as_deref().unwrap_or(CLASSIC)
    }

    /// Another skin.
    pub(super) fn wear(&mut self, skin: String) {
        self.skin = Some(skin);
    }

    /// Takes what the configuration wants where no flag says. A skin that this pet does not have was
    /// meant for another one.
    pub(super) fn settle(&mut self, config: &Config, pet: &Pet) {
        let wanted = config.skin.clone().filter(|skin| pet.skins().contains(&skin.as_str()));
        self.skin = self.skin.take().or(wanted);
        let ground = config.ground.map(|ground| match ground {
            Ground::Dark => GroundArg::Dark,
            Ground::Light => GroundArg::Light,
        });
        self.ground = self.ground.or(ground);
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
