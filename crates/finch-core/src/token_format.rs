//! What an access token may look like, for text that is not known to be one: a cell of a list, a form field.

use thiserror::Error;

use crate::{AccessToken, Actionable, Advice, ErrorKind};

/// The shortest access token, in bytes. A Bearer token has 128 random bits (RFC 6749, section 10.10), which
/// take more characters than this in every encoding of one byte a character.
const SHORTEST: usize = 16;

/// The longest access token, in bytes: servers commonly limit a header to 8 KiB.
const LONGEST: usize = 4096;

/// Why a text cannot be an access token. The text itself is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenFormatError {
    /// It has fewer than 16 or more than 4,096 bytes.
    #[error("the token has {0} bytes: a token has 16 to 4096")]
    Length(usize),
    /// It has a character that no Bearer token has (RFC 6750, section 2.1).
    #[error("the token has a character other than letters, digits and - . _ ~ + / =")]
    Character,
}

impl AccessToken {
    /// Takes a token from text that may be something else, such as an e-mail address in the wrong column.
    /// Finch's tokens are opaque; this checks only what holds for every Bearer token (RFC 6750): letters,
    /// digits and `-._~+/`, with `=` at the end, 16 to 4,096 bytes.
    ///
    /// # Errors
    /// [`TokenFormatError`]: the text is not a token, and must not be sent as one.
    pub fn parse(text: &str) -> Result<Self, TokenFormatError> {
        if !text.trim_end_matches('=').chars().all(is_token_character) {
            return Err(TokenFormatError::Character);
        }
        if !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(TokenFormatError::Length(text.len()));
        }
        Ok(Self::new(text))
    }
}

/// Whether a part of a text has the form of an access token: then the text must not be printed.
pub fn may_hold_token(text: &str) -> bool {
    text.split(|c| !is_token_character(c)).any(|part| part.len() >= SHORTEST)
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/')
}

impl Actionable for TokenFormatError {
    fn advice(&self) -> Advice {
        let step = "copy the token alone, as Finch issued it";
        Advice::new(ErrorKind::InvalidInput, "token_malformed", step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bearer_token_is_a_token_and_what_stands_in_other_columns_is_none() {
        let uuid = "6d2a1a0e-5b1f-4c0b-9a57-2f4d0c1f9a10";
        let (longest, too_long) = ("x".repeat(LONGEST), "x".repeat(LONGEST + 1));
        for token in [uuid, "0123456789abcdef", "abc.DEF-ghi_jkl~mno+pqr/stu==", &longest] {
            assert!(AccessToken::parse(token).is_ok(), "{token}");
            assert!(may_hold_token(&format!("Bearer \"{token}\"")), "{token}");
        }
        for text in ["", "pending", "2026-11-30", &too_long] {
            let Err(found) = AccessToken::parse(text) else { panic!("{text}") };
            assert_eq!(found, TokenFormatError::Length(text.len()), "{text}");
        }
        for text in [
            "jane.doe.the.second@acme.example",
            "2026-11-30T10:33:29Z",
            &format!("Bearer {uuid}"),
            &uuid.replace('-', " "),
            &uuid.replace('-', "\n"),
            &uuid.replace('-', "="),
            &uuid.replace('-', "–"),
            &format!("\"{uuid}\""),
        ] {
            let Err(found) = AccessToken::parse(text) else { panic!("{text}") };
            assert_eq!(found, TokenFormatError::Character, "{text}");
        }
        for customer in ["acme", "42", "be, ta", "jane.doe@acme.example", "Acme Payroll Inc."] {
            assert!(!may_hold_token(customer), "{customer}");
        }
    }
}
