//! Which calls a disconnect makes, in which scope.

use super::*;

async fn shared() -> Arc<MemoryTokenStore> {
    let store = memory().await;
    store_token(store.clone(), "customer-0", grant("t1", facts("k1", "gusto", "c"))).await;
    store_token(store.clone(), "customer-1", grant("t2", facts("k2", "gusto", "c"))).await;
    store_token(store.clone(), "customer-1", grant("t3", facts("k2", "gusto", "c"))).await;
    store
}

#[tokio::test]
async fn a_plan_of_the_operators_is_not_carried_out_by_a_customer() {
    let finch = wire(mock(), shared().await).await;
    let plan = finch
        .plan_disconnect(
            &operator(),
            DisconnectRequest { for_everyone: Some("why".into()), ..named("k1").into() },
        )
        .await
        .unwrap();
    assert_eq!(plan.tokens, 3);
    for who in [2, 0] {
        let error = finch.disconnect(&customer(who), plan.clone()).await.unwrap_err();
        assert!(matches!(error, finch_app::DisconnectError::PlanChanged));
    }
    finch.access_token(&customer(0), &named("k1"), &[]).await.unwrap();
}

#[tokio::test]
async fn a_customer_sees_its_own_tokens_only() {
    let mut api = mock();
    api.expect_disconnect().returning(|_| {
        let request_id = "a-request".parse().ok();
        Err(Answer { status: 503, request_id, ..Answer::default() }.into_error())
    });
    let finch = wire(api, shared().await).await;
    let plan = finch
        .plan_disconnect(
            &operator(),
            DisconnectRequest { for_everyone: Some("why".into()), ..named("k1").into() },
        )
        .await
        .unwrap();
    let outcome = finch.disconnect(&operator(), plan).await.unwrap();
    assert!(matches!(outcome, DisconnectOutcome::Pending { unproven: 3, .. }), "{outcome:?}");
    // The newest token, which was tried, is customer 1's.
    let outcome = finch.disconnect(&customer(0), named("k1")).await.unwrap();
    let DisconnectOutcome::Pending { unproven, trouble, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((unproven, trouble), (1, None));
}

#[tokio::test]
async fn a_customers_plan_asks_finch_about_its_own_tokens_only() {
    let store = memory().await;
    store_token(store.clone(), "customer-0", grant("t1", facts("k", "gusto", ""))).await;
    store_token(store.clone(), "customer-1", grant("t2", facts("k", "gusto", ""))).await;
    let mut api = mock();
    let own = |t: &AccessToken| t.expose() == "t1";
    api.expect_introspect().times(1).withf(own).returning(|_| Err(refused()));
    let finch = wire(api, store).await;
    finch.plan_disconnect(&customer(0), named("k")).await.unwrap();
    finch.access_token(&customer(1), &named("k"), &[]).await.unwrap();
}

#[tokio::test]
async fn all_connections_of_a_customer_are_disconnected_and_no_other() {
    let store = memory().await;
    for (token, company, who) in
        [("t1", "c", "customer-0"), ("t2", "d", "customer-0"), ("t3", "e", "customer-1")]
    {
        store_token(store.clone(), who, grant(token, facts(company, "gusto", company))).await;
    }
    let mut api = mock();
    api.expect_disconnect().times(2).returning(|_| Ok(None));
    api.expect_introspect().times(2).returning(|_| Err(refused()));
    let finch = wire(api, store).await;
    let outcomes = finch.disconnect_all(&customer(0)).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert!(finch.disconnect_all(&customer(0)).await.unwrap().is_empty());
    finch.access_token(&customer(1), &named("e"), &[]).await.unwrap();
}

#[tokio::test]
async fn requests_at_once_are_one_disconnect_with_one_outcome() {
    let store = memory().await;
    store_token(store.clone(), "customer-0", grant("t1", facts("k", "gusto", "c"))).await;
    let mut api = mock();
    api.expect_disconnect().times(1).returning(|_| Ok(None));
    api.expect_introspect().times(1).returning(|_| Err(refused()));
    let finch = wire(api, store).await;
    let ask = || {
        let finch = finch.clone();
        tokio::spawn(async move { finch.disconnect(&customer(0), named("k")).await.unwrap() })
    };
    let asked: Vec<_> = (0..20).map(|_| ask()).collect();
    for ask in asked {
        let outcome = ask.await.unwrap();
        let ended = DisconnectOutcome::Disconnected { tokens: 1 };
        assert!([ended, DisconnectOutcome::AlreadyDisconnected].contains(&outcome), "{outcome:?}");
    }
}
