//! Lottie: wire → model → evaluate → draw.

use crate::frame::Frame;
use crate::scene::{Scene, SceneError, Segment};
use std::time::Duration;

/// An animation.
pub struct LottieScene;

impl LottieScene {
    /// Reads the text of a Lottie JSON file.
    ///
    /// # Errors
    /// When it is not a readable SVG.
    pub fn parse(_text: &[u8]) -> Result<Self, SceneError> {
        Err(SceneError::Lottie("not yet".into()))
    }
}

impl Scene for LottieScene {
    fn aspect(&self) -> f32 {
        1.0
    }
    fn duration(&self) -> Duration {
        Duration::ZERO
    }
    fn frame_rate(&self) -> f32 {
        0.0
    }
    fn segments(&self) -> &[Segment] {
        &[]
    }
    fn draw(&mut self, _at: Duration, _frame: &mut Frame) {}
}
