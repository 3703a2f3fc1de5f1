//! A Finch in memory, for tests that need thousands of histories a second. It has the truth that the
//! rules are checked against: which tokens are alive, and which calls were made.
//!
//! `finch-emulator` is the real thing: it speaks the wire format, and knows nothing of this crate.

mod api;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ClientId, CompanyId, ConnectSession,
    ConnectUrl, ConnectionId, ConnectionStatus, FinchApiError, FinchCustomerId, Grant,
    Introspection, PartialFacts, Product, ProviderId, SessionId, TokenFacts,
};

/// How far `/disconnect` reaches. Finch's documents disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All tokens of the same provider and company, which share one `connection_id`.
    Pair,
    /// The token's own `connection_id`; other credentials get one of their own.
    ConnectionId,
}

/// Where an exchange waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Before Finch looks at it.
    BeforeItsEffect,
    /// After the token is issued, before the answer is sent.
    BeforeItsAnswer,
    /// An `/introspect`, after Finch has looked, before the answer is sent.
    Introspection,
}

/// An exchange, or an `/introspect`, that waits.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    reached: Arc<Notify>,
    go: Arc<Notify>,
}

impl Hold {
    /// Waits until the exchange does.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets the exchange go on.
    pub fn release(&self) {
        self.go.notify_one();
    }
}

/// A Finch in memory.
#[derive(Debug)]
pub struct FakeFinch {
    application: Application,
    reach: Reach,
    world: Mutex<World>,
}

#[derive(Debug, Default)]
struct World {
    issued: u64,
    codes: Vec<(String, Login)>,
    tokens: Vec<Issued>,
    calls: Vec<String>,
    failures: VecDeque<FinchApiError>,
    /// The next answer is lost, after its effect.
    lose_next: bool,
    /// The next `/disconnect` answers success, and does nothing.
    lie_next: bool,
    /// The next `/disconnect` is lost, and takes effect later.
    late_next: bool,
    /// What is still to take effect.
    late: Vec<(ConnectionId, Login)>,
    /// The next exchange waits: before its effect, or between its effect and its answer.
    hold: Option<(Held, Hold)>,
    /// `/auth/token` and `/introspect` leave the company out.
    hide_company: bool,
    /// `/introspect` names this application.
    other_application: Option<ClientId>,
}

#[derive(Clone, Debug)]
struct Login {
    provider: ProviderId,
    company: CompanyId,
    credentials: String,
    customer: Option<FinchCustomerId>,
    products: Vec<Product>,
}

#[derive(Clone, Debug)]
struct Issued {
    secret: String,
    connection_id: ConnectionId,
    login: Login,
    alive: bool,
    status: ConnectionStatus,
}

impl FakeFinch {
    /// An empty Finch for `application`.
    pub fn new(application: Application, reach: Reach) -> Self {
        Self { application, reach, world: Mutex::default() }
    }

    /// The same Finch as it is now, to go its own way from here: codes and tokens, and no failure to
    /// come.
    #[must_use]
    pub fn copy(&self) -> Self {
        let now = self.world();
        let (codes, tokens) = (now.codes.clone(), now.tokens.clone());
        let world = World { issued: now.issued, codes, tokens, ..World::default() };
        Self { application: self.application.clone(), reach: self.reach, world: Mutex::new(world) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody logs in at `provider` for `company` with `credentials`: the code that comes back.
    pub fn login(
        &self,
        provider: &str,
        company: &str,
        credentials: &str,
        customer: Option<&FinchCustomerId>,
    ) -> AuthorizationCode {
        let mut world = self.world();
        world.issued += 1;
        let code = format!("code-{}", world.issued);
        let login = Login {
            provider: provider.parse().unwrap(),
            company: company.parse().unwrap(),
            credentials: credentials.to_owned(),
            customer: customer.cloned(),
            products: vec![Product::Company, Product::Directory],
        };
        world.codes.push((code.clone(), login));
        AuthorizationCode::new(code)
    }

    /// Somebody renews a live connection, with the credentials that made it: the code that comes back.
    pub fn login_again(&self, connection: &ConnectionId) -> Option<AuthorizationCode> {
        let mut world = self.world();
        let found = world.tokens.iter().find(|t| t.alive && t.connection_id == *connection);
        let login = found?.login.clone();
        world.issued += 1;
        let code = format!("code-{}", world.issued);
        world.codes.push((code.clone(), login));
        Some(AuthorizationCode::new(code))
    }

    /// Whether Finch accepts this token.
    pub fn accepts(&self, token: &AccessToken) -> bool {
        self.world().tokens.iter().any(|t| t.secret == token.expose() && t.alive)
    }

    /// The tokens that Finch accepts, and bills: with `connection_id`, provider and company.
    pub fn alive(&self) -> Vec<(AccessToken, ConnectionId, ProviderId, CompanyId)> {
        let world = self.world();
        let alive = world.tokens.iter().filter(|t| t.alive);
        alive
            .map(|t| {
                let login = &t.login;
                (
                    AccessToken::new(&*t.secret),
                    t.connection_id.clone(),
                    login.provider.clone(),
                    login.company.clone(),
                )
            })
            .collect()
    }

    /// Every token that was ever issued.
    pub fn issued(&self) -> Vec<AccessToken> {
        self.world().tokens.iter().map(|t| AccessToken::new(&*t.secret)).collect()
    }

    /// Ends a connection from Finch's dashboard.
    pub fn end_from_dashboard(&self, id: &ConnectionId) {
        let same = |t: &&mut Issued| t.connection_id == *id;
        self.world().tokens.iter_mut().filter(same).for_each(|t| t.alive = false);
    }

    /// Sets the status of every live token of a connection.
    pub fn set_status(&self, id: &ConnectionId, status: ConnectionStatus) {
        let same = |t: &&mut Issued| t.connection_id == *id;
        self.world().tokens.iter_mut().filter(same).for_each(|t| t.status = status.clone());
    }

    /// Leaves `company_id` out of every answer from now on, or no longer.
    pub fn hide_company(&self, hide: bool) {
        self.world().hide_company = hide;
    }

    /// `/introspect` says from now on that tokens were issued to this application; none: the right one.
    pub fn say_application(&self, other: Option<ClientId>) {
        self.world().other_application = other;
    }

    /// The next call fails with this error, and without effect.
    pub fn fail_next(&self, error: FinchApiError) {
        self.world().failures.push_back(error);
    }

    /// The answer to the next call is lost on its way back: it took effect, and nobody hears.
    pub fn lose_next_answer(&self) {
        self.world().lose_next = true;
    }

    /// No failure waits any more.
    pub fn recover(&self) {
        self.world().failures.clear();
    }

    /// The next `/disconnect` answers success without any effect.
    pub fn lie_next(&self) {
        self.world().lie_next = true;
    }

    /// The answer to the next `/disconnect` is lost, and its effect comes later.
    pub fn delay_next_effect(&self) {
        self.world().late_next = true;
    }

    /// What was to take effect later does so now.
    pub fn take_effect(&self) {
        let mut world = self.world();
        for (id, login) in std::mem::take(&mut world.late) {
            world.end(&id, &login, self.reach);
        }
    }

    /// The next exchange waits there, and no longer than until another one is to.
    pub fn hold_next_exchange(&self, held: Held) -> Hold {
        let hold = Hold::default();
        self.world().hold = Some((held, hold.clone()));
        hold
    }

    /// The next `/introspect` waits between Finch's look and the answer.
    pub fn hold_next_introspection(&self) -> Hold {
        self.hold_next_exchange(Held::Introspection)
    }

    /// No exchange is to wait any more.
    pub fn hold_none(&self) {
        self.world().hold = None;
    }

    /// The calls so far, such as `disconnect`, in order; and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.world().calls)
    }

    fn called(&self, what: &str) -> Result<MutexGuard<'_, World>, FinchApiError> {
        let mut world = self.world();
        world.calls.push(what.to_owned());
        match world.failures.pop_front() {
            Some(error) => Err(error),
            None => Ok(world),
        }
    }

    /// What `/introspect` says.
    fn look_at(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let mut world = self.called("introspect")?;
        let hide_company = world.hide_company;
        let other = world.other_application.clone();
        let client_id = other.unwrap_or_else(|| self.application.client_id.clone());
        let token = world.alive(token)?;
        Ok(Introspection {
            facts: PartialFacts {
                connection_id: Some(token.connection_id.clone()),
                provider_id: Some(token.login.provider.clone()),
                company_id: (!hide_company).then(|| token.login.company.clone()),
                finch_customer_id: token.login.customer.clone(),
                products: Some(token.login.products.clone()),
                ..PartialFacts::default()
            },
            status: Some(token.status.clone()),
            client_id: Some(client_id),
            ..Introspection::default()
        })
    }

    /// Issues the token of a code.
    fn issue(&self, code: &AuthorizationCode) -> Result<Grant, FinchApiError> {
        let mut world = self.called("exchange")?;
        let Some(index) = world.codes.iter().position(|(known, _)| known == code.expose()) else {
            return Err(answer(400, "invalid_grant"));
        };
        let (_, login) = world.codes.remove(index);
        let reach = self.reach;
        let same = |t: &&Issued| {
            let pair = t.login.provider == login.provider && t.login.company == login.company;
            t.alive && pair && (reach == Reach::Pair || t.login.credentials == login.credentials)
        };
        world.issued += 1;
        let number = world.issued;
        let fresh = || ConnectionId::new(format!("connection-{number}")).unwrap();
        let connection_id =
            world.tokens.iter().find(same).map_or_else(fresh, |t| t.connection_id.clone());
        let secret = format!("token-{number}");
        world.tokens.push(Issued {
            secret: secret.clone(),
            connection_id: connection_id.clone(),
            login: login.clone(),
            alive: true,
            status: ConnectionStatus::Connected,
        });
        let facts = TokenFacts {
            connection_id,
            provider_id: login.provider,
            company_id: (!world.hide_company).then_some(login.company),
            finch_customer_id: login.customer,
            customer_name: None,
            products: login.products,
            client_type: None,
            connection_type: None,
            token_type: Some("bearer".into()),
            account_id: None,
            entity_ids: Vec::new(),
        };
        Ok(Grant { secret: AccessToken::new(secret), facts })
    }

    /// The answer, unless it is to be lost.
    fn answer<T>(&self, answer: T) -> Result<T, FinchApiError> {
        match std::mem::take(&mut self.world().lose_next) {
            true => Err(FinchApiError::NoAnswer { problem: "lost".into(), sent: true }),
            false => Ok(answer),
        }
    }

    async fn wait_if_held(&self, here: Held) {
        let hold = self.world().hold.take_if(|(held, _)| *held == here);
        if let Some((_, hold)) = hold {
            hold.reached.notify_one();
            hold.go.notified().await;
        }
    }
}

fn answer(status: u16, word: &str) -> FinchApiError {
    let name = Some(word.to_owned());
    Answer {
        status,
        finch_shaped: true,
        name,
        finch_code: Some(word.to_owned()),
        ..Answer::default()
    }
    .into_error()
}

impl World {
    fn alive(&mut self, token: &AccessToken) -> Result<&mut Issued, FinchApiError> {
        let found = self.tokens.iter_mut().find(|t| t.secret == token.expose() && t.alive);
        found.ok_or_else(|| answer(401, "invalid_token"))
    }

    /// Ends a connection, as far as `/disconnect` reaches.
    fn end(&mut self, id: &ConnectionId, login: &Login, reach: Reach) {
        for t in &mut self.tokens {
            let pair = t.login.provider == login.provider && t.login.company == login.company;
            let reached = if reach == Reach::Pair { pair } else { t.connection_id == *id };
            t.alive &= !reached;
        }
    }

    fn session(&mut self) -> ConnectSession {
        self.issued += 1;
        let id = format!("session-{}", self.issued);
        let connect_url = ConnectUrl::new(format!("http://127.0.0.1:1/authorize?session={id}"));
        ConnectSession { session_id: SessionId::new(id).unwrap(), connect_url }
    }
}
