//! Contact sheets: every clip of a pet at many times, in its skins, in one picture.

use super::skin::{Ground, Outfit};
use super::{Clip, Pet, PetError};
use crate::frame::{Frame, FrameSizeError};
use crate::scene::Scene;
use crate::units::PixelSize;
use std::time::Duration;
use tiny_skia::{Color, Paint, PixmapPaint, Rect, Transform};

/// Why a sheet could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// The pet's drawing could not be opened.
    #[error(transparent)]
    Pet(#[from] PetError),
    /// The sheet would be too large.
    #[error(
        "the sheet is too large ({0}): ask for fewer skins, or make --size or --columns smaller"
    )]
    Size(#[from] FrameSizeError),
}

/// What a sheet shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The skins, one below the other.
    pub skins: Vec<String>,
    /// The sides of a picture in pixels; for each, all of the skins.
    pub sizes: Vec<u32>,
    /// How many moments of a clip, from its first to its last; 0 for its key pose alone.
    pub columns: u32,
}

/// What a pet is looked at on.
#[must_use]
pub const fn ground_color(ground: Ground) -> [u8; 3] {
    match ground {
        Ground::Dark => [0x1a, 0x1b, 0x26],
        Ground::Light => [0xf4, 0xf1, 0xea],
    }
}

/// Draws a sheet. Opaque.
///
/// With moments, a clip is a row: first its key pose on light ground, then the moments on dark. Key
/// poses alone stand side by side, in a row on dark ground and one on light.
///
/// # Errors
/// When the drawing cannot be opened, or the sheet would be larger than a frame may be.
pub fn draw(pet: &Pet, plan: &Plan) -> Result<Frame, SheetError> {
    let clips = u32::try_from(pet.clips().len()).unwrap_or(u32::MAX);
    let skins = u32::try_from(plan.skins.len()).unwrap_or(u32::MAX);
    let (across, down) = match plan.columns {
        0 => (clips, skins.saturating_mul(2)),
        columns => (columns.saturating_add(1), skins.saturating_mul(clips)),
    };
    let widest = plan.sizes.iter().copied().max().unwrap_or(0);
    let height =
        plan.sizes.iter().fold(0_u32, |sum, size| sum.saturating_add(size.saturating_mul(down)));
    let size = PixelSize::new(widest.saturating_mul(across), height);
    let mut sheet = Sheet { frame: Frame::new(size)?, top: 0, side: 0 };
    for side in &plan.sizes {
        sheet.side = *side;
        for skin in &plan.skins {
            let scene = |ground| {
                let outfit = Outfit { skin: Some(skin.clone()), ground };
                pet.scene_in(&outfit).map_err(PetError::from)
            };
            let mut scenes = [scene(Ground::Dark)?, scene(Ground::Light)?];
            match plan.columns {
                0 => sheet.key_poses(pet, &mut scenes)?,
                columns => sheet.clips(pet, &mut scenes, columns)?,
            }
        }
    }
    Ok(sheet.frame)
}

/// A sheet in the making.
struct Sheet {
    frame: Frame,
    /// Where the next row goes.
    top: u32,
    side: u32,
}

/// The same drawing for dark ground and for light.
type Scenes = [Box<dyn Scene>; 2];

impl Sheet {
    fn key_poses(&mut self, pet: &Pet, scenes: &mut Scenes) -> Result<(), SheetError> {
        for (scene, ground) in scenes.iter_mut().zip([Ground::Dark, Ground::Light]) {
            let poses: Vec<Duration> =
                pet.clips().iter().map(|clip| clip.start + clip.key).collect();
            self.ground(0, self.frame.size().width, ground);
            self.row(scene.as_mut(), 0, &poses)?;
            self.top += self.side;
        }
        Ok(())
    }

    fn clips(&mut self, pet: &Pet, scenes: &mut Scenes, columns: u32) -> Result<(), SheetError> {
        let [dark, light] = scenes;
        for clip in pet.clips() {
            self.ground(0, self.side, Ground::Light);
            self.ground(self.side, self.frame.size().width, Ground::Dark);
            self.row(light.as_mut(), 0, &[clip.start + clip.key])?;
            self.row(dark.as_mut(), self.side, &moments(clip, columns))?;
            self.top += self.side;
        }
        Ok(())
    }

    /// Pictures side by side, from the column of pixels `left` on.
    fn row(&mut self, scene: &mut dyn Scene, left: u32, at: &[Duration]) -> Result<(), SheetError> {
        let mut picture = Frame::new(PixelSize::new(self.side, self.side))?;
        for (column, at) in (0..).zip(at) {
            scene.draw(*at, &mut picture);
            let x = i32::try_from(left + column * self.side).unwrap_or(i32::MAX);
            let y = i32::try_from(self.top).unwrap_or(i32::MAX);
            let (from, over) = (picture.pixmap().as_ref(), PixmapPaint::default());
            let sheet = self.frame.pixmap_mut();
            sheet.draw_pixmap(x, y, from, &over, Transform::identity(), None);
        }
        Ok(())
    }

    /// Paints the row's ground from the column of pixels `left` to `right`.
    fn ground(&mut self, left: u32, right: u32, ground: Ground) {
        let [r, g, b] = ground_color(ground);
        let mut paint = Paint::default();
        paint.set_color(Color::from_rgba8(r, g, b, 255));
        #[expect(clippy::cast_precision_loss, reason = "a frame's sides are below 2^24")]
        let edges = [left, self.top, right, self.top + self.side].map(|edge| edge as f32);
        if let Some(rect) = Rect::from_ltrb(edges[0], edges[1], edges[2], edges[3]) {
            self.frame.pixmap_mut().fill_rect(rect, &paint, Transform::identity(), None);
        }
    }
}

/// So many moments of a clip, from its first to its last.
fn moments(clip: &Clip, count: u32) -> Vec<Duration> {
    (0..count)
        .map(|index| clip.start + clip.duration * index / count.saturating_sub(1).max(1))
        .collect()
}
