//! The target of `finch-fuzz` that `FINCH_FUZZ_TARGET` names, under libFuzzer.
#![no_main]

use std::sync::LazyLock;

use finch_fuzz::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FINCH_FUZZ_TARGET").unwrap_or_default();
    let named = TARGETS.iter().find(|target| target.name == name);
    named.expect("FINCH_FUZZ_TARGET names no target")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.run)(data));
