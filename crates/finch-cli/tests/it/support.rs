//! A place to run `finch` in: a folder, an environment of its own, and a local Finch.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, EmulatorConfig, Login};
use serde_json::Value;
use tempfile::TempDir;

/// Runs a command line in a place: `finch!(place, "show {id}")`.
macro_rules! finch {
    ($place:expr, $($line:tt)*) => { $place.cli(&format!($($line)*)) };
}

/// What must never be printed, whatever happens.
pub(crate) const SECRET: &str = "canary-client-secret-5fd1c2";

/// Begins an attempt of a customer.
pub(crate) const CONNECT: &str = "connect --customer acme --name A --products company";

/// A local Finch, and a folder with a key and the place for a store.
pub(crate) struct Place {
    pub(crate) finch: Emulator,
    folder: TempDir,
    pub(crate) environment: BTreeMap<String, String>,
    /// What no run may print, unless it is asked for.
    secrets: Mutex<Vec<String>>,
}

impl Place {
    /// With a key, and no store yet.
    pub(crate) fn new() -> Self {
        let place = Self::without_key();
        place.run(&["keys", "init"]).code(0);
        let key = fs::read_to_string(place.path("finch.db.key")).expect("a key file");
        place.guard(key.trim());
        place
    }

    pub(crate) fn without_key() -> Self {
        let config =
            EmulatorConfig { client_secret: SECRET.to_owned(), ..EmulatorConfig::default() };
        let finch = block_on(Emulator::start_with(config)).expect("a local Finch");
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("finch.db");
        let environment = [
            ("FINCH_BASE_URL", finch.url()),
            ("FINCH_CLIENT_ID", finch.client_id()),
            ("FINCH_CLIENT_SECRET", SECRET),
            ("FINCH_STORE", store.to_str().expect("a path")),
            ("USER", "olga"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (environment, secrets) = (environment.into(), Mutex::new(vec![SECRET.to_owned()]));
        let place = Self { environment, secrets, finch, folder };
        place.set_mode("", 0o700);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("written");
        self.set_mode(name, 0o600);
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// Whether only its owner can read a file.
    pub(crate) fn is_private(&self, path: impl AsRef<Path>) -> bool {
        let found = fs::metadata(self.folder().join(path)).expect("a file");
        found.permissions().mode() & 0o7777 == 0o600
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    /// A variable for all runs from now on; none takes it away. Returns what it was.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) -> Option<String> {
        match value {
            Some(value) => self.environment.insert(name.to_owned(), value.to_owned()),
            None => self.environment.remove(name),
        }
    }

    /// Something that no run may print from now on.
    pub(crate) fn guard(&self, secret: &str) {
        self.secrets.lock().expect("no test has panicked").push(secret.to_owned());
    }

    /// Runs each command line: it ends with this code, and says all of this, on either output.
    #[track_caller]
    pub(crate) fn each(&self, cases: &[(&str, i32, &[&str])]) {
        for (line, code, says) in cases {
            let ran = self.cli(line).code(*code);
            let said = words(&format!("{} {}", ran.out, ran.err));
            says.iter()
                .for_each(|text| assert!(said.contains(text), "{line}: no {text:?}: {said}"));
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command line, which is split at spaces.
    pub(crate) fn cli(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs with this on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        self.end(arguments, self.spawn(arguments, input))
    }

    pub(crate) fn spawn(&self, arguments: &[&str], input: &str) -> Child {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // A child that does not read what it is given has ended already.
        let _ = child.stdin.take().expect("standard input").write_all(input.as_bytes());
        child
    }

    /// Runs until Finch has had this call once more, sends a signal, and waits for the end.
    pub(crate) fn signaled(
        &self,
        arguments: &[&str],
        input: &str,
        endpoint: &str,
        name: &str,
    ) -> Ran {
        let before = self.calls(endpoint);
        let child = self.spawn(arguments, input);
        until(|| self.calls(endpoint) > before);
        signal(&child, name);
        self.end(arguments, child)
    }

    /// Waits for the end of a child.
    pub(crate) fn end(&self, arguments: &[&str], child: Child) -> Ran {
        self.ran(arguments, child.wait_with_output().expect("it ends"))
    }

    /// Starts what runs until it is stopped: the process, and what it says once it is ready.
    pub(crate) fn ready(&self, arguments: &[&str]) -> (Child, Value) {
        let mut child = self.spawn(arguments, "");
        let line = first_line(child.stdout.as_mut());
        (child, serde_json::from_str(&line).expect("JSON"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_finch"));
        command.args(arguments).env_clear().current_dir(self.folder());
        command.envs(&self.environment);
        command
    }

    /// Checks what every run must keep to.
    pub(crate) fn ran(&self, arguments: &[&str], output: Output) -> Ran {
        let ran = Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        };
        let secrets = self.secrets.lock().expect("no test has panicked");
        for secret in secrets.iter() {
            assert!(
                !ran.err.contains(secret) && !ran.out.contains(secret),
                "a secret is printed by {arguments:?}: {ran:?}"
            );
        }
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran:?}");
        ran
    }

    /// How often one of Finch's endpoints was called, such as `POST /disconnect`.
    pub(crate) fn calls(&self, endpoint: &str) -> u64 {
        self.finch.state().calls.get(endpoint).copied().unwrap_or(0)
    }

    /// Whether Finch accepts no token any more.
    pub(crate) fn all_revoked(&self) -> bool {
        self.finch.state().tokens.iter().all(|token| token.revoked)
    }

    /// Begins an attempt of this customer: its state, and the customer's id at Finch.
    pub(crate) fn connect(&self, customer: &str) -> (String, String) {
        let line =
            format!("connect --customer {customer} --name Company --products company --json");
        let begun = self.cli(&line).code(0).json();
        let word = |name: &str| begun[name].as_str().expect(name).to_owned();
        (word("state"), word("finch_customer_id"))
    }

    /// A code, as if User A had logged in at Gusto for Company C.
    pub(crate) fn code(&self, finch_customer: &str) -> String {
        self.code_of(Login::new("User A", "Gusto", "Company C", "Credentials X"), finch_customer)
    }

    pub(crate) fn code_of(&self, login: Login, finch_customer: &str) -> String {
        let code = self.finch.issue_code(login.customer_id(finch_customer));
        self.guard(&code);
        code
    }

    /// An attempt of this customer, up to the way back: its state and its code.
    pub(crate) fn attempt(&self, customer: &str) -> (String, String) {
        let (state, finch_customer) = self.connect(customer);
        let code = self.code(&finch_customer);
        (state, code)
    }

    /// Connects this customer, and gives the connection's id.
    pub(crate) fn connected(&self, customer: &str) -> String {
        let (state, code) = self.attempt(customer);
        self.exchanged(&state, &code)
    }

    /// The same with a login of its own.
    pub(crate) fn connected_by(&self, customer: &str, login: Login) -> String {
        let (state, finch_customer) = self.connect(customer);
        self.exchanged(&state, &self.code_of(login, &finch_customer))
    }

    fn exchanged(&self, state: &str, code: &str) -> String {
        let done = self.run_with(&["exchange", "--state", state, "--json"], code).code(0).json();
        done["connection_id"].as_str().expect("an id").to_owned()
    }

    /// The one token of a customer, printed on purpose; from now on no other run may print it.
    pub(crate) fn token(&self, connection: &str, customer: &str) -> String {
        let ran = self.run(&["token", connection, "--customer", customer, "--reveal"]).code(0);
        self.guard(ran.out.trim());
        ran.out.trim().to_owned()
    }
}

/// What a run has left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// It says this on standard error, and what to do.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no {text:?} in {self:?}");
        assert!(self.err.starts_with("finch: ") && self.err.contains("\n  do:"), "{self:?}");
        self
    }

    /// It says this on standard output.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(words(&self.out).contains(text), "no {text:?} in {self:?}");
        self
    }

    /// The one document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The failure on standard error, where `--json` was given.
    #[track_caller]
    pub(crate) fn failure(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.err).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert_eq!(value["error"]["exit_code"], self.code.expect("a code"));
        value["error"].clone()
    }
}

/// What was printed, without the line breaks.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Waits until this holds, which must not take long.
#[track_caller]
pub(crate) fn until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not come to that");
        std::thread::yield_now();
    }
}

/// The first line of an output; the next one is left in it.
pub(crate) fn first_line(output: Option<impl Read>) -> String {
    let mut line = String::new();
    let mut output = BufReader::with_capacity(1, output.expect("an output"));
    output.read_line(&mut line).expect("a line");
    line
}

/// A login for another company than that of [`Place::code`].
pub(crate) fn other_company() -> Login {
    Login::new("User B", "Gusto", "Company D", "Credentials Y")
}

/// The answer to one HTTP request.
pub(crate) fn get(url: &str, path: &str) -> String {
    let host = url.trim_start_matches("http://");
    call(url, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n"), "")
}

/// The same, with all of its head.
pub(crate) fn call(url: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    let length = body.len();
    let request = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
