//! What a request brings: the fields of its form or of its query, and a body that is not too long.

use std::{borrow::Cow, error::Error as _, time::Duration};

use axum::body::{Body, Bytes, HttpBody as _};
use http_body_util::{BodyExt as _, LengthLimitError};
use tokio::time::timeout;
use url::form_urlencoded;

/// More than any form of ours holds.
pub(crate) const LONGEST_FORM: usize = 16 * 1024;
/// How long a body may take from its first byte to its last.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The fields of a form.
pub(crate) struct Fields(Vec<(String, String)>);

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadBody {
    TooLong,
    TooSlow,
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

/// Reads a body, within [`LONGEST_WAIT`]. One that is announced as longer than twice the limit is not read
/// at all; one that turns out too long is read, and forgotten, up to twice the limit, so that the client of a
/// form that is a little too long reads the answer. Then the connection is closed.
pub(crate) async fn read(body: Body, longest: usize) -> Result<Bytes, BadBody> {
    timeout(LONGEST_WAIT, collect(body, longest)).await.unwrap_or(Err(BadBody::TooSlow))
}

async fn collect(mut body: Body, longest: usize) -> Result<Bytes, BadBody> {
    let most = longest.saturating_mul(2);
    if usize::try_from(body.size_hint().lower()).is_ok_and(|announced| announced <= most) {
        let mut whole = Vec::new();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| why(&error))?.into_data() else { continue };
            length += data.len();
            if length > most {
                break;
            }
            if length > longest {
                whole = Vec::new();
            } else {
                whole.extend_from_slice(&data);
            }
        }
        if length <= longest {
            return Ok(whole.into());
        }
    }
    Err(BadBody::TooLong)
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
    use std::{
        convert::Infallible,
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll},
    };

    use axum::body::HttpBody;
    use hyper::body::Frame;

    use super::*;

    /// A body in frames of 1 KiB, and how many of them were read.
    struct Frames {
        left: usize,
        read: Arc<AtomicUsize>,
    }

    impl HttpBody for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            self.left -= 1;
            self.read.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
        }
    }

    async fn read_frames(left: usize, longest: usize) -> (Result<usize, BadBody>, usize) {
        let read = Arc::new(AtomicUsize::new(0));
        let body = Body::new(Frames { left, read: read.clone() });
        let length = super::read(body, longest).await.map(|body| body.len());
        (length, read.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_body_is_read_to_twice_its_limit_and_no_further() {
        assert_eq!(read_frames(16, 16 * 1024).await, (Ok(16 * 1024), 16));
        assert_eq!(read_frames(17, 16 * 1024).await, (Err(BadBody::TooLong), 17));
        assert_eq!(read_frames(usize::MAX, 16 * 1024).await, (Err(BadBody::TooLong), 33));
        let announced = Body::from(vec![b'x'; 11]);
        assert_eq!(read(announced, 5).await, Err(BadBody::TooLong));
        let limited = Body::new(http_body_util::Limited::new(Body::from("123456"), 5));
        assert_eq!(read(limited, 10).await, Err(BadBody::TooLong));
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
        assert_eq!(read(Body::new(Silent), 5).await, Err(BadBody::TooSlow));
        assert_eq!(began.elapsed().as_secs(), 30);
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
