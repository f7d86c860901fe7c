//! What an SVG costs to draw, told from its tree before anything is drawn: small files can ask for
//! work without end (patterns in patterns, a million dashes, filters as wide as a thousand pictures).
//!
//! The unit is a *step*: one row of one edge, some 75 ns of resvg 0.49. The factors below were
//! measured on pictures that ask for one thing each (the tests below hold them), at [`REFERENCE`]
//! pixels. They need to be right within a few times, not more.

use super::{MAX_FILTERS, MAX_ISOLATED_DEPTH, MAX_OCTAVES, within};
use crate::scene::SceneError;
use resvg::usvg;
use tiny_skia::{PathSegment, Point, Transform};
use usvg::filter::Kind;

/// The most steps that a picture may take.
pub const MAX_STEPS: u64 = 40_000_000;

/// The larger side of the picture that steps are counted for, in pixels.
pub const REFERENCE: f32 = 160.0;

/// The least that a node takes.
const NODE: f64 = 16.0;
/// A stroked line, and a stroked curve, in edges.
const STROKED_LINE: f64 = 16.0;
const STROKED_CURVE: f64 = 32.0;
const DASH: f64 = 256.0;
/// Pixels that are filled, or copied from a layer, in a step.
const FILLED: f64 = 32.0;
const COPIED: f64 = 2.0;
/// Pixels whose colour is looked up among two stops, in a step.
const STOPS: f64 = 8.0;
/// Pixels of a picture that are decoded in a step.
const DECODED: f64 = 4.0;
/// Steps of a filter's pixel, and of a turbulence's for each octave.
const FILTERED: f64 = 5.0;
/// Pixels of a filter's window that are looked at in a step.
const WINDOW: f64 = 8.0;
/// resvg lets a layer be as large as the canvas and twice that on every side.
const WIDEST_LAYER: f64 = 25.0;

/// The steps that a tree takes.
///
/// # Errors
/// When a limit is passed; then the rest is not looked at.
pub(super) fn of(tree: &usvg::Tree) -> Result<u64, SceneError> {
    let size = tree.size();
    let scale = REFERENCE / size.width().max(size.height());
    let canvas = f64::from(size.width() * scale) * f64::from(size.height() * scale);
    let mut cost = Cost { steps: 0.0, filters: 0 };
    cost.group(
        tree.root(),
        Place { transform: Transform::from_scale(scale, scale), canvas, depth: 0 },
    )?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within MAX_STEPS")]
    Ok(cost.steps as u64)
}

/// Where something is drawn.
#[derive(Clone, Copy)]
struct Place {
    /// To pixels.
    transform: Transform,
    /// The pixels of what is drawn on.
    canvas: f64,
    /// How many layers are held meanwhile.
    depth: u64,
}

impl Place {
    fn within(self, transform: Transform) -> Self {
        Self { transform: self.transform.pre_concat(transform), ..self }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// The pixels of a rectangle, however large.
    fn area(self, width: f32, height: f32) -> f64 {
        let (x, y) = self.transform.get_scale();
        f64::from(width) * f64::from(x) * f64::from(height) * f64::from(y)
    }
}

struct Cost {
    steps: f64,
    filters: u64,
}

impl Cost {
    fn add(&mut self, steps: f64) -> Result<(), SceneError> {
        self.steps += steps;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        if self.steps <= MAX_STEPS as f64 {
            return Ok(());
        }
        // What is no number is no cost that can be afforded, either.
        Err(SceneError::Limit { what: "the work of drawing the SVG, in steps,", limit: MAX_STEPS })
    }

    fn group(&mut self, group: &usvg::Group, at: Place) -> Result<(), SceneError> {
        self.add(NODE)?;
        let mut at = at.within(group.transform());
        if group.should_isolate() {
            at = at.deeper();
            within("the depth of groups with effects", at.depth, MAX_ISOLATED_DEPTH)?;
            let layer = group.layer_bounding_box();
            let area = at.area(layer.width(), layer.height()).min(at.canvas * WIDEST_LAYER);
            self.add(area / COPIED)?;
            for filter in group.filters() {
                self.filter(filter, area, at)?;
            }
            if let Some(clip) = group.clip_path() {
                self.clip(clip, area, at)?;
            }
            if let Some(mask) = group.mask() {
                self.mask(mask, area, at)?;
            }
        }
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => self.group(group, at)?,
                usvg::Node::Path(path) => self.path(path, at)?,
                usvg::Node::Text(text) => self.group(text.flattened(), at)?,
                usvg::Node::Image(image) => self.image(image, at)?,
            }
        }
        Ok(())
    }

    fn clip(&mut self, clip: &usvg::ClipPath, area: f64, at: Place) -> Result<(), SceneError> {
        let at = at.deeper();
        within("the depth of groups with effects", at.depth, MAX_ISOLATED_DEPTH)?;
        self.add(area / COPIED)?;
        self.group(clip.root(), at.within(clip.transform()))?;
        clip.clip_path().map_or(Ok(()), |clip| self.clip(clip, area, at))
    }

    fn mask(&mut self, mask: &usvg::Mask, area: f64, at: Place) -> Result<(), SceneError> {
        let at = at.deeper();
        within("the depth of groups with effects", at.depth, MAX_ISOLATED_DEPTH)?;
        self.add(area)?;
        self.group(mask.root(), at)?;
        mask.mask().map_or(Ok(()), |mask| self.mask(mask, area, at))
    }

    fn path(&mut self, path: &usvg::Path, at: Place) -> Result<(), SceneError> {
        let edges = Edges::of(path.data(), at.transform);
        let bounds = path.stroke_bounding_box();
        let area = at.area(bounds.width(), bounds.height()).min(at.canvas);
        self.add(NODE)?;
        if let Some(fill) = path.fill() {
            self.add(edges.lines + edges.curves + area / FILLED)?;
            self.paint(fill.paint(), area, at)?;
        }
        if let Some(stroke) = path.stroke() {
            let (lines, curves) = (edges.lines * STROKED_LINE, edges.curves * STROKED_CURVE);
            self.add(lines + curves + area / FILLED)?;
            if let Some(dashes) = stroke.dasharray() {
                let period = f64::from(dashes.iter().sum::<f32>());
                let count: f64 = dashes.iter().map(|_| 1.0).sum();
                self.add(edges.length / period * count * DASH)?;
            }
            self.paint(stroke.paint(), area, at)?;
        }
        Ok(())
    }

    fn paint(&mut self, paint: &usvg::Paint, area: f64, at: Place) -> Result<(), SceneError> {
        let stops = match paint {
            usvg::Paint::Color(_) => return Ok(()),
            usvg::Paint::LinearGradient(gradient) => gradient.stops(),
            usvg::Paint::RadialGradient(gradient) => gradient.stops(),
            usvg::Paint::Pattern(pattern) => return self.pattern(pattern, at),
        };
        let count: f64 = stops.iter().map(|_| 1.0).sum();
        self.add(area * count / STOPS)
    }

    /// resvg draws one tile, of whatever size, in pixels of the canvas.
    fn pattern(&mut self, pattern: &usvg::Pattern, at: Place) -> Result<(), SceneError> {
        let at = at.within(pattern.transform()).deeper();
        within("the depth of groups with effects", at.depth, MAX_ISOLATED_DEPTH)?;
        let (x, y) = at.transform.get_scale();
        let tile = at.area(pattern.rect().width(), pattern.rect().height());
        self.add(tile)?;
        self.group(
            pattern.root(),
            Place { transform: Transform::from_scale(x, y), canvas: tile, ..at },
        )
    }

    fn image(&mut self, image: &usvg::Image, at: Place) -> Result<(), SceneError> {
        self.add(NODE)?;
        if let usvg::ImageKind::SVG(tree) = image.kind() {
            return self.group(tree.root(), at.deeper());
        }
        let size = image.size();
        self.add(f64::from(size.width()) * f64::from(size.height()) / DECODED)
    }

    fn filter(
        &mut self,
        filter: &usvg::filter::Filter,
        area: f64,
        at: Place,
    ) -> Result<(), SceneError> {
        self.filters += filter.primitives().len() as u64;
        within("the number of filters", self.filters, MAX_FILTERS)?;
        for primitive in filter.primitives() {
            self.add(area * FILTERED)?;
            match primitive.kind() {
                Kind::Turbulence(turbulence) => {
                    let octaves = turbulence.num_octaves();
                    within("the octaves of a turbulence", octaves.into(), MAX_OCTAVES)?;
                    self.add(area * FILTERED * f64::from(octaves))?;
                }
                Kind::Morphology(morphology) => {
                    let (width, height) = (morphology.radius_x(), morphology.radius_y());
                    let window = at.area(2.0 * width.get() + 1.0, 2.0 * height.get() + 1.0);
                    self.add(area * window.min(area) / WINDOW)?;
                }
                Kind::ConvolveMatrix(convolve) => {
                    let matrix = convolve.matrix();
                    let window = f64::from(matrix.columns()) * f64::from(matrix.rows());
                    self.add(area * window / WINDOW)?;
                }
                Kind::Image(image) => self.group(image.root(), at.deeper())?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a path's edges come to: rows of pixels, and the length of its control polygon in user
/// units.
#[derive(Default)]
struct Edges {
    lines: f64,
    curves: f64,
    length: f64,
}

impl Edges {
    fn of(path: &tiny_skia::Path, transform: Transform) -> Self {
        let mut edges = Self::default();
        let (mut start, mut last) = (Point::zero(), Point::zero());
        for segment in path.segments() {
            match segment {
                PathSegment::MoveTo(to) => (start, last) = (to, to),
                PathSegment::LineTo(to) => {
                    edges.lines += edges.rows(&[last, to], transform);
                    last = to;
                }
                PathSegment::QuadTo(control, to) => {
                    edges.curves += edges.rows(&[last, control, to], transform);
                    last = to;
                }
                PathSegment::CubicTo(a, b, to) => {
                    edges.curves += edges.rows(&[last, a, b, to], transform);
                    last = to;
                }
                PathSegment::Close => {
                    edges.lines += edges.rows(&[last, start], transform);
                    last = start;
                }
            }
        }
        edges
    }

    /// The rows that a segment crosses, as far as they are on the picture, and one more.
    fn rows(&mut self, points: &[Point], transform: Transform) -> f64 {
        let mut rows = 0.0;
        for pair in points.windows(2) {
            let (x, y) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            rows += f64::from((transform.ky * x + transform.sy * y).abs());
            self.length += f64::from(x.hypot(y));
        }
        1.0 + rows.min(f64::from(REFERENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::super::SvgScene;
    use super::*;

    fn parsed(inner: &str) -> Result<SvgScene, SceneError> {
        let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">";
        SvgScene::parse(format!("{head}{inner}</svg>").as_bytes())
    }

    const SQUARE: &str = "<rect width=\"100\" height=\"100\"/>";

    /// A square with attributes.
    fn square(attributes: &str) -> String {
        format!("<rect width=\"100\" height=\"100\" {attributes}/>")
    }

    /// Squares through a filter of these primitives, over this part of the square.
    fn filtered(primitives: &str, region: &str, squares: usize) -> String {
        let filter = format!("<filter id=\"f\" {region}>{primitives}</filter>");
        filter + &square("filter=\"url(#f)\"").repeat(squares)
    }

    /// Definitions that each refer to the next, and squares that refer to the first.
    fn chain(length: usize, squares: usize, link: impl Fn(usize) -> String, use_: &str) -> String {
        (0..length).map(link).collect::<String>() + &square(use_).repeat(squares)
    }

    fn bombs() -> Vec<(&'static str, String)> {
        let pattern = |size: f32| {
            let head = "<pattern id=\"p\" patternUnits=\"userSpaceOnUse\"";
            format!("{head} width=\"{size}\" height=\"{size}\">{SQUARE}</pattern>")
        };
        let wide = "x=\"-1000\" y=\"-1000\" width=\"100000\" height=\"100000\"";
        let tiled = square("fill=\"url(#p)\"");
        let inner = |n: usize| {
            let fill = square(&format!("fill=\"url(#p{})\"", n + 1)).repeat(8);
            format!("<pattern id=\"p{n}\" width=\"1\" height=\"1\">{fill}</pattern>")
        };
        let clip = |n: usize| {
            format!("<clipPath id=\"c{n}\" clip-path=\"url(#c{})\">{SQUARE}</clipPath>", n + 1)
        };
        let mask =
            |n: usize| format!("<mask id=\"m{n}\" mask=\"url(#m{})\">{SQUARE}</mask>", n + 1);
        let dashed = "<path d=\"M0 0L100 100\" stroke=\"#000\" stroke-dasharray=\".0001\"/>";
        let stops = "<stop offset=\"0\" stop-color=\"#123\"/><stop offset=\"1\"/>".repeat(5000);
        let gradient = format!("<linearGradient id=\"g\">{stops}</linearGradient>");
        let curves = "C100 100 0 50 30 30".repeat(20_000);
        let kernel = "1 ".repeat(2500);
        let convolve = format!("<feConvolveMatrix order=\"50\" kernelMatrix=\"{kernel}\"/>");
        let marker = format!("<marker id=\"m\">{}</marker>", SQUARE.repeat(200));
        let corners = "L50 50L0 1".repeat(5000);
        vec![
            ("a huge tile", pattern(10_000.0) + &tiled),
            ("a huge scale", format!("<g transform=\"scale(99999)\">{}{tiled}</g>", pattern(1.0))),
            ("patterns in patterns", chain(8, 1, inner, "fill=\"url(#p0)\"")),
            ("clips of clips", chain(200, 1, clip, "clip-path=\"url(#c0)\"")),
            ("masks of masks", chain(200, 1, mask, "mask=\"url(#m0)\"")),
            ("many clips", chain(20, 500, clip, "clip-path=\"url(#c0)\"")),
            ("dashes", dashed.repeat(20)),
            ("stops", gradient + &square("fill=\"url(#g)\"").repeat(50)),
            ("curves", format!("<path stroke=\"#000\" d=\"M0 0{curves}\"/>")),
            ("wide filters", filtered("<feGaussianBlur stdDeviation=\"9999\"/>", wide, 90)),
            ("a wide brush", filtered("<feMorphology radius=\"5000\"/>", "", 2)),
            ("a wide kernel", filtered(&convolve, "", 50)),
            ("octaves", filtered("<feTurbulence baseFrequency=\".9\" numOctaves=\"99\"/>", "", 1)),
            ("filters", filtered("<feFlood/>", "", 101)),
            ("markers", marker + &format!("<path marker-mid=\"url(#m)\" d=\"M0 0{corners}\"/>")),
        ]
    }

    #[test]
    fn what_would_take_too_long_is_not_drawn() {
        for (what, bomb) in bombs() {
            let error = parsed(&bomb).map(|scene| scene.steps());
            assert!(matches!(error, Err(SceneError::Limit { .. })), "{what}: {error:?}");
        }
    }

    #[test]
    fn what_people_draw_costs_little() {
        let shadow = "<feGaussianBlur stdDeviation=\"3\"/><feOffset dx=\"2\"/><feMerge>\
                      <feMergeNode/><feMergeNode in=\"SourceGraphic\"/></feMerge>";
        let gradient = "<linearGradient id=\"g\"><stop offset=\"0\"/><stop offset=\"1\" \
                        stop-color=\"#fff\"/></linearGradient>";
        let dashed = "<circle cx=\"50\" cy=\"50\" r=\"40\" fill=\"none\" stroke=\"#000\" \
                      stroke-dasharray=\"2 1\"/>";
        let drawings = [
            SQUARE.repeat(1000),
            filtered(shadow, "", 3),
            gradient.to_owned() + &square("fill=\"url(#g)\"").repeat(20),
            dashed.repeat(20),
        ];
        for drawing in drawings {
            let steps = parsed(&drawing).unwrap().steps();
            assert!(steps < MAX_STEPS / 20, "{drawing:.200}: {steps} steps");
        }
    }

    #[test]
    fn steps_do_not_depend_on_the_unit() {
        let one = parsed("<circle cx=\"50\" cy=\"50\" r=\"40\" stroke=\"#000\"/>").unwrap().steps();
        let scaled = "<g transform=\"scale(10)\"><circle cx=\"5\" cy=\"5\" r=\"4\" stroke=\"#000\" \
                      stroke-width=\".1\"/></g>";
        assert!(parsed(scaled).unwrap().steps().abs_diff(one) <= one / 50);
    }
}
