#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be set up has nothing to say")]

mod clock;
mod cpu;
mod numbered;
mod paper;
mod setting;

mod fill;
mod host;
mod raw;

mod child;
mod load;
mod serve;

mod figures;

use setting::Setting;

/// Runs all groups, or the part of a child process.
pub fn run() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", body] => serve::run(body),
        ["open", path, tokens] => figures::open::in_a_process_of_its_own(path, tokens),
        _ => figures::all(&Setting::read()),
    }
}
