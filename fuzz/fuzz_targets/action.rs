//! Actions as users write them.
#![no_main]

#[path = "../../plugins/aws/policy/tests/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(input));
