//! A certificate authority of a test.

use std::{fs, path::Path};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, PublicKeyData,
    SignatureAlgorithm, SigningKey, date_time_ymd,
};
use tokio_rustls::rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};

/// The last year in which a certificate is valid.
pub(crate) const LONG: i32 = 2049;
pub(crate) const OVER: i32 = 2001;

/// An authority, which a client may trust.
pub(crate) struct Authority(CertifiedIssuer<'static, Key>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = parameters(&[], LONG);
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, Key::new()).expect("an authority"))
    }

    /// Writes its certificate to a file, for a client that is to trust it.
    pub(crate) fn write(&self, path: &Path) {
        fs::write(path, self.0.pem()).expect("a file");
    }

    /// A server at this name or address, with a certificate of this authority.
    pub(crate) fn server(&self, subject: &str, until: i32) -> ServerConfig {
        let key = Key::new();
        let own = parameters(&[subject.to_owned()], until).signed_by(&key, &self.0);
        let own = own.expect("a certificate").der().clone();
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own], key.pkcs8().into())
            .expect("a server")
    }
}

fn parameters(names: &[String], until: i32) -> CertificateParams {
    let mut parameters = CertificateParams::new(names).expect("names");
    parameters.serial_number = Some(1.into());
    (parameters.not_before, parameters.not_after) =
        (date_time_ymd(2000, 1, 1), date_time_ymd(until, 1, 1));
    parameters
}

/// An Ed25519 key of aws-lc-rs: rcgen's own would switch on more of that crate than the release has.
struct Key(Ed25519KeyPair);

impl Key {
    fn new() -> Self {
        Self(Ed25519KeyPair::generate().expect("a key"))
    }

    fn pkcs8(&self) -> PrivatePkcs8KeyDer<'static> {
        self.0.to_pkcs8v1().expect("a key").as_ref().to_vec().into()
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}
