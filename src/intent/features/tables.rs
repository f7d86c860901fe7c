//! How often each token came, by its id.

use super::token::{self, IDS};

/// So many ids of a namespace count, those that come most often.
const MAX_IDS: usize = 256;

/// How often each id of a namespace came, up to 255 times.
pub(super) struct Ids {
    counts: Vec<u8>,
    touched: Vec<u16>,
}

impl Ids {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; IDS], touched: Vec::new() }
    }

    pub(super) fn count(&mut self, space: usize, token: &[u8]) {
        let id = token::id(space.to_le_bytes()[0], token);
        let count = &mut self.counts[usize::from(id)];
        if *count == 0 {
            self.touched.push(id);
        }
        *count = count.saturating_add(1);
    }

    /// Appends ln(1 + count) by bucket, of the ids that came most often, and forgets all.
    pub(super) fn fold(&mut self, buckets: usize, inputs: &mut Vec<f32>) {
        let counts = &self.counts;
        let rank = |id: &u16| (std::cmp::Reverse(counts[usize::from(*id)]), *id);
        if self.touched.len() > MAX_IDS {
            self.touched.select_nth_unstable_by_key(MAX_IDS, rank);
        }
        let mut folded = vec![0_u32; buckets];
        for id in self.touched.iter().take(MAX_IDS) {
            folded[usize::from(*id) % buckets] += u32::from(counts[usize::from(*id)]);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 255 of each of 256 ids")]
        inputs.extend(folded.iter().map(|count| (1.0 + *count as f32).ln()));
        for id in self.touched.drain(..) {
            self.counts[usize::from(id)] = 0;
        }
    }
}

/// Which tokens are on both sides.
pub(super) struct Overlap {
    counts: Vec<[u32; 2]>,
    touched: Vec<u16>,
}

/// Tokens on both sides, on any, and how many different ones are new or gone.
#[derive(Clone, Copy, Default)]
pub(super) struct Shared {
    pub(super) both: f64,
    pub(super) any: f64,
    pub(super) new: f64,
    pub(super) gone: f64,
}

impl Overlap {
    pub(super) fn new() -> Self {
        Self { counts: vec![[0; 2]; IDS], touched: Vec::new() }
    }

    pub(super) fn count(&mut self, side: usize, id: u16) {
        let counts = &mut self.counts[usize::from(id)];
        if *counts == [0; 2] {
            self.touched.push(id);
        }
        counts[side] += 1;
    }

    pub(super) fn take(&mut self) -> Shared {
        let mut shared = Shared::default();
        for id in self.touched.drain(..) {
            let [added, deleted] = std::mem::take(&mut self.counts[usize::from(id)]);
            shared.both += f64::from(added.min(deleted));
            shared.any += f64::from(added.max(deleted));
            shared.new += f64::from(u8::from(deleted == 0));
            shared.gone += f64::from(u8::from(added == 0));
        }
        shared
    }
}
