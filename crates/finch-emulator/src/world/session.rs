//! Connect sessions.

use std::time::Duration;

use uuid::Uuid;

use super::{Authentication, Customer, Lookup, ProviderName, World, ids::Kind};

/// An invitation to sign in once.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) customer: Option<Customer>,
    pub(crate) products: Vec<String>,
    pub(crate) redirect_uri: Option<String>,
    /// The provider, unless the person chooses it.
    pub(crate) provider: Option<ProviderName>,
    /// Whether the application asks for Assisted Connect.
    pub(crate) manual: bool,
    pub(crate) auth_method: Option<Authentication>,
    /// The connection to renew, with its provider and company.
    pub(crate) reauthenticates: Option<Uuid>,
    pub(crate) used: bool,
}

impl Session {
    /// The authentication method that the application asks for.
    pub(crate) fn method(&self) -> Option<Authentication> {
        self.auth_method.or(self.manual.then_some(Authentication::Assisted))
    }

    /// The authentication method at this provider. None: it does not offer the session's.
    pub(crate) fn method_at(&self, provider: &ProviderName) -> Option<Authentication> {
        let method = self.method().unwrap_or_else(|| provider.default_method());
        provider.offers(method).then_some(method)
    }

    pub(crate) fn customer_name(&self) -> Option<&str> {
        self.customer.as_ref()?.name.as_deref()
    }
}

/// Why a session cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionError {
    Unknown,
    Expired,
    Used,
    Disconnected,
}

impl World {
    pub(crate) fn open_session(&mut self, session: Session, lifetime: Duration) -> String {
        let id = self.ids.make(Kind::Session).to_string();
        let now = self.clock.now();
        self.sessions.insert(id.clone(), session, now, now + lifetime);
        id
    }

    pub(crate) fn session(&self, id: &str) -> Result<&Session, SessionError> {
        match self.sessions.get(id, self.clock.now()) {
            Lookup::Unknown => Err(SessionError::Unknown),
            Lookup::Expired => Err(SessionError::Expired),
            Lookup::Live(session) if session.used => Err(SessionError::Used),
            Lookup::Live(session) => match session.reauthenticates {
                Some(id) if self.live_connection(id).is_none() => Err(SessionError::Disconnected),
                _ => Ok(session),
            },
        }
    }

    pub(crate) fn close_session(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.used = true;
        }
    }

    /// The number of sessions that have not expired.
    pub(crate) fn sessions_waiting(&self) -> usize {
        self.sessions.count_live(self.clock.now())
    }
}
