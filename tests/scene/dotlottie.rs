//! dotLottie containers of both versions.

use super::{drawn, fixture};
use buddy_render::scene::dotlottie::DotLottie;
use buddy_render::scene::dotlottie::theme::Theme;
use buddy_render::scene::lottie::LottieScene;
use buddy_render::scene::{self, Scene, SceneError};
use std::io::{Cursor, Write};
use std::time::Duration;
use zip::write::SimpleFileOptions;

fn is_blank(scene: &mut dyn Scene) -> bool {
    let frame = drawn(scene, Duration::from_millis(500), 32, 32);
    frame.pixmap().pixels().iter().all(|p| p.alpha() == 0)
}

#[test]
fn version_1_is_read() {
    let bytes = std::fs::read(fixture("dotlottie/star_rating.lottie")).unwrap();
    let mut scene = scene::load(&bytes).unwrap();
    assert_eq!(scene.duration(), Duration::from_secs(3));
    assert!(!is_blank(scene.as_mut()));
}

#[test]
fn version_2_has_several_animations_and_themes() {
    let bytes = std::fs::read(fixture("dotlottie/multi_anim_theme.lottie")).unwrap();
    let container = DotLottie::open(&bytes).unwrap();
    assert_eq!(container.animations(), ["circle", "rect"]);
    assert_eq!(container.active(), Some("circle"));
    for id in ["circle", "rect"] {
        assert!(!is_blank(&mut container.animation(id).unwrap()), "{id}");
    }
    assert_eq!(container.themes(), ["red", "yellow"]);
    assert!(container.theme("red").unwrap().skipped().is_empty());
    let missing = container.animation("../../etc/passwd").err();
    assert!(matches!(missing, Some(SceneError::Container(_))));
}

#[test]
fn a_theme_is_put_on_and_taken_off() {
    let bytes = std::fs::read(fixture("dotlottie/multi_anim_theme.lottie")).unwrap();
    let container = DotLottie::open(&bytes).unwrap();
    let mut scene = container.animation("circle").unwrap();
    let picture = |scene: &mut dyn Scene| drawn(scene, Duration::from_millis(500), 64, 64);
    let own = picture(&mut scene);
    let red = container.theme("red").unwrap();
    assert!(scene.set_theme(Some(&red), "circle").is_empty());
    let red = |p: &tiny_skia::PremultipliedColorU8| p.red() > 200 && p.green() < 20;
    assert!(picture(&mut scene).pixmap().pixels().iter().any(red));
    assert!(!own.pixmap().pixels().iter().any(red));
    assert!(scene.set_theme(None, "circle").is_empty());
    assert_eq!(picture(&mut scene), own);
}

#[test]
fn a_gradients_slot_brings_its_own_number_of_stops() {
    let animation = r#"{"w":10,"h":10,"fr":30,"ip":0,"op":30,"layers":[{"ty":4,"ks":{},"shapes":[
        {"ty":"rc","p":{"k":[5,5]},"s":{"k":[10,10]}},
        {"ty":"gf","t":1,"s":{"k":[0,0]},"e":{"k":[10,0]},
         "g":{"p":2,"k":{"sid":"sky","k":[0,1,0,0,1,1,0,0]}}}]}]}"#;
    let theme = br#"{"rules":[{"id":"sky","type":"Gradient","value":[
        {"offset":0,"color":[0,0,1,1]},{"offset":0.5,"color":[0,0,1,1]},
        {"offset":1,"color":[0,0,1,0]}]}]}"#;
    let mut scene = LottieScene::parse(animation.as_bytes()).unwrap();
    let ends = |scene: &mut LottieScene| {
        let frame = drawn(scene, Duration::ZERO, 10, 10);
        [0, 9].map(|x| super::pixel(&frame, x, 5))
    };
    assert_eq!(ends(&mut scene), [[255, 0, 0, 255]; 2]);
    assert!(scene.set_theme(Some(&Theme::parse(theme).unwrap()), "any").is_empty());
    let [left, right] = ends(&mut scene);
    assert_eq!(left, [0, 0, 255, 255]);
    assert!(right[2] < 40 && right[2] == right[3], "{right:?}");
}

/// A container of these entries, all empty but the manifest.
fn container(manifest: &str, entries: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file("manifest.json", options).unwrap();
    zip.write_all(manifest.as_bytes()).unwrap();
    for name in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(br#"{"rules":[]}"#).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What opening says; nothing where it opens.
fn refusal(bytes: &[u8]) -> String {
    DotLottie::open(bytes).err().map_or_else(String::new, |error| error.to_string())
}

/// Puts other bytes of the same length wherever these stand.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

/// Where the entry's record in the central directory is.
fn record(bytes: &[u8]) -> usize {
    bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap()
}

#[test]
fn the_manifest_says_which_theme_and_machine() {
    let manifest = r#"{"version":"2","initial":{"stateMachine":"m"},"stateMachines":[{"id":"m"}],
        "themes":[{"id":"t"},{"id":"u"}],
        "animations":[{"id":"a","initialTheme":"t","themes":["t"]},{"id":"b"}]}"#;
    let bytes = container(manifest, &["t/t.json", "s/m.json"]);
    let container = DotLottie::open(&bytes).unwrap();
    assert_eq!(container.initial_theme("a"), Some("t"));
    assert_eq!(container.initial_theme("b"), None);
    assert_eq!(container.themes_of("a"), ["t"]);
    assert_eq!(container.themes_of("b"), ["t", "u"]);
    assert!(container.theme("t").is_ok() && container.theme("u").is_err());
    assert_eq!(container.state_machines(), ["m"]);
    assert_eq!(container.initial_state_machine(), Some("m"));
    assert!(container.state_machine("m").is_err(), "a theme is no machine");
}

#[test]
fn names_that_lead_out_are_refused() {
    let good = container("{}", &["t/xx/aa"]);
    assert_eq!(refusal(&good), "");
    for name in [b"t/../aa", b"/t/x/aa", b"t\\x\\aaa", b"C:/x/aa", b"../t/aa"] {
        let said = refusal(&replaced(&good, b"t/xx/aa", name));
        assert!(said.contains("leads out"), "{said}");
    }
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let bytes = replaced(&container("{}", &["t/x", "t/y"]), b"t/y", b"t/x");
    assert!(refusal(&bytes).contains("same name"), "{}", refusal(&bytes));
}

#[test]
fn links_and_secrets_are_refused() {
    let mut link = container("{}", &["t/x"]);
    // The upper half of the external attributes is the Unix mode.
    let at = record(&link);
    link[at + 5] = 3;
    link[at + 40..at + 42].copy_from_slice(&0o120_777_u16.to_le_bytes());
    assert!(refusal(&link).contains("symbolic link"), "{}", refusal(&link));
    let mut secret = container("{}", &["t/x"]);
    let at = record(&secret);
    secret[at + 8] |= 1;
    assert!(refusal(&secret).contains("encrypted"), "{}", refusal(&secret));
}

#[test]
fn overlapping_entries_are_refused() {
    let mut bytes = container("{}", &["t/x", "t/y"]);
    let at = record(&bytes);
    // The second entry's data is said to be the first's.
    let first = bytes.windows(4).enumerate().filter(|(_, w)| w == b"PK\x03\x04").nth(1).unwrap().0;
    let offset = u32::try_from(first).unwrap();
    bytes[at + 42..at + 46].copy_from_slice(&offset.to_le_bytes());
    assert!(!refusal(&bytes).is_empty());
}

#[test]
fn what_inflates_too_far_is_refused() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("manifest.json", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"{}").unwrap();
    zip.start_file("a/x.json", SimpleFileOptions::default()).unwrap();
    zip.write_all(&vec![b' '; 4 << 20]).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert!(refusal(&bytes).contains("200 times"), "{}", refusal(&bytes));
}
