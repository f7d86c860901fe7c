//! The kitty graphics protocol: pictures over the text, with alpha, held by the terminal.
//!
//! Source: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>; what we send and why is told in
//! `protocols/kitty.md`. Only images of our own ids are ever touched, and every sequence asks for
//! silence (`q=2`), since a late answer would be typed into the developer's prompt.

mod payload;

use super::passthrough::Passthrough;
use super::{
    ClipId, EncodeError, Encoder, Feed, Placement, Pose, check_alike, check_size, cursor_to,
};
use crate::frame::Frame;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payload::deflated;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What the terminal can do beside showing pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KittyTier {
    /// It animates (`a=f`, `a=a`): kitty, Ghostty from 1.4 on.
    Animated,
    /// It holds pictures and places them: Konsole, WezTerm, iTerm2, Rio, older Ghostty.
    Static,
}

/// The image ids that are ours: [`IdRange::LEN`] of them, somewhere in the 24 bits that a Unicode
/// placeholder's colour can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    first: u32,
}

impl IdRange {
    /// How many ids the range holds.
    pub const LEN: u32 = 4096;

    /// A range chosen by `seed`: the same seed, the same ids; never id 0. Two programs with seeds
    /// of their own meet with a probability of about 1 in 2000.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        // SplitMix64's finalizer: near seeds give far ranges.
        let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        let starts = u64::from((1_u32 << 24) - Self::LEN - 1);
        let first = u32::try_from(x % starts).unwrap_or(0) + 1;
        Self { first }
    }

    /// Whether `id` is one of ours.
    #[must_use]
    pub fn contains(self, id: u32) -> bool {
        (self.first..self.first + Self::LEN).contains(&id)
    }
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
    /// all; [`FAITHFUL`] is not seen. A clip that no 256 colours can render so near is sent as it is.
    pub tolerance: u32,
}

/// A [`tolerance`](KittyConfig::tolerance) of 43 dB PSNR and better.
pub const FAITHFUL: u32 = 12;

/// The only placement id we use (`p=`): with it a picture put again moves instead of doubling.
const PLACEMENT: u32 = 1;
/// 4096 bytes of base64, the protocol's largest chunk, hold 3072 bytes.
const CHUNK: usize = 3072;
/// The still picture of [`Encoder::encode`] has the range's first id.
const STILL: u32 = 0;

/// The encoder for the kitty graphics protocol.
#[derive(Debug)]
pub struct Kitty {
    config: KittyConfig,
    clips: BTreeMap<ClipId, Clip>,
    /// The next id, counted from the range's first.
    next: u32,
    shown: Option<Shown>,
    /// The still picture the terminal holds, as premultiplied bytes.
    still: Option<Vec<u8>>,
    /// Whether a still picture was ever sent, and so may be in the terminal's memory.
    sent_still: bool,
    moved: bool,
}

#[derive(Debug)]
enum Clip {
    /// One image a pose.
    Images(Vec<u32>),
    /// One image with a frame a pose.
    Animation { id: u32, poses: usize },
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Shown {
    id: u32,
    at: Placement,
    /// The pose an animation stands still at; none while it plays, or before.
    pose: Option<usize>,
    /// Whether the terminal surely shows it.
    sure: bool,
}

impl Kitty {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: KittyConfig) -> Self {
        Self {
            config,
            clips: BTreeMap::new(),
            next: STILL + 1,
            shown: None,
            still: None,
            sent_still: false,
            moved: false,
        }
    }

    fn still_id(&self) -> u32 {
        self.config.ids.first + STILL
    }

    fn new_id(&mut self) -> Result<u32, EncodeError> {
        if self.next >= IdRange::LEN {
            return Err(EncodeError::Unsupported("kitty (more than 4095 pictures)"));
        }
        self.next += 1;
        Ok(self.config.ids.first + self.next - 1)
    }

    /// One sequence without a payload: `ESC _ G keys,q=2 ESC \`.
    fn control(&self, keys: fmt::Arguments<'_>, out: &mut Vec<u8>) {
        self.sequence(keys, &[], out);
    }

    fn sequence(&self, keys: fmt::Arguments<'_>, payload: &[u8], out: &mut Vec<u8>) {
        let mut text = format!("\x1b_G{keys},q=2");
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

    fn move_to(&mut self, at: &Placement, out: &mut Vec<u8>) {
        cursor_to(at.at, out);
        self.moved = true;
    }

    fn now_shown(&mut self, id: u32, at: &Placement, out: &mut Vec<u8>) {
        let before = self.shown.replace(Shown { id, at: *at, pose: None, sure: true });
        if let Some(old) = before.filter(|old| old.id != id) {
            self.remove_placement(old.id, out);
        }
    }

    /// Lower-case `d=i` frees the placement and keeps the picture.
    fn remove_placement(&self, id: u32, out: &mut Vec<u8>) {
        self.control(format_args!("a=d,d=i,i={id},p={PLACEMENT}"), out);
    }

    /// Upper-case `d=I` frees the picture, too, and in kitty up to 0.26 at least every other
    /// picture that has no placement: so never while a clip waits to be shown.
    fn free(&self, id: u32, out: &mut Vec<u8>) {
        self.control(format_args!("a=d,d=I,i={id}"), out);
    }

    fn load_images(&mut self, poses: &[Pose], out: &mut Vec<u8>) -> Result<Clip, EncodeError> {
        let mut ids = Vec::with_capacity(poses.len());
        for payload in payload::of_clip(poses, self.config.tolerance)? {
            let id = self.new_id()?;
            let keys = format!("a=t,i={id},{}", payload.keys);
            self.upload(&keys, "", &payload.data, out);
            ids.push(id);
        }
        Ok(Clip::Images(ids))
    }

    fn load_animation(&mut self, poses: &[Pose], out: &mut Vec<u8>) -> Result<Clip, EncodeError> {
        let id = self.new_id()?;
        let payloads = payload::of_clip(poses, self.config.tolerance)?;
        for (n, (pose, payload)) in poses.iter().zip(payloads).enumerate() {
            let gap = gap_ms(pose.gap);
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
        let poses = poses.len();
        Ok(Clip::Animation { id, poses })
    }

    fn pose_id(&self, clip: ClipId, pose: usize) -> Result<u32, EncodeError> {
        let id = match self.clips.get(&clip) {
            Some(Clip::Images(ids)) => ids.get(pose).copied(),
            Some(Clip::Animation { id, poses }) => (pose < *poses).then_some(*id),
            None => None,
        };
        id.ok_or(EncodeError::NotLoaded(clip.0))
    }

    fn is_animation(&self, clip: ClipId) -> bool {
        matches!(self.clips.get(&clip), Some(Clip::Animation { .. }))
    }

    fn stop_at(&mut self, id: u32, pose: usize, out: &mut Vec<u8>) {
        self.control(format_args!("a=a,i={id},c={},s=1", pose + 1), out);
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
        self.moved = false;
        let id = self.still_id();
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
        self.still = Some(frame.pixmap().data().to_vec());
        self.sent_still = true;
        self.now_shown(id, at, out);
        Ok(())
    }

    fn erase(&mut self, out: &mut Vec<u8>) {
        self.moved = false;
        if let Some(shown) = self.shown.take() {
            self.remove_placement(shown.id, out);
        }
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        *self = Self::new(self.config);
    }

    /// Every id given out, one by one: `d=R`, a range, came with kitty 0.33 and is in few others.
    fn farewell(&self, out: &mut Vec<u8>) {
        if self.sent_still {
            self.free(self.still_id(), out);
        }
        for id in self.config.ids.first + STILL + 1..self.config.ids.first + self.next {
            self.free(id, out);
        }
    }

    fn invalidate(&mut self) {
        self.still = None;
        if let Some(shown) = &mut self.shown {
            shown.sure = false;
            shown.pose = None;
        }
    }

    fn load(&mut self, clip: ClipId, poses: &[Pose], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.moved = false;
        if poses.is_empty() {
            return Ok(());
        }
        check_alike(poses)?;
        let loaded = match self.config.tier {
            KittyTier::Animated => self.load_animation(poses, out)?,
            KittyTier::Static => self.load_images(poses, out)?,
        };
        self.clips.insert(clip, loaded);
        Ok(())
    }

    fn is_loaded(&self, clip: ClipId) -> bool {
        self.clips.contains_key(&clip)
    }

    fn show(
        &mut self,
        clip: ClipId,
        pose: usize,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.moved = false;
        let id = self.pose_id(clip, pose)?;
        let there = self.stands(id, at) && self.shown.is_some_and(|s| s.pose == Some(pose));
        if self.is_animation(clip) && !there {
            self.stop_at(id, pose, out);
        }
        self.place(id, at, out);
        if let Some(shown) = &mut self.shown {
            shown.pose = Some(pose);
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
        let id = self.pose_id(clip, 0)?;
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
            shown.pose = None;
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
