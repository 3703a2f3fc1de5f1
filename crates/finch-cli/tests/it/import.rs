//! Import: what a list of tokens may look like, what becomes of each, and that only its tokens reach Finch.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use finch_core::{AuthorizationCode, ClientId, ClientSecret, FinchApi as _};
use finch_emulator::{Fault, Login};
use finch_http::{HttpFinch, HttpFinchConfig};

use crate::support::{Place, Ran, SECRET, block_on, signal, until};

/// Tokens that Finch has issued, each for an employer of its own, and that nothing here knows.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the tokens are written into a list")]
pub(crate) fn some(place: &Place, number: usize) -> Vec<String> {
    let id = ClientId::new(place.finch.client_id()).expect("an id");
    let mut config = HttpFinchConfig::new(id, ClientSecret::new(SECRET));
    config.base_url = place.finch.url().to_owned();
    let http = HttpFinch::new(config).expect("a client");
    block_on(async {
        let mut tokens = Vec::new();
        for company in (0..number).map(|n| format!("Company {n}")) {
            let login = Login::new("User A", "Gusto", company, "Credentials X");
            let code = AuthorizationCode::new(place.finch.issue_code(login));
            let grant = http.exchange(&code, None).await.expect("a token");
            place.guard(grant.secret.expose());
            tokens.push(grant.secret.expose().to_owned());
        }
        tokens
    })
}

fn import(place: &Place, list: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    fs::write(place.path("tokens"), list).expect("written");
    place.run(&[&["import", "tokens", "--rate", "1000"], more].concat())
}

/// What the summary counts: stored, already here, and the failed lines with their kinds.
fn counts(ran: &Ran) -> (u64, u64, Vec<(u64, String)>) {
    let summary = ran.json();
    let number = |name: &str| summary[name].as_u64().expect(name);
    let failed = summary["failed_lines"].as_array().expect("lines").iter().map(|line| {
        assert!(!line["what_to_do"].as_str().expect("a way out").is_empty());
        let kind = line["kind"].as_str().expect("a kind");
        (line["line"].as_u64().expect("a number"), kind.to_owned())
    });
    (number("stored"), number("already_here"), failed.collect())
}

#[test]
fn every_usual_form_of_a_list_gives_the_same_tokens() {
    let place = Place::new();
    let tokens = some(&place, 2);
    let (one, two) = (&tokens[0], &tokens[1]);
    for (at, list) in [
        format!("email,Customer Id,Access Token\na@b.c,acme,{one}\nd@e.f,\"be, ta\",{two}\n"),
        format!("\u{feff}ACCESS-TOKEN;customerId\r\n{one};acme\r\n{two};be, ta\r\n"),
        format!("\u{feff}\"token\",\"customer\"\r\n\"{one}\",\"acme\"\r\n{two} ,\"be, ta\"\r\n"),
        format!(
            "\n\nfinch_access_token\tnotes\tcustomer\n{one}\tn, m\tacme\n{two}\t\tbe, ta\n\t\t\n"
        ),
        format!("notes,token,customer\n\"5\"\" pipe\",{one},acme\n,{two},\"be, ta\"\n,,\n"),
        format!(
            "{{\"token\":\"{one}\",\"customer\":\"acme\",\"plan\":{{\"deep\":[1]}}}}\n\
             {{\"customerId\":\"be, ta\",\"accessToken\":\"{two}\",\"connection_id\":null}}\n"
        ),
    ]
    .iter()
    .enumerate()
    {
        let expected = if at == 0 { (2, 0, vec![]) } else { (0, 2, vec![]) };
        assert_eq!(counts(&import(&place, list, &["--json"]).code(0)), expected, "{list}");
    }
    import(&place, format!("customer,token\nacme,{one}\n"), &[]).code(0).shows("already here 1");
    assert_eq!(place.calls("GET /introspect"), 2, "what is here is not asked about again");
    for customer in ["acme", "be, ta"] {
        place.run(&["connections", "--customer", customer]).code(0).shows("connected");
    }
}

#[test]
fn a_list_whose_form_is_wrong_is_refused_before_finch_is_asked() {
    let place = Place::new();
    let tokens = some(&place, 2);
    let rows = format!("{},acme\n{},beta\n", tokens[0], tokens[1]);
    let list = format!("token,customer\n{rows}");
    let text = |text: String| text.into_bytes();
    let utf16 = |to: fn(u16) -> [u8; 2]| list.encode_utf16().flat_map(to).collect::<Vec<_>>();
    for (bytes, says) in [
        (text(format!("email,Customer Name,Key\n{rows}")), "email, Customer Name, Key"),
        (text(rows.clone()), "missing field `token`"),
        (text(format!("Bearer {},acme\n", tokens[0])), "may be a token"),
        (text(["x"; 30].join(",")), "x, and 10 more"),
        (text(format!("acme,{}\n", tokens[0])), "may be a token"),
        (text(format!("token,customer,Access Token\n{rows}")), "duplicate field `token`"),
        (text(list.replace('\n', "\r")), "CR alone"),
        (text(format!("[{{\"token\":\"{}\",\"customer\":\"acme\"}}]", tokens[0])), "several lines"),
        (text(format!("{{\n\"token\":\"{}\"}}", tokens[0])), "several lines"),
        ([&b"\xff\xfe"[..], &utf16(u16::to_le_bytes)].concat(), "UTF-16"),
        (utf16(u16::to_le_bytes), "UTF-16"),
        (b"PK\x03\x04\x14\0\x06\0token,customer\n".to_vec(), ".xlsx"),
        ([&vec![b'x'; 70_000][..], list.as_bytes()].concat(), "longer than 64 KiB"),
    ] {
        import(&place, &bytes, &[]).code(2).says(says);
    }
    place.each(&[
        ("import nowhere.csv", 2, &["could not be read"]),
        ("import .", 2, &["could not be read"]),
    ]);
    for empty in ["", "\r\n\r\n", "token,customer\n", "Token;Customer\n;\n"] {
        import(&place, empty, &[]).code(0).shows("no token to import");
    }
    assert_eq!(place.calls("GET /introspect"), 0);
}

#[test]
fn each_bad_line_fails_alone_and_is_named() {
    let place = Place::new();
    let tokens = some(&place, 4);
    let (one, two, three) = (&tokens[0], &tokens[1], &tokens[2]);
    place.guard("dead-token-0123456789");
    let lines = [
        (format!("{one},note,acme,"), ""),
        (format!("{one},,beta,"), "foreign"),
        ("dead-token-0123456789,,acme,".to_owned(), "refused"),
        (",,acme,".to_owned(), "token_malformed"),
        (format!("{two},,,"), "customer_invalid"),
        (format!("{two},,ac\u{202e}me,"), "customer_invalid"),
        (format!("{two},,{two},"), "customer_invalid"),
        (format!("{two},,acme,another-connection"), "other_connection"),
        (format!("{two},,acme,"), ""),
        // A cell more, a cell less, an open quote: the customer would be another one.
        (format!("{three},a note, and more,gamma,"), "malformed"),
        (format!("{three},gamma,"), "malformed"),
        (format!("{three},\"open,gamma,"), "malformed"),
        (format!("{three},closed\",gamma,"), "malformed"),
        (format!("{three},{},gamma,", "x".repeat(70_000)), "too_long"),
        ("\0,,acme,".to_owned(), "not_utf8"),
        (format!("{three},,gamma,"), ""),
        // Only what looks like a token is sent to Finch.
        ("jane.doe.of.accounting@acme.example,,acme,".to_owned(), "token_malformed"),
        ("https://acme.example/a/long/path,,acme,".to_owned(), "token_malformed"),
        (format!("Bearer {},,acme,", tokens[3]), "token_malformed"),
        (format!("'{}',,acme,", tokens[3]), "token_malformed"),
        (format!("{}\u{200b},,acme,", tokens[3]), "token_malformed"),
        (format!("\"{{\"\"token\"\":\"\"{}\"\"}}\",,acme,", tokens[3]), "token_malformed"),
        (format!("{},,acme,", "x".repeat(5000)), "token_malformed"),
        (format!("acme,,{},", tokens[3]), "token_malformed"),
        (format!("{},,delta,", tokens[3]), ""),
    ];
    let list =
        lines.iter().fold("token,notes,customer,connection_id".to_owned(), |list, (line, _)| {
            format!("{list}\r\n{line}")
        });
    let list: Vec<_> =
        list.into_bytes().into_iter().map(|b| if b == 0 { 0xe9 } else { b }).collect();
    let ran = import(&place, &list, &["--json"]).code(4);
    let numbered = (2..).zip(&lines).filter(|(_, (_, kind))| !kind.is_empty());
    let bad: Vec<_> = numbered.map(|(line, (_, kind))| (line, (*kind).to_owned())).collect();
    assert_eq!(counts(&ran), (4, 0, bad));
    assert!(!ran.out.contains("jane"), "{ran:?}");
    assert_eq!(ran.json()["failed"]["malformed"], 4);
    assert_eq!(
        place.calls("GET /introspect"),
        6,
        "the good ones, one of another connection, a dead one"
    );
    let ran = import(&place, &list, &[]).code(4).shows("failed line: 4 customer acme kind refused");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);

    let json =
        "not json\n[]\n{\"token\":\"x\"}\n{\"token\":\"a\",\"token\":\"b\",\"customer\":\"c\"}\n";
    let json = format!("{{\"token\":\"{one}\",\"customer\":42}}\n{json}");
    let ran = place.run_with(&["import", "--rate", "1000", "--json"], &json).code(4);
    let bad: Vec<_> = (2..=5).map(|line| (line, "malformed".to_owned())).collect();
    assert_eq!(counts(&ran).2, [vec![(1, "foreign".to_owned())], bad].concat());
}

#[test]
fn no_token_is_printed_where_columns_are_named_the_wrong_way_round() {
    let place = Place::new();
    let token = &some(&place, 1)[0];
    let uuid = "0b5a6f3e-6b1c-4d0e-8f43-0d8f7f1f2a3b";
    let csv = format!(
        "token,customer\nacme,{token}\n{uuid},{token}\nacme,Bearer {token}\n{token}, {token}\n"
    );
    let json = format!(
        "{{\"{token}\":\"acme\"}}\n{{\"token\":\"{uuid}\",\"customer\":\"{token}\",\"plan\":1}}\n\
         {{\"token\":\"{token}\",\"customer\":\"{token} \"}}\n"
    );
    for list in [csv, json] {
        // No run may print the token. One that is its own customer is not sent, either.
        let (_, _, bad) = counts(&import(&place, &list, &["--json"]).code(4));
        assert_eq!(bad.last().map(|(_, kind)| &**kind), Some("customer_invalid"));
        import(&place, &list, &[]).code(4);
    }
}

#[test]
fn unpaid_invoices_stop_it_and_it_goes_on_later() {
    let place = Place::new();
    let tokens = some(&place, 3);
    let list = format!("token,customer\n{},a\n{},b\n{},c\n", tokens[0], tokens[1], tokens[2]);
    import(&place, format!("token,customer\n{},a\n", tokens[0]), &[]).code(0);
    place.finch.push_fault(Fault::on("/introspect").times(9).status(402));
    let ran = import(&place, &list, &[]).code(6).says("invoices").says("continues");
    ran.shows("already here 1").shows("continues");
    assert_eq!(place.calls("GET /introspect"), 2, "at once");
    place.finch.clear_faults();
    assert_eq!(counts(&import(&place, &list, &["--json"]).code(0)), (2, 1, vec![]));
}

#[test]
fn a_signal_ends_it_after_the_token_at_hand() {
    let place = Place::new();
    let tokens = some(&place, 2);
    place.finch.push_fault(Fault::on("/introspect").delay(Duration::from_millis(500)));
    let arguments = ["import", "-", "--rate", "1000"];
    let mut command = place.command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // The pipe stays open: the list has no end yet.
    let mut input = child.stdin.take().expect("standard input");
    let list = format!("token,customer\n{},acme\n{},beta\n", tokens[0], tokens[1]);
    input.write_all(list.as_bytes()).expect("it reads");
    until(|| place.calls("GET /introspect") > 0);
    signal(&child, "INT");
    let ran = place.end(&arguments, child).code(4);
    ran.shows("stored 1").shows("continues");
    drop(input);
}

/// A person is shown 20 failed lines, whatever the size; no more memory is used than the kernel allows.
#[test]
fn a_hundred_megabytes_take_little_memory() {
    let place = Place::new();
    let tokens = some(&place, 1);
    let mut list = format!("token,customer,notes\n{},acme,\n", tokens[0]);
    let row = format!(",acme,{}\n", "n".repeat(63 * 1024));
    (0..1600).for_each(|_| list.push_str(&row));
    assert!(list.len() > 100_000_000);
    fs::write(place.path("big.csv"), list).expect("written");
    let finch = env!("CARGO_BIN_EXE_finch");
    let limited = format!("ulimit -d 60000; exec {finch} import big.csv --rate 1000");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &limited]).env_clear().current_dir(place.folder());
    command.envs(&place.environment);
    let ran = place.ran(&["import", "big.csv"], command.output().expect("it runs")).code(4);
    let ran = ran.shows("stored 1").shows("failed token malformed 1600").shows("1580 more lines");
    assert_eq!(ran.out.matches("failed line: ").count(), 20);
}
