//! All pets and clips as one picture: `cargo run --example gallery -- [OUT.png] [SIDE]`
//!
//! A row a pet, a column a clip, the clips' key poses side by side on a dark ground.

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::units::PixelSize;
use std::error::Error;
use tiny_skia::{Color, Pixmap, PixmapPaint, Transform};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "gallery.png".into());
    let side: u32 = args.next().map_or(Ok(128), |side| side.parse())?;
    let pets = catalog::names().into_iter().map(catalog::load).collect::<Result<Vec<_>, _>>()?;
    let columns = pets.iter().map(|pet| pet.clips().len()).max().unwrap_or(0);
    let size = (u32::try_from(columns)? * side, u32::try_from(pets.len())? * side);
    let mut gallery = Pixmap::new(size.0, size.1).ok_or("the picture would be too large")?;
    gallery.fill(Color::from_rgba8(0x1a, 0x1b, 0x26, 255));
    let mut frame = Frame::new(PixelSize::new(side, side))?;
    for (row, pet) in (0..).zip(&pets) {
        let mut scene = pet.scene()?;
        for (column, clip) in (0..).zip(pet.clips()) {
            scene.draw(clip.start + clip.key, &mut frame);
            let (x, y) = (i32::try_from(column * side)?, i32::try_from(row * side)?);
            let over = PixmapPaint::default();
            gallery.draw_pixmap(x, y, frame.pixmap().as_ref(), &over, Transform::identity(), None);
        }
    }
    Ok(gallery.save_png(path)?)
}
