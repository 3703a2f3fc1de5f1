//! A Finch of a few lines: which tokens are alive, and what a request does to them.

use finch_core::{
    AttemptId, ConnectionId, ConnectionStatus, FinchCustomerId, Introspection, TokenFacts,
};
use finch_testkit::facts;

use super::step::Twist;

/// What Finch's documents leave open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// `/disconnect` ends the provider and company's tokens, and not those of the token's `connection_id`.
    pub(super) reaches_pair: bool,
    /// A connection that begins again has the `connection_id` of the one before.
    pub(super) keeps_ids: bool,
    /// Finch says of a token that it has promised to end that it is invalid, and not only "Unauthorized".
    pub(super) names_refusals: bool,
}

/// Where a person logs in, and with which of the employer's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) provider: u8,
    pub(super) company: u8,
    pub(super) credentials: u8,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) attempt: AttemptId,
    pub(super) customer_id: FinchCustomerId,
    pub(super) place: Place,
    pub(super) renews: Option<ConnectionId>,
    pub(super) twist: Twist,
}

/// A token at Finch.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) facts: TokenFacts,
    pub(super) login: Login,
    pub(super) alive: bool,
    /// How often the company is still left out.
    nameless: u8,
}

#[derive(Debug)]
pub(super) struct Finch {
    pub(super) setting: Setting,
    pub(super) issued: Vec<Issued>,
    /// Which token each `/disconnect` was sent with, and a token that it has ended.
    pub(super) ended: Vec<(usize, usize)>,
}

impl Finch {
    pub(super) fn new(setting: Setting) -> Self {
        Self { setting, issued: Vec::new(), ended: Vec::new() }
    }

    fn alive(&self) -> impl DoubleEndedIterator<Item = &Issued> {
        self.issued.iter().filter(|i| i.alive)
    }

    /// The connection that a customer id has: Finch allows it one.
    pub(super) fn of_customer(&self, id: &FinchCustomerId) -> Option<&Issued> {
        self.alive().find(|i| i.login.customer_id == *id)
    }

    pub(super) fn by_id(&self, id: &ConnectionId) -> Option<&Issued> {
        self.alive().find(|i| i.facts.connection_id == *id)
    }

    /// Exchanges a code. None: Finch refuses it.
    pub(super) fn issue(&mut self, login: &Login) -> Option<usize> {
        let newest = self.issued.iter().rposition(|i| i.alive);
        if login.twist == Twist::SameToken && newest.is_some() {
            return newest;
        }
        let Place { provider, company, credentials } = login.place;
        let reaches_pair = self.setting.reaches_pair;
        let joins = |i: &&Issued| match &login.renews {
            Some(id) => i.facts.connection_id == *id,
            None => {
                let pair = i.login.place.provider == provider && i.login.place.company == company;
                pair && (reaches_pair || i.login.place.credentials == credentials)
            }
        };
        let renews_nothing = login.renews.as_ref().is_some_and(|id| self.by_id(id).is_none());
        let own = |i: &&Issued| i.login.customer_id == login.customer_id;
        if renews_nothing || self.alive().filter(own).any(|i| !joins(&i)) {
            return None;
        }
        let same = self.alive().find(|i| i.login.place == login.place);
        let known = login.renews.clone().or(same.map(|i| i.facts.connection_id.clone()));
        let contradicts = login.twist == Twist::OtherCompany && known.is_some();
        let number = if self.setting.keeps_ids { 0 } else { self.issued.len() };
        let new = || format!("k{provider}{company}{credentials}-{number}");
        let id = known.map_or_else(new, |id| id.to_string());
        let company = if contradicts { company ^ 1 } else { company };
        let mut facts = facts(&id, &format!("p{provider}"), &format!("c{company}"));
        facts.finch_customer_id = match login.twist {
            Twist::NoCustomer => None,
            Twist::OtherCustomer => FinchCustomerId::new("stranger").ok(),
            _ => Some(login.customer_id.clone()),
        };
        let nameless = if let Twist::Nameless(times) = login.twist { times } else { 0 };
        self.issued.push(Issued { facts, login: login.clone(), alive: true, nameless });
        Some(self.issued.len() - 1)
    }

    /// What Finch says of a token when it issues it.
    pub(super) fn facts(&self, token: usize) -> TokenFacts {
        let issued = &self.issued[token];
        let mut facts = issued.facts.clone();
        facts.company_id = facts.company_id.filter(|_| issued.nameless == 0);
        facts
    }

    /// `GET /introspect`. None: Finch refuses the token.
    pub(super) fn introspect(&mut self, token: usize) -> Option<Introspection> {
        let facts = self.facts(token).into();
        let issued = &mut self.issued[token];
        issued.nameless = issued.nameless.saturating_sub(1);
        let status = Some(ConnectionStatus::Connected);
        issued.alive.then(|| Introspection { facts, status, ..Introspection::default() })
    }

    /// Whether a `/disconnect` with one token ends another one.
    pub(super) fn reaches(&self, token: usize, other: usize) -> bool {
        let (one, other) = (&self.issued[token].facts, &self.issued[other].facts);
        if self.setting.reaches_pair {
            one.provider_id == other.provider_id && one.company_id == other.company_id
        } else {
            one.connection_id == other.connection_id
        }
    }

    /// `POST /disconnect` takes effect, on tokens before `before`. False: Finch refuses the token.
    pub(super) fn disconnect(&mut self, token: usize, before: usize) -> bool {
        let was_alive = self.issued[token].alive;
        let reached = (0..before).filter(|other| was_alive && self.reaches(token, *other));
        let ends: Vec<_> = reached.filter(|other| self.issued[*other].alive).collect();
        for other in ends {
            self.issued[other].alive = false;
            self.ended.push((token, other));
        }
        was_alive
    }

    /// A connection is ended in Finch's dashboard.
    pub(super) fn end(&mut self, id: &ConnectionId) {
        let same = self.issued.iter_mut().filter(|i| i.facts.connection_id == *id);
        same.for_each(|i| i.alive = false);
    }
}
