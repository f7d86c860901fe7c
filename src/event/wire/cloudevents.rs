//! CloudEvents 1.0 in JSON: a native event in a common envelope. Its `type` is the event's name
//! after `dev.buddy.`, its `data` the fields.

use super::json::Object;
use super::native::{Native, read_enveloped};

/// What the types of our events begin with.
const PREFIX: &str = "dev.buddy.";

/// Reads an object with `specversion` and `type`. An event of somebody else's type is unknown.
pub(super) fn read(object: &Object<'_>) -> Result<Native, String> {
    let kind = object.string("type").ok_or("\"type\" is not a string")?;
    match kind.strip_prefix(PREFIX) {
        Some(name) => read_enveloped(name, object, &object.object("data").unwrap_or_default()),
        None => Ok(Native::Unknown(kind.into_owned())),
    }
}
