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
pub(crate) mod audit;
pub(crate) mod import;

pub(crate) mod backup;
pub(crate) mod doctor;
pub(crate) mod restore;

pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod orphans;
pub(crate) mod show;
pub(crate) mod verify;

pub(crate) mod completions;
pub(crate) mod man;

use finch_core::Product;

use crate::fail::{Failure, as_word};

/// The products of a list such as `company,directory`. One that this release does not know is most likely
/// mistyped; `any` takes it all the same.
fn products(list: Option<&String>, any: bool) -> Result<Vec<Product>, Failure> {
    let words = list.into_iter().flat_map(|list| list.split(','));
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    let products: Vec<_> = words.map(Product::from).collect();
    let is_unknown = |product: &&Product| matches!(product, Product::Other(_));
    let unknown: Vec<_> = products.iter().filter(is_unknown).map(Product::as_str).collect();
    if unknown.is_empty() || any {
        return Ok(products);
    }
    // A secret may have slipped there: only a plain word is repeated.
    let words: Option<Vec<_>> = unknown.iter().map(|word| as_word(word)).collect();
    let named = words.map(|words| format!(": {}", words.join(", "))).unwrap_or_default();
    let known = super::words::products(Product::KNOWN);
    Err(Failure::usage(format!("a product of --products is not known{named}"))
        .cause(format!("known are {known}"))
        .help(
            "check its spelling; --any-product takes one that Finch has added since this release",
        ))
}
