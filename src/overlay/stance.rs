//! Whether the pet stands in its corner, and how large: it yields to text, to programs that have the
//! whole screen, to passwords and to floods. Pure; the time comes from outside.

use std::time::Duration;

/// How the pet stands in its corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stands {
    /// Not at all.
    #[default]
    Away,
    /// It only peeps in.
    Peeps,
    /// In half its size.
    Small,
    /// As it was asked for.
    Full,
}

impl Stands {
    /// From the largest to the smallest.
    pub const SIZES: [Self; 3] = [Self::Full, Self::Small, Self::Peeps];

    /// How much of its box's sides it takes, in percent.
    #[must_use]
    pub const fn percent(self) -> u16 {
        match self {
            Self::Away => 0,
            Self::Peeps => 40,
            Self::Small => 62,
            Self::Full => 100,
        }
    }
}

/// What a program that has the whole screen means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fullscreen {
    /// The pet is away meanwhile.
    #[default]
    Hide,
    /// It stays.
    Show,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Whether neither text nor the cursor are in the box of each of [`Stands::SIZES`].
    pub free: [bool; 3],
    /// Something that leaves no room at all.
    pub shut: bool,
}

impl Room {
    /// The largest that fits.
    fn largest(&self) -> Stands {
        if self.shut {
            return Stands::Away;
        }
        let fits = Stands::SIZES.into_iter().zip(self.free).find(|(_, free)| *free);
        fits.map_or(Stands::Away, |(stands, _)| stands)
    }
}

/// How long there must be room for all of it before it comes back.
const BACK: Duration = Duration::from_millis(150);
/// How long it is away before it comes back smaller: the text in its way often goes soon, and each
/// size is a picture of its own.
const SMALLER: Duration = Duration::from_millis(900);
/// How long there must be room before it grows.
const GROW: Duration = Duration::from_secs(2);

/// More bytes than this within [`WINDOW`] are a flood: 4 MB a second.
const FLOOD: usize = 400_000;
const WINDOW: Duration = Duration::from_millis(100);
/// How long nothing comes after a flood has ended.
const QUIET: Duration = Duration::from_millis(80);

/// What the pet does about the room it has.
#[derive(Debug, Default)]
pub struct Stance {
    stands: Stands,
    /// What it could be, and since when.
    could: Option<(Stands, Duration)>,
    window: Duration,
    bytes: usize,
    last_output: Duration,
    flooded: bool,
}

impl Stance {
    /// Notes output of the child's. Tells whether a flood has just begun.
    pub fn output(&mut self, now: Duration, bytes: usize) -> bool {
        if now.saturating_sub(self.window) >= WINDOW {
            (self.window, self.bytes) = (now, 0);
        }
        self.last_output = now;
        self.bytes = self.bytes.saturating_add(bytes);
        let began = self.bytes > FLOOD && !self.flooded;
        self.flooded |= began;
        began
    }

    /// It had to go for another reason, and comes back as from anywhere.
    pub const fn leave(&mut self) {
        self.stands = Stands::Away;
        self.could = None;
    }

    /// How long nothing has come from the child.
    #[must_use]
    pub fn quiet(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_output)
    }

    /// How it stands now, with that room.
    pub fn settle(&mut self, now: Duration, room: Room) -> Stands {
        self.flooded &= self.quiet(now) < QUIET;
        let room = Room { shut: room.shut || self.flooded, ..room };
        let largest = room.largest();
        let fits = |stands: Stands| {
            let at = Stands::SIZES.into_iter().position(|size| size == stands);
            !room.shut && at.and_then(|at| room.free.get(at)).is_some_and(|free| *free)
        };
        if self.stands != Stands::Away && !fits(self.stands) {
            self.stands = Stands::Away;
            self.could = None;
        }
        if largest <= self.stands {
            self.could = None;
            return self.stands;
        }
        // Larger than now: once it could be so for long enough.
        let since = match self.could {
            Some((could, since)) if could == largest => since,
            _ => now,
        };
        self.could = Some((largest, since));
        if now.saturating_sub(since) >= self.patience(largest) {
            (self.stands, self.could) = (largest, None);
        }
        self.stands
    }

    fn patience(&self, to: Stands) -> Duration {
        match (self.stands, to) {
            (Stands::Away, Stands::Full) => BACK,
            (Stands::Away, _) => SMALLER,
            _ => GROW,
        }
    }

    /// When it is to be settled anew though nothing has happened; never where that brings nothing.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        let grown = self.could.map(|(to, since)| since.saturating_add(self.patience(to)));
        let calm = self.flooded.then(|| self.last_output + QUIET);
        grown.into_iter().chain(calm).min().unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const ALL: Room = Room { free: [true; 3], shut: false };
    const SMALL: Room = Room { free: [false, true, true], shut: false };
    const NONE: Room = Room { free: [false; 3], shut: false };
    const SHUT: Room = Room { free: [true; 3], shut: true };

    #[test]
    fn it_yields_at_once_and_comes_back_when_there_is_room() {
        let mut stance = Stance::default();
        let steps = [
            (0, ALL, Stands::Away),
            (100, ALL, Stands::Away),
            (150, ALL, Stands::Full),
            (200, NONE, Stands::Away),
            (250, ALL, Stands::Away),
            (300, NONE, Stands::Away),
            (500, ALL, Stands::Away),
            (650, ALL, Stands::Full),
            (700, SMALL, Stands::Away),
            (1500, SMALL, Stands::Away),
            (1600, SMALL, Stands::Small),
            (1700, ALL, Stands::Small),
            (3600, ALL, Stands::Small),
            (3700, ALL, Stands::Full),
            (3800, SHUT, Stands::Away),
        ];
        for (at, room, stands) in steps {
            assert_eq!(stance.settle(ms(at), room), stands, "at {at}");
        }
        assert_eq!(stance.deadline(), Duration::MAX);
        stance.settle(ms(4000), ALL);
        assert_eq!(stance.deadline(), ms(4150));
    }

    #[test]
    fn it_is_away_in_a_flood_and_until_it_is_quiet() {
        let mut stance = Stance::default();
        stance.settle(ms(0), ALL);
        assert_eq!(stance.settle(ms(200), ALL), Stands::Full);
        assert!(!stance.output(ms(210), FLOOD));
        assert_eq!(stance.settle(ms(210), ALL), Stands::Full);
        assert!(stance.output(ms(220), 1));
        assert_eq!(stance.settle(ms(220), ALL), Stands::Away);
        assert_eq!(stance.deadline(), ms(300));
        assert_eq!(stance.settle(ms(300), ALL), Stands::Away);
        assert_eq!(stance.settle(ms(450), ALL), Stands::Full);
        // As much in a longer time is none.
        for at in 5..50 {
            assert!(!stance.output(ms(at * 100), FLOOD / 2));
        }
    }
}
