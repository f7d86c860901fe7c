//! Ordered dithering: a fixed pattern, so that a still pixel stays still from frame to frame.

/// Bayer's 4×4 threshold matrix (B. E. Bayer, 1973).
const BAYER: [[i16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
/// How far apart, in 8-bit steps, the pattern pulls a colour: a little less than the step between
/// neighbouring colours of a 256-colour palette over the whole cube (255 / 6.3).
const SPREAD: i16 = 24;

/// `rgb` of the pixel at (`x`, `y`), nudged by the pattern.
#[must_use]
pub fn ordered(rgb: [u8; 3], x: usize, y: usize) -> [u8; 3] {
    let nudge = (BAYER[y % 4][x % 4] * 2 - 15) * SPREAD / 32;
    rgb.map(|v| v.saturating_add_signed(i8::try_from(nudge).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_balanced_and_small() {
        let all = (0..16).map(|n| i32::from(ordered([128; 3], n % 4, n / 4)[0]) - 128);
        assert_eq!(all.clone().sum::<i32>(), 0);
        assert!(all.map(i32::abs).max().unwrap() <= i32::from(SPREAD / 2));
    }
}
