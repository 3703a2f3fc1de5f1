//! Import: what a list of tokens may look like, and that only its tokens reach Finch.

use std::fs;

use crate::{
    import::{counts, failed, import, some},
    support::{Place, Ran},
};

/// Imports a list from a file of this name.
fn import_named(place: &Place, name: &str, list: &[u8]) -> Ran {
    fs::write(place.path(name), list).expect("written");
    place.run(&["import", name, "--rate", "1000", "--json"])
}

#[test]
fn every_usual_form_of_a_csv_gives_the_same_tokens() {
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
        format!(
            "notes,token,customer\n\"two\r\nlines, and \"\"quotes\"\"\n\n{two},fake\",{one},acme\n\
             \"5\"\" pipe\",{two},\"be, ta\"\n,,\n"
        ),
        format!("notes|customer|token\n\"a\nb\"|acme|{one}\n|be, ta|{two}\n"),
    ]
    .iter()
    .enumerate()
    {
        let expected = if at == 0 { (2, 0, vec![]) } else { (0, 2, vec![]) };
        assert_eq!(counts(&import_named(&place, "list.csv", list.as_bytes()).code(0)), expected);
    }
    let again = format!("Customer_ID,Notes,TOKEN\nacme,x,{one}\n");
    let ran = import(&place, again.as_bytes(), &[]).code(0).shows("1 token was here already");
    assert!(ran.err.is_empty() && ran.out.contains("Not used: Notes"), "{ran:?}");
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
        (text(rows.clone()), "no column is called token or customer"),
        (text(format!("Bearer {},acme\n", tokens[0])), "may be a token"),
        (text(["x"; 30].join(",")), "x, and 10 more"),
        (text(format!("acme,{}\n", tokens[0])), "may be a token"),
        (text(format!("token,customer,Access Token\n{rows}")), "two columns are called token"),
        (text(format!("sep=;\n{list}")), "the first row has: sep="),
        (text(list.replace('\n', "\r")), "CR alone"),
        (text(format!("[{{\"token\":\"{}\",\"customer\":\"acme\"}}]", tokens[0])), "several lines"),
        (text(format!("{{\n\"token\":\"{}\"}}", tokens[0])), "several lines"),
        ([&b"\xff\xfe"[..], &utf16(u16::to_le_bytes)].concat(), "UTF-16"),
        ([&b"\xfe\xff"[..], &utf16(u16::to_be_bytes)].concat(), "UTF-16"),
        (utf16(u16::to_le_bytes), "NUL bytes"),
        (b"PK\x03\x04\x14\0\x06\0token,customer\n".to_vec(), ".xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), ".xls"),
        ([&vec![b'x'; 70_000][..], list.as_bytes()].concat(), "longer than 64 KiB"),
    ] {
        let failure = import_named(&place, "list", &bytes).code(2).failure();
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains(says), "no {says:?} in {message:?}");
        assert!(!failure["help"].as_str().expect("a way out").is_empty(), "{message}");
    }
    place.cli("import nowhere.csv").code(2).says("could not be read");
    place.cli("import .").code(2).says("could not be read");
    import(&place, b"x,y\n", &["--format", "xml"]).code(2);
    for empty in [&b""[..], b"\r\n\r\n", b"token,customer\n", b"Token;Customer\n;\n"] {
        import(&place, empty, &[]).code(0).shows("no token to import");
    }
    assert_eq!(place.calls("GET /introspect"), 0);
}

#[test]
fn only_what_looks_like_a_token_is_sent_to_finch() {
    let place = Place::new();
    let token = &some(&place, 1)[0];
    let cells = [
        "jane.doe.of.accounting@acme.example".to_owned(),
        "2026-11-30T10:33:29Z".to_owned(),
        "https://acme.example/a/long/path".to_owned(),
        format!("Bearer {token}"),
        format!("'{token}'"),
        format!("\"{}\n{}\"", &token[..8], &token[8..]),
        format!("{token}\u{200b}"),
        format!("{token}\0"),
        format!("\"{{\"\"token\"\":\"\"{token}\"\"}}\""),
        "x".repeat(5000),
    ];
    let mut list = "token,customer\n".to_owned();
    cells.iter().for_each(|cell| list.push_str(&format!("{cell},acme\n")));
    list.push_str(&format!("{token},acme\n"));
    let ran = import_named(&place, "list.csv", list.as_bytes()).code(4);
    let (stored, _, bad) = counts(&ran);
    assert_eq!((stored, bad.len()), (1, cells.len()));
    assert!(bad.iter().all(|(_, kind)| kind == "token_malformed"), "{bad:?}");
    assert_eq!(place.calls("GET /introspect"), 1);
    assert!(!ran.out.contains("jane"), "{ran:?}");
}

#[test]
fn a_wrong_row_costs_no_other_row() {
    let place = Place::new();
    let tokens = some(&place, 8);
    let row = |at: usize| format!("{},note {at},customer-{at}", tokens[at]);
    let list = [
        "token,notes,customer".to_owned(),
        row(0),
        // An open quote, up to the next quote and beyond.
        format!("{},\"open,customer-9", tokens[7]),
        row(1),
        format!("{},\"closed\",customer-2", tokens[2]),
        // A cell more, a cell less: the customer would be another one.
        format!("{},a note, and more,customer-9", tokens[7]),
        row(3),
        format!("{},customer-9", tokens[7]),
        row(4),
        format!("{},{},customer-9", tokens[7], "x".repeat(70_000)),
        row(5),
        format!("{},\"a\" note,customer-9", tokens[7]),
        format!("{}, \"a note\",customer-9", tokens[7]),
        row(6),
        format!("{},\"never closed,customer-9", tokens[7]),
        format!("{},no quote here,customer-7", tokens[7]),
    ];
    let ran = import_named(&place, "list.csv", list.join("\r\n").as_bytes()).code(4);
    let mut bad: Vec<_> = [3, 6, 8, 10, 12, 13, 15].map(|line| failed(line, "malformed")).into();
    bad[3].1 = "too_long".to_owned();
    assert_eq!(counts(&ran), (8, 0, bad));
    place.cli("connections --customer customer-9 --json").code(0).shows("[]");
}

#[test]
fn no_token_is_printed_where_columns_are_named_the_wrong_way_round() {
    let place = Place::new();
    let token = &some(&place, 1)[0];
    let uuid = "0b5a6f3e-6b1c-4d0e-8f43-0d8f7f1f2a3b";
    let csv = format!(
        "token,customer\nacme,{token}\n{uuid},{token}\nacme,Bearer {token}\n{uuid},\"x \"\"{token}\"\"\"\n\
         {token}, {token}\n"
    );
    let json = format!(
        "{{\"{token}\":\"acme\"}}\n{{\"token\":\"{uuid}\",\"customer\":\"{token}\",\"plan\":1}}\n\
         {{\"token\":\"{token}\",\"customer\":\"{token} \"}}\n"
    );
    for list in [csv, json] {
        // No run may print the token. One that is its own customer is not sent, either.
        let (_, _, bad) = counts(&import(&place, list.as_bytes(), &["--json"]).code(4));
        assert_eq!(bad.last().map(|(_, kind)| &**kind), Some("customer_invalid"));
        import(&place, list.as_bytes(), &[]).code(4);
    }
}

#[test]
fn a_customer_that_is_not_ascii_is_read_from_utf8_only() {
    let place = Place::new();
    let tokens = some(&place, 2);
    let mut list = format!("Prénom,token,customer\n\u{e9},{},Zoë\n", tokens[0]).into_bytes();
    // Latin-1: harmless in a column that is not used, and named in the customer's.
    list.extend_from_slice(format!("\0,{},beta\n\0,{},Zo\0\n", tokens[1], tokens[1]).as_bytes());
    let list: Vec<_> = list.into_iter().map(|byte| if byte == 0 { 0xe9 } else { byte }).collect();
    let ran = import_named(&place, "list.csv", &list).code(4);
    assert_eq!(counts(&ran), (2, 0, vec![failed(4, "not_utf8")]));
    place.cli("connections --customer Zoë").code(0).shows("connected");
}
