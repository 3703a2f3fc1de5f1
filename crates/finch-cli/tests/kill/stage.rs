//! A stage: a local Finch, a folder with a key and a store, a clock, and what is known of it all.

use std::{
    cell::{Cell, RefCell},
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use finch_app::CustomerScope;
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, Fault, Login};
use finch_testkit::Chance;
use tempfile::TempDir;

use crate::{
    app::MovedClock,
    promises::Ledger,
    run::{Ran, run},
    secrets::Canaries,
    steps::Kill,
};

/// What must never be printed or stored, whatever happens.
const SECRET: &str = "canary-client-secret-5fd1c2";

/// A customer and its employer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) customer: &'static str,
    pub(crate) company: &'static str,
    /// Who logs in next, and with which credentials.
    user: Cell<u32>,
}

impl Account {
    pub(crate) fn scope(&self) -> CustomerScope {
        CustomerScope::new(self.customer.parse().unwrap())
    }
}

/// Everything that a case needs.
pub(crate) struct Stage {
    pub(crate) finch: Emulator,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) ledger: RefCell<Ledger>,
    pub(crate) canaries: RefCell<Canaries>,
    /// Every run's output so far: nothing in it may be a secret.
    pub(crate) said: RefCell<String>,
    accounts: Vec<Account>,
    folder: TempDir,
    scratch: TempDir,
    has_faults: Cell<bool>,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// With a key, and no store yet. `memory`: on a file system in memory, where there is one.
    pub(crate) fn new(chance: &mut Chance, memory: bool) -> Self {
        let in_memory = Path::new("/dev/shm");
        let at = if memory && in_memory.is_dir() { in_memory.into() } else { env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("finch-kill-").tempdir_in(at).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let reach = chance.pick(&[DisconnectScope::Pair, DisconnectScope::Connection]).unwrap();
        let config = EmulatorConfig {
            client_secret: SECRET.to_owned(),
            disconnect_scope: reach,
            seed: Some(chance.next_u64()),
            ..EmulatorConfig::default()
        };
        let finch = runtime.block_on(Emulator::start_with(config)).unwrap();
        let account = |customer, company| Account { customer, company, user: Cell::default() };
        let stage = Self {
            finch,
            clock: Arc::default(),
            ledger: RefCell::default(),
            canaries: RefCell::default(),
            said: RefCell::default(),
            accounts: vec![
                account("acme", "Company C"),
                account("bystander", "Company D"),
                account("gamma", "Company E"),
                account("delta", "Company F"),
            ],
            folder,
            scratch: tempfile::tempdir().unwrap(),
            has_faults: Cell::new(false),
            runtime,
        };
        stage.guard(SECRET);
        let key = finch_app::Kek::generate().unwrap();
        finch_app::keyfile::create(stage.path("finch.db.key"), &key).unwrap();
        stage.guard_key();
        stage
    }

    /// The key file's content is a secret of its own.
    pub(crate) fn guard_key(&self) {
        let text = fs::read_to_string(self.path("finch.db.key")).unwrap();
        self.canaries.borrow_mut().add_key(text.trim());
    }

    /// The account whose connection a case is about.
    pub(crate) fn acme(&self) -> &Account {
        &self.accounts[0]
    }

    /// The account that is never disconnected.
    pub(crate) fn bystander(&self) -> &Account {
        &self.accounts[1]
    }

    pub(crate) fn gamma(&self) -> &Account {
        &self.accounts[2]
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A place for the harness itself, outside of the folder that is tested.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Every file in the folder, and where temporary files are.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folders = [self.folder.path(), self.scratch.path()];
        let entries = folders.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("FINCH_BASE_URL", self.finch.url().to_owned()),
            ("FINCH_CLIENT_ID", self.finch.client_id().to_owned()),
            ("FINCH_CLIENT_SECRET", SECRET.to_owned()),
            ("FINCH_STORE", self.path("finch.db").to_str().unwrap().to_owned()),
            ("TMPDIR", self.scratch.path().to_str().unwrap().to_owned()),
            ("USER", "olga".to_owned()),
        ]
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        self.kill(&arguments, input, &Kill::Never)
    }

    /// Runs the binary, and kills it as asked.
    pub(crate) fn kill(&self, arguments: &[String], input: &str, kill: &Kill) -> Ran {
        let ran = run(self, arguments, input, kill);
        self.printed(&ran.err);
        // These two show a secret on purpose.
        if !["connect", "token"].contains(&arguments[0].as_str()) {
            self.printed(&ran.out);
        }
        ran
    }

    /// Remembers what a run has printed.
    pub(crate) fn printed(&self, text: &str) {
        self.said.borrow_mut().push_str(text);
    }

    /// Something that nothing may print or store from now on.
    pub(crate) fn guard(&self, secret: &str) {
        self.canaries.borrow_mut().add(secret);
    }

    /// How often Finch has seen this call.
    pub(crate) fn count(&self, call: &str) -> u64 {
        self.finch.state().calls.get(call).copied().unwrap_or(0)
    }

    /// A code, as if the account's next user had logged in, with credentials that may be new; or where a connection
    /// is renewed, as if its user had logged in once more.
    pub(crate) fn code(
        &self,
        account: &Account,
        at_finch: Option<&str>,
        renewed: Option<&str>,
    ) -> String {
        let mut tokens = self.finch.state().tokens.into_iter();
        let before = renewed.and_then(|id| tokens.find(|token| token.connection_id == id));
        assert_eq!(before.is_some(), renewed.is_some(), "Finch knows what is renewed");
        let (user, credentials) = match before {
            Some(token) => (token.user, token.credentials),
            None => {
                let next = account.user.get() + 1;
                account.user.set(next);
                (format!("User {next}"), format!("Credentials {}", next % 2))
            }
        };
        let mut login = Login::new(user, "Gusto", account.company, credentials);
        if let Some(id) = at_finch {
            login = login.customer_id(id);
        }
        let code = self.finch.issue_code(login);
        self.guard(&code);
        code
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.has_faults.set(true);
        self.finch.push_fault(fault);
    }

    pub(crate) fn has_faults(&self) -> bool {
        self.has_faults.get()
    }

    pub(crate) fn clear_faults(&self) {
        self.has_faults.set(false);
        self.finch.clear_faults();
    }
}
