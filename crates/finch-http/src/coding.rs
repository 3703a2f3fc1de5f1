//! Bodies that are compressed although `identity` was asked for.
//!
//! The first bytes of a body decide, and not `Content-Encoding`: no JSON text begins with those of gzip or
//! zlib, and proxies are known to add, drop and misspell the header.

use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use zeroize::Zeroizing;

/// How many times a body may have been compressed.
const LAYERS: usize = 2;

/// What `Content-Encoding` says, as far as the body's first bytes do not.
#[derive(Clone, Copy)]
pub(crate) enum Coding {
    /// Nothing of use.
    Plain,
    /// `deflate`: perhaps without zlib's first bytes.
    Deflate,
    /// One that is not read here: the problem to report if the body is not JSON.
    Unread(&'static str),
}

impl Coding {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let named = headers.get_all(CONTENT_ENCODING).into_iter();
        let names = named.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
        let codings = names.map(|name| match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" | "gzip" | "x-gzip" => Self::Plain,
            "deflate" => Self::Deflate,
            "br" => Self::Unread("it is compressed with Brotli (br), which is not read here"),
            "zstd" => Self::Unread("it is compressed with zstd, which is not read here"),
            _ => Self::Unread("it has a Content-Encoding that is not read here"),
        });
        codings.into_iter().fold(Self::Plain, |all, one| match (all, one) {
            (Self::Unread(_), _) | (_, Self::Plain) => all,
            _ => one,
        })
    }
}

/// Inflates a body of up to `max` bytes, as far as it can be inflated: a missing or wrong checksum, or bytes
/// behind the end, do not damage what came before. Returns the body, none if it is longer than `max`; and why it
/// may be no JSON.
pub(crate) fn inflate(
    mut bytes: Zeroizing<Vec<u8>>,
    coding: Coding,
    max: usize,
) -> (Option<Zeroizing<Vec<u8>>>, Option<&'static str>) {
    let mut problem = match coding {
        Coding::Unread(problem) => Some(problem),
        Coding::Plain | Coding::Deflate => None,
    };
    for _ in 0..LAYERS {
        let (layer, broken) = match &bytes[..] {
            [0x1f, 0x8b, ..] => {
                (read(MultiGzDecoder::new(&bytes[..]), max), "its gzip breaks off or is damaged")
            }
            [0x78, check, ..] if u16::from_be_bytes([0x78, *check]).is_multiple_of(31) => {
                (read(ZlibDecoder::new(&bytes[..]), max), "its deflate breaks off or is damaged")
            }
            [first, ..] if matches!(coding, Coding::Deflate) && is_no_text(*first) => {
                (read(DeflateDecoder::new(&bytes[..]), max), "its deflate breaks off or is damaged")
            }
            _ => break,
        };
        let Some((inflated, is_whole)) = layer else { return (None, None) };
        if !is_whole {
            problem = problem.or(Some(broken));
            if inflated.is_empty() {
                break;
            }
        }
        bytes = inflated;
    }
    (Some(bytes), problem)
}

/// What comes out, and whether that is all of it. None: longer than `max`.
fn read(mut compressed: impl Read, max: usize) -> Option<(Zeroizing<Vec<u8>>, bool)> {
    // Room for any usual answer at once: a buffer that grows leaves copies behind.
    let mut inflated = Zeroizing::new(Vec::with_capacity(max.min(64 * 1024)));
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        match compressed.read(&mut chunk[..]) {
            Ok(0) => return Some((inflated, true)),
            Ok(length) if length > max - inflated.len() => return None,
            Ok(length) => inflated.extend_from_slice(&chunk[..length]),
            Err(_) => return Some((inflated, false)),
        }
    }
}

/// Whether no JSON text, not even behind white space or a byte order mark, begins with this byte.
fn is_no_text(first: u8) -> bool {
    !matches!(first, b'{' | b' ' | b'\t' | b'\r' | b'\n' | 0xef)
}
