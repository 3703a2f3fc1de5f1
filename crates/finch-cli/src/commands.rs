//! The commands: read the settings, ask the application, show what it says.

pub(crate) mod demo;
pub(crate) mod emulator;

pub(crate) mod connect;
pub(crate) mod exchange;
pub(crate) mod token;

pub(crate) mod close;
pub(crate) mod disconnect;

pub(crate) mod connections;
pub(crate) mod events;

pub(crate) mod attention;
pub(crate) mod reconcile;

pub(crate) mod audit;
pub(crate) mod import;

pub(crate) mod doctor;
pub(crate) mod keys;
pub(crate) mod store;

pub(crate) mod shell;

use finch_core::Product;
use serde::Serialize;

/// Something listed, with what to do about it.
#[derive(Serialize)]
pub(crate) struct Advised<T> {
    #[serde(flatten)]
    what: T,
    what_to_do: String,
}

/// The products that a list names.
fn products(names: &[String]) -> Vec<Product> {
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    names.map(Product::from).collect()
}
