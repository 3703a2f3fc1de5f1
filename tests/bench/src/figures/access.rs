//! A token for its customer: through `finch-app`, and by SQLite and cipher alone; by one task, and by 64.

use std::{
    cell::Cell,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use finch_app::Finch;
use finch_core::Product;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    cpu::Stopwatch,
    figures::{figure, share},
    fill,
    host::{Host, Request, runtime},
    numbered::Layout,
    raw::Raw,
    setting::Setting,
};

/// So many different connections are asked for, one after the other.
const ASKED: u64 = 20_000;
const TASKS: u64 = 64;

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    for (name, tokens) in [("access-small", 1_002), ("access-large", setting.large())] {
        if setting.wants(name) {
            measure(setting, criterion, (name, round), Layout::of(tokens));
        }
    }
}

fn measure(
    setting: &Setting,
    criterion: &mut Criterion,
    (name, round): (&str, u32),
    layout: Layout,
) {
    let path = fill::store(setting, layout);
    let (host, runtime) = (Host::over(&path), runtime());
    let (raw, checked) = (Raw::over(&path), Raw::that_checks_cells(&path));
    // The first measurement must not read the file for the others.
    let asked = runtime.block_on(Asked::of(layout, &host.finch));
    asked.some(ASKED).for_each(|request| drop(raw.same(&request.connection, request.scope.id())));
    let mut group = criterion.benchmark_group(name);
    figure(&mut group, "app", round, |iters| {
        let began = Stopwatch::start();
        runtime.block_on(use_tokens(&host.finch, asked.some(iters)));
        began.elapsed()
    });
    for (name, raw) in [("same-query", &raw), ("same-settings", &checked)] {
        figure(&mut group, name, round, |iters| {
            let began = Stopwatch::start();
            for Request { scope, connection } in asked.some(iters) {
                black_box(raw.same(connection, scope.id()));
            }
            began.elapsed()
        });
    }
    figure(&mut group, "one-task", round, |iters| at_once(&runtime, &host.finch, &asked, 1, iters));
    figure(&mut group, "64-tasks", round, |iters| {
        at_once(&runtime, &host.finch, &asked, TASKS, iters)
    });
    group.finish();
}

/// The requests.
#[derive(Clone)]
struct Asked {
    all: Arc<Vec<Request>>,
    next: Cell<usize>,
}

impl Asked {
    /// Connections that no earlier run has disconnected.
    async fn of(layout: Layout, finch: &Finch) -> Self {
        let mut all = Vec::new();
        for connection in (0..).map(|n| layout.any(n)) {
            let request = Request::of(connection);
            if finch.access_token(&request.scope, &request.connection, &[]).await.is_ok() {
                all.push(request);
            }
            if all.len() as u64 == ASKED {
                break;
            }
        }
        Self { all: Arc::new(all), next: Cell::new(0) }
    }

    /// Goes on where it was left off.
    fn some(&self, count: u64) -> impl Iterator<Item = &Request> {
        let count = usize::try_from(count).unwrap();
        let from = self.next.replace((self.next.get() + count) % self.all.len());
        self.all.iter().cycle().skip(from).take(count)
    }
}

async fn use_tokens(finch: &Finch, requests: impl Iterator<Item = &Request>) {
    for Request { scope, connection } in requests {
        black_box(finch.access_token(scope, connection, &[Product::Company]).await.unwrap());
    }
}

fn at_once(runtime: &Runtime, finch: &Finch, asked: &Asked, tasks: u64, iters: u64) -> Duration {
    let each = iters.div_ceil(tasks);
    let began = Instant::now();
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let (finch, asked) = (finch.clone(), asked.clone());
            asked.next.set(usize::try_from(task * ASKED / tasks).unwrap());
            running.spawn(async move {
                let from = asked.next.get();
                let count = usize::try_from(each).unwrap();
                let requests = asked.all.iter().cycle().skip(from).take(count);
                use_tokens(&finch, requests).await;
            });
        }
        running.join_all().await;
    });
    share(began.elapsed(), each * tasks, iters)
}
