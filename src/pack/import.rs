//! Other people's formats → a pack's files, ready to be sealed.

use super::codex::{self, FALLBACKS};
use super::files::{limit, read};
use super::{Files, Id, MANIFEST, MAX_ZIP_BYTES, PackError, guard, sprites};
use crate::pet::build::container::{self, Contents};
use crate::scene;
use crate::scene::sprites::{MAX_CELLS, MAX_CLIP_FRAMES, MAX_SHEET_SIDE, SpriteClip, SpriteFrame};
use crate::text::SafeText;
use crate::units::PixelSize;
use image::{AnimationDecoder, ImageDecoder, RgbaImage};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

/// What the one who imports says about the pack.
#[derive(Clone, Debug)]
pub struct Import {
    /// The pack's id; its second half becomes the pet's name.
    pub id: Id,
    /// What one may do with it, an SPDX expression: the foreign formats do not tell.
    pub licence: String,
    /// Who made it.
    pub author: String,
}

/// The most that a moving picture's cells come to beside each other, in pixels.
const MAX_PIXELS: u64 = MAX_SHEET_SIDE as u64 * MAX_SHEET_SIDE as u64;
/// The largest side of an imported cell. Larger pictures are made smaller: a pet in a terminal has
/// some hundred pixels.
const MAX_CELL_SIDE: u32 = 512;
/// How a pet is written where letters are all there is, until somebody draws it.
const LETTERS: &str = "[idle]\n  .--.\n ( oo )\n  '--'\n\n[happy]\n  .--.\n ( ^^ )\n  '--'\n\n[sad]\n  .--.\n ( ;; )\n  '--'\n\n[alert]\n  .--.\n ( OO )!\n  '--'\n\n[sleep]\n  .--. z\n ( -- )\n  '--'\n\n[work]\n  .--.\n ( oo )=\n  '--'\n";

/// What was made of the foreign file.
struct Found {
    title: Option<String>,
    summary: String,
    fallbacks: BTreeMap<String, String>,
    /// Files of the pet's folder.
    files: Vec<(String, Vec<u8>)>,
}

/// Imports a Codex pack (folder or zip), a GIF, APNG or WebP, a Lottie, or an SVG.
///
/// # Errors
/// When it is none of these, passes a limit, or holds what no pack may.
pub fn import(path: &Path, about: &Import) -> Result<Files, PackError> {
    let found = if path.is_dir() {
        codex_pack(&Files::open(path)?, &about.id.name)?
    } else {
        let bytes = read(path, MAX_ZIP_BYTES, "the file's size in bytes")?;
        file(&bytes, &about.id.name)?
    };
    assemble(found, about)
}

/// The same of a file's bytes.
///
/// # Errors
/// As [`import`].
fn file(bytes: &[u8], name: &str) -> Result<Found, PackError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = text.iter().find(|b| !b.is_ascii_whitespace());
    if bytes.starts_with(b"PK\x03\x04") {
        let files = Files::from_zip(bytes)?;
        return match files.get("manifest.json") {
            Some(_) => dotlottie(files, name),
            None => codex_pack(&files, name),
        };
    }
    match first {
        Some(b'{') => lottie(text, name),
        Some(b'<') => {
            guard::svg("the SVG", text)?;
            Ok(one(vec![(format!("{name}.svg"), text.to_vec())]))
        }
        _ => moving(bytes),
    }
}

fn one(files: Vec<(String, Vec<u8>)>) -> Found {
    Found { title: None, summary: String::new(), fallbacks: BTreeMap::new(), files }
}

fn codex_pack(files: &Files, name: &str) -> Result<Found, PackError> {
    let found = files.iter().map(|(name, _)| name).filter(|name| {
        ["pet.json", "avatar.json"].contains(&name.rsplit('/').next().unwrap_or(name))
    });
    let found = found.min_by_key(|name| name.matches('/').count());
    let found = found.ok_or_else(|| PackError::Missing("pet.json".to_owned()))?;
    let cut = found.rfind('/').map_or(0, |at| at + 1);
    let pet = codex::read(files, &found[..cut], &found[cut..])?;
    let end = if pet.sheet.starts_with(b"\x89PNG") { "png" } else { "webp" };
    let table = sprites::write(pet.cell, &pet.clips).into_bytes();
    Ok(Found {
        title: pet.title.or(pet.id).or_else(|| Some(name.to_owned())),
        summary: pet.summary,
        fallbacks: pet.fallbacks,
        files: vec![(sprites::TABLE.to_owned(), table), (format!("sprites.{end}"), pet.sheet)],
    })
}

/// A lone Lottie becomes a container with the table of its one clip.
fn lottie(text: &[u8], name: &str) -> Result<Found, PackError> {
    guard::lottie("the Lottie", text, &Files::default())?;
    let failed = |error| PackError::Scene { file: "the Lottie".to_owned(), error };
    let scene = scene::lottie::LottieScene::parse(text).map_err(failed)?;
    let animation = String::from_utf8(text.to_vec())
        .map_err(|_| failed(scene::SceneError::Lottie("it is not UTF-8".to_owned())))?;
    let extra = table(&scene);
    let contents =
        Contents { name, animation: &animation, extra: &extra, machine: None, themes: &[] };
    let bytes = container::write(&contents).map_err(|e| PackError::Zip(e.to_string()))?;
    Ok(one(vec![(format!("{name}.lottie"), bytes)]))
}

fn dotlottie(mut files: Files, name: &str) -> Result<Found, PackError> {
    let bytes = files.to_zip()?;
    guard::container("the container", &bytes)?;
    let scene = scene::dotlottie::load(&bytes)
        .map_err(|error| PackError::Scene { file: "the container".to_owned(), error })?;
    if files.get("x-buddy.json").is_none() {
        files.insert("x-buddy.json", table(scene.as_ref()).into_bytes())?;
    }
    Ok(one(vec![(format!("{name}.lottie"), files.to_zip()?)]))
}

/// The table of clips: the scene's segments, and `idle` for all of it where none has that name.
fn table(scene: &dyn scene::Scene) -> String {
    let fps = f64::from(scene.frame_rate()).max(1.0);
    let entry = |name: &str, start: Duration, length: Duration| {
        let frames = |time: Duration| (time.as_secs_f64() * fps).round();
        serde_json::json!({"name": name, "start": frames(start), "frames": frames(length).max(1.0),
                           "loop": true, "key": 0.0})
    };
    let segments = scene.segments();
    let mut clips: Vec<_> = segments.iter().map(|s| entry(&s.name, s.start, s.duration)).collect();
    if !segments.iter().any(|segment| segment.name == crate::pet::IDLE) {
        clips.insert(0, entry(crate::pet::IDLE, Duration::ZERO, scene.duration()));
    }
    serde_json::json!({"fps": fps, "clips": clips}).to_string()
}

/// A GIF, APNG or WebP becomes a sheet of its frames.
fn moving(bytes: &[u8]) -> Result<Found, PackError> {
    let size = scene::sprites::picture_size(bytes)
        .map_err(|error| PackError::Scene { file: "the picture".to_owned(), error })?;
    let cell = cell_for(size);
    let frames = frames(bytes, cell)?;
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let columns = (MAX_SHEET_SIDE / cell.width).min(count).max(1);
    let rows = count.div_ceil(columns);
    limit(
        "the picture",
        "the pixels of all frames",
        u64::from(columns * cell.width) * u64::from(rows * cell.height),
        MAX_PIXELS,
    )?;
    limit(
        "the picture",
        "the sheet's height in pixels",
        (rows * cell.height).into(),
        MAX_SHEET_SIDE.into(),
    )?;
    let mut sheet = RgbaImage::new(columns * cell.width, rows * cell.height);
    let mut clip = SpriteClip { name: crate::pet::IDLE.to_owned(), frames: Vec::new() };
    for (place, (picture, duration)) in (0..).zip(frames) {
        let (x, y) = (place % columns * cell.width, place / columns * cell.height);
        image::imageops::replace(&mut sheet, &picture, x.into(), y.into());
        clip.frames.push(SpriteFrame { cell: place, duration });
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, image::ImageFormat::Png).map_err(unreadable)?;
    let table = sprites::write(cell, &[clip]).into_bytes();
    Ok(one(vec![(sprites::TABLE.to_owned(), table), ("sprites.png".to_owned(), png.into_inner())]))
}

/// The size that a picture's frames are brought to.
fn cell_for(size: PixelSize) -> PixelSize {
    let side = size.width.max(size.height).max(1);
    if side <= MAX_CELL_SIDE {
        return size;
    }
    let scaled = |of: u32| (of * MAX_CELL_SIDE / side).max(1);
    PixelSize::new(scaled(size.width), scaled(size.height))
}

/// The frames, each whole, brought to `cell` as they are decoded: only one is ever held in full.
fn frames(bytes: &[u8], cell: PixelSize) -> Result<Vec<(RgbaImage, Duration)>, PackError> {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SHEET_SIDE);
    limits.max_image_height = Some(MAX_SHEET_SIDE);
    let source = Cursor::new(bytes);
    let frames = match image::guess_format(bytes).map_err(unreadable)? {
        image::ImageFormat::Gif => {
            let mut decoder = image::codecs::gif::GifDecoder::new(source).map_err(unreadable)?;
            decoder.set_limits(limits).map_err(unreadable)?;
            decoder.into_frames()
        }
        image::ImageFormat::Png => {
            let decoder =
                image::codecs::png::PngDecoder::with_limits(source, limits).map_err(unreadable)?;
            if !decoder.is_apng().map_err(unreadable)? {
                return Ok(vec![(still(bytes, cell)?, Duration::from_secs(1))]);
            }
            decoder.apng().map_err(unreadable)?.into_frames()
        }
        image::ImageFormat::WebP => {
            let mut decoder = image::codecs::webp::WebPDecoder::new(source).map_err(unreadable)?;
            decoder.set_limits(limits).map_err(unreadable)?;
            if !decoder.has_animation() {
                return Ok(vec![(still(bytes, cell)?, Duration::from_secs(1))]);
            }
            decoder.into_frames()
        }
        _ => {
            return Err(PackError::Import(
                "it is no pack, GIF, PNG, WebP, Lottie or SVG".to_owned(),
            ));
        }
    };
    let most = u64::from(MAX_CELLS).min(MAX_CLIP_FRAMES as u64);
    let mut found = Vec::new();
    for frame in frames {
        let frame = frame.map_err(unreadable)?;
        limit("the picture", "the number of its frames", found.len() as u64 + 1, most)?;
        // A delay of 0 or 10 ms means 100 ms, as browsers take it.
        let delay = Duration::from(frame.delay());
        let delay =
            if delay < Duration::from_millis(16) { Duration::from_millis(100) } else { delay };
        found.push((resized(frame.into_buffer(), cell), delay.min(Duration::from_secs(60))));
    }
    if found.is_empty() { Err(PackError::Import("it has no frame".to_owned())) } else { Ok(found) }
}

fn still(bytes: &[u8], cell: PixelSize) -> Result<RgbaImage, PackError> {
    let image = image::load_from_memory(bytes).map_err(unreadable)?;
    Ok(resized(image.into_rgba8(), cell))
}

fn resized(picture: RgbaImage, cell: PixelSize) -> RgbaImage {
    if picture.dimensions() == (cell.width, cell.height) {
        return picture;
    }
    image::imageops::thumbnail(&picture, cell.width, cell.height)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unreadable(error: image::ImageError) -> PackError {
    PackError::Import(error.to_string())
}

fn assemble(found: Found, about: &Import) -> Result<Files, PackError> {
    let name = &about.id.name;
    let title = found.title.as_deref().map_or_else(|| SafeText::new(name), SafeText::new);
    let quoted = |text: &SafeText| toml_string(text.as_str());
    let summary = SafeText::new(&found.summary);
    let mut fallbacks: BTreeMap<String, String> =
        toml::from_str(FALLBACKS).map_err(|error| PackError::Import(error.to_string()))?;
    fallbacks.extend(found.fallbacks);
    let rows =
        |(from, to): (&String, &String)| format!("{} = {}\n", toml_string(from), toml_string(to));
    let fallbacks: String = fallbacks.iter().map(rows).collect();
    let pet = format!(
        "name = \"{name}\"\ntitle = {}\nspecies = \"cat\"\nsummary = {}\n\n[fallbacks]\n{fallbacks}",
        quoted(&title),
        quoted(&summary),
    );
    let manifest = format!(
        "format = 1\nid = \"{}\"\nversion = \"1.0.0\"\nlicence = {}\nauthors = [{}]\npets = [\"{name}\"]\n\n[a11y.{name}]\nidle = {}\n",
        about.id,
        toml_string(&about.licence),
        quoted(&SafeText::new(&about.author)),
        toml_string(&format!("{title} is here.")),
    );
    let mut files = Files::default();
    files.insert(MANIFEST, manifest.into_bytes())?;
    files.insert(&format!("pets/{name}/pet.toml"), pet.into_bytes())?;
    files.insert(&format!("pets/{name}/ascii.txt"), LETTERS.as_bytes().to_vec())?;
    for (file, bytes) in found.files {
        files.insert(&format!("pets/{name}/{file}"), bytes)?;
    }
    Ok(files)
}

/// A basic string of TOML, whose escapes JSON's are among.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A foreign name as one of ours: a-z, 0-9 and `-`, never empty, at most 32 bytes.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(32) {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}
