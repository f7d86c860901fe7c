//! Palettes for the protocols that have one.
