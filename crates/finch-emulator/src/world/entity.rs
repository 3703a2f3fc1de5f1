//! The entities of a connection: the employer's accounts at the provider that it reads.

use uuid::Uuid;

use super::{Company, Connection, Grant, World, webhooks::announce_entity};
use crate::ids;

/// An account at the provider. It stays listed when it has been disconnected.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) is_live: bool,
}

/// The entities of one connection, the company's own first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entities(Vec<Entity>);

impl Entities {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entity> {
        self.0.iter()
    }

    /// Those that a token of the connection can read.
    pub(crate) fn live_ids(&self) -> Vec<Uuid> {
        self.0.iter().filter(|entity| entity.is_live).map(|entity| entity.id).collect()
    }

    /// A sign-in connects the company and the entities that it names; one that renews the connection, all.
    pub(super) fn connected(&mut self, connection: Uuid, company: &Company, grant: &Grant) {
        let own = (ids::account_id(connection), company.name.as_str());
        let named = grant.entities.iter().map(|name| name.trim());
        let named = named.filter(|name| !name.is_empty() && ids::company_id(name) != company.id);
        let named = named.map(|name| (ids::entity_id(connection, name), name));
        for (id, name) in [own].into_iter().chain(named) {
            match self.find(id) {
                Some(entity) => entity.is_live = true,
                None => self.0.push(Entity { id, name: name.to_owned(), is_live: true }),
            }
        }
        if grant.reauthenticates.is_some() {
            self.0.iter_mut().for_each(|entity| entity.is_live = true);
        }
    }

    fn find(&mut self, id: Uuid) -> Option<&mut Entity> {
        self.0.iter_mut().find(|entity| entity.id == id)
    }
}

impl World {
    /// Disconnects entities of a connection, which itself goes on. One that is disconnected already stays so.
    ///
    /// # Errors
    /// The ids that are not the connection's, and then none is disconnected.
    pub(crate) fn disconnect_entities(
        &mut self,
        connection: Uuid,
        ids: &[Uuid],
    ) -> Result<(), Vec<Uuid>> {
        let Some(connection) = self.connections.get_mut(&connection) else {
            return Err(ids.to_vec());
        };
        let entities = &connection.entities;
        let known = |id: &&Uuid| entities.iter().any(|entity| entity.id == **id);
        let unknown: Vec<_> = ids.iter().filter(|id| !known(id)).copied().collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        for id in ids {
            if disconnected(connection, *id) {
                announce_entity(connection, *id, &mut self.outbox, &mut self.ids, self.clock.now());
            }
        }
        Ok(())
    }
}

/// False: it was disconnected before.
fn disconnected(connection: &mut Connection, id: Uuid) -> bool {
    let entity = connection.entities.find(id).filter(|entity| entity.is_live);
    entity.is_some_and(|entity| {
        entity.is_live = false;
        true
    })
}
