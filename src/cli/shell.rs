//! `shell`: the user's shell, or a command, with the pet over it.

use super::play::terminal::Stage as Opened;
use super::play::{DEFAULT_SEED, Look, MotionArg, PlayArgs, Wanted, companion, frame_rate, guests};
use super::skin::{self, SkinArgs};
use super::{Failure, place, source};
use buddy_render::event::bus::Bus;
use buddy_render::overlay::host::{self, HostError, Stage, StageConfig, Wishes};
use buddy_render::overlay::{Fullscreen, Needs, Pty, PtyError};
use buddy_render::pet::Language;
use buddy_render::player::layout;
use buddy_render::terminal::{Choice, Protocol, Signals, TerminalError};
use buddy_render::units::{CellSize, Corner};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
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
    /// The pet: antigravity, null, haiku, bit, spectre, a folder's or
    /// .buddypack's path, or an installed pack's, such as ada/tin
    #[arg(long, value_name = "NAME", default_value = "antigravity")]
    pet: String,
    /// No visits by other pets
    #[arg(long)]
    no_guests: bool,
    /// The language the pet describes things in, such as de
    #[arg(long, value_name = "TAG")]
    lang: Option<Language>,
    /// auto, kitty, iterm2 (iterm3: our corner profile over it), sixel, symbols or ascii
    #[arg(long, value_name = "P", default_value = "auto")]
    protocol: Wanted,
    /// A tier of the protocol, such as static for kitty
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    #[command(flatten)]
    skin: SkinArgs,
    /// The pet's box, in cells; smaller where text is near
    #[arg(long, value_name = "COLSxROWS", default_value_t = layout::DEFAULT_SIZE)]
    size: CellSize,
    /// top-right, top-left, bottom-right or bottom-left
    #[arg(long, value_name = "C", default_value = "top-right", value_parser = Corner::from_str)]
    corner: Corner,
    /// Decides what is left to chance
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Frames a second where frames are sent one by one
    #[arg(long, value_name = "N", value_parser = frame_rate)]
    fps: Option<f32>,
    /// full, reduced (moves only when it reacts), or none (key poses)
    #[arg(long, value_name = "M")]
    motion: Option<MotionArg>,
    /// What the pet does while a program has the whole screen: hide or show
    #[arg(long, value_name = "WHAT", default_value = "hide")]
    fullscreen: FullscreenArg,
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
    fn look(&self) -> Look {
        Look {
            protocol: self.protocol,
            tier: self.tier.clone(),
            skin: self.skin.clone(),
            size: self.size,
            corner: self.corner,
            seed: self.seed,
            geometry: None,
            duration: None,
            fps: Some(self.fps.unwrap_or(FRAMES)),
            motion: self.motion,
        }
    }

    fn command(&self) -> Vec<OsString> {
        if !self.command.is_empty() {
            return self.command.clone();
        }
        let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        vec![shell.unwrap_or_else(|| "/bin/sh".into())]
    }
}

/// Why there will be no pet over this shell.
enum Without {
    /// Somebody wants none, or it could not be seen.
    Quietly,
    /// There is one already.
    Nested(String),
}

pub(super) fn run(args: &ShellArgs) -> Result<ExitCode, Failure> {
    match without(args) {
        Some(_) if args.auto => return Ok(ExitCode::from(NOTHING_STARTED)),
        Some(Without::Quietly) => return plainly(args),
        Some(Without::Nested(process)) => {
            return Err(Failure::cannot(format!("process {process} has a pet over this shell"))
                .hint("one pet a window; end that shell first"));
        }
        None => {}
    }
    let pet = Arc::new(source::open_pet(&args.pet)?);
    skin::check(&pet, &args.skin.skin)?;
    let look = args.look();
    let play = PlayArgs::for_shell(&args.pet, args.lang.as_ref(), args.no_guests, look);
    let look = args.look();
    let mut opened = Opened::open(&look, Signals::with_children()?)?;
    if opened.choice.protocol == Protocol::Text {
        drop(opened);
        return plainly(args);
    }
    let guests = guests(&pet, &play);
    let mind = Box::new(companion(&guests, &play));
    let player = opened.player(&play, guests, mind)?;
    accompany(args, &look, &mut opened, player)
}

/// Whether there is to be no pet.
fn without(args: &ShellArgs) -> Option<Without> {
    let terminals = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if super::play::switched_off() || !terminals || dumb || args.protocol.is_text() {
        return Some(Without::Quietly);
    }
    let above = std::env::var(ABOVE).ok()?;
    let process = above.parse().ok().and_then(rustix::process::Pid::from_raw)?;
    let alive = rustix::process::test_kill_process(process).is_ok();
    alive.then_some(Without::Nested(above))
}

/// Becomes the command, with nothing between it and the terminal.
fn plainly(args: &ShellArgs) -> Result<ExitCode, Failure> {
    let command = args.command();
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("no command"))?;
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(Failure::because(program.to_string_lossy(), &error))
}

fn accompany(
    args: &ShellArgs,
    look: &Look,
    opened: &mut Opened,
    player: buddy_render::player::Player,
) -> Result<ExitCode, Failure> {
    let failed = |error: TerminalError| Failure::of_terminal(&error);
    let Opened { terminal, signals, choice } = opened;
    let place = terminal.ask_place(PATIENCE).map_err(failed)?;
    let size = terminal.size().map_err(failed)?;
    let process = [(ABOVE, OsString::from(std::process::id().to_string()))];
    let command = args.command();
    let mut pty = Pty::start(&command, &process, size, terminal.original_modes()).map_err(|e| {
        let hint = matches!(e, PtyError::Start { .. }).then_some("is it on your PATH?");
        let failure = Failure::because("the shell", &e);
        hint.map_or_else(|| failure, |hint| Failure::because("the shell", &e).hint(hint))
    })?;
    terminal.let_through().map_err(failed)?;
    let bus = Arc::new(Bus::new());
    // A pet without one still hears what its terminal says.
    let socket = place::listen_in(pty.device(), Arc::clone(&bus)).ok();
    let config = StageConfig {
        geometry: choice.geometry,
        size: look.size,
        corner: look.corner,
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
    let mut wishes = Wishes { bus, cell: choice.geometry.cell, wanted: &mut |_| None };
    let done = host::run(terminal, signals, &mut pty, Some(stage), &mut wishes);
    drop(socket);
    match done {
        Ok(ended) => Ok(ExitCode::from(ended.code)),
        Err(HostError::Terminal(error)) => Err(failed(error)),
        Err(error) => Err(Failure::because("the shell", &error)),
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
