//! Values that change over time: keyframes, easings, and how two values are mixed.

use super::expression::Value;
use super::live::{Live, Slot};
use super::moment::Moment;
use kurbo::{BezPath, CubicBez, ParamCurve, ParamCurveArclen, ParamCurveDeriv, Point, Vec2};
use std::sync::Arc;

/// Straight red, green, blue and alpha, 0 to 1.
pub(super) type Color = [f64; 4];

/// A Lottie path: each vertex with the absolute points of its incoming and outgoing handles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outline {
    pub(super) vertices: Vec<Vertex>,
    pub(super) closed: bool,
}

/// A vertex and its handles, all absolute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vertex {
    pub(super) at: Point,
    pub(super) incoming: Point,
    pub(super) outgoing: Point,
}

impl Outline {
    /// Appends the outline to `path`.
    pub(super) fn append_to(&self, path: &mut BezPath) {
        let Some(first) = self.vertices.first() else {
            return;
        };
        path.move_to(first.at);
        for pair in self.vertices.windows(2) {
            segment(path, &pair[0], &pair[1]);
        }
        if self.closed {
            if let Some(last) = self.vertices.last() {
                segment(path, last, first);
            }
            path.close_path();
        }
    }
}

fn segment(path: &mut BezPath, from: &Vertex, to: &Vertex) {
    if from.outgoing == from.at && to.incoming == to.at {
        path.line_to(to.at);
    } else {
        path.curve_to(from.outgoing, to.incoming, to.at);
    }
}

/// The progress of each dimension, 0 to 1 and beyond where an easing overshoots.
pub(super) type Progress = [f64; 3];

/// A value that can lie between two others.
pub(super) trait Mix: Clone + Default + PartialEq {
    /// Writes the value between `a` and `b` into `out`, reusing its memory.
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self);
    /// The value on the way from a keyframe to the next, where the way is not straight.
    fn along(_key: &Key<Self>, _t: Progress) -> Option<Self> {
        None
    }
    /// The value as expressions know it; none where they do not.
    fn said(&self) -> Option<Value> {
        None
    }
    /// The value that an expression gave, with this one's entries where it gave fewer.
    fn with(&self, _said: &Value) -> Option<Self> {
        None
    }
}

/// The entries of what an expression gave; a single number where one is enough.
fn entries(said: &Value) -> &[f64] {
    match said {
        Value::Number(number) => std::slice::from_ref(number),
        Value::Vector(list) => list,
    }
}

/// `own` with as many entries replaced as a vector gives.
fn filled<const N: usize>(own: &[f64; N], said: &Value) -> Option<[f64; N]> {
    let mut out = *own;
    let given = entries(said);
    out.iter_mut().zip(given).for_each(|(out, given)| *out = *given);
    (given.len() > 1).then_some(out)
}

fn between(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

impl Mix for f64 {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        *out = between(*a, *b, t[0]);
    }

    fn said(&self) -> Option<Value> {
        Some(Value::Number(*self))
    }

    fn with(&self, said: &Value) -> Option<Self> {
        entries(said).first().copied()
    }
}

impl Mix for Vec2 {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        *out = Self::new(between(a.x, b.x, t[0]), between(a.y, b.y, t[1]));
    }

    fn along(key: &Key<Self>, t: Progress) -> Option<Self> {
        key.travel.as_ref().map(|travel| travel.at(t[0]))
    }

    fn said(&self) -> Option<Value> {
        Some(Value::Vector(vec![self.x, self.y]))
    }

    fn with(&self, said: &Value) -> Option<Self> {
        let list = entries(said);
        Some(Self::new(*list.first()?, list.get(1).copied().unwrap_or(self.y)))
    }
}

impl Mix for [f64; 3] {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        *out = [0, 1, 2].map(|i| between(a[i], b[i], t[i]));
    }

    fn said(&self) -> Option<Value> {
        Some(Value::Vector(self.to_vec()))
    }

    fn with(&self, said: &Value) -> Option<Self> {
        filled(self, said)
    }
}

impl Mix for Color {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = between(a[i], b[i], t[i.min(2)]);
        }
    }

    fn said(&self) -> Option<Value> {
        Some(Value::Vector(self.to_vec()))
    }

    fn with(&self, said: &Value) -> Option<Self> {
        filled(self, said)
    }
}

/// The stops of a gradient: offset, red, green and blue of each colour, then offset and alpha of
/// each that has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stops {
    pub(super) numbers: Vec<f64>,
    /// How many stops are colours, where it is known.
    pub(super) colors: Option<usize>,
}

impl Mix for Stops {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        out.colors = a.colors;
        out.numbers.clear();
        let pairs = a.numbers.iter().zip(&b.numbers);
        out.numbers.extend(pairs.map(|(a, b)| between(*a, *b, t[0])));
    }
}

impl Mix for Outline {
    fn mix(a: &Self, b: &Self, t: Progress, out: &mut Self) {
        out.vertices.clear();
        out.closed = a.closed;
        let t = t[0];
        let pairs = a.vertices.iter().zip(&b.vertices);
        out.vertices.extend(pairs.map(|(a, b)| Vertex {
            at: a.at.lerp(b.at, t),
            incoming: a.incoming.lerp(b.incoming, t),
            outgoing: a.outgoing.lerp(b.outgoing, t),
        }));
    }
}

/// A timing curve from (0, 0) to (1, 1) with two handles, as in CSS; y may leave 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Curve {
    pub(super) out_handle: Point,
    pub(super) in_handle: Point,
}

impl Curve {
    /// Progress at the share `x` of the time between two keyframes.
    pub(super) fn at(self, x: f64) -> f64 {
        let (a, b) = (self.out_handle, self.in_handle);
        if (a.x == a.y && b.x == b.y) || x <= 0.0 || x >= 1.0 {
            return x;
        }
        let cubic = |p1: f64, p2: f64, t: f64| {
            let u = 1.0 - t;
            3.0 * u * u * t * p1 + 3.0 * u * t * t * p2 + t * t * t
        };
        let (mut low, mut high, mut t) = (0.0, 1.0, x);
        for _ in 0..40 {
            let error = cubic(a.x, b.x, t) - x;
            if error.abs() < 1e-6 {
                break;
            }
            if error > 0.0 {
                high = t;
            } else {
                low = t;
            }
            let u = 1.0 - t;
            let slope = 3.0 * u * u * a.x + 6.0 * u * t * (b.x - a.x) + 3.0 * t * t * (1.0 - b.x);
            let newton = t - error / slope;
            // Newton where it stays in the bracket, else the middle: x is monotonic in t.
            t = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        }
        cubic(a.y, b.y, t)
    }
}

/// How a value gets from one keyframe to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ease {
    /// Stays until the next keyframe's frame comes.
    Hold,
    /// All dimensions alike.
    Same(Curve),
    /// Each dimension on its own.
    Each([Curve; 3]),
}

impl Ease {
    fn at(&self, x: f64) -> Progress {
        match self {
            Self::Hold => [0.0; 3],
            Self::Same(curve) => [curve.at(x); 3],
            Self::Each(curves) => curves.map(|c| c.at(x)),
        }
    }
}

/// A value from its frame on.
#[derive(Clone, Debug)]
pub(super) struct Key<T> {
    pub(super) frame: f64,
    pub(super) value: T,
    /// The value that is reached at the next keyframe.
    pub(super) end: T,
    pub(super) ease: Ease,
    /// The way through space, for positions that move along a curve.
    pub(super) travel: Option<Travel>,
}

/// A curve in space, walked at even speed before easing.
#[derive(Clone, Debug)]
pub(super) struct Travel {
    curve: CubicBez,
    /// Arc lengths at even steps of the curve's parameter.
    lengths: Vec<f64>,
}

impl Travel {
    /// Steps of the length table; After Effects itself uses 150 to 200 and shows no difference.
    const STEPS: u32 = 64;

    /// A curve from `a` to `b` with handles relative to them.
    pub(super) fn new(a: Vec2, b: Vec2, out_tangent: Vec2, in_tangent: Vec2) -> Self {
        let curve = CubicBez::new(
            a.to_point(),
            (a + out_tangent).to_point(),
            (b + in_tangent).to_point(),
            b.to_point(),
        );
        let mut lengths = vec![0.0];
        let mut total = 0.0;
        let step = 1.0 / f64::from(Self::STEPS);
        for i in 0..Self::STEPS {
            let part = f64::from(i) * step;
            total += curve.subsegment(part..part + step).arclen(1e-2);
            lengths.push(total);
        }
        Self { curve, lengths }
    }

    fn parameter(&self, progress: f64) -> f64 {
        let total = self.lengths.last().copied().unwrap_or(0.0);
        // An overshooting easing stops at the curve's ends, as in the other players.
        if total <= 0.0 || progress <= 0.0 || progress >= 1.0 {
            return progress.clamp(0.0, 1.0);
        }
        let wanted = progress * total;
        let after = self.lengths.partition_point(|l| *l < wanted).max(1);
        let (a, b) = match self.lengths.get(after - 1..=after) {
            Some([a, b]) => (*a, *b),
            _ => return progress,
        };
        let inside = if b > a { (wanted - a) / (b - a) } else { 0.0 };
        let before = u32::try_from(after - 1).unwrap_or(0);
        (f64::from(before) + inside) / f64::from(Self::STEPS)
    }

    fn at(&self, progress: f64) -> Vec2 {
        self.curve.eval(self.parameter(progress)).to_vec2()
    }

    /// The direction of travel in degrees.
    fn heading(&self, progress: f64) -> f64 {
        let t = self.parameter(progress).clamp(0.001, 0.999);
        let d = self.curve.deriv().eval(t).to_vec2();
        d.y.atan2(d.x).to_degrees()
    }
}

/// A value that stands or moves.
#[derive(Clone, Debug)]
pub(super) enum Property<T> {
    /// The same at all times.
    Fixed(T),
    /// Ascending keyframes.
    Keys(Vec<Key<T>>),
    /// With an expression.
    Live(Arc<Live<T>>),
    /// Whatever its slot holds.
    Slot(Arc<Slot<T>>),
}

/// Where a time lies among keyframes.
enum Place<'a, T> {
    Nowhere,
    At(&'a T),
    Within(&'a Key<T>, Progress),
}

impl<T> Property<T> {
    /// Changes each value that stands in it.
    pub(super) fn each(&mut self, change: impl Fn(&mut T)) {
        match self {
            Self::Fixed(value) => change(value),
            Self::Keys(keys) => {
                for key in keys {
                    change(&mut key.value);
                    change(&mut key.end);
                }
            }
            Self::Live(_) | Self::Slot(_) => {}
        }
    }
}

impl<T: Mix> Key<T> {
    /// Whether the value stays as it is up to the next keyframe.
    fn stands(&self) -> bool {
        self.ease == Ease::Hold || self.travel.is_none() && self.value == self.end
    }

    /// Writes the value on the way to the next keyframe.
    fn between(&self, t: Progress, out: &mut T) {
        match T::along(self, t) {
            Some(value) => *out = value,
            None => T::mix(&self.value, &self.end, t, out),
        }
    }
}

impl<T: Mix> Property<T> {
    fn place(&self, now: &Moment) -> Place<'_, T> {
        let keys = match self {
            Self::Fixed(value) => return Place::At(value),
            Self::Keys(keys) => keys,
            Self::Live(_) | Self::Slot(_) => return Place::Nowhere,
        };
        let frame = now.frame();
        let after = keys.partition_point(|k| k.frame <= frame);
        let Some(key) = keys.get(after.saturating_sub(1)) else {
            return Place::Nowhere;
        };
        now.beside(key.frame);
        match keys.get(after) {
            _ if after == 0 => Place::At(&key.value),
            // The last keyframe of a legacy file may still carry an end, but no time to reach it.
            None => Place::At(&key.value),
            Some(next) if next.frame > key.frame => {
                now.beside(next.frame);
                if !key.stands() {
                    now.only();
                }
                let x = (frame - key.frame) / (next.frame - key.frame);
                Place::Within(key, key.ease.at(x))
            }
            Some(_) => Place::At(&key.value),
        }
    }

    /// Writes the value at this time into `out`, reusing its memory.
    pub(super) fn write(&self, now: &Moment, out: &mut T) {
        match self {
            Self::Live(live) => return *out = live.at(now),
            Self::Slot(slot) => return slot.with(|held| held.write(now, out)),
            Self::Fixed(_) | Self::Keys(_) => {}
        }
        match self.place(now) {
            Place::Nowhere => *out = T::default(),
            Place::At(value) => out.clone_from(value),
            Place::Within(key, t) => key.between(t, out),
        }
    }

    /// Asks the value at this time, which lies in `room` where it is made anew.
    pub(super) fn with<R>(&self, now: &Moment, room: &mut T, ask: impl FnOnce(&T) -> R) -> R {
        if let Self::Slot(slot) = self {
            return slot.with(|held| held.with(now, room, ask));
        }
        match self.place(now) {
            Place::At(value) => return ask(value),
            Place::Within(key, t) => key.between(t, room),
            Place::Nowhere => self.write(now, room),
        }
        ask(room)
    }

    /// The value at this time.
    pub(super) fn at(&self, now: &Moment) -> T {
        let mut out = T::default();
        self.write(now, &mut out);
        out
    }
}

impl Property<Vec2> {
    /// The direction it moves in, in degrees; none where it stands.
    pub(super) fn heading(&self, now: &Moment) -> Option<f64> {
        match self {
            Self::Live(live) => return live.keyed().heading(now),
            Self::Slot(slot) => return slot.with(|held| held.heading(now)),
            Self::Fixed(_) | Self::Keys(_) => {}
        }
        match self.place(now) {
            Place::Within(key, t) => Some(match &key.travel {
                Some(travel) => travel.heading(t[0]),
                None => {
                    let d = key.end - key.value;
                    d.y.atan2(d.x).to_degrees()
                }
            }),
            _ => None,
        }
    }
}
