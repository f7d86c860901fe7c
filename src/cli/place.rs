//! Where we are, as far as sockets go: whose folder, which terminal, which repository.

use buddy_render::event::bus::Bus;
use buddy_render::event::source::socket::{self, Place};
use buddy_render::manners::Environment;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) use buddy_render::event::source::socket::Listening;

/// Listens for events to a pet that plays here, if it can. In CI nobody would send any.
pub(super) fn listen(bus: Arc<Bus>) -> Option<Listening> {
    if Environment::capture().ci {
        return None;
    }
    socket::listen(&folder(), &here(), bus).ok()
}

/// Listens for events to a pet over a shell, whose programs are in that terminal.
pub(super) fn listen_in(tty: Option<u64>, bus: Arc<Bus>) -> Option<Listening> {
    socket::listen(&folder(), &Place { tty, ..here() }, bus).ok()
}

/// The folder of this user's sockets.
pub(super) fn folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR");
    socket::folder(runtime.as_deref(), &std::env::temp_dir())
}

/// All folders in which sockets of this user may lie: pets of a login's session have one, those of a
/// plain `ssh` or a timer another.
pub(super) fn folders() -> Vec<PathBuf> {
    let usual = format!("/run/user/{}", rustix::process::geteuid().as_raw());
    let temporary = std::env::temp_dir();
    let other = [Some(OsStr::new(&usual)), None].map(|place| socket::folder(place, &temporary));
    let mut folders = vec![folder()];
    for folder in other {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The terminal and repository in which this process runs.
pub(super) fn here() -> Place {
    let repo = std::env::current_dir().ok().and_then(|path| socket::repository_of(&path));
    Place { tty: tty(), repo }
}

/// The controlling terminal's device, also where no stream of ours is open on it. Linux tells it of
/// each process, after the program's name, which may hold anything but ends with the last bracket.
#[cfg(target_os = "linux")]
pub(super) fn tty() -> Option<u64> {
    let about = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after) = about.rsplit_once(')')?;
    // State, parent, group, session, and then the terminal.
    let number: i32 = after.split_ascii_whitespace().nth(4)?.parse().ok()?;
    (number != 0).then(|| u64::from(number.cast_unsigned()))
}

/// The device of the terminal that one of our streams is open on.
#[cfg(not(target_os = "linux"))]
pub(super) fn tty() -> Option<u64> {
    use std::io::IsTerminal as _;
    use std::os::fd::AsFd as _;
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let streams = [
        stdin.is_terminal().then(|| stdin.as_fd()),
        stdout.is_terminal().then(|| stdout.as_fd()),
        stderr.is_terminal().then(|| stderr.as_fd()),
    ];
    let about = streams.into_iter().flatten().find_map(|fd| rustix::fs::fstat(fd).ok())?;
    u64::try_from(about.st_rdev).ok()
}
