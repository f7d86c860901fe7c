//! `sprites.toml`: how the picture beside it is cut into cells, and which clip shows which.

use super::{Files, PackError};
use crate::scene::SceneError;
use crate::scene::sprites::{Sheet, SpriteClip, SpriteFrame};
use crate::units::PixelSize;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// The table's file.
pub(super) const TABLE: &str = "sprites.toml";
/// The pictures that are looked for, in this order.
const PICTURES: [&str; 2] = ["sprites.webp", "sprites.png"];
/// The most frames a second.
const MAX_FPS: f64 = 60.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    cell: [u32; 2],
    clips: BTreeMap<String, WireClip>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireClip {
    frames: Vec<u32>,
    fps: Option<f64>,
    milliseconds: Option<Vec<u64>>,
}

/// Opens the sheet in a pet's folder.
pub(super) fn open(files: &Files, folder: &str) -> Result<Sheet, PackError> {
    let file = format!("{folder}/{TABLE}");
    let wrong = |problem: String| PackError::Manifest { file: file.clone(), problem };
    let wire: Wire = toml::from_str(files.text(&file)?)
        .map_err(|e| wrong(e.to_string().trim_end().to_owned()))?;
    let mut clips = Vec::new();
    for (name, clip) in wire.clips {
        let problem = |what| wrong(format!("[clips.{name}] {what}"));
        let durations = durations(&clip).map_err(problem)?;
        let frames = clip.frames.iter().zip(durations);
        let frames = frames.map(|(cell, duration)| SpriteFrame { cell: *cell, duration }).collect();
        clips.push(SpriteClip { name, frames });
    }
    let found = PICTURES.iter().map(|name| format!("{folder}/{name}"));
    let found = found.filter_map(|name| files.get(&name).map(|bytes| (name, bytes))).next();
    let (picture, bytes) =
        found.ok_or_else(|| PackError::Missing(format!("{folder}/{}", PICTURES.join(" or "))))?;
    let failed = |error: SceneError| PackError::Scene { file: picture.clone(), error };
    let [width, height] = wire.cell;
    let sheet = Sheet::new(bytes.to_vec(), PixelSize::new(width, height), clips).map_err(failed)?;
    sheet.decode().map_err(failed)?;
    Ok(sheet)
}

fn durations(clip: &WireClip) -> Result<Vec<Duration>, &'static str> {
    match (clip.fps, &clip.milliseconds) {
        (Some(fps), None) if fps > 0.0 && fps <= MAX_FPS => {
            let one = Duration::try_from_secs_f64(1.0 / fps).map_err(|_| "fps is too small")?;
            Ok(vec![one; clip.frames.len()])
        }
        (Some(_), None) => Err("fps is above 0 and at most 60"),
        (None, Some(each)) if each.len() == clip.frames.len() => {
            Ok(each.iter().map(|ms| Duration::from_millis(*ms)).collect())
        }
        (None, Some(_)) => Err("milliseconds has as many entries as frames"),
        _ => Err("has either fps or milliseconds"),
    }
}

/// The table of these clips as text.
pub(super) fn write(cell: PixelSize, clips: &[SpriteClip]) -> String {
    let mut text = format!("cell = [{}, {}]\n", cell.width, cell.height);
    for clip in clips {
        let cells: Vec<_> = clip.frames.iter().map(|frame| frame.cell).collect();
        let each: Vec<_> = clip.frames.iter().map(|frame| frame.duration.as_millis()).collect();
        let _ =
            write!(text, "\n[clips.{}]\nframes = {cells:?}\nmilliseconds = {each:?}\n", clip.name);
    }
    text
}
