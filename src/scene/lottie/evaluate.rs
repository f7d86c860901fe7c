//! Model at a frame → what to draw: a list of paints over an arena of paths.

use super::depth::Space;
use super::geometry::{StarShape, ellipse, rectangle, round_corners, star};
use super::model::{
    Brush, GradientKind, Item, Layer, Paint, Position, Repeater, Star, Style, Transform, Trim,
};
use super::moment::Moment;
use super::polygon::{self, Merge};
use super::value::{Color, Outline, Stops};
use super::{modify, trim};
use kurbo::{Affine, BezPath, Rect, Vec2};
use std::ops::Range;
use tiny_skia::{BlendMode, LineCap, LineJoin};

/// The most path verbs of a frame, counted again for each paint and modifier that goes over them;
/// what is beyond is not drawn.
pub const MAX_VERBS: usize = 200_000;
/// The most copies of one repeater.
pub const MAX_COPIES: f64 = 1000.0;
/// The most commands of one shape layer, which repeaters in repeaters could pass.
const MAX_COMMANDS: usize = 20_000;

/// The matrix of a transform at a frame.
pub(super) fn matrix(transform: &Transform, now: &Moment, turn: f64) -> Affine {
    let position = match &transform.position {
        Position::Joined(p) => p.at(now),
        Position::Split(x, y) => Vec2::new(x.at(now), y.at(now)),
    };
    let rotation = transform.rotation.at(now) + turn;
    compose(transform, now, position, rotation, transform.scale.at(now) / 100.0)
}

fn compose(
    transform: &Transform,
    now: &Moment,
    position: Vec2,
    rotation: f64,
    scale: Vec2,
) -> Affine {
    let skew = (transform.skew.at(now), transform.skew_axis.at(now));
    placed(transform.anchor.at(now), position, scale, rotation, skew)
}

/// The matrix that takes an anchor to a position, scaled (shares of 1), skewed along an axis and
/// turned (degrees) around it.
pub(super) fn placed(
    anchor: Vec2,
    position: Vec2,
    scale: Vec2,
    rotation: f64,
    (skew, axis): (f64, f64),
) -> Affine {
    let skew = -skew.clamp(-89.9, 89.9);
    let mut linear = Affine::rotate(rotation.to_radians());
    if skew != 0.0 {
        let axis = axis.to_radians();
        linear *= Affine::rotate(-axis)
            * Affine::new([1.0, 0.0, skew.to_radians().tan(), 1.0, 0.0, 0.0])
            * Affine::rotate(axis);
    }
    Affine::translate(position)
        * linear
        * Affine::scale_non_uniform(scale.x, scale.y)
        * Affine::translate(-anchor)
}

/// The most ancestors of a layer that move it; rigs of people have some twenty.
pub const MAX_ANCESTORS: usize = 128;

/// The matrix of a layer with all its ancestors.
pub(super) fn layer_matrix(layers: &[Layer], layer: &Layer, now: &Moment) -> Affine {
    let own = |layer: &Layer| {
        let turn = match &layer.transform.position {
            Position::Joined(p) if layer.auto_orient => p.heading(now).unwrap_or(0.0),
            _ => 0.0,
        };
        matrix(&layer.transform, now, turn)
    };
    let chain = || {
        let up = |layer: &&Layer| layer.parent.and_then(|p| layers.get(p));
        std::iter::successors(Some(layer), up).take(MAX_ANCESTORS)
    };
    if chain().all(|l| l.transform.depth.is_none()) {
        return chain().map(own).reduce(|all, up| up * all).unwrap_or_default();
    }
    let deep = |layer: &Layer| match &layer.transform.depth {
        Some(depth) => depth.matrix(own(layer), now),
        None => Space::flat(own(layer)),
    };
    let all = chain().map(deep).reduce(|all, up| up.then_inner(all));
    all.map_or(Affine::IDENTITY, Space::seen)
}

/// A percentage as a share of 1.
pub(super) fn share(percent: f64) -> f64 {
    (percent / 100.0).clamp(0.0, 1.0)
}

/// A path and the matrix that takes it to its layer.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) path: BezPath,
    pub(super) matrix: Affine,
    /// Holds all points of the path, as they are before the matrix; none where there are none.
    pub(super) bounds: Option<Rect>,
}

impl Shape {
    pub(super) fn new(path: BezPath) -> Self {
        let mut shape = Self { path, matrix: Affine::IDENTITY, bounds: None };
        shape.measure();
        shape
    }

    fn measure(&mut self) {
        // The bounds of the control points hold the curve, and cost less than its own.
        let empty = self.path.elements().is_empty();
        self.bounds = (!empty).then(|| self.path.control_box());
    }
}

/// What a paint is coloured with.
#[derive(Clone)]
pub(super) enum Ink {
    Solid(Color),
    Gradient(Gradient),
}

/// An evaluated gradient, in the space of its paint.
#[derive(Clone)]
pub(super) struct Gradient {
    pub(super) kind: GradientKind,
    pub(super) start: Vec2,
    pub(super) end: Vec2,
    pub(super) highlight: f64,
    pub(super) angle: f64,
    pub(super) stops: Vec<(f64, Color)>,
}

/// An evaluated stroke.
#[derive(Clone)]
pub(super) struct Pen {
    pub(super) width: f64,
    pub(super) cap: LineCap,
    pub(super) join: LineJoin,
    pub(super) miter: f64,
    pub(super) dashes: Vec<f64>,
    pub(super) dash_offset: f64,
}

/// A paint over some of the paths.
#[derive(Clone)]
pub(super) struct Stroke {
    pub(super) paths: Range<usize>,
    pub(super) matrix: Affine,
    pub(super) ink: Ink,
    pub(super) pen: Option<Pen>,
    pub(super) even_odd: bool,
    pub(super) opacity: f64,
    pub(super) blend: BlendMode,
}

/// One entry of the list; later ones lie below.
#[derive(Clone)]
pub(super) enum Command {
    Paint(Stroke),
    /// The commands from this place to here are drawn as one, at this opacity.
    Isolate {
        from: usize,
        opacity: f64,
    },
}

/// The drawing list of one layer, in the layer's own space.
#[derive(Default)]
pub(super) struct Sheet {
    shapes: Vec<Shape>,
    used: usize,
    pub(super) commands: Vec<Command>,
    /// What may still be spent while it is made.
    verbs: usize,
    /// The size on the device of one of the layer's units, and whether anything depends on it.
    scale: f64,
    scaled: bool,
    outline: Outline,
}

/// What is left to spend in a frame, and room to work in.
#[derive(Default)]
pub(super) struct Means {
    verbs: usize,
    outline: Outline,
}

impl Means {
    /// Starts a new frame with all its verbs to spend.
    pub(super) fn refill(&mut self) {
        self.verbs = MAX_VERBS;
    }

    /// Takes from what a frame may spend; false, and all is spent, where it is not enough.
    pub(super) fn spend(&mut self, verbs: usize) -> bool {
        let left = self.verbs.checked_sub(verbs);
        self.verbs = left.unwrap_or(0);
        left.is_some()
    }
}

impl Sheet {
    /// The paths in use.
    pub(super) fn shapes(&self) -> &[Shape] {
        self.shapes.get(..self.used).unwrap_or_default()
    }

    /// Takes from what a frame may spend; false, and all is spent, where it is not enough.
    pub(super) fn spend(&mut self, verbs: usize) -> bool {
        let left = self.verbs.checked_sub(verbs);
        self.verbs = left.unwrap_or(0);
        left.is_some()
    }

    /// Spends what it costs to go over the paths since `first_shape` once more.
    pub(super) fn spend_again(&mut self, first_shape: usize) -> bool {
        let mut cost = 0;
        for shape in self.shapes.get(first_shape..self.used).unwrap_or_default() {
            cost += 1 + shape.path.elements().len();
        }
        self.spend(cost)
    }

    /// Empties it for another layer.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.commands.clear();
        self.scaled = false;
    }

    /// Makes it anew for a layer whose unit is `scale` pixels. Gives back what that cost in verbs;
    /// none where there were not enough, and so something is missing.
    pub(super) fn make(
        &mut self,
        means: &mut Means,
        scale: f64,
        evaluate: impl FnOnce(&mut Self),
    ) -> Option<usize> {
        self.clear();
        (self.verbs, self.scale) = (means.verbs, scale);
        std::mem::swap(&mut self.outline, &mut means.outline);
        evaluate(self);
        std::mem::swap(&mut self.outline, &mut means.outline);
        for shape in self.shapes.iter_mut().take(self.used) {
            shape.measure();
        }
        let cost = means.verbs - self.verbs;
        means.verbs = self.verbs;
        (self.verbs > 0).then_some(cost)
    }

    /// Whether it is as good for a layer whose unit is this many pixels.
    pub(super) fn suits(&self, scale: f64) -> bool {
        /// Twice as coarse is still not seen.
        const MORE: f64 = 2.0;
        !self.scaled || scale < self.scale * MORE && self.scale < scale * MORE
    }

    /// How far from its curve a polygon's side may lie that nobody sees it after `matrix`.
    fn fine(&mut self, matrix: Affine) -> f64 {
        const PIXELS: f64 = 0.05;
        self.scaled = true;
        let scale = matrix.determinant().abs().sqrt() * self.scale;
        PIXELS / scale.clamp(1e-3, 1e3)
    }

    /// Whether it takes no more commands.
    pub(super) fn is_full(&self) -> bool {
        self.commands.len() >= MAX_COMMANDS
    }

    /// Evaluates the items of a shape layer.
    pub(super) fn evaluate(&mut self, items: &[Item], now: &Moment) {
        self.group(items, Affine::IDENTITY, now);
    }

    fn group(&mut self, items: &[Item], matrix: Affine, now: &Moment) {
        let (first_shape, first_command) = (self.used, self.commands.len());
        for item in items {
            if !self.spend(1) {
                return;
            }
            match item {
                Item::Group { items, transform } => self.subgroup(items, transform, matrix, now),
                Item::Paint(paint) => self.paint(paint, first_shape, matrix, now),
                Item::Trim(trim) => self.trim(trim, first_shape, now),
                Item::RoundCorners(radius) => self.round(first_shape, radius.at(now)),
                Item::PuckerBloat(_)
                | Item::ZigZag { .. }
                | Item::Twist { .. }
                | Item::Offset { .. } => self.modify(item, first_shape, now),
                Item::Merge(how) => self.merge(*how, first_shape, matrix),
                Item::Repeater(repeater) => {
                    self.repeat(repeater, first_shape, first_command, matrix, now);
                }
                shape => self.shape(shape, matrix, now),
            }
        }
    }

    fn subgroup(&mut self, items: &[Item], transform: &Transform, outer: Affine, now: &Moment) {
        let from = self.commands.len();
        self.group(items, outer * matrix(transform, now, 0.0), now);
        let opacity = share(transform.opacity.at(now));
        if opacity <= 0.0 {
            self.commands.truncate(from);
        } else if opacity < 1.0 && self.commands.len() > from {
            self.commands.push(Command::Isolate { from, opacity });
        }
    }

    /// Adds an empty path in a place that keeps its memory.
    pub(super) fn open(&mut self, matrix: Affine) -> &mut BezPath {
        if self.used == self.shapes.len() {
            self.shapes.push(Shape::default());
        }
        let shape = &mut self.shapes[self.used];
        self.used += 1;
        shape.matrix = matrix;
        shape.path.truncate(0);
        &mut shape.path
    }

    fn shape(&mut self, item: &Item, matrix: Affine, now: &Moment) {
        let mut outline = std::mem::take(&mut self.outline);
        let path = self.open(matrix);
        let reversed = match item {
            Item::Path(property) => {
                property.with(now, &mut outline, |outline| outline.append_to(path));
                false
            }
            Item::Ellipse { center, size, reversed } => {
                ellipse(path, center.at(now), size.at(now));
                *reversed
            }
            Item::Rect { center, size, radius, reversed } => {
                rectangle(path, center.at(now), size.at(now), radius.at(now));
                *reversed
            }
            Item::Star(shape) => {
                star(path, &star_at(shape, now));
                shape.reversed
            }
            _ => false,
        };
        if reversed {
            *path = path.reverse_subpaths();
        }
        let verbs = path.elements().len();
        self.outline = outline;
        if !self.spend(verbs) {
            self.used -= 1;
        }
    }

    fn paint(&mut self, paint: &Paint, first_shape: usize, matrix: Affine, now: &Moment) {
        let opacity = share(paint.opacity.at(now));
        let nothing = opacity <= 0.0 || self.used == first_shape;
        if nothing || self.commands.len() >= MAX_COMMANDS || !self.spend_again(first_shape) {
            return;
        }
        let (pen, even_odd) = match &paint.style {
            Style::Fill { even_odd } => (None, *even_odd),
            style => match pen_at(style, now) {
                None => return,
                pen => (pen, false),
            },
        };
        self.commands.push(Command::Paint(Stroke {
            paths: first_shape..self.used,
            matrix,
            ink: ink_at(&paint.brush, now),
            pen,
            even_odd,
            opacity,
            blend: paint.blend,
        }));
    }

    fn trim(&mut self, trim: &Trim, first_shape: usize, now: &Moment) {
        let window = trim::window(
            trim.start.at(now) / 100.0,
            trim.end.at(now) / 100.0,
            trim.offset.at(now) / 360.0,
        );
        if !self.spend_again(first_shape) {
            return;
        }
        let shapes = &mut self.shapes[first_shape..self.used];
        trim::apply(shapes, window, trim.joined);
    }

    fn round(&mut self, first_shape: usize, radius: f64) {
        if radius <= 0.0 || !self.spend_again(first_shape) {
            return;
        }
        for shape in &mut self.shapes[first_shape..self.used] {
            shape.path = round_corners(&shape.path, radius);
        }
    }

    /// Moves the vertices of the paths since `first_shape`, each path for itself.
    fn modify(&mut self, item: &Item, first_shape: usize, now: &Moment) {
        for at in first_shape..self.used {
            let verbs = self.shapes[at].path.elements().len();
            let cost = match item {
                Item::ZigZag { ridges, .. } => {
                    verbs * (1 + count(ridges.at(now), modify::MAX_RIDGES) as usize)
                }
                Item::Twist { .. } => verbs * modify::TWIST_PARTS as usize,
                Item::Offset { .. } => polygon::cost(verbs),
                _ => verbs,
            };
            if !self.spend(cost) {
                return;
            }
            let fine = match item {
                Item::Offset { .. } => self.fine(self.shapes[at].matrix),
                _ => 0.0,
            };
            let path = &self.shapes[at].path;
            let made = match item {
                Item::PuckerBloat(amount) => modify::pucker(path, amount.at(now) / 100.0),
                Item::ZigZag { amplitude, ridges, smooth } => modify::zigzag(
                    path,
                    modify::ZigZag {
                        amplitude: amplitude.at(now),
                        ridges: count(ridges.at(now), modify::MAX_RIDGES),
                        smooth: *smooth,
                    },
                ),
                Item::Twist { angle, center } => {
                    modify::twist(path, angle.at(now), center.at(now).to_point())
                }
                Item::Offset { distance, join, miter } => {
                    let corner = (*join, miter.at(now));
                    match polygon::offset(path, distance.at(now), corner, fine) {
                        Some(path) => path,
                        None => continue,
                    }
                }
                _ => return,
            };
            if !self.spend(made.elements().len()) {
                return;
            }
            self.shapes[at].path = made;
        }
    }

    /// Makes one path of those since `first_shape`.
    fn merge(&mut self, how: Merge, first_shape: usize, matrix: Affine) {
        let shapes = self.shapes[first_shape..self.used].iter();
        let verbs = shapes.map(|s| s.path.elements().len()).sum();
        let Some(back) = inverse(matrix).filter(|_| self.spend(polygon::cost(verbs))) else {
            return;
        };
        let shapes = self.shapes[first_shape..self.used].iter();
        let paths: Vec<BezPath> = shapes.map(|s| back * s.matrix * s.path.clone()).collect();
        if let Some(merged) = polygon::merge(&paths, how, self.fine(matrix)) {
            self.used = first_shape;
            *self.open(matrix) = merged;
        }
    }

    fn repeat(
        &mut self,
        repeater: &Repeater,
        first_shape: usize,
        first_command: usize,
        outer: Affine,
        now: &Moment,
    ) {
        let copies = repeater.copies.at(now).ceil().clamp(0.0, MAX_COPIES);
        let commands: Vec<Command> = self.commands.drain(first_command..).collect();
        let source: Vec<Shape> = self.shapes[first_shape..self.used]
            .iter()
            .map(|s| Shape { path: s.path.clone(), matrix: s.matrix, bounds: None })
            .collect();
        self.used = first_shape;
        let Some(back) = inverse(outer) else {
            return;
        };
        let verbs: usize = source.iter().map(|s| s.path.elements().len()).sum();
        let mut copy = 0.0;
        while copy < copies {
            // The copy that is drawn last lies below the others.
            let place = if repeater.below { copy } else { copies - 1.0 - copy };
            copy += 1.0;
            if verbs + source.len() > self.verbs
                || self.commands.len() + commands.len() > MAX_COMMANDS
            {
                return;
            }
            self.verbs -= verbs + source.len();
            let step = outer * repeated(repeater, place + repeater.offset.at(now), now) * back;
            let (start, end) = (repeater.start_opacity.at(now), repeater.end_opacity.at(now));
            let along = if copies > 1.0 { place / (copies - 1.0) } else { 0.0 };
            let opacity = share(start + (end - start) * along);
            self.stamp(&source, &commands, first_shape, first_command, step, opacity);
        }
    }

    fn stamp(
        &mut self,
        source: &[Shape],
        commands: &[Command],
        first_shape: usize,
        first_command: usize,
        step: Affine,
        opacity: f64,
    ) {
        let (shapes, place) = (self.used - first_shape, self.commands.len());
        for shape in source {
            let path = self.open(step * shape.matrix);
            path.extend(shape.path.elements().iter().copied());
        }
        let moved = place - first_command;
        self.commands.extend(commands.iter().cloned().map(|command| match command {
            Command::Paint(paint) => Command::Paint(Stroke {
                paths: paint.paths.start + shapes..paint.paths.end + shapes,
                matrix: step * paint.matrix,
                ..paint
            }),
            Command::Isolate { from, opacity } => Command::Isolate { from: from + moved, opacity },
        }));
        if opacity <= 0.0 {
            self.commands.truncate(place);
        } else if opacity < 1.0 && !commands.is_empty() {
            self.commands.push(Command::Isolate { from: place, opacity });
        }
    }
}

/// A whole number of things from a property that may say anything.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits before"
)]
fn count(value: f64, most: f64) -> u32 {
    value.round().clamp(0.0, most) as u32
}

/// The inverse, where there is one.
pub(super) fn inverse(matrix: Affine) -> Option<Affine> {
    let usable = matrix.determinant().abs() > 1e-12 && matrix.is_finite();
    usable.then(|| matrix.inverse())
}

/// A repeater's transform applied `times` times; fractions count.
fn repeated(repeater: &Repeater, times: f64, now: &Moment) -> Affine {
    let transform = &repeater.transform;
    let position = match &transform.position {
        Position::Joined(p) => p.at(now),
        Position::Split(x, y) => Vec2::new(x.at(now), y.at(now)),
    };
    let scale = transform.scale.at(now) / 100.0;
    let power = |base: f64| {
        base.abs().powf(times) * if base < 0.0 && times % 2.0 != 0.0 { -1.0 } else { 1.0 }
    };
    let anchor = transform.anchor.at(now);
    Affine::translate(position * times + anchor)
        * Affine::rotate((transform.rotation.at(now) * times).to_radians())
        * Affine::scale_non_uniform(power(scale.x), power(scale.y))
        * Affine::translate(-anchor)
}

fn star_at(shape: &Star, now: &Moment) -> StarShape {
    StarShape {
        center: shape.center.at(now),
        points: shape.points.at(now),
        rotation: shape.rotation.at(now),
        outer: (shape.outer_radius.at(now), shape.outer_roundness.at(now)),
        inner: shape.inner.as_ref().map(|(r, round)| (r.at(now), round.at(now))),
    }
}

fn pen_at(style: &Style, now: &Moment) -> Option<Pen> {
    let Style::Stroke { width, cap, join, miter, dashes, dash_offset } = style else {
        return None;
    };
    let width = width.at(now);
    (width > 0.0).then(|| Pen {
        width,
        cap: *cap,
        join: *join,
        miter: *miter,
        dashes: dashes.iter().map(|d| d.at(now).max(0.0)).collect(),
        dash_offset: dash_offset.at(now),
    })
}

fn ink_at(brush: &Brush, now: &Moment) -> Ink {
    match brush {
        Brush::Solid(color) => Ink::Solid(color.at(now)),
        Brush::Gradient { kind, colors, stops, start, end, highlight, angle } => {
            Ink::Gradient(Gradient {
                kind: *kind,
                start: start.at(now),
                end: end.at(now),
                highlight: highlight.at(now) / 100.0,
                angle: angle.at(now),
                stops: merge_stops(&stops.at(now), *colors),
            })
        }
    }
}

/// After Effects' gradients have a midpoint between two stops, toward which they bend; its exporter
/// writes it as a stop whose colour is the mean of its neighbours. Where every second stop is such
/// a mean, this adds stops along the bend: at a share x of the way between two stops the colour has
/// gone x^(ln ½ ÷ ln m), m being the midpoint's share, and the mirror of that where m is under ½; so
/// measured on After Effects' own pictures, which it matches.
fn bend(stops: &[f64], width: usize) -> Vec<f64> {
    /// The exporter rounds to three digits.
    const ROUNDING: f64 = 0.002;
    /// Straight parts of a bend.
    const PARTS: u32 = 12;
    let list: Vec<&[f64]> = stops.chunks_exact(width).collect();
    let triples = || list.windows(3).step_by(2);
    let is_mean = |w: &[&[f64]]| {
        (1..width).all(|c| (f64::midpoint(w[0][c], w[2][c]) - w[1][c]).abs() < ROUNDING)
            && w[0][0] < w[1][0]
            && w[1][0] < w[2][0]
    };
    let centred = |w: &[&[f64]]| (f64::midpoint(w[0][0], w[2][0]) - w[1][0]).abs() < ROUNDING;
    let bends = list.len() % 2 == 1 && triples().all(is_mean) && !triples().all(centred);
    if list.len() < 3 || !bends {
        return stops.to_vec();
    }
    let mut out = list[0].to_vec();
    for w in triples() {
        let (from, to) = (w[0], w[2]);
        let middle = (w[1][0] - from[0]) / (to[0] - from[0]);
        let power = 0.5_f64.ln() / middle.max(1.0 - middle).ln();
        for part in 1..=PARTS {
            let x = f64::from(part) / f64::from(PARTS);
            let gone = if middle < 0.5 { 1.0 - (1.0 - x).powf(power) } else { x.powf(power) };
            out.push(from[0] + (to[0] - from[0]) * x);
            out.extend((1..width).map(|c| from[c] + (to[c] - from[c]) * gone));
        }
    }
    out
}

/// Colour stops and alpha stops as one list: where one kind has no stop, it is between its own.
fn merge_stops(stops: &Stops, colors: usize) -> Vec<(f64, Color)> {
    let (numbers, colors) = (&stops.numbers, stops.colors.unwrap_or(colors));
    let split = colors.saturating_mul(4).min(numbers.len() / 4 * 4);
    let (rgb, alpha) = numbers.split_at(split);
    let (rgb, alpha) = (bend(rgb, 4), bend(alpha, 2));
    let rgb: Vec<&[f64]> = rgb.chunks_exact(4).collect();
    let alpha: Vec<&[f64]> = alpha.chunks_exact(2).collect();
    let mut offsets: Vec<f64> =
        rgb.iter().chain(&alpha).map(|stop| stop[0].clamp(0.0, 1.0)).collect();
    offsets.sort_by(f64::total_cmp);
    // Two stops at one place are a hard edge and must stay two; more tell nothing.
    let sample = |stops: &[&[f64]], channel: usize, at: f64, after: bool| {
        let next = stops.partition_point(|s| s[0] < at || (after && s[0] <= at));
        match (next.checked_sub(1).and_then(|i| stops.get(i)), stops.get(next)) {
            (Some(a), Some(b)) if b[0] > a[0] => {
                a[channel] + (b[channel] - a[channel]) * ((at - a[0]) / (b[0] - a[0]))
            }
            (_, Some(one)) | (Some(one), None) => one[channel],
            (None, None) => 1.0,
        }
    };
    let mut merged: Vec<(f64, Color)> = Vec::with_capacity(offsets.len());
    for (i, at) in offsets.iter().enumerate() {
        let after = i > 0 && offsets[i - 1] >= *at;
        let color = [1, 2, 3].map(|c| sample(&rgb, c, *at, after));
        let stop = [color[0], color[1], color[2], sample(&alpha, 1, *at, after)];
        merged.push((*at, stop));
    }
    merged
}
