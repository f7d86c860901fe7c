//! Glyphs as sets of sub-cells. A set is a mask: bit 0 is the top left sub-cell, then row by row,
//! as Unicode numbers them in `BLOCK SEXTANT-…` and `BLOCK OCTANT-…` (there from 1).

use super::SymbolMode;

/// The sub-cells of a cell and the glyph of each set of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyphs {
    /// Sub-cells from left to right.
    pub(super) across: u32,
    /// Sub-cells from top to bottom.
    pub(super) down: u32,
    /// The glyph of a mask. Its length is 2 to the number of sub-cells.
    table: &'static [char],
    /// Whether the glyphs fill their sub-cells; dots do not.
    pub(super) solid: bool,
    /// Whether there are shades, and then only those sets of sub-cells that [`WHOLE`] lists.
    pub(super) shaded: bool,
}

/// No cell has more sub-cells.
pub(super) const MAX_PARTS: usize = 8;

impl Glyphs {
    pub(super) fn of(mode: SymbolMode) -> Self {
        let (across, down, table): (_, _, &[char]) = match mode {
            SymbolMode::HalfBlock => (1, 2, &HALVES),
            SymbolMode::Quadrant => (2, 2, &QUADRANTS),
            SymbolMode::Sextant => (2, 3, &SEXTANTS),
            SymbolMode::Octant => (2, 4, &OCTANTS),
            SymbolMode::Braille => (2, 4, &BRAILLE),
            SymbolMode::CodePage437 => (2, 2, &QUADRANTS),
        };
        let solid = mode != SymbolMode::Braille;
        Self { across, down, table, solid, shaded: mode == SymbolMode::CodePage437 }
    }

    /// How many sub-cells a cell has.
    pub(super) fn parts(&self) -> usize {
        (self.across * self.down) as usize
    }

    /// The mask of all sub-cells.
    pub(super) fn full(&self) -> u8 {
        u8::try_from(self.table.len() - 1).unwrap_or(u8::MAX)
    }

    pub(super) fn glyph(&self, mask: u8) -> char {
        self.table[usize::from(mask & self.full())]
    }

    /// The glyph of a shade, of which so many dots of four are set.
    pub(super) fn shade(quarters: u8) -> char {
        SHADES[usize::from(quarters.min(3))]
    }

    /// The set to draw where one colour is all there is and terminals lack the glyph of `mask`.
    pub(super) fn instead_of(&self, mask: u8) -> Option<u8> {
        let octants = self.table.len() == OCTANTS.len() && self.solid;
        let undrawn = UNDRAWN.iter().filter(|_| octants);
        undrawn.copied().find_map(|(lacking, near)| (lacking == mask).then_some(near))
    }
}

/// The octants that are not among U+1CD00–U+1CDE5 and that terminals forgot: kitty 0.41.1 draws four of
/// these as boxes, foot 1.21 all six. Beside each is a set that has it in it.
const UNDRAWN: [(u8, u8); 6] = [
    (0b00_00_00_01, 0b00_00_01_01),
    (0b00_00_00_10, 0b00_00_10_10),
    (0b00_01_01_00, 0b00_01_01_01),
    (0b00_10_10_00, 0b00_10_10_10),
    (0b01_00_00_00, 0b01_01_00_00),
    (0b10_00_00_00, 0b10_10_00_00),
];

/// The sets of quarters that code page 437 has glyphs for: upper, lower, left, right half, and all.
pub(super) const WHOLE: [u8; 5] = [0b00_11, 0b11_00, 0b01_01, 0b10_10, 0b11_11];
const SHADES: [char; 4] = [' ', '░', '▒', '▓'];
const HALVES: [char; 4] = [' ', '▀', '▄', '█'];
const QUADRANTS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
static SEXTANTS: [char; 64] = sextants();
static OCTANTS: [char; 256] = octants();
static BRAILLE: [char; 256] = braille();

const LEFT: u8 = 0b01_01_01_01;
const RIGHT: u8 = 0b10_10_10_10;

/// U+1FB00 and on: every set of six in the order of its mask, but for the four that were encoded
/// before.
const fn sextants() -> [char; 64] {
    let mut table = [' '; 64];
    let (mut mask, mut next) = (0, 0x1_FB00);
    while mask < 64 {
        table[mask as usize] = match mask {
            0 => ' ',
            0x3F => '█',
            _ if mask == LEFT & 0x3F => '▌',
            _ if mask == RIGHT & 0x3F => '▐',
            _ => in_turn(&mut next),
        };
        mask += 1;
    }
    table
}

/// U+1CD00 and on: every set of eight in the order of its mask, but for the 26 that are encoded
/// elsewhere.
const fn octants() -> [char; 256] {
    let mut table = [' '; 256];
    let (mut mask, mut next) = (0_u16, 0x1_CD00);
    while mask < 256 {
        let [low, _] = mask.to_le_bytes();
        table[mask as usize] = match elsewhere(low) {
            Some(glyph) => glyph,
            None => in_turn(&mut next),
        };
        mask += 1;
    }
    table
}

/// The octants that are not among U+1CD00–U+1CDE5.
const fn elsewhere(mask: u8) -> Option<char> {
    // Quadrants: both rows of the upper half are alike, and both of the lower half.
    if mask & 0b11 == mask >> 2 & 0b11 && mask >> 4 & 0b11 == mask >> 6 {
        return Some(QUADRANTS[(mask & 0b11 | mask >> 4 << 2 & 0b1100) as usize]);
    }
    Some(match mask {
        0b00_00_00_01 => '\u{1CEA8}', // LEFT HALF UPPER ONE QUARTER BLOCK
        0b00_00_00_10 => '\u{1CEAB}', // RIGHT HALF UPPER ONE QUARTER BLOCK
        0b00_00_00_11 => '\u{1FB82}', // UPPER ONE QUARTER BLOCK
        0b00_01_01_00 => '\u{1FBE6}', // MIDDLE LEFT ONE QUARTER BLOCK
        0b00_10_10_00 => '\u{1FBE7}', // MIDDLE RIGHT ONE QUARTER BLOCK
        0b00_11_11_11 => '\u{1FB85}', // UPPER THREE QUARTERS BLOCK
        0b01_00_00_00 => '\u{1CEA3}', // LEFT HALF LOWER ONE QUARTER BLOCK
        0b10_00_00_00 => '\u{1CEA0}', // RIGHT HALF LOWER ONE QUARTER BLOCK
        0b11_00_00_00 => '▂',         // LOWER ONE QUARTER BLOCK
        0b11_11_11_00 => '▆',         // LOWER THREE QUARTERS BLOCK
        _ => return None,
    })
}

/// U+2800 and on: the low bits are dots 1 to 8, which run down the left column, down the right one,
/// and then along a fourth row that came later.
const fn braille() -> [char; 256] {
    const DOTS: [u8; MAX_PARTS] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
    let mut table = [' '; 256];
    let mut mask = 1;
    while mask < 256 {
        let (mut dots, mut part) = (0x2800, 0);
        while part < MAX_PARTS {
            if mask >> part & 1 == 1 {
                dots |= DOTS[part] as u32;
            }
            part += 1;
        }
        table[mask] = in_turn(&mut dots);
        mask += 1;
    }
    table
}

/// The character of a number, which is then one more.
const fn in_turn(next: &mut u32) -> char {
    *next += 1;
    match char::from_u32(*next - 1) {
        Some(glyph) => glyph,
        None => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digits in a name such as BLOCK OCTANT-1257.
    fn named(digits: &str) -> u8 {
        digits.bytes().fold(0, |mask, digit| mask | 1 << (digit - b'1'))
    }

    /// From Unicode's list of names (16.0), here and there in the block, and both of its ends.
    #[test]
    fn glyphs_are_those_of_their_names() {
        let octant = [
            ("3", 0x1_CD00),
            ("23", 0x1_CD01),
            ("123", 0x1_CD02),
            ("4", 0x1_CD03),
            ("257", 0x1_CD46),
            ("1358", 0x1_CD85),
            ("24678", 0x1_CDD5),
            ("2345678", 0x1_CDE5),
        ];
        for (digits, code) in octant {
            assert_eq!(u32::from(OCTANTS[usize::from(named(digits))]), code, "octant {digits}");
        }
        let sextant = [
            ("1", 0x1_FB00),
            ("12", 0x1_FB02),
            ("235", 0x1_FB14),
            ("1345", 0x1_FB1B),
            ("16", 0x1_FB1F),
            ("2346", 0x1_FB2B),
            ("23456", 0x1_FB3B),
        ];
        for (digits, code) in sextant {
            assert_eq!(u32::from(SEXTANTS[usize::from(named(digits))]), code, "sextant {digits}");
        }
        assert_eq!(BRAILLE[usize::from(named("1"))], '⠁');
        assert_eq!(BRAILLE[usize::from(named("2"))], '⠈', "braille's dot 4");
        assert_eq!(BRAILLE[usize::from(named("7"))], '⡀');
        assert_eq!(BRAILLE[255], '⣿');
    }

    #[test]
    fn every_set_has_a_glyph_of_its_own_and_blocks_are_full() {
        for table in [&HALVES[..], &QUADRANTS, &SEXTANTS, &OCTANTS, &BRAILLE] {
            let all: std::collections::HashSet<_> = table.iter().collect();
            assert_eq!(all.len(), table.len());
        }
        let within = |table: &[char], from: u32, to: u32| {
            table.iter().filter(|c| (from..=to).contains(&u32::from(**c))).count()
        };
        let octants = Glyphs::of(SymbolMode::Octant);
        for (lacking, near) in UNDRAWN {
            assert_eq!(octants.instead_of(lacking), Some(near));
            assert_eq!(octants.instead_of(near), None);
            assert_eq!(octants.instead_of(!lacking), None);
            assert_eq!(near & lacking, lacking);
        }
        assert_eq!(Glyphs::of(SymbolMode::Braille).instead_of(1), None);
        assert_eq!(within(&OCTANTS, 0x1_CD00, 0x1_CDE5), 230);
        assert_eq!(within(&SEXTANTS, 0x1_FB00, 0x1_FB3B), 60);
    }
}
