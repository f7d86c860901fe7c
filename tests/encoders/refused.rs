//! The lint refuses what it should, and says by which rule.

use crate::lint::{Dialect, Lint};
use crate::support::{ball, clip, paint, written};
use buddy_render::frame::Frame;
use buddy_render::protocol::iterm2::{Iterm2, Iterm2Config};
use buddy_render::protocol::kitty::{IdRange, Kitty, KittyConfig, KittyTier};
use buddy_render::protocol::passthrough::Passthrough;
use buddy_render::protocol::sixel::{Sixel, SixelConfig};
use buddy_render::protocol::{ClipId, Encoder, Placement};
use buddy_render::units::{CellPixels, CellPosition, CellSize};

const WINDOW: CellSize = CellSize::new(40, 12);
const CELL: CellPixels = CellPixels::new(5, 10);
const AT: Placement =
    Placement { at: CellPosition { col: 3, row: 2 }, size: CellSize::new(4, 2), cell: CELL };

fn ids() -> IdRange {
    IdRange::from_seed(1)
}

fn lint(dialect: Dialect) -> Lint {
    Lint::new(dialect, WINDOW, CELL)
}

/// The rule by which a frame is refused, or nothing.
fn refused(lint: &Lint, bytes: &[u8]) -> &'static str {
    lint.clone().frame(bytes).err().map_or("", |fault| fault.rule)
}

/// That `good` is taken and, with its first `from` made `to`, refused by each rule.
fn check(lint: &Lint, good: &[u8], changes: &[(&str, &str, &str)]) {
    assert_eq!(refused(lint, good), "", "{}", good.escape_ascii());
    let good = std::str::from_utf8(good).unwrap();
    for (from, to, rule) in changes {
        assert!(good.contains(from), "{from:?} is not in {good:?}");
        let bad = good.replacen(from, to, 1);
        assert_eq!(refused(lint, bad.as_bytes()), *rule, "{from:?} made {to:?}: {bad:?}");
    }
}

#[test]
fn what_no_protocol_may_send() {
    let table: [(&[u8], &str); 47] = [
        (b"\x1b7", "save-restore"),
        (b"\x1b8", "save-restore"),
        (b"\x1b[s", "save-restore"),
        (b"\x1b[u", "save-restore"),
        (b"\x1b[2J", "erase"),
        (b"\x1b[3J", "erase"),
        (b"\x1b[K", "erase"),
        (b"\n", "scroll"),
        (b"\x0b", "scroll"),
        (b"\x1bD", "scroll"),
        (b"\x1bE", "scroll"),
        (b"\x1bM", "scroll"),
        (b"\x1b[S", "scroll"),
        (b"\x1b[2T", "scroll"),
        (b"\x1b[L", "scroll"),
        (b"\x1b[1;5r", "scroll"),
        (b"\x84", "c1"),
        (b"\x9b1m", "c1"),
        ("\u{84}".as_bytes(), "c1"),
        ("▀\u{9b}".as_bytes(), "c1"),
        (b"\xff", "utf8"),
        (b"\x1b[?25l", "mode"),
        (b"\x1b[?1049h", "mode"),
        (b"\x1b[?1070l", "mode"),
        (b"\x1b[?2026h", "mode"),
        (b"\x1b[4h", "mode"),
        (b"\x1b[6n", "query"),
        (b"\x1b[c", "query"),
        (b"\x1b[>c", "query"),
        (b"\x1b[?2026$p", "query"),
        (b"\x1b[>0q", "query"),
        (b"\x1b[16t", "query"),
        (b"\x1b[?1;1;0S", "query"),
        (b"\x05", "query"),
        (b"\x1bZ", "query"),
        (b"\x1b]11;?\x1b\\", "query"),
        (b"\x1b]4;1;?\x07", "query"),
        (b"\x1b]1337;ReportCellSize\x07", "query"),
        (b"\x1bP$qm\x1b\\", "query"),
        (b"\x1b]0;title\x07", "other-protocol"),
        (b"\x1b]52;c;aGk=\x07", "other-protocol"),
        (b"\x1b^private\x1b\\", "string-kind"),
        (b"\x1b]0;ti\x1b[mtle\x07", "string-byte"),
        (b"\x1b_G", "unterminated"),
        (b"\x1b[3", "unterminated"),
        (b"\x1b[\x01m", "malformed-sequence"),
        (b"\x1bc", "escape"),
    ];
    for (bytes, rule) in table {
        assert_eq!(refused(&lint(Dialect::Symbols(true)), bytes), rule, "{}", bytes.escape_ascii());
    }
}

#[test]
fn where_text_may_not_go() {
    let lint = lint(Dialect::Symbols(true));
    let good = "\x1b[3;38H\x1b[0;38;2;1;2;3m▀\x1b[7m \x08▄\x1b[2D\x1b[39G▌▐\x1b[m";
    let changes = [
        ("\x1b[3;38H", "", "cursor"),
        ("3;38H", "13;38H", "cursor"),
        ("3;38H", "0;38H", "cursor"),
        ("3;38H", "3;41H", "cursor"),
        ("[2D", "[40D", "cursor"),
        ("[2D", "[12B", "cursor"),
        ("39G", "40G", "wrap"),
        ("▌▐", "▌▐▐", "wrap"),
        ("▌▐", "▌▐\x1b[D", "cursor"),
        ("0;38;2;1;2;3", "38;2;1;2;3", "pen-unknown"),
        ("0;38;2;1;2;3", "0;38;2;1;2", "pen"),
        ("0;38;2;1;2;3", "0;5", "pen"),
        ("\x1b[m", "", "pen-left-set"),
        ("▀", "猫", "glyph"),
        ("▀", "a", "glyph"),
        ("▀", "\u{202e}", "glyph"),
        ("\x08", "\r", "control"),
        ("\x1b[7m", "\x1b[5X", "sequence"),
        ("\x1b[7m", "\x1b[3P", "sequence"),
    ];
    check(&lint, good.as_bytes(), &changes);
}

#[test]
fn what_kitty_may_not_get() {
    let at = Placement { size: CellSize::new(16, 8), ..AT };
    let config = KittyConfig { z: 3, tolerance: 0, ..KittyConfig::new(KittyTier::Animated, ids()) };
    let mut kitty = Kitty::new(config);
    let reader = lint(Dialect::Kitty(ids()));
    let still = written(|out| kitty.encode(&ball(AT.pixels(), 0), &AT, out).unwrap());
    let id = (1..1 << 24).find(|id| ids().contains(*id)).unwrap();
    let ours = format!("i={id}");
    let quiet = [
        ("q=2", "q=1", "kitty-quiet"),
        (",q=2", "", "kitty-quiet"),
        ("a=T", "a=q", "query"),
        ("a=T", "a=T,I=7", "kitty-i-and-I"),
        ("a=T", "a=T,U=1", "kitty-placement"),
        ("a=T", "a=T,a=T", "kitty-keys"),
        ("a=T", "a=T,t=f", "kitty-keys"),
        (&ours, "i=16777217", "kitty-id"),
        (&ours, "i=3", "kitty-id"),
        (&format!(",{ours}"), "", "kitty-id"),
        ("p=1", "p=2", "kitty-keys"),
        ("p=1,", "", "kitty-placement"),
        ("C=1", "C=0", "kitty-keys"),
        (",C=1", "", "kitty-placement"),
        ("c=4,", "", "kitty-placement"),
        ("r=2,", "", "kitty-placement"),
        ("z=3", "z=0", "kitty-keys"),
        ("z=3", "z=-1", "kitty-keys"),
        ("c=4", "c=5", "payload-size"),
        ("s=20", "s=21", "payload-size"),
        ("f=32", "f=24", "payload"),
        // Found while the chunks are put together, before the keys are looked at.
        ("o=z", "o=y", "payload-size"),
        ("q=2;", "q=2;!", "base64"),
        ("\x1b[3;4H", "", "cursor"),
        ("\x1b[3;4H", "\x1b[3;38H", "outside"),
        ("\x1b[3;4H", "\x1b[12;4H", "last-row"),
    ];
    check(&reader, &still, &quiet);

    let mut loaded = reader.clone();
    loaded.frame(&still).unwrap();
    let load = written(|out| kitty.load(ClipId(1), &clip(at.pixels(), 3), out).unwrap());
    assert_eq!(refused(&loaded, &load), "");
    loaded.frame(&load).unwrap();
    let play = written(|out| kitty.play(ClipId(1), true, &at, out).unwrap());
    let held = format!("i={}", id + 1);
    let controls = [
        ("c=1,s=1", "c=4,s=1", "kitty-frame"),
        ("c=1,s=1", "c=0,s=1", "kitty-keys"),
        ("s=3", "s=4", "kitty-keys"),
        (&held, "i=5", "kitty-id"),
        (&held, &format!("i={}", id + 9), "kitty-missing"),
        ("v=1,q=2", "v=1,q=2;AAAA", "kitty-keys"),
    ];
    check(&loaded, &play, &controls);

    let farewell = written(|out| kitty.farewell(out));
    let deletes = [
        ("d=I", "d=A", "kitty-keys"),
        ("d=I", "d=R", "kitty-keys"),
        ("d=I,", "", "kitty-delete"),
        (&format!(",{ours}"), "", "kitty-id"),
        (&ours, "i=7", "kitty-id"),
        ("a=d", "a=c", "kitty-keys"),
    ];
    check(&loaded, &farewell, &deletes);
}

/// Noise, which takes several chunks.
fn noise(at: &Placement) -> Frame {
    let (mut state, size) = (9_u32, at.pixels());
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8, 255]
    };
    let rgba: Vec<u8> = (0..size.width * size.height).flat_map(|_| next()).collect();
    Frame::from_straight_rgba(size, &rgba).unwrap()
}

#[test]
fn how_chunks_may_not_come() {
    let at = Placement { size: CellSize::new(12, 6), ..AT };
    let mut poses = clip(at.pixels(), 2);
    poses[1].frame = noise(&at);
    let config = KittyConfig { tolerance: 0, ..KittyConfig::new(KittyTier::Animated, ids()) };
    let load = written(|out| Kitty::new(config).load(ClipId(1), &poses, out).unwrap());
    let text = std::str::from_utf8(&load).unwrap();
    assert!(text.matches("m=1").count() >= 2, "several chunks of a frame");
    let later = text.rfind("\x1b_Ga=f").unwrap();
    let later = &text[later..text[later..].find(';').unwrap() + later];
    let reader = lint(Dialect::Kitty(ids()));
    let changes = [
        (later, "\x1b_Gm=0,q=2", "chunk-repeat"),
        (later, &later.replace("a=f", "a=t"), "chunk-repeat"),
        (later, &later.replace("m=0", "m=1"), "chunk-open"),
        (later, &format!("\x1b_Ga=p,i=1,q=2\x1b\\{later}"), "chunk-between"),
        (later, &format!("\x1b[1;1H{later}"), "chunk-between"),
        ("m=1,q=2;", "m=1,q=2;A", "chunk-length"),
    ];
    check(&reader, &load, &changes);
    let last = text.rfind("\x1b_G").unwrap();
    assert_eq!(refused(&reader, &load[..last]), "chunk-open");
    let mut short = text.to_owned();
    short.remove(text.find("m=1,q=2;").unwrap() + "m=1,q=2;".len());
    assert_eq!(refused(&reader, short.as_bytes()), "chunk-quantum");
}

#[test]
fn what_iterm2_may_not_get() {
    for multipart in [false, true] {
        let mut iterm2 = Iterm2::new(Iterm2Config { multipart, ..Iterm2Config::default() });
        let still = written(|out| iterm2.encode(&ball(AT.pixels(), 0), &AT, out).unwrap());
        let lint = lint(Dialect::Iterm2(multipart));
        let long = format!("FilePart={}", "A".repeat(4100));
        let mut changes = vec![
            ("size=", "size=1", "file-size"),
            ("inline=1", "inline=0", "file-args"),
            (";doNotMoveCursor=1", "", "file-args"),
            ("width=4;", "", "file-args"),
            ("width=4", "width=4px", "number"),
            ("width=4", "width=5", "payload-size"),
            ("size=", "name=eA==;size=", "file-args"),
            ("\x1b[3;4H", "", "cursor"),
            ("\x1b[3;4H", "\x1b[11;4H", "last-row"),
            ("\x07", "\x1b[m", "string-byte"),
        ];
        if multipart {
            changes.push(("\x1b]1337;FileEnd\x07", "", "file-open"));
            changes.push(("FilePart=", &long, "file-part"));
            changes.push(("\x1b]1337;FilePart", "\x1b[1;1H\x1b]1337;FilePart", "file-between"));
        }
        check(&lint, &still, &changes);
        let other = self::lint(Dialect::Iterm2(!multipart));
        assert_eq!(refused(&other, &still), "file-kind");
        let wipe = written(|out| iterm2.farewell(out));
        let changes = [("\x1b[0m", "", "pen-unknown"), ("[4X", "[38X", "wrap")];
        check(&lint, &wipe, &changes);
    }
}

#[test]
fn what_sixel_may_not_get() {
    let mut frame = Frame::new(AT.pixels()).unwrap();
    paint(&mut frame, [0, 0, 20, 20], [255, 0, 0, 255]);
    paint(&mut frame, [0, 0, 20, 4], [0, 0, 255, 255]);
    let mut sixel = Sixel::new(SixelConfig::default());
    let still = written(|out| sixel.encode(&frame, &AT, out).unwrap());
    let changes = [
        ("7;1;0q", "7;0;0q", "sixel-header"),
        ("7;1;0q", "0;1;0q", "sixel-header"),
        ("\"1;1;20;20", "", "sixel-header"),
        ("1;1;20;20", "2;1;20;20", "sixel-raster"),
        ("1;1;20;20", "1;1;25;20", "sixel-raster"),
        ("1;1;20;20", "1;1;15;20", "sixel-raster"),
        ("1;1;20;20", "1;1;20;10", "sixel-raster"),
        ("1;1;20;20", "1;1;20;30", "sixel-raster"),
        ("!20", "!256", "sixel-run"),
        ("!20", "!0", "sixel-run"),
        ("#1", "#256", "sixel-register"),
        ("#0;2;", "#0;1;", "sixel-colour"),
        ("-", "\u{7}", "string-byte"),
        ("-", "*", "sixel-byte"),
        ("\x1b\\", "-\x1b\\", "sixel-raster"),
        ("\x1b[3;4H", "\x1b[11;4H", "last-row"),
        ("\x1b[3;4H", "\x1b[3;38H", "outside"),
    ];
    check(&lint(Dialect::Sixel(256, false, false)), &still, &changes);
    let traits = buddy_render::protocol::sixel::SixelTraits {
        overlays: true,
        shared_registers: true,
        pictures: None,
    };
    let mut sixel = Sixel::new(SixelConfig { traits, ..SixelConfig::default() });
    let still = written(|out| sixel.encode(&frame, &AT, out).unwrap());
    let changes = [
        ("\x1b[?1070h", "", "mode-left-set"),
        ("\x1b[?1070h", "\x1b[?1070l", "mode"),
        ("\x1b[?1070l", "\x1b[?80l", "mode"),
    ];
    check(&lint(Dialect::Sixel(256, true, true)), &still, &changes);
}

#[test]
fn what_may_not_go_through_a_multiplexer() {
    let tmux = lint(Dialect::Kitty(ids())).through(Passthrough::Tmux);
    let screen = lint(Dialect::Kitty(ids())).through(Passthrough::Screen);
    let long = format!("\x1bP{}\x1b\\", "A".repeat(197));
    let table: [(&Lint, &[u8], &str); 5] = [
        (&tmux, b"\x1b_Ga=d\x1b\\", "outside-passthrough"),
        (&tmux, b"\x1bPtmux;\x1b_Ga=d\x1b\x1b\\\x1b\\", "lone-escape"),
        (&tmux, b"\x1bPtmux;\x1b\x1b[6n\x1b\\", "query"),
        (&screen, b"\x1b]0;title\x07", "outside-passthrough"),
        (&screen, long.as_bytes(), "screen-packet"),
    ];
    for (lint, bytes, rule) in table {
        assert_eq!(refused(lint, bytes), rule, "{}", bytes.escape_ascii());
    }
}

#[test]
fn how_a_frame_may_not_be_bracketed() {
    let lint = lint(Dialect::Symbols(true));
    let table: [(&[u8], &str); 12] = [
        (b"\x1b[?2026h\x1b7\x1b[1;1H\x1b8\x1b[?2026l", ""),
        (b"\x1b7\x1b[1;1H\x1b8", ""),
        (b"\x1b[?25l\x1b7\x1b[1;1H\x1b8\x1b[?25h", ""),
        (b"\x1b[?25l\x1b7\x1b[1;1H\x1b8", "brackets"),
        (b"\x1b7\x1b[?25l\x1b[1;1H\x1b[?25h\x1b8", "brackets"),
        (b"\x1b[1;1H\x1b[?25h", "brackets"),
        (b"\x1b[?2026h\x1b[1;1H", "brackets"),
        (b"\x1b[1;1H\x1b[?2026l", "brackets"),
        (b"\x1b7\x1b[1;1H", "brackets"),
        (b"\x1b7\x1b[1;1H\x1b8\x1b7\x1b8", "brackets"),
        (b"\x1b7\x1b[?2026h\x1b[1;1H\x1b[?2026l\x1b8", "brackets"),
        (b"\x1b[?2026h\x1b[1;1H\x1b[?2026l\x1b[?2026h\x1b[?2026l", "brackets"),
    ];
    for (bytes, rule) in table {
        let got = lint.clone().written(bytes).err().map_or("", |fault| fault.rule);
        assert_eq!(got, rule, "{}", bytes.escape_ascii());
    }
}
