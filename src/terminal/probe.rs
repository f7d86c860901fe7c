//! What is asked of a terminal, and what it answered. No I/O here: [`Terminal`](super::Terminal)
//! does that, and tests feed recorded answers.

use super::database::{Ask, Database};
use super::reply::{ItermCell, Reply};
use super::size::TtySize;
use crate::units::{CellSize, PixelSize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the terminal has for all its answers.
pub const BUDGET: Duration = Duration::from_millis(250);

/// The environment, which only hints: it is inherited through ssh, multiplexers and editors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvHints {
    vars: BTreeMap<String, String>,
}

impl EnvHints {
    /// This process's environment.
    #[must_use]
    pub fn capture() -> Self {
        let text = std::env::vars_os();
        Self::from_vars(
            text.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )
    }

    /// Any environment.
    pub fn from_vars<K: Into<String>, V: Into<String>>(
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let vars = vars.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self { vars: vars.collect() }
    }

    /// A variable, if it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// `TERM`, or nothing.
    #[must_use]
    pub fn term(&self) -> &str {
        self.get("TERM").unwrap_or_default()
    }

    /// Whether tmux is around us.
    #[must_use]
    pub fn in_tmux(&self) -> bool {
        self.get("TMUX").is_some()
    }

    /// Whether text is UTF-8, where the locale tells (POSIX.1-2017 §8.2: `LC_ALL`, `LC_CTYPE`,
    /// `LANG`, in this order).
    #[must_use]
    pub fn utf8(&self) -> Option<bool> {
        let mut names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
        let locale = names.find_map(|name| self.get(name))?;
        let locale = locale.to_ascii_lowercase();
        Some(locale.contains("utf-8") || locale.contains("utf8"))
    }
}

/// The questions of one probe. Their ids tell our answers from those to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Questions {
    /// The id of the kitty question asked of whoever reads us.
    pub kitty_id: u32,
    /// The id of the one asked through tmux, of the terminal around it.
    pub outer_id: u32,
    ask: Ask,
    tmux: bool,
}

impl Questions {
    /// What may be asked where `hints` says we are, with ids made of `seed`.
    #[must_use]
    pub fn new(seed: u32, database: &Database, hints: &EnvHints) -> Self {
        let (row, _) = database.by_environment(hints);
        // Even and odd, so that they differ; never 0, which is no id.
        let kitty_id = (seed & 0x00ff_fffe) | 0x0100_0000;
        Self { kitty_id, outer_id: kitty_id + 1, ask: row.ask, tmux: hints.in_tmux() }
    }

    /// Whether something is asked at all, so that a fence will be answered.
    #[must_use]
    pub fn any(&self) -> bool {
        self.ask != Ask::Nothing
    }

    /// Whether an answer may come after the fence, since it takes the way around tmux.
    #[must_use]
    pub const fn beyond_fence(&self) -> bool {
        self.tmux
    }

    /// The bytes, in one burst.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        if self.ask == Ask::Nothing {
            return out;
        }
        if self.ask == Ask::All {
            self.kitty_questions(&mut out);
        }
        // xterm ctlseqs: XTVERSION; window operations 16, 14, 18 (cell and window sizes).
        out.extend_from_slice(b"\x1b[>0q\x1b[16t\x1b[14t\x1b[18t");
        // DEC STD 070 DECRQM: is mode 2026, synchronized updates, known?
        out.extend_from_slice(b"\x1b[?2026$p");
        // xterm ctlseqs, XTSMGRAPHICS: read (1) colour registers (1) and sixel size (2).
        out.extend_from_slice(b"\x1b[?1;1;0S\x1b[?2;1;0S");
        if self.ask == Ask::All && !self.tmux {
            // xterm ctlseqs, OSC 11: the background's colour, for what is half transparent.
            out.extend_from_slice(b"\x1b]11;?\x1b\\");
            // iTerm2: "Report Cell Size", "Feature Reporting".
            out.extend_from_slice(b"\x1b]1337;ReportCellSize\x1b\\\x1b]1337;Capabilities\x1b\\");
        }
        // The fence: everything answers DA1, and answers come in the questions' order.
        out.extend_from_slice(b"\x1b[c");
        out
    }

    /// A one-pixel picture with its data, to look at and forget (a=q). Never quiet: q=2 would
    /// silence the answer too.
    fn kitty_questions(&self, out: &mut Vec<u8>) {
        let query = |id: u32, esc: &str| {
            format!("{esc}_Gi={id},s=1,v=1,a=q,t=d,f=24;AAAA{esc}\\").into_bytes()
        };
        if self.tmux {
            // tmux takes APC for the pane's title, so it is only asked to pass ours on, each ESC
            // doubled (tmux(1), allow-passthrough).
            out.extend_from_slice(b"\x1bPtmux;");
            out.extend(query(self.outer_id, "\x1b\x1b"));
            out.extend_from_slice(b"\x1b\\");
        } else {
            out.extend(query(self.kitty_id, "\x1b"));
        }
    }
}

/// What a terminal answered, as plain data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// DA1's parameters.
    pub da1: Option<Vec<u16>>,
    /// XTVERSION's text.
    pub xtversion: Option<String>,
    /// The kitty question's code, `OK` or an error's.
    pub kitty: Option<String>,
    /// The same of the terminal around tmux.
    pub kitty_outside: Option<String>,
    /// One cell.
    pub cell_pixels: Option<PixelSize>,
    /// The text area.
    pub window_pixels: Option<PixelSize>,
    /// The text area.
    pub text_cells: Option<CellSize>,
    /// DECRQM: mode to state.
    pub modes: BTreeMap<u16, u16>,
    /// XTSMGRAPHICS: colour registers.
    pub sixel_registers: Option<u32>,
    /// XTSMGRAPHICS: the largest sixel picture.
    pub sixel_size: Option<PixelSize>,
    /// iTerm2's cell.
    pub iterm_cell: Option<ItermCell>,
    /// iTerm2's feature codes.
    pub iterm_capabilities: Option<String>,
    /// The background's colour.
    pub background: Option<(u8, u8, u8)>,
    /// What the system tells of the window.
    pub tty: Option<TtySize>,
    /// Until the fence, or until the patience ended.
    pub took: Duration,
}

impl Answers {
    /// Takes a reply; gives it back if it is no answer to these questions, such as a key.
    pub fn take(&mut self, reply: Reply, asked: &Questions) -> Option<Reply> {
        match reply {
            Reply::Da1(values) => self.da1 = Some(values),
            Reply::XtVersion(name) => self.xtversion = Some(name),
            Reply::KittyGraphics { id, code } if id == asked.kitty_id => self.kitty = Some(code),
            Reply::KittyGraphics { id, code } if id == asked.outer_id => {
                self.kitty_outside = Some(code);
            }
            Reply::CellPixels(size) => self.cell_pixels = Some(size),
            Reply::WindowPixels(size) => self.window_pixels = Some(size),
            Reply::TextCells(size) => self.text_cells = Some(size),
            Reply::DecRqm { mode, state } => {
                self.modes.insert(mode, state);
            }
            Reply::Xtsmgraphics { item, status: 0, values } => self.graphics(item, &values),
            Reply::Xtsmgraphics { .. } => {}
            Reply::ItermCellSize(cell) => self.iterm_cell = Some(cell),
            Reply::ItermCapabilities(codes) => self.iterm_capabilities = Some(codes),
            Reply::Background(r, g, b) => self.background = Some((r, g, b)),
            other => return Some(other),
        }
        None
    }

    fn graphics(&mut self, item: u32, values: &[u32]) {
        match (item, values) {
            (1, &[registers, ..]) => self.sixel_registers = Some(registers),
            (2, &[width, height, ..]) => self.sixel_size = Some(PixelSize::new(width, height)),
            _ => {}
        }
    }

    /// Whether the last question was answered.
    #[must_use]
    pub const fn fenced(&self) -> bool {
        self.da1.is_some()
    }

    /// Whether DA1 tells that sixel is there: attribute 4 (DEC STD 070; VT340).
    #[must_use]
    pub fn has_sixel(&self) -> bool {
        self.da1.as_ref().is_some_and(|values| {
            // The first parameter is the terminal's class, unless it is a VT100's 1.
            values.iter().skip(1).any(|&v| v == 4)
        })
    }

    /// Whether a private mode is known; 0 is unknown and 4 is never.
    #[must_use]
    pub fn mode(&self, mode: u16) -> Option<bool> {
        self.modes.get(&mode).map(|&state| matches!(state, 1..=3))
    }

    /// Whether iTerm2's features hold inline images (`F`), not `Sx` or another code's letter.
    #[must_use]
    pub fn iterm_files(&self) -> bool {
        // A code is one capital letter and what is not: T3, Cw, F, Sx.
        let codes = self.iterm_capabilities.as_deref().unwrap_or_default();
        let bytes = codes.as_bytes();
        bytes.iter().enumerate().any(|(at, &byte)| {
            byte == b'F' && !bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_codes_are_not_mistaken_for_each_other() {
        let has = |codes: &str| {
            let iterm_capabilities = Some(codes.to_owned());
            Answers { iterm_capabilities, ..Answers::default() }.iterm_files()
        };
        assert!(has("T3CwLrMSc7UUw9Ts3BFGsSyHNoSxF"));
        assert!(has("FSx"));
        assert!(!has("T3Sx"));
        assert!(!has("FoSx"));
    }

    #[test]
    fn questions_keep_to_what_the_place_can_bear() {
        let table = Database::embedded().unwrap();
        let ask = |vars: &[(&str, &str)]| {
            let hints = EnvHints::from_vars(vars.iter().copied());
            Questions::new(7, &table, &hints).bytes()
        };
        assert!(ask(&[("TERM", "dumb")]).is_empty());
        let linux = ask(&[("TERM", "linux")]);
        assert!(!linux.windows(2).any(|w| w == b"\x1b]" || w == b"\x1b_"));
        let apple = ask(&[("TERM_PROGRAM", "Apple_Terminal")]);
        assert!(!apple.windows(2).any(|w| w == b"\x1b_"));
        let tmux = ask(&[("TMUX", "/tmp/x,1,0")]);
        assert!(tmux.starts_with(b"\x1bPtmux;\x1b\x1b_Gi="));
        let plain = ask(&[("TERM", "xterm-256color")]);
        assert!(plain.starts_with(b"\x1b_Gi=") && plain.ends_with(b"\x1b[c"));
        assert!(!String::from_utf8_lossy(&plain).contains("q=2"));
    }
}
