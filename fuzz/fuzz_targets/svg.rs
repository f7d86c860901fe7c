//! An SVG, loaded and drawn.

#![no_main]

mod draw;

use buddy_render::scene;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    if data.trim_ascii_start().first() != Some(&b'<') {
        return Corpus::Reject;
    }
    if let Ok(mut scene) = scene::load(data) {
        draw::thrice(scene.as_mut());
    }
    Corpus::Keep
});
