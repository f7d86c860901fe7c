//! A pet inside a ratatui layout: `cargo run --example embed_ratatui -- [PET]`. Any key ends it.

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::units::PixelSize;
use ratatui::widgets::{Block, Paragraph};
use ratatui::{crossterm::event, prelude::*};
use std::time::{Duration, Instant};

fn color(frame: &Frame, x: u32, y: u32) -> Color {
    let pixel = frame.pixmap().pixel(x, y).filter(|p| p.alpha() > 127).map(|p| p.demultiply());
    pixel.map_or(Color::Reset, |p| Color::Rgb(p.red(), p.green(), p.blue()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pet = catalog::load(&std::env::args().nth(1).unwrap_or_else(|| "haiku".into()))?;
    let (mut scene, idle) = (pet.scene()?, pet.clip("idle").ok_or("no idle clip")?.clone());
    let (begun, mut terminal) = (Instant::now(), ratatui::init());
    while !event::poll(Duration::from_millis(50))? {
        let run = begun.elapsed().as_secs_f64() % idle.duration.as_secs_f64();
        terminal.draw(|ui| {
            let columns = Layout::horizontal([Constraint::Min(10), Constraint::Length(26)]);
            let [text, side] = columns.areas(ui.area());
            ui.render_widget(Paragraph::new("Any key ends this.").block(Block::bordered()), text);
            // Two pixels a cell: the upper is its ground, the lower its half block.
            let size = PixelSize::new(side.width.max(1).into(), (side.height * 2).max(2).into());
            let Ok(mut frame) = Frame::new(size) else { return };
            scene.draw(idle.start + Duration::from_secs_f64(run), &mut frame);
            for at in side.positions() {
                let (x, y) = (u32::from(at.x - side.x), u32::from(at.y - side.y) * 2);
                let (top, bottom) = (color(&frame, x, y), color(&frame, x, y + 1));
                let symbol = if bottom == Color::Reset { " " } else { "▄" };
                ui.buffer_mut()[at].set_symbol(symbol).set_fg(bottom).set_bg(top);
            }
        })?;
    }
    ratatui::restore();
    Ok(())
}
