//! No answer: what happened, and whether a byte may have gone out.

use std::{error::Error, io, time::Duration};

use finch_core::FinchApiError;
use rustls::CertificateError;

/// A call without an answer.
pub(crate) struct Lost {
    pub(crate) problem: String,
    pub(crate) sent: bool,
}

impl Lost {
    /// The call's time is over. How far it had come is not known.
    pub(crate) fn out_of_time(timeout: Duration) -> Self {
        Self { problem: format!("nothing came within {timeout:?}"), sent: true }
    }

    /// The answer did not begin.
    ///
    /// `is_connect` is set only where hyper-util got no connection to put the request on: name
    /// resolution, TCP, TLS (without early data), a proxy's tunnel. `is_builder` is reqwest refusing
    /// the request itself.
    pub(crate) fn on_the_way_there(error: reqwest::Error) -> Self {
        let sent = !(error.is_connect() || error.is_builder());
        let error = error.without_url();
        let problem = if sent {
            format!("the connection broke before it{}", kind(&error))
        } else if error.is_dns() {
            "the name of Finch's host is not known here; check the base URL and the network"
                .to_owned()
        } else if error.is_timeout() {
            "no connection in time; check the network".to_owned()
        } else if let Some(why) = certificate(&error) {
            format!("the certificate of Finch's host is not trusted: {}", distrust(why))
        } else {
            format!("no connection ({})", innermost(&error))
        };
        Self { problem, sent }
    }

    /// The answer began and did not end.
    pub(crate) fn on_the_way_back(error: reqwest::Error) -> Self {
        let problem = format!("the connection broke within it{}", kind(&error.without_url()));
        Self { problem, sent: true }
    }

    pub(crate) fn into_error(self) -> FinchApiError {
        FinchApiError::NoAnswer { problem: self.problem, sent: self.sent }
    }
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The operating system's word for it. Once something was sent, nothing else is quoted: the other
/// side may have had a say in it.
fn kind(error: &(dyn Error + 'static)) -> String {
    let io = sources(error).find_map(|e| e.downcast_ref::<io::Error>());
    io.map_or_else(String::new, |e| format!(" ({})", e.kind()))
}

/// What is wrong with the certificate that came instead of Finch's, if that is what it is.
fn certificate<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    sources(error).find_map(|mut error| {
        // An `io::Error` does not name what it holds as its source.
        while let Some(held) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            error = held;
        }
        match error.downcast_ref()? {
            rustls::Error::InvalidCertificate(why) => Some(why),
            _ => None,
        }
    })
}

/// Nothing of the certificate is quoted: whoever answers has written it.
fn distrust(why: &CertificateError) -> &'static str {
    use CertificateError as E;
    match why {
        E::UnknownIssuer => {
            "no authority that this machine trusts has issued it; check the base URL, and the CA \
             certificates of this system (SSL_CERT_FILE names another file of them)"
        }
        E::Expired | E::ExpiredContext { .. } => {
            "it has expired; check the base URL and this machine's clock"
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "it is not valid yet; check the base URL and this machine's clock"
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "it is of another host; check the base URL, and who answers in Finch's place"
        }
        E::Revoked => "it was revoked; check who answers in Finch's place",
        _ => {
            "it is no certificate to rely on; check the base URL, and who answers in Finch's place"
        }
    }
}

/// Why there is no connection: nothing secret has gone out yet that could come back.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = sources(error).last().map(ToString::to_string).unwrap_or_default();
    text.chars().take(200).flat_map(char::escape_debug).collect()
}
