//! What a shell costs with a pet over it: how long the echo of a key takes, and how fast output comes
//! through, beside `script`, tmux and a loop that only copies. `cargo bench --bench shell`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("pseudoterminals are opened as on Linux: Linux only");
}

#[cfg(target_os = "linux")]
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("echo") => linux::echo(),
        Some("pour") => linux::pour(),
        Some("copy") => linux::copy(),
        _ => linux::measure(),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    /// Keys that are timed, in each of so many rounds.
    const KEYS: usize = 400;
    const ROUNDS: usize = 2;
    /// How long a pet at rest is watched, in so many parts: most are nothing but breathing, and in some
    /// a variant is drawn that the terminal has not seen yet.
    const PARTS: u32 = 12;
    const PART: Duration = Duration::from_secs(5);
    /// What is poured, in MB.
    const POURED: usize = 100;
    const READY: &[u8] = b"<<ready>>";
    const DONE: &[u8] = b"<<done>>";

    fn raw(tty: &File) {
        let mut modes = tcgetattr(tty).unwrap();
        modes.make_raw();
        tcsetattr(tty, OptionalActions::Now, &modes).unwrap();
    }

    fn controlling() -> File {
        let tty = File::options().read(true).write(true).open("/dev/tty").unwrap();
        raw(&tty);
        tty
    }

    /// Writes back each key, as a shell's line editor does.
    pub(super) fn echo() {
        let mut tty = controlling();
        tty.write_all(READY).unwrap();
        let mut key = [0; 64];
        while let Ok(n) = tty.read(&mut key) {
            if n == 0 || key[0] == b'q' {
                return;
            }
            // In the first columns, where no pet is in the way.
            tty.write_all(&[b"\r", &key[..n]].concat()).unwrap();
        }
    }

    /// Writes a lot of text in lines, when it is told to.
    pub(super) fn pour() {
        let mut tty = controlling();
        tty.write_all(READY).unwrap();
        let _ = tty.read(&mut [0; 8]);
        let line = "\x1b[32m    Compiling\x1b[m some-crate v1.2.3 (src/lib.rs:42)\r\n";
        let block = line.repeat(65536 / line.len());
        for _ in 0..POURED * 1_000_000 / block.len() {
            tty.write_all(block.as_bytes()).unwrap();
        }
        tty.write_all(DONE).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }

    /// Runs a command in a terminal of its own and copies, with the same calls as we and nothing else.
    pub(super) fn copy() {
        let command: Vec<_> = std::env::args_os().skip(2).collect();
        let outer = controlling();
        let (master, slave) = pty_process::blocking::open().unwrap();
        let mut child = pty_process::blocking::Command::new(&command[0])
            .args(&command[1..])
            .spawn(slave)
            .unwrap();
        let (mut keys, mut output) = ([0; 4096], vec![0; 65536]);
        loop {
            let mut fds = [PollFd::new(&outer, PollFlags::IN), PollFd::new(&master, PollFlags::IN)];
            poll(&mut fds, None).unwrap();
            let [typed, written] = fds.map(|fd| !fd.revents().is_empty());
            if typed {
                let n = (&outer).read(&mut keys).unwrap();
                (&master).write_all(&keys[..n]).unwrap();
            }
            if written {
                let Ok(n @ 1..) = (&master).read(&mut output) else { break };
                (&outer).write_all(&output[..n]).unwrap();
            }
        }
        child.wait().unwrap();
    }

    /// A terminal that answers what terminals are asked, and shows nothing.
    struct Window {
        pty: File,
        child: Child,
        seen: Vec<u8>,
        part: Vec<u8>,
    }

    impl Window {
        fn open(command: &[String]) -> Self {
            let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&pty).unwrap();
            unlockpt(&pty).unwrap();
            let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 800, ws_ypixel: 480 };
            tcsetwinsize(&pty, size).unwrap();
            let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
            let open = || File::options().read(true).write(true).open(&path).unwrap();
            let mut start = Command::new("setsid");
            start.arg("--ctty").args(command).env("TERM", "xterm-256color");
            for name in ["BUDDY", "BUDDY_SHELL", "TMUX", "NO_MOTION", "NO_COLOR", "CI"] {
                start.env_remove(name);
            }
            let child = start.stdin(open()).stdout(open()).stderr(open()).spawn().unwrap();
            fcntl_setfl(&pty, fcntl_getfl(&pty).unwrap() | OFlags::NONBLOCK).unwrap();
            Self { pty: pty.into(), child, seen: Vec::new(), part: vec![0; 65536] }
        }

        /// Reads what there is within `time`; how many bytes that were.
        fn read(&mut self, time: Duration) -> usize {
            let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
            if poll(&mut fds, Some(&Timespec::try_from(time).unwrap())).unwrap() == 0 {
                return 0;
            }
            let n = self.pty.read(&mut self.part).unwrap_or(0);
            self.seen.extend_from_slice(&self.part[..n]);
            n
        }

        fn await_text(&mut self, what: &[u8]) {
            let end = Instant::now() + Duration::from_secs(60);
            while !self.has(what) {
                assert!(Instant::now() < end, "{}", self.seen.escape_ascii());
                self.read(Duration::from_millis(50));
                self.answer();
            }
        }

        fn has(&self, what: &[u8]) -> bool {
            self.seen.windows(what.len()).any(|window| window == what)
        }

        fn answer(&mut self) {
            let answers: [(&[u8], &[u8]); 3] = [
                (b"\x1b[c", b"\x1b[?62;4c"),
                (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
                (b"\x1b[?6n", b"\x1b[?1;1R"),
            ];
            for (question, answer) in answers {
                if let Some(at) = self.seen.windows(question.len()).position(|w| w == question) {
                    self.seen.drain(at..at + question.len());
                    self.pty.write_all(answer).unwrap();
                }
            }
        }

        /// Types a key and waits for it.
        fn echo(&mut self, key: u8, redraws: bool) -> Duration {
            self.seen.clear();
            let begun = Instant::now();
            self.pty.write_all(&[key]).unwrap();
            // tmux writes what is on the screen then, and not what was written to it.
            let back = [b'\r', key];
            let back = if redraws { &back[1..] } else { &back[..] };
            while !self.has(back) {
                self.read(Duration::from_millis(200));
                assert!(begun.elapsed() < Duration::from_secs(5), "no echo");
            }
            begun.elapsed()
        }
    }

    impl Drop for Window {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// How the command is run.
    fn ways() -> Vec<(&'static str, Vec<String>)> {
        let this = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
        let buddy = env!("CARGO_BIN_EXE_buddy-render");
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut ways = vec![
            ("nothing between", Vec::new()),
            ("a loop that copies", vec![this.clone(), "copy".to_owned()]),
            ("shell, kitty", words(&format!("{buddy} shell --protocol kitty --tier animated --"))),
            (
                "shell, sixel at 10 a second",
                words(&format!("{buddy} shell --protocol sixel --fps 10 --")),
            ),
        ];
        if has("script") {
            ways.push(("script(1)", words("script -qfec")));
        }
        if has("tmux") {
            ways.push(("tmux", words("tmux -L buddy-bench -f /dev/null new")));
        }
        ways
    }

    fn has(program: &str) -> bool {
        Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()
            .unwrap()
            .status
            .success()
    }

    fn command(way: &(&str, Vec<String>), what: &str) -> Vec<String> {
        let this = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
        let inner = [this, what.to_owned()];
        match way.0 {
            "script(1)" => [&way.1[..], &[inner.join(" "), "/dev/null".to_owned()]].concat(),
            _ => [&way.1[..], &inner].concat(),
        }
    }

    fn open(way: &(&str, Vec<String>), what: &str) -> Window {
        let mut window = Window::open(&command(way, what));
        window.await_text(READY);
        // The pet has come, and whatever else starts has started.
        let end = Instant::now() + Duration::from_millis(1500);
        while Instant::now() < end {
            window.read(Duration::from_millis(50));
            window.answer();
        }
        window
    }

    pub(super) fn measure() {
        println!("echo of a key: median, 99 % ({ROUNDS} rounds of {KEYS} keys)");
        let ways = ways();
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
        // In turns, so that whatever else the machine does hits all of them.
        for _ in 0..ROUNDS {
            for (way, times) in ways.iter().zip(&mut times) {
                let mut window = open(way, "echo");
                for n in 0..KEYS {
                    times.push(window.echo(b'a' + u8::try_from(n % 16).unwrap(), way.0 == "tmux"));
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
        for ((name, _), times) in ways.iter().zip(&mut times) {
            times.sort();
            let at = |part: f64| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a place in the list"
                )]
                let at = (times.len() as f64 * part) as usize;
                times[at].as_secs_f64() * 1e6
            };
            println!("  {name:28} {:7.0} µs {:7.0} µs", at(0.5), at(0.99));
        }
        println!(
            "at rest, {PARTS} times {} s: processor, median, mean and most; wake-ups a second; resident MB",
            PART.as_secs()
        );
        for way in ways.iter().filter(|way| way.0.starts_with("shell")) {
            rest(way);
        }
        println!("{POURED} MB of output: MB/s, median and best of 5, in turns");
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
        for _ in 0..5 {
            for (way, times) in ways.iter().zip(&mut times) {
                times.push(poured(way));
            }
        }
        for ((name, _), times) in ways.iter().zip(&mut times) {
            times.sort();
            let speed = |time: Duration| POURED as f64 / time.as_secs_f64();
            println!("  {name:28} {:7.0} {:7.0}", speed(times[times.len() / 2]), speed(times[0]));
        }
        // tmux's server has gone on to be one.
        let _ = Command::new("tmux").args(["-L", "buddy-bench", "kill-server"]).status();
    }

    /// What a pet over a shell costs while nobody does anything.
    fn rest(way: &(&str, Vec<String>)) {
        let mut window = open(way, "echo");
        let process = format!("/proc/{}", window.child.id());
        let threads = |what: &dyn Fn(&str) -> u64| -> u64 {
            let tasks = std::fs::read_dir(format!("{process}/task")).unwrap().flatten();
            tasks.map(|task| what(task.path().to_str().unwrap())).sum()
        };
        let spent = |task: &str| -> u64 {
            let text = std::fs::read_to_string(format!("{task}/schedstat")).unwrap();
            text.split(' ').next().unwrap().parse().unwrap()
        };
        let field = |path: &str, name: &str| -> u64 {
            let text = std::fs::read_to_string(path).unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        let woken = |task: &str| field(&format!("{task}/status"), "voluntary_ctxt_switches");
        let seconds = PART.as_secs_f64();
        let woken_before = threads(&woken);
        let mut busy: Vec<f64> = Vec::new();
        for _ in 0..PARTS {
            let before = threads(&spent);
            let end = Instant::now() + PART;
            while Instant::now() < end {
                window.read(Duration::from_millis(100));
                window.answer();
                window.seen.clear();
            }
            busy.push((threads(&spent) - before) as f64 / 1e9 / seconds * 100.0);
        }
        let mean = busy.iter().sum::<f64>() / f64::from(PARTS);
        busy.sort_by(f64::total_cmp);
        let (median, most) = (busy[busy.len() / 2], busy[busy.len() - 1]);
        let woken = (threads(&woken) - woken_before) as f64 / seconds / f64::from(PARTS);
        let resident = field(&format!("{process}/status"), "VmRSS") as f64 / 1024.0;
        println!(
            "  {:28} {median:6.2} % {mean:6.2} % {most:6.2} % {woken:7.1} {resident:7.1}",
            way.0
        );
    }

    fn poured(way: &(&str, Vec<String>)) -> Duration {
        let mut window = open(way, "pour");
        window.seen.clear();
        let begun = Instant::now();
        window.pty.write_all(b"g").unwrap();
        loop {
            window.read(Duration::from_secs(10));
            let tail = window.seen.len().saturating_sub(200);
            if window.seen[tail..].windows(DONE.len()).any(|w| w == DONE) {
                return begun.elapsed();
            }
            if tail > 1_000_000 {
                window.seen.drain(..tail);
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "it stopped");
        }
    }
}
