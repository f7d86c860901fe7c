//! Takes the answers to our own questions out of what is typed; everything else goes on as it came,
//! byte for byte.

use crate::terminal::{Reply, ReplyParser};
use crate::units::CellPosition;

/// What is kept back while it may still become an answer; more is none.
const MOST_HELD: usize = 4096;

/// DECXCPR, the question where the cursor is (VT510 Programmer Information; xterm ctlseqs, "Device
/// Status Report"). Unlike the answer to `CSI 6 n`, its answer is no function key's sequence.
pub const WHERE: &[u8] = b"\x1b[?6n";

/// Watches what comes from the terminal while an answer is awaited.
#[derive(Debug, Default)]
pub struct Strainer {
    parser: ReplyParser,
    /// The bytes of what is incomplete.
    held: Vec<u8>,
    /// How many answers about the cursor are still to come.
    awaited: u32,
    /// Answers that were taken out, until somebody takes them.
    taken: Vec<Vec<u8>>,
}

impl Strainer {
    /// An answer to [`WHERE`] will come.
    pub fn await_cursor(&mut self) {
        self.awaited = self.awaited.saturating_add(1);
    }

    /// Whether one will.
    #[must_use]
    pub const fn awaits(&self) -> bool {
        self.awaited > 0
    }

    /// Whether something is kept back, to see whether it is an answer.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The answers that were taken out since this was called last.
    pub fn take_taken(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.taken)
    }

    /// Passes on what was typed. `mine` tells whether a reply answers another question of ours.
    /// Gives the place of the cursor, if that was answered.
    pub fn strain(
        &mut self,
        bytes: &[u8],
        mut mine: impl FnMut(Reply) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<CellPosition> {
        let (mut told, mut replies) = (None, Vec::new());
        for byte in bytes {
            self.held.push(*byte);
            self.parser.feed(std::slice::from_ref(byte), &mut replies);
            // A byte that belongs to none ends the one before, and is a reply of its own or begins
            // another: what was held up to it goes first.
            let ends = replies.len();
            for (n, reply) in replies.drain(..).enumerate() {
                let length = if n + 1 < ends || self.parser.is_waiting() {
                    self.held.len() - 1
                } else {
                    self.held.len()
                };
                let whole: Vec<u8> = self.held.drain(..length).collect();
                match reply {
                    Reply::CursorReport { row, col } if self.awaited > 0 => {
                        self.awaited -= 1;
                        let zero_based = |at: u16| at.saturating_sub(1);
                        told = Some(CellPosition { row: zero_based(row), col: zero_based(col) });
                        self.taken.push(whole);
                    }
                    reply if mine(reply.clone()) => self.taken.push(whole),
                    _ => out.extend_from_slice(&whole),
                }
            }
            if self.held.len() > MOST_HELD {
                self.release(out);
            }
        }
        told
    }

    /// Passes on what is kept back: nothing came for so long that it is no answer.
    pub fn release(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.parser = ReplyParser::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strained(bytes: &[u8], step: usize, awaited: u32) -> (Vec<u8>, Option<CellPosition>) {
        let (mut strainer, mut out, mut told) = (Strainer::default(), Vec::new(), None);
        (0..awaited).for_each(|_| strainer.await_cursor());
        for part in bytes.chunks(step) {
            let mine = |reply| matches!(reply, Reply::Da1(_));
            told = strainer.strain(part, mine, &mut out).or(told);
        }
        strainer.release(&mut out);
        (out, told)
    }

    #[test]
    fn only_our_answers_are_taken_out() {
        let there = Some(CellPosition { row: 4, col: 11 });
        let cases: [(&[u8], &[u8], Option<CellPosition>); 8] = [
            (b"ls\r", b"ls\r", None),
            (b"l\x1b[?5;12Rs", b"ls", there),
            (b"\x1b[?5;12;1R", b"", there),
            (b"a\x1b[?62;4cb\x1b[1;2Rc", b"ab\x1b[1;2Rc", None),
            (b"\x1b\x1b[?5;12R\x1bOA", b"\x1b\x1bOA", there),
            (b"\x1b[200~\x00\xff\xfe\xc3\x1b[201~", b"\x1b[200~\x00\xff\xfe\xc3\x1b[201~", None),
            (b"\x1b[?5;12R\x1b[?5;12R", b"\x1b[?5;12R", there),
            (b"\xc3\x1b[?5;12R", b"\xc3", there),
        ];
        for (bytes, rest, told) in cases {
            for step in [1, 2, 100] {
                let got = strained(bytes, step, 1);
                assert_eq!(got, (rest.to_vec(), told), "{} by {step}", bytes.escape_ascii());
            }
        }
        assert_eq!(strained(b"\x1b[?5;12R", 9, 0).0, b"\x1b[?5;12R", "nobody asked");
    }

    #[test]
    fn whatever_is_typed_arrives() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..300 {
            let all = b"ab;0\x1b\x1b[]OP_\\\x07\x18\x00\xc3\xa4\xe2\x82\xff~RcM?";
            let bytes: Vec<u8> = (0..300).map(|_| all[random.usize(..all.len())]).collect();
            let step = random.usize(1..20);
            let (mut strainer, mut out) = (Strainer::default(), Vec::new());
            for part in bytes.chunks(step) {
                assert_eq!(strainer.strain(part, |_| false, &mut out), None);
            }
            strainer.release(&mut out);
            assert_eq!(out, bytes);
            assert_eq!(strainer.take_taken(), [b""; 0]);
        }
    }

    #[test]
    fn what_is_taken_out_can_be_seen_and_no_key_is_in_it() {
        let typed = b"a\x1b[?62;4cb\x1b\x1b[?5;12R\x1bOA\xc3\x1b[1;2Rc";
        for step in [1, 2, 100] {
            let (mut strainer, mut out) = (Strainer::default(), Vec::new());
            strainer.await_cursor();
            for part in typed.chunks(step) {
                strainer.strain(part, |reply| matches!(reply, Reply::Da1(_)), &mut out);
            }
            let answers: [&[u8]; 2] = [b"\x1b[?62;4c", b"\x1b[?5;12R"];
            assert_eq!(strainer.take_taken(), answers, "by {step}");
            assert_eq!(strainer.take_taken(), [b""; 0], "once");
            assert_eq!(out, b"ab\x1b\x1bOA\xc3\x1b[1;2Rc");
        }
    }

    #[test]
    fn an_endless_string_is_passed_on() {
        let (mut strainer, mut out) = (Strainer::default(), Vec::new());
        strainer.await_cursor();
        for _ in 0..1000 {
            strainer.strain(&[b"\x1b]".as_slice(), &[b'x'; 1000]].concat(), |_| false, &mut out);
            assert!(strainer.held.len() <= MOST_HELD + 1);
        }
        strainer.release(&mut out);
        assert_eq!(out.len(), 1_002_000);
    }
}
