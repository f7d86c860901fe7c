//! A bell that another thread rings while the terminal is waited for.

#[cfg(unix)]
pub use unix::Alarm;

#[cfg(not(unix))]
pub use elsewhere::Alarm;

#[cfg(unix)]
mod unix {
    use std::io::{self, Read as _, Write as _};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;

    /// Ends a [`Terminal::wait`](crate::terminal::Terminal::wait) when it is rung.
    #[derive(Debug)]
    pub struct Alarm {
        wake: UnixStream,
        ring: UnixStream,
    }

    impl Alarm {
        /// One that was not rung.
        ///
        /// # Errors
        /// When the system gives no pipe.
        pub fn new() -> io::Result<Self> {
            let (wake, ring) = UnixStream::pair()?;
            wake.set_nonblocking(true)?;
            ring.set_nonblocking(true)?;
            Ok(Self { wake, ring })
        }

        /// What rings it, from any thread.
        ///
        /// # Errors
        /// When the process may open no more files.
        pub fn bell(&self) -> io::Result<impl Fn() + Send + Sync + use<>> {
            let ring = self.ring.try_clone()?;
            // A full pipe has been rung already, a closed one is heard by nobody.
            Ok(move || drop((&ring).write(&[1])))
        }

        /// It is not rung any more.
        pub fn silence(&self) {
            let mut bytes = [0; 64];
            while matches!((&self.wake).read(&mut bytes), Ok(n) if n > 0) {}
        }
    }

    impl AsFd for Alarm {
        /// Readable while it is rung.
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.wake.as_fd()
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    /// Nothing is waited for here.
    #[derive(Debug)]
    pub struct Alarm(());

    impl Alarm {
        /// One that was not rung.
        ///
        /// # Errors
        /// Never.
        pub const fn new() -> std::io::Result<Self> {
            Ok(Self(()))
        }

        /// What rings it, from any thread.
        ///
        /// # Errors
        /// Never.
        pub const fn bell(&self) -> std::io::Result<impl Fn() + Send + Sync + use<>> {
            Ok(|| {})
        }

        /// It is not rung any more.
        pub const fn silence(&self) {}
    }
}
