//! The same bytes through tmux and GNU Screen, unwrapped as they unwrap them.

use crate::support::{Rio, at, ball, clip, encoded, written};
use crate::wire;
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::sixel::{Sixel, SixelConfig};
use buddy_render::protocol::{ClipId, Encoder};

fn kitty(passthrough: Passthrough) -> Box<dyn Encoder> {
    Box::new(Kitty::new(KittyConfig {
        passthrough,
        tolerance: 0,
        ..KittyConfig::new(KittyTier::Static, IdRange::from_seed(1))
    }))
}

fn encoders(passthrough: Passthrough) -> [Box<dyn Encoder>; 4] {
    let iterm2 = |multipart| {
        let config = Iterm2Config { multipart, passthrough, ..Iterm2Config::default() };
        Box::new(Iterm2::new(config)) as Box<dyn Encoder>
    };
    let sixel = SixelConfig { passthrough, ..SixelConfig::default() };
    let sixel = Box::new(Sixel::new(sixel));
    [kitty(passthrough), iterm2(false), iterm2(true), sixel]
}

#[test]
fn unwrapping_gives_the_bytes_that_were_wrapped() {
    let at = at(20, 10);
    for how in [Passthrough::Tmux, Passthrough::Screen] {
        let unwrap = |bytes: &[u8]| wire::unwrap(bytes, how).unwrap();
        let pairs = encoders(Passthrough::None).into_iter().zip(encoders(how));
        for (mut plain, mut through) in pairs {
            for step in 0..2 {
                let frame = ball(at.pixels(), step);
                let want = encoded(&mut *plain, &frame, &at);
                let got = encoded(&mut *through, &frame, &at);
                assert!(got.len() > want.len());
                assert!(unwrap(&got) == want, "{how:?}");
            }
            let want = written(|out| plain.farewell(out));
            assert!(unwrap(&written(|out| through.farewell(out))) == want);
        }
    }
}

#[test]
fn a_kitty_clip_arrives_through_tmux() {
    let at = at(20, 10);
    let poses = clip(at.pixels(), 3);
    let mut encoder = kitty(Passthrough::Tmux);
    let mut rio = Rio::new();
    let bytes = written(|out| {
        encoder.load(ClipId(1), &poses, out).unwrap();
        encoder.show(ClipId(1), 2, &at, out).unwrap();
    });
    rio.feed(&wire::unwrap(&bytes, Passthrough::Tmux).unwrap());
    let shown = rio.shown();
    assert_eq!(shown.len(), 1);
    let picture = rio.kitty(shown[0].0).unwrap();
    assert!(picture.rgba == poses[2].frame.to_straight_rgba());
}
