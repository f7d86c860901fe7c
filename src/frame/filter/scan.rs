//! Scan lines: every so many rows one is darker, as on a tube.

use super::part::Part;
use super::{Stage, byte, length};
use tiny_skia::Pixmap;

/// Dark lines across a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanLines {
    /// From one line to the next, a share of the shorter side; two pixels at least.
    pub period: f32,
    /// How much darker a line is, 0 to 1.
    pub strength: f32,
}

impl ScanLines {
    /// The rows from one line to the next, and how many of them are the line.
    fn rows(self, side: u32) -> (usize, usize) {
        let period = usize::from(crate::units::round_u16(length(self.period, side))).max(2);
        (period, (period / 3).max(1))
    }

    /// How much darker a line is where it takes more of a picture than its third of the period.
    fn strength(self, side: u32) -> f32 {
        self.strength * (length(self.period, side) / 3.0).min(1.0)
    }
}

impl Stage for ScanLines {
    fn touched(&self, part: Part, _: u32) -> Part {
        part
    }

    fn draw(&mut self, from: &Pixmap, into: &mut Pixmap, part: Part) {
        let side = from.width().min(from.height());
        let (period, thick) = self.rows(side);
        let strength = self.strength(side);
        let (dimmed, width) = (dimmed(strength), from.width() as usize * 4);
        for y in part.top..part.bottom {
            let row = y * width + part.left * 4..y * width + part.right * 4;
            let (old, new) = (&from.data()[row.clone()], &mut into.data_mut()[row]);
            if y % period < period - thick {
                new.copy_from_slice(old);
                continue;
            }
            for (old, new) in old.chunks_exact(4).zip(new.chunks_exact_mut(4)) {
                let dark = [0, 1, 2].map(|n| dimmed[usize::from(old[n])]);
                new[..3].copy_from_slice(&dark);
                // What is opaque stays so; a haze gets thinner as a whole, else it were soot.
                let clear = f32::from(255 - old[3]) / 255.0;
                new[3] = byte(f32::from(old[3]) * (1.0 - strength * clear));
            }
        }
    }
}

fn dimmed(strength: f32) -> [u8; 256] {
    let mut table = [0; 256];
    // Rounded down, so that no colour outshines its alpha.
    for (value, slot) in (0_u8..=255).zip(&mut table) {
        *slot = byte((f32::from(value) * (1.0 - strength) - 0.5).max(0.0));
    }
    table
}
