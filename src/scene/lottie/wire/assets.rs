//! Compositions and pictures that layers refer to.

use super::super::model::Picture;
use super::property::object_list;
use super::{Files, Object, Reader, Value, number_in, text_in};
use base64::Engine;
use std::collections::HashMap;
use std::io::Cursor;
use tiny_skia::Pixmap;

/// The largest width or height of a picture, in pixels.
const MAX_IMAGE_SIDE: u32 = 4096;
/// The most pixels of all pictures together.
const MAX_IMAGE_PIXELS: u64 = 64 << 20;
/// The most compositions in a file.
const MAX_COMPOSITIONS: usize = 10_000;

/// The layer lists of the compositions, and their place by id.
pub(super) fn compositions<'a>(
    root: &'a Object<'a>,
) -> (Vec<&'a [Value<'a>]>, HashMap<String, usize>) {
    let mut lists = Vec::new();
    let mut by_id = HashMap::new();
    for asset in object_list(root.get("assets")).take(MAX_COMPOSITIONS) {
        let layers = asset.get("layers").and_then(Value::as_array);
        if let (Some(layers), Some(id)) = (layers, text_in(asset, "id")) {
            by_id.entry(id.to_owned()).or_insert(lists.len());
            lists.push(layers);
        }
    }
    (lists, by_id)
}

/// The decoded pictures, and their place by id.
pub(super) fn images(
    root: &Object<'_>,
    files: &dyn Files,
    reader: &mut Reader<'_>,
) -> (Vec<Picture>, HashMap<String, usize>) {
    let mut images = Vec::new();
    let mut by_id = HashMap::new();
    let mut pixels_left = MAX_IMAGE_PIXELS;
    for asset in object_list(root.get("assets")) {
        let (Some(path), Some(id)) = (text_in(asset, "p"), text_in(asset, "id")) else {
            continue;
        };
        let bytes = match path.strip_prefix("data:") {
            Some(url) => data_url(url),
            None => files.picture(path),
        };
        match bytes.and_then(|b| decode(&b, &mut pixels_left)) {
            Some(image) => {
                by_id.entry(id.to_owned()).or_insert(images.len());
                images.push(Picture {
                    width: number_in(asset, "w", image.width().into()),
                    height: number_in(asset, "h", image.height().into()),
                    pixmap: image,
                });
            }
            None => reader.skip("a picture that is not in the file or cannot be read"),
        }
    }
    (images, by_id)
}

/// The bytes of a data URL, without its `data:`.
pub(super) fn data_url(url: &str) -> Option<Vec<u8>> {
    let (kind, data) = url.split_once(',')?;
    let data: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    kind.ends_with("base64").then(|| base64::engine::general_purpose::STANDARD.decode(data).ok())?
}

fn decode(bytes: &[u8], pixels_left: &mut u64) -> Option<Pixmap> {
    let mut reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_IMAGE_SIDE);
    limits.max_image_height = Some(MAX_IMAGE_SIDE);
    reader.limits(limits);
    let image = reader.decode().ok()?.into_rgba8();
    let pixels = u64::from(image.width()) * u64::from(image.height());
    *pixels_left = pixels_left.checked_sub(pixels)?;
    let mut pixmap = Pixmap::new(image.width(), image.height())?;
    for (out, c) in pixmap.pixels_mut().iter_mut().zip(image.pixels()) {
        *out = tiny_skia::ColorU8::from_rgba(c[0], c[1], c[2], c[3]).premultiply();
    }
    Some(pixmap)
}
