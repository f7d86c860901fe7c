//! One file per wire format, and a sniffer in front.
