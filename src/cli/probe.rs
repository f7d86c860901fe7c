//! `buddy-render probe`: what the terminal answered, what was chosen, and why.

use buddy_render::terminal::{
    Answers, Choice, Database, EnvHints, Protocol, Terminal, TerminalError, TmuxAnswers, choose,
};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum ProbeError {
    /// The terminal could not be asked.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The built-in table cannot be read.
    #[error(transparent)]
    Table(#[from] buddy_render::terminal::database::DatabaseError),
    /// The report could not be written.
    #[error("the report could not be written")]
    Write(#[from] io::Error),
}

/// What is told of what runs the intent model.
pub(super) struct Told {
    /// For people, in lines.
    pub(super) lines: String,
    /// For programs.
    pub(super) json: Value,
}

/// Asks the controlling terminal and writes a report to `out`, as a table or as JSON. `backend` finds
/// out what runs the intent model, when the terminal is as it was.
///
/// # Errors
/// When there is no terminal to ask, or nobody reads the report.
pub(super) fn run(
    json: bool,
    forced: Option<Protocol>,
    backend: impl FnOnce() -> Option<Told>,
    out: &mut dyn Write,
) -> Result<(), ProbeError> {
    let database = Database::embedded()?;
    let hints = EnvHints::capture();
    let answers = Terminal::open()?.probe(&hints, &database)?;
    // The terminal is as it was before the first line is written.
    let choice = choose(&answers, &hints, &database, forced);
    let backend = backend();
    if json {
        write_json(&answers, &choice, backend.map(|told| told.json), out)?;
    } else {
        write_table(&answers, &choice, out)?;
        if let Some(told) = backend {
            writeln!(out, "\nthe intent model\n{}", told.lines)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// One question, in the table and in JSON.
struct Line {
    key: &'static str,
    question: &'static str,
    answer: Option<String>,
    meaning: String,
}

fn line(
    key: &'static str,
    question: &'static str,
    answer: Option<String>,
    meaning: impl Into<String>,
) -> Line {
    Line { key, question, answer, meaning: meaning.into() }
}

fn lines(answers: &Answers) -> Vec<Line> {
    let mut lines = identity(answers);
    lines.extend(pictures(answers));
    lines.extend(sizes(answers));
    lines.extend(answers.tmux.iter().flat_map(tmux));
    lines
}

fn identity(answers: &Answers) -> Vec<Line> {
    let da1 = answers.da1.as_ref().map(|values| {
        let values: Vec<String> = values.iter().map(u16::to_string).collect();
        values.join(";")
    });
    let sixel = if answers.has_sixel() { "has sixel" } else { "no sixel" };
    let sync = match answers.mode(2026) {
        Some(true) => "frames appear whole",
        Some(false) => "not known to it",
        None => "not told",
    };
    let mode = |mode: u16| answers.modes.get(&mode).map(u16::to_string);
    let seen = match answers.mode(2033) {
        Some(true) => "reports whether the window is seen",
        Some(false) => "not known to it",
        None => "not told",
    };
    vec![
        line("xtversion", "name (XTVERSION)", answers.xtversion.clone(), "who it says it is"),
        line("da1", "attributes (DA1)", da1, sixel),
        line("mode_2026", "synchronized updates", mode(2026), sync),
        line("mode_2033", "visibility reports", mode(2033), seen),
    ]
}

fn pictures(answers: &Answers) -> Vec<Line> {
    let kitty = &answers.kitty;
    let shows = match kitty.picture.as_deref() {
        Some("OK") => "takes kitty pictures",
        Some(_) => "refused a kitty picture",
        None => "no kitty pictures",
    };
    let plays = if kitty.animates() { "plays frames by itself" } else { "plays no frames" };
    let frees = match (kitty.bystander.is_some(), kitty.frees_one_by_one()) {
        (true, true) => "frees one picture alone",
        (true, false) => "frees others along with one",
        (false, _) => "not told",
    };
    let registers = answers.sixel_registers.map(|n| n.to_string());
    let largest = answers.sixel_size.map(|size| size.to_string());
    let background = answers.background.map(|(r, g, b)| format!("#{r:02x}{g:02x}{b:02x}"));
    let files =
        if answers.iterm_files() { "has inline images" } else { "tells of no inline images" };
    vec![
        line("kitty", "kitty graphics", kitty.picture.clone(), shows),
        line("kitty_frame", "kitty frame (a=f)", kitty.frame.clone(), plays),
        line("kitty_control", "kitty control (a=a)", kitty.control.clone(), "ENOENT: knows it"),
        line("kitty_bystander", "kitty freeing (d=I)", kitty.bystander.clone(), frees),
        line("sixel_registers", "sixel colours", registers, "colours of one picture"),
        line("sixel_size", "largest sixel", largest, "pixels of one picture"),
        line("background", "background (OSC 11)", background, "below what is half transparent"),
        line("iterm_capabilities", "iTerm2 features", answers.iterm_capabilities.clone(), files),
    ]
}

fn tmux(told: &TmuxAnswers) -> [Line; 2] {
    let passes = if told.passes { "on" } else { "off" };
    let colors = if told.true_color { "with 24-bit colours" } else { "with colours of a palette" };
    [
        line("tmux_passthrough", "tmux passthrough", Some(passes.to_owned()), "allow-passthrough"),
        line("tmux_around", "terminal around tmux", Some(told.around.clone()), colors),
    ]
}

fn sizes(answers: &Answers) -> Vec<Line> {
    let points =
        answers.iterm_cell.map(|cell| format!("{}x{} at {}", cell.width, cell.height, cell.scale));
    vec![
        line(
            "cell_pixels",
            "cell (CSI 16 t)",
            answers.cell_pixels.map(|size| size.to_string()),
            "pixels of one cell",
        ),
        line(
            "window_pixels",
            "window (CSI 14 t)",
            answers.window_pixels.map(|size| size.to_string()),
            "pixels of the text area",
        ),
        line(
            "text_cells",
            "window (CSI 18 t)",
            answers.text_cells.map(|size| size.to_string()),
            "cells of the text area",
        ),
        line("iterm_cell", "cell (ReportCellSize)", points, "points, and pixels of a point"),
        line(
            "tty",
            "window (TIOCGWINSZ)",
            answers.tty.map(|size| size.to_string()),
            "what the system tells",
        ),
    ]
}

/// Longest answer shown in the table.
const WIDEST: usize = 40;

/// Text without control characters: what a terminal said is not to be said to a terminal.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || !c.is_ascii() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

fn write_table(answers: &Answers, choice: &Choice, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:<22}{:<28} meaning", "question", "answer")?;
    for line in lines(answers) {
        let answer = line.answer.as_deref().unwrap_or("-");
        let answer: String = escaped(answer).chars().take(WIDEST).collect();
        writeln!(out, "{:<22}{answer:<28} {}", line.question, line.meaning)?;
    }
    writeln!(out, "\nanswered in {} ms", answers.took.as_millis())?;
    writeln!(out, "chosen: {}", summary(choice))?;
    for reason in &choice.reasons {
        writeln!(out, "  - {}", escaped(reason))?;
    }
    out.flush()
}

fn summary(choice: &Choice) -> String {
    let detail = match choice.protocol {
        Protocol::Kitty if choice.kitty_placeholders.is_some() => {
            format!(" ({}, in placeholders)", choice.kitty_tier.name())
        }
        Protocol::Kitty => format!(" ({})", choice.kitty_tier.name()),
        Protocol::Iterm2 if choice.iterm2_multipart => " (multipart)".to_owned(),
        Protocol::Sixel => format!(" ({} colours)", choice.sixel_registers),
        Protocol::Symbols => {
            let tier = if choice.drawn { "drawn" } else { choice.symbols.name() };
            format!(" ({tier}, {} colours)", choice.colors.name())
        }
        Protocol::Iterm2 | Protocol::Ascii | Protocol::Text => String::new(),
    };
    format!("{}{detail}, {}", choice.protocol, choice.geometry)
}

fn write_json(
    answers: &Answers,
    choice: &Choice,
    intent: Option<Value>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let told = lines(answers)
        .into_iter()
        .map(|line| (line.key.to_owned(), json!(line.answer)))
        .collect::<serde_json::Map<String, Value>>();
    let report = json!({
        "answers": told,
        "answered_ms": u64::try_from(answers.took.as_millis()).unwrap_or(u64::MAX),
        "terminal": choice.terminal,
        "protocol": choice.protocol.name(),
        "kitty_tier": choice.kitty_tier.name(),
        "kitty_placeholders": choice.kitty_placeholders.is_some(),
        "iterm2_multipart": choice.iterm2_multipart,
        "symbols": choice.symbols.name(),
        "colors": choice.colors.name(),
        "sixel_registers": choice.sixel_registers,
        "passthrough": choice.passthrough.name(),
        "sync2026": choice.sync2026,
        "geometry": choice.geometry.to_string(),
        "reasons": choice.reasons,
        "intent": intent,
    });
    // JSON escapes control characters itself (RFC 8259 §7), all below U+0020.
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)?;
    out.flush()
}
