//! Modifiers that move the vertices of paths: pucker and bloat, zig-zag, twist.

use super::geometry::{Subpath, subpaths};
use super::value::{Outline, Vertex};
use kurbo::{BezPath, ParamCurve, PathSeg, Point, Vec2};

/// The most ridges that a zig-zag puts on one segment.
pub(super) const MAX_RIDGES: f64 = 500.0;
/// Into how many parts a twist cuts a segment, so that straight lines may bend.
pub(super) const TWIST_PARTS: u32 = 8;

impl Subpath {
    /// The subpath as vertices with their handles.
    fn outline(&self) -> Outline {
        let bare = |at| Vertex { at, incoming: at, outgoing: at };
        let mut vertices = vec![bare(self.start)];
        for segment in &self.segments {
            let (a, b) = match segment {
                PathSeg::Line(line) => (line.p0, line.p1),
                curved => {
                    let cubic = curved.to_cubic();
                    (cubic.p1, cubic.p2)
                }
            };
            if let Some(from) = vertices.last_mut() {
                from.outgoing = a;
            }
            vertices.push(Vertex { incoming: b, ..bare(segment.end()) });
        }
        // A closed outline's last segment ends in its first vertex.
        if self.closed
            && vertices.len() > 1
            && let Some(last) = vertices.pop()
            && let Some(first) = vertices.first_mut()
        {
            first.incoming = last.incoming;
        }
        Outline { vertices, closed: self.closed }
    }
}

fn each(path: &BezPath, change: impl Fn(&Subpath) -> Outline) -> BezPath {
    let mut out = BezPath::new();
    for sub in subpaths(path) {
        change(&sub).append_to(&mut out);
    }
    out
}

/// Pulls vertices to the mean of all by `amount` (1 for all the way) and pushes handles from it as
/// far, as the Lottie specification's "Pucker / Bloat" says; a negative amount does the opposite.
pub(super) fn pucker(path: &BezPath, amount: f64) -> BezPath {
    each(path, |sub| {
        let mut outline = sub.outline();
        let sum: Vec2 = outline.vertices.iter().map(|v| v.at.to_vec2()).sum();
        let count = u32::try_from(outline.vertices.len()).unwrap_or(u32::MAX);
        let center = (sum / f64::from(count.max(1))).to_point();
        for vertex in &mut outline.vertices {
            vertex.at = vertex.at.lerp(center, amount);
            vertex.incoming = vertex.incoming.lerp(center, -amount);
            vertex.outgoing = vertex.outgoing.lerp(center, -amount);
        }
        outline
    })
}

/// A zig-zag along each segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct ZigZag {
    /// How far ridges reach from the path, in its units.
    pub(super) amplitude: f64,
    /// Ridges on a segment besides its ends.
    pub(super) ridges: u32,
    pub(super) smooth: bool,
}

/// Puts ridges on each segment, in turn on either side; every vertex becomes one.
pub(super) fn zigzag(path: &BezPath, shape: ZigZag) -> BezPath {
    each(path, |sub| shape.apply(sub))
}

impl ZigZag {
    fn apply(self, sub: &Subpath) -> Outline {
        let segments = &sub.segments;
        let Some(last) = segments.last() else {
            return sub.outline();
        };
        let mut out = Outline { vertices: Vec::new(), closed: sub.closed };
        // The first vertex lies inward of a clockwise path.
        let mut side = -1.0;
        for (i, segment) in segments.iter().enumerate() {
            let before = match i.checked_sub(1) {
                Some(i) => segments.get(i),
                None => sub.closed.then_some(last),
            };
            self.corner(before, Some(segment), side, &mut out);
            for ridge in 1..=self.ridges {
                side = -side;
                let t = f64::from(ridge) / f64::from(self.ridges + 1);
                let reach = self.reach(Some(segment));
                self.ridge(segment.eval(t), tangent(segment, t), side, (reach, reach), &mut out);
            }
            side = -side;
        }
        if !sub.closed {
            self.corner(Some(last), None, side, &mut out);
        }
        out
    }

    /// How far the handles of a smooth ridge reach along its segment.
    fn reach(self, segment: Option<&PathSeg>) -> f64 {
        let length = segment.map_or(0.0, |s| (s.end() - s.start()).hypot());
        if self.smooth { length / f64::from(self.ridges + 1) / 2.0 } else { 0.0 }
    }

    /// The ridge on a vertex, upright on the line between its neighbours.
    fn corner(
        self,
        before: Option<&PathSeg>,
        after: Option<&PathSeg>,
        side: f64,
        out: &mut Outline,
    ) {
        let at = after.map(PathSeg::start).or(before.map(PathSeg::end)).unwrap_or_default();
        let from = before.map_or(at, PathSeg::start);
        let to = after.map_or(at, PathSeg::end);
        self.ridge(at, to - from, side, (self.reach(before), self.reach(after)), out);
    }

    fn ridge(
        self,
        at: Point,
        along: Vec2,
        side: f64,
        (before, after): (f64, f64),
        out: &mut Outline,
    ) {
        let length = along.hypot();
        let along = if length > 0.0 { along / length } else { Vec2::new(0.0, 1.0) };
        // To the left of the direction of travel, with y downward.
        let at = at + Vec2::new(along.y, -along.x) * self.amplitude * side;
        let (incoming, outgoing) = (at - along * before, at + along * after);
        out.vertices.push(Vertex { at, incoming, outgoing });
    }
}

/// A short step of a curve's parameter, over which its slope is taken.
const STEP: f64 = 1e-4;

/// The direction of a segment at a parameter, not normalised.
fn tangent(segment: &PathSeg, t: f64) -> Vec2 {
    segment.eval((t + STEP).min(1.0)) - segment.eval((t - STEP).max(0.0))
}

/// Turns a path around `center`, by `degrees` there and ever less toward its farthest point, where
/// it stays. No specification says how the turn falls off, and no other player known draws it;
/// After Effects' manual says that it is sharper in the centre than at the edges.
pub(super) fn twist(path: &BezPath, degrees: f64, center: Point) -> BezPath {
    let farthest =
        |sub: &Subpath| sub.segments.iter().map(|s| (s.end() - center).hypot()).fold(0.0, f64::max);
    let reach = subpaths(path).iter().map(farthest).fold(0.0, f64::max);
    if reach <= 0.0 {
        return path.clone();
    }
    let turned = |p: Point| {
        let from = p - center;
        let turn = degrees.to_radians() * (1.0 - from.hypot() / reach).max(0.0);
        center + Vec2::from_angle(turn + from.atan2()) * from.hypot()
    };
    let mut out = BezPath::new();
    for sub in subpaths(path) {
        out.move_to(turned(sub.start));
        for part in sub.segments.iter().flat_map(parts) {
            // The handles of the turned curve, from its slopes at the part's ends.
            let slope = |t: f64| (turned(part.eval(t + STEP)) - turned(part.eval(t - STEP))) / STEP;
            let (start, end) = (turned(part.start()), turned(part.end()));
            out.curve_to(start + slope(0.0) / 6.0, end - slope(1.0) / 6.0, end);
        }
        if sub.closed {
            out.close_path();
        }
    }
    out
}

fn parts(segment: &PathSeg) -> impl Iterator<Item = PathSeg> + '_ {
    let step = 1.0 / f64::from(TWIST_PARTS);
    (0..TWIST_PARTS).map(move |i| {
        let from = f64::from(i) * step;
        segment.subsegment(from..from + step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Rect, Shape as _};

    fn square() -> BezPath {
        Rect::new(-10.0, -10.0, 10.0, 10.0).to_path(0.1)
    }

    #[test]
    fn a_puckered_square_has_its_vertices_inside_and_its_sides_outside() {
        let path = pucker(&square(), 0.5);
        assert_eq!(path.elements()[0], kurbo::PathEl::MoveTo(Point::new(-5.0, -5.0)));
        assert!(path.bounding_box().width() > 10.0);
        assert_eq!(pucker(&square(), 0.0).area(), square().area());
    }

    #[test]
    fn a_zigzag_has_a_vertex_for_each_ridge() {
        let shape = ZigZag { amplitude: 2.0, ridges: 3, smooth: false };
        let path = zigzag(&square(), shape);
        // Each side: its first vertex and three ridges; the last line is the closing one.
        assert_eq!(path.segments().count(), 16);
        let wide = path.bounding_box();
        assert!((wide.width() - 24.0).abs() < 0.1, "{wide:?}");
    }

    #[test]
    fn a_twist_leaves_the_farthest_and_turns_the_near() {
        let path = twist(&square(), 90.0, Point::ZERO);
        assert!((path.control_box().width() - 20.0).abs() < 8.0);
        let start = path.segments().next().unwrap().start();
        assert!((start - Point::new(-10.0, -10.0)).hypot() < 1e-6);
        // The middle of the upper side turns clockwise, by 90° × (1 - 10 ÷ 14.14).
        let middle = path.segments().nth(3).unwrap().end();
        let turn = (middle.to_vec2().atan2() + std::f64::consts::FRAC_PI_2).to_degrees();
        assert!((turn - 26.36).abs() < 0.1, "{turn}");
    }
}
