//! Who each pet is: its repertoire and its voice, as tables.

use super::voice::Lines;
use crate::text::SafeText;
use std::collections::BTreeMap;
use std::time::Duration;

/// The five companions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Species {
    /// Antigravity, the owl.
    Owl,
    /// Null, the void cat.
    Cat,
    /// Haiku, the crane.
    Crane,
    /// Bit, the pixel dog.
    Dog,
    /// Spectre, the ghost.
    Ghost,
}

/// What a companion can do and say.
#[derive(Clone, Debug, PartialEq)]
pub struct Personality {
    /// Whose temper it has.
    pub species: Species,
    /// Its name for people.
    pub title: SafeText,
    /// How long each clip is that may be asked for, those that another one stands in for included.
    pub clips: BTreeMap<String, Duration>,
    /// What it says, by occasion; one of them is chosen.
    pub lines: BTreeMap<String, Lines>,
    /// For who cannot see it: what it looks like, by clip.
    pub words: BTreeMap<String, SafeText>,
}

impl Personality {
    /// The length of a clip, [`UNKNOWN_CLIP`] where nobody knows it.
    pub(super) fn length(&self, clip: &str) -> Duration {
        self.clips.get(clip).copied().unwrap_or(UNKNOWN_CLIP)
    }

    /// How it takes things to heart: what pushes the mood is multiplied by this.
    pub(super) fn temper(&self, trigger: super::reaction::Trigger) -> f32 {
        use super::reaction::Trigger;
        match (self.species, trigger) {
            (Species::Owl, Trigger::LargeDelete)
            | (Species::Cat, Trigger::Conflict | Trigger::TestsPassed)
            | (Species::Dog, Trigger::Docs)
            | (Species::Crane, Trigger::Condense)
            | (Species::Ghost, Trigger::Legacy) => 2.0,
            // A dog is moved by everything, a crane by little.
            (Species::Dog, _) => 1.3,
            (Species::Crane, _) => 0.7,
            _ => 1.0,
        }
    }
}

/// How long a clip is taken to be that nothing is known of.
const UNKNOWN_CLIP: Duration = Duration::from_secs(2);
