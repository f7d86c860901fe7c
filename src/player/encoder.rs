//! From what was chosen for a terminal to its encoder.

use crate::protocol::Encoder;
use crate::protocol::silent::Silent;
use crate::terminal::{Answers, Choice, Database, EnvHints, KittyTier, Protocol, choose};
use crate::units::Geometry;

/// A tier was named that the protocol does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{protocol} has no tier {tier:?}; kitty's are animated and static")]
pub struct UnknownTier {
    protocol: Protocol,
    tier: String,
}
