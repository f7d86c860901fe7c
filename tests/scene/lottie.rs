//! Lottie: what the conformance files do not say.

use super::{drawn, fixture, pixel};
use buddy_render::scene::{self, Scene};
use std::time::Duration;

/// Just past the frame's start, so that rounding cannot fall into the frame before.
const PAST: f64 = 1e-7;

fn at_frame(scene: &dyn Scene, frame: f64) -> Duration {
    Duration::from_secs_f64(frame / f64::from(scene.frame_rate()) + PAST)
}

/// An animation of 100×100 and 60 frames at 30 a second, with these shapes in one layer.
fn with_shapes(shapes: &str) -> Box<dyn Scene> {
    let text = format!(
        r#"{{"w":100,"h":100,"fr":30,"ip":0,"op":60,"layers":[
            {{"ty":4,"ip":0,"op":60,"st":0,"ks":{{}},"shapes":[{shapes}]}}]}}"#
    );
    scene::load(text.as_bytes()).unwrap()
}

const RED: &str = r#"{"ty":"fl","c":{"a":0,"k":[1,0,0]},"o":{"a":0,"k":100}}"#;

#[test]
fn a_path_takes_the_shape_between_two_keyframes() {
    let square = |size: i32| {
        let zero = "[[0,0],[0,0],[0,0],[0,0]]";
        format!(
            r#"[{{"c":true,"i":{zero},"o":{zero},"v":[[0,0],[{size},0],[{size},{size}],[0,{size}]]}}]"#
        )
    };
    let path = format!(
        r#"{{"ty":"sh","ks":{{"a":1,"k":[
            {{"t":0,"s":{},"o":{{"x":0,"y":0}},"i":{{"x":1,"y":1}}}},{{"t":40,"s":{}}}]}}}}"#,
        square(20),
        square(60)
    );
    let mut scene = with_shapes(&format!("{path},{RED}"));
    for (frame, edge) in [(0.0, 20), (20.0, 40), (40.0, 60), (55.0, 60)] {
        let at = at_frame(scene.as_ref(), frame);
        let frame = drawn(scene.as_mut(), at, 100, 100);
        assert_eq!(pixel(&frame, edge - 2, edge - 2), [255, 0, 0, 255]);
        assert_eq!(pixel(&frame, edge + 1, edge + 1), [0; 4]);
    }
}

#[test]
fn a_hold_keyframe_jumps() {
    let group = r#"{"ty":"gr","it":[
        {"ty":"rc","p":{"k":[50,50]},"s":{"k":[40,40]},"r":{"k":0}},
        {"ty":"fl","c":{"k":[1,0,0]},"o":{"k":100}},
        {"ty":"tr","o":{"a":1,"k":[{"t":0,"s":[100],"h":1},{"t":30,"s":[0]}]}}]}"#;
    let mut scene = with_shapes(group);
    for (frame, alpha) in [(0.0, 255), (29.0, 255), (30.0, 0)] {
        let at = at_frame(scene.as_ref(), frame);
        assert_eq!(pixel(&drawn(scene.as_mut(), at, 100, 100), 50, 50)[3], alpha);
    }
}

#[test]
fn a_groups_opacity_counts_once_where_its_parts_overlap() {
    let rect = r#"{"ty":"rc","p":{"k":[50,50]},"s":{"k":[40,40]},"r":{"k":0}}"#;
    let group = format!(
        r#"{{"ty":"gr","it":[
            {{"ty":"gr","it":[{rect},{RED},{{"ty":"tr"}}]}},
            {{"ty":"gr","it":[{rect},{RED},{{"ty":"tr"}}]}},
            {{"ty":"tr","o":{{"k":50}}}}]}}"#
    );
    let mut scene = with_shapes(&group);
    let frame = drawn(scene.as_mut(), Duration::ZERO, 100, 100);
    let [red, .., alpha] = pixel(&frame, 50, 50);
    assert!((127..=128).contains(&alpha), "alpha is {alpha}");
    assert_eq!(red, alpha, "premultiplied red is its alpha");
}

#[test]
fn nested_groups_turn_about_their_anchors() {
    // A bar that points right from (50, 50), in a group that turns a quarter clockwise about it.
    let group = format!(
        r#"{{"ty":"gr","it":[{{"ty":"gr","it":[
            {{"ty":"rc","p":{{"k":[70,50]}},"s":{{"k":[40,10]}},"r":{{"k":0}}}},{RED},
            {{"ty":"tr"}}]}},
            {{"ty":"tr","p":{{"k":[50,50]}},"a":{{"k":[50,50]}},"r":{{"k":90}}}}]}}"#
    );
    let mut scene = with_shapes(&group);
    let frame = drawn(scene.as_mut(), Duration::ZERO, 100, 100);
    assert_eq!(pixel(&frame, 50, 80), [255, 0, 0, 255]);
    assert_eq!(pixel(&frame, 80, 50), [0; 4]);
}

#[test]
fn markers_are_segments_from_the_in_point() {
    let text = br#"{"w":10,"h":10,"fr":30,"ip":30,"op":120,"layers":[],"markers":[
        {"cm":"idle","tm":30,"dr":60},{"cm":"{\"name\":\"happy\"}","tm":90,"dr":30}]}"#;
    let scene = scene::load(text).unwrap();
    let told: Vec<_> = scene
        .segments()
        .iter()
        .map(|s| (s.name.as_str(), s.start.as_millis(), s.duration.as_millis()))
        .collect();
    assert_eq!(told, [("idle", 0, 2000), ("happy", 2000, 1000)]);
    assert_eq!(scene.duration(), Duration::from_secs(3));
}

#[test]
fn after_the_end_the_last_frame_stays() {
    let mut scene = with_shapes(&format!(
        r#"{{"ty":"rc","p":{{"k":[50,50]}},"s":{{"k":[40,40]}},"r":{{"k":0}}}},{RED}"#
    ));
    let late = drawn(scene.as_mut(), Duration::from_secs(3600), 100, 100);
    assert_eq!(pixel(&late, 50, 50), [255, 0, 0, 255]);
}

#[test]
fn a_picture_stands_at_the_bottom_of_a_tall_frame_and_nothing_leaves_it() {
    let mut scene = with_shapes(&format!(
        r#"{{"ty":"rc","p":{{"k":[50,50]}},"s":{{"k":[300,300]}},"r":{{"k":0}}}},{RED}"#
    ));
    let frame = drawn(scene.as_mut(), Duration::ZERO, 50, 80);
    assert_eq!(pixel(&frame, 25, 29), [0; 4]);
    assert_eq!(pixel(&frame, 25, 30), [255, 0, 0, 255]);
}

#[test]
fn drawing_again_gives_the_same_pixels() {
    let bytes = std::fs::read(fixture("lottie/own/layer_opacity_overlap.json")).unwrap();
    let mut scene = scene::load(&bytes).unwrap();
    let first = drawn(scene.as_mut(), Duration::ZERO, 64, 64);
    drawn(scene.as_mut(), Duration::from_millis(500), 128, 32);
    assert_eq!(first, drawn(scene.as_mut(), Duration::ZERO, 64, 64));
}

#[test]
fn what_is_left_out_is_told_once() {
    let scene = with_shapes(r#"{"ty":"past"},{"ty":"past"},{"ty":"future"}"#);
    assert_eq!(scene.unsupported(), ["shapes of type past", "shapes of type future"]);
}
