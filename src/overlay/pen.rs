//! What colours and styles the program has set, so that they can be set again after ours.

use super::machine::{Sequence, number};
use std::io::Write as _;

/// A colour's parameters as they came, such as `38;5;208`; the longest known is shorter.
const MOST_OF_A_COLOR: usize = 32;

/// SGR's state (ECMA-48 §8.3.117 and xterm's and kitty's extensions).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pen {
    /// Bits by the parameter that sets them, 1 to 9, 21, 51 to 53.
    styles: u64,
    /// `4:n`; 0 is none.
    underline: u8,
    font: u8,
    foreground: Color,
    background: Color,
    line: Color,
    /// Something was set that is not known here.
    odd: bool,
}

/// Parameters that set a colour, or none for the terminal's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Color(Vec<u8>);

const BOLD: u64 = 1 << 1;
const FAINT: u64 = 1 << 2;
const UNDERLINED: u64 = 1 << 4;
const INVERSE: u64 = 1 << 7;
const STRUCK: u64 = 1 << 9;
const DOUBLE: u64 = 1 << 21;

impl Pen {
    /// Whether a space of it looks like nothing.
    pub(super) fn is_invisible(&self) -> bool {
        let seen = UNDERLINED | INVERSE | STRUCK | DOUBLE | 1 << 51 | 1 << 52 | 1 << 53;
        self.styles & seen == 0 && self.underline == 0 && self.has_default_ground() && !self.odd
    }

    /// Whether what it erases has the terminal's own background.
    pub(super) fn has_default_ground(&self) -> bool {
        self.background.0.is_empty()
    }

    /// Whether [`Pen::restore`] gives all of it.
    pub(super) const fn is_known(&self) -> bool {
        !self.odd
    }

    /// Takes an SGR.
    pub(super) fn set(&mut self, sequence: &Sequence<'_>) {
        let mut parts = sequence.parameters.split(|byte| *byte == b';');
        while let Some(part) = parts.next() {
            let name = part.split(|byte| *byte == b':').next().unwrap_or_default();
            match number(name) {
                kind @ (38 | 48 | 58) => {
                    let color = if part.contains(&b':') {
                        part.to_vec()
                    } else {
                        rest_of_color(part, &mut parts)
                    };
                    self.color(kind, color);
                }
                4 if part.contains(&b':') => {
                    let style = part.rsplit(|byte| *byte == b':').next().unwrap_or_default();
                    self.styles &= !(UNDERLINED | DOUBLE);
                    self.underline = u8::try_from(number(style)).unwrap_or(1);
                }
                plain => self.plain(plain),
            }
        }
    }

    fn color(&mut self, kind: u16, parameters: Vec<u8>) {
        if parameters.len() > MOST_OF_A_COLOR {
            self.odd = true;
            return;
        }
        let color = Color(parameters);
        match kind {
            38 => self.foreground = color,
            48 => self.background = color,
            _ => self.line = color,
        }
    }

    fn plain(&mut self, parameter: u16) {
        match parameter {
            0 => *self = Self::default(),
            21 => self.underline_with(DOUBLE),
            4 => self.underline_with(UNDERLINED),
            1..=9 | 51..=53 => self.styles |= 1 << parameter,
            10..=20 => self.font = u8::try_from(parameter - 10).unwrap_or(0),
            22 => self.styles &= !(BOLD | FAINT),
            23 => self.styles &= !(1 << 3),
            24 => self.underline_with(0),
            25 => self.styles &= !(1 << 5 | 1 << 6),
            27 => self.styles &= !INVERSE,
            28 => self.styles &= !(1 << 8),
            29 => self.styles &= !STRUCK,
            30..=37 | 90..=97 => self.foreground = Color(parameter.to_string().into_bytes()),
            39 => self.foreground = Color::default(),
            40..=47 | 100..=107 => self.background = Color(parameter.to_string().into_bytes()),
            49 => self.background = Color::default(),
            54 => self.styles &= !(1 << 51 | 1 << 52),
            55 => self.styles &= !(1 << 53),
            59 => self.line = Color::default(),
            _ => self.odd = true,
        }
    }

    const fn underline_with(&mut self, style: u64) {
        self.styles = self.styles & !(UNDERLINED | DOUBLE) | style;
        self.underline = 0;
    }

    /// Appends what sets it, whatever was set before.
    pub(super) fn restore(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        // Writing into a vector cannot fail.
        for style in (1..64).filter(|bit| self.styles & (1 << bit) != 0) {
            let _ = write!(out, ";{style}");
        }
        if self.font > 0 {
            let _ = write!(out, ";{}", 10 + self.font);
        }
        let underline = (self.underline > 0).then(|| format!("4:{}", self.underline));
        let colors = [&self.foreground, &self.background, &self.line];
        let colors = colors.into_iter().map(|color| &color.0[..]);
        for part in underline.as_ref().map(String::as_bytes).into_iter().chain(colors) {
            if !part.is_empty() {
                out.push(b';');
                out.extend_from_slice(part);
            }
        }
        out.push(b'm');
    }
}

/// The parameters of a colour whose parts are between semicolons: `38;5;n` or `38;2;r;g;b`.
fn rest_of_color<'a>(first: &[u8], parts: &mut impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut color = first.to_vec();
    let mut take = || {
        let part = parts.next().unwrap_or_default();
        color.push(b';');
        color.extend_from_slice(part);
        number(part)
    };
    let more = match take() {
        5 => 1,
        2 => 3,
        _ => 0,
    };
    for _ in 0..more {
        take();
    }
    color
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(all: &[&str]) -> Pen {
        let mut pen = Pen::default();
        for parameters in all {
            let parameters = parameters.as_bytes();
            pen.set(&Sequence { private: 0, parameters, intermediate: 0, last: b'm' });
        }
        pen
    }

    fn restored(all: &[&str]) -> String {
        let mut out = Vec::new();
        pen(all).restore(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_set_is_set_again() {
        let cases: [(&[&str], &str); 12] = [
            (&[], "0"),
            (&["1;31"], "0;1;31"),
            (&["1;31", ""], "0"),
            (&["1;31;0;4"], "0;4"),
            (&["38;5;208;1"], "0;1;38;5;208"),
            (&["38;2;1;2;3", "48;5;7"], "0;38;2;1;2;3;48;5;7"),
            (&["38:2::1:2:3"], "0;38:2::1:2:3"),
            (&["4:3;58;5;1"], "0;4:3;58;5;1"),
            (&["4:3", "24"], "0"),
            (&["1;3;7;9", "22;27"], "0;3;9"),
            (&["95;104", "39"], "0;104"),
            (&["21", "53"], "0;21;53"),
        ];
        for (all, expected) in cases {
            assert_eq!(restored(all), format!("\x1b[{expected}m"), "{all:?}");
            assert!(pen(all).is_known());
        }
        assert!(!pen(&["73"]).is_known());
    }

    #[test]
    fn a_space_shows_its_ground_and_lines() {
        for unseen in ["", "1", "31", "2;3", "7;27", "41;49"] {
            assert!(pen(&[unseen]).is_invisible(), "{unseen}");
        }
        for seen in ["7", "4", "4:3", "41", "48;5;0", "9", "53", "21"] {
            assert!(!pen(&[seen]).is_invisible(), "{seen}");
        }
    }
}
