//! Living vector companions for a developer's terminal.

pub mod event;
pub mod frame;
pub mod intent;
pub mod mood;
pub mod pet;
pub mod player;
pub mod protocol;
pub mod scene;
pub mod terminal;
pub mod text;
pub mod units;
