//! Scenes seen from outside: what is loaded, what is drawn, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod dotlottie;
mod incremental;
mod lottie;
mod malformed;
mod svg;

use buddy_render::frame::Frame;
use buddy_render::scene::Scene;
use buddy_render::units::PixelSize;
use std::path::PathBuf;
use std::time::Duration;

/// A file of `fixtures/`.
fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// Draws a scene in a frame of this size.
fn drawn(scene: &mut dyn Scene, at: Duration, width: u32, height: u32) -> Frame {
    let mut frame = Frame::new(PixelSize::new(width, height)).unwrap();
    scene.draw(at, &mut frame);
    frame
}

/// The premultiplied pixel at a place.
fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
    let p = frame.pixmap().pixel(x, y).unwrap();
    [p.red(), p.green(), p.blue(), p.alpha()]
}
