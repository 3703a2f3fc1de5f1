//! A key source: a key-encryption key that never leaves a key management service.
//!
//! `cargo run -p finch-seal --example kms`. The service here is a fake one inside the process; a real
//! one differs in [`Kms::call`] only.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod fake;

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use fake::{Kms, KmsError};
use finch_seal::{Domain, KeyBytes, KeyId, KeyRing, KeySource, Place, SealError};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

/// What stands before a wrapped key, so that another form can follow.
const VERSION: u8 = 1;
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// One key of the service. The service binds no context of its own (some do: pass it on, and leave out
/// the comparison), so that the context is part of what is encrypted:
///
/// `version, length of the key's name, name, the service's ciphertext of (length of context, context, key)`
struct KmsSource<'a> {
    kms: &'a Kms,
    key: &'a str,
}

impl KmsSource<'_> {
    /// Timeouts and repetitions are the host's matter: a store that opens waits for this.
    async fn with_retries<T, F>(&self, call: impl Fn() -> F) -> Result<T, SealError>
    where
        F: Future<Output = Result<T, KmsError>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut answer = call().await;
        for _ in 1..TRIES {
            if !matches!(answer, Err(KmsError::Busy | KmsError::TimedOut)) {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            answer = call().await;
        }
        answer.map_err(|error| match error {
            // The service is there, and did not make this ciphertext: no outage.
            KmsError::NotItsOwn => SealError::BrokenKeys,
            // The service's own error goes along: it carries no key.
            other => SealError::Source(Box::new(other)),
        })
    }
}

#[async_trait]
impl KeySource for KmsSource<'_> {
    /// The name of the key itself, not of an alias: an alias can be moved to another key.
    fn id(&self) -> KeyId {
        KeyId::new(self.key)
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the key that the service wraps")]
    async fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError> {
        // Room for all of it from the start: a buffer that grows leaves copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(8 + context.len() + 32));
        plain.extend_from_slice(&(context.len() as u64).to_be_bytes());
        plain.extend_from_slice(context);
        plain.extend_from_slice(key.expose_secret());
        let ciphertext = self.with_retries(|| self.kms.encrypt(self.key, &plain)).await?;
        let name_len =
            u8::try_from(self.key.len()).map_err(|error| SealError::Source(error.into()))?;
        Ok([&[VERSION, name_len], self.key.as_bytes(), &ciphertext].concat())
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<KeyBytes, SealError> {
        let ciphertext = wrapped
            .strip_prefix(&[VERSION])
            .and_then(|rest| rest.split_first())
            .and_then(|(&len, rest)| rest.split_at_checked(len.into()))
            .filter(|(name, _)| *name == self.key.as_bytes())
            .map(|(_, ciphertext)| ciphertext)
            .ok_or(SealError::BrokenKeys)?;
        let plain = self.with_retries(|| self.kms.decrypt(self.key, ciphertext)).await?;
        let key = plain
            .strip_prefix(&(context.len() as u64).to_be_bytes())
            .and_then(|rest| rest.strip_prefix(context))
            .filter(|key| key.len() == 32)
            .ok_or(SealError::BrokenKeys)?;
        let mut bytes = Box::new([0; 32]);
        bytes.copy_from_slice(key);
        Ok(KeyBytes::new(bytes))
    }
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: compared with what was sealed")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let kms = Kms::new(&["keys/payroll-1", "keys/payroll-2"])?;
    let first = KmsSource { kms: &kms, key: "keys/payroll-1" };
    let second = KmsSource { kms: &kms, key: "keys/payroll-2" };

    let (ring, keys) = KeyRing::create(&first, *b"uuid of a store.").await?;
    println!("made a store's keys, wrapped by {} in {} calls", first.id(), kms.calls());

    let place = Place {
        client_id: "app",
        customer: Some("acme"),
        connection_id: "a-connection",
        fingerprint: &ring.fingerprint(Domain::Token, "the-token"),
        purpose: 1,
    };
    let blob = ring.seal(&place, "the-token")?;
    let before = kms.calls();
    assert_eq!(ring.unseal(&place, &blob)?.expose_secret(), "the-token");
    println!("sealed and opened a token in {} calls", kms.calls() - before);

    kms.fail_next(2, KmsError::Busy);
    KeyRing::open(&first, &keys).await?;
    println!("opened the keys again, though the service was busy twice");

    let mut swapped = keys.clone();
    swapped.epochs[0].data_key.clone_from(&keys.index_key);
    println!("a key in another's place: {}", shown(KeyRing::open(&first, &swapped).await));
    println!("another key: {}", shown(KeyRing::open(&second, &keys).await));

    kms.fail_next(TRIES, KmsError::TimedOut);
    println!("no answer: {}", shown(KeyRing::open(&first, &keys).await));

    let moved = keys.rewrap(&first, &second).await?;
    kms.disable("keys/payroll-1");
    println!("the old key, disabled: {}", shown(KeyRing::open(&first, &keys).await));
    let ring = KeyRing::open(&second, &moved).await?;
    assert_eq!(ring.unseal(&place, &blob)?.expose_secret(), "the-token");
    println!("rewrapped by {}: the same token opens, and nothing was sealed again", second.id());
    Ok(())
}

/// An error with its sources, as a host would log it.
fn shown(answer: Result<KeyRing, SealError>) -> String {
    let Err(error) = answer else { return "opened".to_owned() };
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        line += &format!(": {source}");
        next = source.source();
    }
    line
}
