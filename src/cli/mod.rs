//! The command line: one file a subcommand. Frames go to standard output or the terminal, words to
//! standard error.

#[cfg(unix)]
mod cargo;
mod emit;
mod encode;
mod events;
mod export;
mod failure;
mod feed;
mod hooks;
mod intent;
mod manners;
mod pack;
#[cfg(unix)]
mod place;
mod play;
mod preview;
mod probe;
mod render;
mod senses;
#[cfg(unix)]
mod shell;
#[cfg(not(unix))]
#[path = "shell/elsewhere.rs"]
mod shell;
mod skin;
mod source;
mod switch;

use buddy_render::intent::choose;
use buddy_render::terminal::Protocol;
#[cfg(unix)]
use buddy_render::terminal::guardian;
use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

pub(crate) use failure::Failure;

/// A living companion in the corner of your terminal.
///
/// Reads events (JSON Lines and the output of common tools) from standard input and plays a pet
/// that reacts to them in the top-right corner.
#[derive(Debug, Parser)]
#[command(name = "buddy-render", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Examples:\n  buddy-render                                  an idle pet; Ctrl-C ends it\n  cargo test 2>&1 | buddy-render --pet null     a cat that listens to your tests\n  buddy-render --repo .                         a pet that sees your commits, conflicts and edits\n  buddy-render shell                            your shell, with a pet over it\n  buddy-render --pet antigravity < fixtures/events/session.jsonl\n  buddy-render probe                            what your terminal can do, and why\n\nA second process, buddy-guardian, sleeps beside it and clears the screen if it is killed. Frames get fewer where the terminal or the system is busy; --fps sets the most.\n\nbuddy-render off, or BUDDY=0, switches it off; quiet and hide are less. NO_COLOR, NO_MOTION, CI and TERM=dumb are honoured. $XDG_CONFIG_HOME/buddy/config.yaml holds what the long flags say, such as pet: null."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    play: play::PlayArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a pet that reacts to the events on standard input (the default)
    #[command(after_help = "Example: buddy-render play --pet bit --protocol kitty < events.jsonl")]
    Play(play::PlayArgs),
    /// Run your shell, or a command, with the pet over it
    #[command(
        after_help = "Examples:\n  buddy-render shell\n  buddy-render shell --pet null -- fish\n  buddy-render shell --repo .\n\nThe shell runs as it always does: not a byte of it is changed. The pet stands in its corner while nothing is there, and is away from text, passwords and programs that have the whole screen. It hears commands from the shell's marks (OSC 133), agents (OSC 7501), what is sent with emit, and what happens in the repositories of --repo. --log tells of every answer that is put into what is typed, or taken out of it."
    )]
    Shell(shell::ShellArgs),
    /// Show one clip, looping; keys change pet and clip
    #[command(after_help = "Example: buddy-render preview null purr")]
    Preview(preview::PreviewArgs),
    /// Render one moment of a file or pet to a PNG
    #[command(
        after_help = "Example: buddy-render render pets/null/null.lottie --at 1.5 --size 160x160 -o null.png"
    )]
    Render(render::RenderArgs),
    /// Write a clip as a picture, an animation or a terminal recording
    #[command(
        after_help = "Example: buddy-render export null --clip purr --size 160x160 --fps 24 -o purr.gif"
    )]
    Export(export::ExportArgs),
    /// Write one PNG's bytes for a terminal: the encoders, alone
    #[command(
        after_help = "Example: buddy-render encode owl.png --protocol sixel --geometry 80x24@10x20 --at 64,0 > owl.six"
    )]
    Encode(encode::EncodeArgs),
    /// Tell what the terminal answered, what was chosen and why
    #[command(after_help = "Example: buddy-render probe --json")]
    Probe(ProbeArgs),
    /// Turn what comes on standard input into native events, one a line
    #[command(after_help = "Example: cargo test 2>&1 | buddy-render events")]
    Events(EventsArgs),
    /// Tell what a change seems to be, and what really ran to find that out
    #[command(
        after_help = "Example: git diff | buddy-render intent --diff -\n\nBUDDY_ORT names an ONNX Runtime library (off: none is looked for), BUDDY_EP_LIB=NAME=PATH a plugin of it."
    )]
    Intent(intent::IntentArgs),
    /// Send one event to the pet of this terminal, or else of this repository
    #[command(
        after_help = "Example: buddy-render emit tests.passed passed=42\n\nBUDDY_SOCKET names the socket of another pet. --hook is for the hooks of coding agents: it never fails, waits or prints."
    )]
    Emit(emit::EmitArgs),
    /// Run cargo, and tell the pet what it says
    #[cfg(unix)]
    #[command(
        after_help = "Example: buddy-render cargo test\n\nhooks install cargo makes it cargo bt. What cargo shows, and its exit code, are as ever."
    )]
    Cargo(cargo::CargoArgs),
    /// Have coding agents, git, cargo, shells and tmux tell the pet what they do, or no longer
    #[command(
        after_help = "Examples:\n  buddy-render hooks install claude\n  buddy-render hooks install zsh\n  buddy-render hooks remove zsh\n\nA page for each: protocols/integrations/."
    )]
    Hooks(hooks::HooksArgs),
    /// No pet in any terminal until buddy-render on; those that run leave at once
    #[command(after_help = "Example: buddy-render off")]
    Off,
    /// Take back off, quiet, and this terminal's hide
    #[command(after_help = "Example: buddy-render on")]
    On,
    /// Pets that stand still and say nothing, for a while
    #[command(
        after_help = "Examples:\n  buddy-render quiet 30m\n  buddy-render quiet until 17:00\n\nHow things are still shows in the pose. Hours of every day: quiet_hours in the configuration."
    )]
    Quiet(switch::QuietArgs),
    /// Hide this terminal's pet; once more shows it again
    #[command(after_help = "Example: buddy-render hide")]
    Hide,
    /// Tell whether a pet may be seen and heard, who says so, and which pets run
    #[command(after_help = "Example: buddy-render status --json")]
    Status(switch::StatusArgs),
    /// Work on pets
    #[command(after_help = "Example: buddy-render pack build pets/null")]
    Pack(pack::PackArgs),
}

#[derive(Debug, clap::Args)]
struct ProbeArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Choose as if this protocol had been asked for
    #[arg(long, value_name = "P")]
    protocol: Option<Protocol>,
}

#[derive(Debug, clap::Args)]
struct EventsArgs {
    /// What was skipped as JSON too, on standard error
    #[arg(long)]
    json: bool,
}

fn run_probe(args: &ProbeArgs) -> Result<(), Failure> {
    probe::run(args.json, args.protocol, intent::told, &mut std::io::stdout().lock()).map_err(
        |error| match error {
            probe::ProbeError::Write(error) => Failure::from(error),
            probe::ProbeError::Terminal(error) => Failure::of_terminal(&error),
            other => Failure::because("the probe", &other),
        },
    )
}

fn run_events(args: &EventsArgs) -> Result<(), Failure> {
    let (input, mut out) = (std::io::stdin().lock(), std::io::stdout().lock());
    events::run(input, &mut out, &mut std::io::stderr().lock(), args.json)?;
    Ok(())
}

/// Runs the program with the process's arguments.
#[must_use]
pub(crate) fn main() -> ExitCode {
    // Not a word to the command line's parser: a guardian starts while a pet does.
    #[cfg(unix)]
    if std::env::args_os().nth(1).is_some_and(|first| first == guardian::ARGUMENT) {
        return guardian::run().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // A child that tries an ONNX Runtime, so that what falls over it is not the pet.
    if std::env::args_os().nth(1).is_some_and(|first| first == choose::ARGUMENT) {
        let tried = choose::run_trial(std::env::args_os().skip(2));
        return tried.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // Nor to a hook's host: what the parser says, and its exit code, would be an answer.
    if emit::is_hook(std::env::args_os().skip(1)) {
        emit::hook();
        return ExitCode::SUCCESS;
    }
    let cli = Cli::parse();
    let done = match cli.command {
        None => play::run(&cli.play),
        Some(Command::Play(args)) => play::run(&args),
        Some(Command::Shell(args)) => match shell::run(&args) {
            Ok(code) => return code,
            Err(failure) => Err(failure),
        },
        Some(Command::Preview(args)) => preview::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Encode(args)) => encode::run(&args),
        Some(Command::Probe(args)) => run_probe(&args),
        Some(Command::Events(args)) => run_events(&args),
        Some(Command::Intent(args)) => intent::run(&args),
        Some(Command::Emit(args)) => emit::run(&args),
        #[cfg(unix)]
        Some(Command::Cargo(args)) => cargo::run(&args),
        Some(Command::Hooks(args)) => hooks::run(&args),
        Some(Command::Off) => switch::off(),
        Some(Command::On) => switch::on(),
        Some(Command::Quiet(args)) => switch::quiet(&args),
        Some(Command::Hide) => switch::hide(),
        Some(Command::Status(args)) => switch::status(&args),
        Some(Command::Pack(args)) => pack::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Says a line about our work to the reader, on standard error.
fn say(line: std::fmt::Arguments<'_>) {
    tell(format_args!("buddy-render: {line}"));
}

/// Says a line to the reader, on standard error.
fn tell(line: std::fmt::Arguments<'_>) {
    // Where nobody can be told, nobody needs to be.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
