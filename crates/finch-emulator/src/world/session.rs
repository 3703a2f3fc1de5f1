//! Connect sessions: an invitation to log in.

use std::time::Duration;

use uuid::Uuid;

use super::{Authentication, Customer, Lookup, ProviderName, World};
use crate::ids::Kind;

/// An invitation to log in once.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) customer: Option<Customer>,
    pub(crate) products: Vec<String>,
    pub(crate) redirect_uri: Option<String>,
    /// The provider, where the session leaves no choice.
    pub(crate) provider: Option<ProviderName>,
    /// Whether the application asks for Assisted Connect.
    pub(crate) manual: bool,
    /// The way to sign in that it asks for.
    pub(crate) auth_method: Option<Authentication>,
    /// The connection to renew: provider and company are its own.
    pub(crate) reauthenticates: Option<Uuid>,
    pub(crate) used: bool,
}

impl Session {
    /// The only way to sign in, where the session leaves no choice.
    pub(crate) fn method(&self) -> Option<Authentication> {
        self.auth_method.or(self.manual.then_some(Authentication::Assisted))
    }

    /// How a person signs in with it at this provider. None: in no way.
    pub(crate) fn method_at(&self, provider: &ProviderName) -> Option<Authentication> {
        let method = self.method().unwrap_or_else(|| provider.usual_method());
        provider.offers(method).then_some(method)
    }

    /// What the application calls its customer.
    pub(crate) fn customer_name(&self) -> Option<&str> {
        self.customer.as_ref()?.name.as_deref()
    }
}

/// Why a session leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionGone {
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

    pub(crate) fn session(&self, id: &str) -> Result<&Session, SessionGone> {
        let session = match self.sessions.get(id, self.clock.now()) {
            Lookup::Live(session) => session,
            Lookup::Expired => return Err(SessionGone::Expired),
            Lookup::Unknown => return Err(SessionGone::Unknown),
        };
        if session.used {
            return Err(SessionGone::Used);
        }
        if session.reauthenticates.is_some_and(|id| self.live_connection(id).is_none()) {
            return Err(SessionGone::Disconnected);
        }
        Ok(session)
    }

    pub(crate) fn close_session(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.used = true;
        }
    }

    /// How many sessions wait for somebody to log in.
    pub(crate) fn sessions_waiting(&self) -> usize {
        self.sessions.count_live(self.clock.now())
    }
}
