//! CPU time and memory, as Linux counts them for a thread or a process.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// The CPU time of the thread that asks.
pub(crate) fn of_this_thread() -> Option<Duration> {
    in_schedstat(Path::new("/proc/thread-self/schedstat"))
}

/// Measures what runs in one thread alone and never waits: by CPU time, so that other work on the
/// machine does not count; by the clock where the system does not tell.
pub(crate) struct Stopwatch {
    began: Instant,
    cpu: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu: of_this_thread() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        match (self.cpu, of_this_thread()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.began.elapsed(),
        }
    }
}

/// The CPU time of all threads of a process that still run.
pub(crate) fn of_process(pid: u32) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let times = threads.flatten().map(|thread| in_schedstat(&thread.path().join("schedstat")));
    times.sum()
}

/// The first number is nanoseconds on a processor.
fn in_schedstat(path: &Path) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A line of a process's status in MiB, such as `VmRSS` or `RssAnon`.
pub(crate) fn memory(pid: u32, what: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// How many threads wanted to run in the last minute, on average.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
