//! What a Lottie file means, after its spelling is forgotten: nothing here can be out of range.

use super::depth::Depth;
use super::live::Facts;
use super::polygon::Merge;
use super::text::Text;
use super::value::{Color, Outline, Property, Stops};
use super::wire::Fill;
use crate::scene::Segment;
use kurbo::Vec2;
use std::sync::Arc;
use tiny_skia::Pixmap;

/// A whole animation. Times are in frames but for the segments.
pub(super) struct Animation {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) frame_rate: f64,
    pub(super) first: f64,
    pub(super) end: f64,
    pub(super) layers: Vec<Layer>,
    pub(super) compositions: Vec<Vec<Layer>>,
    pub(super) images: Vec<Picture>,
    pub(super) facts: Arc<Facts>,
    /// What themes may change, by the slot's id.
    pub(super) fillable: Vec<(String, Box<dyn Fill>)>,
    pub(super) segments: Vec<Segment>,
    pub(super) unsupported: Vec<String>,
}

/// One layer of a composition.
pub(super) struct Layer {
    pub(super) content: Content,
    pub(super) transform: Transform,
    /// The parent's place in the composition; no layer is its own ancestor.
    pub(super) parent: Option<usize>,
    pub(super) matte: Option<Matte>,
    /// It is another layer's matte, so not drawn itself.
    pub(super) is_matte: bool,
    pub(super) masks: Vec<Mask>,
    /// Applied in this order after the masks.
    pub(super) filters: Vec<Filter>,
    pub(super) first: f64,
    pub(super) end: f64,
    pub(super) start: f64,
    pub(super) stretch: f64,
    pub(super) hidden: bool,
    pub(super) auto_orient: bool,
    pub(super) blend: tiny_skia::BlendMode,
}

/// What a layer shows.
pub(super) enum Content {
    Nothing,
    Solid {
        width: f64,
        height: f64,
        color: Color,
    },
    Shapes(Vec<Item>),
    Text(Box<Text>),
    /// Another composition, cut to a width and a height where there are some.
    Composition {
        index: usize,
        size: Option<(f64, f64)>,
        /// Time remapping, in seconds.
        remap: Option<Property<f64>>,
    },
    /// One of the animation's pictures.
    Image {
        index: usize,
    },
}

/// A decoded picture and the size it is shown at.
pub(super) struct Picture {
    pub(super) pixmap: Pixmap,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Which layer lets this one through, and how.
#[derive(Clone, Copy)]
pub(super) struct Matte {
    pub(super) source: usize,
    pub(super) luma: bool,
    pub(super) inverted: bool,
}

/// How a mask changes the coverage gathered so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskMode {
    Add,
    Subtract,
    Intersect,
    Lighten,
    Darken,
    Difference,
}

/// A path that cuts its layer.
pub(super) struct Mask {
    pub(super) mode: MaskMode,
    pub(super) inverted: bool,
    pub(super) path: Property<Outline>,
    pub(super) opacity: Property<f64>,
    pub(super) expansion: Property<f64>,
    /// How wide its edge is, horizontally and vertically; none where it is sharp.
    pub(super) feather: Option<Property<Vec2>>,
}

/// What is done to the pixels of a whole layer.
pub(super) enum Filter {
    /// Every pixel takes the colour; the opacity, of a whole, counts with its alpha.
    Fill {
        color: Property<Color>,
        opacity: Property<f64>,
        whole: f64,
    },
    /// Dark to bright becomes one colour to another, by an amount in percent.
    Tint {
        black: Property<Color>,
        white: Property<Color>,
        amount: Property<f64>,
    },
    /// The same over three colours; so many percent of the original stay.
    Tritone {
        bright: Property<Color>,
        middle: Property<Color>,
        dark: Property<Color>,
        original: Property<f64>,
    },
    Blur {
        softness: Property<f64>,
        /// Softness to the standard deviation of a Gaussian, in the layer's units.
        sigma: f64,
        /// As [`Axes::of`] reads it.
        axes: Property<f64>,
    },
    Shadow(Box<Shadow>),
}

/// Which way a blur goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    Both,
    Horizontal,
    Vertical,
}

impl Axes {
    /// The wire's 1, 2 and 3.
    pub(super) fn of(number: f64) -> Self {
        match number {
            n if n > 2.5 => Self::Vertical,
            n if n > 1.5 => Self::Horizontal,
            _ => Self::Both,
        }
    }
}

/// Where a shadow lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Below,
    /// The layer itself is not drawn.
    Instead,
    Inside,
}

/// The layer's own form, moved, softened and in one colour: a shadow or a glow.
pub(super) struct Shadow {
    pub(super) color: Property<Color>,
    pub(super) opacity: Property<f64>,
    /// The opacity of a solid shadow.
    pub(super) whole: f64,
    /// Degrees.
    pub(super) direction: Property<f64>,
    /// Added to the direction, in radians.
    pub(super) turn: f64,
    /// The direction is that of the light.
    pub(super) mirrored: bool,
    pub(super) distance: Property<f64>,
    pub(super) softness: Property<f64>,
    /// Softness to standard deviation.
    pub(super) sigma: f64,
    /// Percent of the softness that is solid.
    pub(super) spread: Property<f64>,
    pub(super) side: Side,
}

/// Position, joined or split into its coordinates.
pub(super) enum Position {
    Joined(Property<Vec2>),
    Split(Property<f64>, Property<f64>),
}

/// A layer's or group's transform; angles in degrees, opacity and scale in percent.
pub(super) struct Transform {
    pub(super) anchor: Property<Vec2>,
    pub(super) position: Position,
    pub(super) scale: Property<Vec2>,
    pub(super) rotation: Property<f64>,
    pub(super) skew: Property<f64>,
    pub(super) skew_axis: Property<f64>,
    pub(super) opacity: Property<f64>,
    /// Only a layer in three dimensions has one.
    pub(super) depth: Option<Box<Depth>>,
}

/// One entry of a shape layer.
pub(super) enum Item {
    Group {
        items: Vec<Item>,
        transform: Box<Transform>,
    },
    Path(Property<Outline>),
    Ellipse {
        center: Property<Vec2>,
        size: Property<Vec2>,
        reversed: bool,
    },
    Rect {
        center: Property<Vec2>,
        size: Property<Vec2>,
        radius: Property<f64>,
        reversed: bool,
    },
    Star(Box<Star>),
    Paint(Box<Paint>),
    Trim(Box<Trim>),
    Repeater(Box<Repeater>),
    RoundCorners(Property<f64>),
    /// Percent.
    PuckerBloat(Property<f64>),
    ZigZag {
        amplitude: Property<f64>,
        ridges: Property<f64>,
        smooth: bool,
    },
    /// Degrees, clockwise.
    Twist {
        angle: Property<f64>,
        center: Property<Vec2>,
    },
    Offset {
        distance: Property<f64>,
        join: tiny_skia::LineJoin,
        miter: Property<f64>,
    },
    Merge(Merge),
}

/// A star, or a polygon where there is no inner radius.
pub(super) struct Star {
    pub(super) center: Property<Vec2>,
    pub(super) points: Property<f64>,
    pub(super) rotation: Property<f64>,
    pub(super) outer_radius: Property<f64>,
    pub(super) outer_roundness: Property<f64>,
    pub(super) inner: Option<(Property<f64>, Property<f64>)>,
    pub(super) reversed: bool,
}

/// A fill or a stroke of the paths before it.
pub(super) struct Paint {
    pub(super) brush: Brush,
    pub(super) opacity: Property<f64>,
    pub(super) style: Style,
    pub(super) blend: tiny_skia::BlendMode,
}

/// What colours a paint.
pub(super) enum Brush {
    Solid(Property<Color>),
    Gradient {
        kind: GradientKind,
        /// How many of the numbers are colour stops where they do not say it themselves.
        colors: usize,
        stops: Property<Stops>,
        start: Property<Vec2>,
        end: Property<Vec2>,
        /// Percent of the radius.
        highlight: Property<f64>,
        angle: Property<f64>,
    },
}

/// How a gradient's colours lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GradientKind {
    /// From the start to the end.
    Linear,
    /// Around the start, as far as the end.
    Radial,
    /// Around the start, clockwise from the angle.
    Conic,
}

/// Inside of the paths, or along them.
pub(super) enum Style {
    Fill {
        even_odd: bool,
    },
    Stroke {
        width: Property<f64>,
        cap: tiny_skia::LineCap,
        join: tiny_skia::LineJoin,
        miter: f64,
        dashes: Vec<Property<f64>>,
        dash_offset: Property<f64>,
    },
}

/// Keeps a part of the paths before it.
pub(super) struct Trim {
    /// Percent.
    pub(super) start: Property<f64>,
    /// Percent.
    pub(super) end: Property<f64>,
    /// Degrees, 360 for once around.
    pub(super) offset: Property<f64>,
    /// The paths count as one long path rather than each for itself.
    pub(super) joined: bool,
}

/// Copies what is before it.
pub(super) struct Repeater {
    pub(super) copies: Property<f64>,
    pub(super) offset: Property<f64>,
    pub(super) transform: Transform,
    pub(super) start_opacity: Property<f64>,
    pub(super) end_opacity: Property<f64>,
    /// Later copies lie below earlier ones.
    pub(super) below: bool,
}
