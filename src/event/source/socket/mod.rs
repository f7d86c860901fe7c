//! The socket on which a pet listens: where it lies, who may come, and how one event is sent to it.
//!
//! A pet's socket is `PID-TTY-REPOSITORY.sock` in a folder that only its user may enter. The name
//! says whose pet it is, so that there is nothing beside it to be kept true.

mod folder;
mod sender;
mod server;

pub use folder::{SocketError, folder};
pub use sender::{Pet, candidates, pets, send};
pub use server::{BURST, LINES_A_SECOND, Listening, MAX_CLIENTS, listen};

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// The longest path of a socket, in bytes: systems give a socket's name 104 or 108.
pub const MAX_PATH_BYTES: usize = 100;
/// How many sockets are looked at; a folder with more is not one of pets.
const MAX_SOCKETS: usize = 256;
/// How far up a repository's folder is looked for.
const MAX_PARENTS: usize = 64;

/// Where somebody is: at which terminal, in which repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The controlling terminal's device.
    pub tty: Option<u64>,
    /// The repository's folder.
    pub repo: Option<PathBuf>,
}

impl Place {
    /// A socket's name for a pet here.
    fn name(&self, process: u32) -> String {
        format!("{process}-{}.sock", [self.tty_name(), self.repo_name()].join("-"))
    }

    fn tty_name(&self) -> String {
        self.tty.map_or_else(|| "0".to_owned(), |tty| format!("{tty:x}"))
    }

    /// Half of its path's hash: names must be short, and whose they are is not told to others.
    fn repo_name(&self) -> String {
        let Some(repo) = &self.repo else { return "0".to_owned() };
        let hash = Sha256::digest(repo.as_os_str().as_encoded_bytes());
        hash.iter().take(8).fold(String::new(), |mut name, byte| {
            // Writing into a string cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }
}

/// The folder of the repository that `path` is in, where it is in one.
#[must_use]
pub fn repository_of(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let found = path.ancestors().take(MAX_PARENTS).find(|above| above.join(".git").exists());
    found.map(Path::to_path_buf)
}

/// The user who is at the other end of a connection. (rustix takes for granted that the process has
/// a number here, too, which one from outside of our PID namespace has not.)
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer(stream: impl AsFd) -> io::Result<u32> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    Ok(getsockopt(&stream, PeerCredentials)?.uid())
}

/// The user who is at the other end of a connection.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer(stream: impl AsFd) -> io::Result<u32> {
    let (user, _) = nix::unistd::getpeereid(stream)?;
    Ok(user.as_raw())
}

/// Whether it is our own.
fn is_ours(stream: impl AsFd) -> bool {
    peer(stream).is_ok_and(|user| user == me())
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests;
