//! Packs: pets in a file that a stranger made. pets/PACKS.md describes the format.
//!
//! ```text
//! zip or folder ─▶ Files ─▶ Pack ─▶ Pet
//! ```
//!
//! [`Files`] holds a pack's files in memory, read within limits and under names that cannot lead
//! anywhere; [`Pack`] is what they say once all of it was checked. From there on no path is
//! followed: drawings are handed on as bytes, and what would make them open a file is refused.
//!
//! There is no sandboxed child for decoding. What reads a pack is Rust without `unsafe` of ours, in
//! budgets that bound time and memory before anything is decoded, and the pet is then drawn in the
//! player's process anyway: only a child that lived as long as the pet, and drew each frame, would
//! keep a decoder's fault away from it.

mod codex;
mod files;
mod guard;
mod import;
mod lint;
mod manifest;
pub mod market;
mod sign;
mod sprites;
mod store;
mod sums;

use crate::pet::{Drawing, Pet, PetError};
use crate::scene::SceneError;
use crate::text::SafeText;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use codex::{CODEX_CELL, CODEX_COLUMNS, export_codex};
pub use files::{
    ANY_RATIO_BYTES, Files, MAX_DEPTH, MAX_ENTRIES, MAX_INFLATED, MAX_NAME_BYTES, MAX_RATIO,
    MAX_ZIP_BYTES,
};
pub use guard::{
    MAX_DATA_URL_BYTES, MAX_KEYFRAMES, MAX_LOTTIE_BYTES, MAX_SVG_BYTES, MAX_SVG_DEPTH,
    MAX_SVG_NODES, MAX_SVG_STEPS,
};
pub use import::{Import, import};
pub use lint::{Finding, lint};
pub use manifest::{Id, MAX_PETS, Manifest};
pub use sign::{Signer, TrustedKeys};
pub use store::{Installed, Store};
pub use sums::sha256;

/// The manifest's file.
pub const MANIFEST: &str = "pack.toml";
/// The file that lists every other with its SHA-256.
pub const SUMS: &str = "SHA256SUMS";
/// The minisign signature of [`SUMS`].
pub const SIGNATURE: &str = "SIGNATURE";

/// Why a pack is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The zip is malformed.
    #[error("the zip cannot be read: {0}")]
    Zip(String),
    /// A named limit was passed.
    #[error("{at}: {what} is over the limit of {limit}")]
    Limit {
        /// Where.
        at: String,
        /// What was too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A file's name could lead somewhere, or be two files on another system.
    #[error("the name {name:?}: {problem}")]
    Name {
        /// The name, as far as a message should hold it.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something is not a plain file.
    #[error("{0:?} is not a plain file")]
    NotAFile(String),
    /// A file is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// `pack.toml` or a `sprites.toml` is not what it must be.
    #[error("{file}: {problem}")]
    Manifest {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The licence is no SPDX expression.
    #[error("pack.toml: the licence {0:?} is no SPDX expression, such as \"CC-BY-4.0\"")]
    Licence(String),
    /// `SHA256SUMS` and the files differ.
    #[error("{file}: {problem}")]
    Sums {
        /// Which file.
        file: String,
        /// In which way.
        problem: &'static str,
    },
    /// The signature is not by the key, or the key is not the one that is trusted.
    #[error("the signature: {0}")]
    Signature(String),
    /// A drawing asks for what a pack may not hold.
    #[error("{file}: {problem}")]
    Forbidden {
        /// Which file.
        file: String,
        /// What it asks for.
        problem: String,
    },
    /// A drawing cannot be read.
    #[error("{file}: {error}")]
    Scene {
        /// Which file.
        file: String,
        /// Why.
        error: SceneError,
    },
    /// A pet cannot be opened.
    #[error("the pet {pet}: {error}")]
    Pet {
        /// Which.
        pet: String,
        /// Why.
        error: PetError,
    },
    /// It is nothing that can be imported.
    #[error("it cannot be imported: {0}")]
    Import(String),
}

impl PackError {
    /// The kind of refusal in a word, for scripts and tests.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Zip(_) => "zip",
            Self::Limit { .. } | Self::Scene { error: SceneError::Limit { .. }, .. } => "limit",
            Self::Name { .. } => "name",
            Self::NotAFile(_) => "not-a-file",
            Self::Missing(_) => "missing",
            Self::Manifest { .. } => "manifest",
            Self::Licence(_) => "licence",
            Self::Sums { .. } => "sums",
            Self::Signature(_) => "signature",
            Self::Forbidden { .. } => "forbidden",
            Self::Scene { .. } => "drawing",
            Self::Pet { .. } => "pet",
            Self::Import(_) => "import",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "give the path of a .buddypack, or of a pack's folder",
            Self::Sums { .. } => "get the pack again, or build it again if it is yours",
            Self::Signature(_) => "ask the author which key is right before you trust this pack",
            Self::Licence(_) => "the identifiers are listed at spdx.org/licenses",
            _ => "pets/PACKS.md describes the format and its limits",
        }
    }
}

/// A pack, all of it checked.
#[derive(Debug)]
pub struct Pack {
    manifest: Manifest,
    files: Files,
    signer: Option<Signer>,
}

impl Pack {
    /// Opens the pack at `path`, a zip or a folder, and checks all of it.
    ///
    /// # Errors
    /// When it cannot be read or is refused; the error tells why.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        Self::check(Files::open(path)?)
    }

    /// Checks files as a pack: sums, signature, manifest, and that every pet opens.
    ///
    /// # Errors
    /// When they are refused; the error tells why.
    pub fn check(files: Files) -> Result<Self, PackError> {
        sums::check(&files)?;
        Self::check_unsealed(files)
    }

    /// The same for a pack that is being made, which has no sums yet.
    ///
    /// # Errors
    /// When the files are refused; the error tells why.
    pub fn check_unsealed(files: Files) -> Result<Self, PackError> {
        let manifest = Manifest::parse(files.text(MANIFEST)?)?;
        let signer = sign::check(&files, &manifest)?;
        let pack = Self { manifest, files, signer };
        for name in &pack.manifest.pets {
            pack.open_pet(name)?;
        }
        Ok(pack)
    }

    /// What it says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Whose key signed it, if any did.
    #[must_use]
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// The pet of that name.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn pet(&self, name: &str) -> Result<Pet, PackError> {
        if !self.manifest.pets.iter().any(|pet| pet == name) {
            return Err(PackError::Pet { pet: name.to_owned(), error: PetError::Unknown });
        }
        self.open_pet(name)
    }

    /// What a screen reader is told of a pet in a state.
    #[must_use]
    pub fn words(&self, pet: &str) -> Option<&BTreeMap<String, SafeText>> {
        self.manifest.a11y.get(pet)
    }

    fn open_pet(&self, name: &str) -> Result<Pet, PackError> {
        let folder = format!("pets/{name}");
        let manifest = self.files.text(&format!("{folder}/pet.toml"))?;
        self.files.text(&format!("{folder}/ascii.txt"))?;
        let texts = self.texts(&format!("{folder}/"))?;
        let drawing = self.drawing(&folder, name)?;
        let failed = |error| PackError::Pet { pet: name.to_owned(), error };
        let mut pet = Pet::from_parts(manifest, drawing, &texts).map_err(failed)?;
        if pet.name() != name {
            let problem = format!("pet.toml names it {:?}", pet.name());
            return Err(failed(PetError::Manifest(problem)));
        }
        if pet.ascii(crate::pet::IDLE).is_none() {
            let file = format!("{folder}/ascii.txt");
            return Err(PackError::Manifest { file, problem: "it has no pose [idle]".to_owned() });
        }
        // A drawing that cannot be read is found now, not on the stage.
        pet.scene().map_err(|error| failed(error.into()))?;
        if let Some(words) = self.words(name) {
            pet.add_words(words);
        }
        Ok(pet)
    }

    /// The texts beside a pet's manifest, by their names in its folder.
    fn texts(&self, folder: &str) -> Result<Vec<(&str, &str)>, PackError> {
        let names = self.files.iter().filter_map(|(path, _)| path.strip_prefix(folder));
        let names = names.filter(|name| crate::pet::is_text(name));
        names.map(|name| Ok((name, self.files.text(&format!("{folder}{name}"))?))).collect()
    }

    /// The drawing in a pet's folder: `NAME.lottie`, else `sprites.toml` and its sheet, else
    /// `NAME.svg`.
    fn drawing(&self, folder: &str, name: &str) -> Result<Drawing, PackError> {
        let lottie = format!("{folder}/{name}.lottie");
        if let Some(bytes) = self.files.get(&lottie) {
            guard::container(&lottie, bytes)?;
            return Ok(Drawing::Lottie(bytes.to_vec().into()));
        }
        if self.files.get(&format!("{folder}/{}", sprites::TABLE)).is_some() {
            return Ok(Drawing::Sprites(sprites::open(&self.files, folder)?));
        }
        let svg = format!("{folder}/{name}.svg");
        let Some(bytes) = self.files.get(&svg) else {
            return Err(PackError::Missing(format!(
                "{lottie}, {folder}/{} or {svg}",
                sprites::TABLE
            )));
        };
        guard::svg(&svg, bytes)?;
        Ok(Drawing::Svg(bytes.to_vec().into()))
    }
}

/// The text of `SHA256SUMS` for these files: what an author signs.
#[must_use]
pub fn sums(files: &Files) -> String {
    sums::write(files)
}

/// A pack's zip: its files in order with new sums. The same files always give the same bytes.
///
/// # Errors
/// When the files are no pack; the error tells why.
pub fn seal(mut files: Files) -> Result<Vec<u8>, PackError> {
    let sums = sums(&files);
    files.insert(SUMS, sums.into_bytes())?;
    let pack = Pack::check(files)?;
    pack.files.to_zip()
}
