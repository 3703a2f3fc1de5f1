//! Faults of effect: lies, effects that come later, errors of Finch's table.

use std::time::Duration;

use finch_emulator::{DisconnectScope, Effect, Fault, FinchError, IssuedToken, Login};
use serde_json::{Value, json};

use crate::{
    server::{self, Server, send},
    support::{Finch, step_1, step_3},
};

fn disconnect(finch: &Finch, token: &Value) -> Option<u16> {
    finch.post("/disconnect").token(token).try_send().map(|answer| answer.status)
}

#[test]
fn a_lying_disconnect_says_success_and_ends_nothing() {
    let (finch, token) = Finch::with_fault(Fault::on("/disconnect").lie());
    let answer = finch.disconnect(&token);
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": "success" })));
    finch.emulator.advance(Effect::LATEST * 2);
    assert!(finch.works(&token));
    assert_eq!(disconnect(&finch, &token), Some(200));
    assert!(!finch.works(&token));
    // A revoked token is refused, as without the fault.
    finch.emulator.push_fault(Fault::on("/disconnect").lie());
    assert_eq!(disconnect(&finch, &token), Some(401));
}

#[test]
fn a_lying_exchange_returns_a_token_that_finch_does_not_know() {
    let finch = Finch::start();
    let code = finch.emulator.issue_code(step_1());
    finch.emulator.push_fault(Fault::on("/auth/token").lie());
    let lie = finch.exchange(&code, None).json();
    assert!(finch.emulator.issued_tokens().is_empty());
    let truth = finch.exchange(&code, None).json();
    for field in ["access_token", "connection_id"] {
        assert_ne!(lie[field], truth[field]);
    }
    assert!(!finch.works(&lie));
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
        let (finch, token) = Finch::with_fault(fault.late(Duration::from_secs(360)));
        assert_eq!(disconnect(&finch, &token), status);
        finch.emulator.advance(Duration::from_secs(359));
        assert!(finch.works(&token));
        assert_eq!(finch.emulator.state().late_effects, 1);
        finch.emulator.advance(Duration::from_secs(1));
        assert!(!finch.works(&token));
        assert_eq!(finch.emulator.state().late_effects, 0);
    }
}

#[test]
fn a_late_disconnect_ends_the_tokens_that_the_connection_has_by_then() {
    let late = Duration::from_secs(100);
    let fault = Fault::on("/disconnect").drop_before_effect().late(late);
    let (finch, token) = Finch::with_fault(fault.clone());
    assert_eq!(disconnect(&finch, &token), None);
    let newer = finch.connect(step_3());
    finch.emulator.advance(late);
    assert!(!finch.works(&token) && !finch.works(&newer));
    // A connection made after another disconnect is not ended.
    let (finch, token) = Finch::with_fault(fault);
    assert_eq!(disconnect(&finch, &token), None);
    assert_eq!(disconnect(&finch, &token), Some(200));
    let newer = finch.connect(step_1());
    finch.emulator.advance(late);
    assert!(finch.works(&newer));
}

/// The code must be valid when the effect is due or was before, and the customer free.
#[test]
fn a_late_exchange_issues_a_token_if_it_may_still() {
    let minute = Duration::from_secs(60);
    for (wait, late, is_sent_again, connects, issued) in [
        (0, Effect::LATEST, false, None, 1),
        (0, Effect::LATEST, true, None, 1),
        (400, Effect::LATEST, false, None, 0),
        (0, minute, false, Some("Company C"), 2),
        (0, minute, false, Some("Company D"), 1),
    ] {
        let finch = Finch::start();
        let code = finch.emulator.issue_code(step_1().customer_id("acme"));
        finch.emulator.advance(Duration::from_secs(wait));
        finch.emulator.push_fault(Fault::on("/auth/token").status(503).late(late));
        assert_eq!(finch.exchange(&code, None).status, 503);
        assert!(finch.emulator.issued_tokens().is_empty());
        if is_sent_again {
            assert_eq!(finch.exchange(&code, None).status, 200);
        }
        if let Some(company) = connects {
            let login = Login::new("User A", "Gusto", company, "Credentials X");
            finch.connect(login.customer_id("acme"));
        }
        finch.emulator.advance(late);
        let tokens = finch.emulator.issued_tokens();
        assert!(tokens.len() == issued && tokens.iter().all(IssuedToken::is_alive), "{tokens:?}");
        if late == Effect::LATEST {
            assert_eq!(finch.exchange(&code, None).status, 400, "it is used, or has expired");
        }
    }
    let late = Fault::on("/a").drop_before_effect().late(Duration::MAX);
    assert_eq!(late.effect, Effect::Late(Effect::LATEST));
}

#[tokio::test]
async fn late_effects_come_over_http_when_the_clock_is_advanced_or_by_themselves() {
    for by_itself in [false, true] {
        let server = Server::start().await;
        let token = server.connect(step_1());
        let fault = json!({ "path": "/disconnect", "status": 504, "late_seconds": 1 });
        assert_eq!(server.post("/__emulator/faults").json(&fault).send().status, 201);
        assert_eq!(send(server.http_disconnect(&token)).await.status, 504);
        if !by_itself {
            assert!(server.works(&token));
            server.post("/__emulator/clock").json(&json!({ "advance_seconds": 1 })).send();
            assert!(!server.works(&token));
        }
        server::until(|| !server.works(&token)).await;
    }
}

#[test]
fn every_error_of_finchs_table_has_its_status_names_and_format() {
    for error in FinchError::ALL {
        let (finch, token) = Finch::with_fault(Fault::on("/disconnect").error(*error));
        let answer = finch.disconnect(&token);
        assert_eq!(answer.error(), (error.status(), error.name().to_owned()));
        let body = answer.json();
        assert_eq!(body.get("finch_code").and_then(Value::as_str), error.finch_code());
        assert_ne!(body["message"], "");
        assert!([error.name(), error.finch_code().unwrap_or_default()].contains(&error.as_str()));
        assert_eq!(json!(error), error.as_str());
        assert!(finch.works(&token));
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
    let context = json!({ "connection_id": "c-1" });
    let fault = json!({ "error": "connection_already_exists", "context": context });
    let finch = Finch::start();
    assert_eq!(finch.post("/__emulator/faults").json(&fault).send().status, 201);
    assert_eq!(finch.session(&json!({})).json()["context"], context);
    let readme = include_str!("../../README.md");
    assert!(FinchError::ALL.iter().all(|it| readme.contains(&format!("`{}`", it.as_str()))));
}

#[test]
fn a_company_can_be_left_out_of_both_responses_in_both_scopes() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope);
        for path in ["/auth/token", "/introspect"] {
            finch.emulator.push_fault(Fault::on(path).omit(["company_id", "customer_name"]));
        }
        let token = finch.connect(step_1());
        assert!(token.get("company_id").is_none() && token.get("customer_name").is_none());
        assert!(token.get("connection_id").is_some());
        for absent in [true, false] {
            let shown = finch.introspect(&token).json();
            assert_eq!(shown.get("company_id").is_none(), absent);
        }
    }
}
