//! `clips.toml` → clips with checked tracks.

use super::BuildError;
use super::trail::{self, Trail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most clips of a pet.
pub const MAX_CLIPS: usize = 64;
/// The longest clip, in frames.
pub const MAX_FRAMES: u32 = 3600;

/// All clips of a pet, in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clips {
    /// Frames a second.
    pub(super) fps: f64,
    pub(super) clips: Vec<Clip>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    pub(super) name: String,
    pub(super) frames: u32,
    pub(super) looping: bool,
    /// The frame of the key pose.
    pub(super) key: u32,
    /// By part or path, and property.
    pub(super) tracks: Tracks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Property {
    Move,
    Scale,
    Rotate,
    Opacity,
    Shape,
}

impl Property {
    const ALL: [Self; 5] = [Self::Move, Self::Scale, Self::Rotate, Self::Opacity, Self::Shape];

    /// As tracks call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Scale => "scale",
            Self::Rotate => "rotate",
            Self::Opacity => "opacity",
            Self::Shape => "d",
        }
    }
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

/// A clip's tracks, by part or path, and property.
pub(super) type Tracks = BTreeMap<(String, Property), Vec<Key>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fps: f64,
    /// Path data by name, for each path of the rig.
    #[serde(default)]
    shapes: BTreeMap<String, BTreeMap<String, String>>,
    /// What moves as something else does, in every clip.
    #[serde(default)]
    together: BTreeMap<String, String>,
    /// Tracks that clips take up at a frame.
    #[serde(default)]
    gesture: BTreeMap<String, BTreeMap<String, Vec<toml::Value>>>,
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
    /// An earlier clip whose tracks it has where it says nothing else.
    extends: Option<String>,
    /// At which frame which gesture is made.
    #[serde(default)]
    gestures: Vec<(u32, String)>,
    #[serde(default)]
    tracks: BTreeMap<String, Track>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Track {
    Keys(Vec<toml::Value>),
    Trail(Trail),
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
    let mut clips: Vec<Clip> = Vec::new();
    for source in &file.clip {
        if clips.iter().any(|clip| clip.name == source.name) {
            return Err(wrong(format!("has the clip {:?} twice", source.name)));
        }
        let clip = clip(source, &file, &clips)
            .map_err(|problem| wrong(format!("clip {:?} {problem}", source.name)))?;
        clips.push(clip);
    }
    if !clips.iter().any(|clip| clip.name == "idle") {
        return Err(wrong("has no clip \"idle\"".into()));
    }
    Ok(Clips { fps: file.fps, clips })
}

fn wrong(problem: String) -> BuildError {
    BuildError::Clips(problem)
}

fn clip(source: &Source, file: &File, earlier: &[Clip]) -> Result<Clip, String> {
    if source.frames == 0 || source.frames > MAX_FRAMES {
        return Err(format!("has {} frames: 1 to {MAX_FRAMES} are possible", source.frames));
    }
    if source.key > source.frames {
        return Err(format!("has its key pose at {}, after its end", source.key));
    }
    let mut tracks = own_tracks(source, file)?;
    for (at, name) in &source.gestures {
        let gesture = file.gesture.get(name).ok_or_else(|| format!("makes no gesture {name:?}"))?;
        join(&mut tracks, gesture, f64::from(*at), file)?;
    }
    if let Some(name) = &source.extends {
        let base = earlier.iter().find(|clip| clip.name == *name);
        let base = base.ok_or_else(|| format!("extends {name:?}, which no earlier clip is"))?;
        for (target, keys) in &base.tracks {
            tracks.entry(target.clone()).or_insert_with(|| keys.clone());
        }
    }
    let trails = source.tracks.iter().filter_map(|(name, track)| match track {
        Track::Keys(_) => None,
        Track::Trail(trail) => Some((name.as_str(), trail)),
    });
    trail::add(&mut tracks, trails, f64::from(source.frames), source.looping)?;
    for (follower, leader) in &file.together {
        let led: Vec<_> = tracks.iter().filter(|((id, _), _)| id == leader).collect();
        let led: Vec<_> = led.into_iter().map(|((_, p), keys)| (*p, keys.clone())).collect();
        for (property, keys) in led {
            tracks.entry((follower.clone(), property)).or_insert(keys);
        }
    }
    for ((id, property), keys) in &tracks {
        check(keys, source).map_err(|what| format!("track \"{id}.{}\" {what}", property.name()))?;
    }
    let Source { name, frames, looping, key, .. } = source;
    Ok(Clip { name: name.clone(), frames: *frames, looping: *looping, key: *key, tracks })
}

/// The tracks that a clip writes out.
fn own_tracks(source: &Source, file: &File) -> Result<Tracks, String> {
    let mut tracks = Tracks::new();
    for (name, track) in &source.tracks {
        if let Track::Keys(keys) = track {
            let (target, keys) = track_keys(name, keys, file)?;
            tracks.insert(target, keys);
        }
    }
    Ok(tracks)
}

fn track_keys(
    name: &str,
    keys: &[toml::Value],
    file: &File,
) -> Result<((String, Property), Vec<Key>), String> {
    let (id, property) = target(name)?;
    let shapes = file.shapes.get(&id);
    let keys =
        self::keys(keys, property, shapes).map_err(|what| format!("track {name:?} {what}"))?;
    Ok(((id, property), keys))
}

/// Makes a gesture at a frame.
fn join(
    tracks: &mut Tracks,
    gesture: &BTreeMap<String, Vec<toml::Value>>,
    at: f64,
    file: &File,
) -> Result<(), String> {
    for (name, keys) in gesture {
        let (target, keys) = track_keys(name, keys, file)?;
        let track = tracks.entry(target).or_default();
        track.extend(keys.into_iter().map(|key| Key { frame: key.frame + at, ..key }));
        track.sort_by(|a, b| a.frame.total_cmp(&b.frame));
    }
    Ok(())
}

/// What a track's name says that it moves: a part or path, and its property.
pub(super) fn target(name: &str) -> Result<(String, Property), String> {
    let found = name.rsplit_once('.').and_then(|(id, property)| {
        let property = Property::ALL.into_iter().find(|p| p.name() == property)?;
        Some((id.to_owned(), property))
    });
    found.ok_or_else(|| {
        format!("moves {name:?}: write part.move, .scale, .rotate, .opacity or path.d")
    })
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

/// The path data of one path, by name.
type Shapes = BTreeMap<String, String>;

fn keys(
    list: &[toml::Value],
    property: Property,
    shapes: Option<&Shapes>,
) -> Result<Vec<Key>, String> {
    let key = |entry| key(entry, property, shapes).ok_or_else(|| unreadable(entry, property));
    list.iter().map(key).collect()
}

fn unreadable(entry: &toml::Value, property: Property) -> String {
    let value = match property {
        Property::Move | Property::Scale => "[x, y]",
        Property::Rotate | Property::Opacity => "number",
        Property::Shape => "\"path data\", a name of [shapes] or \"rest\"",
    };
    let shown: String = format!("{entry:?}").chars().take(60).collect();
    format!("has the key {shown}: write [frame, {value}] or [frame, {value}, \"easing\"]")
}

fn key(entry: &toml::Value, property: Property, shapes: Option<&Shapes>) -> Option<Key> {
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
            // Path data begins with M; a name, which has no capitals, never does.
            data if data.starts_with('M') => Value::Path(data.to_owned()),
            name => Value::Path(shapes?.get(name)?.clone()),
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

    fn parsed(head: &str, clip: &str) -> Result<Clips, BuildError> {
        parse(&format!(
            "fps = 30\n{head}\n[[clip]]\nname = \"idle\"\nframes = 20\nloop = true\nkey = 0\n{clip}"
        ))
    }

    #[test]
    fn shapes_have_names_and_parts_go_together() {
        let head = "[shapes.lid]\nshut = \"M0,0 L1,1\"\n[together]\nface = \"head\"";
        let tracks = "[clip.tracks]\n\"head.rotate\" = [[0, 0], [9, 5], [20, 0]]\n\
                      \"lid.d\" = [[0, \"rest\"], [4, \"shut\"], [20, \"rest\"]]";
        let clips = parsed(head, tracks).unwrap();
        let track = |id: &str, property| &clips.clips[0].tracks[&(id.to_owned(), property)];
        assert_eq!(track("lid", Property::Shape)[1].value, Value::Path("M0,0 L1,1".into()));
        assert_eq!(track("face", Property::Rotate), track("head", Property::Rotate));
        let unknown = tracks.replace("shut", "ajar");
        assert!(parsed(head, &unknown).unwrap_err().to_string().contains("ajar"));
    }

    #[test]
    fn gestures_join_tracks_and_clips_extend_others() {
        let head = "[gesture.nod]\n\"head.rotate\" = [[0, 0], [2, 9], [4, 0]]";
        let clip = "gestures = [[3, \"nod\"], [10, \"nod\"]]\n\
                    [clip.tracks]\n\"head.move\" = [[0, [1, 1]]]\n[[clip]]\nname = \"idle-2\"\n\
                    extends = \"idle\"\nframes = 20\nloop = true\nkey = 0\n\
                    [clip.tracks]\n\"head.move\" = [[0, [2, 2]]]";
        let clips = parsed(head, clip).unwrap();
        let [first, second] = clips.clips.as_slice() else { panic!("{clips:?}") };
        let (turn, shift) =
            (("head".to_owned(), Property::Rotate), ("head".to_owned(), Property::Move));
        let frames: Vec<f64> = first.tracks[&turn].iter().map(|key| key.frame).collect();
        assert_eq!(frames, [3.0, 5.0, 7.0, 10.0, 12.0, 14.0]);
        assert_eq!(second.tracks[&turn], first.tracks[&turn]);
        assert_eq!(second.tracks[&shift][0].value, Value::Pair([2.0, 2.0]));
        let over = clip.replace("[10,", "[5,");
        assert!(parsed(head, &over).unwrap_err().to_string().contains("after frame"));
        let none = clip.replace("\"nod\"", "\"wink\"");
        assert!(parsed(head, &none).unwrap_err().to_string().contains("no gesture \"wink\""));
        let none = clip.replace("= \"idle\"", "= \"rest\"");
        assert!(parsed(head, &none).unwrap_err().to_string().contains("extends \"rest\""));
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
