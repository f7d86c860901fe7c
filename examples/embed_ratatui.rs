//! A pet as a widget in a ratatui layout: `cargo run --example embed_ratatui -- [PET [CLIP]]`. Any
//! key ends it.

use buddy_render::frame::Frame;
use buddy_render::pet::{Clip, Pet, catalog};
use buddy_render::protocol::Placement;
use buddy_render::protocol::symbols::{Ink, SymbolMode, Symbols, SymbolsConfig};
use buddy_render::scene::Scene;
use buddy_render::units::{CellPixels, CellPosition, CellSize};
use ratatui::widgets::{Block, Paragraph, StatefulWidget};
use ratatui::{crossterm::event, prelude::*};
use std::time::{Duration, Instant};

/// So many pixels of a cell are drawn: enough for its quarters, each of them well mixed.
const CELL: CellPixels = CellPixels::new(8, 16);

/// A clip at a moment of its own time; it fills its area, as it is square in the middle.
struct PetWidget {
    at: Duration,
}

/// What is kept from frame to frame: the drawing, and the cells that were chosen for it.
struct PetState {
    scene: Box<dyn Scene>,
    clip: Clip,
    frame: Option<Frame>,
    symbols: Symbols,
}

impl PetState {
    fn new(pet: &Pet, clip: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let clip = pet.clip(pet.resolve_clip(clip)).ok_or("the pet has no such clip")?.clone();
        let config = SymbolsConfig { mode: SymbolMode::Quadrant, ..SymbolsConfig::default() };
        Ok(Self { scene: pet.scene()?, clip, frame: None, symbols: Symbols::new(config) })
    }

    /// The moment of the scene to draw: round and round.
    fn moment(&self, at: Duration) -> Duration {
        let length = self.clip.duration.as_secs_f64().max(0.001);
        self.clip.start + Duration::from_secs_f64(at.as_secs_f64() % length)
    }
}

impl StatefulWidget for PetWidget {
    type State = PetState;

    fn render(self, area: Rect, buffer: &mut Buffer, state: &mut PetState) {
        let area = area.intersection(buffer.area);
        let size = CellSize::new(area.width, area.height);
        let at = Placement { at: CellPosition { col: area.x, row: area.y }, size, cell: CELL };
        let moment = state.moment(self.at);
        let frame = state.frame.take().filter(|frame| frame.size() == at.pixels());
        let Some(mut frame) = frame.or_else(|| Frame::new(at.pixels()).ok()) else { return };
        state.scene.draw(moment, &mut frame);
        if let Ok(cells) = state.symbols.cells(&frame, &at) {
            for (position, cell) in area.positions().zip(cells) {
                let shown = &mut buffer[position];
                shown.set_char(cell.glyph).set_fg(color(cell.fg)).set_bg(color(cell.bg));
            }
        }
        state.frame = Some(frame);
    }
}

fn color(ink: Ink) -> Color {
    match ink {
        Ink::Default => Color::Reset,
        Ink::Rgb([r, g, b]) => Color::Rgb(r, g, b),
        Ink::Indexed(index) | Ink::Ansi(index) => Color::Indexed(index),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let pet = catalog::load(arguments.next().as_deref().unwrap_or("haiku"))?;
    let mut state = PetState::new(&pet, arguments.next().as_deref().unwrap_or("idle"))?;
    let mut terminal = ratatui::init();
    let begun = Instant::now();
    let done = loop {
        let drawn = terminal.draw(|ui| {
            let columns = Layout::horizontal([Constraint::Min(10), Constraint::Length(32)]);
            let [text, side] = columns.areas(ui.area());
            let [corner, _] =
                Layout::vertical([Constraint::Length(16), Constraint::Min(0)]).areas(side);
            ui.render_widget(Paragraph::new("Any key ends this.").block(Block::bordered()), text);
            ui.render_stateful_widget(PetWidget { at: begun.elapsed() }, corner, &mut state);
        });
        match drawn.and_then(|_| event::poll(Duration::from_millis(50))) {
            Ok(false) => {}
            Ok(true) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    ratatui::restore();
    Ok(done?)
}
