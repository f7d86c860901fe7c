//! What a pack's drawings may not hold: code, text that needs the system's fonts, and whatever
//! lies outside of the pack. The scenes have limits of their own; these are a stranger's.

use super::files::limit;
use super::{Files, PackError};
use crate::scene::SceneError;
use crate::scene::svg::SvgScene;
use serde_json::Value;

/// The largest SVG, in bytes.
pub const MAX_SVG_BYTES: u64 = 512 << 10;
/// The most nodes of an SVG: elements, texts and comments.
pub const MAX_SVG_NODES: u32 = 20_000;
/// How deep an SVG's elements nest.
pub const MAX_SVG_DEPTH: usize = 64;
/// The most work that drawing an SVG may be, in steps of some 75 ns at 160 pixels; see
/// [`SvgScene::steps`].
pub const MAX_SVG_STEPS: u64 = 8_000_000;
/// The largest `data:` URL, in bytes.
pub const MAX_DATA_URL_BYTES: u64 = 64 << 10;
/// The largest Lottie JSON, in bytes.
pub const MAX_LOTTIE_BYTES: u64 = 2 << 20;
/// The most keyframes of a Lottie.
pub const MAX_KEYFRAMES: u64 = 10_000;

/// Elements that run code, or show what no picture is.
const ELEMENTS: [&str; 4] = ["script", "foreignObject", "text", "style"];

fn forbidden(file: &str, problem: impl Into<String>) -> PackError {
    PackError::Forbidden { file: file.to_owned(), problem: problem.into() }
}

/// Checks an SVG's text.
pub(super) fn svg(file: &str, text: &[u8]) -> Result<(), PackError> {
    limit(file, "the SVG's size in bytes", text.len() as u64, MAX_SVG_BYTES)?;
    let broken = |problem: String| PackError::Scene {
        file: file.to_owned(),
        error: SceneError::Svg(problem),
    };
    let text = std::str::from_utf8(text).map_err(|_| broken("it is not UTF-8".to_owned()))?;
    // Before the parser, which may go as deep as the elements do.
    limit(file, "the depth of the SVG's elements", depth(text), MAX_SVG_DEPTH as u64)?;
    let options = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_SVG_NODES,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(text, options);
    let document = document.map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => PackError::Limit {
            at: file.to_owned(),
            what: "the number of the SVG's nodes",
            limit: MAX_SVG_NODES.into(),
        },
        roxmltree::Error::DtdDetected => forbidden(file, "it declares a document type"),
        error => broken(error.to_string()),
    })?;
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        element(file, &node)?;
    }
    let failed = |error| PackError::Scene { file: file.to_owned(), error };
    let scene = SvgScene::parse(text.as_bytes()).map_err(failed)?;
    limit(file, "the work of drawing the SVG, in steps,", scene.steps(), MAX_SVG_STEPS)
}

/// How deep elements nest, or more where tags are in comments or texts.
fn depth(text: &str) -> u64 {
    let (mut depth, mut deepest) = (0_u64, 0);
    for part in text.split('<').skip(1) {
        let end = part.find('>').unwrap_or(part.len());
        match part.as_bytes().first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                deepest = deepest.max(depth + 1);
                depth += u64::from(!part[..end].ends_with('/'));
            }
        }
    }
    deepest
}

fn element(file: &str, node: &roxmltree::Node<'_, '_>) -> Result<(), PackError> {
    let name = node.tag_name().name();
    if ELEMENTS.contains(&name) {
        return Err(forbidden(file, format!("it has a <{name}>; draw with shapes alone")));
    }
    for attribute in node.attributes() {
        let value = attribute.value().trim();
        if attribute.name().starts_with("on") {
            return Err(forbidden(file, "it has a handler of events"));
        }
        match attribute.name() {
            "href" | "src" => link(file, value)?,
            _ => urls(file, value)?,
        }
    }
    Ok(())
}

/// A link leads to an element of the same file, or is a small PNG.
fn link(file: &str, value: &str) -> Result<(), PackError> {
    if value.starts_with('#') || value.is_empty() {
        return Ok(());
    }
    if value.starts_with("data:image/png;base64,") {
        return limit(file, "a data: URL in bytes", value.len() as u64, MAX_DATA_URL_BYTES);
    }
    Err(forbidden(file, "it links to something outside of it, or to data other than a PNG"))
}

/// Each `url(…)` within a value leads to an element of the same file.
fn urls(file: &str, value: &str) -> Result<(), PackError> {
    for to in value.split("url(").skip(1) {
        link(file, to.trim_start_matches(['"', '\'', ' ']))?;
    }
    Ok(())
}

/// Checks a dotLottie container: the zip as strictly as a pack's own, and each animation in it.
pub(super) fn container(file: &str, bytes: &[u8]) -> Result<(), PackError> {
    let files = Files::from_zip(bytes)?;
    for (name, bytes) in files.iter() {
        let at = format!("{file}: {name}");
        if name.ends_with(".json") || name.ends_with(".lot") {
            lottie(&at, bytes, &files)?;
        } else if name.starts_with("i/") || name.starts_with("images/") {
            let size = crate::scene::sprites::picture_size(bytes);
            size.map_err(|error| PackError::Scene { file: at, error })?;
        }
    }
    Ok(())
}

/// Checks a Lottie's JSON; its pictures are in it, or among `files`.
pub(super) fn lottie(file: &str, bytes: &[u8], files: &Files) -> Result<(), PackError> {
    limit(file, "the Lottie's size in bytes", bytes.len() as u64, MAX_LOTTIE_BYTES)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes).map_err(|error| PackError::Scene {
        file: file.to_owned(),
        error: SceneError::Lottie(error.to_string()),
    })?;
    let mut walk = Walk { file, keyframes: 0 };
    walk.value(&root)?;
    for asset in list(&root, "assets") {
        let Some(path) = asset.get("p").and_then(Value::as_str) else { continue };
        let name = path.rsplit('/').next().unwrap_or(path);
        let inside = ["i", "images"].iter().any(|at| files.get(&format!("{at}/{name}")).is_some());
        if path.starts_with("data:image/") {
            limit(file, "a data: URL in bytes", path.len() as u64, MAX_DATA_URL_BYTES)?;
        } else if !inside {
            return Err(forbidden(file, "it wants a picture that is not in it"));
        }
    }
    Ok(())
}

fn list<'a>(root: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    root.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Goes over all of a Lottie. serde_json lets nothing nest deeper than 128.
struct Walk<'a> {
    file: &'a str,
    keyframes: u64,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value) -> Result<(), PackError> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                self.field(key, value)?;
                self.value(value)
            }),
            _ => Ok(()),
        }
    }

    fn field(&mut self, key: &str, value: &Value) -> Result<(), PackError> {
        match (key, value) {
            // An expression; an easing's "x" is a number, a split position's an object.
            ("x", Value::String(_)) => Err(forbidden(
                self.file,
                "it has expressions, which are code; convert them to keyframes",
            )),
            ("fonts" | "chars", Value::Object(_) | Value::Array(_)) if !is_empty(value) => {
                Err(forbidden(self.file, "it has text; convert it to shapes"))
            }
            ("layers", Value::Array(layers)) if layers.iter().any(is_text) => {
                Err(forbidden(self.file, "it has a text layer; convert it to shapes"))
            }
            ("k", Value::Array(items)) => {
                self.keyframes +=
                    items.iter().filter(|item| item.get("t").is_some()).count() as u64;
                limit(self.file, "the number of keyframes", self.keyframes, MAX_KEYFRAMES)
            }
            _ => Ok(()),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

fn is_text(layer: &Value) -> bool {
    layer.get("ty").and_then(number) == Some(5.0)
}

/// A number, or an array of one, which readers of Lottie take for it.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_array()?.first().and_then(number))
}
