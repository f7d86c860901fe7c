//! Lines of events, of every wire format. What is written in the native form must be read again.

#![no_main]

use buddy_render::event::wire::{Reader, to_native_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::new();
    let mut events = Vec::new();
    for line in data.split(|&byte| byte == b'\n') {
        events.extend(reader.line(line));
    }
    events.extend(reader.finish());
    reader.problems();
    for event in &events {
        let line = to_native_json(event);
        let mut again = Reader::new();
        let read = again.line(line.as_bytes());
        assert_eq!(read.len(), 1, "not read again: {line} of {event:?}");
    }
});
