//! The one Finch: the emulator in process, what it has issued, and what still takes effect late.

use std::{collections::HashMap, sync::Arc, time::Duration};

use finch_core::{
    AccessToken, CompanyId, FinchApiError, Grant, Introspection, NewSession, ReauthenticateSession,
    RequestId,
};
use finch_emulator::{DisconnectScope, EmulatorConfig, LocalEmulator, Login};

use crate::{fault::Fault, wire};

/// A token as Finch knows it.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    /// The token.
    pub(crate) secret: Arc<str>,
    /// The code that it was issued for.
    pub(crate) code: String,
    /// Its connection at Finch.
    pub(crate) connection_id: String,
    /// Its provider and its company, whatever was said about them.
    pub(crate) pair: (String, String),
    /// Whether Finch accepts it.
    pub(crate) alive: bool,
    /// It was ended from Finch's dashboard.
    pub(crate) ended_outside: bool,
}

/// What Finch says about a code's token that is not so, or not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    /// Nothing.
    None,
    /// The company is left out, and so often by `/introspect` too.
    Nameless(u8),
    /// Another company's id is told (R5).
    WrongCompany,
    /// The token that was issued last is issued again.
    SameAgain,
}

/// Who logged in where.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LoggedIn {
    /// The customer id of the session.
    pub(crate) customer: String,
    /// Provider, company and credentials, in words.
    pub(crate) place: (String, String, String),
    /// The connection that it renews.
    pub(crate) renews: Option<String>,
}

/// A call that takes effect later.
enum Late {
    Exchange { code: String, redirect_uri: Option<String> },
    Disconnect { with: Arc<str>, connection_id: String, pair: Option<(String, String)> },
}

/// A token that a call of ours has killed, or somebody in the dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Killed {
    /// The token.
    pub(crate) secret: Arc<str>,
    /// Whether a call of ours did it.
    pub(crate) by_us: bool,
    /// With which token, if that call had come long before.
    pub(crate) late: Option<Arc<str>>,
}

/// Finch.
pub(crate) struct Remote {
    emulator: LocalEmulator,
    scope: DisconnectScope,
    /// Every token, in the order of issue.
    pub(crate) issued: Vec<Issued>,
    twists: HashMap<String, Twist>,
    logins: HashMap<String, LoggedIn>,
    nameless: HashMap<String, u8>,
    wrong: HashMap<String, CompanyId>,
    late: Vec<(i64, Late)>,
    /// Tokens that died, since somebody looked.
    pub(crate) killed: Vec<Killed>,
}

impl Remote {
    /// An empty Finch.
    ///
    /// # Panics
    /// Never: the configuration is the emulator's own.
    pub(crate) fn new(scope: DisconnectScope, seed: u64) -> Self {
        let config = EmulatorConfig {
            disconnect_scope: scope,
            seed: Some(seed),
            ..EmulatorConfig::default()
        };
        Self {
            emulator: LocalEmulator::new(config).expect("the emulator's own credentials"),
            scope,
            issued: Vec::new(),
            twists: HashMap::new(),
            logins: HashMap::new(),
            nameless: HashMap::new(),
            wrong: HashMap::new(),
            late: Vec::new(),
            killed: Vec::new(),
        }
    }

    /// Somebody logs in: the code.
    pub(crate) fn log_in(
        &mut self,
        session: &str,
        login: LoggedIn,
        twist: Twist,
    ) -> Option<String> {
        let (provider, company, credentials) = &login.place;
        let code = wire::log_in(&mut self.emulator, session, provider, company, credentials)?;
        self.twists.insert(code.clone(), twist);
        self.logins.insert(code.clone(), login);
        Some(code)
    }

    /// Whether Finch allows this login: it allows each customer id one connection. (The emulator only
    /// looks when it opens a session; of two that are open at once it would let both connect.)
    fn allows(&self, code: &str) -> bool {
        let Some(login) = self.logins.get(code) else { return true };
        let others = self.issued.iter().filter(|i| i.alive);
        let mut others = others
            .filter(|i| self.logins.get(&i.code).is_some_and(|l| l.customer == login.customer));
        let same = |i: &Issued| match &login.renews {
            Some(id) => i.connection_id == *id,
            None => {
                let place = &self.logins[&i.code].place;
                let pair = (&place.0, &place.1) == (&login.place.0, &login.place.1);
                pair && (self.scope == DisconnectScope::Pair || place.2 == login.place.2)
            }
        };
        others.all(same)
    }

    /// Somebody logs in for a customer that is not ours: the code.
    pub(crate) fn log_in_as(
        &mut self,
        customer: &str,
        (provider, company): (&str, &str),
        redirect_uri: Option<&str>,
    ) -> String {
        let mut login = Login::new("u", provider, company, "another").customer_id(customer);
        login.redirect_uri = redirect_uri.map(str::to_owned);
        self.emulator.issue_code(login)
    }

    /// Whether a token is of a customer id that its session was not for: Finch breaks its own rules.
    pub(crate) fn is_a_strangers(&self, issued: &Issued) -> bool {
        !self.logins.contains_key(&issued.code)
    }

    /// Exchanges a code.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        uri: Option<&str>,
    ) -> Result<Grant, FinchApiError> {
        let twist = self.twists.get(code).copied().unwrap_or(Twist::None);
        if twist == Twist::SameAgain
            && let Some(grant) = self.same_again(code)
        {
            return Ok(grant);
        }
        if !self.allows(code) {
            return Err(Fault::refuses_the_code());
        }
        let mut grant = wire::exchange(&mut self.emulator, code, uri)?;
        let secret = grant.secret.expose().to_owned();
        let facts = &mut grant.facts;
        let company = facts.company_id.as_ref().map(ToString::to_string).unwrap_or_default();
        self.issued.push(Issued {
            secret: secret.as_str().into(),
            code: code.to_owned(),
            connection_id: facts.connection_id.to_string(),
            pair: (facts.provider_id.to_string(), company),
            alive: true,
            ended_outside: false,
        });
        match twist {
            Twist::Nameless(times) => {
                facts.company_id = None;
                self.nameless.insert(secret, times);
            }
            Twist::WrongCompany => {
                let others = self.issued.iter().map(|i| &i.pair.1);
                let other = others
                    .into_iter()
                    .find(|c| facts.company_id.as_ref().is_some_and(|own| own.as_str() != *c));
                facts.company_id = other.map_or("a-company-of-nobody", String::as_str).parse().ok();
                self.wrong.extend(facts.company_id.clone().map(|company| (secret, company)));
            }
            Twist::None | Twist::SameAgain => {}
        }
        Ok(grant)
    }

    /// Issues the newest token once more.
    fn same_again(&mut self, code: &str) -> Option<Grant> {
        let newest = self.issued.last()?;
        let secret = Arc::clone(&newest.secret);
        self.twists.remove(code);
        let said = wire::introspect(&mut self.emulator, &secret).ok()?;
        let facts = said.facts.complete()?;
        Some(Grant { secret: AccessToken::new(&*secret), facts })
    }

    /// What Finch knows of a token.
    pub(crate) fn introspect(&mut self, token: &str) -> Result<Introspection, FinchApiError> {
        let mut said = wire::introspect(&mut self.emulator, token)?;
        if let Some(times) = self.nameless.get_mut(token).filter(|times| **times > 0) {
            *times -= 1;
            said.facts.company_id = None;
        }
        if let Some(company) = self.wrong.get(token) {
            said.facts.company_id = Some(company.clone());
        }
        Ok(said)
    }

    /// Ends the connection of a token.
    pub(crate) fn disconnect(&mut self, token: &str) -> Result<Option<RequestId>, FinchApiError> {
        let answer = wire::disconnect(&mut self.emulator, token);
        self.look_for_dead(true, None);
        answer
    }

    /// A session for a new connection.
    pub(crate) fn new_session(
        &mut self,
        session: &NewSession,
    ) -> Result<finch_core::ConnectSession, FinchApiError> {
        wire::new_session(&mut self.emulator, session)
    }

    /// A session that renews a connection.
    pub(crate) fn reauthenticate_session(
        &mut self,
        session: &ReauthenticateSession,
    ) -> Result<finch_core::ConnectSession, FinchApiError> {
        wire::reauthenticate_session(&mut self.emulator, session)
    }

    /// An exchange that takes effect at `at`.
    pub(crate) fn exchange_at(&mut self, at: i64, code: &str, redirect_uri: Option<&str>) {
        let (code, redirect_uri) = (code.to_owned(), redirect_uri.map(str::to_owned));
        self.late.push((at, Late::Exchange { code, redirect_uri }));
    }

    /// A disconnect that Finch has taken on, and that takes effect at `at`.
    pub(crate) fn disconnect_at(&mut self, at: i64, token: &str, promised: bool) {
        if let Some(found) = self.issued.iter().find(|i| &*i.secret == token && i.alive) {
            let connection_id = found.connection_id.clone();
            // What Finch has promised ends what it was asked to end, and nothing newer. And where it
            // told another company, nobody could know what else it reaches.
            let narrow = promised || self.wrong.contains_key(token);
            let pair = (!narrow).then(|| found.pair.clone());
            let with = Arc::clone(&found.secret);
            self.late.push((at, Late::Disconnect { with, connection_id, pair }));
        }
    }

    /// When the next late effect comes.
    pub(crate) fn next_late(&self) -> Option<i64> {
        self.late.iter().map(|(at, _)| *at).min()
    }

    /// Time has moved to `now`, by so much: what was late takes effect.
    pub(crate) fn advance(&mut self, by: i64, now: i64) {
        self.emulator.advance(Duration::from_millis(u64::try_from(by).unwrap_or(0)));
        while let Some(index) = self.late.iter().position(|(at, _)| *at <= now) {
            match self.late.remove(index).1 {
                Late::Exchange { code, redirect_uri } => {
                    // Nobody hears the answer.
                    drop(self.exchange(&code, redirect_uri.as_deref()));
                }
                Late::Disconnect { with, connection_id, pair } => {
                    let of_pair = |i: &Issued| {
                        let told = !self.wrong.contains_key(&*i.secret);
                        self.scope == DisconnectScope::Pair
                            && told
                            && pair.as_ref() == Some(&i.pair)
                    };
                    let same = |i: &&Issued| i.connection_id == connection_id || of_pair(i);
                    let alive = self.issued.iter().filter(|i| i.alive);
                    let ids: Vec<_> = alive.filter(same).map(|i| i.connection_id.clone()).collect();
                    for id in ids {
                        self.emulator.end_connection(&id);
                    }
                    self.look_for_dead(true, Some(&with));
                }
            }
        }
    }

    /// Somebody ends a connection in Finch's dashboard.
    pub(crate) fn end_outside(&mut self, connection_id: &str) {
        self.emulator.end_connection(connection_id);
        self.look_for_dead(false, None);
    }

    fn look_for_dead(&mut self, by_us: bool, late: Option<&Arc<str>>) {
        for issued in self.issued.iter_mut().filter(|i| i.alive) {
            issued.alive = self.emulator.is_alive(&issued.secret);
            if !issued.alive {
                issued.ended_outside = !by_us;
                let (secret, late) = (Arc::clone(&issued.secret), late.cloned());
                self.killed.push(Killed { secret, by_us, late });
            }
        }
    }

    /// The end of a token counts as one from outside.
    pub(crate) fn forgive(&mut self, secret: &str) {
        let dead = self.issued.iter_mut().filter(|i| &*i.secret == secret);
        dead.for_each(|issued| issued.ended_outside = true);
    }

    /// Whether Finch accepts a token.
    pub(crate) fn accepts(&self, secret: &str) -> bool {
        self.issued.iter().any(|i| i.alive && &*i.secret == secret)
    }
}
