//! Sprite sheets: one picture, cut into equal cells, and clips that say which cell is seen for how
//! long.
//!
//! The sheet's size is known when it is opened; its pixels are decoded when the first frame is
//! drawn, once for all scenes of a pet. A sheet stays one picture rather than a Lottie of embedded
//! PNGs: a Lottie would decode every frame when it is opened, and its engine would resample each by
//! way of a matrix, where cells need no more than the mean of the pixels beneath each pixel.

mod resample;

use super::fit::fit;
use super::{Scene, SceneError, Segment};
use crate::frame::{Frame, Imprint};
use crate::units::{PixelRect, PixelSize};
use resample::Window;
use std::io::Cursor;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tiny_skia::{ColorU8, Pixmap};

/// The largest width or height of a sheet, in pixels. Decoded it takes 64 MB at most, kept as long
/// as a scene of it is.
pub const MAX_SHEET_SIDE: u32 = 4096;
/// What a decoder may take beside the pixels that it gives back, in bytes.
const MAX_DECODER_BYTES: u64 = 80 << 20;
/// The most cells of a sheet.
pub const MAX_CELLS: u32 = 256;
/// The most clips of a sheet.
pub const MAX_SPRITE_CLIPS: usize = 64;
/// The most frames of a clip.
pub const MAX_CLIP_FRAMES: usize = 256;
/// The shortest that a frame may be seen: 60 frames a second, less what milliseconds round away.
pub const MIN_FRAME: Duration = Duration::from_millis(16);
/// The longest that a frame may be seen.
pub const MAX_FRAME: Duration = Duration::from_secs(60);

/// A cell that is seen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpriteFrame {
    /// Which cell, counted from the top left, row by row.
    pub cell: u32,
    /// For how long.
    pub duration: Duration,
}

/// Frames with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpriteClip {
    /// Its name.
    pub name: String,
    /// Its frames, at least one.
    pub frames: Vec<SpriteFrame>,
}

/// A sheet that is not decoded yet.
#[derive(Clone)]
pub struct Sheet {
    picture: Arc<Picture>,
    cell: PixelSize,
    columns: u32,
    clips: Vec<SpriteClip>,
}

struct Picture {
    bytes: Vec<u8>,
    pixels: OnceLock<Option<Pixmap>>,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = (self.cell, self.columns, self.clips.len());
        write!(f, "Sheet{shown:?}")
    }
}

/// The size of a PNG, WebP or GIF, from its header alone.
///
/// # Errors
/// When it is none of these, or a side is over [`MAX_SHEET_SIDE`].
pub fn picture_size(bytes: &[u8]) -> Result<PixelSize, SceneError> {
    let too_large = SceneError::Limit {
        what: "the picture's width or height in pixels",
        limit: MAX_SHEET_SIDE.into(),
    };
    let size = reader(bytes)?.into_dimensions();
    let (width, height) = match size {
        Err(image::ImageError::Limits(_)) => return Err(too_large),
        size => size.map_err(unreadable)?,
    };
    if width.max(height) > MAX_SHEET_SIDE {
        return Err(too_large);
    }
    Ok(PixelSize::new(width, height))
}

impl Sheet {
    /// Takes the bytes of a PNG or WebP, the size of its cells, and its clips.
    ///
    /// # Errors
    /// When the cells do not cover the picture exactly, a limit is passed, or a clip has no frame
    /// or one outside of the sheet.
    pub fn new(
        bytes: Vec<u8>,
        cell: PixelSize,
        clips: Vec<SpriteClip>,
    ) -> Result<Self, SceneError> {
        let size = picture_size(&bytes)?;
        let fits = |whole: u32, part: u32| part > 0 && whole > 0 && whole.is_multiple_of(part);
        if !fits(size.width, cell.width) || !fits(size.height, cell.height) {
            return Err(SceneError::Sprites(format!(
                "cells of {cell} do not cover the sheet of {size} exactly"
            )));
        }
        let columns = size.width / cell.width;
        let cells = columns.saturating_mul(size.height / cell.height);
        limit("the number of the sheet's cells", cells.into(), MAX_CELLS.into())?;
        limit("the number of the sheet's clips", clips.len() as u64, MAX_SPRITE_CLIPS as u64)?;
        for clip in &clips {
            check(clip, cells)?;
        }
        let picture = Arc::new(Picture { bytes, pixels: OnceLock::new() });
        Ok(Self { picture, cell, columns, clips })
    }

    /// Decodes the sheet, if that was not done yet.
    ///
    /// # Errors
    /// When the picture cannot be decoded.
    pub fn decode(&self) -> Result<&Pixmap, SceneError> {
        let pixels = self.picture.pixels.get_or_init(|| decoded(&self.picture.bytes));
        pixels.as_ref().ok_or_else(|| SceneError::Sprites("its picture is broken".to_owned()))
    }

    /// The size of a cell.
    #[must_use]
    pub fn cell(&self) -> PixelSize {
        self.cell
    }

    /// The clips.
    #[must_use]
    pub fn clips(&self) -> &[SpriteClip] {
        &self.clips
    }

    /// The pixels of a cell, of its own size; transparent where the sheet cannot be decoded.
    ///
    /// # Errors
    /// When a cell is larger than a frame may be.
    pub fn frame(&self, cell: u32) -> Result<Frame, crate::frame::FrameSizeError> {
        let mut frame = Frame::new(self.cell)?;
        if let Ok(sheet) = self.decode() {
            resample::draw(sheet, self.window(cell), frame.pixmap_mut(), Placed::whole(self.cell));
        }
        Ok(frame)
    }

    fn window(&self, cell: u32) -> Window {
        let (column, row) = (cell % self.columns, cell / self.columns);
        Window { x: column * self.cell.width, y: row * self.cell.height, size: self.cell }
    }
}

/// Where in a frame a cell lies, in pixels.
#[derive(Clone, Copy)]
struct Placed {
    left: f64,
    top: f64,
    scale: f64,
}

impl Placed {
    fn whole(cell: PixelSize) -> Self {
        let at = fit(cell.width.into(), cell.height.into(), cell);
        Self { left: at.left, top: at.top, scale: at.scale }
    }
}

fn check(clip: &SpriteClip, cells: u32) -> Result<(), SceneError> {
    let name = || clip.name.chars().take(32).collect::<String>();
    limit("the number of a clip's frames", clip.frames.len() as u64, MAX_CLIP_FRAMES as u64)?;
    let wrong = |what: &str| Err(SceneError::Sprites(format!("the clip {:?}: {what}", name())));
    if clip.frames.is_empty() {
        return wrong("has no frame");
    }
    for frame in &clip.frames {
        if frame.cell >= cells {
            return wrong(&format!("names cell {}, and the last is {}", frame.cell, cells - 1));
        }
        if !(MIN_FRAME..=MAX_FRAME).contains(&frame.duration) {
            return wrong("each frame is seen for 1/60 to 60 s");
        }
    }
    Ok(())
}

fn limit(what: &'static str, count: u64, limit: u64) -> Result<(), SceneError> {
    if count > limit { Err(SceneError::Limit { what, limit }) } else { Ok(()) }
}

fn reader(bytes: &[u8]) -> Result<image::ImageReader<Cursor<&[u8]>>, SceneError> {
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| SceneError::Sprites(error.to_string()))?;
    let known = [image::ImageFormat::Png, image::ImageFormat::WebP, image::ImageFormat::Gif];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(SceneError::Sprites("its picture is not a PNG or WebP".to_owned()));
    }
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SHEET_SIDE);
    limits.max_image_height = Some(MAX_SHEET_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    Ok(reader)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unreadable(error: image::ImageError) -> SceneError {
    SceneError::Sprites(format!("its picture cannot be read: {error}"))
}

/// The sheet, premultiplied, in the decoder's own memory.
fn decoded(bytes: &[u8]) -> Option<Pixmap> {
    let image = reader(bytes).ok()?.decode().ok()?.into_rgba8();
    let size = tiny_skia::IntSize::from_wh(image.width(), image.height())?;
    let mut data = image.into_raw();
    for pixel in data.chunks_exact_mut(4) {
        let c = ColorU8::from_rgba(pixel[0], pixel[1], pixel[2], pixel[3]).premultiply();
        pixel.copy_from_slice(&[c.red(), c.green(), c.blue(), c.alpha()]);
    }
    Pixmap::from_vec(data, size)
}

/// A sheet as a scene: its clips one after another, each a segment.
pub struct SpriteScene {
    sheet: Sheet,
    segments: Vec<Segment>,
    /// When each cell comes, over all clips.
    cues: Vec<(Duration, u32)>,
    duration: Duration,
    /// The cell that was drawn last.
    last: Option<(Imprint, u32)>,
}

impl SpriteScene {
    /// Lines the clips up.
    #[must_use]
    pub fn new(sheet: Sheet) -> Self {
        let (mut segments, mut cues, mut now) = (Vec::new(), Vec::new(), Duration::ZERO);
        for clip in &sheet.clips {
            let start = now;
            for frame in &clip.frames {
                cues.push((now, frame.cell));
                now += frame.duration;
            }
            segments.push(Segment { name: clip.name.clone(), start, duration: now - start });
        }
        Self { sheet, segments, cues, duration: now, last: None }
    }

    fn cell_at(&self, at: Duration) -> u32 {
        let next = self.cues.partition_point(|(from, _)| *from <= at);
        self.cues.get(next.saturating_sub(1)).map_or(0, |(_, cell)| *cell)
    }
}

impl Scene for SpriteScene {
    fn aspect(&self) -> f32 {
        let single = |side: u32| f32::from(u16::try_from(side).unwrap_or(u16::MAX));
        single(self.sheet.cell.width) / single(self.sheet.cell.height)
    }

    fn duration(&self) -> Duration {
        self.duration
    }

    /// What its shortest frame comes to.
    fn frame_rate(&self) -> f32 {
        let frames = self.sheet.clips.iter().flat_map(|clip| &clip.frames);
        let shortest = frames.map(|frame| frame.duration).min().unwrap_or(MAX_FRAME);
        (1.0 / shortest.as_secs_f32()).min(60.0)
    }

    fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Draws nothing where the frame still holds the cell; a sheet that cannot be decoded is
    /// transparent.
    fn draw(&mut self, at: Duration, frame: &mut Frame) {
        let cell = self.cell_at(at);
        if let Some((last, _)) =
            self.last.filter(|(last, shown)| frame.holds(*last) && *shown == cell)
        {
            return frame.sign(last, PixelRect::NONE);
        }
        let size = frame.size();
        let own = self.sheet.cell;
        let at = fit(own.width.into(), own.height.into(), size);
        let placed = Placed { left: at.left, top: at.top, scale: at.scale };
        let pixmap = frame.pixmap_mut();
        pixmap.fill(tiny_skia::Color::TRANSPARENT);
        if let Ok(sheet) = self.sheet.decode() {
            resample::draw(sheet, self.sheet.window(cell), pixmap, placed);
        }
        let imprint = Imprint::new();
        self.last = Some((imprint, cell));
        frame.sign(imprint, PixelRect::all(size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cells of 2×2: red, and half-transparent blue.
    fn sheet() -> Vec<u8> {
        let mut image = image::RgbaImage::new(4, 2);
        for (x, _, pixel) in image.enumerate_pixels_mut() {
            *pixel = image::Rgba(if x < 2 { [255, 0, 0, 255] } else { [0, 0, 255, 128] });
        }
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn clip(cells: &[u32], milliseconds: u64) -> SpriteClip {
        let duration = Duration::from_millis(milliseconds);
        let frames = cells.iter().map(|cell| SpriteFrame { cell: *cell, duration }).collect();
        SpriteClip { name: "idle".to_owned(), frames }
    }

    #[test]
    fn cells_are_seen_in_their_time_and_stay_what_they_are() {
        let sheet = Sheet::new(sheet(), PixelSize::new(2, 2), vec![clip(&[0, 1], 100)]).unwrap();
        let mut scene = SpriteScene::new(sheet);
        let mut frame = Frame::new(PixelSize::new(6, 4)).unwrap();
        scene.draw(Duration::from_millis(99), &mut frame);
        let row: Vec<_> =
            frame.pixmap().pixels()[..6].iter().map(|p| (p.red(), p.alpha())).collect();
        assert_eq!(row, [(0, 0), (255, 255), (255, 255), (255, 255), (255, 255), (0, 0)]);
        scene.draw(Duration::from_millis(50), &mut frame);
        assert!(frame.damage().is_empty());
        scene.draw(Duration::from_millis(100), &mut frame);
        let blue = frame.pixmap().pixels()[7];
        assert_eq!((blue.blue(), blue.alpha()), (128, 128));
    }

    #[test]
    fn what_is_off_the_grid_is_refused() {
        let open = |cell, clips| Sheet::new(sheet(), cell, clips);
        let two = PixelSize::new(2, 2);
        for (cell, clips) in [
            (PixelSize::new(3, 2), vec![clip(&[0], 100)]),
            (PixelSize::new(0, 2), vec![]),
            (two, vec![clip(&[2], 100)]),
            (two, vec![clip(&[], 100)]),
            (two, vec![clip(&[0], 15)]),
        ] {
            assert!(matches!(open(cell, clips), Err(SceneError::Sprites(_))));
        }
        assert!(open(two, vec![clip(&[1], 17)]).is_ok());
    }
}
