#![doc = include_str!("../README.md")]

mod app;
mod attempt_cookies;
mod callback;
mod company;
mod connect;
mod connections;
mod cookie;
mod csrf;
mod customer;
mod disconnect;
mod form;
mod headers;
mod options;
mod page;
mod problem;
mod router;
mod style;
mod visit;
#[cfg(feature = "webhooks")]
mod webhook;
mod words;

pub use customer::Customer;
pub use options::{ConnectFlow, Options, OptionsError};
pub use router::router;
#[cfg(feature = "webhooks")]
pub use webhook::{WebhookError, WebhookHandler, Webhooks};

/// The programs of the guide to embedding, held to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
pub struct Embedding;
