//! Answers as bytes, for those that hyper would not let out.

use std::{fmt::Write, time::Duration};

use hyper::{body::Bytes, header::CONTENT_LENGTH};
use tokio::{io::AsyncWriteExt, time};

use crate::{
    answer::Answer,
    fault::{Shape, Then},
    line::Line,
};

/// The longest that an answer takes, whatever it is made of: ten minutes.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The most that is sent of an endless answer: 256 MiB.
const ENDLESS: usize = 256 * 1024 * 1024;
/// A piece of an endless answer.
const SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

/// What a client makes of an answer in this shape; none: it does not get to its end.
pub(crate) fn as_read(answer: Answer, shape: Shape) -> Option<Answer> {
    match shape {
        Shape::Whole | Shape::Trickle { .. } => Some(answer),
        Shape::Cut { at, .. } => (at >= bytes(&answer).len()).then_some(answer),
        Shape::LengthOffBy(off) => {
            let length = announced(&answer, off);
            let body = answer.body().get(..length).map(Bytes::copy_from_slice)?;
            Some(answer.map(|_| body))
        }
        Shape::Endless => None,
    }
}

/// Writes an answer and does with the connection what its shape says. The caller closes it.
pub(crate) async fn write(line: Line, answer: Answer, shape: Shape) {
    // However it ends, the connection does.
    let _ = time::timeout(PATIENCE, play(line, answer, shape)).await;
}

async fn play(mut line: Line, answer: Answer, shape: Shape) -> std::io::Result<()> {
    match shape {
        Shape::Whole => line.write_all(&bytes(&answer)).await,
        Shape::Cut { at, then } => {
            let bytes = bytes(&answer);
            line.write_all(&bytes[..at.min(bytes.len())]).await?;
            match then {
                Then::Close => {}
                Then::Reset => line.reset_on_close()?,
                // The server stops this when the caller goes away.
                Then::Silence => time::sleep(PATIENCE).await,
                Then::HalfClose => {
                    line.shutdown().await?;
                    time::sleep(PATIENCE).await;
                }
            }
            Ok(())
        }
        Shape::Trickle { bytes: piece, pause } => {
            for (number, piece) in bytes(&answer).chunks(piece.max(1)).enumerate() {
                if number > 0 {
                    time::sleep(pause).await;
                }
                line.write_all(piece).await?;
            }
            Ok(())
        }
        Shape::LengthOffBy(off) => {
            let length = announced(&answer, off);
            let mut bytes = head(&answer, Some(length));
            bytes.extend_from_slice(answer.body());
            line.write_all(&bytes).await
        }
        Shape::Endless => {
            line.write_all(&head(&answer, None)).await?;
            chunk(&mut line, answer.body()).await?;
            for _ in 0..ENDLESS / SPACES.len() {
                chunk(&mut line, &SPACES).await?;
            }
            Ok(())
        }
    }
}

async fn chunk(line: &mut Line, data: &[u8]) -> std::io::Result<()> {
    if data.is_empty() {
        // A chunk without bytes would be the last one.
        return Ok(());
    }
    line.write_all(format!("{:x}\r\n", data.len()).as_bytes()).await?;
    line.write_all(data).await?;
    line.write_all(b"\r\n").await
}

/// The length that is announced for a body.
fn announced(answer: &Answer, off: i64) -> usize {
    let off_by = usize::try_from(off.unsigned_abs()).unwrap_or(usize::MAX);
    let length = answer.body().len();
    if off < 0 { length.saturating_sub(off_by) } else { length.saturating_add(off_by) }
}

/// The whole answer.
fn bytes(answer: &Answer) -> Vec<u8> {
    let mut bytes = head(answer, Some(answer.body().len()));
    bytes.extend_from_slice(answer.body());
    bytes
}

/// Status line and headers; without a length the body comes in chunks.
fn head(answer: &Answer, length: Option<usize>) -> Vec<u8> {
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\nconnection: close\r\n", status.as_u16());
    // Writing to a string does not fail.
    let _ = match length {
        Some(length) => write!(head, "content-length: {length}\r\n"),
        None => write!(head, "transfer-encoding: chunked\r\n"),
    };
    let mut head = head.into_bytes();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
