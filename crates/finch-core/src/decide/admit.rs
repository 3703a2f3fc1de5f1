//! What is written when a token arrives. It is stored whatever the checks say, in the state that
//! they decide: who drops a live token pays for its connection for ever.

use jiff::Timestamp;

use crate::{
    Absorbed, Actor, Attempt, AttemptEnd, Connection, ConnectionStatus, CustomerId, Draft, Event,
    EventKind, Fingerprint, Found, OperatorName, Progress, Quarantine, Seq, Token, TokenFacts,
    TokenId, TokenState,
    decide::{Placement, initial_state, merge::merge, place},
};

/// A token that arrives.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// What Finch said of it.
    pub facts: TokenFacts,
    /// The keyed hash of the token itself.
    pub fingerprint: Fingerprint,
    /// Where it comes from.
    pub from: Source<'a>,
    /// When that began.
    pub began: Seq,
    /// By the clock, for people.
    pub now: Timestamp,
    /// Whether an earlier `/disconnect` of the connection may have taken effect since that began, or may still
    /// do so.
    pub late: bool,
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// From the exchange of this attempt, whose `state` the callback carried.
    Exchange(&'a Attempt),
    /// From the exchange of this attempt, whose callback carried no `state`: only what the browser kept
    /// named the attempt. An attacker can send a browser to a callback with a code of their own, so Finch must
    /// name the customer id of the attempt's session.
    StatelessExchange(&'a Attempt),
    /// From a list of tokens that the application has: Finch accepts it now.
    Import {
        /// Whose it is.
        customer: &'a CustomerId,
        /// Who imports it.
        by: &'a OperatorName,
    },
}

impl<'a> Source<'a> {
    fn attempt(self) -> Option<&'a Attempt> {
        match self {
            Self::Exchange(attempt) | Self::StatelessExchange(attempt) => Some(attempt),
            Self::Import { .. } => None,
        }
    }

    fn customer(self) -> &'a CustomerId {
        match self {
            Self::Exchange(attempt) | Self::StatelessExchange(attempt) => &attempt.purpose.customer,
            Self::Import { customer, .. } => customer,
        }
    }

    fn actor(self) -> Actor {
        match self {
            Self::Exchange(attempt) | Self::StatelessExchange(attempt) => {
                Actor::Customer(attempt.purpose.customer.clone())
            }
            Self::Import { by, .. } => Actor::Operator(by.clone()),
        }
    }
}

/// What is written, and what it means.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// What to commit. None where nothing may change.
    pub draft: Option<Draft>,
    /// What became of the token.
    pub arrived: Arrived,
}

/// What became of an arriving token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Stored, in this state.
    Stored(TokenState),
    /// This very token was stored before, for the same customer; what is known of it is renewed.
    Known(TokenId),
    /// This token is stored for another customer; nothing was changed.
    Foreign,
    /// Stored, quarantined, for this reason.
    Quarantined(Quarantine),
}

/// Decides what an arriving token writes.
pub fn admit(found: Found, arrival: Arrival<'_>) -> Admitted {
    let revoked_before = found.revoked_before;
    if let Some((token, connection)) = found.known {
        return known(token, connection, &arrival);
    }
    let facts = &arrival.facts;
    let placement = place(facts, &found);
    let mut draft = match &placement {
        Placement::New => Draft::new(facts.provider_id.clone(), facts.company_id.clone()),
        Placement::Into(connection) | Placement::Conflict(connection) => {
            Draft::of(connection.clone())
        }
        Placement::CompletesCompany(connection, company) => {
            let mut draft = Draft::of(connection.clone());
            draft.now.company = Some(company.clone());
            draft
        }
        Placement::Merges(into, absorbed) => {
            let mut draft = Draft::of(absorbed.clone());
            merge(&mut draft, into, arrival.late, arrival.now);
            draft
        }
    };
    let quarantined = match placement {
        Placement::Conflict(_) => Some(Quarantine::Conflict),
        _ => customer_doubt(arrival.from, draft.connection(), facts),
    };
    let customer = quarantined.is_none().then(|| arrival.from.customer().clone());
    let (state, reopens) = state(&mut draft, customer.as_ref(), revoked_before, &arrival);
    let mut event = |kind, customer: Option<&CustomerId>| {
        draft.remember(Event {
            at: arrival.now,
            by: arrival.from.actor(),
            connection_id: Some(facts.connection_id.clone()),
            customer: customer.cloned(),
            kind,
        });
    };
    match placement {
        Placement::New => event(EventKind::Connected, customer.as_ref()),
        Placement::CompletesCompany(..) => event(EventKind::CompanyNamed { absorbed: None }, None),
        Placement::Merges(_, absorbed) => {
            event(EventKind::CompanyNamed { absorbed: Some(Absorbed::of(&absorbed)) }, None);
        }
        Placement::Into(_) | Placement::Conflict(_) => {}
    }
    if reopens {
        event(EventKind::DisconnectReopened, customer.as_ref());
    }
    event(EventKind::TokenAdded { state: state.name().to_owned() }, customer.as_ref());
    let id = TokenId(Seq::OF_COMMIT);
    if let Some(attempt) = arrival.from.attempt() {
        draft.attempt = Some((attempt.id, AttemptEnd::Stored(id)));
    }
    let token = Token {
        id,
        customer,
        facts: arrival.facts,
        finch_token_id: None,
        status: None,
        state: state.clone(),
        exchange_began: arrival.began,
        verified: None,
        added_at: arrival.now,
        fingerprint: arrival.fingerprint,
        progress: Progress { quarantine: quarantined, ..Progress::default() },
        handed_out: false,
        used_at: None,
    };
    draft.now.tokens.push(token);
    let arrived = quarantined.map_or(Arrived::Stored(state), Arrived::Quarantined);
    Admitted { draft: Some(draft), arrived }
}

/// Why a token may not be the attempt's customer's, if the customer id that Finch names does not prove it.
/// A callback's `state` proves it where Finch names none, or where none was expected.
fn customer_doubt(
    from: Source<'_>,
    connection: &Connection,
    facts: &TokenFacts,
) -> Option<Quarantine> {
    let attempt = from.attempt()?;
    let stateless = matches!(from, Source::StatelessExchange(_));
    let expected = attempt.purpose.finch_customer_id.as_ref();
    let own = || renews_ones_own(attempt, connection, facts);
    match (facts.finch_customer_id.as_ref(), expected) {
        (None, _) => stateless.then_some(Quarantine::UnnamedCustomer),
        (Some(named), Some(expected)) if named == expected => None,
        (Some(_), None) if !stateless => None,
        (Some(_), _) => (!own()).then_some(Quarantine::OtherCustomer),
    }
}

/// Whether a token renews a connection, and Finch says that it is of a customer id under which the same
/// customer has a token there. One connection may come from several sessions, each with an id of its own,
/// and Finch names any of them.
fn renews_ones_own(attempt: &Attempt, connection: &Connection, facts: &TokenFacts) -> bool {
    let purpose = &attempt.purpose;
    let own = connection.tokens_of(Some(&purpose.customer));
    let mut renewed = own.filter(|t| t.facts.connection_id == facts.connection_id);
    purpose.reauthenticates.as_ref() == Some(&facts.connection_id)
        && renewed.any(|t| t.facts.finch_customer_id == facts.finch_customer_id)
}

/// The state that the races, and only they, give the token; and whether a disconnect that had ended goes
/// on for it. An open disconnect covers quarantined tokens too.
fn state(
    draft: &mut Draft,
    customer: Option<&CustomerId>,
    revoked_before: bool,
    arrival: &Arrival<'_>,
) -> (TokenState, bool) {
    let connection = draft.connection();
    let for_this = arrival.from.attempt().and_then(|a| a.purpose.for_disconnect);
    let is_for_the_open_one =
        for_this.is_some() && connection.open_disconnect().map(|d| d.id) == for_this;
    let id = &arrival.facts.connection_id;
    let (state, reopens) = initial_state(connection, arrival.began, customer, id, arrival.late);
    let is_covered = state == TokenState::Fenced && reopens.is_none();
    if is_for_the_open_one || is_covered {
        return (TokenState::Fenced, false);
    }
    if customer.is_none() {
        return (TokenState::Quarantined, false);
    }
    if let Some(disconnect) = reopens {
        draft.reopen(disconnect);
        // What was left over ends with it; what is in doubt waits for its end.
        draft.fence(|t| !t.state.is_live());
    }
    let in_doubt = revoked_before && state == TokenState::Active;
    (if in_doubt { TokenState::Unverified } else { state }, reopens.is_some())
}

/// A record of this very token exists. Its state is never changed; a quarantined one belongs to no
/// customer, and stays as it is.
fn known(token: TokenId, connection: Connection, arrival: &Arrival<'_>) -> Admitted {
    let owner = connection.token(token).and_then(|t| t.customer.as_ref());
    if owner.is_some_and(|owner| owner != arrival.from.customer()) {
        return Admitted { draft: None, arrived: Arrived::Foreign };
    }
    let is_owned = owner.is_some();
    let mut draft = Draft::of(connection);
    if let Some(token) = draft.token_mut(token).filter(|_| is_owned) {
        token.facts.products = arrival.facts.products.clone();
        // A person who has just been through Finch Connect has authenticated again.
        if token.needs_reauth() && arrival.from.attempt().is_some() {
            token.status = Some(ConnectionStatus::Connected);
        }
    }
    if let Some(attempt) = arrival.from.attempt() {
        draft.attempt = Some((attempt.id, AttemptEnd::Stored(token)));
    }
    Admitted { draft: Some(draft), arrived: Arrived::Known(token) }
}
