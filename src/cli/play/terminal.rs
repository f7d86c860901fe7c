//! Playing into the terminal that we run in: asked what it can, guarded, and put back.

use super::{
    Failure, Look, PlayArgs, guests, listen, live_failure, manners, open_player, settings, source,
};
use buddy_render::event::bus::Bus;
use buddy_render::event::{Event, EventKind};
use buddy_render::manners::{Bearing, Manners, Standing};
use buddy_render::mood::{Input, Mind, OneClip};
use buddy_render::pet::{Pet, catalog};
use buddy_render::player::live::{self, KeyAction, Live, Piped};
use buddy_render::player::{Guests, Player, encoder};
use buddy_render::terminal::{
    self, Choice, Database, EnvHints, Protocol, Signals, Terminal, TerminalError,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No wait for a hidden pet's time is longer.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The terminal, made ours until this is dropped.
pub(in crate::cli) struct Stage {
    pub(in crate::cli) terminal: Terminal,
    pub(in crate::cli) signals: Signals,
    pub(in crate::cli) choice: Choice,
}

impl Stage {
    pub(in crate::cli) fn open(look: &Look, signals: Signals) -> Result<Self, Failure> {
        let failed = |error: TerminalError| Failure::of_terminal(&error);
        let mut terminal = Terminal::open().map_err(failed)?;
        // It starts while the terminal is asked. Where it cannot, there is only less to rely on.
        let _ = std::env::current_exe().and_then(|program| terminal.start_guardian(&program));
        let hints = EnvHints::capture();
        let database =
            Database::embedded().map_err(|e| Failure::because("the table of terminals", &e))?;
        let answers = terminal.probe(&hints, &database).map_err(failed)?;
        let mut choice = terminal::choose(&answers, &hints, &database, look.protocol());
        encoder::take_tier(&mut choice, look.tier.as_deref())
            .map_err(|e| Failure::usage(e.to_string()))?;
        Ok(Self { terminal, signals, choice })
    }

    pub(in crate::cli) fn player(
        &self,
        args: &PlayArgs,
        guests: Guests,
        mind: Box<dyn Mind>,
    ) -> Result<Player, Failure> {
        let settings = settings(&args.look, &self.choice, true, args.speaks());
        open_player(settings, guests, mind, &self.choice, &args.look, ids_seed(args))
    }
}

/// Two pets in one window must not share image ids, so the process takes part in choosing them.
fn ids_seed(args: &PlayArgs) -> u64 {
    args.look.seed ^ (u64::from(std::process::id()) << 32)
}

pub(super) fn play(
    args: &PlayArgs,
    guests: Guests,
    mind: Box<dyn Mind>,
    has_events: bool,
    manners: &mut Manners,
) -> Result<(), Failure> {
    let look = &args.look;
    let events = listen(args, &guests.host, has_events)?;
    let ask = if events.is_deaf() { manners::bearing_of_deaf } else { manners::bearing };
    let mut ask = || ask(manners);
    // A hidden pet does not even ask the terminal.
    if !wait_until_shown(&events.bus, &mut ask) {
        return Ok(());
    }
    if !has_events {
        // Short enough to end before the pet's box in a window of 80 columns.
        let title = guests.host.title();
        crate::cli::tell(format_args!(
            "{title} listens: cargo test 2>&1 | buddy-render   (Ctrl-C ends)"
        ));
    }
    if look.protocol() == Some(Protocol::Text) {
        return sentences(args, guests, mind, &events.bus, &mut ask);
    }
    let mut stage = Stage::open(&args.look, Signals::new()?)?;
    let mut player = stage.player(args, guests, mind)?;
    let mut live = Live {
        bus: Some(&*events.bus),
        limit: look.duration,
        synchronized: stage.choice.sync2026,
        watches: stage.choice.visibility2033,
        cursor_shown: stage.choice.cursor_shown,
        cell: stage.choice.geometry.cell,
        manners: Some(&mut ask),
        on_key: &mut |key| match key {
            _ if is_quit(key) => KeyAction::Quit,
            REDRAW => KeyAction::Redraw,
            _ => KeyAction::Ignore,
        },
    };
    let done = live::run(&mut player, &mut stage.terminal, &mut stage.signals, &mut live)
        .map_err(live_failure);
    // The terminal first, so that what the listener says on its end lands on a screen put back.
    drop(stage);
    done
}

/// Waits while the pet is hidden; whether it may be shown, or is not to be there any more.
fn wait_until_shown(bus: &Bus, ask: &mut dyn FnMut() -> Bearing) -> bool {
    loop {
        let Bearing { standing, holds } = ask();
        if standing != Standing::Hidden {
            return standing < Standing::Hidden;
        }
        let begun = Instant::now();
        let mut left = holds.unwrap_or(LONGEST_REST).min(LONGEST_REST);
        while let Some(event) = bus.recv_timeout(left) {
            if event.kind == EventKind::MannersChanged {
                break;
            }
            left = left.saturating_sub(begun.elapsed());
        }
        if bus.is_finished() {
            return false;
        }
    }
}

/// Sentences go to standard output like any program's words, and stay in the scrollback.
fn sentences(
    args: &PlayArgs,
    guests: Guests,
    mind: Box<dyn Mind>,
    bus: &Bus,
    ask: &mut dyn FnMut() -> Bearing,
) -> Result<(), Failure> {
    let choice = super::pipe_choice(&args.look)?;
    let settings = settings(&args.look, &choice, false, false);
    let mut player = open_player(settings, guests, mind, &choice, &args.look, args.look.seed)?;
    let mut piped =
        Piped { bus: Some(bus), limit: args.look.duration, sentences: true, manners: Some(ask) };
    live::run_into(&mut player, &mut piped, &mut std::io::stdout().lock()).map_err(live_failure)
}

/// `q`, Escape alone, or Ctrl-C where it arrives as a byte.
fn is_quit(key: &[u8]) -> bool {
    matches!(key, b"q" | b"Q" | b"\x1b" | b"\x03")
}

/// Ctrl-L, which draws anew in most programs.
const REDRAW: &[u8] = b"\x0c";

/// What a key asks for.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Clip(isize),
    Pet(isize),
    Skin(isize),
}

fn step(key: &[u8]) -> Option<Step> {
    match key {
        b"\x1b[C" | b"\x1bOC" | b" " | b"l" => Some(Step::Clip(1)),
        b"\x1b[D" | b"\x1bOD" | b"h" => Some(Step::Clip(-1)),
        b"\x1b[B" | b"\x1bOB" | b"j" => Some(Step::Pet(1)),
        b"\x1b[A" | b"\x1bOA" | b"k" => Some(Step::Pet(-1)),
        b"s" => Some(Step::Skin(1)),
        b"S" => Some(Step::Skin(-1)),
        _ => None,
    }
}

/// The name `by` places further among `names`, round and round.
fn further(names: &[&str], from: &str, by: isize) -> String {
    let at = names.iter().position(|name| *name == from).unwrap_or(0);
    let next = (at.cast_signed() + by).rem_euclid(names.len().max(1).cast_signed());
    names.get(next.cast_unsigned()).map_or_else(|| from.to_owned(), |name| (*name).to_owned())
}

pub(super) fn preview(args: &PlayArgs, pet: Arc<Pet>, clip: &str) -> Result<(), Failure> {
    let mut stage = Stage::open(&args.look, Signals::new()?)?;
    let (mut args, mut pet, mut clip) = (args.clone(), pet, clip.to_owned());
    loop {
        let mut leap = None;
        let mut player = stage.player(&args, guests(&pet, &args), Box::new(OneClip::new(&clip)))?;
        let names: Vec<&str> = pet.clips().iter().map(|clip| clip.name.as_str()).collect();
        let mut on_key = |key: &[u8]| match step(key) {
            _ if is_quit(key) => KeyAction::Quit,
            Some(Step::Clip(by)) => {
                clip = further(&names, &clip, by);
                KeyAction::Tell(Input::Event(Event::of(EventKind::Play { clip: clip.clone() })))
            }
            Some(step) => {
                leap = Some(step);
                KeyAction::Quit
            }
            None if key == REDRAW => KeyAction::Redraw,
            None => KeyAction::Ignore,
        };
        let mut live = Live {
            bus: None,
            limit: args.look.duration,
            synchronized: stage.choice.sync2026,
            watches: stage.choice.visibility2033,
            cursor_shown: stage.choice.cursor_shown,
            cell: stage.choice.geometry.cell,
            manners: None,
            on_key: &mut on_key,
        };
        live::run(&mut player, &mut stage.terminal, &mut stage.signals, &mut live)
            .map_err(live_failure)?;
        match leap {
            Some(Step::Pet(by)) => {
                let next = further(&catalog::names(), pet.name(), by);
                pet = Arc::new(source::open_pet(&next)?);
            }
            Some(Step::Skin(by)) => {
                let worn = &mut args.look.skin;
                worn.wear(further(&pet.skins(), worn.name(), by));
            }
            _ => return Ok(()),
        }
    }
}
