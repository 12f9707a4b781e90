//! Entries of a deny list, and what a mapping may say of them.
#![no_main]

#[path = "../../plugins/deny-list/entry/tests/support/oracle.rs"]
mod oracle;

/// Every how many actions an input is held against: all of them take 50 ms.
const STRIDE: usize = 7;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::judge(input, STRIDE));
