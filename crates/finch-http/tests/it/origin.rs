//! Secrets go to one place: no redirect, no proxy, no plain HTTP.

use std::{env, process::Command};

use finch_core::{FailureKind, FinchApi, FinchApiError};
use finch_http::{HttpFinch, Proxy};

use crate::{
    finch::{INTROSPECTION, client, config, each_call, introspect, playing, shown},
    server::{Server, json, reply},
};

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Server::start([json(200, INTROSPECTION)]).await;
    for status in [301, 302, 303, 307, 308] {
        let header =
            format!("Location: {}/auth/token?canary\r\nSet-Cookie: a=canary\r\n", elsewhere.url);
        let (server, finch) = playing([reply(status, &header, "canary")]).await;
        for result in each_call(&finch).await {
            let error = result.expect_err("a redirect");
            assert_eq!(error.failure_kind(), FailureKind::Rejected, "{status}");
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
        child.args(["--exact", "origin::proxied", "--nocapture"]).env_clear();
        child.env(CHILD, format!("{asked_for} {}", server.url)).env("HTTP_PROXY", &proxy.url);
        child.env("all_proxy", &proxy.url);
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
    if asked_for == "true" {
        config.proxy = Proxy::Environment;
    }
    introspect(&HttpFinch::new(config).expect("a client")).await.expect("an introspection");
}

/// Where `http` goes through a proxy the whole address is in the request line, with what the proxy itself
/// asks for beside it.
#[tokio::test]
async fn http_passes_a_given_proxy_in_absolute_form() {
    let proxy = Server::start([json(200, INTROSPECTION)]).await;
    let mut config = config("http://127.0.0.1:9");
    config.proxy = Proxy::Url(proxy.url.replace("http://", "http://finch:canary%2Fpass@"));
    introspect(&HttpFinch::new(config).expect("a client")).await.expect("an introspection");
    let seen = proxy.seen();
    assert_eq!((&*seen[0].method, &*seen[0].path), ("GET", "http://127.0.0.1:9/introspect"));
    // finch:canary/pass
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic ZmluY2g6Y2FuYXJ5L3Bhc3M="));
}

/// A proxy sees where a tunnel leads, and nothing of what goes through it.
#[tokio::test]
async fn https_passes_a_given_proxy_as_a_tunnel() {
    let proxy = Server::start([reply(407, "", "canary")]).await;
    let mut config = config("https://api.finch.example");
    config.proxy = Proxy::Url(proxy.url.replace("http://", "http://finch:canary@"));
    let Ok(finch) = HttpFinch::new(config) else {
        // A machine without CA certificates.
        return;
    };
    let error = introspect(&finch).await.expect_err("the proxy refuses");
    assert!(matches!(error, FinchApiError::NoAnswer { sent: false, .. }), "{error:?}");
    shown(&error);
    for request in proxy.seen() {
        assert_eq!((&*request.method, &*request.path), ("CONNECT", "api.finch.example:443"));
        assert!(request.header("authorization").is_none());
        assert!(request.header("proxy-authorization").is_some());
    }
    assert!(!proxy.seen().is_empty());
}
