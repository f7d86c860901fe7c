//! Lines a second on one core: native events, and what other tools say, each by itself and dealt out
//! in turn (`mixed`). Documents over many lines (SARIF, JUnit, TAP) are counted by their lines too.

use buddy_render::event::wire::Reader;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

const NATIVE: [&str; 2] = ["all.jsonl", "session.jsonl"];

const FOREIGN: [&str; 12] = [
    "raw/test-red.txt",
    "spec/bazel.jsonl",
    "spec/claude.jsonl",
    "spec/codex.jsonl",
    "tools/clippy.jsonl",
    "tools/eslint.sarif",
    "tools/go-test.jsonl",
    "tools/nextest.jsonl",
    "tools/node-test-junit.xml",
    "tools/node-test.tap",
    "tools/pytest-reportlog.jsonl",
    "tools/vitest.json",
];

fn load(file: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/events/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn read(bencher: divan::Bencher<'_, '_>, bytes: &[u8]) {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let items = ItemsCount::new(lines.len());
    bencher.counter(items).counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut reader = Reader::new();
        let events = lines.iter().map(|line| reader.line(line).len()).sum::<usize>();
        events + reader.finish().len()
    });
}

#[divan::bench(args = NATIVE)]
fn native(bencher: divan::Bencher<'_, '_>, file: &str) {
    read(bencher, &load(file));
}

#[divan::bench(args = FOREIGN)]
fn foreign(bencher: divan::Bencher<'_, '_>, file: &str) {
    read(bencher, &load(file));
}

#[divan::bench]
fn mixed(bencher: divan::Bencher<'_, '_>) {
    read(bencher, &FOREIGN.map(load).join(&b'\n'));
}
