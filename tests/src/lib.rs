#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and compare secrets"
)]

mod finish;
mod history;
mod overtaken;
mod secrets;
mod store_keys;
mod world;

pub use finish::finish;
pub use history::{Login, Step, steps};
pub use secrets::{fingerprint, keys, open_attempt, secret, store_token};
pub use store_keys::StoreKeys;
pub use world::{StoreDebug, TestSystem, World, customer, open_finch, operator, sqlite};

/// How many histories a property is tested over: this part of `PROPTEST_CASES`, or of 1,000.
pub fn cases_of(part: u32) -> proptest::test_runner::Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let cases = cases.unwrap_or(1000) / part;
    let rng_seed = proptest::test_runner::RngSeed::Fixed(finch_testkit::seed_base());
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        rng_seed,
        ..Default::default()
    }
}

/// A folder in memory, where the machine has such a place.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).expect("a folder")
}

/// Everything that happened.
pub fn all_events() -> finch_core::EventQuery<'static> {
    let (customer, connection, since, after) = (None, None, None, None);
    finch_core::EventQuery { customer, connection, since, after, limit: usize::MAX }
}

/// The program of the workspace's README, as a doctest against the emulator. A test holds the two
/// equal.
pub const README: &str = include_str!("readme.rs");

/// ```rust
/// use std::sync::Arc;
/// use finch_app::{
///     AccessToken, AuthorizationCode, BegunConnect, ClientSecret, ConnectRequest, CustomerScope,
///     DisconnectOutcome, Finch, Flow, HttpFinchConfig, Kek, Product,
/// };
/// use finch_emulator::{Emulator, Login};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let emulator = Emulator::start().await?;
///     let folder = tempfile::tempdir()?;
///     let (path, key) = (folder.path().join("finch.db"), Arc::new(Kek::generate()?));
///     let secret = ClientSecret::new(emulator.client_secret());
///     let mut http = HttpFinchConfig::new(emulator.client_id().parse()?, secret);
///     http.base_url = emulator.url().into();
///     let finch_connect = async |begun: &BegunConnect| {
///         let id = begun.finch_customer_id.as_ref().ok_or("a new connection has one")?;
///         let login = Login::new("User A", "Gusto", "Company C", "X").customer_id(id.as_str());
///         Ok::<_, Box<dyn std::error::Error>>(AuthorizationCode::new(emulator.issue_code(login)))
///     };
///     let call_finch = async |_: AccessToken| Ok::<_, Box<dyn std::error::Error>>(());
#[doc = include_str!("readme.rs")]
///     assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 });
///     Ok(())
/// }
/// ```
#[cfg(doctest)]
pub struct Readme;

/// What the compiler refuses, beside what `types.rs` shows: a scope of the host's own, and a field. `compile_fail`
/// takes any error, so each one stands before a twin that compiles, and differs in the one thing.
///
/// A scope of the host's own; as a trait of its own it is one.
///
/// ```compile_fail,E0277
/// use finch_core::{Actor, CustomerId, Scope};
/// struct Everyone;
/// impl Scope for Everyone {
///     fn customer(&self) -> Option<&CustomerId> { None }
///     fn actor(&self) -> Actor { Actor::Finch }
/// }
/// ```
///
/// ```
/// use finch_core::{Actor, CustomerId};
/// trait Scope: Sync {
///     fn customer(&self) -> Option<&CustomerId>;
///     fn actor(&self) -> Actor;
/// }
/// struct Everyone;
/// impl Scope for Everyone {
///     fn customer(&self) -> Option<&CustomerId> { None }
///     fn actor(&self) -> Actor { Actor::Finch }
/// }
/// // The trait has these methods, and they give these types.
/// impl Scope for finch_core::CustomerScope {
///     fn customer(&self) -> Option<&CustomerId> { finch_core::Scope::customer(self) }
///     fn actor(&self) -> Actor { finch_core::Scope::actor(self) }
/// }
/// ```
///
/// A scope by its field; [`finch_core::CustomerScope::new`] makes one.
///
/// ```compile_fail,E0423
/// let scope = finch_core::CustomerScope("acme".parse().unwrap());
/// ```
///
/// ```
/// let scope = finch_core::CustomerScope::new("acme".parse().unwrap());
/// ```
///
/// A secret by its field; `expose` gives it.
///
/// ```compile_fail,E0616
/// let secret = finch_core::AccessToken::new("secret").0;
/// ```
///
/// ```
/// let secret = finch_core::AccessToken::new("secret").expose();
/// ```
#[cfg(doctest)]
pub struct Refused;
