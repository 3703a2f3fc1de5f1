//! No key and no secret in anything that prints.

use std::error::Error;
use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use finch_seal::{Domain, Kek, KeyFileError, KeyRing, KeySource, Place, SealError, WrappedKeys};
use secrecy::ExposeSecret;

use crate::support::{Careless, PLACE, STORE, ring_of};

const SECRET: &str = "canary-5f1e9c0b7a";
/// The ways in which bytes could end up in a text.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    vec![
        String::from_utf8_lossy(bytes).into_owned(),
        hex.to_uppercase(),
        hex,
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        list.trim_matches(['[', ']']).to_owned(),
    ]
}

/// The canaries: key-encryption key, data key, index key, secret.
struct Canaries(Vec<String>);

impl Canaries {
    fn check(&self, value: &(impl Debug + ?Sized)) {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            self.check_text(&text);
        }
    }

    fn check_text(&self, text: &str) {
        let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = self.0.iter().find(|canary| flat.contains(canary.as_str()));
        assert_eq!(found, None, "in {text}");
    }

    fn check_error(&self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.check(error);
            self.check_text(&error.to_string());
            next = error.source();
        }
    }
}

#[tokio::test]
async fn nothing_that_prints_gives_a_secret_away() {
    let kek_bytes: [u8; 32] = std::array::from_fn(|at| at as u8 * 7 + 3);
    let kek = Kek::from_bytes(secrecy::SecretBox::new(Box::new(kek_bytes)));
    // A source that does not encrypt tells the test the keys inside the ring.
    let (careless, plain) = ring_of(&Careless, STORE).await;
    let secrets = [&kek_bytes[..], &plain.epochs[0].data_key, &plain.index_key, SECRET.as_bytes()];
    let canaries = Canaries(secrets.iter().flat_map(|secret| spellings(secret)).collect());

    canaries.check(&kek);
    canaries.check(&kek.id());
    canaries.check_text(&kek.id().to_string());
    canaries.check(&careless);
    let (ring, wrapped) = KeyRing::create(&kek, STORE).await.unwrap();
    canaries.check(&(&ring, &wrapped));
    canaries.check(&kek.unwrap(&wrapped.epochs[0].data_key, b"elsewhere").await.map_err(drop));

    let blob = careless.seal(&PLACE, SECRET).unwrap();
    let unsealed = careless.unseal(&PLACE, &blob).unwrap();
    assert_eq!(unsealed.expose_secret(), SECRET);
    canaries.check(&unsealed);
    canaries.check(&(PLACE, Domain::Token, &blob));
    canaries.check(&careless.fingerprint(Domain::Token, SECRET));

    // Errors, where secrets pass by.
    canaries.check_error(&careless.unseal(&Place { purpose: 0, ..PLACE }, &blob).unwrap_err());
    canaries.check_error(&ring.unseal(&PLACE, SECRET.as_bytes()).unwrap_err());
    let document = plain.to_document();
    let cut = &document[..document.len() - 1];
    canaries.check_error(&WrappedKeys::from_document(STORE, cut).unwrap_err());
    canaries.check_error(&KeyRing::open(&kek, &plain).await.unwrap_err());
    for spelling in spellings(&kek_bytes) {
        if let Err(error) = Kek::parse(&format!("{spelling}!")) {
            canaries.check_error(&error);
        }
    }
}

/// The check above would find something if it were there.
#[test]
fn the_canaries_sing() {
    let bytes = [200u8; 32];
    let canaries = Canaries(spellings(&bytes));
    for text in spellings(&bytes) {
        let heard = std::panic::catch_unwind(|| canaries.check_text(&format!("x {text} y")));
        assert!(heard.is_err(), "{text}");
    }
    assert!(std::panic::catch_unwind(|| canaries.check(&bytes)).is_err());
}

#[test]
fn errors_name_no_source_in_their_own_text() {
    let inner = || std::io::Error::other("inner");
    let errors: [Box<dyn Error>; 2] = [
        Box::new(SealError::Source(Box::new(inner()))),
        Box::new(KeyFileError::Read("key".into(), inner())),
    ];
    for error in errors {
        assert!(!error.to_string().contains("inner"));
        assert_eq!(error.source().unwrap().to_string(), "inner");
    }
}
