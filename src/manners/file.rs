//! Small files, opened with care.

use super::error::MannersError;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file of manners, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 << 10;

/// The text of a file, and about it; nothing where there is none. Bytes that are no UTF-8 are
/// replaced. What is no plain file is not waited for.
pub(super) fn read(path: &Path) -> Result<Option<(String, Metadata)>, MannersError> {
    let failed = |source| MannersError::File { path: path.to_owned(), source };
    let file = match open(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        other => other.map_err(failed)?,
    };
    let about = file.metadata().map_err(failed)?;
    let mut bytes = Vec::new();
    if about.is_file() {
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if !about.is_file() || bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(MannersError::NoFile { path: path.to_owned() });
    }
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), about)))
}

/// Not there, or on a way that leads through something which is no folder.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Opens without waiting for whoever would write into a pipe of that name.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Whether nobody but its user and the system's may write to it.
#[cfg(unix)]
pub(super) fn is_own(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid().as_raw();
    (about.uid() == me || about.uid() == 0) && about.mode() & 0o022 == 0
}

#[cfg(not(unix))]
pub(super) const fn is_own(_: &Metadata) -> bool {
    true
}
