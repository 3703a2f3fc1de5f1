#![doc = include_str!("../README.md")]

mod config;
mod emulator;
mod login;

mod fault;
mod state;

mod clock;
mod ids;
mod world;

mod answer;
mod call;
mod fields;
mod refusal;
mod routes;
mod server;

mod control;
mod finch;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;

pub use config::{DisconnectScope, EmulatorConfig};
pub use emulator::{Emulator, EmulatorError};
pub use fault::{Fault, FaultKind};
pub use login::Login;
pub use state::{ConnectionState, EmulatorState, TokenState};
