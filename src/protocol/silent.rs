//! The encoder of whoever wants no picture: screen readers get sentences instead.

use super::{EncodeError, Encoder, Feed, Placement};
use crate::frame::{Frame, TextArt};

/// Draws nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Encoder for Silent {
    fn feed(&self) -> Feed {
        Feed::Text
    }

    fn encode(&mut self, _: &Frame, _: &Placement, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn erase(&mut self, _: &mut Vec<u8>) {}

    fn reset(&mut self, _: &mut Vec<u8>) {}

    fn farewell(&self, _: &mut Vec<u8>) {}

    fn invalidate(&mut self) {}

    fn draw_text(
        &mut self,
        _: &TextArt,
        _: &Placement,
        _: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        Ok(())
    }

    fn moves_cursor(&self) -> bool {
        false
    }
}
