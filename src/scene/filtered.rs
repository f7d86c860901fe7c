//! A scene seen through filters: itself a scene, so that whoever draws it need not know.

use super::{Scene, Segment};
use crate::frame::Frame;
use crate::frame::filter::{Chain, Filter};
use std::time::Duration;

/// A scene and what is done to each picture of it.
pub struct Filtered {
    scene: Box<dyn Scene>,
    chain: Chain,
    /// The picture before the filters.
    plain: Option<Frame>,
}

impl Filtered {
    /// `scene` through `filters`, one after the other.
    #[must_use]
    pub fn new(scene: Box<dyn Scene>, filters: &[Filter]) -> Self {
        Self { scene, chain: Chain::new(filters), plain: None }
    }
}

impl Scene for Filtered {
    fn aspect(&self) -> f32 {
        self.scene.aspect()
    }

    fn duration(&self) -> Duration {
        self.scene.duration()
    }

    fn frame_rate(&self) -> f32 {
        self.scene.frame_rate()
    }

    fn segments(&self) -> &[Segment] {
        self.scene.segments()
    }

    /// Filters only what the scene drew anew.
    fn draw(&mut self, at: Duration, frame: &mut Frame) {
        let size = frame.size();
        let plain = self.plain.take().filter(|plain| plain.size() == size);
        // It has a frame's size, which is possible.
        let Some(mut plain) = plain.or_else(|| Frame::new(size).ok()) else { return };
        self.scene.draw(at, &mut plain);
        self.chain.run(&plain, frame);
        self.plain = Some(plain);
    }

    fn unsupported(&self) -> &[String] {
        self.scene.unsupported()
    }
}
