//! `off`, `on`, `quiet`, `hide` and `status`: the switch that pets obey at once.

use super::{Failure, manners};
use buddy_render::manners::{
    Environment, Hidden, MAX_QUIET, Manners, Places, Quiet, Standing, Store, Switch, Verdict,
    next_time, time_of_day,
};
use clap::Args;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;

#[derive(Debug, Args)]
pub(super) struct QuietArgs {
    /// For how long, such as 30m, 2h or 1h30m, or until HH:MM; without, until buddy-render on
    #[arg(value_name = "DURATION|until HH:MM")]
    how_long: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// No pet, until `on`.
pub(super) fn off() -> Result<(), Failure> {
    change(|switch| switch.off = true)?;
    super::say(format_args!("no pet from now on; buddy-render on brings it back"));
    Ok(())
}

/// As if none of the other three had ever been said here.
pub(super) fn on() -> Result<(), Failure> {
    let tty = manners::tty();
    change(|switch| {
        (switch.off, switch.quiet) = (false, None);
        if let Some(tty) = tty {
            switch.show(tty);
        }
    })?;
    // What others say is not ours to change.
    let verdict = manners::read()?.verdict();
    match verdict.reasons.first() {
        Some(reason) => {
            let standing = verdict.standing.name();
            super::say(format_args!("switched on, but still {standing}: {reason}"));
        }
        None => super::say(format_args!("the pet may be seen and heard")),
    }
    Ok(())
}

pub(super) fn quiet(args: &QuietArgs) -> Result<(), Failure> {
    let quiet = until(&args.how_long, &Zoned::now()).ok_or_else(|| {
        Failure::usage(format!("{:?} is no time to be quiet for", args.how_long.join(" ")))
            .hint("say 30m, 2h, 1h30m or until 17:00, and no longer than 31 days")
    })?;
    change(|switch| switch.quiet = Some(quiet))?;
    super::say(format_args!("quiet {}", end_of(Some(quiet), &Zoned::now())));
    Ok(())
}

/// Hides this terminal's pet, or shows it again.
pub(super) fn hide() -> Result<(), Failure> {
    let here = here()?;
    let mut hides = false;
    change(|switch| hides = switch.toggle_hidden(here))?;
    let word = if hides { "hides until buddy-render hide or on" } else { "shows itself again" };
    super::say(format_args!("the pet of this terminal {word}"));
    Ok(())
}

/// Until when to be quiet; nothing where the words say no time.
fn until(words: &[String], now: &Zoned) -> Option<Quiet> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let end = match words[..] {
        [] => return Some(Quiet::UntilOn),
        ["until", time] => next_time(now, time_of_day(time)?)?,
        [duration] => now.timestamp().checked_add(span(duration)?).ok()?,
        _ => return None,
    };
    Some(Quiet::Until(end))
}

/// Hours, minutes and seconds in one word.
fn span(text: &str) -> Option<SignedDuration> {
    let (mut sum, mut number) = (SignedDuration::ZERO, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'd' => 24 * 3600,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let seconds = number.parse::<i64>().ok()?.checked_mul(unit)?;
        sum = sum.checked_add(SignedDuration::from_secs(seconds))?;
        number.clear();
    }
    let fits = number.is_empty() && sum.is_positive() && sum <= MAX_QUIET;
    fits.then_some(sum)
}

/// Changes the switch, and has the pets that run look at it.
fn change(change: impl FnOnce(&mut Switch)) -> Result<Switch, Failure> {
    let store = store()?;
    let switch = store.change(change).map_err(|error| manners::refused(&error))?;
    poke();
    Ok(switch)
}

fn store() -> Result<Store, Failure> {
    Places::usual().store().map_err(|error| manners::refused(&error))
}

/// Tells each pet of this user that its manners are to be looked up again.
#[cfg(unix)]
fn poke() {
    use buddy_render::event::source::socket;
    use buddy_render::event::wire::to_native_json;
    use buddy_render::event::{Event, EventKind};
    let line = to_native_json(&Event::of(EventKind::MannersChanged));
    for pet in super::place::folders().iter().flat_map(|folder| socket::pets(folder)) {
        // One that cannot be told now has ended, or looks by itself when it starts.
        let _ = socket::send(&pet.path, &line);
    }
}

#[cfg(not(unix))]
fn poke() {}

/// This terminal, and who leads its session.
#[cfg(unix)]
fn here() -> Result<Hidden, Failure> {
    use buddy_render::terminal::job;
    let tty = manners::tty().ok_or_else(no_terminal)?;
    // When the session ends its terminal is another's, so it must be one whose end can be seen.
    match job::session() {
        Some(session) if session != job::OUTSIDE => Ok(Hidden { tty, session }),
        _ => Err(Failure::cannot(
            "this terminal's session began outside of this container, from where its end is not seen",
        )
        .hint("buddy-render off is for all terminals")),
    }
}

#[cfg(not(unix))]
fn here() -> Result<Hidden, Failure> {
    Err(no_terminal())
}

fn no_terminal() -> Failure {
    Failure::cannot("there is no terminal here whose pet could hide")
        .hint("buddy-render off is for all of them")
}

/// Says what holds, why, and which pets run.
pub(super) fn status(args: &StatusArgs) -> Result<(), Failure> {
    let report = Report::read();
    let mut out = std::io::stdout().lock();
    let text = if args.json { format!("{}\n", report.json()) } else { report.text() };
    Ok(out.write_all(text.as_bytes())?)
}

/// A pet that runs.
struct Running {
    process: u32,
    tty: Option<String>,
    socket: String,
}

/// All that `status` tells.
struct Report {
    manners: Manners,
    verdict: Verdict,
    now: Zoned,
    /// What is wrong with the configuration, which says nothing then.
    fault: Option<String>,
    pets: Vec<Running>,
}

impl Report {
    fn read() -> Self {
        let (mut manners, fault) = match buddy_render::manners::read(manners::tty()) {
            Ok(manners) => (manners, None),
            // The rest holds all the same.
            Err(error) => {
                let places = Places { config: None, ..Places::usual() };
                let rest = Manners::read(places, Environment::capture(), manners::tty());
                (rest.unwrap_or_default(), Some(manners::refused(&error).to_string()))
            }
        };
        manners.places = Places::usual();
        let verdict = manners.verdict();
        Self { manners, verdict, now: Zoned::now(), fault, pets: running() }
    }

    fn json(&self) -> Value {
        let facts = &self.manners.facts;
        let reasons = self.verdict.reasons.iter().map(
            |reason| json!({ "standing": reason.standing().name(), "why": reason.to_string() }),
        );
        let quiet = facts.switch.quiet.map(|quiet| match quiet {
            Quiet::UntilOn => json!(true),
            Quiet::Until(end) => json!(end.to_string()),
        });
        let pets = self
            .pets
            .iter()
            .map(|pet| json!({ "pid": pet.process, "tty": pet.tty, "socket": pet.socket }));
        json!({
            "standing": self.verdict.standing.name(),
            "because": reasons.collect::<Vec<_>>(),
            "until": self.verdict.until.map(|until| until.to_string()),
            "motion": self.manners.motion().to_string(),
            "speech": self.manners.speaks(),
            "guests": self.manners.has_guests(),
            "switch": {
                "path": self.switch_path(),
                "off": facts.switch.off,
                "quiet": quiet,
                "hidden_here": facts.switch.hides(facts.tty),
                "broken": facts.switch.broken,
            },
            "config": {
                "path": self.manners.places.config.as_deref().map(shown),
                "exists": self.has_config(),
                "error": self.fault,
            },
            "repository": {
                "files": facts.reductions.files.iter().map(|path| shown(path)).collect::<Vec<_>>(),
                "errors": self.manners.slips.iter().map(ToString::to_string).collect::<Vec<_>>(),
            },
            "pets": pets.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        let rest = self.verdict.reasons.iter().skip(1);
        lines.extend(rest.map(|reason| format!("also: {reason} ({})", reason.standing().name())));
        lines.push(format!(
            "motion {}, speech {}, guests {}",
            self.manners.motion(),
            on_off(self.manners.speaks()),
            on_off(self.manners.has_guests())
        ));
        lines.push(format!("switch      {}", self.switch_path().unwrap_or_default()));
        lines.push(format!("config      {}", self.config_line()));
        for path in &self.manners.facts.reductions.files {
            lines.push(format!("repository  {}", shown(path)));
        }
        lines.extend(self.manners.slips.iter().map(|slip| format!("            {slip}")));
        for Running { process, tty, socket } in &self.pets {
            let tty = tty.as_deref().unwrap_or("no terminal");
            lines.push(format!("pet         {process} at {tty} ({socket})"));
        }
        if self.pets.is_empty() {
            lines.push("no pet runs".to_owned());
        }
        lines.iter().map(|line| super::failure::printable(line) + "\n").collect()
    }

    /// How things stand, who says so, and for how long.
    fn headline(&self) -> String {
        let standing = self.verdict.standing;
        let word = match standing {
            Standing::On => "on: the pet may be seen and heard",
            Standing::Quiet => "quiet: the pet stands still and says nothing",
            Standing::Hidden => "hidden: the pet of this terminal is not shown",
            Standing::Off => "off: no pet",
        };
        let why = self.verdict.reasons.first().map(|reason| format!(" ({reason})"));
        let end = match (standing, self.verdict.until) {
            (Standing::Quiet, Some(until)) => format!(", {}", clock(until, &self.now)),
            _ => String::new(),
        };
        format!("{word}{}{end}", why.unwrap_or_default())
    }

    fn switch_path(&self) -> Option<String> {
        self.manners.places.store().ok().map(|store| shown(store.path()))
    }

    fn has_config(&self) -> bool {
        self.manners.places.config.as_deref().is_some_and(Path::exists)
    }

    fn config_line(&self) -> String {
        let path = self.manners.places.config.as_deref().map(shown).unwrap_or_default();
        match &self.fault {
            Some(fault) => format!("{path}: {fault}"),
            None if self.has_config() => path,
            None => format!("{path} (there is none)"),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

const fn on_off(flag: bool) -> &'static str {
    if flag { "on" } else { "off" }
}

fn end_of(quiet: Option<Quiet>, now: &Zoned) -> String {
    match quiet {
        Some(Quiet::Until(end)) => clock(end, now),
        _ => "until buddy-render on".to_owned(),
    }
}

/// Until when, by the clock on the wall; with the date where it is not today's.
fn clock(end: Timestamp, now: &Zoned) -> String {
    let end = end.to_zoned(now.time_zone().clone());
    let form = if end.date() == now.date() { "until %H:%M" } else { "until %Y-%m-%d %H:%M" };
    end.strftime(form).to_string()
}

#[cfg(unix)]
fn running() -> Vec<Running> {
    use buddy_render::event::source::socket;
    let folders = super::place::folders();
    let pets = folders.iter().flat_map(|folder| socket::pets(folder));
    let running = |pet: socket::Pet| Running {
        process: pet.process,
        tty: pet.tty.map(tty_name),
        socket: shown(&pet.path),
    };
    pets.map(running).collect()
}

#[cfg(not(unix))]
fn running() -> Vec<Running> {
    Vec::new()
}

/// A terminal's name by its device, where that is known: pseudoterminals of Linux have eight majors.
#[cfg(target_os = "linux")]
fn tty_name(device: u64) -> String {
    match (rustix::fs::major(device), rustix::fs::minor(device)) {
        (major @ 136..=143, minor) => format!("/dev/pts/{}", minor + (major - 136) * 256),
        (4, minor @ 0..=63) => format!("/dev/tty{minor}"),
        (major, minor) => format!("device {major}:{minor}"),
    }
}

/// A terminal's device.
#[cfg(all(unix, not(target_os = "linux")))]
fn tty_name(device: u64) -> String {
    format!("device {device:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_ascii_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_time_to_be_quiet_for() {
        let now: Zoned = "2026-11-30T16:00[Europe/Vienna]".parse().unwrap();
        let at = |text: &str| Some(Quiet::Until(text.parse().unwrap()));
        for (said, wanted) in [
            ("", Some(Quiet::UntilOn)),
            ("30m", at("2026-11-30T15:30Z")),
            ("1h30m", at("2026-11-30T16:30Z")),
            ("90s", at("2026-11-30T15:01:30Z")),
            ("2d", at("2026-12-02T15:00Z")),
            ("until 17:00", at("2026-11-30T16:00Z")),
            ("until 9:05", at("2026-12-01T08:05Z")),
            ("until 00:00", at("2026-11-30T23:00Z")),
            ("until 16:00", at("2026-12-01T15:00Z")),
        ] {
            assert_eq!(until(&words(said), &now), wanted, "{said}");
        }
        for wrong in [
            "0m",
            "m",
            "30",
            "30m5",
            "-5m",
            "32d",
            "99999999999999999999h",
            "until",
            "until 24:00",
            "until 7",
            "until 17:5",
            "30m 2h",
            "1e3s",
            "٣m",
        ] {
            assert_eq!(until(&words(wrong), &now), None, "{wrong}");
        }
    }
}
