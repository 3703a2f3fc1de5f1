//! What one peer may ask of Payday: how often, how much, and for how long. A proxy in front of a host of your
//! own has these limits, too, and those of connections and headers, which no layer sees.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header::RETRY_AFTER},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use tower_http::{limit::RequestBodyLimitLayer, timeout::TimeoutLayer};

/// How many requests a peer may make at once. A page is two of them, and Finch's webhooks come in bursts.
const BURST: u32 = 200;
/// After how long it may make one more.
const EACH: Duration = Duration::from_millis(50);
/// How many peers are remembered before those that may make a whole burst again are forgotten.
const PEERS: usize = 10_000;
/// A webhook's longest body, in bytes; forms are shorter.
const LONGEST_BODY: usize = 256 * 1024;
/// Longer than one call to Finch may take, whose answer the page shows.
const LONGEST_REQUEST: Duration = Duration::from_secs(75);

/// Puts the limits around the whole application.
pub(crate) fn around(application: Router) -> Router {
    limited(application, Peers::default())
}

fn limited(application: Router, peers: Peers) -> Router {
    application
        .layer(RequestBodyLimitLayer::new(LONGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_REQUEST))
        .layer(from_fn_with_state(peers, admit))
}

async fn admit(
    State(peers): State<Peers>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if peers.admits(peer.ip(), Instant::now()) {
        return next.run(request).await;
    }
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response()
}

/// For each peer, when it may make a whole burst again. Behind a proxy each request has the proxy's address:
/// take the peer from the header that your proxy sets, and only there.
#[derive(Clone, Debug, Default)]
struct Peers(Arc<Mutex<HashMap<IpAddr, Instant>>>);

impl Peers {
    fn admits(&self, peer: IpAddr, now: Instant) -> bool {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS {
            peers.retain(|_, rested| *rested > now);
        }
        let rested = peers.entry(network(peer)).or_insert(now);
        let then = (*rested).max(now) + EACH;
        let admitted = then <= now + EACH * BURST;
        if admitted {
            *rested = then;
        }
        admitted
    }
}

/// A peer with one IPv6 address has 2⁶⁴ of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, routing::post};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_peer_has_a_burst_and_then_one_request_at_a_time() {
        let (peers, now) = (Peers::default(), Instant::now());
        let one = ip("2001:db8::1");
        assert!((0..BURST).all(|_| peers.admits(one, now)));
        assert!(!peers.admits(one, now));
        assert!(!peers.admits(ip("2001:db8::2"), now), "one network is one peer");
        assert!(peers.admits(ip("2001:db8:0:1::1"), now) && peers.admits(ip("192.0.2.1"), now));
        assert!(peers.admits(one, now + EACH) && !peers.admits(one, now + EACH));
        let later = now + EACH * (BURST + 1);
        assert!((0..BURST).all(|_| peers.admits(one, later)) && !peers.admits(one, later));
    }

    #[test]
    fn peers_that_have_rested_are_forgotten() {
        let (peers, now) = (Peers::default(), Instant::now());
        let peer = |n: u32| IpAddr::from(n.to_be_bytes());
        for n in 0..u32::try_from(3 * PEERS).expect("a number") {
            assert!(peers.admits(peer(n), now + EACH * n));
        }
        let known = peers.0.lock().expect("no panic").len();
        assert!(known <= PEERS, "{known}");
    }

    /// The status of one request, over a connection of its own.
    async fn status(address: SocketAddr, length: usize) -> String {
        let mut stream = TcpStream::connect(address).await.expect("a server");
        let head = format!(
            "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        if length <= LONGEST_BODY {
            stream.write_all(&vec![b'x'; length]).await.expect("sent");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer.split(' ').nth(1).expect("a status").to_owned()
    }

    #[tokio::test]
    async fn the_limits_are_around_every_route() {
        let peers = Peers::default();
        let route = Router::new().route("/", post(async |_: Bytes| "taken"));
        let application = limited(route, peers.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = application.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        assert_eq!(status(address, 5).await, "200");
        assert_eq!(status(address, LONGEST_BODY + 1).await, "413");
        let used_up = Instant::now() + Duration::from_secs(3600);
        peers.0.lock().expect("no panic").insert(address.ip(), used_up);
        assert_eq!(status(address, 5).await, "429");
    }
}
