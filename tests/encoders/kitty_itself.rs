//! The same performances, read by kitty's own parser and picture manager, without a window: it must
//! see what the model sees. `tests/lab/install.sh` installs kitty. With `CI=true` a missing kitty
//! fails; elsewhere the test says that it was skipped.

use crate::graphics::{Graphics, Run};
use crate::support::{Drawn, PETS, SMALL_CELL, written};
use crate::wire::tokens;
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::{ClipId, Encoder, Placement};
use buddy_render::units::CellPosition;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// What kitty is given, and what the model makes of it.
#[derive(Default)]
struct Recording {
    model: Graphics,
    frames: Vec<Value>,
    wanted: Vec<Value>,
}

impl Recording {
    fn frame(&mut self, bytes: &[u8]) {
        let sequences = tokens(bytes).unwrap();
        let sequences = sequences.iter().map(|s| std::str::from_utf8(s.bytes).unwrap());
        let sequences: Vec<_> = sequences.collect();
        let seen = self.model.feed(bytes);
        let look = self.model.placements.keys().next().map_or(0, |(image, _)| *image);
        self.frames.push(json!({ "sequences": sequences, "look": look }));
        self.wanted.push(json!({
            "seen": seen,
            "held": self.model.images.len(),
            "picture": self.picture(look),
            "answers": "",
        }));
    }

    fn picture(&self, id: u32) -> Value {
        let Some(image) = self.model.images.get(&id) else { return Value::Null };
        let gaps: Vec<_> = image.frames.iter().map(|f| f.gap.unwrap_or(0)).collect();
        let crc = |rgba: &[u8]| {
            let mut crc = flate2::Crc::new();
            crc.update(rgba);
            crc.sum()
        };
        let pixels: Vec<_> = image.frames.iter().map(|f| crc(&f.picture.rgba)).collect();
        let (width, height) = image.frames[0].picture.size;
        // kitty's: 0 stopped, 2 running.
        let state = if image.run == Run::Stopped { 0 } else { 2 };
        let current = image.current;
        json!({ "size": [width, height], "current": current, "state": state, "gaps": gaps,
                "pixels": pixels })
    }
}

/// Some clips of a pet: loaded, shown, played, erased, put elsewhere, and taken away; those that
/// were given up for the quota are loaded again.
fn perform(tier: KittyTier, clips: &[Drawn], quota: usize, recording: &mut Recording) {
    let config = KittyConfig::new(tier, IdRange::from_seed(9));
    let mut kitty = Kitty::new(KittyConfig { z: 10, quota, ..config });
    let mut send = |write: &mut dyn FnMut(&mut Kitty, &mut Vec<u8>)| {
        recording.frame(&written(|out| write(&mut kitty, out)));
    };
    let first =
        Placement { at: CellPosition { col: 64, row: 0 }, size: clips[0].size, cell: SMALL_CELL };
    send(&mut |kitty, out| kitty.encode(&clips[0].poses[0].frame, &first, out).unwrap());
    for (n, clip) in clips.iter().enumerate() {
        let id = ClipId(n as u16);
        let at = CellPosition { col: 3 * (n as u16 % 4), row: n as u16 % 3 };
        let at = Placement { at, size: clip.size, cell: SMALL_CELL };
        send(&mut |kitty, out| kitty.load(id, &clip.poses, out).unwrap());
        if tier == KittyTier::Animated {
            send(&mut |kitty, out| kitty.play(id, clip.looping, &at, out).unwrap());
        }
        for pose in [2, 3, 0] {
            send(&mut |kitty, out| kitty.show(id, pose, &at, out).unwrap());
        }
        if n % 3 == 1 {
            send(&mut |kitty, out| kitty.erase(out));
        }
        send(&mut |kitty, out| {
            if !kitty.is_loaded(ClipId(0)) {
                kitty.load(ClipId(0), &clips[0].poses, out).unwrap();
            }
            kitty.show(ClipId(0), n % 6, &first, out).unwrap();
        });
    }
    send(&mut |kitty, out| kitty.reset(out));
}

/// Runs kitty's picture manager; none where there is no kitty.
fn ask_kitty(frames: &[Value]) -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kitty-frames.json");
    let cell = [SMALL_CELL.width, SMALL_CELL.height];
    std::fs::write(&file, json!({ "cell": cell, "frames": frames }).to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/encoders/kitty_screen.py");
    let code = format!("exec(open({script:?}).read(), {{}})");
    let run = Command::new("kitty").args(["+runpy", &code]).env("FRAMES", &file).output();
    let Ok(run) = run else {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "kitty is not installed: run tests/lab/install.sh");
        println!("skipped: kitty is not installed; tests/lab/install.sh installs it");
        return None;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(serde_json::from_slice(&run.stdout).unwrap())
}

#[test]
fn kitty_itself_sees_what_the_model_sees() {
    let mut recording = Recording::default();
    for tier in [KittyTier::Animated, KittyTier::Static] {
        for (_, clips) in PETS.iter() {
            perform(tier, &clips[..6], usize::MAX, &mut recording);
            perform(tier, &clips[..6], 100_000, &mut recording);
        }
    }
    let Some(seen) = ask_kitty(&recording.frames) else { return };
    assert_eq!(seen.len(), recording.wanted.len());
    for (n, (got, want)) in seen.iter().zip(&recording.wanted).enumerate() {
        assert_eq!(got, want, "frame {n}: {:.300}", recording.frames[n].to_string());
    }
}
