//! Where the pet stands: a box of whole cells in a corner, which shrinks and then goes with the
//! window.

use crate::protocol::Placement;
use crate::units::{CellPosition, CellSize, Corner, Geometry};

/// The box where none was asked for.
pub const DEFAULT_SIZE: CellSize = CellSize::new(16, 8);

/// A smaller box shows no pet that anyone could recognise; the pet hides instead.
pub const SMALLEST: CellSize = CellSize::new(6, 3);

/// The box for a pet of `wanted` cells in `corner`: never more than a third of the window's
/// columns or half of its rows, and `None` where that leaves less than [`SMALLEST`].
///
/// At the bottom one row is kept free, because a picture that reaches the last row makes some
/// terminals scroll.
#[must_use]
pub fn place(geometry: Geometry, wanted: CellSize, corner: Corner) -> Option<Placement> {
    let window = geometry.window;
    let most = CellSize::new(window.cols / 3, window.rows / 2);
    let size = shrink(wanted, most)?;
    let (right, bottom) = match corner {
        Corner::TopRight => (true, false),
        Corner::TopLeft => (false, false),
        Corner::BottomRight => (true, true),
        Corner::BottomLeft => (false, true),
    };
    let col = if right { window.cols - size.cols } else { 0 };
    let row = if bottom { window.rows - size.rows - 1 } else { 0 };
    Some(Placement { at: CellPosition { col, row }, size, cell: geometry.cell })
}

/// `wanted` made smaller, its shape kept, until it fits into `most`.
fn shrink(wanted: CellSize, most: CellSize) -> Option<CellSize> {
    let factor = (f32::from(most.cols) / f32::from(wanted.cols))
        .min(f32::from(most.rows) / f32::from(wanted.rows))
        .min(1.0);
    let scale = |cells: u16| crate::units::round_u16(f32::from(cells) * factor);
    let size = CellSize::new(
        scale(wanted.cols).min(most.cols).min(wanted.cols),
        scale(wanted.rows).min(most.rows).min(wanted.rows),
    );
    (size.cols >= SMALLEST.cols.min(wanted.cols)
        && size.rows >= SMALLEST.rows.min(wanted.rows)
        && size.cols > 0
        && size.rows > 0)
        .then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(geometry: &str) -> Option<(u16, u16, u16, u16)> {
        let p = place(geometry.parse().unwrap(), DEFAULT_SIZE, Corner::TopRight)?;
        Some((p.at.col, p.at.row, p.size.cols, p.size.rows))
    }

    #[test]
    fn the_pet_stands_in_the_corner_shrinks_and_goes() {
        assert_eq!(at("80x24@10x20"), Some((64, 0, 16, 8)));
        assert_eq!(at("36x24@10x20"), Some((24, 0, 12, 6)));
        assert_eq!(at("80x10@10x20"), Some((70, 0, 10, 5)));
        assert_eq!(at("17x24@10x20"), None);
        assert_eq!(at("80x5@10x20"), None);
        assert_eq!(at("1x1@1x1"), None);
    }

    #[test]
    fn the_last_row_stays_free() {
        for corner in [Corner::BottomLeft, Corner::BottomRight] {
            let p = place("80x24@9x18".parse().unwrap(), DEFAULT_SIZE, corner).unwrap();
            assert_eq!(p.at.row + p.size.rows, 23);
        }
    }
}
