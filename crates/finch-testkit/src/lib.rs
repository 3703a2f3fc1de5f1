#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a conformance case fails by panicking, and compares secrets"
)]

mod chance;
mod disguise;
#[cfg(feature = "emulator")]
mod emulator;
mod every_line;
#[cfg(feature = "emulator")]
mod fake_finch;
mod figures;
pub mod finch_api;
mod intercept;
mod memory;
mod mocks;
mod sample;
mod share;
pub mod token_store;

pub use chance::Chance;
pub use disguise::{chain, disguises};
#[cfg(feature = "emulator")]
pub use emulator::{emulator_config, emulator_finch, in_process};
pub use every_line::EveryLine;
#[cfg(feature = "emulator")]
pub use fake_finch::{FakeFinch, Held, Hold, Reach};
pub use figures::{Figures, number, seed_base};
pub use finch_api::FinchFixture;
pub use intercept::{Intercept, Intercepted};
pub use memory::MemoryTokenStore;
pub use mocks::{MockFinchApi, MockTokenStore};
pub use sample::{
    application, at, claimed, connections, decided, digest, facts, fingerprint, grant, new_attempt,
    opened, sealed, sealing, store_token, unchanged, webhook,
};
pub use share::share;
pub use token_store::StoreFixture;
