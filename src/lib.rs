//! Living vector companions for a developer's terminal.
//!
//! ```text
//! asset bytes ─▶ Scene ─▶ Frame ─▶ Encoder ─▶ bytes ─▶ Terminal        (pictures)
//! event bytes ─▶ Event ─▶ Bus ─▶ Intent ─▶ Mood ─▶ Effect              (decisions)
//!                                                    └─────▶ Player    (where they meet)
//! ```
//!
//! A [`scene`] answers what an SVG or Lottie file looks like at a time; a [`frame`] is its pixels;
//! a [`protocol`] encoder turns frames into bytes, and a [`terminal`] takes them. On the other side
//! an [`event`] is something that happened, a [`mood`] decides what the [`pet`] makes of it, and the
//! [`player`] does what was decided.
//!
//! A pet in half blocks, as a terminal without pictures would get it:
//!
//! ```
//! use buddy_render::frame::Frame;
//! use buddy_render::pet::catalog;
//! use buddy_render::protocol::symbols::{Symbols, SymbolsConfig};
//! use buddy_render::protocol::{Encoder, Placement};
//! use buddy_render::units::{CellPixels, CellPosition, CellSize};
//!
//! let pet = catalog::load("null")?;
//! let purr = pet.clip("purr").ok_or("no such clip")?;
//! let at = Placement {
//!     at: CellPosition { col: 64, row: 0 },
//!     size: CellSize::new(16, 8),
//!     cell: CellPixels::new(10, 20),
//! };
//! let mut frame = Frame::new(at.pixels())?;
//! pet.scene()?.draw(purr.start + purr.key, &mut frame);
//!
//! let mut bytes = Vec::new();
//! Symbols::new(SymbolsConfig::default()).encode(&frame, &at, &mut bytes)?;
//! assert!(String::from_utf8(bytes)?.contains('▀'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a Lottie file asks for and this version does not draw is told by
//! [`scene::Scene::unsupported`]; what is left out is listed in [`scene::lottie`].

pub mod event;
pub mod frame;
pub mod intent;
pub mod manners;
pub mod mood;
pub mod overlay;
pub mod pack;
pub mod pet;
pub mod player;
pub mod protocol;
pub mod scene;
pub mod terminal;
pub mod text;
pub mod units;
