//! Responses that hyper would not send, written byte by byte.

use std::{fmt::Write, net::TcpStream as Socket, time::Duration};

use hyper::{body::Bytes, header::CONTENT_LENGTH};
use tokio::{io::AsyncWriteExt, net::TcpStream, time};

use crate::{
    fault::{FaultKind, Then},
    http::Response,
};

/// The longest that writing a response takes.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// The end of an endless response: 256 MiB.
const ENDLESS: usize = 256 * 1024 * 1024;
const SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

/// A distorted response as a client reads it. `None`: the client does not reach its end.
pub(crate) fn as_read(response: Response, fault: &FaultKind) -> Option<Response> {
    match fault {
        FaultKind::Cut { at, .. } if *at < bytes(&response).len() => None,
        FaultKind::Endless => None,
        FaultKind::LengthOffBy(off) => {
            let length = announced(&response, *off);
            let body = response.body().get(..length).map(Bytes::copy_from_slice)?;
            Some(response.map(|_| body))
        }
        _ => Some(response),
    }
}

/// Writes a distorted response. The caller closes the connection.
pub(super) async fn write(socket: &Socket, response: Response, fault: FaultKind) {
    // An error or a timeout ends the connection, too.
    let _ = time::timeout(TIMEOUT, play(socket, response, fault)).await;
}

async fn play(socket: &Socket, response: Response, fault: FaultKind) -> std::io::Result<()> {
    let mut stream = TcpStream::from_std(socket.try_clone()?)?;
    match fault {
        FaultKind::Cut { at, then } => {
            let bytes = bytes(&response);
            stream.write_all(&bytes[..at.min(bytes.len())]).await?;
            match then {
                Then::Close => {}
                Then::Reset => stream.set_zero_linger()?,
                // The server drops this future when the caller closes the connection.
                Then::Silence => time::sleep(TIMEOUT).await,
                Then::HalfClose => {
                    stream.shutdown().await?;
                    time::sleep(TIMEOUT).await;
                }
            }
        }
        FaultKind::Trickle { bytes: piece, pause } => {
            for piece in bytes(&response).chunks(piece.max(1)) {
                stream.write_all(piece).await?;
                time::sleep(pause).await;
            }
        }
        FaultKind::LengthOffBy(off) => {
            stream.write_all(&head(&response, Some(announced(&response, off)))).await?;
            stream.write_all(response.body()).await?;
        }
        FaultKind::Endless => {
            stream.write_all(&head(&response, None)).await?;
            chunk(&mut stream, response.body()).await?;
            for _ in 0..ENDLESS / SPACES.len() {
                chunk(&mut stream, &SPACES).await?;
            }
        }
        _ => stream.write_all(&bytes(&response)).await?,
    }
    Ok(())
}

async fn chunk(stream: &mut TcpStream, data: &[u8]) -> std::io::Result<()> {
    if data.is_empty() {
        // An empty chunk ends the body.
        return Ok(());
    }
    stream.write_all(format!("{:x}\r\n", data.len()).as_bytes()).await?;
    stream.write_all(data).await?;
    stream.write_all(b"\r\n").await
}

/// The `Content-Length` that is off by so many bytes.
fn announced(response: &Response, off: i64) -> usize {
    let off_by = usize::try_from(off.unsigned_abs()).unwrap_or(usize::MAX);
    let length = response.body().len();
    if off < 0 { length.saturating_sub(off_by) } else { length.saturating_add(off_by) }
}

fn bytes(response: &Response) -> Vec<u8> {
    let mut bytes = head(response, Some(response.body().len()));
    bytes.extend_from_slice(response.body());
    bytes
}

/// The status line and headers. Without a length, the body is chunked.
fn head(response: &Response, length: Option<usize>) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\nconnection: close\r\n", status.as_u16());
    // Writing to a string does not fail.
    let _ = match length {
        Some(length) => write!(head, "content-length: {length}\r\n"),
        None => write!(head, "transfer-encoding: chunked\r\n"),
    };
    let mut head = head.into_bytes();
    for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
