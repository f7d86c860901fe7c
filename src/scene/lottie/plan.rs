//! Model at a frame → what every layer looks like there and where on the device, and what of the
//! device is not as it was at the frame before.
//!
//! What is found out is kept together with how long it holds, so that the next frame asks only for
//! what may have changed. Layers keep their drawing lists in their own space: one that is merely
//! moved is not evaluated again.

use super::evaluate::{Means, Shape, Sheet, inverse, layer_matrix, share};
use super::filter::Effect;
use super::model::{Animation, Content, Layer, Mask, MaskMode};
use super::moment::{Moment, Span};
use super::raster::Laid;
use super::surface::Area;
use super::value::Outline;
use kurbo::{Affine, BezPath, PathEl, Rect, Vec2};

/// The deepest that compositions and mattes nest.
pub const MAX_DEPTH: u32 = 16;
/// The most layers that are drawn in a frame, counted again for each use of a composition.
pub const MAX_DRAWN_LAYERS: u32 = 20_000;
/// The most layers that are known at a time, drawn or not, counted in the same way.
const MAX_KNOWN_LAYERS: usize = 100_000;
/// The most drawing lists kept for their memory alone.
const MAX_SPARE: usize = 16;

/// A feather's width as a standard deviation, as for After Effects' blurs.
const FEATHER_SIGMA: f64 = 0.3;

/// A mask at a time, in its layer's units.
pub(super) struct Cut {
    pub(super) mode: MaskMode,
    pub(super) inverted: bool,
    pub(super) shape: Shape,
    /// A share of 1.
    pub(super) opacity: f64,
    /// How far the path grows, below 0 shrinks.
    pub(super) grow: f64,
    /// Standard deviations of its edge along the axes.
    pub(super) softness: Vec2,
    /// The rectangle that is all it keeps, where it is nothing but that.
    pub(super) window: Option<Rect>,
}

impl Cut {
    fn of(mask: &Mask, room: &mut Outline, now: &Moment) -> Self {
        let mut path = BezPath::new();
        mask.path.with(now, room, |outline| outline.append_to(&mut path));
        let feather = mask.feather.as_ref().map_or(Vec2::ZERO, |feather| feather.at(now));
        let mut cut = Self {
            mode: mask.mode,
            inverted: mask.inverted,
            shape: Shape::new(path),
            opacity: share(mask.opacity.at(now)),
            grow: mask.expansion.at(now),
            softness: feather * FEATHER_SIGMA,
            window: None,
        };
        let added = cut.mode == MaskMode::Add && !cut.inverted && cut.opacity >= 1.0;
        if added && cut.grow == 0.0 && cut.softness == Vec2::ZERO {
            cut.window = rectangle(&cut.shape.path);
        }
        cut
    }
}

/// The rectangle that a closed path is, where it is one along the axes.
fn rectangle(path: &BezPath) -> Option<Rect> {
    let &[
        PathEl::MoveTo(a),
        PathEl::LineTo(b),
        PathEl::LineTo(c),
        PathEl::LineTo(d),
        PathEl::LineTo(_),
        PathEl::ClosePath,
    ] = path.elements()
    else {
        return None;
    };
    let upright = a.x == b.x && b.y == c.y && c.x == d.x && d.y == a.y;
    let flat = a.y == b.y && b.x == c.x && c.y == d.y && d.x == a.x;
    (upright || flat).then(|| Rect::from_points(a, c))
}

/// A layer at the frame it was last asked for.
pub(super) struct Cel {
    /// How long the layer's place holds, its content, and its masks and filters, in frames of its
    /// composition.
    placed: Span,
    filled: Span,
    treated: Span,
    /// Whether it is there at all at this frame, and whether it was counted as drawn.
    there: bool,
    pub(super) seen: bool,
    /// A share of 1.
    pub(super) opacity: f64,
    /// To its composition.
    own: Affine,
    /// To the device.
    pub(super) matrix: Affine,
    /// What shapes and texts are drawn by, and what it costs in verbs.
    pub(super) sheet: Sheet,
    cost: usize,
    pub(super) cuts: Vec<Cut>,
    /// Whether the masks take anything away.
    pub(super) cut: bool,
    pub(super) effects: Vec<Effect>,
    /// How far effects paint outside of the content, in pixels.
    pub(super) reach: f64,
    /// Where the content has pixels; none where it has none.
    extent: Option<Area>,
    /// Where it has after masks.
    pub(super) area: Option<Area>,
    /// Where the layer has, effects and all, of what can be seen.
    shown: Option<Area>,
    /// The layers of its composition.
    pub(super) inner: Vec<Cel>,
    /// Whether the composition's own rectangle holds all that is in it.
    pub(super) whole: bool,
}

impl Default for Cel {
    fn default() -> Self {
        Self {
            placed: Span::NEVER,
            filled: Span::NEVER,
            treated: Span::NEVER,
            there: false,
            seen: false,
            opacity: 0.0,
            own: Affine::IDENTITY,
            matrix: Affine::IDENTITY,
            sheet: Sheet::default(),
            cost: 0,
            cuts: Vec::new(),
            cut: false,
            effects: Vec::new(),
            reach: 0.0,
            extent: None,
            area: None,
            shown: None,
            inner: Vec::new(),
            whole: true,
        }
    }
}

impl Cel {
    /// Finds out what the masks leave of the content, as far as they are a single window.
    fn narrow(&mut self) {
        (self.area, self.cut) = (self.extent, !self.cuts.is_empty());
        if let ([Cut { window: Some(window), .. }], Some(extent)) = (&*self.cuts, self.extent) {
            self.cut = !holds(self.matrix, Some(*window), extent);
            let part = Area::around(self.matrix.transform_rect_bbox(*window));
            self.area = part.and_then(|part| part.and(extent));
        }
    }

    pub(super) fn laid(&self) -> Laid<'_> {
        Laid { sheet: &self.sheet, place: self.matrix }
    }
}

/// All layers of an animation at the frame it was last asked for.
#[derive(Default)]
pub(super) struct Plan {
    cels: Vec<Cel>,
    /// Canvas to device, and what of the device there is.
    matrix: Affine,
    canvas: Option<Area>,
    means: Means,
    spare: Vec<Sheet>,
    room: Outline,
}

impl Plan {
    pub(super) fn cels(&self) -> &[Cel] {
        &self.cels
    }

    /// Finds out how everything looks at a frame. Gives back what of the device's `canvas` may not
    /// be as it was before; none where all is.
    pub(super) fn update(
        &mut self,
        animation: &Animation,
        frame: f64,
        matrix: Affine,
        canvas: Area,
    ) -> Option<Area> {
        animation.facts.refill();
        self.means.refill();
        let moved = self.matrix != matrix || self.canvas != Some(canvas);
        (self.matrix, self.canvas) = (matrix, Some(canvas));
        let mut cels = std::mem::take(&mut self.cels);
        let mut update = Update {
            animation,
            plan: self,
            layers_left: MAX_DRAWN_LAYERS,
            room_left: MAX_KNOWN_LAYERS,
            changed: None,
        };
        let outer = Outer { frame, matrix, moved, bounds: canvas, depth: 0 };
        update.layers(&mut cels, &animation.layers, outer);
        let changed = update.changed;
        self.cels = cels;
        if moved { Some(canvas) } else { changed.and_then(|changed| changed.and(canvas)) }
    }
}

/// What layers stand in.
#[derive(Clone, Copy)]
struct Outer {
    frame: f64,
    matrix: Affine,
    /// The matrix is not what it was.
    moved: bool,
    /// What of the device can be seen.
    bounds: Area,
    depth: u32,
}

struct Update<'a> {
    animation: &'a Animation,
    plan: &'a mut Plan,
    layers_left: u32,
    room_left: usize,
    changed: Option<Area>,
}

impl<'a> Update<'a> {
    /// Brings a composition's layers up to date. Gives back where they have pixels.
    fn layers(&mut self, cels: &mut Vec<Cel>, layers: &'a [Layer], outer: Outer) -> Option<Area> {
        let room = self.room_left.checked_sub(layers.len());
        self.room_left = room.unwrap_or(0);
        if room.is_none() {
            cels.clear();
        } else if cels.len() != layers.len() {
            cels.clear();
            cels.resize_with(layers.len(), Cel::default);
        }
        let mut all: Option<Area> = None;
        for (cel, layer) in cels.iter_mut().zip(layers).rev() {
            if layer.hidden && !layer.is_matte {
                continue;
            }
            self.layer(cel, layers, layer, outer);
            if !layer.is_matte {
                all = union(all, cel.shown);
            }
        }
        all
    }

    fn layer(&mut self, cel: &mut Cel, layers: &'a [Layer], layer: &'a Layer, outer: Outer) {
        let before = (cel.opacity, cel.own);
        if !cel.placed.holds(outer.frame) {
            place(cel, layers, layer, outer.frame);
        }
        if !cel.there || self.layers_left == 0 {
            return self.leave(cel);
        }
        self.layers_left -= 1;
        let came = !std::mem::replace(&mut cel.seen, true);
        let moved = came || outer.moved || before.1 != cel.own;
        if moved {
            cel.matrix = outer.matrix * cel.own;
        }
        let treated = self.treat(cel, layer, outer.frame);
        if moved || treated {
            cel.reach = cel.effects.iter().map(|effect| effect.reach(cel.matrix)).sum();
        }
        let filled = self.fill(cel, layer, outer, moved);
        cel.narrow();
        let shown = cel.area.and_then(|area| area.grown(cel.reach).and(outer.bounds));
        if moved || treated || filled || before.0 != cel.opacity {
            self.changed = union(self.changed, union(cel.shown, shown));
        }
        cel.shown = shown;
    }

    /// A layer that is not there, or not any more.
    fn leave(&mut self, cel: &mut Cel) {
        if !std::mem::replace(&mut cel.seen, false) {
            return;
        }
        self.changed = union(self.changed, cel.shown.take());
        self.retire(cel);
    }

    /// Gives up what a layer was evaluated to.
    fn retire(&mut self, cel: &mut Cel) {
        (cel.filled, cel.treated) = (Span::NEVER, Span::NEVER);
        (cel.extent, cel.area, cel.shown) = (None, None, None);
        cel.cuts = Vec::new();
        let sheet = std::mem::take(&mut cel.sheet);
        if self.plan.spare.len() < MAX_SPARE {
            self.plan.spare.push(sheet);
        }
        for mut inner in std::mem::take(&mut cel.inner) {
            self.retire(&mut inner);
        }
    }

    /// Evaluates masks and filters. Whether they may have changed.
    fn treat(&mut self, cel: &mut Cel, layer: &Layer, frame: f64) -> bool {
        let none = layer.masks.is_empty() && layer.filters.is_empty();
        if none || cel.treated.holds(frame) {
            return false;
        }
        let now = Moment::at(frame);
        cel.cuts.clear();
        cel.cuts.extend(layer.masks.iter().map(|mask| Cut::of(mask, &mut self.plan.room, &now)));
        cel.effects.clear();
        cel.effects.extend(layer.filters.iter().map(|filter| Effect::of(filter, &now)));
        cel.treated = now.span();
        true
    }

    /// Finds out what a layer shows, and where. Whether it may have changed as a whole.
    fn fill(&mut self, cel: &mut Cel, layer: &'a Layer, outer: Outer, moved: bool) -> bool {
        let matrix = cel.matrix;
        let sized = |width: f64, height: f64| {
            Area::around(matrix.transform_rect_bbox(Rect::new(0.0, 0.0, width, height)))
        };
        match &layer.content {
            Content::Nothing => false,
            Content::Solid { width, height, .. } => {
                cel.extent = sized(*width, *height);
                false
            }
            Content::Image { index } => {
                let picture = self.animation.images.get(*index);
                cel.extent = picture.and_then(|picture| sized(picture.width, picture.height));
                false
            }
            Content::Shapes(_) | Content::Text(_) => {
                let filled = self.evaluate(cel, layer, outer.frame);
                if filled || moved {
                    let laid = cel.laid();
                    cel.extent = laid.bounds(laid.all()).and_then(Area::around);
                }
                filled
            }
            Content::Composition { index, size, remap } => {
                let frame = match remap {
                    Some(seconds) => {
                        seconds.at(&Moment::at(outer.frame)) * self.animation.frame_rate
                    }
                    None => (outer.frame - layer.start) / layer.stretch,
                };
                let rect = size.map(|(width, height)| Rect::new(0.0, 0.0, width, height));
                self.composition(cel, *index, rect, Outer { frame, matrix, moved, ..outer });
                false
            }
        }
    }

    /// Makes a layer's drawing list, unless the one there is still holds.
    fn evaluate(&mut self, cel: &mut Cel, layer: &Layer, frame: f64) -> bool {
        let scale = cel.matrix.determinant().abs().sqrt();
        let means = &mut self.plan.means;
        if cel.filled.holds(frame) && cel.sheet.suits(scale) && means.spend(cel.cost) {
            return false;
        }
        if cel.filled == Span::NEVER
            && let Some(sheet) = self.plan.spare.pop()
        {
            cel.sheet = sheet;
        }
        let now = Moment::at(frame);
        let cost = cel.sheet.make(means, scale, |sheet| match &layer.content {
            Content::Shapes(items) => sheet.evaluate(items, &now),
            Content::Text(text) => sheet.text(text, &now),
            _ => {}
        });
        cel.filled = if cost.is_some() { now.span() } else { Span::NEVER };
        cel.cost = cost.unwrap_or(0);
        true
    }

    fn composition(&mut self, cel: &mut Cel, index: usize, rect: Option<Rect>, inside: Outer) {
        let layers = self.animation.compositions.get(index);
        let layers = layers.filter(|_| inside.depth < MAX_DEPTH).map_or(&[][..], Vec::as_slice);
        let bounds = inside.bounds.grown(cel.reach);
        let outside = self.changed.take();
        let depth = inside.depth + 1;
        let all = self.layers(&mut cel.inner, layers, Outer { bounds, depth, ..inside });
        let clip = rect.map(|rect| Area::around(inside.matrix.transform_rect_bbox(rect)));
        let clipped = |area: Area| match clip {
            Some(clip) => clip.and_then(|clip| clip.and(area)),
            None => Some(area),
        };
        let changed = self.changed.take().and_then(clipped).map(|area| area.grown(cel.reach));
        self.changed = union(outside, changed);
        cel.extent = all.and_then(clipped);
        cel.whole = all.is_none_or(|all| holds(inside.matrix, rect, all));
    }
}

/// Finds out whether a layer is there at a frame, and where.
fn place(cel: &mut Cel, layers: &[Layer], layer: &Layer, frame: f64) {
    let now = Moment::at(frame);
    now.beside(layer.first);
    now.beside(layer.end);
    let in_time = layer.first <= frame && frame < layer.end;
    cel.there = in_time && !matches!(layer.content, Content::Nothing);
    if cel.there {
        cel.opacity = share(layer.transform.opacity.at(&now));
        cel.there = cel.opacity > 0.0;
    }
    if cel.there {
        cel.own = layer_matrix(layers, layer, &now);
    }
    cel.placed = now.span();
}

fn union(a: Option<Area>, b: Option<Area>) -> Option<Area> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.with(b)),
        (one, other) => one.or(other),
    }
}

/// Whether a rectangle, or none at all, covers all of an area, so that cutting to it changes
/// nothing.
fn holds(matrix: Affine, rect: Option<Rect>, area: Area) -> bool {
    let Some(rect) = rect else {
        return true;
    };
    let Some(back) = inverse(matrix) else {
        return false;
    };
    let area = area.rect();
    // A thousandth of a pixel: rounding in the matrix must not cost a surface.
    let room = rect.inflate(1e-3, 1e-3);
    [(area.x0, area.y0), (area.x1, area.y0), (area.x0, area.y1), (area.x1, area.y1)]
        .into_iter()
        .all(|p| room.contains(back * kurbo::Point::from(p)))
}
