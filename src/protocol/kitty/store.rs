//! The clips that the terminal holds, and which of them was used last.

use super::super::ClipId;
use std::collections::BTreeMap;

/// A clip in the terminal's memory.
#[derive(Debug)]
pub(super) struct Clip {
    /// One image a picture, or one image with a frame a picture.
    pub(super) ids: Vec<u32>,
    /// For each pose the picture that shows it, from 0.
    pub(super) of_poses: Vec<usize>,
    /// Whether the terminal can play it.
    pub(super) animated: bool,
    /// What its pixels take, four bytes each: terminals hold them unpacked.
    pub(super) bytes: usize,
}

impl Clip {
    /// The image that shows a pose, and which of the clip's pictures that is, from 0.
    pub(super) fn image(&self, pose: usize) -> Option<(u32, usize)> {
        let picture = *self.of_poses.get(pose)?;
        let at = if self.animated { 0 } else { picture };
        Some((*self.ids.get(at)?, picture))
    }
}

/// The clips by their number.
#[derive(Debug, Default)]
pub(super) struct Store {
    held: BTreeMap<ClipId, Clip>,
    /// Those that were used, the latest last.
    used: Vec<ClipId>,
}

impl Store {
    pub(super) fn put(&mut self, id: ClipId, clip: Clip) {
        self.held.insert(id, clip);
        self.touch(id);
    }

    pub(super) fn get(&self, id: ClipId) -> Option<&Clip> {
        self.held.get(&id)
    }

    /// Notes that a clip is used.
    pub(super) fn touch(&mut self, id: ClipId) {
        self.used.retain(|used| *used != id);
        self.used.push(id);
    }

    pub(super) fn contains(&self, id: ClipId) -> bool {
        self.held.contains_key(&id)
    }

    /// What all pixels take.
    pub(super) fn bytes(&self) -> usize {
        self.held.values().map(|clip| clip.bytes).sum()
    }

    /// Every image, clip by clip.
    pub(super) fn images(&self) -> impl Iterator<Item = u32> {
        self.held.values().flat_map(|clip| clip.ids.iter().copied())
    }

    pub(super) fn take(&mut self, id: ClipId) -> Option<Clip> {
        self.used.retain(|used| *used != id);
        self.held.remove(&id)
    }

    /// Takes out the clip that was not used for the longest time, leaving the one of image `spare`.
    pub(super) fn take_oldest(&mut self, spare: Option<u32>) -> Option<Clip> {
        let is_spared = |id: &ClipId| {
            let clip = self.held.get(id);
            clip.zip(spare).is_some_and(|(clip, spare)| clip.ids.contains(&spare))
        };
        let oldest = *self.used.iter().find(|id| !is_spared(id))?;
        self.take(oldest)
    }

    /// Takes out all.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Clip> + use<> {
        self.used.clear();
        std::mem::take(&mut self.held).into_values()
    }
}
