#![doc = include_str!("../README.md")]

mod config;
mod finch;
mod proxy;

mod check;
mod disconnect;
mod exchange;
mod facts;
mod introspect;
mod session;

mod call;
mod coding;
mod lost;
mod refusal;
mod reply;
mod retry;
mod send;
mod wire;

pub mod webhook;

#[cfg(feature = "fuzzing")]
mod fuzzing;

pub use check::Reached;
pub use config::{ConfigError, HttpFinchConfig};
pub use finch::HttpFinch;
pub use proxy::{Proxy, ProxyUrlError};
