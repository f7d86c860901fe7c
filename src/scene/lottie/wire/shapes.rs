//! The items of shape layers.

use super::super::model::{Brush, GradientKind, Item, Paint, Repeater, Star, Style, Trim};
use super::super::moment::Moment;
use super::super::polygon::Merge;
use super::super::value::Stops;
use super::property::{flag, object_list};
use super::{Object, Reader, Value, integer_in, number_in, text_in};
use kurbo::Vec2;
use tiny_skia::{LineCap, LineJoin};

/// The deepest that groups are read; JSON itself ends at 128 levels, three a group.
const MAX_GROUPS: u32 = 64;

impl Reader<'_> {
    /// The items of a list, but not its transform.
    pub(super) fn items(&mut self, list: Option<&Value<'_>>, depth: u32) -> Vec<Item> {
        if depth > MAX_GROUPS {
            self.skip("groups nested deeper than 64");
            return Vec::new();
        }
        let mut items = Vec::new();
        for object in object_list(list) {
            if !object.get("hd").is_some_and(flag) {
                items.extend(self.item(object, depth));
            }
        }
        items
    }

    fn item(&mut self, object: &Object<'_>, depth: u32) -> Option<Item> {
        let kind = text_in(object, "ty").unwrap_or_default();
        Some(match kind {
            "gr" => self.group(object, depth),
            "sh" => Item::Path(self.outline(object.get("ks"))),
            "el" => Item::Ellipse {
                center: self.vector(object.get("p"), Vec2::ZERO),
                size: self.vector(object.get("s"), Vec2::ZERO),
                reversed: reversed(object),
            },
            "rc" => Item::Rect {
                center: self.vector(object.get("p"), Vec2::ZERO),
                size: self.vector(object.get("s"), Vec2::ZERO),
                radius: self.scalar(object.get("r"), 0.0),
                reversed: reversed(object),
            },
            "sr" => Item::Star(Box::new(self.star(object))),
            "fl" | "gf" => Item::Paint(Box::new(self.fill(object))),
            "st" | "gs" => Item::Paint(Box::new(self.stroke(object))),
            "tm" => Item::Trim(Box::new(self.trim(object))),
            "rp" => Item::Repeater(Box::new(self.repeater(object))),
            "rd" => Item::RoundCorners(self.scalar(object.get("r"), 0.0)),
            "pb" => Item::PuckerBloat(self.scalar(object.get("a"), 0.0)),
            "zz" => Item::ZigZag {
                amplitude: self.scalar(object.get("s"), 0.0),
                ridges: self.scalar(object.get("r"), 0.0),
                smooth: self.points_are_smooth(object.get("pt")),
            },
            "tw" => Item::Twist {
                angle: self.scalar(object.get("a"), 0.0),
                center: self.vector(object.get("c"), Vec2::ZERO),
            },
            "op" => Item::Offset {
                distance: self.scalar(object.get("a"), 0.0),
                join: join(object),
                miter: self.scalar(object.get("ml"), 4.0),
            },
            "mm" => Item::Merge(match integer_in(object, "mm") {
                Some(2) => Merge::Add,
                Some(3) => Merge::Subtract,
                Some(4) => Merge::Intersect,
                Some(5) => Merge::Exclude,
                // To merge without a set operation is to be painted together, as paths are anyway.
                _ => return None,
            }),
            "tr" => return None,
            other => {
                self.skip(format!("shapes of type {other:.10}"));
                return None;
            }
        })
    }

    fn group(&mut self, object: &Object<'_>, depth: u32) -> Item {
        let list = object.get("it");
        let transform = object_list(list).find(|item| text_in(item, "ty") == Some("tr"));
        Item::Group {
            items: self.items(list, depth + 1),
            transform: Box::new(self.transform(transform)),
        }
    }

    fn star(&mut self, object: &Object<'_>) -> Star {
        let polygon = integer_in(object, "sy") == Some(2);
        let inner = (!polygon)
            .then(|| (self.scalar(object.get("ir"), 0.0), self.scalar(object.get("is"), 0.0)));
        Star {
            center: self.vector(object.get("p"), Vec2::ZERO),
            points: self.scalar(object.get("pt"), 5.0),
            rotation: self.scalar(object.get("r"), 0.0),
            outer_radius: self.scalar(object.get("or"), 0.0),
            outer_roundness: self.scalar(object.get("os"), 0.0),
            inner,
            reversed: reversed(object),
        }
    }

    fn paint(&mut self, object: &Object<'_>, style: Style) -> Paint {
        Paint {
            brush: self.brush(object),
            opacity: self.scalar(object.get("o"), 100.0),
            style,
            blend: self.blend(object),
        }
    }

    fn fill(&mut self, object: &Object<'_>) -> Paint {
        let even_odd = integer_in(object, "r") == Some(2);
        self.paint(object, Style::Fill { even_odd })
    }

    fn stroke(&mut self, object: &Object<'_>) -> Paint {
        let mut dashes = Vec::new();
        let mut dash_offset = None;
        for dash in object_list(object.get("d")).take(MAX_DASHES) {
            let length = self.scalar(dash.get("v"), 0.0);
            if text_in(dash, "n") == Some("o") {
                dash_offset = Some(length);
            } else {
                dashes.push(length);
            }
        }
        let style = Style::Stroke {
            width: self.scalar(object.get("w"), 1.0),
            cap: match integer_in(object, "lc") {
                Some(2) => LineCap::Round,
                Some(3) => LineCap::Square,
                _ => LineCap::Butt,
            },
            join: join(object),
            miter: number_in(object, "ml", 4.0),
            dashes,
            dash_offset: dash_offset.unwrap_or_else(|| self.scalar(None, 0.0)),
        };
        self.paint(object, style)
    }

    fn brush(&mut self, object: &Object<'_>) -> Brush {
        let Some(gradient) = object.get("g").and_then(Value::as_object) else {
            return Brush::Solid(self.property(object.get("c"), [0.0, 0.0, 0.0, 1.0]));
        };
        let kind = integer_in(object, "t").unwrap_or(1);
        if !(1..=3).contains(&kind) {
            self.skip(format!("gradients of type {kind}"));
        }
        let stops = self.property(gradient.get("k"), Stops::default());
        let colors = integer_in(gradient, "p").and_then(|n| usize::try_from(n).ok());
        Brush::Gradient {
            kind: match kind {
                2 => GradientKind::Radial,
                3 => GradientKind::Conic,
                _ => GradientKind::Linear,
            },
            colors: colors.unwrap_or(usize::MAX),
            stops,
            start: self.vector(object.get("s"), Vec2::ZERO),
            end: self.vector(object.get("e"), Vec2::ZERO),
            highlight: self.scalar(object.get("h"), 0.0),
            angle: self.scalar(object.get("a"), 0.0),
        }
    }

    fn trim(&mut self, object: &Object<'_>) -> Trim {
        Trim {
            start: self.scalar(object.get("s"), 0.0),
            end: self.scalar(object.get("e"), 100.0),
            offset: self.scalar(object.get("o"), 0.0),
            joined: integer_in(object, "m") == Some(2),
        }
    }

    /// A zig-zag's point type is written as a property, but never moves.
    fn points_are_smooth(&mut self, value: Option<&Value<'_>>) -> bool {
        self.scalar(value, 1.0).at(&Moment::at(0.0)) >= 1.5
    }

    fn repeater(&mut self, object: &Object<'_>) -> Repeater {
        let tr = object.get("tr");
        let opacity = |key| tr.and_then(|tr| tr.get(key));
        Repeater {
            copies: self.scalar(object.get("c"), 1.0),
            offset: self.scalar(object.get("o"), 0.0),
            start_opacity: self.scalar(opacity("so"), 100.0),
            end_opacity: self.scalar(opacity("eo"), 100.0),
            transform: self.transform(tr.and_then(Value::as_object)),
            below: integer_in(object, "m") != Some(2),
        }
    }
}

fn join(object: &Object<'_>) -> LineJoin {
    match integer_in(object, "lj") {
        Some(2) => LineJoin::Round,
        Some(3) => LineJoin::Bevel,
        _ => LineJoin::Miter,
    }
}

/// The most numbers of a dash pattern.
const MAX_DASHES: usize = 32;

fn reversed(object: &Object<'_>) -> bool {
    integer_in(object, "d") == Some(3)
}
