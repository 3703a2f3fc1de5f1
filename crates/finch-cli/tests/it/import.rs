//! Import: what becomes of each token of a list.

use std::{fs, io::Write as _, time::Duration};

use finch_core::{AuthorizationCode, ClientId, ClientSecret, FinchApi as _};
use finch_emulator::{Fault, Login};
use finch_http::{HttpFinch, HttpFinchConfig};

use crate::support::{Place, Ran, SECRET, block_on, signal};

/// Tokens that Finch has issued, each for an employer of its own, and that nothing here knows.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the tokens are written into a list")]
pub(crate) fn elsewhere(place: &Place, companies: impl IntoIterator<Item = String>) -> Vec<String> {
    let id = ClientId::new(place.finch.client_id()).expect("an id");
    let mut config = HttpFinchConfig::new(id, ClientSecret::new(SECRET));
    config.base_url = place.finch.url().to_owned();
    let http = HttpFinch::new(config).expect("a client");
    block_on(async {
        let mut tokens = Vec::new();
        for company in companies {
            let login = Login::new("User A", "Gusto", company, "Credentials X");
            let code = AuthorizationCode::new(place.finch.issue_code(login));
            let grant = http.exchange(&code, None).await.expect("a token");
            place.guard(grant.secret.expose());
            tokens.push(grant.secret.expose().to_owned());
        }
        tokens
    })
}

pub(crate) fn some(place: &Place, number: usize) -> Vec<String> {
    elsewhere(place, (0..number).map(|n| format!("Company {n}")))
}

pub(crate) fn import(place: &Place, list: &[u8], more: &[&str]) -> Ran {
    fs::write(place.path("tokens"), list).expect("written");
    place.run(&[&["import", "tokens", "--rate", "1000"], more].concat())
}

/// What the summary counts: stored, already here, and the failed lines with their kinds.
pub(crate) fn counts(ran: &Ran) -> (u64, u64, Vec<(u64, String)>) {
    let summary = ran.json();
    let number = |name: &str| summary[name].as_u64().expect(name);
    let failed = summary["failed_lines"].as_array().expect("lines").iter();
    let failed = failed.map(|line| {
        assert!(!line["what_to_do"].as_str().expect("a way out").is_empty());
        (
            line["line"].as_u64().expect("a number"),
            line["kind"].as_str().expect("a kind").to_owned(),
        )
    });
    (number("stored"), number("already_here"), failed.collect())
}

pub(crate) fn failed(line: u64, kind: &str) -> (u64, String) {
    (line, kind.to_owned())
}

#[test]
fn lines_of_json_from_standard_input() {
    let place = Place::new();
    let tokens = some(&place, 3);
    let list = format!(
        "{{\"token\":\"{}\",\"customer\":\"acme\",\"plan\":{{\"deep\":[1]}}}}\n\
         {{\"customerId\":42,\"accessToken\":\"{}\",\"connection_id\":null}}\n\
         not json\n[]\n{{\"token\":\"{}\"}}\n{{\"token\":\"a\",\"token\":\"b\",\"customer\":\"c\"}}\n",
        tokens[0], tokens[1], tokens[2]
    );
    let ran = place.run_with(&["import", "--rate", "1000", "--json"], &list).code(4);
    let bad = vec![
        failed(3, "malformed"),
        failed(4, "malformed"),
        failed(5, "customer_missing"),
        failed(6, "malformed"),
    ];
    assert_eq!(counts(&ran), (2, 0, bad));
    assert_eq!(ran.json()["ignored_columns"][0], "plan");
    place.cli("connections --customer 42").code(0).shows("connected");
}

#[test]
fn each_bad_line_fails_alone_and_is_named() {
    let place = Place::new();
    let tokens = some(&place, 3);
    let mut list = b"token,customer,connection_id\n".to_vec();
    let long = "x".repeat(70_000);
    for line in [
        format!("{},acme,", tokens[0]),
        format!("{},acme,", tokens[0]),
        format!("{},beta,", tokens[0]),
        "dead-token-0123456789,acme,".to_owned(),
        ",acme,".to_owned(),
        format!("{},,", tokens[1]),
        format!("two {},acme,", tokens[1]),
        format!("{},ac\u{202e}me,", tokens[1]),
        format!("{},acme,another-connection", tokens[1]),
        format!("\"{},acme,", tokens[1]),
        tokens[1].clone(),
        format!("{},acme,{long}", tokens[1]),
        format!("{},acme", tokens[1]),
        format!("acme,{},", tokens[1]),
    ] {
        list.extend_from_slice(line.as_bytes());
        list.push(b'\n');
    }
    list.extend_from_slice(b"\xff\xfe,acme,\n\0,acme,\n");
    list.extend_from_slice(format!("{},gamma,", tokens[2]).as_bytes());
    place.guard("dead-token-0123456789");
    let ran = import(&place, &list, &["--json"]).code(4);
    let bad = vec![
        failed(4, "foreign"),
        failed(5, "refused"),
        failed(6, "token_missing"),
        failed(7, "customer_missing"),
        failed(8, "token_malformed"),
        failed(9, "customer_invalid"),
        failed(10, "other_connection"),
        failed(11, "malformed"),
        failed(12, "malformed"),
        failed(13, "too_long"),
        failed(14, "malformed"),
        failed(15, "token_malformed"),
        failed(16, "not_utf8"),
        failed(17, "token_malformed"),
    ];
    assert_eq!(counts(&ran), (2, 1, bad));
    let summary = ran.json();
    assert_eq!(summary["failed"]["malformed"], 3);
    let asked = place.calls("GET /introspect");
    assert_eq!(asked, 4, "the good tokens, one of another connection, and a dead one");
    assert_eq!(summary["failed_lines"][1]["customer"], "acme");
    let ran = import(&place, &list, &[]).code(4);
    assert!(ran.out.contains("line 5, customer acme: Finch refuses the token"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[test]
fn a_person_is_shown_twenty_lines_and_a_count() {
    let place = Place::new();
    let list = "token,customer\n".to_owned() + &",acme\n".repeat(33);
    let ran = import(&place, list.as_bytes(), &[]).code(4).shows("33 lines failed");
    assert_eq!(ran.out.matches("the token is missing").count(), 20);
    assert!(ran.out.contains("and 13 more"), "{}", ran.out);
    assert_eq!(counts(&import(&place, list.as_bytes(), &["--json"]).code(4)).2.len(), 33);
}

#[test]
fn unpaid_invoices_stop_it_and_it_goes_on_later() {
    let place = Place::new();
    let tokens = some(&place, 3);
    let list = format!("token,customer\n{},a\n{},b\n{},c\n", tokens[0], tokens[1], tokens[2]);
    import(&place, format!("token,customer\n{},a\n", tokens[0]).as_bytes(), &[]).code(0);
    place.finch.push_fault(Fault::on("/introspect").times(9).status(402));
    let ran = import(&place, list.as_bytes(), &[]).code(6).says("invoices");
    assert!(ran.out.contains("1 token was here already"), "{ran:?}");
    assert!(ran.err.contains("continues") && ran.out.contains("continues"), "{ran:?}");
    assert_eq!(place.calls("GET /introspect"), 2, "at once");
    let rest = format!("token,customer\n{},b\n", tokens[1]);
    let ran = import(&place, rest.as_bytes(), &[]).code(6);
    assert!(!ran.out.contains("no token"), "{ran:?}");
    place.finch.clear_faults();
    assert_eq!(counts(&import(&place, list.as_bytes(), &["--json"]).code(0)), (2, 1, vec![]));
}

#[test]
fn a_signal_ends_it_after_the_token_at_hand() {
    let place = Place::new();
    let tokens = some(&place, 2);
    place.finch.push_fault(Fault::on("/introspect").delay(Duration::from_millis(500)));
    let arguments = ["import", "-", "--rate", "1000"];
    let mut child = place
        .command(&arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    // The pipe stays open: the list has no end yet.
    let mut input = child.stdin.take().expect("standard input");
    let list = format!("token,customer\n{},acme\n{},beta\n", tokens[0], tokens[1]);
    input.write_all(list.as_bytes()).expect("it reads");
    let began = std::time::Instant::now();
    while place.calls("GET /introspect") == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "INT");
    let ran = place.ran(&arguments, child.wait_with_output().expect("it ends")).code(4);
    assert!(ran.out.contains("1 token is stored") && ran.out.contains("continues"), "{ran:?}");
    drop(input);
}

#[test]
fn a_hundred_megabytes_take_little_memory() {
    let place = Place::new();
    let tokens = some(&place, 1);
    let mut file =
        std::io::BufWriter::new(fs::File::create(place.path("big.csv")).expect("a file"));
    writeln!(file, "token,customer,notes\n{},acme,", tokens[0]).expect("written");
    let notes = "n".repeat(63 * 1024);
    for _ in 0..1600 {
        writeln!(file, ",acme,{notes}").expect("written");
    }
    file.flush().expect("written");
    let size = fs::metadata(place.path("big.csv")).expect("a file").len();
    assert!(size > 100_000_000, "{size}");
    // No more memory than this, whatever the size: the limit is the kernel's.
    let finch = env!("CARGO_BIN_EXE_finch");
    let limited = format!("ulimit -d 60000; exec {finch} import big.csv --rate 1000");
    let mut command = place.command(&[]);
    let environment: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = std::process::Command::new("/bin/sh");
    command.args(["-c", &limited]).env_clear().envs(environment).current_dir(place.folder());
    let ran = place.ran(&["import", "big.csv"], command.output().expect("it runs")).code(4);
    assert!(ran.out.contains("1 token is stored"), "{ran:?}");
    assert!(ran.out.contains("1600 lines failed"), "{ran:?}");
}
