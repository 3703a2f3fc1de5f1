//! `cargo run -p finch-example-host [-- FOLDER]`

use std::{error::Error, path::PathBuf};

use finch_example_host::Host;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "somebody has started this by hand, and reads it")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let host = Host::start(folder.as_deref()).await?;
    println!("Payday:          {}/", host.url());
    println!("Finch emulator:  {}/", host.emulator().url());
    println!("Store:           {}", host.folder().display());
    println!("Stop it with Ctrl-C.");
    tokio::signal::ctrl_c().await?;
    host.stop().await;
    Ok(())
}
