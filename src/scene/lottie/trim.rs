//! Trimming: keeping a stretch of a path.

use super::evaluate::Shape;
use super::geometry::{Subpath, subpaths};
use kurbo::{BezPath, ParamCurve, ParamCurveArclen, PathSeg};

/// How exactly lengths are measured, in units of the path.
const ACCURACY: f64 = 0.01;

/// What is kept: nothing, all, or one or two stretches as shares of the length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Window {
    Nothing,
    All,
    /// From the first to the second, which may pass 1 and then goes on from the start.
    From(f64, f64),
}

/// The window of a start, an end and an offset, in shares of 1.
pub(super) fn window(start: f64, end: f64, offset: f64) -> Window {
    let (start, end) = (start.clamp(0.0, 1.0), end.clamp(0.0, 1.0));
    let (start, end) = (start.min(end), start.max(end));
    let length = end - start;
    if length <= 1e-6 {
        Window::Nothing
    } else if length >= 1.0 - 1e-6 {
        Window::All
    } else {
        let start = (start + offset).rem_euclid(1.0);
        Window::From(start, start + length)
    }
}

/// Trims the shapes, each for itself or as one long path.
pub(super) fn apply(shapes: &mut [Shape], window: Window, joined: bool) {
    let (from, to) = match window {
        Window::All => return,
        Window::Nothing => {
            shapes.iter_mut().for_each(|s| s.path.truncate(0));
            return;
        }
        Window::From(from, to) => (from, to),
    };
    let measured: Vec<Vec<Measured>> = shapes.iter().map(|s| measure(&s.path)).collect();
    if !joined {
        for (shape, subs) in shapes.iter_mut().zip(&measured) {
            let total: f64 = subs.iter().map(|s| s.length).sum();
            shape.path = keep(subs, from * total, to * total, total, 0.0);
        }
        return;
    }
    let total: f64 = measured.iter().flatten().map(|s| s.length).sum();
    let mut before = 0.0;
    for (shape, subs) in shapes.iter_mut().zip(&measured) {
        shape.path = keep(subs, from * total, to * total, total, before);
        before += subs.iter().map(|s| s.length).sum::<f64>();
    }
}

struct Measured {
    sub: Subpath,
    lengths: Vec<f64>,
    length: f64,
}

fn measure(path: &BezPath) -> Vec<Measured> {
    let measure = |sub: Subpath| {
        let lengths: Vec<f64> = sub.segments.iter().map(|s| s.arclen(ACCURACY)).collect();
        let length = lengths.iter().sum();
        Measured { sub, lengths, length }
    };
    subpaths(path).into_iter().map(measure).collect()
}

/// What lies from `from` to `to` of `total`, where these subpaths begin at `before`.
fn keep(subs: &[Measured], from: f64, to: f64, total: f64, mut before: f64) -> BezPath {
    let mut out = BezPath::new();
    for sub in subs {
        let (a, b) = (before, before + sub.length);
        let part = |from: f64, to: f64| (from.max(a) - a, to.min(b) - a);
        let first = part(from, to);
        let wrapped = part(from - total, to - total);
        let whole = |(from, to): (f64, f64)| from <= 0.0 && to >= sub.length;
        if whole(first) || whole(wrapped) {
            if stretch(sub, 0.0, sub.length, false, &mut out) && sub.sub.closed {
                out.close_path();
            }
        } else {
            // Where a closed path is kept across its start, both stretches are one line.
            let across = sub.sub.closed && wrapped.0 <= 0.0 && first.1 >= sub.length;
            let begun = stretch(sub, first.0, first.1, false, &mut out);
            stretch(sub, wrapped.0, wrapped.1, begun && across, &mut out);
        }
        before = b;
    }
    out
}

/// Appends what lies between two lengths, going on from the last point where `going_on`; tells
/// whether there was anything.
fn stretch(sub: &Measured, from: f64, to: f64, going_on: bool, out: &mut BezPath) -> bool {
    let mut at = 0.0;
    let mut begun = going_on;
    for (segment, length) in sub.sub.segments.iter().zip(&sub.lengths) {
        let (a, b) = (from.max(at) - at, to.min(at + length) - at);
        at += length;
        if b <= a {
            continue;
        }
        let part = if a <= 0.0 && b >= *length {
            *segment
        } else {
            segment.subsegment(parameter(segment, a, *length)..parameter(segment, b, *length))
        };
        if !begun {
            out.move_to(part.start());
            begun = true;
        }
        out.push(part.as_path_el());
    }
    begun
}

/// The parameter of a segment where it is `along` of its length.
fn parameter(segment: &PathSeg, along: f64, length: f64) -> f64 {
    match segment {
        _ if along <= 0.0 => 0.0,
        _ if along >= length => 1.0,
        PathSeg::Line(_) => along / length,
        _ => segment.inv_arclen(along, ACCURACY),
    }
}
