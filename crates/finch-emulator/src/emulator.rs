//! The two emulators: one with a server, one in process.

mod controls;
mod error;
mod local;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    ops::Deref,
    thread,
};

use tokio::{runtime, sync::watch};

pub use controls::Controls;
pub use error::EmulatorError;
pub use local::{LocalAnswer, LocalCall, LocalEmulator};

use crate::{
    EmulatorConfig,
    server::{self, Gate},
    world::Clock,
};

/// A Finch on a port of this machine, with the methods of [`Controls`]. It stops when it is dropped.
///
/// It runs on a thread of its own, so that it answers while its owner is blocked or has no async runtime.
#[derive(Debug)]
pub struct Emulator {
    controls: Controls,
    url: String,
    stop: Option<watch::Sender<()>>,
    ended: watch::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Emulator {
    /// Starts on a free port with the default configuration.
    ///
    /// # Errors
    /// See [`EmulatorError`].
    pub async fn start() -> Result<Self, EmulatorError> {
        Self::start_with(EmulatorConfig::default()).await
    }

    /// The same Finch, for calls in process.
    #[must_use]
    pub fn local(&self) -> LocalEmulator {
        LocalEmulator::of(self.controls.share())
    }

    /// Starts with a configuration. It answers as soon as this returns.
    ///
    /// # Errors
    /// See [`EmulatorError`].
    pub async fn start_with(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        error::check(&config)?;
        let (listener, address) = listen(SocketAddr::new(config.host, config.port))?;
        let (url, gate) = (format!("http://{}", reachable(address)), Gate::new(&config));
        let controls = Controls::new(config, url.clone(), Clock::running());

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(EmulatorError::Thread)?;
        let (stop, stopping) = watch::channel(());
        let (alive, ended) = watch::channel(());
        let service = controls.service.clone();
        let thread = thread::Builder::new()
            .name("finch-emulator".to_owned())
            .spawn(move || {
                let _alive = alive;
                // It can only fail to register the listener: then `stopped` returns.
                let _ = runtime.block_on(server::serve(listener, service, gate, stopping));
            })
            .map_err(EmulatorError::Thread)?;
        Ok(Self { controls, url, stop: Some(stop), ended, thread: Some(thread) })
    }

    /// The base URL on this machine, without a trailing slash. Connect URLs begin with it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the server has stopped, which it does by itself only if it fails.
    pub async fn stopped(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    /// Accepts no more connections, and stops when the requests in flight have been answered, after 5
    /// seconds at the latest.
    pub async fn shutdown(self) {
        if let Some(stop) = &self.stop {
            let _ = stop.send(());
        }
        self.stopped().await;
    }
}

impl Deref for Emulator {
    type Target = Controls;

    fn deref(&self) -> &Controls {
        &self.controls
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Closing the channel stops the server; after the join the port is free.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
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
