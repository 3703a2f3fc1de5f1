//! The port to the store that keeps connections and their sealed tokens.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Actionable, Advice, Agenda, Application, Attempt, AttemptId, Claim, Commit, CompanyId,
    Connection, ConnectionId, ConnectionKey, CustomerId, Due, ErrorKind, EventQuery,
    FinchCustomerId, Fingerprint, InstanceId, Keyring, Leased, NewAttempt, ProviderId, Recorded,
    Sealed, SealedToken, Seq, StoreId, TokenFacts, TokenId, TokenQuery,
};

/// Where connections, tokens and attempts are kept.
///
/// No secret crosses this port. Tokens come to it sealed, and states and codes as keyed hashes: a store can
/// lose them, and cannot leak them.
///
/// # Contract
///
/// - **Atomic and durable.** Each writing method happens whole or not at all, and is on disk when it
///   returns (a store in memory: visible to every holder of the store).
/// - **Serial.** Writing methods take effect one after another, and [`Seq`](crate::Seq)uence numbers,
///   unique in the whole store, are taken in that order. A read sees every write that returned
///   before it began, in whichever process that was.
/// - **No rules.** A store compares revisions, keeps what it is given, and filters by customer in
///   its query. What decides is in this crate ([`Attempt::claim`], [`TokenQuery::accepts`], and the
///   functions that change a [`Draft`](crate::Draft)), and the store calls it where it must decide inside a
///   transaction.
/// - **Pages.** Each listing returns its rows in ascending order of what the next page is asked for with,
///   each once, all after `after`, and at most `limit`. A page with fewer rows than `limit` is the last one.
/// - The store ensures **uniqueness** under concurrency: one connection per provider and company;
///   one connection per `connection_id`; one record per token that is not revoked.
/// - **Finality.** A token that is revoked keeps that state: a commit that says otherwise is refused
///   whole. A `state` opens one attempt: a second one under the same is refused.
/// - **Secrets are overwritten** where they are wiped or sealed again, as far as the medium allows: an adapter's
///   documentation says how far that is.
/// - "Another customer's" and "not there" are the same answer.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// What the store is, for good.
    fn binding(&self) -> &Binding;

    /// The key ring. None: the store has none yet.
    async fn keyring(&self) -> Result<Option<Keyring>, StoreError>;

    /// Keeps a new attempt under the fingerprint of its `state`. So that the store does not grow without end, the
    /// oldest attempts of which [nothing can come](Attempt::forgettable_at) at its `opened_at` are forgotten
    /// first, [some at once](crate::FORGOTTEN_AT_ONCE).
    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError>;

    /// Finds the attempt of this `state`, of this customer if one is given, and claims it with
    /// [`Attempt::claim`]. On [`Claim::Begin`] the exchange takes its sequence number, and the
    /// fingerprint of the code is kept. None: there is no such attempt (of this customer).
    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError>;

    /// A page of the attempts whose token may exist at Finch without anybody having it
    /// ([`Attempt::is_possible_orphan`]), in the order of their ids, after `after`.
    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError>;

    /// What an arriving token may belong to.
    async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError>;

    /// Loads one connection whole; with a customer, only if that customer has a token in it under
    /// the selected `connection_id` or customer id at Finch, or the selected token.
    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError>;

    /// Takes the next number of the sequence and writes `commit` whole, [under it](Commit::numbered), if
    /// each connection that it [saw](Commit::seen) is still at that revision, and if it keeps what is
    /// unique. Raises the revision of the connection by one. Rows replace those of the same id, in the
    /// order of [`Commit`]'s fields; when a token was last used is not theirs to change. Returns the number; a
    /// commit of nothing only takes one.
    ///
    /// # Errors
    /// Nothing was changed, and no number taken.
    /// - [`StoreError::Moved`]: load again, and decide again.
    /// - [`StoreError::OldEpoch`]: a secret is, or would be, sealed with an older data key than the oldest in
    ///   use. Read the key ring again, and seal again.
    /// - [`StoreError::Corrupt`]: a first key ring for a store that holds connections or attempts already.
    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError>;

    /// A token's sealed secret. None: there is no such token, or its secret is wiped. Where the secret of a
    /// token that is not revoked is missing, it has no bytes.
    async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError>;

    /// The newest `Active` token of this customer that [`TokenQuery::accepts`], in the connection in
    /// which the customer has a token under this `connection_id`. This is the hot path.
    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError>;

    /// A page of the keys of connections, in their order, after `after`.
    async fn connections(
        &self,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError>;

    /// Asks for the lease of a connection, or renews it, with [`Lease::ask`](crate::Lease::ask); unless
    /// another instance holds it, it is `owner`'s from then on. It changes no revision. A connection
    /// that is not there is [`Leased::Absorbed`]: another one has its tokens now.
    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError>;

    /// Gives a lease back, if it is still `owner`'s.
    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError>;

    /// Takes the next turn to call Finch, with [`next_turn`](crate::next_turn): turns are `every` apart
    /// across all instances. Returns the time of the turn.
    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError>;

    /// Notes that a token was handed out at `now`. It changes no revision.
    async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError>;

    /// A page of what happened, in order. With a customer: what names that customer as its reader.
    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<Recorded>, StoreError>;
}

/// What a store is, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The application whose connections it holds.
    pub application: Application,
    /// Its random identity, made with it.
    pub store: StoreId,
}

/// Which connection to load.
#[derive(Clone, Copy, Debug)]
pub enum Selector<'a> {
    /// By its record.
    Key(ConnectionKey),
    /// By any of its `connection_id`s.
    ConnectionId(&'a ConnectionId),
    /// By its provider and company.
    Pair(&'a ProviderId, &'a CompanyId),
    /// By a token's record.
    TokenId(TokenId),
    /// By a token itself: the connection that holds its newest record.
    Fingerprint(&'a Fingerprint),
    /// By the customer id at Finch of any of its tokens.
    FinchCustomerId(&'a FinchCustomerId),
}

/// Which connections to list.
#[derive(Clone, Copy, Debug)]
pub enum ConnectionFilter<'a> {
    /// All of them.
    All,
    /// Those in which this customer has a token.
    Customer(&'a CustomerId),
    /// Those of this employer, at any provider.
    Company(&'a CompanyId),
    /// Those with work that is [due](crate::Agenda::due); none: whenever it is.
    Due(Option<Due>),
    /// Those with a [question](crate::Agenda::question) that is due; none: whenever it is.
    Question(Option<Due>),
    /// Those that need a person's [attention](crate::Agenda::attention).
    Attention,
    /// Those that hold a secret sealed with an older data key than this.
    SealedBefore(u32),
}

impl ConnectionFilter<'_> {
    /// Whether a connection is listed, of which secrets are sealed with the data keys of these numbers. For stores
    /// that cannot search their rows for it.
    pub fn selects(
        &self,
        connection: &Connection,
        agenda: &Agenda,
        epochs: impl IntoIterator<Item = u32>,
    ) -> bool {
        let is_due = |next: Option<Timestamp>, due: &Option<Due>| {
            next.is_some_and(|next| due.is_none_or(|due| due.holds(next)))
        };
        match self {
            Self::All => true,
            Self::Customer(id) => {
                connection.tokens.iter().any(|t| t.customer.as_ref() == Some(*id))
            }
            Self::Company(id) => connection.company.as_ref() == Some(*id),
            Self::Due(due) => is_due(agenda.due, due),
            Self::Question(due) => is_due(agenda.question, due),
            Self::Attention => agenda.attention,
            Self::SealedBefore(epoch) => epochs.into_iter().any(|sealed| sealed < *epoch),
        }
    }
}

/// What an arriving token may belong to.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// This very token is known, and not revoked: its record, and the connection that holds it.
    pub known: Option<(TokenId, Connection)>,
    /// This very token was known, and every record of it is revoked.
    pub revoked_before: bool,
    /// The connection of the same provider and company (R1).
    pub by_pair: Option<Connection>,
    /// The connection of the same `connection_id` (R2). Often the same one.
    pub by_connection_id: Option<Connection>,
}

/// An error of a [`TokenStore`], or of the secrets that `finch-app` keeps in one, by what the caller can do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The connection changed since it was loaded. Load it and decide again.
    #[error("the connection has changed meanwhile")]
    Moved,
    /// A secret names a data key that is older than the oldest one in use. Read the key ring again, and seal
    /// again.
    #[error("a secret is sealed with a data key that is no longer in use")]
    OldEpoch,
    /// The store's keys cannot be opened now. Nothing was sent to Finch; try again when the key source answers.
    #[error("the store's keys cannot be opened")]
    KeysUnavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A sealed secret does not open: it was changed, moved, or sealed under another key.
    #[error("the sealed secret of {token} cannot be opened")]
    Unreadable {
        /// Whose secret.
        token: TokenId,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process holds the store for too long. Try again.
    #[error("the store is busy: another process holds its lock")]
    Busy,
    /// There is no room. Free some, then try again.
    #[error("the store has no room: the disk is full")]
    Full,
    /// The store may only be read.
    #[error("the store is read-only")]
    ReadOnly,
    /// What is stored contradicts itself. Restore a backup.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Something else.
    #[error("the store failed")]
    Backend(#[source] Box<dyn Error + Send + Sync>),
}

impl Actionable for StoreError {
    fn advice(&self) -> Advice {
        let (store, retry) = (
            |code, step| Advice::new(ErrorKind::Store, code, step),
            |code, step| Advice::retry(ErrorKind::Store, code, step),
        );
        match self {
            Self::Moved | Self::OldEpoch => retry("store_changed", "try again"),
            Self::KeysUnavailable(_) => {
                retry("keys_unavailable", "check the source of the store's key, then try again")
            }
            Self::Unreadable { .. } => store(
                "secret_unreadable",
                "restore a backup of the store; without one, reauthenticate the connection, and the next \
                 disconnect ends both tokens",
            ),
            Self::Busy => {
                retry("store_busy", "wait until the other process has finished, then try again")
            }
            Self::Full => retry("store_full", "free space on the store's disk, then try again"),
            Self::ReadOnly => {
                store("store_read_only", "make the store, its folder and its file system writable")
            }
            Self::Corrupt(_) => {
                store("store_damaged", "restore a backup, and keep the damaged file")
            }
            Self::Backend(_) => store("store_failed", "check the store's disk, then try again"),
        }
    }
}
