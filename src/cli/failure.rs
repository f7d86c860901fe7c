//! What a person is told when something cannot be done.

use buddy_render::terminal::TerminalError;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// A failure with its exit code and the next step.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
    quiet: bool,
}

impl Failure {
    /// It could not be done: exit code 1.
    pub(crate) fn cannot(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 1, quiet: false }
    }

    /// It could not be done, and nobody can be told: exit code 1.
    pub(crate) fn silent() -> Self {
        Self { quiet: true, ..Self::cannot("") }
    }

    /// What ran in our place said all there is to say, and ended with that code.
    #[cfg(unix)]
    pub(crate) fn silent_with(code: u8) -> Self {
        Self { code, ..Self::silent() }
    }

    /// It was asked for in the wrong way: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, ..Self::cannot(message) }
    }

    /// It could not be done with `what`, because of `error` and what lies beneath it.
    pub(crate) fn because(what: impl std::fmt::Display, error: &dyn Error) -> Self {
        let mut message = format!("{what}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(message, ": {error}");
            source = error.source();
        }
        Self::cannot(message)
    }

    /// The terminal could not be used. That there is none is a matter of what was asked for.
    pub(crate) fn of_terminal(error: &TerminalError) -> Self {
        let failure =
            Self { hint: error.hint().map(str::to_owned), ..Self::because("the terminal", error) };
        match error {
            TerminalError::NoTerminal(_) => Self { code: 2, ..failure },
            _ => failure,
        }
    }

    /// With the next step.
    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Prints it to standard error and gives its exit code.
    pub(crate) fn report(self) -> ExitCode {
        if !self.quiet {
            let mut err = io::stderr().lock();
            let _ = writeln!(err, "buddy-render: {}", printable(&self.message));
            if let Some(hint) = &self.hint {
                let _ = writeln!(err, "hint: {}", printable(hint));
            }
        }
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&printable(&self.message))
    }
}

/// A broken pipe is a reader that had enough: success, and nothing to say.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { message: String::new(), hint: None, code: 0, quiet: true }
        } else {
            Self::cannot(error.to_string())
        }
    }
}

/// One line without control characters: file names and file contents end up in messages.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
