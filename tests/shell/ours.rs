//! Finds what is ours in a terminal's output, by its form alone, and takes it out.
//!
//! The grammar of ours: a command of kitty's protocol that asks for silence, or a chunk of its data;
//! the question where the cursor is; and a frame. A frame is a synchronized update, or where the
//! terminal has none the cursor hidden and shown, that holds nothing but cursor positions, colours,
//! pictures, and what fills a cell, and ends by putting the cursor somewhere.

/// One unit of a terminal's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit<'a> {
    /// A run of text.
    Text(&'a [u8]),
    /// ESC [ … with its final byte.
    Sequence(&'a [u8], u8),
    /// A control string with its introducer.
    String(&'a [u8]),
    Other(&'a [u8]),
}

impl<'a> Unit<'a> {
    const fn bytes(self) -> &'a [u8] {
        match self {
            Unit::Text(bytes)
            | Unit::Sequence(bytes, _)
            | Unit::String(bytes)
            | Unit::Other(bytes) => bytes,
        }
    }
}

/// The first unit of `bytes`; an incomplete one is `Other`.
fn first(bytes: &[u8]) -> Unit<'_> {
    match bytes {
        [0x1b, b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte));
            match end.and_then(|at| rest.get(at).map(|last| (at, *last))) {
                Some((at, last @ 0x40..=0x7e)) => Unit::Sequence(&bytes[..at + 3], last),
                _ => Unit::Other(&bytes[..2]),
            }
        }
        [0x1b, b'P' | b']' | b'_' | b'^' | b'X', ..] => {
            let ends = |at: &usize| {
                bytes[*at..].starts_with(b"\x1b\\") || (bytes[1] == b']' && bytes[*at] == 7)
            };
            match (2..bytes.len()).find(ends) {
                Some(at) if bytes[at] == 7 => Unit::String(&bytes[..=at]),
                Some(at) => Unit::String(&bytes[..at + 2]),
                None => Unit::Other(&bytes[..2]),
            }
        }
        [0x1b, ..] => Unit::Other(&bytes[..bytes.len().min(2)]),
        [0x00..=0x1f | 0x7f, ..] => Unit::Other(&bytes[..1]),
        _ => {
            let end = bytes.iter().position(|byte| *byte < 0x20 || *byte == 0x7f);
            Unit::Text(&bytes[..end.unwrap_or(bytes.len())])
        }
    }
}

/// A command of kitty's protocol as we send them.
fn is_kitty(unit: Unit<'_>) -> bool {
    let Unit::String(bytes) = unit else { return false };
    let Some(body) = bytes.strip_prefix(b"\x1b_G") else { return false };
    let keys = body.split(|byte| *byte == b';').next().unwrap();
    keys.split(|byte| *byte == b',').any(|key| key == b"q=2" || key.starts_with(b"q=2\x1b"))
}

/// What may be in a frame beside pictures.
fn is_filling(unit: Unit<'_>) -> bool {
    match unit {
        Unit::Sequence(_, last) => {
            matches!(last, b'H' | b'm' | b'X' | b'C' | b'D' | b'A' | b'B' | b'G')
        }
        Unit::Text(_) => true,
        Unit::Other(bytes) => bytes == b"\x08",
        Unit::String(_) => false,
    }
}

/// The length of the frame at the beginning of `bytes`, if one of ours is there.
fn frame(bytes: &[u8]) -> Option<usize> {
    let ends: &[u8] = if bytes.starts_with(b"\x1b[?2026h") {
        b"\x1b[?2026l"
    } else if bytes.starts_with(b"\x1b[?25l") {
        b"\x1b[?25h"
    } else {
        return None;
    };
    let mut at = first(bytes).bytes().len();
    let (mut placed, mut any) = (false, false);
    while at < bytes.len() {
        let unit = first(&bytes[at..]);
        if unit.bytes() == ends {
            // The last thing a frame does is to put the cursor back.
            return (placed && any).then_some(at + ends.len());
        }
        let sixel = matches!(unit, Unit::String(s) if s.starts_with(b"\x1bP"));
        let image = matches!(unit, Unit::String(s) if s.starts_with(b"\x1b]1337;"));
        if !(is_kitty(unit) || sixel || image || is_filling(unit)) {
            return None;
        }
        placed = matches!(unit, Unit::Sequence(_, b'H'));
        any |= placed;
        at += unit.bytes().len();
    }
    None
}

/// The output without ours, and how many frames and commands those were.
pub(super) fn take_out(mut bytes: &[u8]) -> (Vec<u8>, usize) {
    let (mut rest, mut found) = (Vec::new(), 0);
    while !bytes.is_empty() {
        let unit = first(bytes);
        let length = match frame(bytes) {
            Some(length) => Some(length),
            None if is_kitty(unit) || unit.bytes() == b"\x1b[?6n" => Some(unit.bytes().len()),
            None => None,
        };
        match length {
            Some(length) => {
                found += 1;
                bytes = &bytes[length..];
            }
            None => {
                rest.extend_from_slice(unit.bytes());
                bytes = &bytes[unit.bytes().len()..];
            }
        }
    }
    (rest, found)
}

#[test]
fn ours_are_known_by_their_form() {
    let frames: [&[u8]; 3] = [
        b"\x1b[?2026h\x1b[1;65H\x1b_Ga=p,i=7,p=1,q=2\x1b\\\x1b[3;4H\x1b[?2026l",
        b"\x1b[?25l\x1b[1;65H\x1bPq#0~\x1b\\\x1b[0m\x1b[3;4H\x1b[?25h",
        b"\x1b_Ga=d,d=i,i=7,q=2\x1b\\",
    ];
    for frame in frames {
        let all = [b"before\x1b[1m", frame, b"after"].concat();
        assert_eq!(take_out(&all), (b"before\x1b[1mafter".to_vec(), 1));
    }
    let theirs: [&[u8]; 5] = [
        b"\x1b[?2026htext\x1b[?2026l",
        b"\x1b[?25ltext\x1b[?25h",
        b"\x1b_Ga=T,f=100;AAAA\x1b\\",
        b"\x1b[?2026h\x1b[H\x1b]0;x\x07\x1b[H\x1b[?2026l",
        b"\x1b[6n\x1b[",
    ];
    for bytes in theirs {
        assert_eq!(take_out(bytes), (bytes.to_vec(), 0), "{}", bytes.escape_ascii());
    }
}
