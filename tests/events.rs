//! Lines in, events out, through the public API and over the fixtures.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::event::bus::{Bus, HARD_CAPACITY};
use buddy_render::event::source::{Events, SENSES, Sense};
use buddy_render::event::wire::{
    FORMATS, Format, MAX_DOCUMENT_BYTES, MAX_LINE_BYTES, Reader, is_text_field, name,
    to_native_json,
};
use buddy_render::event::{Event, EventKind};
use buddy_render::text::SafeText;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events");
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names(bytes: &[u8]) -> Vec<&'static str> {
    Events::new(bytes).map(|(_, event)| name(&event.kind)).collect()
}

#[test]
fn every_event_of_the_schema_is_read_and_written() {
    let bytes = fixture("all.jsonl");
    let schema = include_str!("../protocols/event.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let known = schema["properties"]["event"]["examples"].as_array().unwrap();
    let known: BTreeSet<_> = known.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names(&bytes).into_iter().collect::<BTreeSet<_>>(), known);
    for (_, event) in Events::new(&bytes[..]) {
        let line = to_native_json(&event);
        assert_eq!(Reader::new().line(line.as_bytes()), [event], "{line}");
    }
}

#[test]
fn text_fields_are_those_of_the_schema() {
    let schema = include_str!("../protocols/event.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let mut groups = vec![&schema["properties"]];
    groups.extend(schema["allOf"].as_array().unwrap().iter().map(|one| &one["then"]["properties"]));
    for (name, about) in groups.iter().filter_map(|group| group.as_object()).flatten() {
        if !matches!(&**name, "v" | "event") {
            assert_eq!(is_text_field(name), about["type"] == "string", "{name}");
        }
    }
}

#[test]
fn good_lines_survive_bad_ones() {
    let bytes = fixture("malformed.jsonl");
    let mut events = Events::new(&bytes[..]);
    let said: Vec<_> = events.by_ref().map(|(_, event)| event.kind).collect();
    let bad: Vec<_> = events.reader().problems().iter().map(|problem| problem.line).collect();
    assert_eq!(bad, (1..=13).map(|n| 2 * n).collect::<Vec<_>>());
    assert_eq!(said.len(), 14);
    assert!(
        said.iter().all(
            |kind| matches!(kind, EventKind::Say { text } if text.as_str().starts_with("good"))
        )
    );
}

#[test]
fn what_tools_really_say() {
    for (file, expected) in [
        ("test-red", &["build.started", "build.passed", "tests.started", "tests.failed"][..]),
        ("test-green", &["build.started", "build.passed", "tests.started", "tests.passed"]),
        ("clippy-error", &["lint.error"]),
        ("clippy-clean", &["lint.clean"]),
        ("clippy-json", &["lint.clean", "build.passed"]),
        ("merge-conflict", &["git.conflict"]),
        ("status-conflict", &["git.conflict"]),
        ("status-resolved", &["git.conflict_resolved"]),
        ("merge-commit", &["git.commit"]),
    ] {
        assert_eq!(names(&fixture(&format!("raw/{file}.txt"))), expected, "{file}");
    }
}

#[test]
fn what_other_tools_really_say() {
    for (file, expected) in [
        ("libtest.jsonl", &["tests.started 0 0 0", "tests.failed 1 1 1"][..]),
        ("libtest-green.jsonl", &["tests.started 0 0 0", "tests.passed 1 0 0"]),
        ("nextest.jsonl", &["tests.started 0 0 0", "tests.failed 1 1 1"]),
        ("nextest-words.txt", &["build.passed 0", "tests.started 0 0 0", "tests.failed 1 1 1"]),
        (
            "nextest-words-green.txt",
            &["build.passed 0", "tests.started 0 0 0", "tests.passed 1 0 2"],
        ),
        ("pytest-words.txt", &["tests.started 0 0 0", "tests.failed 1 2 1"]),
        ("pytest-words-green.txt", &["tests.started 0 0 0", "tests.passed 1 0 0"]),
        ("pytest-words-quiet.txt", &["tests.failed 1 2 1"]),
        ("vitest-words.txt", &["tests.started 0 0 0", "tests.failed 1 1 2"]),
        ("vitest-words-green.txt", &["tests.started 0 0 0", "tests.passed 1 0 3"]),
        ("jest-words.txt", &["tests.failed 1 1 1"]),
        ("go-test.jsonl", &["tests.started 0 0 0", "tests.failed 2 2 1"]),
        ("go-test-green.jsonl", &["tests.started 0 0 0", "tests.passed 1 0 0"]),
        ("go-test-broken.jsonl", &["tests.started 0 0 0", "build.failed 1", "tests.passed 1 0 0"]),
        ("pytest-reportlog.jsonl", &["tests.started 0 0 0", "tests.failed 1 2 1"]),
        ("pytest-reportlog-green.jsonl", &["tests.started 0 0 0", "tests.passed 1 0 0"]),
        ("pytest-junit.xml", &["tests.failed 1 2 1"]),
        ("pytest-junit-green.xml", &["tests.passed 1 0 0"]),
        ("node-test.tap", &["tests.started 0 0 0", "tests.failed 1 1 2"]),
        ("node-test-green.tap", &["tests.started 0 0 0", "tests.passed 1 0 3"]),
        ("node-test-junit.xml", &["tests.failed 1 1 2"]),
        ("vitest.json", &["tests.failed 1 1 2"]),
        ("vitest-green.json", &["tests.passed 1 0 3"]),
        ("git.txt", &["git.commit", "git.branch", "git.push"]),
        ("vitest.tap", &["tests.started 0 0 0", "tests.failed 1 1 2"]),
        ("jest.json", &["tests.failed 1 1 1"]),
        ("ruff-junit.xml", &["tests.failed 0 2 0"]),
        (
            "clippy.jsonl",
            &[
                "lint.warning 1 unused_variables src/lib.rs:2",
                "lint.error 1 clippy::approx_constant src/lib.rs:3",
            ],
        ),
        ("cargo-build.jsonl", &["lint.error 1 E0308 src/lib.rs:1", "build.failed 1"]),
        (
            "ruff.sarif",
            &["lint.error 2 F401 /tmp/ruff/area.py:1", "condense.hint /tmp/ruff/area.py:1 1>0"],
        ),
        ("ruff-clean.sarif", &["lint.clean 0 - -:0"]),
        (
            "ruff-rdjson.json",
            &["lint.warning 2 F401 /tmp/ruff/area.py:1", "condense.hint /tmp/ruff/area.py:1 1>0"],
        ),
        (
            "clippy-shorter.jsonl",
            &[
                "lint.warning 1 clippy::needless_return src/lib.rs:2",
                "condense.hint src/lib.rs:2 1>1",
                "lint.warning 1 clippy::manual_map src/lib.rs:6",
                "condense.hint src/lib.rs:6 4>1",
                "build.passed 0",
            ],
        ),
        (
            "eslint.sarif",
            &[
                "lint.error 1 no-undef /tmp/eslint/area.js:2",
                "lint.warning 1 no-unused-vars /tmp/eslint/area.js:1",
            ],
        ),
        ("lsp.jsonl", &["lint.warning 1 F401 /tmp/ruff/area.py:1", "lint.clean 0 - -:0"]),
    ] {
        assert_eq!(briefs(&format!("tools/{file}")), expected, "{file}");
    }
}

#[test]
fn what_tools_say_by_their_specifications() {
    for (file, expected) in [
        (
            "claude.jsonl",
            &[
                "agent.working claude -",
                "agent.working claude Bash",
                "agent.working claude Bash",
                "agent.blocked claude Claude needs your permission to use Edit",
                "edit /p/src/lib.rs +2 -1 1",
                "edit /p/a.txt +1 -2 1",
                "edit /p/a.txt +1 -2 1",
                "agent.done claude -",
                "agent.error claude rate_limit",
            ][..],
        ),
        (
            "codex.jsonl",
            &[
                "agent.working codex -",
                "agent.working codex Bash",
                "agent.blocked codex Bash",
                "edit src/lib.rs +2 -1 2",
                "agent.done codex -",
                "agent.error codex overloaded",
                "agent.done codex -",
            ],
        ),
        (
            "gemini.jsonl",
            &[
                "agent.working gemini -",
                "agent.working gemini replace",
                "agent.blocked gemini Apply this change?",
                "edit /p/src/lib.rs +1 -1 1",
                "agent.working gemini write_file",
                "agent.done gemini -",
            ],
        ),
        (
            "rdjson.jsonl",
            &[
                "lint.error 1 F401 area.py:14",
                "lint.warning 1 - area.py:2",
                "lint.error 1 - area.py:0",
                "lint.warning 1 - area.py:0",
            ],
        ),
        ("check_run.json", &["build.failed 1", "build.started 0", "build.passed 0"]),
        (
            "bazel.jsonl",
            &[
                "build.started 0",
                "build.passed 0",
                "tests.failed 2 1 0",
                "build.started 0",
                "build.failed 1",
                "build.started 0",
                "build.passed 0",
            ],
        ),
        ("cloudevents.jsonl", &["git.conflict", "git.conflict_resolved", "tests.passed 42 0 0"]),
        ("go-build-fail.jsonl", &["build.failed 1"]),
        ("sarif-rules.sarif", &["lint.error 2 A -:0", "lint.warning 1 C -:0"]),
        ("tap14.tap", &["tests.started 0 0 0", "tests.failed 2 1 2"]),
        ("lsp-stream.txt", &["lint.error 1 308 /p/a.rs:1", "lint.clean 0 - -:0"]),
    ] {
        assert_eq!(briefs(&format!("spec/{file}")), expected, "{file}");
    }
}

#[test]
fn each_format_tells_what_it_says_it_does() {
    for format in FORMATS {
        let told = format.samples.iter().flat_map(|file| names(&fixture(file)));
        let told: BTreeSet<_> = told.collect();
        assert!(!told.is_empty(), "{}", format.name);
        if !format.tells.is_empty() {
            assert_eq!(told, format.tells.iter().copied().collect(), "{}", format.name);
        }
    }
}

/// `BLESS=1` writes the page anew, and fails all the same, so that somebody reads it.
#[test]
fn the_reference_is_written_from_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocols/events.md");
    let page = reference();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page).unwrap();
        panic!("blessed: look at the difference");
    }
    assert!(fs::read_to_string(path).unwrap() == page, "BLESS=1 cargo test --test events");
}

fn reference() -> String {
    let schema = include_str!("../protocols/event.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let about = schema["description"].as_str().unwrap();
    let mut page = format!(
        "# Events\n\nWritten from [event.schema.json](event.schema.json) and the table of formats by \
         `BLESS=1 cargo test --test events`.\n\n{about}\n\n```json\n\
         {{\"v\":1,\"event\":\"tests.passed\",\"passed\":42,\"failed\":0}}\n```\n\n## Every event\n\n{}",
        fields(&schema["properties"], &schema["required"])
    );
    page.push_str("\n## What each means\n\n| event | what happened, and what a pet makes of it |\n|---|---|\n");
    let meant = schema["x-events"].as_object().unwrap();
    for (name, what) in meant {
        page.push_str(&format!("| `{name}` | {} |\n", what.as_str().unwrap()));
    }
    let mut named = BTreeSet::new();
    page.push_str("\n## What each says\n");
    for kind in schema["allOf"].as_array().unwrap() {
        let names = kind["if"]["properties"]["event"]["enum"].as_array().unwrap();
        let names: Vec<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
        named.extend(names.iter().copied());
        let then = &kind["then"];
        let title = names.join("`, `");
        page.push_str(&format!(
            "\n### `{title}`\n\n{}",
            fields(&then["properties"], &then["required"])
        ));
    }
    let all = schema["properties"]["event"]["examples"].as_array().unwrap();
    let bare = all.iter().filter_map(|name| name.as_str()).filter(|name| !named.contains(name));
    let bare: Vec<_> = bare.collect();
    assert!(all.iter().filter_map(|name| name.as_str()).eq(meant.keys().map(String::as_str)));
    page.push_str(&format!("\n### `{}`\n\nNo fields of their own.\n", bare.join("`, `")));
    page.push_str("\n## Where they come from\n\n| format | known by | for instance | becomes |\n|---|---|---|---|\n");
    for Format { name, known_by, example, tells, .. } in FORMATS {
        let tells = if tells.is_empty() { "any" } else { &format!("`{}`", tells.join("`, `")) };
        page.push_str(&format!("| {name} | {known_by} | {example} | {tells} |\n"));
    }
    page.push_str(
        "\n## What a pet sees by itself\n\n| sense | for instance | becomes |\n|---|---|---|\n",
    );
    for Sense { name, example, tells } in SENSES {
        page.push_str(&format!("| {name} | {example} | `{}` |\n", tells.join("`, `")));
        assert!(tells.iter().all(|name| all.iter().any(|known| known == name)), "{name}");
    }
    page
}

fn fields(properties: &serde_json::Value, required: &serde_json::Value) -> String {
    let needed: Vec<_> = required.as_array().into_iter().flatten().collect();
    let mut table = "| field | type | what it is, in which unit |\n|---|---|---|\n".to_owned();
    for (name, about) in properties.as_object().unwrap() {
        let kind = about["type"].as_str().unwrap_or("1");
        let least = about["minimum"].as_i64().map(|least| format!(", at least {least}"));
        let most = about["maximum"].as_i64().map(|most| format!(", at most {most}"));
        let needed = if needed.iter().any(|one| *one == name) { ", required" } else { "" };
        let [least, most] = [least, most].map(Option::unwrap_or_default);
        let what = about["description"].as_str().unwrap();
        table.push_str(&format!("| `{name}` | {kind}{least}{most}{needed} | {what} |\n"));
    }
    table
}

/// A fixture's events, each with what matters of it.
fn briefs(file: &str) -> Vec<String> {
    let bytes = fixture(file);
    let mut events = Events::new(&bytes[..]);
    let said = events.by_ref().map(|(_, event)| brief(&event.kind)).collect();
    assert_eq!(events.reader().problems(), [], "{file}");
    said
}

fn brief(kind: &EventKind) -> String {
    let or = |text: &Option<SafeText>| text.as_ref().map_or("-", SafeText::as_str).to_owned();
    let name = name(kind);
    match kind {
        EventKind::Tests { passed, failed, ignored, .. } => {
            format!("{name} {passed} {failed} {ignored}")
        }
        EventKind::Build { errors, .. } => format!("{name} {errors}"),
        EventKind::Lint { count, code, path, line, .. } => {
            format!("{name} {count} {} {}:{}", or(code), or(path), line.unwrap_or(0))
        }
        EventKind::Agent { app, message, .. } => format!("{name} {} {}", or(app), or(message)),
        EventKind::Edit { path, added, deleted, files, .. } => {
            format!("{name} {} +{added} -{deleted} {files}", or(path))
        }
        EventKind::Condense { path, line, before, after, .. } => {
            let [line, before, after] = [line, before, after].map(|n| n.unwrap_or(0));
            format!("{name} {}:{line} {before}>{after}", or(path))
        }
        _ => name.to_owned(),
    }
}

/// Every format's lines dealt out in turn, as tools that share one terminal write them.
#[test]
fn formats_may_be_mixed_in_one_stream() {
    let files = [
        "tools/go-test.jsonl",
        "tools/pytest-reportlog.jsonl",
        "tools/clippy.jsonl",
        "spec/claude.jsonl",
        "spec/bazel.jsonl",
        "tools/lsp.jsonl",
        "tools/vitest.tap",
        "tools/jest.json",
        "tools/ruff.sarif",
    ];
    let streams: Vec<Vec<u8>> = files.iter().map(|file| fixture(file)).collect();
    let mut dealt: Vec<_> = streams.iter().map(|bytes| bytes.split(|b| *b == b'\n')).collect();
    // The documents come last and whole: their lines belong together.
    let (documents, lines) = (dealt.split_off(7), &mut dealt);
    let mut mixed = Vec::new();
    for _ in 0..200 {
        for line in lines.iter_mut().filter_map(Iterator::next) {
            mixed.extend_from_slice(line);
            mixed.push(b'\n');
        }
    }
    for line in documents.into_iter().flatten() {
        mixed.extend_from_slice(line);
        mixed.push(b'\n');
    }
    let mut apart: Vec<_> = files.iter().flat_map(|file| briefs(file)).collect();
    let mut events = Events::new(&mixed[..]);
    let mut together: Vec<_> = events.by_ref().map(|(_, event)| brief(&event.kind)).collect();
    assert_eq!(events.reader().problems(), []);
    apart.sort();
    together.sort();
    assert_eq!(together, apart);
}

#[test]
fn a_document_that_breaks_off_is_told_and_what_follows_is_read() {
    let sarif = fixture("tools/ruff.sarif");
    let native = b"{\"v\":1,\"event\":\"hide\"}\n";
    let lines = sarif.iter().filter(|byte| **byte == b'\n').count();
    for keep in 2..lines {
        let kept: Vec<&[u8]> = sarif.split_inclusive(|b| *b == b'\n').take(keep).collect();
        let text = [&kept.concat()[..], native].concat();
        let mut events = Events::new(&text[..]);
        let kinds: Vec<_> = events.by_ref().map(|(_, event)| event.kind).collect();
        assert_eq!(kinds, [EventKind::Hide], "{keep} lines");
        assert_eq!(events.reader().problems()[0].line, 1);
        // A document after a broken one is whole.
        let text = [&kept.concat()[..], &sarif[..]].concat();
        assert_eq!(names(&text), ["lint.error", "condense.hint"], "{keep} lines");
    }
    let xml = b"<?xml version=\"1.0\"?>\n<testsuites>\n<testcase>";
    let mut events = Events::new(&xml[..]);
    assert_eq!(events.next(), None);
    assert_eq!(events.reader().problems()[0].what, "a JUnit report breaks off at the end");
}

#[test]
fn a_document_on_one_line_may_be_longer_than_lines_are() {
    let one = |n: usize| format!("{{\"name\":\"t{n}\",\"failureMessages\":[]}}");
    let results: Vec<_> = (0..20_000).map(one).collect();
    let report = format!(
        "{{\"numTotalTests\":2,\"numPassedTests\":2,\"success\":true,\"testResults\":[{}]}}\n",
        results.join(",")
    );
    assert!(report.len() > 2 * MAX_LINE_BYTES);
    let mut events = Events::new(report.as_bytes());
    assert_eq!(brief(&events.next().unwrap().1.kind), "tests.passed 2 0 0");
    let suite = format!("<testsuite>{}</testsuite>\n", "<testcase/>".repeat(50_000));
    let mut events = Events::new(suite.as_bytes());
    assert_eq!(brief(&events.next().unwrap().1.kind), "tests.passed 50000 0 0");
    let endless = format!("{{\"runs\":[{}", "1,".repeat(MAX_DOCUMENT_BYTES));
    let mut events = Events::new(endless.as_bytes());
    assert_eq!(events.next(), None);
    assert_eq!(events.reader().problems().len(), 1);
}

#[test]
fn the_session_is_whole_and_takes_its_time() {
    let bytes = fixture("session.jsonl");
    let mut events = Events::new(&bytes[..]);
    let last = events.by_ref().last().map(|(at, _)| at.as_secs());
    assert!(last.is_some_and(|seconds| (15..60).contains(&seconds)), "{last:?}");
    assert_eq!(events.reader().problems(), []);
    let names = names(&bytes);
    for wanted in [
        "tests.failed",
        "tests.passed",
        "lint.error",
        "lint.clean",
        "git.conflict",
        "git.conflict_resolved",
    ] {
        assert!(names.contains(&wanted), "{wanted}");
    }
}

#[test]
fn a_flood_is_bounded_from_line_to_bus() {
    let (mut reader, bus) = (Reader::new(), Bus::new());
    for n in 0..1_000_000 {
        let line = format!("{{\"v\":1,\"event\":\"keystroke\",\"id\":\"{n}\"}}");
        reader.line(line.as_bytes()).into_iter().for_each(|event| bus.push(event));
        assert!(bus.len() <= HARD_CAPACITY);
    }
    let keys = |event: &Event| {
        if let EventKind::Keystroke { count, .. } = event.kind { count } else { 0 }
    };
    assert_eq!(bus.drain().iter().map(keys).sum::<u64>(), 1_000_000);
}

/// Every fixture, as the beginning of what might come.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events");
    let mut files = Vec::new();
    for folder in [folder.clone(), folder.join("raw"), folder.join("tools"), folder.join("spec")] {
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files.iter().filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn nothing_panics_whatever_comes() {
    let mut random = fastrand::Rng::with_seed(7);
    let seeds = seeds();
    assert!(seeds.len() > 40);
    for _ in 0..3_000 {
        let mut bytes = random.choice(&seeds).unwrap().clone();
        // Two tools at once.
        if random.u8(..4) == 0 {
            let other = random.choice(&seeds).unwrap();
            let at = random.usize(..=bytes.len());
            bytes.splice(at..at, other.iter().copied());
        }
        for _ in 0..random.usize(1..40) {
            let at = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[at] = random.u8(..),
                1 => drop(bytes.drain(at..(at + random.usize(1..20)).min(bytes.len()))),
                _ => bytes.insert(at, *random.choice(b"{}[]<>\":\n\x1b\0,\\ ").unwrap()),
            }
            if bytes.is_empty() {
                break;
            }
        }
        for (_, event) in Events::new(&bytes[..]) {
            let line = to_native_json(&event);
            assert_eq!(Reader::new().line(line.as_bytes()), [event], "{line}");
        }
    }
}
