//! A pack's zip: read, checked, and a moment of each pet drawn.

#![no_main]

mod draw;

use buddy_render::pack::{Files, Pack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(files) = Files::from_zip(data) else { return };
    // Sums would keep all but whole packs from the code behind them.
    let Ok(pack) = Pack::check_unsealed(files) else { return };
    for name in &pack.manifest().pets {
        if let Ok(mut scene) = pack.pet(name).map_err(drop).and_then(|p| p.scene().map_err(drop)) {
            draw::thrice(scene.as_mut());
        }
    }
});
