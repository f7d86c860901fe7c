//! Words and signs of a line of code, and the numbers that stand for them.

/// Hashed ids have so many bits.
const ID_BITS: u32 = 15;
/// How many ids there are.
pub(super) const IDS: usize = 1 << ID_BITS;
/// So much of a word counts.
const MAX_WORD: usize = 24;

/// The id of a token: FNV-1a of a salt and its bytes, folded.
pub(super) fn id(salt: u8, token: &[u8]) -> u16 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = token.iter().fold(step(0x811c_9dc5, salt), |hash, byte| step(hash, *byte));
    let [low, high, ..] = ((hash ^ (hash >> ID_BITS)) & ((1 << ID_BITS) - 1)).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Hands on the parts of a line: words, cut at humps and underlines, in lower case; `0` for any
/// number; and signs that mean something in many languages.
pub(super) fn tokens(line: &[u8], mut hand_on: impl FnMut(&[u8])) {
    let mut word = [0; MAX_WORD];
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let rest = &line[at..];
        if is_letter(byte) {
            let length = word_length(rest);
            let kept = length.min(MAX_WORD);
            if kept >= 2 {
                word[..kept].copy_from_slice(&rest[..kept]);
                word[..kept].make_ascii_lowercase();
                hand_on(&word[..kept]);
            }
            at += length;
        } else if byte.is_ascii_digit() {
            at += rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
            hand_on(b"0");
        } else if let Some(pair) = rest.get(..2).filter(|pair| is_pair(pair)) {
            hand_on(pair);
            at += 2;
        } else {
            if b"?!@#`<&*+%|\"';$".contains(&byte) {
                hand_on(&rest[..1]);
            }
            at += 1;
        }
    }
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// How long the word is that begins a text: up to the next hump.
fn word_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at)
        && is_letter(byte)
    {
        let before = text[at - 1];
        let next_is_small = text.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        if byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || next_is_small && before.is_ascii_uppercase())
        {
            break;
        }
        at += 1;
    }
    at
}

fn is_pair(pair: &[u8]) -> bool {
    matches!(
        pair,
        b"=="
            | b"!="
            | b"=>"
            | b"->"
            | b"&&"
            | b"||"
            | b"::"
            | b"?."
            | b"??"
            | b"+="
            | b">="
            | b"<="
            | b":="
            | b"//"
            | b"/*"
            | b"${"
            | b"</"
            | b"#["
            | b"()"
            | b"[]"
            | b"{}"
    )
}

/// How many groups of words are counted.
pub(super) const GROUPS: usize = 22;

/// The groups, and the words in them.
pub(super) const WORDS: [(&str, &[&str]); GROUPS] = [
    ("def", &["fn", "func", "def", "function", "fun", "sub", "lambda"]),
    (
        "type",
        &["class", "struct", "enum", "interface", "trait", "impl", "type", "record", "namespace"],
    ),
    ("cond", &["if", "else", "elif", "match", "switch", "case", "when", "unless"]),
    ("loop", &["for", "while", "loop", "foreach", "each", "iter", "map", "filter"]),
    ("ret", &["return", "yield", "break", "continue"]),
    ("assert", &["assert", "expect", "should", "equal", "eq", "snapshot", "mock", "fixture"]),
    (
        "test",
        &[
            "test", "tests", "it", "describe", "spec", "bench", "testing", "pytest", "vitest",
            "jest",
        ],
    ),
    (
        "err",
        &[
            "error",
            "err",
            "errors",
            "exception",
            "throw",
            "throws",
            "raise",
            "catch",
            "except",
            "try",
            "panic",
            "fail",
            "bail",
        ],
    ),
    (
        "null",
        &["null", "none", "nil", "undefined", "option", "optional", "some", "unwrap", "empty"],
    ),
    (
        "log",
        &[
            "log", "print", "println", "debug", "warn", "console", "logger", "trace", "printf",
            "info",
        ],
    ),
    ("todo", &["todo", "fixme", "xxx", "hack"]),
    ("depr", &["deprecated", "deprecate", "legacy", "obsolete", "removed"]),
    (
        "perf",
        &[
            "cache",
            "fast",
            "faster",
            "alloc",
            "clone",
            "buffer",
            "pool",
            "lazy",
            "memo",
            "batch",
            "parallel",
            "capacity",
            "inline",
            "performance",
            "speed",
            "optimize",
            "reuse",
            "bench",
        ],
    ),
    (
        "conc",
        &[
            "async",
            "await",
            "lock",
            "mutex",
            "thread",
            "atomic",
            "race",
            "spawn",
            "channel",
            "promise",
            "goroutine",
        ],
    ),
    ("pub", &["pub", "export", "public", "exports", "api"]),
    ("bool", &["true", "false"]),
    ("const", &["const", "let", "var", "final", "static", "mut", "readonly"]),
    (
        "new",
        &[
            "new", "add", "create", "insert", "append", "register", "option", "flag", "enable",
            "support",
        ],
    ),
    ("del", &["delete", "remove", "drop", "clear", "unset", "disable"]),
    (
        "fixw",
        &[
            "fix",
            "bug",
            "issue",
            "workaround",
            "correct",
            "invalid",
            "missing",
            "wrong",
            "prevent",
            "avoid",
            "ensure",
            "handle",
        ],
    ),
    ("ver", &["version", "release", "bump", "upgrade", "dependency", "dependencies", "require"]),
    (
        "ui",
        &[
            "color", "style", "width", "height", "font", "theme", "icon", "layout", "button",
            "margin", "padding",
        ],
    ),
];

/// Finds the groups of a word by its unsalted id.
pub(super) struct Groups(Vec<Vec<(&'static str, u32)>>);

/// So many shelves make most of them hold one word at most.
const SHELVES: usize = 1024;

impl Groups {
    pub(super) fn new() -> Self {
        let mut shelves: Vec<Vec<(&str, u32)>> = vec![Vec::new(); SHELVES];
        for (group, (_, words)) in WORDS.iter().enumerate() {
            for word in *words {
                let shelf = &mut shelves[Self::shelf(id(UNSALTED, word.as_bytes()))];
                match shelf.iter_mut().find(|(known, _)| known == word) {
                    Some((_, groups)) => *groups |= 1 << group,
                    None => shelf.push((word, 1 << group)),
                }
            }
        }
        Self(shelves)
    }

    const fn shelf(id: u16) -> usize {
        id as usize % SHELVES
    }

    /// The groups that a token is in, a bit each. `id` is its unsalted one.
    pub(super) fn of(&self, id: u16, token: &[u8]) -> u32 {
        let shelf = &self.0[Self::shelf(id)];
        shelf.iter().find(|(word, _)| word.as_bytes() == token).map_or(0, |(_, groups)| *groups)
    }
}

/// The salt of tokens whose side does not matter.
pub(super) const UNSALTED: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let mut told = Vec::new();
        tokens(line.as_bytes(), |token| told.push(String::from_utf8_lossy(token).into_owned()));
        told.join(" ")
    }

    #[test]
    fn a_line_is_cut_at_humps_underlines_and_signs() {
        assert_eq!(
            told("let fooBar_baz = HTTPServer::new(12.5e3)?;"),
            "let foo bar baz http server :: new 0 ? ;"
        );
        assert_eq!(told("x = a->b"), "->");
        assert_eq!(told("é ß naïve"), "é ß naïve");
        assert_eq!(told(&"y".repeat(40)), "y".repeat(24));
    }

    #[test]
    fn a_word_may_be_in_two_groups() {
        let groups = Groups::new();
        let of = |word: &[u8]| groups.of(id(UNSALTED, word), word);
        assert_eq!(of(b"option").count_ones(), 2);
        assert_eq!(of(b"fn"), 1);
        assert_eq!(of(b"nothing"), 0);
    }
}
