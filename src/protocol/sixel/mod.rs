//! Sixel (DEC STD 070 §8 and the VT330/VT340 programmer's reference, chapter 14): opaque pixels in
//! up to 256 colours. What we send and why is told in `protocols/sixel.md`.
//!
//! The palette stays the same from frame to frame as long as it fits, and a pixel keeps its
//! register while its colour stays near, since a pixel that does not change must not flicker. The
//! picture must not reach the screen's last row: the caller sees to that.

mod band;
mod colors;
mod delta;

use super::passthrough::Passthrough;
use super::{ClipId, EncodeError, Encoder, Feed, Placement, check_size, cursor_to};
use crate::frame::Frame;
use crate::units::PixelSize;
use band::{Band, Want};
use colors::Colors;
use delta::{Change, Changes, Part};
use std::io::Write as _;

/// How a [`Sixel`] encoder is to behave, and what the terminal does with pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SixelConfig {
    /// How many colour registers the terminal has (XTSMGRAPHICS item 1); 2 to 256 are used.
    pub registers: u16,
    /// Whether to dither where the registers do not suffice.
    pub dither: bool,
    /// What the terminal does with pictures over pictures.
    pub traits: SixelTraits,
    /// The colour below the picture, where it is known: half-transparent pixels are mixed with it.
    /// Without, they are opaque from alpha 128 on.
    pub background: Option<[u8; 3]>,
    /// The largest picture it takes, in pixels (XTSMGRAPHICS item 2); larger ones are sent in parts.
    pub largest: Option<PixelSize>,
    /// The multiplexer between.
    pub passthrough: Passthrough,
}

impl Default for SixelConfig {
    /// 256 registers, no dithering, and no more than every terminal does.
    fn default() -> Self {
        Self {
            registers: 256,
            dither: false,
            traits: SixelTraits::default(),
            background: None,
            largest: None,
            passthrough: Passthrough::None,
        }
    }
}

/// What a terminal does with one sixel picture after another, as it cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SixelTraits {
    /// What a picture leaves out shows the older picture below; without, a new picture takes the
    /// older one's place in each cell, and cells are sent whole.
    pub overlays: bool,
    /// It knows mode 1070 (xterm's control sequences): colour registers can outlive a picture, so
    /// that each is defined once.
    pub shared_registers: bool,
    /// How many pictures it keeps; from one more on it forgets the oldest, so that a window that is
    /// uncovered has a hole. All is sent anew before that.
    pub pictures: Option<u16>,
}

/// The encoder for sixel.
#[derive(Debug)]
pub struct Sixel {
    config: SixelConfig,
    colors: Colors,
    drawn: Option<Drawn>,
    /// The clips whose colours were learnt.
    learnt: Vec<ClipId>,
    /// Pictures since all was sent.
    pictures: usize,
    /// The registers that the terminal holds in mode 1070.
    held: [bool; 256],
    changes: Changes,
    /// The frame before the last one's buffer.
    spare: Vec<Option<u8>>,
    band: Band,
    picture: Vec<u8>,
}

#[derive(Debug)]
struct Drawn {
    at: Placement,
    /// The register of each pixel; none is transparent.
    pixels: Vec<Option<u8>>,
    /// The palette that they are of.
    generation: u64,
}

/// A frame to be sent.
struct Job<'a> {
    /// What stands there, unless all is to be sent.
    old: Option<&'a Drawn>,
    now: &'a Drawn,
    /// The box's, in pixels.
    width: usize,
    overlays: bool,
}

impl Job<'_> {
    /// What the pixel (`x`, `y`) asks for.
    fn want(&self, changes: &Changes, x: usize, y: usize) -> Want {
        let n = y * self.width + x;
        let Some(register) = self.now.pixels[n] else { return Want::Nothing };
        let old = self.old.filter(|_| self.overlays).and_then(|old| old.pixels[n]);
        let stays = old == Some(register) && changes.at_pixel(x, y) != Change::Freed;
        if stays { Want::Has(register) } else { Want::Set(register) }
    }
}

/// What a picture costs beside its pixels, in bytes: the cursor, the header, the end, and the
/// colours that another picture defines, too.
const PICTURE_BYTES: usize = 800;
/// What a cell costs that is sent whole, in bytes: a mean over the pets' idle clips.
const CELL_BYTES: usize = 60;

impl Sixel {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: SixelConfig) -> Self {
        Self {
            config,
            colors: Colors::new(&config),
            drawn: None,
            learnt: Vec::new(),
            pictures: 0,
            held: [false; 256],
            changes: Changes::default(),
            spare: Vec::new(),
            band: Band::default(),
            picture: Vec::new(),
        }
    }

    /// The parts with what changed.
    fn parts(&self, at: &Placement) -> Vec<Part> {
        if self.config.traits.overlays {
            self.cut(at, self.changes.bounds().into_iter().collect())
        } else {
            let price = |part: Part| PICTURE_BYTES + CELL_BYTES * part.count();
            self.cut(at, self.changes.parts(price))
        }
    }

    /// The whole box.
    fn all(&self, at: &Placement) -> Vec<Part> {
        self.cut(at, vec![Part::all(at)])
    }

    /// The parts, none larger than the terminal takes.
    fn cut(&self, at: &Placement, parts: Vec<Part>) -> Vec<Part> {
        match self.config.largest {
            Some(largest) => parts.into_iter().flat_map(|part| part.split(at, largest)).collect(),
            None => parts,
        }
    }

    /// Draws a part, unless nothing in it is to be set. P2=1 leaves what is not drawn as it was;
    /// without `"1;1;w;h` foot 1.28 draws twice as high.
    fn draw(&mut self, job: &Job<'_>, part: Part, out: &mut Vec<u8>) {
        let at = &job.now.at;
        let (columns, rows) = part.pixels(at);
        let row = |y: usize| columns.clone().map(move |x| (x, y));
        let mut used = [false; 256];
        for (x, y) in rows.clone().flat_map(row) {
            if let Want::Set(register) = job.want(&self.changes, x, y) {
                used[usize::from(register)] = true;
            }
        }
        if !used.contains(&true) {
            return;
        }
        if self.config.traits.shared_registers {
            for (used, held) in used.iter_mut().zip(&mut self.held) {
                *used &= !std::mem::replace(held, *held || *used);
            }
        }
        self.picture.clear();
        let _ = write!(self.picture, "\x1bP7;1;0q\"1;1;{};{}", columns.len(), rows.len());
        self.colors.define(&used, &mut self.picture);
        self.band.begin();
        let changes = &self.changes;
        let bands = rows.len().div_ceil(6);
        for n in 0..bands {
            if n > 0 {
                self.picture.push(b'-');
            }
            let top = rows.start + 6 * n;
            let wants = |y: usize| row(y).map(move |(x, y)| job.want(changes, x, y));
            self.band.fill((top..rows.end.min(top + 6)).map(wants), columns.len());
            // mlterm takes the picture's width from its first and last bands.
            let full = !job.overlays && (n == 0 || n + 1 == bands);
            self.band.write(full, &mut self.picture);
        }
        self.picture.extend_from_slice(b"\x1b\\");
        cursor_to(part.position(at), out);
        self.config.passthrough.wrap(&self.picture, out);
        self.pictures += 1;
    }

    /// Draws what changed since `old`, or all of it.
    fn send(&mut self, old: Option<&Drawn>, now: &Drawn, out: &mut Vec<u8>) {
        let width = now.at.pixels().width as usize;
        match old {
            Some(old) => self.changes.find(&now.at, &old.pixels, &now.pixels),
            None => self.changes.clear(&now.at),
        }
        let same = old.is_some_and(|old| old.generation == now.generation);
        let mut parts = if same { self.parts(&now.at) } else { self.all(&now.at) };
        let kept = self.config.traits.pictures.map_or(usize::MAX, usize::from);
        let whole = !same || self.pictures + parts.len() > kept;
        if whole {
            parts = self.all(&now.at);
            self.pictures = 0;
            self.held = [false; 256];
        }
        self.changes.wipe_freed(&now.at, out);
        let before = out.len();
        if self.config.traits.shared_registers {
            out.extend_from_slice(SHARED);
        }
        let shared = out.len();
        let overlays = self.config.traits.overlays;
        let job = Job { old: old.filter(|_| !whole), now, width, overlays };
        for part in parts {
            self.draw(&job, part, out);
        }
        if out.len() == shared {
            out.truncate(before);
        } else if self.config.traits.shared_registers {
            out.extend_from_slice(PRIVATE);
        }
    }
}

/// Mode 1070 reset: colour registers outlive a picture (xterm's control sequences).
const SHARED: &[u8] = b"\x1b[?1070l";
/// And set again, as terminals have it from the start.
const PRIVATE: &[u8] = b"\x1b[?1070h";

impl Encoder for Sixel {
    fn feed(&self) -> Feed {
        Feed::Stream
    }

    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        check_size(frame, at)?;
        if self.drawn.as_ref().is_some_and(|old| old.at != *at) {
            self.erase(out);
        }
        let old = self.drawn.take();
        let mut pixels = std::mem::take(&mut self.spare);
        let before = old.as_ref().map(|old| (old.pixels.as_slice(), old.generation));
        let cells = (!self.config.traits.overlays).then_some(at.cell);
        let generation = self.colors.index(frame, before, cells, &mut pixels);
        let now = Drawn { at: *at, pixels, generation };
        self.send(old.as_ref(), &now, out);
        self.spare = old.map(|old| old.pixels).unwrap_or_default();
        self.drawn = Some(now);
        Ok(())
    }

    fn wants_colors(&self, clip: ClipId) -> bool {
        !self.learnt.contains(&clip)
    }

    fn learn_colors(&mut self, clip: ClipId, samples: &[Frame]) {
        self.colors.learn(samples);
        self.learnt.push(clip);
    }

    /// Wipes the cells that hold pixels of ours, and no others.
    fn erase(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        self.drawn = None;
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.erase(out);
        *self = Self::new(self.config);
    }

    fn farewell(&self, out: &mut Vec<u8>) {
        if let Some(old) = &self.drawn {
            let mut changes = Changes::default();
            changes.find(&old.at, &old.pixels, &vec![None; old.pixels.len()]);
            changes.wipe_freed(&old.at, out);
        }
    }

    fn invalidate(&mut self) {
        self.drawn = None;
    }
}
