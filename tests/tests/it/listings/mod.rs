//! Listings that break their contract: the conformance suite says so, and the application does not read
//! them for ever.

mod application;
mod broken;
mod conformance;
