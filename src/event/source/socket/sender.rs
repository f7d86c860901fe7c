//! The other end: finds a pet's socket and sends it a line, without ever waiting.

use super::{Place, folder, is_ours};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use std::io;
use std::path::{Path, PathBuf};

/// The sockets in a folder that are meant where somebody is: those of the same terminal, then those
/// of the same repository, each the youngest first. None where the folder is not ours alone.
#[must_use]
pub fn candidates(path: &Path, place: &Place) -> Vec<PathBuf> {
    if folder::check(path).is_err() {
        return Vec::new();
    }
    let sockets = folder::sockets(path);
    let part = |socket: &Path, at: usize| {
        let stem = socket.file_stem()?.to_str()?;
        stem.split('-').nth(at).map(str::to_owned)
    };
    let of = |at: usize, name: Option<String>| {
        let sockets = sockets.clone();
        name.into_iter().flat_map(move |name| {
            let here = move |socket: &PathBuf| part(socket, at).as_ref() == Some(&name);
            sockets.clone().into_iter().filter(here)
        })
    };
    let mut found: Vec<PathBuf> = of(1, place.tty.map(|_| place.tty_name())).collect();
    found.extend(of(2, place.repo.as_ref().map(|_| place.repo_name())));
    found
}

/// A pet that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pet {
    /// Its socket.
    pub path: PathBuf,
    /// Its process.
    pub process: u32,
    /// The device of its terminal, where it has one.
    pub tty: Option<u64>,
}

/// The pets that listen in a folder, the youngest first. None where the folder is not ours alone.
#[must_use]
pub fn pets(path: &Path) -> Vec<Pet> {
    if folder::check(path).is_err() {
        return Vec::new();
    }
    let pet = |path: PathBuf| {
        let mut parts = path.file_stem()?.to_str()?.split('-');
        let process = parts.next()?.parse().ok()?;
        let tty = u64::from_str_radix(parts.next()?, 16).ok().filter(|tty| *tty != 0);
        let listens = connect(&path).is_ok_and(|socket| is_ours(&socket));
        listens.then_some(Pet { path, process, tty })
    };
    folder::sockets(path).into_iter().filter_map(pet).collect()
}

/// Sends a line to a socket, a newline after it. Never waits: where the pet cannot take it now, it is
/// not sent.
///
/// # Errors
///
/// Where nobody listens, somebody else does, or the socket is full.
pub fn send(path: &Path, line: &str) -> io::Result<()> {
    let socket = connect(path)?;
    if !is_ours(&socket) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user listens there"));
    }
    let bytes = [line.as_bytes(), b"\n"].concat();
    // A pet that leaves now is an error and no signal: Rust programs ignore SIGPIPE.
    let sent = rustix::net::send(&socket, &bytes, SendFlags::DONTWAIT)?;
    if sent < bytes.len() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(())
}

/// A connection, made without waiting for a place in the queue.
pub(super) fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::empty(),
        None,
    )?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}
