//! A small process that puts the terminal back when we are killed and cannot.
//!
//! Nothing that a program does helps it against `SIGKILL`. So another one, which holds the reading
//! end of a pipe and the terminal, sleeps until the pipe closes. It is told over the pipe what is
//! to be restored and written then; told that all is done, it goes without a byte.
//!
//! It is in a process group of its own, so that Ctrl-C and Ctrl-Z pass it by, and never touches a
//! terminal whose foreground has gone on to another job.

use super::guard::{Patience, timespec, write_patiently};
use super::{MEND, job};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::process::{Pid, test_kill_process_group};
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex};
use rustix::termios::{Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// The program's first argument that makes it a guardian ([`run`]).
pub const ARGUMENT: &str = "--guard-the-terminal";

/// The longest farewell that is told, in bytes; a longer one is not, and only modes are restored.
pub const MOST: usize = 60 * 1024;
/// What may wait for a guardian that does not read; then it is given up.
const MOST_UNSENT: usize = 4 * MOST;
/// How long the guardian tries to write a farewell.
const LAST_WORDS: Patience =
    Patience { pause: Duration::from_millis(500), all: Duration::from_millis(800) };
/// How long the end of the program waits for its guardian's.
const DISMISSAL: Duration = Duration::from_millis(200);

/// How long the guardian leaves orders unread when more are likely to come.
const REST: Duration = Duration::from_secs(1);

/// What a message is about.
const HOLD: u8 = b'H';
const FAREWELL: u8 = b'F';
const LEFT: u8 = b'L';
const END: u8 = b'E';

/// Our side of it.
#[derive(Debug)]
pub(super) struct Guardian {
    child: Child,
    pipe: ChildStdin,
    unsent: Vec<u8>,
}

impl Guardian {
    /// Starts `program` as the guardian of `tty`.
    pub(super) fn start(program: &Path, tty: BorrowedFd<'_>) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            // It must not keep anybody from removing or unmounting a folder.
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(tty.try_clone_to_owned()?)
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let Some(pipe) = child.stdin.take() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // We never wait for it.
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        Ok(Self { child, pipe, unsent: Vec::new() })
    }

    /// Something that tells when it is gone: `POLLERR`.
    pub(super) fn watch(&self) -> io::Result<OwnedFd> {
        self.pipe.as_fd().try_clone_to_owned()
    }

    /// The terminal is ours, and was as `original`; `ours` is what we set. False if there is no
    /// guardian any more.
    pub(super) fn hold(&mut self, original: &Termios, ours: &Termios) -> bool {
        self.tell(HOLD, &Held::of(original, ours).encode())
    }

    /// What takes everything of ours off the screen.
    pub(super) fn farewell(&mut self, bytes: &[u8]) -> bool {
        self.tell(FAREWELL, if bytes.len() <= MOST { bytes } else { &[] })
    }

    /// The terminal was put back; there is nothing to do until it is held again.
    pub(super) fn left(&mut self) -> bool {
        self.tell(LEFT, &[])
    }

    /// Sends it away and waits, shortly, until it is gone.
    pub(super) fn dismiss(mut self) {
        // What it must not miss comes before the pipe's end, or it is killed first.
        if !self.tell(END, &[]) || !self.unsent.is_empty() {
            return self.bury();
        }
        let Self { mut child, pipe, .. } = self;
        drop(pipe);
        let end = Instant::now() + DISMISSAL;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= end {
                return bury(child);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// It is dead or does not listen: sees to it that nothing of it stays.
    pub(super) fn bury(self) {
        let Self { child, pipe, .. } = self;
        bury(child);
        drop(pipe);
    }

    fn tell(&mut self, what: u8, payload: &[u8]) -> bool {
        let Ok(length) = u32::try_from(payload.len()) else { return true };
        self.unsent.push(what);
        self.unsent.extend_from_slice(&length.to_le_bytes());
        self.unsent.extend_from_slice(payload);
        while !self.unsent.is_empty() {
            match write(&self.pipe, &self.unsent) {
                Ok(n) => drop(self.unsent.drain(..n)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.unsent.len() <= MOST_UNSENT,
                Err(_) => return false,
            }
        }
        true
    }
}

fn bury(mut child: Child) {
    // Fails only if it is dead already.
    let _ = child.kill();
    let _ = child.wait();
}

/// What is to be restored, if the terminal is still as we set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// Before.
    input: u64,
    output: u64,
    local: u64,
    wait_bytes: u64,
    wait_time: u64,
    /// While we have it; another program's differ.
    our_input: u64,
    our_output: u64,
    our_local: u64,
    /// Our process group and that of whoever started us: a shell, mostly.
    group: u64,
    starter: u64,
}

impl Held {
    const FIELDS: usize = 10;

    fn of(original: &Termios, ours: &Termios) -> Self {
        Self {
            input: original.input_modes.bits().into(),
            output: original.output_modes.bits().into(),
            local: original.local_modes.bits().into(),
            wait_bytes: original.special_codes[SpecialCodeIndex::VMIN].into(),
            wait_time: original.special_codes[SpecialCodeIndex::VTIME].into(),
            our_input: ours.input_modes.bits().into(),
            our_output: ours.output_modes.bits().into(),
            our_local: ours.local_modes.bits().into(),
            group: job::group().into(),
            starter: job::starters_group().unwrap_or(job::OUTSIDE).into(),
        }
    }

    fn encode(self) -> Vec<u8> {
        let Self { input, output, local, wait_bytes, wait_time, .. } = self;
        let Self { our_input, our_output, our_local, group, starter, .. } = self;
        let before = [input, output, local, wait_bytes, wait_time];
        let fields = before.into_iter().chain([our_input, our_output, our_local, group, starter]);
        fields.flat_map(u64::to_le_bytes).collect()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (fields, odd) = bytes.as_chunks::<8>();
        let fields: [u64; Self::FIELDS] = fields
            .iter()
            .map(|field| u64::from_le_bytes(*field))
            .collect::<Vec<_>>()
            .try_into()
            .ok()?;
        let [input, output, local, wait_bytes, wait_time, rest @ ..] = fields;
        let [our_input, our_output, our_local, group, starter] = rest;
        odd.is_empty().then_some(Self {
            input,
            output,
            local,
            wait_bytes,
            wait_time,
            our_input,
            our_output,
            our_local,
            group,
            starter,
        })
    }

    /// The modes to set where `now` is found; nothing where somebody else has set others, as a
    /// shell does that was quicker than we are.
    fn restored(&self, now: &Termios) -> Option<Termios> {
        let input = |bits: u64| bits.try_into().ok().map(InputModes::from_bits_retain);
        let output = |bits: u64| bits.try_into().ok().map(OutputModes::from_bits_retain);
        let local = |bits: u64| bits.try_into().ok().map(LocalModes::from_bits_retain);
        let same = now.input_modes == input(self.our_input)?
            && now.output_modes == output(self.our_output)?
            && now.local_modes == local(self.our_local)?
            && now.special_codes[SpecialCodeIndex::VMIN] == 1
            && now.special_codes[SpecialCodeIndex::VTIME] == 0;
        let mut modes = same.then(|| now.clone())?;
        modes.input_modes = input(self.input)?;
        modes.output_modes = output(self.output)?;
        modes.local_modes = local(self.local)?;
        modes.special_codes[SpecialCodeIndex::VMIN] = self.wait_bytes.try_into().ok()?;
        modes.special_codes[SpecialCodeIndex::VTIME] = self.wait_time.try_into().ok()?;
        Some(modes)
    }

    /// Whether the terminal in the foreground of `group` is still ours to touch.
    fn may_touch(&self, group: job::Number) -> bool {
        let named = i32::try_from(group).ok().and_then(Pid::from_raw);
        let deserted = named.is_some_and(|it| test_kill_process_group(it) == Err(Errno::SRCH));
        [self.group, self.starter].contains(&group.into()) || deserted
    }
}

/// What a guardian was told to do when the pipe closes.
#[derive(Debug, Default)]
struct Orders {
    held: Option<Held>,
    farewell: Vec<u8>,
    /// The beginning of a message.
    unread: Vec<u8>,
    /// The end was told, or something that is no order: nothing is to be done any more.
    ended: bool,
}

impl Orders {
    /// Takes bytes as they come.
    fn feed(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        while let Some((head, rest)) = self.unread.split_first_chunk::<5>() {
            let [what, length @ ..] = *head;
            let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
            let known = matches!(what, HOLD | FAREWELL | LEFT) && length <= MOST;
            if self.ended || !known {
                (self.ended, self.held) = (true, None);
                self.unread.clear();
                return;
            }
            let Some(payload) = rest.get(..length) else { return };
            match what {
                HOLD => self.held = Held::decode(payload),
                FAREWELL => self.farewell = payload.to_vec(),
                _ => self.held = None,
            }
            self.unread.drain(..head.len() + length);
        }
    }

    /// Takes orders from `pipe` until it closes. While many come, as with each frame, it looks at
    /// them once a second: that the pipe was closed wakes it in any case.
    fn attend(&mut self, pipe: BorrowedFd<'_>) {
        let mut part = [0; 4096];
        let mut busy = false;
        loop {
            let (events, time) = if busy {
                (PollFlags::empty(), Some(timespec(REST)))
            } else {
                (PollFlags::IN, None)
            };
            let mut fds = [PollFd::new(&pipe, events)];
            if matches!(poll(&mut fds, time.as_ref()), Err(errno) if errno != Errno::INTR) {
                return;
            }
            busy = false;
            // What is there, and whether it was the last.
            loop {
                let mut fds = [PollFd::new(&pipe, PollFlags::IN)];
                match poll(&mut fds, Some(&timespec(Duration::ZERO))) {
                    Ok(0) => break,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(_) => return,
                }
                match read(pipe, &mut part) {
                    Ok(0) => return,
                    Ok(n) => self.feed(part.get(..n).unwrap_or_default()),
                    Err(Errno::INTR) => {}
                    Err(_) => return,
                }
                busy = true;
            }
        }
    }

    /// Puts `tty` back, if it is still ours to touch.
    fn carry_out(&self, tty: BorrowedFd<'_>) {
        let Some(held) = &self.held else { return };
        let here = job::session_of(tty).is_some_and(|it| Some(it) == job::session());
        let ours = job::foreground(tty).is_some_and(|group| held.may_touch(group));
        if !here || !ours {
            return;
        }
        // The modes first, before a shell looks at them.
        if let Ok(now) = retry_on_intr(|| tcgetattr(tty))
            && let Some(modes) = held.restored(&now)
        {
            // Nothing can be done when this fails: the terminal is gone.
            let _ = retry_on_intr(|| tcsetattr(tty, OptionalActions::Now, &modes));
        }
        write_patiently(tty, &[MEND, &self.farewell].concat(), LAST_WORDS);
    }
}

/// Guards the terminal on standard output until standard input closes or says that all is well.
///
/// # Errors
/// When no signal can be blocked, so that the terminal cannot be guarded.
pub fn run() -> io::Result<()> {
    use nix::sys::signal::{SigSet, Signal};
    // What the terminal sends to those that stand before it, and to those that touch it from
    // behind (SIGTTOU, POSIX.1-2017 §11.1.4); SIGTERM is for whoever wants us gone.
    let deaf = [
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
    ];
    SigSet::from_iter(deaf).thread_block()?;
    // So that `pkill -9 buddy-render` leaves somebody to clear up.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_name(c"buddy-guardian");
    let mut orders = Orders::default();
    orders.attend(rustix::stdio::stdin());
    orders.carry_out(rustix::stdio::stdout());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(what: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        [&[what], &length[..], payload].concat()
    }

    const HELD: Held = Held {
        input: 1,
        output: 2,
        local: 3,
        wait_bytes: 4,
        wait_time: 5,
        our_input: 1,
        our_output: 2,
        our_local: 6,
        group: 7,
        starter: u64::MAX,
    };

    #[test]
    fn orders_are_carried_out_only_after_a_sudden_end() {
        let hold = message(HOLD, &HELD.encode());
        let cases: [(Vec<u8>, bool); 8] = [
            (Vec::new(), false),
            (hold.clone(), true),
            ([hold.clone(), message(FAREWELL, b"bye")].concat(), true),
            ([hold.clone(), message(LEFT, b"")].concat(), false),
            ([hold.clone(), message(END, b"")].concat(), false),
            ([hold.clone(), message(LEFT, b""), hold.clone()].concat(), true),
            ([hold.clone(), vec![FAREWELL, 255, 255, 255, 255]].concat(), false),
            ([hold.clone(), vec![FAREWELL, 9, 0, 0, 0, 1]].concat(), true),
        ];
        for (bytes, act) in cases {
            let (mut whole, mut split) = (Orders::default(), Orders::default());
            whole.feed(&bytes);
            bytes.iter().for_each(|byte| split.feed(&[*byte]));
            assert_eq!(whole.held.is_some(), act, "{}", bytes.escape_ascii());
            assert_eq!((whole.held, whole.farewell), (split.held, split.farewell));
        }
        let mut orders = Orders::default();
        orders.feed(&[hold, message(FAREWELL, b"bye")].concat());
        assert_eq!((orders.held, &orders.farewell[..]), (Some(HELD), &b"bye"[..]));
    }

    #[test]
    fn what_is_no_terminals_modes_is_not_taken_for_them() {
        assert_eq!(Held::decode(&HELD.encode()), Some(HELD));
        assert_eq!(Held::decode(&[0; 79]), None);
        assert_eq!(Held::decode(&[0; 81]), None);
        assert_eq!(Held::decode(&[0; 88]), None);
    }
}
