//! The error where no answer came, or one that is not HTTP: what happened, and whether a byte may have gone out.

use std::{error::Error, io, time::Duration};

use finch_core::{Answer, FinchApiError};
use rustls::CertificateError;

/// The call's time is over. How far it got is not known.
pub(crate) fn out_of_time(timeout: Duration) -> FinchApiError {
    FinchApiError::NoAnswer { problem: format!("nothing came within {timeout:?}"), sent: true }
}

/// The answer did not begin, or its head cannot be read.
///
/// `is_connect` is set only where hyper-util got no connection to put the request on: name
/// resolution, TCP, TLS (without early data), a proxy's tunnel. `is_builder` is reqwest refusing
/// the request itself.
pub(crate) fn before_answer(error: reqwest::Error) -> FinchApiError {
    let sent = !(error.is_connect() || error.is_builder());
    let error = error.without_url();
    if let Some(problem) = head(&error) {
        return FinchApiError::Unreadable { problem, answer: None };
    }
    let problem = if sent {
        format!("the connection broke before it{}", kind(&error))
    } else if error.is_dns() {
        "the name of Finch's host is not known here; check the base URL and the network".to_owned()
    } else if error.is_timeout() {
        "no connection in time; check the network".to_owned()
    } else if let Some(why) = certificate(&error) {
        format!("the certificate of Finch's host is not trusted: {}", distrust(why))
    } else {
        format!("no connection ({})", innermost(&error))
    };
    FinchApiError::NoAnswer { problem, sent }
}

/// The answer began and did not end, or what followed its head is not HTTP.
pub(crate) fn within_answer(error: reqwest::Error, answer: Answer) -> FinchApiError {
    let error = error.without_url();
    if let Some(problem) = chunks(&error) {
        return FinchApiError::Unreadable { problem, answer: Some(Box::new(answer)) };
    }
    let problem = format!("the connection broke within it{}", kind(&error));
    FinchApiError::NoAnswer { problem, sent: true }
}

/// What is wrong with the head of an answer, if that is what it is. hyper has a fixed text for each fault
/// and quotes nothing.
fn head(error: &(dyn Error + 'static)) -> Option<String> {
    let hyper = sources(error).find_map(|e| e.downcast_ref::<hyper::Error>());
    hyper.filter(|e| e.is_parse()).map(|e| format!("its HTTP head is invalid or too large ({e})"))
}

/// What is wrong with the body of an answer, if it is not that the connection broke.
fn chunks(error: &(dyn Error + 'static)) -> Option<String> {
    let hyper = sources(error).find_map(|e| e.downcast_ref::<hyper::Error>())?;
    let io = hyper.source()?.downcast_ref::<io::Error>()?;
    let tls = io.get_ref().is_some_and(|held| held.is::<rustls::Error>());
    let framing = matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
    (framing && !tls).then(|| "the chunks of its body are not HTTP".to_owned())
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The operating system's name for it. Once something was sent, nothing else is quoted: the other side may
/// have chosen the text.
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

/// Nothing of the certificate is quoted: its text comes from the other side.
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
