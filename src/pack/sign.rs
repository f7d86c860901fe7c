//! Signatures: minisign (Ed25519) over `SHA256SUMS`, and whose key is trusted.
//!
//! A key is trusted when a pack of its author is installed for the first time; from then on that
//! author's packs are signed by it or refused.

use super::{Files, Id, Manifest, PackError, SIGNATURE, SUMS};
use minisign_verify::{PublicKey, Signature};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most authors whose keys are kept.
const MAX_KEYS: usize = 10_000;

/// Who signed a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The public key, as minisign writes it.
    pub key: String,
}

/// Whether the signature in the files is the manifest's key's. A pack that names a key must be
/// signed, and one that is signed must name its key.
pub(super) fn check(files: &Files, manifest: &Manifest) -> Result<Option<Signer>, PackError> {
    let wrong = |problem: &str| PackError::Signature(problem.to_owned());
    let (key, signature) = match (&manifest.key, files.get(SIGNATURE)) {
        (None, None) => return Ok(None),
        // A pack that is being made is signed after its sums are written.
        (Some(_), None) if files.get(SUMS).is_none() => return Ok(None),
        (Some(_), None) => return Err(wrong("pack.toml names a key, but there is no SIGNATURE")),
        (None, Some(_)) => return Err(wrong("pack.toml does not name its key")),
        (Some(key), Some(_)) => (key, files.text(SIGNATURE)?),
    };
    let public = PublicKey::from_base64(key).map_err(|_| wrong("the key is no minisign key"))?;
    let signature = Signature::decode(signature).map_err(|_| wrong("is no minisign signature"))?;
    let Some(sums) = files.get(SUMS) else {
        return Ok(None);
    };
    public
        .verify(sums, &signature, false)
        .map_err(|_| wrong("is not by the key that pack.toml names, or SHA256SUMS was changed"))?;
    Ok(Some(Signer { key: key.clone() }))
}

/// The keys that are trusted, by author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    keys: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct Wire {
    keys: BTreeMap<String, String>,
}

impl TrustedKeys {
    /// Reads the list.
    ///
    /// # Errors
    /// When it is not TOML of the form that [`Self::to_toml`] writes.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let wrong = |problem: String| PackError::Signature(format!("the list of keys: {problem}"));
        let wire: Wire = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if wire.keys.len() > MAX_KEYS {
            return Err(wrong(format!("has over {MAX_KEYS} entries")));
        }
        Ok(Self { keys: wire.keys })
    }

    /// The list as text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let row = |(author, key): (&String, &String)| format!("{author} = \"{key}\"\n");
        format!("[keys]\n{}", self.keys.iter().map(row).collect::<String>())
    }

    /// Takes a pack's signer as its author's from now on, if none is known. Says whether the list
    /// changed.
    ///
    /// # Errors
    /// When the author's packs are signed by another key, or this one is not signed at all.
    pub fn meet(&mut self, id: &Id, signer: Option<&Signer>) -> Result<bool, PackError> {
        match (self.keys.get(&id.author), signer) {
            (None, None) => Ok(false),
            (None, Some(signer)) => {
                self.keys.insert(id.author.clone(), signer.key.clone());
                Ok(true)
            }
            (Some(key), Some(signer)) if *key == signer.key => Ok(false),
            (Some(_), found) => Err(PackError::Signature(format!(
                "the packs of {} were signed by another key until now{}",
                id.author,
                if found.is_some() { "" } else { ", and this one is not signed" }
            ))),
        }
    }
}
