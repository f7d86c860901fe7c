//! What tmux tells of itself and of the terminal around it, which its panes cannot ask: tmux keeps
//! that terminal's answers to itself.

use super::database::Database;

#[cfg(unix)]
pub(super) use ask::ask;

/// What tmux told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TmuxAnswers {
    /// How many terminals show the session.
    pub clients: u32,
    /// Whether sequences pass through it to them (`allow-passthrough`).
    pub passes: bool,
    /// Whether our pane is the one that is typed into: it gets their answers.
    pub active: bool,
    /// Whether it gives them colours of 24 bits.
    pub true_color: bool,
    /// What the terminal around it calls itself (XTVERSION); empty where it does not.
    pub around: String,
}

impl TmuxAnswers {
    /// Reads what tmux prints for the question.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim_end_matches('\n').splitn(5, '|');
        let clients = parts.next()?.parse().ok()?;
        // "off" and "0" are what versions have printed for no, nothing where there is no such
        // option, before 3.3.
        let passes = !matches!(parts.next()?, "" | "0" | "off");
        let active = parts.next()? == "1";
        let true_color = parts.next()?.split(',').any(|feature| feature == "RGB");
        Some(Self { clients, passes, active, true_color, around: parts.next()?.to_owned() })
    }

    /// Why no picture can be shown through it, if so. Within tmux a picture must be text, which
    /// tmux can move: the terminal around it must know that text, and be the only one.
    #[must_use]
    pub fn refusal(&self, database: &Database) -> Option<String> {
        let around = super::database::printable(&self.around);
        if self.clients != 1 {
            return Some(format!("{} terminals show this tmux session", self.clients));
        }
        if !database.named(&self.around).placeholders {
            return Some(format!(
                "the terminal around tmux, {around}, is not known for Unicode placeholders"
            ));
        }
        if !self.passes {
            return Some(format!(
                "tmux lets nothing through to {around}; 'tmux set -g allow-passthrough on' would"
            ));
        }
        if !self.active {
            let why = "another pane is active, and would be typed the terminal's answers";
            return Some(why.to_owned());
        }
        None
    }
}

#[cfg(unix)]
mod ask {
    use super::TmuxAnswers;
    use crate::terminal::EnvHints;
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// The longest answer that is read, in bytes.
    const MAX_ANSWER: u64 = 4096;

    /// tmux(1), "FORMATS": what is asked of the server, `|` between.
    const FORMAT: &str = "#{session_attached}|#{allow-passthrough}\
        |#{&&:#{pane_active},#{window_active}}|#{client_termfeatures}|#{client_termtype}";

    /// How long tmux may take; it took 3 ms where this was written.
    const PATIENCE: Duration = Duration::from_millis(150);

    /// Asks the server, if tmux is around us and has a client here.
    pub(in crate::terminal) fn ask(hints: &EnvHints) -> Option<TmuxAnswers> {
        hints.get("TMUX")?;
        let mut command = Command::new("tmux");
        command.args(["display-message", "-p"]);
        if let Some(pane) = hints.get("TMUX_PANE") {
            command.args(["-t", pane]);
        }
        let streams = command.arg(FORMAT).stdin(Stdio::null()).stderr(Stdio::null());
        let mut client = streams.stdout(Stdio::piped()).spawn().ok()?;
        let out = client.stdout.take()?;
        let (sender, answer) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            if out.take(MAX_ANSWER).read_to_string(&mut text).is_ok() {
                // Nobody may wait for it any more.
                let _ = sender.send(text);
            }
        });
        let answer = answer.recv_timeout(PATIENCE);
        // It has ended, or is not waited for.
        let _ = client.kill();
        let _ = client.wait();
        TmuxAnswers::parse(&answer.ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tmux_prints_is_read() {
        let told = TmuxAnswers::parse("1|1|1|bpaste,RGB,title|kitty(0.41.1)\n").unwrap();
        assert_eq!(
            (told.clients, told.passes, told.active, told.true_color),
            (1, true, true, true)
        );
        assert_eq!(told.around, "kitty(0.41.1)");
        let told = TmuxAnswers::parse("2|off|0||a|b").unwrap();
        assert_eq!(
            (told.clients, told.passes, told.active, told.true_color),
            (2, false, false, false)
        );
        assert_eq!(told.around, "a|b");
        // tmux before 3.3 knows neither the option nor, before 3.2, the type.
        assert!(!TmuxAnswers::parse("1||1||").unwrap().passes);
        for bad in ["", "1", "x|1|1||", "1|1|1|RGB"] {
            assert_eq!(TmuxAnswers::parse(bad), None, "{bad}");
        }
    }
}
