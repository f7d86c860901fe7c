//! The YAML of our files: lines of `KEY: VALUE`, and nothing else of it. Read event by event, so that
//! an anchor, a tag or a nest is refused where it begins, and nothing is ever built of one.

use super::error::{At, Fault, shown};
use granit_parser::{Event, Parser, ScalarStyle};

/// The most keys in a file.
pub(super) const MAX_KEYS: usize = 64;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
    /// From one.
    pub(super) line: usize,
}

/// The entries of a text in their order, up to the first fault.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Option<At>) {
    let mut entries = Vec::new();
    let fault = read(text, &mut entries).err();
    (entries, fault)
}

/// What the reader waits for.
enum Wanted {
    Mapping,
    Key,
    Value { key: String, line: usize },
    Nothing,
}

fn read(text: &str, entries: &mut Vec<Entry>) -> Result<(), At> {
    let mut options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: 2,
        block_nesting_limit: 2,
    };
    options.set_emit_comments(false);
    let mut wanted = Wanted::Mapping;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            (error.marker().line(), Fault::Syntax { said: shown(&error.info()) })
        })?;
        let line = span.start.line();
        let shape = Err((line, Fault::Shape));
        wanted = match (event, wanted) {
            (Event::MappingStart(_, 0, None), Wanted::Mapping) => Wanted::Key,
            (Event::Scalar(key, _, 0, None), Wanted::Key) => {
                if entries.iter().any(|entry| entry.key == key) {
                    return Err((line, Fault::Repeated { key: shown(&key) }));
                }
                if entries.len() == MAX_KEYS {
                    return Err((line, Fault::Many));
                }
                Wanted::Value { key: key.into_owned(), line }
            }
            (Event::Scalar(value, style, 0, None), Wanted::Value { key, line }) => {
                // `pet: null` is the cat, and only what is not there is nothing.
                let value =
                    if is_nothing(&value, style) { String::new() } else { value.into_owned() };
                entries.push(Entry { key, value, line });
                Wanted::Key
            }
            (Event::MappingEnd, Wanted::Key) => Wanted::Nothing,
            // A file of comments alone is one empty value.
            (Event::Scalar(value, style, 0, None), Wanted::Mapping)
                if is_nothing(&value, style) =>
            {
                Wanted::Nothing
            }
            (Event::DocumentStart(..), wanted @ Wanted::Mapping) => wanted,
            (Event::StreamStart | Event::StreamEnd | Event::DocumentEnd, wanted) => wanted,
            _ => return shape,
        };
    }
    Ok(())
}

/// The parser has a tilde for a value that is not there.
fn is_nothing(value: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(value, "~" | "")
}

/// `on` and `off` in each of the ways in which YAML 1.1 wrote them.
pub(super) fn flag(value: &str) -> Option<bool> {
    match value {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    }
}
