//! Encode, decode with somebody else's decoder, compare the pixels: every protocol.

mod cells;
mod iterm2;
mod kitty;
mod multiplexer;
mod sixel;
mod support;
