//! Codes: single use, ten minutes, one redirect URI.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::support::{Answer, Finch, send, step_1};

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_code_works_once() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    assert_eq!(finch.exchange(&code, None).await.status, 200);
    let again = finch.exchange(&code, None).await;
    assert_eq!(again.error(), invalid_grant());
    assert_eq!(again.json()["message"], "Invalid grant: authorization code is invalid");
    assert_eq!(finch.exchange("unknown", None).await.error(), invalid_grant());
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes() {
    let finch = Finch::start().await;
    let [early, late] = [(); 2].map(|()| finch.emulator.issue_code(step_1()));
    finch.emulator.advance(Duration::from_secs(9 * 60 + 50));
    assert_eq!(finch.exchange(&early, None).await.status, 200);
    finch.emulator.advance(Duration::from_secs(10));
    let answer = finch.exchange(&late, None).await;
    assert_eq!(answer.error(), invalid_grant());
    assert!(answer.json()["message"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn the_redirect_uri_must_be_that_of_the_code() {
    let uri = "https://app.example/callback";
    let table = [
        (None, None, true),
        (None, Some(uri), false),
        (None, Some(""), false),
        (Some(uri), Some(uri), true),
        (Some(uri), None, false),
        (Some(uri), Some(""), false),
        (Some(uri), Some("https://app.example/callback/"), false),
        (Some(uri), Some("https://APP.example/callback"), false),
    ];
    let finch = Finch::start().await;
    for (issued, sent, accepted) in table {
        let mut login = step_1();
        login.redirect_uri = issued.map(str::to_owned);
        let code = finch.emulator.issue_code(login);
        let answer = finch.exchange(&code, sent).await;
        if accepted {
            assert_eq!(answer.status, 200, "{issued:?} {sent:?}");
        } else {
            assert_eq!(answer.error(), invalid_grant(), "{issued:?} {sent:?}");
            // The attempt has not used the code up.
            assert_eq!(finch.exchange(&code, issued).await.status, 200);
        }
    }
    // A redirect_uri of null is none.
    let code = finch.emulator.issue_code(step_1());
    let mut body = finch.exchange_body(&code, None);
    body["redirect_uri"] = Value::Null;
    assert_eq!(send(finch.post("/auth/token").json(&body)).await.status, 200);
}

#[tokio::test]
async fn wrong_client_credentials_are_refused_and_leave_the_code_alone() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    for (field, value) in [
        ("client_id", json!("someone-else")),
        ("client_secret", json!("wrong")),
        ("client_id", Value::Null),
        ("client_secret", Value::Null),
    ] {
        let mut body = finch.exchange_body(&code, None);
        body[field] = value;
        // A right Basic header makes up for nothing: it is ignored here.
        let answer = send(finch.post_basic("/auth/token", &body)).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    }
    let body = finch.exchange_body(&code, None);
    let answer = send(finch.post("/auth/token").bearer_auth("whatever").json(&body)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn of_many_exchanges_at_once_exactly_one_succeeds() {
    let finch = Arc::new(Finch::start().await);
    let code = finch.emulator.issue_code(step_1());
    let attempts: Vec<_> = (0..64)
        .map(|_| {
            let (finch, code) = (Arc::clone(&finch), code.clone());
            tokio::spawn(async move { finch.exchange(&code, None).await })
        })
        .collect();
    let mut answers: Vec<Answer> = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((good.len(), bad.len()), (1, 63));
    assert!(bad.iter().all(|answer| answer.error() == invalid_grant()));
    assert_eq!(finch.emulator.state().tokens.len(), 1);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_named() {
    let finch = Finch::start().await;
    for (body, named) in [
        ("", "empty"),
        ("{\"code\": ", "line 1"),
        ("[]", "object"),
        ("{}", "`code`"),
        ("{\"code\": 7}", "`code`"),
        ("{\"code\": \"c\", \"client_id\": true}", "`client_id`"),
        ("{\"code\": \"c\", \"redirect_uri\": []}", "`redirect_uri`"),
    ] {
        let answer = send(finch.post("/auth/token").body(body)).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{body}");
        let message = answer.json()["message"].clone();
        assert!(message.as_str().unwrap().contains(named), "{body}: {message}");
    }
}
