//! What a person has entered so far, and the grant that follows from it.

use url::{Url, form_urlencoded};

use crate::{
    http::{PagePolicy, Request},
    world::{Company, Grant, ProviderName, Session, World},
};

/// The maximum number of characters of a name.
const NAME_LIMIT: usize = 255;

/// The fields of the forms, visible and hidden.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) session: String,
    pub(super) state: Option<String>,
    /// The origin of the page that embeds Connect.
    pub(super) host: Option<String>,
    pub(super) search: String,
    pub(super) provider: String,
    pub(super) company: String,
    pub(super) user: String,
    pub(super) credentials: String,
    /// The products that were ticked. None: the form did not list them.
    pub(super) products: Option<Vec<String>>,
}

/// What is wrong with an entry, by the step that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Provider(&'static str),
    SignIn(&'static str),
    Consent(&'static str),
}

impl Entry {
    pub(super) fn from_query(request: &Request) -> Self {
        Self::read(|name| request.query(name))
    }

    pub(super) fn from_form(request: &Request) -> Self {
        let text = |name| request.form(name).unwrap_or_default();
        Self {
            company: text("company"),
            user: text("user"),
            credentials: text("credentials"),
            products: request.form("consent").map(|_| request.form_all("products")),
            ..Self::read(|name| request.form(name))
        }
    }

    fn read(field: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name| field(name).unwrap_or_default();
        Self {
            session: text("session"),
            state: field("state"),
            host: field("sdk_host_url").and_then(|url| web_origin(&url)),
            search: text("search"),
            provider: text("provider").trim().to_owned(),
            ..Self::default()
        }
    }

    /// The grant. The session's provider, company and products override those of the form.
    pub(super) fn grant(&self, world: &World, session: &Session) -> Result<Grant, Problem> {
        let provider = match &session.provider {
            Some(provider) => provider.clone(),
            None => ProviderName::named(
                name(&self.provider, "Choose a provider.").map_err(Problem::Provider)?,
            ),
        };
        let authentication = session.method_at(&provider).ok_or(Problem::Provider(
            "This provider does not offer the authentication method that the application asks for.",
        ))?;
        let renewed = session.reauthenticates.and_then(|id| world.live_connection(id));
        let sign_in = |field, missing| name(field, missing).map_err(Problem::SignIn);
        let company = match renewed {
            Some(connection) => connection.company.clone(),
            None => Company::named(sign_in(&self.company, "Enter a company.")?),
        };
        Ok(Grant {
            user: sign_in(&self.user, "Enter a user.")?.to_owned(),
            credentials: sign_in(&self.credentials, "Enter the name of some credentials.")?
                .to_owned(),
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

    /// The session's products, without those that were not ticked.
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

    /// The address of a step.
    pub(super) fn href(&self, provider: Option<&str>) -> String {
        const PAGE: &str = "/authorize?";
        let mut query = form_urlencoded::Serializer::for_suffix(PAGE.to_owned(), PAGE.len());
        query.append_pair("session", &self.session);
        query.extend_pairs(self.state.as_ref().map(|state| ("state", state)));
        query.extend_pairs(self.host.as_ref().map(|host| ("sdk_host_url", host)));
        query.extend_pairs(provider.map(|provider| ("provider", provider)));
        query.finish()
    }

    /// A session that redirects cannot be embedded.
    pub(super) fn policy<'a>(&'a self, session: &'a Session) -> PagePolicy<'a> {
        let redirects_to = session.redirect_uri.as_deref();
        let framed_by = self.host.as_deref().filter(|_| redirects_to.is_none());
        PagePolicy { redirects_to, framed_by, no_referrer: true, has_script: false }
    }
}

/// The origin of a page on the web.
fn web_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

fn name<'a>(field: &'a str, missing: &'static str) -> Result<&'a str, &'static str> {
    let text = field.trim();
    match text.chars().count() {
        0 => Err(missing),
        1..=NAME_LIMIT => Ok(text),
        _ => Err("A name may have at most 255 characters."),
    }
}
