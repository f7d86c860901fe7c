//! A scene draws only what changed into a frame that holds its last picture. Whatever it did
//! before, the picture must be that of a fresh scene in a fresh frame.

use super::{drawn, fixture};
use buddy_render::frame::Frame;
use buddy_render::scene::{Scene, load};
use buddy_render::units::{PixelRect, PixelSize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SIDE: u32 = 96;
/// What rounding may differ by where a shape is cut at another place.
const LEVELS: u8 = 2;

fn animations() -> Vec<PathBuf> {
    let mut folders = vec![fixture("lottie"), fixture("../pets")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if name == "json" || name == "lottie" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Times in an order with small steps, the same twice, jumps, and the end.
fn times(scene: &dyn Scene) -> Vec<Duration> {
    let whole = scene.duration();
    let step = Duration::from_secs_f64(1.0 / f64::from(scene.frame_rate()).max(1.0));
    let mut times: Vec<Duration> = (0..12).map(|n| step * n).collect();
    times.push(step * 11);
    times.extend([0.7, 0.2, 0.5, 0.51, 1.0, 0.0].map(|share| whole.mul_f64(share)));
    times
}

/// The largest difference of two frames in a channel, and how many bytes differ at all.
fn difference(a: &Frame, b: &Frame) -> (u8, usize) {
    let pairs = a.pixmap().data().iter().zip(b.pixmap().data());
    let differences = pairs.map(|(a, b)| a.abs_diff(*b)).filter(|d| *d > 0);
    differences.fold((0, 0), |(most, count), d| (most.max(d), count + 1))
}

/// What lies outside of the damage is as before.
fn keeps_to_its_damage(before: &Frame, after: &Frame) -> bool {
    let PixelRect { x, y, width, height } = after.damage();
    let inside = |n: u32| {
        let (px, py) = (n % SIDE, n / SIDE);
        (x..x + width).contains(&px) && (y..y + height).contains(&py)
    };
    let pairs = before.pixmap().pixels().iter().zip(after.pixmap().pixels());
    (0..).zip(pairs).all(|(n, (before, after))| before == after || inside(n))
}

fn check(path: &Path) {
    let bytes = fs::read(path).unwrap();
    // A few of the licensed files are there to be refused.
    let Ok(mut scene) = load(&bytes) else { return };
    let mut frame = Frame::new(PixelSize::new(SIDE, SIDE)).unwrap();
    for at in times(&*scene) {
        let before = frame.clone();
        scene.draw(at, &mut frame);
        assert!(keeps_to_its_damage(&before, &frame), "{} at {at:?}", path.display());
        let fresh = drawn(&mut *load(&bytes).unwrap(), at, SIDE, SIDE);
        let (most, count) = difference(&frame, &fresh);
        let few = count * 100 <= frame.pixmap().data().len();
        let told = || format!("{} at {at:?}: {count} bytes, by up to {most}", path.display());
        assert!(most <= LEVELS && few, "{}", told());
    }
}

#[test]
fn a_picture_does_not_depend_on_the_one_before() {
    animations().iter().for_each(|path| check(path));
}

#[test]
fn a_still_picture_is_drawn_once() {
    let mut scene =
        load(&fs::read(fixture("../pets/antigravity/antigravity.svg")).unwrap()).unwrap();
    let mut frame = Frame::new(PixelSize::new(SIDE, SIDE)).unwrap();
    scene.draw(Duration::ZERO, &mut frame);
    assert_eq!(frame.damage(), PixelRect::all(frame.size()));
    let first = frame.clone();
    scene.draw(Duration::from_secs(1), &mut frame);
    assert!(frame.damage().is_empty());
    // Somebody else's pixels are not the picture any more.
    frame.pixmap_mut().data_mut().fill(9);
    scene.draw(Duration::ZERO, &mut frame);
    assert_eq!(difference(&first, &frame), (0, 0));
}

/// A disc that moves under a mask along these corners, turned by some degrees.
fn masked(corners: &str, degrees: u32) -> Vec<u8> {
    let rounded = corners.replace(|c: char| c != '[' && c != ']' && c != ',', "");
    let straight = rounded.replace("[,]", "[0,0]");
    format!(
        r#"{{"v":"5.7","fr":10,"ip":0,"op":20,"w":96,"h":96,"layers":[{{"ty":4,"ip":0,"op":20,"st":0,
        "ks":{{"r":{{"k":{degrees}}},"a":{{"k":[48,48]}},"p":{{"k":[48,48]}}}},
        "masksProperties":[{{"mode":"a","o":{{"k":100}},"pt":{{"k":{{"c":true,
            "v":{corners},"i":{straight},"o":{straight}}}}}}}],
        "shapes":[{{"ty":"gr","it":[{{"ty":"el","p":{{"k":[0,0]}},"s":{{"k":[50,50]}}}},
            {{"ty":"fl","c":{{"k":[1,0.5,0]}},"o":{{"k":100}}}},
            {{"ty":"tr","p":{{"a":1,"k":[{{"t":0,"s":[10,20],"i":{{"x":1,"y":1}},"o":{{"x":0,"y":0}}}},
                {{"t":19,"s":[90,70]}}]}}}}]}}]}}]}}"#
    )
    .into_bytes()
}

#[test]
fn a_window_cuts_as_any_mask_does() {
    let window = "[[20.25,12],[70,12],[70,80.5],[20.25,80.5]]";
    // A corner more makes it a path like any other.
    let path = "[[20.25,12],[40,12],[70,12],[70,80.5],[20.25,80.5]]";
    for degrees in [0, 90, 20] {
        let load = |corners| load(&masked(corners, degrees)).unwrap();
        let (mut window, mut path) = (load(window), load(path));
        let mut frame = Frame::new(PixelSize::new(SIDE, SIDE)).unwrap();
        for step in 0..20 {
            let at = Duration::from_millis(step * 100);
            window.draw(at, &mut frame);
            let (most, _) = difference(&frame, &drawn(&mut *path, at, SIDE, SIDE));
            assert!(most <= 2, "{degrees}° at {at:?}: by up to {most}");
        }
        assert!(frame.pixmap().pixels().iter().any(|pixel| pixel.alpha() == 255));
    }
}
