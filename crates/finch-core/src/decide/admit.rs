//! What is written when a token arrives. It is stored whatever the checks say, in the state that
//! they decide: who drops a live token pays for its connection for ever.

use jiff::Timestamp;

use crate::{
    Actor, Admission, Attempt, Changes, Connection, ConnectionStatus, CustomerId, DisconnectChange,
    Ended, Event, Found, Grant, Happening, OperatorName, Seq, Target, Token, TokenChange,
    TokenFacts, TokenId, TokenState,
    decide::{Placement, Standing, merge::merge, place, schedule::agenda_after, standing},
};

/// A token that arrives.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// What Finch issued.
    pub grant: Grant,
    /// Where it comes from.
    pub from: Source<'a>,
    /// When that began.
    pub began: Seq,
    /// By the clock, for people.
    pub now: Timestamp,
    /// Whether an earlier `/disconnect` of the connection may still take effect.
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
    /// What to apply. None where nothing may change.
    pub changes: Option<Changes>,
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
    /// This very token is stored for somebody else; nothing was changed.
    Foreign,
    /// Stored, quarantined: its `connection_id` belongs to another provider or employer (R5).
    Conflict,
    /// Stored, quarantined: Finch says that it belongs to another customer id than the session's.
    OtherCustomer,
    /// Stored, quarantined: the callback carried no `state`, and Finch names no customer id.
    UnnamedCustomer,
}

/// Decides what an arriving token writes.
pub fn admit(found: Found, arrival: Arrival<'_>) -> Admitted {
    if let Some((token, connection)) = &found.known {
        return known(*token, connection, &arrival);
    }
    let facts = &arrival.grant.facts;
    let mut arrived = None;
    let placement = place(facts, &found);
    let (mut changes, beside) = match &placement {
        Placement::New => {
            let (provider, company) = (facts.provider_id.clone(), facts.company_id.clone());
            (Changes::to(Target::New { provider, company }), None)
        }
        Placement::Into(connection) => (to(connection), Some(connection.clone())),
        Placement::Names(connection, company) => {
            let mut changes = to(connection);
            changes.company = Some(company.clone());
            (changes, Some(connection.clone()))
        }
        Placement::Merges(into, absorbed) => {
            let mut changes = to(into);
            let one = merge(&mut changes, into, absorbed, arrival.late);
            (changes, Some(one))
        }
        Placement::Conflict(connection) => {
            arrived = Some(Arrived::Conflict);
            (to(connection), Some(connection.clone()))
        }
    };
    let attempt = arrival.from.attempt();
    if let Some(doubt) = customer_doubt(arrival.from, beside.as_ref(), facts) {
        arrived.get_or_insert(doubt);
    }
    let customer = arrived.is_none().then(|| arrival.from.customer().clone());
    let reopened = changes.disconnects.len();
    let state = state(&mut changes, beside.as_ref(), customer.as_ref(), &found, &arrival);
    let reopens = changes.disconnects.len() > reopened;
    let mut event = |what, customer: Option<&CustomerId>| {
        changes.events.push(Event {
            at: arrival.now,
            by: arrival.from.actor(),
            connection_id: Some(facts.connection_id.clone()),
            customer: customer.cloned(),
            what,
        });
    };
    match placement {
        Placement::New => event(Happening::Connected, customer.as_ref()),
        Placement::Names(..) | Placement::Merges(..) => event(Happening::CompanyNamed, None),
        Placement::Into(_) | Placement::Conflict(_) => {}
    }
    if reopens {
        event(Happening::DisconnectReopened, customer.as_ref());
    }
    event(Happening::TokenAdded { state: state.name().to_owned() }, customer.as_ref());
    changes.attempt = attempt.map(|attempt| (attempt.id, Ended::Admitted));
    let at = arrival.now;
    let Grant { secret, facts } = arrival.grant;
    let exchange_began = arrival.began;
    changes.admit =
        Some(Admission { customer, secret, facts, state: state.clone(), exchange_began, at });
    let beside = beside.or_else(|| new_connection(&changes));
    changes.agenda = beside.map(|beside| agenda_after(&beside, &changes));
    Admitted { changes: Some(changes), arrived: arrived.unwrap_or(Arrived::Stored(state)) }
}

/// Why a token may not be the attempt's customer's, if the customer id that Finch names does not prove it.
/// A callback's `state` proves it where Finch names none, or where none was expected.
fn customer_doubt(
    from: Source<'_>,
    beside: Option<&Connection>,
    facts: &TokenFacts,
) -> Option<Arrived> {
    let attempt = from.attempt()?;
    let stateless = matches!(from, Source::StatelessExchange(_));
    let expected = attempt.purpose.finch_customer_id.as_ref();
    let own = || beside.is_some_and(|connection| renews_ones_own(attempt, connection, facts));
    match (facts.finch_customer_id.as_ref(), expected) {
        (None, _) => stateless.then_some(Arrived::UnnamedCustomer),
        (Some(named), Some(expected)) if named == expected => None,
        (Some(_), None) if !stateless => None,
        (Some(_), _) => (!own()).then_some(Arrived::OtherCustomer),
    }
}

/// Whether a token renews a connection, and Finch says that it is of a customer id under which the same
/// customer has a token there. One connection may come from several sessions, each with an id of its own,
/// and Finch names any of them.
fn renews_ones_own(attempt: &Attempt, connection: &Connection, facts: &TokenFacts) -> bool {
    let purpose = &attempt.purpose;
    let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(&purpose.customer));
    let mut renewed = own.filter(|t| t.facts.connection_id == facts.connection_id);
    purpose.reauthenticates.as_ref() == Some(&facts.connection_id)
        && renewed.any(|t| t.facts.finch_customer_id == facts.finch_customer_id)
}

/// The state that the races, and only they, give the token. An open disconnect covers quarantined
/// tokens too.
fn state(
    changes: &mut Changes,
    beside: Option<&Connection>,
    customer: Option<&CustomerId>,
    found: &Found,
    arrival: &Arrival<'_>,
) -> TokenState {
    let stands = beside.map_or(Standing::Active, |c| {
        let for_this = arrival.from.attempt().and_then(|a| a.purpose.for_disconnect);
        if for_this.is_some() && c.open_disconnect().map(|d| d.id) == for_this {
            return Standing::Fenced;
        }
        let id = &arrival.grant.facts.connection_id;
        standing(c, arrival.began, customer, id, arrival.late)
    });
    match stands {
        Standing::Fenced => TokenState::Fenced,
        _ if customer.is_none() => TokenState::Quarantined,
        Standing::Reopens(disconnect) => {
            changes.disconnects.push(DisconnectChange::Reopen(disconnect));
            // What was left over ends with it; what is in doubt waits for its end.
            let left_over = |t: &&Token| !t.state.is_revoked() && !t.state.is_live();
            let left_over = beside.into_iter().flat_map(|c| &c.tokens).filter(left_over);
            changes.tokens.extend(left_over.map(TokenChange::fence));
            TokenState::Fenced
        }
        Standing::Retired => TokenState::Retired,
        Standing::Superseded => TokenState::Superseded,
        Standing::Unverified => TokenState::Unverified,
        Standing::Active if found.revoked_before => TokenState::Unverified,
        Standing::Active => TokenState::Active,
    }
}

/// A record of this very token exists. Its state is never changed; a quarantined one is nobody's, and
/// stays as it is.
fn known(token: TokenId, connection: &Connection, arrival: &Arrival<'_>) -> Admitted {
    let owner = connection.token(token).and_then(|t| t.customer.as_ref());
    if owner.is_some_and(|owner| owner != arrival.from.customer()) {
        return Admitted { changes: None, arrived: Arrived::Foreign };
    }
    let mut changes = to(connection);
    if owner.is_some() {
        let products = Some(arrival.grant.facts.products.clone());
        // Whoever has just been through Finch Connect has authenticated again.
        let needed_reauth = connection.token(token).is_some_and(Token::needs_reauth);
        let renewed = needed_reauth && arrival.from.attempt().is_some();
        let status = renewed.then_some(ConnectionStatus::Connected);
        changes.tokens.push(TokenChange { products, status, ..TokenChange::to(token) });
    }
    changes.attempt = arrival.from.attempt().map(|a| (a.id, Ended::Known(token)));
    Admitted { changes: Some(changes), arrived: Arrived::Known(token) }
}

/// A connection that does not exist yet, as the changes make it, still without its token.
fn new_connection(changes: &Changes) -> Option<Connection> {
    let Target::New { provider, company } = &changes.target else { return None };
    Some(Connection {
        key: crate::ConnectionKey(Seq(0)),
        revision: crate::Revision(0),
        provider: provider.clone(),
        company: company.clone(),
        tokens: Vec::new(),
        disconnects: Vec::new(),
        retirements: Vec::new(),
    })
}

fn to(connection: &Connection) -> Changes {
    Changes::to(Target::Existing(connection.key, connection.revision))
}
