//! Sentences for the local intent engine.
#![no_main]

#[path = "../../plugins/sentence/tests/support/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(input));
