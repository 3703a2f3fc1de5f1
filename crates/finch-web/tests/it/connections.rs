//! What the connections page shows: whose connections, and by which names.

use finch_testkit::{Reach, store_token};

use crate::site::{BASE, Site, is_guarded, options};

#[tokio::test]
async fn sign_ins_of_one_company_are_one_connection_and_another_company_is_another() {
    let (site, browser) = Site::connected().await;
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
    let (site, browser) = Site::connected().await;
    site.name_company("Company C", "\u{202e}live");
    let page = browser.get(BASE).await;
    assert!(page.body.contains("<bdi>\u{202e}live</bdi>"), "{}", page.body);
    let (path, preview) = site.preview(&browser).await;
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
    let site = Site::of(nasty, Reach::Pair).await;
    let browser = site.browser("acme");
    site.connect(&browser, NASTY, "X").await;
    let mut facts = finch_testkit::facts("connection-<img src=x>", "b<i>ob", "Company D");
    facts.products = vec!["<u>notes</u>".into()];
    store_token(&*site.store, "acme", finch_testkit::grant("a-token", facts)).await;
    let own = browser.get(BASE).await;
    let mut pages = vec![own.clone()];
    for id in [NASTY, "Company D"] {
        site.name_company(id, NASTY);
    }
    pages.push(browser.get(BASE).await);
    let id = site.finch.alive()[0].1.clone();
    for path in ["connection-%3Cimg%20src=x%3E", id.as_str()] {
        pages.push(browser.get(&format!("{BASE}/connections/{path}/disconnect")).await);
    }
    let plan = pages.last().unwrap();
    let form = format!("{BASE}/connections/{id}/disconnect");
    pages.push(browser.press(&form, plan).await);
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
async fn a_name_of_a_connection_may_hold_any_character() {
    let (site, browser) = Site::visited().await;
    let facts = finch_testkit::facts("a/b?c#d%2F é", "gusto", "Company C");
    store_token(&*site.store, "acme", finch_testkit::grant("a-token", facts)).await;
    site.preview(&browser).await.1.shows(200, &["Disconnect Gusto?"]);
}

#[tokio::test]
async fn an_employer_goes_by_the_name_that_the_host_knows() {
    let (site, browser) = Site::visited().await;
    site.connect(&browser, "company-uuid", "X").await;
    browser.get(BASE).await.shows(200, &["Company <span class=\"id\">company-uuid</span>"]);
    site.name_company("company-uuid", "Acme Bakery");
    let page = browser.get(BASE).await;
    page.shows(200, &["Acme Bakery", "Gusto for Acme Bakery"]);
    page.hides(&["company-uuid"]);
}
