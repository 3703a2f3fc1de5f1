//! The commands, one file each: read the settings, ask the application, show what it says.

pub(crate) mod demo;
pub(crate) mod emulator;

pub(crate) mod connect;
pub(crate) mod exchange;
pub(crate) mod token;

pub(crate) mod close;
pub(crate) mod disconnect;
pub(crate) mod reconcile;
pub(crate) mod watch;

pub(crate) mod attention;

pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod orphans;
pub(crate) mod show;
pub(crate) mod verify;

use finch_core::Product;

/// The products of a list such as `company,directory`.
fn products(list: Option<&String>) -> Vec<Product> {
    let words = list.into_iter().flat_map(|list| list.split(','));
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    words.map(Product::from).collect()
}
