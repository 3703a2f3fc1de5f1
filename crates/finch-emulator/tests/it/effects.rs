//! Faults of effect: lies, effects that come later, errors by name.

use std::time::{Duration, Instant};

use finch_emulator::{DisconnectScope, Effect, EmulatorConfig, Fault, FinchError, LocalEmulator};
use serde_json::{Value, json};

use crate::{
    local::{bearer, body, exchange, local},
    support::{Finch, send, step_1, step_3},
};

/// A local Finch with one live token.
fn with_token() -> (LocalEmulator, String) {
    let mut finch = local();
    let code = finch.issue_code(step_1());
    exchange(&mut finch, &code).unwrap();
    let secret = finch.issued_tokens()[0].secret.clone();
    (finch, secret)
}

#[test]
fn a_lying_disconnect_says_success_and_ends_nothing() {
    let (mut finch, secret) = with_token();
    finch.push_fault(Fault::on("/disconnect").lie());
    let answer = bearer(&mut finch, "POST", "/disconnect", &secret).unwrap();
    assert_eq!((answer.status, body(&answer)), (200, json!({ "status": "success" })));
    assert!(finch.is_alive(&secret));
    finch.advance(Effect::LATEST * 2);
    assert!(finch.is_alive(&secret));
    let answer = bearer(&mut finch, "POST", "/disconnect", &secret).unwrap();
    assert!(answer.status == 200 && !finch.is_alive(&secret));
    // A token that is dead already is refused: there is nothing to lie about.
    finch.push_fault(Fault::on("/disconnect").lie());
    assert_eq!(bearer(&mut finch, "POST", "/disconnect", &secret).unwrap().status, 401);
}

#[test]
fn a_lying_exchange_gives_a_token_that_finch_does_not_know() {
    let mut finch = local();
    let code = finch.issue_code(step_1());
    finch.push_fault(Fault::on("/auth/token").lie());
    let lie = body(&exchange(&mut finch, &code).unwrap());
    assert!(finch.issued_tokens().is_empty());
    let truth = body(&exchange(&mut finch, &code).unwrap());
    for field in ["access_token", "connection_id"] {
        assert_ne!(lie[field], truth[field]);
    }
    assert!(!finch.is_alive(lie["access_token"].as_str().unwrap()));
}

#[test]
fn a_late_disconnect_ends_the_connection_when_it_is_due_and_not_before() {
    for (fault, status) in [
        (Fault::on("/disconnect").drop_before_effect(), None),
        (Fault::on("/disconnect").status(504), Some(504)),
        (Fault::on("/disconnect").error(FinchError::UpstreamProviderError), Some(502)),
        (Fault::on("/disconnect").garbage(), Some(200)),
        (Fault::on("/disconnect").cut(40), None),
        (Fault::on("/disconnect").lie(), Some(200)),
    ] {
        let (mut finch, secret) = with_token();
        finch.push_fault(fault.late(Duration::from_secs(360)));
        let answer = bearer(&mut finch, "POST", "/disconnect", &secret);
        assert_eq!(answer.map(|answer| answer.status), status);
        finch.advance(Duration::from_secs(359));
        assert!(finch.is_alive(&secret));
        assert_eq!(finch.state().late_effects, 1);
        finch.advance(Duration::from_secs(1));
        assert!(!finch.is_alive(&secret));
        assert_eq!(finch.state().late_effects, 0);
    }
}

#[test]
fn a_late_disconnect_ends_what_there_is_by_then() {
    let (mut finch, secret) = with_token();
    let late = Duration::from_secs(100);
    finch.push_fault(Fault::on("/disconnect").drop_before_effect().late(late));
    assert!(bearer(&mut finch, "POST", "/disconnect", &secret).is_none());
    let code = finch.issue_code(step_3());
    exchange(&mut finch, &code).unwrap();
    finch.advance(late);
    assert!(finch.issued_tokens().iter().all(|token| !token.is_alive()));
    // And only then: what came back after another disconnect is a connection of its own.
    let (mut finch, secret) = with_token();
    finch.push_fault(Fault::on("/disconnect").drop_before_effect().late(late));
    assert!(bearer(&mut finch, "POST", "/disconnect", &secret).is_none());
    bearer(&mut finch, "POST", "/disconnect", &secret).unwrap();
    let code = finch.issue_code(step_1());
    exchange(&mut finch, &code).unwrap();
    finch.advance(late);
    assert!(finch.issued_tokens()[1].is_alive());
}

#[test]
fn a_late_exchange_issues_a_token_that_nobody_gets() {
    let mut finch = local();
    let code = finch.issue_code(step_1());
    finch.push_fault(Fault::on("/auth/token").status(503).late(Duration::from_secs(60)));
    assert_eq!(exchange(&mut finch, &code).unwrap().status, 503);
    assert!(finch.issued_tokens().is_empty());
    finch.advance(Duration::from_secs(600));
    assert_eq!(finch.issued_tokens().len(), 1, "the code was in time when the effect came");
    assert!(finch.issued_tokens()[0].is_alive());
    assert_eq!(exchange(&mut finch, &code).unwrap().status, 400);
    assert_eq!(finch.state().calls["POST /auth/token"], 2);
}

#[test]
fn a_late_exchange_comes_to_nothing_where_the_code_is_used_or_over() {
    for wait in [0, 400] {
        let mut finch = local();
        let code = finch.issue_code(step_1());
        finch.advance(Duration::from_secs(wait));
        finch.push_fault(Fault::on("/auth/token").drop_before_effect().late(Effect::LATEST));
        assert!(exchange(&mut finch, &code).is_none());
        if wait == 0 {
            assert_eq!(exchange(&mut finch, &code).unwrap().status, 200);
        }
        finch.advance(Effect::LATEST);
        assert_eq!(finch.issued_tokens().len(), usize::from(wait == 0));
    }
    let late = Fault::on("/a").drop_before_effect().late(Duration::MAX);
    assert_eq!(late.effect, Effect::Late(Effect::LATEST));
}

#[tokio::test]
async fn late_effects_come_over_http_with_the_clock_moved_on_or_by_themselves() {
    for by_itself in [false, true] {
        let finch = Finch::start().await;
        let token = finch.connect(step_1()).await;
        let fault = json!({ "path": "/disconnect", "status": 504, "late_seconds": 1 });
        assert_eq!(send(finch.post("/__emulator/faults").json(&fault)).await.status, 201);
        assert_eq!(finch.disconnect(&token).await.status, 504);
        if !by_itself {
            assert!(finch.works(&token).await);
            let clock = json!({ "advance_seconds": 1 });
            send(finch.post("/__emulator/clock").json(&clock)).await;
            assert!(!finch.works(&token).await);
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while finch.emulator.is_alive(token["access_token"].as_str().unwrap()) {
            assert!(Instant::now() < deadline, "the disconnect never came");
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn every_error_of_finchs_table_has_its_status_names_and_shape() {
    for error in FinchError::ALL {
        let (mut finch, secret) = with_token();
        finch.push_fault(Fault::on("/disconnect").error(*error));
        let answer = bearer(&mut finch, "POST", "/disconnect", &secret).unwrap();
        let body = body(&answer);
        assert_eq!(answer.status, error.status());
        assert_eq!(body["code"], error.status(), "{body}");
        assert_eq!(body["name"], error.name());
        assert_eq!(body.get("finch_code").and_then(Value::as_str), error.finch_code());
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(answer.header("finch-request-id").is_some());
        assert!([error.name(), error.finch_code().unwrap_or_default()].contains(&error.as_str()));
        assert!(finch.is_alive(&secret));
        let named = FinchError::ALL.iter().filter(|other| other.as_str() == error.as_str());
        assert_eq!(named.count(), 1);
    }
    for (error, status, name, code) in [
        (FinchError::ReauthenticateUser, 401, "authentication_error", Some("reauthenticate_user")),
        (FinchError::InvalidGrantError, 400, "invalid_grant_error", None),
        (FinchError::EnrollmentNotFound, 404, "bad_request", Some("enrollment_not_found")),
        (FinchError::DataSyncInProgress, 202, "accepted", Some("data_sync_in_progress")),
    ] {
        assert_eq!((error.status(), error.name(), error.finch_code()), (status, name, code));
    }
}

#[tokio::test]
async fn an_error_is_queued_by_its_name_and_all_are_in_the_readme() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let faults = json!([
        { "path": "/introspect", "error": "reauthenticate_user" },
        { "path": "/connect/sessions", "error": "connection_already_exists",
          "context": { "connection_id": "c-1", "customer_id": "acme" } },
    ]);
    assert_eq!(send(finch.post("/__emulator/faults").json(&faults)).await.status, 201);
    let answer = finch.introspect(&token).await;
    assert_eq!(answer.error(), (401, "authentication_error".to_owned()));
    assert_eq!(answer.json()["finch_code"], "reauthenticate_user");
    let acme = json!({ "customer_id": "acme", "customer_name": "A", "products": ["company"] });
    let answer = finch.session(&acme).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["context"]["connection_id"], "c-1");
    let readme = include_str!("../../README.md");
    for error in FinchError::ALL {
        assert!(readme.contains(&format!("`{}`", error.as_str())), "{}", error.as_str());
    }
}

#[test]
fn a_company_can_be_left_out_of_both_answers_in_both_scopes() {
    for disconnect_scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let config = EmulatorConfig { disconnect_scope, ..EmulatorConfig::default() };
        let mut finch = LocalEmulator::new(config).unwrap();
        for path in ["/auth/token", "/introspect"] {
            finch.push_fault(Fault::on(path).omit(["company_id"]));
        }
        let code = finch.issue_code(step_1());
        let token = body(&exchange(&mut finch, &code).unwrap());
        let secret = token["access_token"].as_str().unwrap();
        assert!(token.get("company_id").is_none());
        for absent in [true, false] {
            let seen = body(&bearer(&mut finch, "GET", "/introspect", secret).unwrap());
            assert_eq!(seen.get("company_id").is_none(), absent);
        }
    }
}

#[tokio::test]
async fn a_connection_is_ended_in_the_dashboard_over_http() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let end = json!({ "connection_id": token["connection_id"] });
    assert_eq!(send(finch.post("/__emulator/disconnect").json(&end)).await.status, 200);
    assert!(!finch.works(&token).await);
    let again = send(finch.post("/__emulator/disconnect").json(&end)).await;
    assert!(again.status == 400 && again.text.contains("`connection_id`"));
}
