//! What a client is not made with.

use std::{error::Error, time::Duration};

use finch_core::{Actionable as _, ClientId, ClientSecret};
use finch_http::{ConfigError, HttpFinch, HttpFinchConfig, Proxy, ProxyUrlError};

use crate::finch::config;

type Change = fn(&mut HttpFinchConfig);

fn refused(change: impl FnOnce(&mut HttpFinchConfig)) -> ConfigError {
    let mut config = config("https://api.tryfinch.com");
    change(&mut config);
    let error = HttpFinch::new(config).expect_err("refused");
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(!format!("{error} {error:?} {source}").contains("canary"));
    error
}

#[test]
fn secrets_go_to_https_or_this_machine() {
    for url in ["http://api.tryfinch.com", "", "https://user:canary@api.tryfinch.com"] {
        let error = refused(|config| config.base_url = url.to_owned());
        assert!(matches!(error, ConfigError::BaseUrl(_)), "{url}: {error:?}");
        assert!(error.next_step().contains("https://api.tryfinch.com"), "it says what to do");
    }
    HttpFinch::new(config("http://[::1]:1/x")).expect("this machine");
}

#[test]
fn a_value_that_no_call_can_be_made_with_is_named() {
    let changes: [(&str, &str, Change); 9] = [
        ("invalid", "base_url", |c| c.base_url = "https://api.tryfinch.com/?canary".to_owned()),
        ("invalid", "timeout", |c| c.timeout = Duration::ZERO),
        ("invalid", "timeout", |c| c.timeout = Duration::MAX),
        ("invalid", "connect_timeout", |c| c.connect_timeout = Duration::ZERO),
        ("invalid", "max_body", |c| c.max_body = 0),
        ("invalid", "client_id", |c| c.client_id = ClientId::new("a:b").expect("an id")),
        // Characters around a value.
        ("stray", "client_id", |c| c.client_id = ClientId::new("\"canary\"").expect("an id")),
        ("stray", "client_secret", |c| c.client_secret = ClientSecret::new("canary\n")),
        ("stray", "base_url", |c| c.base_url = "https://api\n.tryfinch.com".to_owned()),
    ];
    for (kind, setting, change) in changes {
        let found = match refused(change) {
            ConfigError::Invalid(setting, _) => ("invalid", setting),
            ConfigError::Stray { setting, .. } => ("stray", setting),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, (kind, setting));
    }
}

#[test]
fn a_proxy_has_an_address() {
    let proxy = |url: &str| match refused(|c| c.proxy = Proxy::Url(url.to_owned())) {
        ConfigError::Proxy(why) => why,
        other => panic!("{other:?}"),
    };
    for (url, why) in [
        ("", ProxyUrlError::NotAnAddress),
        ("canary", ProxyUrlError::NotAnAddress),
        ("http://", ProxyUrlError::NotAnAddress),
        ("http://user:canary@:3128", ProxyUrlError::NotAnAddress),
        ("proxy.example:3128", ProxyUrlError::Scheme),
        ("socks5://user:canary@proxy.example:1080", ProxyUrlError::Scheme),
        ("http://proxy.example/canary", ProxyUrlError::Path),
        ("http://proxy.example:3128?canary", ProxyUrlError::Path),
        ("http://proxy.example:3128#canary", ProxyUrlError::Path),
    ] {
        assert_eq!(proxy(url), why, "{url}");
    }
    for url in ["\"http://user:canary@proxy.example\"", "http://proxy.example:3128\n"] {
        assert!(matches!(proxy(url), ProxyUrlError::Stray(_)), "{url:?}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    let mut config = config("http://127.0.0.1:9");
    let finch = HttpFinch::new(config.clone()).expect("a client");
    config.base_url = "https://user:canary@api.tryfinch.com/canary?canary".to_owned();
    config.proxy = Proxy::Url("http://user:canary@proxy.example".to_owned());
    let shown = format!("{config:?} {config:#?} {finch:?} {finch:#?}");
    assert!(!shown.contains("canary"), "{shown}");
}
