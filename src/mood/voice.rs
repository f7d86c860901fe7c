//! What a pet says: its lines by occasion and mood, and which of them comes next.

use super::personality::Personality;
use super::reaction::Trigger;
use super::value::Band;
use crate::text::SafeText;
use std::collections::VecDeque;

/// A line comes again only when so many others were said since.
pub const NO_REPEAT: usize = 20;

/// The lines for one occasion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Said in any mood.
    pub any: Vec<SafeText>,
    /// Said in a low mood only.
    pub low: Vec<SafeText>,
    /// Said in a high mood only.
    pub high: Vec<SafeText>,
}

impl Lines {
    /// What may be said in that mood: its own lines and those for any.
    pub fn fitting(&self, band: Band) -> impl Iterator<Item = &SafeText> {
        let own: &[SafeText] = match band {
            Band::Low => &self.low,
            Band::Middle => &[],
            Band::High => &self.high,
        };
        self.any.iter().chain(own)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &SafeText> {
        self.any.iter().chain(&self.low).chain(&self.high)
    }
}

/// What one pet said last.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    said: VecDeque<SafeText>,
}

impl Voice {
    /// The next line for an occasion: one that fits the mood and was not among the last
    /// [`NO_REPEAT`]; then one that fits any such occasion, good or bad; else none, as silence is
    /// better than the same joke again.
    pub(super) fn line(
        &mut self,
        who: &Personality,
        trigger: Trigger,
        band: Band,
        random: &mut fastrand::Rng,
    ) -> Option<SafeText> {
        let line =
            [Some(trigger.lines()), trigger.tone()].into_iter().flatten().find_map(|key| {
                let lines = who.lines.get(key)?;
                let fresh: Vec<_> =
                    lines.fitting(band).filter(|l| !self.said.contains(l)).collect();
                random.choice(fresh).cloned()
            })?;
        if self.said.len() == NO_REPEAT {
            self.said.pop_front();
        }
        self.said.push_back(line.clone());
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Species;
    use super::*;
    use std::collections::BTreeMap;

    fn lines(names: &[&str]) -> Vec<SafeText> {
        names.iter().map(|name| SafeText::new(name)).collect()
    }

    fn pet(own: Lines, good: Lines) -> Personality {
        Personality {
            species: Species::Dog,
            title: SafeText::new("Mo"),
            clips: BTreeMap::new(),
            lines: [("tests-passed".to_owned(), own), ("good".to_owned(), good)].into(),
            words: BTreeMap::new(),
        }
    }

    fn say(voice: &mut Voice, pet: &Personality, band: Band, seed: u64) -> Option<String> {
        let mut random = fastrand::Rng::with_seed(seed);
        let line = voice.line(pet, Trigger::TestsPassed, band, &mut random);
        line.map(|line| line.as_str().to_owned())
    }

    #[test]
    fn the_mood_decides_what_fits() {
        let own = Lines { any: lines(&["a"]), low: lines(&["l"]), high: lines(&["h"]) };
        let pet = pet(own, Lines::default());
        let all = |band| {
            let mut voice = Voice::default();
            let mut said: Vec<_> =
                (0..9).filter_map(|seed| say(&mut voice, &pet, band, seed)).collect();
            said.sort();
            said.concat()
        };
        assert_eq!(
            (all(Band::Low), all(Band::Middle), all(Band::High)),
            ("al".into(), "a".into(), "ah".into())
        );
    }

    #[test]
    fn it_widens_then_falls_silent_and_takes_up_again() {
        let own = Lines { any: lines(&["a", "b"]), ..Lines::default() };
        let good = Lines { any: lines(&["g"]), ..Lines::default() };
        let (pet, mut voice) = (pet(own, good), Voice::default());
        let mut said: Vec<_> =
            (0..3).map(|seed| say(&mut voice, &pet, Band::Middle, seed)).collect();
        assert_eq!(said.pop().flatten().as_deref(), Some("g"), "the wider pool comes last");
        assert_eq!(say(&mut voice, &pet, Band::Middle, 1), None);
        let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = self::pet(Lines { any: lines(&names), ..Lines::default() }, Lines::default());
        for seed in 0..20 {
            assert!(say(&mut voice, &many, Band::Middle, seed).is_some());
        }
        assert!(say(&mut voice, &pet, Band::Middle, 1).is_some(), "20 others were said");
    }

    #[test]
    fn nothing_comes_twice_within_twenty() {
        let names: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pet = pet(Lines { any: lines(&names), ..Lines::default() }, Lines::default());
        let mut voice = Voice::default();
        let said: Vec<_> =
            (0..500).map(|seed| say(&mut voice, &pet, Band::High, seed).unwrap()).collect();
        for (n, line) in said.iter().enumerate() {
            assert!(!said[n.saturating_sub(NO_REPEAT)..n].contains(line));
        }
    }
}
