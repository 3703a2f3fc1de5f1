//! A call to Finch: the client's CPU time, by `finch-http` and by reqwest alone, against a bare server.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::Criterion;
use finch_core::{AccessToken, FinchApi as _};
use finch_http::{HttpFinch, HttpFinchConfig};
use reqwest::{Client, header::AUTHORIZATION};
use serde::Deserialize;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    child::Server,
    cpu,
    figures::{figure, share},
    load::{self, AT_ONCE},
    numbered::application,
    setting::Setting,
};

/// What Finch may answer to `/introspect`.
pub(crate) const BODY: &str = r#"{"id":"8a5c1b52-5f0b-4d4f-9c0e-2f6d0a7f1b11","connection_id":"0d8a0c7b-6a3b-4f1d-9d77-0a8f6f5e4c33","connection_status":{"status":"connected","last_successful_sync":"2026-01-01T00:00:00Z"},"client_id":"4ab15e51-11ad-49f4-acae-f343b7794375","client_type":"production","connection_type":"provider","company_id":"5d0e3c1a-7f43-4c1b-8f9a-6f0a2b1c9d55","account_id":"b1c2d3e4-f5a6-4b7c-8d9e-0f1a2b3c4d66","customer_id":"customer-1","customer_name":"Customer 1","customer_email":null,"products":["company","directory"],"username":"person@example.com","provider_id":"gusto","payroll_provider_id":"gusto","manual":false,"entities":[{"id":"b1c2d3e4-f5a6-4b7c-8d9e-0f1a2b3c4d66","name":"Acme","source_id":null,"status":"connected"}]}"#;

const TOKEN: &str = "7f3c2b1a-0d9e-4c8b-a7f6-5e4d3c2b1a00";

/// What `finch-http` makes of it, as anybody would write it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read into, as by any client")]
struct Introspection {
    id: Option<String>,
    connection_id: String,
    connection_status: Status,
    company_id: Option<String>,
    customer_id: Option<String>,
    products: Vec<String>,
    provider_id: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read into, as by any client")]
struct Status {
    status: String,
}

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    if !setting.wants("http") || cpu::of_this_thread().is_none() {
        return;
    }
    let file = setting.folder.join("body.json");
    std::fs::write(&file, BODY).unwrap();
    let server = Server::bare(&file);
    let (finch, client) = (Arc::new(ours(server.url())), Client::builder().no_proxy());
    let (client, url) = (client.build().unwrap(), format!("{}/introspect", server.url()));
    let mut group = criterion.benchmark_group("http");
    let runtime = load::runtime();
    for (at_once, suffix) in [(AT_ONCE, ""), (1, "-alone")] {
        figure(&mut group, format!("finch{suffix}"), round, |iters| {
            in_cpu_time(&runtime, iters, at_once, |each| by_finch(Arc::clone(&finch), each))
        });
        figure(&mut group, format!("reqwest{suffix}"), round, |iters| {
            in_cpu_time(&runtime, iters, at_once, |each| {
                by_reqwest(client.clone(), url.clone(), each)
            })
        });
    }
    group.finish();
}

fn ours(url: &str) -> HttpFinch {
    let client_id = application().client_id;
    let mut config = HttpFinchConfig::new(client_id, finch_core::ClientSecret::new("secret"));
    config.base_url = url.to_owned();
    HttpFinch::new(config).unwrap()
}

async fn by_finch(finch: Arc<HttpFinch>, calls: u64) {
    let token = AccessToken::new(TOKEN);
    for _ in 0..calls {
        black_box(finch.introspect(&token).await.unwrap());
    }
}

async fn by_reqwest(client: Client, url: String, calls: u64) {
    for _ in 0..calls {
        let call = client.get(&url).header(AUTHORIZATION, format!("Bearer {TOKEN}"));
        let answer = call.send().await.unwrap().error_for_status().unwrap();
        black_box(answer.json::<Introspection>().await.unwrap());
    }
}

/// The CPU time of this thread, in which all of the client runs.
fn in_cpu_time<F: Future<Output = ()> + Send + 'static>(
    runtime: &Runtime,
    iters: u64,
    at_once: u64,
    calls: impl Fn(u64) -> F,
) -> Duration {
    let each = iters.div_ceil(at_once);
    let before = cpu::of_this_thread().unwrap_or_default();
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for _ in 0..at_once {
            running.spawn(calls(each));
        }
        running.join_all().await;
    });
    let took = cpu::of_this_thread().unwrap_or_default().saturating_sub(before);
    share(took, each * at_once, iters)
}
