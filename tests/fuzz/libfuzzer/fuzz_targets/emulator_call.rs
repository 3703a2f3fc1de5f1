//! `finch_fuzz::emulator_call` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| finch_fuzz::emulator_call(data));
