//! Sentences, one a line: for screen readers, logs and terminals that can do nothing else.

use crate::text::SafeText;

/// Appends `text` and a newline. No escape sequence is written, ever.
pub fn write_line(text: &SafeText, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_str().as_bytes());
    out.push(b'\n');
}
