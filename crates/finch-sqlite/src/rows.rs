//! The rows: one file for each kind, with its columns, what reads them and what writes them.

pub(crate) mod commit;
pub(crate) mod keyring;

pub(crate) mod connections;
pub(crate) mod listing;
pub(crate) mod lookup;

pub(crate) mod disconnects;
pub(crate) mod events;
pub(crate) mod secrets;
pub(crate) mod tokens;

pub(crate) mod attempts;
pub(crate) mod coordination;
