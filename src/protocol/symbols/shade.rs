//! Glyphs that are halves or shades of a cell, in a few colours: all of them are tried.

use super::color::{Lab, Palette, Space, difference};
use super::fit::{Part, Shade, Tones, mean};
use super::glyphs::WHOLE;
use super::{Fitter, Ink};

/// How far off, squared, a sub-cell counts for each unit, squared, that a shade's colours are apart:
/// dots that can be told apart are no shade.
const COARSE: f32 = 0.06;

/// How a cell is drawn, and its inks.
type Fitted = (Tones, (Ink, Ink));

/// What dots look like in each two colours of a palette.
pub(super) fn all(palette: &Palette, space: &Space) -> Vec<(usize, usize, Shade)> {
    let colors: Vec<[u8; 3]> = palette.labs().iter().map(|lab| space.rgb(*lab)).collect();
    let mut shades = Vec::new();
    for (fg, front) in colors.iter().enumerate() {
        for (bg, back) in colors.iter().enumerate().skip(fg + 1) {
            shades.extend((1..=3).map(|quarters: u8| {
                let lab = space.mixed(*back, *front, f32::from(quarters) / 4.0);
                (fg, bg, Shade { quarters, lab })
            }));
        }
    }
    shades
}

/// The set with a glyph that is most like another.
pub(super) fn nearest(mask: u8) -> u8 {
    let off = |whole: &u8| (whole ^ mask).count_ones();
    if mask == 0 { 0 } else { WHOLE.into_iter().min_by_key(off).unwrap_or(mask) }
}

/// How far off all parts are in one colour.
fn off(parts: &[Part], lab: Lab) -> f32 {
    parts.iter().map(|part| difference(part.lab, lab)).sum()
}

impl Fitter {
    /// A cell in halves; one that is covered in full may be a shade.
    pub(super) fn halves_or_shade(&mut self, parts: &[Part], full: bool) -> Fitted {
        let halves = if full { self.two_halves(parts) } else { self.one_half(parts) };
        if !full {
            return halves;
        }
        let labs = self.palette.labs();
        let mut best = (halves.0.error(parts, self.background), None);
        for (fg, bg, shade) in &self.shades {
            let coarse = difference(labs[*fg], labs[*bg]) * COARSE * parts.len() as f32;
            let off = off(parts, shade.lab) + coarse;
            if off < best.0 {
                best = (off, Some((*fg, *bg, *shade)));
            }
        }
        let Some((fg, bg, shade)) = best.1 else { return halves };
        let tones = Tones { mask: 0, shade: Some(shade), fg: Some(labs[fg]), bg: Some(labs[bg]) };
        (tones, (self.palette.ink(fg), self.palette.ink(bg)))
    }

    /// What is covered in part: the half, or all of it, of least error on the background.
    fn one_half(&mut self, parts: &[Part]) -> Fitted {
        let mut best: Option<(f32, Fitted)> = None;
        for mask in WHOLE {
            let fitted = self.in_colors(mask, mean(parts, mask), None);
            let error = fitted.0.error(parts, self.background);
            if best.is_none_or(|(least, _)| error < least) {
                best = Some((error, fitted));
            }
        }
        best.map_or_else(Default::default, |(_, fitted)| fitted)
    }

    /// Two halves, upper and lower or left and right, each in the nearest colour of its mean.
    fn two_halves(&mut self, parts: &[Part]) -> Fitted {
        let mut halves = [WHOLE[0], WHOLE[2]].map(|mask| {
            let [fg, bg] = [mask, !mask & WHOLE[4]].map(|half| {
                let lab = mean(parts, half).unwrap_or_default();
                self.palette.nearest(lab, &self.space)
            });
            self.indexed(mask, fg, bg)
        });
        let error = |fitted: &Fitted| fitted.0.error(parts, self.background);
        halves.sort_by(|a, b| error(a).total_cmp(&error(b)));
        halves[0]
    }
}
