//! The image ids that are ours, and which of them are in use.

/// Image ids to use: such as the colour of a Unicode placeholder can carry, with or without its
/// third combining character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    first: u32,
    len: u32,
}

/// Palette colours below are those that people choose themselves, and multiplexers write them in
/// other ways than the rest.
const FIRST_OF_8_BITS: u32 = 16;

impl IdRange {
    /// How many ids a range of 24 bits holds.
    pub const LEN: u32 = 4096;

    /// A range chosen by `seed`: the same seed, the same ids; never id 0. Two programs with seeds
    /// of their own meet with a probability of about 1 in 2000.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let starts = u64::from((1_u32 << 24) - Self::LEN - 1);
        let first = u32::try_from(mixed(seed) % starts).unwrap_or(0) + 1;
        Self { first, len: Self::LEN }
    }

    /// A range of 240 ids for placeholders whose colour is one of a palette: the lowest byte is the
    /// colour, the highest is chosen by `seed`, and the two between are 0. Two programs with seeds
    /// of their own meet with a probability of 1 in 255.
    #[must_use]
    pub fn of_8_bits(seed: u64) -> Self {
        let highest = u32::try_from(mixed(seed) % 255).unwrap_or(0) + 1;
        Self { first: highest << 24 | FIRST_OF_8_BITS, len: 256 - FIRST_OF_8_BITS }
    }

    /// Whether `id` is one of ours.
    #[must_use]
    pub fn contains(self, id: u32) -> bool {
        (self.first..self.first + self.len).contains(&id)
    }

    /// The id of the still picture: the range's first.
    pub(super) const fn still(self) -> u32 {
        self.first
    }
}

/// `SplitMix64`'s finalizer: near seeds give far ranges.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Which ids of a range clips have.
#[derive(Debug)]
pub(super) struct Ids {
    range: IdRange,
    next: u32,
    returned: Vec<u32>,
}

impl Ids {
    pub(super) const fn new(range: IdRange) -> Self {
        Self { range, next: range.still() + 1, returned: Vec::new() }
    }

    /// How many can still be taken.
    pub(super) fn left(&self) -> usize {
        let fresh = self.range.first + self.range.len - self.next;
        self.returned.len() + usize::try_from(fresh).unwrap_or(usize::MAX)
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        if let Some(id) = self.returned.pop() {
            return Some(id);
        }
        let id = self.range.contains(self.next).then_some(self.next)?;
        self.next += 1;
        Some(id)
    }

    pub(super) fn give_back(&mut self, id: u32) {
        self.returned.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_eight_bits_are_colours_of_a_palette() {
        for seed in 0..99 {
            let mut ids = Ids::new(IdRange::of_8_bits(seed));
            let (left, mut taken) = (ids.left(), Vec::new());
            while let Some(id) = ids.take() {
                let [highest, 0, 0, color] = id.to_be_bytes() else { panic!("{id:x}") };
                assert!(highest > 0 && color > 16);
                taken.push(id);
            }
            assert_eq!((taken.len(), ids.left()), (left, 0));
            ids.give_back(taken[3]);
            assert_eq!((ids.left(), ids.take(), ids.take()), (1, Some(taken[3]), None));
        }
    }
}
