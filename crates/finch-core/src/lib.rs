#![doc = include_str!("../README.md")]

mod advice;
mod application;
mod chain;
mod id;
mod invisible;
mod scope;
mod sealed;
mod secret;
mod stray;
mod token_format;
mod word;

mod attempt;
mod backoff;
mod connection;
mod disconnect;
mod event;
mod token;
mod webhook;

mod commit;
mod customer_change;
pub mod decide;
mod draft;

mod api;
mod api_error;
mod failure;
mod lease;
mod store;

mod view;

pub use advice::{Actionable, Advice, ErrorKind};
pub use api::{ConnectRequest, ConnectSession, FinchApi};
pub use api_error::{Answer, ExchangeFailure, FinchApiError, exchange_failure};
pub use application::{AddressError, Application, Origin, RedirectUri};
pub use attempt::{
    ABANDONED_AFTER, ATTEMPT_KEPT_FOR, Attempt, AttemptEnd, AttemptId, Claim, Cover, Exchange,
    FORGOTTEN_AT_ONCE, Flow, NewAttempt, forgotten,
};
pub use backoff::Backoff;
pub use chain::Chain;
pub use commit::{Agenda, Commit, ConnectionRow, SecretRow};
pub use connection::{Connection, ConnectionKey, Revision};
pub use customer_change::CustomerChange;
pub use disconnect::{
    Disconnect, DisconnectId, DisconnectState, Due, Intent, LATE_EFFECT, Progress, Quarantine,
    Refusal, Retirement, Trouble,
};
pub use draft::{Draft, Reseal};
pub use event::{Absorbed, Event, EventId, EventKind, EventQuery, Recorded};
pub use failure::{Failure, FailureKind};
pub use id::{
    ClientId, CompanyId, ConnectionId, CustomerId, FinchCustomerId, FinchTokenId, IdError,
    MAX_ID_BYTES, OperatorName, ProviderId, RequestId, SessionId, WebhookEventId,
};
pub use invisible::{Visible, is_invisible};
pub use jiff::Timestamp;
pub use lease::{InstanceId, LEASE, Lease, Leased, next_turn};
pub use scope::{Actor, CustomerScope, OperatorScope, Scope};
pub use sealed::{Fingerprint, Hash, Keyring, RecordHead, Sealed, SealedAs, StoreId};
pub use secret::{AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State};
pub use store::{Binding, ConnectionFilter, Found, Selector, StoreError, TokenStore};
pub use stray::{StrayCharacters, stray_characters};
pub use token::{
    Evidence, Grant, Introspection, PartialFacts, SealedToken, Seq, Token, TokenFacts, TokenId,
    TokenQuery, TokenState, USE_NOTED_AFTER,
};
pub use token_format::{TokenFormatError, may_hold_token};
pub use view::{ConnectionState, ConnectionView, TokenView};
pub use webhook::{MAX_WEBHOOK_BYTES, Question, WebhookEvent};
pub use word::{ConnectionStatus, Product};
