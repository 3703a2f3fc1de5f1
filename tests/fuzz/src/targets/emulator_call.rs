//! Calls to the emulator, and the faults that it plays. Applications write their tests against it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use finch_emulator::{EmulatorConfig, LocalEmulator, Login};
use http::{Method, Request, Uri};
use serde_json::Value;

use crate::{
    Target,
    canary::{filled, hidden},
    http_answers::{head_and_body, header, split},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "emulator_call",
    run: emulator_call,
    reaches: "emulator: 200; emulator: a token; emulator: disconnected; emulator: a session; \
        emulator: a fault; emulator: 400; emulator: 401; emulator: 404; emulator: 405; \
        emulator: dropped",
};

const ID: &str = "emulated-client";
const SECRET: &str = "qzCanaryOfTheClientzq";

/// Calls as text, one after the other: method and path, headers, an empty line, a body.
fn emulator_call(data: &[u8]) {
    let config = EmulatorConfig {
        client_id: ID.to_owned(),
        client_secret: SECRET.to_owned(),
        seed: Some(1),
        ..EmulatorConfig::default()
    };
    let emulator = LocalEmulator::new(config).unwrap();
    let token = connect(&emulator);
    let id = emulator.state().connections[0].connection_id.to_string();
    let code = emulator.issue_code(Login::new("A", "gusto", "Company C", "Y"));
    let basic = STANDARD.encode(format!("{ID}:{SECRET}"));
    // From then on the caller has written a secret where none belongs.
    let mut shown_by_the_caller = false;
    for part in split(data, b"\n====\n").into_iter().take(20) {
        shown_by_the_caller |= writes_a_secret_elsewhere(part);
        let values = [
            ("@TOKEN@", token.as_str()),
            ("@CODE@", &code),
            ("@ID@", &id),
            ("@BASIC@", &basic),
            ("@CLIENT@", ID),
            ("@SECRET@", SECRET),
        ];
        let Some(request) = request(&filled(part, &values)) else { continue };
        let path = request.uri().path().to_owned();
        let Some(answer) = emulator.send(request) else {
            note("emulator: dropped");
            continue;
        };
        let status = answer.status().as_u16();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        if !shown_by_the_caller {
            let mine: &[&str] = if path == "/auth/token" { &[] } else { &[&token] };
            hidden(&body, mine);
            hidden(&body, &[SECRET, &basic]);
            let state = serde_json::to_string(&emulator.state()).unwrap();
            hidden(&state, &[&token, &code, SECRET]);
        }
        count(&path, status);
        let kind = answer.headers().get("content-type");
        let is_json = kind.is_some_and(|kind| kind == "application/json; charset=utf-8");
        if is_json && !body.is_empty() {
            serde_json::from_str::<Value>(&body).expect("it says that it is JSON");
        }
    }
}

fn connect(emulator: &LocalEmulator) -> String {
    let code = emulator.issue_code(Login::new("A", "gusto", "Company C", "X"));
    let body = format!(r#"{{"client_id":"{ID}","client_secret":"{SECRET}","code":"{code}"}}"#);
    let request = Request::post("/auth/token").body(Bytes::from(body)).unwrap();
    let answer = emulator.send(request).unwrap();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn request(text: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = head_and_body(text);
    let mut lines = head.split(|b| *b == b'\n');
    let mut first = lines.next()?.splitn(2, |b| *b == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let uri = Uri::try_from(first.next()?).ok()?;
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().extend(lines.filter_map(header));
    Some(request)
}

/// Whether a secret stands anywhere but where the wire format has it.
fn writes_a_secret_elsewhere(part: &[u8]) -> bool {
    let (head, body) = head_and_body(part);
    let is_exchange = head.starts_with(b"POST /auth/token\n") || head == b"POST /auth/token";
    let without = |text: &[u8], right: [&str; 2]| {
        right.iter().fold(String::from_utf8_lossy(text).into_owned(), |t, r| t.replace(r, ""))
    };
    let head = without(
        &[head, b"\n"].concat(),
        ["\nauthorization: Bearer @TOKEN@\n", "\nauthorization: Basic @BASIC@\n"],
    );
    let secrets = ["\"client_secret\":\"@SECRET@\"", "\"code\":\"@CODE@\""];
    let body = without(body, if is_exchange { secrets } else { ["@ID@", "@CLIENT@"] });
    [head, body].iter().any(|text| {
        ["@TOKEN@", "@BASIC@", "@SECRET@", "@CODE@", "Canary"].iter().any(|s| text.contains(s))
    })
}

fn count(path: &str, status: u16) {
    match (path, status) {
        ("/auth/token", 200) => note("emulator: a token"),
        ("/disconnect", 200) => note("emulator: disconnected"),
        ("/connect/sessions", 200 | 201) => note("emulator: a session"),
        ("/__emulator/faults", 201) => note("emulator: a fault"),
        _ => note(&format!("emulator: {status}")),
    }
}
