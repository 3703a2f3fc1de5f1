//! `finch_fuzz::introspect_answer` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| finch_fuzz::introspect_answer(data));
