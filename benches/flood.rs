//! A million events a second for ten seconds: what the bus holds, and what a pet takes whose input is
//! as fast as it can be. `cargo bench --bench flood`
//!
//! The first part counts the heap: it must not grow from the first second to the last. The second is
//! a pet in a process of its own, which reads native lines that are written without a pause.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where it fails, and prints its figures"
)]

use buddy_render::event::bus::Bus;
use buddy_render::event::{Event, EventKind};
use buddy_render::text::SafeText;
use peak_alloc::PeakAlloc;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const SECONDS: u64 = 10;
const RATE: u64 = 1_000_000;
/// Events between two looks at the clock.
const BATCH: u64 = 1_000;
/// How often a pet takes what came.
const FRAME: Duration = Duration::from_millis(16);

fn main() {
    bus();
    pet();
}

fn event(n: u64) -> Event {
    match n % 4 {
        0 => Event::of(EventKind::Keystroke { count: 1, interval_ms: Some(80.0) }),
        1 => Event { id: Some(n.to_string()), ..Event::of(EventKind::Active) },
        2 => Event::of(EventKind::Say { text: SafeText::new("one of very many lines") }),
        _ => Event::of(EventKind::Conflict { files: n }),
    }
}

fn bus() {
    let bus = Arc::new(Bus::new());
    let over = Arc::new(AtomicBool::new(false));
    let taker = {
        let (bus, over) = (Arc::clone(&bus), Arc::clone(&over));
        std::thread::spawn(move || {
            let mut taken = 0;
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(FRAME);
                taken += bus.drain().len();
            }
            taken
        })
    };
    let (begun, mut sent, mut heaps) = (Instant::now(), 0, Vec::new());
    HEAP.reset_peak_usage();
    for second in 1..=SECONDS {
        while sent < second * RATE && begun.elapsed() < Duration::from_secs(second) {
            (0..BATCH).for_each(|n| bus.push(event(sent + n)));
            sent += BATCH;
        }
        let end = Duration::from_secs(second);
        std::thread::sleep(end.saturating_sub(begun.elapsed()));
        heaps.push(HEAP.peak_usage() / 1024);
        HEAP.reset_peak_usage();
    }
    over.store(true, Ordering::Relaxed);
    let taken = taker.join().unwrap();
    let rate = sent as f64 / begun.elapsed().as_secs_f64() / 1e6;
    println!(
        "the bus: {rate:.2} million events a second, {taken} of {sent} taken, {} merged",
        bus.merged()
    );
    println!("  most heap in each second, in kB: {heaps:?}");
}

fn pet() {
    let folder = tempfile::tempdir().unwrap();
    let mut pet = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["play", "--protocol", "symbols", "--geometry", "80x24@10x20", "--time", "real"])
        .env("XDG_RUNTIME_DIR", folder.path())
        .env_remove("BUDDY")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = pet.stdin.take().unwrap();
    let lines = "{\"v\":1,\"event\":\"keystroke\",\"count\":1}\n{\"v\":1,\"event\":\"edit\",\"added\":1,\"deleted\":2}\n"
        .repeat(500);
    let (begun, mut sent, mut resident) = (Instant::now(), 0_u64, Vec::new());
    for second in 1..=SECONDS {
        while begun.elapsed() < Duration::from_secs(second) {
            stdin.write_all(lines.as_bytes()).unwrap();
            sent += 1_000;
        }
        resident.extend(memory(pet.id()));
    }
    drop(stdin);
    pet.wait().unwrap();
    println!("a pet: {:.2} million lines a second", sent as f64 / SECONDS as f64 / 1e6);
    println!("  resident after each second, in kB: {resident:?}");
}

/// A process's resident memory, in kB, where Linux tells it.
fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
