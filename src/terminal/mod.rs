//! The one owner of the tty.
