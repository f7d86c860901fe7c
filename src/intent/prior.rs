//! What a repository's own history says of the next commit: some have many fixes, some much upkeep.
//!
//! A commit's class is taken from its subject where that is a Conventional Commit. Of the last
//! [`COMMITS`] of them a prior is made, smoothed so that a handful of commits hardly matters.

use super::{CLASSES, Class, Distribution};

/// Of so many commits of late a prior is made.
pub const COMMITS: usize = 50;

/// Every class has so many commits in advance, by how often the model says it anyway.
const ADVANCE: f32 = 4.0;

/// How often the model says each class, over commits of repositories that it was not trained on
/// (`model/CARD.md`).
const USUAL: [f32; CLASSES] = [0.2247, 0.2550, 0.0911, 0.0372, 0.1600, 0.2321];

/// The longest beginning of a subject that is looked at, in bytes.
const MAX_HEAD: usize = 60;

/// The class that a commit's subject names, if it is a Conventional Commit.
///
/// ```
/// use buddy_render::intent::{Class, prior};
///
/// assert_eq!(prior::class_of("feat(cli)!: a new flag"), Some(Class::Feature));
/// assert_eq!(prior::class_of("chore(deps): bump serde"), Some(Class::Upkeep));
/// assert_eq!(prior::class_of("Merge branch 'main'"), None);
/// ```
#[must_use]
pub fn class_of(subject: &str) -> Option<Class> {
    let (head, _) = subject.split_once(':')?;
    let head = head.trim();
    if head.len() > MAX_HEAD {
        return None;
    }
    let kind = head.trim_end_matches('!').split('(').next()?.trim().to_ascii_lowercase();
    Some(match kind.as_str() {
        "feat" | "feature" | "enhancement" => Class::Feature,
        "fix" | "bugfix" | "hotfix" => Class::Fix,
        "refactor" | "perf" | "style" => Class::Refactor,
        "test" | "tests" => Class::Test,
        "docs" | "doc" => Class::Docs,
        "chore" | "build" | "ci" | "deps" => Class::Upkeep,
        _ => return None,
    })
}

/// How much likelier each class is in a repository than elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior([f32; CLASSES]);

impl Default for Prior {
    /// As elsewhere.
    fn default() -> Self {
        Self([1.0; CLASSES])
    }
}

impl Prior {
    /// Of the subjects of a repository's commits, newest first.
    #[must_use]
    pub fn of_subjects<'a>(subjects: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of_classes(subjects.into_iter().filter_map(class_of))
    }

    /// Of the classes of a repository's commits, newest first.
    #[must_use]
    pub fn of_classes(classes: impl IntoIterator<Item = Class>) -> Self {
        let mut own = USUAL.map(|usual| usual * ADVANCE * 6.0);
        for class in classes.into_iter().take(COMMITS) {
            own[class as usize] += 1.0;
        }
        let all: f32 = own.iter().sum();
        let mut ratio = USUAL;
        for (ratio, own) in ratio.iter_mut().zip(own) {
            *ratio = own / all / *ratio;
        }
        Self(ratio)
    }

    /// What a model's answer is in this repository.
    #[must_use]
    pub fn apply(&self, answer: &Distribution) -> Distribution {
        let mut corrected = *answer.all();
        for (probability, ratio) in corrected.iter_mut().zip(self.0) {
            *probability *= ratio;
        }
        Distribution::new(corrected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_history_changes_nothing() {
        let answer = Distribution::new([0.3, 0.2, 0.1, 0.1, 0.2, 0.1]);
        for prior in [Prior::default(), Prior::of_subjects(["wip", "Merge: x"])] {
            let same = prior.apply(&answer);
            for class in Class::ALL {
                assert!((same.of(class) - answer.of(class)).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_repository_of_fixes_makes_a_fix_likelier_but_not_certain() {
        let answer = Distribution::new([0.3, 0.3, 0.1, 0.1, 0.1, 0.1]);
        let fixes = Prior::of_classes([Class::Fix; 200]);
        let corrected = fixes.apply(&answer);
        assert!(corrected.of(Class::Fix) > 0.5 && corrected.of(Class::Fix) < 0.95);
        // Only the last fifty count.
        assert_eq!(fixes, Prior::of_classes([Class::Fix; 50]));
    }

    #[test]
    fn subjects_of_many_forms() {
        for (subject, class) in [
            ("feat: a", Some(Class::Feature)),
            ("Fix(parser) : b", Some(Class::Fix)),
            ("perf!: c", Some(Class::Refactor)),
            ("ci(release): d", Some(Class::Upkeep)),
            ("revert: e", None),
            ("no type at all", None),
            ("", None),
            (":", None),
        ] {
            assert_eq!(class_of(subject), class, "{subject}");
        }
        assert_eq!(class_of(&format!("feat({}): x", "y".repeat(80))), None);
    }
}
