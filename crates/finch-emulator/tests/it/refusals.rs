//! Requests that are refused, and the field that each refusal names.

use serde_json::{Deserializer, Value, json};

use crate::support::{Finch, HOOKS, HOOKS_SECRET, step_1};

/// An endpoint, a field, and values that are bad there.
const BAD_FIELDS: &str = r#"
/auth/token                          code                    null 7
/auth/token                          client_id               true
/auth/token                          redirect_uri            []
/connect/sessions                    customer_id             null "" 7 LONG
/connect/sessions                    customer_name           null LONG
/connect/sessions                    customer_email          "no address"
/connect/sessions                    products                null "company" ["everything"] [1]
/connect/sessions                    redirect_uri            1 "callback" "javascript:alert(1)"
/connect/sessions                    minutes_to_expire       0 -1 129601 "60"
/connect/sessions                    sandbox                 true "yes"
/connect/sessions                    manual                  "true"
/connect/sessions                    integration             "gusto"
/connect/sessions                    integration.provider    {} {"provider":1}
/connect/sessions                    integration.auth_method {"provider":"gusto","auth_method":"magic"}
/connect/sessions                    recordkeeping           {"recordkeeper":"voya"}
/connect/sessions/reauthenticate     connection_id           null 1
/connect/sessions/reauthenticate     products                ["everything"]
/connect/sessions/reauthenticate     redirect_uri            "callback"
/connect/sessions/reauthenticate     minutes_to_expire       0 1.5 "60"
/sandbox/connections                 provider_id             null 1
/sandbox/connections                 products                "company"
/sandbox/connections                 employee_size           "x"
/sandbox/connections                 authentication_type     "magic"
/sandbox/connections/accounts        provider_id             null
/sandbox/connections/accounts        company_id              null "C"
/__emulator/codes                    user                    null "" " " 7 ["x"]
/__emulator/codes                    provider                null "" " " 7 ["x"]
/__emulator/codes                    company                 null "" " " 7 ["x"]
/__emulator/codes                    credentials             null "" " " 7 ["x"]
/__emulator/codes                    products                "company" [1] [""]
/__emulator/codes                    redirect_uri            1 ""
/__emulator/codes                    customer_id             1
/__emulator/clock                    advance_seconds         null -1 1e300
/__emulator/status                   status                  "disconnected"
/__emulator/webhooks                 url                     null "/hooks" "https://app.example/" "ftp://app.example/"
/__emulator/webhooks                 url                     "http://me:pw@app.example/"
/__emulator/webhooks                 secret                  null "" "whsec_abc"
/__emulator/webhooks/send            event_type              null "payment.created"
/__emulator/webhooks/send            connection_id           null "x"
/__emulator/webhooks/send            body                    "text"
/__emulator/webhooks/resend          event_id                "msg_unknown"
"#;

#[test]
fn a_bad_field_is_refused_by_its_name() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let webhook = json!({ "url": HOOKS, "secret": HOOKS_SECRET });
    assert_eq!(finch.post("/__emulator/webhooks").json(&webhook).send().status, 200);
    // Every field that some endpoint needs; the others are ignored.
    let good = json!({
        "client_id": null, "client_secret": null, "code": "c", "customer_id": "a",
        "customer_name": "A", "products": ["company"], "connection_id": token["connection_id"],
        "provider_id": "gusto", "company_id": token["company_id"], "user": "A",
        "provider": "Gusto", "company": "C", "credentials": "X", "url": HOOKS,
        "secret": HOOKS_SECRET, "event_type": "account.updated", "status": "reauth",
    });
    let long = format!("{:?}", "x".repeat(256));
    for line in BAD_FIELDS.replace("LONG", &long).lines().skip(1) {
        let (path, rest) = line.split_once(' ').unwrap();
        let (field, values) = rest.trim_start().split_once(' ').unwrap();
        for value in Deserializer::from_str(values).into_iter::<Value>() {
            let mut body = good.clone();
            body[field.split('.').next().unwrap()] = value.unwrap();
            let answer = finch.post_basic(path, &body);
            let is_connect = path.starts_with("/connect");
            let name = if is_connect { "bad_request" } else { "invalid_request" };
            assert_eq!(answer.error(), (400, name.to_owned()), "{line}: {}", answer.text);
            let json = answer.json();
            assert!(!is_connect || json["finch_code"] == "invalid_request", "{json}");
            let message = json["message"].as_str().unwrap();
            assert!(message.contains(&format!("`{field}`")), "{line}: {message}");
        }
    }
    let state = finch.emulator.state();
    assert_eq!((state.sessions, state.codes, state.tokens.len()), (0, 0, 1));
}

#[test]
fn a_bad_body_is_explained_and_no_secret_repeated() {
    let finch = Finch::start();
    for (body, named) in [
        ("", "empty"),
        ("{\"code\": ", "line 1"),
        ("[]", "object"),
        ("[null, null, null, \"c\"]", "object"),
        ("{\"client_secret\": \"very-secret\", \"code\": very-secret}", "line 1"),
        ("{\"client_secret\": [\"very-secret\"], \"code\": \"c\"}", "`client_secret`"),
    ] {
        let answer = finch.post("/auth/token").body(body).send();
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{body}");
        assert!(answer.text.contains(named), "{body}: {}", answer.text);
        assert!(!answer.text.contains("very-secret"), "{}", answer.text);
    }
    for secrets in [json!([]), json!([HOOKS_SECRET])] {
        let body = json!({ "url": HOOKS, "secrets": secrets, "secret": HOOKS_SECRET });
        let answer = finch.post("/__emulator/webhooks").json(&body).send();
        assert!(answer.status == 400 && answer.text.contains("`secret`"), "{}", answer.text);
        assert!(!answer.text.contains(HOOKS_SECRET));
    }
}

/// What the refusal says, and faults that are refused so.
const BAD_FAULTS: &str = r#"
object                            "drop" 1
`rate_limit`                      {} {"rate_limit":5}
`rate_limit.retry_after`          {"rate_limit":{"retry_after":"soon"}}
`drop`                            {"path":"/a"} {"drop":"later"} {"status":500,"drop":"before_effect"}
`explode`                         {"explode":true}
`garbage`                         {"explode":true} {"garbage":false}
`path`                            {"path":"disconnect","lie":true} {"path":"/__emulator/state","lie":true} {"path":1,"lie":true}
`method`                          {"method":"G T","lie":true}
`times`                           {"times":0,"lie":true} {"times":5000000000,"lie":true}
`delay_ms`                        {"delay_ms":-1} {"delay_ms":600001}
`status`                          {"status":99} {"status":"500"}
`headers`                         {"status":500,"headers":["a"]} {"status":500,"headers":{"a b":"c"}} {"status":500,"headers":{"a":1}}
`after_effect`                    {"status":500,"after_effect":"yes"} {"lie":true,"after_effect":true}
`body`                            {"drop":"before_effect","body":"x"}
`omit`                            {"omit":"company_id"}
reauthenticate_user,              {"error":"no_such_error"}
`error`                           {"error":401}
`context`                         {"error":"invalid_token","context":1} {"status":400,"context":{}}
`lie`                             {"lie":false}
`cut`                             {"cut":-1}
half_close,                       {"cut":5,"then":"wait"}
`then`                            {"endless":true,"then":"close"}
`endless`                         {"endless":7}
`trickle`                         {"trickle":5}
`trickle.pause_ms`                {"trickle":{}} {"trickle":{"pause_ms":600001}}
`trickle.bytes`                   {"trickle":{"bytes":0,"pause_ms":1}}
`length_off_by`                   {"length_off_by":0} {"length_off_by":1.5}
`late_seconds`                    {"drop":"before_effect","late_seconds":0} {"drop":"before_effect","late_seconds":421}
`late_seconds`                    {"drop":"after_effect","late_seconds":9} {"delay_ms":5,"late_seconds":9}
`late_seconds`                    {"status":500,"after_effect":true,"late_seconds":9}
"#;

#[test]
fn a_bad_fault_is_explained_and_none_is_queued() {
    let finch = Finch::start();
    for line in BAD_FAULTS.lines().skip(1) {
        let (named, faults) = line.split_once(' ').unwrap();
        for fault in Deserializer::from_str(faults).into_iter::<Value>().map(Result::unwrap) {
            for body in [fault.clone(), json!([{ "path": "/a", "garbage": true }, fault])] {
                let answer = finch.post("/__emulator/faults").json(&body).send();
                assert_eq!(answer.status, 400, "{body}");
                let message = answer.json()["message"].as_str().unwrap().to_owned();
                assert!(message.contains(named), "{body}: {message}");
            }
        }
    }
    assert!(finch.emulator.state().faults.is_empty());
}
