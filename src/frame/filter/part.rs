//! A rectangle of pixels by its edges.

use crate::units::{PixelRect, PixelSize};

/// The pixels from `left` to `right` and from `top` to `bottom`, the latter not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl Part {
    pub(super) const NONE: Self = Self { left: 0, top: 0, right: 0, bottom: 0 };

    pub(super) fn all(size: PixelSize) -> Self {
        Self { left: 0, top: 0, right: size.width as usize, bottom: size.height as usize }
    }

    pub(super) fn of(rect: PixelRect, whole: Self) -> Self {
        if rect.is_empty() {
            return Self::NONE;
        }
        let (left, top) = (rect.x as usize, rect.y as usize);
        let (right, bottom) = (left + rect.width as usize, top + rect.height as usize);
        Self { left, top, right, bottom }.within(whole)
    }

    pub(super) fn rect(self) -> PixelRect {
        if self.is_empty() {
            return PixelRect::NONE;
        }
        let short = |v: usize| u32::try_from(v).unwrap_or(u32::MAX);
        PixelRect {
            x: short(self.left),
            y: short(self.top),
            width: short(self.width()),
            height: short(self.height()),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn width(self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub(super) fn height(self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    /// What of it lies in another.
    pub(super) fn within(self, other: Self) -> Self {
        let both = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        if both.is_empty() { Self::NONE } else { both }
    }

    /// `by` pixels more on each side.
    pub(super) fn grown(self, by: usize) -> Self {
        if self.is_empty() {
            return Self::NONE;
        }
        Self {
            left: self.left.saturating_sub(by),
            top: self.top.saturating_sub(by),
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    /// Larger, until its edges are multiples of `step`.
    pub(super) fn aligned(self, step: usize) -> Self {
        let step = step.max(1);
        Self {
            left: self.left / step * step,
            top: self.top / step * step,
            right: self.right.next_multiple_of(step),
            bottom: self.bottom.next_multiple_of(step),
        }
    }

    /// The least that holds both.
    pub(super) fn with(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}
