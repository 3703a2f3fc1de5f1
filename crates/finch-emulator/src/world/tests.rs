//! Memory is bounded, however many connections come and go.

use super::{Clock, World};
use crate::{EmulatorConfig, Login, webhook::Outbox};

#[test]
fn the_oldest_revoked_tokens_are_forgotten_with_their_connections() {
    let config = EmulatorConfig::default();
    let mut world = World::new(config, String::new(), Clock::initial_state(), Outbox::default());
    let login = |company: &str| Login::new("A", "Gusto", company, "X").customer_id("acme");
    let live = world.admit(login("Live").into()).2.id;
    for _ in 0..World::REVOKED_REMEMBERED + 50 {
        world.admit(login("Company C").into());
        let connection = world.admit(login("Company C").into()).2.id;
        world.disconnect(connection);
    }
    assert_eq!(world.tokens.len(), World::REVOKED_REMEMBERED + 1);
    assert_eq!(world.revoked.len(), World::REVOKED_REMEMBERED);
    assert_eq!(world.connections.len(), World::REVOKED_REMEMBERED / 2 + 1);
    assert_eq!(world.open.len(), 1);
    assert_eq!(world.customers["acme"], [live]);
}
