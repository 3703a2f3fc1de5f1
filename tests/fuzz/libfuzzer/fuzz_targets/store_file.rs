//! `finch_fuzz::store_file` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| finch_fuzz::store_file(data));
