//! A pet inside a ratatui layout, in half blocks: `cargo run --example embed_ratatui -- [PET]`
//!
//! Any key ends it.

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::units::PixelSize;
use ratatui::crossterm::event;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Color;
use ratatui::widgets::{Block, Paragraph};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "haiku".into());
    let pet = catalog::load(&name)?;
    let (mut scene, idle) = (
        pet.scene()?,
        pet.clip("idle").ok_or("no idle clip")?.clone(),
    );
    let (begun, mut terminal) = (Instant::now(), ratatui::init());
    while !event::poll(Duration::from_millis(50))? {
        let run = begun.elapsed().as_secs_f64() % idle.duration.as_secs_f64();
        terminal.draw(|ui| {
            let [text, side] =
                Layout::horizontal([Constraint::Min(10), Constraint::Length(26)]).areas(ui.area());
            ui.render_widget(
                Paragraph::new("Any key ends this.").block(Block::bordered()),
                text,
            );
            // Two pixels a cell, one above the other.
            let size = PixelSize::new(side.width.max(1).into(), (side.height * 2).max(2).into());
            let Ok(mut frame) = Frame::new(size) else {
                return;
            };
            scene.draw(idle.start + Duration::from_secs_f64(run), &mut frame);
            let pixel = |x, y| {
                frame
                    .pixmap()
                    .pixel(x, y)
                    .filter(|p| p.alpha() > 127)
                    .map(|p| p.demultiply())
            };
            for (x, y) in side.positions().map(|p| (p.x, p.y)) {
                let (col, row) = (u32::from(x - side.x), u32::from(y - side.y) * 2);
                let cell = &mut ui.buffer_mut()[(x, y)];
                let colour = |c: tiny_skia::ColorU8| Color::Rgb(c.red(), c.green(), c.blue());
                match (pixel(col, row), pixel(col, row + 1)) {
                    (Some(t), Some(b)) => cell.set_symbol("▀").set_fg(colour(t)).set_bg(colour(b)),
                    (Some(t), None) => cell.set_symbol("▀").set_fg(colour(t)),
                    (None, Some(b)) => cell.set_symbol("▄").set_fg(colour(b)),
                    (None, None) => cell,
                };
            }
        })?;
    }
    ratatui::restore();
    Ok(())
}
