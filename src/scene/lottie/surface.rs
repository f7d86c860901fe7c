//! Pixels that cover some of the device, and what is kept of them for the next.

use super::pixels;
use crate::units::PixelRect;
use kurbo::{Affine, Rect, Vec2};
use std::ops::Range;
use tiny_skia::{BlendMode, IntSize, Pixmap, PixmapPaint, Transform};

/// The farthest outside of a frame that what throws a shadow into it is drawn, in pixels.
const MAX_REACH: f64 = 512.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "drawing is in single precision; the value is cut to what fits before"
)]
pub(super) fn single(value: f64) -> f32 {
    if value.is_finite() { value.clamp(-1e9, 1e9) as f32 } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "cut to what fits before")]
fn pixel(value: f64) -> i32 {
    value.clamp(-1e6, 1e6) as i32
}

/// A rectangle of device pixels; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    /// The pixels that `rect` touches, and those that it would if it were rounded.
    pub(super) fn around(rect: Rect) -> Option<Self> {
        let rect = rect.is_finite().then(|| rect.inflate(1e-2, 1e-2).expand())?;
        Self::between(pixel(rect.x0), pixel(rect.y0), pixel(rect.x1), pixel(rect.y1))
    }

    /// The pixels that `rect` touches; a thousandth of one does not count.
    pub(super) fn touching(rect: Rect) -> Option<Self> {
        let rect = rect.is_finite().then(|| rect.inflate(-1e-3, -1e-3).expand())?;
        Self::between(pixel(rect.x0), pixel(rect.y0), pixel(rect.x1), pixel(rect.y1))
    }

    fn between(x0: i32, y0: i32, x1: i32, y1: i32) -> Option<Self> {
        let width = u32::try_from(x1.checked_sub(x0)?).ok()?;
        let height = u32::try_from(y1.checked_sub(y0)?).ok()?;
        (width > 0 && height > 0).then_some(Self { x: x0, y: y0, width, height })
    }

    /// The same with so many pixels more on each side.
    pub(super) fn grown(self, by: f64) -> Self {
        let Ok(by) = u32::try_from(pixel(by.ceil().clamp(0.0, MAX_REACH))) else {
            return self;
        };
        Self {
            x: self.x.saturating_sub_unsigned(by),
            y: self.y.saturating_sub_unsigned(by),
            width: self.width.saturating_add(by * 2),
            height: self.height.saturating_add(by * 2),
        }
    }

    fn right(self) -> i32 {
        self.x.saturating_add_unsigned(self.width)
    }

    fn bottom(self) -> i32 {
        self.y.saturating_add_unsigned(self.height)
    }

    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// What both hold.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        Self::between(
            self.x.max(other.x),
            self.y.max(other.y),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    pub(super) fn origin(self) -> Vec2 {
        Vec2::new(self.x.into(), self.y.into())
    }

    /// The smallest that holds both.
    pub(super) fn with(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let both =
            Self::between(x, y, self.right().max(other.right()), self.bottom().max(other.bottom()));
        both.unwrap_or(self)
    }

    /// Where the bytes of a part of a device row are in pixels that cover all of this.
    fn row(self, part: Self, y: i32) -> Range<usize> {
        let x = part.x.abs_diff(self.x) as usize;
        let y = y.abs_diff(self.y) as usize;
        let start = (y * self.width as usize + x) * 4;
        start..start + part.width as usize * 4
    }

    /// The same as a frame's rectangle; it lies in one.
    pub(super) fn in_frame(self) -> PixelRect {
        let Self { x, y, width, height } = self;
        PixelRect { x: x.max(0).unsigned_abs(), y: y.max(0).unsigned_abs(), width, height }
    }

    pub(super) fn rect(self) -> Rect {
        let (x1, y1) = (self.right().into(), self.bottom().into());
        Rect::new(self.x.into(), self.y.into(), x1, y1)
    }
}

/// Pixels that cover an area of the device.
pub(super) struct Surface {
    pub(super) pixmap: Pixmap,
    pub(super) area: Area,
    /// The part outside of which every pixel is transparent.
    pub(super) painted: Option<Area>,
}

impl Surface {
    /// Gives its pixels for others, which cover an area as they are.
    pub(super) fn swap(&mut self, pixmap: &mut Pixmap, area: Area) {
        std::mem::swap(&mut self.pixmap, pixmap);
        self.area = area;
    }

    /// Writes its pixels in place of a frame's, whose area is `whole` and holds its own. Gives back
    /// the rows and columns of the frame that are not as before.
    pub(super) fn replace(&self, frame: &mut Pixmap, whole: Area) -> Option<Area> {
        let mut changed: Option<Area> = None;
        let part = self.area.and(whole)?;
        for y in part.y..part.bottom() {
            let from = self.pixmap.data().get(self.row(part, y)).unwrap_or_default();
            let to = frame.data_mut().get_mut(whole.row(part, y)).unwrap_or_default();
            let Some(columns) = pixels::differing(from, to) else {
                continue;
            };
            to.copy_from_slice(from);
            let (first, width) = (columns.start, columns.len());
            let here = Area {
                x: part.x.saturating_add_unsigned(u32::try_from(first).unwrap_or(0)),
                y,
                width: u32::try_from(width).unwrap_or(part.width),
                height: 1,
            };
            changed = Some(changed.map_or(here, |all| all.with(here)));
        }
        changed
    }

    /// Notes that something was painted in a part.
    pub(super) fn touch(&mut self, part: Area) {
        let part = part.and(self.area);
        self.painted = match (self.painted, part) {
            (Some(a), Some(b)) => Some(a.with(b)),
            (one, other) => one.or(other),
        };
    }

    fn origin(&self) -> Vec2 {
        Vec2::new(self.area.x.into(), self.area.y.into())
    }

    /// Device coordinates to this surface's.
    pub(super) fn local(&self, matrix: Affine) -> Affine {
        matrix.then_translate(-self.origin())
    }

    /// Draws another surface onto this one.
    pub(super) fn composite(&mut self, other: &Self, opacity: f64, blend_mode: BlendMode) {
        if blend_mode == BlendMode::SourceOver {
            return self.put_over(other, opacity);
        }
        let paint = PixmapPaint {
            opacity: single(opacity.clamp(0.0, 1.0)),
            blend_mode,
            quality: tiny_skia::FilterQuality::Nearest,
        };
        self.touch(other.area);
        let (x, y) = (other.area.x - self.area.x, other.area.y - self.area.y);
        let source = other.pixmap.as_ref();
        self.pixmap.draw_pixmap(x, y, source, &paint, Transform::identity(), None);
    }

    fn put_over(&mut self, other: &Self, opacity: f64) {
        let Some(both) = other.painted.and_then(|painted| painted.and(self.area)) else {
            return;
        };
        let opacity = pixels::byte(opacity);
        let onto_nothing = self.painted.is_none_or(|painted| painted.and(both).is_none());
        self.touch(both);
        for y in both.y..both.bottom() {
            let above = other.row(both, y);
            let from = other.pixmap.data().get(above).unwrap_or_default();
            let below = self.row(both, y);
            match self.pixmap.data_mut().get_mut(below) {
                Some(to) if onto_nothing && opacity == 255 => to.copy_from_slice(from),
                Some(to) => pixels::over(to, from, opacity),
                None => {}
            }
        }
    }

    /// Where the bytes of a part of a device row are.
    pub(super) fn row(&self, part: Area, y: i32) -> Range<usize> {
        self.area.row(part, y)
    }

    /// Keeps as much as a part's mask covers; outside of the part nothing is painted.
    pub(super) fn keep(&mut self, part: Area, cover: &[u8]) {
        for (y, cover) in (part.y..part.bottom()).zip(cover.chunks_exact(part.width as usize)) {
            let row = self.row(part, y);
            if let Some(row) = self.pixmap.data_mut().get_mut(row) {
                pixels::mask(row, cover);
            }
        }
    }

    /// Lets through what another surface of the same area lets through.
    pub(super) fn matte(&mut self, through: &Self, luma: bool, inverted: bool) {
        let Some(part) = self.painted else {
            return;
        };
        for y in part.y..part.bottom() {
            let row = self.row(part, y);
            let through = through.pixmap.data().get(row.clone()).unwrap_or_default();
            if let Some(row) = self.pixmap.data_mut().get_mut(row) {
                pixels::matte(row, through, luma, inverted);
            }
        }
    }

    /// Keeps what lies in a rectangle of the device.
    pub(super) fn clip(&mut self, rect: Rect) {
        let width = self.area.width as usize;
        let rect = rect - self.origin();
        pixels::clip(self.pixmap.data_mut(), width, rect);
    }
}

/// Surfaces that were used before, and how much may still be cleared and composited in a frame.
#[derive(Default)]
pub(super) struct Pool {
    free: Vec<Vec<u8>>,
    pixels_left: u64,
    pub(super) dashes_left: f64,
}

impl Pool {
    /// How often a frame may be painted over, counted in bounds; past that the rest is left out.
    const MAX_OVERDRAW: u64 = 1000;
    /// The most pixels that are painted in a frame, whatever its size: about a second's work.
    const MAX_PIXELS: u64 = 1 << 30;
    /// The most dashes of a frame.
    const MAX_DASHES: f64 = 200_000.0;

    pub(super) fn refill(&mut self, area: Area) {
        self.pixels_left = (area.pixels() * Self::MAX_OVERDRAW).min(Self::MAX_PIXELS);
        self.dashes_left = Self::MAX_DASHES;
    }

    /// Takes from what a frame may paint; false where it is not enough.
    pub(super) fn spend(&mut self, area: Area) -> bool {
        let left = self.pixels_left.checked_sub(area.pixels());
        self.pixels_left = left.unwrap_or(0);
        left.is_some()
    }

    /// A transparent surface; none when the budget is spent.
    pub(super) fn take(&mut self, area: Area) -> Option<Surface> {
        if !self.spend(area) {
            return None;
        }
        let data = self.bytes(area.pixels() * 4, 0)?;
        let pixmap = Pixmap::from_vec(data, IntSize::from_wh(area.width, area.height)?)?;
        Some(Surface { pixmap, area, painted: None })
    }

    pub(super) fn give_back(&mut self, surface: Surface) {
        self.give_bytes(surface.pixmap.take());
    }

    /// A byte for each pixel of an area; none when the budget is spent.
    pub(super) fn take_bytes(&mut self, area: Area, value: u8) -> Option<Vec<u8>> {
        if self.spend(area) { self.bytes(area.pixels(), value) } else { None }
    }

    pub(super) fn give_bytes(&mut self, bytes: Vec<u8>) {
        /// More are not alive at once in any drawing seen.
        const MAX_FREE: usize = 8;
        if self.free.len() < MAX_FREE {
            self.free.push(bytes);
        }
    }

    fn bytes(&mut self, count: u64, value: u8) -> Option<Vec<u8>> {
        let count = usize::try_from(count).ok()?;
        // The smallest that is large enough, so that the large ones stay for the large.
        let room = self.free.iter().map(Vec::capacity).enumerate();
        let best = room.filter(|(_, room)| *room >= count).min_by_key(|(_, room)| *room);
        let free = best.map(|(at, _)| self.free.swap_remove(at)).or_else(|| self.free.pop());
        let mut bytes = free.unwrap_or_default();
        bytes.clear();
        bytes.resize(count, value);
        Some(bytes)
    }
}
