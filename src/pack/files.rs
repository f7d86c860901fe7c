//! A pack's files, in memory: out of a zip or a folder, within limits.

use super::PackError;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Cursor, Read, Write as _};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// The largest zip, in bytes.
pub const MAX_ZIP_BYTES: u64 = 8 << 20;
/// The most files and folders.
pub const MAX_ENTRIES: u64 = 512;
/// The most that all files together come to, in bytes.
pub const MAX_INFLATED: u64 = 64 << 20;
/// The most that a file may grow by inflating.
pub const MAX_RATIO: u64 = 100;
/// Files of this size are small enough for any ratio.
pub const ANY_RATIO_BYTES: u64 = 64 << 10;
/// The longest name, folders and all, in bytes.
pub const MAX_NAME_BYTES: usize = 200;
/// How deep folders nest.
pub const MAX_DEPTH: usize = 8;

/// Files by name, `/` between folders. No name leads out, and no two differ by case alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    folded: HashSet<String>,
    size: u64,
}

impl Files {
    /// Reads a zip or a folder.
    ///
    /// # Errors
    /// When it cannot be read, passes a limit, or holds what no pack may.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        if fs::metadata(path).map_err(at(path))?.is_dir() {
            return Self::from_folder(path);
        }
        Self::from_zip(&read(path, MAX_ZIP_BYTES, "the zip's size in bytes")?)
    }

    /// Reads the bytes of a zip.
    ///
    /// # Errors
    /// When it is malformed, passes a limit, or holds what no pack may.
    pub fn from_zip(bytes: &[u8]) -> Result<Self, PackError> {
        limit("the zip", "its size in bytes", bytes.len() as u64, MAX_ZIP_BYTES)?;
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        limit("the zip", "the number of its entries", archive.len() as u64, MAX_ENTRIES)?;
        if archive.has_duplicate_names() {
            return Err(PackError::Zip("two entries have the same name".to_owned()));
        }
        if archive.has_overlapping_entries().map_err(broken)? {
            return Err(PackError::Zip("entries overlap".to_owned()));
        }
        // Before anything is inflated: what no honest writer makes.
        for place in 0..archive.len() {
            check_entry(&archive.by_index_raw(place).map_err(broken)?)?;
        }
        let mut files = Self::default();
        for place in 0..archive.len() {
            let entry = archive.by_index(place).map_err(broken)?;
            if entry.is_dir() {
                continue;
            }
            let name = entry.name().map_err(broken)?.into_owned();
            let left = MAX_INFLATED.saturating_sub(files.size);
            // What the directory says of the size may be a lie.
            let most = entry.compressed_size().saturating_mul(MAX_RATIO).max(ANY_RATIO_BYTES);
            let mut bytes = Vec::new();
            let mut capped = entry.take(left.min(most) + 1);
            capped
                .read_to_end(&mut bytes)
                .map_err(|error| PackError::Zip(format!("{}: {error}", shown(&name))))?;
            limit(&name, "its growth by inflating, in bytes,", bytes.len() as u64, most)?;
            files.insert(&name, bytes)?;
        }
        Ok(files)
    }

    /// Reads a folder. What begins with a dot is passed by: editors and git keep things there.
    fn from_folder(root: &Path) -> Result<Self, PackError> {
        let mut files = Self::default();
        let mut entries = 0;
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let path = root.join(&folder);
            for entry in fs::read_dir(&path).map_err(at(&path))? {
                let entry = entry.map_err(at(&path))?;
                let name = entry.file_name();
                let Some(name) = name.to_str() else {
                    return Err(name_error(&name.to_string_lossy(), "is not UTF-8"));
                };
                if name.starts_with('.') {
                    continue;
                }
                entries += 1;
                limit("the folder", "the number of its entries", entries, MAX_ENTRIES)?;
                let name =
                    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                check_name(&name)?;
                // Of a link itself: it is not followed.
                let kind = entry.file_type().map_err(at(&path))?;
                if kind.is_dir() {
                    open.push(name);
                } else if kind.is_file() {
                    let most = MAX_INFLATED.saturating_sub(files.size);
                    let bytes = read(&root.join(&name), most, "the size of all files in bytes")?;
                    files.insert(&name, bytes)?;
                } else {
                    return Err(PackError::NotAFile(shown(&name)));
                }
            }
        }
        Ok(files)
    }

    /// Adds a file, or takes another's place.
    ///
    /// # Errors
    /// When its name may not be, or a limit is passed.
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), PackError> {
        check_name(name)?;
        self.remove(name);
        if !self.folded.insert(name.to_lowercase()) {
            return Err(name_error(name, "differs from another by case alone"));
        }
        self.size += bytes.len() as u64;
        limit("the pack", "the size of all files in bytes", self.size, MAX_INFLATED)?;
        limit("the pack", "the number of its files", self.files.len() as u64 + 1, MAX_ENTRIES)?;
        self.files.insert(name.to_owned(), bytes);
        Ok(())
    }

    /// Takes a file out.
    pub fn remove(&mut self, name: &str) -> Option<Vec<u8>> {
        let bytes = self.files.remove(name)?;
        self.folded.remove(&name.to_lowercase());
        self.size -= bytes.len() as u64;
        Some(bytes)
    }

    /// A file's bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// A file's text.
    ///
    /// # Errors
    /// When there is none, it is over the limit of a pet's texts, or it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<&str, PackError> {
        let bytes = self.get(name).ok_or_else(|| PackError::Missing(name.to_owned()))?;
        limit(name, "its size in bytes", bytes.len() as u64, crate::pet::MAX_TEXT_BYTES)?;
        let problem = || "is not UTF-8".to_owned();
        std::str::from_utf8(bytes)
            .map_err(|_| PackError::Manifest { file: name.to_owned(), problem: problem() })
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// What all files come to, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A zip of the files in the order of their names, without dates.
    ///
    /// # Errors
    /// When it would be over [`MAX_ZIP_BYTES`].
    pub fn to_zip(&self) -> Result<Vec<u8>, PackError> {
        let options = SimpleFileOptions::default()
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in self.iter() {
            // Pictures and containers are packed already; some packed texts would be a bomb.
            let deflated =
                options.compression_method(CompressionMethod::Deflated).compression_level(Some(9));
            let stored = options.compression_method(CompressionMethod::Stored);
            let plain = [".toml", ".txt", ".svg", ".json", super::SUMS]
                .iter()
                .any(|end| name.ends_with(end));
            let small = bytes.len() as u64 <= ANY_RATIO_BYTES;
            let options =
                if plain && (small || name.ends_with(".svg")) { deflated } else { stored };
            zip.start_file(name, options).map_err(broken)?;
            zip.write_all(bytes).map_err(|error| PackError::Zip(error.to_string()))?;
        }
        let bytes = zip.finish().map_err(broken)?.into_inner();
        limit("the zip", "its size in bytes", bytes.len() as u64, MAX_ZIP_BYTES)?;
        Ok(bytes)
    }
}

fn check_entry<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> Result<(), PackError> {
    let name = entry.name().map_err(broken)?;
    check_name(name.strip_suffix('/').filter(|_| entry.is_dir()).unwrap_or(&name))?;
    // The file type of Unix: regular, a folder, or not told.
    let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
    if entry.is_symlink() || ![0, 0o040_000, 0o100_000].contains(&kind) {
        return Err(PackError::NotAFile(shown(&name)));
    }
    if entry.encrypted() {
        return Err(PackError::Zip(format!("{:?} is encrypted", shown(&name))));
    }
    let most = entry.compressed_size().saturating_mul(MAX_RATIO).max(ANY_RATIO_BYTES);
    limit(&name, "its size in bytes", entry.size(), MAX_INFLATED)?;
    limit(&name, "its growth by inflating, in bytes,", entry.size(), most)
}

/// Whether a name leads nowhere but into the pack, on every system.
fn check_name(name: &str) -> Result<(), PackError> {
    let wrong = |problem| Err(name_error(name, problem));
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | '@');
    if name.len() > MAX_NAME_BYTES {
        return wrong("is too long");
    }
    if name.starts_with('/') || name.contains('\\') || name.as_bytes().get(1) == Some(&b':') {
        return wrong("is not relative to the pack");
    }
    if name.split('/').any(|part| part == "..") {
        return wrong("leads out of the pack");
    }
    if !name.chars().all(fits) {
        return wrong("has a character other than a-z, A-Z, 0-9 and . _ - + @");
    }
    if name.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with('.')) {
        return wrong("has a part that is empty, or begins or ends with a dot");
    }
    if name.split('/').any(is_device) {
        return wrong("means a device on Windows");
    }
    if name.split('/').count() > MAX_DEPTH {
        return wrong("is too deep");
    }
    Ok(())
}

/// Whether Windows takes the name for a device, whatever comes after the dot.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |kind: &str| {
        stem.strip_prefix(kind)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

fn name_error(name: &str, problem: &'static str) -> PackError {
    PackError::Name { name: shown(name), problem }
}

pub(super) fn limit(at: &str, what: &'static str, count: u64, limit: u64) -> Result<(), PackError> {
    if count > limit {
        return Err(PackError::Limit { at: shown(at), what, limit });
    }
    Ok(())
}

/// As much of a name as a message should hold.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

/// Reads a plain file that is not larger than `most` bytes. A pipe or a device is not opened.
pub(super) fn read(path: &Path, most: u64, what: &'static str) -> Result<Vec<u8>, PackError> {
    if !fs::metadata(path).map_err(at(path))?.is_file() {
        return Err(PackError::NotAFile(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(at(path))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(at(path))?;
    limit(&path.display().to_string(), what, bytes.len() as u64, most)?;
    Ok(bytes)
}

pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> PackError {
    move |error| PackError::File { path: path.to_owned(), error }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(error: zip::result::ZipError) -> PackError {
    PackError::Zip(error.to_string().chars().take(200).collect())
}
