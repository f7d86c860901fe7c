//! Drawing lists → pixels, on surfaces that cover only as much as they must.

use super::coverage::{Coverage, Rule};
use super::evaluate::{Command, Gradient, Ink, Pen, Shape, Sheet, Stroke, inverse};
use super::model::GradientKind;
use super::pixels;
use kurbo::{Affine, PathEl, Point, Rect, Vec2};
use std::ops::Range;
use tiny_skia::{
    BlendMode, Color, FillRule, GradientStop, IntSize, LinearGradient, Mask, Paint, Path,
    PathBuilder, Pixmap, PixmapPaint, RadialGradient, Shader, SpreadMode, StrokeDash,
    SweepGradient, Transform,
};

/// The farthest a coordinate may lie from the origin; beyond, it is cut to it. Far outside of any
/// frame, and well inside of what tiny-skia's fixed-point edges hold.
const MAX_COORDINATE: f64 = 100_000.0;
/// The farthest outside of a frame that what throws a shadow into it is drawn, in pixels.
const MAX_REACH: f64 = 512.0;
/// The most dashes of a path; a finer pattern is drawn as a whole line.
const MAX_DASHES: f64 = 10_000.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "drawing is in single precision; the value is cut to what fits before"
)]
pub(super) fn single(value: f64) -> f32 {
    if value.is_finite() { value.clamp(-1e9, 1e9) as f32 } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "cut to what fits before")]
fn pixel(value: f64) -> i32 {
    value.clamp(-1e6, 1e6) as i32
}

fn point(p: Point) -> (f32, f32) {
    let cut = |v: f64| single(v.clamp(-MAX_COORDINATE, MAX_COORDINATE));
    (cut(p.x), cut(p.y))
}

pub(super) fn skia(matrix: Affine) -> Transform {
    let [a, b, c, d, e, f] = matrix.as_coeffs().map(single);
    Transform::from_row(a, b, c, d, e, f)
}

/// A rectangle of device pixels; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    /// The pixels that `rect` touches, with one around for what anti-aliasing adds.
    pub(super) fn around(rect: Rect) -> Option<Self> {
        let rect = rect.is_finite().then(|| rect.inflate(1.0, 1.0).expand())?;
        Self::between(pixel(rect.x0), pixel(rect.y0), pixel(rect.x1), pixel(rect.y1))
    }

    /// The pixels that `rect` touches; a thousandth of one does not count.
    pub(super) fn touching(rect: Rect) -> Option<Self> {
        let rect = rect.is_finite().then(|| rect.inflate(-1e-3, -1e-3).expand())?;
        Self::between(pixel(rect.x0), pixel(rect.y0), pixel(rect.x1), pixel(rect.y1))
    }

    fn between(x0: i32, y0: i32, x1: i32, y1: i32) -> Option<Self> {
        let width = u32::try_from(x1.checked_sub(x0)?).ok()?;
        let height = u32::try_from(y1.checked_sub(y0)?).ok()?;
        (width > 0 && height > 0).then_some(Self { x: x0, y: y0, width, height })
    }

    /// The same with so many pixels more on each side.
    pub(super) fn grown(self, by: f64) -> Self {
        let Ok(by) = u32::try_from(pixel(by.ceil().clamp(0.0, MAX_REACH))) else {
            return self;
        };
        Self {
            x: self.x.saturating_sub_unsigned(by),
            y: self.y.saturating_sub_unsigned(by),
            width: self.width.saturating_add(by * 2),
            height: self.height.saturating_add(by * 2),
        }
    }

    fn right(self) -> i32 {
        self.x.saturating_add_unsigned(self.width)
    }

    fn bottom(self) -> i32 {
        self.y.saturating_add_unsigned(self.height)
    }

    fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// What both hold.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        Self::between(
            self.x.max(other.x),
            self.y.max(other.y),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    fn origin(self) -> Vec2 {
        Vec2::new(self.x.into(), self.y.into())
    }

    /// The smallest that holds both.
    fn with(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let both =
            Self::between(x, y, self.right().max(other.right()), self.bottom().max(other.bottom()));
        both.unwrap_or(self)
    }

    pub(super) fn rect(self) -> Rect {
        let (x1, y1) = (self.right().into(), self.bottom().into());
        Rect::new(self.x.into(), self.y.into(), x1, y1)
    }
}

/// Pixels that cover an area of the device.
pub(super) struct Surface {
    pub(super) pixmap: Pixmap,
    pub(super) area: Area,
    /// The part outside of which every pixel is transparent.
    pub(super) painted: Option<Area>,
}

impl Surface {
    /// The pixels of a frame themselves where all of it is drawn to, else new ones.
    pub(super) fn of(frame: &mut Pixmap, area: Area) -> Option<Self> {
        let whole = (area.x, area.y) == (0, 0)
            && (area.width, area.height) == (frame.width(), frame.height());
        let pixmap = if whole {
            // A 1×1 stand-in until `put_into`, so that nothing is copied.
            std::mem::replace(frame, Pixmap::new(1, 1)?)
        } else {
            Pixmap::new(area.width, area.height)?
        };
        Some(Self { pixmap, area, painted: None })
    }

    /// The way back from [`Surface::of`].
    pub(super) fn put_into(self, frame: &mut Pixmap, whole: Area) {
        if self.area == whole {
            *frame = self.pixmap;
            return;
        }
        let Some(stand_in) = Pixmap::new(1, 1) else {
            return;
        };
        let pixmap = std::mem::replace(frame, stand_in);
        let mut below = Self { pixmap, area: whole, painted: None };
        below.put_over(&self, 1.0);
        *frame = below.pixmap;
    }

    /// Notes that something was painted in a part.
    pub(super) fn touch(&mut self, part: Area) {
        let part = part.and(self.area);
        self.painted = match (self.painted, part) {
            (Some(a), Some(b)) => Some(a.with(b)),
            (one, other) => one.or(other),
        };
    }

    fn origin(&self) -> Vec2 {
        Vec2::new(self.area.x.into(), self.area.y.into())
    }

    /// Device coordinates to this surface's.
    pub(super) fn local(&self, matrix: Affine) -> Affine {
        matrix.then_translate(-self.origin())
    }

    /// Draws another surface onto this one.
    pub(super) fn composite(&mut self, other: &Self, opacity: f64, blend_mode: BlendMode) {
        if blend_mode == BlendMode::SourceOver {
            return self.put_over(other, opacity);
        }
        let paint = PixmapPaint {
            opacity: single(opacity.clamp(0.0, 1.0)),
            blend_mode,
            quality: tiny_skia::FilterQuality::Nearest,
        };
        self.touch(other.area);
        let (x, y) = (other.area.x - self.area.x, other.area.y - self.area.y);
        let source = other.pixmap.as_ref();
        self.pixmap.draw_pixmap(x, y, source, &paint, Transform::identity(), None);
    }

    fn put_over(&mut self, other: &Self, opacity: f64) {
        let Some(both) = other.painted.and_then(|painted| painted.and(self.area)) else {
            return;
        };
        self.touch(both);
        let opacity = pixels::byte(opacity);
        for y in both.y..both.bottom() {
            let above = other.row(both, y);
            let from = other.pixmap.data().get(above).unwrap_or_default();
            let below = self.row(both, y);
            if let Some(to) = self.pixmap.data_mut().get_mut(below) {
                pixels::over(to, from, opacity);
            }
        }
    }

    /// Where the bytes of a part of a device row are.
    fn row(&self, part: Area, y: i32) -> Range<usize> {
        let x = part.x.abs_diff(self.area.x) as usize;
        let y = y.abs_diff(self.area.y) as usize;
        let start = (y * self.area.width as usize + x) * 4;
        start..start + part.width as usize * 4
    }

    /// Keeps as much as a part's mask covers; outside of the part nothing is painted.
    pub(super) fn keep(&mut self, part: Area, cover: &[u8]) {
        for (y, cover) in (part.y..part.bottom()).zip(cover.chunks_exact(part.width as usize)) {
            let row = self.row(part, y);
            if let Some(row) = self.pixmap.data_mut().get_mut(row) {
                pixels::mask(row, cover);
            }
        }
    }

    /// Lets through what another surface of the same area lets through.
    pub(super) fn matte(&mut self, through: &Self, luma: bool, inverted: bool) {
        let Some(part) = self.painted else {
            return;
        };
        for y in part.y..part.bottom() {
            let row = self.row(part, y);
            let through = through.pixmap.data().get(row.clone()).unwrap_or_default();
            if let Some(row) = self.pixmap.data_mut().get_mut(row) {
                pixels::matte(row, through, luma, inverted);
            }
        }
    }

    /// Keeps what lies in a rectangle of the device.
    pub(super) fn clip(&mut self, rect: Rect) {
        let width = self.area.width as usize;
        let rect = rect - self.origin();
        pixels::clip(self.pixmap.data_mut(), width, rect);
    }
}

/// Surfaces that were used before, and how much may still be cleared and composited in a frame.
#[derive(Default)]
pub(super) struct Pool {
    free: Vec<Vec<u8>>,
    pixels_left: u64,
    dashes_left: f64,
}

impl Pool {
    /// How often a frame may be painted over, counted in bounds; past that the rest is left out.
    const MAX_OVERDRAW: u64 = 1000;
    /// The most pixels that are painted in a frame, whatever its size: about a second's work.
    const MAX_PIXELS: u64 = 1 << 30;
    /// The most dashes of a frame.
    const MAX_DASHES: f64 = 200_000.0;

    pub(super) fn refill(&mut self, area: Area) {
        self.pixels_left = (area.pixels() * Self::MAX_OVERDRAW).min(Self::MAX_PIXELS);
        self.dashes_left = Self::MAX_DASHES;
    }

    /// Takes from what a frame may paint; false where it is not enough.
    pub(super) fn spend(&mut self, area: Area) -> bool {
        let left = self.pixels_left.checked_sub(area.pixels());
        self.pixels_left = left.unwrap_or(0);
        left.is_some()
    }

    /// A transparent surface; none when the budget is spent.
    pub(super) fn take(&mut self, area: Area) -> Option<Surface> {
        if !self.spend(area) {
            return None;
        }
        let mut data = self.free.pop().unwrap_or_default();
        data.clear();
        data.resize(usize::try_from(area.pixels() * 4).ok()?, 0);
        let pixmap = Pixmap::from_vec(data, IntSize::from_wh(area.width, area.height)?)?;
        Some(Surface { pixmap, area, painted: None })
    }

    pub(super) fn give_back(&mut self, surface: Surface) {
        /// More are not alive at once in any drawing seen.
        const MAX_FREE: usize = 8;
        if self.free.len() < MAX_FREE {
            self.free.push(surface.pixmap.take());
        }
    }
}

/// Draws lists; keeps its memory.
#[derive(Default)]
pub(super) struct Rasterizer {
    builder: Option<PathBuilder>,
    coverage: Coverage,
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
        sheet: &Sheet,
        range: Range<usize>,
        opacity: f64,
        surface: &mut Surface,
    ) {
        let mut at = range.end;
        while at > range.start {
            at -= 1;
            match &sheet.commands[at] {
                Command::Paint(stroke) => self.stroke(sheet.shapes(), stroke, opacity, surface),
                Command::Isolate { from, opacity: own } => {
                    self.isolate(sheet, *from..at, (opacity, *own), surface);
                    at = *from;
                }
            }
        }
    }

    /// Draws a group as one, where its parts lie over one another; else each for itself.
    pub(super) fn isolate(
        &mut self,
        sheet: &Sheet,
        range: Range<usize>,
        (outer, own): (f64, f64),
        surface: &mut Surface,
    ) {
        if !overlaps(sheet, range.clone()) {
            return self.draw(sheet, range, outer * own, surface);
        }
        let area = bounds(sheet, range.clone()).and_then(Area::around);
        let area = area.and_then(|a| a.and(surface.area));
        let Some(mut layer) = area.and_then(|a| self.pool.take(a)) else {
            return;
        };
        self.draw(sheet, range, 1.0, &mut layer);
        surface.composite(&layer, outer * own, BlendMode::SourceOver);
        self.pool.give_back(layer);
    }

    fn stroke(&mut self, shapes: &[Shape], stroke: &Stroke, opacity: f64, surface: &mut Surface) {
        let area = paint_bounds(shapes, stroke).and_then(Area::around);
        let Some(area) = area.and_then(|a| a.and(surface.area)) else {
            return;
        };
        if !self.pool.spend(area) {
            return;
        }
        surface.touch(area);
        let shapes = shapes.get(stroke.paths.clone()).unwrap_or_default();
        let opacity = opacity * stroke.opacity;
        let plain = match &stroke.ink {
            Ink::Gradient(gradient) => gradient.is_plain(),
            Ink::Solid(_) => true,
        };
        if !plain || stroke.blend != BlendMode::SourceOver {
            return self.blend(shapes, stroke, opacity, surface);
        }
        let rule = if stroke.even_odd { Rule::EvenOdd } else { Rule::NonZero };
        self.coverage.begin(area.width as usize, area.height as usize);
        match &stroke.pen {
            None => self.trace(shapes, area),
            Some(pen) => self.trace_line(shapes, stroke.matrix, pen, area),
        }
        self.ink(&stroke.ink, stroke.matrix, opacity, rule, (area, surface));
    }

    /// Adds what shapes hold to the coverage of an area.
    fn trace(&mut self, shapes: &[Shape], area: Area) {
        let origin = area.origin();
        for shape in shapes {
            let place = shape.matrix.then_translate(-origin);
            self.coverage.add(shape.path.elements().iter().copied(), place);
        }
    }

    /// Adds what a pen leaves along shapes.
    fn trace_line(&mut self, shapes: &[Shape], matrix: Affine, pen: &Pen, area: Area) {
        let Some((path, stroke)) = self.outline(shapes, matrix, pen) else {
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
        let ramp = pixels::Ramp::new(&gradient.stops, opacity);
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
    fn blend(&mut self, shapes: &[Shape], stroke: &Stroke, opacity: f64, surface: &mut Surface) {
        let local = surface.local(stroke.matrix);
        let Some(shader) = shader(&stroke.ink, opacity, local, &stroke.pen) else {
            return;
        };
        let paint = Paint { blend_mode: stroke.blend, shader, ..Paint::default() };
        if let Some(pen) = &stroke.pen {
            if let Some((path, line)) = self.outline(shapes, stroke.matrix, pen) {
                surface.pixmap.stroke_path(&path, &paint, &line, skia(local), None);
                self.recycle(path);
            }
            return;
        }
        if let Some(path) = self.path(shapes, |m| surface.local(m)) {
            let rule = if stroke.even_odd { FillRule::EvenOdd } else { FillRule::Winding };
            surface.pixmap.fill_path(&path, &paint, rule, Transform::identity(), None);
            self.recycle(path);
        }
    }

    /// Fills one path with one colour.
    pub(super) fn solid(
        &mut self,
        shape: &Shape,
        fill: [f64; 4],
        opacity: f64,
        surface: &mut Surface,
    ) {
        let bounds = shape.matrix.transform_rect_bbox(shape.path.control_box());
        let Some(area) = Area::around(bounds).and_then(|a| a.and(surface.area)) else {
            return;
        };
        surface.touch(area);
        self.coverage.begin(area.width as usize, area.height as usize);
        self.trace(std::slice::from_ref(shape), area);
        let ink = Ink::Solid(fill);
        self.ink(&ink, Affine::IDENTITY, opacity, Rule::NonZero, (area, surface));
    }

    /// The coverage of one path on a surface of this area, grown or shrunk by some of its units.
    pub(super) fn coverage(&mut self, shape: &Shape, grow: f64, area: Area) -> Option<Mask> {
        let mut mask = Mask::new(area.width, area.height).filter(|_| self.pool.spend(area))?;
        let width = area.width as usize;
        let shapes = std::slice::from_ref(shape);
        self.coverage.begin(width, area.height as usize);
        self.trace(shapes, area);
        let data = mask.data_mut();
        self.coverage.spans(Rule::NonZero, |y, x0, x1, cover| {
            if let Some(span) = data.get_mut(y * width + x0..y * width + x1) {
                span.fill(cover);
            }
        });
        if grow == 0.0 {
            return Some(mask);
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
        self.trace_line(shapes, shape.matrix, &pen, area);
        self.coverage.spans(Rule::NonZero, |y, x0, x1, cover| {
            let span = data.get_mut(y * width + x0..y * width + x1).unwrap_or_default();
            for one in span {
                *one = if grow > 0.0 { cover.max(*one) } else { (255 - cover).min(*one) };
            }
        });
        Some(mask)
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

/// The device bounds of one paint.
fn paint_bounds(shapes: &[Shape], stroke: &Stroke) -> Option<Rect> {
    let mut all: Option<Rect> = None;
    for shape in shapes.get(stroke.paths.clone())? {
        if shape.path.elements().is_empty() {
            continue;
        }
        // The bounds of the control points hold the curve, and cost less than its own.
        let bounds = shape.matrix.transform_rect_bbox(shape.path.control_box());
        all = Some(all.map_or(bounds, |a| a.union(bounds)));
    }
    let grow = stroke.pen.as_ref().map_or(0.0, |pen| {
        let [a, b, c, d, ..] = stroke.matrix.as_coeffs();
        let scale = a.hypot(b).max(c.hypot(d));
        let reach = match pen.join {
            tiny_skia::LineJoin::Miter => pen.miter.clamp(std::f64::consts::SQRT_2, 20.0),
            _ => std::f64::consts::SQRT_2,
        };
        pen.width / 2.0 * scale * reach
    });
    all.map(|r| r.inflate(grow, grow))
}

/// The device bounds of some commands.
pub(super) fn bounds(sheet: &Sheet, range: Range<usize>) -> Option<Rect> {
    sheet.commands[range]
        .iter()
        .filter_map(|command| match command {
            Command::Paint(stroke) => paint_bounds(sheet.shapes(), stroke),
            Command::Isolate { .. } => None,
        })
        .reduce(|a, b| a.union(b))
}

/// Whether some of the paints may lie over one another, or blend with what is below.
pub(super) fn overlaps(sheet: &Sheet, range: Range<usize>) -> bool {
    /// With more paints than this, comparing each with each costs more than a layer.
    const MANY: usize = 8;
    let mut seen: Vec<Rect> = Vec::new();
    for command in &sheet.commands[range] {
        let Command::Paint(stroke) = command else {
            continue;
        };
        if stroke.blend != BlendMode::SourceOver {
            return true;
        }
        let Some(bounds) = paint_bounds(sheet.shapes(), stroke) else {
            continue;
        };
        let meets = |other: &Rect| !bounds.intersect(*other).is_zero_area();
        if seen.len() >= MANY || seen.iter().any(meets) {
            return true;
        }
        seen.push(bounds);
    }
    false
}
