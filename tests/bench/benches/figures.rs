//! All figures: see the README of this crate.

fn main() {
    finch_bench::run();
}
