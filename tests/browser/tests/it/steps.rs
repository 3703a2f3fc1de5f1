//! What people do at the application's pages, and at Finch's.

use finch_browser::Browser;
use finch_example_host::Host;
use reqwest::redirect::Policy;

/// Signs in at the application.
pub(crate) async fn sign_in(browser: &Browser, host: &Host, customer: &str) {
    browser.goto(host.url()).await;
    browser.press(customer).await;
    browser.press("Manage connections").await;
    browser.sees("The payroll and HR systems that").await;
}

/// Signs out, from the application's own page.
pub(crate) async fn sign_out(browser: &Browser) {
    browser.press("Sign out").await;
    browser.sees("Choose a customer").await;
}

/// Goes through Finch Connect, from the button on.
pub(crate) async fn connect(browser: &Browser, button: &str, company: &str, user: &str) {
    browser.press(button).await;
    sign_in_at_gusto(browser, company, user).await;
    browser.sees("is now connected").await;
}

/// Goes through Finch Connect, once it is open.
pub(crate) async fn sign_in_at_gusto(browser: &Browser, company: &str, user: &str) {
    browser.press("Gusto").await;
    browser.fill("Company", company).await;
    browser.fill("User", user).await;
    browser.fill("Credentials", user).await;
    browser.press("Continue").await;
    browser.press("Connect").await;
}

/// Ends the one connection that is shown, and with it all that lives at Finch.
pub(crate) async fn disconnect_all(browser: &Browser, host: &Host) {
    browser.press("Disconnect").await;
    browser.press("Disconnect").await;
    browser.sees("is disconnected").await;
    assert_eq!(living(host), 0);
}

/// Goes to Finch Connect by a button, and is done there, but for the way back: its address.
pub(crate) async fn callback_url(
    browser: &Browser,
    host: &Host,
    button: &str,
    user: &str,
) -> String {
    browser.press(button).await;
    browser.sees("Which system does your company use?").await;
    let (session, state) = (browser.value("session").await, browser.value("state").await);
    let fields = [
        ("session", session.as_str()),
        ("state", &state),
        ("provider", "gusto"),
        ("company", "Acme Bakery LLC"),
        ("user", user),
        ("credentials", user),
        ("action", "connect"),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
    let request =
        client.build().expect("a client").post(format!("{}/authorize", host.emulator().url()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let done = request.send().await.expect("an answer");
    assert_eq!(done.status(), 303);
    done.headers()["location"].to_str().expect("an address").to_owned()
}

/// Makes sure that the page is accessible, and keeps a picture of it.
pub(crate) async fn pages_are_fine(browser: &Browser, name: &str) {
    browser.is_accessible().await;
    assert!(browser.fits_the_screen().await, "{name} does not fit the screen");
    browser.picture(name).await;
}

/// The page says this, and its status says the same to a machine.
pub(crate) async fn says(browser: &Browser, status: u64, texts: &[&str]) {
    for text in texts {
        browser.sees(text).await;
    }
    assert_eq!(browser.status().await, status, "{}", browser.text().await);
}

/// How often Finch was called for this: `POST /auth/token` and so on.
pub(crate) fn calls(host: &Host, endpoint: &str) -> u64 {
    host.emulator().state().calls[endpoint]
}

/// How many tokens of Finch's live.
pub(crate) fn living(host: &Host) -> usize {
    host.emulator().issued_tokens().iter().filter(|token| token.is_alive()).count()
}
