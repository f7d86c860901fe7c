//! `rig.svg` → a tree of parts, their shapes and paints. The SVG that is understood is the small
//! part of it that pets/README.md allows; anything else is an error that names it.

use super::BuildError;
use kurbo::{BezPath, PathEl, Point};
use roxmltree::{Document, Node};
use std::collections::{HashMap, HashSet};

/// The deepest that parts nest.
pub const MAX_DEPTH: usize = 32;

/// A drawing as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rig {
    pub(super) items: Vec<Item>,
}

/// Something in a drawing, in drawing order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Part(Part),
    Shape(Box<Shape>),
}

/// A `<g>`: what is in it moves together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) id: Option<String>,
    pub(super) pivot: Point,
    pub(super) hidden: bool,
    /// 0 to 1.
    pub(super) opacity: f64,
    pub(super) items: Vec<Item>,
}

/// An outline and its paints.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) id: Option<String>,
    pub(super) outline: Outline,
    pub(super) fill: Option<Paint>,
    pub(super) even_odd: bool,
    pub(super) stroke: Option<Stroke>,
    /// 0 to 1.
    pub(super) opacity: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outline {
    Path(BezPath),
    Ellipse { center: Point, radii: (f64, f64) },
    Rect { origin: Point, size: (f64, f64), radius: f64 },
}

/// A paint and its opacity, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Paint {
    pub(super) color: Color,
    /// The slot through which a theme may give it another colour.
    pub(super) slot: Option<String>,
    pub(super) opacity: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Color {
    Solid([u8; 3]),
    Linear { from: Point, to: Point, stops: Vec<Stop> },
    Radial { center: Point, radius: f64, stops: Vec<Stop> },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    /// 0 to 1.
    pub(super) offset: f64,
    pub(super) color: [u8; 3],
    /// 0 to 1.
    pub(super) opacity: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stroke {
    pub(super) paint: Paint,
    pub(super) width: f64,
    /// Lottie's number: 1 butt, 2 round, 3 square.
    pub(super) cap: u8,
    /// Lottie's number: 1 miter, 2 round, 3 bevel.
    pub(super) join: u8,
    pub(super) dashes: Vec<f64>,
}

/// Reads a rig.
pub(super) fn parse(svg: &str) -> Result<Rig, BuildError> {
    let document = Document::parse(svg).map_err(|e| rig(format!("is not XML: {e}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err(rig("has no <svg> as its root".into()));
    }
    if root.attribute("viewBox").map(str::trim) != Some("0 0 512 512") {
        return Err(rig("must say viewBox=\"0 0 512 512\"".into()));
    }
    let mut reader = Reader { gradients: HashMap::new(), ids: HashSet::new() };
    for node in root.descendants().filter(Node::is_element) {
        if let "linearGradient" | "radialGradient" = node.tag_name().name() {
            let id = node.attribute("id").ok_or_else(|| rig("has a gradient without id".into()))?;
            reader.gradients.insert(id.to_owned(), gradient(node)?);
        }
    }
    let style = Style::default();
    Ok(Rig { items: reader.items(root, &style, 0)? })
}

fn rig(problem: String) -> BuildError {
    BuildError::Rig(problem)
}

/// Inherited presentation attributes.
#[derive(Clone, Debug, Default)]
struct Style {
    values: HashMap<&'static str, String>,
}

const INHERITED: [&str; 10] = [
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-opacity",
    "stroke-width",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-dasharray",
    "color",
];

const REFUSED: [&str; 7] = ["transform", "style", "class", "filter", "mask", "clip-path", "href"];

impl Style {
    fn with(&self, node: Node<'_, '_>) -> Self {
        let mut style = self.clone();
        for name in INHERITED {
            if let Some(value) = node.attribute(name) {
                style.values.insert(name, value.trim().to_owned());
            }
        }
        style
    }

    fn get(&self, name: &'static str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn number(&self, name: &'static str, default: f64) -> Result<f64, BuildError> {
        self.get(name).map_or(Ok(default), |text| number(text, name))
    }
}

/// The attributes that say what a fill or a stroke is painted with.
struct PaintNames {
    color: &'static str,
    /// Where none is said.
    default: &'static str,
    opacity: &'static str,
}

const FILL: PaintNames = PaintNames { color: "fill", default: "#000000", opacity: "fill-opacity" };
const STROKE: PaintNames =
    PaintNames { color: "stroke", default: "none", opacity: "stroke-opacity" };

struct Reader {
    /// As paints, by id.
    gradients: HashMap<String, Paint>,
    ids: HashSet<String>,
}

impl Reader {
    fn items(
        &mut self,
        parent: Node<'_, '_>,
        style: &Style,
        depth: usize,
    ) -> Result<Vec<Item>, BuildError> {
        if depth > MAX_DEPTH {
            return Err(rig(format!("nests deeper than {MAX_DEPTH} parts")));
        }
        let mut items = Vec::new();
        for node in parent.children().filter(Node::is_element) {
            if let Some(name) = REFUSED.iter().find(|name| node.attribute(**name).is_some()) {
                let tag = node.tag_name().name();
                return Err(rig(format!("uses {name}= on a <{tag}>, which a rig cannot have")));
            }
            let style = style.with(node);
            match node.tag_name().name() {
                "defs" | "title" | "desc" | "metadata" => {}
                "g" => items.push(Item::Part(self.part(node, &style, depth)?)),
                "path" | "ellipse" | "circle" | "rect" => {
                    items.push(Item::Shape(Box::new(self.shape(node, &style)?)))
                }
                other => return Err(rig(format!("has a <{other}>, which a rig cannot have"))),
            }
        }
        Ok(items)
    }

    fn part(
        &mut self,
        node: Node<'_, '_>,
        style: &Style,
        depth: usize,
    ) -> Result<Part, BuildError> {
        Ok(Part {
            id: self.id(node)?,
            pivot: match node.attribute("data-pivot") {
                Some(text) => pivot(text)?,
                None => Point::new(256.0, 256.0),
            },
            hidden: node.attribute("data-hidden") == Some("true"),
            opacity: attribute(node, "opacity", 1.0)?,
            items: self.items(node, style, depth + 1)?,
        })
    }

    fn id(&mut self, node: Node<'_, '_>) -> Result<Option<String>, BuildError> {
        let Some(id) = node.attribute("id") else {
            return Ok(None);
        };
        if !is_id(id) {
            return Err(rig(format!("has the id {id:?}: ids are made of a-z, 0-9 and -")));
        }
        if !self.ids.insert(id.to_owned()) {
            return Err(rig(format!("has the id {id:?} twice")));
        }
        Ok(Some(id.to_owned()))
    }

    fn shape(&mut self, node: Node<'_, '_>, style: &Style) -> Result<Shape, BuildError> {
        Ok(Shape {
            id: self.id(node)?,
            outline: outline(node)?,
            fill: self.paint(style, &FILL, slot(node, "data-slot")?)?,
            even_odd: style.get("fill-rule") == Some("evenodd"),
            stroke: self.stroke(style, slot(node, "data-stroke-slot")?)?,
            opacity: attribute(node, "opacity", 1.0)?,
        })
    }

    fn paint(
        &self,
        style: &Style,
        names: &PaintNames,
        slot: Option<String>,
    ) -> Result<Option<Paint>, BuildError> {
        let text = style.get(names.color).unwrap_or(names.default);
        let opacity = style.number(names.opacity, 1.0)?;
        let reference = text.strip_prefix("url(#").and_then(|t| t.strip_suffix(')'));
        match (reference, slot) {
            (None, slot) if text == "none" => match slot {
                Some(slot) => {
                    Err(rig(format!("has the slot {slot:?} for {}=\"none\"", names.color)))
                }
                None => Ok(None),
            },
            (None, slot) => Ok(Some(Paint { color: Color::Solid(hex(text)?), slot, opacity })),
            (Some(id), None) => {
                let found = self.gradients.get(id).cloned();
                let paint = found.ok_or_else(|| rig(format!("has no gradient {id:?}")))?;
                Ok(Some(Paint { opacity, ..paint }))
            }
            (Some(id), Some(slot)) => Err(rig(format!(
                "has the slot {slot:?} beside the gradient {id:?}: write data-slot on the gradient"
            ))),
        }
    }

    fn stroke(&self, style: &Style, slot: Option<String>) -> Result<Option<Stroke>, BuildError> {
        let Some(paint) = self.paint(style, &STROKE, slot)? else {
            return Ok(None);
        };
        let dashes = match style.get("stroke-dasharray") {
            None | Some("none") => Vec::new(),
            Some(list) => list
                .split([',', ' '])
                .filter(|t| !t.is_empty())
                .map(|t| number(t, "stroke-dasharray"))
                .collect::<Result<_, _>>()?,
        };
        Ok(Some(Stroke {
            paint,
            width: style.number("stroke-width", 1.0)?,
            cap: match style.get("stroke-linecap") {
                Some("round") => 2,
                Some("square") => 3,
                _ => 1,
            },
            join: match style.get("stroke-linejoin") {
                Some("round") => 2,
                Some("bevel") => 3,
                _ => 1,
            },
            dashes,
        }))
    }
}

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(fits)
}

fn slot(node: Node<'_, '_>, name: &'static str) -> Result<Option<String>, BuildError> {
    match node.attribute(name) {
        Some(slot) if !is_id(slot) => {
            Err(rig(format!("has {name}={slot:?}: slots are made of a-z, 0-9 and -")))
        }
        slot => Ok(slot.map(str::to_owned)),
    }
}

fn outline(node: Node<'_, '_>) -> Result<Outline, BuildError> {
    let number = |name| attribute(node, name, 0.0);
    Ok(match node.tag_name().name() {
        "path" => Outline::Path(path(node.attribute("d").unwrap_or_default())?),
        "rect" => {
            let radius = attribute(node, "rx", attribute(node, "ry", 0.0)?)?;
            Outline::Rect {
                origin: Point::new(number("x")?, number("y")?),
                size: (number("width")?, number("height")?),
                radius,
            }
        }
        name => {
            let radii = if name == "circle" { ("r", "r") } else { ("rx", "ry") };
            Outline::Ellipse {
                center: Point::new(number("cx")?, number("cy")?),
                radii: (number(radii.0)?, number(radii.1)?),
            }
        }
    })
}

/// Path data with every segment a cubic, so that two with the same commands can be blended.
pub(super) fn path(data: &str) -> Result<BezPath, BuildError> {
    let read = BezPath::from_svg(data)
        .map_err(|e| rig(format!("has path data that cannot be read ({e}): {}", short(data))))?;
    let mut out = BezPath::new();
    let (mut start, mut last) = (Point::ZERO, Point::ZERO);
    for element in read.elements() {
        match *element {
            PathEl::MoveTo(p) => {
                out.move_to(p);
                (start, last) = (p, p);
            }
            PathEl::LineTo(p) => {
                out.curve_to(last, p, p);
                last = p;
            }
            PathEl::QuadTo(c, p) => {
                out.curve_to(last.lerp(c, 2.0 / 3.0), p.lerp(c, 2.0 / 3.0), p);
                last = p;
            }
            PathEl::CurveTo(a, b, p) => {
                out.curve_to(a, b, p);
                last = p;
            }
            PathEl::ClosePath => {
                out.close_path();
                last = start;
            }
        }
    }
    Ok(out)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn gradient(node: Node<'_, '_>) -> Result<Paint, BuildError> {
    if node.attribute("gradientUnits") != Some("userSpaceOnUse") {
        return Err(rig("has a gradient without gradientUnits=\"userSpaceOnUse\"".into()));
    }
    let number = |name| attribute(node, name, 0.0);
    let stops = node
        .children()
        .filter(|n| n.has_tag_name("stop") || n.tag_name().name() == "stop")
        .map(stop)
        .collect::<Result<Vec<_>, _>>()?;
    if stops.len() < 2 {
        return Err(rig("has a gradient with fewer than two stops".into()));
    }
    let color = if node.tag_name().name() == "linearGradient" {
        Color::Linear {
            from: Point::new(number("x1")?, number("y1")?),
            to: Point::new(number("x2")?, number("y2")?),
            stops,
        }
    } else {
        Color::Radial {
            center: Point::new(number("cx")?, number("cy")?),
            radius: number("r")?,
            stops,
        }
    };
    Ok(Paint { color, slot: slot(node, "data-slot")?, opacity: 1.0 })
}

fn stop(node: Node<'_, '_>) -> Result<Stop, BuildError> {
    let text = node.attribute("offset").unwrap_or("0");
    let offset = match text.strip_suffix('%') {
        Some(percent) => number(percent, "offset")? / 100.0,
        None => number(text, "offset")?,
    };
    Ok(Stop {
        offset: offset.clamp(0.0, 1.0),
        color: hex(node.attribute("stop-color").unwrap_or("#000000"))?,
        opacity: attribute(node, "stop-opacity", 1.0)?,
    })
}

fn hex(text: &str) -> Result<[u8; 3], BuildError> {
    let digits = text.strip_prefix('#').unwrap_or("");
    let long: String = match digits.len() {
        3 => digits.chars().flat_map(|c| [c, c]).collect(),
        _ => digits.to_owned(),
    };
    let value = u32::from_str_radix(&long, 16).ok().filter(|_| long.len() == 6);
    let [_, r, g, b] =
        value.ok_or_else(|| rig(format!("has the colour {text:?}: write #rrggbb")))?.to_be_bytes();
    Ok([r, g, b])
}

fn pivot(text: &str) -> Result<Point, BuildError> {
    let (x, y) =
        text.split_once(',').ok_or_else(|| rig(format!("has data-pivot={text:?}: write x,y")))?;
    Ok(Point::new(number(x, "data-pivot")?, number(y, "data-pivot")?))
}

fn attribute(node: Node<'_, '_>, name: &'static str, default: f64) -> Result<f64, BuildError> {
    node.attribute(name).map_or(Ok(default), |text| number(text, name))
}

fn number(text: &str, name: &'static str) -> Result<f64, BuildError> {
    let value = text.trim().trim_end_matches("px").parse::<f64>().ok().filter(|v| v.is_finite());
    value.ok_or_else(|| rig(format!("has {name}={text:?}, which is not a number")))
}
