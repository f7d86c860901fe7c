//! Range selectors: how much of an animator each letter takes.

use super::super::moment::Moment;
use super::super::value::{Curve, Property};
use super::Counts;
use kurbo::Point;

/// What a range counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Basis {
    Characters = 0,
    Solid = 1,
    Words = 2,
    Lines = 3,
}

/// What its ends are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unit {
    Percent,
    Index,
}

/// How the amount runs from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ramp {
    Square,
    Up,
    Down,
    Triangle,
    Round,
    Smooth,
}

/// A range of letters.
pub(in super::super) struct Range {
    pub(in super::super) basis: Basis,
    pub(in super::super) unit: Unit,
    pub(in super::super) ramp: Ramp,
    pub(in super::super) start: Property<f64>,
    pub(in super::super) end: Property<f64>,
    pub(in super::super) offset: Property<f64>,
    /// Percent, as are those below.
    pub(in super::super) amount: Property<f64>,
    pub(in super::super) smoothness: Property<f64>,
    pub(in super::super) ease_high: Property<f64>,
    pub(in super::super) ease_low: Property<f64>,
}

impl Range {
    /// The range at a frame, over a text with so many letters.
    pub(super) fn at(&self, counts: &Counts, now: &Moment) -> Window {
        let count = counts.get(self.basis as usize).copied().unwrap_or(0);
        let unit = match self.unit {
            Unit::Percent => f64::from(count) / 100.0,
            Unit::Index => 1.0,
        };
        let offset = self.offset.at(now) * unit;
        let a = self.start.at(now) * unit + offset;
        let b = self.end.at(now) * unit + offset;
        Window {
            basis: self.basis,
            ramp: self.ramp,
            start: a.min(b),
            end: a.max(b),
            amount: self.amount.at(now) / 100.0,
            smoothness: (self.smoothness.at(now) / 100.0).clamp(0.0, 1.0),
            ease: ease(self.ease_high.at(now) / 100.0, self.ease_low.at(now) / 100.0),
        }
    }
}

fn ease(high: f64, low: f64) -> Curve {
    let (high, low) = (high.clamp(-1.0, 1.0), low.clamp(-1.0, 1.0));
    let out_handle = if low > 0.0 { Point::new(low, 0.0) } else { Point::new(0.0, -low) };
    let in_handle =
        if high > 0.0 { Point::new(1.0 - high, 1.0) } else { Point::new(1.0, 1.0 + high) };
    Curve { out_handle, in_handle }
}

/// A range at a frame, its ends in letters.
pub(super) struct Window {
    basis: Basis,
    ramp: Ramp,
    start: f64,
    end: f64,
    amount: f64,
    smoothness: f64,
    ease: Curve,
}

impl Window {
    /// How much of the animator the letter of this rank takes, -1 to 1.
    pub(super) fn share(&self, rank: &Counts) -> f64 {
        let place = f64::from(rank.get(self.basis as usize).copied().unwrap_or(0));
        let share = match self.ramp {
            Ramp::Square => return self.amount * self.smooth(self.square(place)),
            Ramp::Up => self.along(place),
            Ramp::Down => 1.0 - self.along(place),
            Ramp::Triangle => 1.0 - (self.along(place) * 2.0 - 1.0).abs(),
            Ramp::Round => (1.0 - (self.along(place) * 2.0 - 1.0).powi(2)).max(0.0).sqrt(),
            Ramp::Smooth => (1.0 - (self.along(place) * std::f64::consts::TAU).cos()) / 2.0,
        };
        self.amount * self.ease.at(share.clamp(0.0, 1.0)).clamp(0.0, 1.0)
    }

    /// How far the middle of a letter lies from the start to the end, 0 to 1.
    fn along(&self, place: f64) -> f64 {
        let length = self.end - self.start;
        if length <= 0.0 {
            return if place >= self.end { 1.0 } else { 0.0 };
        }
        ((place + 0.5 - self.start) / length).clamp(0.0, 1.0)
    }

    /// The part of a letter that lies within.
    fn square(&self, place: f64) -> f64 {
        (self.end.min(place + 1.0) - self.start.max(place)).clamp(0.0, 1.0)
    }

    /// A letter on the edge goes over in this share of the way through it, at 0 all at once.
    fn smooth(&self, share: f64) -> f64 {
        let threshold = 0.5 - self.smoothness / 2.0;
        ((share - threshold) / self.smoothness.max(1e-8)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(ramp: Ramp, start: f64, end: f64) -> Vec<f64> {
        let range = Range {
            basis: Basis::Characters,
            unit: Unit::Percent,
            ramp,
            start: Property::Fixed(start),
            end: Property::Fixed(end),
            offset: Property::Fixed(0.0),
            amount: Property::Fixed(100.0),
            smoothness: Property::Fixed(100.0),
            ease_high: Property::Fixed(0.0),
            ease_low: Property::Fixed(0.0),
        };
        let window = range.at(&[4, 4, 1, 1], &Moment::at(0.0));
        (0..4).map(|i| window.share(&[i, i, 0, 0])).collect()
    }

    #[test]
    fn a_square_takes_parts_of_letters() {
        assert_eq!(shares(Ramp::Square, 0.0, 100.0), [1.0; 4]);
        assert_eq!(shares(Ramp::Square, 12.5, 50.0), [0.5, 1.0, 0.0, 0.0]);
        assert_eq!(shares(Ramp::Square, 60.0, 60.0), [0.0; 4]);
        assert_eq!(shares(Ramp::Square, -100.0, -50.0), [0.0; 4]);
    }

    #[test]
    fn ramps_take_letters_by_their_middles() {
        assert_eq!(shares(Ramp::Up, 0.0, 100.0), [0.125, 0.375, 0.625, 0.875]);
        assert_eq!(shares(Ramp::Down, 0.0, 100.0), [0.875, 0.625, 0.375, 0.125]);
        assert_eq!(shares(Ramp::Triangle, 0.0, 100.0), [0.25, 0.75, 0.75, 0.25]);
        assert_eq!(shares(Ramp::Triangle, 50.0, 50.0), [0.0; 4]);
    }
}
