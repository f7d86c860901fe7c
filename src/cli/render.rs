//! `render`: one moment to a PNG.

use super::{Failure, source};
use buddy_render::frame::Frame;
use buddy_render::pet::skin::{CLASSIC, Ground, Outfit};
use buddy_render::scene::Scene;
use buddy_render::scene::dotlottie::DotLottie;
use buddy_render::text::SafeText;
use buddy_render::units::PixelSize;
use clap::{Args, ValueEnum};
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// An .svg, Lottie .json or .lottie file, or a pet
    file: String,
    /// The moment, in seconds from the in-point
    #[arg(long, value_name = "SECONDS", default_value = "0", conflicts_with = "frame")]
    at: f64,
    /// The moment, as a frame of the file, 0 being the in-point
    #[arg(long, value_name = "N")]
    frame: Option<u32>,
    /// The picture's size in pixels
    #[arg(long, value_name = "WxH")]
    size: PixelSize,
    /// What lies behind it: #rrggbb, or nothing
    #[arg(long, value_name = "COLOR", value_parser = colour)]
    background: Option<[u8; 3]>,
    /// What draws it
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Native)]
    engine: Engine,
    /// A theme of the dotLottie file
    #[arg(long, value_name = "ID", conflicts_with = "skin")]
    theme: Option<String>,
    /// A skin of the pet; on a light --background, as it is there
    #[arg(long, value_name = "NAME", default_value = CLASSIC)]
    skin: String,
    /// The PNG to write; - is standard output
    #[arg(short, long, value_name = "OUT.png")]
    output: PathBuf,
}

/// What draws a Lottie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Our own
    Native,
    /// The system's rlottie, to compare with; Lottie and dotLottie files only
    Rlottie,
}

fn colour(text: &str) -> Result<[u8; 3], String> {
    let hex = text.strip_prefix('#').unwrap_or(text);
    let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6);
    let [_, r, g, b] = value.ok_or("a colour is written #rrggbb")?.to_be_bytes();
    Ok([r, g, b])
}

pub(super) fn run(args: &RenderArgs) -> Result<(), Failure> {
    let mut scene = match args.engine {
        Engine::Native => match &args.theme {
            Some(theme) => open_in_theme(&args.file, theme)?,
            None => {
                let ground = Ground::of(args.background);
                let outfit = Outfit { skin: Some(args.skin.clone()), ground };
                source::open_drawing(&args.file, &outfit)?.scene
            }
        },
        Engine::Rlottie => open_in_rlottie(&args.file)?,
    };
    let at = moment(args, scene.as_ref())?;
    let mut frame = Frame::new(args.size).map_err(|e| Failure::usage(e.to_string()))?;
    scene.draw(at, &mut frame);
    for line in scene.unsupported() {
        super::say(format_args!("{}: not drawn: {line}", args.file));
    }
    if let Some(background) = args.background {
        frame = over(&frame, background)?;
    }
    source::write_file(&args.output, &png(&frame)?)
}

fn open_in_theme(file: &str, theme: &str) -> Result<Box<dyn Scene>, Failure> {
    let because = |error| Failure::because(file, &error);
    let bytes = source::read_file(std::path::Path::new(file))?;
    let container = DotLottie::open(&bytes).map_err(because)?;
    let Some(active) = container.active() else {
        return Err(Failure::usage(format!("{file} holds no animation")));
    };
    let mut scene = container.animation(active).map_err(because)?;
    let known = || format!("its themes: {}", SafeText::new(&container.themes().join(", ")));
    let theme = container.theme(theme).map_err(|error| because(error).hint(known()))?;
    for line in theme.skipped().iter().chain(&scene.set_theme(Some(&theme), active)) {
        super::say(format_args!("{file}: not in the theme: {}", SafeText::new(line)));
    }
    Ok(Box::new(scene))
}

#[cfg(all(unix, feature = "rlottie"))]
fn open_in_rlottie(file: &str) -> Result<Box<dyn Scene>, Failure> {
    let bytes = source::read_file(std::path::Path::new(file))?;
    let scene = buddy_render::scene::rlottie::load(&bytes).map_err(|error| {
        Failure::because(file, &error).hint("leave out --engine to draw it with our own")
    })?;
    Ok(Box::new(scene))
}

#[cfg(not(all(unix, feature = "rlottie")))]
fn open_in_rlottie(_: &str) -> Result<Box<dyn Scene>, Failure> {
    Err(Failure::usage("--engine rlottie: this build has no rlottie").hint(
        "on Linux or macOS: apt install librlottie-dev libclang-dev (or your system's names for them), then cargo build --features rlottie",
    ))
}

fn moment(args: &RenderArgs, scene: &dyn Scene) -> Result<Duration, Failure> {
    let seconds = match args.frame {
        // Half a frame's hair inside, so that rounding never falls back to the frame before.
        Some(n) if scene.frame_rate() > 0.0 => {
            (f64::from(n) + 1e-4) / f64::from(scene.frame_rate())
        }
        Some(_) => 0.0,
        None => args.at,
    };
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Failure::usage(format!("--at {seconds}: a moment is 0 or later")))
}

fn over(frame: &Frame, [r, g, b]: [u8; 3]) -> Result<Frame, Failure> {
    let mut below = Frame::new(frame.size()).map_err(|e| Failure::cannot(e.to_string()))?;
    let pixmap = below.pixmap_mut();
    pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
    let paint = tiny_skia::PixmapPaint::default();
    pixmap.draw_pixmap(
        0,
        0,
        frame.pixmap().as_ref(),
        &paint,
        tiny_skia::Transform::identity(),
        None,
    );
    Ok(below)
}

/// A frame of `size` with `frame` in its top left, cut or padded with nothing.
pub(super) fn copy_into(frame: &Frame, size: PixelSize) -> Result<Frame, Failure> {
    let mut out = Frame::new(size).map_err(|e| Failure::usage(e.to_string()))?;
    let paint = tiny_skia::PixmapPaint::default();
    let identity = tiny_skia::Transform::identity();
    out.pixmap_mut().draw_pixmap(0, 0, frame.pixmap().as_ref(), &paint, identity, None);
    Ok(out)
}

/// The frame as a PNG with straight alpha.
pub(super) fn png(frame: &Frame) -> Result<Vec<u8>, Failure> {
    let mut out = Cursor::new(Vec::new());
    let PixelSize { width, height } = frame.size();
    let rgba = frame.to_straight_rgba();
    image::write_buffer_with_format(
        &mut out,
        &rgba,
        width,
        height,
        image::ExtendedColorType::Rgba8,
        image::ImageFormat::Png,
    )
    .map_err(|error| Failure::because("the PNG", &error))?;
    Ok(out.into_inner())
}
