#![doc = include_str!("../README.md")]

mod app;
mod attempt_cookies;
mod callback;
mod company;
mod connect;
mod connections;
mod cookie;
mod disconnect;
mod form;
mod guard;
mod headers;
mod hex;
mod host;
mod news;
mod options;
mod page;
mod problem;
mod router;
mod stop;
mod style;
#[cfg(feature = "webhooks")]
mod webhook;
mod words;

pub use host::{Customer, Host, HostError, Rescued};
pub use news::{News, on_pass};
pub use options::{ConnectFlow, Options, OptionsError};
pub use router::router;
#[cfg(feature = "webhooks")]
pub use webhook::Webhooks;

/// The programs of the guide to embedding, held to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
pub struct Embedding;
