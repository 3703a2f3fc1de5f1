//! `finch_fuzz::sealed_blob` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| finch_fuzz::sealed_blob(data));
