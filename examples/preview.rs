//! One clip in your terminal: `cargo run --example preview -- [PET] [CLIP] [PROTOCOL]`
//!
//! Without a protocol the terminal is asked what it can do. Ctrl-C or q ends it.

use buddy_render::mood::OneClip;
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::player::live::{self, KeyAction, Live};
use buddy_render::player::{Guests, Motion, Player, Settings, encoder, layout};
use buddy_render::terminal::{self, Database, EnvHints, Signals, Terminal};
use buddy_render::units::Corner;
use std::{error::Error, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pet = catalog::load(&args.next().unwrap_or_else(|| "null".into()))?;
    let clip = args.next().unwrap_or_else(|| "idle".into());
    let wanted = args.next().map(|protocol| protocol.parse()).transpose()?;
    let (mut signals, mut terminal) = (Signals::new()?, Terminal::open()?);
    let (hints, database) = (EnvHints::capture(), Database::embedded()?);
    let choice = terminal::choose(&terminal.probe(&hints, &database)?, &hints, &database, wanted);
    let settings = Settings {
        geometry: choice.geometry,
        size: layout::DEFAULT_SIZE,
        corner: Corner::TopRight,
        motion: Motion::Full,
        frame_rate: encoder::frame_rate(choice.protocol),
        speech: false,
        ahead: true,
    };
    let guests = Guests { host: Arc::new(pet), visitors: Vec::new(), outfit: Outfit::default() };
    let encoder = encoder::encoder(&choice, u64::from(std::process::id()));
    let mut player = Player::new(settings, Box::new(OneClip::new(&clip)), guests, encoder)?;
    let on_key = &mut |key: &[u8]| {
        if key == b"q" { KeyAction::Quit } else { KeyAction::Ignore }
    };
    let (synchronized, watches) = (choice.sync2026, choice.visibility2033);
    let (cell, cursor_shown) = (choice.geometry.cell, choice.cursor_shown);
    let (bus, limit, manners) = (None, None, None);
    let mut live = Live { bus, limit, synchronized, watches, cursor_shown, cell, manners, on_key };
    Ok(live::run(&mut player, &mut terminal, &mut signals, &mut live)?)
}
