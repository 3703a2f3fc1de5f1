#![doc = include_str!("../README.md")]

mod ask;
mod audit;
mod begin;
mod builder;
mod change;
mod changed;
mod close;
mod complete;
mod disconnect;
mod drive;
mod event_sink;
mod exchanges;
mod finch;
mod import;
mod keys;
mod keys_error;
mod list;
mod pending_effects;
mod questions;
mod reconcile;
mod reconciler;
mod restored;
mod system;
mod tasks;
mod token;
mod vault;
mod verify;
mod walk;
#[cfg(all(feature = "http", feature = "sqlite"))]
mod wiring;
mod work;

pub use ask::{Pace, RunError};
pub use audit::Audit;
pub use begin::{BeginConnectError, BegunConnect, ConnectRequest};
pub use builder::{FinchBuilder, OpenFinchError};
pub use changed::Changed;
pub use close::CloseError;
pub use complete::{CompleteConnectError, CompletedConnect, ExchangeError, TokenFate};
pub use disconnect::{DisconnectError, DisconnectOutcome, DisconnectRequest};
pub use event_sink::{EventSink, SinkError, UnstoredToken};
pub use finch::{Finch, FinchOptions};
pub use import::{ImportedToken, ToImport};
pub use keys::{KeyStatus, Rotated};
pub use keys_error::KeysError;
pub use list::{Cursor, Events, Page};
pub use questions::Questions;
pub use reconcile::{Pass, PossibleOrphan, Reconciled, StillPending};
pub use reconciler::{OnPass, Reconciler, ReconcilerOptions};
pub use system::{OsSystem, System};
pub use token::{TokenError, Unauthorized, UsableToken};
pub use verify::{BrokenRecord, Verified};

#[doc(no_inline)]
pub use finch_core::{
    AccessToken, Actionable, Actor, Advice, AttemptId, AuthorizationCode, ClientId, ClientSecret,
    CompanyId, ConnectUrl, ConnectionId, ConnectionState, ConnectionView, CustomerChange,
    CustomerId, CustomerScope, ErrorKind, Event, EventId, EventKind, FailureKind, FinchApi,
    FinchApiError, Flow, IdError, MAX_WEBHOOK_BYTES, OperatorName, OperatorScope, Product,
    ProviderId, RedirectUri, Scope, SessionId, State, StoreError, Timestamp, TokenState, TokenView,
    WebhookEvent, WebhookEventId,
    decide::{Attention, Drift, Finding, Matter, NotAMark, Plan, PlanMark, PlanVerdict},
};
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use finch_http::{HttpFinch, HttpFinchConfig, webhook};
#[cfg(unix)]
#[doc(no_inline)]
pub use finch_seal::keyfile;
#[doc(no_inline)]
pub use finch_seal::{Kek, KeySource};
#[cfg(feature = "keyring")]
#[doc(no_inline)]
pub use finch_seal::{KeyringError, keyring};
#[cfg(feature = "sqlite")]
#[doc(no_inline)]
pub use finch_sqlite::{OpenStoreError, SqliteOptions, SqliteTokenStore};
