//! Changes that no page of ours asked for.

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;

use crate::{
    foreign::{serve, trap},
    http,
    steps::{calls, connect, living, pages_are_fine, says, sign_in, sign_out},
};

const REFUSED: [&str; 2] = ["Please try that again", "nothing was changed"];

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
    let cookies = acme.cookies().await;

    // By hand: without the token, with one made up, with Bolt's, and from where a browser would not lie.
    let bolt = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&bolt, &host, "Bolt Logistics").await;
    let bolts = bolt.value("csrf_token").await;
    let made_up = csrf_token.chars().rev().collect::<String>();
    let begin = format!("{}/connect", host.pages());
    let renew = preview.replace("/disconnect", "/reauthenticate");
    for path in [&preview, &begin, &renew] {
        for csrf_token in ["", &made_up, &bolts] {
            let fields = [("csrf_token", csrf_token), ("plan", &plan)];
            let answer = http::post(path, &[("cookie", &cookies)], &fields).await;
            assert_eq!(answer.status, 403, "{}", answer.body);
            assert!(answer.body.contains("reload the page"), "{}", answer.body);
        }
        let fields = [("csrf_token", csrf_token.as_str()), ("plan", &plan)];
        for site in ["cross-site", "same-site"] {
            let headers = [("cookie", cookies.as_str()), ("sec-fetch-site", site)];
            assert_eq!(http::post(path, &headers, &fields).await.status, 403);
        }
        let signed_out = http::post(path, &[], &fields).await;
        assert_eq!((signed_out.status, signed_out.location.as_str()), (401, ""));
    }
    // Bolt's own form, for Acme's connection: it is not there.
    let fields = [("csrf_token", bolts.as_str()), ("plan", &plan)];
    let theirs = http::post(&preview, &[("cookie", &bolt.cookies().await)], &fields).await;
    assert_eq!(theirs.status, 404, "{}", theirs.body);
    bolt.close().await;

    // From a page of another site that knows everything: browsers send no cookie along, and say where it
    // comes from. From another page of this very host they send it, and say so, too.
    let port = serve(trap(&preview, &[("csrf_token", &csrf_token), ("plan", &plan)])).await;
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
    acme.press("Sign in").await;
    acme.sees("Choose a customer").await;
    // What the browser had is worth nothing any more.
    let stale = http::get(&preview, &[("cookie", &cookies)]).await;
    assert_eq!((stale.status, stale.location.as_str()), (303, "/"));

    // A page that was open when another customer signed in, in the same browser.
    sign_in(&acme, &host, "Acme Bakery").await;
    acme.goto(&preview).await;
    acme.switch_to(&after).await;
    acme.goto(host.url()).await;
    sign_out(&acme).await;
    sign_in(&acme, &host, "Bolt Logistics").await;
    assert_eq!(http::get(host.url(), &[]).await.headers["cache-control"], "no-store");
    acme.switch_to(&before).await;
    acme.press("Disconnect").await;
    says(&acme, 403, &REFUSED).await;

    assert_eq!((living(&host), calls(&host, "POST /disconnect")), (1, 0));
    assert_eq!(calls(&host, "POST /connect/sessions"), 1);
    assert_eq!(calls(&host, "POST /connect/sessions/reauthenticate"), 0);
    acme.goto(host.url()).await;
    sign_out(&acme).await;
    sign_in(&acme, &host, "Acme Bakery").await;
    acme.sees("Connected since").await;
    acme.close().await;
}
