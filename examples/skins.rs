//! All pets in all skins as one picture: `cargo run --example skins -- [OUT.png] [SIDE]`
//!
//! A row a skin, a column a pet, on dark ground and then on light.

use buddy_render::frame::Frame;
use buddy_render::pet::sheet::ground_color;
use buddy_render::pet::skin::{Ground, Outfit};
use buddy_render::pet::{Pet, catalog};
use buddy_render::units::PixelSize;
use std::error::Error;
use tiny_skia::{Color, Pixmap, PixmapPaint, Transform};

/// What each pet is seen doing.
const CLIPS: [&str; 5] = ["idle", "alert", "idle-2", "happy", "alert"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "skins.png".into());
    let side: u32 = args.next().map_or(Ok(128), |side| side.parse())?;
    let pets = catalog::names().into_iter().map(catalog::load).collect::<Result<Vec<_>, _>>()?;
    let skins: Vec<String> = pets[0].skins().into_iter().map(str::to_owned).collect();
    let columns = u32::try_from(pets.len())?;
    let size = (columns * 2 * side, u32::try_from(skins.len())? * side);
    let mut picture = Pixmap::new(size.0, size.1).ok_or("the picture would be too large")?;
    for (half, ground) in (0..).zip([Ground::Dark, Ground::Light]) {
        let mut panel = Pixmap::new(columns * side, size.1).ok_or("too large")?;
        let [r, g, b] = ground_color(ground);
        panel.fill(Color::from_rgba8(r, g, b, 255));
        for (row, skin) in (0..).zip(&skins) {
            let outfit = Outfit { skin: Some(skin.clone()), ground };
            for (column, (pet, clip)) in (0..).zip(pets.iter().zip(CLIPS)) {
                let frame = posed(pet, clip, &outfit, side)?;
                paste(&mut panel, frame.pixmap(), [column * side, row * side])?;
            }
        }
        paste(&mut picture, &panel, [half * columns * side, 0])?;
    }
    Ok(picture.save_png(path)?)
}

fn posed(pet: &Pet, clip: &str, outfit: &Outfit, side: u32) -> Result<Frame, Box<dyn Error>> {
    let clip = pet.clip(pet.resolve_clip(clip)).ok_or("a pet has its clips")?;
    let mut frame = Frame::new(PixelSize::new(side, side))?;
    pet.scene_in(outfit)?.draw(clip.start + clip.key, &mut frame);
    Ok(frame)
}

fn paste(on: &mut Pixmap, picture: &Pixmap, [x, y]: [u32; 2]) -> Result<(), Box<dyn Error>> {
    let (x, y) = (i32::try_from(x)?, i32::try_from(y)?);
    let over = PixmapPaint::default();
    on.draw_pixmap(x, y, picture.as_ref(), &over, Transform::identity(), None);
    Ok(())
}
