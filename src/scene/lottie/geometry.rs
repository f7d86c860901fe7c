//! The paths of ellipses, rectangles and stars, in the direction and from the point where After
//! Effects starts them (which trimming and dashes show).

use kurbo::{BezPath, Point, Vec2};

/// How far a handle reaches, of the radius, for a quarter of a circle.
const QUARTER: f64 = 0.552_284_749_830_793_4;

/// The most points of a star or polygon.
pub(super) const MAX_STAR_POINTS: f64 = 500.0;

/// An ellipse, clockwise from the top.
pub(super) fn ellipse(path: &mut BezPath, center: Vec2, size: Vec2) {
    let c = center.to_point();
    let (x, y) = (Vec2::new(size.x / 2.0, 0.0), Vec2::new(0.0, size.y / 2.0));
    let (hx, hy) = (x * QUARTER, y * QUARTER);
    path.move_to(c - y);
    path.curve_to(c - y + hx, c + x - hy, c + x);
    path.curve_to(c + x + hy, c + y + hx, c + y);
    path.curve_to(c + y - hx, c - x + hy, c - x);
    path.curve_to(c - x - hy, c - y - hx, c - y);
    path.close_path();
}

/// A rectangle, clockwise from below the top right corner.
pub(super) fn rectangle(path: &mut BezPath, center: Vec2, size: Vec2, radius: f64) {
    let half = Vec2::new(size.x.abs(), size.y.abs()) / 2.0;
    let r = radius.min(half.x).min(half.y).max(0.0);
    let (left, right) = (center.x - half.x, center.x + half.x);
    let (top, bottom) = (center.y - half.y, center.y + half.y);
    let at = Point::new;
    if r <= 0.0 {
        path.move_to(at(right, top));
        path.line_to(at(right, bottom));
        path.line_to(at(left, bottom));
        path.line_to(at(left, top));
        path.close_path();
        return;
    }
    let k = r * (1.0 - QUARTER);
    path.move_to(at(right, top + r));
    path.line_to(at(right, bottom - r));
    path.curve_to(at(right, bottom - k), at(right - k, bottom), at(right - r, bottom));
    path.line_to(at(left + r, bottom));
    path.curve_to(at(left + k, bottom), at(left, bottom - k), at(left, bottom - r));
    path.line_to(at(left, top + r));
    path.curve_to(at(left, top + k), at(left + k, top), at(left + r, top));
    path.line_to(at(right - r, top));
    path.curve_to(at(right - k, top), at(right, top + k), at(right, top + r));
    path.close_path();
}

/// What a star is made of: radii, and roundness in percent.
pub(super) struct StarShape {
    pub(super) center: Vec2,
    pub(super) points: f64,
    /// Degrees.
    pub(super) rotation: f64,
    pub(super) outer: (f64, f64),
    /// None for a polygon.
    pub(super) inner: Option<(f64, f64)>,
}

/// A star or polygon, clockwise from its first tip.
pub(super) fn star(path: &mut BezPath, shape: &StarShape) {
    let tips = (shape.points + 1e-3).floor().clamp(0.0, MAX_STAR_POINTS);
    if tips < 3.0 && shape.inner.is_none() || tips < 1.0 {
        return;
    }
    let count = if shape.inner.is_some() { tips * 2.0 } else { tips };
    let step = std::f64::consts::TAU / count;
    let start = (shape.rotation - 90.0).to_radians();
    // The handle of a fully round corner spans a quarter of the way along its circle.
    let corner = |index: f64| {
        let (radius, roundness) = match shape.inner {
            Some(inner) if index % 2.0 != 0.0 => inner,
            _ => shape.outer,
        };
        let way = Vec2::from_angle(start + step * index);
        let reach = std::f64::consts::TAU * radius
            / (count * if shape.inner.is_some() { 2.0 } else { 4.0 });
        let tangent = Vec2::new(-way.y, way.x) * (reach * roundness / 100.0);
        ((shape.center + way * radius).to_point(), tangent)
    };
    let (first, mut tangent) = corner(0.0);
    let mut at = first;
    path.move_to(first);
    let mut index = 1.0;
    while index <= count {
        let (next, next_tangent) = corner(if index < count { index } else { 0.0 });
        if tangent == Vec2::ZERO && next_tangent == Vec2::ZERO {
            path.line_to(next);
        } else {
            path.curve_to(at + tangent, next - next_tangent, next);
        }
        (at, tangent) = (next, next_tangent);
        index += 1.0;
    }
    path.close_path();
}

/// Rounds the corners between straight lines by up to `radius`, as After Effects' own modifier.
pub(super) fn round_corners(path: &BezPath, radius: f64) -> BezPath {
    let mut out = BezPath::new();
    for sub in subpaths(path) {
        round_one(&sub, radius, &mut out);
    }
    out
}

/// A subpath: its cubics, and whether it is closed.
pub(super) struct Subpath {
    pub(super) start: Point,
    pub(super) segments: Vec<kurbo::PathSeg>,
    pub(super) closed: bool,
}

/// The subpaths of a path.
pub(super) fn subpaths(path: &BezPath) -> Vec<Subpath> {
    let mut out: Vec<Subpath> = Vec::new();
    let mut at = Point::ZERO;
    for element in path.elements() {
        let Some(sub) = out.last_mut() else {
            if let kurbo::PathEl::MoveTo(start) = *element {
                at = start;
                out.push(Subpath { start, segments: Vec::new(), closed: false });
            }
            continue;
        };
        match *element {
            kurbo::PathEl::MoveTo(start) => {
                at = start;
                out.push(Subpath { start, segments: Vec::new(), closed: false });
            }
            kurbo::PathEl::LineTo(p) => {
                sub.segments.push(kurbo::Line::new(at, p).into());
                at = p;
            }
            kurbo::PathEl::QuadTo(a, p) => {
                sub.segments.push(kurbo::QuadBez::new(at, a, p).into());
                at = p;
            }
            kurbo::PathEl::CurveTo(a, b, p) => {
                sub.segments.push(kurbo::CubicBez::new(at, a, b, p).into());
                at = p;
            }
            kurbo::PathEl::ClosePath => {
                // A last corner that was calculated may miss the first by a rounding.
                if (at - sub.start).hypot() > 1e-9 {
                    sub.segments.push(kurbo::Line::new(at, sub.start).into());
                }
                at = sub.start;
                sub.closed = true;
            }
        }
    }
    out
}

fn round_one(sub: &Subpath, radius: f64, out: &mut BezPath) {
    let segments = &sub.segments;
    let count = segments.len();
    if count < 2 {
        out.extend(segments.iter().enumerate().flat_map(|(i, s)| {
            let start = (i == 0).then_some(kurbo::PathEl::MoveTo(sub.start));
            start.into_iter().chain(Some(s.as_path_el()))
        }));
        return;
    }
    let line = |i: usize| match segments.get(i % count) {
        Some(kurbo::PathSeg::Line(line)) => Some(*line),
        _ => None,
    };
    // How far into each segment the corner at its start reaches.
    let cut = |i: usize| -> f64 {
        let open_end = !sub.closed && i.is_multiple_of(count);
        match (line(i + count - 1), line(i)) {
            (Some(a), Some(b)) if !open_end => {
                let shortest = (a.p1 - a.p0).hypot().min((b.p1 - b.p0).hypot());
                radius.min(shortest / 2.0)
            }
            _ => 0.0,
        }
    };
    let toward = |from: Point, to: Point, reach: f64| {
        let d = to - from;
        let length = d.hypot();
        if length > 0.0 { from + d * (reach / length) } else { from }
    };
    for (i, segment) in segments.iter().enumerate() {
        let (before, after) = (cut(i), cut(i + 1));
        let Some(l) = line(i) else {
            if i == 0 {
                out.move_to(sub.start);
            }
            out.push(segment.as_path_el());
            continue;
        };
        let (start, end) = (toward(l.p0, l.p1, before), toward(l.p1, l.p0, after));
        if i == 0 {
            out.move_to(start);
        }
        out.line_to(end);
        if after > 0.0
            && let Some(next) = line(i + 1)
        {
            let k = after * (1.0 - QUARTER);
            out.curve_to(
                toward(l.p1, l.p0, k),
                toward(l.p1, next.p1, k),
                toward(l.p1, next.p1, after),
            );
        }
    }
    if sub.closed {
        out.close_path();
    }
}
