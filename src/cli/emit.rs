//! `emit`: one event to a pet that plays elsewhere; and the hook of coding agents.

use super::Failure;
use buddy_render::event::wire::{Reader, is_text_field, to_native_json};
use clap::Args;
use std::ffi::OsString;

/// The most of a hook's input that is read, in bytes: it may hold the file that a tool wrote.
#[cfg(unix)]
const MAX_HOOK_BYTES: usize = 1 << 20;
/// How long a hook waits for its host to say all, at most.
#[cfg(unix)]
const HOOK_TIME: std::time::Duration = std::time::Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct EmitArgs {
    /// The event's name, such as tests.passed or git.conflict
    event: String,
    /// Its fields, such as passed=42
    #[arg(value_name = "KEY=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// Read a coding agent's hook from standard input instead; alone
    #[arg(long)]
    hook: bool,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a field is KEY=VALUE, such as passed=42")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Whether the arguments are those of a hook, with whatever else a host may add.
pub(super) fn is_hook(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut arguments = arguments;
    arguments.next().is_some_and(|first| first == "emit")
        && arguments.any(|argument| argument == "--hook")
}

/// Sends the event, or says why not.
pub(super) fn run(args: &EmitArgs) -> Result<(), Failure> {
    send(&line(args)?)
}

/// The event as a native line, read once as a pet will read it.
fn line(args: &EmitArgs) -> Result<String, Failure> {
    let mut object = serde_json::Map::new();
    object.insert("v".to_owned(), 1.into());
    object.insert("event".to_owned(), args.event.clone().into());
    for (key, value) in &args.fields {
        let read = if is_text_field(key) { None } else { serde_json::from_str(value).ok() };
        object.insert(key.clone(), read.unwrap_or_else(|| value.clone().into()));
    }
    let mut reader = Reader::new();
    let events = reader.line(serde_json::Value::Object(object).to_string().as_bytes());
    match (events.first(), reader.problems().first()) {
        (Some(event), _) => Ok(to_native_json(event)),
        (None, Some(problem)) => Err(Failure::usage(problem.what.clone())),
        (None, None) => Err(Failure::usage(format!("there is no event {:?}", args.event))
            .hint("protocols/event.schema.json has them all, for instance tests.passed")),
    }
}

#[cfg(unix)]
fn send(line: &str) -> Result<(), Failure> {
    use buddy_render::event::source::socket;
    if let Some(path) = named() {
        return socket::send(&path, line).map_err(|error| Failure::because(path.display(), &error));
    }
    let candidates = socket::candidates(&super::place::folder(), &super::place::here());
    if candidates.iter().any(|path| socket::send(path, line).is_ok()) {
        return Ok(());
    }
    Err(Failure::cannot("no pet listens at this terminal or in this repository")
        .hint("start one with buddy-render, or name its socket in BUDDY_SOCKET"))
}

#[cfg(not(unix))]
fn send(_: &str) -> Result<(), Failure> {
    Err(Failure::cannot("pets have no sockets on Windows yet")
        .hint("pipe events into buddy-render instead"))
}

/// The socket that the environment names.
#[cfg(unix)]
fn named() -> Option<std::path::PathBuf> {
    std::env::var_os("BUDDY_SOCKET").filter(|path| !path.is_empty()).map(Into::into)
}

/// Reads one hook's object from standard input and sends what it means, at most one line. Never
/// prints, fails or waits longer than [`HOOK_TIME`]: the host is at work.
#[cfg(unix)]
pub(super) fn hook() {
    use buddy_render::event::source::{Lines, socket};
    if std::env::var_os("BUDDY").is_some_and(|value| value == "0") {
        return;
    }
    let said = read_hook();
    let mut reader = Reader::new();
    let lines = Lines::new(&said[..]).map_while(Result::ok);
    let mut events = lines.flat_map(|line| match line {
        buddy_render::event::source::Line::Whole(line) => reader.line(&line),
        buddy_render::event::source::Line::TooLong => Vec::new(),
    });
    let Some(line) = events.next().map(|event| to_native_json(&event)) else { return };
    // Where nobody listens, nobody needs to be told.
    if let Some(path) = named() {
        let _ = socket::send(&path, &line);
        return;
    }
    let candidates = socket::candidates(&super::place::folder(), &super::place::here());
    let _ = candidates.iter().any(|path| socket::send(path, &line).is_ok());
}

/// Reads a hook from standard input, where there is something to send it to.
#[cfg(not(unix))]
pub(super) fn hook() {}

/// All of standard input that comes in time. What is too much is read and dropped: a host that
/// writes to a closed pipe could take that for a failure.
#[cfg(unix)]
fn read_hook() -> Vec<u8> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let end = std::time::Instant::now() + HOOK_TIME;
    let (input, mut said, mut buffer) = (std::io::stdin(), Vec::new(), vec![0; 64 << 10]);
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        let time = Timespec::try_from(left).ok();
        let mut fds = [PollFd::new(&input, PollFlags::IN)];
        if left.is_zero() || !poll(&mut fds, time.as_ref()).is_ok_and(|ready| ready > 0) {
            return said;
        }
        match rustix::io::read(&input, &mut *buffer) {
            Ok(0) | Err(_) => return said,
            Ok(count) if said.len() < MAX_HOOK_BYTES => {
                said.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
            Ok(_) => {}
        }
    }
}
