//! What a coding agent waits for: `emit --hook` from its start to its end, with a pet that listens
//! and without one. `cargo bench --bench hook`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

#[cfg(not(unix))]
fn main() {
    println!("hooks need sockets: Linux and macOS only");
}

#[cfg(unix)]
fn main() {
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pet.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    unix::measure("with a pet", &[("BUDDY_SOCKET", &path)]);
    unix::measure("without one", &[("XDG_RUNTIME_DIR", folder.path())]);
}

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    const RUNS: usize = 201;
    const HOOK: &[u8] = include_bytes!("../fixtures/events/spec/claude.jsonl");

    pub(super) fn measure(what: &str, environment: &[(&str, &Path)]) {
        // An edit, with the text that it replaces.
        let hook = HOOK.split(|byte| *byte == b'\n').nth(5).unwrap();
        let mut times: Vec<Duration> = (0..RUNS).map(|_| run(hook, environment)).collect();
        times.sort();
        let [least, median, most] = [0, RUNS / 2, RUNS - 3].map(|at| times[at].as_secs_f64() * 1e3);
        println!("{what}: {least:.2} ms at best, {median:.2} in the median, {most:.2} at 99 %");
    }

    fn run(hook: &[u8], environment: &[(&str, &Path)]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
        command.args(["emit", "--hook"]).env_remove("BUDDY").env_remove("BUDDY_SOCKET");
        command.envs(environment.iter().copied()).stdin(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(hook).unwrap();
        assert!(child.wait().unwrap().success());
        begun.elapsed()
    }
}
