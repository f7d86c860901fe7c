//! What a pet does while nothing happens: mostly its plain idle clip, now and then a variant.
//!
//! A variant is a clip called `idle-2`, `idle-3` and so on; even ones are lively, odd ones quiet.
//! Which of them comes next is drawn with the mood: a cheerful pet is lively more often.

use std::collections::BTreeMap;
use std::time::Duration;

/// The clip of a pet that nobody asks anything of.
pub(super) const IDLE: &str = "idle";

/// So often the plain clip is repeated before a variant comes.
const REPEATS: std::ops::RangeInclusive<u32> = 3..=8;

/// A variant's clip.
#[derive(Clone, Debug)]
struct Variant {
    clip: String,
    length: Duration,
    lively: bool,
}

/// The idle clips of a pet, and which of them plays.
#[derive(Clone, Debug, Default)]
pub(super) struct Idles {
    length: Duration,
    variants: Vec<Variant>,
    /// When another one is due, while it idles.
    due: Option<Duration>,
    /// Whether a variant plays.
    varied: bool,
}

impl Idles {
    /// Those among the clips of a pet, which are given with their lengths.
    pub(super) fn of(clips: &BTreeMap<String, Duration>) -> Self {
        let variant = |(name, length): (&String, &Duration)| {
            let number: u32 = name.strip_prefix(IDLE)?.strip_prefix('-')?.parse().ok()?;
            let lively = number.is_multiple_of(2);
            Some(Variant { clip: name.clone(), length: *length, lively })
        };
        Self {
            length: clips.get(IDLE).copied().unwrap_or(Duration::ZERO),
            variants: clips.iter().filter_map(variant).collect(),
            due: None,
            varied: false,
        }
    }

    /// The pet begins to idle, with its plain clip.
    pub(super) fn begin(&mut self, now: Duration, random: &mut fastrand::Rng) {
        self.varied = false;
        let plain = self.length * random.u32(REPEATS);
        self.due = (!self.variants.is_empty()).then_some(now + plain);
    }

    /// The pet does something else.
    pub(super) fn stop(&mut self) {
        self.due = None;
    }

    /// When it wants another clip.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// The clip to go on with, when one is due. `mood` is 0 to 1.
    pub(super) fn next(
        &mut self,
        now: Duration,
        mood: f32,
        random: &mut fastrand::Rng,
    ) -> Option<&str> {
        self.due.filter(|due| *due <= now)?;
        if self.varied {
            self.begin(now, random);
            return Some(IDLE);
        }
        let weight = |variant: &Variant| 0.2 + if variant.lively { mood } else { 1.0 - mood };
        let mut left = random.f32() * self.variants.iter().map(weight).sum::<f32>();
        let reached = |variant: &&Variant| {
            left -= weight(variant);
            left <= 0.0
        };
        let variant = self.variants.iter().find(reached).or(self.variants.last())?;
        self.varied = true;
        // The player waits for the end of the loop that runs, which is the plain clip's; then
        // this one is to be seen whole before the next is asked for.
        self.due = Some(now + self.length + variant.length / 2);
        Some(&variant.clip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(4);

    fn idles(names: &[&str]) -> Idles {
        Idles::of(&names.iter().map(|name| ((*name).to_owned(), LENGTH)).collect())
    }

    /// What plays, clip after clip.
    fn shown(idles: &mut Idles, mood: f32, seed: u64, count: usize) -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(seed);
        idles.begin(Duration::ZERO, &mut random);
        let next = |_| {
            let now = idles.deadline().unwrap();
            idles.next(now, mood, &mut random).unwrap().to_owned()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn variants_come_one_at_a_time_with_the_plain_clip_between() {
        let mut idles = idles(&["idle", "idle-2", "idle-3", "idle-x", "idleness-4", "happy"]);
        let clips = shown(&mut idles, 0.5, 1, 400);
        assert!(clips.iter().skip(1).step_by(2).all(|clip| clip == "idle"));
        for name in ["idle-2", "idle-3"] {
            let count = clips.iter().filter(|clip| *clip == name).count();
            assert!((60..140).contains(&count), "{name} came {count} times of 200");
        }
        assert_eq!(clips, shown(&mut idles, 0.5, 1, 400), "the seed decides");
        assert_ne!(clips, shown(&mut idles, 0.5, 2, 400));
    }

    #[test]
    fn a_cheerful_pet_is_lively_more_often() {
        let mut idles = idles(&["idle", "idle-2", "idle-3"]);
        let mut lively = |mood| {
            let clips = shown(&mut idles, mood, 7, 400);
            clips.iter().filter(|clip| *clip == "idle-2").count()
        };
        let (glum, glad) = (lively(0.1), lively(0.9));
        assert!(glum < 80 && glad > 120, "{glum} and {glad} of 200");
    }

    #[test]
    fn without_variants_nothing_is_due() {
        let mut idles = idles(&["idle", "happy"]);
        idles.begin(Duration::ZERO, &mut fastrand::Rng::with_seed(1));
        assert_eq!(idles.deadline(), None);
        let mut random = fastrand::Rng::with_seed(1);
        assert_eq!(idles.next(Duration::MAX, 0.5, &mut random), None);
    }
}
