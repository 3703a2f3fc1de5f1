//! What `/auth/token` and `/introspect` say together: no token is lost while both name its connection.

use finch_core::{ExchangeFailure, FailureKind, FinchApiError, exchange_failure};

use crate::{
    finch::{GRANT, TOKEN, exchange, object, playing, shown},
    server::json,
};

/// An introspection, field by field.
const SAID: [(&str, &str); 13] = [
    ("id", r#""t-1""#),
    ("client_id", r#""4ab15e51-11ad-49f4-acae-f343b7794375""#),
    ("client_type", r#""production""#),
    ("connection_id", r#""bc3a2af9-ce03-46c4-9142-81abe789c64d""#),
    ("connection_status", r#"{"status":"connected"}"#),
    ("connection_type", r#""provider""#),
    ("products", r#"["directory"]"#),
    ("provider_id", r#""gusto""#),
    ("payroll_provider_id", r#""gusto""#),
    ("company_id", r#""4ab15e51-11ad-49f4-acae-f343b7794375""#),
    ("customer_id", "null"),
    ("entities", "[]"),
    ("manual", r#""false""#),
];

/// What may stand where something else should: of each type of JSON, and no text.
const WRONG: [&str; 10] = [
    "null",
    "17",
    "-1.5e999",
    "true",
    "[]",
    "{}",
    "[[],null,17]",
    r#"{"a":"canary-inner"}"#,
    r#""""#,
    r#""canary\ud800""#,
];

/// The object without this field, with each wrong value in it, and with it twice: once right, once wrong.
fn spoiled(fields: &[(&'static str, &'static str)], name: &str) -> Vec<String> {
    let (own, mut others): (Vec<_>, Vec<_>) = fields.iter().copied().partition(|f| f.0 == name);
    let [right] = own[..] else { panic!("no field {name}") };
    let mut all = vec![object(&others)];
    for wrong in WRONG.map(|wrong| (right.0, wrong)) {
        for values in [&[wrong][..], &[right, wrong], &[wrong, right], &[right, right]] {
            others.extend(values);
            all.push(object(&others));
            others.truncate(fields.len() - 1);
        }
    }
    all
}

fn without(fields: &[(&'static str, &'static str)], names: &[&str]) -> String {
    let others: Vec<_> = fields.iter().copied().filter(|f| !names.contains(&f.0)).collect();
    object(&others)
}

async fn assert_kept(issued: &str, said: &str) {
    let (server, finch) = playing([json(200, issued), json(200, said)]).await;
    let grant = exchange(&finch).await.unwrap_or_else(|e| panic!("{e} for {issued} and {said}"));
    assert_eq!(grant.secret.expose(), TOKEN);
    assert_eq!(grant.facts.connection_id.as_str(), "bc3a2af9-ce03-46c4-9142-81abe789c64d");
    assert_eq!(grant.facts.provider_id.as_str(), "gusto", "{issued} and {said}");
    assert!(server.seen().len() <= 2, "the code is sent once");
}

#[tokio::test]
async fn no_token_is_lost_over_a_field_of_the_exchange() {
    for (name, _) in GRANT {
        for issued in spoiled(&GRANT, name) {
            // The token itself stands in no other answer.
            if name != "access_token" || issued.contains(TOKEN) {
                assert_kept(&issued, &object(&SAID)).await;
                continue;
            }
            let (server, finch) = playing([json(200, &issued), json(200, &object(&SAID))]).await;
            let error = exchange(&finch).await.expect_err("no token");
            assert!(shown(&error).contains("access_token"), "{error}");
            server.only();
        }
    }
}

#[tokio::test]
async fn no_token_is_lost_over_a_field_of_the_introspection() {
    for missing in ["connection_id", "provider_id"] {
        let issued = without(&GRANT, &[missing]);
        for (name, _) in SAID.into_iter().filter(|(name, _)| *name != missing) {
            for said in spoiled(&SAID, name) {
                assert_kept(&issued, &said).await;
            }
        }
    }
}

#[tokio::test]
async fn each_answer_may_name_half_and_the_provider_by_its_old_name() {
    let old = |fields: &str| fields.replace("\"provider_id\"", "\"payroll_provider_id\"");
    let (no_connection, no_provider) =
        (without(&GRANT, &["connection_id"]), without(&GRANT, &["provider_id"]));
    assert_kept(&no_connection, &without(&SAID, &["provider_id", "payroll_provider_id"])).await;
    assert_kept(&no_provider, &without(&SAID, &["connection_id"])).await;
    assert_kept(&no_provider, &without(&SAID, &["connection_id", "provider_id"])).await;
    assert_kept(&no_provider, &without(&SAID, &["connection_status", "provider_id"])).await;
    assert_kept(&old(&no_connection), &without(&SAID, &["provider_id", "products"])).await;
    assert_kept(&old(&object(&GRANT)), "canary").await;
    assert_kept(&no_provider, &format!("\u{feff}\r\n{}\r\n canary", object(&SAID))).await;
}

#[tokio::test]
async fn facts_of_the_exchange_stand_before_those_of_the_introspection() {
    let said = r#"{"connection_id":"k","provider_id":"adp","company_id":"c","products":["ssn"]}"#;
    let issued = without(&GRANT, &["provider_id", "products"]);
    let (_server, finch) = playing([json(200, &issued), json(200, said)]).await;
    let facts = exchange(&finch).await.expect("a grant").facts;
    assert_eq!(facts.connection_id.as_str(), "bc3a2af9-ce03-46c4-9142-81abe789c64d");
    assert_eq!(facts.company_id.expect("given").as_str(), "4ab15e51-11ad-49f4-acae-f343b7794375");
    assert_eq!(facts.provider_id.as_str(), "adp");
    assert_eq!(facts.products, ["ssn".into()]);
}

#[tokio::test]
async fn a_token_of_a_connection_that_neither_names_comes_back_with_the_error() {
    for name in ["connection_id", "provider_id"] {
        let issued = without(&GRANT, &[name]);
        let said = without(&SAID, &[name, "payroll_provider_id"]);
        let (server, finch) = playing([json(200, &issued), json(200, &said)]).await;
        let error = exchange(&finch).await.expect_err(name);
        assert_eq!(error.failure_kind(), FailureKind::Unplaced);
        assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown);
        assert!(shown(&error).contains(&format!("{name} is missing")));
        let FinchApiError::Unplaced { secret, .. } = error else { panic!("{error:?}") };
        assert_eq!(secret.expose(), TOKEN);
        assert_eq!(server.seen().len(), 2);
    }
}
