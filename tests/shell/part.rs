//! The programs in the window: this test's own binary, told by its environment what to do.

use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::time::Duration;

pub(super) const BEGIN: &[u8] = b"<<begin>>";
pub(super) const END: &[u8] = b"<<end>>";
/// What ends the input that is summed up.
pub(super) const LAST: &[u8] = b"<<last>>";

/// The command that runs a part: `replay FILE STEP PAUSE-MS` or `sum`.
pub(super) fn command(words: &[&str]) -> Vec<String> {
    let this = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let assign = format!("BUDDY_TEST_PART={}", words.join(" "));
    let run = ["env", &assign, &this, "--exact", "part::part", "--ignored", "--nocapture"];
    run.iter().map(|word| (*word).to_owned()).collect()
}

fn raw() -> File {
    let tty = File::options().read(true).write(true).open("/dev/tty").unwrap();
    let mut modes = rustix::termios::tcgetattr(&tty).unwrap();
    modes.make_raw();
    rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &modes).unwrap();
    tty
}

/// Writes a file as it is, `step` bytes at a time, with a pause after each 32nd.
fn replay(path: &str, step: usize, pause: u64) {
    let bytes = std::fs::read(path).unwrap();
    let mut tty = raw();
    tty.write_all(BEGIN).unwrap();
    for (n, part) in bytes.chunks(step).enumerate() {
        tty.write_all(part).unwrap();
        if pause > 0 && n % 32 == 31 {
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
    // Whatever was left open must not swallow the mark.
    tty.write_all(b"\x18\x1b\\").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    tty.write_all(END).unwrap();
    std::thread::sleep(Duration::from_millis(100));
}

/// Reads keys up to the last, and tells their sum.
fn sum() {
    let mut tty = raw();
    tty.write_all(BEGIN).unwrap();
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    while !all.ends_with(LAST) {
        let n = tty.read(&mut part).unwrap();
        all.extend_from_slice(&part[..n]);
        // How wide that is, terminals do not agree on, so that there are questions to ask.
        tty.write_all("\x1b[15;1H\u{1f468}\u{200d}\u{1f469}".as_bytes()).unwrap();
    }
    let hex: String = Sha256::digest(&all).iter().map(|byte| format!("{byte:02x}")).collect();
    tty.write_all(format!("sum {hex} {}", all.len()).as_bytes()).unwrap();
    tty.write_all(END).unwrap();
    std::thread::sleep(Duration::from_millis(100));
}

#[test]
#[ignore = "a program that other tests run"]
fn part() {
    let Ok(what) = std::env::var("BUDDY_TEST_PART") else { return };
    match what.split(' ').collect::<Vec<_>>()[..] {
        ["replay", path, step, pause] => {
            replay(path, step.parse().unwrap(), pause.parse().unwrap());
        }
        ["sum"] => sum(),
        _ => panic!("no such part: {what}"),
    }
}
