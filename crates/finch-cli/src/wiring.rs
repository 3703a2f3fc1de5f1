//! From settings to the application's connections: the client for Finch, the store, and its key.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use finch_app::{Finch, FinchBuilder, FinchOptions};
use finch_core::{
    Application, ClientId, ClientSecret, CustomerScope, FinchApi, OperatorName, OperatorScope,
    Scope,
};
use finch_http::{HttpFinch, HttpFinchConfig, Proxy};
use finch_seal::{Kek, KeyFileError, keyfile};
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreFileError, StoreProblem, examine};

use crate::{
    args::{Client, Operator, Whose},
    fail::Failure,
    secrets::{missing, read_line, secret},
};

/// Everything that is needed to open the store and to speak to Finch, read but not yet used.
pub(crate) struct Settings {
    http: HttpFinch,
    store: PathBuf,
    key: Kek,
    create: bool,
}

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The client secret, and a store, which is made where there is none.
    SecretAndNewStore,
    /// The client secret, and a store that exists.
    Secret,
    /// Only a store, which is made where there is none.
    NewStore,
    /// Only a store that exists. Finch is asked with tokens, if at all.
    Store,
}

impl Settings {
    /// Reads them from options and the environment, and secrets from where they are.
    pub(crate) fn read(client: &Client, needs: Needs) -> Result<Self, Failure> {
        let create = matches!(needs, Needs::SecretAndNewStore | Needs::NewStore);
        let id = client_id(client)?;
        let secret = match needs {
            Needs::NewStore | Needs::Store => ClientSecret::new(""),
            _ => client_secret(client)?.ok_or_else(|| missing("client secret"))?,
        };
        let http = http(client, id, secret, None)?;
        let store = store_path(client)?;
        let key = key(client, &store, create)?;
        Ok(Self { http, store, key, create })
    }

    /// Where the store is.
    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    /// The application whose store it must be.
    pub(crate) fn application(&self) -> &Application {
        self.http.application()
    }

    /// Opens the store, and wires it with the client.
    pub(crate) async fn open(self) -> Result<Finch, Failure> {
        Ok(self.wire()?.0.open().await?)
    }

    fn wire(self) -> Result<(FinchBuilder, Arc<SqliteTokenStore>), Failure> {
        let application = self.http.application().clone();
        let options =
            SqliteOptions { create: self.create, ..SqliteOptions::new(self.store, application) };
        let store = Arc::new(SqliteTokenStore::open(options)?);
        let builder = Finch::builder(Arc::new(self.http), store.clone(), Arc::new(self.key));
        Ok((builder, store))
    }

    /// The store that a backup is to become, and what opens it.
    pub(crate) fn into_restore(self) -> (SqliteOptions, HttpFinch, Kek) {
        (SqliteOptions::new(self.store, self.http.application().clone()), self.http, self.key)
    }
}

/// Opens a store for a command that looks after it, and asks Finch nothing.
pub(crate) async fn open_store(client: &Client) -> Result<(Finch, Arc<SqliteTokenStore>), Failure> {
    let (builder, store) = Settings::read(client, Needs::Store)?.wire()?;
    Ok((builder.open().await?, store))
}

/// The same for one that reconciles, with calls to Finch so far apart.
pub(crate) async fn open_to_reconcile(
    client: &Client,
    interval: Duration,
) -> Result<Finch, Failure> {
    let options = FinchOptions { reconcile_interval: interval, ..FinchOptions::default() };
    let (builder, _) = Settings::read(client, Needs::Store)?.wire()?;
    Ok(builder.options(options).open().await?)
}

/// The application's client id.
pub(crate) fn client_id(client: &Client) -> Result<ClientId, Failure> {
    let id = client.client_id.as_ref().ok_or_else(|| {
        Failure::usage("the client id is missing")
            .help("set FINCH_CLIENT_ID (Finch's dashboard shows it), or give --client-id")
    })?;
    ClientId::new(id).map_err(|error| Failure::during("FINCH_CLIENT_ID cannot be used", &error))
}

/// The client for Finch: where that is, through which proxy, and for how long a call may take.
pub(crate) fn http(
    client: &Client,
    id: ClientId,
    secret: ClientSecret,
    patience: Option<Duration>,
) -> Result<HttpFinch, Failure> {
    let mut config = HttpFinchConfig::new(id, secret);
    if let Some(base_url) = &client.base_url {
        config.base_url.clone_from(base_url);
    }
    config.proxy = match client.proxy.as_deref() {
        None => Proxy::None,
        Some("env") => Proxy::Environment,
        Some(url) => Proxy::Url(url.to_owned()),
    };
    if let Some(timeout) = client.timeout.or(patience) {
        config.timeout = timeout;
        config.connect_timeout = config.connect_timeout.min(timeout);
    }
    Ok(HttpFinch::new(config)?)
}

/// The client secret, from wherever it was given; none: nowhere.
pub(crate) fn client_secret(client: &Client) -> Result<Option<ClientSecret>, Failure> {
    let given =
        secret("client secret", client.client_secret.as_ref(), client.client_secret_file.as_ref())?;
    Ok(given.map(ClientSecret::new))
}

/// Where the store is to be.
pub(crate) fn store_path(client: &Client) -> Result<PathBuf, Failure> {
    client.store.clone().ok_or_else(|| {
        Failure::usage("no store path is given")
            .help("set FINCH_STORE to the path of its file, such as finch.db, or give --store")
    })
}

/// Where a store's key file is by default.
pub(crate) fn default_key_file(store: &Path) -> PathBuf {
    beside(store, ".key")
}

/// The file beside a store that has this added to its name.
pub(crate) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The store's key, from wherever it was given.
pub(crate) fn key(client: &Client, store: &Path, create: bool) -> Result<Kek, Failure> {
    match (&client.store_key, &client.store_key_file) {
        (Some(text), _) => return Ok(Kek::parse(text)?),
        (None, Some(path)) if path == Path::new("-") => {
            return Ok(Kek::parse(&read_line("store key")?)?);
        }
        (None, Some(path)) => return Ok(keyfile::read(path)?),
        (None, None) => {}
    }
    let missing = match keyfile::read(default_key_file(store)) {
        Err(missing @ KeyFileError::Missing { .. }) => missing,
        key => return Ok(key?),
    };
    match no_store(store) {
        // A mistyped path, most likely: the store is what is missing. A new store is made beside its key.
        Some(error) if !(create && error.problem == StoreProblem::Missing) => {
            let mut failure = Failure::from(error);
            failure.because.push("nor is there a key file beside it".to_owned());
            Err(failure)
        }
        _ => Err(missing.into()),
    }
}

/// Why there is no store at a path, where there is none.
pub(crate) fn no_store(path: &Path) -> Option<StoreFileError> {
    let has_content = std::fs::metadata(path).is_ok_and(|found| found.len() > 0);
    if has_content { None } else { examine(path).err() }
}

/// In whose scope a command runs: a customer's, or the operator's.
pub(crate) type AnyScope = Box<dyn Scope + Send>;

impl Whose {
    /// Opens the store of a command that needs no client secret.
    pub(crate) async fn open(&self) -> Result<(AnyScope, Finch), Failure> {
        let settings = Settings::read(&self.operator.client, Needs::Store)?;
        Ok((self.scope()?, settings.open().await?))
    }

    /// A customer's scope where one is named, else the operator's.
    pub(crate) fn scope(&self) -> Result<AnyScope, Failure> {
        Ok(match &self.customer {
            Some(customer) => Box::new(CustomerScope::new(customer.clone())),
            None => Box::new(self.operator.scope()?),
        })
    }
}

impl Operator {
    /// Opens the store of a command that needs no client secret.
    pub(crate) async fn open(&self) -> Result<(OperatorScope, Finch), Failure> {
        let settings = Settings::read(&self.client, Needs::Store)?;
        Ok((self.scope()?, settings.open().await?))
    }

    /// The operator's scope, under a name for the record.
    pub(crate) fn scope(&self) -> Result<OperatorScope, Failure> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let user = std::env::var("USER").ok();
                let user = user.and_then(|user| OperatorName::new(user).ok());
                user.map_or_else(|| OperatorName::new("operator"), Ok)
                    .map_err(|error| Failure::during("--operator cannot be used", &error))?
            }
        };
        Ok(OperatorScope::acting_as(name))
    }
}
