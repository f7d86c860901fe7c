//! From the start of the program to the pet's first picture, in a terminal that answers at once,
//! and what the pet costs while it idles. `cargo bench --bench start` (Linux)
//!
//! The terminal is this program, at the other end of a pseudoterminal: it answers as kitty does.
//! `SOAK=15 cargo bench --bench start` instead plays 15 minutes at 30 frames a second into a terminal
//! that draws text, and into one that draws sixel, and tells what memory that takes as time goes by.

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

    fn start(arguments: &[&str]) -> Session {
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
            .args(arguments)
            .env_remove("BUDDY")
            .env_remove("CI")
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
        let id = questions.split("a=q,i=").nth(1).unwrap_or("0");
        let id: String = id.chars().take_while(char::is_ascii_digit).collect();
        let id: u32 = id.parse().unwrap();
        let trial = [(0, "OK"), (1, "OK"), (3, "ENOENT"), (2, "OK")];
        let trial = trial.map(|(n, code)| format!("\x1b_Gi={};{code}\x1b\\", id + n));
        format!(
            "{}\x1bP>|kitty(0.42.0)\x1b\\\x1b[6;20;10t\x1b[?2026;2$y\x1b[?62;4c",
            trial.concat()
        )
    }

    fn cpu_ticks(id: u32) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// `VmHWM` is the most so far, `VmRSS` what is held now (proc_pid_status(5)).
    fn resident_kib(id: u32, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn idle() {
        let mut session = start(&[]);
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
        println!(
            "memory (peak)   {:.1} MiB",
            resident_kib(session.child.id(), "VmHWM") as f64 / 1024.0
        );
        session.child.kill().unwrap();
        session.child.wait().unwrap();
    }

    /// Reads what comes, and answers each question whether a frame was read.
    fn serve(mut pty: File) {
        let mut part = [0; 65536];
        while let Ok(count) = pty.read(&mut part) {
            let asked = part[..count].windows(4).filter(|w| w == b"\x1b[5n").count();
            if count == 0 || pty.write_all(&b"\x1b[0n".repeat(asked)).is_err() {
                return;
            }
        }
    }

    fn soak(protocol: &str, minutes: u32) {
        let mut session = start(&["--protocol", protocol, "--fps", "30"]);
        let mut seen = Vec::new();
        while !seen.windows(3).any(|w| w == b"\x1b[c") {
            let mut part = [0; 4096];
            let count = session.pty.read(&mut part).unwrap();
            seen.extend_from_slice(&part[..count]);
        }
        let told = answers(&String::from_utf8_lossy(&seen));
        session.pty.write_all(told.as_bytes()).unwrap();
        let pty = session.pty.try_clone().unwrap();
        std::thread::spawn(|| serve(pty));
        let mut told = format!("{protocol:<8} MiB resident, minute by minute:");
        for _ in 0..minutes {
            std::thread::sleep(Duration::from_secs(60));
            let resident = resident_kib(session.child.id(), "VmRSS") as f64 / 1024.0;
            told += &format!(" {resident:.2}");
        }
        println!("{told}");
        session.child.kill().unwrap();
        session.child.wait().unwrap();
    }

    pub(super) fn main() {
        if let Some(minutes) = std::env::var("SOAK").ok().and_then(|text| text.parse().ok()) {
            let soaks = ["symbols", "sixel"]
                .map(|protocol| std::thread::spawn(move || soak(protocol, minutes)));
            soaks.into_iter().for_each(|soak| soak.join().unwrap());
            return;
        }
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..RUNS {
            let mut session = start(&[]);
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
