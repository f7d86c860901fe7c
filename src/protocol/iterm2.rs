//! iTerm2's inline images (OSC 1337): a picture, or a GIF that plays by itself, in cells.
//!
//! Source: <https://iterm2.com/documentation-images.html>; what we send and why is told in
//! `protocols/iterm2.md` and `protocols/iterm3.md`. Terminals keep each picture with their
//! scrollback, so upload once rather than stream.

use super::cells::wipe_box;
use super::gif::{self, Gif};
use super::passthrough::Passthrough;
use super::{
    ClipId, EncodeError, Encoder, Feed, Placement, Pose, check_alike, check_size, cursor_to,
};
use crate::frame::Frame;
use crate::units::CellSize;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ImageEncoder as _;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::collections::BTreeMap;

/// How an [`Iterm2`] encoder is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Iterm2Config {
    /// Whether to send pictures in parts (`MultipartFile`, iTerm2 3.5 and later). Konsole before
    /// 26.08, mlterm, xterm.js and WezTerm know only the single sequence.
    pub multipart: bool,
    /// The colour below the picture, where it is known: a GIF's half-transparent pixels are mixed
    /// with it. Without, they are opaque from alpha 128 on.
    pub background: Option<[u8; 3]>,
    /// The multiplexer between.
    pub passthrough: Passthrough,
}

/// The encoder for iTerm2's inline images.
#[derive(Debug)]
pub struct Iterm2 {
    config: Iterm2Config,
    clips: BTreeMap<ClipId, Clip>,
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Clip {
    poses: Vec<Frame>,
    gif: Gif,
}

#[derive(Debug)]
struct Shown {
    at: Placement,
    /// The still picture, premultiplied; none while a GIF plays.
    still: Option<Vec<u8>>,
}

/// The base64 characters of a part: whole quanta, and two parts with their keys in what is written
/// at once, so that an upload waits for the terminal like any other. (iTerm2 and tmux read at most
/// 1,048,576 bytes in one sequence.)
const PART: usize = 4032;

impl Iterm2 {
    /// An encoder that has drawn nothing yet.
    #[must_use]
    pub fn new(config: Iterm2Config) -> Self {
        Self { config, clips: BTreeMap::new(), shown: None }
    }

    fn osc(&self, body: &str, out: &mut Vec<u8>) {
        let sequence = format!("\x1b]1337;{body}\x07");
        self.config.passthrough.wrap(sequence.as_bytes(), out);
    }

    /// The size is given in cells, which is right on every pixel density. The box has the picture's
    /// own shape, so `preserveAspectRatio` changes nothing but rounding, and 0 fills the box.
    /// `doNotMoveCursor` is WezTerm's; others ignore it.
    fn file(&self, file: &[u8], box_size: CellSize, out: &mut Vec<u8>) {
        let args = format!(
            "size={};width={};height={};preserveAspectRatio=0;inline=1;doNotMoveCursor=1",
            file.len(),
            box_size.cols,
            box_size.rows
        );
        let data = STANDARD.encode(file);
        if !self.config.multipart {
            return self.osc(&format!("File={args}:{data}"), out);
        }
        self.osc(&format!("MultipartFile={args}"), out);
        let mut rest = data.as_str();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(PART));
            self.osc(&format!("FilePart={part}"), out);
            rest = after;
        }
        self.osc("FileEnd", out);
    }

    fn still(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        check_size(frame, at)?;
        let data = frame.pixmap().data();
        let held = |s: &Shown| s.at == *at && s.still.as_deref() == Some(data);
        if self.shown.as_ref().is_some_and(held) {
            return Ok(());
        }
        let file = png(frame)?;
        self.erase(out);
        if frame.pixmap().pixels().iter().any(|p| p.alpha() > 0) {
            cursor_to(at.at, out);
            self.file(&file, at.size, out);
        }
        let still = Some(data.to_vec());
        self.shown = Some(Shown { at: *at, still });
        Ok(())
    }
}

impl Encoder for Iterm2 {
    fn feed(&self) -> Feed {
        Feed::Loop
    }

    /// In the memory of its scrollback.
    fn hoards(&self) -> bool {
        true
    }

    fn encode(
        &mut self,
        frame: &Frame,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.still(frame, at, out)
    }

    fn erase(&mut self, out: &mut Vec<u8>) {
        self.farewell(out);
        self.shown = None;
    }

    fn reset(&mut self, out: &mut Vec<u8>) {
        self.erase(out);
        self.clips.clear();
    }

    /// The terminal frees a picture whose cells are overwritten; it keeps no others of ours.
    fn farewell(&self, out: &mut Vec<u8>) {
        if let Some(shown) = &self.shown {
            wipe_box(&shown.at, out);
        }
    }

    fn invalidate(&mut self) {
        self.shown = None;
    }

    /// Encodes the GIF; nothing is sent before it is played.
    fn load(
        &mut self,
        clip: ClipId,
        poses: &[Pose],
        _out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if poses.is_empty() {
            return Ok(());
        }
        check_alike(poses)?;
        let gif = gif::encode(poses, self.config.background)?;
        let poses = poses.iter().map(|pose| pose.frame.clone()).collect();
        self.clips.insert(clip, Clip { poses, gif });
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
        let frame = self.clips.get(&clip).and_then(|c| c.poses.get(pose));
        let frame = frame.ok_or(EncodeError::NotLoaded(clip.0))?.clone();
        self.still(&frame, at, out)
    }

    fn play(
        &mut self,
        clip: ClipId,
        looping: bool,
        at: &Placement,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let held = self.clips.get(&clip);
        let held = held.ok_or(EncodeError::NotLoaded(clip.0))?;
        if let Some(frame) = held.poses.first() {
            check_size(frame, at)?;
        }
        let file = held.gif.file(looping);
        self.erase(out);
        cursor_to(at.at, out);
        self.file(&file, at.size, out);
        self.shown = Some(Shown { at: *at, still: None });
        Ok(())
    }
}

/// The frame as a PNG file.
fn png(frame: &Frame) -> Result<Vec<u8>, EncodeError> {
    let mut data = Vec::new();
    let size = frame.size();
    PngEncoder::new_with_quality(&mut data, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            &frame.to_straight_rgba(),
            size.width,
            size.height,
            image::ExtendedColorType::Rgba8,
        )
        .map_err(|_| EncodeError::Compression)?;
    Ok(data)
}
