//! A terminal of kitty's graphics protocol, as its specification says: pictures, their frames and
//! placements, and what of them is seen after every single sequence. It panics at whatever a
//! terminal would answer with an error.

use crate::support::Picture;
use crate::wire::{Assembler, Command, Keys, Token, Upload, tokens};
use buddy_render::frame::Frame;
use buddy_render::frame::quantize::distance;
use buddy_render::protocol::kitty::FAITHFUL;
use std::collections::BTreeMap;

/// How an animation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Run {
    #[default]
    Stopped,
    /// So many times; none is for ever.
    Loops(Option<u32>),
}

/// One frame as it was sent.
#[derive(Debug)]
pub(crate) struct Shot {
    pub(crate) picture: Picture,
    /// Whether it came by a palette, and so may be off a little.
    pub(crate) indexed: bool,
    /// In milliseconds; the first frame has none until it is told.
    pub(crate) gap: Option<u32>,
}

#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) frames: Vec<Shot>,
    /// The frame that is seen while it stands still, from 0.
    pub(crate) current: usize,
    pub(crate) run: Run,
}

/// Where a picture lies: the cell at its top left, its columns and rows, its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) col: u32,
    pub(crate) row: u32,
    pub(crate) cols: u32,
    pub(crate) rows: u32,
    pub(crate) z: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Graphics {
    pub(crate) images: BTreeMap<u32, Image>,
    /// By image and placement id.
    pub(crate) placements: BTreeMap<(u32, u32), Spot>,
    cursor: Option<(u32, u32)>,
    uploads: Assembler,
}

impl Graphics {
    /// Reads a frame, and tells how many placements are seen after each of its sequences.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<usize> {
        // The cursor is wherever somebody else left it.
        self.cursor = None;
        let mut seen = Vec::new();
        for located in tokens(bytes).unwrap_or_else(|fault| panic!("{fault}")) {
            match located.token {
                Token::Csi(at, b'H') => {
                    let (row, col) = at.split_once(';').unwrap();
                    self.cursor = Some((col.parse().unwrap(), row.parse().unwrap()));
                }
                Token::Apc(body) => self.command(body),
                other => panic!("not for pictures: {other:?}"),
            }
            seen.push(self.placements.len());
        }
        assert!(!self.uploads.is_open(), "an upload is left open");
        seen
    }

    /// The one picture that is seen, and where.
    pub(crate) fn only(&self) -> (&Image, Spot) {
        let mut all = self.placements.iter();
        let (Some(((id, _), spot)), None) = (all.next(), all.next()) else {
            panic!("{} placements are seen", self.placements.len());
        };
        (&self.images[id], *spot)
    }

    fn command(&mut self, body: &str) {
        let (keys, command) = self.uploads.take(body).unwrap_or_else(|rule| panic!("{rule}"));
        match command {
            Command::Part => {}
            Command::Upload(upload) => self.upload(upload),
            Command::Control => match keys.action() {
                'p' => self.put(&keys),
                'a' => self.animate(&keys),
                'd' => self.delete(&keys),
                other => panic!("a={other}"),
            },
        }
    }

    fn upload(&mut self, Upload { keys, picture, indexed }: Upload) {
        let id = keys.number('i').expect("an id");
        let mut shot = Shot { picture, indexed, gap: None };
        if keys.action() == 'f' {
            // A gap of 0 would be skipped; without `r` it is a new frame.
            shot.gap = keys.number('z').filter(|gap| *gap > 0);
            assert!(shot.gap.is_some() && keys.get('r').is_none());
            let image = self.images.get_mut(&id).expect("ENOENT");
            assert_eq!(shot.picture.size, image.frames[0].picture.size, "a frame of the whole");
            image.frames.push(shot);
            return;
        }
        // A picture of that id is replaced, its placements with it.
        self.placements.retain(|(image, _), _| *image != id);
        self.images.insert(id, Image { frames: vec![shot], ..Image::default() });
        if keys.action() == 'T' {
            self.put(&keys);
        }
    }

    fn put(&mut self, keys: &Keys) {
        let of = |key| keys.number(key).unwrap_or_else(|| panic!("{key} is missing"));
        assert!(self.images.contains_key(&of('i')), "ENOENT");
        let (col, row) = self.cursor.expect("the cursor was set");
        let spot = Spot { col: col - 1, row: row - 1, cols: of('c'), rows: of('r'), z: of('z') };
        self.placements.insert((of('i'), of('p')), spot);
    }

    fn animate(&mut self, keys: &Keys) {
        let image = keys.number('i').and_then(|id| self.images.get_mut(&id)).expect("ENOENT");
        if let Some(frame) = keys.number('r') {
            let gap = keys.number('z').filter(|gap| *gap > 0);
            image.frames[frame as usize - 1].gap = Some(gap.expect("a gap"));
        }
        if let Some(frame) = keys.number('c') {
            image.current = frame as usize - 1;
            assert!(image.current < image.frames.len(), "EINVAL: no such frame");
        }
        // `v=1` is for ever, `v=N` is N-1 times, `v=0` is as if it were not there.
        let loops = match keys.number('v') {
            Some(0) => panic!("v=0 says nothing"),
            Some(1) | None => None,
            Some(times) => Some(times - 1),
        };
        match keys.get('s') {
            Some("1") => image.run = Run::Stopped,
            Some("3") => image.run = Run::Loops(loops),
            None => {}
            Some(other) => panic!("s={other}"),
        }
    }

    fn delete(&mut self, keys: &Keys) {
        let id = keys.number('i').expect("an id");
        let placement = keys.number('p');
        let hit = |of: &(u32, u32)| of.0 == id && placement.is_none_or(|p| p == of.1);
        self.placements.retain(|of, _| !hit(of));
        match keys.get('d') {
            Some("i") => {}
            Some("I") => drop(self.images.remove(&id)),
            other => panic!("d={other:?}"),
        }
    }
}

/// That what was sent is this frame: exactly, or within the encoder's tolerance where a palette was
/// used; then, too, what is opaque or fully transparent is so.
pub(crate) fn check_shot(shot: &Shot, frame: &Frame) {
    check_shot_within(shot, frame, FAITHFUL);
}

/// The same, with another tolerance.
pub(crate) fn check_shot_within(shot: &Shot, frame: &Frame, tolerance: u32) {
    let Picture { size, rgba } = &shot.picture;
    let want = frame.size();
    assert_eq!(*size, (want.width as usize, want.height as usize));
    if !shot.indexed {
        assert!(*rgba == frame.to_straight_rgba(), "pixels of {size:?}");
        return;
    }
    let (mut error, mut seen) = (0, 0);
    let got = Frame::from_straight_rgba(want, rgba).unwrap();
    let pixels = |frame: &Frame| frame.pixmap().data().as_chunks::<4>().0.to_vec();
    for (got, want) in pixels(&got).into_iter().zip(pixels(frame)) {
        error += distance(got, want);
        seen += u32::from(want[3] > 0);
        assert!(!matches!(want[3], 0 | 255) || got[3] == want[3], "{got:?} for {want:?}");
    }
    // The tolerance is a clip's in the mean; one of its poses may be a little worse, and one with
    // little in it, which weighs little there, worse still.
    let most = (seen * 2 + want.width * want.height / 4) * tolerance;
    assert!(error <= most, "{error} over {seen} pixels");
}
