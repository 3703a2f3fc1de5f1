//! `cargo run -p finch-example-host [-- FOLDER]`

use std::{error::Error, path::PathBuf};

use finch_example_host::Host;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "somebody has started this by hand, and reads it")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let host = Host::start(folder.as_deref()).await?;
    println!("Open {}/ in a browser.", host.url());
    println!("Finch's emulator, for SDKs: {}", host.emulator().url());
    println!("Store: {}. Ctrl-C stops it.", host.folder().display());
    tokio::signal::ctrl_c().await?;
    host.stop().await;
    Ok(())
}
