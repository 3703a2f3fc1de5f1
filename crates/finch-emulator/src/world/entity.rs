//! The entities of a connection: the employer's accounts at the provider.

use uuid::Uuid;

use super::{
    Company, Grant, World,
    ids::{account_id, company_id, entity_id},
    webhooks::announce,
};

/// An entity. It stays listed after it was disconnected.
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

    /// A login connects the company and the entities that it names; one that renews the connection
    /// connects all entities.
    pub(super) fn connected(&mut self, connection: Uuid, company: &Company, grant: &Grant) {
        let own = (account_id(connection), company.name.as_str());
        let named = grant.entities.iter().map(|name| name.trim());
        let named = named.filter(|name| !name.is_empty() && company_id(name) != company.id);
        let named = named.map(|name| (entity_id(connection, name), name));
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
    /// Disconnects entities of a connection, and announces those that were live.
    ///
    /// # Errors
    /// The ids that are not the connection's. Then none is disconnected.
    pub(crate) fn disconnect_entities(
        &mut self,
        connection: Uuid,
        ids: &[Uuid],
    ) -> Result<(), Vec<Uuid>> {
        let Some(connection) = self.connections.get_mut(&connection) else {
            return Err(ids.to_vec());
        };
        let unknown = |id: &Uuid| connection.entities.iter().all(|entity| entity.id != *id);
        let unknown: Vec<_> = ids.iter().copied().filter(unknown).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        for id in ids {
            let entity = connection.entities.find(*id).filter(|entity| entity.is_live);
            if let Some(entity) = entity {
                entity.is_live = false;
                let now = self.clock.now();
                announce(connection, Some(*id), &mut self.outbox, &mut self.ids, now);
            }
        }
        Ok(())
    }
}
