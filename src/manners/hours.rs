//! Quiet hours: times of the day at which a pet holds its tongue.

use jiff::civil::Time;
use jiff::{Timestamp, ToSpan as _, Zoned};
use std::fmt;
use std::str::FromStr;

/// The most spans of a day.
pub const MAX_SPANS: usize = 8;

/// Spans of each day, by the clock on the wall. One that ends before it begins goes over midnight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<(Time, Time)>);

/// A text that names no hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours are none, or spans such as 22:00-07:00, at most 8 with commas between them")]
pub struct NoHours;

impl Hours {
    /// Whether a time of the day is within one of them: the first minute is, the last is not.
    #[must_use]
    pub fn contain(&self, time: Time) -> bool {
        self.0.iter().any(|(from, to)| {
            if from < to { *from <= time && time < *to } else { *from <= time || time < *to }
        })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When one begins or ends next after `now`.
    #[must_use]
    pub fn next_change(&self, now: &Zoned) -> Option<Timestamp> {
        let edges = self.0.iter().flat_map(|(from, to)| [*from, *to]);
        edges.filter_map(|edge| next_time(now, edge)).min()
    }
}

/// When it is that time of the day next after `now`. Where clocks are put forward over it, the same
/// time after that.
#[must_use]
pub fn next_time(now: &Zoned, time: Time) -> Option<Timestamp> {
    let at = |day: &Zoned| day.with().time(time).build().ok().map(|at| at.timestamp());
    let today = at(now)?;
    if today > now.timestamp() {
        return Some(today);
    }
    at(&now.checked_add(1.day()).ok()?)
}

/// The time of the day in `HH:MM`.
#[must_use]
pub fn time_of_day(text: &str) -> Option<Time> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |part: &str, most: usize| {
        let fits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<i8>().ok()).flatten()
    };
    let minutes = digits(minutes, 2).filter(|_| minutes.len() == 2)?;
    Time::new(digits(hours, 2)?, minutes, 0, 0).ok()
}

impl FromStr for Hours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        if matches!(text.trim(), "none" | "off") {
            return Ok(Self::default());
        }
        let span = |span: &str| {
            let (from, to) = span.split_once('-')?;
            let span = (time_of_day(from)?, time_of_day(to)?);
            // From a time to itself would be always or never.
            (span.0 != span.1).then_some(span)
        };
        let spans: Option<Vec<_>> = text.split(',').map(span).collect();
        spans.filter(|spans| spans.len() <= MAX_SPANS).map(Self).ok_or(NoHours)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let spans = self.0.iter().map(|(from, to)| format!("{}-{}", time(*from), time(*to)));
        let spans: Vec<_> = spans.collect();
        f.write_str(if spans.is_empty() { "none".to_owned() } else { spans.join(", ") }.as_str())
    }
}
