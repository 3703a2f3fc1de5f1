//! A site of another owner.

use axum::{Router, response::Html, routing::get};
use tokio::net::TcpListener;

/// Serves this until the test ends: its port on the loopback interface.
pub(crate) async fn serve(site: Router) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, site).await });
    port
}

/// A page whose button sends a form to `action`.
pub(crate) fn trap(action: &str, fields: &[(&str, &str)]) -> Router {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"))
        .collect();
    let page = format!(
        "<!doctype html><title>Prizes</title>\
         <form method=\"post\" action=\"{action}\">{fields}<button>Win a prize</button></form>"
    );
    Router::new().route("/", get(async || Html(page)))
}
