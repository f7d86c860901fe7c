//! Numbers, vectors, colours, paths, and the keyframes over them.

use super::super::depth::Depth;
use super::super::expression::{Expression, Unsupported};
use super::super::live::{Live, Slot};
use super::super::model::{Position, Transform};
use super::super::moment::Moment;
use super::super::value::{Color, Curve, Ease, Key, Mix, Outline, Property, Stops, Travel, Vertex};
use super::link::Link;
use super::{Fill, Object, Reader, Value, integer_in};
use kurbo::{Point, Vec2};
use std::sync::Arc;

/// The largest number that is taken as it is; what is beyond is cut to it.
const MAX_NUMBER: f64 = 1e9;

/// A finite number of reasonable size; a boolean counts 0 or 1, an array by its first entry.
pub(super) fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(n) => Some(*n).filter(|n| n.is_finite()).map(in_range),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Array(list) => {
            list.first().and_then(|v| if v.is_array() { None } else { number(v) })
        }
        _ => None,
    }
}

fn in_range(value: f64) -> f64 {
    value.clamp(-MAX_NUMBER, MAX_NUMBER)
}

/// Whether a flag is set, be it a boolean or a number.
pub(super) fn flag(value: &Value<'_>) -> bool {
    number(value).is_some_and(|n| n != 0.0)
}

/// The objects of a list.
pub(super) fn object_list<'a>(
    value: Option<&'a Value<'a>>,
) -> impl Iterator<Item = &'a Object<'a>> {
    let list = value.and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(Value::as_object)
}

/// `#rgb` or `#rrggbb`; black where it is neither.
pub(super) fn hex_color(text: &str) -> Color {
    let digits: Vec<u32> = text.chars().skip(1).filter_map(|c| c.to_digit(16)).collect();
    let [r, g, b] = match digits[..] {
        [r, g, b] => [r * 17, g * 17, b * 17],
        [a, b, c, d, e, f, ..] => [a * 16 + b, c * 16 + d, e * 16 + f],
        _ => [0; 3],
    };
    [f64::from(r) / 255.0, f64::from(g) / 255.0, f64::from(b) / 255.0, 1.0]
}

/// The longest chain of properties that are each as the next.
const MAX_LINKS: u32 = 8;
/// The most properties that themes may reach.
const MAX_FILLABLE: usize = 20_000;

/// A slot of a property and what it is read with.
struct Place<T> {
    slot: Arc<Slot<T>>,
    default: T,
}

impl<T: FromWire + Send + Sync + 'static> Fill for Place<T> {
    fn fill(&self, value: Option<&Value<'_>>, reader: &mut Reader<'_>) {
        self.slot.set(value.map(|value| reader.own(value, self.default.clone())));
    }
}

/// What can be read from a JSON value.
pub(super) trait FromWire: Mix + Send + Sync + 'static {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;
    /// Makes two keyframes' values fit each other.
    fn match_lengths(_a: &mut Self, _b: &mut Self) {}
    fn travel(_a: &Self, _b: &Self, _key: &Object<'_>) -> Option<Travel> {
        None
    }
    /// Takes the number that a gradient's object holds beside its stops.
    fn count(&mut self, _count: usize) {}
}

impl FromWire for f64 {
    fn read(value: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        number(value)
    }
}

fn vector(value: &Value<'_>) -> Option<Vec2> {
    let Some(list) = value.as_array() else {
        return number(value).map(|n| Vec2::new(n, n));
    };
    let x = list.first().and_then(number)?;
    let y = list.get(1).map_or(Some(x), number)?;
    Some(Vec2::new(x, y))
}

impl FromWire for Vec2 {
    fn read(value: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        vector(value)
    }

    fn travel(a: &Self, b: &Self, key: &Object<'_>) -> Option<Travel> {
        let (out, into) = (key.get("to").and_then(vector)?, key.get("ti").and_then(vector)?);
        let straight = out.hypot2() + into.hypot2() < 1e-12 || a == b && out == into;
        (!straight).then(|| Travel::new(*a, *b, out, into))
    }
}

impl FromWire for [f64; 3] {
    fn read(value: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        let list = value.as_array()?;
        Some([0, 1, 2].map(|i| list.get(i).and_then(number).unwrap_or(0.0)))
    }
}

impl FromWire for Color {
    fn read(value: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        if let Some(text) = value.as_str() {
            return Some(hex_color(text));
        }
        let list = value.as_array()?;
        let channel = |i: usize| list.get(i).and_then(number);
        let rgb = [channel(0)?, channel(1)?, channel(2)?];
        // Files of 2015 count to 255.
        let unit = if rgb.iter().any(|c| *c > 1.5) { 255.0 } else { 1.0 };
        Some([rgb[0] / unit, rgb[1] / unit, rgb[2] / unit, 1.0])
    }
}

/// The most numbers of a gradient; 100 stops of each kind are more than any tool makes.
const MAX_GRADIENT: usize = 1000;

impl FromWire for Stops {
    fn read(value: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        let list = value.as_array()?.iter().take(MAX_GRADIENT);
        let numbers = list.map(|v| number(v).unwrap_or(0.0)).collect();
        Some(Self { numbers, colors: None })
    }

    fn match_lengths(a: &mut Self, b: &mut Self) {
        let length = a.numbers.len().min(b.numbers.len());
        a.numbers.truncate(length);
        b.numbers.truncate(length);
    }

    fn count(&mut self, colors: usize) {
        self.colors = Some(colors);
    }
}

impl FromWire for Outline {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        // A keyframe's value is an array of one path.
        let object = match value {
            Value::Array(list) => list.first()?.as_object()?,
            other => other.as_object()?,
        };
        let points = |key| object.get(key).and_then(Value::as_array).unwrap_or_default();
        let (at, incoming, outgoing) = (points("v"), points("i"), points("o"));
        if at.len() > reader.vertices_left {
            reader.vertices_left = 0;
            reader.skip("paths beyond the limit of vertices");
            return None;
        }
        reader.vertices_left -= at.len();
        let handle =
            |list: &[Value<'_>], i: usize| list.get(i).and_then(vector).unwrap_or_default();
        let vertices = at.iter().enumerate().map(|(i, v)| {
            let at = vector(v).unwrap_or_default().to_point();
            Vertex { at, incoming: at + handle(incoming, i), outgoing: at + handle(outgoing, i) }
        });
        Some(Self { vertices: vertices.collect(), closed: object.get("c").is_some_and(flag) })
    }

    fn match_lengths(a: &mut Self, b: &mut Self) {
        let length = a.vertices.len().min(b.vertices.len());
        a.vertices.truncate(length);
        b.vertices.truncate(length);
    }
}

impl<'a> Reader<'a> {
    /// A property: `{"a": …, "k": …}`, or its bare value.
    pub(super) fn property<T: FromWire>(
        &mut self,
        value: Option<&Value<'_>>,
        default: T,
    ) -> Property<T> {
        let Some(value) = value else {
            return Property::Fixed(default);
        };
        let Some(id) = value.get("sid").and_then(Value::as_str) else {
            return self.own(value, default);
        };
        let filled = self.slot(value);
        let slot = Arc::new(Slot::new(self.own(filled, default.clone())));
        if self.fillable.len() < MAX_FILLABLE {
            let place = Place { slot: Arc::clone(&slot), default };
            self.fillable.push((id.to_owned(), Box::new(place)));
        }
        Property::Slot(slot)
    }

    /// What the file's slot puts in a property's place.
    pub(super) fn slot<'v>(&self, value: &'v Value<'v>) -> &'v Value<'v>
    where
        'a: 'v,
    {
        let filled = || {
            let id = value.get("sid")?.as_str()?;
            let filled: &'a Value<'a> = self.slots?.get(id)?.get("p")?;
            filled.get("k").is_some().then_some(filled)
        };
        filled().unwrap_or(value)
    }

    /// A property that is not a slot.
    fn own<T: FromWire>(&mut self, value: &Value<'_>, default: T) -> Property<T> {
        let object = value.as_object();
        let source = object.and_then(|o| o.get("x")).and_then(Value::as_str);
        if let Some(other) = source.and_then(Link::parse).and_then(|link| self.follow(&link))
            && self.links < MAX_LINKS
        {
            self.links += 1;
            let linked = self.own(other, default);
            self.links -= 1;
            return linked;
        }
        let inner = object.and_then(|o| o.get("k")).unwrap_or(value);
        if let Some(object) = object.filter(|_| inner.get("k").is_some_and(|_| inner.is_object())) {
            // A gradient's slot holds the whole gradient: a number of stops and a property.
            let mut stops = self.own(inner, default);
            let count = integer_in(object, "p").and_then(|n| usize::try_from(n).ok());
            stops.each(|stops| count.into_iter().for_each(|n| stops.count(n)));
            return stops;
        }
        let keyed = match keyframes(inner) {
            Some(list) => self.keys(list, default),
            None => Property::Fixed(T::read(inner, self).unwrap_or(default)),
        };
        match source {
            Some(source) => self.live(keyed, source),
            None => keyed,
        }
    }

    /// Puts an expression over keyframes, where it is understood.
    fn live<T: FromWire>(&mut self, keyed: Property<T>, source: &str) -> Property<T> {
        if keyed.at(&Moment::at(0.0)).said().is_none() {
            self.skip("expressions of paths and gradients");
            return keyed;
        }
        match Expression::parse(source) {
            Ok(expression) => {
                self.expressions += 1;
                let facts = Arc::clone(&self.facts);
                Property::Live(Live::new(keyed, expression, facts, self.expressions).into())
            }
            Err(Unsupported(what)) => {
                self.skip(format!("expressions with {what:.40}"));
                keyed
            }
        }
    }

    fn keys<T: FromWire>(&mut self, list: &[Value<'_>], default: T) -> Property<T> {
        let mut raw: Vec<(f64, &Object<'_>)> = list
            .iter()
            .filter_map(Value::as_object)
            .map(|key| (super::number_in(key, "t", 0.0), key))
            .collect();
        if raw.len() > self.vertices_left {
            self.vertices_left = 0;
            self.skip("keyframes beyond the limit");
            return Property::Fixed(default);
        }
        self.vertices_left -= raw.len();
        raw.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut keys: Vec<Key<T>> = Vec::with_capacity(raw.len());
        let mut last_end: Option<T> = None;
        for (i, (frame, key)) in raw.iter().enumerate() {
            let start = key.get("s").and_then(|v| T::read(v, self)).or(last_end.take());
            let mut value = start.unwrap_or_else(|| default.clone());
            let given = key.get("e").and_then(|v| T::read(v, self));
            let next = raw.get(i + 1).and_then(|(_, next)| next.get("s"));
            let next = next.and_then(|v| T::read(v, self));
            let mut end = next.or(given).unwrap_or_else(|| value.clone());
            last_end = Some(end.clone());
            T::match_lengths(&mut value, &mut end);
            keys.push(Key {
                frame: *frame,
                travel: T::travel(&value, &end, key),
                value,
                end,
                ease: ease(key),
            });
        }
        if keys.is_empty() {
            return Property::Fixed(default);
        }
        Property::Keys(keys)
    }

    /// Whether a number is other than 0 at some time.
    pub(super) fn moves_or_is_not_zero(&mut self, value: Option<&Value<'_>>) -> bool {
        match self.property(value, Vec2::ZERO) {
            Property::Fixed(v) => v != Vec2::ZERO,
            _ => true,
        }
    }

    /// A number.
    pub(super) fn scalar(&mut self, value: Option<&Value<'_>>, default: f64) -> Property<f64> {
        self.property(value, default)
    }

    /// A pair.
    pub(super) fn vector(&mut self, value: Option<&Value<'_>>, default: Vec2) -> Property<Vec2> {
        self.property(value, default)
    }

    /// A path.
    pub(super) fn outline(&mut self, value: Option<&Value<'_>>) -> Property<Outline> {
        self.property(value, Outline::default())
    }

    /// A transform; without one, the identity.
    pub(super) fn transform(&mut self, ks: Option<&Object<'_>>) -> Transform {
        let empty = Object::default();
        let ks = ks.unwrap_or(&empty);
        let position = ks.get("p");
        let split = position.is_some_and(|p| {
            p.get("s").is_some_and(flag) || p.get("x").is_some_and(Value::is_object)
        });
        let position = match position {
            Some(p) if split => {
                Position::Split(self.scalar(p.get("x"), 0.0), self.scalar(p.get("y"), 0.0))
            }
            p => Position::Joined(self.vector(p, Vec2::ZERO)),
        };
        let hundred = Vec2::new(100.0, 100.0);
        Transform {
            anchor: self.vector(ks.get("a"), Vec2::ZERO),
            position,
            scale: self.vector(ks.get("s"), hundred),
            rotation: self.scalar(ks.get("r").or(ks.get("rz")), 0.0),
            skew: self.scalar(ks.get("sk"), 0.0),
            skew_axis: self.scalar(ks.get("sa"), 0.0),
            opacity: self.scalar(ks.get("o"), 100.0),
            depth: self.depth(ks),
        }
    }

    /// The third dimension, where anything turns or lies in it.
    fn depth(&mut self, ks: &Object<'_>) -> Option<Box<Depth>> {
        if !["rx", "ry", "or"].iter().any(|key| ks.contains_key(key)) {
            return None;
        }
        let depth = Depth {
            turn_x: self.scalar(ks.get("rx"), 0.0),
            turn_y: self.scalar(ks.get("ry"), 0.0),
            orientation: self.property(ks.get("or"), [0.0; 3]),
            position: self.property(ks.get("p"), [0.0; 3]),
            anchor: self.property(ks.get("a"), [0.0; 3]),
        };
        let still = |angle: &Property<f64>| matches!(angle, Property::Fixed(a) if *a == 0.0);
        let flat = still(&depth.turn_x)
            && still(&depth.turn_y)
            && matches!(depth.orientation, Property::Fixed([0.0, 0.0, 0.0]));
        // A flat layer in a turned parent may still lie before or behind it.
        let near = matches!(depth.position, Property::Fixed([_, _, 0.0]));
        (!(flat && near)).then(|| Box::new(depth))
    }
}

/// The list of keyframes that a property's `k` is, if it is one.
fn keyframes<'a>(value: &'a Value<'a>) -> Option<&'a [Value<'a>]> {
    let list = value.as_array()?;
    let first = list.first()?.as_object()?;
    first.contains_key("t").then_some(list)
}

fn ease(key: &Object<'_>) -> Ease {
    if key.get("h").is_some_and(flag) {
        return Ease::Hold;
    }
    let handle = |name: &str| {
        let object = key.get(name).and_then(Value::as_object);
        let axis = |axis: &str, dimension: usize, default: f64| {
            let value = object.and_then(|o| o.get(axis));
            match value {
                Some(Value::Array(list)) => list.get(dimension).or(list.last()).and_then(number),
                other => other.and_then(number),
            }
            .unwrap_or(default)
        };
        let default = if name == "o" { 0.0 } else { 1.0 };
        [0, 1, 2].map(|d| {
            Point::new(
                axis("x", d, default).clamp(0.0, 1.0),
                axis("y", d, default).clamp(-100.0, 100.0),
            )
        })
    };
    let (out, into) = (handle("o"), handle("i"));
    let curves = [0, 1, 2].map(|d| Curve { out_handle: out[d], in_handle: into[d] });
    if curves[0] == curves[1] && curves[1] == curves[2] {
        Ease::Same(curves[0])
    } else {
        Ease::Each(curves)
    }
}
