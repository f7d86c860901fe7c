//! Wrapping of control strings for the multiplexer between us and the terminal.
//!
//! Only whole control strings (DCS, OSC, APC) are wrapped. Cursor movement and text are not: the
//! multiplexer must see those, as it owns the screen.

/// What stands between us and the terminal that shows the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Passthrough {
    /// Nothing, or something that knows the protocol itself.
    #[default]
    None,
    /// tmux with `allow-passthrough on` (tmux(1), from 3.3 on).
    Tmux,
    /// GNU Screen (its manual, "Control Sequences": `ESC P` is sent to the terminal unread).
    Screen,
}

/// GNU Screen drops a string longer than 256 bytes before 4.x, some builds cut at 200: chafa, too,
/// sends no larger packet.
const SCREEN_PACKET: usize = 200;
const DCS: &[u8] = b"\x1bP";
const ST: &[u8] = b"\x1b\\";

impl Passthrough {
    /// Appends the whole control string `sequence` to `out`, wrapped.
    pub fn wrap(self, sequence: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::None => out.extend_from_slice(sequence),
            Self::Tmux => wrap_tmux(sequence, out),
            Self::Screen => wrap_screen(sequence, out),
        }
    }
}

/// `ESC P tmux ;` … `ESC \` with each ESC inside doubled (tmux FAQ, "What is the passthrough
/// escape sequence").
fn wrap_tmux(sequence: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1bPtmux;");
    for &byte in sequence {
        if byte == 0x1b {
            out.push(0x1b);
        }
        out.push(byte);
    }
    out.extend_from_slice(ST);
}

/// Packets of at most [`SCREEN_PACKET`] bytes. Screen ends its string at the first `ESC \`, so the
/// string's own terminator goes into two packets.
fn wrap_screen(sequence: &[u8], out: &mut Vec<u8>) {
    let room = SCREEN_PACKET - DCS.len() - ST.len();
    let mut rest = sequence;
    while !rest.is_empty() {
        let most = rest.len().min(room);
        let cut = rest[..most].windows(2).position(|pair| pair == ST);
        let (packet, after) = rest.split_at(cut.map_or(most, |at| at + 1));
        out.extend_from_slice(DCS);
        out.extend_from_slice(packet);
        out.extend_from_slice(ST);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(how: Passthrough, sequence: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        how.wrap(sequence, &mut out);
        out
    }

    #[test]
    fn tmux_doubles_every_escape() {
        let got = wrapped(Passthrough::Tmux, b"\x1b_Ga=d\x1b\\");
        assert_eq!(got, b"\x1bPtmux;\x1b\x1b_Ga=d\x1b\x1b\\\x1b\\");
    }

    #[test]
    fn screen_splits_into_small_packets_that_join_again() {
        let mut sequence = b"\x1b_G".to_vec();
        sequence.extend(std::iter::repeat_n(b'A', 1000));
        sequence.extend_from_slice(ST);
        let got = wrapped(Passthrough::Screen, &sequence);
        let mut joined = Vec::new();
        let mut rest = got.as_slice();
        while !rest.is_empty() {
            assert!(rest.starts_with(DCS));
            // As Screen reads: the first ESC \ ends the string; ESC ESC keeps the first.
            let end = rest.windows(2).position(|p| p == ST).unwrap();
            assert!(end + 2 <= SCREEN_PACKET);
            joined.extend_from_slice(&rest[2..end]);
            rest = &rest[end + 2..];
        }
        assert_eq!(joined, sequence);
    }

    #[test]
    fn nothing_wraps_nothing() {
        assert_eq!(wrapped(Passthrough::None, b"\x1b[m"), b"\x1b[m");
    }
}
