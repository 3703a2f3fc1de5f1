//! The emulator as a process: CPU time of a call beside a bare server's with the same body, how soon it is
//! ready, and its memory.

use std::{
    fs,
    time::{Duration, Instant},
};

use criterion::Criterion;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    child::Server,
    cpu,
    figures::{figure, share},
    load::{self, AT_ONCE, Lines},
    setting::Setting,
};

/// How often it is started.
const STARTS: usize = 15;

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    if !setting.wants("emulator") || cpu::of_process(std::process::id()).is_none() {
        return;
    }
    if round == 1 {
        setting.fact("emulator/ready", ready(setting).as_secs_f64());
    }
    let runtime = load::runtime();
    let emulator = Server::emulator(&setting.binary);
    let token = runtime.block_on(token(&emulator));
    let body = setting.folder.join("introspection.json");
    fs::write(&body, runtime.block_on(introspection(&emulator, &token))).unwrap();
    let bare = Server::bare(&body);
    let mut group = criterion.benchmark_group("emulator");
    for (name, server) in [("finch", &emulator), ("axum", &bare)] {
        let mut lines = runtime.block_on(Lines::to(server.url(), "/introspect", &token));
        figure(&mut group, name, round, |iters| {
            let each = iters.div_ceil(AT_ONCE);
            let before = cpu::of_process(server.pid()).unwrap_or_default();
            runtime.block_on(lines.call(each));
            let after = cpu::of_process(server.pid()).unwrap_or_default();
            share(after.saturating_sub(before), each * AT_ONCE, iters)
        });
    }
    group.finish();
    if round > 1 {
        return;
    }
    // A tenth to begin with, so that what is kept of the last second is full.
    let calls = if setting.quick { 100_000 } else { 1_000_000 };
    let mut lines = runtime.block_on(Lines::to(emulator.url(), "/introspect", &token));
    for (name, calls) in [("emulator/memory-before", calls / 10), ("emulator/memory-after", calls)]
    {
        runtime.block_on(lines.call(calls / AT_ONCE));
        if let Some(mebibytes) = cpu::memory(emulator.pid(), "VmRSS") {
            setting.fact(name, mebibytes);
        }
    }
}

/// The median time from its start until it says that it answers.
fn ready(setting: &Setting) -> Duration {
    let start = |_| {
        let began = Instant::now();
        let _server = Server::emulator(&setting.binary);
        began.elapsed()
    };
    let mut times: Vec<_> = (0..STARTS).map(start).collect();
    times.sort_unstable();
    times[STARTS / 2]
}

/// A live token, as after a connect.
async fn token(emulator: &Server) -> String {
    let login = json!({
        "user": "User A", "provider": "Gusto", "company": "Company C", "credentials": "Credentials X",
    });
    let issued = post(emulator, "/__emulator/codes", &login).await;
    let exchange = json!({
        "client_id": emulator.says("client_id"),
        "client_secret": emulator.says("client_secret"),
        "code": issued["code"],
    });
    let granted = post(emulator, "/auth/token", &exchange).await;
    granted["access_token"].as_str().unwrap().to_owned()
}

async fn post(emulator: &Server, path: &str, body: &Value) -> Value {
    let client = Client::builder().no_proxy().build().unwrap();
    let call = client.post(format!("{}{path}", emulator.url())).json(body);
    call.send().await.unwrap().json().await.unwrap()
}

async fn introspection(emulator: &Server, token: &str) -> String {
    let client = Client::builder().no_proxy().build().unwrap();
    let call = client.get(format!("{}/introspect", emulator.url())).bearer_auth(token);
    call.send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
}
