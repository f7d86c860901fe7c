//! Encoders: frames and a [`Placement`] in, bytes for a terminal out, and nothing else.
//!
//! There is one file a protocol. An encoder holds what its terminal holds (image ids, the last
//! frame's cells), so it must see every frame in order. It reads no clock and writes no file; the
//! same calls give the same bytes.
//!
//! Encoders position with CUP and may leave the cursor anywhere; whoever writes the bytes saves
//! and restores it ([`Encoder::moves_cursor`]).

pub mod ascii;
pub mod bubble;
mod cells;
mod gif;
pub mod iterm2;
pub mod kitty;
pub mod passthrough;
pub mod silent;
pub mod sixel;
pub mod symbols;
pub mod text;

use crate::frame::{Frame, Letters, TextArt};
use crate::units::{CellPixels, CellPosition, CellSize, PixelSize};
use std::time::Duration;

/// Where a frame goes: a box of whole cells. The frame is as large as the box in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The top left cell.
    pub at: CellPosition,
    /// The box in cells.
    pub size: CellSize,
    /// One cell in pixels.
    pub cell: CellPixels,
}

impl Placement {
    /// The box in pixels: the size a frame for it must have.
    #[must_use]
    pub fn pixels(&self) -> PixelSize {
        self.size.pixels(self.cell)
    }
}

/// How an encoder wants to be fed, from the cheapest for the terminal to the dearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Load a clip's poses once, then [`Encoder::play`]: the terminal keeps time itself.
    Loop,
    /// Load a clip's poses once, then [`Encoder::show`] each when its time comes.
    Flip,
    /// [`Encoder::encode`] every frame.
    Stream,
    /// [`Encoder::draw_text`] of poses drawn by hand where there are some, else as `Stream`.
    Text,
}

/// A clip's number, chosen by the caller, unique in one encoder's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClipId(pub u16);

/// One pose of a clip that the terminal is to hold.
#[derive(Clone, Debug)]
pub struct Pose {
    /// The picture.
    pub frame: Frame,
    /// How long it stays.
    pub gap: Duration,
}

/// Why a frame could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The frame is not as large as its box.
    #[error("the frame is {frame} pixels but its box is {expected}")]
    WrongSize {
        /// The frame.
        frame: PixelSize,
        /// The box.
        expected: PixelSize,
    },
    /// The clip was never loaded, or has no such pose.
    #[error("clip {0} is not loaded, or has no such pose")]
    NotLoaded(u16),
    /// The picture could not be compressed.
    #[error("the picture could not be compressed")]
    Compression,
    /// The box has more cells than are drawn one by one.
    #[error("a box of text may have at most {most} cells")]
    TooManyCells {
        /// The limit.
        most: usize,
    },
    /// This protocol cannot do that.
    #[error("the {0} protocol cannot do that")]
    Unsupported(&'static str),
}

/// Turns frames into one protocol's bytes. Bytes are appended to `out`, which the caller owns.
pub trait Encoder: Send {
    /// How it wants to be fed.
    fn feed(&self) -> Feed;

    /// Draws one frame, in place of whatever this encoder drew before.
    ///
    /// # Errors
    /// When the frame does not fit its box or cannot be compressed.
    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;

    /// Takes what is drawn off the screen; loaded clips stay loaded.
    fn erase(&mut self, out: &mut Vec<u8>);

    /// Takes everything of ours off the screen and out of the terminal's memory. Whatever was
    /// drawn or loaded is forgotten, and the encoder may be used anew.
    fn reset(&mut self, out: &mut Vec<u8>);

    /// Appends what takes everything of ours off the screen and out of the terminal's memory, and
    /// changes nothing in the encoder. For bytes kept ready for a sudden end: a signal handler may
    /// write them and must not ask anybody then. Like [`Encoder::reset`], it needs no answer.
    ///
    /// After [`Encoder::invalidate`] and before the next frame, cells are left alone: somebody
    /// else's text may stand in them.
    fn farewell(&self, out: &mut Vec<u8>);

    /// Told when somebody else may have wiped or scrolled the screen: the next call draws all anew
    /// (the terminal may or may not still hold loaded clips; kitty frees them on `CSI 2 J`).
    fn invalidate(&mut self);

    /// Puts what is shown where it is once more, and asks to be told if the terminal no longer has it:
    /// only then is there an answer, with one of our ids ([`Encoder::owns`]). Nothing where that
    /// cannot be asked.
    fn check(&mut self, _out: &mut Vec<u8>) {}

    /// Whether that is one of the ids by which it names pictures to the terminal.
    fn owns(&self, _image: u32) -> bool {
        false
    }

    /// Whether it would like to see some of that clip's frames before the first of them is encoded
    /// ([`Encoder::learn_colors`]).
    fn wants_colors(&self, _clip: ClipId) -> bool {
        false
    }

    /// Told what colours a clip has, by some of its frames at any size, so that all of the clip can
    /// have one palette.
    fn learn_colors(&mut self, _clip: ClipId, _samples: &[Frame]) {}

    /// Loads a clip's poses. Each frame must be as large as the box they are shown in.
    ///
    /// # Errors
    /// When the protocol holds no clips ([`Feed::Stream`], [`Feed::Text`]) or compression fails.
    fn load(
        &mut self,
        _clip: ClipId,
        _poses: &[Pose],
        _out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        Err(EncodeError::Unsupported("streamed"))
    }

    /// Whether that clip is loaded.
    fn is_loaded(&self, _clip: ClipId) -> bool {
        false
    }

    /// Shows one pose of a loaded clip, standing still.
    ///
    /// # Errors
    /// When the clip is not loaded.
    fn show(
        &mut self,
        clip: ClipId,
        _pose: usize,
        _at: &Placement,
        _out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        Err(EncodeError::NotLoaded(clip.0))
    }

    /// Has the terminal play a loaded clip by itself from its first pose, `looping` for ever or
    /// once (it then stays on the last pose). Only [`Feed::Loop`] encoders can.
    ///
    /// # Errors
    /// When the clip is not loaded.
    fn play(
        &mut self,
        clip: ClipId,
        _looping: bool,
        _at: &Placement,
        _out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        Err(EncodeError::NotLoaded(clip.0))
    }

    /// What poses it wants that are drawn by hand ([`Feed::Text`]).
    fn letters(&self) -> Letters {
        Letters::Ascii
    }

    /// Draws a pose drawn by hand, at the bottom of its box, centred; only [`Feed::Text`] can.
    ///
    /// # Errors
    /// When the protocol shows pixels only.
    fn draw_text(
        &mut self,
        _art: &TextArt,
        _at: &Placement,
        _out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        Err(EncodeError::Unsupported("pixel"))
    }

    /// Whether its pictures are above the text, so that they cover it without taking its place: they
    /// are taken away without a cell being touched, and move with the rows they were put on.
    fn floats(&self) -> bool {
        false
    }

    /// Puts what is shown where it was put before, without a change to it: for a picture that
    /// [floats](Encoder::floats) and has moved with the text.
    fn put_again(&mut self, _out: &mut Vec<u8>) {}

    /// Appends what takes a picture that [floats](Encoder::floats) off the screen, and changes nothing in
    /// the encoder: for when what is encoded next never reaches the terminal.
    fn retract(&self, _out: &mut Vec<u8>) {}

    /// Whether the terminal keeps every picture that it was ever sent, so that few should be.
    fn hoards(&self) -> bool {
        false
    }

    /// Whether its bytes move the cursor, so that they must stand between a save and a restore.
    fn moves_cursor(&self) -> bool {
        true
    }
}

/// Appends what blanks a box of cells, with the colours that are set.
pub fn wipe(at: &Placement, out: &mut Vec<u8>) {
    cells::wipe_box(at, out);
}

/// Appends CUP (ECMA-48 §8.3.21): the cursor to `at`.
pub(crate) fn cursor_to(at: CellPosition, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let _ = write!(out, "\x1b[{};{}H", u32::from(at.row) + 1, u32::from(at.col) + 1);
}

/// Checks that `frame` is as large as its box.
pub(crate) fn check_size(frame: &Frame, at: &Placement) -> Result<(), EncodeError> {
    let expected = at.pixels();
    let frame = frame.size();
    if frame == expected { Ok(()) } else { Err(EncodeError::WrongSize { frame, expected }) }
}

/// Checks that all poses of a clip have the first one's size.
pub(crate) fn check_alike(poses: &[Pose]) -> Result<(), EncodeError> {
    let mut sizes = poses.iter().map(|pose| pose.frame.size());
    let Some(expected) = sizes.next() else {
        return Ok(());
    };
    match sizes.find(|frame| *frame != expected) {
        Some(frame) => Err(EncodeError::WrongSize { frame, expected }),
        None => Ok(()),
    }
}
