//! The pets' clips as sixel, whole frames and changes, read by libsixel's own decoder: it must see
//! what the model sees. `tests/lab/install.sh` installs `sixel2png`. With `CI=true` a missing one
//! fails; elsewhere the test says that it was skipped.

use crate::screen::Picture;
use crate::support::{PETS, SMALL_CELL, encoded, strings};
use buddy_render::protocol::sixel::{Sixel, SixelConfig, SixelTraits};
use buddy_render::protocol::{ClipId, Encoder, Placement};
use buddy_render::units::CellPosition;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A picture's pixels, row by row; none where there is no libsixel.
fn ask_libsixel(body: &[u8]) -> Option<Vec<[u8; 3]>> {
    let child = Command::new("sixel2png").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "sixel2png is not installed: run tests/lab/install.sh");
        println!("skipped: sixel2png is not installed; tests/lab/install.sh installs it");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    input.write_all(&[b"\x1bP", body, b"\x1b\\"].concat()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let picture = image::load_from_memory(&output.stdout).unwrap().into_rgb8();
    Some(picture.pixels().map(|pixel| pixel.0).collect())
}

#[test]
fn libsixel_sees_what_the_model_sees() {
    let mut pictures = 0;
    for (pet, clips) in PETS.iter() {
        for (n, clip) in clips.iter().enumerate().take(4) {
            let traits = SixelTraits { overlays: n % 2 == 1, ..SixelTraits::default() };
            let registers = if n < 2 { 256 } else { 64 };
            let mut sixel = Sixel::new(SixelConfig { registers, traits, ..SixelConfig::default() });
            let samples: Vec<_> = clip.poses.iter().map(|pose| pose.frame.clone()).collect();
            sixel.learn_colors(ClipId(0), &samples);
            let at = CellPosition { col: 2, row: 1 };
            let at = Placement { at, size: clip.size, cell: SMALL_CELL };
            for frame in &samples {
                let bytes = encoded(&mut sixel, frame, &at);
                for body in strings(&bytes, "\x1bP") {
                    let Some(seen) = ask_libsixel(body) else { return };
                    let model = Picture::decode(body, registers.into(), None).unwrap();
                    assert_eq!(seen.len(), model.colors.len(), "{pet} {}", clip.clip);
                    for (at, (seen, color)) in seen.iter().zip(&model.colors).enumerate() {
                        let agree = color.is_none_or(|color| near(color, *seen));
                        assert!(agree, "{pet} {}: pixel {at}: {seen:?}, {color:?}", clip.clip);
                    }
                    pictures += 1;
                }
            }
        }
    }
    assert!(pictures > 100, "{pictures}");
}

/// libsixel rounds percents down where the model rounds to the nearest.
fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.into_iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 1)
}
