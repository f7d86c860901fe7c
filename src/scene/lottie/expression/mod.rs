//! After Effects expressions: source → program → value at one moment.
//!
//! A small part of JavaScript with After Effects' own words, as exporters write it: `syntax` reads
//! a source once and refuses every word it does not know, `run` walks the program with a budget of
//! steps, `functions` holds the words themselves. Left out: other layers, effects, the layer's own
//! span, text, nested arrays, function values and `switch`.

mod functions;
mod run;
mod syntax;
#[cfg(test)]
mod tests;

/// Bytes of one source. Expressions of a page are long; more is a program.
pub(super) const MAX_SOURCE: usize = 16 * 1024;
/// Nodes of one program: statements and the parts of their terms.
pub(super) const MAX_NODES: usize = 4096;
/// Nesting of statements, and of the parts of a term.
pub(super) const MAX_DEPTH: usize = 64;
/// Nesting of a run, its function calls included. One call needs at most twice [`MAX_DEPTH`].
pub(super) const MAX_RUN_DEPTH: usize = 4 * MAX_DEPTH;
/// Steps of one run: a frame may ask for hundreds of runs.
pub(super) const FUEL: u32 = 10_000;
/// Steps that one look at the key frames costs.
pub(super) const VALUE_FUEL: u32 = 10;
/// Entries of a vector: a colour has four, lists of numbers a few more.
pub(super) const MAX_VECTOR: usize = 64;

/// A parsed expression: shared, immutable.
#[derive(Debug)]
pub(super) struct Expression(syntax::Program);

/// Why an expression is not run: the word that is not understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unsupported(pub(super) String);

/// What an expression gives. A truth value counts as 0 or 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Vector(Vec<f64>),
}

/// Why a run gave nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// More than [`FUEL`] steps, or calls deeper than [`MAX_RUN_DEPTH`].
    OutOfFuel,
    /// A value, an index or an argument that does not fit its use.
    Mismatch,
    /// The result, or a time asked for, is not a finite number.
    NotFinite,
}

/// What an expression may ask of its property. All times are seconds of the composition.
pub(super) trait Scope {
    fn time(&self) -> f64;
    /// Seconds of one frame.
    fn frame_duration(&self) -> f64;
    /// What the key frames say, without the expression.
    fn value_at(&self, time: f64) -> Value;
    /// Ascending; empty when the property has no key frames.
    fn key_times(&self) -> &[f64];
    /// The property's own, for `wiggle` and `random`.
    fn seed(&self) -> u64;
    /// Width and height of the composition in its pixels.
    fn comp_size(&self) -> (f64, f64);
}

impl Expression {
    /// Reads a source; every word in it must be known.
    pub(super) fn parse(source: &str) -> Result<Self, Unsupported> {
        syntax::parse(source).map(Self)
    }

    /// The value at the scope's time: `$bm_rt` where it was assigned, else the last term's.
    pub(super) fn run(&self, scope: &dyn Scope) -> Result<Value, Fault> {
        run::run(&self.0, scope)
    }
}
