//! Lines that were moved rather than written: matched over a whole change, by what is left of them
//! without spaces, without signs, without digits.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

/// Shorter lines (`}`, `end`) are everywhere, and so moved by chance.
const MIN_LINE: usize = 4;
/// Less than so many letters and digits tell lines apart by chance.
const MIN_BARE: usize = 3;

/// The long lines of a change, as numbers.
#[derive(Default)]
pub(super) struct Moved {
    removed: HashMap<u64, Removed>,
    removed_raw: HashSet<u64>,
    removed_bare: HashMap<u64, u32>,
    added: Vec<Added>,
    scratch: Vec<u8>,
}

/// Deleted lines that are the same but for spaces.
struct Removed {
    /// The files that they were deleted from.
    files: Vec<u32>,
    /// Without digits, where they have any.
    digitless: Option<u64>,
}

struct Added {
    file: u32,
    raw: u64,
    /// Without spaces.
    squeezed: u64,
    /// Its letters and digits alone, where it has enough.
    bare: Option<u64>,
    digitless: Option<u64>,
}

/// How many added lines are old ones, and in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Kinds {
    /// Long added lines.
    pub(super) of: f64,
    /// As they were, in the same file.
    pub(super) same_file: f64,
    /// Out of another file.
    pub(super) other_file: f64,
    /// With other spaces, in the same file.
    pub(super) spaces: f64,
    /// With other signs.
    pub(super) signs: f64,
    /// With other digits.
    pub(super) numbers: f64,
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

impl Moved {
    pub(super) fn clear(&mut self) {
        self.removed.clear();
        self.removed_raw.clear();
        self.removed_bare.clear();
        self.added.clear();
    }

    /// Takes a changed line of a file; `trimmed` is `line` without spaces around it.
    pub(super) fn take(&mut self, deleted: bool, file: u32, line: &[u8], trimmed: &[u8]) {
        if trimmed.len() < MIN_LINE {
            return;
        }
        let squeezed = self.hash_of(trimmed, |byte| !byte.is_ascii_whitespace());
        let has_digits = trimmed.iter().any(u8::is_ascii_digit);
        let digitless = has_digits.then(|| {
            self.hash_of(trimmed, |byte| !byte.is_ascii_whitespace() && !byte.is_ascii_digit())
        });
        let bare = self.hash_of(trimmed, u8::is_ascii_alphanumeric);
        let bare = (self.scratch.len() >= MIN_BARE).then_some(bare);
        if deleted {
            self.removed_raw.insert(hash(line));
            let alike = self.removed.entry(squeezed);
            alike.or_insert_with(|| Removed { files: Vec::new(), digitless }).files.push(file);
            if let Some(bare) = bare {
                *self.removed_bare.entry(bare).or_default() += 1;
            }
        } else {
            self.added.push(Added { file, raw: hash(line), squeezed, bare, digitless });
        }
    }

    fn hash_of(&mut self, line: &[u8], keep: impl Fn(&u8) -> bool) -> u64 {
        self.scratch.clear();
        self.scratch.extend(line.iter().filter(|byte| keep(byte)));
        hash(&self.scratch)
    }

    /// Matches added lines with deleted ones. Each deleted line is found once.
    pub(super) fn kinds(&mut self) -> Kinds {
        #[expect(clippy::cast_precision_loss, reason = "some thousand lines at most are read")]
        let mut kinds = Kinds { of: self.added.len() as f64, ..Kinds::default() };
        for line in &self.added {
            if let Some(alike) = self.removed.get_mut(&line.squeezed) {
                if let Some(here) = alike.files.iter().position(|file| *file == line.file) {
                    alike.files.swap_remove(here);
                    let as_it_was = self.removed_raw.contains(&line.raw);
                    *(if as_it_was { &mut kinds.same_file } else { &mut kinds.spaces }) += 1.0;
                    continue;
                }
                if alike.files.pop().is_some() {
                    kinds.other_file += 1.0;
                    continue;
                }
            }
            let alike = line.bare.and_then(|bare| self.removed_bare.get_mut(&bare));
            if let Some(left) = alike.filter(|left| **left > 0) {
                *left -= 1;
                kinds.signs += 1.0;
            }
        }
        kinds.numbers = self.numbers();
        kinds
    }

    /// Added lines that are deleted ones with other digits. Those are found once each, too.
    fn numbers(&self) -> f64 {
        let mut left: HashMap<u64, usize> = HashMap::new();
        for alike in self.removed.values() {
            if let Some(digitless) = alike.digitless {
                *left.entry(digitless).or_default() += alike.files.len();
            }
        }
        let mut found = 0.0;
        for digitless in self.added.iter().filter_map(|line| line.digitless) {
            if let Some(left) = left.get_mut(&digitless).filter(|left| **left > 0) {
                *left -= 1;
                found += 1.0;
            }
        }
        found
    }
}
