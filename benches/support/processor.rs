//! The processor time of the bench itself.

use std::time::Duration;

/// This thread's processor time so far, where Linux tells it (Documentation/scheduler/sched-stats).
pub(crate) fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}
