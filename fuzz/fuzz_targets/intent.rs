//! A diff, and a model's file: what is read of strangers by the intent model.

#![no_main]

use buddy_render::intent::{ModelFile, features};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let features = features::of(data);
    assert!(features.inputs.iter().all(|input| input.abs() <= features::LARGEST));
    drop(ModelFile::check(data.to_vec().into()));
});
