//! `shell --log`: a line for all that goes between programs and the terminal on our account.

use super::super::Failure;
use buddy_render::overlay::host::Exchange;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The user's log, until it cannot be written.
pub(super) struct Log(Option<File>);

impl Log {
    /// Opens it to write behind what is there; a new one is its owner's alone. Nothing in it waits for
    /// a reader, as a pipe would.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let mut options = File::options();
        options.append(true).create(true).mode(0o600).custom_flags(flags);
        let file = options
            .open(path)
            .map_err(|error| Failure::because(format!("--log {}", path.display()), &error))?;
        if file.is_terminal() {
            return Err(Failure::usage(format!("--log {} is a terminal", path.display()))
                .hint("name a file: a terminal is the shell's"));
        }
        Ok(Self(Some(file)))
    }

    /// Writes a line. Where that fails there are no more: the shell goes on.
    pub(super) fn write(&mut self, exchange: &Exchange) {
        let line = format!("{:.3} {exchange}\n", jiff::Timestamp::now());
        if let Some(file) = &mut self.0
            && file.write_all(line.as_bytes()).is_err()
        {
            self.0 = None;
        }
    }
}
