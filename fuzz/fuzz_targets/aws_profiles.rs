//! The profile files of the AWS CLI.
#![no_main]

use std::sync::LazyLock;

#[path = "../../tests/support/oracle/aws_profiles.rs"]
mod oracle;

static SCRATCH: LazyLock<oracle::Scratch> = LazyLock::new(oracle::Scratch::new);

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(&SCRATCH, input));
