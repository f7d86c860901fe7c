//! Static SVG through usvg and resvg.

use super::fit::fit;
use super::{Scene, SceneError, Segment};
use crate::frame::Frame;
use resvg::usvg;
use std::time::Duration;

/// The most elements an SVG may have. usvg's own limit is 1,000,000, which takes seconds to draw.
pub const MAX_ELEMENTS: u64 = 100_000;

/// A still picture.
pub struct SvgScene {
    tree: usvg::Tree,
    unsupported: Vec<String>,
}

impl SvgScene {
    /// Reads the text of an SVG file. Nothing outside of it is read: pictures in it must be data
    /// URLs. The system's fonts are looked up only when it has text.
    ///
    /// # Errors
    /// When it is not a readable SVG or has more than [`MAX_ELEMENTS`] elements.
    pub fn parse(text: &[u8]) -> Result<Self, SceneError> {
        let elements = text.iter().filter(|b| **b == b'<').count() as u64 / 2;
        if elements > MAX_ELEMENTS {
            return Err(SceneError::Limit {
                what: "the number of elements in the SVG",
                limit: MAX_ELEMENTS,
            });
        }
        let mut options = usvg::Options {
            image_href_resolver: usvg::ImageHrefResolver {
                resolve_data: usvg::ImageHrefResolver::default_data_resolver(),
                resolve_string: Box::new(|_, _| None),
            },
            ..usvg::Options::default()
        };
        if text.windows(5).any(|w| w == b"<text") {
            options.fontdb_mut().load_system_fonts();
        }
        let tree = usvg::Tree::from_data(text, &options)
            .map_err(|error| SceneError::Svg(error.to_string()))?;
        Ok(Self {
            tree,
            unsupported: foreign_links(text),
        })
    }
}

/// The links to other files, which are not followed.
fn foreign_links(text: &[u8]) -> Vec<String> {
    let found = text.windows(6).enumerate().any(|(at, w)| {
        let rest = &text[at + 6..];
        w == b"href=\"" && !rest.starts_with(b"#") && !rest.starts_with(b"data:")
    });
    if found {
        vec!["links to other files".to_owned()]
    } else {
        Vec::new()
    }
}

impl Scene for SvgScene {
    fn aspect(&self) -> f32 {
        let size = self.tree.size();
        size.width() / size.height()
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

    fn draw(&mut self, _at: Duration, frame: &mut Frame) {
        let size = self.tree.size();
        let at = fit(size.width().into(), size.height().into(), frame.size());
        let (scale, left, top) = (single(at.scale), single(at.left), single(at.top));
        let transform = tiny_skia::Transform::from_row(scale, 0.0, 0.0, scale, left, top);
        let pixmap = frame.pixmap_mut();
        pixmap.fill(tiny_skia::Color::TRANSPARENT);
        resvg::render(&self.tree, transform, &mut pixmap.as_mut());
    }

    fn unsupported(&self) -> &[String] {
        &self.unsupported
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "pixel positions are small; only precision is lost"
)]
fn single(value: f64) -> f32 {
    value as f32
}
