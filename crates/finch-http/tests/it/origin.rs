//! Secrets go to one place: no redirect, no proxy, no plain HTTP.

use std::{env, process::Command};

use finch_core::{FailureKind, FinchApi};
use finch_http::HttpFinch;

use crate::{
    finch::{
        INTROSPECTION, client, config, disconnect, exchange, introspect, new_session, playing,
        shown,
    },
    server::{Play, Server, answer, json},
};

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Server::start([json(200, INTROSPECTION)]).await;
    for status in [301, 302, 303, 307, 308] {
        let header =
            format!("Location: {}/auth/token?canary\r\nSet-Cookie: a=canary\r\n", elsewhere.url);
        let (server, finch) = playing([Play::Answer(answer(status, &header, "canary"))]).await;
        for result in [
            exchange(&finch).await.map(drop),
            introspect(&finch).await.map(drop),
            disconnect(&finch).await,
            new_session(&finch).await.map(drop),
        ] {
            let error = result.expect_err("a redirect");
            assert_eq!(error.kind(), FailureKind::Rejected, "{status}");
            assert_eq!(error.answer().expect("an answer").status, status);
            shown(&error);
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 4, "{status}");
        assert!(seen.iter().all(|request| request.header("cookie").is_none()));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn the_application_is_bound_to_the_origin() {
    let finch = client("http://LOCALHOST:80/prefix/");
    assert_eq!(finch.application().origin.as_str(), "http://localhost");
    assert_eq!(finch.application().client_id.as_str(), crate::finch::CLIENT_ID);
}

const CHILD: &str = "FINCH_HTTP_TEST_PROXIED";

/// The environment belongs to a process, so that the test runs in one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_from_the_environment_is_used_only_if_asked_for() {
    if env::var_os(CHILD).is_some() {
        return;
    }
    for asked_for in [false, true] {
        let server = Server::start([json(200, INTROSPECTION)]).await;
        let proxy = Server::start([json(200, INTROSPECTION)]).await;
        let mut child = Command::new(env::current_exe().expect("a program"));
        child
            .args(["--exact", "origin::proxied", "--nocapture"])
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        child.env(CHILD, format!("{asked_for} {}", server.url));
        for name in
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        {
            child.env(name, &proxy.url);
        }
        let status = tokio::task::spawn_blocking(move || child.status()).await.expect("no panic");
        assert!(status.expect("it ran").success());
        assert_eq!(proxy.seen().len(), usize::from(asked_for));
        assert_eq!(server.seen().len(), usize::from(!asked_for));
    }
}

#[tokio::test]
async fn proxied() {
    let Ok(setting) = env::var(CHILD) else { return };
    let (asked_for, url) = setting.split_once(' ').expect("two words");
    let mut config = config(url);
    config.use_env_proxy = asked_for == "true";
    introspect(&HttpFinch::new(config).expect("a client")).await.expect("an introspection");
}
