//! The configuration: what flags of `play` and `shell` say, kept in a file. Strict, so that a word
//! which does nothing is never left standing.

use super::error::{At, Fault, MannersError, nearest, shown};
use super::yaml::{self, Entry, flag};
use super::{Hours, Motion, file};
use crate::pet::Language;
use crate::pet::skin::Ground;
use crate::terminal::Protocol;
use crate::units::{CellSize, Corner};
use std::path::Path;
use std::str::FromStr;

/// Each key, and what it can be. The flag of the same name (`--quiet-hours`) beats it.
pub const KEYS: [(&str, &str); 12] = [
    ("pet", "the pet's name, or the path of its folder or pack"),
    ("skin", "a skin of the pet, such as classic"),
    ("ground", "dark, light, or auto"),
    ("size", "a size in cells such as 16x8"),
    ("corner", "top-right, top-left, bottom-right or bottom-left"),
    ("protocol", "auto, kitty, iterm2, sixel, symbols, ascii or text"),
    ("motion", "full, reduced or none"),
    ("fps", "frames a second, 1 to 60"),
    ("lang", "a language such as de"),
    ("speech", "on or off"),
    ("guests", "on or off"),
    ("quiet_hours", "none, or spans such as 22:00-07:00, with commas between them"),
];

/// What the configuration says; nothing where it does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The pet's name, or a path.
    pub pet: Option<String>,
    /// The skin's name.
    pub skin: Option<String>,
    /// What it stands on.
    pub ground: Option<Ground>,
    /// The pet's box, in cells.
    pub size: Option<CellSize>,
    /// Where it lives.
    pub corner: Option<Corner>,
    /// The protocol, where it is not to be found out.
    pub protocol: Option<Protocol>,
    /// How much it may move.
    pub motion: Option<Motion>,
    /// Frames a second, 1 to 60.
    pub fps: Option<f32>,
    /// The language that it speaks.
    pub lang: Option<Language>,
    /// Whether it speaks in bubbles.
    pub speech: Option<bool>,
    /// Whether others may visit.
    pub guests: Option<bool>,
    /// When it is to be quiet.
    pub quiet_hours: Option<Hours>,
}

impl Config {
    /// Reads a configuration's text.
    ///
    /// # Errors
    /// The first line with a fault: an unknown key, with the one that is nearest, or a value that the
    /// key does not have. `path` is only for the error to name.
    pub fn parse(text: &str, path: &Path) -> Result<Self, MannersError> {
        let (entries, fault) = yaml::entries(text);
        let mut config = Self::default();
        let set = entries.iter().try_for_each(|entry| config.set(entry));
        set.and(fault.map_or(Ok(()), Err)).map_err(|at| MannersError::line(path, at))?;
        Ok(config)
    }

    /// Reads a configuration's file; one that is not there says nothing.
    ///
    /// # Errors
    /// As [`Config::parse`], and when the file cannot be read, is too large, or others may write it.
    pub fn read(path: &Path) -> Result<Self, MannersError> {
        let Some((text, about)) = file::read(path)? else { return Ok(Self::default()) };
        if !file::is_own(&about) {
            return Err(MannersError::Exposed { path: path.to_owned() });
        }
        Self::parse(&text, path)
    }

    fn set(&mut self, entry: &Entry) -> Result<(), At> {
        let known = KEYS.iter().find(|(key, _)| *key == entry.key);
        let Some((key, wanted)) = known else { return Err(unknown(entry, &KEYS)) };
        let taken = self.take(key, &entry.value);
        taken.ok_or_else(|| {
            let value = shown(&entry.value);
            (entry.line, Fault::Value { key, value, wanted: (*wanted).to_owned() })
        })
    }

    /// Takes a value; nothing where the key does not have it.
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "pet" => self.pet = Some(word(value)?),
            "skin" => self.skin = Some(word(value)?),
            "ground" => {
                self.ground = match value {
                    "auto" => None,
                    "dark" => Some(Ground::Dark),
                    "light" => Some(Ground::Light),
                    _ => return None,
                }
            }
            "protocol" if value == "auto" => self.protocol = None,
            "protocol" => self.protocol = Some(parsed(value)?),
            "size" => self.size = Some(parsed(value)?),
            "corner" => self.corner = Some(parsed(value)?),
            "motion" => self.motion = Some(parsed(value)?),
            "fps" => self.fps = Some(parsed(value).filter(|fps| (1.0..=60.0).contains(fps))?),
            "lang" => self.lang = Some(parsed(value)?),
            "speech" => self.speech = Some(flag(value)?),
            "guests" => self.guests = Some(flag(value)?),
            "quiet_hours" => self.quiet_hours = Some(parsed(value)?),
            _ => return None,
        }
        Some(())
    }
}

/// The fault of a key that none of the `keys` is.
pub(super) fn unknown(entry: &Entry, keys: &'static [(&'static str, &'static str)]) -> At {
    let nearest = nearest(&entry.key, keys.iter().map(|(key, _)| *key));
    (entry.line, Fault::Key { key: shown(&entry.key), nearest })
}

fn word(value: &str) -> Option<String> {
    (!value.is_empty() && !value.chars().any(char::is_control)).then(|| value.to_owned())
}

fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}
