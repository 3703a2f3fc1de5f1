//! `cargo run -p finch-example-host [-- FOLDER]`

use std::{error::Error, path::PathBuf, process::ExitCode};

use finch_example_host::Host;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "somebody has started this by hand, and reads it")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("It could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "somebody has started this by hand, and reads it")]
async fn run() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let host = Host::start(folder.as_deref()).await?;
    println!("Open {}/ in a browser.", host.url());
    println!("Finch's emulator, for SDKs: {}", host.emulator().url());
    println!("Store: {}. Ctrl-C stops it.", host.folder().display());
    tokio::signal::ctrl_c().await?;
    host.stop().await;
    Ok(())
}
