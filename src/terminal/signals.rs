//! Signals as values that can be waited for together with the terminal's replies.

/// A signal, by what it asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `SIGINT`, Ctrl-C: end. A second one ends us at once, whatever we do.
    Interrupt,
    /// `SIGTERM`: end. So does a second one at once.
    Terminate,
    /// `SIGHUP`: the terminal is going; end, and mind that writes may fail.
    HangUp,
    /// `SIGTSTP`, Ctrl-Z: clean the screen and stop, with `Terminal::suspend`.
    Suspend,
    /// `SIGCONT`: we run again; draw anew, in the foreground.
    Continue,
    /// `SIGWINCH`: the window has another size.
    Resize,
    /// `SIGCHLD`: a child ended. Only for who [waits for one](Signals::with_children).
    Child,
}

impl Signal {
    /// Whether it asks us to end.
    #[must_use]
    pub const fn ends(self) -> bool {
        matches!(self, Self::Interrupt | Self::Terminate | Self::HangUp)
    }
}

#[cfg(unix)]
pub use unix::Signals;

#[cfg(not(unix))]
pub use elsewhere::Signals;

#[cfg(unix)]
mod unix {
    use super::Signal;
    use signal_hook::SigId;
    use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    use std::io::{self, Read as _};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    const WATCHED: [(Signal, i32); 6] = [
        (Signal::Interrupt, SIGINT),
        (Signal::Terminate, SIGTERM),
        (Signal::HangUp, SIGHUP),
        (Signal::Suspend, SIGTSTP),
        (Signal::Continue, SIGCONT),
        (Signal::Resize, SIGWINCH),
    ];

    /// The signals since they were last taken. While it lives none of them has its usual effect.
    #[derive(Debug)]
    pub struct Signals {
        wake: UnixStream,
        seen: Vec<(Signal, Arc<AtomicBool>)>,
        ids: Vec<SigId>,
    }

    impl Signals {
        /// Begins to watch them.
        ///
        /// # Errors
        /// When the system gives no pipe or no handler.
        pub fn new() -> io::Result<Self> {
            Self::watching(&WATCHED)
        }

        /// Begins to watch them, and the ends of children.
        ///
        /// # Errors
        /// As [`Signals::new`].
        pub fn with_children() -> io::Result<Self> {
            Self::watching(&[&WATCHED[..], &[(Signal::Child, SIGCHLD)]].concat())
        }

        fn watching(all: &[(Signal, i32)]) -> io::Result<Self> {
            let (wake, alarm) = UnixStream::pair()?;
            wake.set_nonblocking(true)?;
            let mut signals = Self { wake, seen: Vec::new(), ids: Vec::new() };
            for &(signal, number) in all {
                signals.watch(signal, number, alarm.try_clone()?)?;
            }
            Ok(signals)
        }

        /// Actions run in the order in which they are registered: die if this is the second, say
        /// which it is, then wake.
        fn watch(&mut self, signal: Signal, number: i32, alarm: UnixStream) -> io::Result<()> {
            use signal_hook::{flag, low_level::pipe};
            if matches!(signal, Signal::Interrupt | Signal::Terminate) {
                let armed = Arc::new(AtomicBool::new(false));
                let dies = flag::register_conditional_default(number, Arc::clone(&armed))?;
                self.ids.push(dies);
                self.ids.push(flag::register(number, armed)?);
            }
            let seen = Arc::new(AtomicBool::new(false));
            self.ids.push(flag::register(number, Arc::clone(&seen))?);
            self.ids.push(pipe::register(number, alarm)?);
            self.seen.push((signal, seen));
            Ok(())
        }

        /// Takes those that came, each once however often it came.
        pub fn take(&mut self) -> Vec<Signal> {
            // First empty the pipe, then read the flags: a signal in between wakes us once too
            // often rather than never.
            let mut bytes = [0; 64];
            while matches!(self.wake.read(&mut bytes), Ok(n) if n > 0) {}
            let seen = self.seen.iter();
            seen.filter(|(_, seen)| seen.swap(false, Ordering::SeqCst))
                .map(|&(signal, _)| signal)
                .collect()
        }
    }

    impl AsFd for Signals {
        /// Readable when there is something to [`take`](Signals::take).
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.wake.as_fd()
        }
    }

    impl Drop for Signals {
        fn drop(&mut self) {
            for id in self.ids.drain(..) {
                signal_hook::low_level::unregister(id);
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_signal_is_taken_once() {
            let mut signals = Signals::new().unwrap();
            assert!(signals.take().is_empty());
            signal_hook::low_level::raise(SIGWINCH).unwrap();
            signal_hook::low_level::raise(SIGCONT).unwrap();
            signal_hook::low_level::raise(SIGWINCH).unwrap();
            assert_eq!(signals.take(), [Signal::Continue, Signal::Resize]);
            assert!(signals.take().is_empty());
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::Signal;

    /// No signals are known here.
    #[derive(Debug)]
    pub struct Signals(());

    impl Signals {
        /// Nothing to watch.
        ///
        /// # Errors
        /// Never.
        pub const fn new() -> std::io::Result<Self> {
            Ok(Self(()))
        }

        /// None.
        pub fn take(&mut self) -> Vec<Signal> {
            Vec::new()
        }
    }
}
