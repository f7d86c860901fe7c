//! The five pets: complete, compiled from their sources, whole in every pose.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::frame::{Frame, Letters, TextPose};
use buddy_render::pet::skin::Outfit;
use buddy_render::pet::{Clip, Pet, build, catalog};
use buddy_render::scene::Scene;
use buddy_render::scene::dotlottie::DotLottie;
use buddy_render::scene::dotlottie::machine::Machine;
use buddy_render::scene::dotlottie::theme::Theme;
use buddy_render::units::PixelSize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What every pet can do.
const CLIPS: &[&str] = &[
    "idle",
    "idle-2",
    "idle-3",
    "blink",
    "happy",
    "alert",
    "sad",
    "doze",
    "sleep",
    "wake",
    "work",
    "tap-glass",
    "celebrate",
    "glow",
    "enter",
    "exit",
];

/// What one pet alone can do.
const SIGNATURES: &[(&str, &[&str])] = &[
    ("antigravity", &["hoot", "side-eye", "tilt"]),
    ("null", &["purr", "hiss", "knead", "stretch"]),
    ("haiku", &["fold", "bow", "one-leg"]),
    ("bit", &["fetch", "wag", "zoom"]),
    ("spectre", &["appear", "vanish", "whisper"]),
];

/// What a mind may ask for, beside what the pets have.
const ASKED: &[&str] = &["hiss", "purr", "hoot", "fetch", "fold", "side-eye", "whisper"];

const REACTIONS: &[&str] = &[
    "tests-passed",
    "tests-failed",
    "tests-green-again",
    "build-passed",
    "build-failed",
    "lint-error",
    "large-delete",
    "conflict",
    "conflict-resolved",
    "agent-blocked",
    "agent-done",
    "agent-error",
    "legacy",
    "docs",
    "condense",
    "sleep",
    "wake",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pets").join(name)
}

fn pets() -> Vec<Pet> {
    catalog::names().into_iter().map(|name| catalog::load(name).unwrap()).collect()
}

fn drawn(scene: &mut dyn Scene, at: Duration, side: u32) -> Frame {
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    scene.draw(at, &mut frame);
    frame
}

/// The share of pixels that differ visibly, 0 to 1.
fn difference(a: &Frame, b: &Frame) -> f64 {
    let pixels = a.pixmap().data().chunks_exact(4).zip(b.pixmap().data().chunks_exact(4));
    let (count, all) = pixels.fold((0_u32, 0_u32), |(count, all), (a, b)| {
        let far = a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 24);
        (count + u32::from(far), all + 1)
    });
    f64::from(count) / f64::from(all)
}

#[test]
fn every_pet_has_its_clips_and_something_to_say() {
    for (pet, (name, signatures)) in pets().iter().zip(SIGNATURES) {
        assert_eq!(pet.name(), *name);
        for clip in CLIPS.iter().chain(*signatures) {
            assert!(pet.clip(clip).is_some(), "{name} has no {clip}");
        }
        for clip in ASKED {
            assert!(pet.resolve_clip(clip) != "idle", "{name} does nothing for {clip}");
        }
        let personality = pet.personality(None);
        for reaction in REACTIONS {
            assert!(
                personality.lines.contains_key(*reaction),
                "{name} has no lines for {reaction}"
            );
        }
        assert!(pet.clip("idle").unwrap().looping && pet.clip("sleep").unwrap().looping);
        assert!(!pet.clip("happy").unwrap().looping);
    }
}

#[test]
fn the_committed_files_are_what_the_sources_compile_to() {
    for name in catalog::names() {
        let read = |file: &str| std::fs::read_to_string(folder(name).join(file)).unwrap();
        let (rig, clips, skins) = (read("rig.svg"), read("clips.toml"), read("skins.toml"));
        let looks = std::fs::read_to_string(folder("skins.toml")).unwrap();
        let (skins, looks) = (Some(skins.as_str()), Some(looks.as_str()));
        let sources = build::Sources { rig: &rig, clips: &clips, skins, looks };
        let compiled = build::compile(sources).unwrap();
        let stale = format!("run: cargo run -- pack build pets/{name}");
        assert!(compiled.still == read(&format!("{name}.svg")), "{stale}");
        // Compared inflated: another zip library may pack the same thing tighter.
        let committed =
            DotLottie::open(&std::fs::read(folder(name).join(format!("{name}.lottie"))).unwrap())
                .unwrap();
        assert!(
            compiled.animation.as_bytes() == committed.file(&format!("a/{name}.json")).unwrap(),
            "{stale}"
        );
        assert!(compiled.extra.as_bytes() == committed.file("x-buddy.json").unwrap(), "{stale}");
        for (id, theme) in compiled.themes() {
            assert!(
                theme.as_bytes() == committed.file(&format!("t/{id}.json")).unwrap(),
                "{stale}"
            );
        }
        let ids: Vec<_> = compiled.themes().iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(committed.themes(), ids, "{stale}");
        let machine = committed.file("s/clips.json").unwrap();
        assert!(compiled.machine(name).as_bytes() == machine, "{stale}");
        let again = compiled.to_dotlottie(name).unwrap();
        assert!(again == compiled.to_dotlottie(name).unwrap(), "the same pet, the same bytes");
    }
}

#[test]
fn the_engine_draws_all_that_the_pets_use() {
    for pet in pets() {
        assert!(pet.scene().unwrap().unsupported().is_empty(), "{}", pet.name());
    }
}

#[test]
fn loops_have_no_seam() {
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        let step = Duration::from_secs_f32(1.0 / scene.frame_rate());
        for clip in pet.clips().iter().filter(|clip| clip.looping) {
            let first = drawn(&mut *scene, clip.start, 128);
            let end = drawn(&mut *scene, clip.start + clip.duration, 128);
            let late = drawn(&mut *scene, clip.start + clip.duration - step, 128);
            let (seam, last) = (difference(&first, &end), difference(&first, &late));
            assert!(
                seam < 0.001,
                "{} {}: first and last pose differ by {seam}",
                pet.name(),
                clip.name
            );
            assert!(last < 0.12, "{} {}: jumps by {last} at its end", pet.name(), clip.name);
        }
    }
}

/// Where a clip that is played once may begin and end elsewhere than at rest: out of sight, asleep,
/// or gone.
const ELSEWHERE: &[(&str, bool, bool)] = &[
    ("enter", true, false),
    ("exit", false, true),
    ("doze", false, true),
    ("wake", true, false),
    // It goes on with a hem that waves.
    ("appear", true, true),
    ("vanish", false, true),
];

/// A cut from the idle clip to another and back is no jump, nor one from a variant to the next.
#[test]
fn clips_begin_and_end_at_rest() {
    let mut jumps = Vec::new();
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        let rest = drawn(&mut *scene, pet.clip("idle").unwrap().start, 128);
        let idles = pet.clips().iter().filter(|clip| clip.name.starts_with("idle"));
        for clip in idles.chain(pet.clips().iter().filter(|clip| !clip.looping)) {
            let (_, begins, ends) =
                ELSEWHERE.iter().find(|(name, ..)| clip.name == *name).copied().unwrap_or_default();
            // At its very end the next clip begins, where no pose is held over.
            let last = clip.duration.saturating_sub(Duration::from_millis(1));
            for (at, elsewhere) in [(Duration::ZERO, begins), (last, ends)] {
                let far = difference(&rest, &drawn(&mut *scene, clip.start + at, 128));
                if !elsewhere && far > 0.06 {
                    jumps.push(format!("{} {} at {at:?}: {far:.3}", pet.name(), clip.name));
                }
            }
        }
    }
    assert!(jumps.is_empty(), "{}", jumps.join("\n"));
}

/// Nobody is to be harmed: WCAG 2.2, 2.3.1, allows three flashes within any second.
const MOST_FLASHES: usize = 3;

/// A flash is a pair of opposing changes of relative luminance by 10 % or more, where the darker
/// state is below 80 % (WCAG 2.2, "general flash"). Each picture is told by its mean luminance over
/// 4×4 fields, on black and on white, and the worst field counts: stricter than the standard, which
/// passes by what is smaller than a quarter of ten degrees of sight.
#[test]
fn nothing_flashes_more_than_three_times_a_second() {
    const SIDE: u32 = 64;
    const FIELDS: usize = 4;
    /// Pictures a second.
    const RATE: u32 = 30;
    let mut flashing = Vec::new();
    // The skin of the most contrast, beside the pet as it was drawn.
    let outfits =
        [None, Some("high-contrast".to_owned())].map(|skin| Outfit { skin, ..Outfit::default() });
    for (pet, outfit) in pets().iter().flat_map(|pet| outfits.iter().map(move |o| (pet, o))) {
        let mut scene = pet.scene_in(outfit).unwrap();
        for clip in pet.clips() {
            let count = u32::try_from(clip.duration.as_millis()).unwrap() * RATE / 1000;
            let pictures: Vec<Frame> = (0..count)
                .map(|i| drawn(&mut *scene, clip.start + clip.duration * i / count, SIDE))
                .collect();
            for (ground, field) in
                [0.0, 1.0].into_iter().flat_map(|g| (0..FIELDS * FIELDS).map(move |f| (g, f)))
            {
                let light: Vec<f64> =
                    pictures.iter().map(|p| luminance(p, field, FIELDS, ground)).collect();
                let most = most_flashes(&light, RATE as usize, clip.looping);
                if most > MOST_FLASHES {
                    let who = format!("{} {} {}", pet.name(), outfit.name(), clip.name);
                    flashing
                        .push(format!("{who}: {most} within a second, field {field} on {ground}"));
                }
            }
        }
    }
    assert!(flashing.is_empty(), "{}", flashing.join("\n"));
}

/// The mean relative luminance of one of `fields`×`fields` fields, over a grey ground.
fn luminance(frame: &Frame, field: usize, fields: usize, ground: f64) -> f64 {
    let side = frame.size().width as usize / fields;
    let (left, top) = (field % fields * side, field / fields * side);
    let pixels = frame.pixmap().pixels();
    let places =
        (0..side * side).map(|i| (top + i / side) * frame.size().width as usize + left + i % side);
    let linear = |c: u8, alpha: u8| {
        let over = f64::from(c) / 255.0 + ground * (1.0 - f64::from(alpha) / 255.0);
        if over <= 0.04045 { over / 12.92 } else { ((over + 0.055) / 1.055).powf(2.4) }
    };
    let light = |p: tiny_skia::PremultipliedColorU8| {
        let [r, g, b] = [p.red(), p.green(), p.blue()].map(|c| linear(c, p.alpha()));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    places.map(|i| light(pixels[i])).sum::<f64>() / (side * side) as f64
}

/// The most flashes within any second: half of the swings by 10 % or more.
fn most_flashes(light: &[f64], a_second: usize, looping: bool) -> usize {
    // A loop is looked at twice, so that what flashes over its end is seen.
    let rounds = if looping { 2 } else { 1 };
    let light: Vec<f64> = light.iter().copied().cycle().take(light.len() * rounds).collect();
    let mut swings = Vec::new();
    let (mut low, mut high, mut rising) = (light[0], light[0], None);
    for (at, now) in light.iter().copied().enumerate() {
        (low, high) = (low.min(now), high.max(now));
        let up = now - low >= 0.1 && low < 0.8 && rising != Some(true);
        let down = high - now >= 0.1 && now < 0.8 && rising != Some(false);
        if up || down {
            rising = Some(up);
            swings.push(at);
            (low, high) = (now, now);
        }
    }
    let within =
        |from: &usize| swings.iter().filter(|at| (*from..from + a_second).contains(at)).count();
    swings.iter().map(within).max().unwrap_or(0) / 2
}

#[test]
fn flashes_are_counted() {
    let blinking = |period: usize| -> Vec<f64> {
        (0..60).map(|i| if i % period < period / 2 { 0.1 } else { 0.5 }).collect()
    };
    assert_eq!(most_flashes(&blinking(6), 30, false), 5);
    assert_eq!(most_flashes(&blinking(10), 30, false), 3);
    assert_eq!(most_flashes(&blinking(30), 30, true), 1);
    let slowly: Vec<f64> = (0..60).map(|i| f64::from(i) / 60.0).collect();
    assert_eq!(most_flashes(&slowly, 30, false), 0, "there and not back");
    assert_eq!(most_flashes(&[0.5; 60], 30, true), 0);
}

#[test]
fn the_files_stay_small() {
    let size = |path: PathBuf| std::fs::metadata(path).unwrap().len();
    let mut all = 0;
    for name in catalog::names() {
        let lottie = size(folder(name).join(format!("{name}.lottie")));
        assert!(lottie <= 60_000, "{name}.lottie has {lottie} bytes");
        let texts: u64 = ["pet.toml", "ascii.txt", "symbols.txt", "lines.toml", "lines.de.toml"]
            .map(|f| size(folder(name).join(f)))
            .iter()
            .sum();
        all += lottie + texts;
    }
    assert!(all <= 500_000, "{all} bytes are built in");
}

#[test]
fn the_state_machine_plays_every_clip_and_comes_to_rest() {
    for name in catalog::names() {
        let bytes = std::fs::read(folder(name).join(format!("{name}.lottie"))).unwrap();
        let definition = DotLottie::open(&bytes).unwrap().state_machine("clips").unwrap();
        let (mut machine, _) = Machine::start(Arc::new(definition), 1);
        assert_eq!(machine.state(), "enter");
        machine.completed(false);
        assert_eq!(machine.state(), "idle");
        for clip in catalog::load(name).unwrap().clips() {
            machine.fire(&clip.name);
            assert_eq!(machine.state(), clip.name, "{name}");
            machine.completed(false);
            let then = match clip.name.as_str() {
                name @ ("exit" | "vanish") => name,
                "doze" => "sleep",
                name if clip.looping => name,
                _ => "idle",
            };
            assert_eq!(machine.state(), then, "{name}: after {}", clip.name);
        }
    }
}

/// Every colour has a name: a theme that paints all slots black leaves no light anywhere.
#[test]
fn a_theme_reaches_every_colour() {
    for name in catalog::names() {
        let bytes = std::fs::read(folder(name).join(format!("{name}.lottie"))).unwrap();
        let container = DotLottie::open(&bytes).unwrap();
        let json = container.file(&format!("a/{name}.json")).unwrap();
        let animation: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let slots = animation["slots"].as_object().unwrap();
        let rule = |(id, slot): (&String, &serde_json::Value)| match slot["p"]["p"].as_u64() {
            None => serde_json::json!({"id": id, "type": "Color", "value": [0, 0, 0]}),
            Some(count) => {
                let stop = |i| serde_json::json!({"offset": i as f64, "color": [0, 0, 0, 1]});
                let stops: Vec<_> = (0..count).map(stop).collect();
                serde_json::json!({"id": id, "type": "Gradient", "value": stops})
            }
        };
        let colors = slots.iter().filter(|(id, _)| !build::STAGE.contains(&id.as_str()));
        let rules: Vec<_> = colors.map(rule).collect();
        let theme = serde_json::json!({ "rules": rules }).to_string();
        let theme = Theme::parse(theme.as_bytes()).unwrap();
        let mut scene = container.animation(name).unwrap();
        assert_eq!(scene.set_theme(Some(&theme), name), Vec::<String>::new());
        for clip in catalog::load(name).unwrap().clips() {
            let frame = drawn(&mut scene, clip.start + clip.key, 64);
            let lit = frame.pixmap().pixels().iter().any(|p| p.red() | p.green() | p.blue() > 0);
            assert!(!lit, "{name} {}: a colour has no slot", clip.name);
            let there = frame.pixmap().pixels().iter().any(|p| p.alpha() > 0);
            assert!(there, "{name} {}: nothing is drawn", clip.name);
        }
    }
}

fn moments(clip: &Clip) -> impl Iterator<Item = Duration> + '_ {
    (0..=24).map(|i| clip.start + clip.duration * i / 24)
}

#[test]
fn nothing_is_cut_off_by_the_edge() {
    const SIDE: usize = 128;
    let mut cut = Vec::new();
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        for clip in pet.clips() {
            for at in moments(clip) {
                let frame = drawn(&mut *scene, at, 128);
                let pixels = frame.pixmap().pixels();
                let edge = |i: usize| [i, (SIDE - 1) * SIDE + i, i * SIDE, i * SIDE + SIDE - 1];
                let count = (0..SIDE).flat_map(edge).filter(|i| pixels[*i].alpha() > 128).count();
                if count > 0 {
                    let at = at.saturating_sub(clip.start);
                    cut.push(format!("{} {} at {at:?}: {count} pixels", pet.name(), clip.name));
                }
            }
        }
    }
    assert!(cut.is_empty(), "{}", cut.join("\n"));
}

#[test]
fn every_clip_moves_and_every_key_pose_shows_something() {
    for pet in pets() {
        let mut scene = pet.scene().unwrap();
        for clip in pet.clips() {
            let key = drawn(&mut *scene, clip.start + clip.key, 128);
            let seen = key.pixmap().pixels().iter().filter(|p| p.alpha() > 128).count();
            assert!(seen > 800, "{} {}: the key pose has {seen} pixels", pet.name(), clip.name);
            let most = moments(clip)
                .map(|at| difference(&drawn(&mut *scene, at, 128), &key))
                .fold(0.0, f64::max);
            assert!(most > 0.002, "{} {} stands still", pet.name(), clip.name);
        }
    }
}

/// The largest poses drawn by hand: columns and rows.
const LARGEST: [(Letters, usize, usize); 2] = [(Letters::Ascii, 12, 6), (Letters::Symbols, 16, 8)];

#[test]
fn every_clip_has_poses_of_its_own_by_hand_that_fit() {
    for pet in pets() {
        for (letters, cols, rows) in LARGEST {
            for clip in pet.clips() {
                let place = format!("{} {} in {letters:?}", pet.name(), clip.name);
                assert!(pet.has_pose(&clip.name, letters), "{place}: none");
                for pose in pet.poses(&clip.name, letters) {
                    let art = &pose.art;
                    let lines = art.lines();
                    let widest = lines.iter().map(|line| line.chars().count()).max().unwrap();
                    assert!(
                        (1..=rows).contains(&lines.len()) && widest <= cols,
                        "{place}: {lines:#?}"
                    );
                    assert!(lines.iter().any(|line| !line.trim().is_empty()), "{place}");
                    assert!(art.cols() <= cols && pose.stay.as_millis() >= 120, "{place}");
                }
            }
            let idle = pet.poses("idle", letters);
            assert!(idle.len() > 1 && idle[0] != idle[1], "{} does not blink", pet.name());
        }
    }
}

/// What the source says and a terminal shows is the same: no glyph of ours is left out.
#[test]
fn every_glyph_that_was_drawn_is_shown() {
    for pet in pets() {
        for (file, letters) in [("ascii.txt", Letters::Ascii), ("symbols.txt", Letters::Symbols)] {
            let text = std::fs::read_to_string(folder(pet.name()).join(file)).unwrap();
            let is_row = |line: &&str| !(line.starts_with('[') && line.ends_with(']'));
            let drawn = text[text.find("[idle").unwrap()..].lines().filter(is_row);
            let wanted = drawn.flat_map(str::chars).filter(|c| *c != ' ').count();
            let names: std::collections::BTreeSet<_> = text
                .lines()
                .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
                .filter_map(|line| line.split(['.', ' ']).next())
                .collect();
            let shown = names.iter().flat_map(|name| pet.poses(name, letters));
            let glyphs =
                |pose: &TextPose| pose.art.lines().concat().replace(' ', "").chars().count();
            assert_eq!(shown.map(glyphs).sum::<usize>(), wanted, "{} {file}", pet.name());
        }
    }
}

#[test]
fn the_pets_can_be_told_apart_by_their_outlines() {
    let outline = |pet: &Pet| {
        let idle = pet.clip("idle").unwrap().clone();
        let frame = drawn(&mut *pet.scene().unwrap(), idle.start + idle.key, 64);
        frame.pixmap().pixels().iter().map(|p| p.alpha() > 128).collect::<Vec<_>>()
    };
    let outlines: Vec<_> = pets().iter().map(outline).collect();
    for (i, a) in outlines.iter().enumerate() {
        for b in &outlines[..i] {
            let differing = a.iter().zip(b).filter(|(a, b)| a != b).count();
            assert!(differing > 64 * 64 / 12, "{differing}");
        }
    }
}
