//! The rows of the table: what is measured, beside which limit, and what is to be reached.

/// Where a number comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The medians of a benchmark, `group/function`.
    Time(&'static str),
    /// A number that the benchmark wrote down, and its unit.
    Fact(&'static str, &'static str),
    /// The number that is to be reached itself.
    Fixed(f64, &'static str),
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Measured / limit is at most this.
    AtMost(f64),
    /// Limit / measured is at least this: how much faster it is.
    Faster(f64),
    /// Told, and not judged.
    None,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) measured: Source,
    pub(crate) limit: Source,
    pub(crate) goal: Goal,
}

use Goal::{AtMost, Faster};
use Source::{Fact, Fixed, Time};

const fn figure(what: &'static str, measured: Source, limit: Source, goal: Goal) -> Figure {
    Figure { what, measured, limit, goal }
}

const MIB: &str = "MiB";
const S: &str = "s";

/// "Large" is 10,000,000 tokens, with `--quick` 100,000; "many" is 10,000, and 1,000.
pub(crate) const FIGURES: &[Figure] = &[
    figure(
        "access_token / the same query + unseal, 1 k rows",
        Time("access-small/app"),
        Time("access-small/same-query"),
        AtMost(1.5),
    ),
    figure(
        "… with the check of cells that our readers make",
        Time("access-small/app"),
        Time("access-small/same-settings"),
        Goal::None,
    ),
    figure(
        "… / its row by number + unseal",
        Time("access-small/app"),
        Time("access-small/by-number"),
        Goal::None,
    ),
    figure(
        "access_token / the same query + unseal, large",
        Time("access-large/app"),
        Time("access-large/same-query"),
        AtMost(1.5),
    ),
    figure(
        "… with the check of cells that our readers make",
        Time("access-large/app"),
        Time("access-large/same-settings"),
        Goal::None,
    ),
    figure(
        "… / its row by number + unseal",
        Time("access-large/app"),
        Time("access-large/by-number"),
        Goal::None,
    ),
    figure(
        "throughput of 64 tasks / 1 task, 1 k rows",
        Time("access-small/64-tasks"),
        Time("access-small/one-task"),
        Faster(1.5),
    ),
    figure(
        "throughput of 64 tasks / 1 task, large",
        Time("access-large/64-tasks"),
        Time("access-large/one-task"),
        Faster(1.5),
    ),
    figure(
        "disconnect, 3 tokens: large / 10 k rows",
        Time("disconnect/large"),
        Time("disconnect/small"),
        AtMost(1.5),
    ),
    figure(
        "disconnect, per token: many / 100 tokens",
        Time("per-token/many"),
        Time("per-token/few"),
        AtMost(1.2),
    ),
    figure(
        "connects, 64 at once / raw, a transaction each",
        Time("connects/at-once"),
        Time("connects/one-each"),
        Faster(2.5),
    ),
    figure(
        "… / raw, 1,000 in a transaction",
        Time("connects/at-once"),
        Time("connects/thousand-each"),
        Faster(0.8),
    ),
    figure(
        "its last write alone, 64 at once / raw, a transaction each",
        Time("connects/store"),
        Time("connects/one-each"),
        Faster(2.5),
    ),
    figure(
        "… / raw, 1,000 in a transaction",
        Time("connects/store"),
        Time("connects/thousand-each"),
        Faster(0.8),
    ),
    figure(
        "finch-http / reqwest, CPU per call, 16 at once",
        Time("http/finch"),
        Time("http/reqwest"),
        AtMost(1.15),
    ),
    figure("… one at a time", Time("http/finch-alone"), Time("http/reqwest-alone"), Goal::None),
    figure(
        "emulator / axum, CPU per request",
        Time("emulator/finch"),
        Time("emulator/axum"),
        AtMost(2.0),
    ),
    figure("emulator ready", Fact("emulator/ready", S), Fixed(0.1, S), AtMost(1.0)),
    figure(
        "emulator memory after all requests",
        Fact("emulator/memory-after", MIB),
        Fixed(15.0, MIB),
        AtMost(1.0),
    ),
    figure(
        "… / after a tenth of them",
        Fact("emulator/memory-after", MIB),
        Fact("emulator/memory-before", MIB),
        AtMost(1.05),
    ),
    figure("open: large / 1 k tokens", Time("open/large"), Time("open/small"), AtMost(2.0)),
    figure("… anonymous memory", Fact("open/anonymous", MIB), Fixed(16.0, MIB), AtMost(1.0)),
    figure("listing, 50: large / 10 k", Time("listing/large"), Time("listing/small"), AtMost(1.5)),
    figure("pending, 50: large / 10 k", Time("pending/large"), Time("pending/small"), AtMost(1.5)),
    figure(
        "attention, 50: large / 10 k",
        Time("attention/large"),
        Time("attention/small"),
        AtMost(1.5),
    ),
];
