//! A Finch of a few lines: which tokens are alive, and what a request does to them.

use finch_core::{
    AttemptId, ConnectionId, ConnectionStatus, FinchCustomerId, Introspection, TokenFacts,
};
use finch_testkit::facts;

use super::step::Twist;

/// What Finch's documents leave open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// `/disconnect` ends the tokens of the provider and company, and not only those of the `connection_id`.
    pub(super) reaches_pair: bool,
    /// A connection that begins again has the `connection_id` of the one before.
    pub(super) keeps_ids: bool,
    /// Finch calls a token whose end it has promised invalid, and not only unauthorized.
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
    /// A token that is alive.
    pub(super) fn alive(&self, is: impl Fn(&Issued) -> bool) -> Option<&Issued> {
        self.issued.iter().find(|i| i.alive && is(i))
    }

    /// Exchanges a code. None: Finch refuses it.
    pub(super) fn issue(&mut self, login: &Login) -> Option<usize> {
        let newest = self.issued.iter().rposition(|i| i.alive);
        if login.twist == Twist::SameToken && newest.is_some() {
            return newest;
        }
        let Place { provider, company, credentials } = login.place;
        let joins = |i: &Issued| match &login.renews {
            Some(id) => i.facts.connection_id == *id,
            None => {
                let pair = i.login.place.provider == provider && i.login.place.company == company;
                pair && (self.setting.reaches_pair || i.login.place.credentials == credentials)
            }
        };
        // Finch allows a customer id one connection.
        let elsewhere = self.alive(|i| i.login.customer_id == login.customer_id && !joins(i));
        if elsewhere.is_some() || (login.renews.is_some() && self.alive(joins).is_none()) {
            return None;
        }
        let same = self.alive(|i| i.login.place == login.place);
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
        let ends = (0..before.min(self.issued.len()))
            .filter(|other| was_alive && self.issued[*other].alive && self.reaches(token, *other));
        for other in ends.collect::<Vec<_>>() {
            self.issued[other].alive = false;
            self.ended.push((token, other));
        }
        was_alive
    }

    /// The connection of a token is ended in Finch's dashboard.
    pub(super) fn end(&mut self, token: usize) {
        let id = self.issued[token].facts.connection_id.clone();
        let same = self.issued.iter_mut().filter(|i| i.facts.connection_id == id);
        same.for_each(|i| i.alive = false);
    }
}
