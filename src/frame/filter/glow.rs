//! Glow: what is bright shines on what is around it.
//!
//! The light is gathered on a coarser grid, blurred there by three boxes (about a Gaussian) and laid
//! over the picture as in a screen. It fades out towards the edges of the frame, so that none cuts it.

use super::part::Part;
use super::{Stage, byte, length, pixels};
use tiny_skia::Pixmap;

/// Light around what is bright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glow {
    /// How far it reaches, a share of the shorter side.
    pub radius: f32,
    /// How bright it is; 1 keeps as much light as there was.
    pub strength: f32,
    /// Its colour, and then all that is drawn shines; without one each colour shines as itself, and
    /// dark ones do not.
    pub color: Option<[u8; 3]>,
}

/// Of the light that falls on what is drawn so much is seen.
const INSIDE: f32 = 0.45;
/// Light that no strength makes seen.
const DARK: f32 = 1.0 / 4096.0;
/// How often the box is laid on.
const PASSES: usize = 3;

/// Red, green, blue and how much of them, 0 to 1.
type Light = [f32; 4];

pub(super) struct Lamp {
    glow: Glow,
    light: Vec<Light>,
    spare: Vec<Light>,
}

/// How a radius in pixels is made: the pixels of a field of the coarse grid, the fields on each side
/// of a box's middle.
#[derive(Clone, Copy)]
struct Grid {
    field: usize,
    reach: usize,
}

impl Grid {
    fn of(radius: f32) -> Self {
        let field = usize::from(crate::units::round_u16(radius / 2.5)).max(1);
        let reach = pixels(radius / (PASSES * field) as f32 - 0.5).max(1);
        Self { field, reach }
    }

    /// How many pixels away a pixel is seen.
    fn seen(self) -> usize {
        (self.reach * PASSES + 2) * self.field
    }
}

impl Lamp {
    pub(super) fn new(glow: Glow) -> Self {
        Self { glow, light: Vec::new(), spare: Vec::new() }
    }

    /// The light of a pixel.
    fn shine(&self, pixel: &[u8]) -> Light {
        let unit = |n: usize| f32::from(pixel[n]) / 255.0;
        if let Some(color) = self.glow.color {
            let [r, g, b] = color.map(|c| f32::from(c) / 255.0 * unit(3));
            return [r, g, b, unit(3)];
        }
        let [r, g, b] = [0, 1, 2].map(|n| unit(n) * unit(n));
        [r, g, b, r.max(g).max(b)]
    }

    /// The mean light of each field of `fields`, row by row.
    fn gather(&mut self, from: &Pixmap, fields: Part, field: usize) {
        let (width, height) = (from.width() as usize, from.height() as usize);
        let share = 1.0 / (field * field) as f32;
        let mut light = std::mem::take(&mut self.light);
        light.clear();
        light.resize(fields.width() * fields.height(), [0.0; 4]);
        for y in fields.top * field..(fields.bottom * field).min(height) {
            let row = &mut light[(y / field - fields.top) * fields.width()..][..fields.width()];
            for (n, sum) in row.iter_mut().enumerate() {
                let left = (fields.left + n) * field;
                let bytes = y * width + left..y * width + (left + field).min(width);
                for pixel in from.data()[bytes.start * 4..bytes.end * 4].chunks_exact(4) {
                    if pixel[3] > 0 {
                        let shine = self.shine(pixel);
                        (0..4).for_each(|n| sum[n] += shine[n] * share);
                    }
                }
            }
        }
        self.light = light;
    }

    /// Blurs rows and turns the picture on its side, twice.
    fn blur(&mut self, fields: Part, reach: usize) {
        for (width, height) in
            [(fields.width(), fields.height()), (fields.height(), fields.width())]
        {
            for pass in 0..PASSES {
                let turned = pass + 1 == PASSES;
                self.spare.clear();
                self.spare.resize(width * height, [0.0; 4]);
                for y in 0..height {
                    let row = &self.light[y * width..(y + 1) * width];
                    let place = |x: usize| if turned { x * height + y } else { y * width + x };
                    boxed(row, reach, |x, mean| self.spare[place(x)] = mean);
                }
                std::mem::swap(&mut self.light, &mut self.spare);
            }
        }
    }
}

/// The means of a row over `reach` to each side; beyond its ends is darkness.
fn boxed(row: &[Light], reach: usize, mut put: impl FnMut(usize, Light)) {
    let share = 1.0 / (2 * reach + 1) as f32;
    let mut sum = [0.0; 4];
    for light in row.iter().take(reach) {
        (0..4).for_each(|n| sum[n] += light[n]);
    }
    for x in 0..row.len() {
        if let Some(light) = row.get(x + reach) {
            (0..4).for_each(|n| sum[n] += light[n]);
        }
        // What is left of rounding would be light where none is.
        put(x, sum.map(|c| (c * share).max(0.0)));
        if let Some(light) = x.checked_sub(reach).and_then(|x| row.get(x)) {
            (0..4).for_each(|n| sum[n] -= light[n]);
        }
    }
}

/// A place between two of a coarse grid's fields: the first, and how far on to the next.
fn between(pixel: usize, field: usize, first: usize, count: usize) -> (usize, usize, f32) {
    let at = (pixel as f32 + 0.5) / field as f32 - 0.5 - first as f32;
    let at = at.clamp(0.0, (count - 1) as f32);
    let low = pixels(at.floor());
    (low, (low + 1).min(count - 1), at - at.floor())
}

fn mixed(a: Light, b: Light, share: f32) -> Light {
    [0, 1, 2, 3].map(|n| a[n] + (b[n] - a[n]) * share)
}

impl Stage for Lamp {
    fn touched(&self, part: Part, side: u32) -> Part {
        part.grown(Grid::of(length(self.glow.radius, side)).seen())
    }

    fn draw(&mut self, from: &Pixmap, into: &mut Pixmap, part: Part) {
        let radius = length(self.glow.radius, from.width().min(from.height()));
        let grid = Grid::of(radius);
        let (width, height) = (from.width() as usize, from.height() as usize);
        let whole = Part { left: 0, top: 0, right: width, bottom: height };
        let wide = part.grown(grid.seen()).within(whole).aligned(grid.field);
        let over = |edge: usize| edge / grid.field;
        let fields = Part {
            left: over(wide.left),
            top: over(wide.top),
            right: over(wide.right),
            bottom: over(wide.bottom),
        };
        self.gather(from, fields, grid.field);
        self.blur(fields, grid.reach);
        let across: Vec<_> = (part.left..part.right)
            .map(|x| {
                let fade = fade(x, width, radius) * self.glow.strength;
                (between(x, grid.field, fields.left, fields.width()), fade)
            })
            .collect();
        let mut line = vec![[0.0; 4]; fields.width()];
        for y in part.top..part.bottom {
            let (low, high, share) = between(y, grid.field, fields.top, fields.height());
            let rows = [low, high].map(|row| &self.light[row * fields.width()..][..fields.width()]);
            for ((line, low), high) in line.iter_mut().zip(rows[0]).zip(rows[1]) {
                *line = mixed(*low, *high, share);
            }
            let down = fade(y, height, radius);
            let row = (y * width + part.left) * 4..(y * width + part.right) * 4;
            let pixels = from.data()[row.clone()].chunks_exact(4);
            let pixels = pixels.zip(into.data_mut()[row].chunks_exact_mut(4));
            for ((old, new), ((low, high, share), fade)) in pixels.zip(&across) {
                // Most of a picture is far from any light.
                if line[*low][3].max(line[*high][3]) < DARK {
                    new.copy_from_slice(old);
                    continue;
                }
                let light = mixed(line[*low], line[*high], *share);
                screen(old, light.map(|c| (c * fade * down).min(1.0)), new);
            }
        }
    }
}

/// How much light is left so near to an edge.
fn fade(at: usize, count: usize, radius: f32) -> f32 {
    let near = at.min(count - 1 - at) as f32;
    (near / radius.max(1.0)).min(1.0)
}

fn screen(old: &[u8], light: Light, new: &mut [u8]) {
    let inside = 1.0 - (1.0 - INSIDE) * f32::from(old[3]) / 255.0;
    for n in 0..4 {
        let own = f32::from(old[n]);
        let light = light[n] * inside;
        new[n] = byte(own + 255.0 * light - own * light);
    }
}
