//! Installed packs: `packs/AUTHOR/NAME.buddypack` in a folder, and the keys beside them.
//!
//! A pack is written whole under another name in the same folder, brought to the disk, and then
//! renamed: whenever that is cut short, the old pack or none is there.

use super::files::{at, read};
use super::{Id, MAX_ZIP_BYTES, Pack, PackError, TrustedKeys, seal};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How an installed pack's file ends.
const EXTENSION: &str = "buddypack";
/// The file of the trusted keys.
const KEYS: &str = "keys.toml";
/// The largest list of keys, in bytes.
const MAX_KEYS_BYTES: u64 = 1 << 20;
/// The most packs that are looked at.
const MAX_PACKS: usize = 10_000;

/// The folder of the installed packs.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// What became of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Which pack.
    pub id: Id,
    /// Where it is.
    pub path: PathBuf,
    /// Whether its author's key is trusted from now on.
    pub new_key: bool,
}

impl Store {
    /// The store in `root`, which need not be there yet.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Installs a pack's bytes, in place of an older one of the same id.
    ///
    /// # Errors
    /// When the pack is refused, its author's key is another than before, or the disk refuses.
    pub fn install(&self, pack: Pack) -> Result<Installed, PackError> {
        let id = pack.manifest().id.clone();
        let mut keys = self.keys()?;
        let new_key = keys.meet(&id, pack.signer())?;
        let path = self.path(&id);
        if new_key {
            write(&self.root.join(KEYS), keys.to_toml().as_bytes())?;
        }
        write(&path, &seal(pack.files)?)?;
        Ok(Installed { id, path, new_key })
    }

    /// Removes a pack; its author's key stays trusted. Says whether there was one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, id: &Id) -> Result<bool, PackError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// The ids of the installed packs, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<Id> {
        let mut ids = Vec::new();
        for author in entries(&self.root) {
            for file in entries(&self.root.join(&author)) {
                let name = file.strip_suffix(".buddypack");
                ids.extend(name.and_then(|name| format!("{author}/{name}").parse().ok()));
            }
        }
        ids.truncate(MAX_PACKS);
        ids.sort();
        ids
    }

    /// Opens an installed pack.
    ///
    /// # Errors
    /// When it is not there or is refused.
    pub fn open(&self, id: &Id) -> Result<Pack, PackError> {
        Pack::open(&self.path(id))
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.root.join(&id.author).join(&id.name).with_extension(EXTENSION)
    }

    fn keys(&self) -> Result<TrustedKeys, PackError> {
        let path = self.root.join(KEYS);
        if !path.exists() {
            return Ok(TrustedKeys::default());
        }
        let text = read(&path, MAX_KEYS_BYTES, "its size in bytes")?;
        TrustedKeys::parse(&String::from_utf8_lossy(&text))
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let found = fs::read_dir(folder).into_iter().flatten().take(MAX_PACKS);
    found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), PackError> {
    debug_assert!(bytes.len() as u64 <= MAX_ZIP_BYTES.max(MAX_KEYS_BYTES));
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).map_err(at(folder))?;
    let mut file =
        tempfile::Builder::new().prefix(".incoming-").tempfile_in(folder).map_err(at(folder))?;
    file.write_all(bytes).map_err(at(path))?;
    file.as_file().sync_all().map_err(at(path))?;
    file.persist(path).map_err(|error| at(path)(error.error))?;
    // The rename itself; where a folder cannot be opened, as on Windows, the system does as it does.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
