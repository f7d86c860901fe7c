//! Who is on stage: the host, and the guest that stepped in for it.

use crate::mood::{Species, Tempo};
use crate::pet::Pet;
use crate::pet::skin::Outfit;
use crate::protocol::ClipId;
use crate::scene::{Scene, SceneError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The pets that may appear: the host first, then those that may visit it.
#[derive(Debug, Clone)]
pub struct Guests {
    /// The pet that was asked for.
    pub host: Arc<Pet>,
    /// The pets that may step in.
    pub visitors: Vec<Arc<Pet>>,
    /// What they wear, as far as they have it.
    pub outfit: Outfit,
}

/// A pet with its drawing open.
pub(super) struct Performer {
    pub(super) pet: Arc<Pet>,
    pub(super) scene: Box<dyn Scene>,
}

/// A clip that plays.
#[derive(Clone, Debug)]
pub(super) struct Playing {
    pub(super) id: ClipId,
    pub(super) clip: String,
    pub(super) start: Duration,
    pub(super) duration: Duration,
    pub(super) key: Duration,
    pub(super) looping: bool,
    pub(super) since: Duration,
    /// The terminal was told to play it, or shows its one pose.
    pub(super) sent: bool,
    /// The pose that the terminal was told to show.
    pub(super) shown: Option<usize>,
    /// It is being drawn ahead.
    pub(super) requested: bool,
}

impl Playing {
    /// When it ends: a clip that is played once by its own tempo, a loop with the round that it
    /// is in.
    pub(super) fn finish(&self, now: Duration, tempo: Tempo) -> Duration {
        if self.looping {
            let left = self.duration.saturating_sub(self.offset(now, tempo));
            now + lasting(left, tempo)
        } else {
            (self.since + self.duration).max(now)
        }
    }

    /// How far into the clip it is.
    pub(super) fn offset(&self, now: Duration, tempo: Tempo) -> Duration {
        let run = scaled(now.saturating_sub(self.since), tempo);
        if self.duration.is_zero() {
            Duration::ZERO
        } else if self.looping {
            let nanos = run.as_nanos() % self.duration.as_nanos();
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
        } else {
            run.min(self.duration.saturating_sub(Duration::from_millis(1)))
        }
    }

    /// Whether it was played once and stands on its last pose.
    pub(super) fn is_over(&self, now: Duration, tempo: Tempo) -> bool {
        self.duration.is_zero()
            || !self.looping && scaled(now.saturating_sub(self.since), tempo) >= self.duration
    }
}

/// How long a stretch of a clip takes at a tempo; the reverse of [`scaled`].
fn lasting(stretch: Duration, tempo: Tempo) -> Duration {
    match tempo {
        Tempo::Slow => stretch * 100 / 85,
        Tempo::Normal => stretch,
        Tempo::Fast => stretch * 100 / 115,
    }
}

fn scaled(run: Duration, tempo: Tempo) -> Duration {
    match tempo {
        Tempo::Slow => run * 85 / 100,
        Tempo::Normal => run,
        Tempo::Fast => run * 115 / 100,
    }
}

/// The performers, opened when they first step on the stage.
pub(super) struct Cast {
    guests: Guests,
    performers: Vec<Option<Performer>>,
    host: Performer,
    /// 0 is the host, n the nth visitor.
    active: usize,
    gaps: HashMap<ClipId, Vec<Duration>>,
}

impl Cast {
    pub(super) fn new(guests: Guests) -> Result<Self, SceneError> {
        let host = Performer {
            pet: Arc::clone(&guests.host),
            scene: guests.host.scene_in(&guests.outfit)?,
        };
        let performers = guests.visitors.iter().map(|_| None).collect();
        Ok(Self { guests, performers, host, active: 0, gaps: HashMap::new() })
    }

    /// Lets the pet of that species step in, or the host return. A guest whose drawing cannot be
    /// opened stays away.
    pub(super) fn enter(&mut self, species: Option<Species>) {
        self.active = species.and_then(|species| self.open(species)).unwrap_or(0);
    }

    fn open(&mut self, species: Species) -> Option<usize> {
        let index = self.guests.visitors.iter().position(|pet| pet.species() == species)?;
        if self.performers[index].is_none() {
            let pet = Arc::clone(&self.guests.visitors[index]);
            let scene = pet.scene_in(&self.guests.outfit).ok()?;
            self.performers[index] = Some(Performer { pet, scene });
        }
        Some(index + 1)
    }

    pub(super) fn active(&self) -> &Performer {
        let visitor = self.active.checked_sub(1).and_then(|i| self.performers[i].as_ref());
        visitor.unwrap_or(&self.host)
    }

    pub(super) fn active_mut(&mut self) -> &mut Performer {
        let visitor = self.active.checked_sub(1).and_then(|i| self.performers[i].as_mut());
        visitor.unwrap_or(&mut self.host)
    }

    /// The clip that plays when `name` is asked for, not yet begun.
    pub(super) fn playing(&self, name: &str, looping: bool) -> Option<Playing> {
        let pet = &self.active().pet;
        let name = pet.resolve_clip(name);
        let index = pet.clips().iter().position(|clip| clip.name == name)?;
        let clip = &pet.clips()[index];
        let id = u16::try_from(self.active * 256 + index.min(255)).ok()?;
        Some(Playing {
            id: ClipId(id),
            clip: clip.name.clone(),
            start: clip.start,
            duration: clip.duration,
            key: clip.key,
            looping,
            since: Duration::ZERO,
            sent: false,
            shown: None,
            requested: false,
        })
    }

    pub(super) fn gaps(&self, clip: ClipId) -> &[Duration] {
        self.gaps.get(&clip).map_or(&[], Vec::as_slice)
    }

    pub(super) fn keep_gaps(&mut self, clip: ClipId, gaps: Vec<Duration>) {
        self.gaps.insert(clip, gaps);
    }
}
