//! Lottie JSON, loaded and drawn at three moments.

#![no_main]

mod draw;

use buddy_render::scene;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    // Only what is told to be a Lottie by its content; the other formats have targets of their own.
    if data.trim_ascii_start().first() != Some(&b'{') {
        return Corpus::Reject;
    }
    if let Ok(mut scene) = scene::load(data) {
        draw::thrice(scene.as_mut());
    }
    Corpus::Keep
});
