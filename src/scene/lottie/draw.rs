//! Layers → pixels: compositions, masks and mattes.

use super::evaluate::{Shape, Sheet, layer_matrix, share};
use super::filter;
use super::model::{Animation, Content, Layer, Mask, MaskMode, Matte};
use super::pixels;
use super::raster::{Area, Rasterizer, Surface, bounds, overlaps, single, skia};
use kurbo::{Affine, BezPath, Rect, Shape as _, Vec2};
use tiny_skia::{BlendMode, FilterQuality, PixmapPaint};

/// The deepest that compositions and mattes nest.
pub const MAX_DEPTH: u32 = 16;
/// The most layers that are drawn in a frame, counted again for each use of a composition.
pub const MAX_DRAWN_LAYERS: u32 = 20_000;

/// A feather's width as a standard deviation, as for After Effects' blurs.
const FEATHER_SIGMA: f64 = 0.3;

/// What drawing keeps from frame to frame.
#[derive(Default)]
pub(super) struct Workshop {
    sheet: Sheet,
    rasterizer: Rasterizer,
}

/// Draws a frame of an animation; `matrix` takes its canvas to the device.
pub(super) fn draw(
    animation: &Animation,
    frame: f64,
    matrix: Affine,
    surface: &mut Surface,
    workshop: &mut Workshop,
) {
    animation.facts.refill();
    workshop.sheet.refill();
    workshop.rasterizer.pool.refill(surface.area);
    let mut drawing = Drawing { animation, workshop, layers_left: MAX_DRAWN_LAYERS };
    drawing.layers(&animation.layers, frame, matrix, surface, 0);
}

struct Drawing<'a> {
    animation: &'a Animation,
    workshop: &'a mut Workshop,
    layers_left: u32,
}

impl<'a> Drawing<'a> {
    fn layers(
        &mut self,
        layers: &'a [Layer],
        frame: f64,
        matrix: Affine,
        surface: &mut Surface,
        depth: u32,
    ) {
        for layer in layers.iter().rev() {
            if !layer.is_matte && !layer.hidden {
                self.layer(layers, layer, frame, matrix, surface, depth);
            }
        }
    }

    /// Draws one layer, with its masks and its matte.
    fn layer(
        &mut self,
        layers: &'a [Layer],
        layer: &'a Layer,
        frame: f64,
        outer: Affine,
        surface: &mut Surface,
        depth: u32,
    ) {
        let opacity = share(layer.transform.opacity.at(frame));
        let seen = layer.first <= frame && frame < layer.end && opacity > 0.0;
        if !seen || matches!(layer.content, Content::Nothing) || self.layers_left == 0 {
            return;
        }
        self.layers_left -= 1;
        let matrix = outer * layer_matrix(layers, layer, frame);
        // What lies outside may still throw a shadow into the surface.
        let reach = filter::reach(&layer.filters, frame, matrix);
        let bounds = surface.area.grown(reach);
        let Some(area) = self.area(layer, frame, matrix, bounds) else {
            return;
        };
        let Some(area) = area.grown(reach).and(bounds) else {
            return;
        };
        let plain = layer.masks.is_empty() && layer.matte.is_none() && layer.filters.is_empty();
        let area = if plain { area.and(surface.area) } else { Some(area) };
        let Some(area) = area else {
            return;
        };
        if plain
            && layer.blend == BlendMode::SourceOver
            && self.is_one(layer, opacity, matrix, area)
        {
            self.content(layer, frame, matrix, opacity, surface, depth);
            return;
        }
        let Some(mut own) = self.workshop.rasterizer.pool.take(area) else {
            return;
        };
        self.content(layer, frame, matrix, 1.0, &mut own, depth);
        self.cut(layer, frame, matrix, &mut own);
        for filter in &layer.filters {
            // Each goes over all pixels some four times.
            if (0..4).all(|_| self.workshop.rasterizer.pool.spend(own.area)) {
                filter::apply(filter, frame, matrix, &mut own);
            }
        }
        if let Some(matte) = layer.matte {
            self.matte(layers, matte, frame, outer, &mut own, depth);
        }
        surface.composite(&own, opacity, layer.blend);
        self.workshop.rasterizer.pool.give_back(own);
    }

    /// Where a layer can have pixels. Evaluates the shapes on the way.
    fn area(&mut self, layer: &Layer, frame: f64, matrix: Affine, surface: Area) -> Option<Area> {
        let sized = |width: f64, height: f64| {
            Area::around(matrix.transform_rect_bbox(Rect::new(0.0, 0.0, width, height)))
        };
        match &layer.content {
            Content::Nothing => None,
            Content::Solid { width, height, .. } => sized(*width, *height),
            Content::Composition { size: Some((width, height)), .. } => sized(*width, *height),
            Content::Composition { size: None, .. } => Some(surface),
            Content::Image { index } => {
                let picture = self.animation.images.get(*index)?;
                sized(picture.width, picture.height)
            }
            Content::Shapes(items) => {
                let sheet = &mut self.workshop.sheet;
                sheet.evaluate(items, matrix, frame);
                Area::around(bounds(sheet, 0..sheet.commands.len())?)
            }
            Content::Text(text) => {
                let sheet = &mut self.workshop.sheet;
                sheet.text(text, matrix, frame);
                Area::around(bounds(sheet, 0..sheet.commands.len())?)
            }
        }
    }

    /// Whether a layer needs no surface of its own: it is opaque or a single thing, and not cut.
    fn is_one(&self, layer: &Layer, opacity: f64, matrix: Affine, area: Area) -> bool {
        match &layer.content {
            Content::Shapes(_) | Content::Text(_) => {
                let sheet = &self.workshop.sheet;
                opacity >= 1.0 || !overlaps(sheet, 0..sheet.commands.len())
            }
            Content::Composition { size, .. } => opacity >= 1.0 && holds(matrix, *size, area),
            _ => true,
        }
    }

    /// Draws what a layer shows; shapes were evaluated before.
    fn content(
        &mut self,
        layer: &'a Layer,
        frame: f64,
        matrix: Affine,
        opacity: f64,
        surface: &mut Surface,
        depth: u32,
    ) {
        match &layer.content {
            Content::Nothing => {}
            Content::Shapes(_) | Content::Text(_) => {
                let Workshop { sheet, rasterizer } = &mut *self.workshop;
                rasterizer.draw(sheet, 0..sheet.commands.len(), opacity, surface);
            }
            Content::Solid { width, height, color } => {
                let shape = rectangle(*width, *height, matrix);
                let rasterizer = &mut self.workshop.rasterizer;
                rasterizer.solid(&shape, *color, opacity, surface);
            }
            Content::Image { index } => self.image(*index, matrix, opacity, surface),
            Content::Composition { index, size, remap } => {
                let inner = match remap {
                    Some(seconds) => seconds.at(frame) * self.animation.frame_rate,
                    None => (frame - layer.start) / layer.stretch,
                };
                self.composition(*index, inner, matrix, surface, depth);
                let whole = surface.painted.is_none_or(|part| holds(matrix, *size, part));
                if let (Some((width, height)), false) = (size, whole) {
                    self.clip((*width, *height), matrix, surface);
                }
            }
        }
    }

    fn composition(
        &mut self,
        index: usize,
        frame: f64,
        matrix: Affine,
        surface: &mut Surface,
        depth: u32,
    ) {
        let layers = self.animation.compositions.get(index);
        if let Some(layers) = layers.filter(|_| depth < MAX_DEPTH) {
            self.layers(layers, frame, matrix, surface, depth + 1);
        }
    }

    /// Cuts to a composition's own rectangle.
    fn clip(&mut self, (width, height): (f64, f64), matrix: Affine, surface: &mut Surface) {
        let [a, b, c, d, ..] = matrix.as_coeffs();
        if b == 0.0 && c == 0.0 || a == 0.0 && d == 0.0 {
            return surface.clip(matrix.transform_rect_bbox(Rect::new(0.0, 0.0, width, height)));
        }
        let shape = &rectangle(width, height, matrix);
        if let Some(mask) = self.workshop.rasterizer.coverage(shape, 0.0, surface.area) {
            surface.keep(surface.area, mask.data());
        }
    }

    fn image(&mut self, index: usize, matrix: Affine, opacity: f64, surface: &mut Surface) {
        if !self.workshop.rasterizer.pool.spend(surface.area) {
            return;
        }
        let Some(picture) = self.animation.images.get(index) else {
            return;
        };
        let (width, height) = (picture.pixmap.width(), picture.pixmap.height());
        let fit = Affine::scale_non_uniform(
            picture.width / f64::from(width),
            picture.height / f64::from(height),
        );
        let paint = PixmapPaint {
            opacity: single(opacity),
            blend_mode: BlendMode::SourceOver,
            quality: FilterQuality::Bilinear,
        };
        let place = skia(surface.local(matrix * fit));
        surface.touch(surface.area);
        surface.pixmap.draw_pixmap(0, 0, picture.pixmap.as_ref(), &paint, place, None);
    }

    /// Applies a layer's masks.
    fn cut(&mut self, layer: &Layer, frame: f64, matrix: Affine, surface: &mut Surface) {
        let (Some(first), Some(area)) = (layer.masks.first(), surface.painted) else {
            return;
        };
        let Some(mut gathered) = tiny_skia::Mask::new(area.width, area.height) else {
            return;
        };
        // What is added starts from nothing, what is taken away from all.
        if matches!(first.mode, MaskMode::Subtract | MaskMode::Intersect | MaskMode::Darken) {
            gathered.invert();
        }
        for mask in &layer.masks {
            self.gather(mask, frame, matrix, area, &mut gathered);
        }
        surface.keep(area, gathered.data());
    }

    fn gather(
        &mut self,
        mask: &Mask,
        frame: f64,
        matrix: Affine,
        area: Area,
        all: &mut tiny_skia::Mask,
    ) {
        let mut shape = Shape { path: BezPath::new(), matrix };
        let outline = mask.path.at(frame);
        outline.append_to(&mut shape.path);
        if !self.workshop.sheet.spend(outline.vertices.len()) {
            return;
        }
        let sigma = mask.feather.as_ref().map_or(Vec2::ZERO, |feather| {
            let (width, scale) = (feather.at(frame), filter::scales(matrix));
            Vec2::new(width.x * scale.x, width.y * scale.y) * FEATHER_SIGMA
        });
        let wide = area.grown(filter::feather_reach(sigma));
        let grow = mask.expansion.at(frame);
        let one = self.workshop.rasterizer.coverage(&shape, grow, wide);
        let feathered = one.and_then(|one| {
            if wide == area { Some(one) } else { filter::feather(one, sigma, wide, area) }
        });
        let Some(one) = feathered else {
            return;
        };
        let opacity = pixels::byte(share(mask.opacity.at(frame)));
        for (all, one) in all.data_mut().iter_mut().zip(one.data()) {
            let one = if mask.inverted { 255 - one } else { *one };
            let one = part(one, opacity);
            let both = part(*all, one);
            *all = match mask.mode {
                MaskMode::Add => *all + (one - both),
                MaskMode::Subtract => *all - both,
                MaskMode::Intersect => both,
                MaskMode::Lighten => one.max(*all),
                MaskMode::Darken => one.min(*all),
                MaskMode::Difference => (*all - both) + (one - both),
            };
        }
    }

    /// Lets a surface through where the matte's layer is opaque or bright.
    fn matte(
        &mut self,
        layers: &'a [Layer],
        matte: Matte,
        frame: f64,
        outer: Affine,
        surface: &mut Surface,
        depth: u32,
    ) {
        let (Some(source), true) = (layers.get(matte.source), depth < MAX_DEPTH) else {
            return;
        };
        let Some(mut through) = self.workshop.rasterizer.pool.take(surface.area) else {
            return;
        };
        self.layer(layers, source, frame, outer, &mut through, depth + 1);
        surface.matte(&through, matte.luma, matte.inverted);
        self.workshop.rasterizer.pool.give_back(through);
    }
}

/// A share of a share, of 255; never more than either.
fn part(a: u8, b: u8) -> u8 {
    let product = u16::from(a) * u16::from(b) + 128;
    u8::try_from((product + (product >> 8)) >> 8).unwrap_or(u8::MAX)
}

fn rectangle(width: f64, height: f64, matrix: Affine) -> Shape {
    Shape { path: Rect::new(0.0, 0.0, width, height).to_path(0.1), matrix }
}

/// Whether a rectangle of this size, or of none at all, covers all of the area, so that cutting to it changes nothing.
fn holds(matrix: Affine, size: Option<(f64, f64)>, area: Area) -> bool {
    let Some((width, height)) = size else {
        return true;
    };
    let Some(back) = super::evaluate::inverse(matrix) else {
        return false;
    };
    let area = area.rect();
    // A thousandth of a pixel: rounding in the matrix must not cost a surface.
    let room = Rect::new(0.0, 0.0, width, height).inflate(1e-3, 1e-3);
    [(area.x0, area.y0), (area.x1, area.y0), (area.x0, area.y1), (area.x1, area.y1)]
        .into_iter()
        .all(|p| room.contains(back * kurbo::Point::from(p)))
}
