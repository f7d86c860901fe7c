//! Units that must not be confused: pixels, cells, and the pixels of one cell.

use std::fmt;
use std::str::FromStr;

/// A size in device pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelSize {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl PixelSize {
    /// A size of `width` × `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

/// A size in terminal cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellSize {
    /// Cells from left to right.
    pub cols: u16,
    /// Cells from top to bottom.
    pub rows: u16,
}

impl CellSize {
    /// A size of `cols` × `rows` cells.
    #[must_use]
    pub const fn new(cols: u16, rows: u16) -> Self {
        Self { cols, rows }
    }

    /// The same size in pixels, where one cell is `cell` pixels.
    #[must_use]
    pub fn pixels(self, cell: CellPixels) -> PixelSize {
        PixelSize::new(
            u32::from(self.cols) * u32::from(cell.width),
            u32::from(self.rows) * u32::from(cell.height),
        )
    }
}

/// The size of one cell in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellPixels {
    /// Pixels from left to right, at least 1.
    pub width: u16,
    /// Pixels from top to bottom, at least 1.
    pub height: u16,
}

impl CellPixels {
    /// A cell of `width` × `height` pixels.
    #[must_use]
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }
}

impl Default for CellPixels {
    /// 10×20, the virtual cell of the VT340 and of Windows Terminal.
    fn default() -> Self {
        Self::new(10, 20)
    }
}

/// A position in cells, zero-based from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct CellPosition {
    /// Zero-based column.
    pub col: u16,
    /// Zero-based row.
    pub row: u16,
}

/// A rectangle in pixels of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelRect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width; 0 means nothing.
    pub width: u32,
    /// Height; 0 means nothing.
    pub height: u32,
}

impl PixelRect {
    /// No pixel.
    pub const NONE: Self = Self { x: 0, y: 0, width: 0, height: 0 };

    /// The rectangle that covers all of `size`.
    #[must_use]
    pub const fn all(size: PixelSize) -> Self {
        Self { x: 0, y: 0, width: size.width, height: size.height }
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// The window's size in cells, and one cell's in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// The window in cells.
    pub window: CellSize,
    /// One cell in pixels.
    pub cell: CellPixels,
}

/// Which corner of the window the pet lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Corner {
    /// The default.
    #[default]
    TopRight,
    /// Top left.
    TopLeft,
    /// Bottom right.
    BottomRight,
    /// Bottom left.
    BottomLeft,
}

/// What was wrong with a size, a geometry or a corner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {wanted}")]
pub struct UnitError {
    given: String,
    wanted: &'static str,
}

fn pair<T: FromStr + PartialOrd + Default>(text: &str) -> Option<(T, T)> {
    let (a, b) = text.split_once(['x', 'X', '×'])?;
    let (a, b) = (a.parse().ok()?, b.parse().ok()?);
    (a > T::default() && b > T::default()).then_some((a, b))
}

fn wrong(given: &str, wanted: &'static str) -> UnitError {
    UnitError { given: given.chars().take(40).collect(), wanted }
}

impl FromStr for PixelSize {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        pair(text)
            .map(|(width, height)| Self { width, height })
            .ok_or_else(|| wrong(text, "a size in pixels such as 160x160"))
    }
}

impl FromStr for CellSize {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        pair(text)
            .map(|(cols, rows)| Self { cols, rows })
            .ok_or_else(|| wrong(text, "a size in cells such as 16x8"))
    }
}

impl FromStr for Geometry {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let parse = || {
            let (window, cell) = text.split_once('@')?;
            let (width, height) = pair(cell)?;
            Some(Self { window: window.parse().ok()?, cell: CellPixels { width, height } })
        };
        parse()
            .ok_or_else(|| wrong(text, "a geometry such as 80x24@10x20 (cells@pixels of a cell)"))
    }
}

impl FromStr for Corner {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text {
            "top-right" => Ok(Self::TopRight),
            "top-left" => Ok(Self::TopLeft),
            "bottom-right" => Ok(Self::BottomRight),
            "bottom-left" => Ok(Self::BottomLeft),
            _ => Err(wrong(text, "one of top-right, top-left, bottom-right, bottom-left")),
        }
    }
}

impl fmt::Display for PixelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl fmt::Display for CellSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}x{}", self.window, self.cell.width, self.cell.height)
    }
}

/// `value` rounded to the nearest whole number a `u16` can hold; NaN is 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is wanted"
)]
pub(crate) fn round_u16(value: f32) -> u16 {
    value.round() as u16
}

/// `value` rounded to the nearest whole number a `u32` can hold; NaN is 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is wanted"
)]
pub(crate) fn round_u32(value: f64) -> u32 {
    value.round() as u32
}

/// The luma of a colour (ITU-R BT.601), in thousandths of 0 to 255.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u32 {
    299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometry_reads_and_prints_alike() {
        let g: Geometry = "80x24@10x20".parse().unwrap();
        assert_eq!(g.window, CellSize::new(80, 24));
        assert_eq!(g.to_string(), "80x24@10x20");
        for bad in ["", "80x24", "0x24@10x20", "80x24@0x1", "99999999x1@1x1", "ax1@1x1"] {
            assert!(bad.parse::<Geometry>().is_err(), "{bad}");
        }
    }
}
