//! A disconnect from plan to end: over stores of two sizes, and of connections of two sizes. Finch is on
//! paper, so that store and application are what is measured.

use std::{
    cell::Cell,
    time::{Duration, Instant, SystemTime},
};

use criterion::{Criterion, SamplingMode};
use finch_app::DisconnectOutcome;
use tokio::runtime::Runtime;

use crate::{
    figures::{figure, share},
    fill,
    host::{Host, Request, runtime},
    numbered::{Layout, Numbered},
    setting::Setting,
};

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    if setting.wants("disconnect") {
        let mut group = criterion.benchmark_group("disconnect");
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.measurement_time(Duration::from_secs(4));
        for (name, tokens) in [("large", setting.large()), ("small", 10_002)] {
            let layout = Layout::of(tokens);
            // The large one keeps what is done to it: other connections are left next time.
            let path = match name {
                "large" => fill::store(setting, layout),
                _ => fill::copy(setting, layout, "disconnect"),
            };
            let ending = Ending::over(Host::over(&path), layout, |layout, n| layout.any(n));
            figure(&mut group, name, round, |iters| (0..iters).map(|_| ending.one()).sum());
        }
        group.finish();
    }
    if setting.wants("per-token") {
        let mut group = criterion.benchmark_group("per-token");
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(3));
        for (name, connections, tokens) in [("few", 15_000, 10), ("many", 1_500, 100)] {
            let layout = Layout { connections, tokens };
            let host = Host::over(&fill::copy(setting, layout, "per-token"));
            let ending = Ending::over(host, layout, |layout, n| Numbered(n % layout.connections));
            figure(&mut group, name, round, |iters| {
                let took = (0..iters).map(|_| ending.one()).sum();
                share(took, tokens, 1)
            });
        }
        group.finish();
    }
}

/// Ends one connection after the other.
struct Ending {
    host: Host,
    layout: Layout,
    pick: fn(Layout, u64) -> Numbered,
    next: Cell<u64>,
    runtime: Runtime,
}

impl Ending {
    fn over(host: Host, layout: Layout, pick: fn(Layout, u64) -> Numbered) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let next = Cell::new(since.unwrap_or_default().as_micros() as u64);
        Self { host, layout, pick, next, runtime: runtime() }
    }

    /// How long the next one took that had not ended.
    fn one(&self) -> Duration {
        for _ in 0..100_000 {
            let number = (self.pick)(self.layout, self.next.replace(self.next.get() + 1));
            let Request { scope, connection } = Request::of(number);
            let began = Instant::now();
            let ended = self.runtime.block_on(self.host.finch.disconnect(&scope, connection));
            let took = began.elapsed();
            match ended.unwrap() {
                DisconnectOutcome::Disconnected { tokens }
                    if tokens as u64 == self.layout.tokens =>
                {
                    return took;
                }
                outcome => assert_eq!(outcome, DisconnectOutcome::AlreadyDisconnected),
            }
        }
        unreachable!("every connection of this store has ended: remove it, and it is made again")
    }
}
