//! Who runs the model: the embedded backend, or the first provider of an ONNX Runtime that really runs
//! all of it, fast enough.
//!
//! What is found is [tried in a child process](run_trial) first, and what came of that is written
//! down, by library and machine. Whatever fails, the embedded backend is there, and the report says
//! why.

use super::model::{Model, Refusal, Report, measure};
use super::onnx::{ModelError, ModelFile};
use super::providers::{Plugin, Runtime};
use super::trial::{self, Outcome, Plan, Ran, Trial};
use super::{embedded, words};
use crate::text::SafeText;
use std::collections::hash_map::DefaultHasher;
use std::ffi::OsStr;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

pub use super::trial::{ARGUMENT, run as run_trial};

/// A device's part in the order in which providers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A neural processor.
    Npu,
    /// A graphics processor.
    Gpu,
    /// The processor.
    Cpu,
}

/// All providers that are asked, in this order. `…-device` is whatever device a plugin lists.
pub const ORDER: [(&str, Device); 14] = [
    ("qnn", Device::Npu),
    ("openvino-npu", Device::Npu),
    ("coreml", Device::Npu),
    ("vitis", Device::Npu),
    ("npu-device", Device::Npu),
    ("tensorrt", Device::Gpu),
    ("cuda", Device::Gpu),
    ("directml", Device::Gpu),
    ("webgpu", Device::Gpu),
    ("openvino-gpu", Device::Gpu),
    ("gpu-device", Device::Gpu),
    // Last, so that every answer has the processor's time beside it.
    ("cpu", Device::Cpu),
    ("openvino-cpu", Device::Cpu),
    ("embedded", Device::Cpu),
];

/// A provider that takes longer, at 99 of 100 runs, is not chosen by itself.
pub const SLOWEST: Duration = Duration::from_millis(5);

/// How long loading, or asking one provider, may take.
const STEP: Duration = Duration::from_secs(10);
/// How long all may take.
const TOTAL: Duration = Duration::from_secs(30);
/// A provider that was asked for by name may take longer: some compile for seconds.
const PATIENT: Duration = Duration::from_secs(60);

/// What is written down holds so long; where something hung or crashed, less.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const KEPT_SHAKY: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest file of what was written down, and how many trials it has.
const MAX_CACHE_BYTES: u64 = 1 << 20;
const MAX_CACHED: usize = 16;

/// How long what was opened is measured.
const MEASURED: Duration = Duration::from_millis(50);
const RUNS: usize = 300;

/// Which provider is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// The first of NPU, GPU and CPU that runs every node and is fast enough.
    #[default]
    Auto,
    /// The first that is one of those.
    On(Device),
    /// The one of that name ([`ORDER`], or `ep:NAME`).
    Named(String),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The names of plugins' providers are theirs.
        let lower = text.to_ascii_lowercase();
        Ok(match if text.starts_with("ep:") { text } else { &lower } {
            "auto" => Self::Auto,
            "npu" => Self::On(Device::Npu),
            "gpu" => Self::On(Device::Gpu),
            "cpu" => Self::On(Device::Cpu),
            name if ORDER.iter().any(|(known, _)| *known == name) => Self::Named(name.to_owned()),
            // Names go to a child in one list.
            name if name.len() > 3 && name.starts_with("ep:") && !name.contains(',') => {
                Self::Named(name.to_owned())
            }
            _ => {
                let names: Vec<_> = ORDER.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                return Err(format!("the providers are auto, npu, gpu, cpu, ep:NAME, {names}"));
            }
        })
    }
}

impl Wanted {
    /// Whom to ask. The processor is asked in any case, for comparison.
    fn providers(&self) -> Vec<String> {
        let of = |wanted: Option<Device>| {
            let fits = move |(name, device): &&(&str, Device)| {
                *name != "embedded"
                    && *name != "openvino-cpu"
                    && (wanted.is_none_or(|wanted| wanted == *device) || *name == "cpu")
            };
            ORDER.iter().filter(fits).map(|(name, _)| (*name).to_owned()).collect()
        };
        match self {
            Self::Auto => of(None),
            Self::On(device) => of(Some(*device)),
            Self::Named(name) if name == "cpu" => vec![name.clone()],
            Self::Named(name) => vec![name.clone(), "cpu".to_owned()],
        }
    }

    /// Whether a provider of that name may be taken.
    fn takes(&self, name: &str) -> bool {
        let device = ORDER.iter().find(|(known, _)| *known == name).map(|(_, device)| *device);
        match self {
            Self::Auto => true,
            Self::On(wanted) => device == Some(*wanted),
            Self::Named(wanted) => wanted == name,
        }
    }
}

/// How a model is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Who is to run it.
    pub wanted: Wanted,
    /// The user's own model.
    pub model: Option<PathBuf>,
    /// Files that may be an ONNX Runtime, the first that works is taken.
    pub libraries: Vec<PathBuf>,
    /// Providers that register themselves.
    pub plugins: Vec<Plugin>,
    /// This program, which tries libraries when it is started with [`ARGUMENT`]. Without it none is
    /// used.
    pub program: Option<PathBuf>,
    /// The file where what came of trying is written down.
    pub cache: Option<PathBuf>,
}

impl Options {
    /// What the environment offers: the libraries that `BUDDY_ORT` (`off` for none) and
    /// `ORT_DYLIB_PATH` name, that lie beside the program, or where the loader looks; the plugins of
    /// `BUDDY_EP_LIB` (`name=path;name=path`).
    #[must_use]
    pub fn capture(program: Option<PathBuf>) -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = var("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = var("XDG_CACHE_HOME").map(PathBuf::from).or(home);
        let cache = cache.filter(|folder| folder.is_absolute());
        Self {
            wanted: Wanted::Auto,
            model: None,
            libraries: libraries(&var, program.as_deref()),
            plugins: var("BUDDY_EP_LIB").map(|list| plugins(&list)).unwrap_or_default(),
            program,
            cache: cache.map(|folder| folder.join("buddy/intent-providers.json")),
        }
    }
}

fn libraries(
    var: &dyn Fn(&str) -> Option<std::ffi::OsString>,
    program: Option<&Path>,
) -> Vec<PathBuf> {
    let named = var("BUDDY_ORT");
    if named.as_deref() == Some(OsStr::new("off")) {
        return Vec::new();
    }
    // Who names one means it, and hears why it is not used.
    let mut found: Vec<PathBuf> =
        [named, var("ORT_DYLIB_PATH")].into_iter().flatten().map(PathBuf::from).collect();
    let names: &[&str] = match std::env::consts::OS {
        "windows" => &["onnxruntime.dll"],
        "macos" => &["libonnxruntime.dylib"],
        _ => &["libonnxruntime.so", "libonnxruntime.so.1"],
    };
    let mut folders: Vec<PathBuf> =
        program.and_then(Path::parent).map(Path::to_owned).into_iter().collect();
    let loader = match std::env::consts::OS {
        "windows" => "PATH",
        "macos" => "DYLD_LIBRARY_PATH",
        _ => "LD_LIBRARY_PATH",
    };
    if let Some(list) = var(loader) {
        folders.extend(std::env::split_paths(&list).filter(|folder| folder.is_absolute()));
    }
    if !cfg!(windows) {
        let usual = ["/usr/local/lib", "/opt/homebrew/lib", "/usr/lib", "/usr/lib64"];
        folders.extend(usual.map(PathBuf::from));
        folders.push(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH).into());
    }
    let files = folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    found.extend(files.filter(|file| file.is_file()));
    found
}

fn plugins(list: &OsStr) -> Vec<Plugin> {
    let list = list.to_string_lossy();
    let pairs = list.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, path)| Plugin { name: name.to_owned(), path: path.into() }).collect()
}

/// Opens a model where it runs best, by what is wanted. What does not work is in the report.
///
/// # Errors
/// When the model itself is refused: the embedded backend runs any that is not.
pub fn open(options: &Options) -> Result<Box<dyn Model>, ModelError> {
    let file = match &options.model {
        Some(path) => ModelFile::read(path)?,
        None => ModelFile::embedded()?,
    };
    let mut refused = Vec::new();
    if options.wanted != Wanted::Named("embedded".to_owned()) {
        for library in &options.libraries {
            if let Some(model) = open_found(options, library, &file, &mut refused) {
                return Ok(model);
            }
        }
        if options.libraries.is_empty() {
            let what = "no ONNX Runtime was found: BUDDY_ORT names one";
            refused.push(Refusal { provider: words("ONNX Runtime"), reason: words(what) });
        }
    }
    if let (Some(path), Some(program)) = (&options.model, &options.program) {
        try_embedded(program, path)?;
    }
    let mut model = embedded::open(&file)?;
    let latency = measure(&mut model, RUNS, MEASURED)?;
    let report = model.report_mut();
    (report.latency, report.refused) = (Some(latency), refused);
    Ok(Box::new(model))
}

/// Has a child process run a stranger's model first: it may ask for all memory, or never end.
fn try_embedded(program: &Path, model: &Path) -> Result<(), ModelError> {
    let trial = trial::try_all(&Plan {
        program,
        library: None,
        model: Some(model),
        providers: &["embedded".to_owned()],
        plugins: &[],
        step: STEP,
        total: TOTAL,
    });
    trial.library().map_err(ModelError::Refused)?;
    match trial.outcomes().pop() {
        Some((_, Outcome::Ran(_))) => Ok(()),
        Some((_, Outcome::Refused(reason))) => Err(ModelError::Refused(reason)),
        None => Err(ModelError::Refused(words("it could not be tried"))),
    }
}

/// Opens a model with a library, if a provider of it serves.
fn open_found(
    options: &Options,
    library: &Path,
    file: &ModelFile,
    refused: &mut Vec<Refusal>,
) -> Option<Box<dyn Model>> {
    let mut refuse = |provider: &str, reason: SafeText| {
        refused.push(Refusal { provider: words(provider), reason });
    };
    let name = format!("ONNX Runtime {}", library.display());
    let library = match fs::canonicalize(library) {
        Ok(library) => library,
        Err(error) => {
            refuse(&name, words(error));
            return None;
        }
    };
    let Some(program) = &options.program else {
        refuse(&name, words("nobody is there to try it first"));
        return None;
    };
    let trial = tried(options, program, &library, file);
    if let Err(reason) = trial.library() {
        refuse(&name, reason);
        return None;
    }
    let outcomes = trial.outcomes();
    let processor = outcomes.iter().find_map(|(name, outcome)| match outcome {
        Outcome::Ran(ran) if name == "cpu" => Some(ran.latency),
        _ => None,
    });
    let mut serving = None;
    for (provider, outcome) in outcomes {
        // The processor was asked for comparison alone, if another one was wanted.
        let is_wanted = options.wanted.takes(&provider) || provider.starts_with("plugin ");
        let reason = match outcome {
            _ if !is_wanted => continue,
            Outcome::Refused(reason) => Some(reason),
            Outcome::Ran(ran) => match falls_short(&provider, &ran, &options.wanted) {
                None if serving.is_none() => {
                    serving = Some(provider.clone());
                    None
                }
                // One that comes later in the order than who serves.
                None => None,
                reason => reason,
            },
        };
        if let Some(reason) = reason {
            refuse(&provider, reason);
        }
    }
    let provider = serving?;
    let opened = Runtime::load(&library, &options.plugins).and_then(|runtime| {
        let mut model = runtime.open(&provider, file)?;
        // What was written down may be of another day.
        let latency = measure(&mut model, RUNS, MEASURED).map_err(words)?;
        Ok((model, latency))
    });
    let (mut model, latency) = match opened {
        Ok(opened) => opened,
        Err(reason) => {
            refuse(&provider, reason);
            return None;
        }
    };
    let report: &mut Report = model.report_mut();
    report.latency = Some(latency);
    report.processor = processor.filter(|_| provider != "cpu");
    report.refused.append(refused);
    Some(Box::new(model))
}

/// Why a provider that runs is not good enough. One that was asked for by name may be slow, and so may
/// the processor: when that is slow, the system is busy.
fn falls_short(provider: &str, ran: &Ran, wanted: &Wanted) -> Option<SafeText> {
    if ran.own < ran.all || ran.all == 0 {
        let others: Vec<_> =
            ran.nodes.iter().map(|n| format!("{} on {}", n.count, n.provider)).collect();
        let (own, all) = (ran.own, ran.all);
        return Some(words(format!("it runs {own} of {all} nodes ({})", others.join(", "))));
    }
    let may_be_slow = provider == "cpu" || matches!(wanted, Wanted::Named(_));
    let slow = ran.latency.p99 > SLOWEST && !may_be_slow;
    slow.then(|| {
        let (p99, open) = (ran.latency.p99.as_secs_f64() * 1e3, ran.open.as_secs_f64() * 1e3);
        words(format!("one of 100 runs takes {p99:.1} ms or more (opened in {open:.0} ms)"))
    })
}

/// What came of trying a library: now, or before.
fn tried(options: &Options, program: &Path, library: &Path, file: &ModelFile) -> Trial {
    let providers = options.wanted.providers();
    let key = key(library, file, &providers, &options.plugins);
    let mut cache = options.cache.as_deref().map(Cache::read).unwrap_or_default();
    if let Some(trial) = cache.get(&key) {
        return trial;
    }
    let named = matches!(options.wanted, Wanted::Named(_));
    let trial = trial::try_all(&Plan {
        program,
        library: Some(library),
        model: options.model.as_deref(),
        providers: &providers,
        plugins: &options.plugins,
        step: if named { PATIENT } else { STEP },
        total: if named { 2 * PATIENT } else { TOTAL },
    });
    if let Some(path) = options.cache.as_ref().filter(|_| !trial.unstarted) {
        cache.put(key, &trial);
        // Without it the next start tries again.
        let _ = cache.write(path);
    }
    trial
}

/// All that what came of trying depends on: this version, the library and the plugins, the model, who
/// was asked, the system and its devices.
fn key(library: &Path, file: &ModelFile, providers: &[String], plugins: &[Plugin]) -> String {
    let about = |path: &Path| {
        let about = fs::metadata(path).ok();
        let changed = about.as_ref().and_then(|about| about.modified().ok());
        let changed = changed.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let size = about.map_or(0, |about| about.len());
        format!("{}:{size}:{}", path.display(), changed.map_or(0, |at| at.as_nanos()))
    };
    let mut model = DefaultHasher::new();
    file.bytes().hash(&mut model);
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned(), about(library)];
    parts.push(format!("{:x}", model.finish()));
    parts.push(providers.join(","));
    parts.extend(plugins.iter().map(|plugin| format!("{}={}", plugin.name, about(&plugin.path))));
    // Providers read wishes of their own there.
    let wishes = ["ORT_", "GGML_", "OPENVINO_", "QNN_", "CUDA_"];
    let mut found: Vec<_> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .filter(|wish| wishes.iter().any(|start| wish.starts_with(start)))
        .collect();
    found.sort();
    parts.append(&mut found);
    parts.push(fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default());
    for folder in ["/sys/class/accel", "/dev/dri", "/proc/driver/nvidia/gpus"] {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        parts.push(names.join(","));
    }
    parts.join("|")
}

/// What was written down.
#[derive(Default)]
struct Cache(serde_json::Map<String, serde_json::Value>);

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Cache {
    /// What is no such file is as good as none.
    fn read(path: &Path) -> Self {
        let read = || {
            let mut text = String::new();
            let file = fs::File::open(path).ok()?;
            file.take(MAX_CACHE_BYTES).read_to_string(&mut text).ok()?;
            serde_json::from_str(&text).ok()
        };
        Self(read().unwrap_or_default())
    }

    fn get(&self, key: &str) -> Option<Trial> {
        let entry = self.0.get(key)?;
        let until = entry.get("until")?.as_u64()?;
        let holds = seconds_now() < until && until <= seconds_now() + KEPT.as_secs();
        holds.then(|| Trial::from_json(entry.get("lines")?)).flatten()
    }

    fn put(&mut self, key: String, trial: &Trial) {
        while self.0.len() >= MAX_CACHED
            && let Some(oldest) = self.0.keys().next().cloned()
        {
            self.0.shift_remove(&oldest);
        }
        let kept = if trial.shaky { KEPT_SHAKY } else { KEPT };
        let entry = serde_json::json!({
            "until": seconds_now() + kept.as_secs(),
            "lines": trial.to_json(),
        });
        self.0.insert(key, entry);
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &self.0)?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    #[test]
    fn providers_are_wanted_by_device_or_name() {
        assert_eq!("auto".parse(), Ok(Wanted::Auto));
        assert_eq!("NPU".parse(), Ok(Wanted::On(Device::Npu)));
        assert_eq!("openvino-npu".parse(), Ok(Wanted::Named("openvino-npu".to_owned())));
        assert_eq!("ep:Some EP".parse(), Ok(Wanted::Named("ep:Some EP".to_owned())));
        for wrong in ["", "quantum", "ep:", "ep:a,b", "qnn,cuda"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_order_is_npu_gpu_cpu_and_the_processor_is_always_asked() {
        let asked = Wanted::Auto.providers();
        let place = |name: &str| asked.iter().position(|one| one == name).unwrap();
        assert!(place("qnn") < place("cuda") && place("gpu-device") < place("cpu"));
        assert_eq!(Wanted::On(Device::Npu).providers().last().unwrap(), "cpu");
        assert!(!Wanted::On(Device::Npu).takes("cpu") && Wanted::On(Device::Npu).takes("vitis"));
        let named = Wanted::Named("ep:x".to_owned());
        assert_eq!(named.providers(), ["ep:x", "cpu"]);
        assert!(named.takes("ep:x") && !named.takes("cpu"));
    }

    #[test]
    fn libraries_are_looked_for_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("libonnxruntime.so");
        fs::write(&beside, "").unwrap();
        let program = folder.path().join("buddy-render");
        let found = |pairs: &[(&str, &str)]| {
            let var = |name: &str| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, v)| OsString::from(v))
            };
            libraries(&var, Some(&program))
        };
        let both = found(&[("BUDDY_ORT", "/a.so"), ("ORT_DYLIB_PATH", "/b.so")]);
        assert_eq!(both[..2], [PathBuf::from("/a.so"), PathBuf::from("/b.so")]);
        if cfg!(target_os = "linux") {
            assert_eq!(both[2], beside);
        }
        assert!(found(&[("BUDDY_ORT", "off"), ("ORT_DYLIB_PATH", "/b.so")]).is_empty());
    }

    #[test]
    fn plugins_are_pairs() {
        let plugin = |name: &str, path: &str| Plugin { name: name.to_owned(), path: path.into() };
        let list = plugins(OsStr::new("a.virtual=/x.so;nonsense;b=/y=z.so"));
        assert_eq!(list, [plugin("a.virtual", "/x.so"), plugin("b", "/y=z.so")]);
    }

    #[test]
    fn what_was_written_down_holds_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er.json");
        let mut cache = Cache::default();
        for n in 0..40 {
            cache.put(n.to_string(), &Trial::default());
        }
        assert_eq!(cache.0.len(), MAX_CACHED);
        cache.write(&path).unwrap();
        let read = Cache::read(&path);
        assert!(read.get("39").is_some() && read.get("0").is_none());
        let entry = |until: u64| serde_json::json!({ "until": until, "lines": [] });
        let mut cache = Cache::default();
        cache.0.insert("old".to_owned(), entry(seconds_now() - 1));
        cache.0.insert("of the future".to_owned(), entry(u64::MAX));
        cache.0.insert(
            "nonsense".to_owned(),
            serde_json::json!({ "until": seconds_now() + 9, "lines": 7 }),
        );
        assert!(["old", "of the future", "nonsense"].iter().all(|key| cache.get(key).is_none()));
    }
}
