//! Skins: a pet's `skins.toml` over the looks that pets share → dotLottie themes (specification 2.0)
//! and a table of filters.

use super::clips::Clips;
use super::rig::{Color, Rig, Stop};
use super::{BuildError, STAGE, animate, slots};
use crate::pet::color::{rgb, rgba};
use crate::pet::manifest::is_name;
use crate::pet::skin;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Skins, compiled.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Skins {
    /// The themes by id, each a JSON text.
    pub(super) themes: Vec<(String, String)>,
    /// What the table of clips says of them.
    pub(super) table: Vec<Json>,
}

type Sources = BTreeMap<String, Source>;

/// A skin as it is written down; what is absent is said elsewhere.
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(flatten)]
    look: Look,
    /// What is other on light ground.
    light: Option<Look>,
    /// How large the drawing is, in percent, so that filters have room around it.
    size: Option<f64>,
    /// How far its feet are lifted, in percent of the box.
    lift: Option<f64>,
    bounce: Option<Bounce>,
    text: Option<String>,
}

#[derive(Deserialize, Clone, Default)]
struct Look {
    /// Colours for the lightness of the rig's own, from dark to light.
    ramp: Option<Vec<String>>,
    /// By how much colours are farther from grey.
    vivid: Option<f64>,
    /// Whether gradients are one colour.
    flat: Option<bool>,
    filters: Option<Json>,
    #[serde(default)]
    slots: BTreeMap<String, Paint>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Paint {
    /// Solid, and in a gradient all of its stops.
    Solid(String),
    Stops(Vec<(f64, String)>),
}

/// Squash and stretch of what loops, on its feet.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Bounce {
    /// How much lower and higher than at rest, in percent.
    height: f64,
    /// About how many frames one takes; a loop has a whole number of them.
    frames: f64,
    /// Loops that lie still.
    #[serde(default)]
    without: Vec<String>,
}

impl Look {
    /// What `over` says, and what it leaves to this one.
    fn under(&self, over: &Self) -> Self {
        let mut slots = self.slots.clone();
        slots.extend(over.slots.iter().map(|(slot, paint)| (slot.clone(), paint.clone())));
        Self {
            ramp: over.ramp.clone().or_else(|| self.ramp.clone()),
            vivid: over.vivid.or(self.vivid),
            flat: over.flat.or(self.flat),
            filters: over.filters.clone().or_else(|| self.filters.clone()),
            slots,
        }
    }
}

fn wrong(problem: impl std::fmt::Display) -> BuildError {
    BuildError::Skins(problem.to_string())
}

fn read(text: &str) -> Result<Sources, BuildError> {
    let sources: Sources = toml::from_str(text)
        .map_err(|e| wrong(format!("cannot be read: {}", e.to_string().trim_end())))?;
    match sources.keys().find(|name| !is_name(name)) {
        Some(name) => {
            Err(wrong(format!("has the skin {name:?}: names are made of a-z, 0-9 and -")))
        }
        None if sources.len() > skin::MAX_SKINS => {
            Err(wrong(format!("has more than {} skins", skin::MAX_SKINS)))
        }
        None => Ok(sources),
    }
}

/// Compiles the skins that `own` names; `shared` says what they have in common with other pets'.
pub(super) fn compile(
    own: &str,
    shared: &str,
    rig: &Rig,
    clips: &Clips,
) -> Result<Skins, BuildError> {
    let (own, shared) = (read(own)?, read(shared)?);
    let colors = slots::colors(rig)?;
    let mut skins = Skins::default();
    for (name, own) in &own {
        let none = Source::default();
        let shared = shared.get(name).unwrap_or(&none);
        for look in [Some(&own.look), own.light.as_ref()].into_iter().flatten() {
            known(&look.slots, &colors).map_err(|e| wrong(format!("skin {name:?} {e}")))?;
        }
        let mut tailor = Tailor { name, colors: &colors, clips, own, shared, skins: &mut skins };
        tailor.skin().map_err(|problem| wrong(format!("skin {name:?} {problem}")))?;
    }
    Ok(skins)
}

/// A slot that the rig does not have is a slip of the pen.
fn known(paints: &BTreeMap<String, Paint>, colors: &[(&str, &Color)]) -> Result<(), String> {
    match paints.keys().find(|slot| colors.iter().all(|(known, _)| known != slot)) {
        Some(slot) => Err(format!("paints the slot {slot:?}, but rig.svg has no such slot")),
        None => Ok(()),
    }
}

/// One skin being made.
struct Tailor<'a> {
    name: &'a str,
    colors: &'a [(&'a str, &'a Color)],
    clips: &'a Clips,
    own: &'a Source,
    shared: &'a Source,
    skins: &'a mut Skins,
}

impl Tailor<'_> {
    fn skin(&mut self) -> Result<(), String> {
        let dark = self.shared.look.under(&self.own.look);
        let mut entry = self.look(self.name, &dark)?;
        entry["name"] = json!(self.name);
        if self.shared.light.is_some() || self.own.light.is_some() {
            let none = Look::default();
            let light = |source: &Source| source.light.clone().unwrap_or_else(|| none.clone());
            let light = dark.under(&light(self.shared)).under(&light(self.own));
            entry["light"] = self.look(&format!("{}-light", self.name), &light)?;
        }
        if let Some(text) = self.own.text.as_ref().or(self.shared.text.as_ref()) {
            skin::text_form(text)?;
            entry["text"] = json!(text);
        }
        self.skins.table.push(entry);
        Ok(())
    }

    /// Writes the theme of a look; gives its entry in the table.
    fn look(&mut self, theme: &str, look: &Look) -> Result<Json, String> {
        let mut rules = Vec::new();
        for (slot, color) in self.colors {
            let painted = paint(look, slot, color)?;
            if painted != **color {
                rules.push(rule(slot, &painted));
            }
        }
        rules.extend(self.stage()?);
        rules.extend(self.lift()?);
        self.skins.themes.push((theme.to_owned(), json!({ "rules": rules }).to_string()));
        let mut entry = json!({ "theme": theme });
        if let Some(filters) = &look.filters {
            skin::filters(filters)?;
            entry["filters"] = filters.clone();
        }
        Ok(entry)
    }

    /// The rule for where the drawing's feet are.
    fn lift(&self) -> Result<Option<Json>, String> {
        let lift = self.own.lift.or(self.shared.lift).unwrap_or(0.0);
        if !(0.0..=20.0).contains(&lift) {
            return Err(format!("has lift = {lift}: 0 to 20 percent are possible"));
        }
        let [x, y] = animate::FEET.map(f64::from);
        let at = [x, animate::round(y - lift * 5.12)];
        Ok((lift > 0.0).then(|| json!({"id": STAGE[1], "type": "Position", "value": at})))
    }

    /// The rule for how large the drawing is, over all clips.
    fn stage(&self) -> Result<Option<Json>, String> {
        let size = self.own.size.or(self.shared.size).unwrap_or(100.0);
        if !(10.0..=100.0).contains(&size) {
            return Err(format!("has size = {size}: 10 to 100 percent are possible"));
        }
        let whole = |[x, y]: [f64; 2]| [x, y].map(|v| (v * size * 10.0).round() / 1000.0);
        let rest = whole([100.0, 100.0]);
        let Some(bounce) = self.own.bounce.as_ref().or(self.shared.bounce.as_ref()) else {
            let rule = json!({"id": STAGE[0], "type": "Vector", "value": rest});
            return Ok((size < 100.0).then_some(rule));
        };
        if !(0.0..=20.0).contains(&bounce.height) || !(6.0..=600.0).contains(&bounce.frames) {
            return Err("bounces by 0 to 20 percent, in 6 to 600 frames".to_owned());
        }
        let mut keys = vec![json!({"frame": 0, "value": rest})];
        for (clip, start) in self.clips.clips.iter().zip(animate::starts(self.clips)) {
            if clip.looping && !bounce.without.contains(&clip.name) {
                let key = |(at, value)| key(start + at, whole(value));
                keys.extend(bounce.keys(f64::from(clip.frames)).map(key));
            }
        }
        Ok(Some(json!({"id": STAGE[0], "type": "Vector", "keyframes": keys})))
    }
}

impl Bounce {
    /// The keys of a loop of so many frames: at rest, squashed, stretched, and at rest again.
    fn keys(&self, frames: f64) -> impl Iterator<Item = (f64, [f64; 2])> {
        let count = (frames / self.frames).round().max(1.0);
        let length = frames / count;
        let high = self.height;
        let poses = [
            (0.0, [100.0, 100.0]),
            (0.3, [100.0 + high * 0.9, 100.0 - high]),
            (0.65, [100.0 - high * 0.6, 100.0 + high * 0.7]),
        ];
        let starts = (0..crate::units::round_u32(count)).map(f64::from);
        let keys = starts.flat_map(move |n| {
            poses.map(|(at, value)| ((((n + at) * length) * 100.0).round() / 100.0, value))
        });
        keys.chain([(frames, [100.0, 100.0])])
    }
}

/// A key that is eased on both sides.
fn key(frame: f64, value: [f64; 2]) -> Json {
    json!({
        "frame": frame, "value": value,
        "inTangent": {"x": 0.6, "y": 1}, "outTangent": {"x": 0.4, "y": 0},
    })
}

/// What a look makes of a slot.
fn paint(look: &Look, slot: &str, own: &Color) -> Result<Color, String> {
    let stops = match look.slots.get(slot) {
        Some(paint) => named(paint, own).map_err(|e| format!("slot {slot:?}: {e}"))?,
        None => toned(look, &stops_of(own))?,
    };
    Ok(match own {
        Color::Solid(_) => match stops[..] {
            [one] if one.opacity >= 1.0 => Color::Solid(one.color),
            _ => return Err(format!("slot {slot:?} is one colour, without an opacity")),
        },
        Color::Linear { from, to, .. } => Color::Linear { from: *from, to: *to, stops },
        Color::Radial { center, radius, .. } => {
            Color::Radial { center: *center, radius: *radius, stops }
        }
    })
}

fn stops_of(color: &Color) -> Vec<Stop> {
    match color {
        Color::Solid(rgb) => vec![Stop { offset: 0.0, color: *rgb, opacity: 1.0 }],
        Color::Linear { stops, .. } | Color::Radial { stops, .. } => stops.clone(),
    }
}

fn named(paint: &Paint, own: &Color) -> Result<Vec<Stop>, String> {
    match paint {
        Paint::Solid(text) => {
            let color = rgb(text)?;
            Ok(stops_of(own).into_iter().map(|stop| Stop { color, ..stop }).collect())
        }
        Paint::Stops(stops) => {
            if !(2..=16).contains(&stops.len()) || matches!(own, Color::Solid(_)) {
                return Err("only a gradient has stops, 2 to 16 of them".to_owned());
            }
            let stop = |(offset, text): &(f64, String)| {
                let [r, g, b, alpha] = rgba(text)?;
                (0.0..=1.0).contains(offset).then_some(()).ok_or("a stop lies from 0 to 1")?;
                Ok(Stop { offset: *offset, color: [r, g, b], opacity: f64::from(alpha) / 255.0 })
            };
            stops.iter().map(stop).collect()
        }
    }
}

/// The rig's own colours as a look tones all that it does not name.
fn toned(look: &Look, own: &[Stop]) -> Result<Vec<Stop>, String> {
    let ramp = match &look.ramp {
        Some(colors) if colors.len() >= 2 => {
            colors.iter().map(|color| rgb(color)).collect::<Result<Vec<_>, _>>()?
        }
        Some(_) => return Err("has a ramp of less than two colours".to_owned()),
        None => Vec::new(),
    };
    let vivid = look.vivid.unwrap_or(1.0);
    if !(0.0..=4.0).contains(&vivid) {
        return Err(format!("has vivid = {vivid}: 0 to 4 is possible"));
    }
    let tone = |color: [u8; 3]| {
        let color = if ramp.is_empty() { color } else { along(&ramp, lightness(color)) };
        farther(color, vivid)
    };
    let middle = own.get(own.len() / 2).map(|stop| stop.color);
    let of = |stop: &Stop| match middle {
        Some(middle) if look.flat == Some(true) => middle,
        _ => stop.color,
    };
    Ok(own.iter().map(|stop| Stop { color: tone(of(stop)), ..*stop }).collect())
}

/// Luma (ITU-R BT.601), 0 to 1.
fn lightness(color: [u8; 3]) -> f64 {
    f64::from(crate::units::luma(color)) / 255_000.0
}

/// The colour at a place, 0 to 1, of an even ramp.
fn along(ramp: &[[u8; 3]], place: f64) -> [u8; 3] {
    let at = place.clamp(0.0, 1.0) * (ramp.len() - 1) as f64;
    let low = (crate::units::round_u32(at.floor()) as usize).min(ramp.len() - 1);
    let (low, high) = (ramp[low], ramp[(low + 1).min(ramp.len() - 1)]);
    let share = at - at.floor();
    [0, 1, 2].map(|n| byte(f64::from(low[n]) + (f64::from(high[n]) - f64::from(low[n])) * share))
}

/// `times` as far from its grey.
fn farther(color: [u8; 3], times: f64) -> [u8; 3] {
    let grey = lightness(color) * 255.0;
    color.map(|c| byte(grey + (f64::from(c) - grey) * times))
}

fn byte(value: f64) -> u8 {
    u8::try_from(crate::units::round_u32(value.clamp(0.0, 255.0))).unwrap_or(255)
}

/// A rule of a theme: a slot and its colour.
fn rule(slot: &str, color: &Color) -> Json {
    let unit = |rgb: [u8; 3]| rgb.map(animate::unit);
    match color {
        Color::Solid(rgb) => json!({"id": slot, "type": "Color", "value": unit(*rgb)}),
        Color::Linear { stops, .. } | Color::Radial { stops, .. } => {
            let stop = |stop: &Stop| {
                let [r, g, b] = unit(stop.color);
                json!({"offset": stop.offset, "color": [r, g, b, animate::round(stop.opacity)]})
            };
            let stops: Vec<Json> = stops.iter().map(stop).collect();
            json!({"id": slot, "type": "Gradient", "value": stops})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{clips, rig};
    use super::*;

    const RIG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\"><defs>\
        <linearGradient id=\"g\" data-slot=\"sky\" gradientUnits=\"userSpaceOnUse\">\
        <stop offset=\"0\" stop-color=\"#fff\"/><stop offset=\"1\" stop-opacity=\"0\"/></linearGradient>\
        </defs><g><circle r=\"9\" fill=\"#ff8080\" data-slot=\"eye\"/>\
        <circle r=\"9\" fill=\"url(#g)\"/></g></svg>";
    const CLIPS: &str = "fps = 30\n[[clip]]\nname = \"idle\"\nframes = 70\nloop = true\nkey = 0\n\
        [[clip]]\nname = \"once\"\nframes = 20\nloop = false\nkey = 0";

    fn compiled(own: &str, shared: &str) -> Result<Skins, BuildError> {
        let clips = clips::parse(CLIPS).unwrap();
        compile(own, shared, &rig::parse(RIG).unwrap(), &clips)
    }

    fn rules(skins: &Skins, theme: usize) -> Json {
        serde_json::from_str::<Json>(&skins.themes[theme].1).unwrap()["rules"].clone()
    }

    #[test]
    fn slots_become_rules_and_a_look_tones_the_rest() {
        let skins = compiled("[a.slots]\neye = \"#0000ff\"", "[a]\nvivid = 0").unwrap();
        let rules = rules(&skins, 0);
        assert_eq!(rules[0], json!({"id": "eye", "type": "Color", "value": [0.0, 0.0, 1.0]}));
        assert_eq!(rules[1], Json::Null, "a grey gradient is as grey as it was");
        let ramp = compiled("[a]\nramp = [\"#ff0000\", \"#0000ff\"]", "").unwrap();
        let sky = &self::rules(&ramp, 0)[1];
        assert_eq!(sky["value"][0]["color"], json!([0.0, 0.0, 1.0, 1.0]));
        assert_eq!(sky["value"][1]["color"], json!([1.0, 0.0, 0.0, 0.0]), "its opacity stays");
    }

    #[test]
    fn light_ground_has_what_it_says_and_the_rest_of_the_dark() {
        let own = "[a.slots]\neye = \"#010101\"\n[a.light]\nslots = { sky = \"#020202\" }";
        let skins = compiled(own, "").unwrap();
        let ids: Vec<&str> = skins.themes.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["a", "a-light"]);
        assert_eq!(rules(&skins, 1).as_array().unwrap().len(), 2);
        assert_eq!(skins.table[0]["light"]["theme"], json!("a-light"));
    }

    #[test]
    fn loops_bounce_a_whole_number_of_times() {
        let skins =
            compiled("[a]", "[a]\nsize = 50\nbounce = { height = 10, frames = 30 }").unwrap();
        let stage = &rules(&skins, 0)[0];
        let keys = stage["keyframes"].as_array().unwrap();
        let frames: Vec<f64> = keys.iter().map(|key| key["frame"].as_f64().unwrap()).collect();
        // 70 frames are two bounces of 35.
        assert_eq!(frames, [0.0, 0.0, 10.5, 22.75, 35.0, 45.5, 57.75, 70.0]);
        assert_eq!(keys[0]["value"], json!([50.0, 50.0]));
        assert_eq!(keys[7]["value"], json!([50.0, 50.0]), "the next clip begins at rest");
        assert_eq!(keys[2]["value"], json!([54.5, 45.0]));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let error = |own: &str| compiled(own, "").unwrap_err().to_string();
        assert!(error("[a.slots]\nnose = \"#000000\"").contains("the slot \"nose\""));
        assert!(error("[a.light.slots]\nnose = \"#000000\"").contains("\"nose\""));
        assert!(error("[a.slots]\neye = \"red\"").contains("\"red\" is no colour"));
        assert!(
            error("[a.slots]\neye = [[0, \"#000000\"], [1, \"#000000\"]]").contains("gradient")
        );
        assert!(error("[a]\nsize = 300").contains("size = 300"));
        assert!(error("[a]\nsise = 90").contains("sise"));
        assert!(error("[a]\nfilters = [{ blur = { radius = 1 } }]").contains("blur"));
        let wide = "[a]\nfilters = [{ glow = { radius = 0.9, strength = 1 } }]";
        assert!(error(wide).contains("radius is 0.9"));
        assert!(error("[a]\ntext = \"cp850\"").contains("cp850"));
        assert!(error("[A]").contains("\"A\""));
        // What other pets have need not be in this one.
        assert!(compiled("[a]", "[a.slots]\nnose = \"#000000\"").is_ok());
    }
}
