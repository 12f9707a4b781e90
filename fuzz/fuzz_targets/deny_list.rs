//! `deny-list.toml`.
#![no_main]

use std::sync::LazyLock;

#[path = "../../tests/support/oracle/settings.rs"]
#[allow(dead_code, reason = "each target judges one file")]
mod oracle;

static SCRATCH: LazyLock<oracle::Scratch> = LazyLock::new(oracle::Scratch::new);

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::deny_list(&SCRATCH, input));
