//! Frames that are drawn apart while the shell goes on writing, with an encoder that draws when it is
//! told to.

use super::{Stage, StageConfig};
use crate::event::bus::Bus;
use crate::frame::Frame;
use crate::mood::OneClip;
use crate::overlay::{Fullscreen, Needs};
use crate::pet::catalog;
use crate::pet::skin::Outfit;
use crate::player::{Guests, Motion, Player, Settings};
use crate::protocol::{EncodeError, Encoder, Feed, Placement};
use crate::units::{CellPosition, CellSize, Corner, Geometry};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Says what it was asked for. A frame waits for a word.
struct Brush {
    floats: bool,
    frames: u32,
    words: Mutex<Receiver<&'static str>>,
}

impl Brush {
    fn say(&self, what: &str, out: &mut Vec<u8>) {
        out.extend(format!("[{what} {}]", self.frames).bytes());
    }
}

impl Encoder for Brush {
    fn feed(&self) -> Feed {
        Feed::Stream
    }
    fn encode(&mut self, _: &Frame, _: &Placement, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let word = self.words.lock().unwrap().recv().unwrap();
        assert_eq!(word, "draw", "the brush broke");
        self.frames += 1;
        self.say("frame", out);
        Ok(())
    }
    fn erase(&mut self, out: &mut Vec<u8>) {
        self.say("erase", out);
    }
    fn reset(&mut self, out: &mut Vec<u8>) {
        self.say("reset", out);
    }
    fn farewell(&self, out: &mut Vec<u8>) {
        self.say("farewell", out);
    }
    fn invalidate(&mut self) {}
    fn retract(&self, out: &mut Vec<u8>) {
        self.say("retract", out);
    }
    fn floats(&self) -> bool {
        self.floats
    }
    fn moves_cursor(&self) -> bool {
        !self.floats
    }
}

/// A stage, and what came of it since that was last looked at.
struct Scene {
    stage: Stage,
    words: Sender<&'static str>,
    bell: Receiver<()>,
    out: Vec<u8>,
}

impl Scene {
    fn new(floats: bool) -> Self {
        let geometry: Geometry = "80x24@10x20".parse().unwrap();
        let size = CellSize::new(16, 8);
        let settings = Settings {
            geometry,
            size,
            corner: Corner::TopRight,
            motion: Motion::Full,
            frame_rate: 10.0,
            speech: false,
            ahead: false,
        };
        let host = Arc::new(catalog::load("null").unwrap());
        let guests = Guests { host, visitors: Vec::new(), outfit: Outfit::default() };
        let (words, heard) = channel();
        let brush = Brush { floats, frames: 0, words: Mutex::new(heard) };
        let mind = Box::new(OneClip::new("idle"));
        let player = Player::new(settings, mind, guests, Box::new(brush)).unwrap();
        let config = StageConfig {
            geometry,
            size,
            corner: Corner::TopRight,
            needs: if floats { Needs::Cursor } else { Needs::Text },
            synchronized: false,
            fullscreen: Fullscreen::Hide,
            cursor: Some(CellPosition { row: 0, col: 0 }),
            owes_cursor: false,
            knows_status: false,
        };
        let mut stage = Stage::new(config, player, Arc::new(Bus::new()));
        let (ring, bell) = channel();
        stage.draw_apart(move || ring.send(()).unwrap_or_default());
        Self { stage, words, bell, out: Vec::new() }
    }

    /// What goes out when it may, so long after the start.
    fn present(&mut self, millis: u64) -> String {
        self.out.clear();
        self.stage.present(ms(millis), false, &mut self.out, &mut Vec::new()).unwrap();
        self.out.escape_ascii().to_string()
    }

    /// What goes out when the shell writes.
    fn output(&mut self, millis: u64, bytes: &[u8]) -> String {
        self.out.clear();
        self.stage.output(ms(millis), bytes, &mut self.out, &mut Vec::new()).unwrap();
        self.out.escape_ascii().to_string()
    }

    /// The frame that was begun is done.
    fn draw(&mut self) {
        self.words.send("draw").unwrap();
        self.bell.recv_timeout(ms(20_000)).unwrap();
    }

    /// With its first frame on the screen and the second being drawn, a second after the start.
    fn with_two(floats: bool) -> Self {
        let mut scene = Self::new(floats);
        assert_eq!((scene.present(0), scene.present(200)), (String::new(), String::new()));
        assert!(!scene.stage.is_shown() && !scene.stage.is_idle());
        scene.draw();
        assert!(scene.present(201).contains("[frame 1]"));
        assert!(scene.stage.is_shown() && scene.stage.is_idle());
        assert_eq!(scene.present(1000), "");
        assert!(!scene.stage.is_idle());
        scene
    }
}

#[test]
fn the_shell_goes_on_while_a_frame_is_drawn() {
    for floats in [false, true] {
        let mut scene = Scene::with_two(floats);
        assert_eq!(scene.output(1001, b"prompt$ "), "prompt$ ");
        assert_eq!(scene.present(1001), "");
        scene.draw();
        assert!(scene.present(1002).contains("[frame 2]"), "floats: {floats}");
    }
}

const INTO_THE_BOX: &[u8] = b"\x1b[2;70Htext";

#[test]
fn a_picture_that_text_has_overtaken_is_not_sent_and_the_one_before_it_goes() {
    let mut scene = Scene::with_two(true);
    assert_eq!(scene.output(1001, INTO_THE_BOX), INTO_THE_BOX.escape_ascii().to_string());
    assert_eq!(scene.present(1002), "", "what is being drawn is not waited for");
    scene.draw();
    assert_eq!(scene.present(1003), "[retract 1]");
    assert!(!scene.stage.is_shown() && scene.stage.is_idle());
    // Within a sequence of the shell's nothing goes out, and then the same.
    let mut scene = Scene::with_two(true);
    scene.output(1001, &[INTO_THE_BOX, b"\x1b]0;"].concat());
    scene.draw();
    assert_eq!((scene.present(1003), scene.present(1100)), (String::new(), String::new()));
    scene.output(1101, b"title\x07");
    assert_eq!(scene.present(1102), "[retract 1]");
    // With room again, it is drawn anew, and nothing is left of what the terminal may have lost.
    scene.output(1200, b"\x1b[2J\x1b[H");
    assert_eq!(scene.present(1201), "");
    scene.words.send("draw").unwrap();
    assert!(scene.present(1400).starts_with("[reset 2][frame 3]"));
}

#[test]
fn cells_are_wiped_before_text_comes_though_their_frame_is_still_being_drawn() {
    let mut scene = Scene::with_two(false);
    scene.draw();
    let written = scene.output(1001, INTO_THE_BOX);
    let (wiped, text) = written.split_at(written.find("text").unwrap());
    assert!(text == "text" && !wiped.contains("[frame 2]"), "{written}");
    // ECH.
    let blank = |row: u32| wiped.contains(&format!("\\x1b[{row};65H\\x1b[16X"));
    assert!((1..=8).all(blank), "{written}");
    assert!(wiped.ends_with("\\x1b[2;70H\\x1b[?25h"), "the cursor is where text goes: {written}");
}

#[test]
fn whoever_must_go_at_once_takes_away_what_was_there_and_what_would_have_been() {
    let mut scene = Scene::with_two(true);
    scene.draw();
    scene.output(1001, INTO_THE_BOX);
    let mut bytes = Vec::new();
    scene.stage.farewell(&mut bytes);
    assert_eq!(bytes, b"[farewell 1]", "the second was not collected");
    assert!(scene.stage.leave(&mut scene.out));
    let left = scene.out.escape_ascii().to_string();
    assert!(left.contains("[retract 1]") && left.ends_with("[reset 2]"), "{left}");
}

#[test]
#[should_panic(expected = "the brush broke")]
fn a_panic_of_whoever_draws_goes_on_here() {
    let mut scene = Scene::with_two(true);
    scene.words.send("break").unwrap();
    loop {
        scene.present(1001);
        std::thread::yield_now();
    }
}
