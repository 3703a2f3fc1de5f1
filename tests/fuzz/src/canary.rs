//! Secrets that nothing else contains, and the check that no error shows one.

use std::fmt::Debug;

/// Stands for an access token.
pub(crate) const TOKEN: &str = "qzCanaryOfTheTokenzq";
/// Stands for the client secret, or a password.
pub(crate) const SECRET: &str = "qzCanaryOfTheSecretzq";
/// Stands for an authorization code.
pub(crate) const CODE: &str = "qzCanaryOfTheCodezq";

/// An input's placeholders, replaced by what they stand for.
pub(crate) fn filled(data: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((first, after)) = rest.split_first() {
        let found = (*first == b'@').then(|| {
            values.iter().find(|(placeholder, _)| rest.starts_with(placeholder.as_bytes()))
        });
        match found.flatten() {
            Some((placeholder, value)) => {
                filled.extend_from_slice(value.as_bytes());
                rest = &rest[placeholder.len()..];
            }
            None => {
                filled.push(*first);
                rest = after;
            }
        }
    }
    filled
}

/// What a value shows.
pub(crate) fn debug(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

/// The name of an enum's variant, from its `Debug`.
pub(crate) fn variant(value: &impl Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Fails if one of these secrets is shown.
#[track_caller]
pub(crate) fn hidden(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        let escaped: String = secret.chars().flat_map(char::escape_debug).collect();
        assert!(
            secret.is_empty() || !(shown.contains(secret) || shown.contains(&escaped)),
            "a secret is shown: {shown}"
        );
    }
}
