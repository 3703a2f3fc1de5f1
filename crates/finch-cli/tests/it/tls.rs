//! Finch over https: with a certificate that is trusted all goes its way, with any other nothing goes out.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use finch_emulator::{Fault, Login};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use crate::{
    authority::{Authority, LONG, OVER},
    support::{CONNECT, Place, block_on},
};

const HERE: &str = "127.0.0.1";

/// A server that opens TLS in front of a local Finch.
struct Front {
    port: u16,
    shown: Mutex<Arc<ServerConfig>>,
    greeted: AtomicUsize,
}

impl Front {
    fn start(config: ServerConfig, finch: SocketAddr) -> Arc<Self> {
        let (started, start) = mpsc::channel();
        thread::spawn(move || {
            block_on(async move {
                let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
                let port = listener.local_addr().expect("an address").port();
                let (shown, greeted) = (Mutex::new(Arc::new(config)), AtomicUsize::new(0));
                let front = Arc::new(Self { port, shown, greeted });
                started.send(Arc::clone(&front)).expect("a receiver");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&front).serve(stream, finch));
                }
            });
        });
        start.recv().expect("it starts")
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, finch: SocketAddr) {
        self.greeted.fetch_add(1, Ordering::SeqCst);
        let shown = Arc::clone(&self.shown.lock().expect("no test has panicked"));
        // A client that does not trust the certificate goes away before it has sent anything.
        let Ok(mut tls) = TlsAcceptor::from(shown).accept(stream).await else { return };
        let mut finch = TcpStream::connect(finch).await.expect("a local Finch");
        let _ = copy_bidirectional(&mut tls, &mut finch).await;
    }

    fn shows(&self, config: ServerConfig) {
        *self.shown.lock().expect("no test has panicked") = Arc::new(config);
    }

    fn greeted(&self) -> usize {
        self.greeted.load(Ordering::SeqCst)
    }
}

/// A place whose Finch is behind TLS, with an authority that it trusts.
fn behind_tls() -> (Place, Authority, Arc<Front>) {
    let mut place = Place::new();
    let authority = Authority::new("an authority");
    let finch = place.finch.url().strip_prefix("http://").expect("http").parse();
    let front = Front::start(authority.server(HERE, LONG), finch.expect("an address"));
    authority.write(&place.path("ca.pem"));
    Authority::new("another authority").write(&place.path("other.pem"));
    trusts(&mut place, "ca.pem");
    place.set("FINCH_BASE_URL", Some(&format!("https://127.0.0.1:{}", front.port)));
    (place, authority, front)
}

fn trusts(place: &mut Place, file: &str) {
    let path = place.path(file);
    place.set("SSL_CERT_FILE", Some(path.to_str().expect("a path")));
}

/// With a certificate that is not trusted, an exchange says why, it and an open disconnect send not a byte, and
/// both continue when the certificate is well again.
#[test]
fn nothing_is_sent_to_a_server_whose_certificate_is_not_trusted() {
    let (mut place, authority, front) = behind_tls();
    let id = place.connected("acme");
    let token = place.token(&id, "acme");
    place.finch.push_fault(Fault::on("/disconnect").status(402));
    finch!(place, "disconnect {id} --yes").code(4);
    let (state, finch_customer) = place.connect("beta");
    let login = Login::new("User B", "Gusto", "Company D", "Credentials Y");
    let code = place.code_of(login, &finch_customer);
    let exchange = ["exchange", "--state", &state];
    let calls = place.finch.state().calls;
    for (trusted, until, subject, why) in [
        ("other.pem", LONG, HERE, "no authority that this machine trusts has issued it"),
        ("ca.pem", OVER, HERE, "it has expired"),
        ("ca.pem", LONG, "api.tryfinch.com", "it is of another host"),
    ] {
        let greeted = front.greeted();
        trusts(&mut place, trusted);
        front.shows(authority.server(subject, until));
        let ran = place.run_with(&exchange, &code).code(6).says(why).says("is not used up");
        ran.says("the certificate of Finch's host is not trusted").says("nothing was sent");
        place.cli("reconcile").code(4);
        assert!(front.greeted() >= greeted + 2, "they did not come here");
        assert_eq!(place.finch.state().calls, calls, "something went out");
    }
    trusts(&mut place, "ca.pem");
    front.shows(authority.server(HERE, LONG));
    place.run_with(&exchange, &code).code(0);
    place.cli("reconcile").code(0).shows("disconnected 1");
    assert!(!place.finch.is_alive(&token));
}

#[test]
fn a_file_of_authorities_without_one_is_named() {
    let (mut place, _, front) = behind_tls();
    place.write("empty.pem", "");
    trusts(&mut place, "empty.pem");
    place.cli(CONNECT).code(2).says("the HTTP client cannot be made").says("SSL_CERT_FILE");
    assert_eq!(front.greeted(), 0);
}
