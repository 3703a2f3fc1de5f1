//! Changes of a connection's status, up to its end.

use uuid::Uuid;

use super::{Status, World, webhooks::announce};

impl World {
    /// How many revoked tokens are remembered. To a caller an older one looks the same, because Finch
    /// answers an unknown token as it answers a revoked one.
    pub(super) const REVOKED_REMEMBERED: usize = 10_000;

    pub(crate) fn set_status(&mut self, connection: Uuid, status: Status) {
        let connection = self.connections.get_mut(&connection);
        if let Some(connection) = connection.filter(|connection| connection.status != status) {
            connection.status = status;
            announce(connection, None, &mut self.outbox, &mut self.ids, self.clock.now());
        }
    }

    /// Ends a connection and revokes its tokens.
    pub(crate) fn disconnect(&mut self, id: Uuid) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.status = Status::Disconnected;
        announce(connection, None, &mut self.outbox, &mut self.ids, self.clock.now());
        for key in connection.keys.drain(..) {
            self.open.remove(&key);
        }
        for secret in connection.live.drain(..) {
            let Some(token) = self.tokens.get_mut(&secret) else {
                continue;
            };
            token.revoked = true;
            if let Some(customer) = &token.grant.customer
                && let Some(held) = self.customers.get_mut(&customer.id)
            {
                held.retain(|held| *held != id);
                if held.is_empty() {
                    self.customers.remove(&customer.id);
                }
            }
            self.revoked.push_back(secret);
        }
        while self.revoked.len() > Self::REVOKED_REMEMBERED {
            self.forget_oldest_revoked();
        }
    }

    /// Sets the status of a live connection. False: no such connection or status.
    pub(crate) fn set_status_by_name(&mut self, id: &str, status: &str) -> bool {
        let change = self.live_id(id).zip(Status::named(status));
        change.map(|(id, status)| self.set_status(id, status)).is_some()
    }

    /// Ends a connection, as a person does in Finch's dashboard. False: no such live connection.
    pub(crate) fn end_connection(&mut self, id: &str) -> bool {
        self.live_id(id).map(|id| self.disconnect(id)).is_some()
    }

    /// A live connection by its id as text.
    pub(crate) fn live_id(&self, id: &str) -> Option<Uuid> {
        Uuid::try_parse(id).ok().filter(|id| self.live_connection(*id).is_some())
    }

    fn forget_oldest_revoked(&mut self) {
        let oldest = self.revoked.pop_front().and_then(|secret| self.tokens.remove(&secret));
        let Some(id) = oldest.map(|token| token.connection) else {
            return;
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.remembered -= 1;
            if connection.remembered == 0 {
                self.connections.remove(&id);
            }
        }
    }
}
