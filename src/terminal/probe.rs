//! What is asked of a terminal, and what it answered. No I/O here: [`Terminal`](super::Terminal)
//! does that, and tests feed recorded answers.

use super::database::{Ask, Database};
use super::reply::{ItermCell, Reply};
use super::size::TtySize;
use super::tmux::TmuxAnswers;
use super::trial::{KittyAnswers, Trial};
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
    /// What is tried of kitty's protocol; within tmux, by the terminal around it.
    pub trial: Trial,
    ask: Ask,
    tmux: bool,
    /// Whether the terminal around tmux is asked through it.
    through: bool,
}

impl Questions {
    /// What may be asked where `hints` says we are, with ids made of `seed`. `tmux` is what tmux
    /// told, where it is around us: the terminal around it is asked only if that can be of use, and
    /// its answers come to nobody but us.
    #[must_use]
    pub fn new(
        seed: u32,
        database: &Database,
        hints: &EnvHints,
        tmux: Option<&TmuxAnswers>,
    ) -> Self {
        let (row, _) = database.by_environment(hints);
        // Past the 24 bits that the encoder's ids have; never 0, which is no id.
        let trial = Trial::starting_at((seed & 0x00ff_fffc) | 0x0100_0000);
        let through = tmux.is_some_and(|tmux| tmux.refusal(database).is_none());
        Self { trial, ask: row.ask, tmux: hints.in_tmux(), through }
    }

    /// Whether something is asked at all, so that a fence will be answered.
    #[must_use]
    pub fn any(&self) -> bool {
        self.ask != Ask::Nothing
    }

    /// Whether an answer may come after the fence, since it takes the way around tmux.
    #[must_use]
    pub const fn beyond_fence(&self) -> bool {
        self.through
    }

    /// The bytes, in one burst.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        if self.ask == Ask::Nothing {
            return out;
        }
        if self.ask == Ask::All {
            self.kitty_questions(&mut out);
        }
        // xterm ctlseqs: XTVERSION; window operations 16, 14, 18 (cell and window sizes).
        out.extend_from_slice(b"\x1b[>0q\x1b[16t\x1b[14t\x1b[18t");
        // DEC STD 070 DECRQM: are modes 2026, synchronized updates, and 2033, reports of whether the
        // window is seen, known? And is the cursor shown (25)?
        out.extend_from_slice(b"\x1b[?2026$p\x1b[?2033$p\x1b[?25$p");
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

    fn kitty_questions(&self, out: &mut Vec<u8>) {
        if self.through {
            // Each ESC doubled (tmux(1), allow-passthrough).
            out.extend_from_slice(b"\x1bPtmux;");
            out.extend(self.trial.bytes("\x1b\x1b"));
            out.extend_from_slice(b"\x1b\\");
        } else if !self.tmux {
            // tmux itself takes APC for the pane's title.
            out.extend(self.trial.bytes("\x1b"));
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
    /// What it does of kitty's protocol; within tmux, the terminal around it.
    pub kitty: KittyAnswers,
    /// What tmux told of itself and the terminal around it.
    pub tmux: Option<TmuxAnswers>,
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
            Reply::KittyGraphics { id, ref code } if self.kitty.take(asked.trial, id, code) => {}
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

    /// Whether the cursor is shown (mode 25, DECTCEM): it is unless the terminal says otherwise.
    #[must_use]
    pub fn cursor_shown(&self) -> bool {
        !matches!(self.modes.get(&25), Some(2 | 4))
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
            let tmux = hints.get("TMUX").and_then(TmuxAnswers::parse);
            Questions::new(7, &table, &hints, tmux.as_ref()).bytes()
        };
        assert!(ask(&[("TERM", "dumb")]).is_empty());
        let linux = ask(&[("TERM", "linux")]);
        assert!(!linux.windows(2).any(|w| w == b"\x1b]" || w == b"\x1b_"));
        let apple = ask(&[("TERM_PROGRAM", "Apple_Terminal")]);
        assert!(!apple.windows(2).any(|w| w == b"\x1b_"));
        let tmux = ask(&[("TMUX", "1|1|1||kitty(0.41.1)")]);
        assert!(tmux.starts_with(b"\x1bPtmux;\x1b\x1b_Ga=q,i="));
        for quiet in ["/tmp/x,1,0", "1|0|1||kitty(0.41.1)", "1|1|0||kitty(0.41.1)"] {
            assert!(ask(&[("TMUX", quiet)]).starts_with(b"\x1b[>0q"), "{quiet}");
        }
        let plain = ask(&[("TERM", "xterm-256color")]);
        assert!(plain.starts_with(b"\x1b_Ga=q,i=") && plain.ends_with(b"\x1b[c"));
        assert!(!String::from_utf8_lossy(&plain).contains("q=2"));
    }
}
