//! What the developer seems to be doing.
//!
//! What must not be learnt is a rule ([`rules`]). For the rest a small model reads a diff: [`features`]
//! makes numbers of it, a [`Model`] sorts them into six [`Class`]es, and [`judge`] stays vague where it
//! is not sure. [`watch`] does that for a stream of edits. The model runs in Rust ([`embedded`]), or in
//! an ONNX Runtime that is found at run time ([`providers`]), if that one proves itself in a child
//! process first ([`choose`]). `model/CARD.md` has the model's inputs and figures.

mod cache;
pub mod choose;
pub mod embedded;
pub mod features;
pub mod history;
mod model;
mod onnx;
pub mod prior;
pub mod providers;
pub mod rules;
mod trial;
mod wanted;
pub mod watch;

use crate::text::SafeText;
use features::Features;

pub use model::{Answer, Backend, Latency, Model, Nodes, Refusal, Report, VECTOR, measure};
pub use onnx::{MAX_MODEL_BYTES, MODEL, ModelError, ModelFile};

/// What can be told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Something new.
    Feature,
    /// Something that was wrong.
    Fix,
    /// The same, otherwise: structure, speed and style.
    Refactor,
    /// Tests.
    Test,
    /// Documentation.
    Docs,
    /// Builds, dependencies, what runs by itself.
    Upkeep,
}

/// How many classes there are.
pub const CLASSES: usize = 6;

/// The name of not being sure.
pub const UNKNOWN: &str = "unknown";

/// Below this confidence nothing is claimed: above it, three of four answers were right.
pub const SURE: f32 = 0.5;

impl Class {
    /// All of them, in the order of the model's output.
    pub const ALL: [Self; CLASSES] =
        [Self::Feature, Self::Fix, Self::Refactor, Self::Test, Self::Docs, Self::Upkeep];

    /// Its name in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Fix => "fix",
            Self::Refactor => "refactor",
            Self::Test => "test",
            Self::Docs => "docs",
            Self::Upkeep => "upkeep",
        }
    }

    /// The class of that name.
    ///
    /// ```
    /// use buddy_render::intent::Class;
    ///
    /// assert_eq!(Class::of_name("fix"), Some(Class::Fix));
    /// assert_eq!(Class::of_name("perf"), None);
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// How likely each class is; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution([f32; CLASSES]);

impl Distribution {
    /// Of numbers that somebody else made: what is not finite or below 0 counts as 0, and where
    /// nothing is left, all are alike.
    #[must_use]
    pub fn new(raw: [f32; CLASSES]) -> Self {
        let kept = raw.map(|p| if p.is_finite() { p.max(0.0) } else { 0.0 });
        let largest = kept.iter().copied().fold(0.0, f32::max);
        if largest <= 0.0 {
            return Self([1.0 / 6.0; CLASSES]);
        }
        // Divided twice, so that no sum is too large.
        let scaled = kept.map(|p| p / largest);
        let sum: f32 = scaled.iter().sum();
        Self(scaled.map(|p| p / sum))
    }

    /// How likely a class is.
    #[must_use]
    pub const fn of(&self, class: Class) -> f32 {
        self.0[class as usize]
    }

    /// All, in the order of [`Class::ALL`].
    #[must_use]
    pub const fn all(&self) -> &[f32; CLASSES] {
        &self.0
    }

    /// The likeliest class and how likely it is.
    #[must_use]
    pub fn top(&self) -> (Class, f32) {
        let better = |best: (Class, f32), class: Class| {
            if self.of(class) > best.1 { (class, self.of(class)) } else { best }
        };
        Class::ALL.into_iter().fold((Class::Feature, f32::NEG_INFINITY), better)
    }
}

/// Who says what a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The model.
    Model,
    /// A rule, by the name of it.
    Rule(&'static str),
}

/// What a change seems to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The class, or nothing where nobody can tell.
    pub class: Option<Class>,
    /// Of the class, or of the likeliest where none is claimed: 0 to 1.
    pub confidence: f32,
    /// Who says so.
    pub source: Source,
}

impl Verdict {
    /// The class's name, or [`UNKNOWN`].
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.class {
            Some(class) => class.name(),
            None => UNKNOWN,
        }
    }
}

/// What is made of a change and the model's answer. Rules come first; an answer below [`SURE`] is
/// none.
#[must_use]
pub fn judge(features: &Features, answer: &Distribution) -> Verdict {
    if let Some(verdict) = rules::of_change(features) {
        return verdict;
    }
    let (class, confidence) = answer.top();
    let class = (confidence >= SURE).then_some(class);
    Verdict { class, confidence, source: Source::Model }
}

/// A line of somebody else's, for people to read.
fn words(text: impl std::fmt::Display) -> SafeText {
    SafeText::new(&text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_sums_to_one_whatever_it_is_made_of() {
        for raw in [
            [0.0; 6],
            [f32::NAN; 6],
            [f32::INFINITY, 1.0, -3.0, 0.0, 0.5, 0.5],
            [f32::MAX; 6],
            [f32::MIN_POSITIVE; 6],
            [0.1, 0.2, 0.3, 0.1, 0.2, 0.1],
        ] {
            let made = Distribution::new(raw);
            assert!((made.all().iter().sum::<f32>() - 1.0).abs() < 1e-6, "{raw:?}");
            assert!(made.all().iter().all(|p| (0.0..=1.0).contains(p)), "{raw:?}");
        }
        assert_eq!(Distribution::new([0.0, 0.0, 2.0, 0.0, 0.0, 1.0]).top().0, Class::Refactor);
    }

    #[test]
    fn names_go_both_ways() {
        for class in Class::ALL {
            assert_eq!(Class::of_name(class.name()), Some(class));
        }
    }

    #[test]
    fn an_unsure_answer_is_none() {
        let features = features::of(b"diff --git a/a.rs b/a.rs\n@@ -1 +1 @@\n-a\n+b\n");
        let unsure = Distribution::new([0.4, 0.3, 0.1, 0.1, 0.0, 0.1]);
        assert_eq!(judge(&features, &unsure).name(), UNKNOWN);
        let sure = Distribution::new([0.1, 0.6, 0.1, 0.1, 0.0, 0.1]);
        assert_eq!(judge(&features, &sure).class, Some(Class::Fix));
    }
}
