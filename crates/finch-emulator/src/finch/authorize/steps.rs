//! The steps of Connect: provider, sign-in, consent; or signing in again.

use askama::Template;
use hyper::StatusCode;

use super::entry::{Entry, Problem, fixed_company};
use crate::{
    answer::Answer,
    finch::providers::{PROVIDERS, Provider},
    page::{Rules, page},
    world::{Authentication, ProviderName, Session, Status, World},
};

/// What the sign-in shows until somebody types something else.
const USER: &str = "User A";
const CREDENTIALS: &str = "Credentials X";
const COMPANY: &str = "Company C";

/// How many providers that nobody lists are shown because somebody has used them.
const SEEN: usize = 20;

#[derive(Template)]
#[template(path = "connect/provider.html")]
struct ChooseProvider<'a> {
    entry: &'a Entry,
    asking: Asking<'a>,
    problem: Option<&'a str>,
    choices: Vec<Choice>,
    other: Option<Choice>,
}

struct Choice {
    name: String,
    href: String,
    colour: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "connect/sign_in.html")]
struct SignIn<'a> {
    entry: &'a Entry,
    asking: Asking<'a>,
    problem: Option<&'a str>,
    provider: String,
    method: Option<&'static str>,
    other_provider: Option<String>,
}

#[derive(Template)]
#[template(path = "connect/consent.html")]
struct Consent<'a> {
    entry: &'a Entry,
    asking: Asking<'a>,
    problem: Option<&'a str>,
    provider: String,
    company: &'a str,
    products: Vec<Product<'a>>,
}

#[derive(Template)]
#[template(path = "connect/renew.html")]
struct Renew<'a> {
    entry: &'a Entry,
    asking: Asking<'a>,
    problem: Option<&'a str>,
    provider: String,
    method: Option<&'static str>,
    company: String,
    status: Status,
    connection_id: String,
    products: Vec<Product<'a>>,
}

/// Who asks, and for whose data.
struct Asking<'a> {
    application: &'a str,
    customer: Option<&'a str>,
}

struct Product<'a> {
    id: &'a str,
    label: &'static str,
    ticked: bool,
}

impl<'a> Asking<'a> {
    fn of(world: &'a World, session: &'a Session) -> Self {
        Self { application: &world.config.application, customer: session.customer_name() }
    }
}

impl Entry {
    /// The step at which a problem can be mended.
    pub(super) fn asked_again(self, world: &World, session: &Session, problem: Problem) -> Answer {
        match problem {
            Problem::Provider(text) => self.choose_provider(world, session, Some(text)),
            Problem::Consent(text) | Problem::SignIn(text) if session.reauthenticates.is_some() => {
                self.renew(world, session, Some(text))
            }
            Problem::SignIn(text) => self.sign_in(world, session, Some(text)),
            Problem::Consent(text) => {
                self.consent(world, session, StatusCode::BAD_REQUEST, Some(text))
            }
        }
    }

    pub(super) fn choose_provider(
        &self,
        world: &World,
        session: &Session,
        problem: Option<&str>,
    ) -> Answer {
        let wanted = self.search.trim();
        let choice = |name: &str, colour| Choice {
            name: name.to_owned(),
            href: self.href(&[("provider", name)]),
            colour,
        };
        let listed = PROVIDERS
            .iter()
            .filter(|provider| has(provider.display_name, wanted) || has(provider.id, wanted))
            .filter(|provider| session.method().is_none_or(|method| provider.offers(method)))
            .map(|provider| choice(provider.display_name, Some(provider.id)));
        let seen = world.unlisted_providers(SEEN);
        let seen = seen.iter().filter(|name| has(name, wanted)).map(|name| choice(name, None));
        let choices: Vec<_> = listed.chain(seen).collect();
        let known = choices.iter().any(|choice| choice.name.eq_ignore_ascii_case(wanted));
        let other = (!wanted.is_empty() && !known).then(|| choice(wanted, None));
        let template = ChooseProvider {
            entry: self,
            asking: Asking::of(world, session),
            problem,
            choices,
            other,
        };
        show(&template, session, self, problem)
    }

    /// What is empty is filled with an example first.
    pub(super) fn sign_in(
        mut self,
        world: &World,
        session: &Session,
        problem: Option<&str>,
    ) -> Answer {
        if problem.is_none() {
            fill(&mut self.company, session.customer_name().unwrap_or(COMPANY));
            fill(&mut self.user, USER);
            fill(&mut self.credentials, CREDENTIALS);
        }
        if session.reauthenticates.is_some() {
            return self.renew(world, session, problem);
        }
        let template = SignIn {
            entry: &self,
            asking: Asking::of(world, session),
            problem,
            provider: self.provider_name(session),
            method: self.method(session),
            other_provider: session.provider.is_none().then(|| self.href(&[])),
        };
        show(&template, session, &self, problem)
    }

    pub(super) fn consent(
        &self,
        world: &World,
        session: &Session,
        status: StatusCode,
        problem: Option<&str>,
    ) -> Answer {
        let template = Consent {
            entry: self,
            asking: Asking::of(world, session),
            problem,
            provider: self.provider_name(session),
            company: self.company.trim(),
            products: self.products(session),
        };
        page(status, &template, &self.rules(session))
    }

    pub(super) fn renew(
        mut self,
        world: &World,
        session: &Session,
        problem: Option<&str>,
    ) -> Answer {
        let connection = session.reauthenticates.and_then(|id| world.live_connection(id));
        if problem.is_none() {
            let last = connection.and_then(|connection| world.newest_token(connection));
            fill(&mut self.user, last.map_or(USER, |token| &token.grant.user));
            fill(&mut self.credentials, last.map_or(CREDENTIALS, |token| &token.grant.credentials));
        }
        let template = Renew {
            entry: &self,
            asking: Asking::of(world, session),
            problem,
            provider: self.provider_name(session),
            method: self.method(session),
            company: fixed_company(world, session).map(|company| company.name).unwrap_or_default(),
            status: connection.map_or(Status::Disconnected, |connection| connection.status),
            connection_id: connection
                .map(|connection| connection.id.to_string())
                .unwrap_or_default(),
            products: self.products(session),
        };
        show(&template, session, &self, problem)
    }

    fn products<'a>(&self, session: &'a Session) -> Vec<Product<'a>> {
        let ticked = |id| self.products.as_ref().is_none_or(|ticked| ticked.contains(id));
        let products = session.products.iter();
        products.map(|id| Product { id, label: in_words(id), ticked: ticked(id) }).collect()
    }

    /// The provider as people call it.
    fn provider_name(&self, session: &Session) -> String {
        let name = session.provider.as_ref().map_or(self.provider.trim(), |fixed| &fixed.name);
        Provider::by_id(name).map_or(name, |known| known.display_name).to_owned()
    }

    /// How the person signs in there, if it offers a way that the session allows.
    fn method(&self, session: &Session) -> Option<&'static str> {
        let provider = session.provider.clone();
        let provider = provider.unwrap_or_else(|| ProviderName::named(&self.provider));
        session.method_at(&provider).map(Authentication::as_str)
    }

    /// What the pages of a session may do.
    pub(super) fn rules<'a>(&'a self, session: &'a Session) -> Rules<'a> {
        let framed_by = self.host.as_deref().filter(|_| session.redirect_uri.is_none());
        Rules {
            leads_to: session.redirect_uri.as_deref(),
            framed_by,
            keeps_its_address: true,
            ..Rules::default()
        }
    }
}

fn show(
    template: &impl Template,
    session: &Session,
    entry: &Entry,
    problem: Option<&str>,
) -> Answer {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(status, template, &entry.rules(session))
}

fn fill(field: &mut String, example: &str) {
    if field.trim().is_empty() {
        example.clone_into(field);
    }
}

fn has(name: &str, wanted: &str) -> bool {
    name.to_lowercase().contains(&wanted.to_lowercase())
}

/// A product in plain words.
fn in_words(product: &str) -> &'static str {
    match product {
        "benefits" | "deduction" => "Benefits and deductions",
        "company" => "Company details",
        "directory" => "Who works there",
        "documents" => "Documents",
        "employment" => "Jobs, pay and dates of employment",
        "individual" => "People’s details",
        "payment" => "Payments",
        "pay_statement" => "Pay statements",
        "plans" => "Benefit plans",
        "plans_dependents" => "Dependents in benefit plans",
        "plans_enrollments" => "Enrolments in benefit plans",
        "recordkeeping" => "Retirement recordkeeping",
        "ssn" => "Social security numbers",
        _ => "Other data",
    }
}
