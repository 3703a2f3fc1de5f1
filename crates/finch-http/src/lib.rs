#![doc = include_str!("../README.md")]

mod config;
mod finch;
mod proxy;

mod answers;
mod api;
mod check;

mod call;
mod coding;
mod lost;
mod refusal;
mod reply;
mod retry;
mod send;
mod transport;
mod wire;

pub mod webhook;

pub use config::{ConfigError, HttpFinchConfig};
pub use finch::HttpFinch;
#[doc(inline)]
pub use finch_core::Backoff;
pub use proxy::{Proxy, ProxyUrlError};
pub use transport::Transport;
