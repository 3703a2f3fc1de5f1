//! Mistakes on the command line: a code, a message, what to do, and nothing repeated that could be
//! a secret.

use crate::support::Place;

#[test]
fn help_fits_a_screen() {
    let place = Place::without_key();
    let help = place.run(&["--help"]).code(0).out;
    assert!(help.lines().count() <= 58 && help.lines().all(|line| line.len() <= 80), "{help}");
    for word in [
        "demo",
        "emulator",
        "keys",
        "events",
        "verify",
        "backup",
        "restore",
        "doctor",
        "connect",
        "exchange",
        "connections",
        "show",
        "disconnect",
        "reconcile",
        "attention",
        "import",
        "audit",
        "close",
        "token",
        "completions",
        "man ",
        "Exit codes",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
    assert_eq!(place.run(&["help"]).code(0).out, help);
    for command in [
        "demo",
        "emulator",
        "connect",
        "exchange",
        "connections",
        "show",
        "disconnect",
        "reconcile",
        "import",
        "audit",
        "token",
        "events",
        "verify",
        "backup",
        "restore",
        "doctor",
        "completions",
        "man",
    ] {
        let help = place.run(&[command, "--help"]).code(0).out;
        let too_wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None, "{command}");
        assert_eq!(place.run(&["help", command]).code(0).out, help);
    }
    place.run(&["connect", "--help"]).code(0).shows("Examples");
    place.run(&["exchange", "--help"]).code(0).shows("Examples").shows("standard");
    place.run(&["disconnect", "--help"]).code(0).shows("--dry-run");
    place.run(&["--version"]).code(0).shows("finch ");
    place.run(&[]).code(2);
}

#[test]
fn no_mistake_repeats_a_value() {
    let place = Place::without_key();
    place.guard("canary");
    for arguments in [
        &["canary7"][..],
        &["keys", "canary.pem"],
        &["exchange", "canary"],
        &["exchange", "--state", "s", "canary"],
        &["exchange", "--cod", "canary"],
        &["exchange", "--cod=canary"],
        &["exchange", "--json=canary"],
        &["emulator", "--port", "canary"],
        &["emulator", "--disconnect-scope", "canary"],
        &["emulator", "--disconnect-scope=canary"],
        &["connect", "--customer", "canary\n", "--name", "n"],
        &["show", "a", "canary"],
        &["connections", "--customer", "canary\u{1b}"],
        &["connect", "--customer", "c", "--name", "n", "--products", "p", "--minutes", "canary"],
        &["token", "id", "--customer", "c", "--timeout", "canary"],
    ] {
        place.run(arguments).code(2).says("do:");
        let failure = place.run(&[arguments, &["--json"]].concat()).code(2).failure();
        assert_eq!(failure["kind"], "usage", "{arguments:?}");
    }
}

#[test]
fn mistakes_are_named() {
    let place = Place::without_key();
    place.run(&["conect"]).code(2).says("no command conect").says("`finch connect`");
    place.run(&["version"]).code(2).says("no command version").says("`finch --version`");
    place.run(&["logs"]).code(2).says("no command logs").says("`finch events`");
    place.run(&["zzz"]).code(2).says("no command zzz").says("`finch --help`");
    place.run(&["Version"]).code(2).says("no command Version").says("`finch --version`");
    place
        .run(&["rotate-kek"])
        .code(2)
        .says("no command rotate-kek")
        .says("`finch keys rotate-kek`");
    place.run(&["keys", "rotat"]).code(2).says("no command rotat").says("`finch keys rotate`");
    place.run(&["keys", "list"]).code(2).says("no command list").says("`finch keys status`");
    place.run(&["keys", "zzz"]).code(2).says("no command zzz").says("`finch keys --help`");
    place.run(&["exchange", "--cod", "x"]).code(2).says("no option --cod").says("`--code`");
    place.run(&["connect", "--name", "n"]).code(2).says("--customer").says("is missing");
    place
        .run(&["connect", "--customer", "c", "--products", "p"])
        .code(2)
        .says("--name")
        .says("is missing");
    place
        .run(&["emulator", "--disconnect-scope", "x"])
        .code(2)
        .says("--disconnect-scope")
        .says("pair or connection");
    place.run(&["emulator", "--port"]).code(2).says("--port").says("needs a value");
    place.run(&["show", ""]).code(2).says("is empty");
    for (customer, why) in [(" a", "a space"), ("a\u{200b}", "U+200B"), ("a\u{e0041}", "U+E0041")] {
        place.run(&["connect", "--customer", customer, "--name", "n"]).code(2).says(why);
    }
    place.run(&["connections", "--timeout", "0"]).code(2).says("more than 0 seconds");
    place.run(&["keys"]).code(2);
    place.run(&["disconnect", "id", "--dry-run", "--yes"]).code(2).says("do not go together");
    place
        .run(&[
            "connect",
            "--customer",
            "c",
            "--name",
            "n",
            "--products",
            "p",
            "--embedded",
            "--redirect-uri",
            "https://a.example",
        ])
        .code(2)
        .says("do not go together");
}

#[test]
fn settings_that_are_missing_or_wrong() {
    let mut place = Place::new();
    let connect = ["connect", "--customer", "acme", "--name", "A", "--products", "company"];
    place.set("FINCH_CLIENT_ID", Some(""));
    place.run(&connect).code(2).says("the client id is missing").says("FINCH_CLIENT_ID");
    place.set("FINCH_CLIENT_ID", Some("a:b"));
    place.run(&connect).code(2).says("colon");
    place.set("FINCH_CLIENT_ID", Some("id")).set("FINCH_CLIENT_SECRET", Some(""));
    place.run(&connect).code(2).says("the client secret is missing");
    place.set("FINCH_CLIENT_SECRET", Some("s")).set("FINCH_CLIENT_SECRET_FILE", Some("f"));
    place.run(&connect).code(2).says("given twice");
    place.set("FINCH_CLIENT_SECRET", None);
    place.run(&connect).code(2).says("could not be read");
}

#[test]
fn what_finch_would_not_take_is_not_sent() {
    let place = Place::new();
    let connect = |more: &[&str]| place.run(&[&["connect", "--customer", "c"], more].concat());
    connect(&["--name", "", "--products", "company"]).code(2).says("name must have");
    connect(&["--name", &"x".repeat(256), "--products", "company"]).code(2).says("name must have");
    connect(&["--name", "n", "--products", " , "]).code(2).says("no product");
    connect(&["--name", "n", "--products", "company", "--minutes", "0"])
        .code(2)
        .says("1 minute to 90 days");
    connect(&["--name", "n", "--products", "company", "--minutes", "129601"])
        .code(2)
        .says("1 minute to 90 days");
    assert!(place.calls("POST /connect/sessions") == 0);
    connect(&["--name", "n", "--products", "company,bogus"])
        .code(2)
        .says("the product bogus of --products is not known")
        .says("pay_statement")
        .says("--any-product");
    connect(&["--name", "n", "--products", "company, Directory,pay-statement"])
        .code(2)
        .says("the products Directory, pay-statement of --products are not known");
    let token = ["token", "c-1", "--customer", "c", "--products", "bogus"];
    place.run(&token).code(2).says("the product bogus");
    place.guard("S3cret-of-somebody");
    connect(&["--name", "n", "--products", "S3cret-of-somebody"]).code(2).says("a product of");
    assert!(place.calls("POST /connect/sessions") == 0);
    // What Finch knows better is Finch's to say.
    connect(&["--name", "n", "--products", "canaries", "--any-product"])
        .code(6)
        .says("Finch did not open a Connect session");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let output = place.command(&["demo"]).stdout(full).output().expect("it runs");
    place.ran(&["demo"], output).code(1).says("the output could not be written");
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
    place.run(&["completions", "tcsh"]).code(2).says("bash");
    place.run(&["man"]).code(0).shows(".TH finch 1").shows("exchange");
    let written = place.run(&["man", "pages/man1", "--json"]).code(0).json();
    let pages = written["pages"].as_array().expect("pages");
    for page in ["finch.1", "finch-exchange.1", "finch-keys-rotate-kek.1"] {
        assert!(pages.contains(&page.into()), "no {page}");
        let text = std::fs::read_to_string(place.path("pages/man1").join(page)).expect("a page");
        assert!(text.contains(".SH OPTIONS") || page == "finch.1", "{text}");
    }
    std::fs::write(place.path("file"), "").expect("written");
    place.run(&["man", "file/man1"]).code(1).says("could not be written");
}
