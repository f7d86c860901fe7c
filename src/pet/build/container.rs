//! A compiled pet → a dotLottie container (dotLottie specification 2.0).

use super::{BuildError, Compiled};
use serde_json::json;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The entry that tells what Lottie's markers do not. Other players pass it by.
pub(crate) const EXTRA: &str = "x-buddy.json";

/// Writes the container. Its entries bear no date, so that the same pet gives the same bytes.
pub(super) fn write(compiled: &Compiled, name: &str) -> Result<Vec<u8>, BuildError> {
    let manifest =
        json!({"version": "2", "generator": "buddy-render", "animations": [{"id": name}]})
            .to_string();
    let animation = format!("a/{name}.json");
    let entries = [
        ("manifest.json", &manifest),
        (animation.as_str(), &compiled.animation),
        (EXTRA, &compiled.extra),
    ];
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (entry, text) in entries {
        zip.start_file(entry, options).map_err(broken)?;
        zip.write_all(text.as_bytes()).map_err(|error| BuildError::Container(error.to_string()))?;
    }
    Ok(zip.finish().map_err(broken)?.into_inner())
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(error: zip::result::ZipError) -> BuildError {
    BuildError::Container(error.to_string())
}
