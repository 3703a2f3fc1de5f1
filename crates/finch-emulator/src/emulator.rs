//! A running emulator.

mod webhooks;

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use tokio::{runtime, sync::watch};

use crate::{
    EmulatorConfig, EmulatorState, Fault, IssuedToken, Login, ReceivedCall, WebhookError,
    clock::Clock,
    gate::{Gate, is_host_name},
    server::{self, Shared},
    webhook::Target,
    world::World,
};

/// A Finch on a port of this machine. It stops when it is dropped.
///
/// It runs on a thread of its own, so that it answers whatever its owner is busy with: a test
/// may wait for a child process, or have no async runtime at all.
pub struct Emulator {
    world: Shared,
    url: String,
    client_id: String,
    client_secret: String,
    stop: Option<watch::Sender<()>>,
    ended: watch::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// Something else listens on that port.
    #[error(
        "port {} is taken: stop what listens on {address}, or choose another port (0 finds a free one)",
        address.port()
    )]
    PortTaken {
        /// The address and its port.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error(
        "cannot listen on {address}: choose another port (0 finds a free one) or another address"
    )]
    Listen {
        /// The address and its port.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A client id or secret that no client could send.
    #[error("the {which} must not be empty, and a client id must not contain a colon")]
    BadCredentials {
        /// `client id` or `client secret`.
        which: &'static str,
    },
    /// An allowed host that no caller could name.
    #[error("an allowed host must be a host name, without scheme, port and path")]
    BadAllowedHost,
    /// A receiver that no webhook could be sent to.
    #[error("webhooks cannot be sent to the given receiver")]
    BadWebhook(#[source] WebhookError),
    /// The system has no thread for the server.
    #[error("cannot start the emulator's thread")]
    Thread(#[source] io::Error),
}

impl Emulator {
    /// Starts one on a free port, with the default configuration.
    ///
    /// # Errors
    /// See [`EmulatorError`].
    pub async fn start() -> Result<Self, EmulatorError> {
        Self::start_with(EmulatorConfig::default()).await
    }

    /// Starts one. It answers from the moment at which this returns.
    ///
    /// # Errors
    /// See [`EmulatorError`].
    pub async fn start_with(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        check(&config)?;
        let (listener, address) = listen(SocketAddr::new(config.host, config.port))?;
        let (url, gate) = (format!("http://{}", reachable(address)), Gate::new(&config));
        let (client_id, client_secret) = (config.client_id.clone(), config.client_secret.clone());
        let world = Shared::new(World::new(config, url.clone(), Clock::start()));

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(EmulatorError::Thread)?;
        let (stop, stopping) = watch::channel(());
        let (alive, ended) = watch::channel(());
        let served = world.clone();
        let thread = thread::Builder::new()
            .name("finch-emulator".to_owned())
            .spawn(move || {
                let _alive = alive;
                // Only registering the listener can fail: `stopped` tells.
                let _ = runtime.block_on(server::serve(listener, served, gate, stopping));
            })
            .map_err(EmulatorError::Thread)?;
        Ok(Self {
            world,
            url,
            client_id,
            client_secret,
            stop: Some(stop),
            ended,
            thread: Some(thread),
        })
    }

    /// The base URL as this machine reaches it, without a slash at its end. Connect URLs begin with it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The client id of the application that it knows.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret of the application that it knows.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// A code, as if this person had just logged in: single use, 10 minutes.
    #[must_use]
    pub fn issue_code(&self, login: Login) -> String {
        self.world.lock().issue_code(login.into())
    }

    /// Queues a fault for the next calls that match.
    pub fn push_fault(&self, fault: Fault) {
        self.world.lock().faults.push(fault);
    }

    /// Drops the faults that still wait for their calls.
    pub fn clear_faults(&self) {
        self.world.lock().faults.clear();
    }

    /// What there is now: connections, tokens, faults, counts.
    #[must_use]
    pub fn state(&self) -> EmulatorState {
        self.world.lock().state()
    }

    /// Every token that was issued, with its secret, oldest first: the truth.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<IssuedToken> {
        self.world.lock().issued_tokens()
    }

    /// Whether Finch accepts this token.
    #[must_use]
    pub fn is_alive(&self, token: &str) -> bool {
        self.world.lock().live(token).is_some()
    }

    /// Ends a connection in Finch's dashboard, without any call of the application's. False: there
    /// is no such live connection.
    pub fn end_connection(&self, connection_id: &str) -> bool {
        self.world.lock().end_in_dashboard(connection_id)
    }

    /// Sets the status of a live connection, as a provider does: `reauth`, `connected` and so on.
    /// False: there is no such live connection, or no such status.
    pub fn set_status(&self, connection_id: &str, status: &str) -> bool {
        self.world.lock().set_status_by_name(connection_id, status)
    }

    /// The last 100 calls of Finch's that came, oldest first.
    #[must_use]
    pub fn recent_calls(&self) -> Vec<ReceivedCall> {
        self.world.lock().recent_calls()
    }

    /// Moves the emulator's clock on, at most a hundred years. What is due takes effect.
    pub fn advance(&self, by: Duration) {
        self.world.lock().advance(by);
    }

    /// Forgets everything; with a seed, all ids come again in the same order.
    pub fn reset(&self) {
        self.world.lock().reset();
    }

    /// Waits until the server has ended, which it does by itself only if it fails.
    pub async fn stopped(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    /// Stops in order: no new connections, calls on their way are answered (for up to 5 s).
    pub async fn shutdown(self) {
        if let Some(stop) = &self.stop {
            let _ = stop.send(());
        }
        self.stopped().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of the channel is the signal; then the port is free.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

pub(crate) fn check(config: &EmulatorConfig) -> Result<(), EmulatorError> {
    if config.client_id.is_empty() || config.client_id.contains(':') {
        return Err(EmulatorError::BadCredentials { which: "client id" });
    }
    if config.client_secret.is_empty() {
        return Err(EmulatorError::BadCredentials { which: "client secret" });
    }
    if !config.allowed_hosts.iter().all(|name| is_host_name(name)) {
        return Err(EmulatorError::BadAllowedHost);
    }
    if let Some(webhook) = &config.webhook {
        Target::new(webhook).map_err(EmulatorError::BadWebhook)?;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), EmulatorError> {
    let open = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    open().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => EmulatorError::PortTaken { address },
        _ => EmulatorError::Listen { address, source },
    })
}

/// The address at which this machine reaches a listener: one on all addresses is on loopback too.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
