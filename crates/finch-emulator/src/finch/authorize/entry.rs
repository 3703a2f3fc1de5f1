//! What a person entered so far, and what it grants.

use url::{Url, form_urlencoded};

use crate::{
    call::Call,
    world::{Company, Grant, ProviderName, Session, World},
};

/// The longest name that a person may type.
const LONGEST: usize = 255;

/// What a person entered, with what goes from step to step unseen.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) session: String,
    pub(super) state: Option<String>,
    /// Who embeds this, as Finch's Connect SDK says it: an origin.
    pub(super) host: Option<String>,
    pub(super) search: String,
    pub(super) provider: String,
    pub(super) company: String,
    pub(super) user: String,
    pub(super) credentials: String,
    /// The products that were ticked; none: nobody was asked.
    pub(super) products: Option<Vec<String>>,
}

/// What is wrong with it, and which step mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Provider(&'static str),
    SignIn(&'static str),
    Consent(&'static str),
}

impl Entry {
    pub(super) fn from_query(call: &Call) -> Self {
        let text = |name| call.query(name).unwrap_or_default();
        Self {
            session: text("session"),
            state: call.query("state"),
            host: call.query("sdk_host_url").and_then(|url| origin(&url)),
            search: text("search"),
            provider: text("provider").trim().to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn from_form(call: &Call) -> Self {
        let text = |name| call.form(name).unwrap_or_default();
        Self {
            session: text("session"),
            state: call.form("state"),
            host: call.form("sdk_host_url").and_then(|url| origin(&url)),
            search: String::new(),
            provider: text("provider"),
            company: text("company"),
            user: text("user"),
            credentials: text("credentials"),
            products: call.form("consent").map(|_| call.form_all("products")),
        }
    }

    /// What it grants; where the session fixes something, the form has no say.
    pub(super) fn grant(&self, world: &World, session: &Session) -> Result<Grant, Problem> {
        let provider = match &session.provider {
            Some(provider) => provider.clone(),
            None => ProviderName::named(
                typed(&self.provider, "Choose a provider.").map_err(Problem::Provider)?,
            ),
        };
        let authentication = session.method_at(&provider).ok_or(Problem::Provider(
            "This provider does not offer the way to sign in that the application asks for.",
        ))?;
        let company = match fixed_company(world, session) {
            Some(company) => company,
            None => {
                Company::named(typed(&self.company, "Enter a company.").map_err(Problem::SignIn)?)
            }
        };
        let user = typed(&self.user, "Enter a user.").map_err(Problem::SignIn)?.to_owned();
        let credentials = typed(&self.credentials, "Enter the name of some credentials.");
        Ok(Grant {
            user,
            credentials: credentials.map_err(Problem::SignIn)?.to_owned(),
            provider,
            company,
            entities: Vec::new(),
            products: self.granted(session)?,
            customer: session.customer.clone(),
            authentication,
            redirect_uri: session.redirect_uri.clone(),
            reauthenticates: session.reauthenticates,
        })
    }

    /// The products that the session asks for, without those that were not ticked.
    fn granted(&self, session: &Session) -> Result<Vec<String>, Problem> {
        let mut products = session.products.clone();
        if let Some(ticked) = &self.products {
            products.retain(|product| ticked.contains(product));
        }
        if products.is_empty() && !session.products.is_empty() {
            return Err(Problem::Consent("Tick at least one of them, or cancel."));
        }
        Ok(products)
    }

    /// The address of a step, for a link.
    pub(super) fn href(&self, more: &[(&str, &str)]) -> String {
        const PAGE: &str = "/authorize?";
        let mut query = form_urlencoded::Serializer::for_suffix(PAGE.to_owned(), PAGE.len());
        query.append_pair("session", &self.session);
        query.extend_pairs(self.state.as_ref().map(|state| ("state", state)));
        query.extend_pairs(self.host.as_ref().map(|host| ("sdk_host_url", host)));
        query.extend_pairs(more);
        query.finish()
    }
}

/// The company of the connection that a session renews.
pub(super) fn fixed_company(world: &World, session: &Session) -> Option<Company> {
    Some(world.live_connection(session.reauthenticates?)?.company.clone())
}

/// The origin of a page on the web.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

fn typed<'a>(field: &'a str, missing: &'static str) -> Result<&'a str, &'static str> {
    let text = field.trim();
    match text.chars().count() {
        0 => Err(missing),
        1..=LONGEST => Ok(text),
        _ => Err("A name may have at most 255 characters."),
    }
}
