//! `export`: a clip as a picture, an animation or a terminal recording.

use super::skin::SkinArgs;
use super::{Failure, render, source};
use buddy_render::frame::Frame;
use buddy_render::protocol::Encoder as _;
use buddy_render::protocol::Placement;
use buddy_render::protocol::symbols::{Symbols, SymbolsConfig};
use buddy_render::scene::Scene;
use buddy_render::units::{CellPixels, CellPosition, CellSize, PixelSize};
use clap::Args;
use image::codecs::gif::{GifEncoder, Repeat};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No export has more frames.
const MAX_FRAMES: u32 = 3000;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A pet, or an .svg, Lottie .json or .lottie file
    what: String,
    /// The clip; all of the file where none is named
    #[arg(long)]
    clip: Option<String>,
    /// The picture's size in pixels
    #[arg(long, value_name = "WxH", default_value = "160x160")]
    size: PixelSize,
    /// Frames a second, 1 to 60
    #[arg(long, value_name = "N", default_value = "24", value_parser = clap::value_parser!(u32).range(1..=60))]
    fps: u32,
    #[command(flatten)]
    skin: SkinArgs,
    /// What to write: .png (the key pose), .gif, .apng, .webp, or .cast (a terminal recording)
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// The stretch of a scene that is exported.
struct Stretch {
    start: Duration,
    duration: Duration,
    key: Duration,
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let mut drawing = source::open_drawing(&args.what, &args.skin.outfit(None))?;
    let stretch = stretch(args, &drawing)?;
    let kind = args.output.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let bytes = match kind {
        "png" => {
            render::png(&draw(drawing.scene.as_mut(), stretch.start + stretch.key, args.size)?)?
        }
        "gif" => gif(&frames(&mut drawing, &stretch, args)?, args.fps)?,
        "apng" => apng(&frames(&mut drawing, &stretch, args)?, args.fps)?,
        "webp" => webp(&frames(&mut drawing, &stretch, args)?, args.fps)?,
        "cast" => cast(&frames(&mut drawing, &stretch, args)?, args.fps)?,
        _ => {
            return Err(Failure::usage(format!(
                "{}: what kind of file is that?",
                args.output.display()
            ))
            .hint("end the name in .png, .gif, .apng, .webp or .cast"));
        }
    };
    source::write_file(Path::new(&args.output), &bytes)
}

fn stretch(args: &ExportArgs, drawing: &source::Drawing) -> Result<Stretch, Failure> {
    let whole = drawing.scene.duration();
    let Some(name) = args.clip.as_deref().or(drawing.pet.as_ref().map(|_| "idle")) else {
        return Ok(Stretch { start: Duration::ZERO, duration: whole, key: whole / 2 });
    };
    if let Some(clip) = drawing.pet.as_ref().and_then(|pet| pet.clip(name)) {
        return Ok(Stretch { start: clip.start, duration: clip.duration, key: clip.key });
    }
    let segments = drawing.scene.segments();
    let found = segments.iter().find(|s| s.name == name).map(|s| Stretch {
        start: s.start,
        duration: s.duration,
        key: s.duration / 2,
    });
    found.ok_or_else(|| {
        let names: Vec<_> = segments.iter().map(|s| s.name.as_str()).collect();
        Failure::usage(format!("{} has no clip {name:?}", args.what))
            .hint(format!("its clips are: {}", names.join(", ")))
    })
}

fn draw(scene: &mut dyn Scene, at: Duration, size: PixelSize) -> Result<Frame, Failure> {
    let mut frame = Frame::new(size).map_err(|e| Failure::usage(e.to_string()))?;
    scene.draw(at, &mut frame);
    Ok(frame)
}

fn frames(
    drawing: &mut source::Drawing,
    stretch: &Stretch,
    args: &ExportArgs,
) -> Result<Vec<Frame>, Failure> {
    let count = frame_count(stretch.duration, args.fps);
    if count > MAX_FRAMES {
        return Err(Failure::usage(format!(
            "{count} frames are more than the limit of {MAX_FRAMES}"
        ))
        .hint("ask for fewer frames a second with --fps, or for one clip with --clip"));
    }
    (0..count)
        .map(|i| {
            let at = stretch.start + Duration::from_secs_f64(f64::from(i) / f64::from(args.fps));
            draw(drawing.scene.as_mut(), at, args.size)
        })
        .collect()
}

/// How many frames a stretch has: at least one, rounded.
fn frame_count(duration: Duration, fps: u32) -> u32 {
    let nanos = duration.as_nanos() * u128::from(fps) + 500_000_000;
    u32::try_from(nanos / 1_000_000_000).unwrap_or(u32::MAX).max(1)
}

fn buffer(frame: &Frame) -> Result<image::RgbaImage, Failure> {
    let PixelSize { width, height } = frame.size();
    image::RgbaImage::from_raw(width, height, frame.to_straight_rgba())
        .ok_or_else(|| Failure::cannot("a frame has the wrong size"))
}

fn gif(frames: &[Frame], fps: u32) -> Result<Vec<u8>, Failure> {
    let failed = |error: image::ImageError| Failure::because("the GIF", &error);
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut out, 10);
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    for (i, frame) in (0u32..).zip(frames) {
        let mut picture = buffer(frame)?;
        for pixel in picture.pixels_mut() {
            pixel.0[3] = if pixel.0[3] < 128 { 0 } else { 255 };
        }
        // Hundredths of a second, with what is left over carried on.
        let hundredths = (i + 1) * 100 / fps - i * 100 / fps;
        let delay = image::Delay::from_numer_denom_ms(hundredths * 10, 1);
        encoder.encode_frame(image::Frame::from_parts(picture, 0, 0, delay)).map_err(failed)?;
    }
    drop(encoder);
    Ok(out)
}

fn apng(frames: &[Frame], fps: u32) -> Result<Vec<u8>, Failure> {
    let failed = |error: png::EncodingError| Failure::because("the APNG", &error);
    let size = frames.first().map_or(PixelSize::new(1, 1), Frame::size);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.width, size.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(u32::try_from(frames.len()).unwrap_or(MAX_FRAMES), 0).map_err(failed)?;
    encoder.set_frame_delay(1, u16::try_from(fps).unwrap_or(24)).map_err(failed)?;
    encoder.set_blend_op(png::BlendOp::Source).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    for frame in frames {
        writer.write_image_data(&frame.to_straight_rgba()).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// An animated WebP: the extended file format's container (RFC 9649 §2.7) around lossless frames.
fn webp(frames: &[Frame], fps: u32) -> Result<Vec<u8>, Failure> {
    const ALPHA_AND_ANIMATION: u8 = 0x10 | 0x02;
    let size = frames.first().map_or(PixelSize::new(1, 1), Frame::size);
    let mut body = b"WEBP".to_vec();
    let mut header = vec![ALPHA_AND_ANIMATION, 0, 0, 0];
    header.extend(three_bytes(size.width - 1));
    header.extend(three_bytes(size.height - 1));
    chunk(&mut body, *b"VP8X", &header);
    chunk(&mut body, *b"ANIM", &[0; 6]);
    for (i, frame) in (0u32..).zip(frames) {
        let still = lossless(frame)?;
        // The position, the size, the milliseconds, and "replace, do not blend".
        let mut part = vec![0; 6];
        part.extend(three_bytes(size.width - 1));
        part.extend(three_bytes(size.height - 1));
        part.extend(three_bytes((i + 1) * 1000 / fps - i * 1000 / fps));
        part.push(0x02);
        part.extend_from_slice(&still);
        chunk(&mut body, *b"ANMF", &part);
    }
    let mut out = Vec::new();
    chunk(&mut out, *b"RIFF", &body);
    Ok(out)
}

/// The frame's image chunk, without the file around it.
fn lossless(frame: &Frame) -> Result<Vec<u8>, Failure> {
    /// `RIFF`, a length, and `WEBP`.
    const FILE_HEADER: usize = 12;
    let mut file = Vec::new();
    image::codecs::webp::WebPEncoder::new_lossless(&mut file)
        .encode(
            &frame.to_straight_rgba(),
            frame.size().width,
            frame.size().height,
            image::ExtendedColorType::Rgba8,
        )
        .map_err(|error| Failure::because("the WebP", &error))?;
    Ok(file.split_off(FILE_HEADER.min(file.len())))
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    out.extend(name);
    out.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

fn three_bytes(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

/// An asciicast, version 2, of the clip in half blocks.
fn cast(frames: &[Frame], fps: u32) -> Result<Vec<u8>, Failure> {
    let size = frames.first().map_or(PixelSize::new(1, 1), Frame::size);
    let cell = CellPixels::default();
    let whole =
        |pixels: u32, cell: u16| u16::try_from(pixels / u32::from(cell)).unwrap_or(u16::MAX).max(1);
    let cells = CellSize::new(whole(size.width, cell.width), whole(size.height, cell.height));
    let at = Placement { at: CellPosition::default(), size: cells, cell };
    let mut encoder = Symbols::new(SymbolsConfig::default());
    let mut out = serde_json::json!({"version": 2, "width": cells.cols, "height": cells.rows + 1})
        .to_string();
    out.push('\n');
    for (i, frame) in (0u32..).zip(frames) {
        let mut bytes = if i == 0 { b"\x1b[?25l".to_vec() } else { Vec::new() };
        encoder
            .encode(&render::copy_into(frame, at.pixels())?, &at, &mut bytes)
            .map_err(|error| Failure::because("the recording", &error))?;
        bytes.extend(format!("\x1b[{};1H", cells.rows + 1).bytes());
        let time = f64::from(i) / f64::from(fps);
        let line = serde_json::json!([time, "o", String::from_utf8_lossy(&bytes)]);
        out.push_str(&line.to_string());
        out.push('\n');
    }
    Ok(out.into_bytes())
}
