//! What `--help` adds to what it knows of the options.

/// Below the list of commands.
pub(crate) const SCREEN: &str = "\
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
  8 Finch may have issued a token that the store does not have    130 stopped";

pub(crate) const DEMO: &str = "\
Examples:
  finch demo            # from the first connect to the proof that it has ended
  finch demo --serve    # a payroll application to click through in a browser";

pub(crate) const CONNECT: &str = "\
Examples:
  finch connect --customer acme --name 'Acme Inc.' --products company,directory
  finch connect --customer acme --reauthenticate CONNECTION";

pub(crate) const EXCHANGE: &str = "\
Examples:
  finch exchange --state STATE < code.txt
  FINCH_STATE=… FINCH_CODE=… finch exchange

(NAME) is the variable that stands in for an option. Secrets come from such a
variable, from a file (option, or variable with _FILE behind its name) or from
standard input (file `-`; one line each: client secret, key, state, code).
A secret that is given as a value and in a file is an error.";

pub(crate) const DISCONNECT: &str = "\
Examples:
  finch disconnect CONNECTION --dry-run
  finch disconnect CONNECTION --force-shared --reason 'employer asked for it'";

pub(crate) const RECONCILE: &str = "\
Without --watch everything is tried once, due or not. With it, what is due is
tried when it is due. Any number may run on one store.";

pub(crate) const IMPORT: &str = "\
The file is UTF-8: CSV whose header names the columns token and customer, in
any order, or one JSON object a line with these fields. connection_id is
optional, and must be Finch's. Only what looks like a token is sent to Finch.
Run it again, and it continues.";

pub(crate) const AUDIT: &str = "\
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
It is sealed as the store is, with the same key: keep a copy of that one
elsewhere. It is never overwritten.";

pub(crate) const RESTORE: &str = "\
There must be no store yet: move an old one away, and keep it. Tokens that were
in use are handed out again once Finch was asked (finch reconcile).";

pub(crate) const RESTORED: &str = "\
For a store that was not made by `finch restore`, such as a copy of its file or
a snapshot of its disk. Run it before any process uses the store. Tokens that were
in use are handed out again once Finch was asked (finch reconcile).";

pub(crate) const DOCTOR: &str = "\
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

pub(crate) const EVENTS: &str = "\
Each connection's record is chained with the store's key: `finch verify` finds
what was changed or taken out.";

pub(crate) const ROTATE: &str = "\
Other processes may use the store meanwhile. Stopped half-way, the same command
continues.";

pub(crate) const ROTATE_KEK: &str = "\
No secret is sealed again: only the store's own keys are wrapped with the new key.
Running processes are unaffected until their next start.";

pub(crate) const EMULATOR: &str = "\
Examples:
  finch emulator --disconnect-scope connection --seed 7
  finch emulator --host 0.0.0.0 --allow-host finch-emulator
  finch emulator --webhook-url http://127.0.0.1:3000/webhooks \\
    --webhook-secret 5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
