#![doc = include_str!("../README.md")]

mod config;
mod emulator;
mod login;

mod world;

mod webhook;

mod fault;
mod http;

mod connect;
mod finch;
mod service;

mod control;
mod dashboard;
mod routes;
mod server;

pub use config::{DisconnectScope, EmulatorConfig};
pub use emulator::{Controls, Emulator, EmulatorError, LocalAnswer, LocalCall, LocalEmulator};
pub use fault::{Effect, Fault, FaultKind, Then};
pub use http::FinchError;
pub use login::Login;
pub use service::{ConnectionState, EmulatorState, IssuedToken, ReceivedCall, TokenState};
pub use webhook::{
    WebhookAttempt, WebhookDelivery, WebhookError, WebhookEvent, WebhookRequest, WebhookTarget,
};
