//! A dotLottie container: as a scene, and each animation and theme in it.

#![no_main]

mod draw;

use buddy_render::scene::{self, dotlottie::DotLottie};
use libfuzzer_sys::fuzz_target;

/// A manifest may name an animation a thousand times over; the fuzzer has no time for all of them.
const MOST: usize = 8;

fuzz_target!(|data: &[u8]| {
    let bytes = [b"PK\x03\x04", data.strip_prefix(b"PK\x03\x04").unwrap_or(data)].concat();
    if let Ok(mut scene) = scene::load(&bytes) {
        draw::thrice(scene.as_mut());
    }
    let Ok(container) = DotLottie::open(&bytes) else { return };
    for id in container.animations().iter().take(MOST) {
        if let Ok(mut scene) = container.animation(id) {
            draw::thrice(&mut scene);
        }
    }
    for id in container.themes().iter().take(MOST) {
        let _ = container.theme(id);
    }
});
