//! Contact sheets: every clip of a pet at many times, in one picture.

use super::{Pet, PetError};
use crate::frame::{Frame, FrameSizeError};
use crate::units::PixelSize;
use tiny_skia::{Color, Paint, PixmapPaint, Rect, Transform};

/// Why a sheet could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// The pet's drawing could not be opened.
    #[error(transparent)]
    Pet(#[from] PetError),
    /// The sheet would be too large.
    #[error("the sheet is too large ({0}): make --size or --columns smaller")]
    Size(#[from] FrameSizeError),
}

/// What a pet is looked at on: its left half stands for a dark terminal, its right for a light one.
const DARK: [u8; 3] = [0x1a, 0x1b, 0x26];
const LIGHT: [u8; 3] = [0xf4, 0xf1, 0xea];

/// Draws every clip of `pet`, a row each: first the key pose on light, then `columns` moments from
/// the clip's first to its last on dark, each picture `size` pixels wide and high. Opaque.
///
/// # Errors
/// When the drawing cannot be opened, or the sheet would be larger than a frame may be.
pub fn draw(pet: &Pet, size: u32, columns: u32) -> Result<Frame, SheetError> {
    let mut scene = pet.scene().map_err(PetError::from)?;
    let rows = u32::try_from(pet.clips().len()).unwrap_or(u32::MAX);
    let (width, height) =
        (size.saturating_mul(columns.saturating_add(1)), size.saturating_mul(rows));
    let mut sheet = Frame::new(PixelSize::new(width, height))?;
    ground(&mut sheet, 0, size, LIGHT);
    ground(&mut sheet, size, width, DARK);
    let mut picture = Frame::new(PixelSize::new(size, size))?;
    for (row, clip) in (0..).zip(pet.clips()) {
        for column in 0..=columns {
            let at = match column.checked_sub(1) {
                None => clip.key,
                Some(index) => clip.duration * index / columns.saturating_sub(1).max(1),
            };
            scene.draw(clip.start + at, &mut picture);
            paste(&mut sheet, &picture, column * size, row * size);
        }
    }
    Ok(sheet)
}

/// Paints the columns of pixels from `left` to `right`.
fn ground(sheet: &mut Frame, left: u32, right: u32, [r, g, b]: [u8; 3]) {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(r, g, b, 255));
    #[expect(clippy::cast_precision_loss, reason = "a frame's sides are below 2^24")]
    let edges = (left as f32, right as f32, sheet.size().height as f32);
    if let Some(rect) = Rect::from_ltrb(edges.0, 0.0, edges.1, edges.2) {
        sheet.pixmap_mut().fill_rect(rect, &paint, Transform::identity(), None);
    }
}

fn paste(sheet: &mut Frame, picture: &Frame, x: u32, y: u32) {
    let (Ok(x), Ok(y)) = (i32::try_from(x), i32::try_from(y)) else {
        return;
    };
    let over = PixmapPaint::default();
    sheet.pixmap_mut().draw_pixmap(
        x,
        y,
        picture.pixmap().as_ref(),
        &over,
        Transform::identity(),
        None,
    );
}
