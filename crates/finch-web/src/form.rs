//! What a request brings: the fields of its form or of its query, and a body that is not too long.

use std::{error::Error, iter, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _, to_bytes},
    http::StatusCode,
};
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

impl Fields {
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    pub(crate) async fn of_body(body: Body) -> Result<Self, StatusCode> {
        Ok(Self::parse(&read(body, LONGEST_FORM).await?))
    }

    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
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
///
/// # Errors
/// The status that says why it was not read: too long, too slow, or cut off.
pub(crate) async fn read(body: Body, longest: usize) -> Result<Bytes, StatusCode> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).is_ok_and(|announced| announced > longest) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let read = timeout(LONGEST_WAIT, to_bytes(body, longest)).await;
    read.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|error| {
        // A layer of the host's may have a limit of its own.
        let mut causes = iter::successors(error.source(), |cause| (*cause).source());
        match causes.any(|cause| cause.is::<LengthLimitError>()) {
            true => StatusCode::PAYLOAD_TOO_LARGE,
            false => StatusCode::BAD_REQUEST,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_limit() {
        let too_long = Err(StatusCode::PAYLOAD_TOO_LARGE);
        for (limit, expected) in [(5, Ok("12345".into())), (4, too_long.clone())] {
            assert_eq!(read(Body::from("12345"), limit).await, expected);
        }
        let hosts = Body::new(http_body_util::Limited::new(Body::from("123456"), 5));
        assert_eq!(read(hosts, 10).await, too_long);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_waited_for_30_seconds() {
        let began = tokio::time::Instant::now();
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(read(silent, 5).await, Err(StatusCode::REQUEST_TIMEOUT));
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
