//! Who each pet is: its reactions and its voice, as tables.

/// The five companions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Species {
    /// Antigravity, the owl.
    Owl,
    /// Null, the void cat.
    Cat,
    /// Haiku, the crane.
    Crane,
    /// Bit, the pixel dog.
    Dog,
    /// Spectre, the ghost.
    Ghost,
}
