//! A cell → pixels of another size: each pixel is the mean of what lies beneath it.
//!
//! At whole factors upwards that gives squares, at others soft edges one pixel wide; downwards no
//! pixel is passed over. Pixels are premultiplied, so that what is transparent has no colour.

use super::Placed;
use crate::units::PixelSize;
use tiny_skia::Pixmap;

/// A rectangle of a sheet.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) size: PixelSize,
}

/// The source pixels beneath one pixel along an axis, with their shares of it.
struct Span {
    to: usize,
    first: usize,
    shares: Vec<f32>,
}

/// Draws `window` of `sheet` over transparent pixels.
pub(super) fn draw(sheet: &Pixmap, window: Window, out: &mut Pixmap, at: Placed) {
    let across = spans(at.left, at.scale, window.size.width, out.width());
    let down = spans(at.top, at.scale, window.size.height, out.height());
    let width = out.width() as usize;
    let mut sums = vec![[0.0_f32; 4]; across.len()];
    for row in &down {
        sums.fill([0.0; 4]);
        for (y, share) in (row.first..).zip(&row.shares) {
            let start = (window.y as usize + y) * sheet.width() as usize + window.x as usize;
            let pixels = &sheet.data()[start * 4..][..window.size.width as usize * 4];
            add(pixels, *share, &across, &mut sums);
        }
        let line = &mut out.data_mut()[row.to * width * 4..][..width * 4];
        for (span, sum) in across.iter().zip(&sums) {
            let [r, g, b, a] = sum.map(rounded);
            // Rounding must not leave a colour above its alpha.
            line[span.to * 4..][..4].copy_from_slice(&[r.min(a), g.min(a), b.min(a), a]);
        }
    }
}

fn add(pixels: &[u8], share: f32, across: &[Span], sums: &mut [[f32; 4]]) {
    for (span, sum) in across.iter().zip(sums) {
        let under = pixels[span.first * 4..].chunks_exact(4);
        for (pixel, part) in under.zip(&span.shares) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += f32::from(*value) * (part * share);
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn rounded(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

/// For each of `out` pixels that something lies beneath: what, of `source` pixels, where the first
/// begins at `start` and each is `scale` wide.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions within a picture of at most 4096 pixels"
)]
fn spans(start: f64, scale: f64, source: u32, out: u32) -> Vec<Span> {
    let mut spans = Vec::new();
    for to in 0..out {
        let edge = |x: u32| ((f64::from(x) - start) / scale).clamp(0.0, f64::from(source));
        let (from, until) = (edge(to), edge(to + 1));
        if until - from < 1e-6 {
            continue;
        }
        let (first, last) = (from as usize, (until - 1e-9).max(from) as usize);
        let part = |i: usize| (until.min(i as f64 + 1.0) - from.max(i as f64)).max(0.0);
        let shares = (first..=last).map(|i| (part(i) * scale) as f32).collect();
        spans.push(Span { to: to as usize, first, shares });
    }
    spans
}
