//! `pack sheet`: all of a pet in one picture.

use crate::cli::{Failure, skin, source};
use buddy_render::frame::Frame;
use buddy_render::frame::quantize::{Palette, straight_rgb};
use buddy_render::pet::sheet::{self, Plan};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct SheetArgs {
    /// The pet, by name, folder or .buddypack
    pet: String,
    /// A skin, or all; may be given again
    #[arg(long, value_name = "NAME", default_value = "classic")]
    skin: Vec<String>,
    /// The side of one picture, in pixels; may be given again
    #[arg(long, default_value = "96", value_parser = clap::value_parser!(u32).range(8..=512))]
    size: Vec<u32>,
    /// Pictures a clip; 0 for key poses alone, on dark and on light
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=32))]
    columns: u32,
    /// Write it in so many colours, so that the file is small
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=256))]
    colors: Option<u16>,
    /// The PNG to write; - is standard output
    #[arg(short, long)]
    output: PathBuf,
}

pub(super) fn run(args: &SheetArgs) -> Result<(), Failure> {
    let pet = source::open_pet(&args.pet)?;
    let mut skins = Vec::new();
    for name in &args.skin {
        if name == "all" {
            skins.extend(pet.skins().into_iter().map(str::to_owned));
        } else {
            skin::check(&pet, name)?;
            skins.push(name.clone());
        }
    }
    let plan = Plan { skins, sizes: args.size.clone(), columns: args.columns };
    let frame = sheet::draw(&pet, &plan).map_err(|e| Failure::because(pet.name(), &e))?;
    let png = match args.colors {
        None => crate::cli::render::png(&frame)?,
        Some(colors) => indexed(&frame, colors)?,
    };
    source::write_file(&args.output, &png)
}

/// An opaque picture as a PNG with a palette (PNG specification, third edition, 11.2.2, "PLTE").
fn indexed(frame: &Frame, colors: u16) -> Result<Vec<u8>, Failure> {
    let failed = |error: png::EncodingError| Failure::because("the PNG", &error);
    let pixels = || frame.pixmap().pixels().iter().map(|pixel| straight_rgb(*pixel));
    let mut palette = Palette::build(pixels(), usize::from(colors));
    let indices: Vec<u8> = pixels().map(|rgb| palette.index(rgb)).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, frame.size().width, frame.size().height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.colors().concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&indices).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}
