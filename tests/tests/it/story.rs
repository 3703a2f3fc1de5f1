//! The seed's steps, end to end: real HTTP on loopback, a real sealed store, in both readings of how
//! far `/disconnect` reaches.

use finch_app::{DisconnectOutcome, HttpFinch};
use finch_core::{FailureKind, FinchApi as _};
use finch_emulator::{DisconnectScope, Fault};
use finch_tests::customer;

use crate::network::net::{Net, http_config};

const STEPS: [[&str; 4]; 4] = [
    ["User A", "Gusto", "Company C", "X"],
    ["User A", "Gusto", "Company C", "X"],
    ["User B", "Gusto", "Company C", "Y"],
    ["User A", "JustWorks", "Company C", "Z"],
];

#[tokio::test]
async fn the_seeds_four_steps_in_both_readings() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let net = Net::start(scope, true).await;
        let (finch, who) = (&net.finch, &customer(0));
        let (mut ids, mut tokens) = (Vec::new(), Vec::new());
        for login in STEPS {
            ids.push(net.connect_with(who, login).await.connection_id);
            let id = ids.last().expect("one");
            tokens.push(finch.access_token(who, id, &[]).await.unwrap().secret);
        }
        let listed = finch.connections(who).all().await.unwrap();
        let sizes: Vec<_> =
            listed.iter().map(|c| (c.provider_id.as_str(), c.tokens.len())).collect();
        assert_eq!(sizes, [("gusto", 3), ("justworks", 1)], "{scope:?}");
        let plan = finch.plan_disconnect(who, ids[1].clone()).await.unwrap();
        assert_eq!((plan.tokens, plan.shared), (3, false));
        let outcome = finch.disconnect(who, ids[1].clone()).await.unwrap();
        assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 3 });
        let http = HttpFinch::new(http_config(&net.emulator)).unwrap();
        for (number, token) in tokens.iter().enumerate() {
            match http.introspect(token).await {
                Ok(_) => assert_eq!(number, 3, "{scope:?}"),
                Err(error) => {
                    assert_ne!(number, 3, "{scope:?}");
                    assert_eq!(error.failure_kind(), FailureKind::TokenInvalid);
                    assert_eq!(error.answer().unwrap().status, 401);
                }
            }
        }
        finch.access_token(who, &ids[3], &[]).await.unwrap();
        finch.access_token(who, &ids[1], &[]).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_company_that_finch_leaves_out_is_asked_for_at_once() {
    let net = Net::start(DisconnectScope::Connection, true).await;
    net.connect_with(&customer(0), STEPS[0]).await;
    net.emulator.push_fault(Fault::on("/auth/token").omit(["company_id"]));
    let nameless = net.connect_with(&customer(0), STEPS[2]).await;
    assert!(nameless.company_id.is_some());
    let listed = net.finch.connections(&customer(0)).all().await.unwrap();
    assert_eq!((listed.len(), listed[0].tokens.len()), (1, 2), "the two proved to be one");
}

#[tokio::test]
async fn exchanges_at_once_make_one_connection() {
    let net = Net::start(DisconnectScope::Pair, true).await;
    let mut exchanges = Vec::new();
    for _ in 0..16 {
        let (state, code) = net.log_in(&customer(0), STEPS[0]).await;
        exchanges.push((net.finch.clone(), state, code));
    }
    let exchanges = exchanges.into_iter().map(|(finch, state, code)| {
        tokio::spawn(async move { finch.complete_connect(&customer(0), state, code).await })
    });
    for exchange in exchanges.collect::<Vec<_>>() {
        exchange.await.unwrap().unwrap();
    }
    let listed = net.finch.connections(&customer(0)).all().await.unwrap();
    assert_eq!((listed.len(), listed[0].tokens.len()), (1, 16));
}

#[test]
fn the_readme_shows_the_program_that_is_tested() {
    let readme = include_str!("../../../README.md");
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```\n").next());
    assert_eq!(shown, Some(finch_tests::README));
    assert!(readme.lines().count() <= 60, "one screen: {} lines", readme.lines().count());
}
