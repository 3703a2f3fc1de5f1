#![doc = include_str!("../README.md")]

#[macro_use]
mod example;

// What a `Finch` is made of.
mod builder;
mod event_sink;
mod finch;
mod keys_error;
mod system;
mod vault;

// The use cases, in the order of a connection's life.
mod begin;
mod complete;
mod import;

mod access;
mod list;
mod webhooks;

mod disconnect;

mod reconcile;
mod reconciler;

mod orphans;

mod close;

mod audit;
mod keys;
mod restored;
mod verify;

// What they share. `change` owns the one loop that commits, `work` owns leases and pacing.
mod admit;
mod ask;
mod change;
mod exchanges;
mod observe;
mod pending_effects;
mod tasks;
mod walk;
mod work;

pub use access::{Unauthorized, UsableToken};
pub use ask::{Pace, RunError};
pub use audit::{Audit, AuditOptions};
pub use begin::{BeginConnectError, BegunConnect};
pub use builder::{FinchBuilder, OpenFinchError};
pub use complete::{CompleteConnectError, CompletedConnect, TokenFate};
pub use disconnect::{DisconnectError, DisconnectOutcome, DisconnectRequest, DisconnectTarget};
pub use event_sink::{EventSink, SinkError, UnstoredToken};
pub use finch::{Finch, FinchOptions};
pub use import::{ImportRequest, ImportedToken};
pub use keys::{KeyStatus, Rotated};
pub use keys_error::KeysError;
pub use list::{Cursor, EventFilter, Listing, Page};
pub use orphans::PossibleOrphan;
pub use reconcile::{Pass, Reconciled, StillPending};
pub use reconciler::{OnPass, Reconciler, ReconcilerOptions};
pub use system::{OsSystem, System};
pub use verify::{BrokenRecord, Verified};
pub use webhooks::Questions;

#[doc(inline)]
pub use finch_core::{
    AccessToken, Actionable, Actor, Advice, AttemptId, AuthorizationCode, Backoff, Chain, ClientId,
    ClientSecret, CompanyId, ConnectRequest, ConnectUrl, ConnectionId, ConnectionState,
    ConnectionView, CustomerChange, CustomerId, CustomerScope, ErrorKind, Event, EventKind,
    FailureKind, FinchApi, FinchApiError, Flow, IdError, MAX_WEBHOOK_BYTES, OperatorName,
    OperatorScope, Product, ProviderId, Quarantine, RedirectUri, Scope, SessionId, State,
    StoreError, Timestamp, TokenState, TokenView, WebhookEvent, WebhookEventId,
    decide::{Attention, Drift, Finding, Matter, Plan, PlanMark, PlanVerdict, TokenError},
};
#[cfg(feature = "http")]
#[doc(inline)]
pub use finch_http::{HttpFinch, HttpFinchConfig, webhook};
#[doc(inline)]
pub use finch_seal::{Kek, KeySource, access::AccessError, keyfile};
#[cfg(feature = "keyring")]
#[doc(inline)]
pub use finch_seal::{KeyringError, keyring};
#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreFileError, StoreProblem};
