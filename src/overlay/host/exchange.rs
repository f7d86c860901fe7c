//! What goes between programs and the terminal on our account, for whoever wants to see all of it.

use std::fmt;

/// Bytes that we put into what is typed to the child, or took out of it, or a question that we asked.
/// No key is ever in it. Shown, it is one line without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A program asked the terminal, and we answered: that was typed to the program.
    Answered {
        /// The program's question, without the ST or BEL at its end.
        asked: Vec<u8>,
        /// What it was told.
        answer: &'static [u8],
    },
    /// We asked the terminal, between two units of the child's output.
    Asked(&'static [u8]),
    /// The terminal's answer to a question of ours, which the child does not get.
    TakenOut(Vec<u8>),
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { asked, answer } => {
                write!(f, "answered \"{}\" \"{}\"", asked.escape_ascii(), answer.escape_ascii())
            }
            Self::Asked(question) => write!(f, "asked \"{}\"", question.escape_ascii()),
            Self::TakenOut(answer) => write!(f, "taken-out \"{}\"", answer.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_line_whatever_is_in_it() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let exchanges = [
            Exchange::Answered { asked: all.clone(), answer: b"\x1b]7501;?\x1b\\" },
            Exchange::Asked(b"\x1b[?6n"),
            Exchange::TakenOut(all),
        ];
        for exchange in exchanges {
            let line = exchange.to_string();
            assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        }
        assert_eq!(Exchange::TakenOut(b"\x1b[\"".to_vec()).to_string(), r#"taken-out "\x1b[\"""#);
    }
}
