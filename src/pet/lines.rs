//! `lines.toml` and its translations, `lines.LANGUAGE.toml`: what a pet says, and what is told of
//! it to who cannot see it, checked.

use super::PetError;
use super::manifest::MAX_ENTRIES;
use crate::mood::Lines;
use crate::text::SafeText;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The most languages that a pet speaks beside its first.
pub const MAX_LANGUAGES: usize = 64;
/// The longest name of a language, in bytes.
const MAX_TAG_BYTES: usize = 16;

/// A language, such as `de` or `de-at`: a tag of BCP 47 in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language of a POSIX locale such as `de_AT.UTF-8@euro`; none for `C` and `POSIX`.
    ///
    /// ```
    /// use buddy_render::pet::Language;
    ///
    /// let language = Language::of_locale("de_AT.UTF-8@euro");
    /// assert_eq!(language.as_ref().map(Language::as_str), Some("de-at"));
    /// assert_eq!(Language::of_locale("C.UTF-8"), None);
    /// ```
    #[must_use]
    pub fn of_locale(locale: &str) -> Option<Self> {
        let name = locale.split(['.', '@']).next().unwrap_or_default();
        if name == "C" || name == "POSIX" { None } else { name.parse().ok() }
    }

    /// Itself, then what it is a kind of: `de-at`, `de`.
    fn widening(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |tag| tag.rsplit_once('-').map(|(wide, _)| wide))
    }
}

/// A text that names no language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a language is a tag such as de or pt-br")]
pub struct NoLanguage;

impl FromStr for Language {
    type Err = NoLanguage;

    fn from_str(text: &str) -> Result<Self, NoLanguage> {
        let tag = text.to_ascii_lowercase().replace('_', "-");
        let part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let first = tag.split('-').next().unwrap_or_default();
        let named = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_lowercase());
        if named && tag.len() <= MAX_TAG_BYTES && tag.split('-').all(part) {
            Ok(Self(tag))
        } else {
            Err(NoLanguage)
        }
    }
}

/// What a pet says in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// By occasion.
    pub lines: BTreeMap<String, Lines>,
    /// By clip, for who cannot see it.
    pub words: BTreeMap<String, SafeText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    lines: BTreeMap<String, WireLines>,
    #[serde(default)]
    words: BTreeMap<String, String>,
}

/// A list for any mood, or lists by mood.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WireLines {
    Any(Vec<String>),
    ByMood(WireMoods),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireMoods {
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    low: Vec<String>,
    #[serde(default)]
    high: Vec<String>,
}

impl Table {
    /// Reads a table; `file` is its name for messages.
    ///
    /// # Errors
    /// When it is not TOML, or has unknown fields or too many entries.
    pub fn parse(file: &str, text: &str) -> Result<Self, PetError> {
        let wrong = |problem: String| PetError::Lines { file: file.to_owned(), problem };
        let wire: Wire =
            toml::from_str(text).map_err(|e| wrong(e.to_string().trim_end().to_owned()))?;
        if wire.words.len() > MAX_ENTRIES {
            return Err(wrong(too_many()));
        }
        let words = wire.words.iter().map(|(clip, text)| (clip.clone(), SafeText::new(text)));
        Ok(Self { words: words.collect(), lines: lines(wire.lines).map_err(wrong)? })
    }
}

fn too_many() -> String {
    format!("no list may have more than {MAX_ENTRIES} entries")
}

/// Lines as a model; the problem where there are too many.
pub(super) fn lines(wire: BTreeMap<String, WireLines>) -> Result<BTreeMap<String, Lines>, String> {
    let spoken = |lines: Vec<String>| lines.iter().map(|line| SafeText::new(line)).collect();
    let checked = |lines: Lines| {
        if lines.all().count() > MAX_ENTRIES { Err(too_many()) } else { Ok(lines) }
    };
    if wire.len() > MAX_ENTRIES {
        return Err(too_many());
    }
    let model = |(occasion, wire)| {
        let lines = match wire {
            WireLines::Any(any) => Lines { any: spoken(any), ..Lines::default() },
            WireLines::ByMood(WireMoods { any, low, high }) => {
                Lines { any: spoken(any), low: spoken(low), high: spoken(high) }
            }
        };
        Ok((occasion, checked(lines)?))
    };
    wire.into_iter().map(model).collect()
}

/// What a pet says in all its languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    first: Table,
    others: BTreeMap<String, Table>,
}

impl Speech {
    /// Of the manifest's old `[lines]`, which are said where the first language's table has none
    /// for an occasion, and of the tables, each with the name of its file.
    ///
    /// # Errors
    /// When a table is malformed, or there are too many.
    pub fn new<'a>(
        old: BTreeMap<String, Lines>,
        tables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, PetError> {
        let mut speech = Self::default();
        for (file, text) in tables {
            let Some(language) = language_of(file) else { continue };
            let table = Table::parse(file, text)?;
            match language {
                None => speech.first = table,
                Some(language) => _ = speech.others.insert(language.0, table),
            }
            if speech.others.len() > MAX_LANGUAGES {
                let problem = format!("a pet has at most {MAX_LANGUAGES} languages");
                return Err(PetError::Lines { file: file.to_owned(), problem });
            }
        }
        for (occasion, lines) in old {
            speech.first.lines.entry(occasion).or_insert(lines);
        }
        Ok(speech)
    }

    /// Words by clip from elsewhere, in the first language; they go before its own.
    pub(super) fn add_words(&mut self, words: &BTreeMap<String, SafeText>) {
        self.first.words.extend(words.iter().map(|(clip, text)| (clip.clone(), text.clone())));
    }

    /// What it says in a language; what has no translation, in its first.
    #[must_use]
    pub fn table(&self, language: Option<&Language>) -> Table {
        let mut table = self.first.clone();
        let known = language.into_iter().flat_map(Language::widening);
        if let Some(other) = known.filter_map(|tag| self.others.get(tag)).next() {
            table.lines.extend(other.lines.clone());
            table.words.extend(other.words.clone());
        }
        table
    }

    /// The languages beside its first.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.others.keys().map(String::as_str)
    }
}

/// The language of `lines.toml` (the first, `Some(None)`) or `lines.de.toml`; `None` for a file
/// that is no such table.
pub(crate) fn language_of(file: &str) -> Option<Option<Language>> {
    let tag = file.strip_prefix("lines.")?;
    if tag == "toml" {
        return Some(None);
    }
    let tag = tag.strip_suffix(".toml")?;
    tag.parse().ok().filter(|language: &Language| language.as_str() == tag).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_tags() {
        for (text, tag) in [("de", "de"), ("pt_BR", "pt-br"), ("zh-hant-tw", "zh-hant-tw")] {
            assert_eq!(text.parse::<Language>().unwrap().as_str(), tag);
        }
        for bad in ["", "d", "deutsch", "../de", "de-", "de/", "de-aaaaaaaaa", "12"] {
            assert!(bad.parse::<Language>().is_err(), "{bad}");
        }
        assert_eq!(language_of("lines.toml"), Some(None));
        assert_eq!(language_of("lines.de.toml").flatten().unwrap().as_str(), "de");
        for other in ["lines.DE.toml", "lines..toml", "lines.de.txt", "pet.toml", "lines.x/y.toml"]
        {
            assert_eq!(language_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_translated_is_said_in_the_first_language() {
        let first = "[lines]\nwake = [\"hi\"]\nsleep.low = [\"z\"]\n[words]\nidle = \"It sits.\"";
        let tables =
            [("lines.toml", first), ("lines.de.toml", "[lines]\nwake = [\"na?\"]"), ("x", "[")];
        let speech = Speech::new(BTreeMap::new(), tables).unwrap();
        let said = |tag: &str| {
            let table = speech.table(tag.parse().ok().as_ref());
            let first = |key: &str| table.lines[key].all().next().unwrap().to_string();
            (first("wake"), first("sleep"), table.words["idle"].to_string())
        };
        let (sleep, idle) = ("z".to_owned(), "It sits.".to_owned());
        assert_eq!(said("de-at"), ("na?".to_owned(), sleep.clone(), idle.clone()));
        assert_eq!(said("fr"), ("hi".to_owned(), sleep, idle));
    }

    #[test]
    fn the_old_lines_fill_in() {
        let old = || {
            let line = |text: &str| Lines { any: vec![SafeText::new(text)], ..Lines::default() };
            [("wake".to_owned(), line("old")), ("docs".to_owned(), line("page"))].into()
        };
        let speech = Speech::new(old(), [("lines.toml", "[lines]\nwake = [\"new\"]")]).unwrap();
        let table = speech.table(None);
        assert_eq!(table.lines["wake"].any[0].as_str(), "new");
        assert_eq!(table.lines["docs"].any[0].as_str(), "page");
    }

    #[test]
    fn a_bad_table_is_refused_by_name() {
        let many = format!("[lines]\nwake = [{}]", "\"a\",".repeat(MAX_ENTRIES + 1));
        for bad in ["[lines", "[lines]\nwake = 1", "[lines]\nwake.glad = []", "[other]", &many] {
            let error = Table::parse("lines.de.toml", bad).unwrap_err().to_string();
            assert!(error.starts_with("lines.de.toml: "), "{error}");
        }
    }
}
