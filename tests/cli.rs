//! The command line as a stranger would use it: exit codes, hints, and bytes that repeat.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/events/session.jsonl");

fn buddy(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(args)
        .env_remove("BUDDY")
        .env_remove("NO_MOTION")
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = pipe.write_all(&bytes);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("{}-{name}", std::process::id()))
}

#[test]
fn without_a_terminal_and_a_geometry_it_says_what_to_pass() {
    let output = buddy(&["--protocol", "kitty"], b"");
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("--geometry"), "{}", words(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_skin_that_a_pet_does_not_have_is_an_error_that_names_those_it_has() {
    let out = scratch("skin.png");
    let out = out.to_str().unwrap();
    let geometry = ["--protocol", "symbols", "--geometry", "80x24@10x20", "--duration", "0.1"];
    let commands: [Vec<&str>; 5] = [
        [&["--pet", "null", "--skin", "tartan"], &geometry[..]].concat(),
        [&["preview", "null", "idle", "--skin", "tartan"], &geometry[..]].concat(),
        vec!["render", "null", "--size", "16x16", "--skin", "tartan", "-o", out],
        vec!["export", "null", "--size", "16x16", "--skin", "tartan", "-o", out],
        vec!["pack", "sheet", "null", "--skin", "tartan", "-o", out],
    ];
    for command in commands {
        let output = buddy(&command, b"");
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", words(&output));
        let said = words(&output);
        assert!(said.contains("null has no skin \"tartan\""), "{said}");
        assert!(said.contains("classic, cyberpunk, high-contrast, mascot-90s, ms-dos"), "{said}");
    }
}

#[test]
fn a_skin_reaches_every_picture_and_light_ground_has_its_own() {
    let shown = |name: &str, args: &[&str]| {
        let path = scratch(name);
        let common = ["render", "null", "--size", "48x48", "-o", path.to_str().unwrap()];
        let output = buddy(&[&common[..], args].concat(), b"");
        assert!(output.status.success(), "{}", words(&output));
        std::fs::read(path).unwrap()
    };
    let classic = shown("classic.png", &[]);
    let neon = shown("neon.png", &["--skin", "cyberpunk"]);
    let on_light = ["--skin", "cyberpunk", "--background", "#ffffff"];
    let on_dark = ["--skin", "cyberpunk", "--background", "#000000"];
    assert!(classic != neon && shown("light.png", &on_light) != shown("dark.png", &on_dark));
    let events = std::fs::read(EVENTS).unwrap();
    let played = |skin: &str| {
        let args = ["--pet", "null", "--skin", skin, "--protocol", "symbols", "--geometry"];
        let end = ["80x24@10x20", "--time", "events", "--duration", "3"];
        let output = buddy(&[&args[..], &end].concat(), &events);
        assert!(output.status.success(), "{}", words(&output));
        output.stdout
    };
    let text = String::from_utf8(played("ms-dos")).unwrap();
    let blocks = text.chars().filter(|c| ('\u{2580}'..='\u{259f}').contains(c));
    assert!(blocks.clone().all(|c| "█▀▄▌▐░▒▓".contains(c)) && blocks.count() > 0);
    assert!(played("classic") != played("mascot-90s"));
}

#[test]
fn the_same_input_gives_the_same_bytes_in_every_protocol() {
    let events = std::fs::read(EVENTS).unwrap();
    for protocol in ["kitty", "iterm2", "sixel", "symbols", "ascii", "text"] {
        let args = [
            "--protocol",
            protocol,
            "--geometry",
            "80x24@10x20",
            "--pet",
            "null",
            "--seed",
            "7",
            "--duration",
            "6",
        ];
        let first = buddy(&args, &events);
        assert_eq!(first.status.code(), Some(0), "{protocol}: {}", words(&first));
        assert!(!first.stdout.is_empty(), "{protocol}: nothing was written");
        let second = buddy(&args, &events);
        assert!(first.stdout == second.stdout, "{protocol}: other bytes the second time");
    }
}

/// The recorded session as a screen reader hears it. `BLESS=1` writes it anew, and still fails.
#[test]
fn the_session_in_sentences_is_the_recorded_one() {
    let golden = PathBuf::from(EVENTS).with_extension("sentences.txt");
    let output = buddy(&["--protocol", "text", "--seed", "7"], &std::fs::read(EVENTS).unwrap());
    let told = String::from_utf8(output.stdout).unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &told).unwrap();
    }
    assert_eq!(std::env::var_os("BLESS"), None, "written; run it again without");
    assert_eq!(told, std::fs::read_to_string(&golden).unwrap());
    let plain = |c: char| c == '\n' || !c.is_control() && !('\u{2190}'..='\u{2bff}').contains(&c);
    assert!(told.chars().all(plain), "no box, no block, no escape");
    let starts = told.lines().all(|line| line.ends_with(['.', '!', '?']));
    assert!(starts, "whole sentences: {told}");
}

#[test]
fn it_speaks_the_language_that_is_asked_for() {
    let say = |args: &[&str], locale: (&str, &str)| {
        let output = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
            .args(["--protocol", "text", "--pet", "spectre"])
            .args(args)
            .env_remove("BUDDY")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env_remove("LANG")
            .env(locale.0, locale.1)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let german = say(&["--lang", "de"], ("LANG", "C"));
    assert!(german.contains("Spectre schwebt leise neben dir."), "{german}");
    assert_eq!(say(&[], ("LC_MESSAGES", "de_AT.UTF-8")), german);
    assert_eq!(say(&[], ("LC_ALL", "de_DE@euro")), german);
    let english = say(&["--lang", "fr"], ("LANG", "de_DE.UTF-8"));
    assert!(english.contains("Spectre hovers beside you, quietly."), "{english}");
    assert_eq!(say(&[], ("LANG", "C.UTF-8")), english);
    let bad = buddy(&["--lang", "../x"], b"");
    assert_eq!(bad.status.code(), Some(2), "{}", words(&bad));
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_the_run_goes_on() {
    let input = b"{\"v\":1,\"event\":\"tests.passed\",\"passed\":3}\n{nonsense\n{\"v\":1,\"event\":\"say\",\"text\":\"still here\"}\n";
    let output = buddy(&["--protocol", "text"], input);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(words(&output).contains("line 2"), "{}", words(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("still here"), "{said}");
}

#[test]
fn no_escape_from_an_event_reaches_the_terminal() {
    let input = "{\"v\":1,\"event\":\"say\",\"text\":\"a\\u001b]52;c;aGk=\\u0007b\\u009b31mc\"}\n";
    for protocol in ["text", "symbols", "kitty"] {
        let args = ["--protocol", protocol, "--geometry", "80x24@10x20", "--pet", "bit"];
        let output = buddy(&args, input.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!out.contains("\u{1b}]52") && !out.contains('\u{9b}'), "{protocol}");
    }
}

#[test]
fn bad_files_end_in_one_line_with_the_path_and_exit_1() {
    let missing = scratch("missing.svg");
    let truncated = scratch("truncated.json");
    std::fs::write(&truncated, "{\"v\":\"5.7\",\"layers\":[{").unwrap();
    let strange = scratch("strange.svg");
    std::fs::write(&strange, "<html><p>not a picture</p></html>").unwrap();
    let noise = scratch("noise.lottie");
    std::fs::write(&noise, b"PK\x03\x04 and then nothing").unwrap();
    for path in [&missing, &truncated, &strange, &noise] {
        let path = path.to_str().unwrap();
        let output = buddy(&["render", path, "--size", "8x8", "-o", "-"], b"");
        assert_eq!(output.status.code(), Some(1), "{path}: {}", words(&output));
        assert!(words(&output).contains(path), "{}", words(&output));
        assert!(
            words(&output)
                .lines()
                .all(|l| l.starts_with("buddy-render:") || l.starts_with("hint:"))
        );
    }
}

#[test]
fn an_unknown_pet_is_answered_with_the_known_ones() {
    let output = buddy(&["--protocol", "text", "--pet", "rex"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("antigravity"), "{}", words(&output));
}

#[test]
fn buddy_0_writes_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["--protocol", "kitty", "--geometry", "80x24@10x20"])
        .env("BUDDY", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_rendered_png_has_the_size_and_straight_alpha() {
    let out = scratch("null.png");
    let output = buddy(
        &["render", "null", "--at", "0.5", "--size", "64x48", "-o", out.to_str().unwrap()],
        b"",
    );
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let picture = image::open(&out).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (64, 48));
    assert_eq!(picture.get_pixel(0, 0).0[3], 0, "the corner is transparent");
    assert!(picture.pixels().any(|p| p.0[3] == 255), "something opaque was drawn");
}

#[test]
fn every_kind_of_export_can_be_read_again() {
    for kind in ["png", "gif", "apng", "webp", "cast"] {
        let out = scratch(&format!("out.{kind}"));
        let args = [
            "export",
            "bit",
            "--clip",
            "happy",
            "--size",
            "80x80",
            "--fps",
            "12",
            "-o",
            out.to_str().unwrap(),
        ];
        let output = buddy(&args, b"");
        assert_eq!(output.status.code(), Some(0), "{kind}: {}", words(&output));
        let bytes = std::fs::read(&out).unwrap();
        if kind == "cast" {
            let header: serde_json::Value =
                serde_json::from_slice(bytes.split(|b| *b == b'\n').next().unwrap()).unwrap();
            assert_eq!(header["version"], 2);
        } else {
            let picture = image::load_from_memory(&bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (80, 80), "{kind}");
        }
    }
    let animation = std::fs::read(scratch("out.webp")).unwrap();
    let decoder = image::codecs::webp::WebPDecoder::new(std::io::Cursor::new(animation)).unwrap();
    assert!(decoder.has_animation());
    let frames = image::AnimationDecoder::into_frames(decoder).collect_frames().unwrap();
    assert!(frames.len() > 5);
}

#[test]
fn a_reader_that_stops_is_success() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
        .args(["--protocol", "symbols", "--geometry", "80x24@10x20", "--duration", "30"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(words(&output).is_empty(), "{}", words(&output));
}
