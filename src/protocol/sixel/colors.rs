//! The palette, and which of its registers each pixel of a frame gets.

use super::SixelConfig;
use crate::frame::quantize::{OPAQUE_FROM, Palette, distance, over, straight_rgb};
use crate::frame::{Frame, dither};
use crate::units::CellPixels;
use std::io::Write as _;
use std::ops::Range;
use tiny_skia::PremultipliedColorU8;

/// Registers kept free for colours that only later frames have: one of eight.
const RESERVE: usize = 8;
/// No more colours are taken than it takes for this mean squared error: 3 steps a channel.
const ENOUGH: u32 = 30;
/// A mean squared error up to this is never worth another palette: 4 steps a channel.
const GOOD: u64 = 48;
/// A colour farther than this from the palette's nearest is a new one: 17 steps a channel.
const FAR: u32 = 900;
/// A pixel that changes keeps its register up to this squared distance: 5 steps a channel.
const KEEP: u32 = 27;
/// What a tenth of a byte is worth in squared distance: the more, the fewer bytes and the worse.
const WORTH: u32 = 20;
/// What it costs to set a pixel, in tenths of a byte: where its register is set in its column of the
/// band anyway, or in one beside it, or nowhere near, so that it must be selected.
const JOINS: u32 = 2;
const BESIDE: u32 = 10;
const ALONE: u32 = 60;
/// An error counts so many times, unless a pixel beside it differs so many times more: at edges an
/// error is not seen.
const MASK: u32 = 4;
/// The same for each pixel of a cell, where cells are sent whole.
const KEEP_CELL: u32 = 432;
/// An opaque pixel stays opaque down to this alpha, so that an edge that moves by a fraction of a
/// pixel frees no cell.
const STAYS_OPAQUE_FROM: u8 = 96;
/// Over a known background a pixel is drawn from this alpha on, mixed with it,
const VISIBLE_FROM: u8 = 48;
/// and stays so long.
const STAYS_VISIBLE_FROM: u8 = 24;
/// At most so many sampled pixels are remembered for a palette made anew.
const MOST_LEARNT: usize = 1 << 18;

/// The colours of a terminal's registers.
#[derive(Debug)]
pub(super) struct Colors {
    registers: usize,
    dither: bool,
    ground: Ground,
    palette: Palette,
    /// Counts the palettes made anew, after which a register means another colour.
    generation: u64,
    /// The mean squared error that the palette was made with.
    error: u64,
    learnt: Vec<[u8; 3]>,
    /// The pixels of the last frame.
    seen: Vec<PremultipliedColorU8>,
}

impl Colors {
    pub(super) fn new(config: &SixelConfig) -> Self {
        let registers = usize::from(config.registers).clamp(2, 256);
        let palette = Palette::build(std::iter::empty(), 1);
        Self {
            registers,
            dither: config.dither,
            ground: Ground(config.background),
            palette,
            generation: 0,
            error: 0,
            learnt: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Takes the colours of a clip that is about to play, by some of its frames, so that no frame
    /// of it needs another palette.
    pub(super) fn learn(&mut self, samples: &[Frame]) {
        let pixels = samples.iter().flat_map(|frame| frame.pixmap().pixels());
        let colors: Vec<[u8; 3]> = pixels.filter_map(|p| self.ground.color(*p, false)).collect();
        let error = mean_error(&mut self.palette, &colors);
        let room = MOST_LEARNT.saturating_sub(self.learnt.len());
        self.learnt.extend(colors.iter().take(room));
        if self.palette.colors().is_empty() || !self.extend(&colors) && !self.fits(error) {
            self.renew(colors);
        }
    }

    /// Makes another palette of all that was learnt, or of `colors` where nothing was.
    fn renew(&mut self, colors: Vec<[u8; 3]>) {
        let most = self.registers - self.registers / RESERVE;
        // A still, of which nobody knows a clip, may take all registers: it is sent but once.
        let (all, enough) =
            if self.learnt.is_empty() { (&colors, 0) } else { (&self.learnt, ENOUGH) };
        self.palette = Palette::near_enough(all.iter().copied(), most, enough);
        self.error = mean_error(&mut self.palette, &colors);
        self.generation += 1;
    }

    /// Adds the colours that are far from all registers while some are free, and says whether
    /// `colors` fit then.
    fn extend(&mut self, colors: &[[u8; 3]]) -> bool {
        let free = self.registers.saturating_sub(self.palette.colors().len());
        if free == 0 {
            return false;
        }
        let palette = &mut self.palette;
        let far = |rgb: &&[u8; 3]| {
            let index = usize::from(palette.index(**rgb));
            palette.colors().get(index).is_none_or(|nearest| distance(*nearest, **rgb) > FAR)
        };
        let far: Vec<[u8; 3]> = colors.iter().filter(far).copied().collect();
        if !far.is_empty() {
            let more = Palette::near_enough(far.into_iter(), free, ENOUGH);
            self.palette.extend(more.colors());
        }
        let error = mean_error(&mut self.palette, colors);
        self.fits(error)
    }

    fn fits(&self, error: u64) -> bool {
        error <= (2 * self.error).max(GOOD)
    }

    /// Puts the register of each pixel into `pixels`, and gives the palette's number. Where the
    /// frame `before` had the same palette, registers stay while the colours are near theirs: those
    /// of single pixels, or of whole `cells` where those are sent whole.
    pub(super) fn index(
        &mut self,
        frame: &Frame,
        before: Option<(&[Option<u8>], u64)>,
        cells: Option<CellPixels>,
        pixels: &mut Vec<Option<u8>>,
    ) -> u64 {
        for attempt in 0..2 {
            let kept = before.filter(|(_, generation)| *generation == self.generation);
            let kept = kept.map(|(pixels, _)| pixels);
            pixels.clear();
            pixels.resize(frame.pixmap().pixels().len(), None);
            let sum = match (kept, cells) {
                (Some(kept), Some(cell)) => self.map_cells(frame, kept, cell, pixels),
                _ => self.map_pixels(frame, kept, pixels),
            };
            if attempt > 0 || !self.improve(frame, &sum) {
                break;
            }
        }
        self.seen.clear();
        self.seen.extend_from_slice(frame.pixmap().pixels());
        self.generation
    }

    /// Betters the palette for a frame that it does not fit, and says whether it did.
    fn improve(&mut self, frame: &Frame, sum: &Sum) -> bool {
        let fits = self.fits(sum.mean());
        let has_room = self.palette.colors().len() < self.registers;
        if sum.count == 0 || fits && (sum.far == 0 || !has_room) {
            return false;
        }
        let all = frame.pixmap().pixels().iter();
        let colors: Vec<_> = all.filter_map(|p| self.ground.color(*p, true)).collect();
        let extended = !self.palette.colors().is_empty() && self.extend(&colors);
        if !extended && !fits {
            self.renew(colors);
        }
        true
    }

    fn map_pixels(
        &mut self,
        frame: &Frame,
        before: Option<&[Option<u8>]>,
        pixels: &mut [Option<u8>],
    ) -> Sum {
        let width = frame.size().width as usize;
        let mut sum = Sum::default();
        for (n, pixel) in frame.pixmap().pixels().iter().enumerate() {
            let old = before.and_then(|before| before[n]);
            let Some(rgb) = self.ground.color(*pixel, old.is_some()) else { continue };
            let still = old.is_some() && self.seen.get(n) == Some(pixel);
            let kept = old.filter(|old| still || self.distance(*old, rgb) <= KEEP);
            let register = kept.unwrap_or_else(|| self.nearest(rgb, n % width, n / width));
            sum.add(self.distance(register, rgb));
            pixels[n] = Some(register);
        }
        if let Some(before) = before {
            self.settle(frame, before, pixels);
        }
        sum
    }

    /// Gives pixels a register that costs fewer bytes for what it shows: the one of `before`, or one
    /// that is set beside it anyway. So a pixel that kept a near colour gets a better one, too, when
    /// that is cheap. A second pass would save 2 % of the bytes and take as long again.
    fn settle(&self, frame: &Frame, before: &[Option<u8>], pixels: &mut [Option<u8>]) {
        let width = frame.size().width as usize;
        let height = pixels.len() / width;
        for top in (0..height).step_by(6) {
            let band = top..(top + 6).min(height);
            for x in 0..width {
                for y in band.clone() {
                    self.settle_one(frame, before, pixels, (x, y), band.clone());
                }
            }
        }
    }

    fn settle_one(
        &self,
        frame: &Frame,
        before: &[Option<u8>],
        pixels: &mut [Option<u8>],
        (x, y): (usize, usize),
        band: Range<usize>,
    ) {
        let (all, width) = (frame.pixmap().pixels(), frame.size().width as usize);
        let n = y * width + x;
        let (Some(now), old) = (pixels[n], before[n]) else { return };
        let Some(rgb) = self.ground.color(all[n], true) else { return };
        if old == Some(now) && self.distance(now, rgb) <= KEEP {
            return;
        }
        let mut company = Company::default();
        for column in x.saturating_sub(1)..(x + 2).min(width) {
            let others = band.clone().map(|y| y * width + column).filter(|m| *m != n);
            for register in others.filter_map(|m| pixels[m].filter(|_| pixels[m] != before[m])) {
                company.add(register, if column == x { JOINS } else { BESIDE });
            }
        }
        let contrast = contrast(all, n, width);
        let cost = |register: u8, tenths: u32| {
            let off = self.distance(register, rgb);
            let seen = if off * MASK <= contrast { off } else { off * MASK };
            seen + WORTH * tenths
        };
        let mut best = (cost(now, company.price(now)), now);
        if let Some(old) = old {
            // What stays costs nothing.
            let kept = (cost(old, 0), old);
            best = if old == now { kept } else { best.min(kept) };
        }
        for (register, tenths) in company.all() {
            if Some(register) != old && cost(register, tenths) < best.0 {
                best = (cost(register, tenths), register);
            }
        }
        pixels[n] = Some(best.1);
    }

    /// As [`Colors::map_pixels`], but a cell either keeps all its registers or none but those of
    /// pixels that did not change.
    fn map_cells(
        &mut self,
        frame: &Frame,
        before: &[Option<u8>],
        cell: CellPixels,
        pixels: &mut [Option<u8>],
    ) -> Sum {
        let all = frame.pixmap().pixels();
        let (width, count) = (frame.size().width as usize, all.len());
        let (cell_w, cell_h) = (usize::from(cell.width), usize::from(cell.height));
        let mut sum = Sum::default();
        for top in (0..count / width).step_by(cell_h) {
            for left in (0..width).step_by(cell_w) {
                let starts = (top..top + cell_h).map(|y| y * width + left);
                let cell = || starts.clone().flat_map(|start| start..start + cell_w);
                let stays =
                    |n: usize| match (before[n], self.ground.color(all[n], before[n].is_some())) {
                        (Some(old), Some(rgb)) => self.distance(old, rgb) <= KEEP_CELL,
                        (old, rgb) => old.is_none() && rgb.is_none(),
                    };
                let stays = cell().all(stays);
                for n in cell() {
                    let stays = stays || self.seen.get(n) == Some(&all[n]);
                    let was = stays && before[n].is_some();
                    let Some(rgb) = self.ground.color(all[n], was) else { continue };
                    let old = before[n].filter(|_| stays);
                    let register = old.unwrap_or_else(|| self.nearest(rgb, n % width, n / width));
                    sum.add(self.distance(register, rgb));
                    pixels[n] = Some(register);
                }
            }
        }
        sum
    }

    /// The register for a colour at a place.
    fn nearest(&mut self, rgb: [u8; 3], x: usize, y: usize) -> u8 {
        let dithered = self.dither && self.error > GOOD;
        self.palette.index(if dithered { dither::ordered(rgb, x, y) } else { rgb })
    }

    fn distance(&self, register: u8, rgb: [u8; 3]) -> u32 {
        let color = self.palette.colors().get(usize::from(register));
        color.map_or(FAR + 1, |color| distance(*color, rgb))
    }

    /// Defines registers: `#n;2;r;g;b`, each channel 0 to 100, rounded as libsixel does, which is
    /// the nearest.
    pub(super) fn define(&self, which: &[bool; 256], out: &mut Vec<u8>) {
        let colors = self.palette.colors().iter().enumerate();
        for (n, rgb) in colors.filter(|(n, _)| which[*n]) {
            let [r, g, b] = rgb.map(|v| (u32::from(v) * 100 + 127) / 255);
            let _ = write!(out, "#{n};2;{r};{g};{b}");
        }
    }
}

/// Squared errors.
#[derive(Default)]
struct Sum {
    error: u64,
    count: u64,
    /// How many are above [`FAR`].
    far: u64,
}

impl Sum {
    fn add(&mut self, error: u32) {
        self.error += u64::from(error);
        self.count += 1;
        self.far += u64::from(error > FAR);
    }

    fn mean(&self) -> u64 {
        self.error / self.count.max(1)
    }
}

/// The largest squared distance between a pixel and the four beside it, premultiplied.
fn contrast(pixels: &[PremultipliedColorU8], n: usize, width: usize) -> u32 {
    let rgb = |p: &PremultipliedColorU8| [p.red(), p.green(), p.blue()];
    let beside = [n.wrapping_sub(1), n + 1, n.wrapping_sub(width), n + width];
    let beside = beside.into_iter().filter_map(|m| pixels.get(m));
    beside.map(|p| distance(rgb(p), rgb(&pixels[n]))).max().unwrap_or(0)
}

/// The registers that are set near a pixel, and what it costs to set it to each.
#[derive(Default)]
struct Company {
    registers: [(u8, u32); 18],
    count: usize,
}

impl Company {
    fn add(&mut self, register: u8, tenths: u32) {
        let known = &mut self.registers[..self.count];
        if let Some((_, least)) = known.iter_mut().find(|(known, _)| *known == register) {
            *least = tenths.min(*least);
        } else if let Some(free) = self.registers.get_mut(self.count) {
            *free = (register, tenths);
            self.count += 1;
        }
    }

    fn all(&self) -> impl Iterator<Item = (u8, u32)> {
        self.registers[..self.count].iter().copied()
    }

    fn price(&self, register: u8) -> u32 {
        self.all().find(|(known, _)| *known == register).map_or(ALONE, |(_, tenths)| tenths)
    }
}

/// What half-transparent pixels are drawn on.
#[derive(Clone, Copy, Debug)]
struct Ground(Option<[u8; 3]>);

impl Ground {
    /// From which alpha on a pixel is opaque, by whether it was.
    fn opaque_from(self, was: bool) -> u8 {
        match (self.0, was) {
            (None, false) => OPAQUE_FROM,
            (None, true) => STAYS_OPAQUE_FROM,
            (Some(_), false) => VISIBLE_FROM,
            (Some(_), true) => STAYS_VISIBLE_FROM,
        }
    }

    /// The colour of a pixel, or none where it is transparent.
    fn color(self, pixel: PremultipliedColorU8, was: bool) -> Option<[u8; 3]> {
        let alpha = pixel.alpha();
        if alpha < self.opaque_from(was) {
            return None;
        }
        Some(match self.0 {
            Some(ground) => over(pixel, ground),
            None => straight_rgb(pixel),
        })
    }
}

fn mean_error(palette: &mut Palette, colors: &[[u8; 3]]) -> u64 {
    let error = |rgb: &[u8; 3]| {
        let index = usize::from(palette.index(*rgb));
        palette.colors().get(index).map_or(u64::from(FAR), |c| u64::from(distance(*c, *rgb)))
    };
    let sum: u64 = colors.iter().map(error).sum();
    sum / (colors.len() as u64).max(1)
}
