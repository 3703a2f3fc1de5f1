//! A certificate authority of a test: Ed25519, and DER by hand, so that no crate is needed for it.

use std::{fs, path::Path};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use tokio_rustls::rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const BYTES: u8 = 0x04;
const OID: u8 = 0x06;
const TEXT: u8 = 0x0c;
const TIME: u8 = 0x17;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];

/// Until when a certificate is valid.
pub(crate) const LONG: &str = "491231235959Z";
pub(crate) const OVER: &str = "010101000000Z";

/// For whom a certificate is, as it is written there.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    Address([u8; 4]),
    Host(&'static str),
}

/// An authority, which somebody may trust.
pub(crate) struct Authority {
    name: Vec<u8>,
    key: Ed25519KeyPair,
    own: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let (name, key) = (distinguished(name), new_key());
        let is_ca = der(SEQUENCE, &[&[1, 1, 0xff]]);
        let own = certificate(&name, &key, &name, &key, LONG, BASIC_CONSTRAINTS, &is_ca);
        Self { name, key, own }
    }

    /// Its certificate in a file, for whoever is to trust it.
    pub(crate) fn write(&self, path: &Path) {
        let text = STANDARD.encode(&self.own);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        fs::write(path, pem).expect("a file");
    }

    /// A server with a certificate of this authority's.
    pub(crate) fn server(&self, subject: Subject, until: &str) -> ServerConfig {
        let key = new_key();
        let names = match subject {
            Subject::Address(address) => der(0x87, &[&address]),
            Subject::Host(name) => der(0x82, &[name.as_bytes()]),
        };
        let names = der(SEQUENCE, &[&names]);
        let subject = distinguished("a server");
        let own =
            certificate(&self.name, &self.key, &subject, &key, until, ALTERNATIVE_NAME, &names);
        let pkcs8 = key.to_pkcs8v1().expect("a key").as_ref().to_vec();
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(own)],
                PrivatePkcs8KeyDer::from(pkcs8).into(),
            )
            .expect("a server")
    }
}

fn new_key() -> Ed25519KeyPair {
    Ed25519KeyPair::generate().expect("a key")
}

fn certificate(
    issuer: &[u8],
    issuers_key: &Ed25519KeyPair,
    subject: &[u8],
    key: &Ed25519KeyPair,
    until: &str,
    extension: &[u8],
    value: &[u8],
) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[&der(OID, &[&[0x2b, 0x65, 0x70]])]);
    let valid = [der(TIME, &[b"000101000000Z"]), der(TIME, &[until.as_bytes()])].concat();
    let extension = [der(OID, &[extension]), der(BYTES, &[value])].concat();
    let told = der(
        SEQUENCE,
        &[
            &der(0xa0, &[&der(INTEGER, &[&[2]])]),
            &der(INTEGER, &[&[1]]),
            &algorithm,
            issuer,
            &der(SEQUENCE, &[&valid]),
            subject,
            &der(SEQUENCE, &[&algorithm, &der(BITS, &[&[0], key.public_key().as_ref()])]),
            &der(0xa3, &[&der(SEQUENCE, &[&der(SEQUENCE, &[&extension])])]),
        ],
    );
    let signature = der(BITS, &[&[0], issuers_key.sign(&told).as_ref()]);
    der(SEQUENCE, &[&told, &algorithm, &signature])
}

fn distinguished(name: &str) -> Vec<u8> {
    let pair = [der(OID, &[COMMON_NAME]), der(TEXT, &[name.as_bytes()])].concat();
    der(SEQUENCE, &[&der(SET, &[&der(SEQUENCE, &[&pair])])])
}

/// A value of DER: its tag, its length, and what is in it.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).expect("a short one").to_be_bytes();
    let mut whole = match (high, low) {
        (0, ..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    whole.extend(content);
    whole
}
