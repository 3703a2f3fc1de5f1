#![doc = include_str!("../README.md")]

mod ask;
mod audit;
mod begin;
mod change;
mod changed;
mod close;
mod complete;
mod disconnect;
mod drive;
mod exchanges;
mod finch;
mod hint;
mod import;
mod late;
mod list;
mod reconcile;
mod reconciler;
mod system;
mod tasks;
mod token;
mod walk;
mod webhooks;
#[cfg(all(feature = "http", feature = "sqlite"))]
mod wiring;
mod work;

pub use ask::{Pace, RunError};
pub use audit::Audit;
pub use begin::{BeginConnectError, BegunConnect, ConnectRequest};
pub use changed::{Changed, Theirs};
pub use close::CloseError;
pub use complete::{CompleteConnectError, CompletedConnect, ExchangeError};
pub use disconnect::{DisconnectError, DisconnectOutcome, DisconnectTarget};
pub use finch::{Finch, FinchOptions, OtherApplicationError};
pub use hint::{ProcessedWebhook, ProcessedWebhooks, WebhookFinding};
pub use import::{ImportedToken, ToImport};
pub use list::{Cursor, Events, Page};
pub use reconcile::{Pass, PossibleOrphan, Reconciled, StillPending};
pub use reconciler::{OnPass, Reconciler, ReconcilerOptions};
pub use system::{OsSystem, System};
pub use token::{TokenError, Unauthorized};
pub use webhooks::WebhookCursor;
#[cfg(all(feature = "http", feature = "sqlite"))]
pub use wiring::OpenFinchError;

#[doc(no_inline)]
pub use finch_core::{
    AccessToken, Actor, AttemptId, AuthorizationCode, ClientId, ClientSecret, CompanyId,
    ConnectUrl, ConnectionId, ConnectionState, ConnectionView, CustomerId, CustomerScope, Event,
    EventId, FailureKind, FinchApi, FinchApiError, Flow, Happening, IdError, MAX_WEBHOOK_BYTES,
    OperatorName, OperatorScope, Product, ProviderId, RedirectUri, Scope, SessionId, State,
    StoreError, Timestamp, TokenState, TokenView, UsableToken, WebhookEvent, WebhookEventId,
    decide::{Attention, Drift, Finding, Matter, NotAMark, Plan, PlanMark, PlanVerdict},
};
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use finch_http::{HttpFinch, HttpFinchConfig, webhook};
#[cfg(feature = "keyring")]
#[doc(no_inline)]
pub use finch_seal::{KeyringError, keyring};
#[cfg(feature = "sqlite")]
#[doc(no_inline)]
pub use {
    finch_seal::{Kek, KeySource, keyfile},
    finch_sqlite::{OpenStoreError, SqliteOptions, SqliteTokenStore},
};
