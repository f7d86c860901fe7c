//! `encode`: one PNG's bytes, to try the encoders alone.

use super::{Failure, render, source};
use buddy_render::frame::Frame;
use buddy_render::player::encoder;
use buddy_render::protocol::Placement;
use buddy_render::terminal::Protocol;
use buddy_render::units::{CellPosition, CellSize, Geometry, PixelSize};
use clap::Args;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct EncodeArgs {
    /// The picture: it goes, whole, into as many cells as it covers
    file: PathBuf,
    /// kitty, iterm2, sixel, symbols or ascii
    #[arg(long, value_name = "P")]
    protocol: Protocol,
    /// The terminal: its cells, and one cell's pixels
    #[arg(long, value_name = "COLSxROWS@WxH")]
    geometry: Geometry,
    /// The top left cell, zero-based
    #[arg(long, value_name = "COL,ROW", value_parser = position, default_value = "0,0")]
    at: CellPosition,
    /// Decides the ids
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A tier of the protocol, such as octant for symbols
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
}

fn position(text: &str) -> Result<CellPosition, String> {
    let parse = || {
        let (col, row) = text.split_once(',')?;
        Some(CellPosition { col: col.parse().ok()?, row: row.parse().ok()? })
    };
    parse().ok_or_else(|| "a position is written COL,ROW, such as 64,0".to_owned())
}

pub(super) fn run(args: &EncodeArgs) -> Result<(), Failure> {
    let bytes = source::read_file(&args.file)?;
    let shown = args.file.display();
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(buddy_render::frame::MAX_SIDE);
    limits.max_image_height = Some(buddy_render::frame::MAX_SIDE);
    let mut reader =
        image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Png);
    reader.limits(limits);
    let picture =
        reader.decode().map_err(|e| Failure::because(shown, &e).hint("give a PNG"))?.to_rgba8();
    let size = PixelSize::new(picture.width(), picture.height());
    let frame = Frame::from_straight_rgba(size, &picture)
        .map_err(|e| Failure::because(args.file.display(), &e))?;
    let at = place(args, size)?;
    let frame = pad(&frame, at.pixels())?;
    if args.protocol == Protocol::Text {
        return Err(
            Failure::usage("the text protocol shows no pictures").hint("try --protocol symbols")
        );
    }
    let choice = encoder::unasked(args.protocol, args.geometry, args.tier.as_deref())
        .map_err(|e| Failure::usage(e.to_string()))?;
    let mut encoder = encoder::encoder(&choice, args.seed);
    let mut out = Vec::new();
    encoder.encode(&frame, &at, &mut out).map_err(|e| Failure::because("the frame", &e))?;
    Ok(std::io::stdout().lock().write_all(&out)?)
}

fn place(args: &EncodeArgs, size: PixelSize) -> Result<Placement, Failure> {
    let Geometry { window, cell } = args.geometry;
    let cells = |pixels: u32, cell: u16| {
        u16::try_from(pixels.div_ceil(u32::from(cell))).unwrap_or(u16::MAX)
    };
    let box_size = CellSize::new(cells(size.width, cell.width), cells(size.height, cell.height));
    let fits = u32::from(args.at.col) + u32::from(box_size.cols) <= u32::from(window.cols)
        && u32::from(args.at.row) + u32::from(box_size.rows) <= u32::from(window.rows);
    if !fits {
        return Err(Failure::usage(format!(
            "{size} pixels are {box_size} cells, which do not fit into {window} there"
        ))
        .hint("give a larger --geometry, another --at, or a smaller picture"));
    }
    Ok(Placement { at: args.at, size: box_size, cell })
}

/// The frame in the top left of a transparent one of whole cells.
fn pad(frame: &Frame, size: PixelSize) -> Result<Frame, Failure> {
    if frame.size() == size {
        return Ok(frame.clone());
    }
    render::copy_into(frame, size)
}
