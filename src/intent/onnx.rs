//! A model's file, looked at before anything runs it: its operator set, names and shapes, how deep it
//! nests, and that all of it is there.

use super::features::INPUTS;
use super::model::VECTOR;
use super::{CLASSES, Class, words};
use crate::text::SafeText;
use rten_onnx::onnx::{DataLocation, DataType, GraphProto, ModelProto, ValueInfoProto};
use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

/// The model that comes with the program.
pub const MODEL: &[u8] = include_bytes!("model/intent.onnx");

/// The largest file that is taken for a model.
pub const MAX_MODEL_BYTES: usize = 64 << 20;

/// The ONNX operator sets that are known to work.
const OPSETS: std::ops::RangeInclusive<i64> = 13..=25;

/// More nodes than this are no model of this kind.
const MAX_NODES: usize = 4096;

/// Graphs and types within each other, at most: readers go down by calling themselves.
const MAX_DEPTH: usize = 16;

/// So much of what a model says of itself is kept.
const MAX_ABOUT: usize = 64;

/// Why a model does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file is too large.
    #[error("it has {0} bytes, and at most {MAX_MODEL_BYTES} are read")]
    TooLarge(u64),
    /// The file is no ONNX model.
    #[error("it is no ONNX model: {0}")]
    NotOnnx(SafeText),
    /// The operator set is too old or too new.
    #[error("its operator set is {0}, and {OPSETS:?} are known")]
    Opset(i64),
    /// It is not of our kind.
    #[error("{0}")]
    Shape(SafeText),
    /// It keeps its weights elsewhere.
    #[error("its weights are in another file, which is not read")]
    External,
    /// The backend refused it.
    #[error("{0}")]
    Refused(SafeText),
    /// It was given something else than it takes.
    #[error("{0} numbers were given, and it takes {INPUTS}")]
    Input(usize),
    /// It gave something else than it should.
    #[error("it gave something else than {CLASSES} probabilities and {VECTOR} numbers")]
    Output,
    /// A file could not be read.
    #[error("it cannot be read")]
    Read(#[from] std::io::Error),
}

/// A file that was found to be a model of our kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    bytes: Cow<'static, [u8]>,
    /// What it says of itself: untrusted.
    pub about: Vec<(SafeText, SafeText)>,
    /// How many nodes it has.
    pub nodes: usize,
}

impl ModelFile {
    /// The one that comes with the program.
    ///
    /// # Errors
    /// Never, but for a program that was built wrong.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::check(MODEL.into())
    }

    /// Reads one of the user's.
    ///
    /// # Errors
    /// When it cannot be read, or is no model of our kind.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let mut file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(MAX_MODEL_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_MODEL_BYTES {
            let size = file.metadata().map_or(bytes.len() as u64, |about| about.len());
            return Err(ModelError::TooLarge(size));
        }
        Self::check(bytes.into())
    }

    /// Takes a model's bytes if they are of our kind: operator set, names, shapes, classes.
    ///
    /// # Errors
    /// When they are not; the error says in what.
    pub fn check(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        if bytes.len() > MAX_MODEL_BYTES {
            return Err(ModelError::TooLarge(bytes.len() as u64));
        }
        if !is_shallow(&bytes, Message::Model, 0) {
            return Err(ModelError::NotOnnx(words("it nests too deep, or ends too soon")));
        }
        let model =
            ModelProto::parse_buf(&bytes).map_err(|error| ModelError::NotOnnx(words(error)))?;
        let graph = model.graph.as_ref().ok_or_else(|| ModelError::NotOnnx(words("no graph")))?;
        let ours =
            |domain: &Option<String>| matches!(domain.as_deref(), None | Some("" | "ai.onnx"));
        let opset = model.opset_import.iter().find(|set| ours(&set.domain));
        let opset = opset.and_then(|set| set.version).unwrap_or(0);
        if !OPSETS.contains(&opset) {
            return Err(ModelError::Opset(opset));
        }
        check_graph(graph)?;
        let about: Vec<_> = model
            .metadata_props
            .iter()
            .filter_map(|entry| Some((words(entry.key.as_ref()?), words(entry.value.as_ref()?))))
            .take(MAX_ABOUT)
            .collect();
        check_classes(&about)?;
        Ok(Self { nodes: graph.node.len(), about, bytes })
    }

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn check_graph(graph: &GraphProto) -> Result<(), ModelError> {
    let wrong = |what: String| Err(ModelError::Shape(words(what)));
    if graph.node.len() > MAX_NODES {
        return wrong(format!("it has {} nodes, and {MAX_NODES} are the most", graph.node.len()));
    }
    let elsewhere = |location: &Option<DataLocation>| {
        location.as_ref().is_some_and(|location| *location == DataLocation::EXTERNAL)
    };
    for tensor in &graph.initializer {
        if elsewhere(&tensor.data_location) {
            return Err(ModelError::External);
        }
        let elements = tensor
            .dims
            .iter()
            .try_fold(1_usize, |all, size| all.checked_mul(usize::try_from(*size).ok()?));
        if elements.is_none_or(|elements| elements > MAX_MODEL_BYTES) {
            let name = tensor.name.as_deref().unwrap_or_default();
            return wrong(format!("its weights {name:?} are larger than any file"));
        }
    }
    // Weights may be listed among the inputs, too.
    let is_weight = |name: &Option<String>| graph.initializer.iter().any(|one| one.name == *name);
    let inputs: Vec<_> = graph.input.iter().filter(|input| !is_weight(&input.name)).collect();
    let [input] = inputs[..] else {
        return wrong(format!("it takes {} inputs, and should take x alone", inputs.len()));
    };
    check_tensor(input, "x", INPUTS)?;
    for (name, size) in [("probs", CLASSES), ("vector", VECTOR)] {
        let found = graph.output.iter().find(|output| output.name.as_deref() == Some(name));
        match found {
            Some(output) => check_tensor(output, name, size)?,
            None => return wrong(format!("it has no output {name}")),
        }
    }
    Ok(())
}

/// Whether a value is `f32[1, size]`; the first may be left open.
fn check_tensor(value: &ValueInfoProto, name: &str, size: usize) -> Result<(), ModelError> {
    let wrong = |what: String| Err(ModelError::Shape(words(what)));
    if value.name.as_deref() != Some(name) {
        let called = value.name.as_deref().unwrap_or_default();
        return wrong(format!("a value is called {called:?}, and should be {name:?}"));
    }
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    if tensor.and_then(|tensor| tensor.elem_type.as_ref()) != Some(&DataType::FLOAT) {
        return wrong(format!("{name} is no f32"));
    }
    let dimensions = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &shape.dim[..]);
    let expected = i64::try_from(size).unwrap_or(i64::MAX);
    match dimensions {
        Some([batch, length])
            if matches!(batch.dim_value, None | Some(1)) && length.dim_value == Some(expected) =>
        {
            Ok(())
        }
        Some(other) => {
            let shape: Vec<_> =
                other.iter().take(8).map(|one| one.dim_value.unwrap_or(-1)).collect();
            wrong(format!("{name} has the shape {shape:?}, and should have [1, {size}]"))
        }
        None => wrong(format!("{name} has no shape")),
    }
}

/// A model that names its classes must name ours.
fn check_classes(about: &[(SafeText, SafeText)]) -> Result<(), ModelError> {
    let Some((_, classes)) = about.iter().find(|(key, _)| key.as_str() == "classes") else {
        return Ok(());
    };
    let ours = Class::ALL.map(Class::name).join(",");
    if classes.as_str() == ours {
        return Ok(());
    }
    Err(ModelError::Shape(words(format!("its classes are {classes}, and should be {ours}"))))
}

/// The messages that are read.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Value,
    Type,
    TensorType,
    Shape,
    Sequence,
    /// One whose fields hold no messages that are read: tensors, dimensions, entries.
    Leaf,
}

impl Message {
    /// The message that a field of it holds, by ONNX's own numbers (onnx.proto).
    const fn field(self, number: u64) -> Option<Self> {
        match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Graph, 1) => Some(Self::Node),
            (Self::Node, 5) => Some(Self::Attribute),
            (Self::Graph, 11..=13) => Some(Self::Value),
            (Self::Value, 2) | (Self::Sequence, 1) => Some(Self::Type),
            (Self::Type, 4 | 9) => Some(Self::Sequence),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::TensorType, 2) => Some(Self::Shape),
            (Self::Shape, 1) => Some(Self::Leaf),
            (Self::Model, 8 | 14) | (Self::Graph | Self::Attribute, 5) => Some(Self::Leaf),
            _ => None,
        }
    }
}

/// Whether a message (Protocol Buffers' encoding) ends where it should, and does not nest too deep.
fn is_shallow(mut bytes: &[u8], message: Message, depth: usize) -> bool {
    // A graph within a graph is three messages down.
    if depth > 3 * MAX_DEPTH {
        return false;
    }
    while !bytes.is_empty() {
        let Some(key) = varint(&mut bytes) else { return false };
        let rest = match key & 7 {
            0 => varint(&mut bytes).map(|_| bytes),
            1 => bytes.get(8..),
            5 => bytes.get(4..),
            2 => {
                let length = varint(&mut bytes).and_then(|length| usize::try_from(length).ok());
                let split = length.and_then(|length| bytes.split_at_checked(length));
                split.and_then(|(inner, rest)| match message.field(key >> 3) {
                    Some(below) => is_shallow(inner, below, depth + 1).then_some(rest),
                    None => Some(rest),
                })
            }
            _ => None,
        };
        let Some(rest) = rest else { return false };
        bytes = rest;
    }
    true
}

/// A number of seven bits a byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> ModelProto {
        ModelProto::parse_buf(MODEL).unwrap()
    }

    fn refused(change: impl FnOnce(&mut ModelProto)) -> String {
        let mut model = ours();
        change(&mut model);
        ModelFile::check(model.write_buf().unwrap().into()).unwrap_err().to_string()
    }

    #[test]
    fn ours_is_taken_and_tells_of_itself() {
        let file = ModelFile::embedded().unwrap();
        let classes = file.about.iter().find(|(key, _)| key.as_str() == "classes").unwrap();
        assert_eq!(classes.1.as_str(), "feature,fix,refactor,test,docs,upkeep");
        assert!(MODEL.len() <= 500_000, "{}", MODEL.len());
    }

    #[test]
    fn what_is_not_ours_is_refused_with_the_reason() {
        let graph = |model: &mut ModelProto| model.graph.take().unwrap();
        assert!(refused(|m| m.opset_import[0].version = Some(7)).contains("operator set is 7"));
        assert!(refused(|m| m.opset_import.clear()).contains("operator set is 0"));
        assert!(refused(|m| drop(graph(m))).contains("no graph"));
        let rename = |m: &mut ModelProto| {
            m.graph.as_mut().unwrap().output[0].name = Some("p\u{1b}[2J".to_owned());
        };
        assert!(refused(rename).contains("no output probs"));
        let rename = |m: &mut ModelProto| {
            m.graph.as_mut().unwrap().input[0].name = Some("p\u{1b}[2J".to_owned());
        };
        let said = refused(rename);
        assert!(said.contains("should be") && !said.contains('\u{1b}'), "{said}");
        let widen = |m: &mut ModelProto| {
            let input = &mut m.graph.as_mut().unwrap().input[0];
            let tensor = input.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.shape.as_mut().unwrap().dim[1].dim_value = Some(517);
        };
        assert!(refused(widen).contains("[1, 517]"));
        let classes = |m: &mut ModelProto| {
            let entry = m.metadata_props.iter_mut().find(|e| e.key.as_deref() == Some("classes"));
            entry.unwrap().value = Some("good,bad".to_owned());
        };
        assert!(refused(classes).contains("good,bad"));
        let elsewhere = |m: &mut ModelProto| {
            let weights = &mut m.graph.as_mut().unwrap().initializer[0];
            weights.data_location = Some(DataLocation::EXTERNAL);
        };
        assert!(refused(elsewhere).contains("another file"));
    }

    #[test]
    fn no_beginning_of_a_file_and_no_changed_byte_does_harm() {
        for end in (0..MODEL.len()).step_by(997) {
            assert!(ModelFile::check(MODEL[..end].into()).is_err(), "{end}");
        }
        for at in (0..2000).chain(MODEL.len() - 2000..MODEL.len()) {
            let mut bytes = MODEL.to_vec();
            bytes[at] ^= 0xff;
            if let Ok(file) = ModelFile::check(bytes.into()) {
                drop(super::super::embedded::open(&file));
            }
        }
    }

    /// A message as the field of another.
    fn held(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut bytes = vec![field << 3 | 2];
        let mut length = inner.len();
        while length > 0x7f {
            bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend_from_slice(inner);
        bytes
    }

    #[test]
    fn endless_nesting_is_refused() {
        // Graphs of nodes with attributes that hold graphs.
        let mut graph = Vec::new();
        for _ in 0..2000 {
            graph = held(1, &held(5, &held(6, &graph)));
        }
        let said = ModelFile::check(held(7, &graph).into()).unwrap_err().to_string();
        assert!(said.contains("deep"), "{said}");
    }
}
