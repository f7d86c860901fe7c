//! A dotLottie theme, worn by an animation with slots.

#![no_main]

mod draw;

use buddy_render::scene::dotlottie::theme::Theme;
use buddy_render::scene::lottie::LottieScene;
use libfuzzer_sys::fuzz_target;

/// A slot of each kind: a colour, a number, a vector, a gradient and a path.
const SLOTS: &str = r#"{"w":64,"h":64,"fr":30,"ip":0,"op":30,"layers":[{"ty":4,
    "ks":{"p":{"sid":"vector","k":[0,0]},"o":{"sid":"scalar","k":100}},"shapes":[
    {"ty":"sh","ks":{"sid":"path","k":{"c":true,"v":[[0,0],[60,0],[60,60]],"i":[],"o":[]}}},
    {"ty":"fl","c":{"sid":"color","k":[1,0,0]},"o":{"k":50}},
    {"ty":"gf","t":1,"s":{"k":[0,0]},"e":{"k":[60,0]},
     "g":{"p":2,"k":{"sid":"gradient","k":[0,1,0,0,1,0,0,1]}}}]}]}"#;

fuzz_target!(|data: &[u8]| {
    let Ok(theme) = Theme::parse(data) else { return };
    let Ok(mut scene) = LottieScene::parse(SLOTS.as_bytes()) else { return };
    scene.set_theme(Some(&theme), "any");
    draw::thrice(&mut scene);
});
