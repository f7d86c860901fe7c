//! The intent model: its inputs and answers beside those of the training, what it does with hostile
//! input, and `buddy-render intent`.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "intent/support.rs"]
mod support;

#[path = "intent/runtime.rs"]
mod runtime;

use buddy_render::intent::features::{self, INPUTS};
use buddy_render::intent::history;
use buddy_render::intent::{CLASSES, Class, MODEL, Model as _, ModelFile, VECTOR, embedded};
use rten_onnx::onnx::{DataType, ModelProto, NodeProto, TensorProto};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{BUDDY, Row, difference, fixture, intent, rows};

/// As many digits as single precision has of numbers of this size.
const SAME: f32 = 1e-5;

#[test]
fn inputs_are_those_of_the_training() {
    for name in ["conflict", "docs", "fix", "rename"] {
        let diff = fs::read(fixture(&format!("{name}.diff"))).unwrap();
        let expected = fs::read(fixture(&format!("{name}.inputs.json"))).unwrap();
        let expected: Vec<f32> = serde_json::from_slice(&expected).unwrap();
        let inputs = features::of(&diff).inputs;
        assert_eq!(inputs.len(), expected.len());
        for (at, (got, wanted)) in inputs.iter().zip(&expected).enumerate() {
            assert!((got - wanted).abs() < SAME, "{name}, input {at}: {got}, not {wanted}");
        }
    }
}

#[test]
fn the_embedded_backend_says_what_the_training_code_says() {
    let mut model = embedded::open(&ModelFile::embedded().unwrap()).unwrap();
    let rows = rows();
    assert_eq!(rows.len(), 300);
    for row in &rows {
        assert!(difference(&mut model, row) < SAME);
    }
}

#[test]
fn what_is_no_number_gives_a_distribution_all_the_same() {
    let mut model = embedded::open(&ModelFile::embedded().unwrap()).unwrap();
    for inputs in [
        vec![f32::NAN; INPUTS],
        vec![f32::INFINITY; INPUTS],
        vec![f32::NEG_INFINITY; INPUTS],
        vec![f32::MAX; INPUTS],
        features::of(b"").inputs,
    ] {
        let answer = model.run(&inputs).unwrap();
        assert!((answer.distribution.all().iter().sum::<f32>() - 1.0).abs() < SAME);
        assert!(answer.vector.len() == VECTOR && answer.vector.iter().all(|v| v.is_finite()));
    }
    assert!(model.run(&[0.0; INPUTS - 1]).is_err());
}

fn told(arguments: &[&str], input: &[u8]) -> Value {
    let out = intent(arguments, input).env("BUDDY_ORT", "off").run();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_diff_is_told_with_the_truth_about_what_ran() {
    let fix = fs::read(fixture("fix.diff")).unwrap();
    let answer = told(&["--diff", "-", "--json"], &fix);
    assert_eq!(answer["class"], "fix");
    let shares = answer["distribution"].as_object().unwrap();
    assert_eq!(shares.keys().collect::<Vec<_>>(), Class::ALL.map(Class::name));
    let sum: f64 = shares.values().map(|share| share.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5);
    assert_eq!(answer["vector"].as_array().unwrap().len(), VECTOR);
    assert_eq!(answer["provider"], "embedded CPU");
    assert_eq!(answer["nodes"][0]["count"], 10);
    assert_eq!(answer["change"]["files"], 1);
    assert!(answer["latency_us"]["p99"].as_f64().unwrap() > 0.0);
}

#[test]
fn nothing_and_nonsense_are_unknown() {
    for input in [&b""[..], b"hello\n", b"\0\xff\xfe\n@@ -1 +1 @@\n+x\n"] {
        let answer = told(&["--diff", "-", "--json"], input);
        assert_eq!(answer["class"], "unknown", "{input:?}");
    }
}

/// A hundred megabytes of one file, of which no more than what is looked at is read.
#[test]
fn a_huge_diff_is_cut() {
    let begun = Instant::now();
    let mut child = Command::new(BUDDY)
        .args(["intent", "--diff", "-", "--json"])
        .env("BUDDY_ORT", "off")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let line = b"+let value = compute(other);\n".repeat(40_000);
    let writer = std::thread::spawn(move || {
        let head = b"diff --git a/x.rs b/x.rs\n@@ -0,0 +1,9999999 @@\n";
        input.write_all(head).and_then(|()| (0..90).try_for_each(|_| input.write_all(&line)))
    });
    let out = child.wait_with_output().unwrap();
    assert!(writer.join().unwrap().is_err(), "it did not read on");
    let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["change"]["cut"], true);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

/// The model with a change, as a file.
fn changed(folder: &Path, change: impl FnOnce(&mut ModelProto)) -> std::path::PathBuf {
    let mut model = ModelProto::parse_buf(MODEL).unwrap();
    change(&mut model);
    let path = folder.join("model.onnx");
    fs::write(&path, model.write_buf().unwrap()).unwrap();
    path
}

#[test]
fn a_users_model_is_taken_or_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let fix = fs::read(fixture("fix.diff")).unwrap();
    let good = changed(folder.path(), |_| {});
    let good = good.to_str().unwrap();
    let answer = told(&["--diff", "-", "--json", "--model", good], &fix);
    assert_eq!(answer["class"], "fix");
    let wrong = changed(folder.path(), |model| {
        let output = &mut model.graph.as_mut().unwrap().output[0];
        output.name = Some("\u{1b}[2Jgone".to_owned());
    });
    let unknown = folder.path().join("unknown.onnx");
    let mut model = ModelProto::parse_buf(MODEL).unwrap();
    model.graph.as_mut().unwrap().node[5].op_type = Some("Erf".to_owned());
    fs::write(&unknown, model.write_buf().unwrap()).unwrap();
    let text = folder.path().join("text.onnx");
    fs::write(&text, "no model").unwrap();
    for (file, reason) in [
        (wrong.to_str().unwrap(), "no output probs"),
        (unknown.to_str().unwrap(), "Erf"),
        (text.to_str().unwrap(), "no ONNX model"),
        ("/nowhere.onnx", "cannot be read"),
    ] {
        let out = intent(&["--diff", "-", "--model", file], &fix).env("BUDDY_ORT", "off").run();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}");
        assert!(said.contains(reason) && !said.contains('\u{1b}'), "{said}");
    }
}

/// Weights of some megabytes whose product would take terabytes: what falls is a child process.
#[test]
#[cfg(unix)]
fn a_model_that_asks_for_all_memory_is_refused() {
    const SIDE: i64 = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = changed(folder.path(), |model| {
        let graph = model.graph.as_mut().unwrap();
        for (name, dims) in [("tall", vec![SIDE, 1]), ("wide", vec![1, SIDE])] {
            graph.initializer.push(TensorProto {
                dims,
                data_type: Some(DataType::FLOAT),
                float_data: vec![1.0; 1 << 20],
                name: Some(name.to_owned()),
                ..TensorProto::default()
            });
        }
        let node = |kind: &str, inputs: [&str; 2], output: &str| NodeProto {
            op_type: Some(kind.to_owned()),
            input: inputs.map(str::to_owned).into(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        };
        let softmax = graph.node.last_mut().unwrap();
        softmax.output[0] = "small".to_owned();
        graph.node.push(node("MatMul", ["tall", "wide"], "huge"));
        graph.node.push(node("Add", ["small", "huge"], "probs"));
    });
    let fix = fs::read(fixture("fix.diff")).unwrap();
    let out = intent(&["--diff", "-", "--model", path.to_str().unwrap()], &fix)
        .env("BUDDY_ORT", "off")
        .run();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("ended the process that tried it"), "{said}");
}

#[test]
fn a_provider_that_nobody_knows_is_a_wrong_use() {
    let out = intent(&["--diff", "-", "--provider", "quantum"], b"").run();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("openvino-npu"));
}

/// Edits with a patch, a second apart.
fn edits(diff: &str, path: &str) -> String {
    let mut lines = String::new();
    for second in 0..5 {
        let event = serde_json::json!({
            "v": 1, "event": "edit", "ts": format!("2026-11-22T10:00:0{second}Z"),
            "path": path, "added": 4, "deleted": 1, "patch": diff,
        });
        lines.push_str(&format!("{event}\n"));
    }
    lines
}

#[test]
fn a_stream_of_edits_gives_one_event_for_one_task() {
    let fix = fs::read_to_string(fixture("fix.diff")).unwrap();
    let input = edits(&fix, "src/queue.rs");
    let out = intent(&["--json"], input.as_bytes()).env("BUDDY_ORT", "off").run();
    let lines = String::from_utf8(out.stdout).unwrap();
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 1, "{lines}");
    assert_eq!(events[0]["event"], "intent");
    assert_eq!(events[0]["class"], "fix");
    assert_eq!(events[0]["provider"], "embedded CPU");
    assert_eq!(events[0]["vector"].as_array().unwrap().len(), VECTOR);
    assert_eq!(events[0]["ts"], "2026-11-22T10:00:02Z");
}

#[test]
fn the_owl_perks_up_at_a_fix_and_the_cat_does_not() {
    let fix = fs::read_to_string(fixture("fix.diff")).unwrap();
    for (pet, perks) in [("antigravity", true), ("null", false)] {
        let arguments = ["play", "--pet", pet, "--protocol", "text", "--time", "events"];
        let out = support::run(&arguments, edits(&fix, "src/queue.rs").as_bytes()).run();
        let said = String::from_utf8(out.stdout).unwrap();
        assert_eq!(said.contains("This looks like a fix"), perks, "{said}");
    }
}

/// What a repository's configuration would have run is not run, and its commits are read.
#[test]
fn reading_a_history_runs_nothing_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path();
    let git = |arguments: &[&str]| {
        let done = Command::new("git").arg("-C").arg(repo).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["config", "user.name", "a"]);
    git(&["config", "user.email", "a@example.org"]);
    git(&["config", "commit.gpgsign", "false"]);
    for n in 0..6 {
        fs::write(repo.join("a.txt"), format!("line {n}\n")).unwrap();
        git(&["add", "."]);
        git(&["commit", "-q", "-m", &format!("fix: the {n}th")]);
    }
    let mark = repo.join("ran");
    let command = format!("touch {}", mark.display());
    fs::write(repo.join(".git/info/attributes"), "*.txt diff=evil\n").unwrap();
    for key in [
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
    ] {
        git(&["config", key, &command]);
    }
    git(&["config", "log.showSignature", "true"]);
    git(&["config", "diff.noprefix", "true"]);
    let commits = history::commits(repo, 4).unwrap();
    assert_eq!(commits.len(), 4);
    assert_eq!(commits[0].subject.as_str(), "fix: the 5th");
    let diff = String::from_utf8(history::diff(repo, &commits[0]).unwrap()).unwrap();
    assert!(diff.contains("diff --git a/a.txt b/a.txt") && diff.contains("+line 5"), "{diff}");
    assert!(!mark.exists(), "something of the repository's ran");
    let prior = buddy_render::intent::watch::prior_of(repo);
    let even = buddy_render::intent::Distribution::new([1.0; CLASSES]);
    assert_eq!(prior.apply(&even).top().0, Class::Fix);
    assert!(history::commits(&repo.join("none"), 4).is_err());
}

#[test]
fn rows_are_whole() {
    for Row { inputs, probs, vector } in rows() {
        assert_eq!((inputs.len(), probs.len(), vector.len()), (INPUTS, CLASSES, VECTOR));
        assert!((probs.iter().sum::<f32>() - 1.0).abs() < SAME);
    }
}
