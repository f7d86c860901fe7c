//! A compiled pet → a dotLottie container (dotLottie specification 2.0).

use super::{BuildError, machine};
use serde_json::json;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The entry that tells what Lottie's markers do not. Other players pass it by.
pub(crate) const EXTRA: &str = "x-buddy.json";

/// What a container holds.
pub(crate) struct Contents<'a> {
    /// The animation's id.
    pub(crate) name: &'a str,
    /// The Lottie animation, JSON.
    pub(crate) animation: &'a str,
    /// What [`EXTRA`] holds, JSON.
    pub(crate) extra: &'a str,
    /// The definition of the state machine [`machine::ID`], JSON.
    pub(crate) machine: Option<&'a str>,
    /// The themes by id, JSON.
    pub(crate) themes: &'a [(String, String)],
}

/// Writes the container. Its entries bear no date, so that the same pet gives the same bytes.
///
/// # Errors
/// When the zip cannot be written, which memory alone would prevent.
pub(crate) fn write(contents: &Contents<'_>) -> Result<Vec<u8>, BuildError> {
    let mut manifest = json!({
        "version": "2", "generator": "buddy-render", "animations": [{"id": contents.name}],
    });
    let mut entries = vec![
        (format!("a/{}.json", contents.name), contents.animation),
        (EXTRA.to_owned(), contents.extra),
    ];
    if let Some(states) = contents.machine {
        manifest["stateMachines"] = json!([{"id": machine::ID}]);
        entries.push((format!("s/{}.json", machine::ID), states));
    }
    if !contents.themes.is_empty() {
        let ids = contents.themes.iter().map(|(id, _)| json!({"id": id}));
        manifest["themes"] = ids.collect();
        let themes = contents.themes.iter();
        entries.extend(themes.map(|(id, theme)| (format!("t/{id}.json"), theme.as_str())));
    }
    let manifest = manifest.to_string();
    entries.insert(0, ("manifest.json".to_owned(), &manifest));
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
