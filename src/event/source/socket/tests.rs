//! On real sockets.

use super::server::{BURST, LINES_A_SECOND, MAX_CLIENTS};
use super::*;
use crate::event::bus::Bus;
use crate::event::{Event, EventKind};
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HIDE: &str = r#"{"v":1,"event":"hide"}"#;
const LONG: Duration = Duration::from_secs(20);

fn here(tty: u64) -> Place {
    Place { tty: Some(tty), repo: Some("/p".into()) }
}

/// A pet's end in a folder of its own.
fn pet() -> (tempfile::TempDir, PathBuf, Arc<Bus>, Listening) {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("buddy");
    let bus = Arc::new(Bus::new());
    let listening = listen(&folder, &here(7), Arc::clone(&bus)).unwrap();
    (above, folder, bus, listening)
}

fn next(bus: &Bus) -> Option<EventKind> {
    bus.recv_timeout(LONG).map(|event| event.kind)
}

#[test]
fn a_line_becomes_an_event() {
    let (_above, folder, bus, listening) = pet();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(listening.path())), (0o700, 0o600));
    send(listening.path(), HIDE).unwrap();
    assert_eq!(next(&bus), Some(EventKind::Hide));
    // Foreign formats, in pieces, and the last line without an end.
    let mut stream = UnixStream::connect(listening.path()).unwrap();
    stream.write_all(b"nonsense\n{\"v\":1,\"eve").unwrap();
    stream.write_all(b"nt\":\"show\"}\n[main abc1234] x").unwrap();
    drop(stream);
    assert_eq!(next(&bus), Some(EventKind::Show));
    assert!(matches!(next(&bus), Some(EventKind::Commit { .. })));
    let path = listening.path().to_owned();
    drop(listening);
    assert!(!path.exists());
    assert!(send(&path, HIDE).is_err());
}

#[test]
fn the_terminal_comes_before_the_repository() {
    let (_above, folder, _bus, listening) = pet();
    let name = |place: &Place, process: u32| folder.join(place.name(process));
    let other = Place { tty: Some(9), ..here(9) };
    let stranger = Place { tty: Some(10), repo: Some("/q".into()) };
    let sockets = [name(&other, 1), name(&stranger, 2)];
    let _open: Vec<_> = sockets.iter().map(|path| UnixListener::bind(path).unwrap()).collect();
    let found = candidates(&folder, &other);
    assert_eq!(found[0], sockets[0]);
    assert!(found.contains(&listening.path().to_owned()) && !found.contains(&sockets[1]));
    assert_eq!(candidates(&folder, &Place { tty: Some(10), repo: None }), [sockets[1].clone()]);
    assert!(candidates(&folder, &Place::default()).is_empty());
}

#[test]
fn what_killed_pets_left_is_swept() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("buddy");
    folder::make(&folder).unwrap();
    let dead = folder.join(here(1).name(1));
    drop(UnixListener::bind(&dead).unwrap());
    assert!(dead.exists());
    let _listening = listen(&folder, &here(7), Arc::new(Bus::new())).unwrap();
    assert!(!dead.exists());
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let above = tempfile::tempdir().unwrap();
    let bus = || Arc::new(Bus::new());
    let open = above.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(listen(&open, &here(1), bus()), Err(SocketError::Folder { .. })));
    assert!(candidates(&open, &here(1)).is_empty());
    let (real, link) = (above.path().join("real"), above.path().join("link"));
    folder::make(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert!(matches!(listen(&link, &here(1), bus()), Err(SocketError::Folder { .. })));
    let long = above.path().join("x".repeat(MAX_PATH_BYTES));
    assert!(matches!(listen(&long, &here(1), bus()), Err(SocketError::TooLong { .. })));
}

#[test]
fn the_folder_is_the_runtimes_or_a_temporary_one_of_ours() {
    let temporary = Path::new("/tmp");
    assert_eq!(folder(Some("/run/user/7".as_ref()), temporary), Path::new("/run/user/7/buddy"));
    let own = temporary.join(format!("buddy-{}", me()));
    assert_eq!(folder(Some("relative".as_ref()), temporary), own);
    assert_eq!(folder(None, temporary), own);
}

#[test]
fn a_full_socket_makes_nobody_wait() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("full.sock");
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let listener = rustix::net::socket_with(family, kind, SocketFlags::empty(), None).unwrap();
    rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&listener, 1).unwrap();
    let begun = Instant::now();
    let open: Vec<_> = std::iter::from_fn(|| sender::connect(&path).ok()).take(100).collect();
    assert!(open.len() < 100);
    let error = send(&path, HIDE).unwrap_err();
    assert!(begun.elapsed() < LONG && error.kind() == io::ErrorKind::WouldBlock, "{error}");
    // One that is read of, but never, fills up.
    let path = above.path().join("deaf.sock");
    let _deaf = UnixListener::bind(&path).unwrap();
    let line = format!("{{\"x\":\"{}\"}}", "a".repeat(8 << 20));
    assert_eq!(send(&path, &line).unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_flood_is_slowed_and_others_are_still_heard() {
    let (_above, _folder, bus, listening) = pet();
    let mut flood = UnixStream::connect(listening.path()).unwrap();
    flood.set_nonblocking(true).unwrap();
    let line = b"{\"v\":1,\"event\":\"keystroke\",\"count\":1}\n".repeat(1_000);
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < Duration::from_millis(500) {
        match flood.write(&line) {
            Ok(count) => sent += count,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    send(listening.path(), HIDE).unwrap();
    let (mut keys, mut hidden) = (0, false);
    while !hidden {
        match next(&bus).expect("an event") {
            EventKind::Keystroke { count, .. } => keys += count,
            other => hidden = other == EventKind::Hide,
        }
    }
    // What one reading brings at once is paid for afterwards.
    let turn = 16 * 1024 / 36;
    let seconds = begun.elapsed().as_secs_f64();
    let most = f64::from(BURST) + f64::from(LINES_A_SECOND) * seconds + f64::from(turn);
    assert!(keys > 0 && (keys as f64) <= most, "{keys} of {} in {seconds} s", sent / 36);
}

#[test]
fn one_connection_too_many_ends_the_longest_silent_one() {
    let (_above, _folder, bus, listening) = pet();
    let connect = || UnixStream::connect(listening.path()).unwrap();
    let mut streams: Vec<_> = (0..MAX_CLIENTS).map(|_| connect()).collect();
    for stream in &mut streams[1..] {
        writeln!(stream, "{HIDE}").unwrap();
        assert_eq!(next(&bus), Some(EventKind::Hide));
    }
    let mut last = connect();
    writeln!(last, "{HIDE}").unwrap();
    assert_eq!(next(&bus), Some(EventKind::Hide));
    // The first one, which said nothing, was hung up on.
    streams[0].set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(std::io::Read::read(&mut streams[0], &mut [0]).unwrap(), 0);
}

#[test]
fn a_long_line_costs_only_itself() {
    let (_above, _folder, bus, listening) = pet();
    let mut stream = UnixStream::connect(listening.path()).unwrap();
    let long = format!("{{\"runs\":[{}\n", "1,".repeat(crate::event::wire::MAX_LINE_BYTES));
    stream.write_all(long.as_bytes()).unwrap();
    writeln!(stream, "{HIDE}").unwrap();
    assert_eq!(bus.recv_timeout(LONG), Some(Event::of(EventKind::Hide)));
}

#[test]
fn a_repository_is_found_from_within() {
    let above = tempfile::tempdir().unwrap();
    let deep = above.path().join("repo/a/b");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(repository_of(&deep), None);
    fs::create_dir(above.path().join("repo/.git")).unwrap();
    assert_eq!(repository_of(&deep), Some(above.path().join("repo").canonicalize().unwrap()));
}
