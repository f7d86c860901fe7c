//! `play`: a pet that reacts to the events on standard input. `preview` shares its stage.

mod terminal;

use super::skin::{self, SkinArgs};
use super::{Failure, feed, source};
use buddy_render::intent::watch;
use buddy_render::mood::{Companion, Mind, OneClip};
use buddy_render::pet::skin::{Skin, TextForm};
use buddy_render::pet::{Language, Pet, catalog};
use buddy_render::player::{self, Guests, Motion, Player, Settings, encoder, layout, script};
use buddy_render::terminal::{Choice, Protocol, SymbolSet, TerminalError};
use buddy_render::units::{CellSize, Corner, Geometry};
use clap::{Args, ValueEnum};
use std::io::IsTerminal as _;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The seed where none is given: an idle pet need not differ from run to run.
const DEFAULT_SEED: u64 = 1;

#[derive(Debug, Clone, Args)]
pub(super) struct PlayArgs {
    /// The pet: antigravity, null, haiku, bit, spectre, a folder's or
    /// .buddypack's path, or an installed pack's, such as ada/tin
    #[arg(long, value_name = "NAME", default_value = "antigravity")]
    pet: String,
    /// By which clock: real, events (by their "ts", as fast as it can), or a factor such as 2 (by
    /// their "ts" at that speed). A file on standard input is played at 1, a script by events
    #[arg(long, value_name = "real|events|FACTOR")]
    time: Option<Time>,
    /// The language the pet speaks, such as de; else that of LC_ALL, LC_MESSAGES or LANG. What is not
    /// translated is said in English
    #[arg(long, value_name = "TAG")]
    lang: Option<Language>,
    /// No speech bubbles
    #[arg(long)]
    quiet: bool,
    /// No visits by other pets
    #[arg(long)]
    no_guests: bool,
    #[command(flatten)]
    look: Look,
}

/// How and where the pet is drawn.
#[derive(Debug, Clone, Args)]
pub(super) struct Look {
    /// auto, kitty, iterm2 (iterm3: our corner profile over it), sixel, symbols, ascii, or text
    #[arg(long, value_name = "P", default_value = "auto")]
    protocol: Wanted,
    /// A tier of the protocol, such as static for kitty, or for symbols half, quadrant, sextant,
    /// octant, braille, cp437 or drawn (by hand)
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    #[command(flatten)]
    skin: SkinArgs,
    /// The pet's box, in cells; never more than a third of the window's width or half its height
    #[arg(long, value_name = "COLSxROWS", default_value_t = layout::DEFAULT_SIZE)]
    size: CellSize,
    /// top-right, top-left, bottom-right or bottom-left
    #[arg(long, value_name = "C", default_value = "top-right", value_parser = Corner::from_str)]
    corner: Corner,
    /// Decides what is left to chance; the same seed and events, the same pet
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// The window and one cell's pixels, such as 80x24@10x20; nothing is asked of a terminal then
    #[arg(long, value_name = "COLSxROWS@WxH")]
    geometry: Option<Geometry>,
    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Frames a second where frames are sent one by one, 1 to 60; in a terminal at most 30, and fewer
    /// while it or the system is busy
    #[arg(long, value_name = "N", value_parser = frame_rate)]
    fps: Option<f32>,
    /// full, reduced (moves only when it reacts), or none (key poses)
    #[arg(long, value_name = "M")]
    motion: Option<MotionArg>,
}

impl PlayArgs {
    pub(super) fn for_preview(pet: &str, look: &Look) -> Self {
        Self {
            pet: pet.to_owned(),
            time: Some(Time::Real),
            lang: None,
            quiet: true,
            no_guests: true,
            look: look.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Time {
    Real,
    Events,
    Factor(f64),
}

impl FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => Ok(Self::Real),
            "events" => Ok(Self::Events),
            _ => text
                .parse()
                .ok()
                .filter(|f: &f64| f.is_finite() && *f > 0.0 && *f <= 1000.0)
                .map(Self::Factor)
                .ok_or_else(|| "time is real, events, or a factor above 0 such as 2".to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Auto,
    Protocol(Protocol),
}

impl FromStr for Wanted {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Protocol).map_err(|_| {
            "the protocols are auto, kitty, iterm2 (or iterm3), sixel, symbols, ascii and text"
                .to_owned()
        })
    }
}

impl Wanted {
    fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Auto => None,
            Self::Protocol(protocol) => Some(protocol),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MotionArg {
    Full,
    Reduced,
    None,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    number.ok_or_else(|| "a duration is a number of seconds, such as 2.5".to_owned())
}

fn frame_rate(text: &str) -> Result<f32, String> {
    let number: Option<f32> = text.parse().ok();
    number
        .filter(|n| (1.0..=60.0).contains(n))
        .ok_or_else(|| "frames a second are 1 to 60".to_owned())
}

/// What the environment says about us. Read once, here.
fn switched_off() -> bool {
    std::env::var_os("BUDDY").is_some_and(|value| value == "0")
}

pub(super) fn run(args: &PlayArgs) -> Result<(), Failure> {
    if switched_off() {
        return Ok(());
    }
    let pet = Arc::new(source::open_pet(&args.pet)?);
    skin::check(&pet, &args.look.skin.skin)?;
    let guests = guests(&pet, args);
    let mind = Box::new(companion(&guests, args));
    let has_events = !std::io::stdin().is_terminal();
    if args.look.geometry.is_some() || !std::io::stdout().is_terminal() {
        return into_pipe(args, guests, mind, has_events);
    }
    if !has_events {
        // Short enough to end before the pet's box in a window of 80 columns.
        let title = pet.title().as_str();
        super::tell(format_args!(
            "{title} listens: cargo test 2>&1 | buddy-render   (Ctrl-C ends)"
        ));
    }
    terminal::play(args, guests, mind, has_events)
}

/// One clip over and over; keys change clip and pet.
pub(super) fn preview(args: &PlayArgs, clip: &str) -> Result<(), Failure> {
    if switched_off() {
        return Ok(());
    }
    let pet = Arc::new(source::open_pet(&args.pet)?);
    skin::check(&pet, &args.look.skin.skin)?;
    if pet.clip(clip).is_none() {
        let names: Vec<_> = pet.clips().iter().map(|clip| clip.name.as_str()).collect();
        return Err(Failure::usage(format!("{} has no clip {clip:?}", pet.name()))
            .hint(format!("its clips are: {}", names.join(", "))));
    }
    if args.look.geometry.is_some() || !std::io::stdout().is_terminal() {
        if args.look.duration.is_none() {
            return Err(Failure::usage("a preview into a pipe has no end")
                .hint("say how long with --duration SECONDS"));
        }
        return into_pipe(args, guests(&pet, args), Box::new(OneClip::new(clip)), false);
    }
    super::say(format_args!("arrow keys change the clip and the pet, s the skin; q ends"));
    terminal::preview(args, pet, clip)
}

fn companion(guests: &Guests, args: &PlayArgs) -> Companion {
    let language = args.lang.clone().or_else(language);
    let personality = |pet: &Pet| pet.personality(language.as_ref());
    let visitors = guests.visitors.iter().map(|pet| personality(pet)).collect();
    Companion::new(personality(&guests.host), visitors, args.look.seed)
}

/// The language of messages by POSIX's rules: the first of these that is set decides.
fn language() -> Option<Language> {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set)?;
    Language::of_locale(&locale)
}

/// The pets that may visit: those whose own trigger may come while another is host.
fn guests(host: &Arc<Pet>, args: &PlayArgs) -> Guests {
    let visit = |name: &&str| !args.no_guests && *name != host.name();
    let visitors =
        ["spectre", "null"].into_iter().filter(visit).filter_map(|name| catalog::load(name).ok());
    let visitors = visitors.map(Arc::new).collect();
    // What it stands on is not known before the terminal was asked.
    Guests { host: Arc::clone(host), visitors, outfit: args.look.skin.outfit(None) }
}

/// A player for those pets, into the encoder of what was chosen; `seed` decides its image ids.
fn open_player(
    settings: Settings,
    guests: Guests,
    mind: Box<dyn Mind>,
    choice: &Choice,
    look: &Look,
    seed: u64,
) -> Result<Player, Failure> {
    let host = Arc::clone(&guests.host);
    let skin = look.skin.outfit(choice.background);
    let mut choice = choice.clone();
    let text = host.skin(skin.name()).map_or(TextForm::Any, Skin::text);
    if text == TextForm::CodePage437 && look.tier.is_none() {
        choice.symbols = SymbolSet::CodePage437;
    }
    let guests = Guests { outfit: skin, ..guests };
    Player::new(settings, mind, guests, encoder::encoder(&choice, seed))
        .map_err(|e| Failure::because(host.name(), &e))
}

fn settings(look: &Look, choice: &Choice, ahead: bool, speech: bool) -> Settings {
    let quiet_environment = std::env::var_os("NO_MOTION").is_some_and(|v| !v.is_empty());
    let motion = match look.motion {
        // Nobody sees it move, so nobody waits for it to go.
        _ if choice.protocol == Protocol::Text => Motion::None,
        Some(MotionArg::Full) => Motion::Full,
        Some(MotionArg::Reduced) => Motion::Reduced,
        Some(MotionArg::None) => Motion::None,
        None if quiet_environment => Motion::None,
        None => Motion::Full,
    };
    Settings {
        geometry: choice.geometry,
        size: look.size,
        corner: look.corner,
        motion,
        frame_rate: look.fps.unwrap_or_else(|| encoder::frame_rate(choice.protocol)),
        speech,
        ahead,
    }
}

/// Where the bytes go to a pipe or file: nothing is probed.
fn into_pipe(
    args: &PlayArgs,
    guests: Guests,
    mind: Box<dyn Mind>,
    has_events: bool,
) -> Result<(), Failure> {
    let look = &args.look;
    let pet = Arc::clone(&guests.host);
    let choice = pipe_choice(look)?;
    let sentences = choice.protocol == Protocol::Text;
    let real = args.time == Some(Time::Real);
    let settings = settings(look, &choice, false, !args.quiet);
    let mut player = open_player(settings, guests, mind, &choice, look, look.seed)?;
    let mut out = std::io::stdout().lock();
    if real {
        let events = listen(args, has_events);
        return player::live::run_into(
            &mut player,
            Some(&events.bus),
            look.duration,
            sentences,
            &mut out,
        )
        .map_err(live_failure);
    }
    let mut feed = feed::EventFeed::new(has_events);
    let watched = watch::Watched::embedded(&mut feed);
    let done = script::run(&mut player, watched, look.duration, sentences, &mut out);
    feed.report();
    done.map_err(|error| match error {
        script::ScriptError::Write(error) => Failure::from(error),
        other => Failure::because(pet.name(), &other),
    })
}

fn pipe_choice(look: &Look) -> Result<Choice, Failure> {
    let example = "for instance: --protocol kitty --geometry 80x24@10x20";
    let protocol = look.protocol.protocol().ok_or_else(|| {
        Failure::usage("standard output is not a terminal, so --protocol must name what to write")
            .hint(example)
    })?;
    let geometry = match (look.geometry, protocol) {
        (Some(geometry), _) => geometry,
        (None, Protocol::Text) => Geometry {
            window: CellSize::new(80, 24),
            cell: buddy_render::units::CellPixels::default(),
        },
        (None, _) => {
            return Err(Failure::usage(
                "standard output is not a terminal, so --geometry must say how large one is",
            )
            .hint(example));
        }
    };
    encoder::unasked(protocol, geometry, look.tier.as_deref())
        .map_err(|e| Failure::usage(e.to_string()))
}

fn live_failure(error: player::live::LiveError) -> Failure {
    match error {
        player::live::LiveError::Write(error) => Failure::from(error),
        // Whoever stopped the terminal knows, and a word would have to wait for its going on.
        player::live::LiveError::Terminal(TerminalError::Stalled { .. }) => Failure::silent(),
        // Nobody is left to tell.
        player::live::LiveError::Terminal(TerminalError::Closed) => {
            Failure::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        }
        other => Failure::because("the terminal", &other),
    }
}

/// Starts to listen, to standard input at the pace of the chosen clock.
fn listen(args: &PlayArgs, has_events: bool) -> feed::Listener {
    let factor = match args.time {
        Some(Time::Factor(factor)) => Some(factor),
        None if feed::stdin_is_file() => Some(1.0),
        _ => None,
    };
    feed::listen(has_events, factor)
}
