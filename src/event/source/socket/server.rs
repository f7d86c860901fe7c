//! The pet's end: one thread that takes connections and reads their lines, none of which may cost
//! more than its share.

use super::sender::connect;
use super::{MAX_PATH_BYTES, Place, SocketError, folder, is_ours};
use crate::event::bus::Bus;
use crate::event::source::{Line, Splitter};
use crate::event::wire::{MAX_LINE_BYTES, Reader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{self, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many may be connected at a time; one more, and the longest silent one goes.
pub const MAX_CLIENTS: usize = 32;
/// Lines a second that are taken of one connection. What is more waits in the system's buffer, and
/// when that is full, with its sender.
pub const LINES_A_SECOND: u32 = 2_000;
/// Lines that may come at once.
pub const BURST: u32 = 512;
/// How long nobody is let in after the system refused to.
const DEAFNESS: Duration = Duration::from_secs(1);
/// What is read of one connection before the next has its turn, in bytes.
const TURN: usize = 16 << 10;

/// A socket that is listened on. It is gone from the disk when this is dropped.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    /// The thread ends when this end closes.
    _end: UnixStream,
}

impl Listening {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Somebody may have tidied up before us.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens in `folder` for events to a pet at `place`, and puts them on the bus until the returned
/// value is dropped. Sockets there that pets left behind when they were killed are removed.
///
/// # Errors
///
/// Where the folder is not ours alone or cannot be made, or the system refuses the socket.
pub fn listen(folder: &Path, place: &Place, bus: Arc<Bus>) -> Result<Listening, SocketError> {
    folder::make(folder)?;
    sweep(folder);
    let path = folder.join(place.name(std::process::id()));
    if path.as_os_str().len() > MAX_PATH_BYTES {
        return Err(SocketError::TooLong { path });
    }
    let failed = |source| SocketError::Io { path: path.clone(), source };
    let listener = bind(&path).map_err(failed)?;
    let (end, watched) = UnixStream::pair().map_err(failed)?;
    let listening = Listening { path: path.clone(), _end: end };
    let name = "socket".to_owned();
    let clients = Vec::new();
    let serve = move || Server { listener, watched, clients, bus, deaf_until: None }.run();
    std::thread::Builder::new().name(name).spawn(serve).map_err(failed)?;
    Ok(listening)
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // A pet of the same number, long gone.
    let _ = fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Removes sockets on which nobody listens.
fn sweep(folder: &Path) {
    for path in folder::sockets(folder) {
        let gone = connect(&path).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
        if gone {
            let _ = fs::remove_file(path);
        }
    }
}

struct Server {
    listener: UnixListener,
    watched: UnixStream,
    clients: Vec<Client>,
    bus: Arc<Bus>,
    /// Nobody is let in before: the system refused to.
    deaf_until: Option<Instant>,
}

impl Server {
    /// Serves until the pet is gone or the system fails.
    fn run(mut self) {
        while let Ok(ready) = self.wait() {
            if ready.ended {
                return;
            }
            let (bus, now) = (&self.bus, Instant::now());
            let mut readable = ready.clients.iter();
            self.clients.retain_mut(|client| {
                !readable.next().copied().unwrap_or(false) || client.read(bus, now)
            });
            if ready.knock {
                self.accept(now);
            }
        }
    }

    /// Waits for whatever comes first. A connection that is paused is not watched at all: one that hung
    /// up would wake us again and again.
    fn wait(&self) -> io::Result<Ready> {
        let now = Instant::now();
        let deaf = self.deaf_until.and_then(|until| until.checked_duration_since(now));
        let knocks = if deaf.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let mut fds =
            vec![PollFd::new(&self.watched, PollFlags::IN), PollFd::new(&self.listener, knocks)];
        let watched: Vec<bool> = self.clients.iter().map(|c| c.pause(now).is_none()).collect();
        let clients = self.clients.iter().zip(&watched).filter(|(_, watched)| **watched);
        fds.extend(clients.map(|(client, _)| PollFd::new(&client.stream, PollFlags::IN)));
        let pauses = self.clients.iter().filter_map(|client| client.pause(now));
        let pause = pauses.chain(deaf).min();
        let time = pause.and_then(|pause| Timespec::try_from(pause).ok());
        match poll(&mut fds, time.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            other => drop(other?),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut next = || ready.next().unwrap_or(false);
        let (ended, knock) = (next(), next());
        let clients = watched.iter().map(|watched| *watched && next()).collect();
        Ok(Ready { ended, knock, clients })
    }

    fn accept(&mut self, now: Instant) {
        let (stream, _) = match self.listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
                // Whoever knocks goes on knocking while the process may open no more files.
                if !matches!(error.kind(), ConnectionAborted | Interrupted | WouldBlock) {
                    self.deaf_until = Some(now + DEAFNESS);
                }
                return;
            }
        };
        if !is_ours(&stream) || stream.set_nonblocking(true).is_err() {
            return;
        }
        if self.clients.len() >= MAX_CLIENTS {
            let oldest = (0..self.clients.len()).min_by_key(|at| self.clients[*at].heard);
            oldest.map(|oldest| self.clients.swap_remove(oldest));
        }
        self.clients.push(Client::new(stream, now));
    }
}

/// What there is to do.
struct Ready {
    ended: bool,
    knock: bool,
    clients: Vec<bool>,
}

/// One connection.
struct Client {
    stream: UnixStream,
    lines: Splitter,
    reader: Reader,
    heard: Instant,
    /// When all lines that came are paid for.
    paid: Instant,
}

impl Client {
    fn new(stream: UnixStream, now: Instant) -> Self {
        let reader = Reader::with_documents_of(MAX_LINE_BYTES);
        Self { stream, lines: Splitter::of_lines(), reader, heard: now, paid: now }
    }

    /// How long nothing is read of it: it sent more than its share.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let owed = self.paid.saturating_duration_since(now);
        let free = Duration::from_secs(1) * BURST / LINES_A_SECOND;
        owed.checked_sub(free).filter(|pause| !pause.is_zero())
    }

    /// Reads what came, at most a turn; whether more may come.
    fn read(&mut self, bus: &Bus, now: Instant) -> bool {
        let mut buffer = [0; TURN];
        let count = match self.stream.read(&mut buffer) {
            Ok(0) => {
                self.end(bus);
                return false;
            }
            Ok(count) => count,
            Err(error) => {
                use io::ErrorKind::{Interrupted, WouldBlock};
                return matches!(error.kind(), Interrupted | WouldBlock);
            }
        };
        self.heard = now;
        let mut rest = buffer.get(..count).unwrap_or_default();
        let mut lines = 0;
        while !rest.is_empty() {
            let (used, line) = self.lines.take(rest);
            rest = rest.get(used..).unwrap_or_default();
            if let Some(line) = line {
                lines += 1;
                self.line(&line, bus);
            }
        }
        self.paid = self.paid.max(now) + Duration::from_secs(1) * lines / LINES_A_SECOND;
        true
    }

    fn line(&mut self, line: &Line, bus: &Bus) {
        match line {
            Line::Whole(bytes) => self.reader.line(bytes).into_iter().for_each(|e| bus.push(e)),
            Line::TooLong => self.reader.too_long(),
        }
        // Whoever sends them can have `buddy-render events` say what is wrong with them.
        self.reader.problems();
    }

    fn end(&mut self, bus: &Bus) {
        if let Some(line) = self.lines.finish() {
            self.line(&line, bus);
        }
        self.reader.finish().into_iter().for_each(|event| bus.push(event));
    }
}
