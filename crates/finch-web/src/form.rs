//! What a request brings: the fields of its form or of its query, and a body that is not too long.

use std::{borrow::Cow, error::Error as _};

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError};
use url::form_urlencoded;

/// More than any form of ours holds.
pub(crate) const LONGEST_FORM: usize = 16 * 1024;
/// How much of a longer body is thrown away, so that who sends it gets to read the answer.
const DISCARDED: usize = 64 * 1024 * 1024;

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

/// Reads a body. Of one that is longer than that nothing is kept.
pub(crate) async fn read(mut body: Body, longest: usize) -> Result<Bytes, BadBody> {
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| why(&error))?.into_data() else { continue };
        length += data.len();
        if length > DISCARDED {
            break;
        }
        if length > longest {
            whole = Vec::new();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > longest { Err(BadBody::TooLong) } else { Ok(whole.into()) }
}

/// A layer of the host's may have a limit of its own.
fn why(error: &axum::Error) -> BadBody {
    let mut cause = error.source();
    while let Some(why) = cause {
        if why.is::<LengthLimitError>() {
            return BadBody::TooLong;
        }
        cause = why.source();
    }
    BadBody::CutOff
}

fn owned((name, value): (Cow<'_, str>, Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_is_too_long_is_read_and_forgotten() {
        let read = async |length: usize, longest| read(vec![b'x'; length].into(), longest).await;
        assert_eq!(read(5, 5).await.map(|body| body.len()), Ok(5));
        assert_eq!(read(6, 5).await, Err(BadBody::TooLong));
        let limited = Body::new(http_body_util::Limited::new(Body::from("123456"), 5));
        let limited = Body::new(limited);
        assert_eq!(super::read(limited, 10).await, Err(BadBody::TooLong));
    }

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
