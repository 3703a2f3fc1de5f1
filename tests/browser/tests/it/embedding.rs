//! An application with a page of its own that opens Finch Connect within it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    response::{Html, Redirect},
    routing::get,
};
use finch_app::{ClientSecret, Finch, HttpFinchConfig, Kek, Product};
use finch_emulator::Emulator;
use finch_web::{ConnectFlow, Customer, Options};
use tempfile::TempDir;
use tokio::net::TcpListener;

const PAGES: &str = "/settings/payroll";
const OWN_PAGE: &str = "/connect-payroll";
const SIGN_IN: &str = "/sign-in";

/// Finch's JavaScript comes from Finch. This does what hosts know of it: Connect in a frame, and its end,
/// which the frame says in a message, as a call.
const FINCH_CONNECT: &str = r#"
const FinchConnect = {
  initialize: ({ onSuccess, onError, onClose }) => ({
    open: ({ sessionId, state }) => {
      const asked = new URLSearchParams({ session: sessionId, state, sdk_host_url: location.origin });
      const frame = Object.assign(document.createElement("iframe"), {
        title: "Finch Connect", width: 480, height: 900, src: `${CONNECT}/authorize?${asked}`,
      });
      addEventListener("message", ({ origin, data }) => {
        if (origin !== CONNECT || data.name !== "finch-auth-message-v2") return;
        frame.remove();
        if (data.kind === "success") onSuccess({ code: data.code, state: data.state });
        if (data.kind === "error") onError({ errorMessage: data.error.message, errorType: data.error.type });
        if (data.kind === "closed") onClose();
      });
      document.querySelector("main").append(frame);
    },
  }),
};"#;

/// The script of `docs/embedding.md`, to the letter.
fn script() -> &'static str {
    let docs = include_str!("../../../../docs/embedding.md");
    let (_, chapter) = docs.split_once("### The embedded flow").expect("a chapter");
    let (_, script) = chapter.split_once("```js\n").expect("a script");
    script.split_once("```").expect("its end").0
}

fn own_page(connect: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Connect your payroll</title><script>const CONNECT = \"{connect}\";{FINCH_CONNECT}</script>\
         <main><h1>Connect your payroll</h1></main><script type=\"module\">{}</script></html>",
        script()
    ))
}

/// The application, while it runs.
pub(crate) struct Embedding {
    pub(crate) finch: Arc<Emulator>,
    pub(crate) pages: String,
    pub(crate) own_page: String,
    /// The customer is signed out.
    pub(crate) signed_out: Arc<AtomicBool>,
    _folder: TempDir,
}

impl Embedding {
    pub(crate) async fn start() -> Self {
        let finch = Arc::new(Emulator::start().await.expect("an emulator"));
        let folder = tempfile::tempdir().expect("a folder");
        let secret = ClientSecret::new(finch.client_secret());
        let mut http = HttpFinchConfig::new(finch.client_id().parse().expect("an id"), secret);
        http.base_url = finch.url().into();
        let key = Arc::new(Kek::generate().expect("a key"));
        let path = folder.path().join("finch.db");
        let app = Finch::open(http, path, key).await.expect("a store");

        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let origin = format!("http://{address}");
        let (pages, own_page_at) = (format!("{origin}{PAGES}"), format!("{origin}{OWN_PAGE}"));
        let products = vec![Product::Company, Product::Directory];
        let mut options = Options::new(&pages, "Payday", products).expect("options");
        options.flow = ConnectFlow::Embedded { page: OWN_PAGE.into() };
        let connect = finch.url().to_owned();
        let signed_out = Arc::new(AtomicBool::new(false));
        // The same server by another name is another site to a browser.
        let sign_in = format!("http://localhost:{}{SIGN_IN}", address.port());
        let payday = Payday { signed_out: signed_out.clone(), sign_in };
        let router = finch_web::router::<Acme, _>(app, options);
        let site = Router::new()
            .nest_service(PAGES, router.with_state(payday))
            .route(SIGN_IN, get(async || Html("<!doctype html><title>Sign in</title>Who are you?")))
            .route(OWN_PAGE, get(async move || own_page(&connect)));
        tokio::spawn(async move { axum::serve(listener, site).await });
        Self { finch, pages, own_page: own_page_at, signed_out, _folder: folder }
    }
}

/// The embedding application.
#[derive(Clone)]
struct Payday {
    signed_out: Arc<AtomicBool>,
    /// At another site.
    sign_in: String,
}

/// Acme, unless it is signed out.
struct Acme;

impl FromRequestParts<Payday> for Acme {
    type Rejection = Redirect;

    async fn from_request_parts(_: &mut Parts, payday: &Payday) -> Result<Self, Redirect> {
        match payday.signed_out.load(Ordering::SeqCst) {
            true => Err(Redirect::to(&payday.sign_in)),
            false => Ok(Self),
        }
    }
}

impl From<Acme> for Customer {
    fn from(_: Acme) -> Self {
        Customer::new("acme".parse().expect("an id"), "Acme Bakery")
    }
}
