//! The player: the only place where pictures and decisions meet.
//!
//! A [`Player`] is told what happened and what time it is, and appends bytes for the terminal to a
//! buffer. It owns no clock and no tty; `live` and `script` do, and drive it: the one by the real
//! time, the other by the events' own.

mod cast;
pub mod encoder;
pub mod layout;
pub mod live;
mod load;
pub mod pace;
pub mod poses;
mod raster;
pub mod script;

use crate::frame::{Frame, FrameSizeError};
use crate::manners::Standing;
use crate::mood::{Effect, Input, Mind, Tempo};
use crate::protocol::bubble::Bubble;
use crate::protocol::{EncodeError, Encoder, Feed, Placement};
use crate::scene::SceneError;
use crate::text::SafeText;
use crate::units::{CellSize, Corner, Geometry};
use cast::{Cast, Playing};
use raster::{Job, Rasterizer};
use std::sync::Arc;
use std::time::Duration;

pub use crate::manners::Motion;
pub use cast::Guests;

/// A new clip begins at the next multiple of this.
const BEAT: Duration = Duration::from_millis(1000 / 6);

/// How often a clip that is being drawn ahead is asked for.
const RASTER_POLL: Duration = Duration::from_millis(8);

/// Everything a player needs to know before it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The window.
    pub geometry: Geometry,
    /// The box that is wanted, in cells.
    pub size: CellSize,
    /// Where it stands.
    pub corner: Corner,
    /// How much it may move.
    pub motion: Motion,
    /// Frames a second where frames are sent one by one.
    pub frame_rate: f32,
    /// Whether it speaks in bubbles.
    pub speech: bool,
    /// Whether clips are drawn on a thread of their own. Without, the bytes depend on input and
    /// seed alone.
    pub ahead: bool,
}

/// Why a pet could not be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The pet's drawing could not be opened.
    #[error("the pet's drawing cannot be opened: {0}")]
    Scene(#[from] SceneError),
    /// A frame could not be encoded.
    #[error("a frame cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// A frame of that size is not possible.
    #[error(transparent)]
    Size(#[from] FrameSizeError),
}

/// Plays one pet, and its guests, into one encoder.
pub struct Player {
    settings: Settings,
    mind: Box<dyn Mind>,
    cast: Cast,
    encoder: Box<dyn Encoder>,
    raster: Rasterizer,
    placement: Option<Placement>,
    playing: Option<Playing>,
    next: Option<Cue>,
    tempo: Tempo,
    hidden: bool,
    standing: Standing,
    aside: bool,
    left: bool,
    on_screen: bool,
    cursor_moved: bool,
    uploaded: usize,
    speech: Speech,
    sentences: Vec<SafeText>,
    frame: Frame,
}

/// A clip that was asked for and has not begun.
struct Cue {
    playing: Playing,
    due: Duration,
}

/// What is being said.
#[derive(Default)]
struct Speech {
    line: Option<(SafeText, Duration)>,
    bubble: Bubble,
    drawn: bool,
}

impl Player {
    /// A player of `guests`' host, before its first frame.
    ///
    /// # Errors
    /// When the host's drawing cannot be opened.
    pub fn new(
        settings: Settings,
        mut mind: Box<dyn Mind>,
        guests: Guests,
        encoder: Box<dyn Encoder>,
    ) -> Result<Self, PlayError> {
        if settings.motion != Motion::Full || encoder.hoards() {
            mind.calm();
        }
        let outfit = guests.outfit.clone();
        let raster =
            if settings.ahead { Rasterizer::threaded(outfit) } else { Rasterizer::inline(outfit) };
        let nothing = Frame::new(crate::units::PixelSize::new(1, 1))?;
        Ok(Self {
            placement: layout::place(settings.geometry, settings.size, settings.corner),
            settings,
            mind,
            cast: Cast::new(guests)?,
            encoder,
            raster,
            playing: None,
            next: None,
            tempo: Tempo::Normal,
            hidden: false,
            standing: Standing::On,
            aside: false,
            left: false,
            on_screen: false,
            cursor_moved: false,
            uploaded: 0,
            speech: Speech::default(),
            sentences: Vec::new(),
            frame: nothing,
        })
    }

    /// Tells the pet that something happened, `now` after the start.
    pub fn input(&mut self, now: Duration, input: Input) {
        for effect in self.mind.step(now, input) {
            self.apply(now, effect);
        }
    }

    /// What the pet may do from `now` on: quiet, it stands still in key poses and says nothing; hidden
    /// or off, nothing of it is shown.
    pub fn behave(&mut self, now: Duration, standing: Standing) {
        if std::mem::replace(&mut self.standing, standing) != standing {
            // What stands still is sent in another way than what moves.
            self.restart();
            self.input(now, Input::Quiet(standing != Standing::On));
        }
    }

    /// Whether the pet has left: nothing more will come.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.left
    }

    /// The sentences for people who cannot see the pet, since this was last called.
    pub fn take_sentences(&mut self) -> Vec<SafeText> {
        std::mem::take(&mut self.sentences)
    }

    /// The window has another size, or was told to forget what is on it: all is drawn anew.
    pub fn resize(&mut self, geometry: Geometry, out: &mut Vec<u8>) {
        let old = self.placement;
        self.settings.geometry = geometry;
        self.placement = layout::place(geometry, self.settings.size, self.settings.corner);
        self.hush(out);
        if old.map(|p| p.pixels()) == self.placement.map(|p| p.pixels()) {
            self.encoder.erase(out);
            self.encoder.invalidate();
        } else {
            self.encoder.reset(out);
        }
        self.start_anew();
    }

    /// The window or the wanted box has another size: all is drawn anew.
    pub fn refit(&mut self, geometry: Geometry, size: CellSize, out: &mut Vec<u8>) {
        self.settings.size = size;
        self.resize(geometry, out);
    }

    /// The box in which it stands; none where the window is too small.
    #[must_use]
    pub const fn placement(&self) -> Option<Placement> {
        self.placement
    }

    /// Whether something of it is on the screen.
    #[must_use]
    pub const fn is_on_screen(&self) -> bool {
        self.on_screen
    }

    /// Has it step aside, or come back. Whatever happens meanwhile goes on unseen; the next
    /// [`Player::draw`] takes it off the screen, and clips stay in the terminal's memory.
    pub const fn step_aside(&mut self, aside: bool) {
        self.aside = aside;
    }

    /// Whether its pictures are above the text ([`Encoder::floats`]).
    #[must_use]
    pub fn floats(&self) -> bool {
        self.encoder.floats()
    }

    /// Puts a picture that floats back where it was before the text under it moved.
    pub fn put_again(&mut self, out: &mut Vec<u8>) {
        if self.on_screen {
            self.encoder.put_again(out);
            self.note_cursor();
        }
    }

    /// Appends what takes a picture that floats off the screen as it is now: for when what is drawn
    /// next never reaches the terminal ([`Player::lose`]).
    pub fn retract(&self, out: &mut Vec<u8>) {
        if self.on_screen {
            self.encoder.retract(out);
        }
    }

    /// Somebody else has taken its place on the screen, or what was drawn last never came there: the
    /// next [`Player::draw`] draws it anew.
    pub fn lose(&mut self) {
        self.encoder.invalidate();
        self.on_screen = false;
        self.restart();
    }

    fn is_seen(&self) -> bool {
        !self.hidden && !self.aside && !self.left && self.standing < Standing::Hidden
    }

    /// Takes everything of ours off the screen and out of the terminal's memory.
    pub fn clear(&mut self, out: &mut Vec<u8>) {
        self.hush(out);
        self.encoder.reset(out);
        self.start_anew();
    }

    /// Appends a question whether what is shown is still there, where that can be asked. An answer
    /// means that it is not; it names one of our pictures ([`Player::owns`]).
    pub fn check(&mut self, out: &mut Vec<u8>) {
        if self.on_screen {
            self.encoder.check(out);
            self.note_cursor();
        }
    }

    /// Whether that is one of our pictures' ids.
    #[must_use]
    pub fn owns(&self, image: u32) -> bool {
        self.encoder.owns(image)
    }

    /// Whether bytes since this was last asked move the cursor, so that it must be saved and
    /// restored around them.
    pub fn take_cursor_moved(&mut self) -> bool {
        std::mem::take(&mut self.cursor_moved)
    }

    /// How many of the first bytes that the last [`Player::draw`] appended are an upload alone:
    /// they show nothing and move nothing, and may be sent by and by.
    pub fn take_uploaded(&mut self) -> usize {
        std::mem::take(&mut self.uploaded)
    }

    /// How many frames a second there are where frames are sent one by one.
    #[must_use]
    pub const fn frame_rate(&self) -> f32 {
        self.settings.frame_rate
    }

    /// Sets how many frames a second there are where frames are sent one by one.
    pub const fn set_frame_rate(&mut self, frame_rate: f32) {
        self.settings.frame_rate = frame_rate;
    }

    /// Appends what takes everything of ours off the screen, for an end that nobody can foresee.
    pub fn farewell(&self, out: &mut Vec<u8>) {
        self.speech.bubble.farewell(out);
        self.encoder.farewell(out);
    }

    /// Appends what the terminal must be told for the pet to be as it should be `now`, and gives
    /// back when it wants to be asked again.
    ///
    /// # Errors
    /// When a frame cannot be drawn or encoded.
    pub fn draw(&mut self, now: Duration, out: &mut Vec<u8>) -> Result<Duration, PlayError> {
        if self.mind.next_deadline().is_some_and(|at| at <= now) {
            self.input(now, Input::Tick);
        }
        let shown = self.is_seen();
        let before = out.len();
        // What nobody sees need not be in the terminal yet.
        if shown {
            self.collect_drawn(out)?;
        }
        self.uploaded = if self.cursor_moved { 0 } else { out.len() - before };
        let wake = match self.placement {
            Some(at) if shown => {
                self.change_clip(now);
                self.speak(now, &at, out);
                self.draw_clip(now, &at, out)?
            }
            _ => {
                self.vanish(out);
                // What nobody sees goes on, so that nothing that is over keeps us awake.
                self.change_clip(now);
                self.speech.line.take_if(|(_, until)| *until <= now);
                Duration::MAX
            }
        };
        Ok(self.earliest(now, wake))
    }

    fn earliest(&self, now: Duration, wake: Duration) -> Duration {
        let deadline = self.mind.next_deadline();
        let cue = self.next.as_ref().map(|cue| cue.due);
        let silence = self.speech.line.as_ref().map(|(_, until)| *until);
        [deadline, cue, silence].into_iter().flatten().fold(wake, Duration::min).max(now)
    }

    fn apply(&mut self, now: Duration, effect: Effect) {
        match effect {
            Effect::Play { clip, looping, urgent } => self.cue(now, &clip, looping, urgent),
            Effect::Say { line, stay } => {
                self.speech.drawn = false;
                self.speech.line = Some((line, now + stay));
            }
            Effect::Describe(_) if self.standing > Standing::On => {}
            Effect::Describe(sentence) => self.sentences.push(sentence),
            Effect::Tempo(tempo) => self.tempo = tempo,
            Effect::Guest(species) => self.cast.enter(species),
            Effect::Hide => self.hidden = true,
            Effect::Show => self.hidden = false,
            Effect::Leave => self.left = true,
        }
    }

    fn cue(&mut self, now: Duration, clip: &str, looping: bool, urgent: bool) {
        let Some(playing) = self.cast.playing(clip, looping) else {
            return;
        };
        let due = match &self.playing {
            None => now,
            Some(old) if !urgent => old.finish(now, self.tempo),
            Some(_) => next_beat(now),
        };
        self.next = Some(Cue { playing, due });
    }

    /// Begins the cued clip when its time has come.
    fn change_clip(&mut self, now: Duration) {
        if let Some(cue) = self.next.take_if(|cue| cue.due <= now) {
            self.playing = Some(Playing { since: now, ..cue.playing });
        }
    }

    /// Nothing of ours is on the screen any more.
    fn start_anew(&mut self) {
        self.note_cursor();
        self.on_screen = false;
        self.restart();
    }

    /// The clip that plays begins anew, because the terminal no longer shows it.
    fn restart(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.sent = false;
            playing.shown = None;
            playing.requested = false;
        }
    }

    fn vanish(&mut self, out: &mut Vec<u8>) {
        if self.on_screen {
            self.encoder.erase(out);
            self.start_anew();
        }
        self.hush(out);
    }

    fn hush(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.speech.drawn) {
            self.speech.bubble.erase(out);
            self.cursor_moved = true;
        }
    }

    fn note_cursor(&mut self) {
        self.cursor_moved |= self.encoder.moves_cursor();
    }

    /// Draws what is being said beside the pet, and takes it away when its time is over.
    fn speak(&mut self, now: Duration, at: &Placement, out: &mut Vec<u8>) {
        if self.standing > Standing::On {
            self.speech.line = None;
            self.hush(out);
            return;
        }
        let over = self.speech.line.take_if(|(_, until)| *until <= now).is_some();
        if over || (self.speech.line.is_some() && !self.speech.drawn) {
            self.speech.bubble.erase(out);
            self.cursor_moved = true;
            self.speech.drawn = false;
        }
        if self.speech.drawn || !self.settings.speech {
            return;
        }
        if let Some((line, _)) = &self.speech.line {
            self.speech.bubble.draw(line, at.at, at.size.rows, out);
            self.cursor_moved = true;
            self.speech.drawn = true;
        }
    }

    fn draw_clip(
        &mut self,
        now: Duration,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<Duration, PlayError> {
        let Some(playing) = &self.playing else {
            return Ok(Duration::MAX);
        };
        let still = match self.settings.motion {
            _ if self.standing > Standing::On => true,
            Motion::Full => false,
            Motion::Reduced => playing.looping,
            Motion::None => true,
        };
        let feed = self.encoder.feed();
        if feed == Feed::Text
            && let Some(wake) = self.draw_by_hand(now, still, at, out)?
        {
            return Ok(wake);
        }
        match feed {
            _ if still => self.draw_key_pose(at, out),
            Feed::Stream | Feed::Text => self.stream(now, at, out),
            Feed::Flip => self.flip(now, at, out),
            Feed::Loop => self.leave_to_terminal(now, at, out),
        }
    }

    /// The pose drawn by hand whose time it is, where the pet has one for this clip, and when to
    /// look again.
    fn draw_by_hand(
        &mut self,
        now: Duration,
        still: bool,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<Option<Duration>, PlayError> {
        let Some(playing) = &mut self.playing else {
            return Ok(None);
        };
        let poses = self.cast.active().pet.poses(&playing.clip, self.encoder.letters());
        let stays: Vec<_> = poses.iter().map(|pose| pose.stay).collect();
        let (pose, left) = match still {
            true => (0, Duration::MAX),
            false => poses::by_hand(&stays, now.saturating_sub(playing.since), playing.looping),
        };
        let Some(drawn) = poses.get(pose) else {
            return Ok(None);
        };
        if playing.shown.replace(pose) != Some(pose) {
            self.encoder.draw_text(&drawn.art, at, out)?;
            self.note_cursor();
            self.on_screen = true;
        }
        Ok(Some(now.saturating_add(left)))
    }

    fn draw_key_pose(&mut self, at: &Placement, out: &mut Vec<u8>) -> Result<Duration, PlayError> {
        let Some(playing) = &mut self.playing else {
            return Ok(Duration::MAX);
        };
        if !std::mem::replace(&mut playing.sent, true) {
            let key = playing.start + playing.key;
            self.encode(key, at, out)?;
        }
        Ok(Duration::MAX)
    }

    /// Sends one frame for this moment of the scene's time.
    fn encode(
        &mut self,
        moment: Duration,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), PlayError> {
        if self.frame.size() != at.pixels() {
            self.frame = Frame::new(at.pixels())?;
        }
        self.cast.active_mut().scene.draw(moment, &mut self.frame);
        if !self.on_screen || !self.frame.damage().is_empty() {
            self.encoder.encode(&self.frame, at, out)?;
            self.note_cursor();
            self.on_screen = true;
        }
        Ok(())
    }

    fn stream(
        &mut self,
        now: Duration,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<Duration, PlayError> {
        let Some(playing) = &self.playing else {
            return Ok(Duration::MAX);
        };
        let moment = playing.start + playing.offset(now, self.tempo);
        let over = playing.is_over(now, self.tempo);
        let (id, start, duration) = (playing.id, playing.start, playing.duration);
        if self.encoder.wants_colors(id) {
            let scene = self.cast.active_mut().scene.as_mut();
            let samples = poses::sample(scene, start, duration, at.pixels())?;
            self.encoder.learn_colors(id, &samples);
        }
        self.encode(moment, at, out)?;
        Ok(if over { Duration::MAX } else { next_frame(now, self.settings.frame_rate) })
    }

    fn flip(
        &mut self,
        now: Duration,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<Duration, PlayError> {
        if !self.prepare(at, out)? {
            return Ok(now + RASTER_POLL);
        }
        let tempo = self.tempo;
        let Some(playing) = &mut self.playing else {
            return Ok(Duration::MAX);
        };
        let gaps = self.cast.gaps(playing.id);
        let (pose, stays) = poses::standing(gaps, playing.offset(now, tempo));
        if playing.shown != Some(pose) {
            self.encoder.show(playing.id, pose, at, out)?;
            self.cursor_moved |= self.encoder.moves_cursor();
            playing.shown = Some(pose);
            self.on_screen = true;
        }
        let over = playing.is_over(now, tempo);
        Ok(if over { Duration::MAX } else { now.saturating_add(stays) })
    }

    fn leave_to_terminal(
        &mut self,
        now: Duration,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<Duration, PlayError> {
        if !self.prepare(at, out)? {
            return Ok(now + RASTER_POLL);
        }
        let Some(playing) = &mut self.playing else {
            return Ok(Duration::MAX);
        };
        if !std::mem::replace(&mut playing.sent, true) {
            self.encoder.play(playing.id, playing.looping, at, out)?;
            self.note_cursor();
            self.on_screen = true;
        }
        Ok(Duration::MAX)
    }

    /// Sees to it that the terminal holds the clip. While it does not, whatever it shows stays; a
    /// terminal that shows nothing yet is given a first frame at once.
    fn prepare(&mut self, at: &Placement, out: &mut Vec<u8>) -> Result<bool, PlayError> {
        let Some(playing) = &mut self.playing else {
            return Ok(false);
        };
        if self.encoder.is_loaded(playing.id) {
            return Ok(true);
        }
        if !std::mem::replace(&mut playing.requested, true) {
            self.raster.request(Job {
                pet: Arc::clone(&self.cast.active().pet),
                clip: playing.id,
                start: playing.start,
                duration: playing.duration,
                size: at.pixels(),
            });
        }
        if !self.settings.ahead {
            let clip = playing.id;
            self.collect_drawn(out)?;
            return Ok(self.encoder.is_loaded(clip));
        }
        if !self.on_screen {
            let moment = playing.start;
            self.encode(moment, at, out)?;
        }
        Ok(false)
    }

    /// Hands clips that were drawn ahead to the terminal, if the box still has their size.
    fn collect_drawn(&mut self, out: &mut Vec<u8>) -> Result<(), PlayError> {
        while let Some(drawn) = self.raster.poll() {
            // The window may have changed since, and what was asked for twice comes twice.
            let fits = self.placement.is_some_and(|at| at.pixels() == drawn.size);
            if fits && !self.encoder.is_loaded(drawn.clip) {
                let poses = drawn.poses?;
                self.encoder.load(drawn.clip, &poses, out)?;
                self.note_cursor();
                self.cast.keep_gaps(drawn.clip, poses.iter().map(|pose| pose.gap).collect());
                self.ask_again();
            }
        }
        Ok(())
    }

    /// The clip that plays may have been freed to make room for the one just loaded.
    fn ask_again(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.requested &= self.encoder.is_loaded(playing.id);
        }
    }
}

/// The next multiple of [`BEAT`] after `now`.
fn next_beat(now: Duration) -> Duration {
    let beats = now.as_millis() / BEAT.as_millis() + 1;
    BEAT * u32::try_from(beats).unwrap_or(u32::MAX)
}

/// When the next frame is due: on a clock of absolute ticks, so that a late frame is dropped and
/// not made up for.
fn next_frame(now: Duration, frame_rate: f32) -> Duration {
    let step = Duration::from_secs_f32(1.0 / frame_rate.clamp(1.0, 60.0));
    let ticks = now.as_nanos() / step.as_nanos() + 1;
    step * u32::try_from(ticks).unwrap_or(u32::MAX)
}
