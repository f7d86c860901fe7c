//! Lines per second, for native events and for the text of `cargo test`.

use buddy_render::event::wire::Reader;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

const FILES: [&str; 2] = ["all.jsonl", "raw/test-red.txt"];

#[divan::bench(args = FILES)]
fn lines(bencher: divan::Bencher<'_, '_>, file: &str) {
    let path = format!("{}/fixtures/events/{file}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| {
        let mut reader = Reader::new();
        lines.iter().map(|line| reader.line(line).len()).sum::<usize>()
    });
}
