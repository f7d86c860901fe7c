//! dotLottie themes: other values for an animation's slots.
//!
//! A theme's rules are read into typed values, and given on as Lottie properties, which is what
//! the engine's slots take.

use super::super::SceneError;
use super::{quoted, tidy};
use serde_json::{Map, Value, json};

/// The largest theme, in bytes.
pub const MAX_THEME_BYTES: usize = 4 << 20;
/// The most rules of a theme.
pub const MAX_RULES: usize = 1000;
/// The most keyframes of all rules together.
pub const MAX_KEYFRAMES: usize = 20_000;
/// The most stops of a gradient.
pub const MAX_STOPS: usize = 100;

/// A theme, read and checked.
#[derive(Debug)]
pub struct Theme {
    pub(in crate::scene) rules: Vec<Rule>,
    skipped: Vec<String>,
}

/// What a theme says of one slot.
#[derive(Debug)]
pub(in crate::scene) struct Rule {
    /// The slot's id.
    pub(in crate::scene) slot: String,
    /// The animations it is for; without a list, all.
    pub(in crate::scene) animations: Option<Vec<String>>,
    pub(in crate::scene) value: RuleValue,
    /// An After Effects expression; it is kept and handed on.
    pub(in crate::scene) expression: Option<String>,
}

/// A rule's value, by type.
#[derive(Debug)]
pub(in crate::scene) enum RuleValue {
    /// Red, green, blue, 0 to 1.
    Color(Timed<[f64; 3]>),
    Scalar(Timed<f64>),
    Vector(Timed<Vec<f64>>),
    Gradient(Timed<Vec<Stop>>),
    /// A picture's path in the container, or a data URL; width and height in pixels.
    Image {
        source: String,
        width: Option<f64>,
        height: Option<f64>,
    },
    /// A text document's fields under Lottie's names.
    Text(Timed<Map<String, Value>>),
    /// A Lottie path; its points are checked where paths are read.
    Path(Timed<Value>),
}

/// A colour at a place of a gradient, each 0 to 1; the colour with its alpha.
#[derive(Clone, Copy, Debug)]
pub(in crate::scene) struct Stop {
    offset: f64,
    color: [f64; 4],
}

/// A value that stays, or one that moves.
#[derive(Debug)]
pub(in crate::scene) enum Timed<T> {
    Fixed(T),
    Keys(Vec<Key<T>>),
}

/// A value at a frame, and how it goes on to the next.
#[derive(Debug)]
pub(in crate::scene) struct Key<T> {
    frame: f64,
    value: T,
    hold: bool,
    /// The easing handles and the spatial tangents, under Lottie's names.
    handles: Map<String, Value>,
}

impl Theme {
    /// Reads a theme. Rules that cannot be read are skipped, and told by [`Theme::skipped`].
    ///
    /// # Errors
    /// When it is no theme, or passes a limit.
    pub fn parse(json: &[u8]) -> Result<Self, SceneError> {
        limit("the theme's size in bytes", json.len(), MAX_THEME_BYTES)?;
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let broken = |what: &str| SceneError::Container(format!("the theme: {what}"));
        let root: Value =
            serde_json::from_slice(json).map_err(|e| broken(&tidy(&e.to_string())))?;
        let rules = root.get("rules").and_then(Value::as_array);
        let rules = rules.ok_or_else(|| broken("it has no list of rules"))?;
        limit("the number of rules of the theme", rules.len(), MAX_RULES)?;
        let keys = rules.iter().filter_map(|rule| rule.get("keyframes")?.as_array());
        limit("the number of keyframes of the theme", keys.map(Vec::len).sum(), MAX_KEYFRAMES)?;
        let mut theme = Self { rules: Vec::new(), skipped: Vec::new() };
        for entry in rules {
            match rule(entry) {
                Ok(rule) => theme.rules.push(rule),
                Err(why) => theme.skipped.push(why),
            }
        }
        Ok(theme)
    }

    /// The rules that could not be read, a line each.
    #[must_use]
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// The Lottie property of each slot, by id, for one animation. Of two rules for a slot the
    /// later one counts. A picture comes as an asset's fields.
    pub(in crate::scene) fn slots(&self, animation: &str) -> Map<String, Value> {
        let meant = |rule: &&Rule| match &rule.animations {
            Some(list) => list.iter().any(|id| id == animation),
            None => true,
        };
        let rules = self.rules.iter().filter(meant);
        rules.map(|rule| (rule.slot.clone(), rule.property())).collect()
    }
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), SceneError> {
    if count > limit {
        return Err(SceneError::Limit { what, limit: limit as u64 });
    }
    Ok(())
}

impl Rule {
    /// The rule as the Lottie property that takes the slot's place.
    fn property(&self) -> Value {
        let mut property = match &self.value {
            RuleValue::Color(timed) => timed.property(|rgb| json!([rgb[0], rgb[1], rgb[2], 1.0])),
            RuleValue::Scalar(timed) => timed.property(|number| json!(number)),
            RuleValue::Vector(timed) => timed.property(|numbers| json!(numbers)),
            RuleValue::Gradient(timed) => gradient(timed),
            RuleValue::Text(timed) => timed.document(),
            RuleValue::Path(timed) => timed.property(Value::clone),
            RuleValue::Image { source, width, height } => image(source, *width, *height),
        };
        if let (Some(expression), Some(fields)) = (&self.expression, property.as_object_mut()) {
            fields.insert("x".into(), json!(expression));
        }
        property
    }
}

impl<T> Timed<T> {
    fn property(&self, lottie: impl Fn(&T) -> Value) -> Value {
        let keys = match self {
            Self::Fixed(value) => return json!({"a": 0, "k": lottie(value)}),
            Self::Keys(keys) => keys,
        };
        let keys = keys.iter().map(|key| {
            // A keyframe's value is always a list.
            let value = match lottie(&key.value) {
                list @ Value::Array(_) => list,
                other => json!([other]),
            };
            let mut fields = key.handles.clone();
            fields.insert("t".into(), json!(key.frame));
            fields.insert("s".into(), value);
            if key.hold {
                fields.insert("h".into(), json!(1));
            }
            Value::Object(fields)
        });
        json!({"a": 1, "k": keys.collect::<Vec<_>>()})
    }
}

impl Timed<Map<String, Value>> {
    /// Text documents change by holding, so each is a keyframe and none is eased.
    fn document(&self) -> Value {
        let key = |frame: f64, value: &Map<String, Value>| json!({"t": frame, "s": value});
        match self {
            Self::Fixed(value) => json!({"k": [key(0.0, value)]}),
            Self::Keys(keys) => {
                let keys: Vec<_> = keys.iter().map(|k| key(k.frame, &k.value)).collect();
                json!({"k": keys})
            }
        }
    }
}

/// Lottie's gradient: the stops' offsets and colours, then, where any is not opaque, the offsets
/// and alphas. The number of stops stands once for all keyframes, so the shortest decides.
fn gradient(timed: &Timed<Vec<Stop>>) -> Value {
    let all: Vec<&Vec<Stop>> = match timed {
        Timed::Fixed(stops) => vec![stops],
        Timed::Keys(keys) => keys.iter().map(|key| &key.value).collect(),
    };
    let count = all.iter().map(|stops| stops.len()).min().unwrap_or(0);
    let mut every = all.iter().flat_map(|stops| stops.iter().take(count));
    let alpha = every.any(|stop| stop.color[3] < 1.0);
    let numbers = |stops: &Vec<Stop>| {
        let mut numbers = Vec::with_capacity(count * 6);
        for Stop { offset, color: [r, g, b, _] } in stops.iter().take(count) {
            numbers.extend([*offset, *r, *g, *b]);
        }
        for Stop { offset, color } in stops.iter().take(count).filter(|_| alpha) {
            numbers.extend([*offset, color[3]]);
        }
        json!(numbers)
    };
    json!({"p": count, "k": timed.property(numbers)})
}

fn image(source: &str, width: Option<f64>, height: Option<f64>) -> Value {
    let mut asset = Map::new();
    asset.insert("p".into(), json!(source));
    asset.insert("u".into(), json!(""));
    asset.insert("e".into(), json!(u8::from(source.starts_with("data:"))));
    for (key, pixels) in [("w", width), ("h", height)] {
        if let Some(pixels) = pixels {
            asset.insert(key.into(), json!(pixels));
        }
    }
    Value::Object(asset)
}

fn rule(entry: &Value) -> Result<Rule, String> {
    let slot = entry.get("id").and_then(Value::as_str).ok_or("a rule without an id")?;
    let told = |what: &str| format!("the rule for the slot {}: {what}", quoted(slot));
    let kind = entry.get("type").and_then(Value::as_str).unwrap_or("");
    let value = match kind {
        "Color" => timed(entry, color).map(RuleValue::Color),
        "Scalar" => timed(entry, number).map(RuleValue::Scalar),
        "Vector" | "Position" => timed(entry, vector).map(RuleValue::Vector),
        "Gradient" => timed(entry, stops).map(RuleValue::Gradient),
        "Text" => timed(entry, text).map(RuleValue::Text),
        "Path" | "BezierPath" => timed(entry, path).map(RuleValue::Path),
        "Image" => picture(entry),
        other => return Err(told(&format!("{} is no type of rule", quoted(other)))),
    };
    let animations = entry.get("animations").and_then(Value::as_array).map(|list| {
        list.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect::<Vec<_>>()
    });
    let expression = entry.get("expression").and_then(Value::as_str).map(str::to_owned);
    let value = value.ok_or_else(|| told("its value is not of its type"))?;
    Ok(Rule { slot: slot.to_owned(), animations, value, expression })
}

/// A rule's keyframes, which win, or its value.
fn timed<T>(entry: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Timed<T>> {
    let keys = entry.get("keyframes").and_then(Value::as_array).filter(|keys| !keys.is_empty());
    let Some(keys) = keys else {
        return read(entry.get("value")?).map(Timed::Fixed);
    };
    let keys = keys.iter().map(|key| {
        Some(Key {
            frame: number(key.get("frame")?)?,
            value: read(key.get("value")?)?,
            hold: key.get("hold").and_then(Value::as_bool).unwrap_or(false),
            handles: handles(key),
        })
    });
    keys.collect::<Option<Vec<_>>>().map(Timed::Keys)
}

/// The parts of a keyframe that say how it moves, under Lottie's names.
fn handles(key: &Value) -> Map<String, Value> {
    let mut handles = Map::new();
    for (ours, lottie) in [("inTangent", "i"), ("outTangent", "o")] {
        let axis = |axis: &str| {
            let value = key.get(ours)?.get(axis)?;
            number(value).map(|n| json!(n)).or_else(|| vector(value).map(|v| json!(v)))
        };
        if let Some((x, y)) = axis("x").zip(axis("y")) {
            handles.insert(lottie.into(), json!({"x": x, "y": y}));
        }
    }
    for (ours, lottie) in [("valueInTangent", "ti"), ("valueOutTangent", "to")] {
        if let Some(tangent) = key.get(ours).and_then(vector) {
            handles.insert(lottie.into(), json!(tangent));
        }
    }
    handles
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// Two or three numbers.
fn vector(value: &Value) -> Option<Vec<f64>> {
    let numbers = value.as_array().filter(|list| (1..=3).contains(&list.len()))?;
    numbers.iter().map(number).collect()
}

fn channels(value: &Value) -> Option<[f64; 4]> {
    let list = value.as_array()?;
    let channel = |i: usize| list.get(i).map_or(Some(1.0), number);
    (list.len() >= 3).then_some(())?;
    Some([channel(0)?, channel(1)?, channel(2)?, channel(3)?].map(|c| c.clamp(0.0, 1.0)))
}

/// The alpha of a colour is dropped, as in the reference player: a fill has its own opacity.
fn color(value: &Value) -> Option<[f64; 3]> {
    let [r, g, b, _] = channels(value)?;
    Some([r, g, b])
}

fn stops(value: &Value) -> Option<Vec<Stop>> {
    let list = value.as_array().filter(|list| (1..=MAX_STOPS).contains(&list.len()))?;
    let stop = |stop: &Value| {
        let offset = number(stop.get("offset")?)?.clamp(0.0, 1.0);
        Some(Stop { offset, color: channels(stop.get("color")?)? })
    };
    list.iter().map(stop).collect()
}

/// A path as an object of points; a keyframe may wrap it in a list.
fn path(value: &Value) -> Option<Value> {
    let path = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    path.get("v")?.is_array().then(|| path.clone())
}

fn picture(entry: &Value) -> Option<RuleValue> {
    let value = entry.get("value")?;
    let source = value.get("src").or_else(|| value.get("path"))?.as_str()?.to_owned();
    let pixels = |key: &str| value.get(key).and_then(number).filter(|pixels| *pixels > 0.0);
    Some(RuleValue::Image { source, width: pixels("width"), height: pixels("height") })
}

/// The fields of a theme's text that are the same under another name in Lottie.
const TEXT_FIELDS: [(&str, &str); 8] = [
    ("text", "t"),
    ("fontName", "f"),
    ("fontSize", "s"),
    ("strokeWidth", "sw"),
    ("strokeOverFill", "of"),
    ("lineHeight", "lh"),
    ("tracking", "tr"),
    ("baselineShift", "ls"),
];

/// The places of a word in its list are Lottie's numbers.
const JUSTIFY: [&str; 7] = [
    "Left",
    "Right",
    "Center",
    "JustifyLastLeft",
    "JustifyLastRight",
    "JustifyLastCenter",
    "JustifyLastFull",
];
const CAPS: [&str; 3] = ["Regular", "AllCaps", "SmallCaps"];

/// A text document's fields. What is absent is left to the animation.
fn text(value: &Value) -> Option<Map<String, Value>> {
    let given = value.as_object()?;
    let mut fields = Map::new();
    for (ours, lottie) in TEXT_FIELDS {
        if let Some(value) = given.get(ours).filter(|v| !v.is_object() && !v.is_array()) {
            fields.insert(lottie.into(), value.clone());
        }
    }
    for (ours, lottie) in [("fillColor", "fc"), ("strokeColor", "sc")] {
        if let Some([r, g, b, _]) = given.get(ours).and_then(channels) {
            fields.insert(lottie.into(), json!([r, g, b]));
        }
    }
    for (ours, lottie) in [("wrapSize", "sz"), ("wrapPosition", "ps")] {
        if let Some(pair) = given.get(ours).and_then(vector) {
            fields.insert(lottie.into(), json!(pair));
        }
    }
    for (ours, lottie, words) in [("justify", "j", &JUSTIFY[..]), ("textCaps", "ca", &CAPS[..])] {
        let word = given.get(ours).and_then(Value::as_str);
        if let Some(place) = word.and_then(|word| words.iter().position(|w| *w == word)) {
            fields.insert(lottie.into(), json!(place));
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(json: &str) -> Map<String, Value> {
        Theme::parse(json.as_bytes()).unwrap().slots("a")
    }

    #[test]
    fn values_become_properties() {
        let slots = slots(
            r#"{"rules":[{"id":"c","type":"Color","value":[1,0,0.5,0.2]},
            {"id":"s","type":"Scalar","value":3,"expression":"time"},
            {"id":"other","type":"Scalar","value":3,"animations":["b"]},
            {"id":"v","type":"Position","animations":["a"],"value":[1,2]},
            {"id":"g","type":"Gradient","value":[{"offset":0,"color":[1,0,0,0.5]},
                {"offset":1,"color":[0,0,1,1]}]},
            {"id":"i","type":"Image","value":{"src":"x.png","width":4}},
            {"id":"t","type":"Text","value":{"text":"hi","justify":"Center","fillColor":[1,1,1,1]}}
            ]}"#,
        );
        assert_eq!(slots["c"], json!({"a": 0, "k": [1.0, 0.0, 0.5, 1.0]}));
        assert_eq!(slots["s"], json!({"a": 0, "k": 3.0, "x": "time"}));
        assert!(!slots.contains_key("other"), "it is for another animation");
        assert_eq!(slots["v"], json!({"a": 0, "k": [1.0, 2.0]}));
        let numbers = json!([0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.5, 1.0, 1.0]);
        assert_eq!(slots["g"], json!({"p": 2, "k": {"a": 0, "k": numbers}}));
        assert_eq!(slots["i"], json!({"p": "x.png", "u": "", "e": 0, "w": 4.0}));
        let document = json!({"t": "hi", "j": 2, "fc": [1.0, 1.0, 1.0]});
        assert_eq!(slots["t"], json!({"k": [{"t": 0.0, "s": document}]}));
    }

    #[test]
    fn keyframes_win() {
        let slots = slots(
            r#"{"rules":[{"id":"s","type":"Scalar","value":9,"keyframes":[
            {"frame":0,"value":1,"outTangent":{"x":0,"y":0}},
            {"frame":8,"value":2,"inTangent":{"x":[1],"y":[1]},"hold":true}]}]}"#,
        );
        let keys = json!([{"o": {"x": 0.0, "y": 0.0}, "t": 0.0, "s": [1.0]},
            {"i": {"x": [1.0], "y": [1.0]}, "t": 8.0, "s": [2.0], "h": 1}]);
        assert_eq!(slots["s"], json!({"a": 1, "k": keys}));
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_told_and_the_others_count() {
        let theme = Theme::parse(
            br#"{"rules":[{"id":"x","type":"Hologram","value":1},{"id":"y","type":"Color",
            "value":"red"},{"id":"z","type":"Scalar","value":1}]}"#,
        )
        .unwrap();
        assert_eq!(theme.slots("a").len(), 1);
        assert_eq!(theme.skipped().len(), 2);
        assert!(theme.skipped()[0].contains("\"x\"") && theme.skipped()[0].contains("Hologram"));
        assert!(Theme::parse(b"[]").is_err() && Theme::parse(b"{").is_err());
    }

    #[test]
    fn no_mutated_theme_panics() {
        let good = br#"{"rules":[{"id":"g","type":"Gradient","keyframes":[{"frame":0,"value":
            [{"offset":0,"color":[1,0,0,1]}],"inTangent":{"x":1,"y":[1,0]}}]},{"id":"t",
            "type":"Text","value":{"text":"a","justify":"Left","wrapSize":[1,2]}}]}"#;
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..5000 {
            let mut bytes = good.to_vec();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = *random.choice(br#"0-9"[]{}:,e\x"#).unwrap();
            }
            if let Ok(theme) = Theme::parse(&bytes) {
                theme.slots("a");
            }
        }
    }
}
