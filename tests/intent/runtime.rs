//! With a real ONNX Runtime, and with libraries that only look like one.
//!
//! `tests/lab/install-onnxruntime.sh` fetches the real one; `BUDDY_TEST_ORT` names another folder. With
//! `CI=true` what is missing fails; elsewhere a test says that it was skipped.

use crate::SAME;
use crate::support::{BUDDY, Run, difference, fixture, intent, rows};
use buddy_render::intent::Backend;
use buddy_render::intent::choose::{self, Options, Wanted};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const OPENVINO: &str = "onnxruntime_ep_openvino/libonnxruntime_providers_openvino_plugin.so";
const GGML: &str = "onnxruntime_ggml/lib/libonnxruntime_ggml.so";

/// A file that was fetched, or nothing, which is said.
fn fetched(name: &str) -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime");
    let folder = std::env::var_os("BUDDY_TEST_ORT").map_or_else(usual, PathBuf::from);
    let found = folder.join(name);
    if found.is_file() {
        return Some(found);
    }
    let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!required, "{} is missing: sh tests/lab/install-onnxruntime.sh", found.display());
    eprintln!("skipped: no {} (sh tests/lab/install-onnxruntime.sh)", found.display());
    None
}

fn runtime() -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("skipped: the script fetches a library for Linux on x86-64");
        return None;
    }
    fetched("libonnxruntime.so")
}

/// What `intent --json` says of the fix, with this library, plugins and provider.
fn told(library: &Path, plugins: &str, provider: &str) -> Value {
    heard(intent(&["--diff", "-", "--json", "--provider", provider], &fix()), library, plugins).0
}

fn fix() -> Vec<u8> {
    std::fs::read(fixture("fix.diff")).unwrap()
}

/// What is said, and what plugins say meanwhile.
fn heard(run: Run, library: &Path, plugins: &str) -> (Value, String) {
    let out = run.env("BUDDY_ORT", library).env("BUDDY_EP_LIB", plugins).run();
    let beside = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{beside}");
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["class"], "fix", "whoever runs it");
    (answer, beside)
}

/// The reason of a refusal.
fn reason(answer: &Value, provider: &str) -> String {
    let refused = answer["refused"].as_array().unwrap();
    let named = |one: &&Value| one["provider"].as_str().unwrap().starts_with(provider);
    let found = refused.iter().find(named).unwrap_or_else(|| panic!("{provider}: {answer:#}"));
    found["reason"].as_str().unwrap().to_owned()
}

#[test]
fn onnx_runtime_says_what_the_training_code_says() {
    let Some(library) = runtime() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("deep/cache.json");
    let options = Options {
        libraries: vec![library],
        program: Some(BUDDY.into()),
        cache: Some(cache.clone()),
        ..Options::default()
    };
    let mut model = choose::open(&options).unwrap();
    let report = model.report();
    assert!(matches!(report.backend, Backend::OnnxRuntime { .. }), "{report:?}");
    assert_eq!(report.provider().as_str(), "CPUExecutionProvider");
    for row in &rows() {
        assert!(difference(&mut *model, row) < SAME);
    }
    // What came of trying was written down: nobody needs to try again.
    assert!(cache.is_file());
    let program = Some("/nowhere/at/all".into());
    let again = choose::open(&Options { program, ..options.clone() }).unwrap();
    assert!(matches!(again.report().backend, Backend::OnnxRuntime { .. }));
    // What somebody wrote into it is no reason to fall.
    for garbage in ["", "{", "[1]", "{\"a\":{\"until\":1e400}}"] {
        std::fs::write(&cache, garbage).unwrap();
        let wanted = Wanted::Named("cpu".to_owned());
        assert!(choose::open(&Options { wanted, ..options.clone() }).is_ok(), "{garbage}");
    }
}

#[test]
fn a_library_for_processors_refuses_the_rest_and_says_so() {
    let Some(library) = runtime() else { return };
    let answer = told(&library, "", "auto");
    assert_eq!(answer["provider"], "CPUExecutionProvider");
    assert_eq!(answer["backend"]["name"], "onnxruntime");
    assert!(answer["backend"]["version"].as_str().unwrap().starts_with("1."));
    assert_eq!(answer["nodes"].as_array().unwrap().len(), 1);
    assert!(reason(&answer, "openvino-npu").contains("not supported in this build"));
    assert!(reason(&answer, "cuda").contains("not enabled in this build"));
    assert!(reason(&answer, "npu-device").contains("no such device"));
}

#[test]
fn a_pinned_npu_that_is_not_there_is_never_named_as_what_ran() {
    let Some(library) = runtime() else { return };
    for wanted in ["openvino-npu", "npu"] {
        let answer = told(&library, "", wanted);
        assert_eq!(answer["provider"], "embedded CPU");
        assert!(reason(&answer, "openvino-npu").contains("not supported in this build"));
    }
}

#[test]
fn an_npu_that_is_listed_but_cannot_run_is_refused_in_its_own_words() {
    let (Some(library), Some(plugin)) = (runtime(), fetched(OPENVINO)) else { return };
    let plugins = format!("OpenVINOExecutionProvider.virtual={}", plugin.display());
    let answer = told(&library, &plugins, "npu");
    assert_eq!(answer["provider"], "embedded CPU");
    assert!(reason(&answer, "npu-device").contains("intel_npu"), "{answer:#}");
    // Without a wish it is the processor, with the same reason beside it.
    let answer = told(&library, &plugins, "auto");
    assert_eq!(answer["provider"], "CPUExecutionProvider");
    assert!(reason(&answer, "npu-device").contains("intel_npu"), "{answer:#}");
}

#[test]
fn a_plugin_that_really_runs_is_told_with_its_nodes() {
    let (Some(library), Some(plugin)) = (runtime(), fetched(GGML)) else { return };
    let answer = told(&library, &format!("ggml={}", plugin.display()), "ep:ggml");
    assert_eq!(answer["provider"], "ggml");
    assert_eq!(answer["nodes"][0]["count"], 10);
    assert!(answer["cpu_latency_us"]["median"].as_f64().unwrap() > 0.0);
}

/// On a graphics device in software, which compiles its shaders on the processor: seconds. The plugin
/// gives its device no other name, so it is asked for by its own.
#[test]
fn a_graphics_device_really_runs_it() {
    let (Some(library), Some(plugin)) = (runtime(), fetched(GGML)) else { return };
    let driver = Path::new("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json");
    if !driver.is_file() {
        let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!required, "mesa-vulkan-drivers is missing: tests/lab/install.sh");
        eprintln!("skipped: no mesa-vulkan-drivers (tests/lab/install.sh)");
        return;
    }
    let run = intent(&["--diff", "-", "--json", "--provider", "ep:ggml"], &fix())
        .env("ORT_GGML_DEVICE", "gpu")
        .env("GGML_VK_VISIBLE_DEVICES", "0")
        .env("VK_ICD_FILENAMES", driver);
    let (answer, beside) = heard(run, &library, &format!("ggml={}", plugin.display()));
    assert_eq!(answer["provider"], "ggml");
    assert_eq!(answer["nodes"][0]["count"], 10);
    assert!(beside.contains("primary=Vulkan0"), "{beside}");
}

#[test]
fn a_plugin_that_is_none_is_refused() {
    let Some(library) = runtime() else { return };
    let answer = told(&library, "nonsense=/etc/hostname", "cpu");
    assert_eq!(answer["provider"], "CPUExecutionProvider");
    assert!(!reason(&answer, "plugin nonsense").is_empty());
}

/// Builds a library of that C code, or says that there is no compiler.
fn library(folder: &Path, name: &str, code: &str) -> Option<PathBuf> {
    let (source, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    std::fs::write(&source, code).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output();
    let required = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    match built {
        Ok(done) if done.status.success() => Some(library),
        other => {
            assert!(!required, "no C compiler: {other:?}");
            eprintln!("skipped: no C compiler");
            None
        }
    }
}

/// What looks like an ONNX Runtime of that version, and has nothing behind it.
fn hollow(version: &str) -> String {
    format!(
        "struct base {{ const void *(*api)(unsigned); const char *(*version)(void); }};\n\
         static const void *api(unsigned v) {{ (void)v; return 0; }}\n\
         static const char *version(void) {{ return \"{version}\"; }}\n\
         static struct base base = {{ api, version }};\n\
         const struct base *OrtGetApiBase(void) {{ return &base; }}\n"
    )
}

#[test]
#[cfg(unix)]
fn a_broken_library_costs_a_bounded_time_and_its_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at_load = |body: &str| {
        format!(
            "#include <unistd.h>\n#include <stdlib.h>\n\
             __attribute__((constructor)) static void begin(void) {{ {body} }}\n"
        )
    };
    let text = folder.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    let code = [
        ("empty", "int nothing;\n".to_owned(), "OrtGetApiBase"),
        ("old", hollow("1.17.0"), "1.17.0"),
        ("hollow", hollow("1.99.0"), "does not offer"),
        ("crash", at_load("abort();"), "ended the process"),
        ("exits", at_load("_exit(0);"), "ended the process"),
        ("hang", at_load("for (;;) pause();"), "did not answer within"),
    ];
    let mut broken =
        vec![(text, "failed to load"), (folder.path().join("missing.so"), "No such file")];
    for (name, code, reason) in &code {
        let Some(library) = library(folder.path(), name, code) else { return };
        broken.push((library, reason));
    }
    for (library, expected) in broken {
        let begun = Instant::now();
        let answer = told(&library, "", "auto");
        assert_eq!(answer["provider"], "embedded CPU");
        let why = reason(&answer, "ONNX Runtime");
        assert!(why.contains(expected), "{}: {why}", library.display());
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", library.display());
    }
}

#[test]
fn no_library_is_looked_for_when_it_is_switched_off() {
    let out = intent(&["--diff", "-", "--json"], &fix())
        .env("BUDDY_ORT", "off")
        .env("ORT_DYLIB_PATH", "/nowhere.so")
        .run();
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(reason(&answer, "ONNX Runtime").contains("was found"), "{answer:#}");
}
