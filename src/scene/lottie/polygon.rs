//! What needs to know what is inside: paths merged by set operations, and grown or shrunk. It is
//! done on polygons, so curves are flattened finely enough for the eye before.

use super::geometry::subpaths;
use i_overlay::core::{fill_rule::FillRule, overlay_rule::OverlayRule};
use i_overlay::float::{simplify::SimplifyShape, single::SingleFloatOverlay};
use i_overlay::mesh::float::{outline::offset::OutlineOffset, style};
use kurbo::{BezPath, PathEl, Point};
use tiny_skia::LineJoin;

/// The most corners of the polygons of one operation; a path of more is left as it is.
const MAX_CORNERS: usize = 4_000;

/// What a set operation on paths of so many verbs costs, counted in verbs: in the worst case each
/// side of their polygons crosses every other.
pub(super) fn cost(verbs: usize) -> usize {
    verbs.saturating_mul(1 + verbs / 8)
}

/// How paths become one, after the merge modes of After Effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// What any of them holds.
    Add,
    /// What the first holds and no other.
    Subtract,
    /// What all of them hold.
    Intersect,
    /// What an odd number of them holds.
    Exclude,
}

type Contour = Vec<[f64; 2]>;

/// The polygons of a path, none of its curves farther than `tolerance` from them.
fn contours(path: &BezPath, tolerance: f64) -> Option<Vec<Contour>> {
    let mut all: Vec<Contour> = Vec::new();
    let mut corners = 0;
    kurbo::flatten(path, tolerance, |element| {
        corners += 1;
        match element {
            PathEl::MoveTo(p) => all.push(vec![[p.x, p.y]]),
            PathEl::LineTo(p) if corners <= MAX_CORNERS => {
                if let Some(contour) = all.last_mut() {
                    contour.push([p.x, p.y]);
                }
            }
            _ => {}
        }
    });
    all.retain(|c| c.len() > 2 && c.iter().flatten().all(|v| v.is_finite()));
    (corners <= MAX_CORNERS).then_some(all)
}

fn write(shapes: Vec<Vec<Contour>>, out: &mut BezPath) {
    for contour in shapes.into_iter().flatten() {
        let mut points = contour.into_iter().map(|[x, y]| Point::new(x, y));
        let Some(first) = points.next() else {
            continue;
        };
        out.move_to(first);
        points.for_each(|p| out.line_to(p));
        out.close_path();
    }
}

/// Merges paths into one, in their order; none where they have too many corners.
pub(super) fn merge(paths: &[BezPath], how: Merge, tolerance: f64) -> Option<BezPath> {
    let rule = match how {
        Merge::Add => OverlayRule::Union,
        Merge::Subtract => OverlayRule::Difference,
        Merge::Intersect => OverlayRule::Intersect,
        Merge::Exclude => OverlayRule::Xor,
    };
    let mut paths = paths.iter();
    let first = contours(paths.next()?, tolerance)?;
    let mut all = first.simplify_shape(FillRule::NonZero);
    for path in paths {
        let other = contours(path, tolerance)?.simplify_shape(FillRule::NonZero);
        all = all.overlay(&other, rule, FillRule::NonZero);
    }
    let mut out = BezPath::new();
    write(all, &mut out);
    Some(out)
}

/// Moves the closed outlines of a path outward by `distance`, or inward where it is negative, and
/// makes bands of that reach of the open ones. None where the path has too many corners.
pub(super) fn offset(
    path: &BezPath,
    distance: f64,
    corner: (LineJoin, f64),
    tolerance: f64,
) -> Option<BezPath> {
    let (mut closed, mut open) = (BezPath::new(), BezPath::new());
    for sub in subpaths(path) {
        let to = if sub.closed { &mut closed } else { &mut open };
        to.move_to(sub.start);
        sub.segments.iter().for_each(|s| to.push(s.as_path_el()));
        if sub.closed {
            to.close_path();
        }
    }
    let solid = contours(&closed, tolerance)?.simplify_shape(FillRule::NonZero);
    // An arc's chord of angle a lies r·a²/8 inside of it.
    let step = (8.0 * tolerance / distance.abs().max(tolerance)).sqrt();
    // A path that crosses itself everywhere becomes very many small pieces.
    let pieces: usize = solid.iter().flatten().map(Vec::len).sum();
    if pieces > MAX_CORNERS {
        return None;
    }
    let (join, miter) = corner;
    let join = match join {
        LineJoin::Round => style::LineJoin::Round(step),
        LineJoin::Bevel => style::LineJoin::Bevel,
        _ => style::LineJoin::Miter(2.0 * (1.0 / miter.max(1.0)).asin()),
    };
    let style = style::OutlineStyle { join, ..style::OutlineStyle::new(distance) };
    let mut out = if open.is_empty() { open } else { band(open, distance, corner, tolerance) };
    write(solid.outline(&style), &mut out);
    Some(out)
}

fn band(path: BezPath, distance: f64, (join, miter): (LineJoin, f64), tolerance: f64) -> BezPath {
    let (join, cap) = match join {
        LineJoin::Round => (kurbo::Join::Round, kurbo::Cap::Round),
        LineJoin::Bevel => (kurbo::Join::Bevel, kurbo::Cap::Butt),
        _ => (kurbo::Join::Miter, kurbo::Cap::Butt),
    };
    let style = kurbo::Stroke::new(distance.abs() * 2.0)
        .with_join(join)
        .with_caps(cap)
        .with_miter_limit(miter);
    kurbo::stroke(path, &style, &kurbo::StrokeOpts::default(), tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Rect, Shape as _};

    fn square(x: f64) -> BezPath {
        Rect::new(x, 0.0, x + 10.0, 10.0).to_path(0.1)
    }

    #[test]
    fn two_squares_that_overlap_by_half_merge_as_sets() {
        let area =
            |how| merge(&[square(0.0), square(5.0)], how, 0.01).map(|p| p.area().abs()).unwrap();
        for (how, expected) in [
            (Merge::Add, 150.0),
            (Merge::Subtract, 50.0),
            (Merge::Intersect, 50.0),
            (Merge::Exclude, 100.0),
        ] {
            assert!((area(how) - expected).abs() < 0.1, "{how:?}: {}", area(how));
        }
    }

    #[test]
    fn a_square_grows_with_its_join_and_shrinks_to_nothing() {
        let area = |distance, join| {
            offset(&square(0.0), distance, (join, 4.0), 0.01).map(|p| p.area().abs()).unwrap()
        };
        let round = 100.0 + 4.0 * 20.0 + std::f64::consts::PI * 4.0;
        assert!((area(2.0, LineJoin::Miter) - 196.0).abs() < 0.1);
        assert!((area(2.0, LineJoin::Round) - round).abs() < 0.2);
        assert!((area(2.0, LineJoin::Bevel) - 188.0).abs() < 0.1);
        assert!((area(-2.0, LineJoin::Miter) - 36.0).abs() < 0.1);
        assert!(area(-6.0, LineJoin::Miter) < 1e-6);
    }

    #[test]
    fn too_many_corners_are_left_alone() {
        let mut path = BezPath::from_vec(vec![PathEl::MoveTo(Point::ZERO)]);
        (0..MAX_CORNERS).for_each(|_| path.line_to((1.0, 1.0)));
        assert!(merge(&[path], Merge::Add, 0.1).is_none());
    }
}
