//! Failures of what is given: files, standard input, identifiers, addresses.

use std::{io, path::Path};

use finch_core::{AddressError, IdError, Product};
use finch_emulator::EmulatorError;

use super::{Exit, Failure, usage::as_word};

impl Failure {
    /// A file or standard input that could not be read.
    pub(crate) fn unreadable(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::usage(format!("the file {} with the {what} could not be read", path.display()))
            .because(error)
            .help("check the path, and that this user may read it")
    }

    /// An identifier that is none. What was given is not repeated.
    pub(crate) fn bad_id(place: &str, error: &IdError) -> Self {
        let mut failure = Self::usage(format!("{place} cannot be used"));
        failure.because.push(error.to_string());
        failure.help("copy it again, without anything around it")
    }

    /// Products that this release does not know. They are named, unless one of them is not a word.
    pub(crate) fn unknown_products(unknown: &[&str]) -> Self {
        let words: Option<Vec<_>> = unknown.iter().map(|word| as_word(word)).collect();
        let mut failure = Self::usage(match words.as_deref() {
            Some([word]) => format!("the product {word} of --products is not known"),
            Some(words) => {
                format!("the products {} of --products are not known", words.join(", "))
            }
            None => "a product of --products is not known".to_owned(),
        });
        let known: Vec<_> = Product::KNOWN.iter().map(Product::as_str).collect();
        failure.because.push(format!("known are {}", known.join(", ")));
        failure.help(
            "check its spelling; --any-product takes one that Finch has added since this release",
        )
    }

    /// A redirect URI that cannot be used.
    pub(crate) fn bad_redirect_uri(error: AddressError) -> Self {
        let mut failure = Self::usage("the redirect URI cannot be used");
        failure.because.push(format!("it {error}"));
        failure.help("give one that is registered for the application at Finch")
    }
}

impl From<EmulatorError> for Failure {
    fn from(error: EmulatorError) -> Self {
        match &error {
            EmulatorError::PortTaken { address } => Self::new(
                Exit::Failed,
                "port_taken",
                format!("port {} on {} is taken", address.port(), address.ip()),
            )
            .help(
                "stop what listens there, or choose another port with --port (0 finds a free one) and keep \
                 to it: a store belongs to one address of Finch",
            ),
            EmulatorError::Listen { address, source } => Self::new(
                Exit::Failed,
                "port",
                format!("cannot listen on port {} of {}", address.port(), address.ip()),
            )
            .because(source)
            .help("choose another port with --port (0 finds a free one), or another address with --host"),
            EmulatorError::BadAllowedHost => Self::usage("the value of --allow-host cannot be used")
                .help("give a host name such as finch-emulator, without scheme, port and path"),
            EmulatorError::BadCredentials { .. } => Self::usage(error.to_string())
                .help("give others with --client-id and --client-secret"),
            EmulatorError::BadWebhook(source) => Self::usage("webhooks cannot be sent there")
                .because(source)
                .help("give others with --webhook-url and --webhook-secret"),
            _ => Self::new(Exit::Failed, "emulator", "the local Finch could not start")
                .because(&error),
        }
    }
}
