//! What the programs in the shell say of themselves, as they say it to the terminal: where commands
//! begin and end (OSC 133 and 633), where the shell is (OSC 7), that something goes on (OSC 9;4, the
//! bell), and what an agent is doing (OSC 7501).
//!
//! All of it is heard in passing. Nothing is taken out of the stream, nothing that is heard is ever
//! written back, and nothing follows from it but what the pet does.

use super::command::{Command, Kind};
use crate::event::{AgentState, EventKind, LintLevel, Outcome};
use crate::text::SafeText;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Something in the output that is not for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// BEL.
    Bell,
    /// An operating system command's text.
    Osc(Vec<u8>),
    /// RIS: the terminal was reset.
    Reset,
}

/// What follows from a [`Mark`].
#[derive(Clone, Debug, PartialEq)]
pub enum Sensed {
    /// Something for the pet.
    Event(EventKind),
    /// The shell is in this folder now, if its word is to be believed.
    Folder(String),
    /// The program asked whether the terminal knows OSC 7501, and would like to hear this.
    Answer(&'static [u8]),
}

/// The answer to the question whether OSC 7501 is known: the question itself.
pub const STATUS_ANSWER: &[u8] = b"\x1b]7501;?\x1b\\";

/// Exit codes of a command that was interrupted (128 and SIGINT), hung up, ended, or cut off from
/// its reader: no news about what it did.
const BROKEN_OFF: [u16; 4] = [129, 130, 141, 143];

/// The longest folder or command that is looked at, in bytes.
const MOST_TEXT: usize = 2048;
/// The longest title and message of a status report, in bytes of base64.
const MOST_TITLE: usize = 256;
const MOST_MESSAGE: usize = 2732;

/// Listens to the marks in a stream.
#[derive(Debug, Default)]
pub struct Senses {
    /// What the shell is about to run, as it said.
    line: Option<Command>,
    /// What runs.
    runs: Option<Command>,
    /// An agent works or waits.
    agent: Option<SafeText>,
    waits: bool,
}

impl Senses {
    /// Hears one mark.
    pub fn hear(&mut self, mark: &Mark, out: &mut Vec<Sensed>) {
        let Mark::Osc(text) = mark else {
            let still = matches!(mark, Mark::Bell);
            if still {
                out.push(Sensed::Event(EventKind::Active));
            } else {
                self.leave_agent(out);
            }
            return;
        };
        let Ok(text) = std::str::from_utf8(text) else { return };
        let (code, rest) = text.split_once(';').unwrap_or((text, ""));
        match code {
            "133" => self.shell(rest, None, out),
            "633" => self.editor(rest, out),
            "7" => out.extend(folder(rest).map(Sensed::Folder)),
            "9" if rest.starts_with("4;1") || rest.starts_with("4;3") => {
                out.push(Sensed::Event(EventKind::Active));
            }
            "7501" => self.status(rest, out),
            _ => {}
        }
    }

    /// OSC 133 ; A, B, C or D (FinalTerm's; kitty's shell integration adds the command to C).
    fn shell(&mut self, text: &str, said: Option<Command>, out: &mut Vec<Sensed>) {
        let mut parts = text.split(';');
        match parts.next() {
            Some("A") => {
                self.runs = None;
                self.leave_agent(out);
            }
            Some("B") => self.line = None,
            Some("C") => {
                let told = said.or_else(|| parts.find_map(command_of)).or_else(|| self.line.take());
                self.runs = told;
                let begins = self.runs.and_then(|command| begun(command.kind));
                out.extend(begins.map(Sensed::Event));
            }
            Some("D") => {
                let status = parts.next().and_then(|status| status.parse::<u16>().ok());
                let ran = self.runs.take();
                if let (Some(command), Some(status)) = (ran, status) {
                    out.extend(ended(command.kind, status).map(Sensed::Event));
                }
            }
            _ => {}
        }
    }

    /// OSC 633: the same letters, and E with the command before C (VS Code, "Shell Integration").
    fn editor(&mut self, text: &str, out: &mut Vec<Sensed>) {
        match text.strip_prefix("E;") {
            Some(line) => {
                let line = line.split(';').next().unwrap_or_default();
                self.line = Command::of(&unescaped(line));
            }
            None => {
                let said = text.starts_with('C').then(|| self.line.take()).flatten();
                self.shell(text, said, out);
            }
        }
    }

    /// OSC 7501 ; key=value : key=value …, the Program Status Protocol.
    fn status(&mut self, text: &str, out: &mut Vec<Sensed>) {
        if text == "?" {
            out.push(Sensed::Answer(STATUS_ANSWER));
            return;
        }
        let Some(Report { state, app, message }) = Report::parse(text) else { return };
        let kind = |state, message| EventKind::Agent { state, app: app.clone(), message };
        let event = match state {
            "working" => kind(AgentState::Working, None),
            "blocked" => kind(AgentState::Blocked, message),
            "done" => kind(AgentState::Done, message),
            "error" => kind(AgentState::Error, message),
            // Nothing is going on.
            _ => return self.leave_agent(out),
        };
        self.waits = state == "blocked";
        self.agent = matches!(state, "working" | "blocked").then(|| app.clone()).flatten();
        out.push(Sensed::Event(event));
    }

    /// The agent has gone, and does not wait any more.
    fn leave_agent(&mut self, out: &mut Vec<Sensed>) {
        let app = self.agent.take();
        if std::mem::take(&mut self.waits) {
            let state = AgentState::Working;
            out.push(Sensed::Event(EventKind::Agent { state, app, message: None }));
        }
    }
}

/// A status report, with what is of use here.
struct Report<'a> {
    state: &'a str,
    app: Option<SafeText>,
    message: Option<SafeText>,
}

impl<'a> Report<'a> {
    /// None where one part is malformed: such a report is discarded whole.
    fn parse(text: &'a str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let (mut state, mut app, mut message, mut title) = (None, None, None, None);
        for part in text.split(':') {
            let (key, value) = part.split_once('=')?;
            match key {
                "state" => state = Some(value),
                "app" => app = Some(SafeText::new(value)),
                "msg" => message = Some(decoded(value, MOST_MESSAGE)?),
                "title" => title = Some(decoded(value, MOST_TITLE)?),
                _ => {}
            }
        }
        let shown = |text: &SafeText| !text.is_empty();
        let message = message.filter(shown).or(title).filter(shown);
        Some(Self { state: state?, app: app.filter(shown), message })
    }
}

fn decoded(value: &str, most: usize) -> Option<SafeText> {
    let bytes = (value.len() <= most).then(|| STANDARD.decode(value).ok()).flatten()?;
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then(|| SafeText::new(&text))
}

/// What a command that begins is to the pet.
const fn begun(kind: Kind) -> Option<EventKind> {
    let outcome = Outcome::Started;
    match kind {
        Kind::Tests => Some(EventKind::Tests { outcome, passed: 0, failed: 0, ignored: 0 }),
        Kind::Build => Some(EventKind::Build { outcome, errors: 0 }),
        _ => None,
    }
}

/// What its end is. How many tests there were, only they know.
fn ended(kind: Kind, status: u16) -> Option<EventKind> {
    if BROKEN_OFF.contains(&status) {
        return None;
    }
    let well = status == 0;
    let outcome = if well { Outcome::Passed } else { Outcome::Failed };
    match kind {
        Kind::Tests => Some(EventKind::Tests { outcome, passed: 0, failed: 0, ignored: 0 }),
        Kind::Build => Some(EventKind::Build { outcome, errors: 0 }),
        Kind::Lint => Some(EventKind::Lint {
            level: if well { LintLevel::Clean } else { LintLevel::Error },
            count: u64::from(!well),
            code: None,
            path: None,
            line: None,
            message: None,
        }),
        Kind::Commit if well => Some(EventKind::Commit { sha: None, subject: None }),
        Kind::Push if well => Some(EventKind::Push),
        Kind::Commit | Kind::Push => None,
    }
}

/// `cmdline=…` or `cmdline_url=…` (kitty, "Shell integration").
fn command_of(part: &str) -> Option<Command> {
    let (key, value) = part.split_once('=')?;
    match key {
        "cmdline_url" => Command::of(&percent_decoded(value)?),
        "cmdline" => Command::of(value),
        _ => None,
    }
}

/// OSC 7 ; file://HOST/PATH. Folders of other hosts are none of ours.
fn folder(url: &str) -> Option<String> {
    let rest = url.strip_prefix("file://").or_else(|| url.strip_prefix("kitty-shell-cwd://"))?;
    let path = rest.find('/').and_then(|at| rest.get(at..))?;
    percent_decoded(path)
}

/// RFC 3986 §2.1. None where it is not, or too long.
fn percent_decoded(text: &str) -> Option<String> {
    if text.len() > MOST_TEXT {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `\\` and `\xAB`, as OSC 633 ; E escapes what would end it. What is cut off stays as it is.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.get(..MOST_TEXT).unwrap_or(text);
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let code = after.strip_prefix('x').and_then(|hex| hex.get(..2));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = &after[3..];
            }
            None => {
                plain.push('\\');
                rest = after.strip_prefix('\\').unwrap_or(after);
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(all: &[&str]) -> Vec<Sensed> {
        let (mut senses, mut out) = (Senses::default(), Vec::new());
        for text in all {
            senses.hear(&Mark::Osc(text.as_bytes().to_vec()), &mut out);
        }
        out
    }

    fn tests(outcome: Outcome) -> Sensed {
        Sensed::Event(EventKind::Tests { outcome, passed: 0, failed: 0, ignored: 0 })
    }

    #[test]
    fn commands_are_told_by_what_they_are_and_how_they_end() {
        use Outcome::{Failed, Passed, Started};
        let run = "133;C;cmdline_url=cargo%20test";
        assert_eq!(hear(&[run, "133;D;0"]), [tests(Started), tests(Passed)]);
        assert_eq!(hear(&[run, "133;D;101"]), [tests(Started), tests(Failed)]);
        assert_eq!(hear(&[run, "133;D;130"]), [tests(Started)], "interrupted");
        assert_eq!(hear(&[run, "133;D"]), [tests(Started)], "nobody knows");
        assert_eq!(hear(&[run, "133;A", "133;D;0"]), [tests(Started)]);
        assert_eq!(hear(&["133;C;cmdline=ls", "133;D;1"]), []);
        let vscode = ["633;E;pytest\\x20-x\\x3b", "633;C", "633;D;0"];
        assert_eq!(hear(&vscode), [tests(Started), tests(Passed)]);
        assert_eq!(hear(&["133;C;cmdline=git push", "133;D;0"]), [Sensed::Event(EventKind::Push)]);
    }

    #[test]
    fn folders_are_decoded() {
        assert_eq!(hear(&["7;file://host/home/a%20b"]), [Sensed::Folder("/home/a b".into())]);
        for bad in ["7;file://host", "7;http://host/a", "7;file://h/%zz", "7;file://h/%c3%28"] {
            assert_eq!(hear(&[bad]), [], "{bad}");
        }
    }

    #[test]
    fn agents_report_and_are_answered() {
        let agent = |state, app: &str, message: Option<&str>| {
            let app = Some(SafeText::new(app)).filter(|app| !app.is_empty());
            let message = message.map(SafeText::new);
            Sensed::Event(EventKind::Agent { state, app, message })
        };
        assert_eq!(hear(&["7501;?"]), [Sensed::Answer(STATUS_ANSWER)]);
        let asks = format!("7501;state=blocked:app=crab:msg={}", STANDARD.encode("May I?"));
        let blocked = agent(AgentState::Blocked, "crab", Some("May I?"));
        assert_eq!(hear(&[&asks]), std::slice::from_ref(&blocked));
        // Where the prompt comes back, it is gone.
        let gone = agent(AgentState::Working, "crab", None);
        assert_eq!(hear(&[&asks, "133;A"]), [blocked, gone]);
        assert_eq!(hear(&["7501;state=done:app=crab"]), [agent(AgentState::Done, "crab", None)]);
        for bad in [
            "7501;app=crab",
            "7501;state",
            "7501;state=done:msg=!!!",
            "7501;state=done:msg=GwBbMzFt",
            "7501;state=do\u{1b}ne",
            "7501;state=odd",
        ] {
            assert_eq!(hear(&[bad]), [], "{bad}");
        }
    }

    #[test]
    fn anything_may_be_said() {
        let mut random = fastrand::Rng::with_seed(3);
        let (mut senses, mut out) = (Senses::default(), Vec::new());
        for _ in 0..20_000 {
            let all = b"0123456789;:=?ABCDE\\x%/file://cmdline_url=state msg\xc3\xa4\xff\0";
            let mut bytes =
                [b"133;".as_slice(), b"633;", b"7;", b"9;4;", b"7501;"][random.usize(..5)].to_vec();
            bytes.extend((0..random.usize(..40)).map(|_| all[random.usize(..all.len())]));
            senses.hear(&Mark::Osc(bytes), &mut out);
        }
        senses.hear(&Mark::Bell, &mut out);
        senses.hear(&Mark::Reset, &mut out);
    }
}
