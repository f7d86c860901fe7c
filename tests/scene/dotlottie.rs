//! dotLottie containers of both versions.

use super::{drawn, fixture};
use buddy_render::scene::dotlottie::DotLottie;
use buddy_render::scene::{self, Scene, SceneError};
use std::time::Duration;

fn is_blank(scene: &mut dyn Scene) -> bool {
    let frame = drawn(scene, Duration::from_millis(500), 32, 32);
    frame.pixmap().pixels().iter().all(|p| p.alpha() == 0)
}

#[test]
fn version_1_is_read() {
    let bytes = std::fs::read(fixture("dotlottie/star_rating.lottie")).unwrap();
    let mut scene = scene::load(&bytes).unwrap();
    assert_eq!(scene.duration(), Duration::from_secs(3));
    assert!(!is_blank(scene.as_mut()));
}

#[test]
fn version_2_has_several_animations_and_themes() {
    let bytes = std::fs::read(fixture("dotlottie/multi_anim_theme.lottie")).unwrap();
    let container = DotLottie::open(&bytes).unwrap();
    assert_eq!(container.animations(), ["circle", "rect"]);
    assert_eq!(container.active(), Some("circle"));
    for id in ["circle", "rect"] {
        assert!(!is_blank(&mut container.animation(id).unwrap()), "{id}");
    }
    assert_eq!(container.themes(), ["red", "yellow"]);
    assert!(container.theme("red").unwrap().starts_with(b"{"));
    let missing = container.animation("../../etc/passwd").err();
    assert!(matches!(missing, Some(SceneError::Container(_))));
}
