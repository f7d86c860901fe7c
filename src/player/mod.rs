//! The player: the only place where pictures and decisions meet.
