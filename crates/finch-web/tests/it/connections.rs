//! The connections page.

use finch_core::{ConnectionId, ConnectionStatus};
use finch_testkit::store_token;

use crate::{
    news,
    site::{BASE, Site, is_guarded, options},
};

#[tokio::test]
async fn sign_ins_of_one_company_are_one_connection_and_another_company_is_another() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    site.connect(&browser, "Company C", "Y").await;
    let page = browser.get(BASE).await;
    assert_eq!(page.body.matches("<article").count(), 1);
    page.hides(&["Sign-ins", "<dd>2</dd>"]);
    site.connect(&browser, "Company D", "X").await;
    let page = browser.get(BASE).await;
    assert_eq!(page.body.matches("<article").count(), 2);
    is_guarded(&page);
    for token in site.finch.issued() {
        page.hides(&[token.expose()]);
    }
}

#[tokio::test]
async fn another_customer_sees_nothing_of_it() {
    let site = Site::new().await;
    let (acme, other) = (site.browser("acme"), site.browser("other"));
    let before = other.get(BASE).await;
    site.connect(&acme, "Company C", "X").await;
    let after = other.get(BASE).await;
    after.shows(200, &["Nothing is connected"]);
    assert_eq!(before.body, after.body);
}

/// An employer's name may be written from right to left, and may try to turn our words around.
#[tokio::test]
async fn a_name_stays_by_itself_whichever_way_it_runs() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    *site.host.0.company.lock().unwrap() = Some("\u{202e}live".into());
    let page = browser.get(BASE).await;
    assert!(page.body.contains("<bdi>\u{202e}live</bdi>"), "{}", page.body);
    let path = site.disconnect_page(&browser).await;
    let preview = browser.get(&path).await;
    assert!(preview.body.contains("<bdi>\u{202e}live</bdi>"), "{}", preview.body);
    let done = browser.press(&path, &preview).await;
    assert!(done.body.contains("\u{2068}\u{202e}live\u{2069} is disconnected"), "{}", done.body);
}

#[tokio::test]
async fn html_in_a_name_is_text() {
    const NASTY: &str = "<script>alert(1)</script>\"'&";
    let mut nasty = options();
    nasty.application = NASTY.into();
    nasty.support = Some(format!("{NASTY}@example.com"));
    nasty.home = Some(format!("/{NASTY}"));
    nasty.provider_names.insert("gusto".parse().unwrap(), NASTY.into());
    let site = Site::with(nasty).await;
    let browser = site.browser("acme");
    site.connect(&browser, NASTY, "X").await;
    let mut facts = finch_testkit::facts("connection-<img src=x>", "b<i>ob", "Company D");
    facts.products = vec!["<u>notes</u>".into()];
    store_token(&*site.store, "acme", finch_testkit::grant("a-token", facts)).await;
    let own = browser.get(BASE).await;
    let mut pages = vec![own.clone()];
    *site.host.0.company.lock().unwrap() = Some(NASTY.into());
    pages.push(browser.get(BASE).await);
    let id = site.finch.alive()[0].1.clone();
    for path in ["connection-%3Cimg%20src=x%3E", id.as_str()] {
        pages.push(browser.get(&format!("{BASE}/connections/{path}/disconnect")).await);
    }
    let plan = pages.last().unwrap();
    let (csrf_token, mark) = (plan.field("csrf_token").unwrap(), plan.field("plan").unwrap());
    let form = format!("{BASE}/connections/{id}/disconnect");
    let done = browser.post(&form, &[("csrf_token", &csrf_token), ("plan", &mark)]).await;
    pages.push(browser.get(done.location()).await);
    pages.push(browser.get(&format!("{BASE}?done=%3Cb%3E")).await);
    pages.push(browser.get(&format!("{BASE}/%3Cb%3E")).await);
    let unknown = pages.len() - 1;
    for (at, page) in pages.iter().enumerate() {
        assert_eq!(page.status, if at == unknown { 404 } else { 200 }, "{}", page.body);
        for raw in ["<script>alert", "<img", "<u>", "<i>ob", "<b>Sons", "<b>"] {
            assert!(!page.body.contains(raw), "{raw}:\n{}", page.body);
        }
        is_guarded(page);
    }
    own.shows(200, &["acme &#38; &#60;b&#62;Sons", "&#60;u&#62;notes", "B&#60;i&#62;ob"]);
}

#[tokio::test]
async fn a_name_of_a_connection_may_be_anything_that_finch_says() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    let id = ConnectionId::new("a/b?c#d%2F é").unwrap();
    let facts = finch_testkit::facts(id.as_str(), "gusto", "Company C");
    store_token(&*site.store, "acme", finch_testkit::grant("a-token", facts)).await;
    let path = site.disconnect_page(&browser).await;
    browser.get(&path).await.shows(200, &["Disconnect Gusto?"]);
}

#[tokio::test]
async fn an_employer_goes_by_the_name_that_the_host_knows() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "company-uuid", "X").await;
    browser.get(BASE).await.shows(200, &["Company <span class=\"id\">company-uuid</span>"]);
    *site.host.0.company.lock().unwrap() = Some("Acme Bakery".into());
    let page = browser.get(BASE).await;
    page.shows(200, &["Acme Bakery", "Gusto for Acme Bakery"]);
    page.hides(&["company-uuid"]);
}

#[tokio::test]
async fn the_host_is_asked_about_what_is_shown_and_nothing_else() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    let scope = finch_app::CustomerScope::new("acme".parse().unwrap());
    for n in 0..53 {
        site.connect(&browser, &format!("Company {n}"), "X").await;
        let (_, id, ..) = site.finch.alive().remove(0);
        site.app.disconnect(&scope, id).await.unwrap();
    }
    site.connect(&browser, "Company C", "X").await;
    *site.host.0.asked.lock().unwrap() = 0;
    let page = browser.get(BASE).await;
    page.shows(200, &["Company 52", "Company 3<", "Only the last to end"]);
    page.hides(&["Company 2<"]);
    assert_eq!(*site.host.0.asked.lock().unwrap(), 51);
}

#[tokio::test]
async fn a_customer_with_many_connections_sees_them_all() {
    let site = Site::new().await;
    for n in 0..250 {
        let facts = finch_testkit::facts(&format!("c{n}"), "gusto", &format!("Company {n}"));
        let grant = finch_testkit::grant(&format!("t{n}"), facts);
        store_token(&*site.store, "acme", grant).await;
    }
    let page = site.browser("acme").get(BASE).await;
    assert_eq!(page.body.matches("<article").count(), 250);
    page.hides(&["Only the last to end"]);
}

/// The tokens work; but Finch says that not all is well.
#[tokio::test]
async fn what_finch_reports_of_a_connection_that_works_is_said() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    let id = site.finch.alive()[0].1.clone();
    let word = |status: &str| ConnectionStatus::from(status.to_owned());
    for (number, (status, says)) in [
        ("error_permissions", "lacks permissions"),
        ("error_no_account_setup", "not set up yet"),
        ("error_of_tomorrow", "reports a problem"),
    ]
    .into_iter()
    .enumerate()
    {
        site.finch.set_status(&id, word(status));
        news::hint(&site, &id, &format!("msg_{number}"), word(status)).await;
        news::pass(&site).await;
        let page = browser.get(BASE).await;
        page.shows(200, &["Needs attention", says, "Sign in again"]);
        page.hides(&["connection needs you"]);
    }
    site.finch.set_status(&id, ConnectionStatus::Connected);
    news::hint(&site, &id, "msg_9", ConnectionStatus::Connected).await;
    news::pass(&site).await;
    let page = browser.get(BASE).await;
    page.shows(200, &["Connected since"]);
    page.hides(&["Needs attention", "Sign in again"]);
}
