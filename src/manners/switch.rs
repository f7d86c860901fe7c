//! The user's switch: off, quiet for a while, hidden in a terminal. It stays as it is left, over
//! restarts, in one small file.

use super::error::MannersError;
use super::file;
#[cfg(unix)]
use crate::terminal::job::is_alive;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest that `quiet` holds by itself.
pub const MAX_QUIET: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The most terminals that are remembered as hidden; the oldest is forgotten for another.
pub const MAX_HIDDEN: usize = 64;
/// How long another who changes the switch is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked whether they are done.
const LOOK: Duration = Duration::from_millis(10);

/// How long it is to be quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// Until `buddy-render on`.
    UntilOn,
    /// Until then.
    Until(Timestamp),
}

impl Quiet {
    /// Whether it is still to be quiet at that moment.
    #[must_use]
    pub fn holds_at(self, now: Timestamp) -> bool {
        match self {
            Self::UntilOn => true,
            Self::Until(end) => now < end,
        }
    }
}

/// A terminal whose pet is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The terminal's device.
    pub tty: u64,
    /// The process that leads the terminal's session. When it ends, the terminal is another's.
    pub session: u32,
}

/// The switch, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// No pet at all.
    pub off: bool,
    /// A quiet pet.
    pub quiet: Option<Quiet>,
    /// Terminals with a hidden pet.
    pub hidden: Vec<Hidden>,
    /// It is there and cannot be read. That counts as off: whoever once switched the pet off must not
    /// see it again because of a damaged file, and `buddy-render on` writes a new one.
    pub broken: bool,
}

impl Switch {
    /// Whether the pet of that terminal is hidden.
    #[must_use]
    pub fn hides(&self, tty: Option<u64>) -> bool {
        self.hidden.iter().any(|hidden| Some(hidden.tty) == tty)
    }

    /// Hides the pet of a terminal, or shows it again if it was hidden; which of the two.
    pub fn toggle_hidden(&mut self, here: Hidden) -> bool {
        let hides = !self.hides(Some(here.tty));
        self.show(here.tty);
        if hides {
            self.hidden.push(here);
            let spare = self.hidden.len().saturating_sub(MAX_HIDDEN);
            self.hidden.drain(..spare);
        }
        hides
    }

    /// Shows the pet of a terminal.
    pub fn show(&mut self, tty: u64) {
        self.hidden.retain(|hidden| hidden.tty != tty);
    }
}

/// The file, as it is written. What another version put there besides is left out.
#[derive(Serialize, Deserialize)]
struct Wire {
    v: u64,
    #[serde(default)]
    off: bool,
    /// `true`, or until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<WireQuiet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<WireHidden>,
}

#[derive(Serialize, Deserialize)]
struct WireHidden {
    tty: u64,
    session: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireQuiet {
    Flag(bool),
    Until(String),
}

/// Where the switch is kept.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// A store in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("switch.json") }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The switch. One that was never touched is on.
    #[must_use]
    pub fn read(&self) -> Switch {
        match file::read(&self.path) {
            Ok(None) => Switch::default(),
            Ok(Some((text, _))) => {
                parse(&text).unwrap_or(Switch { broken: true, ..Switch::default() })
            }
            Err(_) => Switch { broken: true, ..Switch::default() },
        }
    }

    /// Changes the switch, whole or not at all, one after another where several do; gives back how it
    /// is then. One that cannot be read is made anew.
    ///
    /// # Errors
    /// When the system does not let it be written.
    pub fn change(&self, change: impl FnOnce(&mut Switch)) -> Result<Switch, MannersError> {
        let failed = |source| MannersError::File { path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        make_folder(folder).map_err(failed)?;
        // Held until it is dropped.
        let _lock = lock(&folder.join("switch.lock"));
        let mut switch = self.read();
        switch.broken = false;
        change(&mut switch);
        self.write(folder, &switch).map_err(failed)?;
        Ok(switch)
    }

    fn write(&self, folder: &Path, switch: &Switch) -> io::Result<()> {
        // A link that somebody made of it is written through.
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(folder))?;
        file.write_all(to_json(switch).as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

/// The folder, for its user alone where it is new.
fn make_folder(path: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.recursive(true).create(path)
}

/// Waits for others who change the switch, but not for long: one of them may be stopped.
fn lock(path: &Path) -> Option<File> {
    let file = File::options().create(true).append(true).open(path).ok()?;
    let mut left = PATIENCE;
    while file.try_lock().is_err() && !left.is_zero() {
        std::thread::sleep(LOOK);
        left = left.saturating_sub(LOOK);
    }
    Some(file)
}

fn parse(text: &str) -> Option<Switch> {
    let wire: Wire = serde_json::from_str(text).ok()?;
    let quiet = match wire.quiet {
        None | Some(WireQuiet::Flag(false)) => None,
        Some(WireQuiet::Flag(true)) => Some(Quiet::UntilOn),
        Some(WireQuiet::Until(end)) => Some(Quiet::Until(end.parse().ok()?)),
    };
    let hidden = wire.hidden.into_iter().take(MAX_HIDDEN).filter(|h| is_alive(h.session));
    let hidden = hidden.map(|WireHidden { tty, session }| Hidden { tty, session }).collect();
    Some(Switch { off: wire.off, quiet, hidden, broken: false })
}

fn to_json(switch: &Switch) -> String {
    let quiet = switch.quiet.map(|quiet| match quiet {
        Quiet::UntilOn => WireQuiet::Flag(true),
        Quiet::Until(end) => WireQuiet::Until(end.to_string()),
    });
    let hidden = switch
        .hidden
        .iter()
        .map(|Hidden { tty, session }| WireHidden { tty: *tty, session: *session });
    let wire = Wire { v: 1, off: switch.off, quiet, hidden: hidden.collect() };
    // Flags, texts and numbers always serialize.
    serde_json::to_string(&wire).unwrap_or_default() + "\n"
}

#[cfg(not(unix))]
const fn is_alive(_: u32) -> bool {
    false
}
