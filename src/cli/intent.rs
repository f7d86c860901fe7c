//! `intent`: what a change seems to be, and what really ran to find that out.

use super::Failure;
use super::failure::printable;
use super::probe::Told;
use buddy_render::event::source::Events;
use buddy_render::event::wire::to_native_json;
use buddy_render::event::{Event, EventKind};
use buddy_render::intent::choose::{self, Options, Wanted};
use buddy_render::intent::features::{self, Features, MAX_DIFF_BYTES};
use buddy_render::intent::watch::{Watched, Watcher, prior_of};
use buddy_render::intent::{
    Backend, Class, Distribution, Latency, Model, Report, Source, Verdict, judge,
};
use clap::Args;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

#[derive(Debug, Args)]
pub(super) struct IntentArgs {
    /// A unified diff, or - for standard input; without it, standard input is a stream of events
    #[arg(long, value_name = "FILE|-")]
    diff: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Who is to run the model: auto, npu, gpu, cpu, embedded, a provider of ONNX Runtime such as cuda
    /// or openvino-npu, or ep:NAME for a plugin's. Where it does not, the embedded backend does
    #[arg(long, value_name = "P", default_value = "auto", value_parser = Wanted::from_str)]
    provider: Wanted,
    /// Another model, an .onnx file with the same inputs and outputs
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A repository whose last 50 commits say what is usual in it
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
}

pub(super) fn run(args: &IntentArgs) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match &args.diff {
        Some(path) => {
            let features = features::of(&read(path)?);
            let mut model = open(args)?;
            tell(args, &features, &mut *model, &mut out)
        }
        None if io::stdin().is_terminal() => Err(Failure::usage("nothing is piped in")
            .hint("git diff | buddy-render intent --diff -, or events as JSON Lines")),
        None => stream(args, &mut out),
    }
}

/// As much of a diff as is looked at, and one byte that tells that there was more.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = MAX_DIFF_BYTES as u64 + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        let failed = |error| Failure::because(path.display(), &error);
        let file = File::open(path).map_err(failed)?;
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    }
    Ok(bytes)
}

/// What the environment offers this program.
pub(super) fn options() -> Options {
    Options::capture(std::env::current_exe().ok())
}

fn open(args: &IntentArgs) -> Result<Box<dyn Model>, Failure> {
    let (wanted, model) = (args.provider.clone(), args.model.clone());
    choose::open(&Options { wanted, model, ..options() }).map_err(|error| {
        let path =
            args.model.as_ref().map_or("the model".into(), |path| path.display().to_string());
        Failure::because(path, &error)
            .hint("src/intent/model/CARD.md says what a model must be like")
    })
}

fn tell(
    args: &IntentArgs,
    features: &Features,
    model: &mut dyn Model,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let answer = model.run(&features.inputs).map_err(|e| Failure::because("the model", &e))?;
    let prior = args.repo.as_deref().map(prior_of).unwrap_or_default();
    let distribution = prior.apply(&answer.distribution);
    let verdict = judge(features, &distribution);
    if args.json {
        let mut answer = json!({
            "class": verdict.name(),
            "confidence": verdict.confidence,
            "source": source(&verdict),
            "distribution": by_name(&distribution),
            "vector": answer.vector,
            "change": change(features),
        });
        if let (Some(answer), Value::Object(report)) =
            (answer.as_object_mut(), report_json(model.report()))
        {
            answer.extend(report);
        }
        serde_json::to_writer_pretty(&mut *out, &answer).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        let name = verdict.name();
        writeln!(out, "{name} {:.2}, says {}", verdict.confidence, source(&verdict))?;
        let mut classes = Class::ALL;
        classes.sort_by(|a, b| distribution.of(*b).total_cmp(&distribution.of(*a)));
        for class in classes {
            writeln!(out, "  {:<9}{:.2}", class.name(), distribution.of(class))?;
        }
        write_report(model.report(), out)?;
    }
    Ok(out.flush()?)
}

fn source(verdict: &Verdict) -> String {
    match verdict.source {
        Source::Model => "the model".to_owned(),
        Source::Rule(name) => format!("a rule: {name}"),
    }
}

fn by_name(distribution: &Distribution) -> Value {
    Class::ALL.iter().map(|class| (class.name(), distribution.of(*class))).collect()
}

fn change(features: &Features) -> Value {
    json!({
        "files": features.files,
        "hunks": features.hunks,
        "added": features.added,
        "deleted": features.deleted,
        "cut": features.cut,
    })
}

fn micros(latency: Latency) -> Value {
    let of = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    json!({ "median": of(latency.median), "p99": of(latency.p99) })
}

/// What would run the model here, for `probe`.
pub(super) fn told() -> Option<Told> {
    // Our own model is never refused, but by a program that was built wrong.
    let model = choose::open(&options()).ok()?;
    let mut lines = Vec::new();
    write_report(model.report(), &mut lines).ok()?;
    let lines = String::from_utf8_lossy(&lines).trim_end().to_owned();
    Some(Told { lines, json: report_json(model.report()) })
}

/// The truth about what ran, as JSON.
fn report_json(report: &Report) -> Value {
    let backend = match &report.backend {
        Backend::Embedded => json!({ "name": "embedded" }),
        Backend::OnnxRuntime { version, path } => {
            json!({ "name": "onnxruntime", "version": version.as_str(), "path": path.as_str() })
        }
    };
    let nodes = report.nodes.iter();
    let nodes: Vec<_> =
        nodes.map(|n| json!({ "provider": n.provider.as_str(), "count": n.count })).collect();
    let refused = report.refused.iter().map(
        |refusal| json!({ "provider": refusal.provider.as_str(), "reason": refusal.reason.as_str() }),
    );
    json!({
        "provider": report.provider().as_str(),
        "backend": backend,
        "nodes": nodes,
        "open_ms": report.open.as_secs_f64() * 1e3,
        "latency_us": report.latency.map(micros),
        "cpu_latency_us": report.processor.map(micros),
        "refused": refused.collect::<Vec<_>>(),
    })
}

/// The truth about what ran, in lines.
fn write_report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let nodes: Vec<_> =
        report.nodes.iter().map(|n| format!("{} on {}", n.count, n.provider)).collect();
    let backend = match &report.backend {
        Backend::Embedded => "within this program".to_owned(),
        Backend::OnnxRuntime { version, path } => format!("in ONNX Runtime {version}, {path}"),
    };
    writeln!(out, "ran {backend}; nodes: {}", nodes.join(", "))?;
    let times = |latency: Latency| {
        let of = |time: std::time::Duration| time.as_secs_f64() * 1e6;
        format!("{:.0} µs, {:.0} of 99 in 100", of(latency.median), of(latency.p99))
    };
    write!(out, "opened in {:.1} ms", report.open.as_secs_f64() * 1e3)?;
    if let Some(latency) = report.latency {
        write!(out, "; a run takes {}", times(latency))?;
    }
    if let Some(latency) = report.processor {
        write!(out, "; on the processor it would take {}", times(latency))?;
    }
    writeln!(out)?;
    for refusal in &report.refused {
        writeln!(out, "  refused: {}: {}", refusal.provider, refusal.reason)?;
    }
    Ok(())
}

/// Events in, `intent` events out, by the events' own times.
fn stream(args: &IntentArgs, out: &mut impl Write) -> Result<(), Failure> {
    let prior = args.repo.as_deref().map(prior_of).unwrap_or_default();
    let mut model = open(args)?;
    let mut events = Events::new(BufReader::new(io::stdin()));
    let mut watched = Watched::new(&mut events, Watcher::new(prior), &mut model);
    for (_, event) in &mut watched {
        let EventKind::Intent { class, confidence, provider, .. } = &event.kind else { continue };
        if args.json {
            writeln!(out, "{}", to_native_json(&event))?;
        } else {
            let by = provider.as_ref().map_or("", |provider| provider.as_str());
            writeln!(out, "{}{class} {confidence:.2}, says {by}", time(&event))?;
        }
        out.flush()?;
    }
    for problem in events.reader().problems() {
        super::say(format_args!("{problem}"));
    }
    if let Some(error) = events.error() {
        super::say(format_args!("standard input: {}", printable(&error.to_string())));
    }
    if !args.json {
        write_report(model.report(), out)?;
    }
    Ok(out.flush()?)
}

fn time(event: &Event) -> String {
    event.ts.map_or_else(String::new, |ts| format!("{ts} "))
}
