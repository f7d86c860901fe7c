//! Bytes of a configuration: read or refused, with a line that is there.
#![no_main]

use buddy_render::manners::{Config, MannersError};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = Config::parse(&text, Path::new("config.yaml")) {
        assert!(!error.to_string().contains(char::is_control));
        if let MannersError::Line { line, .. } = error {
            assert!(line >= 1 && line <= text.split(['\n', '\r']).count() + 1);
        }
    }
});
