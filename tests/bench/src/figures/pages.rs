//! Pages of 50: connections, what is due, what needs a person.

use std::{cell::Cell, hint::black_box};

use criterion::{BenchmarkId, Criterion};
use finch_core::{ConnectionFilter, ConnectionKey, Due, Selector, Seq};
use tokio::runtime::Runtime;

use crate::{
    clock::filled_at,
    fill,
    host::{Host, operator, runtime},
    numbered::{Layout, mix},
    setting::Setting,
};

const PAGE: usize = 50;

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    let sizes = [("large", setting.large()), ("small", 10_002)];
    let runtime = runtime();
    for (name, what) in
        [("listing", What::Listing), ("pending", What::Pending), ("attention", What::Attention)]
    {
        if !setting.wants(name) {
            continue;
        }
        let mut group = criterion.benchmark_group(name);
        for (size, tokens) in sizes {
            let layout = Layout::of(tokens);
            let host = Host::over(&fill::store(setting, layout));
            let asked = Cell::new(0);
            group.bench_function(BenchmarkId::new(size, round), |b| {
                b.iter(|| {
                    asked.set(asked.get() + 1);
                    black_box(what.page(&runtime, &host, after(layout, asked.get())))
                });
            });
        }
        group.finish();
    }
}

#[derive(Clone, Copy)]
enum What {
    Listing,
    Pending,
    Attention,
}

impl What {
    fn page(self, runtime: &Runtime, host: &Host, after: ConnectionKey) -> usize {
        let found = runtime.block_on(async {
            match self {
                Self::Listing => {
                    let keys = host.store.connections(&ConnectionFilter::All, Some(after), PAGE);
                    let keys = keys.await.unwrap();
                    for key in &keys {
                        let found = host.store.load(Selector::Key(*key), None).await.unwrap();
                        black_box(found);
                    }
                    keys.len()
                }
                Self::Pending => {
                    let due = ConnectionFilter::Due(Some(Due::at(filled_at())));
                    host.store.connections(&due, Some(after), PAGE).await.unwrap().len()
                }
                // Through the application, which loads each: the first page.
                Self::Attention => {
                    host.finch.attention(&operator()).page(None, PAGE).await.unwrap().items.len()
                }
            }
        });
        assert_eq!(found, PAGE);
        found
    }
}

/// Somewhere in the first tenth, so that a page follows in the small store too.
fn after(layout: Layout, n: u64) -> ConnectionKey {
    ConnectionKey(Seq(layout.key(mix(n) % (layout.connections / 10))))
}
