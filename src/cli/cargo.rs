//! `cargo`: runs cargo as if we were not there, and tells the pet what it says.

use super::{Failure, place};
use buddy_render::event::Event;
use buddy_render::event::source::{Line, Splitter, socket};
use buddy_render::event::wire::{Reader, to_native_json};
use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How often it is looked whether cargo has ended while something it left behind holds the terminal.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// What is read at once, in bytes.
const PIECE: usize = 16 << 10;

#[derive(Debug, Args)]
pub(super) struct CargoArgs {
    /// Cargo's own words, such as test --workspace
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs cargo. Its input is ours, and whatever of its output goes to a file goes there; what goes to
/// the terminal passes through a pseudoterminal, so that it looks as ever, and is read on the way.
pub(super) fn run(args: &CargoArgs) -> Result<(), Failure> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&program);
    command.args(&args.arguments);
    let shown = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let sockets = pets();
    if sockets.is_empty() || shown == (false, false) {
        // Nobody listens, or there is nothing to listen to: we are not needed.
        let error = command.exec();
        return Err(Failure::because(program.display(), &error));
    }
    let (master, slave) = pair()?;
    if shown.0 {
        command.stdout(slave.try_clone()?);
    }
    if shown.1 {
        command.stderr(slave.try_clone()?);
    }
    // Ctrl-C is for cargo, which says what is to be said of it; we end with it.
    let ignored = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        signal_hook::flag::register(signal, Arc::clone(&ignored))?;
    }
    let child = command.stdin(Stdio::inherit()).spawn();
    let mut child = child.map_err(|error| Failure::because(program.display(), &error))?;
    // The last ends of the pseudoterminal are cargo's then.
    drop((command, slave));
    let mut ears = Ears { lines: Splitter::of_lines(), reader: Reader::new(), sockets };
    let mut out = io::stdout();
    let mut err = io::stderr();
    let out: &mut dyn io::Write = if shown.0 { &mut out } else { &mut err };
    listen(master, out, &mut ears, || matches!(child.try_wait(), Ok(Some(_))))?;
    ears.end();
    let status = child.wait()?;
    match status.code().or_else(|| status.signal().map(|signal| 128 + signal)) {
        Some(0) => Ok(()),
        code => Err(Failure::silent_with(code.and_then(|code| code.try_into().ok()).unwrap_or(1))),
    }
}

/// The pets that are to be told, the nearest first. None with `BUDDY=0`.
fn pets() -> Vec<PathBuf> {
    if std::env::var_os("BUDDY").is_some_and(|value| value == "0") {
        return Vec::new();
    }
    match std::env::var_os("BUDDY_SOCKET").filter(|path| !path.is_empty()) {
        Some(path) => vec![path.into()],
        None => socket::candidates(&place::folder(), &place::here()),
    }
}

/// A pseudoterminal as large as ours, which changes nothing of what is written into it.
fn pair() -> Result<(File, File), Failure> {
    let failed = |error: io::Error| Failure::because("the pseudoterminal", &error);
    let open = || -> io::Result<(File, File)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(
            path,
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        let mut modes = tcgetattr(&slave)?;
        modes.output_modes -= OutputModes::OPOST;
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        let size = tcgetwinsize(io::stderr()).or_else(|_| tcgetwinsize(io::stdout()))?;
        rustix::termios::tcsetwinsize(&slave, size)?;
        Ok((master.into(), slave.into()))
    };
    open().map_err(failed)
}

/// Hands on what comes until nobody can write any more, or all that was there when cargo ended.
fn listen(
    mut master: File,
    out: &mut dyn io::Write,
    ears: &mut Ears,
    mut has_ended: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let mut piece = [0; PIECE];
    let mut ended = false;
    loop {
        let mut fds = [PollFd::new(&master, PollFlags::IN)];
        let wait = if ended { Timespec::default() } else { LOOK };
        match poll(&mut fds, Some(&wait)) {
            Ok(0) if ended => return Ok(()),
            Ok(0) => {
                ended = has_ended();
                continue;
            }
            Err(rustix::io::Errno::INTR) => continue,
            other => drop(other.map_err(io::Error::from)?),
        }
        match master.read(&mut piece) {
            // Linux says that the other end is closed by an error.
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => {
                let came = piece.get(..count).unwrap_or_default();
                out.write_all(came)?;
                out.flush()?;
                ears.hear(came);
            }
        }
    }
}

/// Reads what cargo says, and tells the pets.
struct Ears {
    lines: Splitter,
    reader: Reader,
    sockets: Vec<PathBuf>,
}

impl Ears {
    fn hear(&mut self, came: &[u8]) {
        let mut rest = came;
        while !rest.is_empty() {
            let (used, line) = self.lines.take(rest);
            rest = rest.get(used..).unwrap_or_default();
            if let Some(line) = line {
                self.line(&line);
            }
        }
    }

    fn line(&mut self, line: &Line) {
        if let Line::Whole(bytes) = line {
            let events = self.reader.line(written_last(bytes));
            self.tell(&events);
        }
    }

    fn end(&mut self) {
        if let Some(line) = self.lines.finish() {
            self.line(&line);
        }
        let events = self.reader.finish();
        self.tell(&events);
    }

    fn tell(&self, events: &[Event]) {
        for line in events.iter().map(to_native_json) {
            // Where no pet can be told, cargo goes on all the same.
            let _ = self.sockets.iter().any(|path| socket::send(path, &line).is_ok());
        }
    }
}

/// What stays of a line over which a bar of progress was drawn: what came after the last return.
fn written_last(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line)
}
