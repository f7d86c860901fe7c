//! Pixels → pixels: blurs, shadows, and what recolours a layer.

use super::evaluate::share;
use super::model::{Axes, Filter, Shadow, Side};
use super::moment::Moment;
use super::surface::{Area, Surface, single};
use super::value::Color;
use kurbo::{Affine, Vec2};

/// The widest blur, as a standard deviation in pixels: a whole frame is even long before.
const MAX_SIGMA: f64 = 150.0;
/// Past so many standard deviations a blur gives less than one level of 255.
const REACH: f64 = 3.0;

/// A filter at a time, in its layer's units.
#[derive(Debug)]
pub(super) enum Effect {
    Fill { color: Color, opacity: f64 },
    Tint { black: Color, white: Color, amount: f64 },
    Tritone { bright: Color, middle: Color, dark: Color, amount: f64 },
    Blur { sigma: f64, axes: Axes },
    Cast(Cast),
}

/// A shadow or glow at a time.
#[derive(Debug)]
pub(super) struct Cast {
    color: Color,
    opacity: f64,
    offset: Vec2,
    sigma: f64,
    /// How many times as dense.
    spread: f64,
    side: Side,
}

impl Effect {
    pub(super) fn of(filter: &Filter, now: &Moment) -> Self {
        match filter {
            Filter::Fill { color, opacity, whole } => Self::Fill {
                color: color.at(now),
                opacity: (opacity.at(now) / whole).clamp(0.0, 1.0),
            },
            Filter::Tint { black, white, amount } => Self::Tint {
                black: black.at(now),
                white: white.at(now),
                amount: share(amount.at(now)),
            },
            Filter::Tritone { bright, middle, dark, original } => Self::Tritone {
                bright: bright.at(now),
                middle: middle.at(now),
                dark: dark.at(now),
                amount: 1.0 - share(original.at(now)),
            },
            Filter::Blur { softness, sigma, axes } => {
                Self::Blur { sigma: softness.at(now) * sigma, axes: Axes::of(axes.at(now)) }
            }
            Filter::Shadow(shadow) => Self::Cast(Cast::of(shadow, now)),
        }
    }

    /// How far outside of its layer it paints, in device pixels.
    pub(super) fn reach(&self, matrix: Affine) -> f64 {
        match self {
            Self::Blur { sigma, axes } => Blur::new(*sigma, *axes, matrix).reach(),
            Self::Cast(cast) => {
                let blur = Blur::new(cast.sigma, Axes::Both, matrix);
                blur.reach() + cast.moved(matrix).hypot()
            }
            Self::Fill { .. } | Self::Tint { .. } | Self::Tritone { .. } => 0.0,
        }
    }

    /// Applies it to a layer's pixels.
    pub(super) fn apply(&self, matrix: Affine, surface: &mut Surface) {
        if surface.painted.is_none() {
            return;
        }
        surface.touch(surface.area);
        match self {
            Self::Fill { color, opacity } => fill(surface, *color, *opacity),
            Self::Tint { black, white, amount } => {
                map(surface, *amount, |light| mix(*black, *white, light));
            }
            Self::Tritone { bright, middle, dark, amount } => map(surface, *amount, |light| {
                if light < 0.5 {
                    mix(*dark, *middle, light * 2.0)
                } else {
                    mix(*middle, *bright, light * 2.0 - 1.0)
                }
            }),
            Self::Blur { sigma, axes } => {
                let blur = Blur::new(*sigma, *axes, matrix);
                blur.apply::<4>(surface.pixmap.data_mut(), surface.area);
            }
            Self::Cast(cast) => cast.draw(matrix, surface),
        }
    }
}

/// Blurs coverage of an area by standard deviations in device pixels, and copies what lies in a
/// part of it to `out`, which is as large.
pub(super) fn feather(cover: &mut [u8], sigma: Vec2, area: Area, part: Area, out: &mut [u8]) {
    Blur { x: sigma.x.min(MAX_SIGMA), y: sigma.y.min(MAX_SIGMA) }.apply::<1>(cover, area);
    let (left, top) = (part.x.abs_diff(area.x) as usize, part.y.abs_diff(area.y) as usize);
    let rows = cover.chunks_exact(area.width as usize).skip(top);
    for (to, from) in out.chunks_exact_mut(part.width as usize).zip(rows) {
        if let Some(from) = from.get(left..left + to.len()) {
            to.copy_from_slice(from);
        }
    }
}

/// How far outside of a part its feathered mask must be known.
pub(super) fn feather_reach(sigma: Vec2) -> f64 {
    sigma.x.max(sigma.y).min(MAX_SIGMA) * REACH
}

/// How long vectors along the axes become.
pub(super) fn scales(matrix: Affine) -> Vec2 {
    let [a, b, c, d, ..] = matrix.as_coeffs();
    Vec2::new(a.hypot(b), c.hypot(d))
}

fn mix(a: Color, b: Color, t: f64) -> Color {
    [0, 1, 2, 3].map(|i| a[i] + (b[i] - a[i]) * t)
}

fn fill(surface: &mut Surface, color: Color, opacity: f64) {
    let [r, g, b] = [color[0], color[1], color[2]].map(|c| single(c.clamp(0.0, 1.0)));
    let opacity = single(opacity);
    for pixel in surface.pixmap.data_mut().chunks_exact_mut(4) {
        let alpha = f32::from(pixel[3]) * opacity;
        for (out, c) in pixel.iter_mut().zip([r, g, b, 1.0]) {
            *out = byte(c * alpha);
        }
    }
}

/// Recolours by luminance (ITU-R BT.709 on the encoded values, as the other players), by a share.
fn map(surface: &mut Surface, amount: f64, color: impl Fn(f64) -> Color) {
    let amount = single(amount);
    let table: Vec<[f32; 3]> = (0..=255_u8)
        .map(|light| {
            let c = color(f64::from(light) / 255.0);
            [c[0], c[1], c[2]].map(|c| single(c.clamp(0.0, 1.0)))
        })
        .collect();
    for pixel in surface.pixmap.data_mut().chunks_exact_mut(4) {
        let alpha = f32::from(pixel[3]);
        if alpha == 0.0 {
            continue;
        }
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let light = (0.2126 * r + 0.7152 * g + 0.0722 * b) / alpha * 255.0;
        let Some(to) = table.get(usize::from(byte(light))) else {
            continue;
        };
        for (out, to) in pixel.iter_mut().zip(to) {
            let from = f32::from(*out);
            *out = byte(from + (to * alpha - from) * amount);
        }
    }
}

impl Cast {
    fn of(shadow: &Shadow, now: &Moment) -> Self {
        let way = Vec2::from_angle(shadow.direction.at(now).to_radians() + shadow.turn);
        let way = if shadow.mirrored { Vec2::new(-way.x, way.y) } else { way };
        Self {
            color: shadow.color.at(now),
            opacity: (shadow.opacity.at(now) / shadow.whole).clamp(0.0, 1.0),
            offset: way * shadow.distance.at(now),
            sigma: shadow.softness.at(now) * shadow.sigma,
            spread: 1.0 / (1.0 - shadow.spread.at(now).clamp(0.0, 99.0) / 100.0),
            side: shadow.side,
        }
    }

    /// The offset on the device.
    fn moved(&self, matrix: Affine) -> Vec2 {
        let [a, b, c, d, ..] = matrix.as_coeffs();
        let linear = Affine::new([a, b, c, d, 0.0, 0.0]);
        (linear * self.offset.to_point()).to_vec2()
    }

    /// Draws the shadow or glow of a layer, below or on it.
    fn draw(&self, matrix: Affine, surface: &mut Surface) {
        let (width, height) = (surface.area.width as usize, surface.area.height as usize);
        let mut alpha: Vec<u8> = surface.pixmap.data().chunks_exact(4).map(|p| p[3]).collect();
        let inner = self.side == Side::Inside;
        if inner {
            alpha.iter_mut().for_each(|a| *a = 255 - *a);
        }
        let outside = if inner { 255 } else { 0 };
        let mut cast = shifted(&alpha, (width, height), self.moved(matrix), outside);
        Blur::new(self.sigma, Axes::Both, matrix).apply::<1>(&mut cast, surface.area);
        self.lay(&cast, surface);
    }

    fn lay(&self, cast: &[u8], surface: &mut Surface) {
        let (spread, opacity) = (single(self.spread), single(self.opacity));
        let color = self.color.map(|c| single(c.clamp(0.0, 1.0)));
        let pixels = surface.pixmap.data_mut().chunks_exact_mut(4);
        for (pixel, cast) in pixels.zip(cast) {
            let over = (f32::from(*cast) / 255.0 * spread).min(1.0) * opacity;
            let own = f32::from(pixel[3]) / 255.0;
            for (out, c) in pixel.iter_mut().zip([color[0], color[1], color[2], 1.0]) {
                let below = f32::from(*out) / 255.0;
                let both = match self.side {
                    // Source-over with the layer on top.
                    Side::Below => below + c * over * (1.0 - own),
                    Side::Instead => c * over,
                    // Source-atop: the shadow lies on the layer and ends where it ends.
                    Side::Inside => c * over * own + below * (1.0 - over),
                };
                *out = byte(255.0 * both);
            }
        }
    }
}

/// Coverage moved by whole pixels; what comes in from outside is `fill`.
fn shifted(from: &[u8], (width, height): (usize, usize), by: Vec2, fill: u8) -> Vec<u8> {
    let mut out = vec![fill; from.len()];
    let (dx, dy) = (whole(by.x), whole(by.y));
    for y in 0..height {
        let Some(source_y) = y.checked_add_signed(-dy).filter(|y| *y < height) else {
            continue;
        };
        let x0 = dx.max(0).unsigned_abs().min(width);
        let x1 = width.saturating_sub((-dx).max(0).unsigned_abs());
        if x0 >= x1 {
            continue;
        }
        let source = (source_y * width).wrapping_add_signed(-dx);
        let line = from.get(source.wrapping_add(x0)..source.wrapping_add(x1));
        if let (Some(line), Some(to)) = (line, out.get_mut(y * width + x0..y * width + x1)) {
            to.copy_from_slice(line);
        }
    }
    out
}

/// Standard deviations in device pixels.
struct Blur {
    x: f64,
    y: f64,
}

impl Blur {
    /// A deviation in the layer's units, along these of its axes.
    fn new(sigma: f64, axes: Axes, matrix: Affine) -> Self {
        let scales = scales(matrix);
        let on = |wanted: bool, scale: f64| {
            if wanted { (sigma * scale).clamp(0.0, MAX_SIGMA) } else { 0.0 }
        };
        Self { x: on(axes != Axes::Vertical, scales.x), y: on(axes != Axes::Horizontal, scales.y) }
    }

    /// How far it paints, in pixels.
    fn reach(&self) -> f64 {
        self.x.max(self.y) * REACH + 1.0
    }

    /// Blurs pixels of so many channels; outside of the area nothing is.
    fn apply<const CHANNELS: usize>(&self, data: &mut [u8], area: Area) {
        let (width, height) = (area.width as usize, area.height as usize);
        let (pixels, _) = data.as_chunks_mut::<CHANNELS>();
        if pixels.len() != width * height {
            return;
        }
        let mut line = Lines::<CHANNELS>::default();
        if self.x > 0.0 {
            for row in pixels.chunks_exact_mut(width) {
                line.load(row.iter());
                line.blur(self.x);
                row.copy_from_slice(&line.now);
            }
        }
        for x in (0..width).filter(|_| self.y > 0.0) {
            line.load(pixels.iter().skip(x).step_by(width));
            line.blur(self.y);
            for (to, from) in pixels.iter_mut().skip(x).step_by(width).zip(&line.now) {
                *to = *from;
            }
        }
    }
}

/// One row or column, and the room to blur it in.
struct Lines<const CHANNELS: usize> {
    now: Vec<[u8; CHANNELS]>,
    next: Vec<[u8; CHANNELS]>,
}

impl<const CHANNELS: usize> Default for Lines<CHANNELS> {
    fn default() -> Self {
        Self { now: Vec::new(), next: Vec::new() }
    }
}

impl<const CHANNELS: usize> Lines<CHANNELS> {
    fn load<'a>(&mut self, pixels: impl Iterator<Item = &'a [u8; CHANNELS]>) {
        self.now.clear();
        self.now.extend(pixels);
    }

    /// A Gaussian where it is narrow; else three box blurs, which come near enough (W3C Filter
    /// Effects Module Level 1, feGaussianBlur).
    fn blur(&mut self, sigma: f64) {
        /// Below this the boxes are too coarse; so says the same text.
        const BOXES_FROM: f64 = 2.0;
        if sigma < BOXES_FROM {
            return self.gauss(sigma);
        }
        let size = whole(sigma * 3.0 * std::f64::consts::TAU.sqrt() / 4.0).unsigned_abs();
        if size % 2 == 1 {
            (0..3).for_each(|_| self.mean(size / 2, size / 2));
        } else {
            self.mean(size / 2, size / 2 - 1);
            self.mean(size / 2 - 1, size / 2);
            self.mean(size / 2, size / 2);
        }
    }

    /// The mean of each pixel with so many before and behind it.
    fn mean(&mut self, before: usize, behind: usize) {
        let window = f32_of(before + behind + 1);
        let mut sums = [0_u32; CHANNELS];
        let add = |sums: &mut [u32; CHANNELS], pixel: &[u8; CHANNELS]| {
            for (sum, c) in sums.iter_mut().zip(pixel) {
                *sum += u32::from(*c);
            }
        };
        self.now.iter().take(behind).for_each(|p| add(&mut sums, p));
        self.next.clear();
        for at in 0..self.now.len() {
            if let Some(pixel) = self.now.get(at + behind) {
                add(&mut sums, pixel);
            }
            self.next.push(sums.map(|s| byte(f32_of(s as usize) / window)));
            if let Some(gone) = at.checked_sub(before).and_then(|at| self.now.get(at)) {
                for (sum, c) in sums.iter_mut().zip(gone) {
                    *sum -= u32::from(*c);
                }
            }
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }

    fn gauss(&mut self, sigma: f64) {
        let side = whole(sigma * REACH).unsigned_abs().max(1);
        let weight = |i: usize| {
            let x = f64::from(f32_of(i));
            single((-x * x / (2.0 * sigma * sigma)).exp())
        };
        let weights: Vec<f32> = (0..=side).map(weight).collect();
        let total: f32 = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
        self.next.clear();
        for at in 0..self.now.len() {
            let mut sums = [0.0_f32; CHANNELS];
            for (i, weight) in weights.iter().enumerate() {
                let sides = [at.checked_sub(i), Some(at + i).filter(|_| i > 0)];
                for pixel in sides.into_iter().flatten().filter_map(|at| self.now.get(at)) {
                    for (sum, c) in sums.iter_mut().zip(pixel) {
                        *sum += f32::from(*c) * weight;
                    }
                }
            }
            self.next.push(sums.map(|s| byte(s / total)));
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cut to a byte's range before"
)]
fn byte(level: f32) -> u8 {
    (level + 0.5).clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "sums of a line of bytes are exact enough")]
fn f32_of(value: usize) -> f32 {
    value as f32
}

#[expect(clippy::cast_possible_truncation, reason = "cut to what fits before")]
fn whole(value: f64) -> isize {
    value.round().clamp(-1e6, 1e6) as isize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(sigma: f64) -> Vec<u8> {
        let mut line = Lines::<1> { now: vec![[0]; 65], next: Vec::new() };
        line.now[32] = [255];
        line.now[31] = [255];
        line.blur(sigma);
        line.now.iter().map(|p| p[0]).collect()
    }

    #[test]
    fn a_blur_spreads_as_far_as_its_deviation_says() {
        for sigma in [1.0, 1.9, 3.0, 5.0] {
            let line = spread(sigma);
            let sum: f64 = line.iter().map(|v| f64::from(*v)).sum();
            let square =
                |(i, v): (usize, &u8)| (f64::from(f32_of(i)) - 31.5).powi(2) * f64::from(*v);
            let deviation = (line.iter().enumerate().map(square).sum::<f64>() / sum).sqrt();
            assert!((deviation - sigma).abs() < sigma * 0.15 + 0.2, "{sigma}: {deviation}");
            assert!((sum - 510.0).abs() < 40.0, "{sigma}: {sum}");
        }
    }

    #[test]
    fn what_is_moved_out_is_gone() {
        let from: Vec<u8> = (1..=12).collect();
        let moved = |x, y| shifted(&from, (4, 3), Vec2::new(x, y), 0);
        assert_eq!(moved(1.0, 1.0), [0, 0, 0, 0, 0, 1, 2, 3, 0, 5, 6, 7]);
        assert_eq!(moved(-2.0, 0.0), [3, 4, 0, 0, 7, 8, 0, 0, 11, 12, 0, 0]);
        assert_eq!(moved(9.0, 0.0), [0; 12]);
        assert_eq!(moved(0.0, -9.0), [0; 12]);
    }
}
