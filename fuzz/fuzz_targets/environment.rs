//! The environment that is passed to the command.
#![no_main]

#[path = "../../tests/support/oracle/environment.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(input));
