//! The intent model: the inputs of a diff of 500 lines, opening the embedded backend and running it, and
//! what all of it takes on the way from bytes to a verdict.

use buddy_render::intent::features::{self, Extractor};
use buddy_render::intent::{Model as _, ModelFile, embedded, judge};
use std::fmt::Write as _;

fn main() {
    divan::main();
}

/// Changed lines like those of a real commit, over five files.
fn diff(lines: usize) -> Vec<u8> {
    let mut diff = String::new();
    for file in 0..5 {
        let _ = write!(
            diff,
            "diff --git a/src/part{file}.rs b/src/part{file}.rs\n--- a/src/part{file}.rs\n\
             +++ b/src/part{file}.rs\n@@ -1,9999 +1,9999 @@ impl Part{file} {{\n"
        );
        for line in 0..lines / 10 {
            let _ = write!(
                diff,
                "     // what stands around\n-    let head = self.items[{line}].take().unwrap();\n\
                 +    let head = self.items.get({line}).ok_or(Error::Empty)?;\n"
            );
        }
    }
    diff.into_bytes()
}

/// The aim is 0.3 ms.
#[divan::bench(args = [50, 500, 5000])]
fn inputs(bencher: divan::Bencher<'_, '_>, lines: usize) {
    let diff = diff(lines);
    let mut extractor = Extractor::new();
    bencher.bench_local(|| {
        extractor.diff(&diff);
        extractor.finish()
    });
}

/// With tables made anew.
#[divan::bench]
fn inputs_once(bencher: divan::Bencher<'_, '_>) {
    let diff = diff(500);
    bencher.bench_local(|| features::of(&diff));
}

/// The aim is 5 ms.
#[divan::bench]
fn opening() -> embedded::Embedded {
    ModelFile::embedded().and_then(|file| embedded::open(&file)).expect("the model is built in")
}

/// The aims are 50 µs, and 200 at 99 %.
#[divan::bench]
fn running(bencher: divan::Bencher<'_, '_>) {
    let inputs = features::of(&diff(500)).inputs;
    let mut model = opening();
    bencher.bench_local(|| model.run(&inputs));
}

#[divan::bench]
fn from_a_diff_to_a_verdict(bencher: divan::Bencher<'_, '_>) {
    let (diff, mut extractor, mut model) = (diff(500), Extractor::new(), opening());
    bencher.bench_local(|| {
        extractor.diff(&diff);
        let features = extractor.finish();
        model.run(&features.inputs).map(|answer| judge(&features, &answer.distribution))
    });
}
