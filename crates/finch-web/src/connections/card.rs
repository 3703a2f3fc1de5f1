//! One connection on the page.

use std::collections::BTreeSet;

use finch_app::{ConnectionState, ConnectionView, Product, Timestamp, TokenState, TokenView};
use finch_core::ConnectionStatus;

use crate::{ConnectFlow, Customer, app::App, company::Company, words};

/// One connection on the page.
pub(super) struct Card {
    pub(super) view: ConnectionView,
    /// Its name in addresses.
    pub(super) path: String,
    pub(super) provider: String,
    pub(super) company: Company,
    pub(super) status: Status,
    pub(super) products: Vec<String>,
    pub(super) since: Option<Timestamp>,
    /// Where the host's own page renews it, in the embedded flow.
    pub(super) own_page: Option<String>,
}

/// What the card says of its state.
pub(super) struct Status {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    /// What that means, and what needs doing.
    pub(super) note: Option<String>,
}

impl Card {
    /// None: there is nothing to show.
    pub(super) fn of(app: &App, customer: &Customer, view: ConnectionView) -> Option<Self> {
        let provider = app.provider(&view.provider_id).into_owned();
        let in_use = || view.tokens.iter().filter(|t| is_in_use(t));
        let shown: Vec<&TokenView> = match in_use().next() {
            Some(_) => in_use().collect(),
            None => view.tokens.iter().collect(),
        };
        let products: BTreeSet<&Product> = shown.iter().flat_map(|t| &t.products).collect();
        // What is renewed must live: the newest may have ended by itself.
        let newest = view.tokens.iter().rfind(|t| t.state == TokenState::Active);
        let id = &newest.or(shown.last().copied())?.connection_id;
        let path = words::segment(id);
        Some(Self {
            own_page: match &app.options.flow {
                ConnectFlow::Redirect => None,
                ConnectFlow::Embedded { page } => Some(with_connection(page, &path)),
            },
            path,
            status: Status::of(&view, &provider, &app.options.application),
            provider,
            company: Company::of(customer, &view),
            products: products.into_iter().map(|p| words::product(p).into_owned()).collect(),
            since: shown.iter().map(|t| t.added_at).min(),
            view,
        })
    }

    /// Tells this card's links from the others' in a screen reader.
    pub(super) fn full_name(&self) -> String {
        format!("{}{}", self.provider, self.company.suffix())
    }

    /// Nothing is received until a new sign-in.
    pub(super) fn waits(&self) -> bool {
        self.view.state == ConnectionState::NeedsReauth
    }

    /// Whether a new sign-in helps.
    pub(super) fn offers_sign_in(&self) -> bool {
        self.status.class == ACT
    }

    pub(super) fn offers_disconnect(&self) -> bool {
        use ConnectionState::{Connected, NeedsReauth, Unverified};
        matches!(self.view.state, Connected | NeedsReauth | Unverified)
    }

    pub(super) fn is_disconnecting(&self) -> bool {
        self.view.state == ConnectionState::Disconnecting
    }
}

/// The class of what needs an action.
const ACT: &str = "act";

impl Status {
    fn of(view: &ConnectionView, provider: &str, application: &str) -> Self {
        let (class, word, note) = match view.state {
            ConnectionState::Connected => match trouble(view, provider, application) {
                None => ("good", "Connected", None),
                Some(note) => (ACT, "Needs attention", Some(note)),
            },
            ConnectionState::NeedsReauth => {
                let note = format!(
                    "{provider} needs a new sign-in. Until then {application} receives nothing new."
                );
                (ACT, "Sign-in needed", Some(note))
            }
            ConnectionState::Unverified => {
                let note = "We are asking Finch whether this connection still works.".to_owned();
                ("wait", "Being checked", Some(note))
            }
            ConnectionState::Disconnecting => {
                let look = words::attention(view).map(|look| format!(" {look}"));
                let note = format!(
                    "{application} does not use this connection any more. Finch has not confirmed the \
                     end yet: we keep checking automatically.{}",
                    look.unwrap_or_default()
                );
                ("wait", "Disconnecting", Some(note))
            }
            ConnectionState::Disconnected => ("over", "Disconnected", None),
            _ => (
                "wait",
                "On hold",
                Some("This connection is not used. Contact support.".to_owned()),
            ),
        };
        Self { class, word, note }
    }
}

/// What Finch reports of a connection whose tokens work, but not without a problem.
fn trouble(view: &ConnectionView, provider: &str, application: &str) -> Option<String> {
    let newest = view.tokens.iter().rfind(|t| t.state == TokenState::Active)?;
    Some(match newest.connection_status.as_ref()? {
        ConnectionStatus::ErrorPermissions => format!(
            "The account that signed in at {provider} lacks permissions, so {application} may not \
             receive everything. Extend them there, or sign in again with another account."
        ),
        ConnectionStatus::ErrorNoAccountSetup => format!(
            "{provider} says that the account is not set up yet, so {application} may receive \
             nothing. Finish that there, or sign in again with another account."
        ),
        ConnectionStatus::Other(status) if status.starts_with("error_") => format!(
            "{provider} reports a problem, so {application} may not receive everything. Signing in \
             again may help."
        ),
        _ => return None,
    })
}

/// Whether the token counts for what the page says: those that have ended are history.
fn is_in_use(token: &TokenView) -> bool {
    !matches!(
        token.state,
        TokenState::Revoked { .. } | TokenState::Retired | TokenState::Superseded
    )
}

/// The host's page with the connection that it is to renew.
fn with_connection(page: &str, path: &str) -> String {
    let mark = if page.contains('?') { '&' } else { '?' };
    format!("{page}{mark}connection={path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_page_gets_the_connection_that_is_meant() {
        assert_eq!(with_connection("/p", "a%26b"), "/p?connection=a%26b");
        assert_eq!(with_connection("/p?q=1", "a%26b"), "/p?q=1&connection=a%26b");
    }
}
