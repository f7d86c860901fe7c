//! What is known of terminals that cannot be asked: `protocols/terminals.toml`, embedded.
//!
//! A row is found by the terminal's own name first (XTVERSION), then by an exact DA1 answer, and by
//! the environment last, since that is inherited by whatever runs inside.

use super::choose::{Protocol, SymbolSet};
use super::probe::{Answers, EnvHints};
use crate::protocol::sixel::SixelTraits;
use crate::units::CellPixels;

/// The embedded table's text.
const TABLE: &str = include_str!("../../protocols/terminals.toml");

/// What one terminal, in one range of versions, is known to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    /// Its name in the table.
    pub name: String,
    /// Picture protocols worth using, best first; what is missing is never chosen by itself.
    pub order: Vec<Protocol>,
    /// Why this order, where it needs a reason.
    pub why: Option<String>,
    /// Whether it shows kitty's pictures in Unicode placeholders. Without, some show them at the
    /// cursor, so it cannot be tried.
    pub placeholders: bool,
    /// iTerm2's inline images.
    pub iterm2: Iterm2,
    /// Sixel colour registers, where the terminal does not tell them.
    pub sixel_registers: Option<u16>,
    /// What it does with one sixel picture after another.
    pub sixel: SixelTraits,
    /// What pictures are scaled to, whatever the font's size.
    pub virtual_cell: Option<CellPixels>,
    /// Synchronized updates, where it answers no DECRQM.
    pub sync: bool,
    /// 24-bit colours even without `COLORTERM`.
    pub true_color: bool,
    /// The finest symbols that it draws well.
    pub symbols: SymbolSet,
    /// What may be asked at all.
    pub ask: Ask,
}

/// iTerm2's inline images (OSC 1337).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Iterm2 {
    /// Not known to show them.
    #[default]
    None,
    /// `File=` in one sequence.
    File,
    /// Also `MultipartFile=`, `FilePart=`, `FileEnd`.
    Multipart,
}

/// Which questions do no harm; some terminals print those that they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ask {
    /// All.
    #[default]
    All,
    /// No APC strings.
    NoApc,
    /// Control sequences only: no strings.
    Sequences,
    /// None.
    Nothing,
}

impl Capabilities {
    /// A terminal of which nothing is known.
    fn unknown() -> Self {
        Self {
            name: "unknown".to_owned(),
            order: vec![Protocol::Kitty, Protocol::Iterm2, Protocol::Sixel],
            why: None,
            placeholders: false,
            iterm2: Iterm2::None,
            sixel_registers: None,
            sixel: SixelTraits::default(),
            virtual_cell: None,
            sync: false,
            true_color: false,
            symbols: SymbolSet::Quadrant,
            ask: Ask::All,
        }
    }
}

/// The table.
#[derive(Clone, Debug)]
pub struct Database {
    rows: Vec<Row>,
    unknown: Capabilities,
}

#[derive(Clone, Debug)]
struct Row {
    capabilities: Capabilities,
    xtversion: Vec<String>,
    since: Option<Vec<u32>>,
    before: Option<Vec<u32>>,
    da1: Vec<Vec<u16>>,
    env: Vec<(String, Option<String>)>,
}

/// The table is not as it should be; the embedded one is tested never to be.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the table of terminals is wrong")]
pub struct DatabaseError(#[source] Box<toml::de::Error>);

impl Database {
    /// The table that is built in.
    ///
    /// # Errors
    /// Never, as a test holds; the type says so rather than a panic.
    pub fn embedded() -> Result<Self, DatabaseError> {
        Self::parse(TABLE)
    }

    /// A table from its text.
    ///
    /// # Errors
    /// When a key is unknown, or a value is.
    pub fn parse(text: &str) -> Result<Self, DatabaseError> {
        let table: wire::Table = toml::from_str(text).map_err(|e| DatabaseError(Box::new(e)))?;
        Ok(Self {
            rows: table.terminal.into_iter().map(Row::from).collect(),
            unknown: Capabilities::unknown(),
        })
    }

    /// Who it is, and how that is known.
    #[must_use]
    pub fn identify(&self, answers: &Answers, hints: &EnvHints) -> (&Capabilities, String) {
        if let Some(name) = &answers.xtversion {
            return (self.named(name), format!("it calls itself {}", printable(name)));
        }
        let by_da1 = |da1: &Vec<u16>| self.rows.iter().find(|row| row.da1.contains(da1));
        if let Some(row) = answers.da1.as_ref().and_then(by_da1) {
            return (&row.capabilities, "its device attributes (DA1)".to_owned());
        }
        self.by_environment(hints)
    }

    /// The terminal that calls itself so.
    #[must_use]
    pub fn named(&self, name: &str) -> &Capabilities {
        let found = self.rows.iter().find(|row| row.is_called(name));
        found.map_or(&self.unknown, |row| &row.capabilities)
    }

    /// Who it seems to be before anything was asked.
    #[must_use]
    pub fn by_environment(&self, hints: &EnvHints) -> (&Capabilities, String) {
        for row in &self.rows {
            let mut hits = row.env.iter();
            let hit = hits.find(|(name, value)| match (hints.get(name), value) {
                (Some(_), None) => true,
                (Some(is), Some(wanted)) => is == wanted,
                (None, _) => false,
            });
            if let Some((name, _)) = hit {
                return (&row.capabilities, format!("the environment variable {name}"));
            }
        }
        (&self.unknown, "nothing tells".to_owned())
    }

    /// Names of all rows, in the table's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.capabilities.name.as_str())
    }
}

/// Text from a terminal with its control characters made visible.
pub(super) fn printable(text: &str) -> String {
    let shown = text.chars().take(60);
    shown.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl Row {
    fn is_called(&self, name: &str) -> bool {
        let rest = self.xtversion.iter().find_map(|p| name.strip_prefix(p.as_str()));
        let Some(rest) = rest else { return false };
        let version = version(rest);
        self.since.as_ref().is_none_or(|since| &version >= since)
            && self.before.as_ref().is_none_or(|before| &version < before)
    }
}

/// The numbers at the beginning of a version: `3.6.10beta1` is 3, 6, 10.
fn version(text: &str) -> Vec<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let numbers = text.get(..end).unwrap_or_default().split('.');
    numbers.map_while(|n| n.parse().ok()).take(8).collect()
}

/// The file's own spelling; it does not leave this module.
mod wire {
    use super::{Ask, Capabilities, CellPixels, Iterm2, Protocol, Row, SixelTraits, SymbolSet};
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Table {
        pub(super) terminal: Vec<Terminal>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Terminal {
        name: String,
        #[serde(default)]
        xtversion: Vec<String>,
        since: Option<String>,
        before: Option<String>,
        #[serde(default)]
        da1: Vec<Vec<u16>>,
        #[serde(default)]
        env: Vec<String>,
        #[serde(default)]
        order: Vec<Picture>,
        why: Option<String>,
        #[serde(default)]
        placeholders: bool,
        #[serde(default)]
        iterm2: Images,
        sixel_registers: Option<u16>,
        #[serde(default)]
        sixel: Sixel,
        virtual_cell: Option<(u16, u16)>,
        #[serde(default)]
        sync: bool,
        #[serde(default)]
        true_color: bool,
        #[serde(default)]
        symbols: Symbols,
        #[serde(default)]
        ask: Questions,
    }

    #[derive(Deserialize, Clone, Copy, Default)]
    #[serde(deny_unknown_fields)]
    struct Sixel {
        #[serde(default)]
        overlays: bool,
        #[serde(default)]
        shared_registers: bool,
        pictures: Option<u16>,
    }

    #[derive(Deserialize, Clone, Copy)]
    #[serde(rename_all = "lowercase")]
    enum Picture {
        Kitty,
        Iterm2,
        Sixel,
    }

    #[derive(Deserialize, Clone, Copy, Default)]
    #[serde(rename_all = "lowercase")]
    enum Images {
        #[default]
        None,
        File,
        Multipart,
    }

    #[derive(Deserialize, Clone, Copy, Default)]
    #[serde(rename_all = "lowercase")]
    enum Symbols {
        Braille,
        Half,
        #[default]
        Quadrant,
        Sextant,
        Octant,
    }

    #[derive(Deserialize, Clone, Copy, Default)]
    #[serde(rename_all = "kebab-case")]
    enum Questions {
        #[default]
        All,
        NoApc,
        Sequences,
        Nothing,
    }

    impl From<Terminal> for Row {
        fn from(row: Terminal) -> Self {
            let env = row.env.into_iter().map(|rule| match rule.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (rule, None),
            });
            Self {
                xtversion: row.xtversion,
                since: row.since.map(|v| super::version(&v)),
                before: row.before.map(|v| super::version(&v)),
                da1: row.da1,
                env: env.collect(),
                capabilities: Capabilities {
                    name: row.name,
                    order: row.order.into_iter().map(Protocol::from).collect(),
                    why: row.why,
                    placeholders: row.placeholders,
                    iterm2: row.iterm2.into(),
                    sixel_registers: row.sixel_registers,
                    sixel: row.sixel.into(),
                    virtual_cell: row.virtual_cell.map(|(w, h)| CellPixels::new(w, h)),
                    sync: row.sync,
                    true_color: row.true_color,
                    symbols: row.symbols.into(),
                    ask: row.ask.into(),
                },
            }
        }
    }

    impl From<Sixel> for SixelTraits {
        fn from(wire: Sixel) -> Self {
            let Sixel { overlays, shared_registers, pictures } = wire;
            Self { overlays, shared_registers, pictures }
        }
    }

    impl From<Picture> for Protocol {
        fn from(wire: Picture) -> Self {
            match wire {
                Picture::Kitty => Self::Kitty,
                Picture::Iterm2 => Self::Iterm2,
                Picture::Sixel => Self::Sixel,
            }
        }
    }

    impl From<Images> for Iterm2 {
        fn from(wire: Images) -> Self {
            match wire {
                Images::None => Self::None,
                Images::File => Self::File,
                Images::Multipart => Self::Multipart,
            }
        }
    }

    impl From<Symbols> for SymbolSet {
        fn from(wire: Symbols) -> Self {
            match wire {
                Symbols::Braille => Self::Braille,
                Symbols::Half => Self::Half,
                Symbols::Quadrant => Self::Quadrant,
                Symbols::Sextant => Self::Sextant,
                Symbols::Octant => Self::Octant,
            }
        }
    }

    impl From<Questions> for Ask {
        fn from(wire: Questions) -> Self {
            match wire {
                Questions::All => Self::All,
                Questions::NoApc => Self::NoApc,
                Questions::Sequences => Self::Sequences,
                Questions::Nothing => Self::Nothing,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Answers {
        Answers { xtversion: Some(name.to_owned()), ..Answers::default() }
    }

    #[test]
    fn the_embedded_table_reads() {
        let table = Database::embedded().unwrap();
        assert!(table.names().count() >= 20);
    }

    #[test]
    fn a_mistyped_key_is_an_error() {
        assert!(Database::parse("[[terminal]]\nname = \"x\"\nkity = \"static\"").is_err());
        assert!(Database::parse("[[terminal]]\nname = \"x\"\nsymbols = \"maybe\"").is_err());
    }

    #[test]
    fn versions_choose_the_row() {
        let table = Database::embedded().unwrap();
        let row = |name: &str| table.identify(&named(name), &EnvHints::default()).0.name.as_str();
        assert_eq!(row("kitty(0.41.1)"), "kitty-0.40");
        assert_eq!(row("kitty(0.28.0)"), "kitty");
        assert_eq!(row("kitty(0.26.5)"), "kitty-old");
        assert_eq!(row("ghostty 1.3.9"), "ghostty-1.3");
        assert_eq!(row("ghostty 1.10.0"), "ghostty");
        assert_eq!(row("somebody 9"), "unknown");
    }

    #[test]
    fn its_own_name_beats_a_stale_environment() {
        let table = Database::embedded().unwrap();
        let hints = EnvHints::from_vars([("KITTY_WINDOW_ID", "1"), ("TERM", "tmux-256color")]);
        assert_eq!(table.identify(&named("tmux 3.3a"), &hints).0.name, "tmux");
        assert_eq!(table.identify(&named("newcomer 1"), &hints).0.name, "unknown");
    }

    #[test]
    fn versions_are_read_up_to_their_first_word() {
        assert_eq!(version("3.6.10beta1"), [3, 6, 10]);
        assert_eq!(version("20240203-110809-5046fc22"), [20_240_203]);
        assert_eq!(version("99999999999.1"), [] as [u32; 0]);
    }
}
