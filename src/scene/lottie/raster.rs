//! Drawing lists → pixels, on surfaces that cover only as much as they must.

use super::coverage::{Coverage, Rule};
use super::evaluate::{Command, Gradient, Ink, Pen, Shape, Sheet, Stroke, inverse};
use super::model::GradientKind;
use super::pixels::{self, Ramps};
use super::surface::{Area, Pool, Surface, single};
use kurbo::{Affine, PathEl, Point, Rect, Vec2};
use std::ops::Range;
use tiny_skia::{
    BlendMode, Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder,
    RadialGradient, Shader, SpreadMode, StrokeDash, SweepGradient, Transform,
};

/// The farthest a coordinate may lie from the origin; beyond, it is cut to it. Far outside of any
/// frame, and well inside of what tiny-skia's fixed-point edges hold.
const MAX_COORDINATE: f64 = 100_000.0;
/// The most dashes of a path; a finer pattern is drawn as a whole line.
const MAX_DASHES: f64 = 10_000.0;

fn point(p: Point) -> (f32, f32) {
    let cut = |v: f64| single(v.clamp(-MAX_COORDINATE, MAX_COORDINATE));
    (cut(p.x), cut(p.y))
}

pub(super) fn skia(matrix: Affine) -> Transform {
    let [a, b, c, d, e, f] = matrix.as_coeffs().map(single);
    Transform::from_row(a, b, c, d, e, f)
}

/// A sheet and the matrix that takes it to the device.
#[derive(Clone, Copy)]
pub(super) struct Laid<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) place: Affine,
}

impl<'a> Laid<'a> {
    pub(super) fn all(&self) -> Range<usize> {
        0..self.sheet.commands.len()
    }

    fn paints(self, range: Range<usize>) -> impl Iterator<Item = &'a Stroke> {
        self.sheet.commands[range].iter().filter_map(|command| match command {
            Command::Paint(stroke) => Some(stroke),
            Command::Isolate { .. } => None,
        })
    }

    fn shapes(self, stroke: &Stroke) -> &'a [Shape] {
        self.sheet.shapes().get(stroke.paths.clone()).unwrap_or_default()
    }

    /// The device bounds of one paint.
    fn paint_bounds(self, stroke: &Stroke) -> Option<Rect> {
        let placed = self.shapes(stroke).iter().filter_map(|shape| {
            Some((self.place * shape.matrix).transform_rect_bbox(shape.bounds?))
        });
        let all = placed.reduce(|a, b| a.union(b))?;
        let grow = stroke.pen.as_ref().map_or(0.0, |pen| {
            let [a, b, c, d, ..] = (self.place * stroke.matrix).as_coeffs();
            let scale = a.hypot(b).max(c.hypot(d));
            let reach = match pen.join {
                tiny_skia::LineJoin::Miter => pen.miter.clamp(std::f64::consts::SQRT_2, 20.0),
                _ => std::f64::consts::SQRT_2,
            };
            pen.width / 2.0 * scale * reach
        });
        Some(all.inflate(grow, grow))
    }

    /// The device bounds of some commands.
    pub(super) fn bounds(self, range: Range<usize>) -> Option<Rect> {
        self.paints(range).filter_map(|p| self.paint_bounds(p)).reduce(|a, b| a.union(b))
    }

    /// Whether some of the paints may lie over one another, or blend with what is below.
    pub(super) fn overlaps(self, range: Range<usize>) -> bool {
        /// With more paints than this, comparing each with each costs more than a layer.
        const MANY: usize = 8;
        let mut seen = [Rect::ZERO; MANY];
        let mut count = 0;
        for stroke in self.paints(range) {
            if stroke.blend != BlendMode::SourceOver {
                return true;
            }
            let Some(bounds) = self.paint_bounds(stroke) else {
                continue;
            };
            let meets = |other: &Rect| !bounds.intersect(*other).is_zero_area();
            if count == MANY || seen[..count].iter().any(meets) {
                return true;
            }
            seen[count] = bounds;
            count += 1;
        }
        false
    }
}

/// Draws lists; keeps its memory.
#[derive(Default)]
pub(super) struct Rasterizer {
    builder: Option<PathBuilder>,
    coverage: Coverage,
    ramps: Ramps,
    pub(super) pool: Pool,
}

impl Rasterizer {
    /// The tiny-skia path of some shapes, each taken there by its matrix and then `after`.
    fn path(&mut self, shapes: &[Shape], after: impl Fn(Affine) -> Affine) -> Option<Path> {
        let mut builder = self.builder.take().unwrap_or_default();
        for shape in shapes {
            append(&mut builder, shape.path.elements(), after(shape.matrix));
        }
        if builder.is_empty() {
            self.builder = Some(builder);
            return None;
        }
        builder.finish()
    }

    fn recycle(&mut self, path: Path) {
        self.builder = Some(path.clear());
    }

    /// Draws commands of a sheet, the last one first.
    pub(super) fn draw(
        &mut self,
        laid: Laid<'_>,
        range: Range<usize>,
        opacity: f64,
        surface: &mut Surface,
    ) {
        let mut at = range.end;
        while at > range.start {
            at -= 1;
            match &laid.sheet.commands[at] {
                Command::Paint(stroke) => self.stroke(laid, stroke, opacity, surface),
                Command::Isolate { from, opacity: own } => {
                    self.isolate(laid, *from..at, (opacity, *own), surface);
                    at = *from;
                }
            }
        }
    }

    /// Draws a group as one, where its parts lie over one another; else each for itself.
    pub(super) fn isolate(
        &mut self,
        laid: Laid<'_>,
        range: Range<usize>,
        (outer, own): (f64, f64),
        surface: &mut Surface,
    ) {
        if !laid.overlaps(range.clone()) {
            return self.draw(laid, range, outer * own, surface);
        }
        let area = laid.bounds(range.clone()).and_then(Area::around);
        let area = area.and_then(|a| a.and(surface.area));
        let Some(mut layer) = area.and_then(|a| self.pool.take(a)) else {
            return;
        };
        self.draw(laid, range, 1.0, &mut layer);
        surface.composite(&layer, outer * own, BlendMode::SourceOver);
        self.pool.give_back(layer);
    }

    fn stroke(&mut self, laid: Laid<'_>, stroke: &Stroke, opacity: f64, surface: &mut Surface) {
        let area = laid.paint_bounds(stroke).and_then(Area::around);
        let Some(area) = area.and_then(|a| a.and(surface.area)) else {
            return;
        };
        if !self.pool.spend(area) {
            return;
        }
        surface.touch(area);
        let opacity = opacity * stroke.opacity;
        let plain = match &stroke.ink {
            Ink::Gradient(gradient) => gradient.is_plain(),
            Ink::Solid(_) => true,
        };
        if !plain || stroke.blend != BlendMode::SourceOver {
            return self.blend(laid, stroke, opacity, surface);
        }
        let rule = if stroke.even_odd { Rule::EvenOdd } else { Rule::NonZero };
        self.coverage.begin(area.width as usize, area.height as usize);
        let matrix = laid.place * stroke.matrix;
        match &stroke.pen {
            None => self.trace(laid.shapes(stroke), laid.place, area),
            Some(pen) => self.trace_line(laid.shapes(stroke), stroke.matrix, pen, matrix, area),
        }
        self.ink(&stroke.ink, matrix, opacity, rule, (area, surface));
    }

    /// Adds what shapes hold to the coverage of an area.
    fn trace(&mut self, shapes: &[Shape], place: Affine, area: Area) {
        let place = place.then_translate(-area.origin());
        for shape in shapes {
            self.coverage.add(shape.path.elements().iter().copied(), place * shape.matrix);
        }
    }

    /// Adds what a pen leaves along shapes; `own` takes the pen to their layer, `matrix` to the
    /// device.
    fn trace_line(&mut self, shapes: &[Shape], own: Affine, pen: &Pen, matrix: Affine, area: Area) {
        let Some((path, stroke)) = self.outline(shapes, own, pen) else {
            return;
        };
        let place = matrix.then_translate(-area.origin());
        let detail = tiny_skia::PathStroker::compute_resolution_scale(&skia(place));
        let dashed = stroke.dash.as_ref().and_then(|dash| path.dash(dash, detail));
        if let Some(line) = dashed.as_ref().unwrap_or(&path).stroke(&stroke, detail) {
            self.coverage.add(elements(&line), place);
        }
        self.recycle(path);
    }

    /// The path that a pen goes along, in the pen's own space.
    fn outline(
        &mut self,
        shapes: &[Shape],
        matrix: Affine,
        pen: &Pen,
    ) -> Option<(Path, tiny_skia::Stroke)> {
        let back = inverse(matrix)?;
        let own = |m| if m == matrix { Affine::IDENTITY } else { back * m };
        let path = self.path(shapes, own)?;
        let stroke = tiny_skia::Stroke {
            width: single(pen.width),
            miter_limit: single(pen.miter.max(1.0)),
            line_cap: pen.cap,
            line_join: pen.join,
            dash: dash(pen, shapes, &mut self.pool.dashes_left),
        };
        Some((path, stroke))
    }

    /// Paints what is covered, and clears the coverage.
    fn ink(
        &mut self,
        ink: &Ink,
        matrix: Affine,
        opacity: f64,
        rule: Rule,
        (area, surface): (Area, &mut Surface),
    ) {
        let left = surface.row(area, area.y);
        let stride = surface.area.width as usize * 4;
        let at = |y: usize, x0: usize, x1: usize| {
            let row = left.start + y * stride;
            row + x0 * 4..row + x1 * 4
        };
        let data = surface.pixmap.data_mut();
        let gradient = match ink {
            Ink::Gradient(gradient) => gradient,
            Ink::Solid(color) => {
                let alpha = (color[3] * opacity).clamp(0.0, 1.0);
                let color = [color[0], color[1], color[2], 1.0];
                let color = color.map(|c| pixels::byte(c.clamp(0.0, 1.0) * alpha));
                return self.coverage.spans(rule, |y, x0, x1, cover| {
                    if let Some(span) = data.get_mut(at(y, x0, x1)) {
                        pixels::wash(span, color, cover);
                    }
                });
            }
        };
        let Some(back) = inverse(matrix) else {
            return self.coverage.spans(rule, |_, _, _, _| {});
        };
        let ramp = self.ramps.get(&gradient.stops, opacity);
        let scale = gradient.unit() * back;
        let step = scale * Point::new(1.0, 0.0) - scale * Point::ZERO;
        let (dx, dy) = (single(step.x), single(step.y));
        let focus = gradient.focus();
        self.coverage.spans(rule, |y, x0, x1, cover| {
            let Some(span) = data.get_mut(at(y, x0, x1)) else {
                return;
            };
            let column = f64::from(area.x) + 0.5;
            let row = f64::from(area.y) + f64::from(row_of(y)) + 0.5;
            let begin = scale * Point::new(column, row);
            let (left, top) = (single(begin.x), single(begin.y));
            let first = f32::from(row_of(x0));
            match (gradient.kind, &focus) {
                (GradientKind::Linear, _) => ramp.over(span, cover, first, |x| left + x * dx),
                (_, None) => ramp.over(span, cover, first, |x| {
                    let (x, y) = (left + x * dx, top + x * dy);
                    (x * x + y * y).sqrt()
                }),
                (_, Some(focus)) => {
                    ramp.over(span, cover, first, |x| focus.place(left + x * dx, top + x * dy));
                }
            }
        });
    }

    /// Paints what only tiny-skia can: other blends than source-over, and conic gradients.
    fn blend(&mut self, laid: Laid<'_>, stroke: &Stroke, opacity: f64, surface: &mut Surface) {
        let local = surface.local(laid.place * stroke.matrix);
        let Some(shader) = shader(&stroke.ink, opacity, local, &stroke.pen) else {
            return;
        };
        let shapes = laid.shapes(stroke);
        let paint = Paint { blend_mode: stroke.blend, shader, ..Paint::default() };
        if let Some(pen) = &stroke.pen {
            if let Some((path, line)) = self.outline(shapes, stroke.matrix, pen) {
                surface.pixmap.stroke_path(&path, &paint, &line, skia(local), None);
                self.recycle(path);
            }
            return;
        }
        if let Some(path) = self.path(shapes, |m| surface.local(laid.place * m)) {
            let rule = if stroke.even_odd { FillRule::EvenOdd } else { FillRule::Winding };
            surface.pixmap.fill_path(&path, &paint, rule, Transform::identity(), None);
            self.recycle(path);
        }
    }

    /// Fills one path with one colour.
    pub(super) fn solid(
        &mut self,
        shape: &Shape,
        place: Affine,
        fill: [f64; 4],
        opacity: f64,
        surface: &mut Surface,
    ) {
        let bounds = shape.bounds.map(|bounds| place.transform_rect_bbox(bounds));
        let Some(area) = bounds.and_then(Area::around).and_then(|a| a.and(surface.area)) else {
            return;
        };
        surface.touch(area);
        self.coverage.begin(area.width as usize, area.height as usize);
        self.trace(std::slice::from_ref(shape), place, area);
        let ink = Ink::Solid(fill);
        self.ink(&ink, Affine::IDENTITY, opacity, Rule::NonZero, (area, surface));
    }

    /// The coverage of one path in an area, row by row, the path grown or shrunk by some of its
    /// units. The bytes are the pool's.
    pub(super) fn coverage(
        &mut self,
        shape: &Shape,
        place: Affine,
        grow: f64,
        area: Area,
    ) -> Option<Vec<u8>> {
        let mut cover = self.pool.take_bytes(area, 0)?;
        let width = area.width as usize;
        let shapes = std::slice::from_ref(shape);
        self.coverage.begin(width, area.height as usize);
        self.trace(shapes, place, area);
        self.coverage.spans(Rule::NonZero, |y, x0, x1, level| {
            if let Some(span) = cover.get_mut(y * width + x0..y * width + x1) {
                span.fill(level);
            }
        });
        if grow == 0.0 {
            return Some(cover);
        }
        let pen = Pen {
            width: grow.abs() * 2.0,
            cap: tiny_skia::LineCap::Butt,
            join: tiny_skia::LineJoin::Miter,
            miter: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        };
        self.coverage.begin(width, area.height as usize);
        self.trace_line(shapes, shape.matrix, &pen, place * shape.matrix, area);
        self.coverage.spans(Rule::NonZero, |y, x0, x1, level| {
            let span = cover.get_mut(y * width + x0..y * width + x1).unwrap_or_default();
            for one in span {
                *one = if grow > 0.0 { level.max(*one) } else { (255 - level).min(*one) };
            }
        });
        Some(cover)
    }
}

/// Columns and rows of a frame are few.
fn row_of(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// A tiny-skia path's elements.
fn elements(path: &Path) -> impl Iterator<Item = PathEl> + '_ {
    use tiny_skia::PathSegment as S;
    let to = |p: tiny_skia::Point| Point::new(p.x.into(), p.y.into());
    path.segments().map(move |segment| match segment {
        S::MoveTo(p) => PathEl::MoveTo(to(p)),
        S::LineTo(p) => PathEl::LineTo(to(p)),
        S::QuadTo(a, p) => PathEl::QuadTo(to(a), to(p)),
        S::CubicTo(a, b, p) => PathEl::CurveTo(to(a), to(b), to(p)),
        S::Close => PathEl::ClosePath,
    })
}

/// Where a radial gradient with a highlight begins, its circle being the unit one.
struct Focus {
    x: f32,
    y: f32,
    /// 1 less the square of the distance from the centre.
    rest: f32,
}

impl Focus {
    /// Where a point lies between the highlight and the circle: the t of the circle through it, of
    /// those that go from one to the other (HTML Standard, `createRadialGradient`).
    fn place(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.x, y - self.y);
        let along = x * self.x + y * self.y;
        (along + (along * along + self.rest * (x * x + y * y)).max(0.0).sqrt()) / self.rest
    }
}

impl Gradient {
    /// Whether a table and a place along it are all there is to it.
    fn is_plain(&self) -> bool {
        self.kind != GradientKind::Conic && (self.end - self.start).hypot() > 1e-6
    }

    /// The highlight, where it is not the centre, in the space of [`Gradient::unit`].
    fn focus(&self) -> Option<Focus> {
        if self.kind != GradientKind::Radial || self.highlight == 0.0 {
            return None;
        }
        // On the circle's edge there would be a cone.
        let at = Vec2::from_angle(self.angle.to_radians()) * self.highlight.clamp(-0.99, 0.99);
        Some(Focus { x: single(at.x), y: single(at.y), rest: single(1.0 - at.hypot2()) })
    }

    /// Takes the start to the origin and the end to 1 on the x axis.
    fn unit(&self) -> Affine {
        let span = self.end - self.start;
        Affine::scale(1.0 / span.hypot())
            * Affine::rotate(-span.atan2())
            * Affine::translate(-self.start)
    }
}

fn append(builder: &mut PathBuilder, elements: &[PathEl], matrix: Affine) {
    let to = |p: Point| point(matrix * p);
    for element in elements {
        match *element {
            PathEl::MoveTo(p) => {
                let (x, y) = to(p);
                builder.move_to(x, y);
            }
            PathEl::LineTo(p) => {
                let (x, y) = to(p);
                builder.line_to(x, y);
            }
            PathEl::QuadTo(a, p) => {
                let ((ax, ay), (x, y)) = (to(a), to(p));
                builder.quad_to(ax, ay, x, y);
            }
            PathEl::CurveTo(a, b, p) => {
                let ((ax, ay), (bx, by), (x, y)) = (to(a), to(b), to(p));
                builder.cubic_to(ax, ay, bx, by, x, y);
            }
            PathEl::ClosePath => builder.close(),
        }
    }
}

fn dash(pen: &Pen, shapes: &[Shape], left: &mut f64) -> Option<StrokeDash> {
    let mut pattern: Vec<f32> = pen.dashes.iter().map(|d| single(*d)).collect();
    if pattern.len() % 2 == 1 {
        // As in SVG, an odd pattern is said twice.
        pattern.extend_from_within(..);
    }
    let length: f64 = pattern.iter().map(|d| f64::from(*d)).sum();
    // The sum of control polygons is never less than the lengths of the paths.
    let way: f64 = shapes.iter().map(|s| polygon_length(s.path.elements())).sum();
    let dashes = way / length;
    if length <= 0.0 || !dashes.is_finite() || dashes > MAX_DASHES.min(*left) {
        return None;
    }
    *left -= dashes;
    StrokeDash::new(pattern, single(pen.dash_offset % length))
}

fn polygon_length(elements: &[PathEl]) -> f64 {
    let (mut total, mut at) = (0.0, Point::ZERO);
    for element in elements {
        let points: &[Point] = match element {
            PathEl::MoveTo(p) => {
                at = *p;
                continue;
            }
            PathEl::LineTo(p) => &[*p],
            PathEl::QuadTo(a, p) => &[*a, *p],
            PathEl::CurveTo(a, b, p) => &[*a, *b, *p],
            PathEl::ClosePath => continue,
        };
        for p in points {
            total += (*p - at).hypot();
            at = *p;
        }
    }
    total
}

fn color(c: [f64; 4], opacity: f64) -> Color {
    let [r, g, b, a] = [c[0], c[1], c[2], c[3] * opacity].map(|v| single(v.clamp(0.0, 1.0)));
    Color::from_rgba(r, g, b, a).unwrap_or(Color::TRANSPARENT)
}

/// The shader of an ink, in device space for fills and in the paint's own for strokes, which
/// tiny-skia transforms with their path.
fn shader(ink: &Ink, opacity: f64, local: Affine, pen: &Option<Pen>) -> Option<Shader<'static>> {
    match ink {
        Ink::Solid(c) => Some(Shader::SolidColor(color(*c, opacity))),
        Ink::Gradient(gradient) => {
            let place = if pen.is_some() { Affine::IDENTITY } else { local };
            gradient_shader(gradient, opacity, skia(place))
        }
    }
}

fn gradient_shader(gradient: &Gradient, opacity: f64, place: Transform) -> Option<Shader<'static>> {
    let stop = |(at, c): &(f64, [f64; 4])| GradientStop::new(single(*at), color(*c, opacity));
    let stops: Vec<GradientStop> = gradient.stops.iter().map(stop).collect();
    let skia_point = |v: Vec2| tiny_skia::Point::from_xy(single(v.x), single(v.y));
    let span = gradient.end - gradient.start;
    let radius = span.hypot();
    let last = gradient.stops.last().map(|(_, c)| color(*c, opacity))?;
    if radius < 1e-6 && gradient.kind != GradientKind::Conic {
        return Some(Shader::SolidColor(last));
    }
    let (start, end) = (skia_point(gradient.start), skia_point(gradient.end));
    let made = match gradient.kind {
        GradientKind::Linear => LinearGradient::new(start, end, stops, SpreadMode::Pad, place),
        GradientKind::Radial => {
            // The highlight lies inside of the circle; on its edge there would be a cone.
            let reach = radius * gradient.highlight.clamp(-0.99, 0.99);
            let way = Vec2::from_angle(span.y.atan2(span.x) + gradient.angle.to_radians());
            let highlight = skia_point(gradient.start + way * reach);
            let radius = single(radius);
            RadialGradient::new(highlight, 0.0, start, radius, stops, SpreadMode::Pad, place)
        }
        GradientKind::Conic => {
            // tiny-skia starts at the right; the gradient's own start is turned there.
            let turn = single(gradient.angle.rem_euclid(360.0));
            let place = place.pre_concat(Transform::from_rotate_at(turn, start.x, start.y));
            SweepGradient::new(start, 0.0, 360.0, stops, SpreadMode::Pad, place)
        }
    };
    // tiny-skia refuses a matrix without an inverse; nothing would be seen through it.
    made
}
