//! What the developer seems to be doing. What must not be learnt is a rule ([`rules`]); the model
//! that learns the rest comes later.

pub mod rules;
