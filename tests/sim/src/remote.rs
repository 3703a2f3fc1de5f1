//! The one Finch: the emulator in process, what it has issued, and what still takes effect late.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use finch_emulator::{DisconnectScope, EmulatorConfig, FinchError, LocalEmulator, Login};
use finch_http::HttpFinchConfig;
use http::{Request, Response, header::AUTHORIZATION};
use serde_json::Value;

use crate::fault::Fault;

#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) secret: Arc<str>,
    pub(crate) code: String,
    pub(crate) connection_id: String,
    /// Its provider and its company, whatever was said about them.
    pub(crate) pair: (String, String),
    pub(crate) alive: bool,
    /// It was ended from Finch's dashboard.
    pub(crate) ended_outside: bool,
}

/// What Finch says about a code's token that is not so, or not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    None,
    /// The company is left out, and so often by `/introspect` too.
    Nameless(u8),
    /// Another company's id is given (R5).
    WrongCompany,
    /// The token that was issued last is issued again.
    SameAgain,
}

/// Who logged in where.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LoggedIn {
    pub(crate) customer: String,
    /// Provider, company and credentials, in words.
    pub(crate) place: (String, String, String),
    pub(crate) renews: Option<String>,
}

/// A call that takes effect later.
enum Late {
    Exchange(Request<Bytes>),
    Disconnect { with: Arc<str>, connection_id: String, pair: Option<(String, String)> },
}

/// A token that was ended by a call of ours.
#[derive(Clone, Debug)]
pub(crate) struct Killed {
    pub(crate) secret: Arc<str>,
    /// With which token, if that call had come long before.
    pub(crate) late: Option<Arc<str>>,
}

pub(crate) struct Remote {
    emulator: LocalEmulator,
    scope: DisconnectScope,
    /// Every token, in the order of issue.
    pub(crate) issued: Vec<Issued>,
    twists: HashMap<String, Twist>,
    logins: HashMap<String, LoggedIn>,
    nameless: HashMap<String, u8>,
    wrong: HashMap<String, String>,
    late: Vec<(i64, Late)>,
    /// Tokens that calls of ours have ended since the last look.
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

    /// A person logs in: the code.
    pub(crate) fn log_in(
        &mut self,
        session: &str,
        login: LoggedIn,
        twist: Twist,
    ) -> Option<String> {
        let (provider, company, credentials) = &login.place;
        let form = format!(
            "session={session}&provider={provider}&company={company}&user=u&credentials={credentials}&action=connect"
        );
        let answer = self.emulator.call("POST", "/authorize", &[], form.as_bytes())?;
        let page = String::from_utf8_lossy(&answer.body);
        let code = match answer.header("location") {
            Some(location) => location.split_once("code=")?.1.split('&').next(),
            None => page.split_once("<code>")?.1.split("</code>").next(),
        };
        let code = code?.to_owned();
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

    /// A person logs in for a customer that is not ours: the code.
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

    pub(crate) fn config(&self) -> HttpFinchConfig {
        finch_testkit::emulator_config(&self.emulator)
    }

    /// A request, with this fault, and what comes back.
    pub(crate) fn send(
        &mut self,
        request: &Request<Bytes>,
        fault: Option<Fault>,
        now: i64,
    ) -> Option<Response<Bytes>> {
        let Some(fault) = fault else { return self.answer(request) };
        if let Fault::Late(seconds) | Fault::LieLate(seconds) = fault {
            let at = now + i64::from(seconds) * 1000;
            match bearer(request) {
                Some(token) => {
                    self.disconnect_at(at, token, matches!(fault, Fault::LieLate(_)));
                }
                None => self.late.push((at, Late::Exchange(request.clone()))),
            }
        }
        if fault.is_after_effect() {
            drop(self.answer(request));
        }
        self.emulator.push_fault(fault.of_emulator(request.uri().path()));
        self.emulator.send(request.clone())
    }

    /// The answer to a request that takes effect now.
    fn answer(&mut self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        match request.uri().path() {
            "/auth/token" => self.exchange(request),
            "/introspect" => {
                let token = bearer(request)?.to_owned();
                let response = self.emulator.send(request.clone())?;
                Some(response.map(|body| self.twisted(&token, body)))
            }
            path => {
                let response = self.emulator.send(request.clone());
                if path == "/disconnect" {
                    self.look_for_dead(true, None);
                }
                response
            }
        }
    }

    /// What `/introspect` answers about a token, without the facts that are withheld.
    fn twisted(&mut self, token: &str, body: Bytes) -> Bytes {
        if let Some(times) = self.nameless.get_mut(token).filter(|times| **times > 0) {
            *times -= 1;
            return with_company(&body, None);
        }
        self.wrong.get(token).map_or(body.clone(), |company| with_company(&body, Some(company)))
    }

    fn exchange(&mut self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let code = field(request, "code").ok()?.as_str()?.to_owned();
        let twist = self.twists.get(&code).copied().unwrap_or(Twist::None);
        if twist == Twist::SameAgain
            && let Some(response) = self.same_again(&code)
        {
            return Some(response);
        }
        if !self.allows(&code) {
            let refused = finch_emulator::Fault::on("/auth/token").error(FinchError::InvalidGrant);
            self.emulator.push_fault(refused);
            return self.emulator.send(request.clone());
        }
        let response = self.emulator.send(request.clone())?;
        if !response.status().is_success() {
            return Some(response);
        }
        let said: Value = serde_json::from_slice(response.body()).expect("Finch's JSON");
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let (secret, company) = (text("access_token"), text("company_id"));
        self.issued.push(Issued {
            secret: secret.as_str().into(),
            code,
            connection_id: text("connection_id"),
            pair: (text("provider_id"), company.clone()),
            alive: true,
            ended_outside: false,
        });
        match twist {
            Twist::Nameless(times) => {
                self.nameless.insert(secret, times);
                Some(response.map(|body| with_company(&body, None)))
            }
            Twist::WrongCompany => {
                let other = self.issued.iter().map(|i| &i.pair.1).find(|other| **other != company);
                let other = other.map_or("no-company", String::as_str).to_owned();
                let response = response.map(|body| with_company(&body, Some(&other)));
                self.wrong.insert(secret, other);
                Some(response)
            }
            Twist::None | Twist::SameAgain => Some(response),
        }
    }

    /// Issues the newest token once more.
    fn same_again(&mut self, code: &str) -> Option<Response<Bytes>> {
        let newest = self.issued.last()?;
        self.twists.remove(code);
        let request =
            Request::get("/introspect").header(AUTHORIZATION, format!("Bearer {}", newest.secret));
        let response = self.emulator.send(request.body(Bytes::new()).ok()?)?;
        let token = Value::from(&*newest.secret);
        let known = response.status().is_success();
        known.then(|| response.map(|body| with(&body, "access_token", Some(token))))
    }

    /// A disconnect that Finch has taken on, and that takes effect at `at`.
    pub(crate) fn disconnect_at(&mut self, at: i64, token: &str, promised: bool) {
        if let Some(found) = self.issued.iter().find(|i| &*i.secret == token && i.alive) {
            let connection_id = found.connection_id.clone();
            // What Finch has promised ends what it was asked to end, and nothing newer. And where it
            // wrong about the company, what else it reaches would be unknown.
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
                // The answer goes nowhere.
                Late::Exchange(request) => drop(self.exchange(&request)),
                Late::Disconnect { with, connection_id, pair } => {
                    let of_pair = |i: &Issued| {
                        let honest = !self.wrong.contains_key(&*i.secret);
                        self.scope == DisconnectScope::Pair
                            && honest
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

    pub(crate) fn end_outside(&mut self, connection_id: &str) {
        self.emulator.end_connection(connection_id);
        self.look_for_dead(false, None);
    }

    fn look_for_dead(&mut self, by_us: bool, late: Option<&Arc<str>>) {
        for issued in self.issued.iter_mut().filter(|i| i.alive) {
            issued.alive = self.emulator.is_alive(&issued.secret);
            if !issued.alive && by_us {
                let (secret, late) = (Arc::clone(&issued.secret), late.cloned());
                self.killed.push(Killed { secret, late });
            }
            issued.ended_outside = !issued.alive && !by_us;
        }
    }

    /// The end of a token counts as one from outside.
    pub(crate) fn forgive(&mut self, secret: &str) {
        let dead = self.issued.iter_mut().filter(|i| &*i.secret == secret);
        dead.for_each(|issued| issued.ended_outside = true);
    }

    pub(crate) fn accepts(&self, secret: &str) -> bool {
        self.issued.iter().any(|i| i.alive && &*i.secret == secret)
    }
}

pub(crate) fn bearer(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(crate) fn field(request: &Request<Bytes>, name: &str) -> serde_json::Result<Value> {
    serde_json::from_slice(request.body()).map(|mut body: Value| body[name].take())
}

/// A response's JSON with this company, or without any.
fn with_company(body: &Bytes, company: Option<&str>) -> Bytes {
    with(body, "company_id", company.map(Value::from))
}

fn with(body: &Bytes, name: &str, value: Option<Value>) -> Bytes {
    let mut body: Value = serde_json::from_slice(body).expect("Finch's JSON");
    body[name] = value.unwrap_or_default();
    body.to_string().into()
}
