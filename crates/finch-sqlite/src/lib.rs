#![doc = include_str!("../README.md")]

mod open_error;
mod options;
mod store;

mod create;
mod files;
mod identity;
mod keys;
mod open;
mod replaced_key;
mod rotation;
mod schema;
mod sealer;
mod settings;
mod verify;

mod readers;
mod same_file;
mod writer;

mod attempts;
mod commit;
mod disconnects;
mod record;
mod sequence;
mod tokens;
mod turns;
mod webhooks;

mod load;
mod lookup;
mod pages;
mod secrets;

mod backup;
mod examine;
mod restore;
mod unnamed;

mod rows;
mod values;

mod error;

pub use backup::{BackedUp, BackupError};
pub use examine::{Examined, examine};
pub use keys::{DataKey, KeyStatus};
pub use open_error::OpenStoreError;
pub use options::SqliteOptions;
pub use record::RecordCheck;
pub use replaced_key::ReplacedKeyError;
pub use restore::{RestoreError, Restored, restore};
pub use rotation::Rotated;
pub use store::SqliteTokenStore;
pub use unnamed::PlaceError;
pub use verify::{Verified, What};
