//! Our still beside viuer's, in half blocks: `cargo run --example compare_viuer -- [PET]`

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::protocol::symbols::{Symbols, SymbolsConfig};
use buddy_render::protocol::{Encoder, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pet = catalog::load(&std::env::args().nth(1).unwrap_or_else(|| "antigravity".into()))?;
    let idle = pet.clip("idle").ok_or("no idle clip")?;
    let at = Placement {
        at: CellPosition { col: 2, row: 1 },
        size: CellSize::new(32, 16),
        cell: CellPixels::default(),
    };
    let mut frame = Frame::new(at.pixels())?;
    pet.scene()?.draw(idle.start + idle.key, &mut frame);

    let mut out = b"\x1b[2J".to_vec();
    Symbols::new(SymbolsConfig::default()).encode(&frame, &at, &mut out)?;
    std::io::stdout().write_all(&out)?;

    let PixelSize { width, height } = frame.size();
    let still =
        image::RgbaImage::from_raw(width, height, frame.to_straight_rgba()).ok_or("wrong size")?;
    let config = viuer::Config {
        x: 38,
        y: 1,
        width: Some(32),
        height: Some(16),
        transparent: true,
        use_kitty: false,
        use_iterm: false,
        ..viuer::Config::default()
    };
    viuer::print(&image::DynamicImage::ImageRgba8(still), &config)?;
    Ok(writeln!(std::io::stdout(), "\n  ours on the left, viuer's on the right")?)
}
