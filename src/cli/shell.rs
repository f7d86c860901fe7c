//! `shell`: the user's shell, or a command, with the pet over it.

mod log;

use super::feed::Notebook;
use super::play::terminal::Stage as Opened;
use super::play::{DEFAULT_SEED, Look, PlayArgs, Wanted, companion, frame_rate, guests, on_or_off};
use super::senses::{self, Found, SensesArgs};
use super::skin::{self, SkinArgs};
use super::{Failure, manners, place};
use buddy_render::event::bus::Bus;
use buddy_render::intent::watch;
use buddy_render::manners::{Environment, Hours, Manners, Motion};
use buddy_render::overlay::host::{self, Exchange, HostError, Outside, Stage, StageConfig};
use buddy_render::overlay::{Fullscreen, Needs, Pty, PtyError};
use buddy_render::player::{Player, layout};
use buddy_render::terminal::{Choice, Place, Protocol, Signals, TerminalError, job};
use buddy_render::units::{CellSize, Corner};
use clap::{Args, ValueEnum};
use log::Log;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

/// What tells a shell, and whoever else would start a pet in it, that there is one: its process.
const ABOVE: &str = "BUDDY_SHELL";
/// The exit code that says that nothing was started.
const NOTHING_STARTED: u8 = 125;
/// How long the terminal may take to say where the cursor is.
const PATIENCE: Duration = Duration::from_millis(120);
/// Frames a second where frames are sent one by one: beside work, not instead of it.
const FRAMES: f32 = 6.0;

#[derive(Debug, Clone, Args)]
pub(super) struct ShellArgs {
    /// The pet: antigravity (the default), null, haiku, bit, spectre, a
    /// folder's or .buddypack's path, or an installed pack's, such as ada/tin
    #[arg(long, value_name = "NAME")]
    pet: Option<String>,
    /// Visits by other pets: on (the default) or off
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    guests: Option<bool>,
    /// When it stands still, such as 22:00-07:00, or none (the default)
    #[arg(long, value_name = "HH:MM-HH:MM")]
    quiet_hours: Option<Hours>,
    #[command(flatten)]
    senses: SensesArgs,
    /// auto (the default), kitty, iterm2 (iterm3: our corner profile over it), sixel, symbols or ascii
    #[arg(long, value_name = "P")]
    protocol: Option<Wanted>,
    /// A tier of the protocol, such as static for kitty
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    #[command(flatten)]
    skin: SkinArgs,
    /// The pet's box, in cells, 16x8 where nothing is said; smaller where text is near
    #[arg(long, value_name = "COLSxROWS")]
    size: Option<CellSize>,
    /// top-right (the default), top-left, bottom-right or bottom-left
    #[arg(long, value_name = "C", value_parser = Corner::from_str)]
    corner: Option<Corner>,
    /// Decides what is left to chance
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Frames a second where frames are sent one by one; 6 where nothing is said
    #[arg(long, value_name = "N", value_parser = frame_rate)]
    fps: Option<f32>,
    /// full, reduced (moves only when it reacts), or none (key poses)
    #[arg(long, value_name = "M")]
    motion: Option<Motion>,
    /// What the pet does while a program has the whole screen: hide or show
    #[arg(long, value_name = "WHAT", default_value = "hide")]
    fullscreen: FullscreenArg,
    /// Append a line to FILE for each answer that is given for the terminal or taken out of what is
    /// typed, and each question that asks for one; no key is in it
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// For a shell's start file: end with 125, and start nothing, where no pet can be
    #[arg(long)]
    auto: bool,
    /// The command, and what it is told; your shell where none is given
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FullscreenArg {
    Hide,
    Show,
}

impl ShellArgs {
    fn play(&self) -> PlayArgs {
        let look = Look {
            protocol: self.protocol,
            tier: self.tier.clone(),
            skin: self.skin.clone(),
            size: self.size,
            corner: self.corner,
            seed: self.seed,
            geometry: None,
            duration: None,
            fps: self.fps,
            motion: self.motion,
        };
        let mut play = PlayArgs::for_shell(self.pet.clone(), look);
        play.guests = self.guests;
        play.quiet_hours.clone_from(&self.quiet_hours);
        play
    }

    fn command(&self) -> Vec<OsString> {
        if !self.command.is_empty() {
            return self.command.clone();
        }
        let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        vec![shell.unwrap_or_else(|| "/bin/sh".into())]
    }
}

pub(super) fn run(args: &ShellArgs) -> Result<ExitCode, Failure> {
    match start(args) {
        // The shell whose start file this is goes on as it is.
        Err(failure) if args.auto => {
            failure.report();
            Ok(ExitCode::from(NOTHING_STARTED))
        }
        done => done,
    }
}

fn start(args: &ShellArgs) -> Result<ExitCode, Failure> {
    if let Some(process) = above() {
        if args.auto {
            return Ok(ExitCode::from(NOTHING_STARTED));
        }
        return Err(Failure::cannot(format!("process {process} has a pet over this shell"))
            .hint("one pet a window: end that shell first"));
    }
    let mut play = args.play();
    let terminals = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let text = play.look.protocol() == Some(Protocol::Text);
    // What is off starts nothing, not even to say that something is written wrongly.
    let off = !terminals || text || Environment::capture().off;
    let mut manners = match off {
        true => return without(args),
        false => play.manners(true)?,
    };
    if !manners::allow(&mut manners) {
        return without(args);
    }
    let pet = play.settle(&manners)?;
    play.look.fps = play.look.fps.or(Some(FRAMES));
    skin::check(&pet, play.look.skin.name())?;
    let found = senses::find(&args.senses, &pet)?;
    let log = args.log.as_deref().map(Log::open).transpose()?;
    manners::tell_slips(&manners);
    let mut opened = Opened::open(&play.look, Signals::with_children()?)?;
    if opened.choice.protocol == Protocol::Text {
        drop(opened);
        return without(args);
    }
    let guests = guests(&pet, &play);
    let mind = Box::new(companion(&guests, &play));
    let player = opened.player(&play, guests, mind)?;
    let notes = Notebook::default();
    let beside = Beside { found, notes: notes.clone(), log };
    let ended = accompany(args, &play.look, &mut opened, player, &mut manners, beside)?;
    // The terminal first, so that what is said lands on a screen put back.
    drop(opened);
    notes.say();
    // It has run: what is said from here on is about its end, whoever started it.
    Ok(ended.unwrap_or_else(Failure::report))
}

/// What a pet over a shell has beside it.
struct Beside {
    found: Found,
    notes: Notebook,
    log: Option<Log>,
}

/// The process that has a pet over this shell already, if it lives.
fn above() -> Option<String> {
    let above = std::env::var(ABOVE).ok()?;
    job::is_alive(above.parse().ok()?).then_some(above)
}

/// No pet: becomes the command, with nothing between it and the terminal.
fn without(args: &ShellArgs) -> Result<ExitCode, Failure> {
    if args.auto {
        return Ok(ExitCode::from(NOTHING_STARTED));
    }
    let command = args.command();
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("no command"))?;
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(Failure::because(program.to_string_lossy(), &error))
}

/// Starts the shell and is with it to its end. Gives that apart from why it could not be started.
fn accompany(
    args: &ShellArgs,
    look: &Look,
    opened: &mut Opened,
    player: Player,
    manners: &mut Manners,
    beside: Beside,
) -> Result<Result<ExitCode, Failure>, Failure> {
    let failed = |error: TerminalError| Failure::of_terminal(&error);
    let Opened { terminal, signals, choice } = opened;
    let mut place = terminal.ask_place(PATIENCE).map_err(failed)?;
    let size = terminal.size().map_err(failed)?;
    let fresh = place.cursor.is_some_and(|at| (at.row, at.col) == (0, 0));
    if !args.auto && !fresh && needs(choice) != Needs::Cursor {
        // What stands there already is not known, and would be lost under the picture.
        super::say(format_args!(
            "the pet comes as soon as its corner is surely free: Ctrl-L clears the screen"
        ));
        // Whoever has not answered yet is not asked again: one answer is to be told from the other.
        if place.cursor.is_some() {
            let again = terminal.ask_place(PATIENCE).map_err(failed)?;
            place = Place { takes_status: place.takes_status || again.takes_status, ..again };
        }
    }
    let Beside { found, notes, mut log } = beside;
    let bus = Arc::new(Bus::new());
    // What they note waits until the terminal is nobody's any more.
    let mut senses = Some(senses::open(found, &bus, notes.noter())?);
    let process = [(ABOVE, OsString::from(std::process::id().to_string()))];
    let pty = Pty::start(&args.command(), &process, size, terminal.original_modes());
    let mut pty = pty.map_err(|error| not_started(&error))?;
    terminal.let_through().map_err(failed)?;
    // It opens nothing before the first edit comes.
    watch::spawn(&bus, super::intent::options(), std::env::current_dir().ok());
    // A pet without one still hears what its terminal says.
    let socket = place::listen_in(pty.device(), Arc::clone(&bus));
    // Whoever hides it there is in the shell's terminal, not in ours.
    manners.facts.tty = pty.device();
    let config = StageConfig {
        geometry: choice.geometry,
        size: look.size.unwrap_or(layout::DEFAULT_SIZE),
        corner: look.corner.unwrap_or_default(),
        needs: needs(choice),
        synchronized: choice.sync2026,
        fullscreen: match args.fullscreen {
            FullscreenArg::Hide => Fullscreen::Hide,
            FullscreenArg::Show => Fullscreen::Show,
        },
        cursor: place.cursor,
        owes_cursor: place.cursor.is_none(),
        knows_status: place.takes_status,
    };
    let stage = Stage::new(config, player, Arc::clone(&bus));
    let ask = if socket.is_some() { manners::bearing } else { manners::bearing_of_deaf };
    let mut write = log.as_mut().map(|log| |exchange: Exchange| log.write(&exchange));
    let mut outside = Outside {
        bus,
        cell: choice.geometry.cell,
        manners: &mut || ask(manners),
        log: write.as_mut().map(|write| write as &mut dyn FnMut(Exchange)),
        gone: &mut || drop(senses.take()),
    };
    let done = host::run(terminal, signals, &mut pty, stage, &mut outside);
    drop((socket, senses));
    Ok(match done {
        Ok(ended) => Ok(ExitCode::from(ended.code)),
        Err(HostError::Terminal(error)) => Err(failed(error)),
        Err(error) => Err(Failure::because("the shell", &error)),
    })
}

fn not_started(error: &PtyError) -> Failure {
    let failure = Failure::because("the shell", error);
    match error {
        PtyError::Start { .. } => failure.hint("is it on your PATH?"),
        _ => failure,
    }
}

/// What the chosen protocol's frames need of the terminal.
fn needs(choice: &Choice) -> Needs {
    match choice.protocol {
        Protocol::Kitty if choice.kitty_placeholders.is_none() => Needs::Cursor,
        Protocol::Sixel => Needs::Sixel,
        _ => Needs::Text,
    }
}
