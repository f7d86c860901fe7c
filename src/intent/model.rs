//! What a model is to us: numbers in, a distribution and a vector out, and the truth about what ran.

use super::features::INPUTS;
use super::onnx::ModelError;
use super::{CLASSES, Distribution, words};
use crate::text::SafeText;
use std::time::{Duration, Instant};

/// How long the vector is.
pub const VECTOR: usize = 64;

/// What a model says of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How likely each class is.
    pub distribution: Distribution,
    /// [`VECTOR`] finite numbers, near for changes that are alike.
    pub vector: Vec<f32>,
}

impl Answer {
    /// Of a model's outputs.
    pub(super) fn new(probs: &[f32], vector: &[f32]) -> Result<Self, ModelError> {
        let probs: [f32; CLASSES] = probs.try_into().map_err(|_| ModelError::Output)?;
        if vector.len() != VECTOR {
            return Err(ModelError::Output);
        }
        let finite = |v: &f32| if v.is_finite() { *v } else { 0.0 };
        let vector = vector.iter().map(finite).collect();
        Ok(Self { distribution: Distribution::new(probs), vector })
    }
}

/// Something that runs the intent model.
pub trait Model: Send {
    /// What it makes of [`INPUTS`] numbers. They are [cleaned](super::features::clean) first.
    ///
    /// # Errors
    /// When there are not as many numbers, or it fails.
    fn run(&mut self, inputs: &[f32]) -> Result<Answer, ModelError>;

    /// What it is, and what really runs.
    fn report(&self) -> &Report;
}

/// What runs a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Within this program, on the processor.
    Embedded,
    /// An ONNX Runtime that was found.
    OnnxRuntime {
        /// Its version.
        version: SafeText,
        /// Where it is.
        path: SafeText,
    },
}

/// How many of a model's nodes a provider really runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// The provider, by the name that it gives itself.
    pub provider: SafeText,
    /// How many.
    pub count: usize,
}

/// A provider that was asked and does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub provider: SafeText,
    /// Why, in its own words.
    pub reason: SafeText,
}

/// How long a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Half of the runs took no longer.
    pub median: Duration,
    /// 99 of 100 runs took no longer.
    pub p99: Duration,
}

/// The truth about what runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Where it runs.
    pub backend: Backend,
    /// Who runs the nodes, as found out after the model was opened.
    pub nodes: Vec<Nodes>,
    /// How long opening took.
    pub open: Duration,
    /// How long a run takes on it, where that was measured.
    pub latency: Option<Latency>,
    /// How long it would take on the processor, where another one was chosen and that was measured.
    pub processor: Option<Latency>,
    /// Who was asked, and does not run it.
    pub refused: Vec<Refusal>,
}

impl Report {
    /// In one word who runs it: the provider of all nodes, or of the most, with how many.
    ///
    /// ```
    /// use buddy_render::intent::{ModelFile, embedded};
    /// use buddy_render::intent::Model as _;
    ///
    /// let model = embedded::open(&ModelFile::embedded()?)?;
    /// assert_eq!(model.report().provider().as_str(), "embedded CPU");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn provider(&self) -> SafeText {
        let all: usize = self.nodes.iter().map(|nodes| nodes.count).sum();
        match self.nodes.iter().max_by_key(|nodes| nodes.count) {
            Some(most) if most.count == all => most.provider.clone(),
            Some(most) => words(format!("{} ({} of {all} nodes)", most.provider, most.count)),
            None => words("nobody knows"),
        }
    }
}

/// Runs a model for at most `time` and at most `runs` times, and tells how long that takes. The first
/// run, which may compile something, does not count.
///
/// # Errors
/// When it does not run.
pub fn measure(model: &mut dyn Model, runs: usize, time: Duration) -> Result<Latency, ModelError> {
    let begun = Instant::now();
    let inputs = [0.5; INPUTS];
    model.run(&inputs)?;
    let mut took = Vec::with_capacity(runs);
    while took.is_empty() || took.len() < runs && begun.elapsed() < time {
        let start = Instant::now();
        model.run(&inputs)?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    let at = |place: usize| took.get(place.min(took.len() - 1)).copied().unwrap_or_default();
    Ok(Latency { median: at(took.len() / 2), p99: at(took.len() * 99 / 100) })
}
