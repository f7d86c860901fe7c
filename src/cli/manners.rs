//! Manners, as the subcommands that show a pet go by them.

use super::Failure;
use buddy_render::manners::{self, Bearing, Manners, MannersError, Reason, Standing};
use jiff::Timestamp;
use std::time::Duration;

/// Reads how things stand here.
pub(super) fn read() -> Result<Manners, Failure> {
    manners::read(tty()).map_err(|error| refused(&error))
}

/// What a refused file is told as: what somebody wrote wrongly is wrong use.
pub(super) fn refused(error: &MannersError) -> Failure {
    let failure = match error {
        MannersError::Line { .. } => Failure::usage(error.to_string()),
        MannersError::File { path, source } => Failure::because(path.display(), source),
        _ => Failure::cannot(error.to_string()),
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Whether a pet may be there at all. That it may not is told only where nobody decided it.
pub(super) fn allow(manners: &mut Manners) -> bool {
    let verdict = manners.verdict();
    if verdict.reasons.first() == Some(&Reason::BrokenSwitch) {
        super::say(format_args!(
            "the switch cannot be read, which counts as off; buddy-render on makes a new one"
        ));
    }
    verdict.standing < Standing::Off
}

/// So often a pet without a socket, which cannot be told, looks by itself.
const LOOK: Duration = Duration::from_secs(5);

/// What the pet may do, for a run that asks again and again.
pub(super) fn bearing(manners: &mut Manners) -> Bearing {
    manners.verdict().bearing(Timestamp::now())
}

/// The same for a pet without a socket.
pub(super) fn bearing_of_deaf(manners: &mut Manners) -> Bearing {
    let bearing = bearing(manners);
    Bearing { holds: Some(bearing.holds.map_or(LOOK, |holds| holds.min(LOOK))), ..bearing }
}

/// Tells what is wrong with the repository's files, of which the rest holds.
pub(super) fn tell_slips(manners: &Manners) {
    for slip in &manners.slips {
        super::say(format_args!("{}", super::failure::printable(&slip.to_string())));
    }
}

/// The terminal that we run in.
#[cfg(unix)]
pub(super) fn tty() -> Option<u64> {
    super::place::tty()
}

#[cfg(not(unix))]
pub(super) fn tty() -> Option<u64> {
    None
}
