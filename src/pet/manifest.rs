//! `pet.toml`: who a pet is, checked.

use super::PetError;
use super::lines::{self, WireLines};
use crate::mood::{Lines, Species};
use crate::text::SafeText;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The longest name of a pet or clip, in bytes.
pub const MAX_NAME_BYTES: usize = 32;
/// The most fallbacks, reactions, or lines for one reaction.
pub const MAX_ENTRIES: usize = 256;

/// A pet's manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Its name in commands: a-z, 0-9 and `-`.
    pub name: String,
    /// Its name for people.
    pub title: SafeText,
    /// Which companion's temper it has.
    pub species: Species,
    /// One line about it.
    pub summary: SafeText,
    /// What plays instead of a clip that it has not.
    pub fallbacks: BTreeMap<String, String>,
    /// What it says, by occasion, as older packs have it; `lines.toml` goes before.
    pub lines: BTreeMap<String, Lines>,
}

#[derive(Deserialize)]
struct Wire {
    name: String,
    title: String,
    species: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    fallbacks: BTreeMap<String, String>,
    #[serde(default)]
    lines: BTreeMap<String, WireLines>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is not TOML, or a field is missing or not what it must be.
    pub fn parse(text: &str) -> Result<Self, PetError> {
        let wire: Wire = toml::from_str(text)
            .map_err(|e| PetError::Manifest(e.to_string().trim_end().to_owned()))?;
        if !is_name(&wire.name) {
            let problem = format!("the name is made of 1 to {MAX_NAME_BYTES} of a-z, 0-9 and -");
            return Err(PetError::Manifest(problem));
        }
        if wire.fallbacks.len() > MAX_ENTRIES {
            return Err(PetError::Manifest(format!(
                "no list may have more than {MAX_ENTRIES} entries"
            )));
        }
        Ok(Self {
            title: SafeText::new(&wire.title),
            species: species(&wire.species)?,
            summary: SafeText::new(&wire.summary),
            name: wire.name,
            fallbacks: wire.fallbacks,
            lines: lines::lines(wire.lines).map_err(PetError::Manifest)?,
        })
    }
}

/// Whether it is a name: 1 to [`MAX_NAME_BYTES`] of a-z, 0-9 and `-`.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(fits)
}

fn species(name: &str) -> Result<Species, PetError> {
    Ok(match name {
        "owl" => Species::Owl,
        "cat" => Species::Cat,
        "crane" => Species::Crane,
        "dog" => Species::Dog,
        "ghost" => Species::Ghost,
        _ => {
            return Err(PetError::Manifest(
                "the species is owl, cat, crane, dog or ghost".to_owned(),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_checked() {
        let good = "name = \"mo\"\ntitle = \"Mo\\u001b[31m\"\nspecies = \"cat\"\n[lines]\nwake = [\"a\\nb\"]";
        let manifest = Manifest::parse(good).unwrap();
        assert_eq!((manifest.title.as_str(), manifest.species), ("Mo[31m", Species::Cat));
        assert_eq!(manifest.lines["wake"].any[0].as_str(), "a b");
        for bad in [
            "",
            "name = \"../x\"\ntitle = \"\"\nspecies = \"cat\"",
            "name = \"x\"\ntitle = \"\"\nspecies = \"worm\"",
            "name = 1",
        ] {
            assert!(Manifest::parse(bad).is_err(), "{bad}");
        }
    }
}
