//! The same bytes through tmux and GNU Screen, unwrapped as they unwrap them.

use crate::support::{Rio, at, ball, clip, encoded, find, written};
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::sixel::{Sixel, SixelConfig};
use buddy_render::protocol::{ClipId, Encoder};

const ST: &[u8] = b"\x1b\\";

fn kitty(passthrough: Passthrough) -> Box<dyn Encoder> {
    Box::new(Kitty::new(KittyConfig {
        tier: KittyTier::Static,
        ids: IdRange::from_seed(1),
        z: 1,
        passthrough,
        tolerance: 0,
    }))
}

fn encoders(passthrough: Passthrough) -> [Box<dyn Encoder>; 4] {
    let iterm2 = |multipart| {
        let config = Iterm2Config { multipart, passthrough };
        Box::new(Iterm2::new(config)) as Box<dyn Encoder>
    };
    let sixel = SixelConfig { passthrough, ..SixelConfig::default() };
    let sixel = Box::new(Sixel::new(sixel));
    [kitty(passthrough), iterm2(false), iterm2(true), sixel]
}

/// As tmux does: in `DCS tmux;` … ST a doubled ESC is one; the rest is tmux's own.
fn through_tmux(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, b"\x1bPtmux;") {
        out.extend_from_slice(&rest[..start]);
        rest = &rest[start + 7..];
        loop {
            match rest {
                [0x1b, 0x1b, after @ ..] => {
                    out.push(0x1b);
                    rest = after;
                }
                [0x1b, b'\\', after @ ..] => {
                    rest = after;
                    break;
                }
                [byte, after @ ..] => {
                    assert_ne!(*byte, 0x1b, "a lone escape ends the passthrough");
                    out.push(*byte);
                    rest = after;
                }
                [] => panic!("no end"),
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// As Screen does: what is between `ESC P` and the first `ESC \` goes on, at most 256 bytes.
fn through_screen(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, b"\x1bP") {
        out.extend_from_slice(&rest[..start]);
        rest = &rest[start + 2..];
        let end = find(rest, ST).unwrap();
        assert!(end <= 256, "{end} bytes are dropped");
        out.extend_from_slice(&rest[..end]);
        rest = &rest[end + 2..];
    }
    out.extend_from_slice(rest);
    out
}

#[test]
fn unwrapping_gives_the_bytes_that_were_wrapped() {
    let at = at(20, 10);
    let wrapped = [
        (Passthrough::Tmux, through_tmux as fn(&[u8]) -> Vec<u8>),
        (Passthrough::Screen, through_screen),
    ];
    for (how, unwrap) in wrapped {
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
    rio.feed(&through_tmux(&written(|out| {
        encoder.load(ClipId(1), &poses, out).unwrap();
        encoder.show(ClipId(1), 2, &at, out).unwrap();
    })));
    let shown = rio.shown();
    assert_eq!(shown.len(), 1);
    let picture = rio.kitty(shown[0].0).unwrap();
    assert!(picture.rgba == poses[2].frame.to_straight_rgba());
}
