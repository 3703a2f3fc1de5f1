//! There are two scopes, and a host cannot add a third.

use finch_core::{Actor, CustomerId, Scope};

struct Everyone;

impl Scope for Everyone {
    fn customer(&self) -> Option<&CustomerId> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Finch
    }
}

fn main() {}
