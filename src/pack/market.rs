//! A market without a server: an index is a folder, such as a checked-out repository, whose
//! `index.toml` has a row for each pack. Nothing here knows a network.

use super::files::{limit, read};
use super::{Files, Id, MAX_ZIP_BYTES, Pack, PackError, sha256};
use semver::Version;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file of the rows.
pub const INDEX: &str = "index.toml";
/// The largest index, in bytes.
pub const MAX_INDEX_BYTES: u64 = 4 << 20;
/// The most rows.
pub const MAX_ROWS: u64 = 10_000;

/// A pack that an index offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which pack.
    pub id: Id,
    /// In which version.
    pub version: Version,
    /// The SHA-256 of its file.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: u64,
    /// What one may do with it, an SPDX expression.
    pub licence: String,
    /// Where its file is.
    path: PathBuf,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    pack: Vec<WireRow>,
}

#[derive(Deserialize)]
struct WireRow {
    id: String,
    version: String,
    sha256: String,
    size: u64,
    licence: String,
    path: String,
}

/// Reads the index in a folder.
///
/// # Errors
/// When it cannot be read, or a row is not what it must be.
pub fn offers(folder: &Path) -> Result<Vec<Offer>, PackError> {
    let file = folder.join(INDEX);
    let text = read(&file, MAX_INDEX_BYTES, "its size in bytes")?;
    let wrong = |problem: String| PackError::Manifest { file: file.display().to_string(), problem };
    let text = String::from_utf8(text).map_err(|_| wrong("is not UTF-8".to_owned()))?;
    let wire: Wire = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    limit(INDEX, "the number of rows", wire.pack.len() as u64, MAX_ROWS)?;
    wire.pack.into_iter().map(|row| offer(folder, row).map_err(wrong)).collect()
}

fn offer(folder: &Path, row: WireRow) -> Result<Offer, String> {
    let inside = Path::new(&row.path).components();
    if !inside.clone().all(|part| matches!(part, std::path::Component::Normal(_))) {
        return Err(format!("the path of {:?} leads out of the index", row.id));
    }
    Ok(Offer {
        id: row.id.parse()?,
        version: Version::parse(&row.version).map_err(|error| error.to_string())?,
        path: folder.join(&row.path),
        sha256: row.sha256,
        size: row.size,
        licence: row.licence,
    })
}

/// The newest version of an id among offers.
#[must_use]
pub fn newest<'a>(offers: &'a [Offer], id: &Id) -> Option<&'a Offer> {
    offers.iter().filter(|offer| offer.id == *id).max_by(|a, b| a.version.cmp(&b.version))
}

impl Offer {
    /// Reads its file, and opens it only once size and hash are those of the row.
    ///
    /// # Errors
    /// When they are not, or the pack is refused or calls itself otherwise.
    pub fn fetch(&self) -> Result<Pack, PackError> {
        let bytes = read(&self.path, self.size.min(MAX_ZIP_BYTES), "the size that the index says")?;
        let wrong = |problem| PackError::Sums { file: self.path.display().to_string(), problem };
        if bytes.len() as u64 != self.size {
            return Err(wrong("is smaller than the index says"));
        }
        if sha256(&bytes) != self.sha256.to_lowercase() {
            return Err(wrong("has another SHA-256 than the index says"));
        }
        let pack = Pack::check(Files::from_zip(&bytes)?)?;
        if pack.manifest().id != self.id || pack.manifest().version != self.version {
            return Err(wrong("calls itself otherwise than the index"));
        }
        Ok(pack)
    }
}
