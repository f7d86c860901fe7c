//! A file of events, played: `cargo run --example events -- [FILE] [PET]`
//!
//! Writes the sentences that tell what the pet did, by the events' own clock.

use buddy_render::event::source::Events;
use buddy_render::mood::Companion;
use buddy_render::pet::catalog;
use buddy_render::pet::skin::Outfit;
use buddy_render::player::{Guests, Motion, Player, Settings, encoder, layout, script};
use buddy_render::terminal::Protocol;
use buddy_render::units::Corner;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "fixtures/events/session.jsonl".into());
    let pet = catalog::load(&args.next().unwrap_or_else(|| "null".into()))?;
    let mut events = Events::new(BufReader::new(File::open(path)?));
    let choice = encoder::unasked(Protocol::Text, "80x24@10x20".parse()?, None)?;
    let settings = Settings {
        geometry: choice.geometry,
        size: layout::DEFAULT_SIZE,
        corner: Corner::TopRight,
        motion: Motion::None,
        frame_rate: 1.0,
        speech: false,
        ahead: false,
    };
    let mind = Box::new(Companion::new(pet.personality(None), Vec::new(), 1));
    let guests = Guests { host: Arc::new(pet), visitors: Vec::new(), outfit: Outfit::default() };
    let mut player = Player::new(settings, mind, guests, encoder::encoder(&choice, 1))?;
    script::run(&mut player, &mut events, None, true, &mut std::io::stdout().lock())?;
    for problem in events.reader().problems() {
        writeln!(std::io::stderr(), "{problem}")?;
    }
    Ok(())
}
