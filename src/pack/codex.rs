//! Codex pets: `pet.json` and a sheet of 8 columns by 9 or 11 rows of cells, in and out.
//!
//! The rows, frame counts and times are those of openai/codex, `codex-rs/tui/src/pets/model.rs`
//! (Apache-2.0, read in November 2026). Rows 9 and 10 of the newer sheet, where a pet looks, have
//! no counterpart here; they are kept as the clips `look-a` and `look-b`.

use super::files::limit;
use super::{Files, Pack, PackError};
use crate::frame::Frame;
use crate::pet::Pet;
use crate::scene::SceneError;
use crate::scene::sprites::{MAX_CELLS, SpriteClip, SpriteFrame, picture_size};
use crate::units::PixelSize;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Duration;

/// A cell, in pixels; sheets may have any whole multiple or exact part of it.
pub const CODEX_CELL: PixelSize = PixelSize::new(192, 208);
/// The cells of a row.
pub const CODEX_COLUMNS: u32 = 8;
/// The rows of a sheet, of the first version and the second.
const ROWS: [u32; 2] = [9, 11];

/// A row of the sheet: its clip here, its frames, and their milliseconds but for the last one's.
struct Row {
    theirs: &'static str,
    ours: &'static str,
    frames: u32,
    milliseconds: u64,
    last: u64,
}

const fn row(theirs: &'static str, ours: &'static str, frames: u32, ms: u64, last: u64) -> Row {
    Row { theirs, ours, frames, milliseconds: ms, last }
}

const ROWS_OF: [Row; 9] = [
    row("idle", "idle", 6, 840, 1920),
    row("running-right", "run-right", 8, 120, 220),
    row("running-left", "run-left", 8, 120, 220),
    row("waving", "tap-glass", 4, 140, 280),
    row("jumping", "celebrate", 5, 140, 280),
    row("failed", "sad", 8, 140, 240),
    row("waiting", "alert", 6, 150, 260),
    row("running", "work", 6, 120, 220),
    row("review", "happy", 6, 150, 280),
];
/// The idle row's own times.
const IDLE_MILLISECONDS: [u64; 6] = [1680, 660, 660, 840, 840, 1920];
/// What a pet of the first version, having nine clips, plays instead of others.
pub(super) const FALLBACKS: &str = "hiss = \"sad\"\nsleep = \"idle\"\nwake = \"tap-glass\"\nglow = \"happy\"\npurr = \"happy\"\nhoot = \"alert\"\nfetch = \"celebrate\"\nfold = \"work\"\nwhisper = \"alert\"\n";

#[derive(Deserialize)]
struct WirePet {
    id: Option<String>,
    #[serde(rename = "displayName")]
    display_name: Option<String>,
    description: Option<String>,
    #[serde(rename = "spritesheetPath")]
    spritesheet_path: Option<String>,
    frame: Option<WireGrid>,
    #[serde(default)]
    animations: BTreeMap<String, WireAnimation>,
}

#[derive(Deserialize)]
struct WireGrid {
    width: u32,
    height: u32,
    columns: u32,
    rows: u32,
}

#[derive(Deserialize)]
struct WireAnimation {
    #[serde(default)]
    frames: Vec<u32>,
    fps: Option<f64>,
    #[serde(default)]
    fallback: String,
}

/// A Codex pet as ours.
pub(super) struct CodexPet {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) summary: String,
    pub(super) cell: PixelSize,
    pub(super) clips: Vec<SpriteClip>,
    /// What plays instead of a clip, as the pack says.
    pub(super) fallbacks: BTreeMap<String, String>,
    pub(super) sheet: Vec<u8>,
}

/// Reads a pack whose `pet.json` lies in `folder` (empty, or ending in `/`).
pub(super) fn read(files: &Files, folder: &str, manifest: &str) -> Result<CodexPet, PackError> {
    let file = format!("{folder}{manifest}");
    let wrong = |problem: String| PackError::Manifest { file: file.clone(), problem };
    let wire: WirePet =
        serde_json::from_str(files.text(&file)?).map_err(|error| wrong(error.to_string()))?;
    let path = wire.spritesheet_path.as_deref().map(str::trim).filter(|path| !path.is_empty());
    let path = path.unwrap_or("spritesheet.webp");
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..") {
        return Err(wrong("spritesheetPath leads out of the pack".to_owned()));
    }
    let sheet = format!("{folder}{}", path.trim_start_matches("./"));
    let bytes = files.get(&sheet).ok_or_else(|| PackError::Missing(sheet.clone()))?;
    let size =
        picture_size(bytes).map_err(|error| PackError::Scene { file: sheet.clone(), error })?;
    let (cell, columns, rows) = match &wire.frame {
        Some(grid) => (PixelSize::new(grid.width, grid.height), grid.columns, grid.rows),
        None => grid_of(size).ok_or_else(|| {
            let what = format!("{size} is no grid of 8×9 or 8×11 cells of 192×208, at any scale");
            PackError::Scene { file: sheet.clone(), error: SceneError::Sprites(what) }
        })?,
    };
    let covers = |whole, part: u32, count| part.checked_mul(count) == Some(whole) && whole > 0;
    if !covers(size.width, cell.width, columns) || !covers(size.height, cell.height, rows) {
        return Err(wrong(format!("the frame's grid does not cover the sheet of {size} exactly")));
    }
    limit(&file, "the number of cells", u64::from(columns) * u64::from(rows), MAX_CELLS.into())?;
    let mut clips = default_clips(columns, rows);
    let mut fallbacks = BTreeMap::new();
    for (name, animation) in &wire.animations {
        let clip = custom(name, animation, columns * rows)
            .map_err(|problem| wrong(format!("the animation {:?}: {problem}", short(name))))?;
        if !animation.fallback.is_empty() && animation.fallback != "idle" {
            fallbacks.insert(clip.name.clone(), our_name(&animation.fallback));
        }
        clips.retain(|other: &SpriteClip| other.name != clip.name);
        clips.push(clip);
    }
    if !clips.iter().any(|clip| clip.name == crate::pet::IDLE) {
        return Err(wrong("it has no animation idle, and no row for it".to_owned()));
    }
    Ok(CodexPet {
        id: wire.id,
        title: wire.display_name,
        summary: wire.description.unwrap_or_default(),
        cell,
        clips,
        fallbacks,
        sheet: bytes.to_vec(),
    })
}

/// The standard grid that a sheet of this size is, at some scale.
fn grid_of(size: PixelSize) -> Option<(PixelSize, u32, u32)> {
    ROWS.into_iter().find_map(|rows| {
        let cell = PixelSize::new(size.width / CODEX_COLUMNS, size.height / rows);
        let whole = cell.width * CODEX_COLUMNS == size.width && cell.height * rows == size.height;
        let shape = cell.width * CODEX_CELL.height == cell.height * CODEX_CELL.width;
        (whole && shape && cell.width > 0).then_some((cell, CODEX_COLUMNS, rows))
    })
}

fn default_clips(columns: u32, rows: u32) -> Vec<SpriteClip> {
    let fits = |(row, of): &(u32, &Row)| *row < rows && of.frames <= columns;
    let mut clips: Vec<_> = (0..)
        .zip(&ROWS_OF)
        .filter(fits)
        .map(|(row, of)| {
            let cells = (0..of.frames).map(|column| SpriteFrame {
                cell: row * columns + column,
                duration: Duration::from_millis(of.time(column)),
            });
            SpriteClip { name: of.ours.to_owned(), frames: cells.collect() }
        })
        .collect();
    if columns == CODEX_COLUMNS && rows == ROWS[1] {
        for (row, name) in [(9, "look-a"), (10, "look-b")] {
            let duration = Duration::from_millis(150);
            let cells = (0..columns).map(|c| SpriteFrame { cell: row * columns + c, duration });
            clips.push(SpriteClip { name: name.to_owned(), frames: cells.collect() });
        }
    }
    clips
}

impl Row {
    fn time(&self, column: u32) -> u64 {
        match IDLE_MILLISECONDS.get(column as usize) {
            Some(own) if self.ours == crate::pet::IDLE => *own,
            _ if column + 1 == self.frames => self.last,
            _ => self.milliseconds,
        }
    }
}

fn custom(name: &str, wire: &WireAnimation, cells: u32) -> Result<SpriteClip, String> {
    let fps = wire.fps.unwrap_or(8.0);
    if !(fps > 0.0 && fps <= 60.0) {
        return Err(format!("fps is above 0 and at most 60, not {fps}"));
    }
    let duration = Duration::try_from_secs_f64(1.0 / fps).map_err(|error| error.to_string())?;
    let whole = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    if let Some(cell) = wire.frames.iter().find(|cell| **cell >= cells) {
        return Err(format!("names cell {cell}, and there are {cells}"));
    }
    let frames = wire.frames.iter().map(|cell| SpriteFrame { cell: *cell, duration: whole });
    let frames: Vec<_> = frames.collect();
    if frames.is_empty() {
        return Err("has no frame".to_owned());
    }
    Ok(SpriteClip { name: our_name(name), frames })
}

/// The clip here that a state of theirs stands for.
fn our_name(theirs: &str) -> String {
    let known = ROWS_OF.iter().find(|row| row.theirs == theirs).map(|row| row.ours);
    let alias = match theirs {
        "move_right" => Some("run-right"),
        "move_left" => Some("run-left"),
        "wave" => Some("tap-glass"),
        "bounce" => Some("celebrate"),
        _ => None,
    };
    known.or(alias).map_or_else(|| super::import::slug(theirs), str::to_owned)
}

fn short(name: &str) -> String {
    name.chars().take(40).collect()
}

/// A pet of a pack as a Codex pack: `pet.json` and `spritesheet.png`, 8×9 cells.
///
/// # Errors
/// When the pet cannot be drawn.
pub fn export_codex(pack: &Pack, pet: &str) -> Result<Files, PackError> {
    let pet = pack.pet(pet)?;
    let mut files = Files::default();
    let about = serde_json::json!({
        "id": pet.name(),
        "displayName": pet.title().as_str(),
        "description": pet.summary().as_str(),
        "spritesheetPath": "spritesheet.png",
        "frame": {"width": CODEX_CELL.width, "height": CODEX_CELL.height,
                  "columns": CODEX_COLUMNS, "rows": ROWS[0]},
    });
    files.insert("pet.json", format!("{about:#}\n").into_bytes())?;
    files.insert("spritesheet.png", sheet(&pet)?)?;
    Ok(files)
}

fn sheet(pet: &Pet) -> Result<Vec<u8>, PackError> {
    let failed = |error| PackError::Pet { pet: pet.name().to_owned(), error };
    let mut scene = pet.scene().map_err(|error| failed(error.into()))?;
    let mut sheet =
        image::RgbaImage::new(CODEX_CELL.width * CODEX_COLUMNS, CODEX_CELL.height * ROWS[0]);
    let broken = |error: &dyn std::error::Error| PackError::Import(error.to_string());
    let mut frame = Frame::new(CODEX_CELL).map_err(|error| broken(&error))?;
    for (down, row) in (0..).zip(&ROWS_OF) {
        let Some(clip) = pet.clip(pet.resolve_clip(row.ours)) else { continue };
        let all: u64 = (0..row.frames).map(|column| row.time(column)).sum();
        let mut now = 0;
        for column in 0..row.frames {
            // The clip at the share of it that the row's own times have come to: a round trip of a
            // sheet finds each of its frames again.
            let share = f64::from(u32::try_from(now).unwrap_or(0))
                / f64::from(u32::try_from(all).unwrap_or(1).max(1));
            now += row.time(column);
            let at = clip.duration.mul_f64(share) + Duration::from_millis(1);
            scene.draw(clip.start + at.min(clip.duration), &mut frame);
            let cell = image::RgbaImage::from_raw(
                CODEX_CELL.width,
                CODEX_CELL.height,
                frame.to_straight_rgba(),
            );
            if let Some(cell) = cell {
                let (x, y) = (column * CODEX_CELL.width, down * CODEX_CELL.height);
                image::imageops::replace(&mut sheet, &cell, x.into(), y.into());
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| broken(&error))?;
    Ok(bytes.into_inner())
}
