//! From the start of the program to the pet's first picture, in a terminal that answers at once,
//! and what the pet costs while it idles. `cargo bench --bench start` (Linux)
//!
//! The terminal is this program, at the other end of a pseudoterminal: it answers as kitty does.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this bench reads /proc: Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};
    use std::fs::File;
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    const RUNS: usize = 21;
    const IDLE: Duration = Duration::from_secs(10);

    struct Session {
        pty: File,
        child: Child,
        begun: Instant,
    }

    fn start() -> Session {
        let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 800, ws_ypixel: 480 };
        tcsetwinsize(&pty, size).unwrap();
        let path = ptsname(&pty, Vec::new()).unwrap().into_string().unwrap();
        let slave = || Stdio::from(File::options().read(true).write(true).open(&path).unwrap());
        let begun = Instant::now();
        // setsid makes the pseudoterminal the program's own.
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_buddy-render"), "--pet", "null"])
            .env_remove("BUDDY")
            .env_remove("TMUX")
            .env("TERM", "xterm-kitty")
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap();
        Session { pty: File::from(pty), child, begun }
    }

    /// Reads what the program writes, answers its questions, and tells when a picture came.
    fn first_picture(session: &mut Session) -> Duration {
        let (mut seen, mut answered) = (Vec::new(), false);
        let mut part = [0; 65536];
        loop {
            let count = session.pty.read(&mut part).unwrap();
            seen.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&seen);
            if !answered && text.contains("\x1b[c") {
                session.pty.write_all(answers(&text).as_bytes()).unwrap();
                answered = true;
            }
            if text.contains("a=T") || text.contains("a=p") {
                return session.begun.elapsed();
            }
        }
    }

    fn answers(questions: &str) -> String {
        let id = questions.split("\x1b_Gi=").nth(1).unwrap_or("0");
        let id: String = id.chars().take_while(char::is_ascii_digit).collect();
        format!(
            "\x1b_Gi={id};OK\x1b\\\x1bP>|kitty(0.42.0)\x1b\\\x1b[6;20;10t\x1b[?2026;2$y\x1b[?62;c"
        )
    }

    fn cpu_ticks(id: u32) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn resident_kib(id: u32) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn idle() {
        let mut session = start();
        first_picture(&mut session);
        let mut pty = session.pty.try_clone().unwrap();
        std::thread::spawn(move || while pty.read(&mut [0; 65536]).is_ok_and(|count| count > 0) {});
        std::thread::sleep(Duration::from_secs(3));
        let before = cpu_ticks(session.child.id());
        std::thread::sleep(IDLE);
        let ticks = cpu_ticks(session.child.id()) - before;
        // A tick is 10 ms on every Linux that we know.
        let share = ticks as f64 * 10.0 / IDLE.as_millis() as f64 * 100.0;
        println!("idle            {share:.2} % of a core over {} s", IDLE.as_secs());
        println!("memory (peak)   {:.1} MiB", resident_kib(session.child.id()) as f64 / 1024.0);
        session.child.kill().unwrap();
        session.child.wait().unwrap();
    }

    pub(super) fn main() {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..RUNS {
            let mut session = start();
            times.push(first_picture(&mut session));
            session.child.kill().unwrap();
            session.child.wait().unwrap();
        }
        times.sort();
        let (median, worst) = (times[RUNS / 2], times[RUNS - 1]);
        println!("first picture   median {median:.1?}, worst {worst:.1?} of {RUNS} runs");
        let size = std::fs::metadata(env!("CARGO_BIN_EXE_buddy-render")).unwrap().len();
        println!("program         {:.1} MiB", size as f64 / 1024.0 / 1024.0);
        idle();
    }
}
