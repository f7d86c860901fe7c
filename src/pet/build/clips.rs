//! `clips.toml` → clips with checked tracks.

use super::BuildError;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// The most clips of a pet.
pub const MAX_CLIPS: usize = 64;
/// The longest clip, in frames.
pub const MAX_FRAMES: u32 = 3600;

/// All clips of a pet, in their order.
#[derive(Clone, Debug)]
pub(super) struct Clips {
    /// Frames a second.
    pub(super) fps: f64,
    pub(super) clips: Vec<Clip>,
}

#[derive(Clone, Debug)]
pub(super) struct Clip {
    pub(super) name: String,
    pub(super) frames: u32,
    pub(super) looping: bool,
    /// The frame of the key pose.
    pub(super) key: u32,
    /// By part or path, and property.
    pub(super) tracks: BTreeMap<(String, Property), Vec<Key>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Property {
    Move,
    Scale,
    Rotate,
    Opacity,
    Shape,
}

/// A value at a frame, and the way to it from the key before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) frame: f64,
    pub(super) value: Value,
    pub(super) easing: Easing,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Pair([f64; 2]),
    /// Path data.
    Path(String),
    /// The path as the rig has it.
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Easing {
    /// A cubic bezier from (0, 0) to (1, 1), as in CSS Easing Functions 1.
    Bezier([f64; 4]),
    /// Jumps at the end.
    Hold,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fps: f64,
    clip: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    frames: u32,
    #[serde(rename = "loop")]
    looping: bool,
    key: u32,
    #[serde(default)]
    tracks: BTreeMap<String, Vec<toml::Value>>,
}

/// Reads the timelines.
pub(super) fn parse(text: &str) -> Result<Clips, BuildError> {
    let file: File = toml::from_str(text)
        .map_err(|e| BuildError::Clips(format!("cannot be read: {}", e.to_string().trim_end())))?;
    if !(1.0..=60.0).contains(&file.fps) {
        return Err(wrong(format!("says fps = {}: 1 to 60 are possible", file.fps)));
    }
    if file.clip.len() > MAX_CLIPS {
        return Err(wrong(format!("has more than {MAX_CLIPS} clips")));
    }
    let mut names = HashSet::new();
    let mut clips = Vec::new();
    for source in file.clip {
        if !names.insert(source.name.clone()) {
            return Err(wrong(format!("has the clip {:?} twice", source.name)));
        }
        clips.push(clip(source)?);
    }
    if !names.contains("idle") {
        return Err(wrong("has no clip \"idle\"".into()));
    }
    Ok(Clips { fps: file.fps, clips })
}

fn wrong(problem: String) -> BuildError {
    BuildError::Clips(problem)
}

fn clip(source: Source) -> Result<Clip, BuildError> {
    let within = |problem: String| wrong(format!("clip {:?} {problem}", source.name));
    if source.frames == 0 || source.frames > MAX_FRAMES {
        return Err(within(format!(
            "has {} frames: 1 to {MAX_FRAMES} are possible",
            source.frames
        )));
    }
    if source.key > source.frames {
        return Err(within(format!("has its key pose at {}, after its end", source.key)));
    }
    let mut tracks = BTreeMap::new();
    for (name, keys) in &source.tracks {
        let (id, property) = target(name).ok_or_else(|| {
            within(format!("moves {name:?}: write part.move, .scale, .rotate, .opacity or path.d"))
        })?;
        let keys =
            self::keys(keys, property).map_err(|what| within(format!("track {name:?} {what}")))?;
        check(&keys, &source).map_err(|what| within(format!("track {name:?} {what}")))?;
        tracks.insert((id, property), keys);
    }
    Ok(Clip {
        name: source.name,
        frames: source.frames,
        looping: source.looping,
        key: source.key,
        tracks,
    })
}

fn target(name: &str) -> Option<(String, Property)> {
    let (id, property) = name.rsplit_once('.')?;
    let property = match property {
        "move" => Property::Move,
        "scale" => Property::Scale,
        "rotate" => Property::Rotate,
        "opacity" => Property::Opacity,
        "d" => Property::Shape,
        _ => return None,
    };
    Some((id.to_owned(), property))
}

/// Frames ascend within the clip, and a loop ends as it began.
fn check(keys: &[Key], clip: &Source) -> Result<(), String> {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
        return Err("has no keys".into());
    };
    if let Some(pair) = keys.windows(2).find(|pair| pair[1].frame <= pair[0].frame) {
        return Err(format!("has frame {} after frame {}", pair[1].frame, pair[0].frame));
    }
    if first.frame < 0.0 || last.frame > f64::from(clip.frames) {
        return Err(format!("leaves the clip's frames, 0 to {}", clip.frames));
    }
    if clip.looping && first.value != last.value {
        return Err("does not end as it begins, but the clip loops".into());
    }
    Ok(())
}

fn keys(list: &[toml::Value], property: Property) -> Result<Vec<Key>, String> {
    list.iter()
        .map(|entry| key(entry, property).ok_or_else(|| unreadable(entry, property)))
        .collect()
}

fn unreadable(entry: &toml::Value, property: Property) -> String {
    let value = match property {
        Property::Move | Property::Scale => "[x, y]",
        Property::Rotate | Property::Opacity => "number",
        Property::Shape => "\"path data\" or \"rest\"",
    };
    let shown: String = format!("{entry:?}").chars().take(60).collect();
    format!("has the key {shown}: write [frame, {value}] or [frame, {value}, \"easing\"]")
}

fn key(entry: &toml::Value, property: Property) -> Option<Key> {
    let entry = entry.as_array()?;
    let (frame, value, easing) = match entry.as_slice() {
        [frame, value] => (frame, value, Some(IN_OUT)),
        [frame, value, named] => (frame, value, self::easing(named)),
        _ => return None,
    };
    let value = match property {
        Property::Move | Property::Scale => Value::Pair(pair(value)?),
        Property::Rotate | Property::Opacity => Value::Number(number(value)?),
        Property::Shape => match value.as_str()? {
            "rest" => Value::Rest,
            data => Value::Path(data.to_owned()),
        },
    };
    Some(Key { frame: number(frame)?, value, easing: easing? })
}

fn number(value: &toml::Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no length or angle comes near 2^53")]
    let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64))?;
    (number.abs() <= 1e6).then_some(number)
}

fn pair(value: &toml::Value) -> Option<[f64; 2]> {
    match value.as_array()?.as_slice() {
        [x, y] => Some([number(x)?, number(y)?]),
        _ => None,
    }
}

const IN_OUT: Easing = Easing::Bezier([0.42, 0.0, 0.58, 1.0]);

fn easing(value: &toml::Value) -> Option<Easing> {
    if let Some(list) = value.as_array() {
        let list: Vec<f64> = list.iter().map(number).collect::<Option<_>>()?;
        let [x1, y1, x2, y2] = *list.as_slice() else {
            return None;
        };
        let runs = (0.0..=1.0).contains(&x1) && (0.0..=1.0).contains(&x2);
        return runs.then_some(Easing::Bezier([x1, y1, x2, y2]));
    }
    Some(match value.as_str()? {
        "in-out" => IN_OUT,
        "linear" => Easing::Bezier([0.0, 0.0, 1.0, 1.0]),
        "in" => Easing::Bezier([0.42, 0.0, 1.0, 1.0]),
        "out" => Easing::Bezier([0.0, 0.0, 0.58, 1.0]),
        "back" => Easing::Bezier([0.34, 1.56, 0.64, 1.0]),
        "anticipate" => Easing::Bezier([0.36, 0.0, 0.66, -0.56]),
        "hold" => Easing::Hold,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(tracks: &str) -> String {
        let text = format!(
            "fps = 30\n[[clip]]\nname = \"idle\"\nframes = 10\nloop = true\nkey = 0\n[clip.tracks]\n{tracks}"
        );
        parse(&text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(error("\"a.spin\" = [[0, 1]]").contains("\"a.spin\""));
        assert!(error("\"a.move\" = [[0, 1]]").contains("[frame, [x, y]]"));
        assert!(error("\"a.rotate\" = [[0, 1], [10, 2]]").contains("the clip loops"));
        assert!(error("\"a.rotate\" = [[5, 1], [5, 2]]").contains("frame 5 after frame 5"));
        assert!(error("\"a.rotate\" = [[0, 1], [11, 1]]").contains("0 to 10"));
        assert!(error("\"a.rotate\" = [[0, 1, \"bouncy\"]]").contains("easing"));
        assert!(error("\"a.rotate\" = []").contains("no keys"));
        assert!(error("\"a.rotate\" = [[0, nan]]").contains("NaN"));
        assert!(parse("fps = 0\nclip = []").is_err() && parse("fps = 30\nclip = []").is_err());
    }

    #[test]
    fn keys_are_read() {
        let text = "fps = 24\n[[clip]]\nname = \"idle\"\nframes = 8\nloop = false\nkey = 4\n\
                    [clip.tracks]\n\"a.move\" = [[0, [1, 2.5]], [8, [0, 0], \"back\"]]\n\
                    \"b.d\" = [[2, \"rest\"], [3, \"M0,0 L1,1\", \"hold\"]]";
        let clips = parse(text).unwrap();
        let track = &clips.clips[0].tracks[&("a".to_owned(), Property::Move)];
        assert_eq!(track[0], Key { frame: 0.0, value: Value::Pair([1.0, 2.5]), easing: IN_OUT });
        assert_eq!(track[1].easing, Easing::Bezier([0.34, 1.56, 0.64, 1.0]));
        let track = &clips.clips[0].tracks[&("b".to_owned(), Property::Shape)];
        assert_eq!((&track[0].value, track[1].easing), (&Value::Rest, Easing::Hold));
    }
}
