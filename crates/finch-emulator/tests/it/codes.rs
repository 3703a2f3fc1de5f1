//! Codes: single use, ten minutes, one redirect URI.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    server::Server,
    support::{Finch, step_1},
};

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[test]
fn a_code_works_once_and_for_ten_minutes() {
    let finch = Finch::start();
    let [early, late] = [(); 2].map(|()| finch.emulator.issue_code(step_1()));
    finch.emulator.advance(Duration::from_secs(10 * 60 - 1));
    assert_eq!(finch.exchange(&early, None).status, 200);
    let again = finch.exchange(&early, None);
    assert_eq!(again.error(), invalid_grant());
    assert_eq!(again.json()["message"], "Invalid grant: authorization code is invalid");
    finch.emulator.advance(Duration::from_secs(1));
    let answer = finch.exchange(&late, None);
    assert_eq!(answer.error(), invalid_grant());
    assert!(answer.text.contains("expired"));
    assert_eq!(finch.exchange("unknown", None).error(), invalid_grant());
}

#[test]
fn the_redirect_uri_must_be_that_of_the_code() {
    let uri = "https://app.example/callback";
    let finch = Finch::start();
    for (issued, sent, accepted) in [
        (None, None, true),
        (None, Some(uri), false),
        (None, Some(""), false),
        (Some(uri), Some(uri), true),
        (Some(uri), None, false),
        (Some(uri), Some(""), false),
        (Some(uri), Some("https://app.example/callback/"), false),
        (Some(uri), Some("https://APP.example/callback"), false),
    ] {
        let mut login = step_1();
        login.redirect_uri = issued.map(str::to_owned);
        let code = finch.emulator.issue_code(login);
        let answer = finch.exchange(&code, sent);
        if accepted {
            assert_eq!(answer.status, 200, "{issued:?} {sent:?}");
        } else {
            assert_eq!(answer.error(), invalid_grant(), "{issued:?} {sent:?}");
            // The attempt did not use up the code.
            assert_eq!(finch.exchange(&code, issued).status, 200);
        }
    }
}

#[test]
fn wrong_client_credentials_are_refused_and_leave_the_code_alone() {
    let finch = Finch::start();
    let code = finch.emulator.issue_code(step_1());
    for (field, value) in [
        ("client_id", json!("someone-else")),
        ("client_secret", json!("wrong")),
        ("client_id", Value::Null),
        ("client_secret", Value::Null),
    ] {
        let mut body = finch.exchange_body(&code, None);
        body[field] = value;
        // A valid Basic header is ignored.
        let answer = finch.post_basic("/auth/token", &body);
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    }
    let mut body = finch.exchange_body(&code, None);
    body["redirect_uri"] = Value::Null;
    let answer = finch.post("/auth/token").bearer_auth("anything").json(&body).send();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn of_many_exchanges_at_once_exactly_one_succeeds() {
    let server = Server::start().await;
    let body = server.exchange_body(&server.emulator.issue_code(step_1()), None);
    let call = |_| tokio::spawn(server.http("POST", "/auth/token").json(&body).send());
    let mut statuses = Vec::new();
    for call in (0..64).map(call).collect::<Vec<_>>() {
        statuses.push(call.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[400; 63][..]));
    assert_eq!(server.emulator.state().tokens.len(), 1);
}
