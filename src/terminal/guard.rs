//! Puts the terminal back as it was: at the end, at a panic, and while we are stopped.

use super::guardian::Guardian;
use super::{MEND, TerminalError, job};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr, write};
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes};
use rustix::termios::{SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcsetattr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a stopped terminal may hold up our farewell.
const FAREWELL_PATIENCE: Patience =
    Patience { pause: Duration::from_millis(500), all: Duration::from_secs(2) };

/// How long a write may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// While nothing is taken.
    pub(super) pause: Duration,
    /// Altogether.
    pub(super) all: Duration,
}

/// Holds the terminal's modes as they were found, and what must be written to leave it clean.
#[derive(Debug)]
pub struct Guard {
    shared: Arc<Shared>,
    /// What tells when the guardian is gone.
    watch: Option<OwnedFd>,
}

#[derive(Debug)]
struct Shared {
    tty: OwnedFd,
    original: Termios,
    farewell: Mutex<Vec<u8>>,
    /// Our modes are set, so the original ones are to be restored.
    raw: AtomicBool,
    /// Ours let every byte through as it is.
    through: AtomicBool,
    /// The last write stopped midway.
    torn: AtomicBool,
    guardian: Mutex<Option<Guardian>>,
}

impl Guard {
    /// Remembers the modes of `tty`, and restores them if a panic comes.
    pub(super) fn new(tty: OwnedFd) -> Result<Self, TerminalError> {
        let original = retry_on_intr(|| tcgetattr(&tty)).map_err(system)?;
        let shared = Arc::new(Shared {
            tty,
            original,
            farewell: Mutex::default(),
            raw: AtomicBool::new(false),
            through: AtomicBool::new(false),
            torn: AtomicBool::new(false),
            guardian: Mutex::default(),
        });
        restore_on_panic(&shared);
        Ok(Self { shared, watch: None })
    }

    /// Has `program` restore the terminal if we are killed. It is started anew if it was before.
    pub(super) fn start_guardian(&mut self, program: &Path) -> std::io::Result<()> {
        self.dismiss();
        let mut guardian = Guardian::start(program, self.fd())?;
        self.watch = guardian.watch().ok();
        let shared = &self.shared;
        let told = !shared.raw.load(Ordering::SeqCst)
            || guardian.hold(&shared.original, &shared.ours())
                && guardian.farewell(&lock(&shared.farewell));
        *lock(&shared.guardian) = Some(guardian);
        if told { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
    }

    /// What is ready (`POLLERR`) when the guardian is gone.
    pub(super) const fn watch(&self) -> Option<&OwnedFd> {
        self.watch.as_ref()
    }

    /// The guardian is gone: we go on without.
    pub(super) fn bury(&mut self) {
        self.watch = None;
        if let Some(guardian) = lock(&self.shared.guardian).take() {
            guardian.bury();
        }
    }

    pub(super) fn dismiss(&mut self) {
        self.watch = None;
        if let Some(guardian) = lock(&self.shared.guardian).take() {
            guardian.dismiss();
        }
    }

    /// Sets what is written when the terminal is left: what takes our pictures off the screen and
    /// shows the cursor. It replaces what was set before.
    pub fn set_farewell(&self, bytes: &[u8]) {
        let mut farewell = lock(&self.shared.farewell);
        if *farewell == bytes {
            return;
        }
        farewell.clear();
        farewell.extend_from_slice(bytes);
        drop(farewell);
        tell(lock(&self.shared.guardian), |guardian| guardian.farewell(bytes));
    }

    /// From now on [`Guard::enter_raw`] lets every byte through as it is, both ways.
    pub(super) fn let_through(&self) {
        self.shared.through.store(true, Ordering::SeqCst);
    }

    /// The modes as they were found.
    pub(super) fn original(&self) -> &Termios {
        &self.shared.original
    }

    /// Keys come at once and are not echoed; Ctrl-C and Ctrl-Z remain signals.
    pub(super) fn enter_raw(&self) -> Result<(), TerminalError> {
        let shared = &self.shared;
        if !shared.in_foreground() {
            return Err(TerminalError::Background);
        }
        let modes = shared.ours();
        retry_on_intr(|| tcsetattr(&shared.tty, OptionalActions::Now, &modes)).map_err(system)?;
        shared.raw.store(true, Ordering::SeqCst);
        tell(lock(&shared.guardian), |guardian| guardian.hold(&shared.original, &modes));
        Ok(())
    }

    /// Says farewell and restores the modes; [`Guard::enter_raw`] takes them again.
    pub(super) fn leave(&self) {
        self.shared.leave(&lock(&self.shared.farewell));
    }

    /// Notes whether the last write stopped midway.
    pub(super) fn set_torn(&self, torn: bool) {
        self.shared.torn.store(torn, Ordering::SeqCst);
    }

    pub(super) fn in_foreground(&self) -> bool {
        self.shared.in_foreground()
    }

    /// Whether keys come to us as we set it, and to nobody else.
    pub(super) fn holds_input(&self) -> bool {
        let shared = &self.shared;
        let now = retry_on_intr(|| tcgetattr(&shared.tty));
        shared.in_foreground() && now.is_ok_and(|now| now.local_modes == shared.ours().local_modes)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.shared.tty.as_fd()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.leave();
        self.dismiss();
    }
}

impl Shared {
    /// A job in the background that changes modes is stopped by `SIGTTOU` (POSIX.1-2017 §11.1.4).
    fn in_foreground(&self) -> bool {
        // Whoever has no job control cannot be stopped by it.
        job::foreground(&self.tty).is_none_or(|group| group == job::group())
    }

    fn ours(&self) -> Termios {
        ours(&self.original, self.through.load(Ordering::SeqCst))
    }

    fn leave(&self, farewell: &[u8]) {
        if !self.raw.load(Ordering::SeqCst) {
            return;
        }
        // Whoever only passes bytes on does not know where they stopped.
        let unknown = self.through.load(Ordering::SeqCst) && !farewell.is_empty();
        if self.torn.swap(false, Ordering::SeqCst) || unknown {
            write_patiently(self.tty.as_fd(), MEND, FAREWELL_PATIENCE);
        }
        write_patiently(self.tty.as_fd(), farewell, FAREWELL_PATIENCE);
        if self.in_foreground() {
            let restore = || tcsetattr(&self.tty, OptionalActions::Now, &self.original);
            // Nothing can be done when this fails: the terminal is gone.
            let _ = retry_on_intr(restore);
            self.raw.store(false, Ordering::SeqCst);
            // In a panic, whoever panicked may hold the lock; then it restores once more.
            if let Ok(guardian) = self.guardian.try_lock() {
                tell(guardian, Guardian::left);
            }
        }
    }
}

/// Tells the guardian something; one that does not listen any more is given up.
fn tell(
    mut held: std::sync::MutexGuard<'_, Option<Guardian>>,
    order: impl FnOnce(&mut Guardian) -> bool,
) {
    if held.as_mut().is_some_and(|guardian| !order(guardian))
        && let Some(guardian) = held.take()
    {
        guardian.bury();
    }
}

/// The modes we set where `original` are found. `through` is for who only passes bytes on: nothing
/// is made of any of them (POSIX.1-2017 §11, as `cfmakeraw` does it, but for the line's coding).
fn ours(original: &Termios, through: bool) -> Termios {
    let mut modes = original.clone();
    modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL;
    if through {
        modes.local_modes -= LocalModes::ISIG | LocalModes::IEXTEN;
        modes.output_modes -= OutputModes::OPOST;
        let made = InputModes::IGNBRK | InputModes::BRKINT | InputModes::PARMRK;
        let mapped = InputModes::INLCR | InputModes::IGNCR | InputModes::ICRNL;
        modes.input_modes -= made | mapped | InputModes::ISTRIP | InputModes::IXON;
    }
    modes.special_codes[SpecialCodeIndex::VMIN] = 1;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    modes
}

/// Whatever panics, the message is to be readable. The hook remains when the guard is gone, and
/// then only passes on.
fn restore_on_panic(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(shared) = weak.upgrade() {
            match shared.farewell.try_lock() {
                Ok(farewell) => shared.leave(&farewell),
                Err(TryLockError::Poisoned(held)) => shared.leave(&held.into_inner()),
                Err(TryLockError::WouldBlock) => shared.leave(b""),
            }
        }
        earlier(info);
    }));
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn system(errno: Errno) -> TerminalError {
    std::io::Error::from(errno).into()
}

pub(crate) fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

pub(super) fn write_patiently(tty: BorrowedFd<'_>, mut bytes: &[u8], patience: Patience) {
    let end = Instant::now() + patience.all;
    while !bytes.is_empty() {
        let left = end.saturating_duration_since(Instant::now()).min(patience.pause);
        match write(tty, bytes) {
            Ok(n) if n > 0 => bytes = bytes.get(n..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(&tty, PollFlags::OUT)];
                match poll(&mut fds, Some(&timespec(left))) {
                    Ok(0) => return,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(_) => return,
                }
            }
            _ => return,
        }
    }
}
