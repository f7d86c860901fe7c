//! Rotation in depth, seen from the front: no camera, no perspective.

use super::moment::Moment;
use super::value::Property;
use kurbo::Affine;

/// What a layer in three dimensions has more than a flat one; angles in degrees.
pub(super) struct Depth {
    pub(super) turn_x: Property<f64>,
    pub(super) turn_y: Property<f64>,
    pub(super) orientation: Property<[f64; 3]>,
    pub(super) position: Property<[f64; 3]>,
    pub(super) anchor: Property<[f64; 3]>,
}

impl Depth {
    /// The matrix of a layer whose flat part, with its turn around z, is `flat`.
    pub(super) fn matrix(&self, flat: Affine, now: &Moment) -> Space {
        let [x, y, z] = self.orientation.at(now).map(f64::to_radians);
        let turns = Space::turn(Axis::X, x)
            .then_inner(Space::turn(Axis::Y, y))
            .then_inner(Space::turn(Axis::Z, z))
            .then_inner(Space::turn(Axis::X, self.turn_x.at(now).to_radians()))
            .then_inner(Space::turn(Axis::Y, self.turn_y.at(now).to_radians()));
        let [_, _, deep] = self.position.at(now);
        let [_, _, anchor] = self.anchor.at(now);
        // The flat matrix ends in the position, around which the other turns go.
        let [px, py] = self.pivot(flat, now);
        Space::moved([px, py, deep])
            .then_inner(turns)
            .then_inner(Space::moved([-px, -py, -anchor]))
            .then_inner(Space::flat(flat))
    }

    /// Where the anchor comes to lie.
    fn pivot(&self, flat: Affine, now: &Moment) -> [f64; 2] {
        let [x, y, _] = self.anchor.at(now);
        let at = flat * kurbo::Point::new(x, y);
        [at.x, at.y]
    }
}

/// An axis to turn around; x to the right, y downward, z away.
#[derive(Clone, Copy)]
enum Axis {
    X,
    Y,
    Z,
}

/// An affine map of space: three rows of three factors and a shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Space([[f64; 4]; 3]);

impl Space {
    /// A map of the plane, which leaves the depth as it is.
    pub(super) fn flat(matrix: Affine) -> Self {
        let [a, b, c, d, e, f] = matrix.as_coeffs();
        Self([[a, c, 0.0, e], [b, d, 0.0, f], [0.0, 0.0, 1.0, 0.0]])
    }

    fn moved([x, y, z]: [f64; 3]) -> Self {
        Self([[1.0, 0.0, 0.0, x], [0.0, 1.0, 0.0, y], [0.0, 0.0, 1.0, z]])
    }

    fn turn(axis: Axis, angle: f64) -> Self {
        let (s, c) = angle.sin_cos();
        Self(match axis {
            Axis::X => [[1.0, 0.0, 0.0, 0.0], [0.0, c, -s, 0.0], [0.0, s, c, 0.0]],
            Axis::Y => [[c, 0.0, s, 0.0], [0.0, 1.0, 0.0, 0.0], [-s, 0.0, c, 0.0]],
            Axis::Z => [[c, -s, 0.0, 0.0], [s, c, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]],
        })
    }

    /// First `inner`, then this.
    pub(super) fn then_inner(self, inner: Self) -> Self {
        let mut out = [[0.0; 4]; 3];
        for (row, out) in self.0.iter().zip(&mut out) {
            for (column, out) in out.iter_mut().enumerate() {
                let [x, y, z] = inner.0.map(|r| r[column]);
                *out = row[0] * x + row[1] * y + row[2] * z;
            }
            out[3] += row[3];
        }
        Self(out)
    }

    /// What is seen from the front.
    pub(super) fn seen(self) -> Affine {
        let [[a, c, _, e], [b, d, _, f], _] = self.0;
        Affine::new([a, b, c, d, e, f])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(x: f64, y: f64) -> Affine {
        let depth = Depth {
            turn_x: Property::Fixed(x),
            turn_y: Property::Fixed(y),
            orientation: Property::Fixed([0.0; 3]),
            position: Property::Fixed([50.0, 40.0, 0.0]),
            anchor: Property::Fixed([0.0; 3]),
        };
        depth.matrix(Affine::translate((50.0, 40.0)), &Moment::at(0.0)).seen()
    }

    #[test]
    fn a_turn_in_depth_narrows_around_the_position() {
        let close = |m: Affine, expected: [f64; 6]| {
            m.as_coeffs().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9)
        };
        assert!(close(turned(0.0, 60.0), [0.5, 0.0, 0.0, 1.0, 50.0, 40.0]));
        assert!(close(turned(60.0, 0.0), [1.0, 0.0, 0.0, 0.5, 50.0, 40.0]));
        assert!(close(turned(0.0, 180.0), [-1.0, 0.0, 0.0, 1.0, 50.0, 40.0]));
    }

    #[test]
    fn two_half_turns_of_parent_and_child_come_out_even() {
        let half = Space::turn(Axis::Y, std::f64::consts::FRAC_PI_2);
        let seen = half.then_inner(half).seen().as_coeffs();
        assert!((seen[0] + 1.0).abs() < 1e-9 && (seen[3] - 1.0).abs() < 1e-9);
    }
}
