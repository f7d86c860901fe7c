//! Colours: sRGB to Oklab and back by tables, and the terminal's palettes.

use super::ColorDepth;
use crate::protocol::cells::Ink;

/// A colour in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020): L from
/// 0 to 1, a and b about ±0.4. A distance of 0.02 is about the least that is seen.
pub(super) type Lab = [f32; 3];

/// The squared distance of two colours.
pub(super) fn difference(a: Lab, b: Lab) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

/// Steps of linear light from which sRGB is looked up. Near black, where its 8-bit steps lie
/// closest, two of them are still 1.2 of these apart.
const STEPS: u16 = 4095;

/// The tables of the sRGB transfer curve (IEC 61966-2-1).
#[derive(Clone, Debug)]
pub(super) struct Space {
    linear: [f32; 256],
    encoded: Vec<u8>,
}

impl Space {
    pub(super) fn new() -> Self {
        let linear = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        let encoded = |step: u16| {
            let v = f32::from(step) / f32::from(STEPS);
            let v = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
            byte(v * 255.0)
        };
        let mut table = [0.0; 256];
        table.iter_mut().zip(0_u8..=255).for_each(|(slot, v)| *slot = linear(v));
        Self { linear: table, encoded: (0..=STEPS).map(encoded).collect() }
    }

    pub(super) fn lab(&self, rgb: [u8; 3]) -> Lab {
        lab_of(rgb.map(|v| self.linear[usize::from(v)]))
    }

    /// What is seen of two colours side by side, too fine to tell apart: `share` of the second. Light
    /// adds up where it is linear.
    pub(super) fn mixed(&self, a: [u8; 3], b: [u8; 3], share: f32) -> Lab {
        let linear = |n: usize| {
            let [a, b] = [a[n], b[n]].map(|v| self.linear[usize::from(v)]);
            a + (b - a) * share
        };
        lab_of([linear(0), linear(1), linear(2)])
    }

    /// Outside of sRGB it is clipped.
    pub(super) fn rgb(&self, [l, a, b]: Lab) -> [u8; 3] {
        let x = (l + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let y = (l - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let z = (l - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        let linear = [
            4.076_741_7 * x - 3.307_711_6 * y + 0.230_969_94 * z,
            -1.268_438 * x + 2.609_757_4 * y - 0.341_319_38 * z,
            -0.004_196_086_3 * x - 0.703_418_6 * y + 1.707_614_7 * z,
        ];
        linear.map(|v| {
            let step = (v * f32::from(STEPS) + 0.5).clamp(0.0, f32::from(STEPS));
            self.encoded[whole(step)]
        })
    }
}

/// The colour of linear light.
fn lab_of([r, g, b]: [f32; 3]) -> Lab {
    let l = cube_root(0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b);
    let m = cube_root(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b);
    let s = cube_root(0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(step: f32) -> usize {
    step as usize
}

/// Rounded, and clamped to 8 bits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as saturates")]
pub(super) fn byte(v: f32) -> u8 {
    (v + 0.5) as u8
}

/// The cube root of a number from 0 to 1, to a millionth. The first guess divides the exponent by
/// three, as float bits are about a logarithm; two steps of Halley's method do the rest.
fn cube_root(v: f32) -> f32 {
    // A third of the bits of 1.0 less than them, tuned so that the guess errs alike up and down.
    const BIAS: u32 = 0x2A51_19F2;
    let mut root = f32::from_bits(v.to_bits() / 3 + BIAS);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * v) / (2.0 * cube + v);
    }
    if v < f32::EPSILON { 0.0 } else { root }
}

/// The levels of xterm's 6×6×6 cube (its `256colres.pl`).
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// xterm's sixteen colours (XTerm-col.ad). A terminal's theme may have others.
pub(super) const ANSI: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// The first of the 256 that is not the user's own.
const FIRST_FIXED: u8 = 16;

/// One of xterm's colours 16 to 255: cube, then greys.
fn fixed(n: u8) -> [u8; 3] {
    let cube = |n: u8| CUBE[usize::from(n % 6)];
    match n.saturating_sub(FIRST_FIXED) {
        n @ 0..216 => [cube(n / 36), cube(n / 6), cube(n)],
        n => [8 + 10 * (n - 216); 3],
    }
}

/// The few colours of a depth or a choice of ours, nearest by Oklab; none where any colour will do.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    /// How each is written.
    inks: Vec<Ink>,
    labs: Vec<Lab>,
    /// What was last found for a colour, by a hash of it.
    cache: Vec<Option<([u8; 3], u8)>>,
}

/// Slots of the cache: a pet has some hundred colours.
const CACHE: usize = 256;

impl Palette {
    pub(super) fn new(depth: ColorDepth, space: &Space) -> Self {
        let ansi = |count: u8| {
            (0..count).map(|n| (Ink::Ansi(n), ANSI[usize::from(n)])).collect::<Vec<_>>()
        };
        Self::of(
            space,
            &match depth {
                ColorDepth::TrueColor | ColorDepth::Mono => Vec::new(),
                ColorDepth::Indexed256 => {
                    (FIRST_FIXED..=255).map(|n| (Ink::Indexed(n), fixed(n))).collect()
                }
                ColorDepth::Ansi16 => ansi(16),
                ColorDepth::Ansi8 => ansi(8),
            },
        )
    }

    /// These colours alone, as the depth can write them: its own where it has no more than they are.
    pub(super) fn chosen(colors: &[[u8; 3]], depth: ColorDepth, space: &Space) -> Self {
        let mut all = Self::new(depth, space);
        match depth {
            ColorDepth::TrueColor => {
                let ink = |rgb: &[u8; 3]| (Ink::Rgb(*rgb), *rgb);
                Self::of(space, &colors.iter().map(ink).collect::<Vec<_>>())
            }
            ColorDepth::Indexed256 => {
                let ink = |rgb: &[u8; 3]| {
                    let place = all.nearest(space.lab(*rgb), space);
                    (all.ink(place), *rgb)
                };
                Self::of(space, &colors.iter().map(ink).collect::<Vec<_>>())
            }
            ColorDepth::Ansi16 | ColorDepth::Ansi8 | ColorDepth::Mono => all,
        }
    }

    fn of(space: &Space, colors: &[(Ink, [u8; 3])]) -> Self {
        let (inks, labs) = colors.iter().map(|(ink, rgb)| (*ink, space.lab(*rgb))).unzip();
        Self { inks, labs, cache: vec![None; CACHE] }
    }

    /// Whether there are so few that every pair can be tried.
    pub(super) fn is_small(&self) -> bool {
        (1..=ANSI.len()).contains(&self.labs.len())
    }

    pub(super) fn labs(&self) -> &[Lab] {
        &self.labs
    }

    /// The place in [`Self::labs`] of the nearest colour.
    pub(super) fn nearest(&mut self, lab: Lab, space: &Space) -> usize {
        let rgb = space.rgb(lab);
        let [r, g, b] = rgb.map(usize::from);
        let slot = (r * 31 + g * 17 + b * 7) % CACHE;
        if let Some((_, found)) = self.cache[slot].filter(|(known, _)| *known == rgb) {
            return usize::from(found);
        }
        let lab = space.lab(rgb);
        let off = |n: &usize| difference(self.labs[*n], lab);
        let best = (0..self.labs.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
        self.cache[slot] = u8::try_from(best).ok().map(|n| (rgb, n));
        best
    }

    /// How a colour of [`Self::labs`] is written.
    pub(super) fn ink(&self, place: usize) -> Ink {
        self.inks.get(place).copied().unwrap_or(Ink::Default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_million_colours_survive_the_way_there_and_back() {
        let space = Space::new();
        for n in (0..1 << 24).step_by(997) {
            let [_, r, g, b] = u32::to_be_bytes(n);
            let back = space.rgb(space.lab([r, g, b]));
            assert_eq!(back, [r, g, b]);
        }
    }

    #[test]
    fn colours_are_where_their_inventor_says() {
        let space = Space::new();
        let near = |rgb, want: Lab| {
            let off = difference(space.lab(rgb), want).sqrt();
            assert!(off < 1e-4, "{rgb:?}: {:?}", space.lab(rgb));
        };
        near([255; 3], [1.0, 0.0, 0.0]);
        near([0; 3], [0.0; 3]);
        // By the formulas in double precision.
        near([255, 0, 0], [0.627_955, 0.224_863, 0.125_846]);
        near([0, 0, 255], [0.452_014, -0.032_457, -0.311_528]);
    }

    #[test]
    fn palette_colours_map_to_themselves() {
        let space = Space::new();
        for depth in [ColorDepth::Indexed256, ColorDepth::Ansi16, ColorDepth::Ansi8] {
            let mut palette = Palette::new(depth, &space);
            for n in 0..palette.labs().len() {
                let lab = palette.labs()[n];
                // The cube has greys, too: some colours are there twice.
                let found = palette.nearest(lab, &space);
                assert!(difference(palette.labs()[found], lab) < 1e-9, "{depth:?} {n}");
            }
        }
        assert_eq!(fixed(16), [0; 3]);
        assert_eq!(fixed(231), [255; 3]);
        assert_eq!(fixed(232), [8; 3]);
        assert_eq!(fixed(255), [238; 3]);
        assert_eq!(fixed(196), [255, 0, 0]);
    }
}
