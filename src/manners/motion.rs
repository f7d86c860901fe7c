//! [`Motion`]: how much a pet may move.

use std::fmt;
use std::str::FromStr;

/// How much the pet may move. The later, the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Motion {
    /// As drawn.
    #[default]
    Full,
    /// It stands still while it idles, and moves when it reacts.
    Reduced,
    /// Key poses only.
    None,
}

/// A text that names no amount of motion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("motion is full, reduced or none")]
pub struct NoMotion;

impl FromStr for Motion {
    type Err = NoMotion;

    fn from_str(text: &str) -> Result<Self, NoMotion> {
        match text {
            "full" => Ok(Self::Full),
            "reduced" => Ok(Self::Reduced),
            "none" => Ok(Self::None),
            _ => Err(NoMotion),
        }
    }
}

impl fmt::Display for Motion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Reduced => "reduced",
            Self::None => "none",
        })
    }
}
