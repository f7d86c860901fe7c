//! A [`Frame`] is what a scene draws and an encoder reads: premultiplied RGBA pixels, and the
//! rectangle of them that changed since the frame before it. [`TextArt`] is its twin drawn by
//! hand, for terminals that show letters only.

pub mod dither;
pub mod filter;
pub mod quantize;

use crate::units::{PixelRect, PixelSize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tiny_skia::Pixmap;
use unicode_width::UnicodeWidthChar as _;

/// The largest width or height of a frame, in pixels.
pub const MAX_SIDE: u32 = 4096;

/// The frame asked for is empty or larger than [`MAX_SIDE`] on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} pixels is not possible: each side must be 1 to {MAX_SIDE}")]
pub struct FrameSizeError(pub PixelSize);

/// Names one picture that was drawn, unlike any other in the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Imprint(u64);

impl Imprint {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Premultiplied RGBA8 pixels (sRGB, row by row from the top left) with the part that changed.
///
/// A frame knows which picture it holds, so that the scene that drew it may draw only what is
/// different in the next. Frames are equal when their pixels and damage are.
#[derive(Clone, Debug)]
pub struct Frame {
    pixmap: Pixmap,
    damage: PixelRect,
    /// The picture in it, as long as nobody else drew.
    imprint: Option<Imprint>,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        (&self.pixmap, self.damage) == (&other.pixmap, other.damage)
    }
}

impl Frame {
    /// A transparent frame, all of it damaged.
    ///
    /// # Errors
    /// When a side is 0 or above [`MAX_SIDE`].
    pub fn new(size: PixelSize) -> Result<Self, FrameSizeError> {
        let fits = (1..=MAX_SIDE).contains(&size.width) && (1..=MAX_SIDE).contains(&size.height);
        let pixmap = if fits { Pixmap::new(size.width, size.height) } else { None };
        let pixmap = pixmap.ok_or(FrameSizeError(size))?;
        Ok(Self { pixmap, damage: PixelRect::all(size), imprint: None })
    }

    /// The size in pixels.
    #[must_use]
    pub fn size(&self) -> PixelSize {
        PixelSize::new(self.pixmap.width(), self.pixmap.height())
    }

    /// The pixels, premultiplied RGBA.
    #[must_use]
    pub fn pixmap(&self) -> &Pixmap {
        &self.pixmap
    }

    /// The pixels to draw into, premultiplied RGBA. All of the frame counts as damaged after.
    pub fn pixmap_mut(&mut self) -> &mut Pixmap {
        self.damage = PixelRect::all(self.size());
        self.imprint = None;
        &mut self.pixmap
    }

    /// Whether it still is this picture.
    pub(crate) fn holds(&self, picture: Imprint) -> bool {
        self.imprint == Some(picture)
    }

    /// The pixels, for who signs the frame after.
    pub(crate) fn revise(&mut self) -> &mut Pixmap {
        self.imprint = None;
        &mut self.pixmap
    }

    /// Says which picture it holds now, and where that is not as the one before.
    pub(crate) fn sign(&mut self, picture: Imprint, damage: PixelRect) {
        (self.imprint, self.damage) = (Some(picture), damage);
    }

    /// The rectangle that changed since the frame before it.
    #[must_use]
    pub fn damage(&self) -> PixelRect {
        self.damage
    }

    /// Narrows the damage to where this frame differs from `previous` (same size, or all of it).
    pub fn damage_since(&mut self, previous: &Self) {
        self.damage = if self.size() == previous.size() {
            differing(self.pixmap.data(), previous.pixmap.data(), self.size())
        } else {
            PixelRect::all(self.size())
        };
    }

    /// Straight-alpha RGBA bytes, row by row: what PNG and the kitty protocol expect.
    #[must_use]
    pub fn to_straight_rgba(&self) -> Vec<u8> {
        let mut out = self.pixmap.data().to_vec();
        let pixels = out.as_chunks_mut::<4>().0.iter_mut().zip(self.pixmap.pixels());
        // Only what is translucent has another colour; there is little of it.
        for (straight, pixel) in pixels.filter(|(_, pixel)| !matches!(pixel.alpha(), 0 | 255)) {
            let c = pixel.demultiply();
            *straight = [c.red(), c.green(), c.blue(), c.alpha()];
        }
        out
    }

    /// A frame from straight-alpha RGBA bytes.
    ///
    /// # Errors
    /// When the size is not possible or `rgba` is not `width * height * 4` bytes long.
    pub fn from_straight_rgba(size: PixelSize, rgba: &[u8]) -> Result<Self, FrameSizeError> {
        let mut frame = Self::new(size)?;
        if rgba.len() != frame.pixmap.data().len() {
            return Err(FrameSizeError(size));
        }
        for (out, c) in frame.pixmap.pixels_mut().iter_mut().zip(rgba.chunks_exact(4)) {
            *out = tiny_skia::ColorU8::from_rgba(c[0], c[1], c[2], c[3]).premultiply();
        }
        Ok(frame)
    }
}

fn differing(a: &[u8], b: &[u8], size: PixelSize) -> PixelRect {
    let row = size.width as usize * 4;
    let rows = || a.chunks_exact(row).zip(b.chunks_exact(row));
    let Some(top) = rows().position(|(a, b)| a != b) else {
        return PixelRect::NONE;
    };
    let bottom = rows().rposition(|(a, b)| a != b).unwrap_or(top);
    let (mut left, mut right) = (size.width as usize, 0);
    for (a, b) in rows().skip(top).take(bottom - top + 1) {
        let mut pixels = a.chunks_exact(4).zip(b.chunks_exact(4));
        if let Some(x) = pixels.position(|(a, b)| a != b) {
            left = left.min(x);
        }
        let mut pixels = a.chunks_exact(4).zip(b.chunks_exact(4));
        if let Some(x) = pixels.rposition(|(a, b)| a != b) {
            right = right.max(x);
        }
    }
    let clamp = |v: usize| u32::try_from(v).unwrap_or(u32::MAX);
    PixelRect {
        x: clamp(left),
        y: clamp(top),
        width: clamp(right + 1 - left),
        height: clamp(bottom + 1 - top),
    }
}

/// What poses are drawn by hand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Letters {
    /// Printable ASCII.
    #[default]
    Ascii,
    /// Signs, blocks, lines and dots of Unicode, too, each one cell wide.
    Symbols,
}

impl Letters {
    fn have(self, c: char) -> bool {
        c.is_ascii_graphic() || self == Self::Symbols && is_symbol(c) && c.width() == Some(1)
    }
}

/// Signs that stand alone: nothing that joins its neighbours, or turns them round.
fn is_symbol(c: char) -> bool {
    matches!(c,
        '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205e}' | '\u{2100}'..='\u{23ff}' | '\u{2500}'..='\u{27bf}'
        | '\u{2800}'..='\u{28ff}' | '\u{2b00}'..='\u{2bff}' | '\u{1fb00}'..='\u{1fbff}')
}

/// A pose drawn by hand in characters, one string a row; a space is transparent. Some characters
/// have a colour of their own.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TextArt {
    lines: Vec<String>,
    cols: usize,
    inks: BTreeMap<char, u8>,
}

impl TextArt {
    /// Takes the rows of `text` in ASCII, without colours.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::drawn(text, Letters::Ascii, &BTreeMap::new())
    }

    /// Takes the rows of `text`; whatever is not among the letters becomes a space, trailing
    /// spaces go. `inks` are the characters drawn in one of a terminal's first sixteen colours.
    #[must_use]
    pub fn drawn(text: &str, letters: Letters, inks: &BTreeMap<char, u8>) -> Self {
        let keep = |c: char| if letters.have(c) { c } else { ' ' };
        let row = |l: &str| l.chars().map(keep).collect::<String>().trim_end().to_owned();
        let lines: Vec<String> = text.lines().map(row).collect();
        let used = |c: char| lines.iter().any(|line| line.contains(c));
        let inks = inks.iter().filter(|(c, ink)| **ink < 16 && used(**c));
        let cols = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        Self { inks: inks.map(|(c, ink)| (*c, *ink)).collect(), lines, cols }
    }

    /// The rows.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// How wide it is, in cells: at least the widest row.
    #[must_use]
    pub const fn cols(&self) -> usize {
        self.cols
    }

    /// At least `cols` wide, with the room on the right: poses as wide as each other stand in the
    /// same place.
    pub(crate) fn widen(&mut self, cols: usize) {
        self.cols = self.cols.max(cols);
    }

    /// Which of a terminal's first sixteen colours a character has; none for the terminal's own.
    #[must_use]
    pub fn ink(&self, glyph: char) -> Option<u8> {
        self.inks.get(&glyph).copied()
    }
}

/// One pose of a clip drawn by hand.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TextPose {
    /// What it looks like.
    pub art: TextArt,
    /// How long it stays.
    pub stay: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_the_tight_box() {
        let size = PixelSize::new(8, 6);
        let a = Frame::new(size).unwrap();
        let mut b = a.clone();
        b.damage_since(&a);
        assert!(b.damage().is_empty());
        let white = tiny_skia::ColorU8::from_rgba(255, 255, 255, 255).premultiply();
        for (x, y) in [(2, 1), (5, 3)] {
            b.pixmap_mut().pixels_mut()[y * 8 + x] = white;
        }
        b.damage_since(&a);
        assert_eq!(b.damage(), PixelRect { x: 2, y: 1, width: 4, height: 3 });
    }

    #[test]
    fn straight_alpha_round_trips_where_alpha_is_full() {
        let size = PixelSize::new(2, 1);
        let rgba = [10, 20, 30, 255, 0, 0, 0, 0];
        let f = Frame::from_straight_rgba(size, &rgba).unwrap();
        assert_eq!(f.to_straight_rgba(), rgba);
        assert!(Frame::from_straight_rgba(size, &rgba[1..]).is_err());
        assert!(Frame::new(PixelSize::new(0, 1)).is_err());
        assert!(Frame::new(PixelSize::new(1, MAX_SIDE + 1)).is_err());
    }
}
