//! From an event to the first byte that it changes: on standard input and by the pet's socket, in
//! pictures made of text and in sentences. `cargo bench --bench latency`
//!
//! With `--motion none` nothing is written unless something happens, so that the first byte after an
//! event is its own. Each event is a line for the pet to say, unlike the one before.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

#[cfg(not(unix))]
fn main() {
    println!("pets have sockets on Linux and macOS only");
}

#[cfg(unix)]
fn main() {
    for protocol in ["symbols", "text"] {
        unix::measure(protocol, false);
        unix::measure(protocol, true);
    }
}

#[cfg(unix)]
mod unix {
    use buddy_render::event::source::socket;
    use std::io::{Read as _, Write as _};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::{Duration, Instant};

    const EVENTS: usize = 201;
    /// Longer than a pet is busy with a line.
    const PAUSE: Duration = Duration::from_millis(150);
    const LONG: Duration = Duration::from_secs(20);

    pub(super) fn measure(protocol: &str, by_socket: bool) {
        let folder = tempfile::tempdir().unwrap();
        let (mut pet, bytes) = pet(protocol, folder.path());
        let socket = find_socket(folder.path());
        let mut stdin = pet.stdin.take().unwrap();
        let mut times: Vec<Duration> = (0..EVENTS)
            .map(|n| {
                std::thread::sleep(PAUSE);
                while bytes.try_recv().is_ok() {}
                let line = format!("{{\"v\":1,\"event\":\"say\",\"text\":\"word {n}\"}}");
                let begun = Instant::now();
                if by_socket {
                    socket::send(&socket, &line).unwrap();
                } else {
                    writeln!(stdin, "{line}").unwrap();
                }
                bytes.recv_timeout(LONG).unwrap().duration_since(begun)
            })
            .collect();
        drop(stdin);
        pet.wait().unwrap();
        times.sort();
        let [least, median, most] =
            [0, EVENTS / 2, EVENTS - 3].map(|at| times[at].as_secs_f64() * 1e3);
        let way = if by_socket { "its socket" } else { "standard input" };
        println!(
            "{protocol}, by {way}: {least:.2} ms at best, {median:.2} in the median, {most:.2} at 99 %"
        );
    }

    /// A pet, and when each of its bytes came.
    fn pet(protocol: &str, runtime: &std::path::Path) -> (Child, Receiver<Instant>) {
        let mut pet = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
            .args(["play", "--pet", "null", "--protocol", protocol, "--geometry", "80x24@10x20"])
            .args(["--time", "real", "--motion", "none"])
            .env("XDG_RUNTIME_DIR", runtime)
            .env_remove("BUDDY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = pet.stdout.take().unwrap();
        let (send, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while out.read(&mut buffer).is_ok_and(|count| count > 0) {
                if send.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
        (pet, bytes)
    }

    fn find_socket(runtime: &std::path::Path) -> PathBuf {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < LONG, "no socket appeared");
            let entries = std::fs::read_dir(runtime.join("buddy")).into_iter().flatten().flatten();
            if let Some(entry) = entries.into_iter().next() {
                return entry.path();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
