//! Reads files of a work tree, whatever has been put in their place: only plain ones, only so far,
//! without following a link and without waiting.

use super::read::{MAX_TEXT, text_of};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

/// What a file holds.
#[derive(Debug, PartialEq)]
pub(super) enum Held {
    /// It is not there.
    Nothing,
    /// Text of at most [`MAX_TEXT`] bytes.
    Text(Arc<str>),
    /// More, or no text, or it is no file.
    Other,
}

/// A work tree's folder, held open.
pub(super) struct Files<'a> {
    root: &'a Path,
    #[cfg(unix)]
    folder: rustix::fd::OwnedFd,
}

impl<'a> Files<'a> {
    #[cfg(unix)]
    pub(super) fn new(root: &'a Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root, folder: open(root, flags, Mode::empty())? })
    }

    #[cfg(not(unix))]
    pub(super) fn new(root: &'a Path) -> io::Result<Self> {
        Ok(Self { root })
    }

    /// What is at that path, which is relative and has slashes.
    pub(super) fn text(&self, path: &str) -> Held {
        match self.read(path, MAX_TEXT) {
            Ok(Some(bytes)) => text_of(bytes).map_or(Held::Other, |text| Held::Text(text.into())),
            Ok(None) => Held::Other,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Held::Nothing,
            // A folder above it is a file or a link now.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Held::Nothing,
            Err(_) => Held::Other,
        }
    }

    /// The bytes of a plain file of at most so many.
    pub(super) fn read(&self, path: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let file = self.open(path)?;
        let about = file.metadata()?;
        if !about.is_file() || about.len() > most {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= most).then_some(bytes))
    }

    /// What the system says of it; a link is not followed.
    pub(super) fn about(&self, path: &str) -> io::Result<std::fs::Metadata> {
        self.root.join(path).symlink_metadata()
    }

    /// No link is followed, not even above the file, where the system can be told so.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn open(&self, path: &str) -> io::Result<File> {
        use rustix::fs::{Mode, ResolveFlags, openat2};
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(&self.folder, path, flags(), Mode::empty(), within) {
            // Before Linux 5.6, and in some sandboxes.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
                Ok(rustix::fs::openat(&self.folder, path, flags(), Mode::empty())?.into())
            }
            Err(rustix::io::Errno::LOOP) => Err(io::ErrorKind::NotFound.into()),
            opened => Ok(opened?.into()),
        }
    }

    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    fn open(&self, path: &str) -> io::Result<File> {
        Ok(rustix::fs::openat(&self.folder, path, flags(), rustix::fs::Mode::empty())?.into())
    }

    #[cfg(not(unix))]
    fn open(&self, path: &str) -> io::Result<File> {
        if !self.about(path)?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        File::open(self.root.join(path))
    }
}

/// A pipe would make whoever opens it wait.
#[cfg(unix)]
fn flags() -> rustix::fs::OFlags {
    use rustix::fs::OFlags;
    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_plain_text_within_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("work");
        fs::create_dir(&root).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(root.join("a"), "text").unwrap();
        fs::write(root.join("b"), b"\0binary").unwrap();
        fs::write(root.join("c"), "x".repeat(usize::try_from(MAX_TEXT).unwrap() + 1)).unwrap();
        std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        let pipe = root.join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let files = Files::new(&root).unwrap();
        assert_eq!(files.text("a"), Held::Text("text".into()));
        for path in ["b", "c", "pipe"] {
            assert_eq!(files.text(path), Held::Other, "{path}");
        }
        for path in ["link", "none", "a/x"] {
            assert_eq!(files.text(path), Held::Nothing, "{path}");
        }
        #[cfg(target_os = "linux")]
        assert_eq!(files.text("up/secret"), Held::Nothing);
        assert!(!matches!(files.text("../secret"), Held::Text(_)));
    }
}
