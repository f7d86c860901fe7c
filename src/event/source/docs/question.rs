//! What somebody may want to read about. Pure.

use crate::event::{EventKind, LintLevel};

/// The most names of one message that are looked up.
const MAX_NAMES: usize = 4;
/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// Whose documentation is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Rust's.
    Rust,
    /// C's and the system's.
    C,
    /// A shell's, and the commands'.
    Shell,
}

/// A question to the shelves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Whose words these are.
    pub language: Language,
    /// A compiler's code, such as E0308, or a lint's name. Letters, digits, `_` and `-`.
    pub code: Option<String>,
    /// Names that the message gives between quotes. Letters, digits and `_`.
    pub names: Vec<String>,
}

impl Question {
    /// What an event asks, if there may be an answer on this machine.
    ///
    /// ```
    /// use buddy_render::event::source::docs::Question;
    /// use buddy_render::event::wire::Reader;
    ///
    /// let line = br#"{"v":1,"event":"lint.error","code":"E0308","path":"src/main.rs"}"#;
    /// let event = Reader::new().line(line).remove(0);
    /// assert_eq!(Question::of(&event.kind).unwrap().code.as_deref(), Some("E0308"));
    /// ```
    #[must_use]
    pub fn of(kind: &EventKind) -> Option<Self> {
        let EventKind::Lint {
            level: LintLevel::Error | LintLevel::Warning,
            code,
            path,
            message,
            ..
        } = kind
        else {
            return None;
        };
        let code = code.as_ref().map(|code| code.as_str()).filter(|code| is_code(code));
        let language = match path.as_ref().and_then(|path| language_of(path.as_str())) {
            Some(language) => language,
            None if code.is_some_and(is_error_code) => Language::Rust,
            None => return None,
        };
        let names = message.as_ref().map_or_else(Vec::new, |message| names_in(message.as_str()));
        let code = code.map(str::to_owned);
        (code.is_some() || !names.is_empty()).then_some(Self { language, code, names })
    }
}

/// Whether it is one of rustc's codes: E and four digits.
pub(super) fn is_error_code(code: &str) -> bool {
    code.strip_prefix('E').is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
}

fn is_code(code: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
    (1..=MAX_NAME).contains(&code.len()) && code.bytes().all(is_part)
}

fn language_of(path: &str) -> Option<Language> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if matches!(name, "Makefile" | "Dockerfile" | ".bashrc" | ".zshrc" | ".profile") {
        return Some(Language::Shell);
    }
    Some(match name.rsplit_once('.')?.1 {
        "rs" => Language::Rust,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "m" => Language::C,
        "sh" | "bash" | "zsh" | "ksh" | "mk" | "bats" => Language::Shell,
        _ => return None,
    })
}

/// The names between backticks or single quotes, each without its path and its parameters.
fn names_in(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for quote in ['`', '\'', '’'] {
        let open = if quote == '’' { '‘' } else { quote };
        let mut rest = message;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((quoted, later)) = after.split_once(quote) else { break };
            rest = later;
            if let Some(name) = name_of(quoted)
                && !found.contains(&name)
                && found.len() < MAX_NAMES
            {
                found.push(name);
            }
        }
    }
    found
}

fn name_of(quoted: &str) -> Option<String> {
    let whole = quoted.trim_start_matches(['&', '*']);
    let whole = whole.split(['<', '(', '!', '[', ' ', '{']).next().unwrap_or_default();
    let name = whole.rsplit("::").next().unwrap_or(whole);
    let name = name.rsplit('.').next().unwrap_or(name);
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_name = (2..=MAX_NAME).contains(&name.len())
        && name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SafeText;

    fn lint(code: &str, path: &str, message: &str) -> Option<Question> {
        let text = |text: &str| Some(SafeText::new(text)).filter(|text| !text.is_empty());
        Question::of(&EventKind::Lint {
            level: LintLevel::Error,
            count: 1,
            code: text(code),
            path: text(path),
            line: Some(1),
            message: text(message),
        })
    }

    #[test]
    fn codes_and_names_are_found() {
        let asked = lint("E0599", "src/a.rs", "no method named `foo` found for struct `Vec<i32>`");
        let names = ["foo", "Vec"].map(str::to_owned).to_vec();
        let code = Some("E0599".to_owned());
        assert_eq!(asked, Some(Question { language: Language::Rust, code, names }));
        let names = |message| lint("", "a.c", message).map(|asked| asked.names);
        assert_eq!(names("call to 'strcpy' is insecure"), Some(vec!["strcpy".to_owned()]));
        assert_eq!(names("‘gets’ is deprecated"), Some(vec!["gets".to_owned()]));
        assert_eq!(names("nothing here"), None);
        assert_eq!(lint("F401", "a.py", "`os` imported but unused"), None);
        assert_eq!(lint("E0308", "", "x").unwrap().language, Language::Rust);
    }

    #[test]
    fn nothing_gets_through_that_is_no_name() {
        for message in ["`../../etc/passwd`", "`-rf`", "`a b/../c`", "`;rm`", "``", "`$x`"] {
            let asked = lint("", "a.sh", message);
            let names = asked.map_or_else(Vec::new, |asked| asked.names);
            assert!(
                names.iter().all(|name| !name.contains(['.', '/', '-', ';', '$'])),
                "{names:?}"
            );
        }
        assert_eq!(lint("E0308; rm -rf /", "", ""), None);
        assert_eq!(lint("../../x", "", ""), None);
    }
}
