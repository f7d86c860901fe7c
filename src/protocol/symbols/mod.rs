//! Block symbols and braille, for terminals with colours but no pictures.
//!
//! A cell is cut into sub-cells, two by four at most, and has two colours: the glyph says which
//! sub-cells have which. See `protocols/symbols.md`.

mod color;
mod fit;
mod glyphs;
mod sample;
mod shade;

pub use super::cells::Ink;
use super::cells::{Cell, Grid};
use super::{EncodeError, Encoder, Feed, Placement, check_size};
use crate::frame::Frame;
use color::{Lab, Palette, Space, difference};
use fit::{Part, Shade, Tones, coverage, mean};
use glyphs::{Glyphs, MAX_PARTS};
pub(super) use sample::Samples;

/// Which glyphs to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SymbolMode {
    /// `▀` and `▄`: one colour for each half of a cell; in every font.
    #[default]
    HalfBlock,
    /// `▘▝▀▖▌▞▛▗▚▐▜▄▙▟`: twice as fine across, two colours for four quarters.
    Quadrant,
    /// U+1FB00–U+1FB3B of Unicode 13: two by three.
    Sextant,
    /// U+1CD00–U+1CDE5 of Unicode 16: two by four.
    Octant,
    /// U+2800–U+28FF: two by four dots of one colour, on the terminal's background.
    Braille,
    /// `█▀▄▌▐░▒▓`, all that IBM's code page 437 has: halves, and one colour's dots on another. Meant
    /// for few colours: those of [`SymbolsConfig::palette`], else of the depth, else xterm's sixteen.
    CodePage437,
}

/// How many colours the terminal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColorDepth {
    /// 24 bits.
    #[default]
    TrueColor,
    /// xterm's 256.
    Indexed256,
    /// The 16 of aixterm, in the shades of xterm.
    Ansi16,
    /// The 8 of ECMA-48, in the shades of xterm.
    Ansi8,
    /// The terminal's own only: light is drawn, dark is not.
    Mono,
}

/// How a [`Symbols`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SymbolsConfig {
    /// The glyphs.
    pub mode: SymbolMode,
    /// The colours.
    pub depth: ColorDepth,
    /// How far off a colour may be that is in use already: a distance in Oklab, 0 to 1. A cell may
    /// be off by 1.8 times as much more than at best and still be left as it is. At 0 each frame is
    /// drawn as if it were the first.
    pub tolerance: f32,
    /// The terminal's background, as far as it is known: soft edges are blended with it, and it may
    /// stand for a colour near it in a cell that is transparent in part.
    pub background: [u8; 3],
    /// The only colours to use, as far as the depth can write them: with 16 or 8 colours its own are
    /// used.
    pub palette: Option<[[u8; 3]; 16]>,
}

/// About the least difference that is seen. What it saves is in `protocols/symbols.md`.
pub const TOLERANCE: f32 = 0.02;
/// How many times the tolerance a cell may be off that was drawn before: as much as it takes for each
/// pet's idle clip to be within 400 bytes a frame.
pub const LINGERS: f32 = 1.8;

impl Default for SymbolsConfig {
    fn default() -> Self {
        Self {
            mode: SymbolMode::default(),
            depth: ColorDepth::default(),
            tolerance: TOLERANCE,
            background: [0; 3],
            palette: None,
        }
    }
}

/// What stands in one cell, for programs that write their cells themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolCell {
    /// One column wide. A space on [`Ink::Default`] is transparent.
    pub glyph: char,
    /// The glyph's colour.
    pub fg: Ink,
    /// The colour behind it.
    pub bg: Ink,
}

/// The encoder for block symbols.
#[derive(Debug)]
pub struct Symbols {
    config: SymbolsConfig,
    glyphs: Glyphs,
    fitter: Fitter,
    grid: Grid,
    samples: Samples,
    /// What is drawn in each cell of the box.
    drawn: Option<(Placement, Vec<(Tones, Cell)>)>,
}

impl Symbols {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: SymbolsConfig) -> Self {
        let glyphs = Glyphs::of(config.mode);
        let wanted = config.tolerance;
        let tolerance = if wanted.is_nan() { 0.0 } else { wanted.clamp(0.0, 1.0) };
        Self {
            config,
            glyphs,
            fitter: Fitter::new(config, tolerance),
            grid: Grid::new(config.depth != ColorDepth::Mono),
            samples: Samples::default(),
            drawn: None,
        }
    }

    /// The frame as cells, row by row, for a program that has a screen of its own, such as a text
    /// user interface: nothing is written. What was chosen for the frame before is kept where it is
    /// hardly worse, as in [`Encoder::encode`].
    ///
    /// # Errors
    /// When the frame does not fit its box, or the box has too many cells.
    ///
    /// ```
    /// use buddy_render::frame::Frame;
    /// use buddy_render::protocol::Placement;
    /// use buddy_render::protocol::symbols::{Ink, Symbols, SymbolsConfig};
    /// use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
    ///
    /// // One cell: red above, nothing below.
    /// let mut rgba = [255, 0, 0, 255].repeat(8 * 8);
    /// rgba.resize(8 * 16 * 4, 0);
    /// let frame = Frame::from_straight_rgba(PixelSize::new(8, 16), &rgba)?;
    /// let at = Placement {
    ///     at: CellPosition { col: 0, row: 0 },
    ///     size: CellSize::new(1, 1),
    ///     cell: CellPixels::new(8, 16),
    /// };
    /// let mut symbols = Symbols::new(SymbolsConfig::default());
    /// let cell = symbols.cells(&frame, &at)?.next().ok_or("no cell")?;
    /// assert_eq!((cell.glyph, cell.fg, cell.bg), ('▀', Ink::Rgb([255, 0, 0]), Ink::Default));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cells(
        &mut self,
        frame: &Frame,
        at: &Placement,
    ) -> Result<impl Iterator<Item = SymbolCell>, EncodeError> {
        let public = |(_, cell): &(Tones, Cell)| {
            let Cell { glyph, fg, bg, .. } = *cell;
            SymbolCell { glyph, fg, bg }
        };
        Ok(self.fit(frame, at)?.iter().map(public))
    }

    /// Fits what changed, and gives all cells.
    fn fit(&mut self, frame: &Frame, at: &Placement) -> Result<&[(Tones, Cell)], EncodeError> {
        check_size(frame, at)?;
        self.samples.take(frame, at, (self.glyphs.across, self.glyphs.down))?;
        let count = usize::from(at.size.cols) * usize::from(at.size.rows);
        let known = self.drawn.take().filter(|(old, _)| old == at);
        let fresh = known.is_none();
        let blank = || (*at, vec![(Tones::default(), Cell::BLANK); count]);
        let (_, mut cells) = known.unwrap_or_else(blank);
        for (n, cell) in cells.iter_mut().enumerate() {
            if fresh || !self.samples.unchanged(n) {
                self.refit(n, cell);
            }
        }
        Ok(&self.drawn.insert((*at, cells)).1)
    }

    /// Fits the cell anew if it must.
    fn refit(&mut self, cell: usize, (tones, drawn): &mut (Tones, Cell)) {
        let mut parts = [Part::default(); MAX_PARTS];
        let mut last = ([0; 3], self.fitter.lab([0; 3]));
        for (part, average) in parts.iter_mut().zip(self.samples.cell(cell)) {
            let (alpha, rgb) = (average.alpha(), average.color());
            if rgb != last.0 {
                last = (rgb, self.fitter.lab(rgb));
            }
            let (alpha, below) = (f32::from(alpha) / 255.0, self.fitter.background);
            let over = |n: usize| below[n] + (last.1[n] - below[n]) * alpha;
            *part = Part { lab: [over(0), over(1), over(2)], alpha };
        }
        let parts = &parts[..self.glyphs.parts()];
        let count = f32::from(u8::try_from(parts.len()).unwrap_or(u8::MAX));
        let spare = count * (self.fitter.tolerance * LINGERS).powi(2);
        let off = tones.error(parts, self.fitter.background);
        if spare > 0.0 && off <= spare {
            return;
        }
        let (best, inks) = self.fitter.fit(parts, &self.glyphs);
        let (best, inks) = self.drawable(best, inks);
        if spare > 0.0 && off <= best.error(parts, self.fitter.background) + spare {
            return;
        }
        *tones = best;
        *drawn = self.cell(best, inks);
    }

    /// With a glyph that terminals have: the other way round where there are two colours, which is
    /// the same, and a little larger where there is one.
    fn drawable(&self, tones: Tones, (fg, bg): (Ink, Ink)) -> (Tones, (Ink, Ink)) {
        match self.glyphs.instead_of(tones.mask) {
            None => (tones, (fg, bg)),
            Some(mask) if tones.bg.is_none() => (Tones { mask, ..tones }, (fg, bg)),
            Some(_) => {
                let mask = !tones.mask & self.glyphs.full();
                (Tones { mask, fg: tones.bg, bg: tones.fg, ..tones }, (bg, fg))
            }
        }
    }

    fn cell(&self, tones: Tones, (fg, bg): (Ink, Ink)) -> Cell {
        if let Some(shade) = tones.shade {
            return Cell { glyph: Glyphs::shade(shade.quarters), fg, bg, inverse: None };
        }
        let (full, mask) = (self.glyphs.full(), tones.mask);
        let drawable = self.glyphs.solid && self.config.depth != ColorDepth::Mono;
        match mask {
            0 => Cell { bg, ..Cell::BLANK },
            // A space, as no font leaves gaps in a background.
            _ if drawable && mask == full => Cell { bg: fg, ..Cell::BLANK },
            _ => {
                let turned = Some(!mask & full).filter(|mask| {
                    drawable && bg != Ink::Default && self.glyphs.instead_of(*mask).is_none()
                });
                let inverse = turned.map(|mask| self.glyphs.glyph(mask));
                Cell { glyph: self.glyphs.glyph(mask), fg, bg, inverse }
            }
        }
    }

    fn forget(&mut self) {
        self.drawn = None;
    }
}

impl Encoder for Symbols {
    fn feed(&self) -> Feed {
        Feed::Stream
    }

    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.fit(frame, at)?;
        let cells = self.drawn.iter().flat_map(|(_, cells)| cells.iter().map(|(_, cell)| *cell));
        self.grid.draw(cells, at, out);
        Ok(())
    }

    fn erase(&mut self, out: &mut Vec<u8>) {
        self.grid.erase(out);
        self.forget();
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.grid.erase(out);
        self.forget();
    }

    fn farewell(&self, out: &mut Vec<u8>) {
        self.grid.farewell(out);
    }

    fn invalidate(&mut self) {
        self.grid.forget();
        self.forget();
    }
}

/// Chooses glyph and colours for a cell, in the colours that there are.
#[derive(Debug)]
struct Fitter {
    depth: ColorDepth,
    tolerance: f32,
    space: Space,
    background: Lab,
    palette: Palette,
    /// What dots of two of the palette look like: the dots' colour, what is below, the shade.
    shades: Vec<(usize, usize, Shade)>,
    /// The 24-bit colours used last, the latest first.
    recent: Vec<(Lab, [u8; 3])>,
}

/// So many colours are remembered: more than the cells of a pet's outline need.
const RECENT: usize = 64;

/// Sub-cells that differ by less than this share of the tolerance are drawn in one colour.
const FLAT: f32 = 0.5;

/// Where only light is drawn: a difference in Oklab's L from which a cell shows an edge.
const EDGE_FROM: f32 = 0.25;

/// Where only light is drawn: the order in which sub-cells go dark, spread over the cell.
const DARKENS: [u8; MAX_PARTS] = [0, 4, 6, 2, 1, 5, 7, 3];

impl Fitter {
    fn new(config: SymbolsConfig, tolerance: f32) -> Self {
        let (depth, space) = (config.depth, Space::new());
        let background = space.lab(config.background);
        let shaded = config.mode == SymbolMode::CodePage437;
        let plain = Palette::new(depth, &space);
        let palette = match config.palette {
            Some(colors) => Palette::chosen(&colors, depth, &space),
            None if shaded && !plain.is_small() => Palette::chosen(&color::ANSI, depth, &space),
            None => plain,
        };
        let shades = if shaded { shade::all(&palette, &space) } else { Vec::new() };
        let recent = Vec::with_capacity(RECENT);
        Self { depth, tolerance, space, background, palette, shades, recent }
    }

    fn lab(&self, rgb: [u8; 3]) -> Lab {
        self.space.lab(rgb)
    }

    fn fit(&mut self, parts: &[Part], glyphs: &Glyphs) -> (Tones, (Ink, Ink)) {
        let covered = coverage(parts);
        if covered == 0 {
            return (Tones::default(), (Ink::Default, Ink::Default));
        }
        if !glyphs.solid || self.depth == ColorDepth::Mono {
            let mask = self.lit(parts, covered, glyphs);
            let mask = if glyphs.shaded { shade::nearest(mask) } else { mask };
            return self.in_colors(mask, mean(parts, mask), None);
        }
        if glyphs.shaded {
            return self.halves_or_shade(parts, covered == glyphs.full());
        }
        if covered != glyphs.full() {
            let mask = fit::keep(parts, covered, self.background);
            return self.in_colors(mask, mean(parts, mask), None);
        }
        if self.palette.is_small() {
            let (mask, fg, bg) = fit::best_pair(parts, self.palette.labs());
            return self.indexed(mask, fg, bg);
        }
        let (mask, gain) = fit::divide(parts);
        let count = f32::from(u8::try_from(parts.len()).unwrap_or(u8::MAX));
        if gain <= count * (self.tolerance * FLAT).powi(2) {
            return self.in_colors(0, None, mean(parts, covered));
        }
        let (fg, bg) = (mean(parts, mask), mean(parts, !mask));
        if let (ColorDepth::Indexed256, Some(fg), Some(bg)) = (self.depth, fg, bg) {
            let [fg, bg] = [fg, bg].map(|lab| self.palette.nearest(lab, &self.space));
            let (mask, fg, bg) = fit::assign(parts, self.palette.labs(), fg, bg);
            return self.indexed(mask, fg, bg);
        }
        self.in_colors(mask, fg, bg)
    }

    /// The bright ones of the parts that are covered; where all are alike, as many as it is bright
    /// if there are no colours. Never none: a hole would look like the background.
    fn lit(&self, parts: &[Part], covered: u8, glyphs: &Glyphs) -> u8 {
        if covered != glyphs.full() {
            return covered;
        }
        let light = |mask: u8| mean(parts, mask).map_or(0.0, |lab| lab[0]);
        let (mask, _) = fit::divide(parts);
        let (inside, outside) = (light(mask), light(!mask & covered));
        if mask != 0 && (inside - outside).abs() >= EDGE_FROM {
            return if inside > outside { mask } else { !mask & covered };
        }
        if self.depth != ColorDepth::Mono {
            return covered;
        }
        let count = u8::try_from(parts.len()).unwrap_or(u8::MAX);
        let all = f32::from(count);
        let lit = color::byte(light(covered) * all).max(count.div_ceil(4));
        let shown = |n: &usize| u32::from(DARKENS[*n]) * u32::from(count) < u32::from(lit) * 8;
        (0..parts.len()).filter(shown).fold(0, |mask, n| mask | 1 << n)
    }

    fn in_colors(&mut self, mask: u8, fg: Option<Lab>, bg: Option<Lab>) -> (Tones, (Ink, Ink)) {
        let ((fg, front), (bg, back)) = (self.ink(fg), self.ink(bg));
        if fg == bg {
            return (Tones { bg, ..Tones::default() }, (Ink::Default, back));
        }
        (Tones { mask, shade: None, fg, bg }, (front, back))
    }

    fn indexed(&self, mask: u8, fg: usize, bg: usize) -> (Tones, (Ink, Ink)) {
        let labs = self.palette.labs();
        if mask == 0 || fg == bg {
            let tones = Tones { bg: Some(labs[bg]), ..Tones::default() };
            return (tones, (Ink::Default, self.palette.ink(bg)));
        }
        let tones = Tones { mask, shade: None, fg: Some(labs[fg]), bg: Some(labs[bg]) };
        (tones, (self.palette.ink(fg), self.palette.ink(bg)))
    }

    /// The colour that stands for another, and how it is written.
    fn ink(&mut self, lab: Option<Lab>) -> (Option<Lab>, Ink) {
        let Some(lab) = lab else {
            return (None, Ink::Default);
        };
        match self.depth {
            ColorDepth::Mono => (Some(lab), Ink::Default),
            ColorDepth::TrueColor if !self.palette.is_small() => {
                let (lab, rgb) = self.recent(lab);
                (Some(lab), Ink::Rgb(rgb))
            }
            _ => {
                let place = self.palette.nearest(lab, &self.space);
                (Some(self.palette.labs()[place]), self.palette.ink(place))
            }
        }
    }

    /// A colour used of late, if one is near enough: a pen that has it need not be told.
    fn recent(&mut self, lab: Lab) -> (Lab, [u8; 3]) {
        let off = |(known, _): &(Lab, [u8; 3])| difference(*known, lab);
        let places = 0..self.recent.len();
        let nearest = places.min_by(|a, b| off(&self.recent[*a]).total_cmp(&off(&self.recent[*b])));
        let near = nearest.filter(|n| off(&self.recent[*n]) < self.tolerance.powi(2));
        if let Some(place) = near {
            self.recent[..=place].rotate_right(1);
        } else {
            let rgb = self.space.rgb(lab);
            self.recent.truncate(RECENT - 1);
            self.recent.insert(0, (self.space.lab(rgb), rgb));
        }
        self.recent[0]
    }
}
