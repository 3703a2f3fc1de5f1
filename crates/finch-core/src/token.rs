//! Tokens as the store keeps them, without their secrets.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccessToken, ClientId, CompanyId, ConnectionId, ConnectionStatus, CustomerId, FinchCustomerId,
    FinchTokenId, Fingerprint, OperatorName, Product, Progress, ProviderId, RequestId, Sealed,
    SealedAs,
};

/// A place in the store-wide sequence. Every exchange and every disconnect takes the next number
/// when it begins and when it ends: order comes from here, never from a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Stands for the number of the [`Commit`](crate::Commit) that a row is part of, until the store has
    /// taken it: later than every number that was taken.
    pub const OF_COMMIT: Self = Self(i64::MAX.unsigned_abs());
}

/// A token's record: the sequence number at which its exchange ended. Newer tokens are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Seq);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {}", self.0.0)
    }
}

/// What is kept of what Finch says about a token when it issues it (`POST /auth/token`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenFacts {
    /// Names the connection; several may belong to one.
    pub connection_id: ConnectionId,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer. Finch may leave it out (rule R4).
    pub company_id: Option<CompanyId>,
    /// The customer id of the session that the token comes from, where Finch returns it.
    pub finch_customer_id: Option<FinchCustomerId>,
    /// What the token may read or write.
    pub products: Vec<Product>,
}

/// The answer to an exchange: a token that is live, and billed, from now on.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The token.
    pub secret: AccessToken,
    /// What Finch says about it.
    pub facts: TokenFacts,
}

/// What one answer of Finch says about a token: [`TokenFacts`], any of which it may leave out.
///
/// `POST /auth/token` and `GET /introspect` say much of the same. What one leaves out, the other may say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of TokenFacts of the same name")]
pub struct PartialFacts {
    pub connection_id: Option<ConnectionId>,
    pub provider_id: Option<ProviderId>,
    pub company_id: Option<CompanyId>,
    pub finch_customer_id: Option<FinchCustomerId>,
    pub products: Option<Vec<Product>>,
}

impl PartialFacts {
    /// These facts, and those of `other` that are missing here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            connection_id: self.connection_id.or(other.connection_id),
            provider_id: self.provider_id.or(other.provider_id),
            company_id: self.company_id.or(other.company_id),
            finch_customer_id: self.finch_customer_id.or(other.finch_customer_id),
            products: self.products.or(other.products),
        }
    }

    /// The facts, if they name the connection and the provider: identity needs no more. None: a token
    /// with these facts alone cannot be stored.
    pub fn complete(self) -> Option<TokenFacts> {
        Some(TokenFacts {
            connection_id: self.connection_id?,
            provider_id: self.provider_id?,
            company_id: self.company_id,
            finch_customer_id: self.finch_customer_id,
            products: self.products.unwrap_or_default(),
        })
    }
}

impl From<TokenFacts> for PartialFacts {
    fn from(facts: TokenFacts) -> Self {
        Self {
            connection_id: Some(facts.connection_id),
            provider_id: Some(facts.provider_id),
            company_id: facts.company_id,
            finch_customer_id: facts.finch_customer_id,
            products: Some(facts.products),
        }
    }
}

/// The answer to `GET /introspect`: Finch accepts this token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introspection {
    /// Names the token without being one.
    pub token_id: Option<FinchTokenId>,
    /// What Finch says about the token.
    pub facts: PartialFacts,
    /// How the connection does, where Finch says it.
    pub status: Option<ConnectionStatus>,
    /// The application that the token was issued to, where Finch says it.
    pub client_id: Option<ClientId>,
    /// Finch's request id of the answer.
    pub request_id: Option<RequestId>,
}

/// What a token is here. Only `Active` is ever handed out. (`design` semantics 3.)
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenState {
    /// Handed out to its customer.
    Active,
    /// May have been ended by a disconnect that ran while it was issued: `/introspect` decides.
    Unverified,
    /// A disconnect of its connection has begun: no call hands it out any more.
    Fenced,
    /// Its customer's access has ended here; other customers still use the connection.
    Retired,
    /// Ended by a disconnect that finished before the token arrived, while a newer generation
    /// lives: never handed out, ends with the next disconnect.
    Superseded,
    /// Stored so that it can be disconnected, and for nothing else: its `connection_id` or its
    /// customer contradicts what is known. Belongs to no customer.
    Quarantined,
    /// Dead at Finch, by this evidence. Final, and the only state without a secret.
    Revoked {
        /// How we know.
        evidence: Evidence,
        /// When we learned it.
        at: Timestamp,
    },
}

impl TokenState {
    /// Handed out now, or perhaps after a look at Finch.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Active | Self::Unverified)
    }

    /// Dead at Finch.
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }

    /// The state's name, as `serde` writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unverified => "unverified",
            Self::Fenced => "fenced",
            Self::Retired => "retired",
            Self::Superseded => "superseded",
            Self::Quarantined => "quarantined",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// How we know that a token is dead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// Finch refused this very token.
    Refused {
        /// Finch's request id of the refusal.
        request_id: Option<RequestId>,
    },
    /// An operator vouches for it, by name and with a reason.
    ClosedByOperator {
        /// Who.
        operator: OperatorName,
        /// Why.
        reason: String,
    },
}

/// One token's record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token {
    /// The record.
    pub id: TokenId,
    /// Whose it is; none while quarantined.
    pub customer: Option<CustomerId>,
    /// What Finch said when it issued it.
    pub facts: TokenFacts,
    /// Names the token without being one, once Finch was asked.
    pub finch_token_id: Option<FinchTokenId>,
    /// How the connection does, as far as this token has shown.
    pub status: Option<ConnectionStatus>,
    /// What it is here.
    pub state: TokenState,
    /// When its exchange began.
    pub exchange_began: Seq,
    /// When Finch accepted it after doubt; its generation counts from here.
    pub verified: Option<Seq>,
    /// When it was stored.
    pub added_at: Timestamp,
    /// The keyed hash of the token itself. It stays when the secret is wiped.
    pub fingerprint: Fingerprint,
    /// How far its end has been proven.
    pub progress: Progress,
    /// Whether it was ever handed out.
    pub handed_out: bool,
    /// When it was last handed out, to within [a day](USE_NOTED_AFTER); none: never.
    pub used_at: Option<Timestamp>,
}

impl Token {
    /// For what its secret is sealed.
    pub fn sealed_as(&self) -> SealedAs {
        match self.state {
            TokenState::Active => SealedAs::Usable,
            TokenState::Unverified => SealedAs::InDoubt,
            _ if self.progress.refused.is_some() => SealedAs::Refused,
            _ => SealedAs::Held,
        }
    }

    /// Whether a disconnect has ended it, and not Finch by itself.
    pub(crate) fn was_ended_by_a_disconnect(&self) -> bool {
        self.is_vouched() || (self.state.is_revoked() && self.progress.refused.is_some())
    }

    /// Whether its end is an operator's word.
    pub fn is_vouched(&self) -> bool {
        let vouched = |by: &Evidence| matches!(by, Evidence::ClosedByOperator { .. });
        matches!(&self.state, TokenState::Revoked { evidence, .. } if vouched(evidence))
    }

    /// From where the token's generation counts: its exchange, or the moment it was verified.
    pub fn since(&self) -> Seq {
        self.verified.unwrap_or(self.exchange_began)
    }

    /// Whether the token works: it is in use, and needs no reauthentication.
    pub fn works(&self) -> bool {
        self.state == TokenState::Active && !self.needs_reauth()
    }

    /// Whether Finch wants the employer to authenticate again before this token works.
    pub fn needs_reauth(&self) -> bool {
        self.status == Some(ConnectionStatus::Reauth)
    }
}

/// What a host wants to do with a token: decides which one it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenQuery {
    /// The products that the token must cover; empty: any.
    pub products: Vec<Product>,
}

impl TokenQuery {
    /// Whether an `Active` token with these products, last seen in this status, will do.
    pub fn accepts(&self, products: &[Product], status: Option<&ConnectionStatus>) -> bool {
        status != Some(&ConnectionStatus::Reauth)
            && self.products.iter().all(|p| products.contains(p))
    }

    /// The token of `customer` that it chooses: the newest that is `Active` and that it accepts.
    pub fn choose<'a>(&self, tokens: &'a [Token], customer: &CustomerId) -> Option<&'a Token> {
        tokens.iter().rev().find(|t| {
            t.customer.as_ref() == Some(customer)
                && t.state == TokenState::Active
                && self.accepts(&t.facts.products, t.status.as_ref())
        })
    }
}

/// A token that may be handed out, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedToken {
    /// Its record.
    pub id: TokenId,
    /// The `connection_id` it was issued under.
    pub connection_id: ConnectionId,
    /// What it covers.
    pub products: Vec<Product>,
    /// The keyed hash of the token itself.
    pub fingerprint: Fingerprint,
    /// The token, sealed; no bytes where they are missing.
    pub sealed: Sealed,
    /// As [`Token::used_at`].
    pub used_at: Option<Timestamp>,
}

impl SealedToken {
    /// Whether its use should be written down, at `now`: the first one, and one a day from then on. A
    /// write for each would cost a hundred reads.
    pub fn is_worth_noting(&self, now: Timestamp) -> bool {
        self.used_at.is_none_or(|used| now.duration_since(used).unsigned_abs() >= USE_NOTED_AFTER)
    }
}

/// How exactly the use of a token is known.
pub const USE_NOTED_AFTER: Duration = Duration::from_secs(24 * 3600);
