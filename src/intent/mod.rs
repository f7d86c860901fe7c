//! What the developer seems to be doing.
pub mod rules;
