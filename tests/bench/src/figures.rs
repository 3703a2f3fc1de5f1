//! The figures, one file per row of the table. Both sides of a ratio are measured in one group.

mod access;
mod connects;
mod disconnect;
mod emulator;
mod http;
pub(crate) mod open;
mod pages;

use std::time::Duration;

use criterion::{BenchmarkGroup, BenchmarkId, measurement::WallTime};

use crate::{cpu, setting::Setting};

/// Every group is measured so often, since a machine has faster and slower minutes: a ratio is that of one
/// round, and the median of all rounds is reported.
const ROUNDS: u32 = 3;

/// Measures every group that is asked for.
pub(crate) fn all(setting: &Setting) {
    setting.fact("load/before", cpu::load().unwrap_or_default());
    let mut criterion = setting.criterion();
    for round in 1..=ROUNDS {
        access::run(setting, &mut criterion, round);
        open::run(setting, &mut criterion, round);
        pages::run(setting, &mut criterion, round);
        disconnect::run(setting, &mut criterion, round);
        connects::run(setting, &mut criterion, round);
        http::run(setting, &mut criterion, round);
        emulator::run(setting, &mut criterion, round);
    }
    setting.fact("load/after", cpu::load().unwrap_or_default());
}

/// One figure of a round: `measure` says how long so many iterations take.
fn figure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: impl Into<String>,
    round: u32,
    mut measure: impl FnMut(u64) -> Duration,
) {
    let id = BenchmarkId::new(name, round);
    group.bench_function(id, |bencher| bencher.iter_custom(&mut measure));
}

/// What one of `count` took, where `of` of them are asked for.
fn share(took: Duration, count: u64, of: u64) -> Duration {
    took.mul_f64(of as f64 / count as f64)
}
