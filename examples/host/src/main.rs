#![doc = include_str!("../README.md")]

mod host;
mod sign_in;

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use finch_app::{
    ClientSecret, Finch, HttpFinchConfig, Kek, KeySource, OperatorScope, Product,
    ReconcilerOptions, keyfile,
};
use finch_emulator::{Emulator, EmulatorConfig};
use finch_web::Options;
use tokio::net::TcpListener;

use host::Payday;
use sign_in::Sessions;

const PAGES: &str = "/settings/payroll";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let folder = kept.as_deref().unwrap_or(temporary.path());

    // A store belongs to one address of Finch's for good: one that is kept needs a port that stays.
    let port = if kept.is_some() { 4010 } else { 0 };
    let emulator = Emulator::start_with(EmulatorConfig { port, ..Default::default() }).await?;
    let emulator = Arc::new(emulator);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);

    let finch = open(&emulator, folder)?;
    let operator = OperatorScope::acting_as("payday".parse()?);
    let reconciler = finch.spawn_reconciler(operator, ReconcilerOptions::default());

    let sessions = Sessions::default();
    let pages = finch_web::router(
        finch,
        Payday::new(sessions.clone(), emulator.clone()),
        options(&address)?,
    );
    let application =
        Router::new().nest(PAGES, pages).merge(sign_in::router(sessions, emulator.url()));
    tell(&address, emulator.url(), folder);
    axum::serve(listener, application).with_graceful_shutdown(interrupted()).await?;
    reconciler.stop().await;
    Ok(())
}

fn open(emulator: &Emulator, folder: &Path) -> Result<Finch, Box<dyn Error>> {
    let mut http = HttpFinchConfig::new(
        emulator.client_id().parse()?,
        ClientSecret::new(emulator.client_secret()),
    );
    http.base_url = emulator.url().into();
    Ok(Finch::open(http, folder.join("finch.db"), key(&folder.join("finch.key"))?)?)
}

/// The key that seals the store: of the folder, or a fresh one.
fn key(file: &Path) -> Result<Arc<dyn KeySource>, Box<dyn Error>> {
    if !file.exists() {
        keyfile::create(file, &Kek::generate()?)?;
    }
    Ok(Arc::new(keyfile::read(file)?))
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
    Ok(options)
}

#[expect(clippy::print_stdout, reason = "somebody has started this by hand, and reads it")]
fn tell(address: &str, finch: &str, folder: &Path) {
    println!("Payday:          {address}/");
    println!("Finch emulator:  {finch}/");
    println!("Store:           {}", folder.display());
    println!("Stop it with Ctrl-C.");
}

async fn interrupted() {
    // Without a signal to wait for it runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
