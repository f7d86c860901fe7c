//! The pets that are built in.

use super::manifest::Manifest;
use super::{Drawing, Pet, PetError};

struct Entry {
    name: &'static str,
    manifest: &'static str,
    lottie: &'static [u8],
    texts: &'static [(&'static str, &'static str)],
}

macro_rules! texts {
    ($pet:literal, $($file:literal),*) => {
        &[$(($file, include_str!(concat!("../../pets/", $pet, "/", $file)))),*]
    };
}

macro_rules! pets {
    ($($name:literal),*) => {
        &[$(Entry {
            name: $name,
            manifest: include_str!(concat!("../../pets/", $name, "/pet.toml")),
            lottie: include_bytes!(concat!("../../pets/", $name, "/", $name, ".lottie")),
            texts: texts!($name, "ascii.txt", "symbols.txt", "lines.toml", "lines.de.toml"),
        }),*]
    };
}

const PETS: &[Entry] = pets!["antigravity", "null", "haiku", "bit", "spectre"];

/// The names of the pets.
#[must_use]
pub fn names() -> Vec<&'static str> {
    PETS.iter().map(|entry| entry.name).collect()
}

/// Opens a pet by its name.
///
/// # Errors
/// When there is no pet of that name.
pub fn load(name: &str) -> Result<Pet, PetError> {
    let entry = PETS.iter().find(|entry| entry.name == name).ok_or(PetError::Unknown)?;
    Pet::new(Manifest::parse(entry.manifest)?, Drawing::Lottie(entry.lottie.into()), entry.texts)
}
