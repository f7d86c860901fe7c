//! How much of each pixel a shape covers, from the exact areas of its edges.
//!
//! Each edge adds to the cells that it goes through how much the coverage changes there; a sum
//! along the row gives the coverage itself. The method is that of font rasterizers (R. Levien,
//! "font-rs", 2016). Only cells with an edge in them are visited, so that the inside of a shape is
//! spans of one coverage, which are painted as such.

use super::surface::single;
use kurbo::{Affine, PathEl, Point};

/// How far a curve may lie from its lines, in pixels.
const TOLERANCE: f64 = 0.03;
/// The most lines of a curve: a quarter of the largest frame's circle needs some hundred.
const MAX_LINES: f64 = 256.0;
/// The most pixels beyond the picture that an edge is followed.
const FAR: f32 = 100_000.0;

/// What is inside of a path that crosses itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    NonZero,
    EvenOdd,
}

/// A rasterizer; keeps its memory.
#[derive(Default)]
pub(super) struct Coverage {
    width: usize,
    height: usize,
    /// How the coverage changes from each pixel to the next; one more in each row, for the edge of
    /// the picture. All zero between shapes.
    changes: Vec<f32>,
    /// Which of them are not zero, 64 in a word.
    touched: Vec<u64>,
    /// The rows with an edge.
    rows: std::ops::Range<usize>,
}

impl Coverage {
    /// Begins a picture of this size.
    pub(super) fn begin(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        // All is zero between shapes, so another width needs no clearing.
        let (cells, words) = ((width + 2) * height, self.words() * height);
        self.changes.resize(self.changes.len().max(cells), 0.0);
        self.touched.resize(self.touched.len().max(words), 0);
        self.rows = height..0;
    }

    /// Words of a row's bits.
    fn words(&self) -> usize {
        (self.width + 2).div_ceil(64)
    }

    /// Adds the outlines of a path, open ones closed.
    pub(super) fn add(&mut self, elements: impl Iterator<Item = PathEl>, matrix: Affine) {
        let (mut start, mut at) = (Point::ZERO, Point::ZERO);
        for element in elements {
            match matrix * element {
                PathEl::MoveTo(p) => {
                    self.line(at, start);
                    (start, at) = (p, p);
                }
                PathEl::LineTo(p) => {
                    self.line(at, p);
                    at = p;
                }
                PathEl::QuadTo(a, p) => {
                    let (from, to) = (at + (a - at) * (2.0 / 3.0), p + (a - p) * (2.0 / 3.0));
                    self.curve([at, from, to, p]);
                    at = p;
                }
                PathEl::CurveTo(a, b, p) => {
                    self.curve([at, a, b, p]);
                    at = p;
                }
                PathEl::ClosePath => {
                    self.line(at, start);
                    at = start;
                }
            }
        }
        self.line(at, start);
    }

    fn curve(&mut self, [p0, p1, p2, p3]: [Point; 4]) {
        // The second differences bound how far a part of the curve lies from its chord.
        let bend =
            |a: Point, b: Point, c: Point| (a.to_vec2() + c.to_vec2() - b.to_vec2() * 2.0).hypot();
        let most = bend(p0, p1, p2).max(bend(p1, p2, p3));
        let lines = (most * 0.75 / TOLERANCE).sqrt().ceil();
        let lines = if lines.is_finite() { lines.clamp(1.0, MAX_LINES) } else { 1.0 };
        let (mut i, mut at) = (1.0, p0);
        while i < lines {
            let t = i / lines;
            let u = 1.0 - t;
            let next = p0.to_vec2() * (u * u * u)
                + p1.to_vec2() * (3.0 * u * u * t)
                + p2.to_vec2() * (3.0 * u * t * t)
                + p3.to_vec2() * (t * t * t);
            self.line(at, next.to_point());
            at = next.to_point();
            i += 1.0;
        }
        self.line(at, p3);
    }

    /// Adds an edge, cut at the picture's sides.
    fn line(&mut self, from: Point, to: Point) {
        let near = |p: Point| [p.x, p.y].map(|v| single(v).clamp(-FAR, FAR));
        let ([x0, y0], [x1, y1]) = (near(from), near(to));
        if y0 == y1 {
            return;
        }
        let (way, top, bottom) =
            if y0 < y1 { (1.0, [x0, y0], [x1, y1]) } else { (-1.0, [x1, y1], [x0, y0]) };
        let slope = (bottom[0] - top[0]) / (bottom[1] - top[1]);
        let (from, to) = (top[1].max(0.0), bottom[1].min(f32_of(self.height)));
        if from >= to {
            return;
        }
        let right = f32_of(self.width);
        if x0.min(x1) >= 0.0 && x0.max(x1) <= right && from == top[1] && to == bottom[1] {
            return self.piece([top[0], bottom[0]], [from, to], way);
        }
        let x_at = |y: f32| top[0] + (y - top[1]) * slope;
        // Where it passes the left and the right side, it is cut in up to three.
        let mut cuts = [from, to, to, to];
        if slope != 0.0 {
            let pass = |x: f32| (top[1] + (x - top[0]) / slope).clamp(from, to);
            let (a, b) = (pass(0.0), pass(right));
            cuts = [from, a.min(b), a.max(b), to];
        }
        for pair in cuts.windows(2) {
            let &[from, to] = pair else {
                continue;
            };
            if from < to {
                let ends = [x_at(from), x_at(to)].map(|x| x.clamp(0.0, right));
                self.piece(ends, [from, to], way);
            }
        }
    }

    /// Adds a piece of an edge that lies in the picture, row by row.
    fn piece(&mut self, [x0, x1]: [f32; 2], [y0, y1]: [f32; 2], way: f32) {
        let slope = (x1 - x0) / (y1 - y0);
        let (first, last) = (index(y0), above(y1).min(self.height));
        self.rows = self.rows.start.min(first)..self.rows.end.max(last);
        let right = f32_of(self.width);
        let mut x = x0;
        for row in first..last {
            let top = y0.max(f32_of(row));
            let bottom = y1.min(f32_of(row + 1));
            let next = (x0 + (bottom - y0) * slope).clamp(0.0, right);
            self.cells(row, [x.min(next), x.max(next)], (bottom - top) * way);
            x = next;
        }
    }

    /// Adds to one row an edge between two columns, `height` of a pixel high, below 0 going up.
    fn cells(&mut self, row: usize, [x0, x1]: [f32; 2], height: f32) {
        let (first, last) = (index(x0), above(x1));
        if last <= first + 1 {
            // In one column: what lies to the right of its middle.
            let middle = (x0 + x1) / 2.0 - f32_of(first);
            self.change(row, first, height * (1.0 - middle));
            self.change(row, first + 1, height * middle);
            return;
        }
        // In each column the part of the height that it takes there, and what lies to the right.
        let share = height / (x1 - x0);
        let mut before = 0.0;
        for column in first..last {
            let (left, right) = (x0.max(f32_of(column)), x1.min(f32_of(column + 1)));
            let here = (right - left) * share;
            let middle = (left + right) / 2.0 - f32_of(column);
            self.change(row, column, before + here * (1.0 - middle));
            before = here * middle;
        }
        self.change(row, last, before);
    }

    #[inline]
    fn change(&mut self, row: usize, column: usize, by: f32) {
        let word = row * self.words() + column / 64;
        if let (Some(change), Some(bits)) =
            (self.changes.get_mut(row * (self.width + 2) + column), self.touched.get_mut(word))
        {
            *change += by;
            *bits |= 1 << (column % 64);
        }
    }

    /// Gives each span of one coverage, 1 to 255, as its row, its columns and its coverage, and
    /// clears all for the next shape.
    pub(super) fn spans(&mut self, rule: Rule, mut paint: impl FnMut(usize, usize, usize, u8)) {
        let words = self.words();
        for row in self.rows.start..self.rows.end {
            let (mut sum, mut at, mut cover) = (0.0_f32, 0, 0);
            for word in 0..words {
                let Some(touched) = self.touched.get_mut(row * words + word) else {
                    continue;
                };
                let mut bits = std::mem::take(touched);
                while bits != 0 {
                    let column = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let change = self.changes.get_mut(row * (self.width + 2) + column);
                    sum += change.map(std::mem::take).unwrap_or_default();
                    let to = column.min(self.width);
                    let now = covered(sum, rule);
                    // Neighbours of one coverage are one span.
                    if now != cover {
                        if cover > 0 && at < to {
                            paint(row, at, to, cover);
                        }
                        (at, cover) = (to, now);
                    }
                }
            }
            if cover > 0 && at < self.width {
                paint(row, at, self.width, cover);
            }
        }
        self.rows = self.height..0;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cut to a byte's range before"
)]
fn covered(sum: f32, rule: Rule) -> u8 {
    let sum = sum.abs();
    let share = match rule {
        Rule::NonZero => sum.min(1.0),
        Rule::EvenOdd => {
            let twice = sum % 2.0;
            if twice > 1.0 { 2.0 - twice } else { twice }
        }
    };
    (share * 255.0 + 0.5) as u8
}

#[expect(clippy::cast_precision_loss, reason = "pixels of a frame are few")]
fn f32_of(value: usize) -> f32 {
    value as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates in the picture are not negative"
)]
fn index(value: f32) -> usize {
    (value as u32) as usize
}

/// The next whole number, or the number itself where it is one.
fn above(value: f32) -> usize {
    let below = index(value);
    below + usize::from(f32_of(below) < value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Circle, Rect, Shape};

    fn drawn(shapes: &[kurbo::BezPath], rule: Rule) -> Vec<u8> {
        let mut coverage = Coverage::default();
        let mut out = vec![0; 20 * 20];
        // Twice, so that what the first leaves behind would be seen.
        for _ in 0..2 {
            out.fill(0);
            coverage.begin(20, 20);
            for shape in shapes {
                coverage.add(shape.elements().iter().copied(), Affine::IDENTITY);
            }
            coverage.spans(rule, |y, x0, x1, cover| out[y * 20 + x0..y * 20 + x1].fill(cover));
        }
        out
    }

    fn area(pixels: &[u8]) -> f64 {
        pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / 255.0
    }

    fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> kurbo::BezPath {
        Rect::new(x0, y0, x1, y1).to_path(0.1)
    }

    #[test]
    fn a_rectangle_covers_its_area() {
        let pixels = drawn(&[rect(2.0, 3.0, 7.0, 5.0)], Rule::NonZero);
        assert_eq!(area(&pixels), 10.0);
        assert_eq!((pixels[3 * 20 + 2], pixels[3 * 20 + 7], pixels[5 * 20 + 2]), (255, 0, 0));
        let pixels = drawn(&[rect(2.5, 3.25, 7.0, 5.0)], Rule::NonZero);
        assert_eq!((pixels[3 * 20 + 2], pixels[3 * 20 + 3], pixels[4 * 20 + 2]), (96, 191, 128));
    }

    #[test]
    fn what_lies_outside_is_cut() {
        for (x0, y0, x1, y1) in [(-30.0, -9.0, 10.0, 10.0), (10.0, 10.0, 1e7, 1e9)] {
            assert_eq!(area(&drawn(&[rect(x0, y0, x1, y1)], Rule::NonZero)), 100.0);
        }
        let mut slanted = kurbo::BezPath::new();
        slanted.move_to((-20.0, 0.0));
        slanted.line_to((40.0, 0.0));
        slanted.line_to((10.0, 30.0));
        // Its sides leave the picture at (0, 20) and (20, 20).
        assert!((area(&drawn(&[slanted], Rule::NonZero)) - 400.0).abs() < 0.5);
        for bad in [f64::NAN, f64::INFINITY] {
            drawn(&[rect(bad, 0.0, 5.0, 5.0), rect(0.0, bad, 5.0, 5.0)], Rule::NonZero);
        }
    }

    #[test]
    fn a_circle_has_the_area_of_a_circle() {
        let circle = Circle::new((10.0, 10.0), 7.3).to_path(1e-3);
        let expected = std::f64::consts::PI * 7.3 * 7.3;
        assert!((area(&drawn(&[circle], Rule::NonZero)) - expected).abs() < 0.9);
    }

    #[test]
    fn the_rules_differ_where_shapes_overlap() {
        let (outer, inner) = (rect(2.0, 2.0, 18.0, 18.0), rect(6.0, 6.0, 14.0, 14.0));
        let both = [outer.clone(), inner.clone()];
        assert_eq!(area(&drawn(&both, Rule::NonZero)), 256.0);
        assert_eq!(area(&drawn(&both, Rule::EvenOdd)), 256.0 - 64.0);
        let hole = [outer, inner.reverse_subpaths()];
        assert_eq!(area(&drawn(&hole, Rule::NonZero)), 256.0 - 64.0);
    }
}
