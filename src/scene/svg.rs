//! Static SVG through usvg and resvg.

use super::{Scene, SceneError, Segment};
use crate::frame::Frame;
use std::time::Duration;

/// A still picture.
pub struct SvgScene;

impl SvgScene {
    /// Reads the text of an SVG file.
    ///
    /// # Errors
    /// When it is not a readable SVG.
    pub fn parse(_text: &[u8]) -> Result<Self, SceneError> {
        Err(SceneError::Svg("not yet".into()))
    }
}

impl Scene for SvgScene {
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
