//! The model on the processor, in Rust: rten reads the .onnx file itself.
//!
//! Only the operators of small perceptrons are built in. On one thread: a pool's threads would take
//! longer to wake than the model to run.

use super::features::{INPUTS, clean};
use super::model::{Answer, Backend, Model, Nodes, Report};
use super::onnx::{ModelError, ModelFile};
use super::words;
use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, Value, op_registry};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// What it calls itself in reports.
pub const NAME: &str = "embedded CPU";

/// A model that was opened.
pub struct Embedded {
    model: rten::Model,
    input: NodeId,
    outputs: [NodeId; 2],
    options: RunOptions,
    report: Report,
}

/// Opens a model.
///
/// # Errors
/// When it has operators that are not built in, or does not fit together.
pub fn open(file: &ModelFile) -> Result<Embedded, ModelError> {
    let begun = Instant::now();
    let operators = op_registry!(
        Add,
        Clip,
        Concat,
        Div,
        Gemm,
        Identity,
        LayerNormalization,
        LeakyRelu,
        LogSoftmax,
        MatMul,
        Max,
        Min,
        Mul,
        Relu,
        Sigmoid,
        Softmax,
        Sub,
        Tanh
    );
    let load = || ModelOptions::with_ops(operators).load(file.bytes().to_vec());
    // A file of the user's is no reason to end.
    let model = catch_unwind(AssertUnwindSafe(load))
        .map_err(|_| ModelError::Refused(words("it does not fit together")))?
        .map_err(|error| ModelError::Refused(words(error)))?;
    let node = |name: &str| model.node_id(name).map_err(|error| ModelError::Refused(words(error)));
    let (input, outputs) = (node("x")?, [node("probs")?, node("vector")?]);
    let pool = Arc::new(ThreadPool::with_num_threads(1));
    Ok(Embedded {
        input,
        outputs,
        options: RunOptions::default().with_thread_pool(Some(pool)),
        report: Report {
            backend: Backend::Embedded,
            nodes: vec![Nodes { provider: words(NAME), count: file.nodes }],
            open: begun.elapsed(),
            latency: None,
            processor: None,
            refused: Vec::new(),
        },
        model,
    })
}

impl Embedded {
    /// What it says of itself, to be added to.
    pub(super) const fn report_mut(&mut self) -> &mut Report {
        &mut self.report
    }

    fn outputs(&self, inputs: Vec<f32>) -> Result<[Value; 2], ModelError> {
        let refused = |what: &dyn std::fmt::Display| ModelError::Refused(words(what));
        let x = NdTensor::<f32, 2>::from_data([1, INPUTS], inputs);
        let options = Some(self.options.clone());
        let run = || self.model.run(vec![(self.input, x.view().into())], &self.outputs, options);
        let outputs = catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| refused(&"it does not fit together"))?
            .map_err(|error| refused(&error))?;
        outputs.try_into().map_err(|_| ModelError::Output)
    }
}

impl Model for Embedded {
    fn run(&mut self, inputs: &[f32]) -> Result<Answer, ModelError> {
        if inputs.len() != INPUTS {
            return Err(ModelError::Input(inputs.len()));
        }
        let mut inputs = inputs.to_vec();
        clean(&mut inputs);
        let [probs, vector] = self.outputs(inputs)?.map(|value| {
            Tensor::<f32>::try_from(value).map(Tensor::into_data).map_err(|_| ModelError::Output)
        });
        Answer::new(&probs?, &vector?)
    }

    fn report(&self) -> &Report {
        &self.report
    }
}
