//! `pack.toml`: who made a pack, what is in it, and what one may do with it.

use super::{MANIFEST, PackError};
use crate::text::SafeText;
use semver::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The most pets, skins, authors, or words of a pet.
pub const MAX_PETS: usize = 32;
/// The longest half of an id, in bytes.
const MAX_ID_BYTES: usize = 40;
/// The version of the format that this is.
const FORMAT: u32 = 1;

/// `author/name`, each of a-z, 0-9 and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Who.
    pub author: String,
    /// What.
    pub name: String,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.author, self.name)
    }
}

impl FromStr for Id {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |part: &&str| (1..=MAX_ID_BYTES).contains(&part.len()) && is_name(part);
        match text.split('/').collect::<Vec<_>>()[..] {
            [author, name] if [author, name].iter().all(fits) => {
                Ok(Self { author: author.to_owned(), name: name.to_owned() })
            }
            _ => Err("an id is AUTHOR/NAME, each of a-z, 0-9 and -".to_owned()),
        }
    }
}

pub(super) fn is_name(part: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !part.is_empty() && part.bytes().all(fits) && !part.starts_with('-')
}

/// What a pack says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its name in commands.
    pub id: Id,
    /// Its version (Semantic Versioning).
    pub version: Version,
    /// What one may do with it, an SPDX expression.
    pub licence: String,
    /// Who made it.
    pub authors: Vec<SafeText>,
    /// Its pets, each a folder in `pets/`.
    pub pets: Vec<String>,
    /// The skins that its pets were drawn for; names of themes in their `.lottie` files.
    pub skins: Vec<String>,
    /// For each pet, by state, what is told to who cannot see it.
    pub a11y: BTreeMap<String, BTreeMap<String, SafeText>>,
    /// The minisign public key that signs the pack, if it is signed.
    pub key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: u32,
    id: String,
    version: String,
    licence: String,
    authors: Vec<String>,
    pets: Vec<String>,
    #[serde(default)]
    skins: Vec<String>,
    #[serde(default)]
    a11y: BTreeMap<String, BTreeMap<String, String>>,
    key: Option<String>,
}

fn wrong(problem: impl fmt::Display) -> PackError {
    PackError::Manifest { file: MANIFEST.to_owned(), problem: problem.to_string() }
}

impl Manifest {
    /// Reads the text of a `pack.toml`.
    ///
    /// # Errors
    /// When it is not TOML, or a field is missing, unknown or not what it must be.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let wire: Wire = toml::from_str(text).map_err(|e| wrong(e.to_string().trim_end()))?;
        if wire.format != FORMAT {
            return Err(wrong(format!("format {} is not known; this is {FORMAT}", wire.format)));
        }
        let words = wire.a11y.values().map(BTreeMap::len);
        let counts = words.chain([wire.authors.len(), wire.pets.len(), wire.skins.len()]);
        if counts.max() > Some(MAX_PETS) {
            return Err(wrong(format!("no list may have more than {MAX_PETS} entries")));
        }
        if wire.authors.is_empty() || wire.pets.is_empty() {
            return Err(wrong("a pack has an author and a pet at least"));
        }
        for name in wire.pets.iter().chain(&wire.skins) {
            if !is_name(name) || name.len() > crate::pet::manifest::MAX_NAME_BYTES {
                return Err(wrong(format!("{:?} is no name of a-z, 0-9 and -", short(name))));
            }
        }
        let manifest = Self {
            id: wire.id.parse().map_err(wrong)?,
            version: Version::parse(&wire.version)
                .map_err(|e| wrong(format!("the version {:?}: {e}", short(&wire.version))))?,
            licence: licence(&wire.licence)?,
            authors: wire.authors.iter().map(|author| SafeText::new(author)).collect(),
            a11y: wire.a11y.iter().map(|(pet, words)| (pet.clone(), spoken(words))).collect(),
            pets: wire.pets,
            skins: wire.skins,
            key: wire.key,
        };
        let idle = |pet: &&String| !manifest.a11y.get(*pet).is_some_and(|w| w.contains_key("idle"));
        match manifest.pets.iter().find(idle) {
            Some(pet) => Err(wrong(format!("[a11y.{pet}] has no text for the state idle"))),
            None => Ok(manifest),
        }
    }
}

fn spoken(words: &BTreeMap<String, String>) -> BTreeMap<String, SafeText> {
    words.iter().map(|(state, text)| (state.clone(), SafeText::new(text))).collect()
}

fn licence(text: &str) -> Result<String, PackError> {
    match spdx::Expression::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(PackError::Licence(short(text))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
