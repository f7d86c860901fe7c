//! The bytes of a terminal's output, taken apart: which are text, controls, sequences and strings.
//!
//! The states are those of Paul Williams' parser for the DEC terminals (vt100.net/emu), seven-bit
//! only, with UTF-8 in the ground state. It differs from `vte`, which tests compare it with, in two
//! things that the overlay lives on: it says whether it is in its ground state, and it can be halted
//! before what it read takes effect.

/// A control sequence's parameter bytes that are kept; longer ones are not understood.
const MOST_PARAMETERS: usize = 256;
/// An OSC's bytes that are kept; longer ones are none that is listened to.
pub(super) const MOST_OSC: usize = 4096;
/// Of other strings only the beginning tells something.
const MOST_OF_OTHERS: usize = 64;

/// What was read, before it takes effect. Each method tells whether it did; one that need not be
/// `firm` may decline, and then the machine halts before it.
pub(super) trait Acts {
    /// A run of printable ASCII; tells how many bytes of it took effect.
    fn text(&mut self, run: &[u8]) -> usize;
    /// A character beyond ASCII; U+FFFD where the bytes were none.
    fn print(&mut self, character: char, firm: bool) -> bool;
    /// A C0 control.
    fn control(&mut self, byte: u8, firm: bool) -> bool;
    /// ESC, an intermediate byte or 0, and a final byte.
    fn escape(&mut self, intermediate: u8, last: u8, firm: bool) -> bool;
    /// A control sequence.
    fn sequence(&mut self, sequence: &Sequence<'_>, firm: bool) -> bool;
    /// A control string that has ended.
    fn string(&mut self, kind: StringKind, body: &[u8], firm: bool) -> bool;
    /// Something of which terminals make different things.
    fn doubtful(&mut self);
}

/// A control sequence (ECMA-48 §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence<'a> {
    /// `<`, `=`, `>`, `?`, or 0.
    pub(super) private: u8,
    /// Digits, `;` and `:`.
    pub(super) parameters: &'a [u8],
    /// The last intermediate byte, or 0.
    pub(super) intermediate: u8,
    /// The final byte.
    pub(super) last: u8,
}

impl Sequence<'_> {
    /// The numbers between semicolons; what is empty or has parts of its own is 0.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> {
        self.parameters.split(|byte| *byte == b';').map(number)
    }

    /// A number, or 1 where it is missing or 0, as most sequences want it.
    pub(super) fn count(&self, at: usize) -> u16 {
        self.numbers().nth(at).unwrap_or(0).max(1)
    }

    /// A number, or 0 where it is missing.
    pub(super) fn selector(&self) -> u16 {
        self.numbers().next().unwrap_or(0)
    }
}

/// A number, which stops growing at the most that there is.
pub(super) fn number(digits: &[u8]) -> u16 {
    if !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let add = |sum: u16, digit: &u8| {
        sum.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0')))
    };
    digits.iter().fold(0, add)
}

/// A control string (ECMA-48 §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringKind {
    /// ESC ].
    Osc,
    /// The same, of which only the beginning is held.
    LongOsc,
    /// ESC P.
    Dcs,
    /// ESC _.
    Apc,
    /// ESC ^ or ESC X.
    Other,
}

impl StringKind {
    const fn most(self) -> usize {
        match self {
            Self::Osc | Self::LongOsc => MOST_OSC,
            _ => MOST_OF_OTHERS,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// Within a character, of which so many bytes are to come.
    Character(u8),
    Escape,
    Sequence,
    /// A sequence that makes no sense, up to its final byte.
    Ignored,
    String(StringKind),
    /// ESC within a string.
    StringEscape(StringKind),
}

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// All of them took effect.
    All,
    /// The first so many did; what follows declined to.
    Halted(usize),
}

/// The machine between two bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    state: State,
    private: u8,
    intermediate: u8,
    /// Parameters of a sequence, or the beginning of a string.
    held: Vec<u8>,
    /// More came than is held.
    overflowed: bool,
    character: u32,
    least: u32,
    /// A string was broken off in a way that not all terminals take for its end.
    murky: bool,
}

impl Machine {
    /// Whether a sequence of somebody else's would be understood here.
    pub(super) fn is_ground(&self) -> bool {
        self.state == State::Ground && !self.murky
    }

    /// Whether it is between two units, be it that a terminal sees that differently.
    fn is_between(&self) -> bool {
        self.state == State::Ground
    }

    /// Takes `bytes`. Not one byte of what is declined is taken.
    pub(super) fn advance(&mut self, bytes: &[u8], acts: &mut impl Acts) -> Advance {
        let mut at = 0;
        // Where the unit that is being read began; not in these bytes where it is none.
        let mut began = None;
        while let Some(&byte) = bytes.get(at) {
            if self.is_between() {
                let run = printable(bytes.get(at..).unwrap_or_default());
                if !run.is_empty() {
                    let done = acts.text(run);
                    at += done;
                    if done < run.len() {
                        return Advance::Halted(at);
                    }
                    continue;
                }
                began = Some(at);
            }
            let within = matches!(self.state, State::Escape | State::Sequence | State::Ignored);
            let (ok, reread) = self.byte(byte, began.is_none(), acts);
            if !ok {
                self.state = State::Ground;
                return Advance::Halted(began.unwrap_or(at));
            }
            if within && byte < 0x20 {
                // A control within a sequence took effect, and must not once more.
                began = None;
            }
            if !reread {
                at += 1;
            }
        }
        Advance::All
    }

    /// Takes `bytes` of which the text does not matter: what is between two sequences is leapt over,
    /// and so are SGRs, of which only that they came is told.
    pub(super) fn skim(&mut self, bytes: &[u8], acts: &mut impl Acts, styled: &mut bool) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.is_between() || matches!(self.state, State::Character(_)) {
                self.state = State::Ground;
                let Some(at) = memchr::memchr(0x1b, rest) else { return };
                rest = rest.get(at..).unwrap_or_default();
                if let Some(length) = style(rest) {
                    *styled = true;
                    rest = rest.get(length..).unwrap_or_default();
                    continue;
                }
            }
            let Some((&byte, after)) = rest.split_first() else { return };
            let (_, reread) = self.byte(byte, true, acts);
            if !reread {
                rest = after;
            }
        }
    }

    /// Takes one byte that is no text. Tells whether its effect was accepted, and whether it is to be
    /// read once more, since it ended something and does not belong to it.
    fn byte(&mut self, byte: u8, firm: bool, acts: &mut impl Acts) -> (bool, bool) {
        const ESC: u8 = 0x1b;
        match (self.state, byte) {
            (State::Character(left), 0x80..=0xbf) => {
                (self.continued(byte, left, firm, acts), false)
            }
            (State::Character(_), _) => {
                self.state = State::Ground;
                (acts.print(char::REPLACEMENT_CHARACTER, firm), true)
            }
            // CAN and SUB abort whatever there is (ECMA-48 §8.3.6).
            (_, 0x18 | 0x1a) => {
                self.state = State::Ground;
                self.murky = false;
                (acts.control(byte, true), false)
            }
            (State::String(kind), _) => (self.in_string(kind, byte, firm, acts), false),
            (State::StringEscape(kind), b'\\') => {
                self.murky = false;
                (self.end_string(kind, firm, acts), false)
            }
            (State::StringEscape(_), _) => {
                self.murky = true;
                acts.doubtful();
                self.begin(State::Escape);
                (true, true)
            }
            (_, ESC) => {
                self.begin(State::Escape);
                (true, false)
            }
            (_, 0x00..=0x1f) => (acts.control(byte, firm), false),
            (State::Ground, _) => (self.begin_character(byte, firm, acts), false),
            (State::Escape, _) => (self.in_escape(byte, firm, acts), false),
            (State::Sequence, _) => (self.in_sequence(byte, firm, acts), false),
            (State::Ignored, 0x40..=0x7e) => {
                self.state = State::Ground;
                acts.doubtful();
                (true, false)
            }
            (State::Ignored, _) => (true, false),
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.held.clear();
        self.overflowed = false;
        (self.private, self.intermediate) = (0, 0);
    }

    fn hold(&mut self, byte: u8, most: usize) {
        if self.held.len() < most {
            self.held.push(byte);
        } else {
            self.overflowed = true;
        }
    }

    fn begin_character(&mut self, byte: u8, firm: bool, acts: &mut impl Acts) -> bool {
        let (left, first, least) = match byte {
            0x7f => return true,
            0xc2..=0xdf => (1, byte & 0x1f, 0x80),
            0xe0..=0xef => (2, byte & 0x0f, 0x800),
            0xf0..=0xf4 => (3, byte & 0x07, 0x1_0000),
            _ => return acts.print(char::REPLACEMENT_CHARACTER, firm),
        };
        self.state = State::Character(left);
        (self.character, self.least) = (first.into(), least);
        true
    }

    fn continued(&mut self, byte: u8, left: u8, firm: bool, acts: &mut impl Acts) -> bool {
        self.character = self.character << 6 | u32::from(byte & 0x3f);
        if left > 1 {
            self.state = State::Character(left - 1);
            return true;
        }
        self.state = State::Ground;
        let whole = char::from_u32(self.character).filter(|_| self.character >= self.least);
        let done = acts.print(whole.unwrap_or(char::REPLACEMENT_CHARACTER), firm);
        // In UTF-8 xterm and VTE take these for the controls that begin sequences and strings.
        self.murky |= done && matches!(self.character, 0x90 | 0x98 | 0x9b | 0x9d..=0x9f);
        done
    }

    fn in_escape(&mut self, byte: u8, firm: bool, acts: &mut impl Acts) -> bool {
        match byte {
            0x20..=0x2f => self.intermediate = byte,
            b'[' if self.intermediate == 0 => self.begin(State::Sequence),
            b']' if self.intermediate == 0 => self.begin(State::String(StringKind::Osc)),
            b'P' if self.intermediate == 0 => self.begin(State::String(StringKind::Dcs)),
            b'_' if self.intermediate == 0 => self.begin(State::String(StringKind::Apc)),
            b'^' | b'X' if self.intermediate == 0 => self.begin(State::String(StringKind::Other)),
            0x30..=0x7e => {
                self.state = State::Ground;
                if byte == b'\\' || byte == b'c' {
                    self.murky = false;
                }
                return acts.escape(self.intermediate, byte, firm);
            }
            0x7f => {}
            _ => {
                self.state = State::Ground;
                acts.doubtful();
            }
        }
        true
    }

    fn in_sequence(&mut self, byte: u8, firm: bool, acts: &mut impl Acts) -> bool {
        match byte {
            b'0'..=b';' if self.intermediate == 0 => self.hold(byte, MOST_PARAMETERS),
            b'<'..=b'?' if self.held.is_empty() && self.private == 0 && self.intermediate == 0 => {
                self.private = byte;
            }
            0x20..=0x2f => self.intermediate = byte,
            0x40..=0x7e => {
                self.state = State::Ground;
                if self.overflowed {
                    acts.doubtful();
                }
                let sequence = Sequence {
                    private: self.private,
                    parameters: &self.held,
                    intermediate: self.intermediate,
                    last: byte,
                };
                return acts.sequence(&sequence, firm);
            }
            0x7f => {}
            0x30..=0x3f => self.state = State::Ignored,
            _ => {
                self.state = State::Ground;
                acts.doubtful();
            }
        }
        true
    }

    fn in_string(&mut self, kind: StringKind, byte: u8, firm: bool, acts: &mut impl Acts) -> bool {
        match byte {
            0x1b => self.state = State::StringEscape(kind),
            // xterm ctlseqs, "Operating System Commands".
            0x07 if kind == StringKind::Osc => return self.end_string(kind, firm, acts),
            // In other strings BEL ends nothing in most terminals.
            0x07 => {
                self.murky = true;
                acts.doubtful();
            }
            _ => self.hold(byte, kind.most()),
        }
        true
    }

    fn end_string(&mut self, kind: StringKind, firm: bool, acts: &mut impl Acts) -> bool {
        self.state = State::Ground;
        let kind = match kind {
            StringKind::Osc if self.overflowed => StringKind::LongOsc,
            kind => kind,
        };
        acts.string(kind, &self.held, firm)
    }
}

/// The length of the SGR at the beginning of `bytes`, if one is there.
fn style(bytes: &[u8]) -> Option<usize> {
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let end = parameters.iter().position(|byte| !matches!(byte, b'0'..=b';'))?;
    (parameters.get(end) == Some(&b'm')).then_some(end + 3)
}

/// The printable ASCII at the beginning of `bytes`.
fn printable(bytes: &[u8]) -> &[u8] {
    const BLOCK: usize = 32;
    let other = |byte: &u8| byte.wrapping_sub(0x20) > 0x7e - 0x20;
    let mut blocks = bytes.chunks_exact(BLOCK);
    // Without an early end within a block, which so is looked at in a few instructions.
    let text = |block: &[u8]| !block.iter().fold(false, |any, byte| any | other(byte));
    let whole = blocks.by_ref().take_while(|block| text(block)).count() * BLOCK;
    let rest = bytes.get(whole..).unwrap_or_default();
    let end = whole + rest.iter().position(other).unwrap_or(rest.len());
    bytes.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `vte` and the machine are to agree on.
    #[derive(Debug, Default, PartialEq)]
    struct Heard(Vec<String>);

    impl Heard {
        fn say(&mut self, what: String) -> bool {
            self.0.push(what);
            true
        }
    }

    impl Acts for Heard {
        fn text(&mut self, run: &[u8]) -> usize {
            for byte in run {
                self.say(format!("print {}", char::from(*byte)));
            }
            run.len()
        }
        fn print(&mut self, character: char, _: bool) -> bool {
            self.say(format!("print {character}"))
        }
        fn control(&mut self, byte: u8, _: bool) -> bool {
            self.say(format!("control {byte}"))
        }
        fn escape(&mut self, intermediate: u8, last: u8, _: bool) -> bool {
            // The end of a string is no escape to whoever reads on.
            last == b'\\' || self.say(format!("escape {intermediate} {last}"))
        }
        fn sequence(&mut self, s: &Sequence<'_>, _: bool) -> bool {
            let numbers: Vec<u16> = s.numbers().collect();
            let mark = if s.intermediate == 0 { s.private } else { s.intermediate };
            self.say(format!("sequence {mark} {numbers:?} {}", s.last))
        }
        fn string(&mut self, kind: StringKind, body: &[u8], _: bool) -> bool {
            kind != StringKind::Osc || self.say(format!("osc {}", body.escape_ascii()))
        }
        fn doubtful(&mut self) {}
    }

    #[derive(Default)]
    struct Peer(Heard);

    impl vte::Perform for Peer {
        fn print(&mut self, character: char) {
            self.0.say(format!("print {character}"));
        }
        fn execute(&mut self, byte: u8) {
            self.0.say(format!("control {byte}"));
        }
        fn esc_dispatch(&mut self, intermediates: &[u8], _: bool, last: u8) {
            if last != b'\\' {
                let intermediate = intermediates.last().copied().unwrap_or(0);
                self.0.say(format!("escape {intermediate} {last}"));
            }
        }
        fn csi_dispatch(&mut self, p: &vte::Params, intermediates: &[u8], _: bool, last: char) {
            let numbers: Vec<u16> = p.iter().map(|part| part[0]).collect();
            let mark = intermediates.last().copied().unwrap_or(0);
            self.0.say(format!("sequence {mark} {numbers:?} {}", u32::from(last)));
        }
        fn osc_dispatch(&mut self, parameters: &[&[u8]], _: bool) {
            self.0.say(format!("osc {}", parameters.join(&b';').escape_ascii()));
        }
    }

    fn heard(bytes: &[u8], step: usize) -> (Heard, bool) {
        let (mut machine, mut heard) = (Machine::default(), Heard::default());
        for part in bytes.chunks(step) {
            assert_eq!(machine.advance(part, &mut heard), Advance::All);
        }
        (heard, machine.is_ground())
    }

    #[test]
    fn it_hears_what_vte_hears_wherever_the_bytes_are_split() {
        let cases: [&[u8]; 12] = [
            b"plain text\r\n\ttab",
            b"\x1b[1;31mred\x1b[m\x1b[?25l\x1b[10;20H\x1b[K\x1b[ q\x1b[!p",
            b"\x1b7\x1b8\x1b(0\x1bc\x1bM\x1b#8",
            b"\x1b]0;a title\x07\x1b]133;D;1\x1b\\after",
            "h\u{e4}nsel \u{20ac} \u{1f422}\u{fe0f} \u{10ffff}".as_bytes(),
            b"a\xffb\xfec\xc3\xc3\xa4d\xe2\x82",
            b"\x1bP1;2qsixel\x1b\\x\x1b_Ga=T;AAAA\x1b\\y\x1b^pm\x1b\\z",
            b"\x1b[12\x0834mnested\x1b[3\x18aborted",
            b"\x1b[1;2;3;4;5;6;7;8;9;10;11;12m\x1b[;;5H",
            b"\x1b[<0;1;2M\x1b[>0q\x1b[=1u",
            b"del\x1b[3\x7f1m",
            b"\x1b\x1b[A\x1b[\x1b[B",
        ];
        for bytes in cases {
            let mut peer = Peer::default();
            vte::Parser::new().advance(&mut peer, bytes);
            let whole = heard(bytes, usize::MAX).0;
            assert_eq!(whole, peer.0, "{}", bytes.escape_ascii());
            for step in 1..5 {
                assert_eq!(heard(bytes, step).0, whole, "{} by {step}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn random_bytes_split_anywhere_are_heard_alike() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..400 {
            let all = b"ab 0;:?[]P_\\^mHJ\x07\x08\n\r\x18\x1b\x1b\x1b\xc3\xa4\xe2\x82\xac\xff\x9b";
            let bytes: Vec<u8> = (0..200).map(|_| all[random.usize(..all.len())]).collect();
            let whole = heard(&bytes, usize::MAX);
            for step in [1, 3, 7] {
                assert_eq!(heard(&bytes, step), whole, "{}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn it_knows_its_ground() {
        let cases: [(&[u8], bool); 19] = [
            (b"text", true),
            (b"\x1b", false),
            (b"\x1b[", false),
            (b"\x1b[1;2", false),
            (b"\x1b[1m", true),
            (b"\x1b(", false),
            (b"\xc3", false),
            (b"\xc3\xa4", true),
            (b"\x1b]0;title", false),
            (b"\x1b]0;title\x07", true),
            (b"\x1b_Gpicture\x07", false),
            (b"\x1b_Gpicture\x1b", false),
            (b"\x1b_Gpicture\x1b\\", true),
            // Some terminals are still within the string.
            (b"\x1b_Gpicture\x1b[m", false),
            (b"\x1b_Gpicture\x1b[m\x1b\\", true),
            (b"\x1bPq\x18", true),
            // U+009D begins a string in some terminals; U+0085 does not.
            (b"\xc2\x9d", false),
            (b"\xc2\x9dtext\x1b\\", true),
            (b"\xc2\x85", true),
        ];
        for (bytes, ground) in cases {
            assert_eq!(heard(bytes, usize::MAX).1, ground, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn endless_strings_take_no_memory() {
        let (mut machine, mut heard) = (Machine::default(), Heard::default());
        for start in [b"\x1b]52;c;".as_slice(), b"\x1bPq", b"\x1b_G", b"\x1b["] {
            machine.advance(start, &mut heard);
            for _ in 0..1000 {
                machine.advance(&[b'0'; 4096], &mut heard);
            }
            assert!(machine.held.len() <= MOST_OSC);
            machine.advance(b"\x18", &mut heard);
        }
        assert_eq!(heard.0, ["control 24"; 4]);
    }

    /// Declines the n-th unit.
    struct Shy(Heard, usize);

    impl Shy {
        fn takes(&mut self, firm: bool, what: &str) -> bool {
            if self.1 == 0 && !firm {
                return false;
            }
            self.1 = self.1.wrapping_sub(1);
            self.0.say(what.to_owned())
        }
    }

    impl Acts for Shy {
        fn text(&mut self, run: &[u8]) -> usize {
            run.iter().take_while(|byte| self.takes(false, &byte.to_string())).count()
        }
        fn print(&mut self, _: char, firm: bool) -> bool {
            self.takes(firm, "print")
        }
        fn control(&mut self, _: u8, firm: bool) -> bool {
            self.takes(firm, "control")
        }
        fn escape(&mut self, _: u8, _: u8, firm: bool) -> bool {
            self.takes(firm, "escape")
        }
        fn sequence(&mut self, _: &Sequence<'_>, firm: bool) -> bool {
            self.takes(firm, "sequence")
        }
        fn string(&mut self, _: StringKind, _: &[u8], firm: bool) -> bool {
            self.takes(firm, "string")
        }
        fn doubtful(&mut self) {}
    }

    #[test]
    fn it_halts_before_whatever_is_declined_and_goes_on_with_it() {
        let bytes = b"ab\x1b[31mc\n\x1b]0;t\x07\xc3\xa4d".as_slice();
        let units = [0, 1, 2, 7, 8, 9, 15, 17];
        for (n, at) in units.into_iter().enumerate() {
            let (mut machine, mut shy) = (Machine::default(), Shy(Heard::default(), n));
            assert_eq!(machine.advance(bytes, &mut shy), Advance::Halted(at), "unit {n}");
            assert!(machine.is_ground());
            shy.1 = usize::MAX;
            assert_eq!(machine.advance(&bytes[at..], &mut shy), Advance::All);
            assert_eq!(shy.0.0.len(), 8);
        }
    }

    #[test]
    fn a_control_within_a_sequence_takes_effect_once() {
        let (mut machine, mut shy) = (Machine::default(), Shy(Heard::default(), 1));
        assert_eq!(machine.advance(b"\x1b[3\x081m", &mut shy), Advance::All);
        assert_eq!(shy.0.0, ["control", "sequence"]);
    }

    #[test]
    fn of_a_long_string_the_beginning_is_told() {
        #[derive(Default)]
        struct Strings(Vec<(StringKind, usize)>);
        impl Acts for Strings {
            fn text(&mut self, run: &[u8]) -> usize {
                run.len()
            }
            fn print(&mut self, _: char, _: bool) -> bool {
                true
            }
            fn control(&mut self, _: u8, _: bool) -> bool {
                true
            }
            fn escape(&mut self, _: u8, _: u8, _: bool) -> bool {
                true
            }
            fn sequence(&mut self, _: &Sequence<'_>, _: bool) -> bool {
                true
            }
            fn string(&mut self, kind: StringKind, body: &[u8], _: bool) -> bool {
                self.0.push((kind, body.len()));
                true
            }
            fn doubtful(&mut self) {}
        }
        let (mut machine, mut strings) = (Machine::default(), Strings::default());
        for length in [MOST_OSC, MOST_OSC + 1] {
            let osc = [b"\x1b]".as_slice(), &vec![b'x'; length], b"\x07"].concat();
            machine.advance(&osc, &mut strings);
        }
        assert_eq!(strings.0, [(StringKind::Osc, MOST_OSC), (StringKind::LongOsc, MOST_OSC)]);
    }

    #[test]
    fn what_began_before_cannot_be_declined() {
        let (mut machine, mut shy) = (Machine::default(), Shy(Heard::default(), 0));
        machine.advance(b"\x1b[3", &mut shy);
        assert_eq!(machine.advance(b"1mx", &mut shy), Advance::All);
        assert_eq!(shy.0.0.len(), 2);
    }
}
