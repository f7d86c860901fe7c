//! [`SafeText`]: the only text that may reach a terminal.

use std::fmt;
use unicode_width::UnicodeWidthChar as _;

/// The most bytes that a text keeps.
pub const MAX_BYTES: usize = 512;

/// Text with nothing in it that could move a terminal's cursor, or trick a reader: no controls,
/// no escape sequences, no bidirectional overrides, nothing invisible. Line ends and tabs are
/// spaces, runs of spaces are one, and it is at most [`MAX_BYTES`] long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SafeText(String);

impl SafeText {
    /// Keeps of `text` what is safe to show.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut kept = String::with_capacity(text.len().min(MAX_BYTES));
        for c in text.chars().filter_map(safe) {
            if c == ' ' && (kept.is_empty() || kept.ends_with(' ')) {
                continue;
            }
            if kept.len() + c.len_utf8() > MAX_BYTES {
                break;
            }
            kept.push(c);
        }
        kept.truncate(kept.trim_end().len());
        Self(kept)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The width in cells (UAX #11; ambiguous characters count as narrow).
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.chars().filter_map(char::width).sum()
    }

    /// The text, or as much of it as fits into `cells` with an ellipsis at its end.
    #[must_use]
    pub fn clamped(&self, cells: usize) -> Self {
        if self.width() <= cells {
            return self.clone();
        }
        let mut used = 1;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= cells
        };
        let mut kept: String = self.0.chars().take_while(fits).collect();
        kept.truncate(kept.trim_end().len());
        if cells > 0 {
            kept.push('…');
        }
        Self(kept)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The character, a space in its place, or nothing.
fn safe(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || is_invisible(c) => None,
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    }
}

/// Characters that show nothing, or that change how their neighbours are read (Unicode TR #36 and
/// the Trojan Source list), and those that mean something to one font only.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
        || c.width() == Some(0) && !is_mark(c)
}

/// Combining marks are letters' parts: they stay.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{7ff}'
        | '\u{900}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{302a}'..='\u{309a}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_trick_is_gone() {
        assert_eq!(SafeText::new("a\u{1b}[31mred\u{7}\u{9b}2J").as_str(), "a[31mred2J");
        assert_eq!(SafeText::new("user\u{202e}txt.exe\u{200b}").as_str(), "usertxt.exe");
        assert_eq!(SafeText::new("  one\r\n\ttwo \u{2028} three ").as_str(), "one two three");
        assert_eq!(SafeText::new("\u{e0041}\u{e000}\u{feff}").as_str(), "");
        assert_eq!(SafeText::new("naïve 猫 é").as_str(), "naïve 猫 é");
    }

    #[test]
    fn it_is_short_and_whole() {
        let long = SafeText::new(&"猫".repeat(1000));
        assert!(long.as_str().len() <= MAX_BYTES && long.as_str().chars().all(|c| c == '猫'));
    }

    #[test]
    fn clamping_counts_cells() {
        let text = SafeText::new("猫猫猫 purr");
        assert_eq!(text.width(), 11);
        assert_eq!(text.clamped(11), text);
        assert_eq!(text.clamped(6).as_str(), "猫猫…");
        assert_eq!(text.clamped(0).as_str(), "");
        for cells in 0..12 {
            assert!(text.clamped(cells).width() <= cells);
        }
    }

    #[test]
    fn no_character_survives_that_moves_or_hides() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = SafeText::new(&format!("a{c}b"));
            assert!(text.as_str().chars().all(|c| !c.is_control()), "{c:?}");
            assert!(text.width() >= 2, "{c:?}");
        }
    }
}
