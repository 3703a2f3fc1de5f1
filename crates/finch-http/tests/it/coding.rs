//! Answers that come compressed, although `identity` is asked for.

use std::io::Read;

use finch_core::{ExchangeFailure, FailureKind, exchange_failure};
use flate2::{
    Compression,
    bufread::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::{
    finch::{TOKEN, disconnect, exchange, grant, playing, shown},
    server::{Play, reply},
};

fn all(mut compressed: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    compressed.read_to_end(&mut bytes).expect("no end of memory");
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    all(GzEncoder::new(bytes, Compression::default()))
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    all(ZlibEncoder::new(bytes, Compression::default()))
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    all(DeflateEncoder::new(bytes, Compression::default()))
}

#[tokio::test]
async fn no_token_is_lost_over_a_content_coding() {
    let plain = grant().into_bytes();
    let whole = gzip(&plain);
    let (one, two) = plain.split_at(99);
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    for (coding, body) in [
        ("gzip", whole.clone()),
        ("x-gzip", whole.clone()),
        ("identity", whole.clone()),
        ("gzip\r\nContent-Encoding: identity", whole.clone()),
        ("br", whole.clone()),
        ("gzip", [gzip(one), gzip(two)].concat()),
        ("gzip", [gzip(b""), gzip(&plain), gzip(b"")].concat()),
        ("gzip", [&whole[..], b"canary"].concat()),
        ("gzip", [&whole[..], &[0; 512]].concat()),
        ("gzip", whole[..at].to_vec()),
        ("gzip", wrong_sum),
        ("gzip", gzip(&["\u{feff} \n".as_bytes(), &plain, b" \n"].concat())),
        ("gzip, gzip", gzip(&whole)),
        ("deflate", zlib(&plain)),
        ("deflate", deflate(&plain)),
        ("DEFLATE", all(DeflateEncoder::new(&plain[..], Compression::none()))),
        ("deflate, gzip", gzip(&zlib(&plain))),
    ]
    .into_iter()
    .chain(["gzip", "deflate", "br", "zstd", "a canary", ""].map(|coding| (coding, plain.clone())))
    {
        let header = format!("Content-Encoding: {coding}\r\n");
        let (server, finch) = playing([reply(200, &header, &body)]).await;
        let grant = exchange(&finch).await.unwrap_or_else(|error| panic!("{error} for {coding}"));
        assert_eq!(grant.secret.expose(), TOKEN, "{coding}");
        assert_eq!(grant.facts.provider_id.as_str(), "gusto", "{coding}");
        server.only();
    }
    let (_server, finch) = playing([reply(200, "", &whole)]).await;
    exchange(&finch).await.expect("a proxy may take the header away");
    let chunk = [format!("{:x}\r\n", whole.len()).as_bytes(), &whole, b"\r\n0\r\n\r\n"].concat();
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    let (_server, finch) = playing([Play::Answer([&head[..], &chunk].concat())]).await;
    exchange(&finch).await.expect("the transfer may be compressed, too");
}

#[tokio::test]
async fn what_cannot_be_inflated_is_unknown_and_names_its_cause() {
    let plain = grant().into_bytes();
    let whole = gzip(&plain);
    let damaged = [&whole[..40], &[0xff; 40]].concat();
    for (coding, body, why) in [
        ("gzip", whole[..whole.len() / 2].to_vec(), "its gzip breaks off or is damaged"),
        ("gzip", damaged, "its gzip breaks off or is damaged"),
        ("deflate", zlib(&plain)[..50].to_vec(), "its deflate breaks off or is damaged"),
        ("br", b"\x1bcanary".to_vec(), "Brotli (br)"),
        ("gzip, BR", b"\x1bcanary".to_vec(), "Brotli (br)"),
        ("compress", b"\x1f\x9dcanary".to_vec(), "Content-Encoding that is not read"),
        ("canary", b"canary".to_vec(), "Content-Encoding that is not read"),
        ("gzip", gzip(b""), "it is empty (0 bytes)"),
        ("gzip", gzip(b"<html>canary</html>"), "it is not a JSON object"),
        ("gzip", gzip(&gzip(&gzip(&plain))), "it is not a JSON object"),
        ("gzip", gzip(&[b' '; 16 * 1024 + 1]), "it is too long (more than 16384 bytes)"),
        ("gzip", gzip(&gzip(&vec![0; 4 << 20])), "it is too long (more than 16384 bytes)"),
        ("deflate", deflate(&vec![b' '; 2 << 20]), "it is too long (more than 16384 bytes)"),
    ] {
        let header = format!("Content-Encoding: {coding}\r\n");
        let (server, finch) = playing([reply(200, &header, &body)]).await;
        let error = exchange(&finch).await.expect_err(why);
        assert!(error.to_string().contains(why), "{coding}: {error}");
        assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown);
        shown(&error);
        server.only();
    }
}

/// Of a refusal too: it may be the proof that a token is dead.
#[tokio::test]
async fn a_refusal_is_inflated() {
    let body = gzip(br#"{"code":401,"name":"invalid_token"}"#);
    let (_server, finch) = playing([reply(401, "Content-Encoding: gzip\r\n", &body)]).await;
    let error = disconnect(&finch).await.expect_err("401");
    assert_eq!(error.failure_kind(), FailureKind::TokenInvalid);
}
