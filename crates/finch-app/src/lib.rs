#![doc = include_str!("../README.md")]

mod begin;
mod complete;
mod disconnect;
mod finch;
mod list;
mod reconcile;
mod system;
mod token;

pub use begin::{BeginConnectError, BegunConnect, ConnectRequest};
pub use complete::{CompleteConnectError, CompletedConnect, ExchangeError};
pub use disconnect::{DisconnectError, DisconnectOutcome, DisconnectTarget};
pub use finch::{Finch, FinchOptions, OtherApplicationError};
pub use list::{Cursor, Page};
pub use reconcile::{Pass, PossibleOrphan, Reconciled, StillPending};
pub use system::{OsSystem, System};
pub use token::{TokenError, Unauthorized};
