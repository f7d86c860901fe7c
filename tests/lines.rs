//! What the pets say: enough of it, kind, short enough for the bubble, and Haiku's in 5-7-5.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::mood::Lines;
use buddy_render::pet::{Language, Pet, catalog};
use buddy_render::text::SafeText;
use std::collections::HashSet;

/// The occasions that a pet has lines for, and the two that stand in for others.
const OCCASIONS: [&str; 20] = [
    "tests-passed",
    "tests-failed",
    "tests-green-again",
    "build-passed",
    "build-failed",
    "lint-error",
    "large-delete",
    "conflict",
    "conflict-resolved",
    "agent-blocked",
    "agent-done",
    "agent-error",
    "legacy",
    "docs",
    "condense",
    "whisper",
    "sleep",
    "wake",
    "good",
    "bad",
];
/// The states that are told to who cannot see the pet, beside each pet's own clips.
const STATES: [&str; 12] = [
    "idle",
    "enter",
    "exit",
    "happy",
    "alert",
    "sad",
    "sleep",
    "wake",
    "work",
    "tap-glass",
    "celebrate",
    "glow",
];
/// The least number of lines of a pet in its first language.
const LEAST: usize = 40;
/// The words of a bubble: four rows of thirty cells.
const BUBBLE: (usize, usize) = (4, 30);
/// What no pet says to anybody.
const SCOLDING: &[&str] = &[
    "wrong",
    "fault",
    "blame",
    "stupid",
    "dumb",
    "lazy",
    "sloppy",
    "careless",
    "should have",
    "shame",
    "useless",
    "terrible",
    "awful",
    "mess",
    "fail",
    "idiot",
    "you broke",
    "bad",
    "falsch",
    "schuld",
    "dumm",
    "faul",
    "schlamp",
    "hättest",
    "peinlich",
    "versag",
    "schlecht",
    "mist",
    "blöd",
    "du hast",
];

fn pets() -> impl Iterator<Item = Pet> {
    catalog::names().into_iter().map(|name| catalog::load(name).unwrap())
}

fn german() -> Language {
    "de".parse().unwrap()
}

/// Every line of every pet, in English and in German, with the pet's name and the language's.
fn all() -> Vec<(String, &'static str, SafeText)> {
    let mut all = Vec::new();
    for pet in pets() {
        for (tag, language) in [("en", None), ("de", Some(german()))] {
            let table = pet.speech().table(language.as_ref());
            let lines = table.lines.values().flat_map(Lines::all);
            all.extend(lines.map(|line| (pet.name().to_owned(), tag, line.clone())));
        }
    }
    all
}

#[test]
fn each_pet_has_forty_lines_and_something_for_every_occasion() {
    for pet in pets() {
        let name = pet.name();
        let table = pet.speech().table(None);
        let lines: Vec<_> = table.lines.values().flat_map(Lines::all).collect();
        let distinct: HashSet<_> = lines.iter().collect();
        assert_eq!(lines.len(), distinct.len(), "{name} says the same twice");
        assert!(lines.len() >= LEAST, "{name} has {} lines", lines.len());
        for occasion in OCCASIONS {
            assert!(table.lines.contains_key(occasion), "{name} has nothing for {occasion}");
        }
        let unknown: Vec<_> =
            table.lines.keys().filter(|k| !OCCASIONS.contains(&k.as_str())).collect();
        assert!(unknown.is_empty(), "{name} has lines that are never said: {unknown:?}");
        let moods = table.lines.values().filter(|l| !l.low.is_empty() || !l.high.is_empty());
        assert!(moods.count() >= 2, "{name} says the same in every mood");
        for state in STATES {
            assert!(table.words.contains_key(state), "{name} has no words for {state}");
        }
    }
}

#[test]
fn every_pet_speaks_german_throughout() {
    for pet in pets() {
        assert_eq!(pet.speech().languages().collect::<Vec<_>>(), ["de"]);
        let (first, german) = (pet.speech().table(None), pet.speech().table(Some(&german())));
        for (occasion, lines) in &german.lines {
            let same = lines.all().any(|line| first.lines[occasion].all().any(|l| l == line));
            // Some sounds are the same in both.
            let sound = |line: &SafeText| line.width() <= 7;
            assert!(
                !same || lines.all().any(sound),
                "{}: {occasion} is not translated",
                pet.name()
            );
        }
        for (state, words) in &german.words {
            assert_ne!(words, &first.words[state], "{}: {state} is not translated", pet.name());
        }
    }
}

#[test]
fn lines_are_kind_clean_and_fit_the_bubble() {
    for (pet, language, line) in all() {
        let text = line.as_str();
        assert_eq!(&SafeText::new(text), &line, "{pet} {language}");
        let low = text.to_lowercase();
        let harsh = SCOLDING.iter().find(|word| low.contains(*word));
        assert_eq!(harsh, None, "{pet} {language}: {text}");
        let rows: usize = text.split(" / ").map(|verse| rows(verse, BUBBLE.1)).sum();
        assert!((1..=BUBBLE.0).contains(&rows), "{pet} {language}: {text} takes {rows} rows");
        let verses = text.split(" / ").count();
        assert_eq!(verses, if pet == "haiku" { 3 } else { 1 }, "{pet} {language}: {text}");
    }
}

/// The rows that words take, and none where a word alone is too long.
fn rows(text: &str, cols: usize) -> usize {
    let (mut rows, mut used) = (1, 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if width > cols {
            return 0;
        }
        let wanted = if used == 0 { width } else { used + 1 + width };
        (rows, used) = if wanted > cols { (rows + 1, width) } else { (rows, wanted) };
    }
    rows
}

/// The tolerance is none: a word that the rules of thumb below get wrong is an exception there.
#[test]
fn haiku_speaks_in_five_seven_five() {
    let mut off = Vec::new();
    for (_, language, line) in all().into_iter().filter(|(pet, ..)| pet == "haiku") {
        let count =
            |word: &str| if language == "en" { english(word) } else { german_syllables(word) };
        let verses =
            line.as_str().split(" / ").map(|verse| words(verse).iter().map(|w| count(w)).sum());
        let counts: Vec<usize> = verses.collect();
        if counts != [5, 7, 5] {
            off.push(format!("{counts:?} {language}: {line}"));
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}

fn words(verse: &str) -> Vec<String> {
    let letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    verse.split_whitespace().map(letters).map(|word| word.to_lowercase()).collect()
}

/// Runs of vowels.
fn groups(word: &str, vowels: &str) -> usize {
    let mut before = false;
    let begins = |c: char| {
        let is = vowels.contains(c);
        is && !std::mem::replace(&mut before, is) || {
            before = is;
            false
        }
    };
    word.chars().map(begins).filter(|begins| *begins).count()
}

/// What the rules for English get wrong, with its syllables.
const ENGLISH: &[(&str, usize)] = &[
    ("quiet", 2),
    ("someone", 2),
    ("something", 2),
    ("create", 2),
    ("being", 2),
    ("poem", 2),
    ("science", 2),
    ("simply", 2),
];

/// The syllables of an English word: its vowel groups, without an "e" that is not spoken.
fn english(word: &str) -> usize {
    if let Some((_, count)) = ENGLISH.iter().find(|(known, _)| *known == word) {
        return *count;
    }
    let count = groups(word, "aeiouy");
    let before = |end: &str| word.strip_suffix(end).and_then(|stem| stem.chars().last());
    let is_vowel = |c: char| "aeiouy".contains(c);
    let silent = match (before("e"), before("ed"), before("es")) {
        // "lone" but "little", "tree", "the".
        (Some('l'), ..) => word.chars().rev().nth(2).is_some_and(is_vowel),
        (Some(c), ..) => !is_vowel(c),
        // "turned" but "bended", "waited".
        (_, Some(c), _) => !is_vowel(c) && c != 't' && c != 'd' && c != 'l',
        // "times" but "branches", "creases".
        (.., Some(c)) => {
            !(is_vowel(c)
                || "sxzcg".contains(c)
                || word.ends_with("ches")
                || word.ends_with("shes"))
        }
        _ => false,
    };
    (count - usize::from(silent && count > 1)).max(1)
}

/// What the rules for German get wrong, with its syllables.
const GERMAN: &[(&str, usize)] = &[("blaues", 2)];

/// The syllables of a German word: its vowel groups. Every vowel is spoken, two together are one
/// sound if they are a diphthong or long.
fn german_syllables(word: &str) -> usize {
    if let Some((_, count)) = GERMAN.iter().find(|(known, _)| *known == word) {
        return *count;
    }
    groups(word, "aeiouyäöü").max(1)
}

#[test]
fn syllables_are_counted() {
    let known = [
        ("branches", 2),
        ("water", 2),
        ("house", 1),
        ("lone", 1),
        ("little", 2),
        ("waited", 2),
        ("turned", 1),
        ("settled", 2),
        ("times", 1),
        ("creases", 2),
        ("the", 1),
        ("tree", 1),
        ("remember", 3),
        ("nobody", 3),
        ("another", 3),
        ("quiet", 2),
        ("breathes", 1),
    ];
    for (word, count) in known {
        assert_eq!(english(word), count, "{word}");
    }
    let known = [
        ("halme", 2),
        ("wasser", 2),
        ("pflaumenzweig", 3),
        ("blaues", 2),
        ("flügel", 2),
        ("moor", 1),
        ("wirklich", 2),
        ("gewartet", 3),
        ("niemand", 2),
        ("daneben", 3),
    ];
    for (word, count) in known {
        assert_eq!(german_syllables(word), count, "{word}");
    }
}
