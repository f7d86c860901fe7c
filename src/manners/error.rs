//! What can be wrong with a file of manners.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file of manners is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MannersError {
    /// The system said no.
    #[error("{}", path.display())]
    File {
        /// To what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It is larger than [`super::MAX_FILE_BYTES`], or no file.
    #[error("{} is no file of at most 64 KiB", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// Somebody else's, or others may write to it.
    #[error("{} is not yours alone to write", path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
    },
    /// It has no place: neither a home folder nor the XDG folder is known.
    #[error("there is no folder for the switch")]
    NoFolder,
    /// A line cannot be read.
    #[error("{}, line {line}: {fault}", path.display())]
    Line {
        /// Of which file.
        path: PathBuf,
        /// Which, from one.
        line: usize,
        /// What is wrong.
        fault: Fault,
    },
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is no YAML.
    #[error("it is no YAML: {said}")]
    Syntax {
        /// What the parser said.
        said: String,
    },
    /// Lists, nested keys, anchors, aliases, tags, a second document.
    #[error("only lines of KEY: VALUE are known here")]
    Shape,
    /// More keys than there are.
    #[error("it has more than {} keys", super::yaml::MAX_KEYS)]
    Many,
    /// A key that there is not.
    #[error("there is no key {key:?}; the nearest is {nearest:?}")]
    Key {
        /// As it stands there.
        key: String,
        /// What may have been meant.
        nearest: &'static str,
    },
    /// A key for the second time.
    #[error("{key:?} was said before")]
    Repeated {
        /// Which.
        key: String,
    },
    /// A value that the key does not have.
    #[error("{key} cannot be {value:?}: {wanted}")]
    Value {
        /// Of which key.
        key: &'static str,
        /// As it stands there.
        value: String,
        /// What it can be.
        wanted: String,
    },
}

/// A fault and its line, from one.
pub(super) type At = (usize, Fault);

impl MannersError {
    pub(super) fn line(path: &Path, (line, fault): At) -> Self {
        Self::Line { path: path.to_owned(), line, fault }
    }

    /// The next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { .. } => Some("chmod go-w, and see that it is your own".to_owned()),
            Self::NoFolder => Some("set XDG_STATE_HOME or HOME to an absolute path".to_owned()),
            Self::Line { fault: Fault::Key { .. }, .. } => {
                let keys: Vec<_> = super::KEYS.iter().map(|(key, _)| *key).collect();
                Some(format!("the keys are: {}", keys.join(", ")))
            }
            _ => None,
        }
    }
}

/// The name most like `word`.
pub(super) fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> &'static str {
    let likeness = |name: &&str| strsim::jaro_winkler(word, name);
    names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}

/// As much of a stranger's word as is told, without what is not to be printed.
pub(super) fn shown(word: &str) -> String {
    crate::text::SafeText::new(word).clamped(40).to_string()
}
