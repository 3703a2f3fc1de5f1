//! `GET /authorize` and `POST /authorize`: Finch Connect as one plain form.

use hyper::{
    StatusCode,
    header::{HeaderValue, LOCATION, REFERRER_POLICY},
};
use url::Url;

use super::{
    page::{escape, page},
    providers::PROVIDERS,
};
use crate::{
    answer::{self, Answer, TEXT},
    call::Call,
    refusal::Refusal,
    world::{Company, Grant, ProviderName, Session, SessionGone, World},
};

/// The longest name that a person may type.
const LONGEST: usize = 255;

/// `GET /authorize?session=…&state=…`: the form.
pub(crate) fn form(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let id = call.query("session").unwrap_or_default();
    let session = match world.session(&id) {
        Ok(session) => session,
        Err(gone) => return Ok(leads_nowhere(&id, gone)),
    };
    let entry = Entry { state: call.query("state"), session: id, ..Entry::default() };
    Ok(entry.form(world, session, None))
}

/// `POST /authorize`: what the person entered becomes a code.
pub(crate) fn submit(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let entry = Entry::read(call);
    let session = match world.session(&entry.session) {
        Ok(session) => session.clone(),
        Err(gone) => return Ok(leads_nowhere(&entry.session, gone)),
    };
    if call.form("action").as_deref() == Some("cancel") {
        return Ok(entry.cancelled(&session));
    }
    let grant = match entry.grant(world, &session) {
        Ok(grant) => grant,
        Err(problem) => return Ok(entry.form(world, &session, Some(problem))),
    };
    world.close_session(&entry.session);
    let code = world.issue_code(grant);
    Ok(entry.connected(&session, &code))
}

fn leads_nowhere(id: &str, gone: SessionGone) -> Answer {
    let (status, title, text) = match gone {
        SessionGone::Unknown if id.is_empty() => (
            StatusCode::BAD_REQUEST,
            "No session",
            "This address lacks its session. Open the connect_url as Finch gave it.",
        ),
        SessionGone::Unknown => (
            StatusCode::NOT_FOUND,
            "Unknown session",
            "There is no such session. Ask the application for a new link.",
        ),
        SessionGone::Expired => (
            StatusCode::GONE,
            "Session expired",
            "This session has expired. Ask the application for a new link.",
        ),
        SessionGone::Used => (
            StatusCode::GONE,
            "Session already used",
            "This session has already been used to connect. Ask the application for a new link.",
        ),
        SessionGone::Disconnected => (
            StatusCode::GONE,
            "Connection disconnected",
            "The connection that this session renews has been disconnected. \
             Ask the application for a new link.",
        ),
    };
    page(status, title, &format!("<p>{text}</p>"), None)
}

/// What a person entered so far.
#[derive(Default)]
struct Entry {
    session: String,
    state: Option<String>,
    provider: Option<String>,
    company: Option<String>,
    user: Option<String>,
    credentials: Option<String>,
}

impl Entry {
    fn read(call: &Call) -> Self {
        Self {
            session: call.form("session").unwrap_or_default(),
            state: call.form("state"),
            provider: call.form("provider"),
            company: call.form("company"),
            user: call.form("user"),
            credentials: call.form("credentials"),
        }
    }

    /// What it grants; where the session fixes something, the form has no say.
    fn grant(&self, world: &World, session: &Session) -> Result<Grant, &'static str> {
        let provider = match &session.provider {
            Some(provider) => provider.clone(),
            None => ProviderName::named(typed(&self.provider, "Choose a provider.")?),
        };
        let company = match fixed_company(world, session) {
            Some(company) => company,
            None => Company::named(typed(&self.company, "Enter a company.")?),
        };
        Ok(Grant {
            user: typed(&self.user, "Enter a user.")?.to_owned(),
            credentials: typed(&self.credentials, "Enter the name of some credentials.")?
                .to_owned(),
            provider,
            company,
            products: session.products.clone(),
            customer: session.customer.clone(),
            authentication: session.authentication,
            redirect_uri: session.redirect_uri.clone(),
            reauthenticates: session.reauthenticates,
        })
    }

    fn form(&self, world: &World, session: &Session, problem: Option<&str>) -> Answer {
        let (status, problem) = match problem {
            Some(text) => (StatusCode::BAD_REQUEST, format!("<p class=\"problem\">{text}</p>\n")),
            None => (StatusCode::OK, String::new()),
        };
        let customer = session.customer.as_ref();
        let customer = customer.and_then(|customer| customer.name.as_deref());
        let body = format!(
            "<p>{} asks for access to: {}.</p>\n{problem}\
             <form method=\"post\" action=\"/authorize\">\n{}{}{}{}{}{}\
             <button name=\"action\" value=\"connect\">Connect</button>\n\
             <button class=\"quiet\" name=\"action\" value=\"cancel\" formnovalidate>Cancel\
             </button>\n</form>",
            customer.map_or("An application".into(), escape),
            escape(&session.products.join(", ")),
            hidden("session", &self.session),
            self.state.as_deref().map(|state| hidden("state", state)).unwrap_or_default(),
            self.provider_field(session),
            match fixed_company(world, session) {
                Some(company) => shown("Company", &company.name),
                None => text("company", "Company", self.company.as_deref().or(customer)),
            },
            text("user", "User", self.user.as_deref()),
            text("credentials", "Credentials (a name for them)", self.credentials.as_deref()),
        );
        let title = match session.reauthenticates {
            Some(_) => "Renew a connection",
            None => "Connect your payroll",
        };
        page(status, title, &body, session.redirect_uri.as_deref())
    }

    fn provider_field(&self, session: &Session) -> String {
        if let Some(provider) = &session.provider {
            return shown("Provider", &provider.name);
        }
        let chosen = self.provider.as_deref();
        let options: String = PROVIDERS
            .iter()
            .map(|provider| {
                let selected = if chosen == Some(provider.id) { " selected" } else { "" };
                format!(
                    "<option value=\"{}\"{selected}>{}</option>",
                    provider.id, provider.display_name
                )
            })
            .collect();
        format!(
            "<label for=\"provider\">Provider</label>\
             <select id=\"provider\" name=\"provider\">{options}</select>\n"
        )
    }

    fn connected(&self, session: &Session, code: &str) -> Answer {
        if let Some(uri) = &session.redirect_uri {
            return self.redirect(uri, &[("code", code)]);
        }
        let mut body = format!(
            "<p>Hand this back to the application within 10 minutes:</p>\n\
             <dl><dt>Code</dt><dd><code>{}</code></dd>",
            escape(code)
        );
        if let Some(state) = &self.state {
            body += &format!("<dt>State</dt><dd><code>{}</code></dd>", escape(state));
        }
        page(StatusCode::OK, "Connected", &(body + "</dl>"), None)
    }

    /// The session stays open: its link can be used again.
    fn cancelled(&self, session: &Session) -> Answer {
        match &session.redirect_uri {
            Some(uri) => self.redirect(uri, &[("error", "access_denied")]),
            None => page(StatusCode::OK, "Cancelled", "<p>Nothing was connected.</p>", None),
        }
    }

    fn redirect(&self, uri: &str, parameters: &[(&str, &str)]) -> Answer {
        // The session was made with a URL that can be parsed.
        let Ok(mut url) = Url::parse(uri) else {
            return Refusal::typical(StatusCode::INTERNAL_SERVER_ERROR).into_answer();
        };
        url.query_pairs_mut()
            .extend_pairs(parameters)
            .extend_pairs(self.state.as_ref().map(|state| ("state", state)));
        let mut answer = answer::with_type(StatusCode::SEE_OTHER, TEXT, "See Other".into());
        if let Ok(location) = HeaderValue::from_str(url.as_str()) {
            answer.headers_mut().insert(LOCATION, location);
        }
        let policy = HeaderValue::from_static("no-referrer");
        answer.headers_mut().insert(REFERRER_POLICY, policy);
        answer
    }
}

/// The company of the connection that a session renews.
fn fixed_company(world: &World, session: &Session) -> Option<Company> {
    Some(world.live_connection(session.reauthenticates?)?.company.clone())
}

fn typed<'a>(field: &'a Option<String>, missing: &'static str) -> Result<&'a str, &'static str> {
    let text = field.as_deref().unwrap_or_default().trim();
    match text.chars().count() {
        0 => Err(missing),
        1..=LONGEST => Ok(text),
        _ => Err("A name may have at most 255 characters."),
    }
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value))
}

fn shown(label: &str, value: &str) -> String {
    format!("<p><strong>{label}</strong><br>{}</p>\n", escape(value))
}

fn text(name: &str, label: &str, value: Option<&str>) -> String {
    format!(
        "<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" value=\"{}\" \
         maxlength=\"{LONGEST}\" autocomplete=\"off\" required>\n",
        escape(value.unwrap_or_default())
    )
}
