//! Sources against a double on loopback.
