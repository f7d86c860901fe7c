//! Manners: whether a pet may be seen and heard, and who says so.
//!
//! Four have a say: the environment (`BUDDY=0`, `CI`, `TERM=dumb`), the user's switch
//! (`buddy-render off`, `quiet`, `hide`), the configuration's quiet hours, and the repository one
//! works in. The strictest wins, so that whoever wants peace gets it. How all of it stands is read
//! by [`read`], what follows from it is decided by [`judge`], which is pure:
//!
//! ```
//! use buddy_render::manners::{self, Facts, Standing};
//!
//! let facts = Facts { hours: "22:00-07:00".parse()?, ..Facts::default() };
//! let night = "2026-11-30T23:15[Europe/Vienna]".parse()?;
//! let verdict = manners::judge(&facts, &night);
//! assert_eq!(verdict.standing, Standing::Quiet);
//! assert_eq!(verdict.until, Some("2026-12-01T06:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A pet that runs asks again when it hears `manners.changed` on its socket, which whoever changes
//! the switch sends, and when [`Verdict::until`] has come.

mod config;
mod environment;
mod error;
mod file;
mod hours;
mod motion;
mod read;
mod repository;
mod switch;
mod yaml;

pub use config::{Config, KEYS};
pub use environment::Environment;
pub use error::MannersError;
pub use file::MAX_FILE_BYTES;
pub use hours::{Hours, MAX_SPANS, NoHours, next_time, time_of_day};
pub use motion::{Motion, NoMotion};
pub use read::{Manners, Places, read};
pub use repository::{MAX_FOLDERS, REPOSITORY_FILE, REPOSITORY_KEYS, Reductions};
pub use switch::{Hidden, MAX_HIDDEN, MAX_QUIET, Quiet, Store, Switch};

use jiff::{Timestamp, Zoned};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// So much later than a change it is looked again.
const LATE: Duration = Duration::from_millis(20);

/// What a pet may do. The later, the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Standing {
    /// All that it can.
    #[default]
    On,
    /// Be seen: it stands still, in the pose that tells how things are, and says nothing.
    Quiet,
    /// Run, but nothing of it reaches the terminal.
    Hidden,
    /// Not even run.
    Off,
}

impl Standing {
    /// Its name, as `buddy-render status` says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Quiet => "quiet",
            Self::Hidden => "hidden",
            Self::Off => "off",
        }
    }
}

/// Why a pet may not do all that it can.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `BUDDY=0`
    Environment,
    /// `CI` is set.
    Ci,
    /// `TERM=dumb`
    DumbTerminal,
    /// `buddy-render off`
    SwitchedOff,
    /// The switch cannot be read.
    BrokenSwitch,
    /// `buddy-render hide`, in this terminal.
    HiddenHere,
    /// `buddy-render quiet`
    Quieted(Quiet),
    /// The configuration's quiet hours, or those of `--quiet-hours`.
    QuietHours(Hours),
    /// A repository's file says so.
    Repository {
        /// Which.
        path: PathBuf,
        /// What it asks for.
        standing: Standing,
    },
}

impl Reason {
    /// How strict it is.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Environment
            | Self::Ci
            | Self::DumbTerminal
            | Self::SwitchedOff
            | Self::BrokenSwitch => Standing::Off,
            Self::HiddenHere => Standing::Hidden,
            Self::Quieted(_) | Self::QuietHours(_) => Standing::Quiet,
            Self::Repository { standing, .. } => *standing,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("BUDDY=0 in the environment"),
            Self::Ci => f.write_str("CI in the environment"),
            Self::DumbTerminal => f.write_str("TERM=dumb in the environment"),
            Self::SwitchedOff => f.write_str("buddy-render off"),
            Self::BrokenSwitch => f.write_str("the switch cannot be read"),
            Self::HiddenHere => f.write_str("buddy-render hide, in this terminal"),
            Self::Quieted(Quiet::UntilOn) => f.write_str("buddy-render quiet"),
            Self::Quieted(Quiet::Until(_)) => f.write_str("buddy-render quiet, for a while"),
            Self::QuietHours(hours) => write!(f, "quiet hours {hours}"),
            Self::Repository { path, standing } => {
                write!(f, "{} in {}", standing.name(), path.display())
            }
        }
    }
}

/// All that [`judge`] goes by.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the environment says.
    pub environment: Environment,
    /// The user's switch.
    pub switch: Switch,
    /// When it is to be quiet.
    pub hours: Hours,
    /// What the repository asks for.
    pub reductions: Reductions,
    /// The terminal's device, where there is one: `hide` is for one terminal.
    pub tty: Option<u64>,
}

/// What a pet may do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The strictest that anyone asks for.
    pub standing: Standing,
    /// All who ask for less than [`Standing::On`], the strictest first.
    pub reasons: Vec<Reason>,
    /// When it may change though nobody does anything.
    pub until: Option<Timestamp>,
}

/// What a pet may do, for whoever plays it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bearing {
    /// What it may do.
    pub standing: Standing,
    /// How long that holds by itself, where it does not hold for good.
    pub holds: Option<Duration>,
}

impl Verdict {
    /// What it comes to for a pet that plays at `now`.
    #[must_use]
    pub fn bearing(&self, now: Timestamp) -> Bearing {
        // A moment later, so that the clocks need not agree to the last digit.
        let left = |until: Timestamp| Duration::try_from(until.duration_since(now));
        let holds = self.until.map(|until| left(until).unwrap_or_default() + LATE);
        Bearing { standing: self.standing, holds }
    }
}

/// Decides what a pet may do at a moment. Pure: the same facts and moment, the same verdict.
#[must_use]
pub fn judge(facts: &Facts, now: &Zoned) -> Verdict {
    let mut reasons: Vec<Reason> = facts.environment.reasons().collect();
    let switch = &facts.switch;
    reasons.extend(switch.broken.then_some(Reason::BrokenSwitch));
    reasons.extend(switch.off.then_some(Reason::SwitchedOff));
    reasons.extend(switch.hides(facts.tty).then_some(Reason::HiddenHere));
    let quiet = switch.quiet.filter(|quiet| quiet.holds_at(now.timestamp()));
    reasons.extend(quiet.map(Reason::Quieted));
    if facts.hours.contain(now.time()) {
        reasons.push(Reason::QuietHours(facts.hours.clone()));
    }
    reasons.extend(facts.reductions.reasons());
    // Stable: who was asked first is told first.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.standing()));
    let quiet_ends = match quiet {
        Some(Quiet::Until(end)) => Some(end),
        _ => None,
    };
    Verdict {
        standing: reasons.first().map(Reason::standing).unwrap_or_default(),
        reasons,
        until: [quiet_ends, facts.hours.next_change(now)].into_iter().flatten().min(),
    }
}

#[cfg(test)]
mod tests;
