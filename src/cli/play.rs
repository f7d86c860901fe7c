//! `play`: a pet that reacts to the events on standard input. `preview` shares its stage.

pub(super) mod terminal;

use super::senses::SensesArgs;
use super::skin::{self, SkinArgs};
use super::{Failure, feed, manners, senses, source};
use buddy_render::intent::watch;
use buddy_render::manners::{Bearing, Environment, Hours, Manners};
use buddy_render::mood::{Companion, Mind, OneClip};
use buddy_render::pet::skin::{Skin, TextForm};
use buddy_render::pet::{Language, Pet, catalog};
use buddy_render::player::{self, Guests, Motion, Player, Settings, encoder, layout, script};
use buddy_render::terminal::{Choice, Protocol, SymbolSet, TerminalError};
use buddy_render::units::{CellSize, Corner, Geometry};
use clap::Args;
use std::io::IsTerminal as _;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The pet where none is named.
const DEFAULT_PET: &str = "antigravity";
/// The seed where none is given: an idle pet need not differ from run to run.
pub(super) const DEFAULT_SEED: u64 = 1;

#[derive(Debug, Clone, Args)]
pub(super) struct PlayArgs {
    /// The pet: antigravity (the default), null, haiku, bit, spectre, a
    /// folder's or .buddypack's path, or an installed pack's, such as ada/tin
    #[arg(long, value_name = "NAME")]
    pub(super) pet: Option<String>,
    /// By which clock: real, events (by their "ts", as fast as it can), or a factor such as 2 (by
    /// their "ts" at that speed). A file on standard input is played at 1, a script by events
    #[arg(long, value_name = "real|events|FACTOR")]
    time: Option<Time>,
    /// The language the pet speaks, such as de; else that of LC_ALL, LC_MESSAGES or LANG. What is not
    /// translated is said in English
    #[arg(long, value_name = "TAG")]
    pub(super) lang: Option<Language>,
    /// Speech bubbles: on (the default) or off
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    speech: Option<bool>,
    /// No speech bubbles: --speech off
    #[arg(long, conflicts_with = "speech")]
    quiet: bool,
    /// Visits by other pets: on (the default) or off
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub(super) guests: Option<bool>,
    /// No visits by other pets: --guests off
    #[arg(long, conflicts_with = "guests")]
    pub(super) no_guests: bool,
    /// When it stands still and says nothing, such as 22:00-07:00, or none (the default)
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub(super) quiet_hours: Option<Hours>,
    #[command(flatten)]
    senses: SensesArgs,
    #[command(flatten)]
    pub(super) look: Look,
}

/// How and where the pet is drawn.
#[derive(Debug, Clone, Args)]
pub(super) struct Look {
    /// auto (the default), kitty, iterm2 (iterm3: our corner profile over it), sixel, symbols, ascii,
    /// or text
    #[arg(long, value_name = "P")]
    pub(super) protocol: Option<Wanted>,
    /// A tier of the protocol, such as static for kitty, or for symbols half, quadrant, sextant,
    /// octant, braille, cp437 or drawn (by hand)
    #[arg(long, value_name = "NAME")]
    pub(super) tier: Option<String>,
    #[command(flatten)]
    pub(super) skin: SkinArgs,
    /// The pet's box, in cells, 16x8 where nothing is said; never more than a third of the window's
    /// width or half its height
    #[arg(long, value_name = "COLSxROWS")]
    pub(super) size: Option<CellSize>,
    /// top-right (the default), top-left, bottom-right or bottom-left
    #[arg(long, value_name = "C", value_parser = Corner::from_str)]
    pub(super) corner: Option<Corner>,
    /// Decides what is left to chance; the same seed and events, the same pet
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    pub(super) seed: u64,
    /// The window and one cell's pixels, such as 80x24@10x20; nothing is asked of a terminal then
    #[arg(long, value_name = "COLSxROWS@WxH")]
    pub(super) geometry: Option<Geometry>,
    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) duration: Option<Duration>,
    /// Frames a second where frames are sent one by one, 1 to 60; in a terminal at most 30, and fewer
    /// while it or the system is busy
    #[arg(long, value_name = "N", value_parser = frame_rate)]
    pub(super) fps: Option<f32>,
    /// full, reduced (moves only when it reacts), or none (key poses)
    #[arg(long, value_name = "M")]
    pub(super) motion: Option<Motion>,
}

impl Look {
    /// The protocol that was asked for by name.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.protocol.and_then(Wanted::protocol)
    }

    /// Takes what the configuration, the environment and the repository want where no flag says.
    pub(super) fn settle(&mut self, manners: &Manners, pet: &Pet) {
        let config = &manners.config;
        self.protocol = self.protocol.or(config.protocol.map(Wanted::Protocol));
        self.size = self.size.or(config.size);
        self.corner = self.corner.or(config.corner);
        self.fps = self.fps.or(config.fps);
        self.motion = self.motion.or_else(|| Some(manners.motion()));
        self.skin.settle(config, pet);
    }
}

impl PlayArgs {
    /// Those of a pet over a shell: it does not speak there, as a bubble would cover text.
    #[cfg(unix)]
    pub(super) fn for_shell(pet: Option<String>, look: Look) -> Self {
        Self {
            pet,
            time: Some(Time::Real),
            lang: None,
            speech: Some(false),
            quiet: true,
            guests: None,
            no_guests: false,
            quiet_hours: None,
            senses: SensesArgs::default(),
            look,
        }
    }

    pub(super) fn for_preview(pet: &str, look: &Look) -> Self {
        Self {
            pet: Some(pet.to_owned()),
            time: Some(Time::Real),
            lang: None,
            speech: None,
            quiet: true,
            guests: None,
            no_guests: true,
            quiet_hours: None,
            senses: SensesArgs::default(),
            look: look.clone(),
        }
    }

    fn pet(&self) -> &str {
        self.pet.as_deref().unwrap_or(DEFAULT_PET)
    }

    fn speaks(&self) -> bool {
        self.speech.unwrap_or(!self.quiet)
    }

    fn has_guests(&self) -> bool {
        self.guests.unwrap_or(!self.no_guests)
    }

    /// Takes what the configuration and the repository want where no flag says; the pet is then known.
    pub(super) fn settle(&mut self, manners: &Manners) -> Result<Arc<Pet>, Failure> {
        self.pet = self.pet.take().or_else(|| manners.pet().map(str::to_owned));
        self.lang = self.lang.take().or_else(|| manners.config.lang.clone());
        self.speech = Some(self.speech.unwrap_or(!self.quiet && manners.speaks()));
        self.guests = Some(self.guests.unwrap_or(!self.no_guests && manners.has_guests()));
        let pet = Arc::new(source::open_pet(self.pet())?);
        self.look.settle(manners, &pet);
        Ok(pet)
    }

    /// How things stand for a pet that these arguments ask for: flags beat the configuration, a protocol
    /// by name is for whoever knows their terminal, and nobody is disturbed where there is none.
    pub(super) fn manners(&self, shown: bool) -> Result<Manners, Failure> {
        let mut manners = manners::read()?;
        if let Some(hours) = &self.quiet_hours {
            manners.facts.hours = hours.clone();
        }
        let environment = &mut manners.facts.environment;
        environment.ci &= shown;
        let named =
            self.look.protocol().or(manners.config.protocol.filter(|p| *p == Protocol::Text));
        environment.dumb &= shown && named.is_none();
        Ok(manners)
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
pub(super) enum Wanted {
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

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    number.ok_or_else(|| "a duration is a number of seconds, such as 2.5".to_owned())
}

pub(super) fn frame_rate(text: &str) -> Result<f32, String> {
    let number: Option<f32> = text.parse().ok();
    number
        .filter(|n| (1.0..=60.0).contains(n))
        .ok_or_else(|| "frames a second are 1 to 60".to_owned())
}

pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it is on or off".to_owned()),
    }
}

pub(super) fn run(args: &PlayArgs) -> Result<(), Failure> {
    let has_events = !std::io::stdin().is_terminal();
    let shown = std::io::stdout().is_terminal();
    let environment = Environment::capture();
    // In CI, whoever wants a pet's bytes says which.
    if environment.off || environment.ci && !shown && args.look.protocol().is_none() {
        feed::swallow();
        return Ok(());
    }
    if !shown && args.time != Some(Time::Real) {
        return script(args, has_events);
    }
    let (mut args, mut manners) = (args.clone(), args.manners(shown)?);
    if !manners::allow(&mut manners) {
        feed::swallow();
        return Ok(());
    }
    let pet = args.settle(&manners)?;
    skin::check(&pet, args.look.skin.name())?;
    manners::tell_slips(&manners);
    let guests = guests(&pet, &args);
    let mind = Box::new(companion(&guests, &args));
    if args.look.geometry.is_some() || !shown {
        return into_pipe(&args, guests, mind, has_events, Some(&mut manners));
    }
    terminal::play(&args, guests, mind, has_events, &mut manners)
}

/// Into a pipe or file, by the events' clock: what is written is a function of the events and the flags
/// alone, whatever is configured.
fn script(args: &PlayArgs, has_events: bool) -> Result<(), Failure> {
    let pet = Arc::new(source::open_pet(args.pet())?);
    skin::check(&pet, args.look.skin.name())?;
    let guests = guests(&pet, args);
    let mind = Box::new(companion(&guests, args));
    into_pipe(args, guests, mind, has_events, None)
}

/// One clip over and over; keys change clip and pet.
pub(super) fn preview(args: &PlayArgs, clip: &str) -> Result<(), Failure> {
    let shown = std::io::stdout().is_terminal();
    let mut args = args.clone();
    let pet = if shown {
        let mut manners = args.manners(shown)?;
        // Hidden and quiet are for pets that nobody called.
        if !manners::allow(&mut manners) {
            return Ok(());
        }
        args.settle(&manners)?
    } else if Environment::capture().off {
        return Ok(());
    } else {
        Arc::new(source::open_pet(args.pet())?)
    };
    let args = &args;
    skin::check(&pet, args.look.skin.name())?;
    if pet.clip(clip).is_none() {
        let names: Vec<_> = pet.clips().iter().map(|clip| clip.name.as_str()).collect();
        return Err(Failure::usage(format!("{} has no clip {clip:?}", pet.name()))
            .hint(format!("its clips are: {}", names.join(", "))));
    }
    if args.look.geometry.is_some() || !shown {
        if args.look.duration.is_none() {
            return Err(Failure::usage("a preview into a pipe has no end")
                .hint("say how long with --duration SECONDS"));
        }
        return into_pipe(args, guests(&pet, args), Box::new(OneClip::new(clip)), false, None);
    }
    super::say(format_args!("arrow keys change the clip and the pet, s the skin; q ends"));
    terminal::preview(args, pet, clip)
}

pub(super) fn companion(guests: &Guests, args: &PlayArgs) -> Companion {
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
pub(super) fn guests(host: &Arc<Pet>, args: &PlayArgs) -> Guests {
    let visit = |name: &&str| args.has_guests() && *name != host.name();
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
    let motion = match look.motion {
        // Nobody sees it move, so nobody waits for it to go.
        _ if choice.protocol == Protocol::Text => Motion::None,
        Some(motion) => motion,
        None if Environment::capture().no_motion => Motion::None,
        None => Motion::Full,
    };
    Settings {
        geometry: choice.geometry,
        size: look.size.unwrap_or(layout::DEFAULT_SIZE),
        corner: look.corner.unwrap_or_default(),
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
    manners: Option<&mut Manners>,
) -> Result<(), Failure> {
    let look = &args.look;
    let pet = Arc::clone(&guests.host);
    let choice = pipe_choice(look)?;
    let sentences = choice.protocol == Protocol::Text;
    let watches = !args.senses.repo.is_empty();
    if watches && args.time.is_some_and(|time| time != Time::Real) {
        return Err(Failure::usage("a repository is watched by the real clock")
            .hint("leave out --time, or say --time real"));
    }
    let real = watches || args.time == Some(Time::Real);
    let settings = settings(look, &choice, false, args.speaks());
    let mut player = open_player(settings, guests, mind, &choice, look, look.seed)?;
    let mut out = std::io::stdout().lock();
    if real {
        let events = listen(args, &pet, has_events)?;
        let ask = if events.is_deaf() { manners::bearing_of_deaf } else { manners::bearing };
        let mut ask = manners.map(|manners| move || ask(manners));
        let mut piped = player::live::Piped {
            bus: Some(&events.bus),
            limit: look.duration,
            sentences,
            manners: ask.as_mut().map(|ask| ask as &mut dyn FnMut() -> Bearing),
        };
        return player::live::run_into(&mut player, &mut piped, &mut out).map_err(live_failure);
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
    let protocol = look.protocol().ok_or_else(|| {
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

/// Starts to listen: to standard input at the pace of the chosen clock, and with the pet's senses.
fn listen(args: &PlayArgs, pet: &Pet, has_events: bool) -> Result<feed::Listener, Failure> {
    let factor = match args.time {
        Some(Time::Factor(factor)) => Some(factor),
        None if feed::stdin_is_file() => Some(1.0),
        _ => None,
    };
    // Refused before anything is read or drawn.
    let found = senses::find(&args.senses, pet)?;
    let mut listener = feed::Listener::new();
    listener.keep(senses::open(found, &listener.bus, listener.noter())?);
    if has_events {
        listener.read(factor);
    }
    Ok(listener)
}
