//! Filters: from a picture to one of the same size that looks otherwise. They know neither a scene
//! nor a clock: what a pixel becomes depends on the pixels around it and on its place alone, so that
//! nothing shimmers.
//!
//! Lengths are shares of a picture's shorter side, so that a filter does the same at every size.

mod glow;
mod part;
mod rim;
mod scan;
mod snap;

use super::{Frame, Imprint};
use crate::units::PixelRect;
use part::Part;
use tiny_skia::Pixmap;

pub use glow::Glow;
pub use rim::{Band, MAX_BANDS, Rim};
pub use scan::ScanLines;
pub use snap::{EGA, Snap};

/// The most filters of a chain.
pub const MAX_FILTERS: usize = 8;

/// What can be done to a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A few colours, in chunky pixels.
    Snap(Snap),
    /// Bands around what is drawn.
    Rim(Rim),
    /// Light around what is bright.
    Glow(Glow),
    /// Dark lines across.
    ScanLines(ScanLines),
}

impl Filter {
    fn stage(&self) -> Box<dyn Stage> {
        match self {
            Self::Snap(snap) => Box::new(snap::Snapper::new(snap)),
            Self::Rim(rim) => Box::new(rim::Hem::new(rim)),
            Self::Glow(glow) => Box::new(glow::Lamp::new(*glow)),
            Self::ScanLines(lines) => Box::new(*lines),
        }
    }
}

/// A filter at work, with the memory that it needs for it.
trait Stage: Send {
    /// What changes of a picture of `side` pixels if `part` of the one before changed.
    fn touched(&self, part: Part, side: u32) -> Part;
    /// Makes `part` of the picture anew. Both pictures have one size.
    fn draw(&mut self, from: &Pixmap, into: &mut Pixmap, part: Part);
}

/// A filter at work and the picture that it made last.
struct Step {
    stage: Box<dyn Stage>,
    made: Option<Pixmap>,
}

/// Filters one after the other, with what they made of the picture before: only what changed is
/// filtered anew.
pub struct Chain {
    steps: Vec<Step>,
    /// The picture that is in the last step.
    last: Option<Imprint>,
}

impl Chain {
    /// The first [`MAX_FILTERS`] of `filters`, in their order.
    #[must_use]
    pub fn new(filters: &[Filter]) -> Self {
        let step = |filter: &Filter| Step { stage: filter.stage(), made: None };
        Self { steps: filters.iter().take(MAX_FILTERS).map(step).collect(), last: None }
    }

    /// Puts what the filters make of `from` into `into`, which has its size. `from` must be the
    /// picture after the one that was given before, and its damage what is different in it.
    ///
    /// The damage of `into` is what differs from the picture before, where it still holds that.
    pub fn run(&mut self, from: &Frame, into: &mut Frame) {
        let size = from.size();
        let whole = Part::all(size);
        let side = size.width.min(size.height);
        let mut part = Part::of(from.damage(), whole);
        let fits = |made: &Pixmap| (made.width(), made.height()) == (size.width, size.height);
        if !self.steps.iter().all(|step| step.made.as_ref().is_some_and(fits)) {
            part = whole;
        }
        let mut source = from.pixmap();
        for step in &mut self.steps {
            part = step.stage.touched(part, side).within(whole);
            step.made = step.made.take().filter(fits);
            if step.made.is_none() {
                step.made = Pixmap::new(size.width, size.height);
            }
            // Of a frame's size, which is possible.
            let Some(made) = &mut step.made else { return };
            if !part.is_empty() {
                step.stage.draw(source, made, part);
            }
            source = made;
        }
        self.last = Some(show(source, part, self.last, into));
    }
}

/// Copies a picture into a frame, and signs it: of a frame that holds the picture before only the
/// part that may be different.
fn show(from: &Pixmap, part: Part, last: Option<Imprint>, into: &mut Frame) -> Imprint {
    let imprint = Imprint::new();
    if !last.is_some_and(|last| into.holds(last)) {
        into.revise().data_mut().copy_from_slice(from.data());
        into.sign(imprint, PixelRect::all(into.size()));
        return imprint;
    }
    let width = from.width() as usize * 4;
    let mut changed = Part::NONE;
    let (old, new) = (into.revise().data_mut(), from.data());
    for y in part.top..part.bottom {
        let row = y * width + part.left * 4..y * width + part.right * 4;
        let (Some(old), Some(new)) = (old.get_mut(row.clone()), new.get(row)) else { continue };
        if old == new {
            continue;
        }
        let differs = |(a, b): (&[u8], &[u8])| a != b;
        let pixels = || old.chunks_exact(4).zip(new.chunks_exact(4));
        let first = pixels().position(differs).unwrap_or(0);
        let last = pixels().rposition(differs).unwrap_or(0);
        changed = changed.with(Part {
            left: part.left + first,
            right: part.left + last + 1,
            top: y,
            bottom: y + 1,
        });
        old.copy_from_slice(new);
    }
    into.sign(imprint, changed.rect());
    imprint
}

/// `share` of `side` pixels.
#[expect(clippy::cast_precision_loss, reason = "a side is below 2^24")]
fn length(share: f32, side: u32) -> f32 {
    share * side as f32
}

/// A number of whole pixels, not negative; a fraction counts as one more.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as saturates")]
fn pixels(length: f32) -> usize {
    length.max(0.0).ceil() as usize
}

/// 0 to 255, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as saturates")]
fn byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests;
