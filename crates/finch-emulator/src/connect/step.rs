//! The steps of Connect: provider, sign-in and consent, or one step that renews a connection.

use askama::Template;
use hyper::StatusCode;

use super::entry::{Entry, Problem};
use crate::{
    http::{Response, page},
    world::{
        Authentication, Connection, PRODUCTS, PROVIDERS, Provider, ProviderName, Session, World,
    },
};

// What the sign-in form contains at first.
const USER: &str = "User A";
const CREDENTIALS: &str = "Credentials X";
const COMPANY: &str = "Company C";

/// The maximum number of unlisted providers that are offered because they have connections.
const UNLISTED_LIMIT: usize = 20;

/// A step of a session.
pub(super) struct Step<'a> {
    pub(super) world: &'a World,
    pub(super) session: &'a Session,
    pub(super) entry: Entry,
    pub(super) problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "connect/provider.html")]
struct ChooseProvider<'a> {
    step: &'a Step<'a>,
    choices: Vec<Choice>,
    other: Option<Choice>,
}

#[derive(Template)]
#[template(path = "connect/sign_in.html")]
struct SignIn<'a> {
    step: &'a Step<'a>,
}

#[derive(Template)]
#[template(path = "connect/consent.html")]
struct Consent<'a> {
    step: &'a Step<'a>,
}

#[derive(Template)]
#[template(path = "connect/renew.html")]
struct Renew<'a> {
    step: &'a Step<'a>,
    connection: &'a Connection,
}

struct Choice {
    name: String,
    href: String,
    /// The id that selects its colour.
    listed: Option<&'static str>,
}

struct Product<'a> {
    id: &'a str,
    label: &'static str,
    ticked: bool,
}

impl Step<'_> {
    /// The step at which the problem can be corrected.
    pub(super) fn again(self) -> Response {
        match self.problem {
            Some(Problem::Provider(_)) => self.choose_provider(),
            Some(Problem::Consent(_)) if self.session.reauthenticates.is_none() => self.consent(),
            _ => self.sign_in(),
        }
    }

    pub(super) fn choose_provider(self) -> Response {
        let wanted = self.entry.search.trim();
        let choice = |name: &str, listed| Choice {
            name: name.to_owned(),
            href: self.entry.href(Some(name)),
            listed,
        };
        let listed = PROVIDERS
            .iter()
            .filter(|provider| has(provider.display_name, wanted) || has(provider.id, wanted))
            .filter(|provider| self.session.method().is_none_or(|method| provider.offers(method)))
            .map(|provider| choice(provider.display_name, Some(provider.id)));
        let unlisted = self.world.unlisted_providers(UNLISTED_LIMIT);
        let unlisted = unlisted.iter().filter(|name| has(name, wanted));
        let choices: Vec<_> = listed.chain(unlisted.map(|name| choice(name, None))).collect();
        let known = choices.iter().any(|choice| choice.name.eq_ignore_ascii_case(wanted));
        let other = (!wanted.is_empty() && !known).then(|| choice(wanted, None));
        self.show(&ChooseProvider { step: &self, choices, other })
    }

    /// The sign-in, or the one step that renews a connection.
    pub(super) fn sign_in(mut self) -> Response {
        if let Some(id) = self.session.reauthenticates {
            return match self.world.live_connection(id) {
                Some(connection) => self.renew(connection),
                None => {
                    super::unusable(&self.entry.session, crate::world::SessionError::Disconnected)
                }
            };
        }
        let customer = self.customer().unwrap_or(COMPANY).to_owned();
        self.fill([customer.as_str(), USER, CREDENTIALS]);
        self.show(&SignIn { step: &self })
    }

    pub(super) fn consent(self) -> Response {
        self.show(&Consent { step: &self })
    }

    fn renew(mut self, connection: &Connection) -> Response {
        let last = self.world.newest_token(connection).map(|token| &token.grant);
        let (user, credentials) =
            last.map_or((USER, CREDENTIALS), |grant| (&grant.user, &grant.credentials));
        self.fill([&connection.company.name, user, credentials]);
        self.show(&Renew { step: &self, connection })
    }

    /// Fills empty fields with examples, unless they are what is wrong.
    fn fill(&mut self, examples: [&str; 3]) {
        let entry = &mut self.entry;
        let fields = [&mut entry.company, &mut entry.user, &mut entry.credentials];
        for (field, example) in fields.into_iter().zip(examples) {
            if self.problem.is_none() && field.trim().is_empty() {
                example.clone_into(field);
            }
        }
    }

    fn show(&self, template: &impl Template) -> Response {
        let failed = self.problem.is_some();
        let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        page(status, template, &self.entry.policy(self.session))
    }
}

/// What the templates show.
impl Step<'_> {
    fn application(&self) -> &str {
        &self.world.config.application
    }

    fn customer(&self) -> Option<&str> {
        self.session.customer_name()
    }

    fn problem(&self) -> Option<&'static str> {
        self.problem.map(|problem| match problem {
            Problem::Provider(text) | Problem::SignIn(text) | Problem::Consent(text) => text,
        })
    }

    /// The display name of the provider.
    fn provider(&self) -> &str {
        let fixed = self.session.provider.as_ref();
        let name = fixed.map_or(self.entry.provider.as_str(), |provider| &provider.name);
        Provider::by_id(name).map_or(name, |listed| listed.display_name)
    }

    /// The address of the first step, if the person can choose the provider.
    fn other_provider(&self) -> Option<String> {
        self.session.provider.is_none().then(|| self.entry.href(None))
    }

    fn method(&self) -> Option<&'static str> {
        let provider = self.session.provider.clone();
        let provider = provider.unwrap_or_else(|| ProviderName::named(&self.entry.provider));
        self.session.method_at(&provider).map(Authentication::as_str)
    }

    fn products(&self) -> Vec<Product<'_>> {
        let ticked = |id| self.entry.products.as_ref().is_none_or(|ticked| ticked.contains(id));
        let products = self.session.products.iter();
        products.map(|id| Product { id, label: label(id), ticked: ticked(id) }).collect()
    }
}

fn has(name: &str, wanted: &str) -> bool {
    name.to_lowercase().contains(&wanted.to_lowercase())
}

fn label(product: &str) -> &'static str {
    PRODUCTS.iter().find(|(id, _)| *id == product).map_or("Other data", |(_, label)| label)
}
