//! Static SVG through usvg and resvg.

mod cost;
mod markers;

use super::fit::fit;
use super::{Scene, SceneError, Segment};
use crate::frame::{Frame, Imprint};
use crate::units::PixelRect;
use resvg::usvg;
use resvg::usvg::roxmltree;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub use cost::{MAX_STEPS, REFERENCE};
pub use markers::MAX_MARKED;

/// The most elements an SVG may have. usvg's own limit is 1,000,000, which takes seconds to draw.
pub const MAX_ELEMENTS: u64 = 100_000;

/// How deep groups with opacity, masks, clips or filters may nest: each holds a picture of its own
/// while those in it are drawn.
pub const MAX_ISOLATED_DEPTH: u64 = 24;
/// The most filter primitives.
pub const MAX_FILTERS: u64 = 100;
/// The most octaves of a turbulence. Past ten they are finer than any pixel; resvg adds each up.
pub const MAX_OCTAVES: u64 = 10;

/// A still picture.
pub struct SvgScene {
    tree: usvg::Tree,
    steps: u64,
    unsupported: Vec<String>,
    /// The picture that was drawn last.
    last: Option<Imprint>,
}

impl SvgScene {
    /// Reads the text of an SVG file. Nothing outside of it is read: pictures in it must be data
    /// URLs. The system's fonts are looked up only when it has text.
    ///
    /// # Errors
    /// When it is not a readable SVG, or passes [`MAX_ELEMENTS`], [`MAX_STEPS`] or another limit.
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
        let wrong = |problem: String| SceneError::Svg(problem);
        let text = std::str::from_utf8(text).map_err(|_| wrong("it is not UTF-8".into()))?;
        let parsing = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(text, parsing)
            .map_err(|error| wrong(error.to_string()))?;
        markers::check(&document)?;
        let tree = guarded(|| usvg::Tree::from_xmltree(&document, &options))
            .ok_or_else(|| wrong("it is beyond what usvg can read".into()))?
            .map_err(|error| wrong(error.to_string()))?;
        let steps = cost::of(&tree)?;
        Ok(Self { tree, steps, unsupported: foreign_links(text.as_bytes()), last: None })
    }

    /// What it costs to draw at [`REFERENCE`] pixels, in steps of some 75 ns.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// Runs resvg's code, which is not ours and has arithmetic that overflows on extreme numbers; what
/// it had drawn until then stays.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn within(what: &'static str, count: u64, limit: u64) -> Result<(), SceneError> {
    if count > limit {
        return Err(SceneError::Limit { what, limit });
    }
    Ok(())
}

/// The links to other files, which are not followed.
fn foreign_links(text: &[u8]) -> Vec<String> {
    let mut links = text.windows(6).enumerate().filter(|(_, w)| *w == b"href=\"");
    let found = links.any(|(at, _)| {
        let to = text.get(at + 6..).unwrap_or_default();
        !to.starts_with(b"#") && !to.starts_with(b"data:") && !to.starts_with(b"http")
    });
    if found { vec!["links to other files".to_owned()] } else { Vec::new() }
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

    /// Draws nothing where the frame still holds the picture.
    fn draw(&mut self, _at: Duration, frame: &mut Frame) {
        if let Some(last) = self.last.filter(|last| frame.holds(*last)) {
            return frame.sign(last, PixelRect::NONE);
        }
        let size = self.tree.size();
        let at = fit(size.width().into(), size.height().into(), frame.size());
        let (scale, left, top) = (single(at.scale), single(at.left), single(at.top));
        let transform = tiny_skia::Transform::from_row(scale, 0.0, 0.0, scale, left, top);
        let pixmap = frame.pixmap_mut();
        pixmap.fill(tiny_skia::Color::TRANSPARENT);
        guarded(|| resvg::render(&self.tree, transform, &mut pixmap.as_mut()));
        let imprint = Imprint::new();
        self.last = Some(imprint);
        frame.sign(imprint, PixelRect::all(frame.size()));
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
