//! The list of connections: its order, its headings, and what the page's title says of it.

use std::time::Duration;

use finch_core::ConnectionStatus;
use finch_testkit::store_token;

use crate::{
    browser::{Browser, Seen},
    changes,
    site::{BASE, Site},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Ends a company's connection, as its customer.
async fn end(site: &Site, browser: &Browser, company: &str) -> Seen {
    let alive = site.finch.alive();
    let (_, id, ..) = alive.iter().find(|(.., of)| of.as_str() == company).unwrap();
    let path = format!("{BASE}/connections/{id}/disconnect");
    let preview = browser.get(&path).await;
    browser.press(&path, &preview).await
}

/// The page's companies, in their order.
fn order(page: &Seen) -> Vec<String> {
    let names = page.body.split("<span class=\"id\">").skip(1);
    names.map(|name| name.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_needs_an_action_comes_first_and_then_the_newest() {
    let (site, browser) = Site::visited().await;
    for company in ["A", "B", "C", "D", "E"] {
        site.connect(&browser, company, "X").await;
    }
    let page = browser.get(BASE).await;
    assert_eq!(order(&page), ["E", "D", "C", "B", "A"]);
    // Headings tell connections of one provider apart.
    let headings = page.body.split("<h2 id=\"c").skip(1).map(|h| h.split("</h2>").next().unwrap());
    for (heading, company) in headings.zip(["E", "D", "C", "B", "A"]) {
        let company = format!(">{company}<");
        assert!(heading.contains("Gusto") && heading.contains(&company), "{heading}");
    }
    site.needs_a_sign_in("A").await;
    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed"]);
    page.hides(&["connections need"]);
    assert_eq!(order(&page), ["A", "E", "D", "C", "B"]);
    site.needs_a_sign_in("D").await;
    site.finch_is_away();
    end(&site, &browser, "B").await.shows(200, &["Access is switched off"]);
    let page = browser.get(BASE).await;
    page.shows(200, &["2 connections need a new sign-in"]);
    assert_eq!(order(&page), ["D", "A", "B", "E", "C"]);
}

/// Also access that ended while others keep theirs.
#[tokio::test]
async fn what_has_ended_stands_by_its_end() {
    let (site, browser) = Site::visited().await;
    for company in ["A", "B", "C"] {
        site.connect(&browser, company, "X").await;
    }
    site.connect(&site.browser("other"), "C", "Y").await;
    for company in ["B", "C", "A"] {
        site.system.pass(DAY);
        end(&site, &browser, company).await.shows(200, &[]);
    }
    let page = browser.get(BASE).await;
    page.shows(200, &["Nothing is connected"]);
    assert_eq!(order(&page), ["A", "C", "B"]);
    assert_eq!(page.body.matches("Disconnected on").count(), 3);
}

/// All that are current are shown, and of the others the last to end, however old their connections are.
#[tokio::test]
async fn what_is_left_out_has_ended_before() {
    let (site, browser) = Site::visited().await;
    for number in 0..52 {
        site.connect(&browser, &format!("K{number}"), "X").await;
    }
    for number in (0..52).rev() {
        site.system.pass(DAY);
        end(&site, &browser, &format!("K{number}")).await;
    }
    for n in 0..150 {
        let facts = finch_testkit::facts(&format!("c{n}"), "gusto", &format!("Company {n}"));
        let grant = finch_testkit::grant(&format!("t{n}"), facts);
        store_token(&*site.store, "acme", grant).await;
    }
    let page = browser.get(BASE).await;
    page.shows(200, &["Only the last to end are shown"]);
    assert_eq!(page.body.matches("<article").count(), 150);
    let ended = order(&page).split_off(150);
    assert_eq!((ended.len(), ended[0].as_str(), ended[49].as_str()), (50, "K0", "K49"));
}

/// By an old address, after a connection has ended, or with another customer's name of one.
#[tokio::test]
async fn an_address_that_says_connected_does_not_make_it_so() {
    let (site, browser) = Site::visited().await;
    let page = browser.get(&format!("{BASE}?done=connected")).await;
    page.shows(200, &["<title>Payroll connections · ", "Nothing is connected"]);
    page.hides(&["class=\"notice"]);
    site.connect(&browser, "A", "X").await;
    let id = site.finch.alive()[0].1.clone();
    for done in ["connected", "checking"] {
        let address = format!("{BASE}?done={done}&connection={id}");
        let says = "Gusto for company A is now connected.";
        let title = "<title>Connected · Payroll connections · ";
        browser.get(&address).await.shows(200, &[title, says]);
        for other in [format!("{BASE}?done={done}"), format!("{BASE}?done={done}&connection=x")] {
            browser.get(&other).await.hides(&["class=\"notice"]);
        }
        site.browser("other").get(&address).await.hides(&["class=\"notice"]);
    }
    site.needs_a_sign_in("A").await;
    let page = browser.get(&format!("{BASE}?done=connected&connection={id}")).await;
    page.hides(&["is now connected"]);
}

/// The tokens work, but Finch reports a problem.
#[tokio::test]
async fn what_finch_reports_of_a_connection_that_works_is_shown() {
    let (site, browser) = Site::connected().await;
    let id = site.finch.alive()[0].1.clone();
    let sign_in = "Sign in again";
    for (status, shows, hides) in [
        ("error_permissions", ["Needs attention", "lacks permissions", sign_in], [].as_slice()),
        ("error_no_account_setup", ["Needs attention", "not set up yet", sign_in], &[]),
        ("error_of_tomorrow", ["Needs attention", "reports a problem", sign_in], &[]),
        ("connected", ["Connected", "since", ""], &["Needs attention", sign_in]),
    ] {
        site.finch.set_status(&id, ConnectionStatus::from(status.to_owned()));
        changes::hint(&site, &id, &format!("msg_{status}"), status).await;
        changes::pass(&site).await;
        let page = browser.get(BASE).await;
        page.shows(200, &shows);
        page.hides(hides);
    }
}
