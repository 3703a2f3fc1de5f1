//! `finch_fuzz::token_answer` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| finch_fuzz::token_answer(data));
