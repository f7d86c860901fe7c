//! What a terminal says. Where the bytes are split must make no difference.

#![no_main]

use buddy_render::terminal::{Reply, ReplyParser};
use libfuzzer_sys::fuzz_target;

fn replies<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<Reply> {
    let (mut parser, mut out) = (ReplyParser::new(), Vec::new());
    for part in parts {
        parser.feed(part, &mut out);
    }
    parser.flush(&mut out);
    assert!(!parser.is_waiting());
    out
}

fuzz_target!(|data: &[u8]| {
    let whole = replies(std::iter::once(data));
    assert_eq!(replies(data.chunks(1)), whole);
});
