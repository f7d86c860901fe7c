//! Who runs the model: the embedded backend, or the first provider of an ONNX Runtime that really runs
//! all of it, fast enough.
//!
//! What is found is [tried in a child process](run_trial) first, and what came of that is written
//! down, by library and machine. Whatever fails, the embedded backend is there, and the report says
//! why.

use super::cache::{self, Cache};
use super::model::{Model, Refusal, Report, measure};
use super::onnx::{ModelError, ModelFile};
use super::providers::{Plugin, Runtime};
use super::trial::{self, Outcome, Plan, Ran, Trial};
use super::{embedded, words};
use crate::text::SafeText;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::trial::{ARGUMENT, run as run_trial};
pub use super::wanted::{Device, ORDER, Wanted};

/// A provider that takes longer, at 99 of 100 runs, is not chosen by itself.
pub const SLOWEST: Duration = Duration::from_millis(5);

/// How long loading, or asking one provider, may take.
const STEP: Duration = Duration::from_secs(10);
/// How long all may take.
const TOTAL: Duration = Duration::from_secs(30);
/// A provider that was asked for by name may take longer: some compile for seconds.
const PATIENT: Duration = Duration::from_secs(60);

/// How long what was opened is measured.
const MEASURED: Duration = Duration::from_millis(50);
const RUNS: usize = 300;

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
    let key = cache::key(library, file, &providers, &options.plugins);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

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
}
