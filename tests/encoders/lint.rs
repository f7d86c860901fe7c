//! The allow-list: what our bytes may be, protocol by protocol. Whatever is not on it is refused,
//! with the name of the rule, the offset and the bytes. `manners.rs` reads all that we send by it.

use crate::screen;
use crate::support::{Picture, find};
use crate::wire::{Assembler, Command, Fault, Keys, Rule, Token, Upload, tokens, unwrap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buddy_render::protocol::kitty::IdRange;
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::units::{CellPixels, CellSize};
use rio_vt::ansi::kitty_virtual::{PLACEHOLDER, diacritic_to_index};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthChar as _;

/// What may be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    Kitty(IdRange),
    /// kitty's pictures in cells of text.
    Placeholders(IdRange),
    /// With `true` in parts, else in one sequence.
    Iterm2(bool),
    /// Registers, whether they are shared, whether a picture lies over older ones.
    Sixel(usize, bool, bool),
    /// Glyphs, in colours or in none.
    Symbols(bool),
    /// Letters.
    Ascii,
    /// Nothing at all.
    Silent,
}

/// A reader of one encoder's frames, in their order.
#[derive(Clone)]
pub(crate) struct Lint {
    dialect: Dialect,
    passthrough: Passthrough,
    window: CellSize,
    cell: CellPixels,
    /// Whether words may stand in bubbles.
    speech: bool,
    uploads: Assembler,
    images: BTreeMap<u32, Held>,
    file: Option<File>,
    registers: Vec<Option<[u8; 3]>>,
    cursor: Cursor,
    pen: Pen,
    /// The picture that the pen's colour names.
    named: u32,
    shared: bool,
    /// All bytes so far.
    pub(crate) read: usize,
}

/// A picture that the terminal holds.
#[derive(Clone)]
struct Held {
    size: (usize, usize),
    frames: u32,
    /// The columns and rows of its virtual placement.
    cells: Option<(u32, u32)>,
}

/// A file that comes in parts.
#[derive(Clone)]
struct File {
    args: String,
    data: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Unknown,
    At(u32, u32),
    /// After a glyph in the last column of that row: where it is now, terminals differ.
    Wraps(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pen {
    /// Whatever somebody else set.
    Unknown,
    Default,
    Set,
}

/// Longest control string that all take (iTerm2, tmux).
const LONGEST: usize = 1_048_576;

impl Lint {
    pub(crate) fn new(dialect: Dialect, window: CellSize, cell: CellPixels) -> Self {
        let registers = if let Dialect::Sixel(registers, ..) = dialect { registers } else { 0 };
        Self {
            dialect,
            passthrough: Passthrough::None,
            window,
            cell,
            speech: false,
            uploads: Assembler::default(),
            images: BTreeMap::new(),
            file: None,
            registers: vec![None; registers],
            cursor: Cursor::Unknown,
            pen: Pen::Unknown,
            named: 0,
            shared: false,
            read: 0,
        }
    }

    pub(crate) fn through(mut self, passthrough: Passthrough) -> Self {
        self.passthrough = passthrough;
        self
    }

    pub(crate) fn is_wrapped(&self) -> bool {
        self.passthrough != Passthrough::None
    }

    pub(crate) fn with_speech(mut self) -> Self {
        self.speech = true;
        self
    }

    pub(crate) fn resize(&mut self, window: CellSize) {
        self.window = window;
    }

    /// Reads what one call of an encoder wrote, or one of the player.
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.read += bytes.len();
        let bytes = unwrap(bytes, self.passthrough)?;
        (self.cursor, self.pen) = (Cursor::Unknown, Pen::Unknown);
        for located in tokens(&bytes)? {
            self.token(located.token)
                .map_err(|rule| Fault::new(rule, located.at, located.bytes))?;
        }
        self.end().map_err(|rule| Fault::new(rule, bytes.len(), &[]))
    }

    /// Reads bytes that are kept for later: the terminal has not got them.
    pub(crate) fn aside(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.read += bytes.len();
        self.clone().frame(bytes)
    }

    /// Reads what the terminal gets for one frame: a frame of the player's in its brackets.
    pub(crate) fn written(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let inside = brackets(bytes)?;
        self.frame(inside)?;
        self.read += bytes.len() - inside.len();
        Ok(())
    }

    /// Nothing may be left open.
    fn end(&self) -> Result<(), Rule> {
        keep(!self.uploads.is_open(), "chunk-open")?;
        keep(self.file.is_none(), "file-open")?;
        keep(self.pen != Pen::Set, "pen-left-set")?;
        keep(!self.shared, "mode-left-set")
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), Rule> {
        keep(!matches!(self.dialect, Dialect::Silent) || self.speech, "not-silent")?;
        if self.uploads.is_open() && !matches!(token, Token::Apc(_)) {
            return Err("chunk-between");
        }
        if self.file.is_some() && !matches!(token, Token::Osc(_)) {
            return Err("file-between");
        }
        match token {
            Token::Text(text) => self.text(text),
            Token::Control(byte) => self.control(byte),
            Token::Escape(byte) => Err(match byte {
                b'7' | b'8' => "save-restore",
                b'D' | b'E' | b'M' => "scroll",
                b'Z' => "query",
                _ => "escape",
            }),
            Token::Csi(inside, last) => self.sequence(inside, last),
            Token::Dcs(body) => self.device(body),
            Token::Osc(body) => self.command(body),
            Token::Apc(body) => self.graphics(body),
        }
    }

    fn control(&mut self, byte: u8) -> Result<(), Rule> {
        match byte {
            // Symbols go a few cells back by it.
            0x08 if matches!(self.dialect, Dialect::Symbols(_) | Dialect::Ascii) => self.along(-1),
            b'\n' | 0x0b | 0x0c => Err("scroll"),
            0x05 => Err("query"),
            _ => Err("control"),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Rule> {
        if text.starts_with(PLACEHOLDER) && matches!(self.dialect, Dialect::Placeholders(_)) {
            return self.placeholders(text);
        }
        for glyph in text.chars() {
            let ours = match self.dialect {
                Dialect::Symbols(_) => is_symbol(glyph),
                Dialect::Ascii => (' '..='~').contains(&glyph),
                _ => false,
            };
            let width = glyph.width().ok_or("glyph")?;
            keep(ours && width == 1 || self.speech && is_word(glyph), "glyph")?;
            // What has no colours at all sends no SGR either.
            let plain = matches!(self.dialect, Dialect::Symbols(false) | Dialect::Ascii);
            keep(plain || self.pen != Pen::Unknown, "pen-unknown")?;
            let Cursor::At(col, row) = self.cursor else {
                return Err(if self.cursor == Cursor::Unknown { "cursor" } else { "wrap" });
            };
            let end = col + width as u32;
            keep(end <= self.window.cols.into(), "wrap")?;
            let room = end < u32::from(self.window.cols);
            self.cursor = if room { Cursor::At(end, row) } else { Cursor::Wraps(row) };
        }
        Ok(())
    }

    /// A row of a picture, whole: each cell with its row and column.
    fn placeholders(&mut self, text: &str) -> Result<(), Rule> {
        keep(self.pen == Pen::Set, "pen-unknown")?;
        let held = self.images.get(&self.named).ok_or("kitty-missing")?;
        let (cols, rows) = held.cells.ok_or("placeholder-virtual")?;
        self.covers(cols, 1, 0)?;
        let cells: Vec<char> = text.chars().collect();
        let highest = self.named >> 24;
        let marks = if highest > 0 { 3 } else { 2 };
        keep(cells.len() == (1 + marks) * cols as usize, "placeholder")?;
        for (col, cell) in (0..).zip(cells.chunks(1 + marks)) {
            let row = diacritic_to_index(cell[1]).ok_or("placeholder")?;
            keep(cell[0] == PLACEHOLDER && row < rows, "placeholder")?;
            keep(diacritic_to_index(cell[2]) == Some(col), "placeholder")?;
            let told = cell.get(3).map_or(Some(0), |mark| diacritic_to_index(*mark));
            keep(told == Some(highest), "placeholder")?;
        }
        // Where it is after the last column, terminals differ.
        self.cursor = Cursor::Unknown;
        Ok(())
    }

    fn sequence(&mut self, inside: &str, last: u8) -> Result<(), Rule> {
        if let Some(mode) = inside.strip_prefix('?').filter(|_| matches!(last, b'h' | b'l')) {
            return self.mode(mode, last == b'h');
        }
        // Queries: DSR, DA, DECRQM, DECRQPSR, XTVERSION, window operations, XTSMGRAPHICS.
        if matches!(last, b'n' | b'c' | b't' | b'p' | b'w' | b'q' | b'x')
            || (inside.starts_with('?') && last == b'S')
        {
            return Err("query");
        }
        match last {
            b's' | b'u' => return Err("save-restore"),
            b'J' | b'K' => return Err("erase"),
            b'S' | b'T' | b'L' | b'M' | b'r' => return Err("scroll"),
            b'h' | b'l' => return Err("mode"),
            _ => {}
        }
        keep(inside.bytes().all(|b| b.is_ascii_digit() || b == b';'), "sequence")?;
        match last {
            b'H' => self.go_to(inside),
            b'm' => self.colors(inside),
            b'X' => self.wipe(inside),
            b'G' | b'A' | b'B' | b'C' | b'D' => {
                keep(matches!(self.dialect, Dialect::Symbols(_) | Dialect::Ascii), "sequence")?;
                let count: u16 = if inside.is_empty() { 1 } else { number(inside)? };
                self.walk(count, last)
            }
            _ => Err("sequence"),
        }
    }

    /// Mode 1070 as `protocols/sixel.md` says; whoever writes the frame brackets it in 2026.
    fn mode(&mut self, mode: &str, set: bool) -> Result<(), Rule> {
        let shares = matches!(self.dialect, Dialect::Sixel(_, true, _));
        keep(mode == "1070" && shares && self.shared == set, "mode")?;
        self.shared = !set;
        Ok(())
    }

    fn go_to(&mut self, inside: &str) -> Result<(), Rule> {
        let (row, col) = inside.split_once(';').ok_or("cursor")?;
        let (row, col): (u16, u16) = (number(row)?, number(col)?);
        let CellSize { cols, rows } = self.window;
        keep((1..=cols).contains(&col) && (1..=rows).contains(&row), "cursor")?;
        self.cursor = Cursor::At(u32::from(col) - 1, u32::from(row) - 1);
        Ok(())
    }

    fn walk(&mut self, count: u16, last: u8) -> Result<(), Rule> {
        keep(count > 0, "cursor")?;
        let by = i64::from(count);
        match (last, self.cursor) {
            (b'C', _) => self.along(by),
            (b'D', _) => self.along(-by),
            // The row is known even where the column is not.
            (b'G', Cursor::At(_, row) | Cursor::Wraps(row)) => {
                keep(by <= self.window.cols.into(), "cursor")?;
                self.cursor = Cursor::At(u32::from(count) - 1, row);
                Ok(())
            }
            (b'G', Cursor::Unknown) => Err("cursor"),
            (_, Cursor::At(col, row)) => {
                let row = i64::from(row) + if last == b'A' { -by } else { by };
                keep((0..self.window.rows.into()).contains(&row), "cursor")?;
                self.cursor = Cursor::At(col, u32::try_from(row).map_err(|_| "cursor")?);
                Ok(())
            }
            _ => Err("cursor"),
        }
    }

    fn along(&mut self, by: i64) -> Result<(), Rule> {
        let Cursor::At(col, row) = self.cursor else { return Err("cursor") };
        let col = i64::from(col) + by;
        keep((0..self.window.cols.into()).contains(&col), "cursor")?;
        self.cursor = Cursor::At(u32::try_from(col).map_err(|_| "cursor")?, row);
        Ok(())
    }

    /// ECH: it fills with the current colours, so those must be the default.
    fn wipe(&mut self, inside: &str) -> Result<(), Rule> {
        let wipes = matches!(
            self.dialect,
            Dialect::Iterm2(_) | Dialect::Sixel(..) | Dialect::Placeholders(_)
        );
        keep(wipes, "sequence")?;
        let count: u16 = number(inside)?;
        let Cursor::At(col, _) = self.cursor else { return Err("cursor") };
        keep(count > 0 && col + u32::from(count) <= self.window.cols.into(), "wrap")?;
        keep(self.pen == Pen::Default, "pen-unknown")
    }

    fn colors(&mut self, inside: &str) -> Result<(), Rule> {
        if matches!(inside, "" | "0") {
            self.pen = Pen::Default;
            return Ok(());
        }
        let codes: Result<Vec<u8>, Rule> = inside.split(';').map(number).collect();
        let codes = codes.map_err(|_| "pen")?;
        if let Dialect::Placeholders(_) = self.dialect {
            self.pen = Pen::Set;
            self.named = match *codes {
                [0, 38, 5, id] => id.into(),
                [0, 38, 2, r, g, b] => u32::from_be_bytes([0, r, g, b]),
                _ => return Err("pen"),
            };
            // The text tells the highest byte; there is one for all.
            self.named |= self.images.keys().next().map_or(0, |id| id & 0xff00_0000);
            return Ok(());
        }
        keep(matches!(self.dialect, Dialect::Symbols(true)), "pen")?;
        let mut codes = codes.into_iter();
        // Only after a reset is it known what else is set.
        if self.pen == Pen::Unknown {
            keep(codes.next() == Some(0), "pen-unknown")?;
        }
        self.pen = Pen::Set;
        while let Some(code) = codes.next() {
            match code {
                38 | 48 => {
                    let channels = match codes.next() {
                        Some(5) => 1,
                        Some(2) => 3,
                        _ => return Err("pen"),
                    };
                    keep(codes.by_ref().take(channels).count() == channels, "pen")?;
                }
                0 | 7 | 27 | 30..=37 | 39..=47 | 49 | 90..=97 | 100..=107 => {}
                _ => return Err("pen"),
            }
        }
        Ok(())
    }

    /// That a picture of so many cells at the cursor is in the window; `free` rows below it.
    fn covers(&self, cols: u32, rows: u32, free: u32) -> Result<(), Rule> {
        let Cursor::At(col, row) = self.cursor else { return Err("cursor") };
        let CellSize { cols: most_cols, rows: most_rows } = self.window;
        keep(cols > 0 && rows > 0 && col + cols <= most_cols.into(), "outside")?;
        keep(row + rows + free <= most_rows.into(), "last-row")
    }

    /// Sixel, which must not reach the last row: there it would scroll.
    fn device(&mut self, body: &str) -> Result<(), Rule> {
        if body.starts_with("$q") || body.starts_with("+q") {
            return Err("query");
        }
        let Dialect::Sixel(most, _, overlays) = self.dialect else {
            return Err("other-protocol");
        };
        let shared = self.shared.then_some(&mut self.registers);
        let picture = screen::Picture::decode(body.as_bytes(), most, shared)?;
        let (width, height) = picture.size;
        keep(overlays || picture.widest == width, "sixel-raster")?;
        let (wide, high) = (usize::from(self.cell.width), usize::from(self.cell.height));
        keep(width % wide == 0 && height % high == 0, "sixel-cells")?;
        self.covers((width / wide) as u32, (height / high) as u32, 1)?;
        // Terminals differ in where they leave it.
        self.cursor = Cursor::Unknown;
        Ok(())
    }

    fn command(&mut self, body: &str) -> Result<(), Rule> {
        keep(body.len() + 8 <= LONGEST, "string-length")?;
        let asks = body.ends_with(";?") || body == "1337;ReportCellSize";
        if asks || body == "1337;Capabilities" {
            return Err("query");
        }
        let (Dialect::Iterm2(parts), Some(body)) = (self.dialect, body.strip_prefix("1337;"))
        else {
            return Err("other-protocol");
        };
        if let Some(file) = body.strip_prefix("File=").filter(|_| !parts) {
            let (args, data) = file.split_once(':').ok_or("file-args")?;
            return self.whole_file(args, data);
        }
        keep(parts, "file-kind")?;
        if let Some(args) = body.strip_prefix("MultipartFile=") {
            keep(self.file.is_none(), "file-between")?;
            self.file = Some(File { args: args.to_owned(), data: String::new() });
            return Ok(());
        }
        if let Some(part) = body.strip_prefix("FilePart=") {
            keep(!part.is_empty() && part.len() % 4 == 0, "file-part")?;
            // Two fit into what is written at once.
            keep(part.len() <= 4096, "file-part")?;
            let file = self.file.as_mut().ok_or("file-part")?;
            file.data.push_str(part);
            return Ok(());
        }
        keep(body == "FileEnd", "file-kind")?;
        let file = self.file.take().ok_or("file-part")?;
        self.whole_file(&file.args, &file.data)
    }

    fn whole_file(&mut self, args: &str, data: &str) -> Result<(), Rule> {
        let file = STANDARD.decode(data).map_err(|_| "base64")?;
        let mut found = BTreeMap::new();
        for pair in args.split(';') {
            let (key, value) = pair.split_once('=').ok_or("file-args")?;
            keep(found.insert(key, value).is_none(), "file-args")?;
        }
        let mut next = |key| found.remove(key).ok_or("file-args");
        keep(number::<usize>(next("size")?)? == file.len(), "file-size")?;
        keep(next("inline")? == "1" && next("doNotMoveCursor")? == "1", "file-args")?;
        keep(next("preserveAspectRatio")? == "0", "file-args")?;
        let (cols, rows): (u16, u16) = (number(next("width")?)?, number(next("height")?)?);
        keep(found.is_empty(), "file-args")?;
        let known = file.starts_with(b"\x89PNG") || file.starts_with(b"GIF89a");
        let picture = image::load_from_memory(&file).map_err(|_| "payload")?;
        keep(known, "payload")?;
        let box_size = CellSize::new(cols, rows).pixels(self.cell);
        let size = (picture.width(), picture.height());
        keep(size == (box_size.width, box_size.height), "payload-size")?;
        // `doNotMoveCursor` is WezTerm's: in others the cursor goes below the picture.
        self.covers(cols.into(), rows.into(), 1)?;
        self.cursor = Cursor::Unknown;
        Ok(())
    }

    fn graphics(&mut self, body: &str) -> Result<(), Rule> {
        let (Dialect::Kitty(ids) | Dialect::Placeholders(ids)) = self.dialect else {
            return Err("other-protocol");
        };
        keep(!body.contains("a=q"), "query")?;
        let later = self.uploads.is_open();
        let (keys, command) = self.uploads.take(body)?;
        // Whether a picture is still there may be answered, if it is not.
        let asks = keys.action() == 'p' && keys.get('q') == Some("1");
        keep(asks || keys.get('q') == Some("2"), "kitty-quiet")?;
        keep(keys.get('i').is_none() || keys.get('I').is_none(), "kitty-i-and-I")?;
        for (key, value) in keys.iter() {
            keep(is_allowed(keys.action(), key, value), "kitty-keys")?;
        }
        if !later || keys.get('i').is_some() {
            let id = keys.number('i').ok_or("kitty-id")?;
            keep(ids.contains(id), "kitty-id")?;
        }
        match command {
            Command::Part => Ok(()),
            Command::Upload(upload) => self.upload(&upload),
            Command::Control => self.act(&keys),
        }
    }

    fn upload(&mut self, upload: &Upload) -> Result<(), Rule> {
        let Upload { keys, picture: Picture { size, .. }, .. } = upload;
        let id = keys.number('i').ok_or("kitty-id")?;
        if keys.action() == 'f' {
            let held = self.images.get_mut(&id).ok_or("kitty-missing")?;
            keep(held.size == *size, "payload-size")?;
            keep(keys.number('z').is_some(), "kitty-gap")?;
            held.frames += 1;
            return Ok(());
        }
        self.images.insert(id, Held { size: *size, frames: 1, cells: None });
        if keys.action() == 'T' { self.place(keys) } else { Ok(()) }
    }

    fn act(&mut self, keys: &Keys) -> Result<(), Rule> {
        let id = keys.number('i').ok_or("kitty-id")?;
        match keys.action() {
            'p' => self.place(keys),
            'a' => {
                let frames = self.images.get(&id).ok_or("kitty-missing")?.frames;
                let named = [keys.number('r'), keys.number('c')].into_iter().flatten();
                keep(named.max().is_none_or(|frame| frame <= frames), "kitty-frame")
            }
            'd' => {
                keep(matches!(keys.get('d'), Some("i" | "I")), "kitty-delete")?;
                if keys.get('d') == Some("I") {
                    self.images.remove(&id);
                } else if let Some(held) = self.images.get_mut(&id) {
                    held.cells = None;
                }
                Ok(())
            }
            _ => Err("kitty-keys"),
        }
    }

    /// The picture has the size of the cells it is put in: nobody scales.
    fn place(&mut self, keys: &Keys) -> Result<(), Rule> {
        let id = keys.number('i').ok_or("kitty-id")?;
        let held = self.images.get_mut(&id).ok_or("kitty-missing")?;
        let (cols, rows) = keys.number('c').zip(keys.number('r')).ok_or("kitty-placement")?;
        let size = (u32::from(self.cell.width) * cols, u32::from(self.cell.height) * rows);
        keep(held.size == (size.0 as usize, size.1 as usize), "payload-size")?;
        keep(keys.get('p') == Some("1"), "kitty-placement")?;
        let (virtual_, stays) = (keys.get('U') == Some("1"), keys.get('C') == Some("1"));
        if let Dialect::Placeholders(_) = self.dialect {
            keep(virtual_ && keys.get('z').is_none(), "placeholder-virtual")?;
            held.cells = Some((cols, rows));
            return Ok(());
        }
        keep(stays && !virtual_ && keys.number('z').is_some(), "kitty-placement")?;
        self.covers(cols, rows, 0)
    }
}

fn keep(holds: bool, rule: Rule) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(rule) }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Rule> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or("number")
}

/// Whether a key may stand in a command of that kind, with that value ("Control data reference" in
/// the specification, without what we have no use for).
fn is_allowed(action: char, key: char, value: &str) -> bool {
    const WORDS: [(char, char, &[&str]); 12] = [
        ('t', 'a', &["t"]),
        ('T', 'a', &["T"]),
        ('f', 'a', &["f"]),
        ('p', 'a', &["p"]),
        ('a', 'a', &["a"]),
        ('d', 'a', &["d"]),
        ('d', 'd', &["i", "I"]),
        ('t', 'o', &["z"]),
        ('T', 'o', &["z"]),
        ('f', 'o', &["z"]),
        ('t', 't', &["d"]),
        ('T', 't', &["d"]),
    ];
    if let Some((.., words)) = WORDS.iter().find(|(of, name, _)| (*of, *name) == (action, key)) {
        return words.contains(&value);
    }
    let most = match (action, key) {
        ('p', 'q') => 1..=2,
        (_, 'q') => 2..=2,
        (_, 'i') => 1..=u32::MAX,
        ('t' | 'T' | 'f', 'f') => return matches!(value, "24" | "32" | "100"),
        ('t' | 'T' | 'f', 's' | 'v') => 1..=10_000,
        ('t' | 'T' | 'f', 'm') => 0..=1,
        ('T' | 'p' | 'd', 'p') | ('T' | 'p', 'C' | 'U') => 1..=1,
        ('T' | 'p', 'c' | 'r') => 1..=10_000,
        ('T' | 'p' | 'f' | 'a', 'z') => 1..=i32::MAX as u32,
        ('f', 'X' | 'C') => 0..=1,
        ('a', 's') => 1..=3,
        ('a', 'v' | 'r' | 'c') => 1..=10_000,
        _ => return false,
    };
    number(value).is_ok_and(|value| most.contains(&value))
}

/// Block elements, sextants, octants, braille, and two more quarters; no glyph that terminals which
/// draw octants forgot.
fn is_symbol(glyph: char) -> bool {
    matches!(glyph, ' ' | '▀'..='▟' | '\u{2800}'..='\u{28FF}' | '\u{1FB00}'..='\u{1FB3B}'
        | '\u{1FB82}' | '\u{1FB85}' | '\u{1CD00}'..='\u{1CDE5}')
}

/// What may stand in a sentence: nothing invisible, nothing that turns its neighbours round.
fn is_word(glyph: char) -> bool {
    !glyph.is_control()
        && !matches!(glyph, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{10ffff}')
}

/// What stands in a frame's brackets: mode 2026 around all, the cursor hidden and shown in it,
/// and saved and restored in that.
fn brackets(bytes: &[u8]) -> Result<&[u8], Fault> {
    let (mut inside, mut at) = (bytes, 0);
    let pairs: [[&[u8]; 2]; 3] =
        [[b"\x1b[?2026h", b"\x1b[?2026l"], [b"\x1b[?25l", b"\x1b[?25h"], [b"\x1b7", b"\x1b8"]];
    for [open, close] in pairs {
        if let Some(rest) = inside.strip_prefix(open) {
            at += open.len();
            let end = || Fault::new("brackets", at, &rest[rest.len().saturating_sub(16)..]);
            inside = rest.strip_suffix(close).ok_or_else(end)?;
        }
        for one in [open, close] {
            if let Some(found) = find(inside, one) {
                return Err(Fault::new("brackets", at + found, one));
            }
        }
    }
    Ok(inside)
}
