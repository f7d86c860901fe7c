//! The loops that every layer goes through: compositing, masking, clipping. tiny-skia can do them
//! all, for any blend and any matrix; for these, which are most, loops of their own are several
//! times faster, and within one level of it.
//!
//! A pixel is four premultiplied bytes in memory order. Two of its channels are worked on at a time,
//! spread over a word.

use kurbo::Rect;
use std::ops::Range;

/// A share of one in 256 steps, so that a whole is a whole.
type Share = u32;

const WHOLE: Share = 256;
const EVEN: u32 = 0x00ff_00ff;
/// Half a step in each of two channels, for rounding.
const HALVES: u32 = 0x0080_0080;

#[inline]
fn share(byte: u8) -> Share {
    let byte = u32::from(byte);
    byte + (byte >> 7)
}

#[inline]
fn scaled(pixel: u32, by: Share) -> u32 {
    let low = (((pixel & EVEN) * by + HALVES) >> 8) & EVEN;
    let high = (((pixel >> 8) & EVEN) * by + HALVES) & !EVEN;
    low | high
}

fn pixels(data: &[u8]) -> &[[u8; 4]] {
    data.as_chunks().0
}

fn pixels_mut(data: &mut [u8]) -> &mut [[u8; 4]] {
    data.as_chunks_mut().0
}

/// One row of pixels over another, at an opacity of 0 to 255.
pub(super) fn over(below: &mut [u8], above: &[u8], opacity: u8) {
    /// The alphas of four pixels.
    const ALPHAS: u128 =
        u128::from_ne_bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    let opacity = share(opacity);
    // Most of a layer is empty or opaque for long stretches.
    let (fours, rest) = below.as_chunks_mut::<16>();
    let (fours_above, rest_above) = above.as_chunks::<16>();
    for (below, above) in fours.iter_mut().zip(fours_above) {
        match u128::from_ne_bytes(*above) & ALPHAS {
            0 => {}
            ALPHAS if opacity == WHOLE => *below = *above,
            _ => blend(below, above, opacity),
        }
    }
    blend(rest, rest_above, opacity);
}

#[inline]
fn blend(below: &mut [u8], above: &[u8], opacity: Share) {
    for (below, above) in pixels_mut(below).iter_mut().zip(pixels(above)) {
        let top = u32::from_ne_bytes(*above);
        let top = if opacity == WHOLE { top } else { scaled(top, opacity) };
        let bytes = top.to_ne_bytes();
        match WHOLE - share(bytes[3]) {
            0 => *below = bytes,
            left => lay(below, top, left),
        }
    }
}

/// Pixels as far as a mask covers them.
pub(super) fn mask(data: &mut [u8], mask: &[u8]) {
    for (pixel, cover) in pixels_mut(data).iter_mut().zip(mask) {
        match cover {
            255 => {}
            0 => *pixel = [0; 4],
            cover => *pixel = scaled(u32::from_ne_bytes(*pixel), share(*cover)).to_ne_bytes(),
        }
    }
}

/// Pixels as far as another picture's are opaque, or bright; or as far as they are not.
pub(super) fn matte(data: &mut [u8], through: &[u8], luma: bool, inverted: bool) {
    for (pixel, through) in pixels_mut(data).iter_mut().zip(pixels(through)) {
        let [r, g, b, a] = through.map(u32::from);
        // ITU-R BT.709 in 256 steps; premultiplied channels bring their alpha with them.
        let light = if luma { (r * 54 + g * 183 + b * 19) >> 8 } else { a };
        let light = light + (light >> 7);
        match if inverted { WHOLE - light } else { light } {
            WHOLE => {}
            0 => *pixel = [0; 4],
            cover => *pixel = scaled(u32::from_ne_bytes(*pixel), cover).to_ne_bytes(),
        }
    }
}

/// From the first pixel that differs to the last.
pub(super) fn differing(a: &[u8], b: &[u8]) -> Option<Range<usize>> {
    /// Compared at once, until one of them differs.
    const MANY: usize = 64;
    let groups = || a.chunks(MANY * 4).zip(b.chunks(MANY * 4));
    let pairs = || pixels(a).iter().zip(pixels(b));
    let from = groups().position(|(a, b)| a != b)? * MANY;
    let to = (groups().rposition(|(a, b)| a != b)? + 1) * MANY;
    let first = from + pairs().skip(from).position(|(a, b)| a != b)?;
    let last = pairs().take(to).rposition(|(a, b)| a != b)?;
    Some(first..last + 1)
}

/// How much of each pixel lies between two places.
fn covers(from: f64, to: f64, count: usize) -> impl Fn(usize) -> Share {
    move |at| {
        let at = f64::from(u32::try_from(at.min(count)).unwrap_or(u32::MAX));
        steps((to.min(at + 1.0) - from.max(at)).clamp(0.0, 1.0))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1 comes in")]
fn steps(share: f64) -> Share {
    (share * 256.0 + 0.5) as Share
}

/// Clears what lies outside of a rectangle in the picture's own pixels; edges are anti-aliased.
pub(super) fn clip(data: &mut [u8], width: usize, rect: Rect) {
    let height = data.len() / 4 / width.max(1);
    let (across, down) = (covers(rect.x0, rect.x1, width), covers(rect.y0, rect.y1, height));
    let columns: Vec<Share> = (0..width).map(across).collect();
    // Most of a row is wholly inside.
    let first = columns.iter().position(|c| *c == WHOLE).unwrap_or(width);
    let last = columns.iter().rposition(|c| *c == WHOLE).map_or(first, |at| at + 1);
    for (y, row) in data.chunks_exact_mut(width.max(1) * 4).enumerate() {
        let row = pixels_mut(row);
        let down = down(y);
        if down == 0 {
            row.fill([0; 4]);
            continue;
        }
        let partly = |row: &mut [[u8; 4]], at: Range<usize>| {
            let cells = row.get_mut(at.clone()).into_iter().flatten();
            for (pixel, across) in cells.zip(columns.get(at).into_iter().flatten()) {
                let word = u32::from_ne_bytes(*pixel);
                *pixel = scaled(word, across * down / WHOLE).to_ne_bytes();
            }
        };
        if down == WHOLE {
            partly(row, 0..first);
            partly(row, last..width);
        } else {
            partly(row, 0..width);
        }
    }
}

/// What a gradient's place gives: premultiplied colours at even steps from 0 to 1.
pub(super) struct Ramp(Box<[u32; Ramp::ROOM]>);

/// Ramps that were used before, since most gradients stay as they are for many frames.
#[derive(Default)]
pub(super) struct Ramps {
    held: Vec<Held>,
    uses: u64,
}

struct Held {
    stops: Vec<(f64, [f64; 4])>,
    opacity: f64,
    ramp: Ramp,
    used: u64,
}

impl Ramps {
    /// More gradients than this, all different, are rarely in one picture.
    const MOST: usize = 32;

    /// The ramp of these stops.
    pub(super) fn get(&mut self, stops: &[(f64, [f64; 4])], opacity: f64) -> &Ramp {
        self.uses += 1;
        let same = |held: &Held| held.opacity == opacity && held.stops == stops;
        let at = self.held.iter().position(same).unwrap_or_else(|| self.make(stops, opacity));
        let held = &mut self.held[at];
        held.used = self.uses;
        &held.ramp
    }

    /// Makes one in the place of what was not used for longest.
    fn make(&mut self, stops: &[(f64, [f64; 4])], opacity: f64) -> usize {
        if self.held.len() < Self::MOST {
            let ramp = Ramp::new(stops, opacity);
            self.held.push(Held { stops: stops.to_vec(), opacity, ramp, used: 0 });
            return self.held.len() - 1;
        }
        let oldest = (0..self.held.len()).min_by_key(|at| self.held[*at].used).unwrap_or(0);
        let held = &mut self.held[oldest];
        held.stops.clear();
        held.stops.extend_from_slice(stops);
        held.opacity = opacity;
        held.ramp.fill(stops, opacity);
        oldest
    }
}

impl Ramp {
    /// Enough that hard edges stay sharp on any frame.
    const STEPS: u16 = 1023;
    /// A power of two, so that no place needs a check.
    const ROOM: usize = 1024;

    /// The colours of stops, which ascend: straight red, green, blue and alpha, 0 to 1.
    fn new(stops: &[(f64, [f64; 4])], opacity: f64) -> Self {
        let mut ramp = Self(Box::new([0; Self::ROOM]));
        ramp.fill(stops, opacity);
        ramp
    }

    fn fill(&mut self, stops: &[(f64, [f64; 4])], opacity: f64) {
        let mut after = 0;
        for (step, entry) in (0..=Self::STEPS).zip(self.0.iter_mut()) {
            let at = f64::from(step) / f64::from(Self::STEPS);
            while stops.get(after).is_some_and(|(offset, _)| *offset <= at) {
                after += 1;
            }
            let color = match (after.checked_sub(1).and_then(|i| stops.get(i)), stops.get(after)) {
                (Some((a, from)), Some((b, to))) => {
                    let share = if b > a { (at - a) / (b - a) } else { 0.0 };
                    [0, 1, 2, 3].map(|i| from[i] + (to[i] - from[i]) * share)
                }
                (Some((_, one)), None) | (None, Some((_, one))) => *one,
                (None, None) => [0.0; 4],
            };
            let alpha = (color[3] * opacity).clamp(0.0, 1.0);
            let color = [color[0], color[1], color[2], 1.0];
            *entry = u32::from_ne_bytes(color.map(|c| byte(c.clamp(0.0, 1.0) * alpha)));
        }
    }

    #[inline]
    fn at(&self, place: f32) -> u32 {
        /// Added to a small number, it leaves that, rounded, in the lowest bits: ten times as fast
        /// as a conversion that minds what does not fit.
        const ROUNDER: f32 = 8_388_608.0;
        let step = place.clamp(0.0, 1.0) * f32::from(Self::STEPS) + ROUNDER;
        self.0[step.to_bits() as usize % Self::ROOM]
    }

    /// The gradient over a span of pixels of one coverage; `place` says where along the gradient
    /// the pixel of a column lies, the first of them being in column `x`.
    pub(super) fn over(&self, span: &mut [u8], cover: u8, x: f32, place: impl Fn(f32) -> f32) {
        let cover = share(cover);
        let mut x = x;
        for pixel in pixels_mut(span) {
            let color = self.at(place(x));
            x += 1.0;
            let top = if cover == WHOLE { color } else { scaled(color, cover) };
            match WHOLE - share(top.to_ne_bytes()[3]) {
                0 => *pixel = top.to_ne_bytes(),
                left => lay(pixel, top, left),
            }
        }
    }
}

/// One premultiplied colour over a span of pixels of one coverage.
pub(super) fn wash(span: &mut [u8], color: [u8; 4], cover: u8) {
    let top = scaled(u32::from_ne_bytes(color), share(cover));
    match WHOLE - share(top.to_ne_bytes()[3]) {
        0 => pixels_mut(span).fill(color),
        left => pixels_mut(span).iter_mut().for_each(|pixel| lay(pixel, top, left)),
    }
}

/// A colour over a pixel of which only a share is left.
#[inline]
fn lay(pixel: &mut [u8; 4], top: u32, left: Share) {
    // Rounding may carry a channel one above its most.
    const CARRIES: u32 = 0x0001_0001;
    let below = u32::from_ne_bytes(*pixel);
    let sum = |below: u32, top: u32| {
        let sum = (((below & EVEN) * left + HALVES) >> 8 & EVEN) + (top & EVEN);
        sum - (sum >> 8 & CARRIES)
    };
    let (low, high) = (sum(below, top), sum(below >> 8, top >> 8));
    *pixel = (low | high << 8).to_ne_bytes();
}

/// A share of one in 255 steps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to its range")]
pub(super) fn byte(share: f64) -> u8 {
    (share * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[u8], b: &[u8]) -> bool {
        a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 1)
    }

    /// Premultiplied colours of many alphas.
    fn colors() -> impl Iterator<Item = [u8; 4]> {
        let alphas = [0_u8, 1, 17, 127, 128, 200, 254, 255];
        alphas.into_iter().map(|a| [a, a / 2, a / 3, a])
    }

    #[test]
    fn over_is_source_over() {
        for (below, above) in colors().flat_map(|b| colors().map(move |a| (b, a))) {
            for opacity in [0, 1, 100, 255] {
                let part = |c: u8| f32::from(c) * f32::from(opacity) / 255.0;
                let left = 1.0 - part(above[3]) / 255.0;
                let expected = [0, 1, 2, 3].map(|i| part(above[i]) + f32::from(below[i]) * left);
                let mut actual = below;
                over(&mut actual, &above, opacity);
                for (actual, expected) in actual.into_iter().zip(expected) {
                    let off = (f32::from(actual) - expected).abs();
                    assert!(off <= 1.6, "{below:?} {above:?} {opacity}: {actual} {expected}");
                }
            }
        }
    }

    #[test]
    fn a_mask_and_a_matte_keep_their_share() {
        let mut data = [200, 100, 50, 255].repeat(3);
        mask(&mut data, &[0, 128, 255]);
        assert!(near(&data, &[0, 0, 0, 0, 100, 50, 25, 128, 200, 100, 50, 255]), "{data:?}");
        let through = [0, 0, 0, 255, 255, 255, 255, 255];
        for (luma, inverted, expected) in [
            (false, false, [8, 8]),
            (false, true, [0, 0]),
            (true, false, [0, 8]),
            (true, true, [8, 0]),
        ] {
            let mut data = [8; 8];
            matte(&mut data, &through, luma, inverted);
            assert_eq!([data[3], data[7]], expected, "{luma} {inverted}");
        }
    }

    #[test]
    fn a_clip_cuts_through_pixels() {
        let mut data = [255; 4 * 4 * 3];
        clip(&mut data, 4, Rect::new(0.5, 1.0, 3.0, 2.25));
        let alpha: Vec<u8> = data.chunks(4).map(|p| p[3]).collect();
        assert!(near(&alpha, &[0, 0, 0, 0, 128, 255, 255, 0, 32, 64, 64, 0]), "{alpha:?}");
    }

    #[test]
    fn a_ramp_holds_its_ends_and_its_edges() {
        let stops = [(0.25, [1.0, 0.0, 0.0, 1.0]), (0.5, [1.0, 0.0, 0.0, 1.0])];
        let blue = [(0.5, [0.0, 0.0, 1.0, 0.5]), (0.75, [0.0, 0.0, 1.0, 0.0])];
        let ramp = Ramp::new(&[stops, blue].concat(), 1.0);
        let at = |place| ramp.at(place).to_ne_bytes();
        assert_eq!(at(-1.0), [255, 0, 0, 255]);
        assert_eq!(at(0.49), [255, 0, 0, 255]);
        assert!(near(&at(0.51), &[0, 0, 122, 122]));
        assert_eq!(at(2.0), [0; 4]);
        assert_eq!(at(f32::NAN), [255, 0, 0, 255]);
    }
}
