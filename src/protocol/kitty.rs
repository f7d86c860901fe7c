//! The kitty graphics protocol: pictures over the text, with alpha, held by the terminal.
//!
//! Source: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>; what we send and why is told in
//! `protocols/kitty.md`. Only images of our own ids are ever touched, and every sequence asks for
//! silence (`q=2`), since a late answer would be typed into the developer's prompt.

mod ids;
mod payload;
mod placeholder;
mod store;

use super::cells::wipe_box;
use super::passthrough::Passthrough;
use super::{
    ClipId, EncodeError, Encoder, Feed, Placement, Pose, check_alike, check_size, cursor_to,
};
use crate::frame::Frame;
use crate::units::PixelSize;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use ids::IdRange;
use ids::Ids;
use payload::{Payload, Pictures, deflated};
use std::fmt;
use std::time::Duration;
use store::{Clip, Store};

/// What the terminal can do beside showing pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KittyTier {
    /// It animates (`a=f`, `a=a`): kitty, Ghostty from 1.4 on.
    Animated,
    /// It holds pictures and places them: Konsole, WezTerm, iTerm2, Rio, older Ghostty.
    Static,
}

/// How a [`Kitty`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KittyConfig {
    /// What the terminal can do.
    pub tier: KittyTier,
    /// The ids to use.
    pub ids: IdRange,
    /// The layer (`z=`); at least 1 is sent, as kitty 0.26 miscolours windows for less.
    pub z: i32,
    /// The multiplexer between.
    pub passthrough: Passthrough,
    /// How far the colours of a clip's poses may be from the drawn ones, so that fewer bytes are
    /// sent: the mean squared distance of two premultiplied RGBA colours of 8 bits. 0 is not at
    /// all; [`FAITHFUL`] is not seen. A clip that no 256 colours can render so near is sent as it is,
    /// if its [`budget`](Self::budget) allows.
    pub tolerance: u32,
    /// How many bytes the upload of a clip of 160×160 pixels may take; a larger picture may take
    /// more as its sides are longer. What is above is sent with colours that are farther off, up to
    /// [`COARSEST`], and, if that does not suffice, without the poses that are least missed: at most
    /// every third. Not heeded where the tolerance is 0.
    pub budget: usize,
    /// Whether pictures go into Unicode placeholders, which are text and so can be moved by the
    /// multiplexer between, rather than to the cursor.
    pub placeholders: bool,
    /// How many bytes the pixels of loaded clips may take in the terminal's memory; beyond them
    /// those are freed that were shown least lately. One clip may always be loaded.
    pub quota: usize,
    /// Whether freeing one picture leaves those alone that are not shown. kitty up to 0.26 at least
    /// frees them, too; then clips are only ever freed all together, before another is loaded.
    pub frees_one_by_one: bool,
}

impl KittyConfig {
    /// The defaults: pictures at the cursor, on layer 1, faithful, 64 MiB of them.
    #[must_use]
    pub const fn new(tier: KittyTier, ids: IdRange) -> Self {
        Self {
            tier,
            ids,
            z: 1,
            passthrough: Passthrough::None,
            tolerance: FAITHFUL,
            budget: 100_000,
            placeholders: false,
            quota: 64 << 20,
            frees_one_by_one: false,
        }
    }
}

/// A [`tolerance`](KittyConfig::tolerance) of 43 dB PSNR.
pub const FAITHFUL: u32 = 12;
/// How far colours may be off so that a clip keeps within its [`budget`](KittyConfig::budget): 38 dB.
pub const COARSEST: u32 = 45;
/// The sides of the picture that the budget is for, in pixels together.
const BUDGET_SIDES: usize = 320;

/// The only placement id we use (`p=`): with it a picture put again moves instead of doubling.
const PLACEMENT: u32 = 1;
/// 4096 bytes of base64, the protocol's largest chunk, hold 3072 bytes.
const CHUNK: usize = 3072;

/// The encoder for the kitty graphics protocol.
#[derive(Debug)]
pub struct Kitty {
    config: KittyConfig,
    clips: Store,
    ids: Ids,
    /// Pictures of clips that were given up while they were shown.
    orphans: Vec<u32>,
    shown: Option<Shown>,
    /// The still picture the terminal holds, as premultiplied bytes.
    still: Option<Vec<u8>>,
    /// Whether a still picture was ever sent, and so may be in the terminal's memory.
    sent_still: bool,
    moved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Shown {
    id: u32,
    at: Placement,
    /// The picture that an animation stands still at; none while it plays, or before.
    picture: Option<usize>,
    /// Whether the terminal surely shows it.
    sure: bool,
}

impl Kitty {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: KittyConfig) -> Self {
        Self {
            config,
            clips: Store::default(),
            ids: Ids::new(config.ids),
            orphans: Vec::new(),
            shown: None,
            still: None,
            sent_still: false,
            moved: false,
        }
    }

    /// One sequence without a payload: `ESC _ G keys,q=2 ESC \`.
    fn control(&self, keys: fmt::Arguments<'_>, out: &mut Vec<u8>) {
        self.sequence(keys, &[], out);
    }

    fn sequence(&self, keys: fmt::Arguments<'_>, payload: &[u8], out: &mut Vec<u8>) {
        self.send(format!("\x1b_G{keys},q=2"), payload, out);
    }

    fn send(&self, mut text: String, payload: &[u8], out: &mut Vec<u8>) {
        if !payload.is_empty() {
            text.push(';');
            STANDARD.encode_string(payload, &mut text);
        }
        text.push_str("\x1b\\");
        self.config.passthrough.wrap(text.as_bytes(), out);
    }

    /// Pixels in chunks: the first with `keys`, each later one with `again` and `m` only.
    fn upload(&self, keys: &str, again: &str, data: &[u8], out: &mut Vec<u8>) {
        let last = data.len().div_ceil(CHUNK).max(1) - 1;
        for (n, chunk) in data.chunks(CHUNK).enumerate() {
            let more = u8::from(n < last);
            match (n, last) {
                (0, 0) => self.sequence(format_args!("{keys}"), chunk, out),
                (0, _) => self.sequence(format_args!("{keys},m=1"), chunk, out),
                _ => self.sequence(format_args!("{again}m={more}"), chunk, out),
            }
        }
    }

    /// The keys that say how a picture is displayed. `c` and `r` both, as Konsole scales only then;
    /// `C=1`, as the cursor would move, and scroll the screen on the last row.
    fn display_keys(&self, at: &Placement) -> String {
        let (cols, rows) = (at.size.cols, at.size.rows);
        if self.config.placeholders {
            return format!("U=1,p={PLACEMENT},c={cols},r={rows}");
        }
        let z = self.config.z.max(1);
        format!("p={PLACEMENT},c={cols},r={rows},C=1,z={z}")
    }

    /// Puts image `id` at `at`, unless it surely is there, and then takes away what was shown
    /// before: never a moment with nothing.
    fn place(&mut self, id: u32, at: &Placement, out: &mut Vec<u8>) {
        if self.stands(id, at) {
            return;
        }
        self.move_to(at, out);
        let display = self.display_keys(at);
        self.control(format_args!("a=p,i={id},{display}"), out);
        self.now_shown(id, at, out);
    }

    fn stands(&self, id: u32, at: &Placement) -> bool {
        self.shown.is_some_and(|s| s.sure && s.id == id && s.at == *at)
    }

    /// To where a picture will be; placeholders go there by themselves.
    fn move_to(&mut self, at: &Placement, out: &mut Vec<u8>) {
        if !self.config.placeholders {
            cursor_to(at.at, out);
            self.moved = true;
        }
    }

    fn now_shown(&mut self, id: u32, at: &Placement, out: &mut Vec<u8>) {
        let before = self.shown.replace(Shown { id, at: *at, picture: None, sure: true });
        if self.config.placeholders && before.is_none_or(|b| !b.sure || b.id != id || b.at != *at) {
            if let Some(old) = before.filter(|old| old.sure && old.at != *at) {
                wipe_box(&old.at, out);
            }
            placeholder::draw(id, at, out);
            self.moved = true;
        }
        if let Some(old) = before.filter(|old| old.id != id) {
            self.remove_placement(old.id, out);
        }
    }

    /// Lower-case `d=i` frees the placement and keeps the picture.
    fn remove_placement(&self, id: u32, out: &mut Vec<u8>) {
        self.control(format_args!("a=d,d=i,i={id},p={PLACEMENT}"), out);
    }

    /// Upper-case `d=I` frees the picture, too.
    fn free(&self, id: u32, out: &mut Vec<u8>) {
        self.control(format_args!("a=d,d=I,i={id}"), out);
    }

    /// Frees clips until there is room for another with so many images and bytes.
    fn make_room(&mut self, images: usize, bytes: usize, out: &mut Vec<u8>) {
        let shown = self.shown.map(|shown| shown.id);
        while self.clips.bytes() + bytes > self.config.quota || self.ids.left() < images {
            if !self.config.frees_one_by_one {
                return self.free_all_but(shown, out);
            }
            let Some(clip) = self.clips.take_oldest(shown) else { return };
            self.give_up(&clip.ids, shown, out);
        }
    }

    fn free_all_but(&mut self, shown: Option<u32>, out: &mut Vec<u8>) {
        for clip in self.clips.take_all() {
            self.give_up(&clip.ids, shown, out);
        }
        let orphans = std::mem::take(&mut self.orphans);
        self.give_up(&orphans, shown, out);
        let still = self.config.ids.still();
        if shown != Some(still) && std::mem::take(&mut self.sent_still) {
            self.free(still, out);
            self.still = None;
        }
    }

    /// Frees images; the one that is shown must wait, and is only remembered.
    fn give_up(&mut self, images: &[u32], shown: Option<u32>, out: &mut Vec<u8>) {
        for &id in images {
            if Some(id) == shown {
                self.orphans.push(id);
            } else {
                self.free(id, out);
                self.ids.give_back(id);
            }
        }
    }

    fn new_ids(&mut self, count: usize) -> Result<Vec<u32>, EncodeError> {
        if self.ids.left() < count {
            return Err(EncodeError::Unsupported("kitty (so many pictures at once)"));
        }
        Ok((0..count).filter_map(|_| self.ids.take()).collect())
    }

    fn load_images(&self, ids: &[u32], payloads: &[Payload], out: &mut Vec<u8>) {
        for (id, payload) in ids.iter().zip(payloads) {
            let keys = format!("a=t,i={id},{}", payload.keys);
            self.upload(&keys, "", &payload.data, out);
        }
    }

    fn load_animation(&self, id: u32, poses: &[Pose], all: &Pictures, out: &mut Vec<u8>) {
        for (n, payload) in all.payloads.iter().enumerate() {
            let shown = poses.iter().zip(&all.of_poses).filter(|(_, picture)| **picture == n);
            let gap = gap_ms(shown.map(|(pose, _)| pose.gap).sum());
            if n == 0 {
                let keys = format!("a=t,i={id},{}", payload.keys);
                self.upload(&keys, "", &payload.data, out);
                // The root frame has no gap of its own at upload, and is skipped while it is 0.
                self.control(format_args!("a=a,i={id},r=1,z={gap}"), out);
            } else {
                // Each chunk repeats a=f (kitty before 0.49 edits the root frame else). X=1 is
                // "replace, do not blend"; kitty 0.45 to 0.48 read C for it.
                let keys = format!("a=f,i={id},X=1,C=1,z={gap},{}", payload.keys);
                let again = format!("a=f,i={id},X=1,C=1,");
                self.upload(&keys, &again, &payload.data, out);
            }
        }
    }

    /// Blanks the placeholders that surely are there; tells whether it did.
    fn wipe_cells(&self, shown: Shown, out: &mut Vec<u8>) -> bool {
        let wipes = self.config.placeholders && shown.sure;
        if wipes {
            wipe_box(&shown.at, out);
        }
        wipes
    }

    fn check_box(&self, at: &Placement) -> Result<(), EncodeError> {
        if self.config.placeholders && !placeholder::fits(at) {
            let most = usize::from(placeholder::MOST).pow(2);
            return Err(EncodeError::TooManyCells { most });
        }
        Ok(())
    }

    /// The image that shows a pose, and which of the clip's pictures that is.
    fn image_of(&self, clip: ClipId, pose: usize) -> Result<(u32, usize), EncodeError> {
        let image = self.clips.get(clip).and_then(|clip| clip.image(pose));
        image.ok_or(EncodeError::NotLoaded(clip.0))
    }

    fn is_animation(&self, clip: ClipId) -> bool {
        self.clips.get(clip).is_some_and(|clip| clip.animated)
    }

    fn stop_at(&mut self, id: u32, picture: usize, out: &mut Vec<u8>) {
        self.control(format_args!("a=a,i={id},c={},s=1", picture + 1), out);
    }
}

impl Encoder for Kitty {
    fn feed(&self) -> Feed {
        match self.config.tier {
            KittyTier::Animated => Feed::Loop,
            KittyTier::Static => Feed::Flip,
        }
    }

    /// Transmits and displays in one command with the same image and placement id, which every
    /// terminal tried shows without a blank moment between.
    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        check_size(frame, at)?;
        self.check_box(at)?;
        self.moved = false;
        let id = self.config.ids.still();
        let held = self.shown.is_some_and(|s| s.sure)
            && self.still.as_deref() == Some(frame.pixmap().data());
        if held {
            self.place(id, at, out);
            return Ok(());
        }
        let payload = deflated(frame)?;
        self.move_to(at, out);
        let keys = format!("a=T,i={id},{},{}", self.display_keys(at), payload.keys);
        self.upload(&keys, "", &payload.data, out);
        let still = self.still.get_or_insert_default();
        still.clear();
        still.extend_from_slice(frame.pixmap().data());
        self.sent_still = true;
        self.now_shown(id, at, out);
        Ok(())
    }

    fn erase(&mut self, out: &mut Vec<u8>) {
        self.moved = false;
        if let Some(shown) = self.shown.take() {
            self.remove_placement(shown.id, out);
            self.moved = self.wipe_cells(shown, out);
        }
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        let moved = self.shown.is_some_and(|shown| shown.sure && self.config.placeholders);
        *self = Self { moved, ..Self::new(self.config) };
    }

    /// Every id in use, one by one: `d=R`, a range, came with kitty 0.33 and is in few others.
    fn farewell(&self, out: &mut Vec<u8>) {
        let still = self.sent_still.then_some(self.config.ids.still());
        let orphans = self.orphans.iter().copied();
        for id in still.into_iter().chain(orphans).chain(self.clips.images()) {
            self.free(id, out);
        }
        if let Some(shown) = self.shown {
            self.wipe_cells(shown, out);
        }
    }

    fn invalidate(&mut self) {
        self.still = None;
        if let Some(shown) = &mut self.shown {
            shown.sure = false;
            shown.picture = None;
        }
    }

    /// `q=1`: an answer only if the picture is gone. Not through a multiplexer, which gives answers to
    /// whoever is typed to.
    fn check(&mut self, out: &mut Vec<u8>) {
        self.moved = false;
        let Some(Shown { id, at, sure: true, .. }) = self.shown else { return };
        if self.config.passthrough == Passthrough::None && !self.config.placeholders {
            self.move_to(&at, out);
            self.send(format!("\x1b_Ga=p,i={id},{},q=1", self.display_keys(&at)), &[], out);
        }
    }

    fn floats(&self) -> bool {
        !self.config.placeholders
    }

    /// The same image and placement, so that it moves and is not doubled; an animation plays on.
    fn put_again(&mut self, out: &mut Vec<u8>) {
        self.moved = false;
        if let Some(Shown { id, at, .. }) = self.shown.filter(|_| self.floats()) {
            self.move_to(&at, out);
            self.control(format_args!("a=p,i={id},{}", self.display_keys(&at)), out);
        }
    }

    fn retract(&self, out: &mut Vec<u8>) {
        if let Some(Shown { id, .. }) = self.shown.filter(|_| self.floats()) {
            self.remove_placement(id, out);
        }
    }

    fn owns(&self, image: u32) -> bool {
        self.config.ids.contains(image)
    }

    fn load(&mut self, clip: ClipId, poses: &[Pose], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.moved = false;
        if poses.is_empty() {
            return Ok(());
        }
        check_alike(poses)?;
        let size = poses.first().map_or(PixelSize::new(0, 0), |pose| pose.frame.size());
        let sides = size.width.saturating_add(size.height) as usize;
        let budget = self.config.budget.saturating_mul(sides) / BUDGET_SIDES;
        let pictures = payload::of_clip(poses, self.config.tolerance, budget)?;
        let count = pictures.payloads.len();
        let bytes = count * 4 * size.width as usize * size.height as usize;
        if let Some(old) = self.clips.take(clip) {
            self.orphans.extend(old.ids);
        }
        let animated = self.config.tier == KittyTier::Animated;
        let images = if animated { 1 } else { count };
        self.make_room(images, bytes, out);
        let ids = self.new_ids(images)?;
        match ids.first() {
            Some(id) if animated => self.load_animation(*id, poses, &pictures, out),
            _ => self.load_images(&ids, &pictures.payloads, out),
        }
        self.clips.put(clip, Clip { ids, of_poses: pictures.of_poses, animated, bytes });
        Ok(())
    }

    fn is_loaded(&self, clip: ClipId) -> bool {
        self.clips.contains(clip)
    }

    fn show(
        &mut self,
        clip: ClipId,
        pose: usize,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.moved = false;
        self.check_box(at)?;
        let (id, picture) = self.image_of(clip, pose)?;
        self.clips.touch(clip);
        let there = self.stands(id, at) && self.shown.is_some_and(|s| s.picture == Some(picture));
        if self.is_animation(clip) && !there {
            self.stop_at(id, picture, out);
        }
        self.place(id, at, out);
        if let Some(shown) = &mut self.shown {
            shown.picture = Some(picture);
        }
        Ok(())
    }

    fn play(
        &mut self,
        clip: ClipId,
        looping: bool,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.moved = false;
        self.check_box(at)?;
        let (id, _) = self.image_of(clip, 0)?;
        self.clips.touch(clip);
        if !self.is_animation(clip) {
            return Err(EncodeError::Unsupported("kitty (without animation)"));
        }
        // Stopped first: only a stopped animation that is started again gives its first pose its
        // whole gap and counts its loops from nought.
        self.stop_at(id, 0, out);
        self.place(id, at, out);
        // v=1 is for ever, v=N is N-1 times.
        let loops = if looping { 1 } else { 2 };
        self.control(format_args!("a=a,i={id},s=3,v={loops}"), out);
        if let Some(shown) = &mut self.shown {
            shown.picture = None;
        }
        Ok(())
    }

    /// Whether the last call moved the cursor: a pose shown in place does not.
    fn moves_cursor(&self) -> bool {
        self.moved
    }
}

/// A pose's gap in milliseconds; 0 would skip it.
fn gap_ms(gap: Duration) -> u32 {
    let ms = gap.as_millis().clamp(1, 1_000_000_000);
    u32::try_from(ms).unwrap_or(1)
}
