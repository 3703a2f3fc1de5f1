#![doc = include_str!("../README.md")]

mod account;
mod finch;
mod headers;
mod home;
mod limits;
mod notices;
mod payday;
mod rescue;
mod settings;
mod sign_in;

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{Router, middleware::from_fn};
use finch_app::{
    Finch, OperatorScope, Product, Reconciler, ReconcilerOptions, webhook::WebhookSecrets,
};
use finch_emulator::Emulator;
use finch_web::{Options, Webhooks};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use account::Account;
use notices::Notices;
use payday::Payday;
pub use settings::Settings;
use sign_in::Sessions;

const PAGES: &str = "/settings/payroll";
/// What Finch signs webhooks with. A real one is Finch's, and secret.
pub const WEBHOOK_SECRET: &str = "cGF5ZGF5J3Mgd2ViaG9va3MgYXJlIHNpZ25lZA==";

/// Payday, while it runs.
#[derive(Debug)]
pub struct Host {
    address: String,
    emulator: Arc<Emulator>,
    folder: PathBuf,
    finch: Finch,
    reconciler: Reconciler,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    _temporary: Option<tempfile::TempDir>,
}

impl Host {
    /// Starts it on a free port, with its store and key in this folder; none: in a temporary one.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub async fn start(folder: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        let folder = folder.map(Path::to_owned);
        Self::start_with(Settings { folder, ..Settings::default() }).await
    }

    /// The same with these settings.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub async fn start_with(settings: Settings) -> Result<Self, Box<dyn Error>> {
        let (folder, temporary) = match &settings.folder {
            Some(folder) => (folder.clone(), None),
            None => {
                let temporary = tempfile::tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let mut emulator = settings.finch.clone();
        emulator.application = "Payday".to_owned();
        // A store belongs to one address of Finch's for good: one that is kept needs a port that stays.
        if temporary.is_none() && emulator.port == 0 {
            emulator.port = 4010;
        }
        let emulator = Arc::new(Emulator::start_with(emulator).await?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        emulator.webhooks_to(format!("{address}{PAGES}/webhook"), WEBHOOK_SECRET)?;

        let payday = Payday {
            sessions: Sessions::default(),
            notices: Notices::default(),
            emulator: emulator.clone(),
            folder: folder.clone(),
        };
        let finch = finch::open(&emulator, &folder, &settings, Arc::new(payday.clone())).await?;
        let operator = OperatorScope::acting_as("payday".parse()?);
        let reconciler = finch.spawn_reconciler(operator, ReconcilerOptions::default());
        let options = options(&address)?;
        let pages = finch_web::router::<Account, _>(finch.clone(), options);
        let own = home::router().merge(sign_in::router()).layer(from_fn(headers::add));
        let application = Router::new()
            .nest_service(PAGES, pages.with_state(payday.clone()))
            .merge(own.with_state(payday));
        let application = limits::around(application);
        let application = application.into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, application).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move { serve.await });
        Ok(Self {
            address,
            emulator,
            folder,
            finch,
            reconciler,
            stop,
            server,
            _temporary: temporary,
        })
    }

    /// Where a person begins.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }

    /// The connections page, for a company that has signed in.
    #[must_use]
    pub fn pages(&self) -> String {
        format!("{}{PAGES}", self.address)
    }

    /// The Finch beside it.
    #[must_use]
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Where its store and key are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops it, once what has begun is done. A browser that sends its request no further is waited for no
    /// longer than ten seconds.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(Duration::from_secs(10), self.server).await;
        self.reconciler.stop().await;
        self.finch.idle().await;
    }
}

fn options(address: &str) -> Result<Options, Box<dyn Error>> {
    let products = vec![
        Product::Company,
        Product::Directory,
        Product::Individual,
        Product::Employment,
        Product::PayStatement,
    ];
    let mut options = Options::new(&format!("{address}{PAGES}"), "Payday", products)?;
    options.support = Some("help@payday.example".into());
    options.home = Some("/".into());
    options.provider_names.insert("bamboo_hr".parse()?, "BambooHR".into());
    let secrets = WebhookSecrets::new([WEBHOOK_SECRET])?;
    options.webhooks = Some(Webhooks { secrets, handler: None });
    Ok(options)
}
