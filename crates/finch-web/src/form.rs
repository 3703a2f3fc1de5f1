//! What a request brings: the fields of its form or of its query, and a body that is not too long.

use std::{borrow::Cow, error::Error as _};

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::LengthLimitError;
use url::form_urlencoded;

/// More than any form of ours holds.
pub(crate) const LONGEST_FORM: usize = 16 * 1024;

/// The fields of a form.
pub(crate) struct Fields(Vec<(String, String)>);

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadBody {
    TooLong,
    CutOff,
}

/// A field that is there twice: nobody can say which one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Twice;

impl Fields {
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    pub(crate) async fn of_body(body: Body) -> Result<Self, BadBody> {
        Ok(Self::parse(&read(body, LONGEST_FORM).await?))
    }

    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).map(owned).collect())
    }

    /// The value of a field; an empty one is not there.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Twice> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Twice),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }
}

/// Reads a body, and stops where it is longer than that.
pub(crate) async fn read(body: Body, longest: usize) -> Result<Bytes, BadBody> {
    to_bytes(body, longest).await.map_err(|error| {
        let too_long = error.source().is_some_and(|why| why.is::<LengthLimitError>());
        if too_long { BadBody::TooLong } else { BadBody::CutOff }
    })
}

fn owned((name, value): (Cow<'_, str>, Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_once_or_not_at_all() {
        let fields = Fields::of_query(Some("code=a%26b&state=&twice=1&twice=2&odd=%ff"));
        assert_eq!(fields.one("code"), Ok(Some("a&b")));
        assert_eq!(fields.one("state"), Ok(None));
        assert_eq!(fields.one("missing"), Ok(None));
        assert_eq!(fields.one("twice"), Err(Twice));
        assert_eq!(fields.one("odd"), Ok(Some("\u{fffd}")));
    }
}
