//! `SHA256SUMS`: every file with its hash, as `sha256sum` writes and checks it.

use super::{Files, PackError, SIGNATURE, SUMS};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The SHA-256 of bytes, in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The list for all files but itself and its signature.
pub(super) fn write(files: &Files) -> String {
    let listed = files.iter().filter(|(name, _)| ![SUMS, SIGNATURE].contains(name));
    listed.map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes))).collect()
}

/// Whether every file is in the list with its own hash, and nothing else is.
pub(super) fn check(files: &Files) -> Result<(), PackError> {
    let mut listed = BTreeMap::new();
    let wrong = |file: &str, problem| PackError::Sums { file: file.to_owned(), problem };
    for line in files.text(SUMS)?.lines() {
        let Some((hash, name)) = line.split_once("  ") else {
            return Err(wrong(SUMS, "a line is not HASH, two spaces and a name"));
        };
        if listed.insert(name, hash).is_some() {
            return Err(wrong(SUMS, "names a file twice"));
        }
    }
    for (name, bytes) in files.iter().filter(|(name, _)| ![SUMS, SIGNATURE].contains(name)) {
        match listed.remove(name) {
            None => return Err(wrong(name, "is not in SHA256SUMS")),
            Some(hash) if hash != sha256(bytes) => {
                return Err(wrong(name, "is not what SHA256SUMS says: it was changed"));
            }
            Some(_) => {}
        }
    }
    match listed.keys().next() {
        Some(_) => Err(wrong(SUMS, "names a file that is not there")),
        None => Ok(()),
    }
}
