//! Lottie JSON → [`Animation`]. Files in the wild come from many exporters of many years, so
//! nearly everything may be missing, a boolean may be a number, and a number may be an array of
//! one; what is not understood is noted and left out. The spelling is that of the Lottie
//! specification 1.0.1 and, for what it lacks, of the files that After Effects exporters write.

mod assets;
mod filters;
mod fonts;
mod json;
mod lettering;
mod link;
mod property;
mod shapes;
mod text;

use super::live::Facts;
use super::model::{Animation, Content, Layer, Mask, MaskMode, Matte};
use crate::scene::{SceneError, Segment};
use json::{Object, Value};
use property::{flag, number, object_list};
use serde_json::Map;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use fonts::{MAX_FONT_BYTES, MAX_FONTS};
pub use text::MAX_CHARACTERS;

/// The most layers in a file.
pub const MAX_LAYERS: usize = 10_000;
/// The most path vertices and keyframe numbers in a file; a cubic of each is a path verb.
pub const MAX_VERTICES: usize = 2_000_000;

/// Reads the text of a file.
pub(super) fn parse(text: &[u8], files: &dyn Files) -> Result<Animation, SceneError> {
    let root = Value::parse(text).map_err(|error| SceneError::Lottie(error.to_string()))?;
    let Some(root) = root.as_object() else {
        return Err(SceneError::Lottie("it is not an object".into()));
    };
    let Some(layers) = root.get("layers").and_then(Value::as_array) else {
        return Err(SceneError::Lottie("it has no layers".into()));
    };
    let mut reader = Reader::new(root, files);
    let (images, by_id) = assets::images(root, files, &mut reader);
    let (compositions, by_name) = assets::compositions(root);
    reader.images = by_id;
    reader.compositions = by_name;
    let size = |key| {
        let given = root.get(key).and_then(number).unwrap_or(0.0);
        (given >= 1.0).then_some(given.min(MAX_CANVAS))
    };
    let (Some(width), Some(height)) = (size("w"), size("h")) else {
        return Err(SceneError::Lottie("it has no width and height".into()));
    };
    let first = number_in(root, "ip", 0.0);
    let animation = Animation {
        width,
        height,
        frame_rate: frame_rate(root),
        first,
        end: number_in(root, "op", first + 1.0).clamp(first, first + MAX_FRAMES),
        layers: reader.layers(layers)?,
        compositions: compositions
            .into_iter()
            .map(|layers| reader.layers(layers))
            .collect::<Result<_, _>>()?,
        images,
        facts: Arc::clone(&reader.facts),
        segments: Vec::new(),
        fillable: Vec::new(),
        unsupported: Vec::new(),
    };
    Ok(reader.finish(animation, root))
}

/// Frames a second.
fn frame_rate(root: &Object<'_>) -> f64 {
    let given = number_in(root, "fr", 30.0);
    if given > 0.0 { given.clamp(0.01, 1000.0) } else { 30.0 }
}

/// The largest width or height of a canvas; it is only a unit, as frames have their own size.
const MAX_CANVAS: f64 = 1e6;
/// The longest animation: a day at 60 frames a second.
const MAX_FRAMES: f64 = 60.0 * 86_400.0;

/// Where what is outside of the JSON is found: the container's pictures and fonts.
pub(in crate::scene) trait Files {
    /// The bytes of the picture of this file name.
    fn picture(&self, name: &str) -> Option<Vec<u8>>;
    /// The bytes of the font of this path.
    fn font(&self, path: &str) -> Option<Vec<u8>>;
}

/// Nowhere: a bare JSON file has only what is in it.
pub(super) struct NoFiles;

impl Files for NoFiles {
    fn picture(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn font(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }
}

/// A place in the animation that a slot's value can be put in.
pub(super) trait Fill: Send + Sync {
    /// Puts a property's JSON there, or what the file itself says.
    fn fill(&self, value: Option<&Value<'_>>, reader: &mut Reader<'_>);
}

/// Puts these values in the slots of an animation, and the file's own in all others. Gives back what
/// was not understood.
pub(super) fn fill(animation: &Animation, slots: &Map<String, serde_json::Value>) -> Vec<String> {
    let slots: HashMap<&str, Value<'_>> = slots
        .iter()
        .filter_map(|(id, value)| Some((id.as_str(), Value::of(value).ok()?)))
        .collect();
    let nothing = Object::default();
    let facts = Arc::clone(&animation.facts);
    let mut reader = Reader { facts, ..Reader::new(&nothing, &NoFiles) };
    for (id, place) in &animation.fillable {
        place.fill(slots.get(id.as_str()), &mut reader);
    }
    reader.unsupported
}

/// What is known while reading.
pub(super) struct Reader<'a> {
    slots: Option<&'a Object<'a>>,
    facts: Arc<Facts>,
    fillable: Vec<(String, Box<dyn Fill>)>,
    /// The layers of the composition that is being read.
    siblings: &'a [Value<'a>],
    /// How deep links lead to links.
    links: u32,
    /// How many expressions were read; each is a seed of its own.
    expressions: u64,
    images: HashMap<String, usize>,
    compositions: HashMap<String, usize>,
    lettering: lettering::Lettering<'a>,
    unsupported: Vec<String>,
    /// The canvas, which a solid without a size takes.
    canvas: (f64, f64),
    layers_left: usize,
    vertices_left: usize,
}

fn number_in(object: &Object<'_>, key: &str, default: f64) -> f64 {
    object.get(key).and_then(number).unwrap_or(default)
}

fn integer_in(object: &Object<'_>, key: &str) -> Option<i64> {
    object.get(key).and_then(number).map(whole)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn whole(value: f64) -> i64 {
    value.clamp(-1e9, 1e9) as i64
}

fn text_in<'a>(object: &'a Object<'a>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

impl<'a> Reader<'a> {
    fn new(root: &'a Object<'a>, files: &'a dyn Files) -> Self {
        Self {
            slots: root.get("slots").and_then(Value::as_object),
            facts: Facts::new(
                frame_rate(root),
                (number_in(root, "w", 0.0), number_in(root, "h", 0.0)),
            ),
            fillable: Vec::new(),
            siblings: &[],
            links: 0,
            expressions: 0,
            images: HashMap::new(),
            compositions: HashMap::new(),
            lettering: lettering::Lettering::new(root, files),
            unsupported: Vec::new(),
            canvas: (number_in(root, "w", 0.0), number_in(root, "h", 0.0)),
            layers_left: MAX_LAYERS,
            vertices_left: MAX_VERTICES,
        }
    }

    /// Notes what is left out, once.
    fn skip(&mut self, what: impl Into<String>) {
        /// The most lines for the reader; after some he knows.
        const MAX_NOTES: usize = 50;
        let what = what.into();
        if self.unsupported.len() < MAX_NOTES && !self.unsupported.contains(&what) {
            self.unsupported.push(what);
        }
    }

    fn finish(self, animation: Animation, root: &Object<'_>) -> Animation {
        let segments = object_list(root.get("markers"))
            .filter_map(|marker| segment(marker, animation.first, animation.frame_rate))
            .take(MAX_LAYERS)
            .collect();
        let (fillable, unsupported) = (self.fillable, self.unsupported);
        Animation { segments, fillable, unsupported, ..animation }
    }

    fn layers(&mut self, list: &'a [Value<'a>]) -> Result<Vec<Layer>, SceneError> {
        if list.len() > self.layers_left {
            return Err(SceneError::Limit {
                what: "the number of layers",
                limit: MAX_LAYERS as u64,
            });
        }
        self.layers_left -= list.len();
        self.siblings = list;
        let objects: Vec<&Object<'_>> = list.iter().filter_map(Value::as_object).collect();
        let mut by_index = HashMap::new();
        for (place, layer) in objects.iter().enumerate() {
            if let Some(index) = integer_in(layer, "ind") {
                by_index.entry(index).or_insert(place);
            }
        }
        let mut layers: Vec<Layer> = objects
            .iter()
            .enumerate()
            .map(|(place, layer)| self.layer(layer, place, &by_index))
            .collect();
        cut_parent_cycles(&mut layers);
        for place in 0..layers.len() {
            if let Some(matte) = layers[place].matte {
                layers[matte.source].is_matte = true;
            }
        }
        Ok(layers)
    }

    fn layer(&mut self, layer: &Object<'_>, place: usize, by_index: &HashMap<i64, usize>) -> Layer {
        let at = |key| integer_in(layer, key).and_then(|i| by_index.get(&i).copied());
        let stretch = number_in(layer, "sr", 1.0);
        Layer {
            content: self.content(layer),
            transform: self.transform(layer.get("ks").and_then(Value::as_object)),
            parent: at("parent").filter(|p| *p != place),
            matte: self.matte(layer, place, at("tp")),
            is_matte: layer.get("td").is_some_and(flag),
            masks: self.masks(layer),
            filters: self.filters(layer),
            first: number_in(layer, "ip", f64::MIN),
            end: number_in(layer, "op", f64::MAX),
            start: number_in(layer, "st", 0.0),
            stretch: if stretch.abs() < 1e-6 { 1.0 } else { stretch },
            hidden: layer.get("hd").is_some_and(flag),
            auto_orient: layer.get("ao").is_some_and(flag),
            blend: self.blend(layer),
        }
    }

    fn content(&mut self, layer: &Object<'_>) -> Content {
        let reference = text_in(layer, "refId").unwrap_or_default();
        match integer_in(layer, "ty") {
            Some(0) => {
                let side = |key| layer.get(key).and_then(number);
                let remap = layer.get("tm").filter(|v| v.is_object());
                match self.compositions.get(reference).copied() {
                    Some(index) => Content::Composition {
                        index,
                        size: side("w").zip(side("h")),
                        remap: remap.map(|v| self.scalar(Some(v), 0.0)),
                    },
                    None => self.nothing("a composition that is not in the file"),
                }
            }
            Some(1) => {
                let width = number_in(layer, "sw", self.canvas.0);
                let height = number_in(layer, "sh", self.canvas.1);
                let color = property::hex_color(text_in(layer, "sc").unwrap_or_default());
                Content::Solid { width, height, color }
            }
            Some(2) => match self.images.get(reference).copied() {
                Some(index) => Content::Image { index },
                None => self.nothing("a picture that is not in the file"),
            },
            Some(3) => Content::Nothing,
            Some(4) => Content::Shapes(self.items(layer.get("shapes"), 0)),
            Some(5) => self.text(layer),
            Some(6) => self.nothing("audio layers"),
            Some(13) => self.nothing("cameras"),
            Some(other) => self.nothing(&format!("layers of type {other}")),
            None => self.nothing("layers without a type"),
        }
    }

    fn nothing(&mut self, what: &str) -> Content {
        self.skip(what);
        Content::Nothing
    }

    fn matte(&mut self, layer: &Object<'_>, place: usize, source: Option<usize>) -> Option<Matte> {
        let kind = integer_in(layer, "tt").filter(|k| *k != 0)?;
        if !(1..=4).contains(&kind) {
            self.skip(format!("mattes of type {kind}"));
            return None;
        }
        // Without `tp` the matte is the layer above.
        let source = source.or(place.checked_sub(1)).filter(|s| *s != place)?;
        Some(Matte { source, luma: kind >= 3, inverted: kind % 2 == 0 })
    }

    fn masks(&mut self, layer: &Object<'_>) -> Vec<Mask> {
        let mut masks = Vec::new();
        for mask in object_list(layer.get("masksProperties")) {
            let mode = match text_in(mask, "mode").unwrap_or("a") {
                "n" => continue,
                "a" => MaskMode::Add,
                "s" => MaskMode::Subtract,
                "i" => MaskMode::Intersect,
                "l" => MaskMode::Lighten,
                "d" => MaskMode::Darken,
                "f" => MaskMode::Difference,
                other => {
                    self.skip(format!("masks of mode {other:.10}"));
                    continue;
                }
            };
            let feathered = self.moves_or_is_not_zero(mask.get("f"));
            masks.push(Mask {
                mode,
                inverted: mask.get("inv").is_some_and(flag),
                path: self.outline(mask.get("pt")),
                opacity: self.scalar(mask.get("o"), 100.0),
                expansion: self.scalar(mask.get("x"), 0.0),
                feather: feathered.then(|| self.vector(mask.get("f"), kurbo::Vec2::ZERO)),
            });
        }
        masks
    }

    fn blend(&mut self, object: &Object<'_>) -> tiny_skia::BlendMode {
        use tiny_skia::BlendMode as B;
        match integer_in(object, "bm").unwrap_or(0) {
            0 => B::SourceOver,
            1 => B::Multiply,
            2 => B::Screen,
            3 => B::Overlay,
            4 => B::Darken,
            5 => B::Lighten,
            6 => B::ColorDodge,
            7 => B::ColorBurn,
            8 => B::HardLight,
            9 => B::SoftLight,
            10 => B::Difference,
            11 => B::Exclusion,
            12 => B::Hue,
            13 => B::Saturation,
            14 => B::Color,
            15 => B::Luminosity,
            16 => B::Plus,
            other => {
                self.skip(format!("blend mode {other}"));
                B::SourceOver
            }
        }
    }
}

/// Takes the parent from layers that would be their own ancestors.
fn cut_parent_cycles(layers: &mut [Layer]) {
    // 0 unseen, 1 on the way up from the current layer, 2 known to end.
    let mut state = vec![0_u8; layers.len()];
    for start in 0..layers.len() {
        let (mut way, mut at) = (Vec::new(), start);
        while state[at] == 0 {
            state[at] = 1;
            way.push(at);
            match layers[at].parent {
                Some(parent) if state[parent] == 1 => layers[at].parent = None,
                Some(parent) => at = parent,
                None => {}
            }
        }
        for seen in way {
            state[seen] = 2;
        }
    }
}

fn segment(marker: &Object<'_>, first: f64, frame_rate: f64) -> Option<Segment> {
    let name = marker_name(text_in(marker, "cm")?);
    let seconds = |frames: f64| {
        let frames = frames.clamp(0.0, MAX_FRAMES);
        Duration::try_from_secs_f64(frames / frame_rate).ok()
    };
    Some(Segment {
        name,
        start: seconds(number_in(marker, "tm", 0.0) - first)?,
        duration: seconds(number_in(marker, "dr", 0.0))?,
    })
}

/// After Effects exporters may write the comment as JSON with a name in it.
fn marker_name(comment: &str) -> String {
    let named = || {
        let value = Value::parse(comment.trim().as_bytes()).ok()?;
        value.get("name")?.as_str().map(str::to_owned)
    };
    let mut name = named().unwrap_or_else(|| comment.trim().to_owned());
    if let Some((end, _)) = name.char_indices().nth(MAX_NAME) {
        name.truncate(end);
    }
    name
}

/// The longest marker name, in characters.
const MAX_NAME: usize = 200;
