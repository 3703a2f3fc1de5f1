//! What a request brings: the fields of its form or of its query, and a body that is not too long.

use std::{borrow::Cow, error::Error as _, time::Duration};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use http_body_util::LengthLimitError;
use tokio::time::timeout;
use url::form_urlencoded;

use crate::problem::Problem;

/// More than any form of ours holds.
const LONGEST_FORM: usize = 16 * 1024;
/// How long a body may take from its first byte to its last.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The fields of a form.
pub(crate) struct Fields(Vec<(String, String)>);

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLong,
    TooSlow,
    CutOff,
}

impl Fields {
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    pub(crate) async fn of_body(body: Body) -> Result<Self, BodyError> {
        Ok(Self::parse(&read(body, LONGEST_FORM).await?))
    }

    fn parse(text: &[u8]) -> Self {
        let owned =
            |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
        Self(form_urlencoded::parse(text).map(owned).collect())
    }

    /// The value of a field; an empty one is not there. Of one that is there twice it is unknown which is meant.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Problem::bad_form()),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }
}

/// Reads a body of at most this length, within [`LONGEST_WAIT`]. The rest of a longer one is not read.
pub(crate) async fn read(body: Body, longest: usize) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).is_ok_and(|announced| announced > longest) {
        return Err(BodyError::TooLong);
    }
    match timeout(LONGEST_WAIT, to_bytes(body, longest)).await {
        Ok(read) => read.map_err(|error| body_error(&error)),
        Err(_) => Err(BodyError::TooSlow),
    }
}

/// A layer of the host's may have a limit of its own.
fn body_error(error: &axum::Error) -> BodyError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<LengthLimitError>() {
            return BodyError::TooLong;
        }
        source = cause.source();
    }
    BodyError::CutOff
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::HttpBody;
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_limit() {
        for (limit, expected) in [(5, Ok("12345".into())), (4, Err(BodyError::TooLong))] {
            assert_eq!(read(Body::from("12345"), limit).await, expected);
        }
        let hosts = Body::new(http_body_util::Limited::new(Body::from("123456"), 5));
        assert_eq!(read(hosts, 10).await, Err(BodyError::TooLong));
    }

    /// A body of which nothing ever comes.
    struct Silent;

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_waited_for_30_seconds() {
        let began = tokio::time::Instant::now();
        assert_eq!(read(Body::new(Silent), 5).await, Err(BodyError::TooSlow));
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
