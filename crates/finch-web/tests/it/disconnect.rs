//! Disconnect: the plan, the person's agreement, and the outcome.

use axum::http::header;
use finch_app::{OperatorScope, Pass};

use crate::{
    browser::Seen,
    site::{BASE, Site, is_guarded},
};

#[tokio::test]
async fn what_will_happen_is_shown_before_it_happens() {
    let (site, browser) = Site::connected().await;
    let one = site.preview(&browser).await.1;
    one.shows(200, &["All access to this company at Gusto ends.</li>"]);
    one.hides(&["1 sign-in", "colleagues"]);
    site.connect(&browser, "Company C", "Y").await;
    site.finch.take_calls();
    let (path, preview) = site.preview(&browser).await;
    let texts = [
        "<title>Disconnect Gusto for company Company C? · Payday",
        "Disconnect Gusto?",
        "ends: 2 sign-ins, including any that colleagues have made",
        "company details and employee directory from Gusto at once",
        "customer uses this connection",
        "doesn’t delete what Payday",
        "can’t be undone",
    ];
    preview.shows(200, &texts);
    is_guarded(&preview);
    assert!(site.finch.take_calls().is_empty(), "a look changes nothing");
    assert_eq!(site.finch.alive().len(), 2);

    let done = browser.press(&path, &preview).await;
    done.shows(200, &["is disconnected", "Finch has confirmed it"]);
    assert!(site.finch.alive().is_empty());
    let changes = ["acme Connected", "acme Disconnecting", "acme Disconnected"];
    assert_eq!(site.take_changes(), changes);
    browser.get(BASE).await.shows(200, &["Nothing is connected", "Ended", "Disconnected on"]);
    // The same address again, the back button, and the button once more.
    browser.get(&format!("{path}?done=yes")).await.shows(200, &["Finch has confirmed it"]);
    browser.get(&path).await.shows(200, &["Already disconnected", "There is nothing to do"]);
    browser.press(&path, &preview).await.shows(200, &["Already disconnected"]);
    assert!(site.take_changes().is_empty());
}

#[tokio::test]
async fn an_address_that_says_done_does_not_make_it_so() {
    let (site, browser) = Site::connected().await;
    let done = format!("{}?done=yes", site.disconnect_page(&browser).await);
    browser.get(&done).await.shows(200, &["What will happen"]);
    let operator = OperatorScope::acting_as("tests".parse().unwrap());
    let (_, id, ..) = site.finch.alive().remove(0);
    site.finch_is_away();
    site.app.disconnect(&operator, id.clone()).await.unwrap();
    site.app.close_disconnect(&operator, &id, "Finch's support has ended it").await.unwrap();
    let closed = browser.get(&done).await;
    closed.shows(200, &["Already disconnected"]);
    closed.hides(&["Finch has confirmed it"]);
}

#[tokio::test]
async fn a_plan_that_has_changed_is_shown_again() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    site.connect(&browser, "Company C", "Y").await;
    let again = browser.press(&path, &preview).await;
    again.shows(409, &["<title>Changed: Disconnect", "has changed since you looked", "2 sign-ins"]);
    assert_eq!(site.finch.alive().len(), 2, "nothing was done");
    browser.press(&path, &again).await.shows(200, &["is disconnected"]);
}

#[tokio::test]
async fn an_end_that_finch_does_not_confirm_is_pending_until_it_does() {
    for settles_by in ["a reconciler", "the person"] {
        let (site, browser) = Site::connected().await;
        let (path, preview) = site.preview(&browser).await;
        site.finch_is_away();
        let pending = browser.press(&path, &preview).await;
        pending.shows(200, &["Access is switched off", "has not confirmed the end yet"]);
        let page = browser.get(BASE).await;
        page.shows(200, &["Disconnecting", "does not use this connection any more"]);
        page.hides(&["Disconnect…", "What is shared"]);
        let joins = browser.get(&path).await;
        let title = "<title>Gusto for company Company C is being disconnected · ";
        joins.shows(200, &[title, "is being disconnected", "Ask Finch now", "keep checking"]);
        joins.hides(&["Our team"]);
        site.take_changes();
        browser.press(&path, &joins).await.shows(200, &["has not confirmed the end yet"]);
        assert!(site.take_changes().is_empty(), "that it goes on is no change");

        site.finch.recover();
        if settles_by == "the person" {
            browser.press(&path, &joins).await.shows(200, &["is disconnected"]);
        } else {
            let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
            site.app.reconcile(&operator, Pass::Everything).await.unwrap();
        }
        assert_eq!(site.take_changes(), ["acme Disconnected"]);
        browser.get(BASE).await.shows(200, &["Nothing is connected", "Disconnected on"]);
        assert!(site.finch.alive().is_empty());
    }
}

/// Finch says that it is done, and goes on taking the token: a person has to look at that.
#[tokio::test]
async fn where_an_operator_has_to_look_every_page_says_so() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    (0..100).for_each(|_| site.finch.lie_next());
    let look = "Our team needs to look at it";
    browser.press(&path, &preview).await.shows(200, &["Access is switched off", look]);
    browser.get(BASE).await.shows(200, &["Disconnecting", look]);
    browser.get(&path).await.shows(200, &["is being disconnected", look]);
}

#[tokio::test]
async fn others_keep_their_access_and_are_not_named() {
    let (site, acme) = Site::connected().await;
    let other = site.browser("other");
    site.connect(&other, "Company C", "Y").await;
    let before = other.get(BASE).await;
    let (path, preview) = site.preview(&acme).await;
    let others = "Others who use the same connection keep theirs";
    preview.shows(200, &["from Gusto for you at once", others, "End my access", "1 sign-in"]);
    preview.hides(&["other &", "All access"]);
    site.finch.take_calls();
    acme.press(&path, &preview).await.shows(200, &["Your access has ended", "keep their access"]);
    assert!(site.finch.take_calls().is_empty(), "Finch was not asked");
    assert_eq!(other.get(BASE).await.body, before.body);
    acme.get(BASE).await.shows(200, &["Nothing is connected", "Ended"]);
}

#[tokio::test]
async fn another_customers_connection_is_not_there_byte_for_byte() {
    let (site, acme) = Site::connected().await;
    let other = site.browser("other");
    let (foreign, preview) = site.preview(&acme).await;
    let nowhere = format!("{BASE}/connections/no-such-connection/disconnect");
    let no_id = format!("{BASE}/connections/%0a/disconnect");
    let csrf_token = other.csrf_token().await;
    let plan = preview.field("plan").unwrap();
    site.finch.take_calls();
    let same = |a: &Seen, b: &Seen| {
        assert_eq!((a.status.as_u16(), &a.body), (404, &b.body));
        assert_eq!(format!("{:?}", a.headers), format!("{:?}", b.headers));
    };
    let page = other.get(&foreign).await;
    for path in [&nowhere, &no_id, &format!("{BASE}/nothing/here")] {
        same(&page, &other.get(path).await);
    }
    let fields = [("csrf_token", csrf_token.as_str()), ("plan", plan.as_str())];
    let renew = |path: &str| path.replace("/disconnect", "/reauthenticate");
    for path in [&foreign, &nowhere, &no_id, &renew(&foreign), &renew(&nowhere)] {
        same(&page, &other.post(path, &fields).await);
    }
    assert!(site.finch.take_calls().is_empty());
    assert_eq!(site.finch.alive().len(), 1);
    assert_eq!(page.header(header::SET_COOKIE), None);
}
