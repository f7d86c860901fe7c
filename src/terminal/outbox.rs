//! What is on its way to the terminal, in slices that it can take at once. No I/O here.
//!
//! A slice ends only where one escape sequence or character ends and another begins, so that
//! whatever stops between two slices leaves the terminal in its ground state, and whoever else
//! writes to it does not end up within our picture.

use super::{CursorCare, SYNC_BEGIN, SYNC_END};

/// The most bytes that are written at once, unless one sequence alone is longer: what a terminal
/// that stopped reading has to read, at most, before it sees what is going on now. A Linux
/// pseudoterminal takes about as much without a reader.
pub const SLICE: usize = 8192;

/// DSR 5, "are you well?" (ECMA-48 §8.3.35): `CSI 0 n` comes back when all before it was read.
const QUESTION: &[u8] = b"\x1b[5n";

/// Bytes for the terminal, cut into slices.
#[derive(Debug, Default)]
pub struct Outbox {
    /// An upload, and the frame after it.
    bytes: Vec<u8>,
    /// How many of them are in a slice that was begun.
    begun: usize,
    /// Where the upload ends and the frame begins.
    upload: usize,
    /// What is done about the cursor at the frame's beginning and end.
    cursor: CursorCare,
    /// The slice that is being written, its question included.
    slice: Vec<u8>,
    /// How many of its bytes the terminal took.
    taken: usize,
}

/// The slice that is to be written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Its bytes.
    pub len: usize,
    /// Whether it belongs to an upload and not to a frame that is seen.
    pub upload: bool,
    /// Whether others of the same upload or frame went out before it.
    pub later: bool,
    /// Whether nothing follows it.
    pub last: bool,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts in what is to be sent: `upload`, which shows nothing, and then the frame `drawn`, with
    /// the cursor taken care of, and inside a synchronized update if `sync`. What was in it must
    /// have been sent or abandoned.
    ///
    /// The update (mode 2026) stays closed if the frame is longer than a slice: it would be open
    /// while the terminal is waited for, and terminals give up on that after a second or two, with
    /// half a frame on the screen.
    pub fn fill(&mut self, upload: &[u8], drawn: &[u8], sync: bool, cursor: CursorCare) {
        self.abandon();
        self.bytes.extend_from_slice(upload);
        self.upload = upload.len();
        if drawn.is_empty() {
            return;
        }
        let marks = [SYNC_BEGIN, SYNC_END].into_iter().chain(cursor.marks());
        let marks: usize = marks.map(<[u8]>::len).sum();
        let sync = sync && drawn.len() + marks + QUESTION.len() <= SLICE;
        self.cursor = cursor.within(sync);
        let [begin, end] = if sync { [SYNC_BEGIN, SYNC_END] } else { [b"".as_slice(); 2] };
        let [hide, save, restore, show] = self.cursor.marks();
        for part in [begin, hide, save, drawn, restore, show, end] {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Whether everything was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun == self.bytes.len() && self.pending().is_empty()
    }

    /// What the terminal is still to take of the slice that was begun.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.slice.get(self.taken..).unwrap_or_default()
    }

    /// How many bytes of it are the terminal's already.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// The slice that [`Outbox::begin`] would begin, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<Next> {
        let rest = self.bytes.get(self.begun..).filter(|rest| !rest.is_empty())?;
        let upload = self.begun < self.upload;
        // An upload is cut off at its end, so that the frame that shows it is whole.
        let part = if upload { rest.get(..self.upload - self.begun)? } else { rest };
        let len = cut(part, SLICE - QUESTION.len());
        let later = if upload { self.begun > 0 } else { self.begun > self.upload };
        Some(Next { len, upload, later, last: len == rest.len() })
    }

    /// Begins the next slice, with the question whether it was read behind it if `ask`. The one
    /// before must have been taken.
    pub fn begin(&mut self, ask: bool) {
        let Some(next) = self.next() else { return };
        self.slice.clear();
        self.taken = 0;
        let end = self.begun + next.len;
        self.slice.extend_from_slice(self.bytes.get(self.begun..end).unwrap_or_default());
        self.begun = end;
        if ask {
            self.slice.extend_from_slice(QUESTION);
        }
    }

    /// Notes that the terminal took so many bytes more.
    pub fn took(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.slice.len());
    }

    /// Forgets all that was not sent, and tells what the frame it belongs to has done to the cursor
    /// and not undone.
    pub fn abandon(&mut self) -> CursorCare {
        let within = self.begun > self.upload && !self.is_empty();
        self.bytes.clear();
        self.slice.clear();
        (self.begun, self.upload, self.taken) = (0, 0, 0);
        let cursor = std::mem::take(&mut self.cursor);
        if within { cursor } else { CursorCare::Leave }
    }
}

/// Where a scanner of our own output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    Sequence,
    String,
    /// Within a control string, after ESC.
    StringEscape,
}

/// How many of `bytes` may be written at once: up to `most`, cut where a sequence or a character
/// ends (ECMA-48 §5.4 to §5.6); the whole of the first one if it alone is longer.
#[must_use]
pub fn cut(bytes: &[u8], most: usize) -> usize {
    if bytes.len() <= most {
        return bytes.len();
    }
    let (mut state, mut good) = (State::Ground, 0);
    for (at, &byte) in bytes.iter().enumerate() {
        // A byte that continues a character belongs to what is before it.
        let between = state == State::Ground && !(0x80..=0xbf).contains(&byte);
        if between {
            if at > most {
                return if good == 0 { at } else { good };
            }
            good = at;
        } else if at > most && good > 0 {
            return good;
        }
        state = after(state, byte);
    }
    if good == 0 { bytes.len() } else { good }
}

const fn after(state: State, byte: u8) -> State {
    match (state, byte) {
        (State::Ground, 0x1b) => State::Escape,
        (State::Ground, _) => State::Ground,
        (State::Escape, b'[') => State::Sequence,
        // DCS, OSC, PM, APC, SOS.
        (State::Escape, b'P' | b']' | b'^' | b'_' | b'X') => State::String,
        // Intermediate bytes, as in `ESC ( B`.
        (State::Escape, 0x20..=0x2f) => State::Escape,
        (State::Escape, _) => State::Ground,
        (State::Sequence, 0x40..=0x7e) => State::Ground,
        (State::Sequence, _) => State::Sequence,
        // Only OSC may end so, but no other string of ours holds it.
        (State::String, 0x07) => State::Ground,
        (State::String, 0x1b) => State::StringEscape,
        (State::String, _) => State::String,
        (State::StringEscape, b'\\') => State::Ground,
        // What is for the terminal around tmux has each ESC doubled; two are none of tmux's own.
        (State::StringEscape, _) => State::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All slices, written as a terminal would take them, `room` bytes at a time.
    fn slices(outbox: &mut Outbox, ask: bool, room: usize) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(next) = outbox.next() {
            outbox.begin(ask && next.last);
            let mut slice = Vec::new();
            while !outbox.pending().is_empty() {
                let n = room.min(outbox.pending().len());
                slice.extend_from_slice(&outbox.pending()[..n]);
                outbox.took(n);
            }
            all.push(slice);
        }
        assert!(outbox.is_empty());
        all
    }

    #[test]
    fn a_frame_that_fits_is_one_slice_with_its_marks() {
        let mut outbox = Outbox::new();
        outbox.fill(b"", b"picture", true, CursorCare::Hide);
        let whole = b"\x1b[?2026h\x1b7picture\x1b8\x1b[?2026l\x1b[5n".to_vec();
        assert_eq!(slices(&mut outbox, true, 3), [whole]);
        outbox.fill(b"", b"", true, CursorCare::Hide);
        assert!(outbox.is_empty() && outbox.next().is_none());
    }

    #[test]
    fn an_upload_is_outside_of_the_update_that_shows_it() {
        let chunk = [b"\x1b_Gm=1;".as_slice(), &[b'A'; 4096], b"\x1b\\"].concat();
        let upload = chunk.repeat(5);
        let mut outbox = Outbox::new();
        outbox.fill(&upload, b"show", true, CursorCare::Leave);
        let all = slices(&mut outbox, true, 1000);
        assert_eq!(all.len(), 6);
        assert!(all[..5].iter().all(|slice| *slice == chunk));
        assert_eq!(all[5], b"\x1b[?2026hshow\x1b[?2026l\x1b[5n");
    }

    #[test]
    fn a_frame_longer_than_a_slice_is_not_synchronized() {
        let long = "\x1b[1mä€🐢".repeat(2000);
        let mut outbox = Outbox::new();
        outbox.fill(b"", long.as_bytes(), true, CursorCare::Hide);
        let all = slices(&mut outbox, false, usize::MAX);
        assert_eq!(all.concat(), format!("\x1b[?25l\x1b7{long}\x1b8\x1b[?25h").into_bytes());
        assert!(all.len() > 2 && all.iter().all(|slice| slice.len() <= SLICE));
        assert!(all.iter().all(|slice| std::str::from_utf8(slice).is_ok()));
    }

    #[test]
    fn slices_end_where_sequences_end() {
        let cases: [(&[u8], usize, usize); 9] = [
            (b"abc", 8, 3),
            (b"abcdef", 4, 4),
            (b"ab\x1b[31mcd", 5, 2),
            (b"ab\x1b[31mcd", 7, 7),
            (b"\x1b]1337;File=:AAAA\x07bc", 4, 18),
            (b"\x1bPqABC\x1b\\\x1b[m", 4, 8),
            (b"\x1bPtmux;\x1b\x1b_GAA\x1b\x1b\\\x1b\\ab", 6, 18),
            ("aä".as_bytes(), 2, 1),
            (b"\x1b(Bab", 2, 3),
        ];
        for (bytes, most, len) in cases {
            assert_eq!(cut(bytes, most), len, "{} at {most}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_abandoned_says_what_the_cursor_is_owed() {
        let mut outbox = Outbox::new();
        for (care, sync, owed) in [
            (CursorCare::PutBack, false, CursorCare::PutBack),
            (CursorCare::Hide, false, CursorCare::Hide),
            (CursorCare::Hide, true, CursorCare::PutBack),
            (CursorCare::Leave, true, CursorCare::Leave),
        ] {
            outbox.fill(b"", b"picture", sync, care);
            assert_eq!(outbox.abandon(), CursorCare::Leave, "nothing went out");
            outbox.fill(b"", b"picture", sync, care);
            outbox.begin(false);
            outbox.took(4);
            assert_eq!(outbox.abandon(), owed);
            assert!(outbox.is_empty());
        }
        outbox.fill(b"upload", b"picture", false, CursorCare::Hide);
        outbox.begin(false);
        outbox.took(4);
        assert_eq!(outbox.abandon(), CursorCare::Leave, "the upload moves nothing");
    }
}
