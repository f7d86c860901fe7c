//! Static SVG through usvg and resvg.

use super::fit::fit;
use super::{Scene, SceneError, Segment};
use crate::frame::{Frame, Imprint};
use crate::units::PixelRect;
use resvg::usvg;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The most elements an SVG may have. usvg's own limit is 1,000,000, which takes seconds to draw.
pub const MAX_ELEMENTS: u64 = 100_000;

/// How deep groups with opacity, masks, clips or filters may nest: each holds a picture of its own
/// while those in it are drawn.
pub const MAX_ISOLATED_DEPTH: u64 = 24;
/// The most groups with opacity, masks, clips or filters.
pub const MAX_ISOLATED: u64 = 2000;
/// The most filter primitives.
pub const MAX_FILTERS: u64 = 100;
/// The most octaves of a turbulence. Past ten they are finer than any pixel; resvg adds each up.
pub const MAX_OCTAVES: u64 = 10;

/// A still picture.
pub struct SvgScene {
    tree: usvg::Tree,
    unsupported: Vec<String>,
    /// The picture that was drawn last.
    last: Option<Imprint>,
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
        let tree = guarded(|| usvg::Tree::from_data(text, &options))
            .ok_or_else(|| SceneError::Svg("it is beyond what usvg can read".into()))?
            .map_err(|error| SceneError::Svg(error.to_string()))?;
        let mut costs = Costs::default();
        costs.group(tree.root(), 0)?;
        Ok(Self { tree, unsupported: foreign_links(text), last: None })
    }
}

/// Runs resvg's code, which is not ours and has arithmetic that overflows on extreme numbers; what
/// it had drawn until then stays.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// What is counted against the limits.
#[derive(Default)]
struct Costs {
    isolated: u64,
    filters: u64,
}

fn within(what: &'static str, count: u64, limit: u64) -> Result<(), SceneError> {
    if count > limit {
        return Err(SceneError::Limit { what, limit });
    }
    Ok(())
}

impl Costs {
    fn group(&mut self, group: &usvg::Group, mut depth: u64) -> Result<(), SceneError> {
        if group.should_isolate() {
            depth += 1;
            self.isolated += 1;
        }
        within("the depth of groups with effects", depth, MAX_ISOLATED_DEPTH)?;
        within("the number of groups with effects", self.isolated, MAX_ISOLATED)?;
        for filter in group.filters() {
            self.filter(filter)?;
        }
        for node in group.children() {
            if let usvg::Node::Group(inner) = node {
                self.group(inner, depth)?;
            }
            let mut result = Ok(());
            node.subroots(|root| {
                if result.is_ok() {
                    result = self.group(root, depth + 1);
                }
            });
            result?;
        }
        Ok(())
    }

    fn filter(&mut self, filter: &usvg::filter::Filter) -> Result<(), SceneError> {
        self.filters += filter.primitives().len() as u64;
        within("the number of filters", self.filters, MAX_FILTERS)?;
        for primitive in filter.primitives() {
            if let usvg::filter::Kind::Turbulence(turbulence) = primitive.kind() {
                let octaves = turbulence.num_octaves().into();
                within("the octaves of a turbulence", octaves, MAX_OCTAVES)?;
            }
        }
        Ok(())
    }
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
