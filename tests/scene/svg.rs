//! SVG: where the picture lies, and what is not read.

use super::{drawn, fixture, pixel};
use buddy_render::scene;
use std::time::Duration;

#[test]
fn a_wide_picture_stands_at_the_bottom_of_a_square_frame() {
    let mut scene = scene::load(&std::fs::read(fixture("svg/wide.svg")).unwrap()).unwrap();
    assert!((scene.aspect() - 2.0).abs() < 1e-6);
    assert_eq!(scene.duration(), Duration::ZERO);
    let frame = drawn(scene.as_mut(), Duration::ZERO, 64, 64);
    assert_eq!(pixel(&frame, 32, 31), [0; 4]);
    assert_eq!(pixel(&frame, 16, 40), [255, 0, 0, 255]);
    // Half of blue over nothing, premultiplied.
    let [red, green, blue, alpha] = pixel(&frame, 48, 40);
    assert_eq!((red, green, blue), (0, 0, alpha));
    assert!((127..=128).contains(&alpha));
}

#[test]
fn only_data_urls_are_read() {
    let mut scene = scene::load(&std::fs::read(fixture("svg/links.svg")).unwrap()).unwrap();
    let frame = drawn(scene.as_mut(), Duration::ZERO, 64, 64);
    assert_eq!(pixel(&frame, 16, 32), [0, 255, 0, 255], "the data URL");
    assert_eq!(pixel(&frame, 48, 32), [0; 4], "the file beside it");
    assert_eq!(scene.unsupported(), ["links to other files"]);
}

#[test]
fn a_frame_is_cleared_before_it_is_drawn() {
    let mut scene = scene::load(&std::fs::read(fixture("svg/wide.svg")).unwrap()).unwrap();
    let mut frame = drawn(scene.as_mut(), Duration::ZERO, 64, 64);
    let first = frame.clone();
    frame.pixmap_mut().data_mut().fill(90);
    scene.draw(Duration::ZERO, &mut frame);
    assert_eq!(first, frame);
}
