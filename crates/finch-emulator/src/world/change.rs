//! What happens to connections that there are: another status, and their end.

use uuid::Uuid;

use super::{Connection, Status, World, webhooks::announce};

impl World {
    /// How many revoked tokens are remembered. To a caller an older one looks the same, because
    /// Finch answers an unknown token as it answers a revoked one.
    pub(super) const REVOKED_KEPT: usize = 10_000;

    pub(crate) fn set_status(&mut self, connection: Uuid, status: Status) {
        let connection = self.connections.get_mut(&connection);
        let Some(connection) = connection.filter(|connection| connection.status != status) else {
            return;
        };
        connection.status = status;
        announce(connection, &mut self.outbox, &mut self.ids, self.clock.now());
    }

    /// Sets the status of a live connection. False: there is no such connection or status.
    pub(crate) fn set_status_by_name(&mut self, id: &str, status: &str) -> bool {
        let status = Status::SETTABLE.into_iter().find(|known| known.as_str() == status);
        let id = Uuid::try_parse(id).ok().filter(|id| self.live_connection(*id).is_some());
        match (id, status) {
            (Some(id), Some(status)) => {
                self.set_status(id, status);
                true
            }
            _ => false,
        }
    }

    /// Ends the connection of a live token, with all its tokens. They stay, revoked.
    pub(crate) fn disconnect(&mut self, connection: Uuid) {
        let Some(connection) = self.connections.get_mut(&connection) else {
            return;
        };
        let (keys, secrets) = connection.end();
        announce(connection, &mut self.outbox, &mut self.ids, self.clock.now());
        for key in keys {
            self.open.remove(&key);
        }
        for secret in secrets {
            let Some(token) = self.tokens.get_mut(&secret) else {
                continue;
            };
            token.revoked = true;
            if let Some(customer) = &token.grant.customer
                && let Some(held) = self.customers.get_mut(&customer.id)
            {
                held.retain(|id| *id != token.connection);
                if held.is_empty() {
                    self.customers.remove(&customer.id);
                }
            }
            self.revoked.push_back(secret);
        }
        while self.revoked.len() > Self::REVOKED_KEPT {
            self.forget_oldest_revoked();
        }
    }

    /// Somebody ends a live connection in Finch's dashboard.
    pub(crate) fn end_in_dashboard(&mut self, id: &str) -> bool {
        let id = Uuid::try_parse(id).ok();
        let live = id.filter(|id| self.live_connection(*id).is_some());
        live.is_some_and(|id| {
            self.disconnect(id);
            true
        })
    }

    fn forget_oldest_revoked(&mut self) {
        let oldest = self.revoked.pop_front().and_then(|secret| self.tokens.remove(&secret));
        let Some(connection) = oldest.map(|token| token.connection) else {
            return;
        };
        if self.connections.get_mut(&connection).is_some_and(Connection::forget_one) {
            self.connections.remove(&connection);
        }
    }
}
