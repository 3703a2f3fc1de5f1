#![doc = include_str!("../README.md")]

mod open;
mod store;

mod attempts;
mod commit;
mod connections;
mod coordination;
mod events;
mod rows;
mod schema;
mod secrets;

mod backup;
mod verify;

mod atomic_file;
mod database;
mod error;
mod files;
mod same_file;
mod writer;

#[cfg(test)]
mod tests;

pub use backup::{BackedUp, Restored, Restoring, restore};
pub use error::{StoreFileError, StoreProblem};
#[doc(inline)]
pub use finch_seal::access::AccessError;
pub use open::SqliteOptions;
pub use store::SqliteTokenStore;
pub use verify::{Examined, examine};
