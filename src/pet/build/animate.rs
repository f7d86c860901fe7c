//! A rig and its clips → one Lottie animation (Lottie specification 1.0): a shape layer whose
//! groups are the rig's parts, with the clips one after the other on its timeline and a marker
//! each.

use super::clips::{Clips, Easing, Key, Property, Value};
use super::rig::{self, Color, Item, Outline, Paint, Part, Rig, Shape, Stop, Stroke};
use super::{BuildError, STAGE, slots};
use kurbo::{BezPath, PathEl, Point};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Frames between two clips, so that one's last pose does not bleed into the other's first.
const GAP: f64 = 1.0;

/// What the whole drawing is scaled about.
pub(super) const FEET: [u32; 2] = [256, 480];

/// The animation as Lottie JSON.
pub(super) fn animation(rig: &Rig, clips: &Clips) -> Result<Json, BuildError> {
    let mut timeline = Timeline { clips, starts: starts(clips), used: BTreeSet::new() };
    let shapes = timeline.items(&rig.items)?;
    timeline.check_all_used()?;
    let end = timeline.end();
    Ok(json!({
        "v": "5.7.0", "fr": clips.fps, "ip": 0, "op": end, "w": 512, "h": 512, "ddd": 0,
        "markers": timeline.markers(), "slots": slots::of(rig)?,
        "layers": [{
            "ty": 4, "nm": "rig", "ip": 0, "op": end, "st": 0,
            "ks": {
                "o": fixed(json!(100)), "r": fixed(json!(0)), "p": {"sid": STAGE[1], "a": 0, "k": FEET},
                "a": fixed(json!(FEET)), "s": {"sid": STAGE[0], "a": 0, "k": [100, 100]},
            },
            "shapes": shapes,
        }],
    }))
}

/// The table of clips: what the markers tell, so that a pet opens without reading its drawing, and
/// what they do not: which clips loop and where their key poses are. All in frames.
pub(super) fn extra(clips: &Clips, skins: &[Json]) -> Json {
    let entry = |(clip, start): (&super::clips::Clip, f64)| {
        json!({
            "name": clip.name, "start": start, "frames": clip.frames,
            "loop": clip.looping, "key": clip.key,
        })
    };
    let table: Vec<Json> = clips.clips.iter().zip(starts(clips)).map(entry).collect();
    let mut extra = json!({ "fps": clips.fps, "clips": table });
    if !skins.is_empty() {
        extra["skins"] = json!(skins);
    }
    extra
}

/// Each clip's first frame.
pub(super) fn starts(clips: &Clips) -> Vec<f64> {
    let mut next = 0.0;
    let start = |clip: &super::clips::Clip| {
        let start = next;
        next += f64::from(clip.frames) + GAP;
        start
    };
    clips.clips.iter().map(start).collect()
}

struct Timeline<'a> {
    clips: &'a Clips,
    /// Each clip's first frame.
    starts: Vec<f64>,
    /// The tracks that something was found for.
    used: BTreeSet<(String, Property)>,
}

/// What moves is written as a Lottie property, a shape as Lottie's path value.
type ToJson<'a> = &'a dyn Fn(&Value) -> Result<Json, BuildError>;

impl Timeline<'_> {
    fn end(&self) -> f64 {
        let last = self.clips.clips.last().map_or(0.0, |clip| f64::from(clip.frames));
        self.starts.last().copied().unwrap_or(0.0) + last + GAP
    }

    fn markers(&self) -> Vec<Json> {
        let marker = |(clip, start): (&super::clips::Clip, &f64)| json!({"cm": clip.name, "tm": start, "dr": clip.frames});
        self.clips.clips.iter().zip(&self.starts).map(marker).collect()
    }

    /// A track for something that the rig does not have is a slip of the pen.
    fn check_all_used(&self) -> Result<(), BuildError> {
        for clip in &self.clips.clips {
            if let Some((id, property)) =
                clip.tracks.keys().find(|track| !self.used.contains(*track))
            {
                let (what, name) = match property {
                    Property::Shape => ("path", format!("{id}.d")),
                    _ => ("part", id.clone()),
                };
                let problem =
                    format!("clip {:?} moves {name:?}, but rig.svg has no such {what}", clip.name);
                return Err(BuildError::Clips(problem));
            }
        }
        Ok(())
    }

    /// Lottie draws the first of a list on top, SVG the last.
    fn items(&mut self, items: &[Item]) -> Result<Vec<Json>, BuildError> {
        let one = |item: &Item| match item {
            Item::Part(part) => self.part(part),
            Item::Shape(shape) => self.shape(shape),
        };
        items.iter().rev().map(one).collect()
    }

    fn part(&mut self, part: &Part) -> Result<Json, BuildError> {
        let mut items = self.items(&part.items)?;
        let rest = if part.hidden { 0.0 } else { part.opacity * 100.0 };
        let (id, pivot) = (part.id.as_deref(), part.pivot);
        let shifted = move |value: &Value| match value {
            Value::Pair([x, y]) => Ok(json!([round(pivot.x + x), round(pivot.y + y)])),
            _ => plain(value),
        };
        items.push(json!({
            "ty": "tr",
            "a": fixed(json!([round(pivot.x), round(pivot.y)])),
            "p": self.property(id, Property::Move, &Value::Pair([0.0, 0.0]), &shifted)?,
            "s": self.property(id, Property::Scale, &Value::Pair([100.0, 100.0]), &plain)?,
            "r": self.property(id, Property::Rotate, &Value::Number(0.0), &plain)?,
            "o": self.property(id, Property::Opacity, &Value::Number(rest), &plain)?,
        }));
        Ok(json!({"ty": "gr", "nm": id.unwrap_or("part"), "it": items}))
    }

    fn shape(&mut self, shape: &Shape) -> Result<Json, BuildError> {
        let mut items = self.outlines(shape)?;
        items.extend(shape.stroke.as_ref().map(stroke));
        if let Some(paint) = &shape.fill {
            items.push(fill(paint, shape.even_odd));
        }
        let opacity = Value::Number(shape.opacity * 100.0);
        items.push(json!({
            "ty": "tr", "a": fixed(json!([0, 0])), "p": fixed(json!([0, 0])), "s": fixed(json!([100, 100])),
            "r": fixed(json!(0)),
            "o": self.property(shape.id.as_deref(), Property::Opacity, &opacity, &plain)?,
        }));
        Ok(json!({"ty": "gr", "nm": shape.id.as_deref().unwrap_or("shape"), "it": items}))
    }

    fn outlines(&mut self, shape: &Shape) -> Result<Vec<Json>, BuildError> {
        Ok(match &shape.outline {
            Outline::Path(rest) => return self.paths(shape.id.as_deref(), rest),
            Outline::Ellipse { center, radii } => vec![json!({
                "ty": "el", "p": fixed(json!([round(center.x), round(center.y)])),
                "s": fixed(json!([round(radii.0 * 2.0), round(radii.1 * 2.0)])),
            })],
            Outline::Rect { origin, size, radius } => vec![json!({
                "ty": "rc", "r": fixed(json!(round(*radius))), "s": fixed(json!([round(size.0), round(size.1)])),
                "p": fixed(json!([round(origin.x + size.0 / 2.0), round(origin.y + size.1 / 2.0)])),
            })],
        })
    }

    /// Lottie's paths have one contour each.
    fn paths(&mut self, id: Option<&str>, rest: &BezPath) -> Result<Vec<Json>, BuildError> {
        let contours = contours(rest).len();
        let mut paths = Vec::new();
        for index in 0..contours {
            let contour = |value: &Value| {
                let path = match value {
                    Value::Path(data) => rig::path(data)?,
                    _ => rest.clone(),
                };
                if !alike(&path, rest) {
                    let id = id.unwrap_or_default();
                    let problem =
                        format!("track \"{id}.d\" has other commands than the path in rig.svg");
                    return Err(BuildError::Clips(problem));
                }
                Ok(contours_json(&path, index))
            };
            let ks = self.property(id, Property::Shape, &Value::Rest, &contour)?;
            paths.push(json!({"ty": "sh", "ks": ks}));
        }
        Ok(paths)
    }

    /// A Lottie property over all clips: at rest where a clip does not name it.
    fn property(
        &mut self,
        id: Option<&str>,
        property: Property,
        rest: &Value,
        to_json: ToJson<'_>,
    ) -> Result<Json, BuildError> {
        let track = id.map(|id| (id.to_owned(), property));
        let mut keys: Vec<Key> = Vec::new();
        for (clip, start) in self.clips.clips.iter().zip(&self.starts) {
            let track = track.as_ref().and_then(|track| clip.tracks.get(track));
            let first = track.and_then(|keys| keys.first()).map_or(rest, |key| &key.value);
            keys.push(Key { frame: *start, value: first.clone(), easing: Easing::Hold });
            let moving = track.into_iter().flatten().filter(|key| key.frame > 0.0);
            keys.extend(moving.map(|key| Key { frame: start + key.frame, ..key.clone() }));
        }
        self.used.extend(track);
        let keys = needed(keys);
        match keys.as_slice() {
            [one] => Ok(fixed(to_json(&one.value)?)),
            keys => animated(keys, property, to_json),
        }
    }
}

/// Leaves out keys that hold what is held already.
fn needed(keys: Vec<Key>) -> Vec<Key> {
    let mut kept: Vec<Key> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let jumps_next = keys.get(index + 1).is_none_or(|next| next.easing == Easing::Hold);
        let same = kept.last().is_some_and(|last| last.value == key.value);
        if !(same && jumps_next) {
            kept.push(key.clone());
        }
    }
    kept
}

fn animated(keys: &[Key], property: Property, to_json: ToJson<'_>) -> Result<Json, BuildError> {
    let mut list = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let value = to_json(&key.value)?;
        // Lottie wraps a lone number or a path in a list, but not a vector.
        let value = match property {
            Property::Move | Property::Scale => value,
            _ => json!([value]),
        };
        let mut entry = json!({"t": key.frame, "s": value});
        match keys.get(index + 1).map(|next| next.easing) {
            Some(Easing::Hold) => entry["h"] = json!(1),
            Some(Easing::Bezier([x1, y1, x2, y2])) => {
                entry["o"] = json!({"x": x1, "y": y1});
                entry["i"] = json!({"x": x2, "y": y2});
            }
            None => {}
        }
        list.push(entry);
    }
    Ok(json!({"a": 1, "k": list}))
}

fn fixed(value: Json) -> Json {
    json!({"a": 0, "k": value})
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside conversions that can fail")]
fn plain(value: &Value) -> Result<Json, BuildError> {
    Ok(match value {
        Value::Number(number) => json!(round(*number)),
        Value::Pair([x, y]) => json!([round(*x), round(*y)]),
        Value::Path(_) | Value::Rest => Json::Null,
    })
}

/// Three decimals are finer than any screen.
pub(super) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Whether two paths have the same commands in the same order.
fn alike(a: &BezPath, b: &BezPath) -> bool {
    let kind = |element: &PathEl| std::mem::discriminant(element);
    a.elements().iter().map(kind).eq(b.elements().iter().map(kind))
}

/// The contours of a path of cubics.
fn contours(path: &BezPath) -> Vec<&[PathEl]> {
    let mut found = Vec::new();
    let elements = path.elements();
    let mut start = 0;
    for (index, element) in elements.iter().enumerate().skip(1) {
        if matches!(element, PathEl::MoveTo(_)) {
            found.push(&elements[start..index]);
            start = index;
        }
    }
    if !elements.is_empty() {
        found.push(&elements[start..]);
    }
    found
}

/// A contour as Lottie writes it: vertices, with tangents relative to them.
fn contours_json(path: &BezPath, index: usize) -> Json {
    let contours = contours(path);
    let elements = contours.get(index).copied().unwrap_or_default();
    let (mut vertices, mut ins, mut outs): (Vec<Point>, Vec<Point>, Vec<Point>) =
        Default::default();
    let mut closed = false;
    for element in elements {
        match *element {
            PathEl::MoveTo(p) => {
                vertices.push(p);
                ins.push(p);
                outs.push(p);
            }
            PathEl::CurveTo(a, b, p) => {
                if let Some(out) = outs.last_mut() {
                    *out = a;
                }
                vertices.push(p);
                ins.push(b);
                outs.push(p);
            }
            PathEl::ClosePath => closed = true,
            // rig::path made cubics of them.
            PathEl::LineTo(_) | PathEl::QuadTo(..) => {}
        }
    }
    // A contour that came back to its start before it closed has one vertex too many.
    let returned = vertices.len() > 1 && vertices.first() == vertices.last();
    if closed && returned {
        vertices.pop();
        outs.pop();
        if let (Some(last), Some(first)) = (ins.pop(), ins.first_mut()) {
            *first = last;
        }
    }
    let absolute = |points: &[Point]| {
        points.iter().map(|p| json!([round(p.x), round(p.y)])).collect::<Vec<_>>()
    };
    let relative = |points: &[Point]| {
        let pairs = points.iter().zip(&vertices);
        pairs.map(|(p, v)| json!([round(p.x - v.x), round(p.y - v.y)])).collect::<Vec<_>>()
    };
    json!({"c": closed, "v": absolute(&vertices), "i": relative(&ins), "o": relative(&outs)})
}

pub(super) fn unit(byte: u8) -> f64 {
    (f64::from(byte) / 255.0 * 10_000.0).round() / 10_000.0
}

fn fill(paint: &Paint, even_odd: bool) -> Json {
    let mut out = self::paint(paint, "fl", "gf");
    out["r"] = json!(if even_odd { 2 } else { 1 });
    out
}

fn stroke(stroke: &Stroke) -> Json {
    let mut out = paint(&stroke.paint, "st", "gs");
    out["w"] = fixed(json!(round(stroke.width)));
    out["lc"] = json!(stroke.cap);
    out["lj"] = json!(stroke.join);
    out["ml"] = json!(4);
    if !stroke.dashes.is_empty() {
        let dash = |(index, length): (usize, &f64)| json!({"n": if index % 2 == 0 { "d" } else { "g" }, "v": fixed(json!(round(*length)))});
        out["d"] = stroke.dashes.iter().enumerate().map(dash).collect();
    }
    out
}

fn paint(paint: &Paint, solid: &str, gradient: &str) -> Json {
    let opacity = fixed(json!(round(paint.opacity * 100.0)));
    let point = |p: &Point| fixed(json!([round(p.x), round(p.y)]));
    let mut color = self::color(&paint.color);
    if let Some(slot) = &paint.slot {
        // A gradient's number of stops stands beside its slot.
        let place = if color.get("p").is_some() { &mut color["k"] } else { &mut color };
        place["sid"] = json!(slot);
    }
    match &paint.color {
        Color::Solid(_) => json!({"ty": solid, "c": color, "o": opacity}),
        Color::Linear { from, to, .. } => {
            json!({"ty": gradient, "t": 1, "s": point(from), "e": point(to), "g": color, "o": opacity})
        }
        Color::Radial { center, radius, .. } => {
            let edge = Point::new(center.x + radius, center.y);
            json!({"ty": gradient, "t": 2, "s": point(center), "e": point(&edge), "g": color, "o": opacity})
        }
    }
}

/// A colour as a Lottie property; a gradient's as its number of stops and a property.
pub(super) fn color(color: &Color) -> Json {
    match color {
        Color::Solid([r, g, b]) => fixed(json!([unit(*r), unit(*g), unit(*b)])),
        Color::Linear { stops, .. } | Color::Radial { stops, .. } => ramp(stops),
    }
}

/// Colour stops, and after them the opacities where any is not full.
fn ramp(stops: &[Stop]) -> Json {
    let mut list = Vec::new();
    for stop in stops {
        let [r, g, b] = stop.color;
        list.extend([round(stop.offset), unit(r), unit(g), unit(b)]);
    }
    if stops.iter().any(|stop| stop.opacity < 1.0) {
        list.extend(stops.iter().flat_map(|stop| [round(stop.offset), round(stop.opacity)]));
    }
    json!({"p": stops.len(), "k": fixed(json!(list))})
}
