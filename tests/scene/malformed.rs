//! Files that are broken or mean harm: each ends soon, in an error or in some picture.

use super::{drawn, fixture};
use buddy_render::scene::{self, Scene, SceneError};
use std::io::Write;
use std::time::{Duration, Instant};

/// Slow machines and unoptimized builds included; what these files are against takes minutes.
const SOON: Duration = Duration::from_secs(20);

fn survives(bytes: &[u8]) -> Result<Box<dyn Scene>, SceneError> {
    let start = Instant::now();
    let mut scene = scene::load(bytes)?;
    for part in 0..3 {
        let at = scene.duration() * part / 2;
        drawn(scene.as_mut(), at, 64, 64);
    }
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    Ok(scene)
}

#[test]
fn malformed_fixtures_end_as_their_names_say() {
    for entry in std::fs::read_dir(fixture("malformed")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        let result = survives(&std::fs::read(&path).unwrap());
        assert_eq!(result.is_err(), name.starts_with("error-"), "{name}: {:?}", result.err());
    }
}

#[test]
fn every_cut_of_a_good_file_is_an_error() {
    let bytes = std::fs::read(fixture("dotlottie/multi_anim_theme.lottie")).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        assert!(survives(&bytes[..length]).is_err(), "cut at {length}");
    }
    let bytes = std::fs::read(fixture("lottie/own/precomp.json")).unwrap();
    for length in (0..bytes.trim_ascii_end().len()).step_by(7) {
        assert!(survives(&bytes[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn no_changed_byte_of_a_good_file_panics() {
    for name in ["lottie/own/trim_wrap.json", "dotlottie/multi_anim_theme.lottie"] {
        let good = std::fs::read(fixture(name)).unwrap();
        for at in (0..good.len()).step_by(11) {
            let mut bytes = good.clone();
            bytes[at] = b'9';
            survives(&bytes).ok();
        }
    }
}

/// A container with one entry besides its manifest.
fn container(entry: &str, fill: u8, length: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("manifest.json", options).unwrap();
    zip.write_all(br#"{"version":"2","animations":[{"id":"x"}]}"#).unwrap();
    zip.start_file(entry, options).unwrap();
    let block = vec![fill; 1 << 20];
    let mut left = length;
    while left > 0 {
        let part = left.min(block.len());
        zip.write_all(&block[..part]).unwrap();
        left -= part;
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_zip_that_inflates_too_far_is_refused() {
    let limit = usize::try_from(scene::dotlottie::MAX_ENTRY_BYTES).unwrap();
    let bytes = container("a/x.json", b' ', limit + 1);
    assert!(matches!(survives(&bytes), Err(SceneError::Limit { .. })));
}

#[test]
fn a_zip_that_lies_about_its_size_is_refused() {
    let honest = container("a/x.json", b' ', 1 << 20);
    // The uncompressed size stands 24 bytes into the entry of the central directory.
    let at = honest.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap() + 24;
    for claimed in [1_u32 << 30, u32::MAX - 1] {
        let mut bytes = honest.clone();
        bytes[at..at + 4].copy_from_slice(&claimed.to_le_bytes());
        assert!(survives(&bytes).is_err());
    }
}

#[test]
fn depth_is_no_stack_overflow() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!(
            r#"{{"w":9,"h":9,"layers":{}0{}}}"#,
            open.repeat(100_000),
            close.repeat(100_000)
        );
        assert!(matches!(survives(text.as_bytes()), Err(SceneError::Lottie(_))));
    }
    let groups = 50_000;
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}{}</svg>"#,
        "<g opacity='.9'>".repeat(groups),
        "</g>".repeat(groups)
    );
    assert!(survives(svg.as_bytes()).is_err());
}

#[test]
fn too_large_is_said() {
    let limit = usize::try_from(scene::MAX_ASSET_BYTES).unwrap();
    let bytes = vec![b'{'; limit + 1];
    assert!(matches!(scene::load(&bytes), Err(SceneError::Limit { .. })));
    for text in ["", "hello", "  \n", "[1,2]", "PK"] {
        assert!(matches!(scene::load(text.as_bytes()), Err(SceneError::UnknownFormat)), "{text:?}");
    }
}
