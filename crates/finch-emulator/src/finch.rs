//! Finch's endpoints: each reads its call, asks the world, and answers in Finch's shape.

pub(crate) mod auth_token;
pub(crate) mod authorize;
pub(crate) mod disconnect;
pub(crate) mod disconnect_entity;
pub(crate) mod introspect;
pub(crate) mod providers;
pub(crate) mod sandbox;
pub(crate) mod sessions;
