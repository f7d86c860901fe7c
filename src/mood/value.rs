//! The mood's value: pushed by events, drawn back to its rest.

use super::Tempo;
use std::time::Duration;

/// Where the mood comes to rest.
pub const REST: f32 = 0.55;
/// In which time half of the way back is gone.
pub const HALF_LIFE: Duration = Duration::from_secs(20 * 60);

const LOW_BELOW: f32 = 0.35;
const HIGH_ABOVE: f32 = 0.75;

/// A mood from 0 (miserable) to 1 (delighted), at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mood {
    value: f32,
    at: Duration,
}

impl Default for Mood {
    fn default() -> Self {
        Self { value: REST, at: Duration::ZERO }
    }
}

impl Mood {
    /// The value `now`. Times before the last push count as that push's.
    #[must_use]
    pub fn value(&self, now: Duration) -> f32 {
        let halves = now.saturating_sub(self.at).as_secs_f32() / HALF_LIFE.as_secs_f32();
        REST + (self.value - REST) * 0.5_f32.powf(halves)
    }

    /// Pushes the mood by `change`; it stays between 0 and 1.
    pub fn push(&mut self, now: Duration, change: f32) {
        self.set(now, self.value(now) + change);
    }

    /// Sets the mood; what is no number is ignored.
    pub fn set(&mut self, now: Duration, value: f32) {
        if value.is_finite() {
            *self = Self { value: value.clamp(0.0, 1.0), at: now.max(self.at) };
        }
    }

    /// The band it is in.
    #[must_use]
    pub fn band(&self, now: Duration) -> Band {
        match self.value(now) {
            value if value < LOW_BELOW => Band::Low,
            value if value > HIGH_ABOVE => Band::High,
            _ => Band::Middle,
        }
    }

    /// The tempo that goes with it.
    #[must_use]
    pub fn tempo(&self, now: Duration) -> Tempo {
        match self.band(now) {
            Band::Low => Tempo::Slow,
            Band::Middle => Tempo::Normal,
            Band::High => Tempo::Fast,
        }
    }
}

/// The mood as far as tempo and words tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Miserable.
    Low,
    /// As usual.
    Middle,
    /// Delighted.
    High,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_in_its_bounds_and_comes_back() {
        let mut mood = Mood::default();
        for _ in 0..100 {
            mood.push(Duration::ZERO, 0.3);
        }
        assert!((mood.value(Duration::ZERO) - 1.0).abs() < 1e-6);
        assert_eq!(mood.tempo(Duration::ZERO), Tempo::Fast);
        assert!((mood.value(HALF_LIFE) - 0.775).abs() < 1e-4);
        assert!((mood.value(HALF_LIFE * 40) - REST).abs() < 1e-4);
        mood.set(Duration::ZERO, f32::NAN);
        mood.set(Duration::ZERO, -3.0);
        assert!(mood.value(Duration::ZERO).abs() < 1e-6);
        assert_eq!(mood.tempo(Duration::ZERO), Tempo::Slow);
    }
}
