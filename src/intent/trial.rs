//! An ONNX Runtime is tried in a child process: this program, with a word as its first argument that
//! makes it load a library and ask its providers, one after another, and tell of each in a line.
//!
//! A provider that hangs is ended with its child, one that crashes ends only that, and the rest are
//! asked by another child. Nothing is loaded into this process before. A stranger's model is tried in
//! one, too, even without a library: rten bounds neither its time nor its memory.

use super::model::{Latency, Model, Nodes, measure};
use super::onnx::ModelFile;
use super::providers::{Plugin, Runtime};
use super::{embedded, words};
use crate::text::SafeText;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The program's first argument that makes it a child ([`run`]).
pub const ARGUMENT: &str = "--try-onnx-runtime";

/// A child ends itself after this, whatever happens.
const LIFETIME: Duration = Duration::from_secs(120);
/// How long a provider is measured, and how often it runs for that at most.
const MEASURED: Duration = Duration::from_millis(500);
const RUNS: usize = 300;
/// The longest line of a child that is read, and how many.
const MAX_LINE: u64 = 64 * 1024;
const MAX_LINES: usize = 1000;

/// What a child tells, a line each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// It is about to ask a provider.
    Asks(String),
    /// The library was loaded; its version.
    Loaded(String),
    /// The library cannot be used.
    Failed(String),
    /// A provider runs the model.
    Ran {
        provider: String,
        nodes: Vec<(String, usize)>,
        own: usize,
        all: usize,
        open_us: u64,
        median_us: u64,
        p99_us: u64,
    },
    /// A provider does not.
    Refused { provider: String, reason: String },
    /// All were asked.
    Done,
}

/// What came of asking a provider.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It runs.
    Ran(Ran),
    /// It does not.
    Refused(SafeText),
}

/// How a provider runs a model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ran {
    pub(super) nodes: Vec<Nodes>,
    /// How many nodes it runs itself, and how many there are.
    pub(super) own: usize,
    pub(super) all: usize,
    pub(super) open: Duration,
    pub(super) latency: Latency,
}

/// What came of trying a library.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trial {
    lines: Vec<Line>,
    /// Something hung or crashed: that may not be so again.
    pub(super) shaky: bool,
    /// No child could be started: that says nothing of the library.
    pub(super) unstarted: bool,
}

/// What is to be tried.
pub(super) struct Plan<'a> {
    pub(super) program: &'a Path,
    /// Without one, the embedded backend is tried.
    pub(super) library: Option<&'a Path>,
    /// The model's file, where it is not our own.
    pub(super) model: Option<&'a Path>,
    pub(super) providers: &'a [String],
    pub(super) plugins: &'a [Plugin],
    /// How long loading, and each provider, may take.
    pub(super) step: Duration,
    /// How long all may take.
    pub(super) total: Duration,
}

impl Trial {
    /// The library's version, or why it cannot be used.
    pub(super) fn library(&self) -> Result<SafeText, SafeText> {
        for line in &self.lines {
            match line {
                Line::Loaded(version) => return Ok(words(version)),
                Line::Failed(reason) => return Err(words(reason)),
                _ => {}
            }
        }
        Err(words("it could not be tried"))
    }

    /// What came of each provider, in the order in which they were asked.
    pub(super) fn outcomes(&self) -> Vec<(String, Outcome)> {
        let outcome = |line: &Line| match line {
            Line::Ran { provider, nodes, own, all, open_us, median_us, p99_us } => {
                let nodes = nodes.iter();
                let nodes = nodes.map(|(name, n)| Nodes { provider: words(name), count: *n });
                let latency = Latency {
                    median: Duration::from_micros(*median_us),
                    p99: Duration::from_micros(*p99_us),
                };
                let ran = Ran {
                    nodes: nodes.collect(),
                    own: *own,
                    all: *all,
                    open: Duration::from_micros(*open_us),
                    latency,
                };
                Some((provider.clone(), Outcome::Ran(ran)))
            }
            Line::Refused { provider, reason } => {
                Some((provider.clone(), Outcome::Refused(words(reason))))
            }
            _ => None,
        };
        self.lines.iter().filter_map(outcome).collect()
    }

    /// As it was written down.
    pub(super) fn from_json(json: &serde_json::Value) -> Option<Self> {
        Some(Self { lines: Vec::deserialize(json).ok()?, ..Self::default() })
    }

    /// To be written down.
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.lines).unwrap_or_default()
    }

    fn add(&mut self, line: Line) {
        // Another child loads the same library again.
        let repeated = matches!(line, Line::Loaded(_)) && self.lines.contains(&line);
        if !repeated && !matches!(line, Line::Asks(_) | Line::Done) {
            self.lines.push(line);
        }
    }
}

/// Tries a library with all providers of the plan.
pub(super) fn try_all(plan: &Plan<'_>) -> Trial {
    let begun = Instant::now();
    let mut trial = Trial::default();
    let mut left = plan.providers;
    loop {
        let Some(fell) = ask(plan, left, begun, &mut trial) else { return trial };
        trial.shaky = true;
        let Fell { provider, reason } = fell;
        match provider {
            // It fell over the library itself.
            None => {
                trial.lines.push(Line::Failed(reason));
                return trial;
            }
            Some(provider) => {
                let at = left.iter().position(|one| *one == provider);
                left = at.and_then(|at| left.get(at + 1..)).unwrap_or_default();
                trial.lines.push(Line::Refused { provider, reason });
            }
        }
        // The plugins' refusals were told by the child before.
        if left.is_empty() {
            return trial;
        }
    }
}

/// Over which provider, or over loading, a child fell.
struct Fell {
    provider: Option<String>,
    reason: String,
}

/// Has one child ask providers, and tells where it fell.
fn ask(plan: &Plan<'_>, providers: &[String], begun: Instant, trial: &mut Trial) -> Option<Fell> {
    let fell = |provider: Option<String>, reason: String| Some(Fell { provider, reason });
    let mut child = match start(plan, providers) {
        Ok(child) => child,
        Err(error) => {
            trial.unstarted = true;
            return fell(None, format!("it cannot be tried: {error}"));
        }
    };
    let lines = listen(&mut child);
    let mut asked = None;
    loop {
        let left = plan.total.saturating_sub(begun.elapsed());
        match lines.recv_timeout(plan.step.min(left)) {
            Ok(Line::Done) => {
                end(child);
                return None;
            }
            Ok(Line::Failed(reason)) => {
                end(child);
                trial.add(Line::Failed(reason));
                return None;
            }
            Ok(line) => {
                if let Line::Asks(provider) = &line {
                    asked = Some(provider.clone());
                }
                trial.add(line);
            }
            Err(RecvTimeoutError::Timeout) => {
                end(child);
                let time = plan.step.min(left).as_secs_f32();
                return fell(asked, format!("it did not answer within {time:.0} s"));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
                return fell(asked, format!("it ended the process that tried it: {status}"));
            }
        }
    }
}

fn start(plan: &Plan<'_>, providers: &[String]) -> io::Result<Child> {
    let mut command = Command::new(plan.program);
    command.arg(ARGUMENT).arg(plan.library.unwrap_or_else(|| Path::new("-")));
    command.arg(plan.model.unwrap_or_else(|| Path::new("-"))).arg(providers.join(","));
    for plugin in plan.plugins {
        command.arg(&plugin.name).arg(&plugin.path);
    }
    // Its standard input closes however we end, and it ends with that.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

/// The lines that a child writes, read by a thread. What is no line of ours is passed over.
fn listen(child: &mut Child) -> Receiver<Line> {
    let (sender, lines) = channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            for _ in 0..MAX_LINES {
                let mut line = Vec::new();
                match output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
                if let Ok(line) = serde_json::from_slice(&line)
                    && sender.send(line).is_err()
                {
                    return;
                }
            }
        });
    }
    lines
}

fn end(mut child: Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// What the child does: tries, and tells on standard output. `arguments` are those after
/// [`ARGUMENT`].
///
/// # Errors
/// When nobody reads what it tells.
pub fn run(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    std::thread::spawn(|| {
        let mut byte = [0];
        while io::stdin().read(&mut byte).is_ok_and(|read| read > 0) {}
        std::process::exit(1);
    });
    std::thread::spawn(|| {
        std::thread::sleep(LIFETIME);
        std::process::exit(1);
    });
    let mut text = || arguments.next().unwrap_or_default();
    let (library, model, providers) = (PathBuf::from(text()), text(), text());
    let mut plugins = Vec::new();
    while let (Some(name), Some(path)) = (arguments.next(), arguments.next()) {
        let name = name.to_string_lossy().into_owned();
        plugins.push(Plugin { name, path: path.into() });
    }
    let file = match model.to_str() {
        Some("-") => ModelFile::embedded(),
        _ => ModelFile::read(Path::new(&model)),
    };
    let file = match file {
        Ok(file) => file,
        Err(error) => return tell(&Line::Failed(error.to_string())),
    };
    if library == Path::new("-") {
        limit_memory();
        tell(&Line::Loaded(String::new()))?;
        tell(&Line::Asks("embedded".to_owned()))?;
        tell(&embedded_attempt(&file))?;
        return tell(&Line::Done);
    }
    let runtime = match Runtime::load(&library, &plugins) {
        Ok(runtime) => runtime,
        Err(reason) => return tell(&Line::Failed(reason.to_string())),
    };
    tell(&Line::Loaded(runtime.version().to_string()))?;
    for (name, reason) in runtime.refused() {
        let (provider, reason) = (format!("plugin {name}"), reason.to_string());
        tell(&Line::Refused { provider, reason })?;
    }
    let providers = providers.to_string_lossy().into_owned();
    for provider in providers.split(',').filter(|name| !name.is_empty()) {
        tell(&Line::Asks(provider.to_owned()))?;
        tell(&attempt(&runtime, provider, &file))?;
    }
    tell(&Line::Done)
}

/// A model of this kind needs some hundred kilobytes; one that asks for more than this, address space
/// included, is ended by the system rather than that the system is.
#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = Some(2 << 30);
    let maximum = getrlimit(Resource::As).maximum;
    // Where it cannot be limited, time still is.
    let _ = setrlimit(Resource::As, Rlimit { current: most, maximum });
}

#[cfg(not(unix))]
const fn limit_memory() {}

fn embedded_attempt(file: &ModelFile) -> Line {
    match embedded::open(file) {
        Ok(mut opened) => measured("embedded", (file.nodes, file.nodes), &mut opened),
        Err(error) => refused("embedded", error),
    }
}

fn attempt(runtime: &Runtime, provider: &str, file: &ModelFile) -> Line {
    match runtime.open(provider, file) {
        Ok(mut opened) => measured(provider, opened.share(), &mut opened),
        Err(reason) => refused(provider, reason),
    }
}

fn refused(provider: &str, reason: impl std::fmt::Display) -> Line {
    Line::Refused { provider: provider.to_owned(), reason: reason.to_string() }
}

fn measured(provider: &str, (own, all): (usize, usize), opened: &mut dyn Model) -> Line {
    let latency = match measure(opened, RUNS, MEASURED) {
        Ok(latency) => latency,
        Err(error) => return refused(provider, error),
    };
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let nodes = opened.report().nodes.iter().map(|n| (n.provider.to_string(), n.count));
    Line::Ran {
        provider: provider.to_owned(),
        nodes: nodes.collect(),
        own,
        all,
        open_us: micros(opened.report().open),
        median_us: micros(latency.median),
        p99_us: micros(latency.p99),
    }
}

fn tell(line: &Line) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}
