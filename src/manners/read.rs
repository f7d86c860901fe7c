//! Reads all that manners go by: the one place in this room that asks the system.

use super::{Config, Environment, Facts, MannersError, Motion, Reductions, Store, Verdict, judge};
use jiff::Zoned;
use std::path::PathBuf;

/// Where the files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The configuration, which need not be there.
    pub config: Option<PathBuf>,
    /// The folder of the switch, which need not be there either.
    pub state: Option<PathBuf>,
    /// The folder in whose repository somebody works.
    pub here: Option<PathBuf>,
}

impl Places {
    /// Those of this process: `buddy/config.yaml` in `XDG_CONFIG_HOME` or `~/.config`, and `buddy` in
    /// `XDG_STATE_HOME` or `~/.local/state`.
    #[must_use]
    pub fn usual() -> Self {
        let absolute = |path: Option<PathBuf>| path.filter(|path| path.is_absolute());
        let set = |name: &str| absolute(std::env::var_os(name).map(PathBuf::from));
        let home = absolute(std::env::home_dir());
        let within = |variable: &str, usual: &str| {
            let above = set(variable).or_else(|| Some(home.as_ref()?.join(usual)));
            above.map(|above| above.join("buddy"))
        };
        Self {
            config: within("XDG_CONFIG_HOME", ".config").map(|above| above.join("config.yaml")),
            state: within("XDG_STATE_HOME", ".local/state"),
            here: std::env::current_dir().ok(),
        }
    }

    /// The switch's store.
    ///
    /// # Errors
    /// Where no folder for it is known.
    pub fn store(&self) -> Result<Store, MannersError> {
        self.state.as_deref().map(Store::new).ok_or(MannersError::NoFolder)
    }
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Manners {
    /// The user's configuration.
    pub config: Config,
    /// What [`judge`] goes by. Its hours are the configuration's; whoever has a flag for them, or a
    /// protocol by name in spite of `TERM=dumb`, changes them here.
    pub facts: Facts,
    /// What is wrong with the repository's files; the rest of them holds.
    pub slips: Vec<MannersError>,
    /// From where.
    pub places: Places,
}

/// Reads how things stand for this process, at the terminal `tty` if it has one.
///
/// # Errors
/// When the configuration is refused. The switch and a repository's files never are: what is wrong
/// with the one counts as off, and with the others is in [`Manners::slips`].
pub fn read(tty: Option<u64>) -> Result<Manners, MannersError> {
    Manners::read(Places::usual(), Environment::capture(), tty)
}

impl Manners {
    /// Reads how things stand by the files in these places.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(
        places: Places,
        environment: Environment,
        tty: Option<u64>,
    ) -> Result<Self, MannersError> {
        let config =
            places.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        let (reductions, slips) =
            places.here.as_deref().map(Reductions::around).unwrap_or_default();
        let switch = places.store().map(|store| store.read()).unwrap_or_default();
        let hours = config.quiet_hours.clone().unwrap_or_default();
        let facts = Facts { environment, switch, hours, reductions, tty };
        Ok(Self { config, facts, slips, places })
    }

    /// What a pet may do at this moment, by the switch as it is now.
    #[must_use]
    pub fn verdict(&mut self) -> Verdict {
        if let Ok(store) = self.places.store() {
            self.facts.switch = store.read();
        }
        judge(&self.facts, &Zoned::now())
    }

    /// How much the pet may move, where no flag says: the least of what the environment, the
    /// configuration and the repository want.
    #[must_use]
    pub fn motion(&self) -> Motion {
        let still = if self.facts.environment.no_motion { Motion::None } else { Motion::Full };
        let wanted = self.config.motion.unwrap_or_default();
        still.max(wanted).max(self.facts.reductions.motion)
    }

    /// Whether the pet may speak, where no flag says.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.config.speech.unwrap_or(true) && !self.facts.reductions.silent
    }

    /// Whether others may visit, where no flag says.
    #[must_use]
    pub fn has_guests(&self) -> bool {
        self.config.guests.unwrap_or(true) && !self.facts.reductions.no_guests
    }

    /// The pet, where no flag names one: the repository's, else the configuration's.
    #[must_use]
    pub fn pet(&self) -> Option<&str> {
        self.facts.reductions.pet.or(self.config.pet.as_deref())
    }
}
