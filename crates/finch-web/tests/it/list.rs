//! The list of connections: what comes first, and what the page's title says of it.

use std::time::Duration;

use finch_core::ConnectionStatus;

use crate::{
    browser::{Browser, Seen},
    site::{BASE, Site, needs_reauth},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Its provider asks for another sign-in, and a call of the host's has come upon that.
async fn needs_a_sign_in(site: &Site, company: &str) {
    let alive = site.finch.alive();
    let (token, id, ..) = alive.iter().find(|(.., of)| of.as_str() == company).unwrap();
    site.finch.set_status(id, ConnectionStatus::Reauth);
    site.finch.fail_next(needs_reauth());
    let scope = finch_app::CustomerScope::new("acme".parse().unwrap());
    site.app.report_unauthorized(&scope, token).await.unwrap();
}

/// Ends a company's connection, as its customer.
async fn end(site: &Site, browser: &Browser, company: &str) -> Seen {
    let (_, id, ..) =
        site.finch.alive().into_iter().find(|(.., of)| of.as_str() == company).unwrap();
    let path = format!("{BASE}/connections/{id}/disconnect");
    let preview = browser.get(&path).await;
    browser.press(&path, &preview).await
}

/// The page's companies, in the order in which they stand there.
fn order(page: &Seen) -> Vec<String> {
    let names = page.body.split("<span class=\"id\">").skip(1);
    names.map(|name| name.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_needs_somebody_comes_first_and_then_the_newest() {
    let (site, browser) = Site::visited().await;
    for company in ["A", "B", "C", "D", "E"] {
        site.connect(&browser, company, "X").await;
    }
    assert_eq!(order(&browser.get(BASE).await), ["E", "D", "C", "B", "A"]);
    needs_a_sign_in(&site, "A").await;
    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed"]);
    page.hides(&["connections need"]);
    assert_eq!(order(&page), ["A", "E", "D", "C", "B"]);
    needs_a_sign_in(&site, "D").await;
    site.finch_is_away();
    end(&site, &browser, "B").await.shows(200, &["Access is switched off"]);
    let page = browser.get(BASE).await;
    page.shows(200, &["2 connections need a new sign-in"]);
    assert_eq!(order(&page), ["D", "A", "B", "E", "C"]);
}

#[tokio::test]
async fn what_has_ended_stands_by_its_end() {
    let site = Site::new().await;
    let (browser, other) = (site.browser("acme"), site.browser("other"));
    for company in ["A", "B", "C"] {
        site.connect(&browser, company, "X").await;
    }
    site.connect(&other, "C", "Y").await;
    for company in ["B", "C", "A"] {
        site.system.pass(DAY);
        end(&site, &browser, company).await.shows(200, &[]);
    }
    // Also access that ended while others keep theirs.
    let page = browser.get(BASE).await;
    page.shows(200, &["Nothing is connected"]);
    assert_eq!(order(&page), ["A", "C", "B"]);
    assert_eq!(page.body.matches("Disconnected on").count(), 3);
}

/// The last to end are shown, however old their connections are.
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
    let page = browser.get(BASE).await;
    page.shows(200, &["Only the last to end are shown"]);
    let shown = order(&page);
    assert_eq!((shown.len(), shown[0].as_str(), shown[49].as_str()), (50, "K0", "K49"));
}

/// An old address, or a connection that has ended meanwhile.
#[tokio::test]
async fn nobody_is_told_that_something_is_connected_where_nothing_is() {
    let (site, browser) = Site::visited().await;
    for done in ["connected", "checking"] {
        let page = browser.get(&format!("{BASE}?done={done}")).await;
        page.shows(200, &["<title>Payroll connections · ", "Nothing is connected"]);
        page.hides(&["class=\"notice"]);
    }
    site.connect(&browser, "A", "X").await;
    let id = site.finch.alive()[0].1.clone();
    for done in ["connected", "checking"] {
        let address = format!("{BASE}?done={done}&connection={id}");
        let page = browser.get(&address).await;
        let said = "Gusto for company A is now connected.";
        page.shows(200, &["<title>Connected · Payroll connections · ", said]);
        for other in [format!("{BASE}?done={done}"), format!("{BASE}?done={done}&connection=x")] {
            browser.get(&other).await.hides(&["class=\"notice"]);
        }
        // Another customer learns nothing by its id.
        site.browser("other").get(&address).await.hides(&["class=\"notice"]);
    }
    needs_a_sign_in(&site, "A").await;
    let page = browser.get(&format!("{BASE}?done=connected&connection={id}")).await;
    page.hides(&["is now connected"]);
}

/// Headings tell connections of one provider apart.
#[tokio::test]
async fn each_connection_is_named_by_its_heading() {
    let (site, browser) = Site::visited().await;
    site.connect(&browser, "A", "X").await;
    site.connect(&browser, "B", "X").await;
    let page = browser.get(BASE).await;
    let headings: Vec<_> = page.body.split("<h2 id=\"c").skip(1).collect();
    let headings = headings.iter().map(|rest| rest.split("</h2>").next().unwrap());
    let [one, two] = headings.collect::<Vec<_>>()[..] else { panic!("{}", page.body) };
    assert!(one.contains("Gusto") && one.contains(">B<"), "{one}");
    assert!(two.contains("Gusto") && two.contains(">A<"), "{two}");
}
