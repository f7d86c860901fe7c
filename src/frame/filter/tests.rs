use super::*;
use crate::units::PixelSize;
use tiny_skia::PremultipliedColorU8;

const SIDE: u32 = 64;

fn all() -> Vec<(&'static str, Filter)> {
    let band = |width, color| Band { width, color };
    let bands = vec![band(0.03, [9, 9, 9, 255]), band(0.03, [255, 255, 255, 255])];
    vec![
        ("snap", Filter::Snap(snapped(0.0625))),
        ("rim", Filter::Rim(Rim { bands, paper: Some([255; 3]) })),
        ("glow", Filter::Glow(Glow { radius: 0.06, strength: 1.0, color: None })),
        ("scan lines", Filter::ScanLines(ScanLines { period: 0.05, strength: 0.4 })),
    ]
}

fn snapped(cell: f32) -> Snap {
    Snap { palette: EGA.to_vec(), cell, dither: 0.7, outline: Some([255; 3]) }
}

/// A soft disc of one colour: its middle, its radius, and its pixels.
fn disc(side: u32, (x, y): (f32, f32), radius: f32, rgb: [u8; 3]) -> Frame {
    let mut rgba = Vec::new();
    for n in 0..side * side {
        let (px, py) = ((n % side) as f32 + 0.5, (n / side) as f32 + 0.5);
        let off = ((px - x).powi(2) + (py - y).powi(2)).sqrt();
        rgba.extend([rgb[0], rgb[1], rgb[2], byte((radius - off + 0.5).clamp(0.0, 1.0) * 255.0)]);
    }
    Frame::from_straight_rgba(PixelSize::new(side, side), &rgba).unwrap()
}

fn filtered(filter: &Filter, frame: &Frame) -> Frame {
    let mut out = Frame::new(frame.size()).unwrap();
    Chain::new(std::slice::from_ref(filter)).run(frame, &mut out);
    out
}

fn at(frame: &Frame, x: u32, y: u32) -> PremultipliedColorU8 {
    frame.pixmap().pixel(x, y).unwrap()
}

#[test]
fn colours_never_outshine_their_alpha() {
    for (name, filter) in all() {
        for strength in [1.0, 8.0] {
            let filter = match filter.clone() {
                Filter::Glow(glow) => Filter::Glow(Glow { strength, ..glow }),
                other => other,
            };
            let out = filtered(&filter, &disc(SIDE, (30.3, 33.7), 20.0, [250, 120, 10]));
            for pixel in out.pixmap().data().chunks_exact(4) {
                let most = pixel[..3].iter().max().unwrap();
                assert!(*most <= pixel[3], "{name}: {pixel:?}");
            }
        }
    }
}

/// Only what changed is filtered anew, and the damage is exactly where the picture differs.
#[test]
fn parts_lead_to_what_a_whole_picture_gives() {
    let every: Vec<Filter> = all().into_iter().map(|(_, filter)| filter).collect();
    let single = every.iter().map(|filter| vec![filter.clone()]);
    for filters in single.chain([every.clone()]) {
        let (mut chain, mut shown) =
            (Chain::new(&filters), Frame::new(PixelSize::new(SIDE, SIDE)).unwrap());
        let mut last: Option<(Frame, Frame)> = None;
        for step in 0..12_u32 {
            let x = 20.0 + 2.3 * step as f32;
            let mut frame = disc(SIDE, (x, 31.2), 6.0 + (step % 3) as f32, [240, 60, 200]);
            if let Some((plain, _)) = &last {
                frame.damage_since(plain);
            }
            chain.run(&frame, &mut shown);
            let mut fresh = Frame::new(frame.size()).unwrap();
            Chain::new(&filters).run(&frame, &mut fresh);
            assert!(shown.pixmap().data() == fresh.pixmap().data(), "{filters:?} step {step}");
            if let Some((_, before)) = &last {
                fresh.damage_since(before);
                assert_eq!(shown.damage(), fresh.damage(), "{filters:?} step {step}");
            }
            last = Some((frame, shown.clone()));
        }
        // A frame that somebody else drew in is filled as a whole.
        let mut other = disc(SIDE, (9.0, 9.0), 9.0, [1, 2, 3]);
        let (mut plain, before) = last.unwrap();
        plain.damage_since(&plain.clone());
        chain.run(&plain, &mut other);
        assert!(other.pixmap().data() == before.pixmap().data());
        assert_eq!(other.damage(), PixelRect::all(other.size()));
    }
}

#[test]
fn a_filter_does_the_same_at_every_size() {
    for (name, filter) in all() {
        let shown = |side: u32| {
            let scale = side as f32 / 64.0;
            let frame = disc(side, (32.0 * scale, 32.0 * scale), 18.0 * scale, [200, 40, 160]);
            let out = filtered(&filter, &frame);
            let covered: u64 = out.pixmap().pixels().iter().map(|p| u64::from(p.alpha())).sum();
            covered as f64 / f64::from(side * side) / 255.0
        };
        let (small, large) = (shown(64), shown(256));
        assert!((small - large).abs() < 0.02, "{name}: {small:.3} of it is covered, or {large:.3}");
    }
}

/// The width of a band is what it says, all around, to a fraction of a pixel.
#[test]
fn a_rim_is_as_wide_everywhere() {
    let band = Band { width: 4.0 / 64.0, color: [255, 255, 255, 255] };
    let rim = Filter::Rim(Rim { bands: vec![band], paper: None });
    for middle in [(32.0, 32.0), (31.7, 32.4)] {
        let out = filtered(&rim, &disc(SIDE, middle, 16.0, [0, 0, 0]));
        for angle in 0..360 {
            let (sin, cos) = (angle as f32).to_radians().sin_cos();
            // How much is covered on the way out of the disc.
            let along = (0..300).map(|n| n as f32 / 10.0).map(|far| {
                let (x, y) = (middle.0 + cos * far, middle.1 + sin * far);
                let [x, y] = [x, y].map(|v| crate::units::round_u32(f64::from(v.floor())));
                f32::from(at(&out, x, y).alpha()) / 2550.0
            });
            let reach: f32 = along.sum();
            assert!((reach - 20.0).abs() < 0.6, "{middle:?} at {angle}°: {reach}");
        }
    }
}

#[test]
fn a_rim_lies_below_and_paper_below_that() {
    let rim = |paper| {
        let band = Band { width: 0.05, color: [255, 0, 0, 255] };
        Filter::Rim(Rim { bands: vec![band], paper })
    };
    let mut ghost = disc(SIDE, (32.0, 32.0), 20.0, [0, 0, 255]);
    for pixel in ghost.pixmap_mut().data_mut() {
        *pixel = byte(f32::from(*pixel) * 0.7);
    }
    let clear = at(&filtered(&rim(None), &ghost), 32, 32);
    assert_eq!(clear, at(&ghost, 32, 32), "one sees through it as before");
    let opaque = at(&filtered(&rim(Some([255; 3])), &ghost), 32, 32);
    assert_eq!(opaque.alpha(), 255);
    assert!((75..79).contains(&opaque.red()), "white shines through: {opaque:?}");
}

#[test]
fn snapped_pixels_are_of_the_palette_and_stand_still() {
    let cell = 4;
    let filter = Filter::Snap(snapped(cell as f32 / SIDE as f32));
    let frame = disc(SIDE, (30.0, 33.0), 22.0, [130, 60, 40]);
    let out = filtered(&filter, &frame);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let pixel = at(&out, x, y);
            let known = EGA.contains(&[pixel.red(), pixel.green(), pixel.blue()]);
            assert!(pixel.alpha() == 0 || pixel.alpha() == 255 && known, "{pixel:?}");
            assert_eq!(
                pixel,
                at(&out, x / cell * cell, y / cell * cell),
                "chunky pixels are whole"
            );
        }
    }
    // A brown between two of the palette's is both of them.
    let inside = |x: u32, y: u32| at(&out, 24 + x * cell, 28 + y * cell);
    assert!((0..4).any(|n| inside(n % 2, n / 2) != inside(0, 0)), "it is dithered");
    // Moved by a pixel, what is still covered keeps its pattern.
    let moved = filtered(&filter, &disc(SIDE, (31.0, 33.0), 22.0, [130, 60, 40]));
    for (x, y) in [(24, 28), (28, 28), (24, 32), (28, 32), (36, 40)] {
        assert_eq!(at(&out, x, y), at(&moved, x, y));
    }
}

#[test]
fn colours_of_the_palette_stay_as_they_are() {
    for rgb in EGA {
        let mut snap = snapped(1.0 / SIDE as f32);
        snap.outline = None;
        let out = filtered(&Filter::Snap(snap), &disc(SIDE, (32.0, 32.0), 20.0, rgb));
        let pixel = at(&out, 32, 32);
        assert_eq!([pixel.red(), pixel.green(), pixel.blue()], rgb);
    }
}

#[test]
fn a_glow_is_outside_and_no_edge_cuts_it() {
    let glow = Filter::Glow(Glow { radius: 0.1, strength: 2.0, color: None });
    let out = filtered(&glow, &disc(SIDE, (32.0, 56.0), 8.0, [255, 40, 200]));
    assert!(at(&out, 42, 50).alpha() > 8, "beside the disc there is light");
    assert_eq!(at(&out, 10, 10).alpha(), 0, "and far away none");
    for x in 0..SIDE {
        let disc = (20..44).contains(&x);
        assert!(disc || at(&out, x, SIDE - 1).alpha() < 8, "at {x}");
    }
    let dark = filtered(&glow, &disc(SIDE, (32.0, 32.0), 12.0, [10, 5, 20]));
    assert_eq!(at(&dark, 50, 32).alpha(), 0, "what is dark does not shine");
}

#[test]
fn lines_darken_and_keep_what_is_opaque() {
    let lines = Filter::ScanLines(ScanLines { period: 4.0 / 64.0, strength: 0.5 });
    let out = filtered(&lines, &disc(SIDE, (32.0, 32.0), 30.0, [200, 200, 200]));
    let rows: Vec<u8> = (28..36).map(|y| at(&out, 32, y).red()).collect();
    assert_eq!(rows.iter().filter(|red| **red < 110).count(), 2, "{rows:?}");
    assert!((28..36).all(|y| at(&out, 32, y).alpha() == 255));
}

#[test]
fn nothing_and_the_smallest_picture_are_no_trouble() {
    for (_, filter) in all() {
        let nothing = Frame::new(PixelSize::new(SIDE, SIDE)).unwrap();
        assert!(filtered(&filter, &nothing).pixmap().data().iter().all(|byte| *byte == 0));
        for size in [PixelSize::new(1, 1), PixelSize::new(3, 200), PixelSize::new(97, 2)] {
            let mut full = Frame::new(size).unwrap();
            full.pixmap_mut().data_mut().fill(255);
            assert_eq!(filtered(&filter, &full).size(), size);
        }
    }
}
