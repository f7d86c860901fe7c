//! An ONNX Runtime that is found at run time, and the providers of it: the only file with foreign calls.
//!
//! What a provider says of itself when it is asked is not believed: `is_available` means that it was
//! compiled in. After a session is made, ONNX Runtime is asked which provider runs each node
//! (`session.record_ep_graph_assignment_info`), and that is what a [`Report`] tells.
//!
//! There can be one ONNX Runtime and one environment of it in a process, so they are kept here for
//! good. Loading one runs a stranger's code, which may hang or end the process: [`super::choose`] has
//! a child process try it before.

use super::features::{INPUTS, clean};
use super::model::{Answer, Backend, Model, Nodes, Report};
use super::onnx::{ModelError, ModelFile};
use super::words;
use crate::text::SafeText;
use ort::AsPointer as _;
use ort::environment::Environment;
use ort::ep::{self, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::memory::DeviceType;
use ort::session::Session;
use ort::session::builder::{AutoDevicePolicy, SessionBuilder};
use ort::value::Tensor;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// ONNX Runtime's own provider for processors.
pub const CPU: &str = "CPUExecutionProvider";

/// The oldest ONNX Runtime, by its minor version: the first that tells who runs each node.
pub const OLDEST: u32 = ort::MINOR_VERSION;

/// So many of ONNX Runtime's warnings are kept, to explain a refusal.
const MAX_LOG: usize = 16;

/// A library of a provider that registers itself: a name, and where it is. With `.virtual` at the
/// name's end some list devices that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// By what it is registered.
    pub name: String,
    /// The library.
    pub path: PathBuf,
}

type Log = Arc<Mutex<Vec<String>>>;

/// An ONNX Runtime that was loaded.
#[derive(Clone)]
pub struct Runtime {
    path: PathBuf,
    version: SafeText,
    environment: Environment,
    log: Log,
    refused: Vec<(String, SafeText)>,
}

static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library, once for the process, with its plugins. The error says why not.
    ///
    /// # Errors
    /// When it is none, is too old, or another one is loaded already.
    pub fn load(path: &Path, plugins: &[Plugin]) -> Result<Self, SafeText> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return match runtime.path == path {
                true => Ok(runtime.clone()),
                false => Err(words("this process has loaded another one already")),
            };
        }
        let runtime = catch_unwind(AssertUnwindSafe(|| Self::load_first(path, plugins)))
            .map_err(|_| words("it does not offer what it should"))??;
        Ok(loaded.insert(runtime).clone())
    }

    fn load_first(path: &Path, plugins: &[Plugin]) -> Result<Self, SafeText> {
        let log = Log::default();
        let kept = Arc::clone(&log);
        let keep = move |level: LogLevel, _: &str, _: &str, _: &str, message: &str| {
            let mut log = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !matches!(level, LogLevel::Verbose | LogLevel::Info) && log.len() < MAX_LOG {
                log.push(message.to_owned());
            }
        };
        let builder = ort::init_from(path).map_err(words)?;
        let environment =
            builder.with_telemetry(false).with_logger(Arc::new(keep)).build().map_err(words)?;
        let version = ort::util::probe(path).map_or_else(String::new, |minor| format!("1.{minor}"));
        let mut runtime = Self {
            path: path.to_owned(),
            version: words(version),
            environment,
            log,
            refused: Vec::new(),
        };
        for plugin in plugins {
            let registered = runtime.environment.register_ep_library(&plugin.name, &plugin.path);
            if let Err(error) = registered {
                runtime.refused.push((plugin.name.clone(), runtime.reason(error)));
            }
        }
        Ok(runtime)
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> &SafeText {
        &self.version
    }

    /// The plugins that it does not take, and why.
    #[must_use]
    pub fn refused(&self) -> &[(String, SafeText)] {
        &self.refused
    }

    /// Opens a model with a provider: one of [`super::choose::ORDER`], or `ep:NAME` for devices of the
    /// provider of that name. The error is the provider's own reason.
    ///
    /// # Errors
    /// When there is no such provider or device, or it does not take the model.
    pub fn open(&self, provider: &str, file: &ModelFile) -> Result<Opened, SafeText> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
        catch_unwind(AssertUnwindSafe(|| self.open_with(provider, file)))
            .unwrap_or_else(|_| Err(words("it does not offer what it should")))
    }

    fn open_with(&self, provider: &str, file: &ModelFile) -> Result<Opened, SafeText> {
        let begun = Instant::now();
        let refuse = |error: &dyn std::fmt::Display| self.reason(error);
        let mut builder = self.builder().map_err(|error| refuse(&error))?;
        let asked = match (classic(provider), provider) {
            (Some(dispatch), _) => {
                dispatch.register(&mut builder).map_err(|error| refuse(&error))?;
                dispatch.name().to_owned()
            }
            (None, "cpu") => CPU.to_owned(),
            (None, _) => {
                let device = self.environment.devices().find(|device| {
                    let name = device.ep().unwrap_or(CPU);
                    name != CPU && is_wanted(provider, name, device.hardware_device().ty())
                });
                let device = device.ok_or_else(|| words("no such device is listed"))?;
                let name = device.ep().unwrap_or_default().to_owned();
                builder = builder.with_devices([device], None).map_err(|error| refuse(&error))?;
                name
            }
        };
        let session = builder.commit_from_memory(file.bytes()).map_err(|error| refuse(&error))?;
        let nodes = assignment(&session).map_err(|error| refuse(&error))?;
        let backend = Backend::OnnxRuntime {
            version: self.version.clone(),
            path: words(self.path.display()),
        };
        let report = Report {
            backend,
            nodes,
            open: begun.elapsed(),
            latency: None,
            processor: None,
            refused: Vec::new(),
        };
        Ok(Opened { session, asked, report })
    }

    /// What every session has: one thread that does not spin, no provider that was not asked for.
    fn builder(&self) -> Result<SessionBuilder, ort::Error> {
        let builder = Session::builder(&self.environment)?
            .with_auto_device(AutoDevicePolicy::PreferCPU)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_config_entry("session.record_ep_graph_assignment_info", "1")?;
        Ok(builder)
    }

    /// An error, with what ONNX Runtime said before it.
    fn reason(&self, error: impl std::fmt::Display) -> SafeText {
        let log = std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner));
        let error = error.to_string();
        match log.iter().find(|line| !error.contains(line.as_str())) {
            Some(line) => words(format!("{error} ({line})")),
            None => words(error),
        }
    }
}

/// The providers that are asked for by their own names.
fn classic(provider: &str) -> Option<ExecutionProviderDispatch> {
    let qnn = if cfg!(windows) { "QnnHtp.dll" } else { "libQnnHtp.so" };
    let neural = ep::coreml::ComputeUnits::CPUAndNeuralEngine;
    Some(match provider {
        "qnn" => ep::QNN::default().with_backend_path(qnn).build(),
        "openvino-npu" => ep::OpenVINO::default().with_device_type("NPU").build(),
        "openvino-gpu" => ep::OpenVINO::default().with_device_type("GPU").build(),
        "openvino-cpu" => ep::OpenVINO::default().with_device_type("CPU").build(),
        "coreml" => ep::CoreML::default().with_compute_units(neural).build(),
        "vitis" => ep::Vitis::default().build(),
        "tensorrt" => ep::TensorRT::default().build(),
        "cuda" => ep::CUDA::default().build(),
        "directml" => ep::DirectML::default().build(),
        "webgpu" => ep::WebGPU::default().build(),
        _ => return None,
    })
}

fn is_wanted(provider: &str, name: &str, kind: DeviceType) -> bool {
    match provider {
        "npu-device" => kind == DeviceType::NPU,
        "gpu-device" => kind == DeviceType::GPU,
        other => other.strip_prefix("ep:") == Some(name),
    }
}

/// A model in ONNX Runtime.
pub struct Opened {
    session: Session,
    asked: String,
    report: Report,
}

impl Opened {
    /// How many nodes run on the provider that was asked for, and how many there are.
    #[must_use]
    pub fn share(&self) -> (usize, usize) {
        let own = self.report.nodes.iter().filter(|n| n.provider.as_str() == self.asked);
        let all = self.report.nodes.iter().map(|nodes| nodes.count).sum();
        (own.map(|nodes| nodes.count).sum(), all)
    }

    /// What it says of itself, to be added to.
    pub(super) const fn report_mut(&mut self) -> &mut Report {
        &mut self.report
    }
}

impl Model for Opened {
    fn run(&mut self, inputs: &[f32]) -> Result<Answer, ModelError> {
        if inputs.len() != INPUTS {
            return Err(ModelError::Input(inputs.len()));
        }
        let refused = |error: ort::Error| ModelError::Refused(words(error));
        let mut inputs = inputs.to_vec();
        clean(&mut inputs);
        let x = Tensor::from_array(([1, INPUTS], inputs)).map_err(refused)?;
        let outputs = self.session.run(ort::inputs!["x" => x]).map_err(refused)?;
        let numbers = |name: &str| {
            let output = outputs.get(name).ok_or(ModelError::Output)?;
            output.try_extract_tensor::<f32>().map(|(_, numbers)| numbers).map_err(refused)
        };
        Answer::new(numbers("probs")?, numbers("vector")?)
    }

    fn report(&self) -> &Report {
        &self.report
    }
}

/// Which provider runs how many nodes.
#[expect(unsafe_code, reason = "ort does not wrap these calls")]
fn assignment(session: &Session) -> Result<Vec<Nodes>, ort::Error> {
    let api = ort::api();
    let mut parts = std::ptr::null();
    let mut count = 0;
    // SAFETY: the session is alive, both places are ours, and the status is taken over, as ONNX
    // Runtime's C API (from 1.24) wants it. The array and all in it belong to the session.
    unsafe {
        let got =
            (api.Session_GetEpGraphAssignmentInfo)(session.ptr(), &raw mut parts, &raw mut count);
        ort::Error::result_from_status(got)?;
    }
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..count {
        let mut name: *const c_char = std::ptr::null();
        let (mut list, mut length) = (std::ptr::null(), 0);
        // SAFETY: `parts` has `count` entries, as it was just told; names end with a zero.
        let name = unsafe {
            let part = *parts.add(at);
            ort::Error::result_from_status((api.EpAssignedSubgraph_GetEpName)(
                part,
                &raw mut name,
            ))?;
            let got = (api.EpAssignedSubgraph_GetNodes)(part, &raw mut list, &raw mut length);
            ort::Error::result_from_status(got)?;
            if name.is_null() { c"" } else { CStr::from_ptr(name) }
        };
        *nodes.entry(name.to_string_lossy().into_owned()).or_default() += length;
    }
    let told = nodes.into_iter().map(|(name, count)| Nodes { provider: words(name), count });
    Ok(told.collect())
}
