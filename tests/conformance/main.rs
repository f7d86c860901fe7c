//! Every frame of `fixtures/lottie/cases.tsv` beside its reference, and the record of it.
//!
//! `fixtures/lottie/results.md` says which files are right. A file that differs from the record
//! fails the test, be it for the worse or for the better; `BLESS=1 cargo test --test conformance`
//! writes the record anew. `CORPUS=DIR` takes another folder of the same layout and only prints.
//! Wrong frames are left in Cargo's temporary folder, reference and ours side by side.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod compare;

use buddy_render::frame::Frame;
use buddy_render::scene;
use buddy_render::units::PixelSize;
use compare::{Difference, compare};
use image::RgbaImage;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One frame to draw.
struct Case {
    file: String,
    frame: String,
    features: Vec<String>,
    reference: PathBuf,
}

/// The worst of a file's frames; none where it could not be loaded.
type Outcome = Option<Difference>;

fn cases(root: &Path) -> Vec<Case> {
    let table = std::fs::read_to_string(root.join("cases.tsv")).unwrap();
    let mut lines = table.lines();
    let heads: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let mut cases = Vec::new();
    for line in lines {
        let row: BTreeMap<&str, &str> = heads.iter().copied().zip(line.split('\t')).collect();
        let (file, frame) = (row["file"], row["frame"]);
        let beside = root.join(format!("{}@{frame}.png", file.trim_end_matches(".json")));
        let listed = row.get("reference").map(|r| root.join(r)).filter(|r| r.is_file());
        cases.push(Case {
            file: file.into(),
            frame: frame.into(),
            features: row.get("features").unwrap_or(&"").split(' ').map(str::to_owned).collect(),
            reference: listed.unwrap_or(beside),
        });
    }
    cases
}

/// Draws a case; none where the file is refused.
fn draw(root: &Path, case: &Case, (width, height): (u32, u32)) -> Option<RgbaImage> {
    let mut scene = scene::load(&std::fs::read(root.join(&case.file)).unwrap()).ok()?;
    // Just past the frame's start, so that rounding cannot fall into the frame before.
    let frame: f64 = case.frame.parse().unwrap();
    let at = Duration::from_secs_f64(frame / f64::from(scene.frame_rate()) + 1e-7);
    let mut frame = Frame::new(PixelSize::new(width, height)).unwrap();
    scene.draw(at, &mut frame);
    RgbaImage::from_raw(width, height, frame.to_straight_rgba())
}

/// Leaves reference and ours beside one another.
fn keep(case: &Case, expected: &RgbaImage, actual: &RgbaImage) {
    let (width, height) = expected.dimensions();
    let both = RgbaImage::from_fn(width * 2, height, |x, y| {
        let side = if x < width { expected } else { actual };
        *side.get_pixel(x % width, y)
    });
    let name = format!("{}@{}.png", case.file.replace('/', "-"), case.frame);
    both.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).unwrap();
}

fn outcomes(root: &Path, cases: &[Case]) -> BTreeMap<String, Outcome> {
    let mut all: BTreeMap<String, Outcome> = BTreeMap::new();
    for case in cases {
        let expected = image::open(&case.reference).unwrap().into_rgba8();
        let actual = draw(root, case, expected.dimensions());
        let difference = actual.map(|actual| {
            let difference = compare(&expected, &actual);
            if !difference.is_right() {
                keep(case, &expected, &actual);
            }
            difference
        });
        let worst = all.entry(case.file.clone()).or_insert(Some(Difference::default()));
        *worst = worst.take().zip(difference).map(|(a, b)| a.worse(b));
    }
    all
}

fn is_right(outcome: &Outcome) -> bool {
    outcome.as_ref().is_some_and(Difference::is_right)
}

/// The record: a line a set, a line a feature, a line a file that is not right.
fn report(cases: &[Case], outcomes: &BTreeMap<String, Outcome>) -> String {
    let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut features: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        let set = case.file.split('/').next().unwrap_or_default();
        sets.entry(set).or_default().insert(&case.file);
        for feature in case.features.iter().filter(|f| !f.is_empty()) {
            features.entry(feature).or_default().insert(&case.file);
        }
    }
    let mut text = String::from(
        "# What is right\n\nWritten by `BLESS=1 cargo test --test conformance`; the test fails \
         when it is no longer true.\n",
    );
    for (title, groups) in [("set", &sets), ("feature", &features)] {
        let _ = write!(text, "\n| {title} | files | right |\n|---|--:|--:|\n");
        for (name, files) in groups {
            let right = files.iter().filter(|f| is_right(&outcomes[**f])).count();
            let _ = writeln!(text, "| {name} | {} | {right} |", files.len());
        }
    }
    let _ = write!(text, "\n| not right | mean error of 255 | bad pixels |\n|---|--:|--:|\n");
    for (file, outcome) in outcomes.iter().filter(|(_, o)| !is_right(o)) {
        match outcome {
            Some(d) => writeln!(text, "| {file} | {:.1} | {:.1} % |", d.mean, d.bad).unwrap(),
            None => writeln!(text, "| {file} | refused | |").unwrap(),
        }
    }
    text
}

#[test]
fn the_corpus_is_drawn_as_the_record_says() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lottie");
    let other = std::env::var_os("CORPUS").map(PathBuf::from);
    let root = other.as_deref().unwrap_or(&fixtures);
    let cases = cases(root);
    assert!(cases.len() > 400, "only {} cases were found", cases.len());
    let text = report(&cases, &outcomes(root, &cases));
    eprintln!("{text}");
    let record = fixtures.join("results.md");
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(record, text).unwrap();
    }
    let known = std::fs::read_to_string(record).unwrap();
    assert!(other.is_some() || text == known, "the record says otherwise: {known}");
}
