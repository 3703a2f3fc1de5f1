#![doc = include_str!("../README.md")]

mod begin;
mod complete;
mod disconnect;
mod drive;
mod finch;
mod list;
mod reconcile;
mod system;
mod token;
#[cfg(all(feature = "http", feature = "sqlite"))]
mod wiring;

pub use begin::{BeginConnectError, BegunConnect, ConnectRequest};
pub use complete::{CompleteConnectError, CompletedConnect, ExchangeError};
pub use disconnect::{DisconnectError, DisconnectOutcome, DisconnectTarget};
pub use finch::{Finch, FinchOptions, OtherApplicationError};
pub use list::{Cursor, Page};
pub use reconcile::{Pass, PossibleOrphan, Reconciled, StillPending};
pub use system::{OsSystem, System};
pub use token::{TokenError, Unauthorized};
#[cfg(all(feature = "http", feature = "sqlite"))]
pub use wiring::OpenFinchError;

#[doc(no_inline)]
pub use finch_core::{
    AccessToken, Actor, AuthorizationCode, ClientId, ClientSecret, CompanyId, ConnectUrl,
    ConnectionId, ConnectionState, ConnectionView, CustomerId, CustomerScope, Flow, OperatorName,
    OperatorScope, Product, ProviderId, RedirectUri, Scope, State, StoreError, Timestamp,
    TokenState, TokenView, UsableToken,
    decide::{Plan, PlanVerdict},
};
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use finch_http::{HttpFinch, HttpFinchConfig};
#[cfg(feature = "sqlite")]
#[doc(no_inline)]
pub use {
    finch_seal::{Kek, KeySource, keyfile},
    finch_sqlite::{OpenStoreError, SqliteOptions, SqliteTokenStore},
};
