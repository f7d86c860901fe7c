//! Lottie: wire → model → plan → draw.
//!
//! `wire` forgives what exporters write and makes a `model` of it. `plan` knows how every layer
//! looks at one frame, and how long that holds; `evaluate` takes what it asks for from the model.
//! `draw` and `raster` make pixels of it, only where a frame differs from the one before.
//!
//! Read and drawn: shape layers with all the shapes, paints and path modifiers of After Effects'
//! exporters, text with its range animators, solids, compositions with stretch and time remapping,
//! embedded pictures, parents, rotation in depth (without perspective), masks, mattes, blend modes,
//! the effects fill, tint, tritone, blur and drop shadow, shadow, glow and colour-overlay styles,
//! slots, markers, expressions in a small part of JavaScript, and links from property to property.
//! Left out and told by [`Scene::unsupported`]: other effects and styles, expressions that ask for
//! other layers than by a link, audio and cameras.

mod coverage;
mod depth;
mod draw;
mod evaluate;
mod expression;
mod filter;
mod geometry;
mod live;
mod model;
mod modify;
mod moment;
mod pixels;
mod plan;
mod polygon;
mod raster;
mod surface;
mod text;
mod trim;
mod value;
mod wire;

use super::fit::fit;
use crate::frame::{Frame, Imprint};
use crate::scene::dotlottie::theme::Theme;
use crate::scene::{Scene, SceneError, Segment};
use crate::units::PixelRect;
use kurbo::{Affine, Rect};
use model::Animation;
use plan::Plan;
use raster::Rasterizer;
use std::time::Duration;
use surface::{Area, single};

pub use evaluate::{MAX_ANCESTORS, MAX_COPIES, MAX_VERBS};
pub use live::MAX_RUNS;
pub use plan::{MAX_DEPTH, MAX_DRAWN_LAYERS};
pub(super) use wire::Files;
pub use wire::{MAX_CHARACTERS, MAX_FONT_BYTES, MAX_FONTS, MAX_LAYERS, MAX_VERTICES};

/// An animation.
pub struct LottieScene {
    animation: Animation,
    plan: Plan,
    rasterizer: Rasterizer,
    /// The picture that was drawn last.
    last: Option<Imprint>,
}

impl LottieScene {
    /// Reads the text of a Lottie JSON file.
    ///
    /// # Errors
    /// When it is not a readable Lottie or passes a limit.
    pub fn parse(text: &[u8]) -> Result<Self, SceneError> {
        Self::parse_with(text, &wire::NoFiles)
    }

    /// The same, with pictures and fonts that lie beside the JSON.
    pub(super) fn parse_with(text: &[u8], files: &dyn Files) -> Result<Self, SceneError> {
        let animation = wire::parse(text, files)?;
        let (plan, rasterizer) = (Plan::default(), Rasterizer::default());
        Ok(Self { animation, plan, rasterizer, last: None })
    }

    /// Dresses the animation of this id in a theme, or in the file's own values; only the slots are
    /// read anew. What of the theme was not understood comes back, a line each. Slots of text and
    /// of pictures keep what the file says.
    pub fn set_theme(&mut self, theme: Option<&Theme>, id: &str) -> Vec<String> {
        let slots = theme.map(|theme| theme.slots(id)).unwrap_or_default();
        (self.plan, self.last) = (Plan::default(), None);
        wire::fill(&self.animation, &slots)
    }

    /// Draws a part of the frame. Gives back what of it changed.
    fn draw_part(&mut self, part: Area, whole: Area, frame: &mut Frame) -> Option<Area> {
        self.rasterizer.pool.refill(whole);
        let direct = part == whole;
        let pixel = Area { width: 1, height: 1, ..whole };
        let mut surface = self.rasterizer.pool.take(if direct { pixel } else { part })?;
        if direct {
            // The frame's own pixels, so that nothing is copied.
            surface.swap(frame.revise(), whole);
            surface.pixmap.data_mut().fill(0);
        }
        draw::draw(&self.animation, self.plan.cels(), &mut surface, &mut self.rasterizer);
        let changed = if direct {
            surface.swap(frame.revise(), pixel);
            Some(whole)
        } else {
            surface.replace(frame.revise(), whole)
        };
        self.rasterizer.pool.give_back(surface);
        changed
    }

    fn frame_at(&self, at: Duration) -> f64 {
        let Animation { first, end, frame_rate, .. } = self.animation;
        // After the end, the last whole frame: at `end` itself every layer is already over.
        let last = if end - first >= 1.0 { (end - 1.0).max(first) } else { first };
        let frame = first + at.as_secs_f64() * frame_rate;
        // A duration counts nanoseconds: the frame it was made of must come out again, or a hold
        // keyframe jumps a frame late.
        let whole = frame.round();
        let frame = if (frame - whole).abs() < 1e-4 { whole } else { frame };
        if frame < end - 1e-6 { frame } else { last }
    }
}

impl Scene for LottieScene {
    fn aspect(&self) -> f32 {
        single(self.animation.width / self.animation.height)
    }

    fn duration(&self) -> Duration {
        let frames = self.animation.end - self.animation.first;
        Duration::from_secs_f64((frames / self.animation.frame_rate).max(0.0))
    }

    fn frame_rate(&self) -> f32 {
        single(self.animation.frame_rate)
    }

    fn segments(&self) -> &[Segment] {
        &self.animation.segments
    }

    /// Draws only what is not as in the picture before, where the frame still holds that.
    fn draw(&mut self, at: Duration, frame: &mut Frame) {
        let size = frame.size();
        let place = fit(self.animation.width, self.animation.height, size);
        let matrix = Affine::translate((place.left, place.top)) * Affine::scale(place.scale);
        let canvas = Rect::new(0.0, 0.0, self.animation.width, self.animation.height);
        let canvas = Area::touching(matrix.transform_rect_bbox(canvas));
        let whole = Area { x: 0, y: 0, width: size.width, height: size.height };
        let Some(canvas) = canvas.and_then(|canvas| canvas.and(whole)) else {
            return frame.pixmap_mut().data_mut().fill(0);
        };
        let changed = self.plan.update(&self.animation, self.frame_at(at), matrix, canvas);
        let kept = self.last.is_some_and(|last| frame.holds(last));
        let part = if kept { changed } else { Some(canvas) };
        let imprint = Imprint::new();
        self.last = Some(imprint);
        let Some(part) = part else {
            return frame.sign(imprint, PixelRect::NONE);
        };
        if !kept && canvas != whole {
            frame.pixmap_mut().data_mut().fill(0);
        }
        let drawn = self.draw_part(part, whole, frame);
        let damage = if kept { drawn.map(Area::in_frame) } else { Some(PixelRect::all(size)) };
        frame.sign(imprint, damage.unwrap_or(PixelRect::NONE));
    }

    fn unsupported(&self) -> &[String] {
        &self.animation.unsupported
    }
}
