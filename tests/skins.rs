//! The skins of the five pets: whole, seen on any ground, seamless, and as they were when somebody
//! last looked.
//!
//! `fixtures/skins.txt` has the key pose of every clip in every skin in a few numbers. A picture that
//! differs from it by more than [`TOLERANCE`] fails the test; `BLESS=1 cargo test --test skins`
//! writes the record anew. Look at the sheets first: `just sheets`.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::frame::Frame;
use buddy_render::pet::skin::{Ground, Outfit, TextForm};
use buddy_render::pet::{Drawing, Pet, build, catalog};
use buddy_render::scene::Scene;
use buddy_render::units::PixelSize;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zip::{ZipArchive, ZipWriter};

const SKINS: [&str; 5] = ["classic", "cyberpunk", "high-contrast", "mascot-90s", "ms-dos"];
const GROUNDS: [Ground; 2] = [Ground::Dark, Ground::Light];

fn pets() -> Vec<Pet> {
    catalog::names().into_iter().map(|name| catalog::load(name).unwrap()).collect()
}

fn dressed(pet: &Pet, skin: &str, ground: Ground) -> Box<dyn Scene> {
    pet.scene_in(&Outfit { skin: Some(skin.to_owned()), ground }).unwrap()
}

fn drawn(scene: &mut dyn Scene, at: Duration, side: u32) -> Frame {
    let mut frame = Frame::new(PixelSize::new(side, side)).unwrap();
    scene.draw(at, &mut frame);
    frame
}

#[test]
fn every_pet_has_every_skin() {
    for pet in pets() {
        assert_eq!(pet.skins(), SKINS, "{}", pet.name());
        assert_eq!(pet.skin("ms-dos").unwrap().text(), TextForm::CodePage437);
        assert_eq!(pet.skin("cyberpunk").unwrap().text(), TextForm::Any);
        let idle = pet.clip("idle").unwrap();
        let classic = drawn(&mut *pet.scene().unwrap(), idle.start + idle.key, 64);
        for skin in &SKINS[1..] {
            let frame = drawn(&mut *dressed(&pet, skin, Ground::Dark), idle.start + idle.key, 64);
            assert!(frame != classic, "{} {skin}", pet.name());
        }
        // What it does not have leaves it as it is.
        let mut other = dressed(&pet, "no-such-skin", Ground::Dark);
        assert!(drawn(&mut *other, idle.start + idle.key, 64) == classic);
    }
}

/// By how much a number of the record may be off, of 255. A colour that moves by as much in a
/// sixteenth of the picture is seen; what floats round otherwise elsewhere is below 2.
const TOLERANCE: u8 = 5;
/// A picture is told by so many fields on each side.
const FIELDS: usize = 4;
const SIDE: u32 = 64;

fn record() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/skins.txt")
}

/// Each field's mean red, green, blue and alpha, and how far its pixels' light is from their mean.
fn told(frame: &Frame) -> Vec<u8> {
    let side = SIDE as usize / FIELDS;
    let count = u32::try_from(side * side).unwrap();
    let mut told = Vec::new();
    for field in 0..FIELDS * FIELDS {
        let (left, top) = (field % FIELDS * side, field / FIELDS * side);
        let places = (0..side * side).map(|n| (top + n / side) * SIDE as usize + left + n % side);
        let pixels: Vec<&[u8]> =
            places.map(|at| &frame.pixmap().data()[at * 4..at * 4 + 4]).collect();
        let mean = |n: usize| pixels.iter().map(|p| u32::from(p[n])).sum::<u32>() / count;
        let light = |p: &&[u8]| (u32::from(p[0]) + u32::from(p[1]) + u32::from(p[2])) / 3;
        let middle = (mean(0) + mean(1) + mean(2)) / 3;
        let spread = pixels.iter().map(|p| light(p).abs_diff(middle)).sum::<u32>() / count;
        told.extend([mean(0), mean(1), mean(2), mean(3), spread].map(|v| u8::try_from(v).unwrap()));
    }
    told
}

/// The record of all key poses, a line each.
fn lines() -> Vec<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    for pet in pets() {
        for skin in SKINS {
            let mut scenes = GROUNDS.map(|ground| dressed(&pet, skin, ground));
            for clip in pet.clips() {
                // Light ground has the same filters and a few other colours: one clip tells.
                let grounds = if clip.name == "idle" { 2 } else { 1 };
                for (scene, ground) in scenes.iter_mut().zip(GROUNDS).take(grounds) {
                    let frame = drawn(&mut **scene, clip.start + clip.key, SIDE);
                    let name = format!("{} {skin} {} {ground:?}", pet.name(), clip.name);
                    lines.push((name, told(&frame)));
                }
            }
        }
    }
    lines
}

#[test]
fn the_pictures_are_those_that_were_looked_at() {
    let lines = lines();
    if std::env::var_os("BLESS").is_some() {
        let mut text = String::from("# Written by `BLESS=1 cargo test --test skins`.\n");
        for (name, told) in &lines {
            let hex: String = told.iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, "{name} {hex}");
        }
        std::fs::write(record(), text).unwrap();
        panic!("{} was written; run the test again without BLESS", record().display());
    }
    let known = std::fs::read_to_string(record()).unwrap();
    let known: Vec<(&str, &str)> = known
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| l.rsplit_once(' ').unwrap())
        .collect();
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(known.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
    let mut changed = Vec::new();
    for ((name, told), (_, hex)) in lines.iter().zip(&known) {
        let byte = |n: usize| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap();
        let off = told.iter().enumerate().map(|(n, v)| v.abs_diff(byte(n))).max().unwrap();
        if off > TOLERANCE || hex.len() != told.len() * 2 {
            changed.push(format!("{name}: off by {off} of 255"));
        }
    }
    assert!(changed.is_empty(), "{}\nlook at `just sheets`, then bless", changed.join("\n"));
}

/// The record is no record if a change can hide in it.
#[test]
fn a_change_of_one_colour_or_filter_is_noticed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pets/null");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let (rig, clips, skins) = (read("rig.svg"), read("clips.toml"), read("skins.toml"));
    let looks = std::fs::read_to_string(folder.with_file_name("skins.toml")).unwrap();
    let picture = |skins: &str, looks: &str, skin: &str| {
        let (skins, looks) = (Some(skins), Some(looks));
        let sources = build::Sources { rig: &rig, clips: &clips, skins, looks };
        let lottie = build::compile(sources).unwrap().to_dotlottie("null").unwrap();
        let pet = Pet::from_parts(&read("pet.toml"), Drawing::Lottie(lottie.into()), &[]).unwrap();
        let idle = pet.clip("idle").unwrap().clone();
        told(&drawn(&mut *dressed(&pet, skin, Ground::Dark), idle.start + idle.key, SIDE))
    };
    let changes = [
        ("cyberpunk", skins.replace("\"#ff2fc0\"", "\"#2fc0ff\""), looks.clone()),
        ("cyberpunk", skins.clone(), looks.replace("strength = 1.25", "strength = 0.2")),
        ("cyberpunk", skins.clone(), looks.replace("strength = 0.26", "strength = 0.9")),
        ("mascot-90s", skins.replace("\"#4a23c9\"", "\"#23c94a\""), looks.clone()),
        (
            "mascot-90s",
            skins.clone(),
            looks.replace("[0.026, \"#ffffff\"]", "[0.026, \"#808080\"]"),
        ),
        ("high-contrast", skins.clone(), looks.replace("[[0.022,", "[[0.005,")),
        ("ms-dos", skins.replace("\"#55ff55\"", "\"#5555ff\""), looks.clone()),
    ];
    for (skin, other_skins, other_looks) in changes {
        assert!(other_skins != skins || other_looks != looks, "{skin}: nothing was changed");
        let (a, b) = (picture(&skins, &looks, skin), picture(&other_skins, &other_looks, skin));
        let off = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off > TOLERANCE, "{skin}: a change is off by {off} only");
    }
}

/// How many of a hundred pixels stand out from a ground by a fifth of all lightness at least.
fn seen(frame: &Frame, ground: u32) -> f64 {
    let stands_out = |pixel: &&[u8]| {
        let clear = 255 - u32::from(pixel[3]);
        let over = |n: usize| u32::from(pixel[n]) + ground * clear / 255;
        let light = (299 * over(0) + 587 * over(1) + 114 * over(2)) / 1000;
        light.abs_diff(ground) > 51
    };
    let count = frame.pixmap().data().chunks_exact(4).filter(stands_out).count();
    count as f64 * 100.0 / f64::from(SIDE * SIDE)
}

#[test]
fn every_pet_is_seen_on_black_and_on_white_in_every_skin() {
    for pet in pets() {
        for skin in SKINS {
            for (ground, light) in GROUNDS.into_iter().zip([0, 255]) {
                let mut scene = dressed(&pet, skin, ground);
                for clip in ["idle", "alert", "sleep"] {
                    let clip = pet.clip(clip).unwrap();
                    let share = seen(&drawn(&mut *scene, clip.start + clip.key, SIDE), light);
                    let who = format!("{} {skin} {} {ground:?}", pet.name(), clip.name);
                    assert!(share > 6.0, "{who}: {share:.1} % of the picture are seen");
                }
            }
        }
    }
}

/// The tip of a rim may touch the edge in the widest poses: so many of the edge's 252 pixels.
const MOST_TOUCHING: usize = 8;

#[test]
fn no_skin_is_cut_off_by_the_edge() {
    let mut cut = Vec::new();
    for pet in pets() {
        for skin in &SKINS[1..] {
            let mut scene = dressed(&pet, skin, Ground::Dark);
            for clip in pet.clips() {
                for n in 0..=12 {
                    let frame = drawn(&mut *scene, clip.start + clip.duration * n / 12, SIDE);
                    let pixels = frame.pixmap().pixels();
                    let (side, last) = (SIDE as usize, SIDE as usize - 1);
                    let edge = |i: usize| [i, last * side + i, i * side, i * side + last];
                    let hidden = |i: &usize| pixels[*i].alpha() > 128;
                    let count = (0..side).flat_map(edge).filter(hidden).count();
                    if count > MOST_TOUCHING {
                        cut.push(format!("{} {skin} {} at {n}/12: {count}", pet.name(), clip.name));
                    }
                }
            }
        }
    }
    assert!(cut.is_empty(), "{}", cut.join("\n"));
}

/// What bounces must be down again when a loop begins anew.
#[test]
fn loops_have_no_seam_where_they_bounce() {
    for pet in pets() {
        let mut scene = dressed(&pet, "mascot-90s", Ground::Dark);
        let mut bounced = false;
        for clip in pet.clips().iter().filter(|clip| clip.looping) {
            let first = drawn(&mut *scene, clip.start, 128);
            let end = drawn(&mut *scene, clip.start + clip.duration, 128);
            let pairs = first.pixmap().data().iter().zip(end.pixmap().data());
            let off = pairs.filter(|(a, b)| a.abs_diff(**b) > 24).count();
            assert!(off < 128 * 128 * 4 / 1000, "{} {}: {off} bytes", pet.name(), clip.name);
            let frame = |part: f64| {
                drawn(
                    &mut *dressed(&pet, "mascot-90s", Ground::Dark),
                    clip.start + clip.duration.mul_f64(part),
                    64,
                )
            };
            bounced |= clip.name == "idle" && frame(0.0) != frame(0.075);
        }
        assert!(bounced, "{} stands still", pet.name());
    }
}

/// A container's themes are skins, whoever made it; those of ours are looks of one.
#[test]
fn a_theme_that_no_table_lists_is_a_skin() {
    let lottie = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("pets/null/null.lottie"));
    let mut archive = ZipArchive::new(Cursor::new(lottie.unwrap())).unwrap();
    let mut bare = ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place).unwrap();
        if entry.name().unwrap() != "x-buddy.json" {
            bare.raw_copy_file(entry).unwrap();
        }
    }
    let lottie = bare.finish().unwrap().into_inner();
    let manifest = "name = \"tin\"\ntitle = \"Tin\"\nspecies = \"cat\"";
    let pet = Pet::from_parts(manifest, Drawing::Lottie(lottie.into()), &[]).unwrap();
    assert_eq!(pet.skins().len(), 1 + SKINS.len() - 1 + 3, "{:?}", pet.skins());
    let idle = pet.clip("idle").unwrap().clone();
    let shown = |skin| drawn(&mut *dressed(&pet, skin, Ground::Dark), idle.start, 64);
    assert!(
        shown("cyberpunk") != shown("classic") && shown("cyberpunk-light") != shown("cyberpunk")
    );
}
