//! Mistakes on the command line: a code, a message, what to do, and nothing repeated that could be
//! a secret.

use crate::support::Place;

const CONNECT: &str = "connect --customer acme --name A --products company";

#[test]
fn help_fits_a_screen() {
    let place = Place::without_key();
    let help = place.cli("--help").code(0).out;
    assert!(help.lines().count() <= 58 && help.lines().all(|line| line.len() <= 80), "{help}");
    assert!(help.contains("Exit codes"), "{help}");
    assert_eq!(place.cli("help").code(0).out, help);
    for command in "demo emulator connect exchange token disconnect connections show events \
                    reconcile attention close import audit keys verify backup restore doctor \
                    completions man store"
        .split_whitespace()
    {
        assert!(help.contains(&format!("\n  {command} ")), "no {command} in {help}");
        let own = place.run(&[command, "--help"]).code(0).out;
        let too_wide = own.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None, "{command}");
        assert_eq!(place.run(&["help", command]).code(0).out, own);
    }
    place.cli("exchange --help").code(0).shows("Examples").shows("standard");
    place.cli("--version").code(0).shows("finch ");
    finch!(place, "").code(2);
}

#[test]
fn no_mistake_repeats_a_value() {
    let place = Place::without_key();
    place.guard("canary");
    for line in [
        "canary7",
        "keys canary.pem",
        "exchange canary",
        "exchange --state s canary",
        "exchange --cod canary",
        "exchange --cod=canary",
        "exchange --json=canary",
        "emulator --port canary",
        "emulator --disconnect-scope canary",
        "emulator --disconnect-scope=canary",
        "show a canary",
        "connections --customer canary\u{1b}",
        "connect --customer c --name n --products p --minutes canary",
        "token id --customer c --timeout canary",
    ] {
        place.cli(line).code(2).says("do:");
        assert_eq!(finch!(place, "{line} --json").code(2).failure()["kind"], "usage");
    }
}

#[test]
fn mistakes_are_named_with_what_to_do() {
    let place = Place::without_key();
    for (line, says) in [
        ("conect", &["no command conect", "`finch connect`"][..]),
        ("version", &["no command version", "`finch --version`"]),
        ("logs", &["no command logs", "`finch events`"]),
        ("zzz", &["no command zzz", "`finch --help`"]),
        ("rotate-kek", &["no command rotate-kek", "`finch keys rotate-kek`"]),
        ("keys rotat", &["no command rotat", "`finch keys rotate`"]),
        ("keys list", &["no command list", "`finch keys status`"]),
        ("keys zzz", &["no command zzz", "`finch keys --help`"]),
        ("exchange --cod x", &["no option --cod", "`--code`"]),
        ("connect --name n", &["--customer", "is missing"]),
        ("connect --customer c --products p", &["--name", "is missing"]),
        ("emulator --disconnect-scope x", &["--disconnect-scope", "pair or connection"]),
        ("emulator --port", &["--port", "needs a value"]),
        ("connect --customer a\u{e0041} --name n", &["U+E0041"]),
        ("connections --timeout 0", &["more than 0 seconds"]),
        ("reconcile --rate=0", &["--rate", "more than 0 calls"]),
        ("reconcile --rate=-1", &["--rate"]),
        ("reconcile --rate=NaN", &["--rate"]),
        ("reconcile --rate=0.001", &["one in five minutes"]),
        ("store zzz", &["no command zzz", "`finch store --help`"]),
        ("disconnect id --dry-run --yes", &["do not go together"]),
    ] {
        let ran = place.cli(line).code(2);
        says.iter().fold(ran, |ran, text| ran.says(text));
    }
    place.run(&["show", ""]).code(2).says("is empty");
    let both = format!("{CONNECT} --embedded --redirect-uri https://a.example");
    place.cli(&both).code(2).says("do not go together");
    place.cli("keys").code(2);
}

#[test]
fn settings_that_are_missing_or_wrong() {
    let mut place = Place::new();
    let mut fails = |settings: &[(&str, Option<&str>)], says: &str| {
        for (name, value) in settings {
            place.set(name, *value);
        }
        place.cli(CONNECT).code(2).says(says);
    };
    fails(&[("FINCH_CLIENT_ID", Some(""))], "the client id is missing");
    fails(&[("FINCH_CLIENT_ID", Some("a:b"))], "colon");
    let secret = [("FINCH_CLIENT_ID", Some("id")), ("FINCH_CLIENT_SECRET", Some(""))];
    fails(&secret, "the client secret is missing");
    let twice = [("FINCH_CLIENT_SECRET", Some("s")), ("FINCH_CLIENT_SECRET_FILE", Some("f"))];
    fails(&twice, "given twice");
    fails(&[("FINCH_CLIENT_SECRET", None)], "could not be read");
    fails(&[("FINCH_STORE", None), ("FINCH_CLIENT_SECRET_FILE", None)], "the client secret");
}

#[test]
fn what_finch_would_not_take_is_not_sent() {
    let place = Place::new();
    let connect = |more: &[&str]| place.run(&[&["connect", "--customer", "c"], more].concat());
    let long = "x".repeat(256);
    place.guard("S3cret-of-a-customer");
    for (name, products, minutes, says) in [
        ("", "company", "60", &["name must have", "--name"][..]),
        (&long, "company", "60", &["name must have"]),
        ("n", " , ", "60", &["no product", "--products"]),
        ("n", "company", "0", &["1 minute to 90 days", "--minutes"]),
        ("n", "company", "129601", &["1 minute to 90 days"]),
        (
            "n",
            "company,bogus",
            "60",
            &["--products is not known: bogus", "pay_statement", "--any-product"],
        ),
        ("n", "company, Directory,pay-statement", "60", &["not known: Directory, pay-statement"]),
        ("n", "S3cret-of-a-customer", "60", &["a product of"]),
    ] {
        let given = ["--name", name, "--products", products, "--minutes", minutes];
        says.iter().fold(connect(&given).code(2), |ran, text| ran.says(text));
    }
    place.cli("token c-1 --customer c --products bogus").code(2).says("not known: bogus");
    assert!(place.calls("POST /connect/sessions") == 0);
    // What Finch knows better is Finch's to say.
    connect(&["--name", "n", "--products", "canaries", "--any-product"])
        .code(6)
        .says("Finch did not open a Connect session");
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let place = Place::without_key();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).code(0).out;
        for word in ["exchange", "rotate-kek", "base-url"] {
            assert!(script.contains(word), "no {word} for {shell}");
        }
    }
    place.cli("completions tcsh").code(2).says("bash");
    place.cli("man").code(0).shows(".TH finch 1").shows("exchange");
    let written = place.cli("man pages/man1 --json").code(0).json();
    let pages = written["pages"].as_array().expect("pages");
    for page in ["finch.1", "finch-exchange.1", "finch-keys-rotate-kek.1"] {
        assert!(pages.contains(&page.into()), "no {page}");
        let text = std::fs::read_to_string(place.path("pages/man1").join(page)).expect("a page");
        assert!(text.contains(".SH OPTIONS") || page == "finch.1", "{text}");
    }
    std::fs::write(place.path("file"), "").expect("written");
    place.cli("man file/man1").code(1).says("could not be written");
}
