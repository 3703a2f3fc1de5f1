//! Mistakes on the command line: a code, a message, what to do, and nothing repeated that could be
//! a secret.

use crate::support::Place;

/// The commands whose help shows examples.
const WITH_EXAMPLES: [&str; 8] =
    ["demo", "emulator", "connect", "exchange", "token", "disconnect", "close", "completions"];

#[test]
fn every_command_has_help_examples_completions_and_a_manual_page() {
    let place = Place::without_key();
    let help = place.cli("--help").code(0).shows("Exit codes").out;
    assert!(help.lines().count() <= 58 && help.lines().all(|line| line.len() <= 80), "{help}");
    place.write("file", "");
    place.each(&[
        ("--version", 0, &["finch "]),
        ("", 2, &["Usage"]),
        ("keys", 2, &["rotate-kek"]),
        ("completions tcsh", 2, &["bash"]),
        ("man", 0, &[".TH finch 1", "exchange"]),
        ("man file/man1", 1, &["could not be written"]),
    ]);
    place.cli("man pages/man1").code(0).shows("pages/man1");
    let commands = help.split("Commands:\n").nth(1).and_then(|text| text.split("\n\n").next());
    let commands =
        commands.expect("commands").lines().filter_map(|line| line.split_whitespace().next());
    let commands: Vec<_> = commands.filter(|command| *command != "help").collect();
    assert_eq!(commands.len(), 22, "{commands:?}");
    let below = ["keys init", "keys status", "keys rotate", "keys rotate-kek", "store restored"];
    for command in commands.iter().chain(&below) {
        let own = finch!(place, "{command} --help").code(0).out;
        let too_wide = own.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None, "{command}");
        assert_eq!(own.contains("\nExample"), WITH_EXAMPLES.contains(command), "{command}");
        let page = place.path(&format!("pages/man1/finch-{}.1", command.replace(' ', "-")));
        let page = std::fs::read_to_string(page).expect("a page");
        assert!(page.contains(".SH OPTIONS"), "{command}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).code(0).out;
        let missing =
            commands.iter().chain(&["rotate-kek", "base-url"]).find(|w| !script.contains(**w));
        assert_eq!(missing, None, "{shell}");
    }
}

#[test]
fn no_mistake_repeats_a_value() {
    let mut place = Place::without_key();
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
        "connections --state canary",
        "connect --customer c --name n --products p --minutes canary",
        "token id --customer c --timeout canary",
        "connections --client-secret canary",
        "connections --client-secret=canary",
        "connections --store-key canary",
    ] {
        place.cli(line).code(2).says("finch COMMAND --help");
        assert_eq!(finch!(place, "{line} --json").code(2).failure()["kind"], "usage");
    }
    place.set("FINCH_STORE_KEY", Some("'canary'"));
    place.cli("connections").code(2).says("FINCH_STORE_KEY");
}

#[test]
fn mistakes_are_named_with_what_to_do() {
    let mut place = Place::without_key();
    let connect = "connect --customer c --name n --products company";
    place.each(&[
        ("conect", 2, &["'conect'", "'connect'", "`finch --help`"]),
        ("keys rotat", 2, &["'rotat'", "'rotate'"]),
        ("exchange --cod x", 2, &["'--cod'", "'--code'"]),
        ("connect --name n", 2, &["--customer", "not provided"]),
        ("connect --customer c --products p", 2, &["--name", "not provided"]),
        ("emulator --disconnect-scope x", 2, &["--disconnect-scope", "pair"]),
        ("emulator --port", 2, &["--port", "value is required"]),
        ("connect --customer a\u{e0041} --name n", 2, &["U+E0041"]),
        ("connections --timeout 0", 2, &["more than 0 seconds"]),
        ("reconcile --rate=0", 2, &["--rate", "more than 0 calls"]),
        ("reconcile --rate=-1", 2, &["--rate"]),
        ("reconcile --rate=NaN", 2, &["--rate"]),
        ("reconcile --rate=0.001", 2, &["one in five minutes"]),
        ("disconnect id --dry-run --yes", 2, &["cannot be used with"]),
        (
            "connections --client-secret x",
            2,
            &["--client-secret is not accepted", "FINCH_CLIENT_SECRET", "--client-secret-file"],
        ),
        (
            "connections --store-key=x",
            2,
            &["--store-key is not accepted", "FINCH_STORE_KEY", "--store-key-file"],
        ),
        ("connect --embedded --redirect-uri https://a.example", 2, &["cannot be used with"]),
        (&format!("{connect} --client-id a:b"), 2, &["colon"]),
    ]);
    place.run(&["show", ""]).code(2).says("is empty");
    place.set("FINCH_CLIENT_ID", Some(""));
    place.cli("connections").code(2).says("the client id is missing");
}

#[test]
fn what_finch_would_not_take_is_not_sent() {
    let place = Place::new();
    let long = "x".repeat(256);
    let connect = |name: &str, more: &str, code, says: &[&str]| {
        let line = format!("connect --customer c {more} --name");
        let arguments: Vec<_> = line.split(' ').chain([name]).collect();
        says.iter().fold(place.run(&arguments).code(code), |ran, text| ran.says(text));
    };
    for name in ["", &long] {
        connect(name, "--products company", 2, &["name must have", "--name"]);
    }
    connect("n", "--products ,", 2, &["no product", "--products"]);
    for minutes in [0, 129_601] {
        let more = format!("--products company --minutes {minutes}");
        connect("n", &more, 2, &["1 minute to 90 days", "--minutes"]);
    }
    assert_eq!(place.calls("POST /connect/sessions"), 0);
    // What Finch knows better is Finch's to say.
    connect("n", "--products canaries", 6, &["--products"]);
}
