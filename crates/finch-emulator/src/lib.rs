#![doc = include_str!("../README.md")]

mod config;
mod emulator;
mod local;
mod login;

mod fault;
mod finch_error;
mod state;

mod clock;
mod ids;
mod journal;
mod webhook;
mod world;

mod answer;
mod call;
mod fields;
mod gate;
mod line;
mod refusal;
mod routes;
mod server;
mod traffic;
mod turn;
mod wire;

mod control;
mod finch;
mod page;

pub use config::{DisconnectScope, EmulatorConfig};
pub use emulator::{Emulator, EmulatorError};
pub use fault::{Effect, Fault, FaultKind, Then};
pub use finch_error::FinchError;
pub use journal::ReceivedCall;
pub use local::{LocalAnswer, LocalCall, LocalEmulator};
pub use login::Login;
pub use state::{ConnectionState, EmulatorState, IssuedToken, TokenState};
pub use webhook::{
    WebhookAttempt, WebhookDelivery, WebhookError, WebhookEvent, WebhookRequest, WebhookTarget,
};
