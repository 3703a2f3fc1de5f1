//! The figures, one file per row of the table. Both sides of a ratio are measured in one group.

mod access;
mod connects;
mod disconnect;
mod emulator;
mod http;
pub(crate) mod open;
mod pages;

use std::time::Duration;

use crate::setting::Setting;

/// Measures every group that is asked for.
pub(crate) fn all(setting: &Setting) {
    let mut criterion = setting.criterion();
    access::run(setting, &mut criterion);
    open::run(setting, &mut criterion);
    pages::run(setting, &mut criterion);
    disconnect::run(setting, &mut criterion);
    connects::run(setting, &mut criterion);
    http::run(setting, &mut criterion);
    emulator::run(setting, &mut criterion);
}

/// What one of `count` took, where `of` of them are asked for.
fn share(took: Duration, count: u64, of: u64) -> Duration {
    took.mul_f64(of as f64 / count as f64)
}
