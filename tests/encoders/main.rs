//! Encode, decode with somebody else's decoder, compare the pixels: every protocol. And a lint, by
//! which every byte is read that the encoders and the player send.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a helper that fails is a test that fails; sizes here are small; figures are printed"
)]

mod animations;
mod cells;
mod graphics;
mod iterm2;
mod kitty;
mod kitty_itself;
mod lint;
mod manners;
#[expect(dead_code, reason = "the bench measures with it, too")]
mod mosaic;
mod multiplexer;
mod placeholders;
mod refused;
mod screen;
mod sixel;
mod sixel_itself;
mod stage;
mod support;
mod symbols;
mod wire;
