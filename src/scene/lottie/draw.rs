//! Plan → pixels: compositions, masks and mattes.

use super::evaluate::Shape;
use super::filter;
use super::model::{Animation, Content, Layer, MaskMode, Matte};
use super::pixels;
use super::plan::{Cel, Cut, MAX_DEPTH, MAX_DRAWN_LAYERS};
use super::raster::{Rasterizer, skia};
use super::surface::{Area, Surface, single};
use kurbo::{Affine, Rect, Shape as _, Vec2};
use tiny_skia::{BlendMode, FilterQuality, PixmapPaint};

/// Draws what of an animation meets a surface.
pub(super) fn draw(
    animation: &Animation,
    cels: &[Cel],
    surface: &mut Surface,
    rasterizer: &mut Rasterizer,
) {
    let mut drawing = Drawing { animation, rasterizer, layers_left: MAX_DRAWN_LAYERS };
    drawing.layers(Composition { layers: &animation.layers, cels }, surface, 0);
}

/// Layers and how they look, one for one.
#[derive(Clone, Copy)]
struct Composition<'a> {
    layers: &'a [Layer],
    cels: &'a [Cel],
}

struct Drawing<'a> {
    animation: &'a Animation,
    rasterizer: &'a mut Rasterizer,
    layers_left: u32,
}

impl<'a> Drawing<'a> {
    fn layers(&mut self, of: Composition<'a>, surface: &mut Surface, depth: u32) {
        for (layer, cel) in of.layers.iter().zip(of.cels).rev() {
            if !layer.is_matte && !layer.hidden {
                self.layer(of, (layer, cel), surface, depth);
            }
        }
    }

    /// Draws one layer, with its masks and its matte.
    fn layer(
        &mut self,
        among: Composition<'a>,
        (layer, cel): (&'a Layer, &'a Cel),
        surface: &mut Surface,
        depth: u32,
    ) {
        let Some(area) = cel.area.filter(|_| cel.seen && self.layers_left > 0) else {
            return;
        };
        // What lies outside may still throw a shadow into the surface.
        let bounds = surface.area.grown(cel.reach);
        let Some(area) = area.grown(cel.reach).and(bounds) else {
            return;
        };
        let plain = !cel.cut && layer.matte.is_none() && layer.filters.is_empty();
        self.layers_left -= 1;
        if plain && layer.blend == BlendMode::SourceOver && is_one(layer, cel) {
            return self.content(layer, cel, cel.opacity, surface, depth);
        }
        let Some(mut own) = self.rasterizer.pool.take(area) else {
            return;
        };
        self.content(layer, cel, 1.0, &mut own, depth);
        self.cut(cel, &mut own);
        for effect in &cel.effects {
            // Each goes over all pixels some four times.
            if (0..4).all(|_| self.rasterizer.pool.spend(own.area)) {
                effect.apply(cel.matrix, &mut own);
            }
        }
        if let Some(matte) = layer.matte {
            self.matte(among, matte, &mut own, depth);
        }
        surface.composite(&own, cel.opacity, layer.blend);
        self.rasterizer.pool.give_back(own);
    }

    /// Draws what a layer shows.
    fn content(
        &mut self,
        layer: &'a Layer,
        cel: &'a Cel,
        opacity: f64,
        surface: &mut Surface,
        depth: u32,
    ) {
        match &layer.content {
            Content::Nothing => {}
            Content::Shapes(_) | Content::Text(_) => {
                let laid = cel.laid();
                self.rasterizer.draw(laid, laid.all(), opacity, surface);
            }
            Content::Solid { width, height, color } => {
                let shape = rectangle(*width, *height);
                self.rasterizer.solid(&shape, cel.matrix, *color, opacity, surface);
            }
            Content::Image { index } => self.image(*index, cel.matrix, opacity, surface),
            Content::Composition { index, size, .. } => {
                if let Some(layers) = self.animation.compositions.get(*index) {
                    self.layers(Composition { layers, cels: &cel.inner }, surface, depth + 1);
                }
                if let (Some(size), false) = (size, cel.whole) {
                    self.clip(*size, cel.matrix, surface);
                }
            }
        }
    }

    /// Cuts to a composition's own rectangle.
    fn clip(&mut self, (width, height): (f64, f64), matrix: Affine, surface: &mut Surface) {
        if is_upright(matrix) {
            return surface.clip(matrix.transform_rect_bbox(Rect::new(0.0, 0.0, width, height)));
        }
        let shape = &rectangle(width, height);
        if let Some(cover) = self.rasterizer.coverage(shape, matrix, 0.0, surface.area) {
            surface.keep(surface.area, &cover);
            self.rasterizer.pool.give_bytes(cover);
        }
    }

    fn image(&mut self, index: usize, matrix: Affine, opacity: f64, surface: &mut Surface) {
        if !self.rasterizer.pool.spend(surface.area) {
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
    fn cut(&mut self, cel: &Cel, surface: &mut Surface) {
        let (Some(first), Some(area)) = (cel.cuts.first().filter(|_| cel.cut), surface.painted)
        else {
            return;
        };
        if let [Cut { window: Some(window), .. }] = cel.cuts.as_slice()
            && is_upright(cel.matrix)
        {
            return surface.clip(cel.matrix.transform_rect_bbox(*window));
        }
        // What is added starts from nothing, what is taken away from all.
        let taken =
            matches!(first.mode, MaskMode::Subtract | MaskMode::Intersect | MaskMode::Darken);
        let all = if taken { 255 } else { 0 };
        let Some(mut gathered) = self.rasterizer.pool.take_bytes(area, all) else {
            return;
        };
        for cut in &cel.cuts {
            self.gather(cut, cel.matrix, area, &mut gathered);
        }
        surface.keep(area, &gathered);
        self.rasterizer.pool.give_bytes(gathered);
    }

    fn gather(&mut self, cut: &Cut, matrix: Affine, area: Area, all: &mut [u8]) {
        let scale = filter::scales(matrix);
        let sigma = Vec2::new(cut.softness.x * scale.x, cut.softness.y * scale.y);
        let wide = area.grown(filter::feather_reach(sigma));
        let Some(mut one) = self.rasterizer.coverage(&cut.shape, matrix, cut.grow, wide) else {
            return;
        };
        if wide != area {
            let Some(mut part) = self.rasterizer.pool.take_bytes(area, 0) else {
                return;
            };
            filter::feather(&mut one, sigma, wide, area, &mut part);
            self.rasterizer.pool.give_bytes(std::mem::replace(&mut one, part));
        }
        let opacity = pixels::byte(cut.opacity);
        for (all, one) in all.iter_mut().zip(&one) {
            let one = if cut.inverted { 255 - one } else { *one };
            let one = part(one, opacity);
            let both = part(*all, one);
            *all = match cut.mode {
                MaskMode::Add => *all + (one - both),
                MaskMode::Subtract => *all - both,
                MaskMode::Intersect => both,
                MaskMode::Lighten => one.max(*all),
                MaskMode::Darken => one.min(*all),
                MaskMode::Difference => (*all - both) + (one - both),
            };
        }
        self.rasterizer.pool.give_bytes(one);
    }

    /// Lets a surface through where the matte's layer is opaque or bright.
    fn matte(&mut self, among: Composition<'a>, matte: Matte, surface: &mut Surface, depth: u32) {
        let source = among.layers.get(matte.source).zip(among.cels.get(matte.source));
        let Some(source) = source.filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        let Some(mut through) = self.rasterizer.pool.take(surface.area) else {
            return;
        };
        self.layer(among, source, &mut through, depth + 1);
        surface.matte(&through, matte.luma, matte.inverted);
        self.rasterizer.pool.give_back(through);
    }
}

/// Whether a layer needs no surface of its own if nothing cuts it: it is opaque or a single thing.
fn is_one(layer: &Layer, cel: &Cel) -> bool {
    match &layer.content {
        Content::Shapes(_) | Content::Text(_) => {
            let laid = cel.laid();
            cel.opacity >= 1.0 || !laid.overlaps(laid.all())
        }
        Content::Composition { .. } => cel.opacity >= 1.0 && cel.whole,
        Content::Nothing | Content::Solid { .. } | Content::Image { .. } => true,
    }
}

/// Whether a rectangle along the axes stays one.
fn is_upright(matrix: Affine) -> bool {
    let [a, b, c, d, ..] = matrix.as_coeffs();
    b == 0.0 && c == 0.0 || a == 0.0 && d == 0.0
}

/// A share of a share, of 255; never more than either.
fn part(a: u8, b: u8) -> u8 {
    let product = u16::from(a) * u16::from(b) + 128;
    u8::try_from((product + (product >> 8)) >> 8).unwrap_or(u8::MAX)
}

fn rectangle(width: f64, height: f64) -> Shape {
    Shape::new(Rect::new(0.0, 0.0, width, height).to_path(0.1))
}
