//! The main job in real terminals, on a virtual screen: the recorded session is played and looked
//! at. `tests/lab/install.sh` installs what this needs. With `CI=true` a missing terminal fails;
//! elsewhere its test says that it was skipped.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops where it fails")]

use buddy_render::frame::Frame;
use buddy_render::pet::catalog;
use buddy_render::units::PixelSize;
use image::{GenericImageView as _, Rgba, RgbaImage};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The lab's background.
const GROUND: [u8; 3] = [0x10, 0x20, 0x30];

/// The pet's default box in the lab's 80×24 window, in cells.
const COLS: u32 = 16;
const ROWS: u32 = 8;

/// One virtual screen at a time: two at once are too slow for pictures on the second.
static SCREEN: Mutex<()> = Mutex::new(());

/// The pictures of one run, and one cell's size in pixels.
struct Run {
    pictures: Vec<RgbaImage>,
    after: RgbaImage,
    cell: (u32, u32),
}

/// Whether a program can be run here.
fn is_installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|o| o.status.success())
}

/// Runs a command in `terminal`, with pictures `at` these seconds, or those that it takes itself (of
/// the `--whole` screen), and gives back the folder of its
/// pictures, or `None` where the terminal is not installed.
fn shoot(terminal: &str, name: &str, at: &[&str], command: &[&str]) -> Option<PathBuf> {
    let needed = [terminal, "Xvfb", "python3"];
    if let Some(missing) = needed.into_iter().find(|program| !is_installed(program)) {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "{missing} is not installed: run tests/lab/install.sh");
        eprintln!("skipped: {missing} is not installed; tests/lab/install.sh installs it");
        return None;
    }
    let _one = SCREEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{terminal}-{name}"));
    let _ = std::fs::remove_dir_all(&out);
    let mut shot = Command::new(Path::new(ROOT).join("tests/lab/shot"));
    shot.args([terminal, "--wait", "--timeout", "90", "--out"]).arg(&out);
    match at {
        [] => {}
        ["--whole"] => drop(shot.arg("--whole")),
        _ => drop(shot.args(["--at", &at.join(",")])),
    }
    let shot = shot.arg("--").args(command).output().unwrap();
    assert!(shot.status.success(), "{}", String::from_utf8_lossy(&shot.stderr));
    Some(out)
}

fn picture(folder: &Path, name: &str) -> RgbaImage {
    image::open(folder.join(format!("{name}.png"))).unwrap().to_rgba8()
}

/// Plays the session in `terminal`, with pictures `at` these seconds and after the end.
fn play(terminal: &str, protocol: &str, pet: &str, at: &[&str]) -> Option<Run> {
    let buddy = env!("CARGO_BIN_EXE_buddy-render");
    let command = format!(
        "'{buddy}' --pet {pet} --protocol {protocol} < '{ROOT}/fixtures/events/session.jsonl'; sleep 0.6; '{ROOT}/tests/lab/snap' after"
    );
    let folder = shoot(terminal, protocol, at, &["sh", "-c", &command])?;
    let after = picture(&folder, "after");
    let pictures = at.iter().map(|at| picture(&folder, &format!("{at}s"))).collect();
    Some(Run { pictures, cell: (after.width() / 80, after.height() / 24), after })
}

/// A shell with job control: the pet is stopped as by Ctrl-Z, brought back, and terminated.
const STOP_AND_GO: &str = r#"
set -m
( sleep 4; "$SNAP" running; pkill -TSTP -n -f "$MARK"; sleep 1; "$SNAP" stopped ) &
"$BUDDY" --pet null --protocol kitty --seed 987123
sleep 2
( sleep 3; "$SNAP" resumed; pkill -TERM -n -f "$MARK" ) &
fg %2
sleep 1
"$SNAP" ended
"#;

#[test]
fn a_stopped_pet_is_gone_and_comes_back() {
    let buddy = env!("CARGO_BIN_EXE_buddy-render");
    let script = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stop-and-go.sh");
    let values = format!(
        "BUDDY='{buddy}'\nSNAP='{ROOT}/tests/lab/snap'\nMARK='buddy-render --pet null --protocol kitty --seed 987123'\n"
    );
    std::fs::write(&script, values + STOP_AND_GO).unwrap();
    let command = ["bash", script.to_str().unwrap()];
    let Some(folder) = shoot("kitty", "stop-and-go", &[], &command) else {
        return;
    };
    let pets = |name| {
        let seen = picture(&folder, name);
        let (width, height) = (seen.width() / 80, seen.height() / 24);
        let corner = seen.view((80 - COLS) * width, height, COLS * width, (ROWS - 1) * height);
        drawn(&corner.to_image())
    };
    assert!(pets("running") > 2000);
    assert_eq!(pets("stopped"), 0);
    assert!(pets("resumed") > 2000);
    assert_eq!(pets("ended"), 0);
}

impl Run {
    /// The pet's box: left, top, width, height in pixels.
    fn pet_box(&self) -> (u32, u32, u32, u32) {
        let (width, height) = self.cell;
        ((80 - COLS) * width, 0, COLS * width, ROWS * height)
    }

    /// The pet's box as it was seen.
    fn seen(&self, index: usize) -> RgbaImage {
        let (x, y, width, height) = self.pet_box();
        self.pictures[index].view(x, y, width, height).to_image()
    }
}

fn is_ground(pixel: Rgba<u8>) -> bool {
    pixel.0.iter().zip(GROUND).all(|(a, b)| a.abs_diff(b) <= 12)
}

fn drawn(picture: &RgbaImage) -> usize {
    picture.pixels().filter(|pixel| !is_ground(**pixel)).count()
}

/// The mean difference of two pictures' channels, 0 to 255.
fn distance(picture: &RgbaImage, frame: &Frame) -> f64 {
    let over = |color: u8, alpha: u8, ground: u8| {
        f64::from(color) + f64::from(ground) * (1.0 - f64::from(alpha) / 255.0)
    };
    let pairs = picture.pixels().zip(frame.pixmap().pixels());
    let sum: f64 = pairs
        .map(|(a, b)| {
            let b = [b.red(), b.green(), b.blue()].map(|c| (c, b.alpha()));
            a.0.iter()
                .zip(b)
                .zip(GROUND)
                .map(|((a, (c, alpha)), g)| (f64::from(*a) - over(c, alpha, g)).abs())
                .sum::<f64>()
        })
        .sum();
    sum / f64::from(picture.width() * picture.height() * 3)
}

/// Which pet a picture comes nearest to, over all clips and times, and how near.
fn nearest(picture: &RgbaImage) -> (String, f64) {
    let mut best = (String::new(), f64::MAX);
    let mut frame = Frame::new(PixelSize::new(picture.width(), picture.height())).unwrap();
    for name in catalog::names() {
        let pet = catalog::load(name).unwrap();
        let mut scene = pet.scene().unwrap();
        for clip in pet.clips() {
            for i in 0..=24 {
                scene.draw(clip.start + clip.duration * i / 24, &mut frame);
                let distance = distance(picture, &frame);
                if distance < best.1 {
                    best = (name.to_owned(), distance);
                }
            }
        }
    }
    best
}

/// The right pet, in the corner and nowhere else, transparent, moving; nothing left at the end.
fn check(terminal: &str, protocol: &str, pet: &str) {
    let Some(run) = play(terminal, protocol, pet, &["2", "5.5", "9"]) else {
        return;
    };
    let where_ = format!("{protocol} in {terminal}");
    let (left, _, _, bottom) = run.pet_box();
    for (index, picture) in run.pictures.iter().enumerate() {
        let seen = run.seen(index);
        let (name, distance) = nearest(&seen);
        assert_eq!(name, pet, "{where_}, picture {index}: {distance}");
        assert!(
            distance < 22.0,
            "{where_}, picture {index}: no pose of {pet} is nearer than {distance}"
        );
        let ground = 1.0 - drawn(&seen) as f64 / f64::from(seen.width() * seen.height());
        assert!(
            ground > 0.25,
            "{where_}, picture {index}: only {ground} of the box is transparent"
        );
        let (width, height) = run.cell;
        let elsewhere = picture.enumerate_pixels().filter(|(x, y, p)| {
            // A bubble has at most 38 columns and 6 rows; the cursor may stand in the first row.
            let beside = *x + 38 * width < left && *y >= height;
            let below = *x < left && *y >= 6 * height || *y >= bottom;
            (beside || below) && !is_ground(**p)
        });
        assert_eq!(
            elsewhere.count(),
            0,
            "{where_}, picture {index}: something is drawn outside of the corner"
        );
    }
    assert!(
        run.pictures[0] != run.pictures[1] || run.pictures[1] != run.pictures[2],
        "{where_}: nothing moves"
    );
    // The cursor may stand in the first cells.
    let left_behind = run
        .after
        .enumerate_pixels()
        .filter(|(x, y, p)| (*x > 2 * run.cell.0 || *y > run.cell.1) && !is_ground(**p));
    assert_eq!(left_behind.count(), 0, "{where_}: something is left behind");
}

#[test]
fn kitty_graphics_in_kitty() {
    check("kitty", "kitty", "null");
}

#[test]
fn sixel_in_xterm() {
    check("xterm", "sixel", "antigravity");
}

#[test]
fn iterm2_images_in_mlterm() {
    check("mlterm", "iterm2", "haiku");
}

#[test]
fn symbols_in_kitty() {
    let Some(run) = play("kitty", "symbols", "spectre", &["3"]) else {
        return;
    };
    assert!(
        drawn(&run.seen(0)) > 2000 && drawn(&run.after) < 2 * (run.cell.0 * run.cell.1) as usize
    );
}

#[test]
fn auto_finds_kitty_graphics_in_konsole() {
    check("konsole", "auto", "bit");
}

/// Ten pictures in quick succession while a clip plays: the pet is whole in each.
fn check_burst(terminal: &str, protocol: &str, more: &str) {
    let buddy = env!("CARGO_BIN_EXE_buddy-render");
    let command = format!(
        "'{buddy}' preview null purr --protocol {protocol} {more} --duration 6 2>/dev/null"
    );
    let at: Vec<_> = (0..10).map(|n| (f64::from(350 + 6 * n) / 100.0).to_string()).collect();
    let times: Vec<_> = at.iter().map(String::as_str).collect();
    let name = format!("burst-{protocol}");
    let Some(folder) = shoot(terminal, &name, &times, &["sh", "-c", &command]) else { return };
    let pictures = at.iter().map(|at| picture(&folder, &format!("{at}s")));
    let boxes: Vec<_> = pictures.map(|picture| corner(&picture)).collect();
    let pixels: Vec<_> = boxes.iter().map(drawn).collect();
    let most = pixels.iter().copied().max().unwrap_or_default();
    assert!(most > 2000, "{protocol} in {terminal}: {pixels:?}");
    assert!(
        pixels.iter().all(|seen| *seen * 10 > most * 8),
        "{protocol} in {terminal}: not all of the pet is there at all times: {pixels:?}"
    );
    assert!(
        boxes.iter().any(|seen| *seen != boxes[0]),
        "{protocol} in {terminal}: it stands still"
    );
}

/// The pet's default box, in a picture of an 80×24 window.
fn corner(picture: &RgbaImage) -> RgbaImage {
    let (width, height) = (picture.width() / 80, picture.height() / 24);
    picture.view((80 - COLS) * width, 0, COLS * width, ROWS * height).to_image()
}

#[test]
fn nothing_flickers_in_kitty() {
    check_burst("kitty", "kitty", "--tier animated");
    check_burst("kitty", "kitty", "--tier static");
    check_burst("kitty", "symbols", "");
}

#[test]
fn nothing_flickers_in_xterm() {
    check_burst("xterm", "sixel", "");
}

#[test]
fn nothing_flickers_in_konsole() {
    check_burst("konsole", "kitty", "");
}

/// A shell's afternoon in a few seconds.
const AFTERNOON: &str = r#"
sleep 3; "$SNAP" start
seq 1 2000; sleep 1.5; "$SNAP" scrolled
clear; echo cleared; sleep 1.5; "$SNAP" cleared
printf '\033[?1049h\033[2J\033[Hother'; sleep 0.7; "$SNAP" editor
printf '\033[?1049l'; echo back; sleep 1.5; "$SNAP" back
window=$(xdotool search --class "$CLASS" | tail -1)
xdotool windowsize "$window" $SMALL; sleep 1.5; "$SNAP" small
xdotool windowsize "$window" $LARGE; sleep 2; printf 'large'; sleep 1; "$SNAP" large
"#;

/// Runs the shell in `terminal` with the pet over it, and looks where what is.
fn check_shell(terminal: &str, protocol: &str) {
    if is_installed(terminal) && !is_installed("xdotool") {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "xdotool is not installed: run tests/lab/install.sh");
        eprintln!("skipped: xdotool is not installed; tests/lab/install.sh installs it");
        return;
    }
    let buddy = env!("CARGO_BIN_EXE_buddy-render");
    // One cell's pixels, as tests/lab/README.md has them.
    let (width, height) = if terminal == "xterm" { (9, 19) } else { (9, 18) };
    let size = |cols: u32, rows: u32| format!("{} {}", cols * width, rows * height);
    let script = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("shell-{terminal}.sh"));
    let values = format!(
        "SNAP='{ROOT}/tests/lab/snap'\nCLASS={terminal}\nSMALL='{}'\nLARGE='{}'\n",
        size(50, 12),
        size(120, 40)
    );
    std::fs::write(&script, values + AFTERNOON).unwrap();
    let command = format!(
        "env -u CI '{buddy}' shell --pet null --protocol {protocol} -- sh '{}'",
        script.display()
    );
    let Some(folder) = shoot(terminal, "shell", &["--whole"], &["sh", "-c", &command]) else {
        return;
    };
    let seen = |name: &str, cols: u32, rows: u32| {
        let seen = picture(&folder, name);
        seen.view(0, 0, cols * width, rows * height).to_image()
    };
    let part = |seen: &RgbaImage, cols: std::ops::Range<u32>, rows: std::ops::Range<u32>| {
        let (x, y) = (cols.start * width, rows.start * height);
        let (w, h) = ((cols.end - cols.start) * width, (rows.end - rows.start) * height);
        drawn(&seen.view(x, y, w, h).to_image())
    };
    for (name, cols, rows, stands) in [
        ("start", 80, 24, true),
        ("scrolled", 80, 24, true),
        ("cleared", 80, 24, true),
        ("editor", 80, 24, false),
        ("back", 80, 24, true),
        ("small", 50, 12, false),
        ("large", 120, 40, true),
    ] {
        let picture = seen(name, cols, rows);
        let corner = part(&picture, cols - COLS..cols, 0..ROWS);
        let what = format!("{protocol} in {terminal}, {name}");
        assert_eq!(corner > 2000, stands, "{what}: {corner} pixels in the corner");
        // Text is short: what is right of it and not in the corner is a ghost.
        let beside = part(&picture, 20..cols - COLS, 0..rows);
        let below = part(&picture, cols - COLS..cols, ROWS..rows);
        // The mouse's arrow may be there.
        assert!(beside < 120 && below < 120, "{what}: {beside} and {below} pixels are left");
        if !stands {
            assert!(corner < 120, "{what}: {corner} pixels are left");
        }
    }
    let text = part(&seen("scrolled", 80, 24), 0..4, 0..23);
    assert!(text > 1000, "the numbers are there: {text}");
}

#[test]
fn a_shell_keeps_its_pet_in_kitty() {
    check_shell("kitty", "kitty");
}

#[test]
fn a_shell_keeps_its_pet_in_xterm() {
    check_shell("xterm", "sixel");
}
