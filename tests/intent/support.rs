//! What the tests of the intent model share.

use buddy_render::intent::features::INPUTS;
use buddy_render::intent::{CLASSES, Model, VECTOR};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const BUDDY: &str = env!("CARGO_BIN_EXE_buddy-render");

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/intent").join(name)
}

/// A commit of the test split, and what the training code makes of it.
pub(crate) struct Row {
    pub(crate) inputs: Vec<f32>,
    pub(crate) probs: Vec<f32>,
    pub(crate) vector: Vec<f32>,
}

pub(crate) fn rows() -> Vec<Row> {
    let file = std::fs::File::open(fixture("rows.f32.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let numbers: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    let row = |numbers: &[f32]| {
        let (inputs, outputs) = numbers.split_at(INPUTS);
        let (probs, vector) = outputs.split_at(CLASSES);
        Row { inputs: inputs.into(), probs: probs.into(), vector: vector.into() }
    };
    numbers.chunks_exact(INPUTS + CLASSES + VECTOR).map(row).collect()
}

/// How far a model's answer is from a row's, at most; of larger numbers, relative to them.
pub(crate) fn difference(model: &mut dyn Model, row: &Row) -> f32 {
    let answer = model.run(&row.inputs).unwrap();
    let got = answer.distribution.all().iter().chain(&answer.vector);
    let wanted = row.probs.iter().chain(&row.vector);
    got.zip(wanted).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
}

/// A run of the program: nothing of the user's is used or changed.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
    _cache: tempfile::TempDir,
}

pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Run {
    let cache = tempfile::tempdir().unwrap();
    let mut command = Command::new(BUDDY);
    command.args(arguments).env("XDG_CACHE_HOME", cache.path());
    for name in ["BUDDY_ORT", "ORT_DYLIB_PATH", "BUDDY_EP_LIB", "LD_LIBRARY_PATH", "BUDDY"] {
        command.env_remove(name);
    }
    Run { command, input: input.to_vec(), _cache: cache }
}

pub(crate) fn intent(arguments: &[&str], input: &[u8]) -> Run {
    run(&[&["intent"], arguments].concat(), input)
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Output {
        let piped = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input;
        // Whoever refuses its arguments does not read.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let out = child.wait_with_output().unwrap();
        writer.join().unwrap();
        out
    }
}
