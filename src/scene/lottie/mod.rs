//! Lottie: wire → model → evaluate → draw.
//!
//! `wire` forgives what exporters write and makes a `model` of it, `evaluate` takes the model's
//! values at one frame, `draw` and `raster` make pixels of them.
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
mod pixels;
mod polygon;
mod raster;
mod text;
mod trim;
mod value;
mod wire;

use super::fit::fit;
use crate::frame::Frame;
use crate::scene::dotlottie::theme::Theme;
use crate::scene::{Scene, SceneError, Segment};
use kurbo::{Affine, Rect};
use model::Animation;
use raster::{Area, Surface, single};
use std::time::Duration;

pub use draw::{MAX_DEPTH, MAX_DRAWN_LAYERS};
pub use evaluate::{MAX_ANCESTORS, MAX_COPIES, MAX_VERBS};
pub use live::MAX_RUNS;
pub(super) use wire::Files;
pub use wire::{MAX_CHARACTERS, MAX_FONT_BYTES, MAX_FONTS, MAX_LAYERS, MAX_VERTICES};

/// An animation.
pub struct LottieScene {
    animation: Animation,
    workshop: draw::Workshop,
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
        Ok(Self { animation: wire::parse(text, files)?, workshop: draw::Workshop::default() })
    }

    /// Dresses the animation of this id in a theme, or in the file's own values; only the slots are
    /// read anew. What of the theme was not understood comes back, a line each. Slots of text and
    /// of pictures keep what the file says.
    pub fn set_theme(&mut self, theme: Option<&Theme>, id: &str) -> Vec<String> {
        let slots = theme.map(|theme| theme.slots(id)).unwrap_or_default();
        wire::fill(&self.animation, &slots)
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

    fn draw(&mut self, at: Duration, frame: &mut Frame) {
        let moment = self.frame_at(at);
        let place = fit(self.animation.width, self.animation.height, frame.size());
        let matrix = Affine::translate((place.left, place.top)) * Affine::scale(place.scale);
        let canvas = Rect::new(0.0, 0.0, self.animation.width, self.animation.height);
        let size = frame.size();
        let whole = Area { x: 0, y: 0, width: size.width, height: size.height };
        let pixmap = frame.pixmap_mut();
        pixmap.data_mut().fill(0);
        let canvas = matrix.transform_rect_bbox(canvas);
        let Some(area) = Area::touching(canvas).and_then(|a| a.and(whole)) else {
            return;
        };
        let Some(mut surface) = Surface::of(pixmap, area) else {
            return;
        };
        draw::draw(&self.animation, moment, matrix, &mut surface, &mut self.workshop);
        surface.put_into(pixmap, whole);
    }

    fn unsupported(&self) -> &[String] {
        &self.animation.unsupported
    }
}
