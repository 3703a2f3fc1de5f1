//! Opening a store: how long it takes, and how much memory of its own a process has then.

use std::{
    env,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use criterion::Criterion;
use finch_core::Product;
use finch_sqlite::SqliteTokenStore;

use crate::{
    cpu,
    figures::figure,
    fill,
    host::{Host, Request, runtime},
    numbered::Layout,
    setting::Setting,
};

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    if !setting.wants("open") {
        return;
    }
    let mut group = criterion.benchmark_group("open");
    for (name, tokens) in [("large", setting.large()), ("small", 1_002)] {
        let path = fill::store(setting, Layout::of(tokens));
        figure(&mut group, name, round, |iters| (0..iters).map(|_| once(&path)).sum());
    }
    group.finish();
    if round > 1 {
        return;
    }
    let path = fill::store(setting, Layout::of(setting.large()));
    let itself = env::current_exe().unwrap();
    let output = Command::new(itself)
        .arg("open")
        .arg(path)
        .arg(setting.large().to_string())
        .output()
        .unwrap();
    if let Ok(mebibytes) = String::from_utf8_lossy(&output.stdout).trim().parse() {
        setting.fact("open/anonymous", mebibytes);
    }
}

fn once(path: &Path) -> Duration {
    let began = Instant::now();
    let store = SqliteTokenStore::open(fill::options(path)).unwrap();
    let took = began.elapsed();
    drop(store);
    took
}

/// Opens a store, uses a thousand tokens, and says how much anonymous memory the process has.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
pub(crate) fn in_a_process_of_its_own(path: &str, tokens: &str) {
    let (host, layout) = (Host::over(Path::new(path)), Layout::of(tokens.parse().unwrap()));
    runtime().block_on(async {
        for n in 0..1000 {
            let Request { scope, connection } = Request::of(layout.any(n));
            // It may have been disconnected in an earlier run.
            let _ = host.finch.access_token(&scope, &connection, &[Product::Company]).await;
        }
    });
    if let Some(mebibytes) = cpu::memory(std::process::id(), "RssAnon") {
        println!("{mebibytes}");
    }
}
