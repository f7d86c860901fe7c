//! What the targets of the scenes share.

use buddy_render::frame::Frame;
use buddy_render::scene::Scene;
use buddy_render::units::PixelSize;

/// Draws the beginning, the middle and the end, small: what costs much there costs much anywhere.
pub fn thrice(scene: &mut dyn Scene) {
    let mut frame = Frame::new(PixelSize::new(64, 64)).expect("64 pixels are a size");
    for part in 0..3 {
        let at = scene.duration() * part / 2;
        scene.draw(at, &mut frame);
    }
}
