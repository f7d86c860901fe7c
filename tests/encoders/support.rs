//! Frames to draw, a terminal to draw them in, and a reader of control strings.

use buddy_render::frame::{Frame, TextArt};
use buddy_render::pet::catalog;
use buddy_render::protocol::{Encoder, Placement, Pose};
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use rio_vt::ansi::CursorShape;
use rio_vt::crosswords::{Crosswords, CrosswordsSize};
use rio_vt::event::{EventListener, RioEvent, WindowId};
use rio_vt::performer::handler::Processor;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tiny_skia::{Color, FillRule, GradientStop, Paint, PathBuilder, Point, SpreadMode, Transform};

/// One cell of 8×16 pixels, as [`Rio`] has.
pub(crate) const CELL: CellPixels = CellPixels::new(8, 16);

/// A box of `cols` × `rows` cells at column 50, row 3.
pub(crate) fn at(cols: u16, rows: u16) -> Placement {
    Placement { at: CellPosition { col: 50, row: 3 }, size: CellSize::new(cols, rows), cell: CELL }
}

/// A box of exactly `width` × `height` pixels: one cell of that size.
pub(crate) fn one_cell(width: u16, height: u16) -> Placement {
    Placement {
        at: CellPosition { col: 5, row: 3 },
        size: CellSize::new(1, 1),
        cell: CellPixels::new(width, height),
    }
}

/// Sizes that encoders have stumbled over: one pixel, odd, not a multiple of six, and the pet's.
pub(crate) fn boxes() -> [Placement; 5] {
    [one_cell(1, 1), one_cell(7, 13), one_cell(33, 17), one_cell(1, 97), at(20, 10)]
}

/// A soft-edged circle with a gradient on a transparent ground, moved by `step` pixels.
pub(crate) fn ball(size: PixelSize, step: u16) -> Frame {
    let mut frame = Frame::new(size).unwrap();
    let side = f32::from(u16::try_from(size.width.min(size.height)).unwrap());
    let middle = Point::from_xy(side / 2.0 + f32::from(step), side / 2.0);
    let stops = vec![
        GradientStop::new(0.0, Color::from_rgba8(255, 220, 120, 255)),
        GradientStop::new(0.85, Color::from_rgba8(200, 60, 90, 255)),
        GradientStop::new(1.0, Color::from_rgba8(200, 60, 90, 0)),
    ];
    let radius = side * 0.45;
    let (pad, still) = (SpreadMode::Pad, Transform::identity());
    let shader =
        tiny_skia::RadialGradient::new(middle, 0.0, middle, radius, stops, pad, still).unwrap();
    let paint = Paint { shader, ..Paint::default() };
    let circle = PathBuilder::from_circle(middle.x, middle.y, radius).unwrap();
    let rule = FillRule::Winding;
    frame.pixmap_mut().fill_path(&circle, &paint, rule, still, None);
    frame
}

/// Paints a rectangle of one colour.
pub(crate) fn paint(frame: &mut Frame, [x, y, width, height]: [u16; 4], rgba: [u8; 4]) {
    let rect = tiny_skia::Rect::from_xywh(x.into(), y.into(), width.into(), height.into());
    let [r, g, b, a] = rgba;
    let mut paint =
        Paint { blend_mode: tiny_skia::BlendMode::Source, anti_alias: false, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, a);
    let still = Transform::identity();
    frame.pixmap_mut().fill_rect(rect.unwrap(), &paint, still, None);
}

/// A clip of `count` poses, 40 ms each.
pub(crate) fn clip(size: PixelSize, count: u16) -> Vec<Pose> {
    let pose = |n| Pose { frame: ball(size, n), gap: Duration::from_millis(40) };
    (0..count).map(pose).collect()
}

/// Some poses of a pet's clip, drawn small.
pub(crate) struct Drawn {
    pub(crate) clip: String,
    pub(crate) looping: bool,
    pub(crate) size: CellSize,
    pub(crate) poses: Vec<Pose>,
    pub(crate) art: Option<TextArt>,
}

/// The cell that they are drawn for: small, as tests are compiled without optimizations.
pub(crate) const SMALL_CELL: CellPixels = CellPixels::new(4, 7);

/// Every clip of every pet, by the pets' names: six poses each, in boxes of three sizes.
pub(crate) static PETS: LazyLock<Vec<(&str, Vec<Drawn>)>> = LazyLock::new(|| {
    let drawn = |name| {
        let pet = catalog::load(name).unwrap();
        let mut scene = pet.scene().unwrap();
        let sizes = [CellSize::new(8, 4), CellSize::new(12, 6), CellSize::new(16, 8)];
        let clips = pet.clips().iter().zip(sizes.into_iter().cycle());
        let clips = clips.map(|(clip, size)| {
            let pose = |n| {
                let mut frame = Frame::new(size.pixels(SMALL_CELL)).unwrap();
                scene.draw(clip.start + clip.duration * n / 6, &mut frame);
                Pose { frame, gap: clip.duration / 6 }
            };
            let poses = (0..6).map(pose).collect();
            let art = pet.ascii(&clip.name).cloned();
            Drawn { clip: clip.name.clone(), looping: clip.looping, size, poses, art }
        });
        (name, clips.collect())
    };
    catalog::names().into_iter().map(drawn).collect()
});

/// What one `encode` writes.
pub(crate) fn encoded(encoder: &mut dyn Encoder, frame: &Frame, at: &Placement) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.encode(frame, at, &mut out).unwrap();
    out
}

/// What `write` writes.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// A picture that the terminal decoded.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) size: (usize, usize),
    pub(crate) rgba: Vec<u8>,
}

#[derive(Clone, Default)]
pub(crate) struct Heard {
    pictures: Arc<Mutex<Vec<Picture>>>,
    answers: Arc<Mutex<Vec<String>>>,
}

impl EventListener for Heard {
    fn send_event(&self, event: RioEvent, _: WindowId) {
        match event {
            RioEvent::UpdateGraphics { queues, .. } => {
                let pictures = queues.pending.iter().map(|g| Picture {
                    size: (g.width, g.height),
                    rgba: rgba(&g.pixels, g.width * g.height),
                });
                self.pictures.lock().unwrap().extend(pictures);
            }
            RioEvent::PtyWrite(_, text) => self.answers.lock().unwrap().push(text),
            _ => {}
        }
    }
}

/// Rio's terminal core.
pub(crate) struct Rio {
    pub(crate) term: Crosswords<Heard>,
    parser: Processor,
    heard: Heard,
}

impl Rio {
    /// 80×24 cells of 8×16 pixels.
    pub(crate) fn new() -> Self {
        Self::with_cell(CELL)
    }

    /// 80×24 cells.
    pub(crate) fn with_cell(cell: CellPixels) -> Self {
        let heard = Heard::default();
        let (width, height) = (u32::from(cell.width), u32::from(cell.height));
        let size =
            CrosswordsSize::new_with_dimensions(80, 24, 80 * width, 24 * height, width, height);
        let window = WindowId::from(0);
        let term = Crosswords::new(size, CursorShape::Block, heard.clone(), window, 0, 100);
        let parser = Processor::default();
        Self { term, parser, heard }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    /// The sixel and iTerm2 pictures since the last call.
    pub(crate) fn pictures(&self) -> Vec<Picture> {
        std::mem::take(&mut self.heard.pictures.lock().unwrap())
    }

    /// Whatever the terminal answered: what would be typed into a prompt.
    pub(crate) fn answers(&self) -> Vec<String> {
        self.heard.answers.lock().unwrap().clone()
    }

    /// A kitty picture it holds.
    pub(crate) fn kitty(&self, id: u32) -> Option<Picture> {
        let stored = &self.term.graphics.kitty_images.get(&id)?.data;
        Some(Picture {
            size: (stored.width, stored.height),
            rgba: rgba(&stored.pixels, stored.width * stored.height),
        })
    }

    /// The kitty pictures on show: id, placement id, column, row, columns, rows.
    pub(crate) fn shown(&self) -> Vec<(u32, u32, usize, i64, u32, u32)> {
        let placements = self.term.graphics.kitty_placements.values();
        placements
            .map(|p| {
                let (row, cols, rows) = (p.dest_row, p.columns, p.rows);
                (p.image_id, p.placement_id, p.dest_col, row, cols, rows)
            })
            .collect()
    }
}

fn rgba(pixels: &[u8], count: usize) -> Vec<u8> {
    if pixels.len() == count * 4 {
        return pixels.to_vec();
    }
    let opaque = |c: &[u8]| [c[0], c[1], c[2], 255];
    pixels.chunks_exact(3).flat_map(opaque).collect()
}

/// The control strings between `open` and ST or BEL, without either.
pub(crate) fn strings<'a>(bytes: &'a [u8], open: &str) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while let Some(start) = find(rest, open.as_bytes()) {
        rest = &rest[start + open.len()..];
        let st = find(rest, b"\x1b\\").unwrap_or(rest.len());
        let bel = find(rest, b"\x07").unwrap_or(rest.len());
        let (string, after) = rest.split_at(st.min(bel));
        found.push(string);
        rest = after;
    }
    found
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|w| w == wanted)
}
