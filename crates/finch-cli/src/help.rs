//! The screen of `finch --help`, and examples for the commands.

/// What it is, in a line, for the manual page.
pub(crate) const ABOUT: &str =
    "Connect customers through Finch, keep their tokens sealed, disconnect with proof";

/// The whole of `finch --help`: one screen.
pub(crate) const SCREEN: &str = "\
Hold an application's Finch connections: connect customers, keep their tokens
sealed, and disconnect completely, with proof.

Usage: finch COMMAND [OPTIONS]

Try it
  demo         See two connections begin and one end; or --serve: click through
  emulator     Run that local Finch, for programs in any language

The life of a connection
  connect      Begin an attempt: the page where a customer connects
  exchange     Complete it: turn the code that came back into a sealed token
  token        Print a customer's token, with --reveal
  disconnect   End a connection at Finch for all its tokens, and prove it

The operator's view
  connections  List connections, and what needs attention; --all: ended ones
  show         Show a connection: its tokens, their evidence, its history
  events       List what happened: who did what, with what evidence
  reconcile    Continue everything that is unfinished, once or with --watch
  attention    List what needs a person, with what to do
  close        Close what Finch does not prove, on your word
  import       Import tokens that the application has already
  audit        Ask Finch about every token, and list where it disagrees

The store
  keys         Make, show and rotate the keys that seal it
  verify       Verify its integrity: the file, its records, its secrets
  backup       Back it up while it is in use
  restore      Make it from a backup; what was in use is in doubt
  store        restored: put in doubt what a restore by other means brought back
  doctor       Check the settings, the key, the store, and the way to Finch

The shell
  completions  Print the script that completes commands in bash, zsh or fish
  man          Print the manual page, or write one a command into a folder

Every command has --help and --json (one document; errors too, on stderr).

Environment, where no option says otherwise
  FINCH_CLIENT_ID, FINCH_CLIENT_SECRET   the application at Finch
  FINCH_BASE_URL                         default https://api.tryfinch.com
  FINCH_PROXY                            default none; env: that of HTTPS_PROXY
  FINCH_STORE                            the store's file
  FINCH_STORE_KEY, FINCH_STORE_KEY_FILE  its key; default file <store>.key

Exit codes
  0 done    1 failed     2 usage    3 not found    4 something is left open
  5 store or key    6 Finch refused or was not reached    7 excluded by state
  8 Finch may have issued a token that the store does not have    130 stopped
";

/// How secrets are given.
pub(crate) const SECRETS: &str = "\
(NAME) is the variable that stands in for an option. Secrets come from such a
variable, from a file (option, or variable with _FILE behind its name) or from
standard input (file `-`; one line each: client secret, key, state, code).
A secret that is given twice is an error.";

pub(crate) const DEMO: &str = "\
Examples:
  finch demo            # from the first connect to the proof that it has ended
  finch demo --serve    # a payroll application to click through in a browser";

pub(crate) const CONNECT: &str = "\
Examples:
  finch connect --customer acme --name 'Acme Inc.' --products company,directory
  finch connect --customer acme --name 'Acme Inc.' --products payment \\
      --redirect-uri https://app.example.com/finch/callback
  finch connect --customer acme --reauthenticate CONNECTION";

pub(crate) const EXCHANGE: &str = "\
Examples:
  finch exchange --state STATE < code.txt
  finch exchange --customer acme --state-file state.txt --code-file code.txt
  FINCH_STATE=… FINCH_CODE=… finch exchange";

pub(crate) const DISCONNECT: &str = "\
Examples:
  finch disconnect CONNECTION --dry-run
  finch disconnect CONNECTION --customer acme --yes
  finch disconnect CONNECTION --force-shared --reason 'employer asked for it'";

pub(crate) const RECONCILE: &str = "\
Examples:
  finch reconcile
  finch reconcile --watch --rate 10

Without --watch everything is tried once, due or not. With it, what is due is
tried when it is due. Any number may run on one store.";

pub(crate) const IMPORT: &str = "\
Examples:
  finch import tokens.csv
  finch import --format jsonl < tokens.jsonl

The file is UTF-8: CSV whose header names the columns token and customer, in
any order, or one JSON object a line with these fields. connection_id is
optional, and must be Finch's. Only what looks like a token is sent to Finch.
Run it again, and it continues.";

pub(crate) const AUDIT: &str = "\
Examples:
  finch audit
  finch audit --fix --unused-days 30

Without --fix nothing is changed. With it, what Finch says is recorded, and open
disconnects continue; what a person must decide is only listed. Stopped, it
continues within 24 hours from <store>.audit; --restart begins again.";

pub(crate) const CLOSE: &str = "\
Examples:
  finch close CONNECTION --reason 'Finch support, ticket 4711: it has ended'
  finch close --exchange 12 --reason 'the dashboard shows no such connection'

The secrets are wiped: if a token lives on at Finch, nothing here can end it any
more, and it is billed.";

pub(crate) const BACKUP: &str = "\
Example:
  finch backup backups/finch-2026-11-22.db

It is sealed as the store is, with the same key: keep a copy of that one
elsewhere. It is never overwritten.";

pub(crate) const RESTORE: &str = "\
Example:
  finch restore backups/finch-2026-11-22.db && finch reconcile

There must be no store yet: move an old one away, and keep it. Tokens that were
in use are handed out again once Finch was asked (finch reconcile).";

pub(crate) const RESTORED: &str = "\
Example:
  finch store restored && finch reconcile

For a store that was not made by `finch restore`, such as a copy of its file or
a snapshot of its disk. Run it before any process uses the store. Tokens that were
in use are handed out again once Finch was asked (finch reconcile).";

pub(crate) const DOCTOR: &str = "\
Example:
  finch doctor

It changes nothing, here or at Finch. It ends with 2 for settings, 5 for the
store or its key, 6 for Finch.";

pub(crate) const TOKEN: &str = "\
Example:
  finch token CONNECTION --customer acme --products directory --reveal";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  source <(finch completions bash)
  finch completions zsh > \"${fpath[1]}/_finch\"
  finch completions fish > ~/.config/fish/completions/finch.fish";

pub(crate) const MAN: &str = "\
Examples:
  finch man > finch.1 && man ./finch.1
  finch man ~/.local/share/man/man1";

pub(crate) const CONNECTIONS: &str = "\
Examples:
  finch connections --all
  finch connections --state needs_reauth --state disconnecting
  finch connections --provider gusto --json

Those that have ended are left out, and counted, unless --all or --state
disconnected asks for them. Tokens that may be lost are always listed.";

pub(crate) const KEYS_INIT: &str = "\
Examples:
  FINCH_STORE=finch.db finch keys init
  finch keys init --key-file keys/finch.key";

pub(crate) const EVENTS: &str = "\
Examples:
  finch events --since 24h
  finch events --connection CONNECTION --json
  finch events --customer acme

Each connection's record is chained with the store's key: `finch verify` finds
what was changed or taken out.";

pub(crate) const ROTATE: &str = "\
Other processes may use the store meanwhile. Stopped half-way, the same command
continues.";

pub(crate) const ROTATE_KEK: &str = "\
Example:
  finch keys rotate-kek --to keys/finch-2027.key

No secret is sealed again: only the store's own keys are wrapped with the new key.
Running processes are unaffected until their next start.";

pub(crate) const EMULATOR: &str = "\
Example:
  finch emulator --disconnect-scope connection --seed 7
  finch emulator --host 0.0.0.0 --allow-host finch-emulator
  finch emulator --webhook-url http://127.0.0.1:3000/webhooks \\
    --webhook-secret 5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
