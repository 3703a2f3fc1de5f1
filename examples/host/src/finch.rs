//! Payday's Finch: its client, and its store with the key that seals it.

use std::{error::Error, path::Path, sync::Arc};

use finch_app::{
    ClientSecret, EventSink, Finch, FinchOptions, HttpFinch, HttpFinchConfig, Kek, KeySource,
    SqliteOptions, SqliteTokenStore, keyfile,
};
use finch_core::FinchApi as _;
use finch_emulator::Emulator;

use crate::Settings;

/// Without a sink, and with the default options, `Finch::open(http, path, keys).await` is all of it.
pub(crate) async fn open(
    emulator: &Emulator,
    folder: &Path,
    settings: &Settings,
    sink: Arc<dyn EventSink>,
) -> Result<Finch, Box<dyn Error>> {
    let secret = ClientSecret::new(emulator.client_secret());
    let mut http = HttpFinchConfig::new(emulator.client_id().parse()?, secret);
    http.base_url = emulator.url().into();
    let client = HttpFinch::new(http)?;
    let key = key(&folder.join("finch.key"))?;
    let store = SqliteOptions {
        busy_timeout: settings.store_patience,
        ..SqliteOptions::create(folder.join("finch.db"), client.application().clone())
    };
    let store = SqliteTokenStore::open(store)?;
    let options = FinchOptions {
        disconnect_patience: settings.disconnect_patience,
        store_patience: settings.store_patience,
        ..FinchOptions::default()
    };
    let finch = Finch::builder(Arc::new(client), Arc::new(store), key);
    Ok(finch.options(options).event_sink(sink).open().await?)
}

/// The key that seals the store: of the folder, or a fresh one.
fn key(file: &Path) -> Result<Arc<dyn KeySource>, Box<dyn Error>> {
    if !file.exists() {
        keyfile::create(file, &Kek::generate()?)?;
    }
    Ok(Arc::new(keyfile::read(file)?))
}
