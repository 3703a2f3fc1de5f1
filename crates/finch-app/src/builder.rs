//! Building a [`Finch`].

use std::{fmt, sync::Arc};

use finch_core::{
    Actionable, Advice, Application, ErrorKind, FinchApi, InstanceId, StoreError, TokenStore,
};
use finch_seal::KeySource;
use thiserror::Error;

use crate::{
    EventSink, Finch, FinchOptions, KeysError, OsSystem, System, finch::Inner,
    pending_effects::PendingEffects, vault::Vault,
};

/// What a [`Finch`] is made of.
#[must_use = "`open` gives the Finch"]
pub struct FinchBuilder {
    api: Arc<dyn FinchApi>,
    store: Arc<dyn TokenStore>,
    keys: Arc<dyn KeySource>,
    options: FinchOptions,
    sink: Option<Arc<dyn EventSink>>,
    system: Arc<dyn System>,
}

/// Why there is no [`Finch`]. Nothing was sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenFinchError {
    /// Store and client belong to different applications, or API origins.
    #[error("the store belongs to {store}, and the client speaks for {client}")]
    OtherApplication {
        /// What the store is bound to.
        store: Application,
        /// What the client speaks for.
        client: Application,
    },
    /// The store's keys do not open.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The client's configuration is wrong.
    #[cfg(feature = "http")]
    #[error("Finch cannot be called with this configuration")]
    Http(#[from] finch_http::ConfigError),
    /// The store does not open.
    #[cfg(feature = "sqlite")]
    #[error("the store cannot be opened")]
    Store(#[from] finch_sqlite::StoreFileError),
}

impl Actionable for OpenFinchError {
    fn advice(&self) -> Advice {
        match self {
            Self::OtherApplication { .. } => Advice::new(
                ErrorKind::Store,
                "store_other_application",
                "check the client id and the base URL, or give that application's own store; nothing was sent",
            ),
            Self::Keys(error) => error.advice(),
            #[cfg(feature = "http")]
            Self::Http(error) => error.advice(),
            #[cfg(feature = "sqlite")]
            Self::Store(error) => error.advice(),
        }
    }
}

impl Finch {
    /// Wires a client, a store, and the key that opens what is sealed in the store.
    #[doc = example!(
        "let key = std::sync::Arc::new(Kek::generate()?);",
        "# let (client, store): (std::sync::Arc<dyn FinchApi>, std::sync::Arc<SqliteTokenStore>) = unreachable!();",
        "let options = FinchOptions { store_patience: std::time::Duration::from_secs(2), ..Default::default() };",
        "let finch = Finch::builder(client, store, key).options(options).open().await?;",
    )]
    pub fn builder(
        api: Arc<dyn FinchApi>,
        store: Arc<dyn TokenStore>,
        keys: Arc<dyn KeySource>,
    ) -> FinchBuilder {
        let (options, system) = (FinchOptions::default(), Arc::new(OsSystem));
        FinchBuilder { api, store, keys, options, sink: None, system }
    }

    /// Opens the embedded default: Finch over HTTP, and a SQLite store. The store at `path` is made if there is
    /// none and no log of one was left there, and belongs to the application and API origin of `http` ever
    /// after; `keys` opens what is sealed in it.
    #[doc = example!(
        r#"let http = HttpFinchConfig::new("client-id".parse()?, ClientSecret::new("client-secret"));"#,
        r#"let key = std::sync::Arc::new(keyfile::read("finch.key")?);"#,
        r#"let finch = Finch::open(http, "finch.db", key).await?;"#,
    )]
    #[cfg(all(feature = "http", feature = "sqlite"))]
    pub async fn open(
        http: finch_http::HttpFinchConfig,
        path: impl Into<std::path::PathBuf>,
        keys: Arc<dyn KeySource>,
    ) -> Result<Self, OpenFinchError> {
        use finch_sqlite::{SqliteOptions, SqliteTokenStore};

        let api = finch_http::HttpFinch::new(http)?;
        let options = SqliteOptions::create(path, api.application().clone());
        let store = SqliteTokenStore::open(options)?;
        Self::builder(Arc::new(api), Arc::new(store), keys).open().await
    }
}

impl FinchBuilder {
    /// How long calls may take. Default: [`FinchOptions::default`].
    pub fn options(self, options: FinchOptions) -> Self {
        Self { options, ..self }
    }

    /// Reports changes to this sink, and gives it a token that the store does not take.
    pub fn event_sink(self, sink: Arc<dyn EventSink>) -> Self {
        Self { sink: Some(sink), ..self }
    }

    /// Another clock and other randomness than the machine's, for tests.
    pub fn system(self, system: Arc<dyn System>) -> Self {
        Self { system, ..self }
    }

    /// Opens the store's key ring, or makes the first one of an empty store.
    pub async fn open(self) -> Result<Finch, OpenFinchError> {
        let Self { api, store, keys, options, sink, system } = self;
        let bound = &store.binding().application;
        if api.application() != bound {
            let (store, client) = (bound.clone(), api.application().clone());
            return Err(OpenFinchError::OtherApplication { store, client });
        }
        let vault = Vault::open(Arc::clone(&store), keys).await?;
        let mut random = [0; 16];
        system.fill(&mut random);
        let inner = Inner {
            api,
            store,
            vault,
            pending_effects: PendingEffects::new(Arc::clone(&system)),
            system,
            options,
            sink,
            working: Default::default(),
            instance: InstanceId::new(random),
            tasks: Default::default(),
            exchanges: Default::default(),
        };
        Ok(Finch { inner: Arc::new(inner) })
    }
}

impl From<StoreError> for OpenFinchError {
    fn from(error: StoreError) -> Self {
        Self::Keys(error.into())
    }
}

impl fmt::Debug for FinchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FinchBuilder");
        shown.field("application", &self.store.binding().application);
        shown.field("keys", &self.keys.id());
        shown.field("options", &self.options).finish_non_exhaustive()
    }
}
