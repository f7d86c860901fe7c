//! Watching 20 repositories of 5,000 tracked folders each: memory, processor time at rest, and how
//! long an edit and a commit take to become events. `cargo bench --bench watching`
//!
//! The repositories are made by git in a temporary folder (some 200,000 small files), with ignored
//! folders beside the tracked ones. The watching itself runs in a process of its own, so that its
//! memory is its own: `BUDDY_BENCH_SECONDS` says how long it rests (60).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

#[cfg(target_os = "linux")]
#[path = "../tests/support/git.rs"]
mod git;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("folders are watched by inotify: Linux only");
}

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var_os(linux::FOLDER) {
        Some(folder) => linux::measure(folder.as_ref()),
        None => linux::prepare(),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use buddy_render::event::EventKind;
    use buddy_render::event::bus::Bus;
    use buddy_render::event::source::git::{Repository, Senses, watch};
    use peak_alloc::PeakAlloc;
    use std::fs;
    use std::io::{BufRead as _, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    #[global_allocator]
    static HEAP: PeakAlloc = PeakAlloc;

    pub(super) const FOLDER: &str = "BUDDY_BENCH_FOLDER";
    const REPOSITORIES: usize = 20;
    const FOLDERS: usize = 5_000;
    const IGNORED: usize = 1_000;
    const EDITS: usize = 100;

    fn git(root: &Path, arguments: &[&str]) {
        let mut command = super::git::command(root, arguments);
        // Nobody packs the objects while they are copied.
        command.envs([
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "gc.auto"),
            ("GIT_CONFIG_VALUE_0", "0"),
        ]);
        assert!(command.status().unwrap().success(), "git {arguments:?}");
    }

    fn root(folder: &Path, at: usize) -> PathBuf {
        folder.join(format!("repository-{at:02}"))
    }

    /// Makes the repositories and has another process watch them.
    pub(super) fn prepare() {
        let folder = tempfile::tempdir().unwrap();
        let first = root(folder.path(), 0);
        for at in 0..FOLDERS {
            let package = first.join(format!("package-{:02}/src/module-{at:04}", at % 50));
            fs::create_dir_all(&package).unwrap();
            fs::write(package.join("mod.rs"), format!("// {at}\npub fn f() {{}}\n")).unwrap();
        }
        for at in 0..IGNORED {
            let ignored = first.join(format!("target/debug/build-{at:04}"));
            fs::create_dir_all(&ignored).unwrap();
            fs::write(ignored.join("out.txt"), "x").unwrap();
        }
        fs::write(first.join(".gitignore"), "/target/\n").unwrap();
        git(&first, &["init", "-q", "-b", "main"]);
        git(&first, &["add", "-A"]);
        git(&first, &["commit", "-q", "-m", "begin"]);
        for at in 1..REPOSITORIES {
            // With the times of its files, so that the index is true of the copy.
            let copy =
                Command::new("cp").arg("-a").arg(&first).arg(root(folder.path(), at)).status();
            assert!(copy.unwrap().success());
        }
        let watcher = std::env::current_exe().unwrap();
        let done = Command::new(watcher).env(FOLDER, folder.path()).status().unwrap();
        assert!(done.success());
    }

    /// Watches them.
    pub(super) fn measure(folder: &Path) {
        let roots: Vec<PathBuf> = (0..REPOSITORIES).map(|at| root(folder, at)).collect();
        let repositories = roots.iter().map(|root| Repository::find(root).unwrap()).collect();
        let bus = Arc::new(Bus::new());
        let (empty, begun) = (memory("VmRSS:"), Instant::now());
        let senses = Senses { repositories, ignore: None };
        let note = |note| println!("note: {note}");
        let _watching = watch(senses, Arc::clone(&bus), note).unwrap();
        while watches() < REPOSITORIES * FOLDERS {
            assert!(begun.elapsed() < Duration::from_secs(120), "{} folders", watches());
            std::thread::sleep(Duration::from_millis(50));
        }
        let (took, cost) = (begun.elapsed(), processor());
        std::thread::sleep(Duration::from_secs(2));
        println!("folders watched: {}", watches());
        println!(
            "until all are: {:.2} s, {:.2} s of processor time",
            took.as_secs_f64(),
            cost.as_secs_f64()
        );
        println!(
            "memory: {:.1} MB, {:.1} MB before, {:.1} MB at most (resident); {:.1} MB of heap in use",
            mega(memory("VmRSS:")),
            mega(empty),
            mega(memory("VmHWM:")),
            HEAP.current_usage_as_mb()
        );
        let rest = std::env::var("BUDDY_BENCH_SECONDS").ok().and_then(|s| s.parse().ok());
        let rest = Duration::from_secs(rest.unwrap_or(60));
        let before = processor();
        std::thread::sleep(rest);
        let share = (processor() - before).as_secs_f64() / rest.as_secs_f64();
        println!("at rest: {:.3} % of a processor over {} s", share * 100.0, rest.as_secs());
        let edits = times(&bus, |n| {
            let path = format!("package-{:02}/src/module-{n:04}/mod.rs", n % 50);
            fs::write(roots[n % REPOSITORIES].join(path), format!("// edit {n}\n")).unwrap();
        });
        tell("an edit becomes an event", &edits);
        let commits = times(&bus, |n| {
            let root = &roots[n % REPOSITORIES];
            git(root, &["commit", "-q", "--allow-empty", "-m", &format!("commit {n}")]);
        });
        tell("a commit becomes an event (with git's own time)", &commits);
        println!("memory after all that: {:.1} MB", mega(memory("VmRSS:")));
    }

    /// How long each of many things that are done takes to be told of.
    fn times(bus: &Bus, mut doing: impl FnMut(usize)) -> Vec<Duration> {
        let one = |n| {
            let begun = Instant::now();
            doing(n);
            while let Some(event) = bus.recv_timeout(Duration::from_secs(20)) {
                if matches!(event.kind, EventKind::Edit { .. } | EventKind::Commit { .. }) {
                    break;
                }
            }
            begun.elapsed()
        };
        (0..EDITS).map(one).collect()
    }

    fn tell(what: &str, times: &[Duration]) {
        let mut times = times.to_vec();
        times.sort();
        let [median, most] = [EDITS / 2, EDITS - 2].map(|at| times[at].as_secs_f64() * 1e3);
        println!("{what}: {median:.0} ms in the median, {most:.0} at 99 %");
    }

    /// The folders that inotify watches for this process.
    fn watches() -> usize {
        let files = fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
        let lines = files.filter_map(|file| fs::File::open(file.path()).ok());
        // Line by line: there are more of them than what is measured here takes.
        let lines = lines.flat_map(|file| BufReader::new(file).lines().map_while(Result::ok));
        lines.filter(|line| line.starts_with("inotify ")).count()
    }

    /// Resident memory of a kind, in kB.
    fn memory(kind: &str) -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn mega(kilo: u64) -> f64 {
        kilo as f64 / 1024.0
    }

    /// The processor time of all threads so far: utime and stime (proc(5), fields 14 and 15).
    fn processor() -> Duration {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let (_, after) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<&str> = after.split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}
