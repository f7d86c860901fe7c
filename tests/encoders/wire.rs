//! A strict reader of what is sent: every byte belongs to a token, and kitty's commands to an
//! upload or a control. What it refuses it names by a rule.

use crate::support::Picture;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buddy_render::protocol::passthrough::Passthrough;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;

/// A rule that some bytes break.
pub(crate) type Rule = &'static str;

/// Where which rule was broken.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) rule: Rule,
    /// Counted from the frame's first byte, after a multiplexer's wrapping is taken off.
    pub(crate) at: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Fault {
    pub(crate) fn new(rule: Rule, at: usize, bytes: &[u8]) -> Self {
        Self { rule, at, bytes: bytes.to_vec() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(120)];
        let Self { rule, at, bytes } = self;
        write!(f, "{rule} at byte {at}, {} bytes: {}", bytes.len(), shown.escape_ascii())
    }
}

/// One thing that a terminal reads at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Characters that are no controls.
    Text(&'a str),
    /// A C0 control or DEL.
    Control(u8),
    /// ESC and one more byte.
    Escape(u8),
    /// Parameters with any intermediates, and the final byte.
    Csi(&'a str, u8),
    Dcs(&'a str),
    Osc(&'a str),
    Apc(&'a str),
}

/// A token, its bytes, and where they begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) at: usize,
    pub(crate) bytes: &'a [u8],
}

/// All of `bytes` as tokens.
pub(crate) fn tokens(bytes: &[u8]) -> Result<Vec<Located<'_>>, Fault> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (token, length) = token(rest)
            .map_err(|(rule, length)| Fault::new(rule, at, &rest[..length.min(rest.len())]))?;
        found.push(Located { token, at, bytes: &rest[..length] });
        at += length;
    }
    Ok(found)
}

/// The first token and its length, or the rule that so many bytes break.
fn token(rest: &[u8]) -> Result<(Token<'_>, usize), (Rule, usize)> {
    match *rest {
        [0x1b, b'[', ref body @ ..] => sequence(body),
        [0x1b, kind @ (b'P' | b']' | b'_'), ref body @ ..] => string(kind, body),
        [0x1b, b'X' | b'^', ..] => Err(("string-kind", 2)),
        [0x1b, byte, ..] => Ok((Token::Escape(byte), 2)),
        [0x1b] => Err(("unterminated", 1)),
        [byte @ (..0x20 | 0x7f), ..] => Ok((Token::Control(byte), 1)),
        _ => text(rest),
    }
}

/// ECMA-48 §5.4: parameter bytes, intermediate bytes, a final byte.
fn sequence(body: &[u8]) -> Result<(Token<'_>, usize), (Rule, usize)> {
    let parameters = body.iter().take_while(|b| (0x30..0x40).contains(*b)).count();
    let between = body[parameters..].iter().take_while(|b| (0x20..0x30).contains(*b)).count();
    let end = parameters + between;
    match body.get(end) {
        None => Err(("unterminated", end + 2)),
        Some(last @ 0x40..=0x7e) => match std::str::from_utf8(&body[..end]) {
            Ok(inside) => Ok((Token::Csi(inside, *last), end + 3)),
            Err(_) => Err(("malformed-sequence", end + 3)),
        },
        Some(_) => Err(("malformed-sequence", end + 3)),
    }
}

/// A control string: printable ASCII up to ST, or up to BEL where it is an OSC.
fn string(kind: u8, body: &[u8]) -> Result<(Token<'_>, usize), (Rule, usize)> {
    let end = body.iter().take_while(|b| (0x20..0x7f).contains(*b)).count();
    let after = match body[end..] {
        [0x1b, b'\\', ..] => 2,
        [0x07, ..] if kind == b']' => 1,
        [] | [0x1b] => return Err(("unterminated", end + 2)),
        _ => return Err(("string-byte", end + 3)),
    };
    let Ok(inside) = std::str::from_utf8(&body[..end]) else {
        return Err(("string-byte", end + 3));
    };
    let token = match kind {
        b'P' => Token::Dcs(inside),
        b']' => Token::Osc(inside),
        _ => Token::Apc(inside),
    };
    Ok((token, end + 2 + after))
}

fn text(rest: &[u8]) -> Result<(Token<'_>, usize), (Rule, usize)> {
    let end = rest.iter().position(|b| *b < 0x20 || *b == 0x7f).unwrap_or(rest.len());
    let run = match std::str::from_utf8(&rest[..end]) {
        Ok(run) => run,
        // Eight-bit controls are no UTF-8.
        Err(e) if e.valid_up_to() == 0 => {
            let rule = if matches!(rest[0], 0x80..=0x9f) { "c1" } else { "utf8" };
            return Err((rule, 1));
        }
        Err(e) => std::str::from_utf8(&rest[..e.valid_up_to()]).map_err(|_| ("utf8", 1))?,
    };
    match run.find(|c: char| ('\u{80}'..'\u{a0}').contains(&c)) {
        Some(0) => Err(("c1", 2)),
        Some(at) => Ok((Token::Text(&run[..at]), at)),
        None => Ok((Token::Text(run), run.len())),
    }
}

/// What the terminal around a multiplexer gets, and what the multiplexer draws itself. Outside of
/// the wrapping there may be no control strings: a multiplexer would take them for its own.
pub(crate) fn unwrap(bytes: &[u8], how: Passthrough) -> Result<Vec<u8>, Fault> {
    let open: &[u8] = match how {
        Passthrough::None => return Ok(bytes.to_vec()),
        Passthrough::Tmux => b"\x1bPtmux;",
        Passthrough::Screen => b"\x1bP",
    };
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let fault = |rule, length: usize| Fault::new(rule, at, &rest[..length.min(rest.len())]);
        if let Some(body) = rest.strip_prefix(open) {
            let inside = match how {
                Passthrough::Tmux => tmux_string(body, &mut out),
                _ => screen_string(body, &mut out),
            };
            at += open.len() + inside.map_err(|(rule, length)| fault(rule, length + open.len()))?;
        } else if let [0x1b, b'P' | b']' | b'_' | b'X' | b'^', ..] = rest {
            return Err(fault("outside-passthrough", 16));
        } else {
            out.push(rest[0]);
            at += 1;
        }
    }
    Ok(out)
}

/// As tmux reads: a doubled ESC is one, `ESC \` is the end, a lone ESC ends it too early.
fn tmux_string(body: &[u8], out: &mut Vec<u8>) -> Result<usize, (Rule, usize)> {
    let mut at = 0;
    loop {
        match body[at..] {
            [0x1b, 0x1b, ..] => {
                out.push(0x1b);
                at += 2;
            }
            [0x1b, b'\\', ..] => return Ok(at + 2),
            [0x1b, ..] => return Err(("lone-escape", at + 2)),
            [byte, ..] => {
                out.push(byte);
                at += 1;
            }
            [] => return Err(("unterminated", at)),
        }
    }
}

/// As Screen reads: up to the first `ESC \`. It drops what is longer than 256 bytes, some builds
/// what is longer than 200.
fn screen_string(body: &[u8], out: &mut Vec<u8>) -> Result<usize, (Rule, usize)> {
    let end = crate::support::find(body, b"\x1b\\").ok_or(("unterminated", body.len()))?;
    if end + 4 > 200 {
        return Err(("screen-packet", end + 2));
    }
    out.extend_from_slice(&body[..end]);
    Ok(end + 2)
}

/// The keys of one of kitty's commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys(BTreeMap<char, String>);

impl Keys {
    fn parse(text: &str) -> Result<Self, Rule> {
        let mut keys = BTreeMap::new();
        for pair in text.split(',') {
            let (key, value) = pair.split_once('=').ok_or("kitty-keys")?;
            let mut letters = key.chars();
            let (Some(key), None) = (letters.next(), letters.next()) else {
                return Err("kitty-keys");
            };
            if keys.insert(key, value.to_owned()).is_some() {
                return Err("kitty-keys");
            }
        }
        Ok(Self(keys))
    }

    pub(crate) fn get(&self, key: char) -> Option<&str> {
        self.0.get(&key).map(String::as_str)
    }

    pub(crate) fn number(&self, key: char) -> Option<u32> {
        self.get(key)?.parse().ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (char, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// `a`, which is `t` where it is left out.
    pub(crate) fn action(&self) -> char {
        match self.get('a').map(|a| a.chars().collect::<Vec<_>>()).as_deref() {
            None => 't',
            Some([action]) => *action,
            Some(_) => '?',
        }
    }
}

/// One of kitty's commands: a control, a part of an upload, or its last part.
#[derive(Debug)]
pub(crate) enum Command {
    Control,
    Part,
    Upload(Upload),
}

/// What was uploaded by all chunks together.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) keys: Keys,
    pub(crate) picture: Picture,
    /// Whether the colours come from a palette, and so may be off a little.
    pub(crate) indexed: bool,
}

/// Puts chunks together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembler {
    open: Option<(Keys, Vec<u8>)>,
}

impl Assembler {
    /// Whether an upload waits for more.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes what stands in one APC string: the keys, and what they complete.
    pub(crate) fn take(&mut self, body: &str) -> Result<(Keys, Command), Rule> {
        let body = body.strip_prefix('G').ok_or("other-protocol")?;
        let (keys, payload) = body.split_once(';').unwrap_or((body, ""));
        let keys = Keys::parse(keys)?;
        if payload.len() > 4096 {
            return Err("chunk-length");
        }
        let more = keys.get('m') == Some("1");
        if more && payload.len() % 4 != 0 {
            return Err("chunk-quantum");
        }
        let data = STANDARD.decode(payload).map_err(|_| "base64")?;
        let uploads = matches!(keys.action(), 't' | 'T' | 'f');
        if let Some((first, _)) = &self.open {
            continues(first, &keys)?;
        } else if !uploads {
            return if payload.is_empty() && keys.get('m').is_none() {
                Ok((keys, Command::Control))
            } else {
                Err("kitty-keys")
            };
        }
        let (first, mut whole) = self.open.take().unwrap_or((keys.clone(), Vec::new()));
        whole.extend(data);
        if more {
            self.open = Some((first, whole));
            return Ok((keys, Command::Part));
        }
        let (picture, indexed) = pixels(&first, &whole)?;
        Ok((keys, Command::Upload(Upload { keys: first, picture, indexed })))
    }
}

/// A later chunk has `m` and `q`; one of a frame also its `a=f` and image, as kitty before 0.49
/// takes it for a part of the first frame else.
fn continues(first: &Keys, next: &Keys) -> Result<(), Rule> {
    if !matches!(next.get('m'), Some("0" | "1")) {
        return Err("chunk-between");
    }
    if first.action() == 'f' {
        let repeats = next.action() == 'f' && next.get('i') == first.get('i');
        let same = next.iter().all(|(key, value)| key == 'm' || first.get(key) == Some(value));
        return if repeats && same { Ok(()) } else { Err("chunk-repeat") };
    }
    let bare = next.iter().all(|(key, _)| matches!(key, 'm' | 'q'));
    if bare { Ok(()) } else { Err("chunk-between") }
}

/// The pixels of an upload, straight RGBA, and whether a palette made them.
fn pixels(keys: &Keys, data: &[u8]) -> Result<(Picture, bool), Rule> {
    let told = keys.number('s').zip(keys.number('v'));
    let told = told.map(|(width, height)| (width as usize, height as usize));
    if keys.get('f') == Some("100") {
        if keys.get('o').is_some() {
            return Err("payload");
        }
        let reader = png::Decoder::new(std::io::Cursor::new(data));
        let reader = reader.read_info().map_err(|_| "payload")?;
        let indexed = reader.info().color_type == png::ColorType::Indexed;
        let format = image::ImageFormat::Png;
        let read = image::load_from_memory_with_format(data, format).map_err(|_| "payload")?;
        let size = (read.width() as usize, read.height() as usize);
        return if told.is_none_or(|told| told == size) {
            Ok((Picture { size, rgba: read.to_rgba8().into_raw() }, indexed))
        } else {
            Err("payload-size")
        };
    }
    let size = told.ok_or("payload-size")?;
    let mut raw = data.to_vec();
    if keys.get('o') == Some("z") {
        let mut zlib = flate2::read::ZlibDecoder::new(data);
        raw.clear();
        zlib.read_to_end(&mut raw).map_err(|_| "payload")?;
        if zlib.total_in() != data.len() as u64 {
            return Err("payload");
        }
    }
    if keys.get('f') != Some("32") {
        return Err("payload");
    }
    if raw.len() != size.0 * size.1 * 4 {
        return Err("payload-size");
    }
    Ok((Picture { size, rgba: raw }, false))
}
