//! `cargo run -p finch-example-host [-- FOLDER]`

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use finch_example_host::Host;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "It could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // Before anything starts: from here on a signal lets what has begun finish.
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .map(signal)
        .into_iter()
        .collect::<io::Result<Vec<_>>>()?;
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let host = Host::start(folder.as_deref()).await?;
    let text = format!(
        "Open {}/ in a browser.\nFinch's emulator, for SDKs: {}\nStore: {}. Ctrl-C stops it.\n",
        host.url(),
        host.emulator().url(),
        host.folder().display()
    );
    // Whether it can be printed decides nothing: a service runs on without a terminal.
    let _ = io::stdout().write_all(text.as_bytes());
    first_of(&mut signals).await;
    // The second signal does not wait for what the first one lets finish.
    tokio::select! {
        () = host.stop() => {}
        () = first_of(&mut signals) => {
            let _ = writeln!(io::stderr(), "Stopped before everything had finished.");
        }
    }
    Ok(())
}

/// Waits until one of them arrives.
async fn first_of(signals: &mut [Signal]) {
    std::future::poll_fn(|context| {
        match signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}
