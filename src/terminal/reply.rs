//! What a terminal says, from bytes split anywhere: a total parser with a bounded buffer.
//!
//! The grammar is ECMA-48's (CSI §5.4, control strings §5.6), seven-bit only, since the eight-bit
//! controls collide with UTF-8. Whatever is no reply is the user's typing, and is kept as
//! [`Reply::Key`], one key each.

use crate::units::{CellSize, PixelSize};

/// One reply, or one key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Primary device attributes, `CSI ? Ps ; … c` (DEC STD 070 §4; xterm ctlseqs "Send Device
    /// Attributes").
    Da1(Vec<u16>),
    /// Name and version, `DCS > | text ST` (xterm ctlseqs "XTVERSION").
    XtVersion(String),
    /// `APC G i=ID ; OK|CODE:message ST` (kitty graphics protocol, "Display images on screen").
    KittyGraphics {
        /// The image's id.
        id: u32,
        /// `OK`, or the error's code.
        code: String,
    },
    /// One cell, `CSI 6 ; height ; width t` (xterm ctlseqs, window operation 16).
    CellPixels(PixelSize),
    /// The text area, `CSI 4 ; height ; width t` (window operation 14).
    WindowPixels(PixelSize),
    /// The text area in cells, `CSI 8 ; rows ; columns t` (window operation 18).
    TextCells(CellSize),
    /// A private mode's state, `CSI ? mode ; state $ y` (DEC STD 070, DECRPM).
    DecRqm {
        /// The mode asked about.
        mode: u16,
        /// 0 unknown, 1 set, 2 reset, 3 always set, 4 never.
        state: u16,
    },
    /// `CSI ? item ; status ; value … S` (xterm ctlseqs "XTSMGRAPHICS").
    Xtsmgraphics {
        /// 1 colour registers, 2 sixel size.
        item: u32,
        /// 0 is success.
        status: u32,
        /// What was asked for.
        values: Vec<u32>,
    },
    /// One cell in points, `OSC 1337 ; ReportCellSize=height;width[;scale] ST` (iTerm2, "Report
    /// Cell Size").
    ItermCellSize(ItermCell),
    /// Feature codes, `OSC 1337 ; Capabilities=codes ST` (iTerm2, "Feature Reporting").
    ItermCapabilities(String),
    /// `CSI row ; column R` (ECMA-48 §8.3.14 CPR), one-based as sent.
    CursorPosition {
        /// From 1, at the top.
        row: u16,
        /// From 1, at the left.
        col: u16,
    },
    /// `CSI ? row ; column R`, with a page behind it or not (VT510 Programmer Information, DECXCPR),
    /// one-based as sent.
    CursorReport {
        /// From 1, at the top.
        row: u16,
        /// From 1, at the left.
        col: u16,
    },
    /// `CSI code n`, the answer to DSR 5 (ECMA-48 §8.3.35): 0 is ready, 3 a malfunction.
    Status(u16),
    /// Whether the window is seen, `CSI ? 999 ; 1 n` or `2` (mode 2033, "visibility reports": kitty
    /// from 0.48, Ghostty).
    Visible(bool),
    /// `OSC 7501 ; ? ST`: the terminal takes reports of what programs do (the Program Status
    /// Protocol).
    TakesStatus,
    /// The background colour, `OSC 11 ; rgb:r/g/b ST` (xterm ctlseqs), to eight bits.
    Background(u8, u8, u8),
    /// A key, as the terminal sent it.
    Key(Vec<u8>),
    /// A reply that nobody here asked for, or one that makes no sense; cut at the buffer's limit.
    Unknown(Vec<u8>),
}

/// One cell as iTerm2 tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItermCell {
    /// Points.
    pub height: f64,
    /// Points.
    pub width: f64,
    /// Pixels of a point; 1 unless told.
    pub scale: f64,
}

/// Longest control string kept; the longest true reply seen is below 100 bytes.
pub const MAX_STRING: usize = 4096;
/// Longest control sequence kept.
pub const MAX_SEQUENCE: usize = 256;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    /// Within a UTF-8 character; so many bytes are to come.
    Character(u8),
    Escape,
    /// After `ESC O`: one more byte makes a function key (SS3).
    Single,
    Sequence,
    String,
    /// Within a control string, after ESC.
    StringEscape,
}

/// Takes bytes as they come, gives replies as they are complete.
#[derive(Clone, Debug, Default)]
pub struct ReplyParser {
    state: State,
    held: Vec<u8>,
}

impl ReplyParser {
    /// A parser between two replies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes, appends what they complete.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Reply>) {
        for &byte in bytes {
            self.byte(byte, out);
        }
    }

    /// Gives up on what is incomplete: for when nothing more came for a while. `ESC` alone is the
    /// Escape key, and `ESC P` is Alt-P rather than the beginning of a device control string.
    pub fn flush(&mut self, out: &mut Vec<Reply>) {
        if self.state == State::StringEscape {
            self.hold(ESC, State::StringEscape);
        }
        if self.state != State::Ground {
            let long = self.held.len() >= MAX_SEQUENCE;
            self.emit(if long { Reply::Unknown } else { Reply::Key }, out);
        }
    }

    /// Gives up on what is incomplete, and appends its bytes, as far as they are kept.
    pub fn take_held(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        if self.state == State::StringEscape {
            out.push(ESC);
        }
        self.state = State::Ground;
    }

    /// Whether something is incomplete.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state != State::Ground
    }

    /// Whether what is incomplete may be the beginning of a reply rather than the Escape key.
    #[must_use]
    pub fn is_within(&self) -> bool {
        !matches!(self.state, State::Ground | State::Escape)
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Reply>) {
        match self.state {
            State::Ground => self.ground(byte, out),
            State::Character(left) => self.character(byte, left, out),
            State::Escape => self.escape(byte, out),
            State::Single => self.single(byte, out),
            State::Sequence => self.sequence(byte, out),
            State::String => self.string(byte, out),
            State::StringEscape => self.string_escape(byte, out),
        }
    }

    fn hold(&mut self, byte: u8, next: State) {
        let limit = match next {
            State::String | State::StringEscape => MAX_STRING,
            _ => MAX_SEQUENCE,
        };
        if self.held.len() < limit {
            self.held.push(byte);
        }
        self.state = next;
    }

    fn emit(&mut self, kind: impl FnOnce(Vec<u8>) -> Reply, out: &mut Vec<Reply>) {
        self.state = State::Ground;
        out.push(kind(std::mem::take(&mut self.held)));
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<Reply>) {
        match byte {
            ESC => self.hold(byte, State::Escape),
            0xc2..=0xdf => self.hold(byte, State::Character(1)),
            0xe0..=0xef => self.hold(byte, State::Character(2)),
            0xf0..=0xf4 => self.hold(byte, State::Character(3)),
            _ => out.push(Reply::Key(vec![byte])),
        }
    }

    fn character(&mut self, byte: u8, left: u8, out: &mut Vec<Reply>) {
        if !(0x80..=0xbf).contains(&byte) {
            self.emit(Reply::Key, out);
            self.ground(byte, out);
        } else if left > 1 {
            self.hold(byte, State::Character(left - 1));
        } else {
            self.held.push(byte);
            self.emit(Reply::Key, out);
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<Reply>) {
        match byte {
            ESC => {
                self.emit(Reply::Key, out);
                self.ground(byte, out);
            }
            b'[' => self.hold(byte, State::Sequence),
            b'O' => self.hold(byte, State::Single),
            // DCS, OSC, PM, APC, SOS.
            b'P' | b']' | b'^' | b'_' | b'X' => self.hold(byte, State::String),
            _ => {
                self.held.push(byte);
                self.emit(Reply::Key, out);
            }
        }
    }

    fn single(&mut self, byte: u8, out: &mut Vec<Reply>) {
        if byte == ESC {
            self.emit(Reply::Key, out);
            self.ground(byte, out);
        } else {
            self.held.push(byte);
            self.emit(Reply::Key, out);
        }
    }

    fn sequence(&mut self, byte: u8, out: &mut Vec<Reply>) {
        match byte {
            0x20..=0x3f => self.hold(byte, State::Sequence),
            0x40..=0x7e => {
                self.hold(byte, State::Ground);
                self.emit(sequence_reply, out);
            }
            // No such byte belongs there: what came is no sequence.
            _ => {
                self.emit(Reply::Key, out);
                self.ground(byte, out);
            }
        }
    }

    fn string(&mut self, byte: u8, out: &mut Vec<Reply>) {
        match byte {
            ESC => self.state = State::StringEscape,
            // Only OSC may end so (xterm ctlseqs); elsewhere it is no part of any reply either.
            BEL => self.emit(string_reply, out),
            CAN | SUB => self.emit(Reply::Unknown, out),
            _ => self.hold(byte, State::String),
        }
    }

    fn string_escape(&mut self, byte: u8, out: &mut Vec<Reply>) {
        if byte == b'\\' {
            self.emit(string_reply, out);
        } else {
            // ESC begins something new whatever was open.
            self.emit(Reply::Unknown, out);
            self.held.push(ESC);
            self.state = State::Escape;
            self.byte(byte, out);
        }
    }
}

/// A number, or nothing where it is no number or does not fit.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Parameters; an empty one, as in kitty's `CSI ? 62 ; c`, says nothing.
fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    let parts = text.split(';').filter(|part| !part.is_empty());
    parts.map(number).collect()
}

fn sequence_reply(held: Vec<u8>) -> Reply {
    if held.len() >= MAX_SEQUENCE {
        return Reply::Unknown(held);
    }
    let parsed = std::str::from_utf8(&held)
        .ok()
        .and_then(|text| parse_sequence(text.strip_prefix("\x1b[")?));
    // No key's sequence has a private marker or ends in `t`, as the window's sizes do; sizes that
    // are no sizes must not be taken for typing.
    let reply = matches!(held.get(2), Some(b'<'..=b'?')) || held.ends_with(b"t");
    match parsed {
        Some(reply) => reply,
        None if reply => Reply::Unknown(held),
        None => Reply::Key(held),
    }
}

fn parse_sequence(text: &str) -> Option<Reply> {
    let (body, last) = text.split_at_checked(text.len().checked_sub(1)?)?;
    match last {
        "c" => numbers(body.strip_prefix('?')?).map(Reply::Da1),
        "t" => window_reply(&numbers(body)?),
        "y" => match numbers(body.strip_prefix('?')?.strip_suffix('$')?)?[..] {
            [mode, state] => Some(Reply::DecRqm { mode, state }),
            _ => None,
        },
        "S" => {
            let values: Vec<u32> = numbers(body.strip_prefix('?')?)?;
            let (&[item, status], values) = values.split_first_chunk::<2>()?;
            let values = values.to_vec();
            Some(Reply::Xtsmgraphics { item, status, values })
        }
        "R" if body.starts_with('?') => match numbers(body.strip_prefix('?')?)?[..] {
            [row, col] | [row, col, _] => Some(Reply::CursorReport { row, col }),
            _ => None,
        },
        "R" => match numbers(body)?[..] {
            [row, col] => Some(Reply::CursorPosition { row, col }),
            _ => None,
        },
        "n" if body.starts_with('?') => match body.strip_prefix("?999;")? {
            "1" => Some(Reply::Visible(true)),
            "2" => Some(Reply::Visible(false)),
            _ => None,
        },
        "n" => match numbers(body)?[..] {
            [code @ (0 | 3)] => Some(Reply::Status(code)),
            _ => None,
        },
        _ => None,
    }
}

fn window_reply(values: &[u16]) -> Option<Reply> {
    match *values {
        [4, height, width] => {
            Some(Reply::WindowPixels(PixelSize::new(width.into(), height.into())))
        }
        [6, height, width] => Some(Reply::CellPixels(PixelSize::new(width.into(), height.into()))),
        [8, rows, cols] => Some(Reply::TextCells(CellSize::new(cols, rows))),
        _ => None,
    }
}

fn string_reply(held: Vec<u8>) -> Reply {
    if held.len() >= MAX_STRING {
        return Reply::Unknown(held);
    }
    let parsed = std::str::from_utf8(&held).ok().and_then(parse_string);
    parsed.unwrap_or(Reply::Unknown(held))
}

fn parse_string(text: &str) -> Option<Reply> {
    if let Some(name) = text.strip_prefix("\x1bP>|") {
        return Some(Reply::XtVersion(name.to_owned()));
    }
    if let Some(body) = text.strip_prefix("\x1b_G") {
        return kitty_reply(body);
    }
    let body = text.strip_prefix("\x1b]")?;
    if let Some(size) = body.strip_prefix("1337;ReportCellSize=") {
        return iterm_cell(size).map(Reply::ItermCellSize);
    }
    if let Some(codes) = body.strip_prefix("1337;Capabilities=") {
        return Some(Reply::ItermCapabilities(codes.to_owned()));
    }
    if body == "7501;?" {
        return Some(Reply::TakesStatus);
    }
    background(body.strip_prefix("11;rgb")?)
}

fn kitty_reply(body: &str) -> Option<Reply> {
    let (keys, message) = body.split_once(';')?;
    let id = keys.split(',').find_map(|key| key.strip_prefix("i="))?;
    let code = message.split(':').next().unwrap_or(message);
    Some(Reply::KittyGraphics { id: number(id)?, code: code.chars().take(40).collect() })
}

fn iterm_cell(text: &str) -> Option<ItermCell> {
    let mut parts = text.split(';').map(|part| {
        let value: f64 = part.parse().ok()?;
        (value.is_finite() && value > 0.0 && value < 10_000.0).then_some(value)
    });
    let (height, width) = (parts.next()??, parts.next()??);
    let scale = match parts.next() {
        Some(scale) => scale?,
        None => 1.0,
    };
    Some(ItermCell { height, width, scale })
}

/// After `rgb`: `:r/g/b` or `a:r/g/b/a`, one to four hexadecimal digits each (XParseColor(3)).
fn background(text: &str) -> Option<Reply> {
    let mut parts = text.strip_prefix('a').unwrap_or(text);
    parts = parts.strip_prefix(':')?;
    let mut channels = parts.split('/').map(|hex| {
        let wide = (1..=4).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u32::from_str_radix(wide.then_some(hex)?, 16).ok()?;
        let most = 16_u32.pow(u32::try_from(hex.len()).ok()?) - 1;
        u8::try_from((value * 255 + most / 2) / most).ok()
    });
    Some(Reply::Background(channels.next()??, channels.next()??, channels.next()??))
}
