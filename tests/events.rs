//! Lines in, events out, through the public API and over the fixtures.

use buddy_render::event::bus::{Bus, HARD_CAPACITY};
use buddy_render::event::source::Events;
use buddy_render::event::wire::{Reader, name, to_native_json};
use buddy_render::event::{Event, EventKind};
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

#[test]
fn nothing_panics_whatever_comes() {
    let mut random = fastrand::Rng::with_seed(7);
    let files = [
        "all.jsonl",
        "malformed.jsonl",
        "raw/test-red.txt",
        "raw/clippy-error.txt",
        "raw/merge-conflict.txt",
    ];
    let seeds: Vec<_> = files.iter().map(|file| fixture(file)).collect();
    for _ in 0..2_000 {
        let mut bytes = random.choice(&seeds).unwrap().clone();
        for _ in 0..random.usize(1..40) {
            let at = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[at] = random.u8(..),
                1 => drop(bytes.drain(at..(at + random.usize(1..20)).min(bytes.len()))),
                _ => bytes.insert(at, *random.choice(b"{}[]\":\n\x1b\0,\\ ").unwrap()),
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
