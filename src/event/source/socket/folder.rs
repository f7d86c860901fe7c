//! The folder of a user's sockets, which nobody else may enter.

use super::{MAX_SOCKETS, me};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The folder is somebody else's, or others may enter it.
    #[error("{} is not a folder that only you may enter (mode 700)", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// Its path is longer than [`super::MAX_PATH_BYTES`].
    #[error("{} is too long for a socket's path", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{}", path.display())]
    Io {
        /// To what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// The folder for sockets: `buddy` in `runtime` (`XDG_RUNTIME_DIR`) where that is an absolute path,
/// else `buddy-UID` in the folder for temporary files.
#[must_use]
pub fn folder(runtime: Option<&OsStr>, temporary: &Path) -> PathBuf {
    match runtime.map(Path::new).filter(|runtime| runtime.is_absolute()) {
        Some(runtime) => runtime.join("buddy"),
        None => temporary.join(format!("buddy-{}", me())),
    }
}

/// Makes the folder where it is missing. One that is not ours alone is not used.
pub(super) fn make(path: &Path) -> Result<(), SocketError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(SocketError::Io { path: path.to_owned(), source })
        }
        _ => check(path),
    }
}

/// Whether it is a folder, no link to one, of ours, closed to others.
pub(super) fn check(path: &Path) -> Result<(), SocketError> {
    let about = fs::symlink_metadata(path)
        .map_err(|source| SocketError::Io { path: path.to_owned(), source })?;
    let ours = about.is_dir() && about.uid() == me() && about.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(SocketError::Folder { path: path.to_owned() }) }
}

/// The sockets in a folder, the youngest first.
pub(super) fn sockets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let aged = |entry: fs::DirEntry| {
        let about = entry.metadata().ok().filter(|about| about.file_type().is_socket())?;
        Some((about.ctime(), about.ctime_nsec(), entry.path()))
    };
    let mut found: Vec<_> =
        entries.take(MAX_SOCKETS).filter_map(|entry| aged(entry.ok()?)).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, _, path)| path).collect()
}
