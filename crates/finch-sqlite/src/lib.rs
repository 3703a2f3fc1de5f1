#![doc = include_str!("../README.md")]

mod open_error;
mod options;
mod store;

mod open;
mod schema;

mod database;
mod files;
mod rows;

mod backup;
mod examine;
mod restore;
mod verify;

mod error;
mod values;

pub use backup::{BackedUp, BackupError};
pub use examine::{Examined, examine};
pub use open_error::OpenStoreError;
pub use options::SqliteOptions;
pub use restore::{RestoreError, Restored, Restoring, restore};
pub use store::SqliteTokenStore;
pub use verify::Verified;
