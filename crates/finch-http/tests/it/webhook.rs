//! Webhooks: what is Finch's is read, and nothing else is.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_core::{ConnectionStatus, MAX_WEBHOOK_BYTES, Timestamp, WebhookEvent};
use finch_http::webhook::{WebhookRefused, WebhookSecretError, WebhookSecrets, verify};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
const ID: &str = "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj";
const TIME: &str = "1676312382";
const BODY: &str = r#"{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}"#;
const SIGNATURE: &str = "v1,m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s=";
const OTHER_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

type Headers = Vec<(String, Vec<u8>)>;
type Said = Result<WebhookEvent, WebhookRefused>;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn sent() -> i64 {
    TIME.parse().expect("a number")
}

fn headers(id: &str, time: &str, signature: &str) -> Headers {
    [("Finch-Event-Id", id), ("Finch-Timestamp", time), ("Finch-Signature", signature)]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .to_vec()
}

fn verify_at(now: i64, secrets: &[&str], headers: &Headers, body: &[u8]) -> Said {
    let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    verify(&WebhookSecrets::new(secrets).expect("secrets"), given, body, at(now))
}

fn check(headers: &Headers, body: &[u8]) -> Said {
    verify_at(sent(), &[SECRET], headers, body)
}

/// As Finch signs.
fn sign(secret: &str, id: &str, time: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("Base64"));
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)))
}

/// A delivery with this id and time that Finch has signed.
fn delivered(id: &str, time: &str, body: &[u8]) -> Said {
    check(&headers(id, time, &sign(SECRET, id, time, body)), body)
}

/// What a body says that Finch has signed.
fn signed(body: &str) -> Said {
    delivered(ID, TIME, body.as_bytes())
}

fn bad(header: &'static str, problem: &'static str) -> Said {
    Err(WebhookRefused::Header { header, problem })
}

#[test]
fn the_vector_of_finchs_own_clients_is_taken() {
    let event = check(&headers(ID, TIME, SIGNATURE), BODY.as_bytes()).unwrap();
    assert_eq!(sign(SECRET, ID, TIME, BODY.as_bytes()), SIGNATURE);
    assert_eq!((event.id.as_str(), event.event_type.as_str(), event.body.as_str()), (ID, "", BODY));
    assert_eq!(event.company_id.unwrap().as_str(), "720be419-0293-4d32-a707-32179b0827ab");
    assert_eq!((event.connection_id, event.status, event.received), (None, None, at(sent())));
}

#[test]
fn five_minutes_either_way_are_near_enough_and_no_second_more() {
    let headers = headers(ID, TIME, SIGNATURE);
    let after = |off| verify_at(sent() + off, &[SECRET], &headers, BODY.as_bytes());
    for off in [-300, -1, 0, 299, 300] {
        after(off).unwrap();
    }
    assert_eq!(after(301), Err(WebhookRefused::TooOld { seconds: 1 }));
    assert_eq!(after(-301), Err(WebhookRefused::FromTheFuture { seconds: 1 }));
    // However far: no arithmetic breaks.
    for time in ["0", "9223372036854775807"] {
        delivered(ID, time, BODY.as_bytes()).unwrap_err();
    }
}

#[test]
fn a_time_is_digits_and_signed_as_it_was_written() {
    let bare = ["1676312382junk", "+1676312382", " 1676312382", "1676312382 ", "1676312382.0"];
    let odd = ["1.676312382e9", "0x63EA7ABE", "", "٣", "99999999999999999999", "1676312382\0"];
    for time in bare.into_iter().chain(odd) {
        let refused = delivered(ID, time, BODY.as_bytes());
        assert_eq!(refused, bad("Finch-Timestamp", "is not a number of seconds"), "{time:?}");
    }
    let zeros = format!("000{TIME}");
    delivered(ID, &zeros, BODY.as_bytes()).unwrap();
    let signature = sign(SECRET, ID, &zeros, BODY.as_bytes());
    let rewritten = check(&headers(ID, TIME, &signature), BODY.as_bytes());
    assert_eq!(rewritten, Err(WebhookRefused::NoSignatureMatches));
}

#[test]
fn each_header_must_be_there_and_speak_with_one_voice() {
    let whole = headers(ID, TIME, SIGNATURE);
    let with = |place: usize, name: &str, value: &[u8]| {
        let mut headers = whole.clone();
        headers.insert(place, (name.to_owned(), value.to_vec()));
        check(&headers, BODY.as_bytes())
    };
    for (at, (name, value)) in whole.iter().enumerate() {
        let mut other = whole.clone();
        other.remove(at);
        let missing = check(&other, BODY.as_bytes()).unwrap_err().to_string();
        assert!(missing.starts_with(&format!("the header {name} is missing")), "{missing}");
        other.push((name.to_uppercase(), value.clone()));
        check(&other, BODY.as_bytes()).unwrap();
        with(3, &name.to_lowercase(), value).unwrap();
        for (junk, place) in [(&b"junk"[..], 0), (b"", 3), (b"\xff\xfe", 0), (b"1", 3)] {
            let said = with(place, name, junk);
            if name == "Finch-Signature" {
                assert_eq!(said.unwrap().id.as_str(), ID, "one of them is right");
            } else {
                let said = said.unwrap_err().to_string();
                let twice = format!("the header {name} came more than once");
                assert!(said.starts_with(&twice), "{said}");
            }
            other[2].1 = junk.to_vec();
            check(&other, BODY.as_bytes()).unwrap_err();
        }
    }
    with(0, "X-Finch-Signature", b"v1,x").unwrap();
    with(3, "\u{fffd}", b"\xff").unwrap();
}

#[test]
fn any_signature_that_is_right_will_do_and_none_that_is_not() {
    let other = sign(OTHER_SECRET, ID, TIME, BODY.as_bytes());
    let bare = SIGNATURE.strip_prefix("v1,").unwrap();
    for list in [
        format!("{other} {SIGNATURE}"),
        format!("{SIGNATURE} {other}"),
        format!("v2,abc v1a,{bare} {SIGNATURE}"),
        format!("v1,!!! v1, v1 , =  {SIGNATURE}  "),
        format!("{other}, {SIGNATURE}, v0,x"),
        format!("{other},{SIGNATURE}"),
        format!("v0,x,{SIGNATURE},"),
        format!("v1,AAAA {SIGNATURE}\t{other}"),
    ] {
        check(&headers(ID, TIME, &list), BODY.as_bytes()).unwrap_or_else(|e| panic!("{list}: {e}"));
    }
    for list in [
        String::new(),
        other.clone(),
        bare.to_owned(),
        format!("v2,{bare}"),
        format!("V1,{bare}"),
        format!("v1, {bare}"),
        format!("v1,{}", bare.trim_end_matches('=')),
        format!("v1,{bare}="),
        format!("v1,{}", bare.replace('+', "-").replace('/', "_")),
        format!("v1,{}", &bare[..40]),
        "v1,".to_owned(),
        format!("v1,{}", STANDARD.encode([0; 32])),
    ] {
        let refused = check(&headers(ID, TIME, &list), BODY.as_bytes());
        assert_eq!(refused, Err(WebhookRefused::NoSignatureMatches), "{list}");
    }
}

#[test]
fn both_secrets_hold_while_one_takes_over() {
    for secret in [SECRET, OTHER_SECRET] {
        let given = headers(ID, TIME, &sign(secret, ID, TIME, BODY.as_bytes()));
        verify_at(sent(), &[OTHER_SECRET, SECRET], &given, BODY.as_bytes()).unwrap();
    }
}

#[test]
fn no_changed_bit_goes_unnoticed() {
    let whole = headers(ID, TIME, SIGNATURE);
    for header in 0..3 {
        for bit in 0..whole[header].1.len() * 8 {
            let mut changed = whole.clone();
            changed[header].1[bit / 8] ^= 1 << (bit % 8);
            check(&changed, BODY.as_bytes()).unwrap_err();
        }
    }
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.as_bytes().to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(check(&whole, &body), Err(WebhookRefused::NoSignatureMatches));
    }
    for cut in 0..BODY.len() {
        check(&whole, &BODY.as_bytes()[..cut]).unwrap_err();
    }
}

/// What is signed is one text with dots in it: it must not be cut elsewhere.
#[test]
fn an_id_that_could_be_cut_elsewhere_is_none() {
    let body = format!("{TIME}.{{}}");
    let signature = sign(SECRET, "a", TIME, body.as_bytes());
    let moved = check(&headers(&format!("a.{TIME}"), TIME, &signature), b"{}");
    assert_eq!(moved, bad("Finch-Event-Id", "is not an event id"));
    for id in ["", "a.b"] {
        let refused = delivered(id, TIME, BODY.as_bytes());
        assert_eq!(refused, bad("Finch-Event-Id", "is not an event id"), "{id:?}");
    }
    for id in [" a", "\u{202e}", &"x".repeat(256)] {
        let event = delivered(id, TIME, BODY.as_bytes()).unwrap();
        assert_eq!(event.id.as_str(), id, "what Finch signs is kept as it is");
    }
}

#[test]
fn a_body_has_a_longest_length_and_is_looked_at_no_further() {
    let longest = format!("\"{}\"", "x".repeat(MAX_WEBHOOK_BYTES - 2));
    assert_eq!(signed(&longest).unwrap().body, longest);
    let bytes = 10 * 1024 * 1024;
    let refused = check(&headers(ID, TIME, SIGNATURE), &vec![b' '; bytes]);
    assert_eq!(refused, Err(WebhookRefused::TooLarge { bytes }));
    let deep = "[".repeat(MAX_WEBHOOK_BYTES / 2) + &"]".repeat(MAX_WEBHOOK_BYTES / 2);
    signed(&deep).unwrap();
}

#[test]
fn what_is_no_json_is_no_event() {
    let text =
        ["", " ", "{", "{}}", "{'a':1}", "\u{feff}{}", "event_type=account.updated", "{\"a\":}"];
    for body in text.map(str::as_bytes).into_iter().chain([&b"{\"a\":\"\xe9\"}"[..]]) {
        let refused = delivered(ID, TIME, body);
        assert_eq!(refused, Err(WebhookRefused::NotJson { bytes: body.len() }), "{body:?}");
    }
}

#[test]
fn any_json_is_an_event_as_far_as_it_says_something() {
    for body in r#"null|5|[]|"x"|{}|{"event_type":5}|{"event_type":null}|{"data":{}}|{"status":"disconnected"}|
        {"connection_id":"","company_id":""}|{"connection_id":{"id":"k"}}|{"connection_id":"\ud800"}|
        {"data":{"status":"disconnected"}}"#.split('|')
    {
        let event = signed(body).unwrap();
        assert_eq!((event.event_type.as_str(), event.body.as_str()), ("", body));
        assert!(event.connection_id.is_none() && event.company_id.is_none(), "{body}");
        assert_eq!(event.status, None, "{body}");
    }
}

#[test]
fn an_account_is_read_in_both_of_finchs_ways() {
    for method in [
        r#""assisted""#,
        r#"{"type":"credential","benefits_support":{},"supported_fields":{"company":{"id":true}}}"#,
        "null",
    ] {
        let event = signed(&format!(
            r#"{{"event_type":"account.updated","connection_id":"k","company_id":"c","account_id":"a",
                "entity_id":null,"data":{{"status":"error_reauth","authentication_method":{method}}}}}"#
        ))
        .unwrap();
        assert_eq!(event.event_type, "account.updated");
        assert_eq!(event.connection_id.unwrap().as_str(), "k");
        assert_eq!(event.company_id.unwrap().as_str(), "c");
        assert_eq!(event.status, Some(ConnectionStatus::Reauth));
    }
    for data in
        ["null", "5", "\"disconnected\"", "[]", "{}", r#"{"status":5}"#, r#"{"status":null}"#]
    {
        let body = format!(r#"{{"event_type":"account.updated","data":{data}}}"#);
        assert_eq!(signed(&body).unwrap().status, None, "{data}");
    }
    let unknown = r#"{"event_type":"moon.full","connection_id":"k","data":{"status":"reauth"}}"#;
    let event = signed(unknown).unwrap();
    assert_eq!((event.event_type.as_str(), event.status), ("moon.full", None));
    assert_eq!(event.connection_id.unwrap().as_str(), "k");
}

#[test]
fn no_refusal_repeats_a_secret_or_what_came() {
    let canary = "qzCanaryzq";
    let body = format!("{{\"{canary}\":");
    let mut refusals = vec![signed(&body).unwrap_err()];
    for at in 0..3 {
        let mut odd = headers(ID, TIME, SIGNATURE);
        odd[at].1 = format!("{canary}.\u{1b}[31m").into_bytes();
        refusals.push(check(&odd, body.as_bytes()).unwrap_err());
        odd.push((odd[at].0.clone(), b"other".to_vec()));
        refusals.push(check(&odd, body.as_bytes()).unwrap_err());
    }
    for refused in refusals {
        let shown = format!("{refused} {refused:?} {refused:#?}");
        assert!(!shown.contains(canary) && !shown.contains('\u{1b}'), "{shown}");
    }
    let shown = format!("{:#?}", WebhookSecrets::new([SECRET]).unwrap());
    assert_eq!(shown, "WebhookSecrets(1, redacted)");
}

#[test]
fn a_secret_is_checked_when_it_is_given() {
    WebhookSecrets::new([format!(" {SECRET}\n")]).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(WebhookSecrets::new(none).unwrap_err(), WebhookSecretError::None);
    let second = |text: &str| WebhookSecrets::new([SECRET, text]).unwrap_err();
    for text in [&format!("whsec_{SECRET}"), "qz Canary zq", "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8F", "é"]
    {
        let error = second(text);
        assert!(error.to_string().contains("secret 2 is not standard Base64"), "{error}");
        assert!(!format!("{error} {error:?}").contains(text));
    }
    for text in [format!("\"{SECRET}\""), format!("'{SECRET}'\n")] {
        assert!(second(&text).to_string().contains("quotation marks"), "{text:?}");
    }
    for text in ["", "   ", "AAAA", "c2hvcnQ="] {
        assert!(second(text).to_string().contains("too short"), "{text:?}");
    }
}
