//! Changes that no page of ours asked for.

use axum::{Router, response::Html, routing::get};
use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;
use tokio::net::TcpListener;

use crate::steps::{calls, connect, living, pages_are_fine, says, sign_in, sign_out};

const REFUSED: [&str; 2] = ["Please try that again", "nothing was changed"];

/// A site of another owner, whose one button sends this form: its port on the loopback interface.
async fn trap(action: &str, csrf_token: &str, plan: &str) -> u16 {
    let page = format!(
        "<!doctype html><title>Prizes</title><form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"csrf_token\" value=\"{csrf_token}\">\
         <input type=\"hidden\" name=\"plan\" value=\"{plan}\"><button>Win a prize</button></form>"
    );
    let site = Router::new().route("/", get(async || Html(page)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, site).await });
    port
}

#[tokio::test]
async fn only_our_own_pages_change_something() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let acme = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&acme, &host, "Acme Bakery").await;
    connect(&acme, "Connect a system", "Acme Bakery LLC", "Ada").await;
    acme.press("Disconnect").await;
    acme.sees("This can’t be undone").await;
    let preview = acme.url().await;
    let (csrf_token, plan) = (acme.value("csrf_token").await, acme.value("plan").await);

    // From a page of another site that knows everything: browsers send no cookie along, and say where it
    // comes from. From another page of this very host they send it, and say so, too.
    let port = trap(&preview, &csrf_token, &plan).await;
    acme.goto(&format!("http://localhost:{port}/")).await;
    acme.press("Win a prize").await;
    says(&acme, 403, &REFUSED).await;
    acme.goto(&format!("http://127.0.0.1:{port}/")).await;
    acme.press("Win a prize").await;
    says(&acme, 403, &REFUSED).await;
    pages_are_fine(&acme, "problem-forged").await;

    // A page that was open when its person signed out, in another tab.
    acme.goto(&preview).await;
    let before = acme.here().await;
    let after = acme.another().await;
    acme.switch_to(&after).await;
    acme.goto(host.url()).await;
    sign_out(&acme).await;
    acme.switch_to(&before).await;
    acme.press("Disconnect").await;
    says(&acme, 401, &["You are signed out", "nothing was changed"]).await;
    pages_are_fine(&acme, "problem-signed-out").await;
    assert_eq!((living(&host), calls(&host, "POST /disconnect")), (1, 0));
    acme.close().await;
}
