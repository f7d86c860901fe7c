//! How busy the system is.

use super::pace::Pace;

/// Tells the pace the system's load, where the system tells it. Windows keeps none.
#[cfg(unix)]
pub(super) fn tell(pace: &mut Pace) {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    pace.load(sysinfo::System::load_average().one, processors);
}

#[cfg(not(unix))]
pub(super) const fn tell(_: &mut Pace) {}
