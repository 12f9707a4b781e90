//! Wildcard patterns.
#![no_main]

#[path = "../../tests/support/oracle/pattern.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(input));
